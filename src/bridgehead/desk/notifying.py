"""Who is told of work that waits for people: the rules of the deployments, what was sent, and what nobody was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridgehead.auth.actor import Actor
from bridgehead.desk.paging import Page, cursor, keys_of, no_place
from bridgehead.storage.notifications import Listed, Untold

if TYPE_CHECKING:
    from bridgehead.app import App

_LENGTH = 50


@dataclass(frozen=True, slots=True)
class RoleTold:
    """How one role is told: its channels in the order in which they are tried, each with its kind and whom it knows.

    Without channels nobody is told: people look at the desk.
    """

    deployment: str
    role: str
    channels: tuple[tuple[str, str, tuple[str, ...]], ...]


def rules(app: App, actor: Actor) -> Sequence[RoleTold]:
    """Returns how each role of the deployments that this process has loaded is told. Needs the right to read.

    No address and no secret is in it.
    """
    actor.need("read")
    found = []
    for name, loaded in sorted(app.loaded.items()):
        spec = loaded.deployment
        for role in spec.roles:
            listed = () if spec.notify is None else spec.notify.roles.get(role, ())
            channels = tuple((one, spec.channels[one].kind, tuple(sorted(spec.channels[one].people))) for one in listed)
            found.append(RoleTold(name, role, channels))
    return found


async def sent(app: App, actor: Actor, *, state: str | None = None, after: str | None = None) -> Page[Listed]:
    """Returns messages, newest first. Raises UserError (``input.cursor``). Needs the right to read."""
    actor.need("read")
    keys = keys_of(after, 1)
    bound = None if keys is None else keys[0]
    if isinstance(bound, str):
        raise no_place(after or "")
    lines = await app.notifications.listing(state=state, after=bound, limit=_LENGTH + 1)
    return Page(lines) if len(lines) <= _LENGTH else Page(lines[:_LENGTH], cursor(lines[_LENGTH - 1].id))


async def untold(app: App, actor: Actor) -> Sequence[Untold]:
    """Returns the open reviews that nobody could be told of, newest first. Needs the right to read."""
    actor.need("read")
    return await app.notifications.untold()


async def again(app: App, actor: Actor, review: int | None = None) -> int:
    """Lets what was given up be tried again, of one review or (None) of all that wait; returns of how many.

    Raises UserError (``review.unknown``). Needs the right to operate.
    """
    actor.need("operate")
    return await app.notifications.retry(review=review)

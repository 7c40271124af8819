"""Users, roles and tokens: what an admin does, each act on the record, none of them upon oneself.

An admin gives roles, and gives themselves none: another admin does. An admin never learns a password, and
makes no token that acts as a person: both go to their owner, by a link that works once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bridgehead.auth.actor import Actor, ConsoleRole
from bridgehead.auth.links import checked_name, invitation
from bridgehead.auth.roles import checked, given, known, of_groups
from bridgehead.auth.sessions import need_session
from bridgehead.auth.tokens import USUAL, MadeToken, make
from bridgehead.errors import Refused, UserError
from bridgehead.storage.api_tokens import ApiTokens, TokenRow
from bridgehead.storage.queries import person_of
from bridgehead.storage.sessions import SessionRow, Sessions
from bridgehead.storage.signing_in import SignInsElsewhere

if TYPE_CHECKING:
    from bridgehead.app import App


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may act here, or may not any more.

    ``name`` is a local user's, or the issuer's subject where ``issuer`` is set; ``shown`` is how pages call
    them. ``signs_in``: by a password here, or at the issuer. ``disabled`` says by whom and why, or is empty.
    """

    name: str
    issuer: str
    shown: str
    groups: tuple[str, ...]
    roles: tuple[ConsoleRole, ...]
    signs_in: bool
    disabled: str


async def people(app: App, actor: Actor) -> Sequence[Person]:
    """Returns local users, then people of the issuer who have signed in here. Needs the right admin."""
    actor.need("admin")
    local = [
        Person(
            one.name, "", one.name, tuple(sorted(one.groups)), tuple(sorted(known(one.roles))), one.signs_in,
            one.disabled,
        )
        for one in await app.users.listing()
    ]  # fmt: skip
    elsewhere = [
        Person(
            subject, issuer, shown or subject, tuple(sorted(groups)), tuple(sorted(of_groups(app.settings, groups))),
            signs_in=True, disabled="barred" if barred else "",
        )
        for issuer, subject, shown, groups, barred in await SignInsElsewhere(app.database).people()
    ]  # fmt: skip
    return [*local, *elsewhere]


async def add(app: App, actor: Actor, name: str, *, groups: Collection[str], roles: Collection[str]) -> str:
    """Adds a user and returns the path of the page where they set their password, once and within three days.

    Raises UserError: ``user.name``, ``user.role``, ``user.taken``. Needs the right admin.
    """
    actor.need("admin")
    asked = checked(roles)
    for one in (name, *groups):
        checked_name(one)
    if name in {one.name for one in await app.users.listing()}:
        raise UserError(f"{name} is another user's name", code="user.taken", hint="Choose another name.")
    await app.users.add(name, groups, None, by=actor.name, roles=asked)
    return await invitation(app, name, by=actor.name)


async def invite(app: App, actor: Actor, name: str) -> str:
    """Returns the path of a page where a user sets a new password, once; the record has who asked for it.

    Raises UserError (``user.unknown``), Refused (``user.disabled``). Needs the right admin.
    """
    actor.need("admin")
    user, _ = await app.users.find(name)
    if user.disabled:
        raise Refused(
            f"{name} may not act here: {user.disabled}", code="user.disabled", hint="Let them act again first."
        )
    return await invitation(app, name, by=actor.name)


async def set_roles(app: App, actor: Actor, name: str, roles: Collection[str]) -> bool:
    """Gives a user exactly these roles, from their next request on; False when they were so already.

    Raises UserError (``user.unknown``, ``user.role``), Refused (``admin.self``, ``admin.last``). Needs the
    right admin.
    """
    actor.need("admin")
    asked = checked(roles)
    _not_oneself(actor, name, "roles")
    return await app.users.set_roles(name, asked, by=actor.name, keep_an_admin=_needs_admin(app))


async def set_groups(app: App, actor: Actor, name: str, groups: Collection[str]) -> None:
    """Puts a user into exactly these groups, from which their queues follow. Raises as ``set_roles``."""
    actor.need("admin")
    for one in groups:
        checked_name(one)
    _not_oneself(actor, name, "groups")
    await app.users.set_groups(name, groups, by=actor.name)


async def disable(app: App, actor: Actor, name: str, reason: str, *, issuer: str = "") -> bool:
    """Lets somebody act no more: their sessions and tokens end at the next request, and come back with nobody.

    False when that was so already. Raises UserError (``user.unknown``, ``input.why``), Refused (``admin.self``,
    ``admin.last``). Needs the right admin.
    """
    actor.need("admin")
    if not reason.strip():
        raise UserError("why is not said", code="input.why", hint="Say it in a few words; it is on the record.")
    _not_oneself(actor, person_of(name, issuer), "own access")
    if issuer:
        return await app.users.bar(issuer, name, by=actor.name, reason=reason.strip())
    return await app.users.disable(name, by=actor.name, reason=reason.strip(), keep_an_admin=_needs_admin(app))


async def enable(app: App, actor: Actor, name: str, *, issuer: str = "") -> None:
    """Lets somebody act again, who signs in anew; their tokens stay ended. Raises UserError (``user.unknown``)."""
    actor.need("admin")
    if issuer:
        await app.users.admit(issuer, name, by=actor.name)
        return
    user, _ = await app.users.find(name)
    await app.users.add(name, user.groups, None, by=actor.name)


async def tokens(app: App, actor: Actor) -> Sequence[TokenRow]:
    """Returns everybody's tokens, the latest first. Needs the right admin."""
    actor.need("admin")
    return await ApiTokens(app.database).listing()


async def make_token(
    app: App, actor: Actor, of: str, label: str, scopes: Collection[str], lasts: timedelta = USUAL
) -> MadeToken:
    """Makes a token for a user who does not sign in, such as another system.

    Raises Refused (``token.person``) for a user with a password, who makes their own; ``user.disabled``;
    UserError as ``auth.tokens.make``. Needs the right admin, and a session.
    """
    actor.need("admin")
    need_session(actor)
    user, _ = await app.users.find(of)
    if user.signs_in or user.name == actor.name:
        raise Refused(
            f"{of} signs in here, and nobody else acts as a person",
            code="token.person",
            hint="They make the token themselves; for another system, add a user that does not sign in.",
        )
    if user.disabled:
        raise Refused(f"{of} may not act here: {user.disabled}", code="user.disabled", hint="Let them act again first.")
    return await make(app, label, scopes, lasts, of=("", of), by=actor.name)


async def revoke_token(app: App, actor: Actor, number: int, reason: str) -> bool:
    """Ends anybody's token, from the next request on; False when that was so. Raises UserError (``token.unknown``)."""
    actor.need("admin")
    return await ApiTokens(app.database).revoke(number, by=actor.name, reason=reason.strip() or "an admin ended it")


async def sessions(app: App, actor: Actor) -> Sequence[SessionRow]:
    """Returns everybody's sessions that are not over, the latest first, at most 500. Needs the right admin."""
    actor.need("admin")
    return await Sessions(app.database).standing()


async def end_session(app: App, actor: Actor, number: int) -> None:
    """Ends anybody's session, from the next request on. Needs the right admin."""
    actor.need("admin")
    await Sessions(app.database).end(number, by=actor.name, record=True)


def _needs_admin(app: App) -> bool:
    """Whether a local admin must be left: not where groups of the issuer give the role."""
    return "admin" not in given(app.settings)


def _not_oneself(actor: Actor, name: str, what: str) -> None:
    if name == actor.name:
        raise Refused(
            f"{name} does not change their {what} themselves",
            code="admin.self",
            hint="Another admin does it, or who has the command line.",
        )

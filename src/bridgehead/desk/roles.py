"""The roles that work is handed to: who is in them, when they are there, and whom they pass work on to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridgehead.auth.actor import Actor
from bridgehead.reviews.calendar import at_work
from bridgehead.reviews.terms import Terms
from bridgehead.storage.queries_overview import OverviewQueries

if TYPE_CHECKING:
    from bridgehead.app import App


@dataclass(frozen=True, slots=True)
class RoleView:
    """One role of a deployment with the local users that are in it; ``mine``: the actor is. ``at_work``: now."""

    terms: Terms
    people: tuple[str, ...]
    mine: bool
    at_work: bool


async def roles(app: App, actor: Actor) -> Sequence[RoleView]:
    """Returns the roles of all deployments by deployment and name. Needs the right to read."""
    actor.need("read")
    now = await OverviewQueries(app.database).now()
    users = [one for one in await app.users.listing() if not one.disabled]
    return [
        RoleView(
            terms,
            tuple(one.name for one in users if Actor(one.name, one.groups, frozenset()).is_one_of(terms.members)),
            actor.is_one_of(terms.members),
            at_work(now, terms.calendar),
        )
        for terms in await app.roles.listing()
    ]

"""Roles handed on for a time: somebody stands in for somebody else, on the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bridgehead.desk.reviewing import decider
from bridgehead.errors import Refused, UserError
from bridgehead.spec.problem import nearest
from bridgehead.storage.reviews_people import Delegation

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor


async def delegate(
    app: App, actor: Actor, deployment: str, role: str, to: str, *, until: datetime, reason: str
) -> Delegation:
    """Hands a role of the actor's to another person until a moment (with its time zone), on the record.

    The other decides what is for the role, under their own name, as long as the actor is in it. A role that was
    handed is not handed on. Raises Refused for who is not in the role, UserError (``role.unknown``,
    ``delegation.self``, ``delegation.until``, ``user.unknown``) for the rest.
    """
    actor.need("review")
    if until.tzinfo is None:
        raise UserError("a moment needs its time zone", code="delegation.until", hint="Write 2026-12-24T18:00+01:00.")
    known = [one.role for one in await app.roles.listing(deployment)]
    if role not in known:
        raise UserError(
            f"{deployment} has no role {role!r}",
            code="role.unknown",
            hint=nearest(role, known) or f"It has: {', '.join(known) or 'none that was registered'}.",
        )
    number = await app.delegations.hand(decider(app, actor, deployment, role), deployment, role, to, until, reason)
    return next(one for one in await app.delegations.listing(person=actor.name) if one.id == number)


async def end_delegation(app: App, actor: Actor, number: int) -> bool:
    """Takes a role back at once; False when that was over already. Whoever gave or has it may, and an operator."""
    actor.need("review")
    found = next((one for one in await app.delegations.listing() if one.id == number), None)
    if found is not None and actor.name not in (found.from_person, found.to_person) and not actor.may("operate"):
        raise Refused(
            f"{actor.name} has not handed that role to anybody",
            code="delegation.other",
            hint=f"{found.from_person} or {found.to_person} ends it, or an operator.",
        )
    return await app.delegations.end(number, by=actor.name)


async def delegations(app: App, actor: Actor, *, mine: bool = False) -> Sequence[Delegation]:
    """Returns the delegations that count now; ``mine``: only those from or to the actor."""
    actor.need("read")
    return await app.delegations.listing(person=actor.name if mine else None)

"""Several held calls of one case, decided in one step: each for exactly what was shown of it, all or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import Actor
from bridgehead.desk import reviewing
from bridgehead.desk.reviewing import Decision, ReviewView
from bridgehead.errors import UserError
from bridgehead.ids import ReviewId, show
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.app import App

MOST: Final = 20
"""So many calls are shown beside one, and decided with it."""
VERBS: Final = ("approve", "reject")
"""What is decided of several calls at once; whatever else is decided, is decided of one."""


@dataclass(frozen=True, slots=True)
class Held:
    """Another call of the case that waits for approval, as far as one decision about both needs it."""

    id: int
    name: str
    tool: str
    args: JSON
    digest: str
    why: str
    stake: Decimal | None
    stake_currency: str


async def beside(app: App, actor: Actor, view: ReviewView) -> Sequence[Held]:
    """Returns the other calls of the case that wait for approval and that the actor may decide; at most ``MOST``.

    Empty where the review itself is no call that waits, or is not the actor's to decide.
    """
    if not view.may_decide or view.digest is None or not set(VERBS) <= set(view.row.takes):
        return ()
    found: list[Held] = []
    for row in view.others:
        if len(found) == MOST:
            break
        if not set(VERBS) <= set(row.takes):
            continue
        review, deployment = await app.reviews.find(ReviewId(row.id))
        mine = reviewing.decider(app, actor, deployment, review.role)
        if review.args_digest is None or await app.reviews.why_not(review.id, mine):
            continue
        tool = str(review.shown.get("tool", ""))
        args, digest = review.shown.get("args"), review.args_digest.hex()
        found.append(Held(row.id, row.name, tool, args, digest, row.why, row.stake, row.stake_currency))
    return tuple(found)


async def decide_with(
    app: App, actor: Actor, review_id: int, decision: Decision, others: Mapping[int, str]
) -> Sequence[Review]:
    """Makes the same decision about a call and others of its case, all or none; returns them, the first one first.

    ``others`` gives the digest of the arguments that were shown of each. A reason goes to each; the time that it took
    counts once, with the first. Raises UserError
    (``review.together``) for another verb than approve and reject, for more than ``MOST`` others, and for reviews of
    several cases; else as ``reviewing.decide`` does.
    """
    if not others:
        return (await reviewing.decide(app, actor, review_id, decision),)
    if decision.verb not in VERBS:
        raise _together(f"{decision.verb} decides one review", "Decide the others apart.")
    if len(others) > MOST:
        raise _together(f"{len(others)} others are more than {MOST}", "Decide the rest afterwards.")
    if review_id in others:
        raise _together(f"{show('R', review_id)} is named twice", "Name each review once.")
    wanted = [(number, replace(decision, shown_digest=digest, minutes=0.0)) for number, digest in others.items()]
    return await reviewing.decide_together(app, actor, [(review_id, decision), *wanted])


def _together(message: str, hint: str) -> UserError:
    return UserError(message, code="review.together", hint=hint)

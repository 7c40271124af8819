"""Reviewers measured: how long they take, whether a blind second look agrees, and which wrong proposals they notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from bridgehead.desk.reviewing_answers import set_path
from bridgehead.errors import UserError
from bridgehead.ids import ReviewId
from bridgehead.ids import show as shown_id
from bridgehead.reviews.seeding import Planted, altered, differences
from bridgehead.rollout.binomial import interval
from bridgehead.spec.tool import JSON
from bridgehead.storage.reviews_looking import Counted, Looking

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor

MONTH_S: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Share:
    """A share that was counted, with the exact interval (Clopper and Pearson, 95 %) in which the true one lies."""

    hits: int
    of: int
    low: float
    high: float

    @classmethod
    def counted(cls, hits: int, of: int) -> Share:
        """Returns a share with its interval; from 0 to 1 where nothing was counted."""
        return cls(hits, of, *interval(hits, of))

    @property
    def share(self) -> float | None:
        """Returns the share itself; None where nothing was counted."""
        return None if self.of == 0 else self.hits / self.of


@dataclass(frozen=True, slots=True)
class Measures:
    """One reviewer over a time.

    ``median_minutes`` and ``most_minutes`` (nine of ten took no longer) are of work, from the claim, else from the
    opening. ``in_time``: decided before they were due, of those with a promised time. ``agreed``: blind second looks
    that came to the same, of all that this person took part in, on either side. ``caught``: seeded wrong proposals
    that were not approved.
    """

    person: str
    decided: int
    approved: int
    edited: int
    refused: int
    median_minutes: float | None
    most_minutes: float | None
    in_time: Share
    agreed: Share
    caught: Share


async def measures(
    app: App, actor: Actor, *, since_s: float = MONTH_S, deployment: str | None = None
) -> Sequence[Measures]:
    """Returns how each reviewer did in the last seconds, by name; needs the right ``audit``."""
    actor.need("audit")
    found = await Looking(app.database, app.vault).counted(since_s=since_s, deployment=deployment)
    return [_measured(one) for one in found]


async def second_look(app: App, actor: Actor, review_id: int) -> str:
    """Asks somebody else the same question, blind to the first decision; returns the new review (``R-9``).

    Needs the right ``audit``; raises UserError (``review.second``) for a review that is no decided call.
    """
    actor.need("audit")
    review, deployment = await app.reviews.find(ReviewId(review_id))
    number = await Looking(app.database, app.vault).second(review, deployment, by=actor.name)
    return shown_id("R", number)


async def seed(app: App, actor: Actor, review_id: int, changes: Sequence[str] = ()) -> str:
    """Puts a copy of a held call before its role that is wrong on purpose, and never sent; returns it (``R-9``).

    ``changes`` (``PATH=VALUE``) say what is wrong; without any, one figure is ten times as large. Needs the right
    ``audit``; raises UserError (``review.seed``) for a review that is about no call, and where nothing is changed.
    """
    actor.need("audit")
    review, deployment = await app.reviews.find(ReviewId(review_id))
    before = review.shown.get("args")
    if not isinstance(before, Mapping):
        raise UserError(
            f"{shown_id('R', review_id)} is about no call", code="review.seed", hint="Choose a review of a held call."
        )
    after: JSON = dict(before)
    for change in changes:
        after = set_path(after, change)
    if not changes:
        after, _ = altered(before, review_id)
    found = list(differences(before, after))
    if not found:
        raise UserError("nothing was made wrong", code="review.seed", hint="Change an argument: --set PATH=VALUE.")
    path, was, is_now = found[0]
    planted = Planted(path, was, is_now, actor.name)
    args = cast("Mapping[str, JSON]", after)
    return shown_id("R", await Looking(app.database, app.vault).seed(review, deployment, args, planted, by=actor.name))


async def revealed(app: App, actor: Actor, review_id: int) -> Planted | None:
    """Returns what was wrong on purpose in a seeded check, once it is decided or for an auditor; None for others."""
    actor.need("read.documents")
    review, _ = await app.reviews.find(ReviewId(review_id))
    if review.kind != "seeded" or (review.state == "open" and not actor.may("audit")):
        return None
    return await Looking(app.database, app.vault).planted(review.id)


def _measured(one: Counted) -> Measures:
    return Measures(
        one.person,
        one.decided,
        one.approved,
        one.edited,
        one.refused,
        one.median_minutes,
        one.most_minutes,
        Share.counted(one.in_time, one.promised),
        Share.counted(one.agreed, one.compared),
        Share.counted(one.caught, one.seeded),
    )

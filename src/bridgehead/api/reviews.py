"""Reviews over HTTP: queues, one review, claims and decisions bound to what was shown."""

from __future__ import annotations

from typing import Final

from bridgehead.api.declared import Answer, Call, Route
from bridgehead.api.models_desk import (
    ChangedOut,
    DecidedOut,
    DecisionIn,
    DelegationIn,
    DelegationOut,
    DelegationsOut,
    ReviewersOut,
    ReviewOut,
    ReviewRowOut,
    ReviewsOut,
    ReviewsQuery,
)
from bridgehead.desk import reviewing as desk
from bridgehead.desk import reviewing_delegation as handing
from bridgehead.desk.reviewing_measures import measures
from bridgehead.desk.reviewing_together import decide_with
from bridgehead.errors import UserError
from bridgehead.ids import parse


async def queue(call: Call) -> ReviewsOut:
    """Lists reviews."""
    asked = call.query(ReviewsQuery)
    filters = desk.Filters(
        state=asked.state,
        role=asked.role,
        kind=asked.kind,
        deployment=asked.deployment,
        case=None if asked.case is None else parse("C", asked.case),
        mine=asked.mine,
        claimed=asked.claimed,
        overdue=asked.overdue,
        cause=asked.cause,
    )
    return ReviewsOut.model_validate(await desk.queue(call.app, call.actor, filters, asked.cursor, limit=asked.limit))


async def review(call: Call) -> Answer:
    """Shows one review."""
    view = await desk.show(call.app, call.actor, call.number("review"))
    fields = {name: getattr(view, name) for name in type(view).__dataclass_fields__ if name != "review"}
    body = ReviewOut.model_validate({**fields, "shown": dict(view.review.shown)})
    return Answer(body, etag=view.digest or "")


async def claim(call: Call) -> ReviewRowOut:
    """Puts a review before whoever asks."""
    return ReviewRowOut.model_validate(await desk.claim(call.app, call.actor, call.number("review")))


async def release(call: Call) -> ReviewRowOut:
    """Gives a claim up."""
    return ReviewRowOut.model_validate(await desk.release(call.app, call.actor, call.number("review")))


async def decide(call: Call) -> DecidedOut:
    """Decides a review."""
    sent = call.body(DecisionIn)
    number = call.number("review")
    shown = sent.shown_digest
    if call.match and shown and not call.match.startswith(shown):
        raise UserError(
            "If-Match and shown_digest name two things",
            code="api.changed",
            hint="Send the digest that was shown, once.",
        )
    if shown is None and call.match is None:
        raise UserError(
            "it is not said what was shown when this was decided",
            code="api.match",
            hint="Send the ETag of the review as If-Match, or its digest as shown_digest.",
        )
    if not shown and not call.match and (await desk.show(call.app, call.actor, number)).digest is not None:
        raise UserError(
            "the empty ETag is of a review that asks about no call, and this one does",
            code="review.changed",
            hint="Look at it again before you decide.",
        )
    also = {parse("R", one.review): one.shown_digest for one in sent.also}
    if len(also) < len(sent.also):
        raise UserError("a review is named twice", code="review.together", hint="Name each review once.")
    await decide_with(
        call.app,
        call.actor,
        number,
        desk.Decision(
            verb=sent.verb,
            value=sent.value,
            args=sent.args,
            changes=tuple(sent.changes),
            happened=sent.happened,
            shown_digest=shown or call.match or None,
            minutes=sent.minutes,
            again=sent.again,
        ),
        also,
    )
    rows = [await desk.row_of(call.app, call.actor, one) for one in (number, *also)]
    first, *rest = [ReviewRowOut.model_validate(row) for row in rows]
    return DecidedOut(review=first, also=rest)


async def delegations(call: Call) -> DelegationsOut:
    """Lists who stands in for whom."""
    return DelegationsOut.model_validate({"items": await handing.delegations(call.app, call.actor)})


async def delegate(call: Call) -> DelegationOut:
    """Hands a role on."""
    sent = call.body(DelegationIn)
    return DelegationOut.model_validate(
        await handing.delegate(
            call.app, call.actor, sent.deployment, sent.role, sent.to, until=sent.until, reason=sent.reason
        )
    )


async def end_delegation(call: Call) -> ChangedOut:
    """Takes a role back."""
    number = int(call.path["delegation"])
    return ChangedOut(changed=await handing.end_delegation(call.app, call.actor, number))


async def reviewers(call: Call) -> ReviewersOut:
    """Measures reviewers."""
    return ReviewersOut.model_validate({"items": await measures(call.app, call.actor)})


ROUTES: Final = (
    Route(
        "GET", "/reviews", "listReviews", "read", "reviews",
        "The queue: by when a review is due, then the most money, then the oldest", queue, ReviewsOut,
        query=ReviewsQuery,
    ),
    Route(
        "GET", "/reviews/{review}", "getReview", "read.documents", "reviews",
        "One review with what a decision needs", review, ReviewOut, etag=True,
    ),
    Route(
        "POST", "/reviews/{review}/claim", "claimReview", "review", "reviews",
        "Tells others that somebody is at it", claim, ReviewRowOut,
    ),
    Route(
        "POST", "/reviews/{review}/release", "releaseReview", "review", "reviews", "Gives a claim up", release,
        ReviewRowOut,
    ),
    Route(
        "POST", "/reviews/{review}/decision", "decideReview", "review", "reviews",
        "Decides: approve, edit, reject, answer, take or back; of two at once one wins", decide, DecidedOut,
        body=DecisionIn, guarded=True,
    ),
    Route(
        "GET", "/delegations", "listDelegations", "read", "reviews", "Who stands in for whom", delegations,
        DelegationsOut,
    ),
    Route(
        "POST", "/delegations", "delegate", "review", "reviews", "Hands one of your roles to somebody else for a time",
        delegate, DelegationOut, body=DelegationIn, status=201,
    ),
    Route(
        "POST", "/delegations/{delegation}/end", "endDelegation", "review", "reviews", "Takes a role back at once",
        end_delegation, ChangedOut,
    ),
    Route(
        "GET", "/reviewers", "measureReviewers", "audit", "reviews",
        "How each reviewer did in the last thirty days: time, agreement, planted mistakes caught", reviewers,
        ReviewersOut,
    ),
)  # fmt: skip

"""What people are asked of a call that is held, and what their answer is to the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridgehead.cases.segment import Segment
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.writes import ReviewOpen
from bridgehead.effects.keys import args_digest
from bridgehead.errors import Refused, UserError
from bridgehead.gate.model import Approval, Decision
from bridgehead.gate.normal import two_people
from bridgehead.reviews.model import Review, approval_expired
from bridgehead.spec.tool import JSON

REJECTED = "review.rejected"
RETURNED = "review.returned"
"""The code of a call that a person sent back: it is not made, and the agent goes on with their guidance."""


@dataclass(frozen=True, slots=True)
class Given:
    """A call as a person let it through: what is called, what it is to the gate, and the reviews that are used up."""

    args: Mapping[str, JSON]
    digest: bytes
    approval: Approval | None = None
    reviews: tuple[Review, ...] = ()


def given(segment: Segment, bound: BoundTool, review: Review, digest: bytes) -> Given:
    """Returns what became of a read that was held: with what was shown, or with what a person wrote instead.

    Raises Refused when it was rejected, and Suspended while nobody has decided.
    """
    name, who = bound.tool.name, review.decided_by or "a person"
    match review.state:
        case "approved":
            shown = review.shown.get("args")
            reviews = approvals(segment, review)
            return Given(shown if isinstance(shown, Mapping) else {}, digest, approval_of(segment, reviews), reviews)
        case "edited":
            args = edited(segment, bound, review)
            own = args_digest(segment.bench.hmac, name, args)
            expired = approval_expired(review, segment.loaded.now)
            return Given(args, own, Approval(review.id, own, who, expired, review.used), (review,))
        case "rejected":
            raise Refused(rejection(name, review), code=REJECTED)
        case "returned":
            raise Refused(returned(name, review), code="review.returned")
        case _:
            raise segment.wait(stop_clock=True)


def edited(segment: Segment, bound: BoundTool, review: Review) -> Mapping[str, JSON]:
    """Returns the arguments as a person wrote them; where they do not fit the tool, the case is a person's."""
    answer = review.answer if isinstance(review.answer, Mapping) else {}
    args = answer.get("args")
    try:
        return bound.dump(args if isinstance(args, Mapping) else {})
    except UserError as error:
        raise segment.hand_over(
            "invalid_input", f"The edited arguments do not fit {bound.tool.name}: {error.message}"
        ) from None


def rejection(tool: str, review: Review) -> str:
    """Returns in words who rejected a call, and why."""
    why = review.answer if isinstance(review.answer, str) and review.answer else "no reason given"
    return f"{tool} was rejected by {review.decided_by or 'a person'}: {why}"


def returned(tool: str, review: Review) -> str:
    """Returns in words who sent a call back, and their guidance in full: the agent has nothing else to go by."""
    who = review.decided_by or "a person"
    guidance = review.answer if isinstance(review.answer, str) else ""
    return f"{tool} was not made: {who} sent it back and says: {guidance}"


def approvals(segment: Segment, newest: Review) -> tuple[Review, ...]:
    """Returns the approvals that count for a held call: the newest, and the one before it by another person."""
    now = segment.loaded.now
    before = [
        one
        for one in segment.loaded.reviews
        if one.id < newest.id and one.state == "approved" and not one.used and same_call(one, newest)
        and one.args_digest == newest.args_digest and two_people(one.decided_by or "", newest.decided_by or "")
        and not approval_expired(one, now)
    ]  # fmt: skip
    earlier = max(before, key=lambda one: one.id, default=None)
    return (newest,) if earlier is None else (earlier, newest)


def same_call(one: Review, other: Review) -> bool:
    """Tells whether two reviews are about one held effect, or one held read."""
    if one.effect_id is not None or other.effect_id is not None:
        return one.effect_id == other.effect_id
    return all(one.shown.get(part) == other.shown.get(part) for part in ("tool", "branch", "occurrence"))


def approval_of(segment: Segment, reviews: Sequence[Review]) -> Approval:
    """Returns what approvals of one call, the first person's first, are to the gate."""
    first, second = reviews[0], reviews[1] if len(reviews) > 1 else None
    return Approval(
        review_id=first.id,
        args_digest=first.args_digest or b"",
        by=first.decided_by or "",
        valid_until_passed=any(approval_expired(one, segment.loaded.now) for one in reviews),
        used=any(one.used for one in reviews),
        second="" if second is None else second.decided_by or "",
    )


def review_open(
    segment: Segment,
    bound: BoundTool,
    args: Mapping[str, JSON],
    digest: bytes,
    decision: Decision,
    *,
    effect: int | str | None = None,
    conflict: str = "",
    first: Review | None = None,
    place: Mapping[str, JSON] | None = None,
) -> ReviewOpen:
    """Returns the work for whoever decides about a call.

    ``effect`` is what is held, None for a read, which ``place`` finds again; ``first`` is the approval it has already.
    """
    deployment, tool = segment.bench.deployment, bound.tool
    role = decision.role or deployment.fallback.role_for("conflict" if conflict else "policy_denied")
    shown: dict[str, JSON] = {
        "tool": tool.name,
        "effect_class": tool.effect_class,
        "args": dict(args),
        "why": [reason.text for reason in decision.reasons],
        **(place or {}),
    }
    second = _second(segment, tool.name)
    if second and decision.verdict == "hold":
        shown["second"] = second
    if first is not None and any(one.policy_id.endswith(".second") for one in decision.reasons):
        lent = {} if first.decided_for is None else {"for": first.decided_for}
        shown["approved_first"] = {"by": first.decided_by, "review": first.id, **lent}
    if conflict:
        shown["conflict"] = conflict
    return ReviewOpen(
        token=segment.token(),
        kind="conflict" if conflict else "approval",
        role=role,
        shown=shown,
        effect=effect,
        digest=digest,
        error_class="conflict" if conflict else None,
        within_s=decision.within_s,
        valid_for_s=decision.valid_for_s,
    )


def _second(segment: Segment, tool: str) -> str:
    """Returns in words whose consent the rule of a tool asks for besides, or nothing."""
    rule = segment.bench.deployment.tools.get(tool)
    second = None if rule is None or rule.otherwise is None else rule.otherwise.second
    if second is None:
        return ""
    above = "" if second.above is None else f" above {second.above}"
    return f"somebody else of {second.role} decides as well{above}"

"""How a call meets the gate: what is put before it, and how its answer is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bridgehead import clock
from bridgehead.cases import authority, limits
from bridgehead.cases.segment import Segment
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.writes import CostWrite, DecisionWrite, StepWrite
from bridgehead.costs import meter
from bridgehead.errors import ErrorClass
from bridgehead.gate.history import History
from bridgehead.gate.model import Approval, Call, Decision, Reason, View
from bridgehead.gate.redaction import blacked_out
from bridgehead.money import Money
from bridgehead.spec.tool import JSON

LIMIT: Final = "policy.limit"
"""The code of a refusal for a limit of the case."""


def decide(
    segment: Segment,
    bound: BoundTool,
    args: Mapping[str, JSON],
    digest: bytes,
    repeats: int,
    approval: Approval | None = None,
    history: History | None = None,
) -> Decision:
    """Asks the gate about one call, with what the segment knows, and reserves what the call will use up.

    The answer and the reservation are one step of the event loop, so calls under way at once
    share one limit. A refused call counts as a step and costs nothing; a held one counts once
    it was approved. An agent that goes on beyond its limits is stopped: raises Suspended.
    """
    call = Call(tool=bound.tool, args=args, args_digest=digest)
    if history is not None and segment.bench.gate.heeds_history:
        history = replace(history, tools=frozenset(segment.tally.tools))  # it may have waited for an allowance
    view = view_of(segment, call, repeats, approval, history)
    decision = replace(segment.bench.gate.decide(call, view), view=view)
    if decision.verdict == "allow":
        segment.tally.tools.add(bound.tool.name)  # from here on: a call made beside it is decided with it in view
        segment.reserve(bound.tool.cost)
    elif decision.verdict == "deny" or segment.shadow:
        segment.reserve(None)
    if decision.verdict == "deny" and refusal_code(decision) == LIMIT:
        limits.over(segment)
    return decision


def view_of(
    segment: Segment, call: Call, repeats: int, approval: Approval | None = None, history: History | None = None
) -> View:
    """Returns what the gate may look at besides the call."""
    known = segment.knowing.of(call.tool, call.args)
    limit = segment.bench.deployment.limits.cost
    cost = None
    if limit is not None:
        cost = Money(segment.spent.get(limit.currency, Decimal(0)), limit.currency)
    return View(
        level=segment.claim.level,
        approval=approval,
        steps_so_far=segment.steps,
        repeats=repeats,
        cost_so_far=cost,
        deployment=segment.bench.deployment.name,
        release=segment.claim.release.hex(),
        suspended_tools=segment.stops.killed_tools,
        facts=known.facts,
        read=known.read,
        carried=known.carried,
        history=history or History(),
        grant=authority.standing(segment),
    )


def as_approved(decision: Decision, args: Mapping[str, JSON]) -> Decision:
    """Returns a decision about what a person has approved or written: denied where something had to be blacked out.

    What is sent is what they saw, or nothing.
    """
    if decision.verdict == "deny" or blacked_out(args, decision.redact) == args:
        return decision
    paths = ", ".join(decision.redact)
    reason = Reason(
        "gate.redact", f"{paths} has to be blacked out, and was not when a person decided",
        f"{paths} is blacked out", paths, "in full", "the call is made anew, and decided about as it is then shown",
    )  # fmt: skip
    return replace(decision, verdict="deny", reasons=(reason, *decision.reasons))


def decision_write(segment: Segment, tool: str, digest: bytes, decision: Decision) -> DecisionWrite:
    """Returns the record of a decision."""
    return DecisionWrite(
        token=segment.token(),
        tool=tool,
        digest=digest,
        verdict=decision.verdict,
        policy_digest=decision.policy_digest,
        detail=decision.to_json(),  # type: ignore[arg-type]  # Decision.to_json holds JSON only
        policies=tuple(reason.policy_id for reason in decision.reasons),
    )


def timer_write(
    name: str,
    occurrence: int,
    error_class: ErrorClass | None = None,
    *,
    why: str = "",
    tries: Sequence[JSON] = (),
) -> StepWrite:
    """Returns the record that a case waited for a dependency once more, for what, and why the call had failed.

    ``tries`` are the attempts that failed right before that one: when and why each.
    """
    told: dict[str, JSON] = {"error": {"error_class": error_class, "message": why}} if why else {}
    told |= {"tries": list(tries)} if tries else {}
    return StepWrite(
        kind="timer",
        branch="",
        name=name,
        digest=b"",
        occurrence=occurrence,
        ok=True,
        payload={"waited_for": name, "error_class": error_class, **told},
        started_at=clock.utc_now(),
        duration_ms=0.0,
    )


def priced(bound: BoundTool) -> tuple[CostWrite, ...]:
    """Returns the books' entry for one call of a tool that has a price."""
    cost = meter.of_tool(bound.tool)
    return () if cost is None else (CostWrite(cost),)


def refusal_code(decision: Decision) -> str:
    """Returns ``policy.limit`` for a limit that was reached, ``policy.refused`` otherwise."""
    limited = any(reason.policy_id.startswith("limits.") for reason in decision.reasons)
    return LIMIT if limited else "policy.refused"


def remedy(decision: Decision) -> str:
    """Returns what would allow the call, as the policies say."""
    return " ".join(dict.fromkeys(reason.remedy for reason in decision.reasons if reason.remedy))

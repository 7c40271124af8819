"""How a call meets the gate: what is put before it, and how its answer is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bridgehead import clock
from bridgehead.cases import limits
from bridgehead.cases.segment import Segment
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.writes import CostWrite, DecisionWrite, StepWrite
from bridgehead.costs import meter
from bridgehead.errors import ErrorClass
from bridgehead.gate.model import Approval, Call, Decision, View
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
) -> Decision:
    """Asks the gate about one call, with what the segment knows, and reserves what the call will use up.

    The answer and the reservation are one step of the event loop, so calls under way at once
    share one limit. A refused call counts as a step and costs nothing; a held one counts once
    it was approved. An agent that goes on beyond its limits is stopped: raises Suspended.
    """
    call = Call(tool=bound.tool, args=args, args_digest=digest)
    decision = segment.bench.gate.decide(call, view_of(segment, repeats, approval))
    if decision.verdict == "allow":
        segment.reserve(bound.tool.cost)
    elif decision.verdict == "deny" or segment.shadow or not bound.tool.is_effect:
        segment.reserve(None)
    if decision.verdict == "deny" and refusal_code(decision) == LIMIT:
        limits.over(segment)
    return decision


def view_of(segment: Segment, repeats: int, approval: Approval | None = None) -> View:
    """Returns what the gate may look at besides the call."""
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
    )


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


def timer_write(name: str, occurrence: int, error_class: ErrorClass | None = None) -> StepWrite:
    """Returns the record that a case waited for a dependency once more, and for what."""
    return StepWrite(
        kind="timer",
        branch="",
        name=name,
        digest=b"",
        occurrence=occurrence,
        ok=True,
        payload={"waited_for": name, "error_class": error_class},
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

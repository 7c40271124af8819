"""Past decisions under changed policies: what would be newly automatic, held or denied, and what cannot be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, cast

from bridgehead.effects.amounts import amounts
from bridgehead.errors import UserError
from bridgehead.gate.decide import Gate
from bridgehead.gate.model import Decision, Level, Verdict, View
from bridgehead.gate.unattended import compared
from bridgehead.gate.workbench import again, tool_of, with_known_rules
from bridgehead.money import Money
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.load import FILE_NAME, load
from bridgehead.spec.tool import JSON, Tool
from bridgehead.storage.queries_decisions import PastDecision

Change = Literal["automatic", "held", "denied"]
CHANGES: Final[tuple[Change, ...]] = ("automatic", "held", "denied")
_BY_VERDICT: Final[Mapping[Verdict, Change]] = {"allow": "automatic", "hold": "held", "deny": "denied"}
CANNOT: Final = (
    "What an agent would have done after another answer, such as another call: each is decided by itself here.",
    "What people would have decided about calls that are newly held; they count with the baseline's minutes.",
    "Calls that were never made, because a rule of then made the agent stop before them.",
)


@dataclass(frozen=True, slots=True)
class Changed:
    """One past call that the other policies decide otherwise. ``minutes`` of people are more (or fewer: below 0)."""

    decision: str
    case: str
    tool: str
    before: str
    after: Verdict
    change: Change
    why: tuple[str, ...]
    money: Mapping[str, Decimal]
    minutes: float | None
    cost: Money | None


@dataclass
class Replayed:
    """What a replay found. ``same`` counts by verdict, ``unknown`` by reason; ``left_out``: rules for unknown tools."""

    decisions: int = 0
    follow_ups: int = 0
    same: Counter[str] = field(default_factory=Counter)
    changed: list[Changed] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    left_out: set[str] = field(default_factory=set)

    def of(self, change: Change) -> list[Changed]:
        """Returns the calls of one change."""
        return [one for one in self.changed if one.change == change]


def policies_of(current: Deployment, other: Path) -> Deployment:
    """Returns the deployment under other policies: those of a whole deployment's folder, or a folder of Cedar files.

    Cedar files alone take the place of the deployment's own. Raises UserError for a folder that has neither.
    """
    if other.is_file() or (other / FILE_NAME).is_file():
        found = load(other)
        if found.name != current.name:
            raise UserError(
                f"{other} is deployment {found.name!r}, and the past is of {current.name!r}",
                code="policy.other",
                hint="Copy the deployment's folder and change its rules.",
            )
        return found
    files = {file.name: file.read_text(encoding="utf-8") for file in sorted(other.glob("*.cedar"))}
    if not files:
        raise UserError(
            f"{other} holds neither {FILE_NAME} nor a .cedar file",
            code="policy.other",
            hint="Name a copy of the deployment's folder, or a folder of policies.",
        )
    return replace(current, policies=files)


async def replay(
    past: AsyncIterator[PastDecision],
    manifests: Mapping[str, Mapping[str, JSON]],
    other: Deployment,
    *,
    level: Level | None = None,
) -> Replayed:
    """Returns what the other policies say of past decisions, each by the tools of the release that made it.

    Raises DeploymentError when they do not fit the tools of a release.
    """
    found, gates = Replayed(), _Gates(manifests, other)
    async for one in past:
        found.decisions += 1
        why = _unknown(one)
        gate, tools = gates.of(one.release) if not why else (None, {})
        tool = tools.get(one.tool)
        if why or gate is None or tool is None:
            found.unknown[why or "its tool is not described in its release"] += 1
            continue
        try:
            view = View.from_json(one.view, deployment=other.name, release=one.release)
        except ValueError:
            found.unknown["what it rested on cannot be read"] += 1
            continue
        if view.approval is not None:  # the same call again, after a person said yes
            found.follow_ups += 1
            continue
        filled = _with_caps(view, other, one.tool)
        decision = again(gate, tool, one.args or {}, one.digest, filled, level=level)
        if filled is not view and decision.verdict != "deny":  # a cap only narrows: a denial stands without it
            found.unknown["what a cap had left was not recorded then"] += 1
            continue
        if decision.verdict == one.verdict:
            found.same[one.verdict] += 1
        else:
            found.changed.append(_changed(one, decision, other))
    found.left_out = gates.left_out
    return found


class _Gates:
    """The other policies over the tools of each release, compiled once."""

    def __init__(self, manifests: Mapping[str, Mapping[str, JSON]], other: Deployment) -> None:
        self._manifests = manifests
        self._other = other
        self._made: dict[str, tuple[Gate | None, Mapping[str, Tool]]] = {}
        self.left_out: set[str] = set()

    def of(self, release: str) -> tuple[Gate | None, Mapping[str, Tool]]:
        if release not in self._made:
            described = self._manifests.get(release, {}).get("tools")
            tools: dict[str, Tool] = {}
            for name, descriptor in (described if isinstance(described, Mapping) else {}).items():
                tools[str(name)] = tool_of(cast("Mapping[str, JSON]", descriptor))
            known, unknown = with_known_rules(self._other, tools)
            self.left_out.update(unknown)
            self._made[release] = (Gate(known, tools) if tools else None, tools)
        return self._made[release]


def _with_caps(view: View, other: Deployment, tool: str) -> View:
    """Returns the view with all of each cap left that the record says nothing of; the view itself where it says all."""
    rule = other.tools.get(tool)
    unsaid = {
        str(cap): cap.limit for cap in (rule.caps if rule is not None else ()) if str(cap) not in view.history.left
    }
    return replace(view, history=replace(view.history, left={**view.history.left, **unsaid})) if unsaid else view


def sums(changed: Sequence[Changed]) -> tuple[dict[str, Decimal], float, dict[str, Decimal]]:
    """Returns money by unit, people's minutes and what these cost by currency, over some calls."""
    money: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for one in changed:
        for unit, amount in one.money.items():
            money[unit] += amount  # type: ignore[assignment]  # a Counter adds any number
        if one.cost is not None:
            cost[one.cost.currency] += one.cost.amount  # type: ignore[assignment]  # the same
    minutes = sum(one.minutes or 0.0 for one in changed)
    return cast("dict[str, Decimal]", dict(money)), minutes, cast("dict[str, Decimal]", dict(cost))


def _unknown(one: PastDecision) -> str:
    if one.unreadable:
        return "its record cannot be opened"
    if one.args is None:
        return "its arguments are not on the record"
    return "" if one.view is not None else "what it rested on was not recorded then"


def _changed(one: PastDecision, decision: Decision, other: Deployment) -> Changed:
    rule = other.tools.get(one.tool)
    named = compared(rule.allow) if rule is not None and isinstance(rule.allow, str) else ()
    minutes, cost = _work(one, decision, other)
    return Changed(
        decision=one.number,
        case=one.case,
        tool=one.tool,
        before=one.verdict,
        after=decision.verdict,
        change=_BY_VERDICT[decision.verdict],
        why=tuple(_why(decision)),
        money=amounts(named, one.args or {}) or {},
        minutes=minutes,
        cost=cost,
    )


def _why(decision: Decision) -> Iterator[str]:
    for reason in decision.reasons:
        found = f" (found {reason.argument} = {reason.found})" if reason.argument and reason.found else ""
        yield f"{reason.policy_id}: {reason.text}{found}"


def _work(one: PastDecision, decision: Decision, other: Deployment) -> tuple[float | None, Money | None]:
    """Returns people's minutes that come or go, and their price by the role's rate; None where no baseline says."""
    usual = None if other.baseline is None else other.baseline.minutes
    if decision.verdict == "allow":
        spent = one.minutes if one.minutes is not None else usual
        minutes, role = (None if spent is None else -spent), one.role
    else:
        minutes, role = usual, decision.role or other.fallback.role_for(decision.error_class)
        if one.verdict != "allow":  # people had it before as well
            minutes = 0.0
    rate = other.roles[role].rate if role is not None and role in other.roles else None
    if minutes is None or rate is None:
        return minutes, None
    return minutes, Money((rate.amount * Decimal(str(minutes)) / 60).quantize(Decimal("0.01")), rate.currency)

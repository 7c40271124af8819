"""Deployments, failures, connections and policies as they go over the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue

from bridgehead.api.declared import In, Out
from bridgehead.api.models import Name
from bridgehead.errors import ErrorClass
from bridgehead.spec.deployment import Level

Period: TypeAlias = Literal["24h", "7d", "30d", "90d"]
DecimalText: TypeAlias = Annotated[
    str, BeforeValidator(lambda value: format(value, "f") if isinstance(value, Decimal) else value)
]


class PeriodQuery(In):
    """Which time is looked back on."""

    period: Period = "7d"


class CostSumOut(Out):
    """What a period's cases cost in one currency, and per case that the agent completed."""

    currency: str
    amount: DecimalText
    per_success: DecimalText | None


class WaitingOut(Out):
    """The open reviews of one role."""

    role: str
    open: int
    claimed: int
    overdue: int
    oldest: AwareDatetime


class DeploymentOut(Out):
    """One deployment over a period; a share is null where nothing was counted."""

    name: str
    level: str
    handled: int
    with_people: int
    completed: int
    touchless: int
    right_at_once: int
    late: int
    touchless_share: float | None
    right_share: float | None
    kept_share: float | None
    costs: list[CostSumOut]
    unknown_costs: int
    minutes: float
    classes: Annotated[dict[str, int], BeforeValidator(dict)]
    queue: list[WaitingOut]
    open: dict[str, int]
    stopped: list[str]
    counted_at: AwareDatetime


class DeploymentsOut(Out):
    """All deployments, by name."""

    items: list[DeploymentOut]


class FailuresQuery(In):
    """Which failures are meant."""

    period: Period = "7d"
    deployment: Name | None = None
    error_class: ErrorClass | None = None


class FailureRowOut(Out):
    """How many cases left in one way, how many of these cases are open, and in each half of the period."""

    name: str
    deployment: str
    n: int
    open: int
    before: int
    lately: int
    latest: str


class EffectsFailedOut(Out):
    """Effects of one tool that failed, or of which nobody knows yet."""

    tool: str
    deployment: str
    state: str
    n: int
    latest: str


class DownOut(Out):
    """A dependency that was ever down, as its breaker has it."""

    name: str
    phase: str
    since: AwareDatetime
    failures: int


class ExampleOut(Out):
    """One case that left the agent's hands; ``cause`` is null where no agent handed it over itself."""

    case: str
    deployment: str
    release: str
    error_class: str
    cause: str | None
    state: str
    outcome: str | None
    opened_at: AwareDatetime
    review: str | None


class FailuresOut(Out):
    """The failures of a period, by class, by release, by tool and dependency, with the latest cases.

    Beside them what left the agents' hands and did not fail: handed over, by the cause that the agent named, and
    refused by a rule, a limit, a person or a model, by class. ``unread`` counts documents that could not be read and so
    became no case, ``unread_open`` those of them that wait for a person.
    """

    total: int
    classes: list[FailureRowOut]
    releases: list[FailureRowOut]
    handed_over_total: int
    handed_over: list[FailureRowOut]
    refused_total: int
    refused: list[FailureRowOut]
    unread: int
    unread_open: int
    effects: list[EffectsFailedOut]
    dependencies: list[DownOut]
    examples: list[ExampleOut]
    counted_at: AwareDatetime


class RuleOut(Out):
    """The rule of one tool as its file says it, and the Cedar that it becomes."""

    tool: str
    line: int
    allow: str
    undo: str
    caps: list[str]
    cedar: str


class FindingOut(Out):
    """What is wrong with a policy that loads. ``never``: it matches no call; else nothing covers the tool."""

    policy: str
    text: str
    remedy: str
    never: bool
    line: int


class PolicyFileOut(Out):
    """One file of policies."""

    file: str
    text: str


class PoliciesOut(Out):
    """The policies of one deployment, as they are loaded here; ``findings`` are told without any call."""

    deployment: str
    digest: str
    rules: list[RuleOut]
    files: list[PolicyFileOut]
    findings: list[FindingOut]
    tools: list[str]


class CallIn(In):
    """A call that nobody makes."""

    tool: Name
    args: dict[str, JsonValue] = Field(default={}, description="Its arguments.")
    level: Level = "autonomous"


class ReasonOut(Out):
    """One ground of a decision: the policy, the argument and what stood there, and what would allow the call."""

    policy_id: str
    text: str
    condition: str
    argument: str
    found: str
    remedy: str


class CallExplainedOut(Out):
    """What the gate says of a call, resting on its arguments alone."""

    tool: str
    level: str
    args: JsonValue
    verdict: str
    role: str | None
    reasons: list[ReasonOut]

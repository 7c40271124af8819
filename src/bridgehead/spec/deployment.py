"""A deployment as its operator described it, checked and immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal, get_args

from bridgehead.errors import ErrorClass
from bridgehead.money import Money
from bridgehead.spec.caps import Cap
from bridgehead.spec.notify import ChannelSpec, Notify

Level = Literal["shadow", "approve", "canary", "autonomous"]
"""How far a deployment acts by itself, lowest first."""

LEVELS: Final[tuple[Level, ...]] = get_args(Level)

Criticality = Literal["critical", "normal", "sheddable"]
"""How much it matters that a case goes on now when there is not room for all; the least is put off first."""

IntakeKind = Literal["folder", "mail", "webhook", "poll", "queue", "files"]


RULES: Final = "rules"
"""The stage of a case in which no model is asked any more."""
PERSON: Final = "person"
"""The stage in which a case is handed over."""


@dataclass(frozen=True, slots=True)
class Degrade:
    """What a case makes do with once ``left_s`` seconds are left: a model by its name, ``rules`` or ``person``."""

    stage: str
    left_s: float


@dataclass(frozen=True, slots=True)
class Search:
    """By what cases are found besides their key, as paths into their input; ``currency`` may be a code such as EUR.

    ``amount`` None: what the input states as its total. ``results`` are paths into what effects answered.
    """

    customer: str | None = None
    amount: str | None = None
    currency: str | None = None
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseSpec:
    """What makes two arrivals the same case, and how long a case may take, in seconds.

    ``degrade`` follows each other in time: less and less is left.
    """

    key: tuple[str, ...]
    deadline_s: float
    resume_s: float = 300.0
    criticality: Criticality = "normal"
    degrade: tuple[Degrade, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the fields of a case's input are worth, as words by path; without any, nobody vouches for them."""
    search: Search = Search()

    @property
    def reserve_s(self) -> float | None:
        """How much of the time is kept back for handing a case over, where that is declared."""
        return next((one.left_s for one in self.degrade if one.stage == PERSON), None)


@dataclass(frozen=True, slots=True)
class Second:
    """Whose consent a call needs besides the first person's: a role, above an amount that it moves (None: always)."""

    role: str
    above: Money | None = None


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Whom a call waits for: a role, when to escalate, how long a granted approval stays good, and who comes second."""

    hold: str
    within_s: float | None = None
    valid_for_s: float | None = None
    second: Second | None = None


@dataclass(frozen=True, slots=True)
class SequenceRule:
    """What a case may not do any more after something it did: ``never`` after ``after``.

    ``after`` is a tool, ``class:CLASS`` or a word of confidentiality; ``reads`` adds what the case must have read by
    then; ``never`` is a tool or ``class:CLASS``. ``line`` and ``column`` (both from 1, 0 when unknown) say where it
    stands.
    """

    id: str
    after: str
    never: str
    owner: str
    reason: str
    remedy: str
    reads: str | None = None
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ToolRule:
    """What the operator decided about one tool.

    ``allow`` is True (always), an expression, or None (never by rule); ``otherwise`` is what
    happens when ``allow`` does not hold, None meaning deny. ``undo``: whether an operator may take
    an effect back, or the expression that its arguments have to meet. ``line`` and ``column`` (both
    from 1, 0 when unknown) say where ``allow`` stands in the file. ``caps`` bind every call, approved ones too.
    """

    allow: str | Literal[True] | None = None
    otherwise: Otherwise | None = None
    line: int = 0
    column: int = 0
    undo: str | bool = True
    clearance: str | None = None
    """How confidential what is sent may be at most; None: the lowest."""
    region: str | None = None
    """Where what is sent goes."""
    redact: tuple[str, ...] = ()
    """Arguments that are blacked out where they are above the clearance, instead of a denial."""
    caps: tuple[Cap, ...] = ()
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Arguments that are addresses, and the hosts that each of them may lead to."""

    @property
    def hold(self) -> str | None:
        """The role a call is held for when it is not allowed, or None when it is denied."""
        return None if self.otherwise is None else self.otherwise.hold

    @property
    def deny(self) -> bool:
        """True when no call of this tool can happen, approved or not."""
        return self.allow is None and self.otherwise is None


@dataclass(frozen=True, slots=True)
class Right:
    """What a holder may have done on their behalf: ``group:NAME``, ``user:NAME``, or ``deployment``.

    ``tools`` None reaches all tools of the deployment; ``when`` is a condition over the arguments of a call,
    ``limit`` the most that a case may move and spend, ``valid_for_s`` how long a grant lasts (None: a day).
    """

    holder: str
    tools: tuple[str, ...] | None = None
    when: str | None = None
    limit: Money | None = None
    valid_for_s: float | None = None
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most a case may use: steps, money, working time, and calls that repeat. All are inclusive.

    ``repeats`` bounds identical calls, and how often a series of calls comes again at once. Time spent waiting for
    people or for a dependency is no working time.
    """

    steps: int = 100
    cost: Money | None = None
    repeats: int = 3
    time_s: float | None = None


@dataclass(frozen=True, slots=True)
class OutcomeSpec:
    """What looks at an outcome before it counts, and what mends one that is wrong, each as ``module:object``."""

    check: str
    repair: str | None = None


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What a million tokens of a model cost, by kind, in one currency. Cached input costs like other input if None."""

    input: Money
    output: Money
    cached: Money | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """So many in each window of ``per_s`` seconds."""

    count: int
    per_s: float


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Where a model answers, and how it is asked.

    ``url`` and ``name`` may be ``env:NAME``, resolved when the client is made. ``timeout_s`` bounds one answer,
    ``first_s`` the wait for the first event of a stream, ``idle_s`` the silence after it. ``hedge`` and ``fallback``
    name models of the deployment: which one is asked beside it when it takes long, and instead of it when it fails.
    """

    url: str
    name: str
    key: str | None = None
    region: str | None = None
    timeout_s: float = 60.0
    first_s: float = 30.0
    idle_s: float = 15.0
    max_tokens: int | None = None
    hedge: str | None = None
    fallback: str | None = None
    requests: Quota | None = None
    tokens: Quota | None = None
    price: ModelPrice | None = None
    clearance: str | None = None
    """How confidential what a case has read may be when this model is asked; None: the lowest."""
    redact: bool = False
    """Whether what is above the clearance is blacked out of what it is sent, instead of not asking it."""
    window: int | None = None
    """How many tokens a request and its answer may take together; None: no look is taken."""


@dataclass(frozen=True, slots=True)
class Role:
    """People who catch what the agent does not: who, when, at what rate an hour, and who comes next.

    ``within_s`` is how much of its working time the role has for a review that names no time itself. A claim counts
    for ``claim_s``, and ``claims`` is how many reviews one person may have claimed at once (None: any number).
    """

    name: str
    members: tuple[str, ...]
    hours: str | None = None
    rate: Money | None = None
    then: str | None = None
    idle_cap_minutes: float | None = None
    holidays: tuple[date, ...] = ()
    within_s: float | None = None
    claim_s: float = 900.0
    claims: int | None = None


@dataclass(frozen=True, slots=True)
class Fallback:
    """The role that catches each error class; a loaded deployment has no class without one."""

    default: str | None
    overrides: Mapping[ErrorClass, str] = field(default_factory=dict)

    def role_for(self, error_class: ErrorClass) -> str:
        """Returns the role that catches the class; raises KeyError on a table with a hole."""
        role = self.overrides.get(error_class, self.default)
        if role is None:
            raise KeyError(error_class)
        return role


@dataclass(frozen=True, slots=True)
class Autonomy:
    """The level at which a deployment that was never run before starts, and what a step up needs.

    ``target`` is the share of right decisions a slice must show, ``audit`` the share of
    autonomous decisions that a person looks at, ``slices`` the paths that split the evidence.
    """

    level: Level = "shadow"
    target: float = 0.95
    audit: float = 0.05
    slices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a case costs people without the agent: minutes of work, seconds to the first reply."""

    minutes: float
    first_reply_s: float | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """How a report puts a case beside what people booked.

    ``match`` pairs a path of the case with a path of the booking (empty: the case key on both
    sides); ``ignore`` holds paths that are not compared, with all that lies below them.
    """

    match: tuple[tuple[str, str], ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """Where arrivals come from: the kind, its source, and what the kind takes besides.

    ``source`` is a path (folder) or a connector's name; ``line`` and ``column`` (both from 1, 0 when
    unknown) say where it stands in the file.
    """

    kind: IntakeKind
    source: str
    options: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One narrow agent in production, as ``bridgehead.yaml`` describes it.

    ``agent`` and ``reader`` are ``module:object``, resolved from ``folder``; ``roles`` and
    ``tools`` are keyed by name; ``policies`` holds the text of the Cedar files in the
    ``policies/`` folder, by file name; ``file`` is where all of it was read.
    """

    name: str
    agent: str
    owner: str
    case: CaseSpec
    fallback: Fallback
    roles: Mapping[str, Role]
    folder: Path
    reader: str | None = None
    intake: tuple[Intake, ...] = ()
    connect: tuple[str, ...] = ()
    tools: Mapping[str, ToolRule] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    models: Mapping[str, ModelSpec] = field(default_factory=dict)
    prices: Mapping[str, ModelPrice] = field(default_factory=dict)
    dollar: Money | None = None
    """What a US dollar costs, where prices in dollars count against a limit in another currency."""
    autonomy: Autonomy = field(default_factory=Autonomy)
    baseline: Baseline | None = None
    compare: Compare = field(default_factory=Compare)
    policies: Mapping[str, str] = field(default_factory=dict)
    sequences: tuple[SequenceRule, ...] = ()
    file: Path | None = None
    outcome: OutcomeSpec | None = None
    confidentiality: tuple[str, ...] = ("public", "internal", "confidential", "secret")
    """The names of confidentiality, lowest first."""
    egress: tuple[str, ...] | None = None
    """The hosts that its connectors, models and calls may reach; None: those that each of them declares."""
    rights: Mapping[str, Right] = field(default_factory=dict)
    """By holder; none at all: cases act with the deployment's own authority, and for nobody."""
    channels: Mapping[str, ChannelSpec] = field(default_factory=dict)
    notify: Notify | None = None
    """Who is told of work for people, and by which of the channels; None: nobody, people look at the desk."""

    @property
    def intake_folders(self) -> tuple[Path, ...]:
        """The folders that are watched for arrivals; relative ones lie in the deployment's own folder."""
        return tuple(self.folder / source.source for source in self.intake if source.kind == "folder")

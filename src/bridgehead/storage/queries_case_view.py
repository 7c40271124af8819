"""One case or arrival as plain values: what a list shows of it, and everything recorded about it.

Ids are what people see (``C-17``). A payload that cannot be opened any more is None, and
``unreadable`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bridgehead.ledger.fold import Difference
from bridgehead.spec.tool import JSON


@dataclass(frozen=True, slots=True)
class ArrivalLine:
    """One arrival in a list. ``state``: stored, read, no_case, review or settled.

    ``submitted_by`` is the user who handed it in and whom its cases act for; None where it came from no user.
    ``sender`` and ``subject`` are those of a mail; None where it is none, cannot be opened, or is too large for a list.
    """

    id: str
    deployment: str
    source: str
    name: str
    size_bytes: int
    state: str
    received_at: datetime
    settled_at: datetime | None
    cases: tuple[str, ...]
    reviews: tuple[str, ...]
    submitted_by: str | None = None
    sender: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case in a list. ``waits`` says in words what it waits for, None when it needs nothing.

    ``rejected``: a person rejected what it wanted to write, and nothing of it was written. ``acts_for`` is the user
    whose authority it has; None where it has the deployment's own. ``amount`` is the money that it is about, as its
    input said when it was opened; None where that does not say. ``customer`` is what ``case.search.customer`` names
    and ``number`` the last field of the business key: how people call the case, None where its payload does not say.
    ``undone`` counts its effects that were taken back, ``standing`` those that were not (nobody knows of some whether
    they happened), and ``undoing`` of these the ones that a plan has taken up.
    """

    id: str
    deployment: str
    release: str
    level: str
    state: str
    outcome: str | None
    error_class: str | None
    revision: int
    revises: str | None
    received_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    deadline_at: datetime | None
    waits: str | None
    served: bool
    rejected: bool = False
    acts_for: str | None = None
    amount: str | None = None
    currency: str | None = None
    customer: str | None = None
    number: str | None = None
    undone: int = 0
    standing: int = 0
    undoing: int = 0

    @property
    def back(self) -> str:
        """Returns in words whether what it did was taken back; empty where nothing was."""
        return "" if not self.undone else "partly taken back" if self.standing else "taken back"


@dataclass(frozen=True, slots=True)
class StepView:
    """One recorded call. A model turn has a ``reply`` in ``result``; a failed call has ``error``."""

    seq: int
    kind: str
    name: str
    branch: str
    ok: bool
    started_at: datetime
    duration_ms: float
    args: JSON
    result: JSON
    error: JSON
    effect: str | None
    input_tokens: int | None
    output_tokens: int | None
    unreadable: str | None
    sources: JSON = None
    """Where a read's values come from and when they were known there, as its connector said."""
    digest: str = ""
    """Of the arguments, in hex: a decision about a read has the same."""
    read_again: str | None = None
    """``changed`` or ``unchanged``: this read was made because an earlier one had grown too old."""
    tries: JSON = None
    """Attempts before this one that failed: when (``at``), ``error_class`` and ``message`` of each."""


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What the gate said of one call, with its reasons as the gate wrote them.

    ``number`` is how people name it (``D-12``), ``digest`` of the call's arguments, in hex. ``view`` is what it
    rested on besides the call; None in a record from before that was kept.
    """

    id: int
    tool: str
    verdict: str
    at: datetime
    reasons: JSON
    role: str | None
    policy_digest: str
    unreadable: str | None
    number: str = ""
    digest: str = ""
    view: JSON = None


@dataclass(frozen=True, slots=True)
class EffectView:
    """One writing call and what became of it."""

    id: str
    tool: str
    state: str
    level: str
    attempt: int
    args: JSON
    result: JSON
    decision: int | None
    superseded_by: str | None
    proposed_at: datetime
    settled_at: datetime | None
    unreadable: str | None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Rival:
    """The effect that holds a key which another call wants."""

    effect: str
    case: str
    state: str
    args: JSON
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseReview:
    """One piece of human work about a case or an arrival: what was shown, and what was decided."""

    id: str
    kind: str
    role: str
    state: str
    error_class: str | None
    effect: str | None
    shown: JSON
    digest: str | None
    answer: JSON
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    minutes: float | None
    used: bool
    unreadable: str | None
    due_at: datetime | None = None
    """When it moves to the next role, or counts as late; None where its role is given no time."""
    then: str | None = None
    """The role that it moves to then; None at the end of the chain, where it is late and stays."""
    within_s: float | None = None
    """How much of its role's time that is, in seconds; None where no time is given."""
    hours: str | None = None
    """When its role is at work, as the deployment says; None: always. Only that time counts."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """One entry of the books; ``amount`` None is unknown, which is not zero."""

    kind: str
    name: str
    amount: str | None
    currency: str | None
    input_tokens: int | None
    output_tokens: int | None
    minutes: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ArrivalOf:
    """An arrival of the case, and how it relates to it: opened, resend or revision."""

    id: str
    relation: str
    source: str
    name: str
    size_bytes: int
    received_at: datetime
    submitted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the case's chain, without its commitments."""

    seq: int
    at: str
    kind: str
    actor: str
    refs: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """Whether the chain is as it was linked; ``broken`` names the first break.

    ``differences``: where the tables, from which everything else here is told, are not as the chain
    says. A broken chain is compared with nothing.
    """

    rows: int
    whole: bool
    broken: str | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """Everything recorded about one case, as of one moment."""

    case: CaseLine
    input: JSON
    text: str | None
    outcome: JSON
    unreadable: str | None
    arrivals: tuple[ArrivalOf, ...]
    steps: tuple[StepView, ...]
    decisions: tuple[DecisionView, ...]
    effects: tuple[EffectView, ...]
    reviews: tuple[CaseReview, ...]
    costs: tuple[CostLine, ...]
    revisions: tuple[str, ...]
    chain: ChainStatus
    events: tuple[Event, ...]
    price_coverage: float | None = None
    """The share of its model calls with a known price; None where no model was called."""


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """Everything recorded about one arrival but its original."""

    arrival: ArrivalLine
    reviews: tuple[CaseReview, ...]
    chain: ChainStatus
    events: tuple[Event, ...]

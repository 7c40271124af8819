"""Cases, arrivals, effects and undos as they go over the wire; ids are what people see (C-17)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue, StringConstraints

from bridgehead.api.declared import In, Out, Paged
from bridgehead.desk.cases import ArrivalState, CaseState, Outcome
from bridgehead.effects.states import EffectState
from bridgehead.errors import ErrorClass

Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Reason: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Amount: TypeAlias = Annotated[
    str, BeforeValidator(lambda value: format(value, "f") if isinstance(value, Decimal) else value)
]
"""A decimal number as text, so that no reader rounds it."""
CaseId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^C-[0-9]{1,18}$")]
EffectId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^E-[0-9]{1,18}$")]


class CasesQuery(Paged):
    """Which cases are meant; every part that is given has to fit."""

    deployment: Name | None = None
    key: Name | None = Field(
        default=None,
        description="One value of the business key, or of what a system answered, exactly, however it is spelled. Takes"
        " the right to see documents.",
    )
    customer: Name | None = Field(
        default=None,
        description="Words of the customer, all of which it has to have; case, accents and legal forms do not count."
        " Takes the right to see documents.",
    )
    state: CaseState | None = None
    outcome: Outcome | None = None
    error_class: ErrorClass | None = None
    amount_from: Decimal | None = Field(default=None, ge=0, max_digits=30, decimal_places=6, allow_inf_nan=False)
    amount_to: Decimal | None = Field(default=None, ge=0, max_digits=30, decimal_places=6, allow_inf_nan=False)
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None
    since: AwareDatetime | None = Field(default=None, description="Opened then or later.")
    until: AwareDatetime | None = Field(default=None, description="Opened before then.")


class CaseLineOut(Out):
    """One case in a list. ``waits`` says in words what it waits for.

    ``undone`` of its effects were taken back and ``standing`` were not; of these a plan has taken up ``undoing``.
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
    received_at: AwareDatetime
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    deadline_at: AwareDatetime | None
    waits: str | None
    served: bool
    rejected: bool
    acts_for: str | None
    amount: str | None
    currency: str | None
    customer: str | None
    number: str | None
    undone: int
    standing: int
    undoing: int


class CasesOut(Out):
    """A page of cases."""

    items: list[CaseLineOut]
    next: str | None


class StepOut(Out):
    """One recorded call; ``sources`` says where a read's values come from, ``tries`` which attempts failed before."""

    seq: int
    kind: str
    name: str
    branch: str
    ok: bool
    started_at: AwareDatetime
    duration_ms: float
    args: JsonValue
    result: JsonValue
    error: JsonValue
    effect: str | None
    input_tokens: int | None
    output_tokens: int | None
    unreadable: str | None
    sources: JsonValue
    digest: str
    read_again: str | None
    tries: JsonValue


class DecisionOut(Out):
    """What the gate said of one call, and why."""

    number: str
    tool: str
    verdict: str
    at: AwareDatetime
    reasons: JsonValue
    role: str | None
    policy_digest: str
    digest: str
    view: JsonValue
    unreadable: str | None


class EffectOut(Out):
    """One writing call and what became of it."""

    id: str
    tool: str
    state: str
    level: str
    attempt: int
    args: JsonValue
    result: JsonValue
    decision: int | None
    superseded_by: str | None
    proposed_at: AwareDatetime
    settled_at: AwareDatetime | None
    unreadable: str | None
    digest: str


class CaseReviewOut(Out):
    """One piece of human work about a case or an arrival."""

    id: str
    kind: str
    role: str
    state: str
    error_class: str | None
    effect: str | None
    shown: JsonValue
    digest: str | None
    answer: JsonValue
    opened_at: AwareDatetime
    decided_at: AwareDatetime | None
    decided_by: str | None
    minutes: float | None
    used: bool
    unreadable: str | None
    due_at: AwareDatetime | None


class CostOut(Out):
    """One entry of the books; ``amount`` null is unknown, which is not zero."""

    kind: str
    name: str
    amount: str | None
    currency: str | None
    input_tokens: int | None
    output_tokens: int | None
    minutes: float | None
    at: AwareDatetime


class ArrivalOfOut(Out):
    """An arrival of a case: opened it, was the same again, or revised it."""

    id: str
    relation: str
    source: str
    name: str
    size_bytes: int
    received_at: AwareDatetime
    submitted_by: str | None


class ChainOut(Out):
    """Whether the record is as it was linked, and the tables are as it says."""

    rows: int
    whole: bool
    broken: str | None
    differences: Annotated[list[str], BeforeValidator(lambda found: [str(one) for one in found])]


class EventOut(Out):
    """One row of the record, without its commitments."""

    seq: int
    at: str
    kind: str
    actor: str
    refs: dict[str, JsonValue]


class CaseOut(Out):
    """Everything recorded about one case, as of one moment."""

    case: CaseLineOut
    input: JsonValue
    text: str | None
    outcome: JsonValue
    unreadable: str | None
    arrivals: list[ArrivalOfOut]
    steps: list[StepOut]
    decisions: list[DecisionOut]
    effects: list[EffectOut]
    reviews: list[CaseReviewOut]
    costs: list[CostOut]
    revisions: list[str]
    chain: ChainOut
    events: list[EventOut]
    price_coverage: float | None


class ExplainTable(Out):
    """A table that sentences speak of."""

    columns: list[str]
    rows: list[list[str]]


class ExplainBlock(Out):
    """Lines as they stand somewhere, under a caption."""

    caption: str
    lines: list[str]


class ExplainSection(Out):
    """Sentences under one heading."""

    title: str
    sentences: list[str]
    tables: list[ExplainTable]
    blocks: list[ExplainBlock]


class ExplainOut(Out):
    """What happened and why, in sentences, from the record alone."""

    about: str
    sections: list[ExplainSection]


class ArrivalsQuery(Paged):
    """Which arrivals are meant."""

    deployment: Name | None = None
    state: ArrivalState | None = None
    find: Name | None = Field(
        default=None,
        description="Of those that opened no case: words of the name, or of a mail's sender or subject. Takes the right"
        " to see documents.",
    )


class ArrivalLineOut(Out):
    """One arrival and what it became."""

    id: str
    deployment: str
    source: str
    name: str
    size_bytes: int
    state: str
    received_at: AwareDatetime
    settled_at: AwareDatetime | None
    cases: list[str]
    reviews: list[str]
    submitted_by: str | None
    sender: str | None
    subject: str | None


class ArrivalsOut(Out):
    """A page of arrivals."""

    items: list[ArrivalLineOut]
    next: str | None


class ArrivalOut(Out):
    """Everything recorded about one arrival but its original."""

    arrival: ArrivalLineOut
    reviews: list[CaseReviewOut]
    chain: ChainOut
    events: list[EventOut]


class SubmitQuery(In):
    """What is handed in, and for whom."""

    deployment: Name
    name: Name = Field(description="What the document is called; its ending tells its format: order.eml.")
    on_behalf: bool = Field(
        default=False, description="Its cases act for the token's owner, not with the deployment's own authority."
    )


class SubmittedOut(Out):
    """A document that is stored durably. ``known``: it was, under this name and with this content."""

    arrival: str
    deployment: str
    name: str
    known: bool


class EffectsQuery(Paged):
    """Which effects are meant."""

    deployment: Name | None = None
    tool: Name | None = None
    state: EffectState | None = None
    case: CaseId | None = None


class EffectLineOut(Out):
    """One effect in a list; unknown ones come first. ``undo`` is the plan that has taken it up.

    ``lasting`` says why it can never be undone (``irreversible``, ``no_undo``); what it is about is what its case is.
    """

    id: str
    case: str
    deployment: str
    tool: str
    state: str
    level: str
    attempt: int
    proposed_at: AwareDatetime
    settled_at: AwareDatetime | None
    settles_from: AwareDatetime | None
    review: str | None
    undo: str | None
    lasting: str | None
    customer: str | None
    number: str | None
    amount: str | None
    currency: str | None


class EffectsOut(Out):
    """A page of effects."""

    items: list[EffectLineOut]
    next: str | None


class EffectWholeOut(Out):
    """One effect with what was decided of it and what its case's record says of it."""

    line: EffectLineOut
    effect: EffectOut
    decision: DecisionOut | None
    events: list[EventOut]
    hindrance: str | None


class UndoScopeIn(In):
    """Which effects an undo is about: case, effect, tool or release is needed, and all that is given has to fit."""

    case: CaseId | None = None
    effect: EffectId | None = None
    tool: Name | None = None
    release: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    deployment: Name | None = None
    since: AwareDatetime | None = Field(default=None, description="Settled then or later.")
    until: AwareDatetime | None = Field(default=None, description="Settled then or before.")
    unchecked: bool = Field(default=False, description="Also what nobody can read back: a change since would be lost.")


class UndoIn(UndoScopeIn):
    """An undo that is carried out."""

    reason: Reason
    expected: int | None = Field(default=None, ge=0, description="How many effects the preview said would be undone.")


class AboutOut(Out):
    """Whom and what a case is about, and the money; null where it does not say."""

    customer: str | None
    number: str | None
    amount: str | None
    currency: str | None


class FateOut(Out):
    """What would become of one effect; ``goes`` null: nobody has looked."""

    effect: str
    case: str
    tool: str
    state: str
    at: AwareDatetime | None
    args: JsonValue
    goes: bool | None
    why: str | None
    told: str
    unseen: str
    undo: str | None
    case_open: bool
    about: AboutOut


class PreviewOut(Out):
    """What an undo would do, as of ``until``."""

    deployment: str
    until: AwareDatetime
    looked: bool
    going: int
    effects: list[FateOut]
    open: list[str]


class UndoneItemOut(Out):
    """One effect of a plan: planned, intended, unknown, undone, or left, then with why."""

    effect: str
    case: str
    tool: str
    state: str
    why: str | None
    told: str
    review: str | None
    args: JsonValue
    about: AboutOut


class UndoOut(Out):
    """A plan of undoing; ``finished_at`` null: a worker goes on with it."""

    id: str
    deployment: str
    scope: str
    by: str
    reason: str
    made_at: AwareDatetime
    finished_at: AwareDatetime | None
    items: list[UndoneItemOut]

"""What the life of a case needs from outside: a store that commits fenced, and a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from bridgehead.cases.writes import StepKind, Write
from bridgehead.effects.states import EffectState
from bridgehead.errors import BridgeheadError, Failed
from bridgehead.gate.grants import Delegation
from bridgehead.gate.labels import Labels
from bridgehead.gate.model import Call, Decision, Level, View
from bridgehead.gate.provenance import Watch
from bridgehead.ids import CaseId, WorkerId
from bridgehead.ledger.vault import DataKey
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write to one case until somebody raises its epoch."""

    case_id: CaseId
    epoch: int
    worker_id: WorkerId
    deployment: str
    release: bytes
    level: Level
    key: DataKey


@dataclass(frozen=True, slots=True)
class StepRow:
    """A recorded step as the journal reads it. ``age_s``: how long ago it began, when the journal was loaded."""

    seq: int
    kind: StepKind
    branch: str
    name: str
    digest: bytes
    occurrence: int
    ok: bool
    payload: Mapping[str, JSON]
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect as a segment finds it. ``seconds_left``: until absence may be believed (≤ 0: from now on)."""

    id: int
    tool: str
    key: bytes
    digest: bytes
    branch: str
    occurrence: int
    state: EffectState
    attempt: int
    args: Mapping[str, JSON]
    result: Mapping[str, JSON] | None
    seconds_left: float
    superseded_by: int | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything a segment starts from, read once."""

    input: JSON
    text: str
    revision: int
    revises: CaseId | None
    now: datetime
    deadline_at: datetime | None
    steps: Sequence[StepRow]
    effects: Sequence[EffectRow]
    reviews: Sequence[Review]
    spent: Mapping[str, Decimal]
    worked_s: float = 0.0
    """How long the agent has worked on the case in earlier segments, where its deployment limits that."""
    grant: Delegation | str | None = None
    """For whom it acts, and within what; a text says why that does not count. None: nobody opened it."""
    narrowed: int = 0
    """How often its grant had been narrowed."""


class KeyTaken(BridgeheadError):
    """Another live effect holds the key; the commit wrote nothing."""

    code = "effect.key_taken"


class CaseStore(Protocol):
    """Fenced reading and writing of claimed cases."""

    async def load(self, claim: Claim) -> Loaded:
        """Returns the case, its journal, effects and reviews; raises LeaseLost when the claim is over."""
        ...

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Writes all or nothing, fenced by the claim's epoch; returns the ids behind tokens.

        Raises LeaseLost when the claim is over (nothing was written), KeyTaken when an
        EffectOpen or EffectMove to ``intended`` meets a live effect with the same key, and
        Unavailable when the database cannot say whether the commit happened.
        """
        ...


class Revisions(Protocol):
    """Knows the other revisions of a case: the cases with its business key."""

    async def earlier_s(self, case_id: CaseId) -> float | None:
        """Returns after how many seconds to look again for an older revision that still acts; None: none does.

        One acts that is due, runs, comes again by itself, or has an effect that is not settled.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked outside of an agent's turns: instructions, data, and the JSON Schema of the answer."""

    instructions: str
    text: str
    schema: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model answered: JSON that meets the schema, the id of the model, and its tokens, None where unknown."""

    value: JSON
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None


class Models(Protocol):
    """The models of a deployment, asked once each time."""

    async def answer(self, name: str, question: Question, wrong: Failed | None = None) -> Answered:
        """Returns what the model of an entry under ``models`` answers; raises Failed.

        ``wrong``: it was asked before, and this is what was wrong with its answer.
        """
        ...


class Decider(Protocol):
    """The gate, as a case needs it."""

    @property
    def heeds_facts(self) -> bool:
        """Whether any decision rests on what the case has read."""
        ...

    @property
    def case_labels(self) -> Labels:
        """What the fields of a case's input are worth."""
        ...

    @property
    def written_labels(self) -> Labels:
        """The same where a signed-in user wrote the input."""
        ...

    def watch(self, tool: str) -> Watch:
        """Returns what is traced for the calls of a tool."""
        ...

    def decide(self, call: Call, view: View) -> Decision:
        """Returns allow, hold or deny, with reasons; never raises for a bad call."""
        ...

    @property
    def heeds_windows(self) -> frozenset[str]:
        """What a policy reads of a tool's last day or minute, over all cases: ``calls_day``."""
        ...

    @property
    def heeds_history(self) -> bool:
        """Whether a decision may rest on what the case has done so far."""
        ...

    def decide_undo(self, call: Call, view: View, *, by: str) -> Decision:
        """Returns whether an operator may take the effect of a call back: allow or deny, with reasons."""
        ...

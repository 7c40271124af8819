"""What the life of a case needs from outside: a store that commits fenced, and a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from bridgehead.cases.writes import StepKind, Write
from bridgehead.effects.states import EffectState
from bridgehead.errors import BridgeheadError
from bridgehead.gate.model import Call, Decision, Level, View
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


class Decider(Protocol):
    """The gate, as a case needs it."""

    def decide(self, call: Call, view: View) -> Decision:
        """Returns allow, hold or deny, with reasons; never raises for a bad call."""
        ...

    def decide_undo(self, call: Call, view: View, *, by: str) -> Decision:
        """Returns whether an operator may take the effect of a call back: allow or deny, with reasons."""
        ...

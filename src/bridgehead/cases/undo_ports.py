"""What undoing needs from outside: effects in a scope, a plan that is carried out by one at a time, the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridgehead.cases.writes import DecisionWrite
from bridgehead.costs.meter import Cost
from bridgehead.effects.states import EffectState
from bridgehead.effects.undoing import Left, UndoState
from bridgehead.errors import BridgeheadError
from bridgehead.spec.tool import JSON


class UndoLost(BridgeheadError):
    """Somebody else carries the plan out, or it is finished; nothing was written."""

    code = "undo.lost"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which effects are meant; every part that is given has to fit.

    ``since`` and ``until`` are moments of the database's clock, both included: when an effect was settled, or
    proposed where it is not settled.
    """

    deployment: str
    case_id: int | None = None
    release: str | None = None
    tool: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    """The scope as it was asked for."""


@dataclass(frozen=True, slots=True)
class Done:
    """An effect in a scope: what it did, under which release's descriptor, and where its case stands.

    ``under`` is the plan that has taken it up or has undone it; ``unreadable`` says why its payloads do
    not open (then ``args`` and ``result`` are empty). ``result`` is what the tool answered, ``image`` how the record
    looked when it was read back right after (None: it was not, empty: ``verify`` returns no record). ``stamped``
    False: a later effect of its case was taken back, which moved the record's version.
    """

    effect_id: int
    case_id: int
    deployment: str
    release: str
    tool: str
    key: bytes
    digest: bytes
    occurrence: int
    state: EffectState
    args: Mapping[str, JSON]
    result: JSON
    image: Mapping[str, JSON] | None
    stamped: bool
    at: datetime | None
    case_state: str
    level: str
    then: Mapping[str, JSON]
    rule: str | None
    object: bytes
    under: int | None = None
    unreadable: str = ""

    def meets(self, other: Done) -> bool:
        """Whether the two are about one thing or of one case, so that they are taken back in their order."""
        return self.case_id == other.case_id or self.object == other.object


@dataclass(frozen=True, slots=True)
class UndoItem:
    """One effect of a plan, as it stands. ``seconds_left``: until what is read back counts (≤ 0: from now on)."""

    place: int
    state: UndoState
    attempt: int
    why: str
    seconds_left: float
    done: Done
    detail: Mapping[str, JSON] | None = None
    review_id: int | None = None


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """A plan: who made it and why, and its effects in the order in which they are taken back."""

    id: int
    deployment: str
    scope: str
    by: str
    reason: str
    unchecked: bool
    made_at: datetime
    finished_at: datetime | None
    items: Sequence[UndoItem]


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to carry out one plan until somebody raises its epoch."""

    undo_id: int
    epoch: int
    actor: str
    connection: object


@dataclass(frozen=True, slots=True)
class UndoMove:
    """A further state of one item, with what is recorded of it.

    ``again``: the attempt surely did not happen, and the item is planned once more. ``settle_s`` counts from
    the commit.
    """

    after: UndoState
    why: Left | None = None
    detail: Mapping[str, JSON] | None = None
    decision: DecisionWrite | None = None
    cost: Cost | None = None
    settle_s: float | None = None
    again: bool = False


class UndoStore(Protocol):
    """Plans of undoing, fenced like cases."""

    async def effects(self, scope: Scope) -> Sequence[Done]:
        """Returns the committed, undone and unsettled effects of a scope, the last one first."""
        ...

    async def make(
        self, scope: Scope, chosen: Sequence[tuple[Done, Left | None]], *, by: str, reason: str, unchecked: bool
    ) -> int | None:
        """Makes a plan; effects that another plan has taken up are not in it. None: all of them are."""
        ...

    async def plan(self, undo_id: int) -> UndoPlan:
        """Returns a plan; raises UserError for an unknown one."""
        ...

    async def unfinished(self, deployments: Sequence[str]) -> Sequence[int]:
        """Returns the plans that nobody has finished, oldest first."""
        ...

    async def take(self, undo_id: int, *, actor: str) -> Hold | None:
        """Takes a plan over from whoever died with it; None when somebody alive has it, or it is finished."""
        ...

    async def let_go(self, hold: Hold) -> None:
        """Gives the plan up: the next one may take it at once."""
        ...

    async def move(self, hold: Hold, item: UndoItem, move: UndoMove) -> UndoItem:
        """Moves one item with its ledger rows in one commit and returns it; raises UndoLost when the hold is over."""
        ...

    async def finish(self, hold: Hold, role: str) -> None:
        """Opens the reviews of what is left, one for each case, and closes the plan; raises UndoLost."""
        ...

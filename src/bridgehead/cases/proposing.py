"""One writing call on its way, and how it is recorded: as an effect, as work for a person, as a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bridgehead import clock
from bridgehead.cases.allowing import Taken
from bridgehead.cases.approving import review_open
from bridgehead.cases.ports import EffectRow
from bridgehead.cases.segment import Segment
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.turns import Place
from bridgehead.cases.writes import EffectOpen, ReviewOpen, StepWrite
from bridgehead.effects.settle import settle_after_s
from bridgehead.effects.states import EffectState
from bridgehead.gate.model import Decision
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON


@dataclass(frozen=True, slots=True)
class Proposal:
    """One writing call on its way: its arguments, its key and its place."""

    bound: BoundTool
    args: Mapping[str, JSON]
    digest: bytes
    key: bytes
    occurrence: int
    branch: str
    repeats: int
    attempt: int = 1
    place: Place | None = None
    taken: Taken = field(default_factory=Taken)


class Proposing:
    """Makes the records of one segment's writing calls."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    def open(self, proposal: Proposal, state: EffectState, decision: str) -> EffectOpen:
        """Returns the effect of a call in its first state; ``decision`` is the token of its decision."""
        return EffectOpen(
            token=self._segment.token(),
            tool=proposal.bound.tool.name,
            key=proposal.key,
            digest=proposal.digest,
            branch=proposal.branch,
            occurrence=proposal.occurrence,
            state=state,
            args=proposal.args,
            decision=decision,
            attempt=proposal.attempt,
        )

    def review(
        self,
        proposal: Proposal,
        decision: Decision,
        effect: int | str,
        *,
        conflict: str = "",
        first: Review | None = None,
    ) -> ReviewOpen:
        """Returns the work for whoever decides about a call; ``first`` is the approval it already has."""
        args, digest = proposal.args, proposal.digest
        return review_open(
            self._segment, proposal.bound, args, digest, decision, effect=effect, conflict=conflict, first=first
        )

    def step(self, proposal: Proposal, number: int, *, ok: bool, started_at: object, started: float) -> StepWrite:
        """Returns the step of an effect that was sent."""
        return StepWrite(
            kind="effect",
            branch=proposal.branch,
            name=proposal.bound.tool.name,
            digest=proposal.digest,
            occurrence=proposal.occurrence,
            ok=ok,
            payload={"effect": number},
            started_at=started_at,  # type: ignore[arg-type]  # a datetime, passed through
            duration_ms=(clock.perf_s() - started) * 1000,
        )

    def keep(
        self, proposal: Proposal, number: int, state: EffectState, result: Mapping[str, JSON] | None = None
    ) -> EffectRow:
        """Keeps a committed state of an effect in the journal, and returns it."""
        tool = proposal.bound.tool
        row = EffectRow(
            id=number,
            tool=tool.name,
            key=proposal.key,
            digest=proposal.digest,
            branch=proposal.branch,
            occurrence=proposal.occurrence,
            state=state,
            attempt=proposal.attempt,
            args=proposal.args,
            result=result,
            seconds_left=settle_after_s(tool, self._segment.bench.send_s),
            superseded_by=None,
        )
        self._segment.journal.put_effect(row)
        return row

    def replaced(self, row: EffectRow | None, by: int) -> None:
        """Notes which effect stands in the place of another."""
        if row is not None:
            self._segment.journal.put_effect(replace(row, state="superseded", superseded_by=by))

    def mark(self, row: EffectRow) -> None:
        """Remembers what stands for the result of a virtual effect."""
        if row.state == "virtual":
            self._segment.virtual_marks.add(f"virtual-{row.key.hex()[:12]}")

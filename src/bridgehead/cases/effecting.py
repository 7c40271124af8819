"""A writing call: recorded before it is sent, sent at most once, settled after (D5)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from bridgehead import points
from bridgehead.cases.allowing import taken
from bridgehead.cases.authority import ended
from bridgehead.cases.deciding import decide, decision_write, refusal_code, remedy
from bridgehead.cases.failures import failure_from
from bridgehead.cases.limits import repeated
from bridgehead.cases.ports import EffectRow
from bridgehead.cases.proposing import Proposal, Proposing
from bridgehead.cases.refreshing import ReadAgain, refreshed
from bridgehead.cases.resuming import Resuming
from bridgehead.cases.segment import BRANCH, Segment
from bridgehead.cases.sending import Sending
from bridgehead.cases.settling import Settling
from bridgehead.cases.stopping import heed
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.turns import Turns
from bridgehead.cases.virtual import placeholder
from bridgehead.cases.writes import EffectMove
from bridgehead.effects.keys import effect_key
from bridgehead.effects.settle import settle_after_s
from bridgehead.effects.states import LIVE, UNFINISHED
from bridgehead.errors import Failed, Refused
from bridgehead.gate.model import Decision
from bridgehead.gate.redaction import blacked_out
from bridgehead.spec.tool import JSON


class Effecting:
    """Performs the effects of one segment."""

    def __init__(self, segment: Segment, read_again: ReadAgain) -> None:
        self._segment, self._read_again = segment, read_again
        self._under_way: dict[tuple[str, bytes, int], asyncio.Lock] = {}
        self._turns = Turns(segment)
        self._records = Proposing(segment)
        self._sending = Sending(segment, self._records, Settling(segment), self._hold)
        self._resuming = Resuming(segment, self._records, self._turns, self._sending, read_again)

    async def perform(self, bound: BoundTool, args: Mapping[str, JSON], digest: bytes) -> JSON:
        """Returns the effect's result as JSON: recorded, virtual, or of the one send it gets."""
        segment, tool = self._segment, bound.tool
        key = effect_key(segment.bench.hmac, segment.bench.deployment.name, tool, args)
        occurrence = segment.journal.effect_occurrence(tool.name, key, repeatable=tool.repeatable)
        repeats = segment.journal.count_call(tool.name, digest)
        lock = self._under_way.setdefault((tool.name, key, occurrence), asyncio.Lock())
        # One call at a time under a key: a parallel twin finds what the first one recorded.
        with self._turns.place(tool, args) as place:
            proposal = Proposal(bound, args, digest, key, occurrence, BRANCH.get(), repeats, place=place)
            return await self._one_at_a_time(lock, proposal)

    async def _one_at_a_time(self, lock: asyncio.Lock, proposal: Proposal) -> JSON:
        segment, name = self._segment, proposal.bound.tool.name
        async with lock:
            segment.check_open()
            row = segment.journal.effect(name, proposal.key, proposal.occurrence, proposal.digest)
            if row is None:
                return await self._propose(proposal)
            if refused := repeated(segment, name, proposal.repeats):
                raise refused
            return await self._meet(proposal, row)

    async def _meet(self, proposal: Proposal, row: EffectRow) -> JSON:
        """Returns what a recorded effect with this key means for this call."""
        if row.digest != proposal.digest:
            if row.state in LIVE:
                return await self._propose(proposal, conflict=row)
            return await self._propose(proposal)
        row = self._segment.journal.follow(row)
        # What stands in its place may have other arguments: an edit. Those are approved and sent, no others.
        if row.digest != proposal.digest:
            proposal = replace(proposal, repeats=self._segment.journal.count_call(row.tool, row.digest))
        proposal = replace(proposal, args=row.args, digest=row.digest, key=row.key)
        recorded = row.result or {}
        if row.state in UNFINISHED or recorded.get("again"):
            await self._segment.fresh()
        match row.state:
            case "committed" | "virtual":
                self._records.mark(row)
                return recorded["result"]
            case "undone":
                raise Failed(f"{row.tool} was undone", error_class="conflict", applied=False)
            case "failed" if recorded.get("again"):
                return await self._propose(replace(proposal, attempt=row.attempt + 1))
            case "failed":
                raise failure_from(recorded)
            case "denied" | "cancelled":
                raise Refused(str(recorded.get("message", f"{row.tool} was refused")), code=str(recorded.get("code")))
            case "held":
                return await self._resuming.resume(proposal, row)
            case _:  # intended or unknown: a segment starts by settling these, so this one cannot go on
                raise self._segment.wait(wake_after_s=max(row.seconds_left, 0.1))

    async def _propose(self, proposal: Proposal, conflict: EffectRow | None = None) -> JSON:
        segment, bound = self._segment, proposal.bound
        await segment.fresh()
        await segment.replayed()
        await self._turns.come(proposal.place)
        await heed(segment, bound)
        await refreshed(segment, bound.tool, proposal.args, self._read_again)
        proposal = replace(proposal, args=segment.knowing.redacted(bound.tool, proposal.args))
        async with taken(segment, bound, proposal.args) as share:
            return await self._decided(replace(proposal, taken=share), conflict)

    async def _decided(self, proposal: Proposal, conflict: EffectRow | None) -> JSON:
        segment, bound, share = self._segment, proposal.bound, proposal.taken
        decision = decide(segment, bound, proposal.args, proposal.digest, proposal.repeats, history=share.history)
        proposal = replace(proposal, args=blacked_out(proposal.args, decision.redact))
        if segment.shadow and (decision.verdict != "deny" or not self._listed(bound)):
            return await self._virtual(proposal, decision)
        if decision.verdict == "deny":
            return await self._deny(proposal, decision)
        if conflict is not None:
            return await self._hold(proposal, decision, conflict=f"E-{conflict.id} has the same key, other arguments")
        if decision.verdict == "hold":
            return await self._hold(proposal, decision)
        verdict = decision_write(segment, bound.tool.name, proposal.digest, decision)
        opened = replace(
            self._records.open(proposal, "intended", verdict.token),
            send_s=segment.bench.send_s,
            settle_s=settle_after_s(bound.tool, segment.bench.send_s),
        )
        return await self._sending.intend(proposal, decision, (verdict, opened), opened.token)

    async def _deny(self, proposal: Proposal, decision: Decision) -> JSON:
        segment, name = self._segment, proposal.bound.tool.name
        message = f"{name}: {decision.short()}"
        verdict = decision_write(segment, name, proposal.digest, decision)
        recorded: dict[str, JSON] = {"message": message, "code": refusal_code(decision)}
        opened = replace(self._records.open(proposal, "denied", verdict.token), result=recorded)
        tokens = await segment.commit(verdict, opened)
        self._records.keep(proposal, tokens[opened.token], "denied", recorded)
        over = ended(segment, proposal.bound.tool.name, decision)
        raise over or Refused(message, code=refusal_code(decision), hint=remedy(decision))

    async def _hold(
        self, proposal: Proposal, decision: Decision, conflict: str = "", replaces: EffectRow | None = None
    ) -> JSON:
        """Opens work for a person; the segment ends and no worker waits."""
        segment = self._segment
        if decision.verdict == "allow":  # a conflict: it is decided anew once a person has looked
            segment.release(proposal.bound.tool.cost)
        verdict = decision_write(segment, proposal.bound.tool.name, proposal.digest, decision)
        opened = self._records.open(proposal, "held", verdict.token)
        review = self._records.review(proposal, decision, opened.token, conflict=conflict)
        points.reach("effects.hold.before")
        if replaces is None:
            await segment.commit(verdict, opened, review)
        else:
            moved = EffectMove(replaces.id, "held", "superseded")
            await segment.commit(verdict, moved, replace(opened, supersedes=replaces.id), review)
        points.reach("effects.hold.after")
        raise segment.wait(stop_clock=True)

    async def _virtual(self, proposal: Proposal, decision: Decision) -> JSON:
        segment, bound = self._segment, proposal.bound
        if bound.preview is not None:
            result = bound.dump_result(await bound.preview(args=dict(proposal.args)))
        else:
            result = self._placeholder(bound, f"virtual-{proposal.key.hex()[:12]}")
        verdict = decision_write(segment, bound.tool.name, proposal.digest, decision)
        recorded: dict[str, JSON] = {"result": result, "would": decision.verdict, "role": decision.role}
        opened = replace(self._records.open(proposal, "virtual", verdict.token), result=recorded)
        tokens = await segment.commit(verdict, opened)
        row = self._records.keep(proposal, tokens[opened.token], "virtual", recorded)
        segment.knowing.effect(row)
        self._records.mark(row)
        return result

    def _placeholder(self, bound: BoundTool, mark: str) -> JSON:
        """Returns a result of the tool's type that carries the mark; where none fits, the case ends here.

        What a type writes is tried first, then what it reads: a Decimal is written as any text.
        """
        try:
            return bound.dump_result(placeholder(bound.result_schema, mark=mark))
        except ValidationError:
            pass
        try:
            return bound.dump_result(placeholder(bound.result.json_schema(), mark=mark))
        except ValidationError:
            raise self._segment.hand_over(
                "out_of_scope",
                f"{bound.tool.name} declares no preview, and no placeholder fits its result.",
                not_comparable=True,
            ) from None

    def _listed(self, bound: BoundTool) -> bool:
        """Whether the operator has a rule for the tool; in shadow one without is virtual, elsewhere denied."""
        return bound.tool.name in self._segment.bench.deployment.tools

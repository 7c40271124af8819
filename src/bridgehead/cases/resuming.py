"""A held call is met again: a person approved, changed or rejected it, and the gate decides once more."""

from __future__ import annotations

from dataclasses import replace

from bridgehead.cases.allowing import taken
from bridgehead.cases.approving import REJECTED, RETURNED, approval_of, approvals, edited, rejection, returned
from bridgehead.cases.authority import ended
from bridgehead.cases.deciding import as_approved, decide, decision_write, refusal_code, remedy
from bridgehead.cases.ports import EffectRow
from bridgehead.cases.proposing import Proposal, Proposing
from bridgehead.cases.refreshing import ReadAgain, refreshed
from bridgehead.cases.segment import Segment
from bridgehead.cases.sending import Sending
from bridgehead.cases.stopping import heed
from bridgehead.cases.turns import Turns
from bridgehead.cases.writes import EffectMove, Note, ReviewUse
from bridgehead.effects.keys import args_digest, effect_key
from bridgehead.effects.settle import settle_after_s
from bridgehead.effects.states import EffectState
from bridgehead.errors import Refused
from bridgehead.gate.model import Approval
from bridgehead.reviews.model import Review, approval_expired
from bridgehead.spec.tool import JSON


class Resuming:
    """Goes on with the held effects of one segment."""

    def __init__(
        self, segment: Segment, records: Proposing, turns: Turns, sending: Sending, read_again: ReadAgain
    ) -> None:
        self._segment, self._records, self._turns = segment, records, turns
        self._sending, self._read_again = sending, read_again

    async def resume(self, proposal: Proposal, row: EffectRow) -> JSON:
        """A held effect is met again: nothing decided yet, or the gate decides again with the approval."""
        segment, review = self._segment, self._segment.journal.review_of(row.id)
        if review is None or review.state == "open":
            raise segment.wait(stop_clock=True)
        who = review.decided_by or "a person"
        match review.state:
            case "approved":
                return await self._approved(proposal, row, review)
            case "edited":
                return await self._edited(proposal, row, review, who)
            case "rejected":
                await self._not_made(row, rejection(row.tool, review), REJECTED)
            case "returned":
                await self._not_made(row, returned(row.tool, review), RETURNED)
        raise segment.wait(stop_clock=True)

    async def _not_made(self, row: EffectRow, message: str, code: str) -> None:
        """Records that a person would not have the call, and raises Refused; every replay meets the record."""
        segment = self._segment
        recorded: dict[str, JSON] = {"message": message, "code": code}
        await segment.replayed()
        await segment.commit(EffectMove(row.id, "held", "cancelled", recorded))
        segment.journal.put_effect(replace(row, state="cancelled", result=recorded))
        raise Refused(message, code=code)

    async def _approved(self, proposal: Proposal, row: EffectRow, review: Review) -> JSON:
        segment, bound = self._segment, proposal.bound
        await segment.replayed()
        await self._turns.come(proposal.place)
        await heed(segment, bound)
        await refreshed(segment, bound.tool, row.args, self._read_again)
        async with taken(segment, bound, row.args) as share:
            return await self._decided_again(replace(proposal, taken=share), row, review)

    async def _decided_again(self, proposal: Proposal, row: EffectRow, review: Review) -> JSON:
        segment, bound, share = self._segment, proposal.bound, proposal.taken
        reviews = approvals(segment, review)
        approval, first = approval_of(segment, reviews), reviews[0]
        decision = decide(segment, bound, row.args, row.digest, proposal.repeats, approval, share.history)
        decision = as_approved(decision, row.args)
        verdict = decision_write(segment, row.tool, row.digest, decision)
        if decision.verdict == "deny":
            segment.release(None)  # as a rejected call, it leaves no step
            message = f"{row.tool}: {decision.short()}"
            recorded: dict[str, JSON] = {"message": message, "code": refusal_code(decision)}
            await segment.commit(verdict, EffectMove(row.id, "held", "cancelled", recorded, decision=verdict.token))
            segment.journal.put_effect(replace(row, state="cancelled", result=recorded))
            over = ended(segment, row.tool, decision)
            raise over or Refused(message, code=refusal_code(decision), hint=remedy(decision))
        if decision.verdict == "hold":
            await segment.commit(verdict, self._records.review(proposal, decision, row.id, first=first))
            raise segment.wait(stop_clock=True)
        move = EffectMove(
            row.id,
            "held",
            "intended",
            decision=verdict.token,
            send_s=segment.bench.send_s,
            settle_s=settle_after_s(bound.tool, segment.bench.send_s),
        )
        uses = tuple(ReviewUse(one.id) for one in reviews)
        return await self._sending.intend(proposal, decision, (verdict, move, *uses), row.id)

    async def _edited(self, proposal: Proposal, row: EffectRow, review: Review, who: str) -> JSON:
        """A person changed the arguments: a new effect under their own key takes the held one's place."""
        segment, bound = self._segment, proposal.bound
        args = edited(segment, bound, review)
        await segment.replayed()
        await self._turns.come(proposal.place)
        await heed(segment, bound)
        await refreshed(segment, bound.tool, args, self._read_again)
        async with taken(segment, bound, args) as share:
            return await self._decided_edit(replace(proposal, args=args, taken=share), row, review, who)

    async def _decided_edit(self, proposal: Proposal, row: EffectRow, review: Review, who: str) -> JSON:
        segment, bound, args = self._segment, proposal.bound, proposal.args
        digest = args_digest(segment.bench.hmac, bound.tool.name, args)
        key = effect_key(segment.bench.hmac, segment.bench.deployment.name, bound.tool, args)
        repeats = proposal.repeats if digest == row.digest else segment.journal.count_call(row.tool, digest)
        changed = replace(proposal, digest=digest, key=key, repeats=repeats)
        approval = Approval(review.id, digest, who, approval_expired(review, segment.loaded.now), review.used)
        decision = decide(segment, bound, args, digest, repeats, approval, proposal.taken.history)
        decision = as_approved(decision, args)
        verdict = decision_write(segment, bound.tool.name, digest, decision)
        state: EffectState = {"allow": "intended", "hold": "held", "deny": "denied"}[decision.verdict]  # type: ignore[assignment]  # three literals
        opened = replace(self._records.open(changed, state, verdict.token), supersedes=row.id)
        note = Note("effect.edited", {"effect": row.id, "by": who, "review": review.id})
        moved = EffectMove(row.id, "held", "superseded")
        if decision.verdict == "deny":
            message = f"{row.tool}, as edited by {who}: {decision.short()}"
            opened = replace(opened, result={"message": message, "code": refusal_code(decision)})
            tokens = await segment.commit(verdict, moved, opened, ReviewUse(review.id), note)
            self._records.keep(changed, tokens[opened.token], "denied", opened.result)
            self._records.replaced(row, tokens[opened.token])
            over = ended(segment, bound.tool.name, decision)
            raise over or Refused(message, code=refusal_code(decision), hint=remedy(decision))
        if decision.verdict == "hold":
            again = self._records.review(changed, decision, opened.token)
            await segment.commit(verdict, moved, opened, ReviewUse(review.id), again, note)
            raise segment.wait(stop_clock=True)
        opened = replace(opened, send_s=segment.bench.send_s, settle_s=settle_after_s(bound.tool, segment.bench.send_s))
        writes = (verdict, moved, opened, ReviewUse(review.id), note)
        return await self._sending.intend(changed, decision, writes, opened.token, replaces=row)

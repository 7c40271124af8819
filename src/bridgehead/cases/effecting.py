"""A writing call: recorded before it is sent, sent at most once, settled after (D5)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from bridgehead import clock, points
from bridgehead.cases.deciding import decide, decision_write, priced, refusal_code, remedy, timer_write
from bridgehead.cases.failures import failure, failure_from, failure_json
from bridgehead.cases.journal import REREAD
from bridgehead.cases.limits import repeated
from bridgehead.cases.ports import EffectRow, KeyTaken
from bridgehead.cases.segment import BRANCH, Segment
from bridgehead.cases.settling import Settling
from bridgehead.cases.stopping import heed, unstopped
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.turns import Place, Turns
from bridgehead.cases.virtual import placeholder
from bridgehead.cases.waits import admitted, may_wait, put_off, timed, wake_s
from bridgehead.cases.writes import EffectMove, EffectOpen, Note, ReviewOpen, ReviewUse, StepWrite, Write
from bridgehead.effects.keys import args_digest, effect_key, idempotency_key
from bridgehead.effects.settle import settle_after_s
from bridgehead.effects.states import LIVE, UNFINISHED, EffectState
from bridgehead.errors import Failed, LeaseLost, Refused, UserError
from bridgehead.gate.model import Approval, Decision
from bridgehead.resilience import deadline
from bridgehead.resilience.dependency import Call
from bridgehead.resilience.dispositions import disposition
from bridgehead.resilience.retry import spending
from bridgehead.reviews.model import Review, approval_expired
from bridgehead.spec.tool import JSON

REREADS: Final = 2
"""How often a case reads its facts again because a target refused what rested on them; then a person decides."""


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


class Effecting:
    """Performs the effects of one segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._settling = Settling(segment)
        self._under_way: dict[tuple[str, bytes, int], asyncio.Lock] = {}
        self._turns = Turns(segment)

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
                self._mark(row)
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
                return await self._resume(proposal, row)
            case _:  # intended or unknown: a segment starts by settling these, so this one cannot go on
                raise self._segment.wait(wake_after_s=max(row.seconds_left, 0.1))

    async def _propose(self, proposal: Proposal, conflict: EffectRow | None = None) -> JSON:
        segment, bound = self._segment, proposal.bound
        await segment.fresh()
        await segment.replayed()
        await self._turns.come(proposal.place)
        await heed(segment, bound)
        decision = decide(segment, bound, proposal.args, proposal.digest, proposal.repeats)
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
            self._open(proposal, "intended", verdict.token),
            send_s=segment.bench.send_s,
            settle_s=settle_after_s(bound.tool, segment.bench.send_s),
        )
        return await self._intend(proposal, decision, (verdict, opened), opened.token)

    async def _intend(
        self,
        proposal: Proposal,
        decision: Decision,
        writes: tuple[Write, ...],
        known: int | str,
        replaces: EffectRow | None = None,
    ) -> JSON:
        """Commits the intent, then sends. The boot clock is read before the commit, so ``send_by`` errs early."""
        segment, bound = self._segment, proposal.bound
        deadline.check(bound.tool.name)
        try:
            async with admitted(segment, bound, repeat=segment.journal.parked(bound.tool.name) > 0) as call:
                await unstopped(segment, bound)
                return await self._intended(proposal, decision, writes, known, replaces, call)
        except Failed as error:
            if error.attributes.get("put_off"):  # nothing was intended, nothing sent
                raise put_off(segment, bound, error) from None
            raise

    async def _intended(
        self,
        proposal: Proposal,
        decision: Decision,
        writes: tuple[Write, ...],
        known: int | str,
        replaces: EffectRow | None,
        call: Call,
    ) -> JSON:
        segment = self._segment
        send_by_s = clock.boot_s() + segment.bench.send_s
        points.reach("effects.intent.before")
        try:
            tokens = await segment.commit(*writes)
        except KeyTaken as taken:
            return await self._hold(proposal, decision, conflict=taken.message, replaces=replaces)
        number = known if isinstance(known, int) else tokens[known]
        self._keep(proposal, number, "intended")
        self._replaced(replaces, number)
        points.reach("effects.intent.after")
        return await self._send(proposal, number, send_by_s, call)

    async def _send(self, proposal: Proposal, number: int, send_by_s: float, call: Call) -> JSON:
        segment, bound = self._segment, proposal.bound
        started_at, started = clock.utc_now(), clock.perf_s()
        if segment.closed is not None and segment.closed.why == "lost":
            raise LeaseLost
        if clock.boot_s() >= send_by_s or (segment.closed is not None and segment.closed.why == "ended"):
            # Stopped between intent and send: a successor may have looked already. Nothing was sent.
            late = Failed("its moment to be sent had passed", error_class="transient", applied=False)
            return await self._failed(proposal, number, late, started_at=started_at, started=started)
        try:
            with spending(segment.bench.dependencies.of(bound.dependency).budget):
                key = idempotency_key(proposal.key, proposal.occurrence)
                points.reach("effects.send.before")
                result = await timed(bound.tool.timeout_s, bound.invoke(proposal.args, key=key))
                points.reach("effects.send.after")
        except Exception as error:  # noqa: BLE001  # the boundary to a tool's body: anything it raises is classified
            failed = failure(error)
            await call.ended(failed)
            if failed.applied is False:
                return await self._failed(proposal, number, failed, started_at=started_at, started=started)
            return await self._unknown(proposal, number, failed)
        await call.ended(None)
        points.reach("effects.settle.before")
        await segment.commit(
            EffectMove(number, "intended", "committed", {"result": result}),
            self._step(proposal, number, ok=True, started_at=started_at, started=started),
            *priced(bound),
        )
        points.reach("effects.settle.after")
        self._keep(proposal, number, "committed", {"result": result})
        return result

    async def _failed(
        self, proposal: Proposal, number: int, failed: Failed, *, started_at: object, started: float
    ) -> JSON:
        """Records a call that surely did not happen: to be made again later, or for good."""
        segment, name = self._segment, proposal.bound.tool.name
        segment.refund(proposal.bound.tool.cost)
        parked, reread = segment.journal.parked(name), segment.journal.parked(name + REREAD)
        refused = disposition(failed.error_class, is_effect=True) == "read_again"
        anew = refused and segment.journal.read_since_sent and reread < REREADS
        again = anew or may_wait(segment, proposal.bound, failed, parked)
        recorded = {**failure_json(failed), "again": again}
        writes: list[Write] = [EffectMove(number, "intended", "failed", recorded)]
        if anew:
            writes.append(timer_write(name + REREAD, reread, failed.error_class))
        elif again:
            writes.append(timer_write(name, parked, failed.error_class))
        else:
            writes.append(self._step(proposal, number, ok=False, started_at=started_at, started=started))
        points.reach("effects.settle.before")
        await segment.commit(*writes)
        points.reach("effects.settle.after")
        self._keep(proposal, number, "failed", recorded)
        if anew:  # what it rested on is read again, and the gate decides again
            raise segment.wait(wake_after_s=0.0)
        if refused and reread:
            raise segment.hand_over(
                failed.error_class, f"{name} was refused again after its facts were read anew: {failed.message}"
            )
        if again:
            raise segment.wait(wake_after_s=wake_s(segment, proposal.bound, failed, parked))
        raise failed

    async def _unknown(self, proposal: Proposal, number: int, failed: Failed) -> JSON:
        """The reply is lost: look once at once; anything but "found" waits, and the agent never sees it."""
        segment = self._segment
        points.reach("effects.settle.before")
        await segment.commit(EffectMove(number, "intended", "unknown", failure_json(failed)))
        points.reach("effects.settle.after")
        row = self._keep(proposal, number, "unknown", failure_json(failed))
        settled = await self._settling.settle(row)
        if settled is None:
            segment.check_open()
            raise segment.wait(wake_after_s=row.seconds_left)
        return settled.result

    async def _resume(self, proposal: Proposal, row: EffectRow) -> JSON:
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
                why = review.answer if isinstance(review.answer, str) and review.answer else "no reason given"
                message = f"{row.tool} was rejected by {who}: {why}"
                recorded: dict[str, JSON] = {"message": message, "code": "review.rejected"}
                await segment.replayed()
                await segment.commit(EffectMove(row.id, "held", "cancelled", recorded))
                segment.journal.put_effect(replace(row, state="cancelled", result=recorded))
                raise Refused(message, code="review.rejected")
            case _:
                raise segment.wait(stop_clock=True)

    async def _approved(self, proposal: Proposal, row: EffectRow, review: Review) -> JSON:
        segment, bound = self._segment, proposal.bound
        await segment.replayed()
        await self._turns.come(proposal.place)
        await heed(segment, bound)
        approval = Approval(
            review_id=review.id,
            args_digest=review.args_digest or b"",
            by=review.decided_by or "",
            valid_until_passed=approval_expired(review, segment.loaded.now),
            used=review.used,
        )
        decision = decide(segment, bound, row.args, row.digest, proposal.repeats, approval)
        verdict = decision_write(segment, row.tool, row.digest, decision)
        if decision.verdict == "deny":
            segment.release(None)  # as a rejected call, it leaves no step
            message = f"{row.tool}: {decision.short()}"
            recorded: dict[str, JSON] = {"message": message, "code": refusal_code(decision)}
            await segment.commit(verdict, EffectMove(row.id, "held", "cancelled", recorded, decision=verdict.token))
            segment.journal.put_effect(replace(row, state="cancelled", result=recorded))
            raise Refused(message, code=refusal_code(decision), hint=remedy(decision))
        if decision.verdict == "hold":
            await segment.commit(verdict, self._review(proposal, decision, row.id))
            raise segment.wait(stop_clock=True)
        move = EffectMove(
            row.id,
            "held",
            "intended",
            decision=verdict.token,
            send_s=segment.bench.send_s,
            settle_s=settle_after_s(bound.tool, segment.bench.send_s),
        )
        return await self._intend(proposal, decision, (verdict, move, ReviewUse(review.id)), row.id)

    async def _edited(self, proposal: Proposal, row: EffectRow, review: Review, who: str) -> JSON:
        """A person changed the arguments: a new effect under their own key takes the held one's place."""
        segment, bound = self._segment, proposal.bound
        answer = review.answer if isinstance(review.answer, Mapping) else {}
        edited = answer.get("args")
        try:
            args = bound.dump(edited if isinstance(edited, Mapping) else {})
        except UserError as error:
            raise segment.hand_over(
                "invalid_input", f"The edited arguments do not fit {row.tool}: {error.message}"
            ) from None
        await segment.replayed()
        await self._turns.come(proposal.place)
        await heed(segment, bound)
        digest = args_digest(segment.bench.hmac, bound.tool.name, args)
        key = effect_key(segment.bench.hmac, segment.bench.deployment.name, bound.tool, args)
        repeats = proposal.repeats if digest == row.digest else segment.journal.count_call(row.tool, digest)
        changed = replace(proposal, args=args, digest=digest, key=key, repeats=repeats)
        approval = Approval(review.id, digest, who, approval_expired(review, segment.loaded.now), review.used)
        decision = decide(segment, bound, args, digest, repeats, approval)
        verdict = decision_write(segment, bound.tool.name, digest, decision)
        state: EffectState = {"allow": "intended", "hold": "held", "deny": "denied"}[decision.verdict]  # type: ignore[assignment]  # three literals
        opened = replace(self._open(changed, state, verdict.token), supersedes=row.id)
        note = Note("effect.edited", {"effect": row.id, "by": who, "review": review.id})
        moved = EffectMove(row.id, "held", "superseded")
        if decision.verdict == "deny":
            message = f"{row.tool}, as edited by {who}: {decision.short()}"
            opened = replace(opened, result={"message": message, "code": refusal_code(decision)})
            tokens = await segment.commit(verdict, moved, opened, ReviewUse(review.id), note)
            self._keep(changed, tokens[opened.token], "denied", opened.result)
            self._replaced(row, tokens[opened.token])
            raise Refused(message, code=refusal_code(decision), hint=remedy(decision))
        if decision.verdict == "hold":
            again = self._review(changed, decision, opened.token)
            await segment.commit(verdict, moved, opened, ReviewUse(review.id), again, note)
            raise segment.wait(stop_clock=True)
        opened = replace(opened, send_s=segment.bench.send_s, settle_s=settle_after_s(bound.tool, segment.bench.send_s))
        writes = (verdict, moved, opened, ReviewUse(review.id), note)
        return await self._intend(changed, decision, writes, opened.token, replaces=row)

    async def _deny(self, proposal: Proposal, decision: Decision) -> JSON:
        segment, name = self._segment, proposal.bound.tool.name
        message = f"{name}: {decision.short()}"
        verdict = decision_write(segment, name, proposal.digest, decision)
        recorded: dict[str, JSON] = {"message": message, "code": refusal_code(decision)}
        opened = replace(self._open(proposal, "denied", verdict.token), result=recorded)
        tokens = await segment.commit(verdict, opened)
        self._keep(proposal, tokens[opened.token], "denied", recorded)
        raise Refused(message, code=refusal_code(decision), hint=remedy(decision))

    async def _hold(
        self, proposal: Proposal, decision: Decision, conflict: str = "", replaces: EffectRow | None = None
    ) -> JSON:
        """Opens work for a person; the segment ends and no worker waits."""
        segment = self._segment
        if decision.verdict == "allow":  # a conflict: it is decided anew once a person has looked
            segment.release(proposal.bound.tool.cost)
        verdict = decision_write(segment, proposal.bound.tool.name, proposal.digest, decision)
        opened = self._open(proposal, "held", verdict.token)
        review = self._review(proposal, decision, opened.token, conflict=conflict)
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
        opened = replace(self._open(proposal, "virtual", verdict.token), result=recorded)
        tokens = await segment.commit(verdict, opened)
        self._mark(self._keep(proposal, tokens[opened.token], "virtual", recorded))
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

    def _open(self, proposal: Proposal, state: EffectState, decision: str) -> EffectOpen:
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

    def _review(self, proposal: Proposal, decision: Decision, effect: int | str, *, conflict: str = "") -> ReviewOpen:
        deployment = self._segment.bench.deployment
        role = decision.role or deployment.fallback.role_for("conflict" if conflict else "policy_denied")
        shown: dict[str, JSON] = {
            "tool": proposal.bound.tool.name,
            "effect_class": proposal.bound.tool.effect_class,
            "args": dict(proposal.args),
            "why": [reason.text for reason in decision.reasons],
        }
        if conflict:
            shown["conflict"] = conflict
        return ReviewOpen(
            token=self._segment.token(),
            kind="conflict" if conflict else "approval",
            role=role,
            shown=shown,
            effect=effect,
            digest=proposal.digest,
            error_class="conflict" if conflict else None,
            within_s=decision.within_s,
            valid_for_s=decision.valid_for_s,
        )

    def _step(self, proposal: Proposal, number: int, *, ok: bool, started_at: object, started: float) -> StepWrite:
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

    def _keep(
        self, proposal: Proposal, number: int, state: EffectState, result: Mapping[str, JSON] | None = None
    ) -> EffectRow:
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

    def _replaced(self, row: EffectRow | None, by: int) -> None:
        if row is not None:
            self._segment.journal.put_effect(replace(row, state="superseded", superseded_by=by))

    def _mark(self, row: EffectRow) -> None:
        if row.state == "virtual":
            self._segment.virtual_marks.add(f"virtual-{row.key.hex()[:12]}")

    def _listed(self, bound: BoundTool) -> bool:
        """Whether the operator has a rule for the tool; in shadow one without is virtual, elsewhere denied."""
        return bound.tool.name in self._segment.bench.deployment.tools

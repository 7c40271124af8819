"""What one commit of a segment comes to: its writes become rows and ledger rows, while its case is locked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import (
    AllowanceUse,
    CostWrite,
    DecisionWrite,
    EffectMove,
    EffectOpen,
    Finish,
    Note,
    ReviewOpen,
    ReviewUse,
    StepWrite,
    Wait,
    Write,
)
from bridgehead.effects.states import check_move
from bridgehead.errors import LeaseLost
from bridgehead.ids import show
from bridgehead.ledger.chain import Row, link
from bridgehead.ledger.vault import DataKey, Sealed, to_bytes
from bridgehead.spec.tool import JSON
from bridgehead.storage import batch_rows as rows
from bridgehead.storage.batch_rows import Rows
from bridgehead.storage.looking import Effect, Locked, Looked
from bridgehead.storage.sealing import Chain, Sealer
from bridgehead.storage.writing import Writing, cost_refs

_PAYLOADS: Final[Mapping[type, tuple[str, ...]]] = {
    StepWrite: ("payload",),
    DecisionWrite: ("detail",),
    EffectOpen: ("args", "result"),
    EffectMove: ("result",),
    ReviewOpen: ("shown",),
    Note: ("payload",),
    Finish: ("output",),
}


def sealed_ahead(key: DataKey, writes: Sequence[Write]) -> dict[int, Sealed]:
    """Seals the payloads of a commit, by their identity, before any row is locked for it."""
    ahead = {}
    for write in writes:
        for name in _PAYLOADS.get(type(write), ()):
            payload = getattr(write, name)
            if payload:
                kept = write.kept if isinstance(write, StepWrite | EffectMove) else None
                ahead[id(payload)] = key.seal(to_bytes(payload) if kept is None else kept)
    return ahead


@dataclass(slots=True)
class PlannedSealer(Sealer):
    """A sealer whose payloads are stored with the batch."""

    rows: Rows = field(default_factory=Rows)
    ahead: dict[int, Sealed] = field(default_factory=dict)

    async def put(self, payload: JSON | bytes) -> bytes:
        """Returns the commitment of a payload that the batch will store."""
        return self.keep(payload)

    def keep(self, payload: JSON | bytes) -> bytes:
        """Does the same for those that need not wait."""
        # Taken out when it is used: the same object twice is two payloads, each with a salt of its own.
        sealed = self.ahead.pop(id(payload), None)
        if sealed is None:
            sealed = self.key.seal(payload if isinstance(payload, bytes) else to_bytes(payload))
        self.rows.add(rows.BLOBS, sealed.commitment, self.key_id, sealed.data)
        return sealed.commitment


@dataclass(slots=True)
class PlannedChain(Chain):
    """A locked chain whose rows are stored with the batch."""

    rows: Rows = field(default_factory=Rows)

    async def append(self, kind: str, refs: Mapping[str, JSON], commitments: Mapping[str, bytes] | None = None) -> None:
        """Links one row, which the batch will store."""
        self.link(kind, refs, commitments)

    def link(self, kind: str, refs: Mapping[str, JSON], commitments: Mapping[str, bytes] | None = None) -> Row:
        """Does the same for those that need not wait."""
        row, self.head = link(
            self.head, self.name, at=self.at, kind=kind, actor=self.actor, refs=refs, commitments=commitments or {}
        )
        self.rows.add(rows.LEDGER, row.chain, row.seq, row.body, row.hash)
        self._moved = True
        return row

    async def close(self) -> None:
        """Leaves the head to the batch."""
        if self._moved:
            self.rows.add(rows.HEADS, self.name, self.head.seq, self.head.hash)


@dataclass(slots=True)
class Plan:
    """One commit on its way into a batch."""

    claim: Claim
    locked: Locked
    looked: Looked
    chain: PlannedChain
    sealer: PlannedSealer
    rows: Rows
    next_step: int
    tokens: dict[str, int] = field(default_factory=dict)
    reviews: list[int] = field(default_factory=list)
    due_again: bool = False
    _moved: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, claim: Claim, actor: str, ahead: dict[int, Sealed], looked: Looked) -> Plan:
        """Returns an empty plan; raises LeaseLost when the claim is over."""
        locked = looked.cases.get(claim.case_id)
        if locked is None:
            raise LeaseLost
        kept = Rows()
        chain = PlannedChain(
            conn=looked.conn, name=show("C", claim.case_id), head=locked.head, at=locked.at, actor=actor, rows=kept
        )
        sealer = PlannedSealer(conn=looked.conn, key_id=locked.key_id, key=claim.key, rows=kept, ahead=ahead)
        return cls(claim, locked, looked, chain, sealer, kept, locked.next_step)

    def write(self, write: Write) -> None:
        """Adds what one write comes to; only those in ``PLANNED`` are known here."""
        PLANNED[type(write)](self, write)

    def writing(self) -> Writing:
        """Returns the commit as those writes see it that are carried out one by one."""
        sealer = Sealer(self.looked.conn, self.locked.key_id, self.claim.key)
        return Writing(self.looked.conn, self.claim, self.chain, sealer, self.tokens, self.reviews)

    async def close(self, *, progress: bool) -> None:
        """Adds where the commit leaves the case and its chain."""
        if self.next_step != self.locked.next_step or (progress and self.locked.lost_segments):
            self.rows.add(rows.PROGRESS, self.claim.case_id, self.next_step, progress)
        await self.chain.close()

    def step(self, write: StepWrite) -> None:
        """Adds a recorded call."""
        payload = self.sealer.keep(write.payload)
        self.rows.add(
            rows.STEPS,
            self.claim.case_id,
            self.next_step,
            write.kind,
            write.branch,
            write.name,
            write.digest,
            write.occurrence,
            write.ok,
            payload,
            write.started_at,
            write.duration_ms,
            self.claim.epoch,
        )
        refs: dict[str, JSON] = {
            "step": self.next_step,
            "name": write.name,
            "occurrence": write.occurrence,
            "ok": write.ok,
        }
        self.chain.link(f"step.{write.kind}", refs, {"payload": payload, "args": write.digest})
        self.next_step += 1

    def decision(self, write: DecisionWrite) -> None:
        """Adds what the gate said."""
        detail = self.sealer.keep(write.detail)
        number = self.tokens[write.token] = next(self.looked.decisions)
        self.rows.add(
            rows.DECISIONS,
            number,
            self.claim.case_id,
            write.tool,
            write.digest,
            write.verdict,
            write.policy_digest,
            detail,
        )
        refs: dict[str, JSON] = {
            "decision": number,
            "tool": write.tool,
            "verdict": write.verdict,
            "policies": list(write.policies),
            "release": self.claim.release.hex(),
        }
        self.chain.link("decision", refs, {"args": write.digest, "policy": write.policy_digest, "detail": detail})

    def effect_open(self, write: EffectOpen) -> None:
        """Adds an effect in its first state."""
        check_move("proposed", write.state if write.state != "proposed" else "held")
        args = self.sealer.keep(write.args)
        result = None if write.result is None else self.sealer.keep(write.result)
        decision = self.tokens.get(write.decision)
        number = self.tokens[write.token] = next(self.looked.new_effects)
        claim = self.claim
        self.rows.add(
            rows.EFFECTS,
            number,
            claim.case_id,
            claim.deployment,
            write.tool,
            write.key,
            write.digest,
            write.branch,
            write.occurrence,
            claim.level,
            write.state,
            write.attempt,
            claim.epoch,
            args,
            result,
            decision,
            write.send_s,
            write.settle_s,
        )
        if write.supersedes is not None:
            self.rows.add(rows.SUPERSEDED, write.supersedes, number, claim.case_id)
        refs: dict[str, JSON] = {
            "effect": number,
            "tool": write.tool,
            "attempt": write.attempt,
            "occurrence": write.occurrence,
            "decision": decision,
            "supersedes": write.supersedes,
        }
        commitments = {"payload": args, "args": write.digest, "key": write.key}
        if result is not None:
            commitments["result"] = result
        self.chain.link(f"effect.{write.state}", refs, commitments)

    def effect_move(self, write: EffectMove) -> None:
        """Adds a further state of an effect; raises LeaseLost when it is not in the state it is moved from."""
        check_move(write.before, write.after)
        effect = self._effect(write)
        result = None if write.result is None else self.sealer.keep(write.result)
        decision = None if write.decision is None else self.tokens.get(write.decision)
        attempt = effect.attempt + (write.after == "intended")
        self.rows.add(
            rows.EFFECT_MOVES,
            write.effect_id,
            write.after,
            attempt,
            self.claim.epoch,
            result,
            decision,
            write.send_s,
            write.settle_s,
        )
        for term in write.found_by:
            self.rows.add(rows.FOUND_BY, term, self.claim.case_id)
        refs: dict[str, JSON] = {
            "effect": write.effect_id,
            "tool": effect.tool,
            "attempt": attempt,
            "decision": decision,
        }
        self.chain.link(f"effect.{write.after}", refs, {} if result is None else {"result": result})

    def _effect(self, write: EffectMove) -> Effect:
        effect = self.looked.effects.get(write.effect_id)
        if (
            effect is None
            or effect.case_id != self.claim.case_id
            or effect.state != write.before
            or write.effect_id in self._moved
        ):
            raise LeaseLost  # somebody settled or moved it: this segment works on an old view
        self._moved.add(write.effect_id)
        return effect

    def review_use(self, write: ReviewUse) -> None:
        """Adds the use of an approval; raises LeaseLost when it was used before."""
        if write.review_id not in self.looked.unused:
            raise LeaseLost  # an approval is used once
        self.looked.unused.discard(write.review_id)
        self.rows.add(rows.REVIEWS_USED, write.review_id)
        self.chain.link("review.used", {"review": write.review_id})

    def allowance_use(self, write: AllowanceUse) -> None:
        """Adds what an intent takes of allowances."""
        effect = self.tokens[write.effect] if isinstance(write.effect, str) else write.effect
        for allowance, amount in write.uses:
            self.rows.add(rows.ALLOWANCE_USES, allowance, effect, amount)

    def cost(self, write: CostWrite) -> None:
        """Adds an entry of the books."""
        number, cost = next(self.looked.costs), write.cost
        self.rows.add(
            rows.COSTS,
            self.claim.case_id,
            number,
            cost.kind,
            cost.name,
            None if cost.money is None else cost.money.amount,
            None if cost.money is None else cost.money.currency,
            cost.input_tokens,
            cost.output_tokens,
            cost.minutes,
        )
        self.chain.link("cost", cost_refs(number, cost))

    def note(self, write: Note) -> None:
        """Adds a ledger row."""
        commitments = {"payload": self.sealer.keep(write.payload)} if write.payload else {}
        self.chain.link(write.kind, write.refs, commitments)

    def wait(self, write: Wait) -> None:
        """Adds that the case waits, or is due again when something happened meanwhile."""
        self.due_again = self.locked.wake or write.at_once
        state = "due" if self.due_again else "waiting"
        stop = write.stop_clock and not self.due_again
        self.rows.add(rows.WAITS, self.claim.case_id, state, write.wake_after_s, stop)
        at: dict[str, JSON] = {"paused_tool": write.paused_tool} if write.paused_tool else {}
        self.chain.link("case.waiting", {"clock_stopped": write.stop_clock, **at})

    def finish(self, write: Finish) -> None:
        """Adds the outcome; reviews that are open are superseded."""
        outcome = self.sealer.keep(write.output)
        for review in self.looked.open_reviews.get(self.claim.case_id, ()):
            self.rows.add(rows.REVIEWS_SUPERSEDED, review)
            self.chain.link("review.superseded", {"review": review})
        self.rows.add(rows.FINISHES, self.claim.case_id, write.outcome, outcome, write.error_class, write.cause)
        refs: dict[str, JSON] = {"outcome": write.outcome, "error_class": write.error_class}
        self.chain.link("case.done", refs, {"outcome": outcome})


PLANNED: Final[Mapping[type, Callable[[Plan, Write], None]]] = {
    StepWrite: Plan.step,  # type: ignore[dict-item]  # each takes the write it stands at
    DecisionWrite: Plan.decision,  # type: ignore[dict-item]
    EffectOpen: Plan.effect_open,  # type: ignore[dict-item]
    EffectMove: Plan.effect_move,  # type: ignore[dict-item]
    ReviewUse: Plan.review_use,  # type: ignore[dict-item]
    AllowanceUse: Plan.allowance_use,  # type: ignore[dict-item]
    CostWrite: Plan.cost,  # type: ignore[dict-item]
    Note: Plan.note,  # type: ignore[dict-item]
    Wait: Plan.wait,  # type: ignore[dict-item]
    Finish: Plan.finish,  # type: ignore[dict-item]
}
"""Writes that need no statement of their own; the others come after these and are carried out one by one."""

"""One commit of a segment: each write becomes its rows and one ledger row, inside the fence."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import (
    CostWrite,
    DecisionWrite,
    EffectMove,
    EffectOpen,
    Finish,
    HandOver,
    Note,
    ReviewOpen,
    ReviewUse,
    StepWrite,
    Wait,
    Write,
)
from bridgehead.effects.states import check_move
from bridgehead.errors import LeaseLost
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection
from bridgehead.storage.sealing import Chain, Sealer


@dataclass(slots=True)
class Writing:
    """Carries out the writes of one commit, in order, on one connection."""

    conn: Connection
    claim: Claim
    chain: Chain
    sealer: Sealer
    next_step: int
    tokens: dict[str, int] = field(default_factory=dict)
    reviews: list[int] = field(default_factory=list)
    due_again: bool = False

    async def write(self, write: Write) -> None:
        """Carries out one write."""
        match write:
            case StepWrite():
                await self._step(write)
            case DecisionWrite():
                await self._decision(write)
            case EffectOpen():
                await self._effect_open(write)
            case EffectMove():
                await self._effect_move(write)
            case ReviewOpen():
                self.tokens[write.token] = await open_review(
                    self.conn,
                    self.chain,
                    self.sealer,
                    self.claim.deployment,
                    write,
                    self.tokens,
                    case_id=self.claim.case_id,
                )
                self.reviews.append(self.tokens[write.token])
            case ReviewUse():
                await self._review_use(write)
            case CostWrite():
                await write_cost(self.conn, self.chain, self.claim.case_id, write)
            case Note():
                commitments = {"payload": await self.sealer.put(dict(write.payload))} if write.payload else {}
                await self.chain.append(write.kind, write.refs, commitments)
            case Wait():
                await self._wait(write)
            case Finish():
                await self._finish(write)
            case HandOver():
                await self._hand_over(write)

    async def close(self) -> None:
        """Stores the chain's head and the next step's number."""
        await self.conn.execute("update cases set next_step = %s where id = %s", (self.next_step, self.claim.case_id))
        await self.chain.close()

    async def _step(self, write: StepWrite) -> None:
        payload = await self.sealer.put(dict(write.payload))
        await self.conn.execute(
            "insert into steps (case_id, seq, kind, branch, name, args_digest, occurrence, ok, payload, started_at,"
            " duration_ms, epoch) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
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
            ),
        )
        refs: dict[str, JSON] = {
            "step": self.next_step,
            "name": write.name,
            "occurrence": write.occurrence,
            "ok": write.ok,
        }
        await self.chain.append(f"step.{write.kind}", refs, {"payload": payload, "args": write.digest})
        self.next_step += 1

    async def _decision(self, write: DecisionWrite) -> None:
        detail = await self.sealer.put(dict(write.detail))
        number = await self._id(
            "insert into decisions (case_id, tool, args_digest, verdict, policy_digest, detail)"
            " values (%s, %s, %s, %s, %s, %s) returning id",
            (self.claim.case_id, write.tool, write.digest, write.verdict, write.policy_digest, detail),
        )
        self.tokens[write.token] = number
        refs: dict[str, JSON] = {
            "decision": number,
            "tool": write.tool,
            "verdict": write.verdict,
            "policies": list(write.policies),
            "release": self.claim.release.hex(),
        }
        await self.chain.append(
            "decision", refs, {"args": write.digest, "policy": write.policy_digest, "detail": detail}
        )

    async def _effect_open(self, write: EffectOpen) -> None:
        check = write.state if write.state != "proposed" else "held"
        check_move("proposed", check)
        args = await self.sealer.put(dict(write.args))
        result = None if write.result is None else await self.sealer.put(dict(write.result))
        decision = self.tokens.get(write.decision)
        number = await self._id(
            "insert into effects (case_id, deployment, tool, key, args_digest, branch, occurrence, level, state,"
            " attempt, epoch, payload, result, decision_id, send_by, settle_from, settled_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " clock_timestamp() + make_interval(secs => %s), clock_timestamp() + make_interval(secs => %s),"
            " case when %s::bytea is null then null else bridgehead_now() end) returning id",
            (
                self.claim.case_id,
                self.claim.deployment,
                write.tool,
                write.key,
                write.digest,
                write.branch,
                write.occurrence,
                self.claim.level,
                write.state,
                write.attempt,
                self.claim.epoch,
                args,
                result,
                decision,
                write.send_s,
                write.settle_s,
                result,
            ),
        )
        self.tokens[write.token] = number
        if write.supersedes is not None:
            await self.conn.execute(
                "update effects set superseded_by = %s where id = %s and case_id = %s",
                (number, write.supersedes, self.claim.case_id),
            )
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
        await self.chain.append(f"effect.{write.state}", refs, commitments)

    async def _effect_move(self, write: EffectMove) -> None:
        check_move(write.before, write.after)
        result = None if write.result is None else await self.sealer.put(dict(write.result))
        decision = None if write.decision is None else self.tokens.get(write.decision)
        row = await (
            await self.conn.execute(
                "update effects set state = %(after)s, result = coalesce(%(result)s, result),"
                " decision_id = coalesce(%(decision)s, decision_id), epoch = %(epoch)s,"
                " attempt = attempt + case when %(after)s = 'intended' then 1 else 0 end,"
                " send_by = coalesce(clock_timestamp() + make_interval(secs => %(send)s), send_by),"
                " settle_from = coalesce(clock_timestamp() + make_interval(secs => %(settle)s), settle_from),"
                " settled_at = case when %(after)s in ('committed', 'failed', 'cancelled', 'superseded')"
                " then bridgehead_now() else settled_at end"
                " where id = %(id)s and case_id = %(case)s and state = %(before)s returning tool, attempt",
                {
                    "after": write.after,
                    "before": write.before,
                    "result": result,
                    "decision": decision,
                    "epoch": self.claim.epoch,
                    "send": write.send_s,
                    "settle": write.settle_s,
                    "id": write.effect_id,
                    "case": self.claim.case_id,
                },
            )
        ).fetchone()
        if row is None:
            raise LeaseLost  # somebody settled or moved it: this segment works on an old view
        refs: dict[str, JSON] = {
            "effect": write.effect_id,
            "tool": row["tool"],
            "attempt": row["attempt"],
            "decision": decision,
        }
        await self.chain.append(f"effect.{write.after}", refs, {} if result is None else {"result": result})

    async def _review_use(self, write: ReviewUse) -> None:
        row = await (
            await self.conn.execute(
                "update reviews set used_at = bridgehead_now() where id = %s and used_at is null returning id",
                (write.review_id,),
            )
        ).fetchone()
        if row is None:
            raise LeaseLost  # an approval is used once
        await self.chain.append("review.used", {"review": write.review_id})

    async def _wait(self, write: Wait) -> None:
        row = await self._row(
            "update cases set state = case when wake then 'due' else 'waiting' end, worker_id = null, wake = false,"
            " hinted_at = clock_timestamp(),"
            " wake_at = bridgehead_now() + make_interval(secs => %(after)s),"
            " deadline_left = case when %(stop)s and not wake"
            " then coalesce(deadline_at - bridgehead_now(), deadline_left)"
            " else deadline_left end,"
            " deadline_at = case when %(stop)s and not wake then null else deadline_at end"
            " where id = %(case)s returning state",
            {"after": write.wake_after_s, "stop": write.stop_clock, "case": self.claim.case_id},
        )
        self.due_again = row["state"] == "due"
        await self.chain.append("case.waiting", {"clock_stopped": write.stop_clock})

    async def _finish(self, write: Finish) -> None:
        outcome = await self.sealer.put(dict(write.output))
        await self._supersede_reviews(())
        await self.conn.execute(
            "update cases set state = 'done', worker_id = null, wake = false, wake_at = null, deadline_at = null,"
            " outcome = %s, outcome_blob = %s, error_class = %s, closed_at = bridgehead_now() where id = %s",
            (write.outcome, outcome, write.error_class, self.claim.case_id),
        )
        await self.chain.append(
            "case.done", {"outcome": write.outcome, "error_class": write.error_class}, {"outcome": outcome}
        )

    async def _hand_over(self, write: HandOver) -> None:
        await self._supersede_reviews(tuple(self.reviews))
        await self.conn.execute(
            "update cases set state = 'with_person', worker_id = null, wake = false, wake_at = null,"
            " deadline_at = null, error_class = %s where id = %s",
            (write.error_class, self.claim.case_id),
        )
        await self.chain.append("case.with_person", {"error_class": write.error_class})

    async def _supersede_reviews(self, keep: tuple[int, ...]) -> None:
        await supersede_reviews(self.conn, self.chain, self.claim.case_id, keep)

    async def _id(self, statement: str, values: tuple[object, ...]) -> int:
        row = await (await self.conn.execute(statement.encode(), values)).fetchone()
        if row is None:  # pragma: no cover - an insert with returning gives a row or raises
            raise LeaseLost
        return int(row["id"])

    async def _row(self, statement: str, values: dict[str, object]) -> dict[str, object]:
        row = await (await self.conn.execute(statement.encode(), values)).fetchone()
        if row is None:  # pragma: no cover - the fence holds the row
            raise LeaseLost
        return row


async def supersede_reviews(conn: Connection, chain: Chain, case_id: int, keep: tuple[int, ...]) -> None:
    """Closes the case's open reviews but those in ``keep``: the case has left the agent's hands."""
    rows = await (
        await conn.execute(
            "update reviews set state = 'superseded', decided_at = bridgehead_now()"
            " where case_id = %s and state = 'open' and not (id = any(%s)) returning id",
            (case_id, list(keep)),
        )
    ).fetchall()
    for row in rows:
        await chain.append("review.superseded", {"review": row["id"]})


async def open_review(
    conn: Connection,
    chain: Chain,
    sealer: Sealer,
    deployment: str,
    write: ReviewOpen,
    tokens: dict[str, int],
    *,
    case_id: int | None = None,
    arrival_id: int | None = None,
) -> int:
    """Stores a review and its ledger row; returns its id."""
    payload = await sealer.put(dict(write.shown))
    effect = tokens.get(write.effect) if isinstance(write.effect, str) else write.effect
    row = await (
        await conn.execute(
            "insert into reviews (kind, deployment, role, case_id, arrival_id, effect_id, args_digest, error_class,"
            " key_id, payload, escalate_at, valid_for) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " bridgehead_now() + make_interval(secs => %s), make_interval(secs => %s)) returning id",
            (
                write.kind,
                deployment,
                write.role,
                case_id,
                arrival_id,
                effect,
                write.digest,
                write.error_class,
                sealer.key_id,
                payload,
                write.within_s,
                write.valid_for_s,
            ),
        )
    ).fetchone()
    number = int(row["id"]) if row is not None else 0
    refs: dict[str, JSON] = {
        "review": number,
        "kind": write.kind,
        "role": write.role,
        "effect": effect,
        "error_class": write.error_class,
        "valid_for_s": write.valid_for_s,
        "data_key": sealer.key_id,
    }
    commitments = {"payload": payload} if write.digest is None else {"payload": payload, "args": write.digest}
    await chain.append("review.opened", refs, commitments)
    return number


async def write_cost(conn: Connection, chain: Chain, case_id: int, write: CostWrite) -> None:
    """Stores an entry of the case's books and its ledger row."""
    cost = write.cost
    row = await (
        await conn.execute(
            "insert into costs (case_id, kind, name, amount, currency, input_tokens, output_tokens, minutes)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s) returning seq",
            (
                case_id,
                cost.kind,
                cost.name,
                None if cost.money is None else cost.money.amount,
                None if cost.money is None else cost.money.currency,
                cost.input_tokens,
                cost.output_tokens,
                cost.minutes,
            ),
        )
    ).fetchone()
    await chain.append(
        "cost",
        {
            "cost": int(row["seq"]) if row is not None else 0,
            "kind": cost.kind,
            "name": cost.name,
            "money": None if cost.money is None else str(cost.money),
            "input_tokens": cost.input_tokens,
            "output_tokens": cost.output_tokens,
            "minutes": None if cost.minutes is None else str(cost.minutes),
        },
    )

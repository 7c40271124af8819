"""Plans of undoing: whose they are, how far they are, and every move of theirs on the chain of its case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

from bridgehead.cases.undo_ports import Done, Hold, Scope, UndoItem, UndoLost, UndoMove, UndoPlan
from bridgehead.cases.writes import CostWrite, DecisionWrite, ReviewOpen
from bridgehead.effects.undoing import WHY, Left
from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain, Sealer, load_key, new_key
from bridgehead.storage.undo_opening import EFFECTS, IN_SCOPE, ITEMS, Opening
from bridgehead.storage.writing import open_review, write_cost

LOCK_SPACE: Final = 0x42525544  # "BRUD": the first key of the advisory locks that tell whose plan it is
LEASE_S: Final = 30.0
"""How long whoever carries out a plan keeps it without a move, besides the time that the move may take."""

_ALIVE: Final = """
select exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = %s::oid and l.objid = %s::oid
  and l.granted and l.database = (select oid from pg_database where datname = current_database())) as held
"""


class Undos:
    """The store of plans, on PostgreSQL."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def effects(self, scope: Scope) -> Sequence[Done]:
        """Returns the committed, undone and unsettled effects of a scope, the last one first."""
        values = {
            "deployment": scope.deployment,
            "case": scope.case_id,
            "release": scope.release,
            "tool": scope.tool,
            "since": scope.since,
            "until": scope.until,
        }
        async with self._database.connection() as conn:
            rows = await (await conn.execute((EFFECTS + IN_SCOPE).encode(), values)).fetchall()
            opening = Opening(self._vault)
            return [await opening.done(conn, row) for row in rows]

    async def make(
        self, scope: Scope, chosen: Sequence[tuple[Done, Left | None]], *, by: str, reason: str, unchecked: bool
    ) -> int | None:
        """Makes a plan; effects that another plan has taken up are not in it. None: all of them are."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, f"D-{scope.deployment}", actor=f"person:{by}", create=True)
            row = await (
                await conn.execute(
                    "insert into undos (deployment, scope, made_by, reason, unchecked) values (%s, %s, %s, %s, %s)"
                    " returning id",
                    (scope.deployment, scope.words, by, reason, unchecked),
                )
            ).fetchone()
            number = int(row["id"]) if row is not None else 0
            taken: list[JSON] = []
            for place, (done, why) in enumerate(chosen):
                made = await conn.execute(
                    "insert into undo_items (undo_id, place, effect_id, case_id, object, state, why)"
                    " select %s, %s, id, case_id, %s, %s, %s from effects where id = %s and state = %s"
                    " on conflict (effect_id) where state in ('planned', 'intended', 'unknown', 'undone') do nothing",
                    (
                        number,
                        place,
                        done.object,
                        "planned" if why is None else "left",
                        why or "",
                        done.effect_id,
                        done.state,
                    ),
                )
                if made.rowcount:
                    taken.append(done.effect_id)
            if not taken:
                await conn.execute("delete from undos where id = %s", (number,))
                return None
            refs: dict[str, JSON] = {"undo": number, "scope": scope.words, "by": by, "why": reason}
            await chain.append("undo.planned", {**refs, "unchecked": unchecked, "effects": taken})
            await chain.close()
            return number

    async def plan(self, undo_id: int) -> UndoPlan:
        """Returns a plan; raises UserError for an unknown one."""
        async with self._database.connection() as conn:
            row = await (await conn.execute("select * from undos where id = %s", (undo_id,))).fetchone()
            if row is None:
                raise UserError(
                    f"there is no undo U-{undo_id}", code="undo.unknown", hint="'bridgehead undo' says its number."
                )
            found = await (await conn.execute(ITEMS.encode(), (undo_id,))).fetchall()
            opening = Opening(self._vault)
            items = [
                UndoItem(
                    place=one["place"],
                    state=one["item_state"],
                    attempt=one["item_attempt"],
                    why=one["why"],
                    seconds_left=one["seconds_left"],
                    done=await opening.done(conn, one),
                    detail=await opening.detail(conn, one),
                    review_id=one["review_id"],
                )
                for one in found
            ]
        return UndoPlan(
            id=row["id"],
            deployment=row["deployment"],
            scope=row["scope"],
            by=row["made_by"],
            reason=row["reason"],
            unchecked=row["unchecked"],
            made_at=row["made_at"],
            finished_at=row["finished_at"],
            items=items,
        )

    async def unfinished(self, deployments: Sequence[str]) -> Sequence[int]:
        """Returns the plans that nobody has finished, oldest first."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select id from undos where finished_at is null and deployment = any(%s) order by id",
                    (list(deployments),),
                )
            ).fetchall()
        return [row["id"] for row in rows]

    async def take(self, undo_id: int, *, actor: str) -> Hold | None:
        """Takes a plan over from whoever died with it; None when somebody alive has it, or it is finished.

        Who has one holds a session advisory lock: when its connection drops, the plan is free at once.
        One that stands still keeps the lock, and loses the plan with its lease.
        """
        conn = await self._database.connect(within_s=5.0)
        try:
            locked = await (
                await conn.execute("select pg_try_advisory_lock(%s, %s) as got", (LOCK_SPACE, undo_id))
            ).fetchone()
            got = locked is not None and bool(locked["got"])
            row = await (
                await conn.execute(
                    "update undos set epoch = epoch + 1, holder = %s,"
                    " lease_until = clock_timestamp() + make_interval(secs => %s)"
                    " where id = %s and finished_at is null and (%s or lease_until < clock_timestamp())"
                    " returning epoch",
                    (actor, LEASE_S, undo_id, got),
                )
            ).fetchone()
        except BaseException:
            await conn.close()
            raise
        if row is None:
            await conn.close()
            return None
        return Hold(undo_id, row["epoch"], actor, conn)

    async def let_go(self, hold: Hold) -> None:
        """Gives the plan up: the next one may take it at once."""
        await cast("Connection", hold.connection).close()

    async def held(self, undo_id: int) -> bool:
        """Tells whether somebody alive carries the plan out."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(_ALIVE.encode(), (LOCK_SPACE, undo_id))).fetchone()
            return row is not None and bool(row["held"])

    async def move(self, hold: Hold, item: UndoItem, move: UndoMove) -> UndoItem:
        """Moves one item with its ledger rows in one commit and returns it; raises UndoLost when the hold is over."""
        done = item.done
        async with self._database.transaction() as conn:
            chain, sealer = await self._locked(conn, hold, done.case_id, move.settle_s or 0.0)
            decision = None if move.decision is None else await _decide(conn, chain, sealer, done, move.decision)
            detail = None if move.detail is None else await sealer.put(dict(move.detail))
            attempt = item.attempt + (move.after == "intended")
            asked = await conn.execute(
                "update undo_items set state = %s, why = %s, attempt = %s, detail = coalesce(%s, detail),"
                " decision_id = coalesce(%s, decision_id), moved_at = bridgehead_now(),"
                " settle_from = coalesce(clock_timestamp() + make_interval(secs => %s), settle_from)"
                " where undo_id = %s and place = %s and state = %s returning decision_id",
                (
                    move.after,
                    move.why or "",
                    attempt,
                    detail,
                    decision,
                    move.settle_s,
                    hold.undo_id,
                    item.place,
                    item.state,
                ),
            )
            moved = await asked.fetchone()
            if moved is None:
                raise UndoLost(f"U-{hold.undo_id}: somebody else moved E-{done.effect_id}")
            commitments = {} if detail is None else {"detail": detail}
            refs: dict[str, JSON] = {
                "undo": hold.undo_id,
                "effect": done.effect_id,
                "tool": done.tool,
                "undo_attempt": attempt,
                "undo_decision": moved["decision_id"],
            }
            if move.after == "undone":
                await self._undone(conn, chain, hold, done, refs, commitments)
            else:
                kind = "failed" if move.again else move.after
                await chain.append(f"undo.{kind}", {**refs, "why": move.why}, commitments)
            if move.cost is not None:
                await write_cost(conn, chain, done.case_id, CostWrite(move.cost))
            await chain.close()
        left_s = item.seconds_left if move.settle_s is None else move.settle_s
        return replace(
            item, state=move.after, attempt=attempt, why=move.why or "", seconds_left=left_s, detail=move.detail
        )

    async def _undone(
        self,
        conn: Connection,
        chain: Chain,
        hold: Hold,
        done: Done,
        refs: Mapping[str, JSON],
        commitments: Mapping[str, bytes],
    ) -> None:
        row = await (
            await conn.execute(
                "update effects e set state = 'undone' from undos u where e.id = %s and e.state = 'committed'"
                " and u.id = %s returning e.attempt, u.made_by, u.reason",
                (done.effect_id, hold.undo_id),
            )
        ).fetchone()
        if row is None:
            raise UndoLost(f"E-{done.effect_id} is not committed any more")
        said: dict[str, JSON] = {"attempt": row["attempt"], "by": row["made_by"], "why": row["reason"]}
        await chain.append("effect.undone", {**refs, **said}, commitments)

    async def finish(self, hold: Hold, role: str) -> None:
        """Opens the reviews of what is left, one for each case, and closes the plan; raises UndoLost."""
        plan = await self.plan(hold.undo_id)
        waiting = [item for item in plan.items if item.state == "left" and item.review_id is None]
        for case_id in sorted({item.done.case_id for item in waiting}):
            left = [item for item in waiting if item.done.case_id == case_id]
            async with self._database.transaction() as conn:
                chain, sealer = await self._locked(conn, hold, case_id, 0.0)
                review = _residue(plan, left, role)
                number = await open_review(conn, chain, sealer, plan.deployment, review, {}, case_id=case_id)
                await conn.execute(
                    "update undo_items set review_id = %s where undo_id = %s and place = any(%s)",
                    (number, plan.id, [item.place for item in left]),
                )
                await chain.close()
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, f"D-{plan.deployment}", actor=hold.actor, create=True)
            closed = await conn.execute(
                "update undos set finished_at = bridgehead_now() where id = %s and epoch = %s and finished_at is null",
                (hold.undo_id, hold.epoch),
            )
            if closed.rowcount != 1:
                raise UndoLost(f"U-{hold.undo_id} is carried out by somebody else")
            counts = {state: sum(item.state == state for item in plan.items) for state in ("undone", "left")}
            await chain.append("undo.finished", {"undo": hold.undo_id, **counts})
            await chain.close()

    async def _locked(self, conn: Connection, hold: Hold, case_id: int, more_s: float) -> tuple[Chain, Sealer]:
        """Locks the case, its chain and the plan, in this order, and extends the lease; raises UndoLost."""
        case = await (await conn.execute("select key_id from cases where id = %s for update", (case_id,))).fetchone()
        chain = await Chain.lock(conn, show("C", case_id), actor=hold.actor)
        mine = await conn.execute(
            "update undos set lease_until = clock_timestamp() + make_interval(secs => %s)"
            " where id = %s and epoch = %s and finished_at is null",
            (LEASE_S + more_s, hold.undo_id, hold.epoch),
        )
        if mine.rowcount != 1 or case is None:
            raise UndoLost(f"U-{hold.undo_id} is carried out by somebody else")
        try:
            return chain, Sealer(conn, case["key_id"], await load_key(conn, self._vault, case["key_id"]))
        except Unreadable:
            return chain, Sealer(conn, *await new_key(conn, self._vault))


async def _decide(conn: Connection, chain: Chain, sealer: Sealer, done: Done, write: DecisionWrite) -> int:
    """Stores what the gate said of an undo, and its ledger row; returns its number."""
    detail = await sealer.put(dict(write.detail))
    row = await (
        await conn.execute(
            "insert into decisions (case_id, tool, args_digest, verdict, policy_digest, detail)"
            " values (%s, %s, %s, %s, %s, %s) returning id",
            (done.case_id, write.tool, write.digest, write.verdict, write.policy_digest, detail),
        )
    ).fetchone()
    number = int(row["id"]) if row is not None else 0
    refs: dict[str, JSON] = {
        "decision": number,
        "tool": write.tool,
        "verdict": write.verdict,
        "policies": list(write.policies),
        "release": done.release,
    }
    commitments = {"args": write.digest, "policy": write.policy_digest, "detail": detail}
    await chain.append("decision", refs, commitments)
    return number


def _residue(plan: UndoPlan, left: Sequence[UndoItem], role: str) -> ReviewOpen:
    """Returns the review of what one case's undo left: each effect, what it did, and why it stands."""
    shown: dict[str, JSON] = {
        "reason": f"{show('U', plan.id)} ({plan.scope}) left {len(left)} of its effects: {plan.reason}",
        "question": "Put right in the target system what should not stand, and say here what was done.",
        "left": [
            {
                "effect": show("E", item.done.effect_id),
                "tool": item.done.tool,
                "why": WHY[cast("Left", item.why)] if item.why in WHY else item.why,
                "args": dict(item.done.args),
                "result": item.done.result,
                **({} if item.detail is None else {"told": dict(item.detail)}),
            }
            for item in left
        ],
    }
    unsure = any(item.why in ("unsettled", "unclear") for item in left)
    return ReviewOpen(
        token="residue",  # noqa: S106  # a name within this commit, no secret
        kind="exception",
        role=role,
        shown=shown,
        error_class="unknown_effect" if unsure else "conflict",
    )

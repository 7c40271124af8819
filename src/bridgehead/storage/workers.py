"""Workers and claims: registration, the lease, who is dead, and the sweep that sees to every case.

Leases use ``clock_timestamp()``, so no clock but the database's decides who holds a case.
A worker also holds a session advisory lock: when its connection drops, it is dead at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import psycopg
from psycopg.conninfo import make_conninfo

from bridgehead import points
from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import ReviewOpen
from bridgehead.engine.ports import Dispatch, Serving, Swept
from bridgehead.errors import ErrorClass, Unavailable
from bridgehead.ids import CaseId, KeyId, WorkerId, show
from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.controls import NOT_STOPPED
from bridgehead.storage.database import KEEPALIVE, Connection, Database, translated
from bridgehead.storage.full_state import full_state
from bridgehead.storage.overdue import Overdue
from bridgehead.storage.reviews_escalating import Escalation
from bridgehead.storage.sealing import Chain, Sealer, load_key, new_key
from bridgehead.storage.writing import open_review, supersede_reviews

log = logging.getLogger("bridgehead.sweep")
LOCK_SPACE = 0x42524857  # "BRHW": the first key of the advisory locks that tell who lives
LOST_LIMIT = 3
_BATCH = 200

_CLAIM = f"""
update cases set state = 'running', epoch = epoch + 1, worker_id = %(worker)s, wake = false, wake_at = null
where id = %(case)s and release = any(%(releases)s)
  and (state = 'due' or (state = 'waiting' and wake_at <= bridgehead_now()))
  and exists (select from workers where id = %(worker)s and stopped_at is null)
  and {NOT_STOPPED}
returning id, epoch, deployment, release, level, key_id
"""

_CLAIM_WITH_KEY = (
    f"with claimed as ({_CLAIM}) select claimed.*, k.wrapped from claimed join data_keys k on k.id = claimed.key_id"
).encode()

_UNCLAIM = "update cases set state = 'due', worker_id = null where id = %(case)s and epoch = %(epoch)s"

_DEAD = """
update workers w set stopped_at = clock_timestamp()
where stopped_at is null
  and (lease_until < clock_timestamp()
       or not exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = %(space)s::oid
                      and l.objid = w.id::oid and l.granted
                      and l.database = (select oid from pg_database where datname = current_database())))
returning id, name
"""

_ORPHANS = """
select c.id from cases c join workers w on w.id = c.worker_id
where c.state = 'running' and w.stopped_at is not null order by c.id limit %(batch)s
"""

# One that is younger may be of an arrival that is just being stored.
_FORGET_MANDATES = b"""
delete from mandates m where m.stored_at < clock_timestamp() - interval '1 hour' and not exists (
    select from arrivals a where a.deployment = m.deployment and a.source_key = m.source_key
      and (a.state in ('stored', 'review') or exists (
        select from arrival_cases l join cases c on c.id = l.case_id
        where l.arrival_id = a.id and c.state <> 'done')))
"""

_ANY_KILLED = "select 1 from controls where lifted_at is null and action = 'kill' and kind <> 'tool' limit 1"
_KILLED = """
select c.id, c.deployment, k.kind, k.name, k.set_by, k.reason from cases c join controls k
  on k.lifted_at is null and k.action = 'kill' and (k.kind = 'all'
     or (k.kind = 'deployment' and k.name = c.deployment) or (k.kind = 'release' and k.name = encode(c.release, 'hex')))
where exists (select from controls where lifted_at is null and action = 'kill')
  and c.state not in ('with_person', 'done') and c.deployment = any(%(deployments)s) order by c.id limit %(batch)s
"""
# The first condition is asked once, before any case is looked at: nearly always nothing is killed.

# A row that a frozen worker holds locked is passed over: one case must not hold up the sweep of all others.
_LOST = """
update cases set state = 'due', epoch = epoch + 1, worker_id = null,
  lost_segments = lost_segments + 1, hinted_at = clock_timestamp()
where id = (select id from cases where id = %(case)s and state = 'running'
            and (epoch = %(epoch)s or worker_id in (select id from workers where stopped_at is not null))
            for update skip locked)
returning id, lost_segments, deployment
"""


class Lease:
    """A worker's registration, on a connection of its own so that its death is seen by the database.

    Synchronous on purpose: it is beaten by a thread, which a busy event loop cannot starve.
    """

    def __init__(self, url: str, *, name: str, pid: int, lease_s: float) -> None:
        self._lease_s = lease_s
        with translated():
            self._conn = psycopg.connect(
                make_conninfo(url, **KEEPALIVE), autocommit=True, application_name="bridgehead-lease"
            )
            # The lock is taken before the row can be seen: no sweep may find a worker without its lock.
            with self._conn.transaction():
                row = self._conn.execute(
                    "insert into workers (name, pid, lease_until)"
                    " values (%s, %s, clock_timestamp() + make_interval(secs => %s)) returning id",
                    (name, pid, lease_s),
                ).fetchone()
                if row is None:  # pragma: no cover - an insert with returning gives a row or raises
                    raise Unavailable("the worker could not be registered", code="db.unavailable")
                self.worker_id = WorkerId(row[0])
                self._conn.execute("select pg_advisory_lock(%s, %s)", (LOCK_SPACE, self.worker_id))

    def announce(self, releases: Sequence[tuple[str, bytes]]) -> None:
        """Says which releases this worker serves."""
        with translated(), self._conn.cursor() as cursor:
            cursor.executemany(
                "insert into worker_releases (worker_id, deployment, release) values (%s, %s, %s)",
                [(self.worker_id, deployment, release) for deployment, release in releases],
            )

    def beat(self) -> bool:
        """Renews the lease; False when somebody has declared this worker dead, which is final."""
        with translated():
            found = self._conn.execute(
                "update workers set lease_until = clock_timestamp() + make_interval(secs => %s)"
                " where id = %s and stopped_at is null",
                (self._lease_s, self.worker_id),
            )
            return found.rowcount == 1

    def close(self) -> None:
        """Gives up the registration: its cases may be taken at once."""
        try:
            with translated():
                self._conn.execute(
                    "update workers set stopped_at = clock_timestamp() where id = %s and stopped_at is null",
                    (self.worker_id,),
                )
        except Unavailable:
            pass  # the dropped connection tells the same
        finally:
            self._conn.close()


class Workers:
    """Claims and the sweep, on PostgreSQL."""

    def __init__(self, database: Database, dispatch: Dispatch, vault: Vault) -> None:
        self._database = database
        self._dispatch = dispatch
        self._vault = vault
        self._overdue = Overdue(database, self._out_of_time)
        self._escalation = Escalation(database)

    async def claim(self, worker: WorkerId, case_id: CaseId, releases: Sequence[bytes]) -> Claim | None:
        """Claims a due case; None when somebody else has it, or nobody here serves its release.

        Raises Unreadable when its data key does not open; the case is then due as before.
        """
        values = {"worker": worker, "case": case_id, "releases": list(releases)}
        async with self._database.connection() as conn:
            row = await (await conn.execute(_CLAIM_WITH_KEY, values, prepare=True)).fetchone()
            if row is None:
                return None
            try:
                key = self._vault.unwrap(row["wrapped"])
            except Unreadable:
                await conn.execute(_UNCLAIM, {"case": row["id"], "epoch": row["epoch"]})
                raise
        return Claim(
            case_id=CaseId(row["id"]),
            epoch=row["epoch"],
            worker_id=worker,
            deployment=row["deployment"],
            release=bytes(row["release"]),
            level=row["level"],
            key=key,
        )

    async def held(self, worker: WorkerId) -> Sequence[tuple[int, int]]:
        """Returns the (case, epoch) pairs that this worker holds by its row."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute("select id, epoch from cases where worker_id = %s and state = 'running'", (worker,))
            ).fetchall()
            return [(row["id"], row["epoch"]) for row in rows]

    async def give_back(self, held: Sequence[tuple[int, int]], serving: Sequence[Serving]) -> int:
        """Makes cases due again whose claim still stands; a claim that moved on is left alone."""
        by_name = {one.deployment: one for one in serving}
        given = 0
        for case_id, epoch in sorted(held):
            moved, lost = await self._lost(case_id, epoch, by_name)
            given += moved + lost
        return given

    async def sweep(self, serving: Sequence[Serving], *, hint_after_s: float) -> Swept:
        """Sees to what was killed, dead workers, orphans, timers, deadlines, escalations and hints, in this order."""
        by_name = {one.deployment: one for one in serving}
        stopped = await self._killed(by_name)
        dead = await self._bury()
        orphans, lost = await self._orphans(by_name)
        timers = await self._timers()
        overdue = await self._overdue.hand_over(by_name)
        escalated = await self._escalation.escalate(by_name)
        hinted = await self._rehint(by_name, hint_after_s)
        await self._forget_mandates()
        return Swept(dead, orphans, timers, overdue, hinted, escalated, lost, stopped)

    async def _forget_mandates(self) -> None:
        """Removes for whom arrivals came once nothing rests on it: each is read, and its cases are done."""
        async with self._database.connection() as conn:
            await conn.execute(_FORGET_MANDATES)

    async def hand_over(self, case_id: int, serving: Serving, error_class: ErrorClass, why: str) -> bool:
        """Takes an open case out of its agent's hands, with its full state; False when it has left them already."""
        async with self._database.transaction() as conn:
            row = await (
                await conn.execute(
                    "select id from cases where id = %s and state not in ('with_person', 'done') for update", (case_id,)
                )
            ).fetchone()
            if row is None:
                return False
            told = await self._to_person(conn, case_id, serving, "exception", error_class, why)
        points.reach("engine.hand_over.after")
        log.info("%s %s", show("C", case_id), told)
        return True

    async def _killed(self, serving: dict[str, Serving]) -> int:
        """Hands over the open cases of what an operator has killed; where nothing is, no case is looked at."""
        async with self._database.connection() as conn:
            if await (await conn.execute(_ANY_KILLED)).fetchone() is None:
                return 0
            found = await (await conn.execute(_KILLED, {"deployments": list(serving), "batch": _BATCH})).fetchall()
        count = 0
        for row in found:
            what = f"{row['kind']} {row['name']}".strip()
            why = f"An operator stopped it: {what}, by {row['set_by']}: {row['reason']}"
            count += await self.hand_over(row["id"], serving[row["deployment"]], "policy_denied", why)
        return count

    async def _bury(self) -> int:
        async with self._database.connection() as conn:
            rows = await (await conn.execute(_DEAD, {"space": LOCK_SPACE})).fetchall()
        for row in rows:
            log.warning("worker %s is dead: its lease or its connection is over", row["name"])
        return len(rows)

    async def _orphans(self, serving: dict[str, Serving]) -> tuple[int, int]:
        async with self._database.connection() as conn:
            found = await (await conn.execute(_ORPHANS, {"batch": _BATCH})).fetchall()
        moved = lost = 0
        for case_id in [row["id"] for row in found]:
            one_moved, one_lost = await self._lost(case_id, None, serving)
            moved, lost = moved + one_moved, lost + one_lost
            if one_moved:
                log.info("%s taken over from a dead worker", show("C", case_id))
        return moved, lost

    async def _lost(self, case_id: int, epoch: int | None, serving: dict[str, Serving]) -> tuple[int, int]:
        """Makes one case due again, or hands it over when that has happened too often: (made due, handed over).

        It must still stand at ``epoch``, or be held by a worker that is dead.
        """
        async with self._database.transaction() as conn:
            row = await (await conn.execute(_LOST, {"case": case_id, "epoch": epoch})).fetchone()
            if row is None:
                return 0, 0
            one = serving.get(row["deployment"])
            if row["lost_segments"] >= LOST_LIMIT and one is not None:
                why = f"It was lost {row['lost_segments']} times in a row while it ran, without progress."
                told = await self._to_person(conn, row["id"], one, "exception", "bug", why)
            else:
                await self._dispatch.hint(conn, "case", [row["id"]])
                points.reach("engine.sweep.before")
                told = ""
        if not told:
            points.reach("engine.sweep.after")
            return 1, 0
        points.reach("engine.hand_over.after")
        log.info("%s %s", show("C", case_id), told)
        return 0, 1

    async def _timers(self) -> int:
        async with self._database.transaction() as conn:
            rows = await (
                await conn.execute(
                    "update cases set state = 'due', wake_at = null, hinted_at = clock_timestamp() where id in"
                    " (select id from cases where state = 'waiting' and wake_at <= bridgehead_now()"
                    " order by id limit %s for update skip locked) returning id",
                    (_BATCH,),
                )
            ).fetchall()
            await self._dispatch.hint(conn, "case", sorted(row["id"] for row in rows))
            return len(rows)

    async def overdue(self, serving: Sequence[Serving]) -> float | None:
        """Hands over what is out of time; returns in how many seconds the next case will be, None if none waits."""
        by_name = {one.deployment: one for one in serving}
        await self._overdue.hand_over(by_name)
        return await self._overdue.next_s(by_name)

    async def _out_of_time(self, conn: Connection, case_id: int, serving: Serving, why: str) -> str:
        return await self._to_person(conn, case_id, serving, "deadline", "deadline", why)

    async def _to_person(
        self, conn: Connection, case_id: int, serving: Serving, kind: str, error_class: ErrorClass, why: str
    ) -> str:
        """Fences the agent and hands the case over with everything it had read and done; returns a line of the log."""
        row = await (
            await conn.execute(
                "update cases set state = 'with_person', epoch = epoch + 1, worker_id = null, wake = false,"
                " wake_at = null, deadline_at = null, error_class = %s where id = %s"
                " returning key_id, input, level, deployment",
                (error_class, case_id),
            )
        ).fetchone()
        if row is None:  # pragma: no cover - the caller holds the row
            return "is gone"
        role = serving.role_for[error_class]
        chain = await Chain.lock(conn, show("C", case_id), actor="sweep")
        sealer, unreadable = await self._sealer(conn, row["key_id"])
        await supersede_reviews(conn, chain, case_id, ())
        if row["level"] == "shadow":
            output: dict[str, JSON] = {"reason": why, "error_class": error_class}
            outcome = await sealer.put(output)
            await conn.execute(
                "update cases set state = 'done', outcome = 'would_hand_over', outcome_blob = %s,"
                " closed_at = bridgehead_now() where id = %s",
                (outcome, case_id),
            )
            await chain.append(
                "case.done",
                {"outcome": "would_hand_over", "error_class": error_class, "data_key": sealer.key_id},
                {"outcome": outcome},
            )
            told = f"would_hand_over to {role} ({error_class}), in shadow"
        else:
            shown: dict[str, JSON] = {"reason": why, "error_class": error_class}
            if unreadable:
                shown["unreadable"] = unreadable
            else:
                shown |= await full_state(conn, sealer, case_id)
            review = ReviewOpen(
                token="review",  # noqa: S106  # a name within this commit, no secret
                kind="deadline" if kind == "deadline" else "exception",
                role=role,
                shown=shown,
                error_class=error_class,
            )
            number = await open_review(conn, chain, sealer, row["deployment"], review, {}, case_id=case_id)
            await chain.append("case.with_person", {"error_class": error_class})
            told = f"handed to {role} as {show('R', number)} ({error_class})"
        await chain.close()
        points.reach("engine.hand_over.before")
        return told

    async def _sealer(self, conn: Connection, key_id: int) -> tuple[Sealer, str]:
        """Returns the case's sealer; where its key does not open, one under a fresh key, and why."""
        try:
            return Sealer(conn, KeyId(key_id), await load_key(conn, self._vault, key_id)), ""
        except Unreadable as error:
            return Sealer(conn, *await new_key(conn, self._vault)), error.message

    async def _rehint(self, serving: dict[str, Serving], hint_after_s: float) -> int:
        """Gives the queue a hint for everything due that it has not heard of for a while."""
        async with self._database.transaction() as conn:
            values = {"after": hint_after_s, "deployments": list(serving), "batch": _BATCH}
            cases = await (
                await conn.execute(
                    "update cases set hinted_at = clock_timestamp() where id in (select id from cases"
                    " where state = 'due' and deployment = any(%(deployments)s)"
                    " and (hinted_at is null or hinted_at < clock_timestamp() - make_interval(secs => %(after)s))"
                    f" and {NOT_STOPPED} order by id limit %(batch)s for update skip locked) returning id".encode(),
                    values,
                )
            ).fetchall()
            arrivals = await (
                await conn.execute(
                    "update arrivals set hinted_at = clock_timestamp() where id in (select id from arrivals"
                    " where state = 'stored' and deployment = any(%(deployments)s)"
                    " and (hinted_at is null or hinted_at < clock_timestamp() - make_interval(secs => %(after)s))"
                    " order by id limit %(batch)s for update skip locked) returning id",
                    values,
                )
            ).fetchall()
            await self._dispatch.hint(conn, "case", sorted(row["id"] for row in cases))
            await self._dispatch.hint(conn, "arrival", sorted(row["id"] for row in arrivals))
            return len(cases) + len(arrivals)

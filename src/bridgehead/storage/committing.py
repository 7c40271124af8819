"""Group commit (D6): one writer takes what waits and commits it in one transaction, fenced per case.

While one batch is under way the next gathers, so the database is asked twice per batch, however many cases
share it. A case whose claim is over drops out alone; a batch that fails for another reason is divided until
the one commit that causes it is alone with its error. When the connection is lost at the commit, the server
says what became of the transaction before anyone is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.pq import ConnStatus

from bridgehead import points
from bridgehead.cases.ports import Claim, KeyTaken
from bridgehead.cases.writes import Note, Write
from bridgehead.clock import boot_s
from bridgehead.engine.ports import Dispatch
from bridgehead.errors import LeaseLost, Unavailable
from bridgehead.ledger.vault import Sealed
from bridgehead.storage.batch_rows import Rows
from bridgehead.storage.database import Connection, Database, translated, unavailable
from bridgehead.storage.looking import look
from bridgehead.storage.planning import PLANNED, Plan, sealed_ahead
from bridgehead.storage.together import again
from bridgehead.storage.writing import DIRECT

log = logging.getLogger("bridgehead.storage")
MOST: Final = 64
"""Commits that share a transaction at most: a batch of more takes longer and saves hardly anything."""
LOCK_MS: Final = 500
"""How long a batch waits for a row that somebody else holds; then who waits for it goes on alone."""
ANSWER_S: Final = 15.0
"""How long a database that went away is waited for before nobody can say what became of a commit, in seconds."""
LOOK_S: Final = 0.05


@dataclass(eq=False, slots=True)
class Commit:
    """One caller's writes, and the promise of what becomes of them."""

    claim: Claim
    writes: Sequence[Write]
    actor: str
    done: asyncio.Future[Mapping[str, int]]
    alone: bool
    """Holds a write that needs statements of its own."""
    ahead: dict[int, Sealed]

    @property
    def progress(self) -> bool:
        """A note is written again by every replay: it is no progress."""
        return not all(isinstance(write, Note) for write in self.writes)

    def stands(self, tokens: Mapping[str, int]) -> None:
        """Tells the caller that it is committed."""
        if not self.done.done():
            self.done.set_result(tokens)

    def fails(self, error: BaseException) -> None:
        """Tells the caller that nothing of it was written, or that nobody can say (Unavailable)."""
        if not self.done.done():
            self.done.set_exception(error)


class _Unknown(Exception):  # caught where the batch is carried out, and seen by nobody else
    """The connection was lost at the commit; holds the transaction's id and the tokens of each commit."""

    def __init__(self, xid: str | None, told: Sequence[tuple[Commit, Mapping[str, int]]]) -> None:
        super().__init__(xid)
        self.xid = xid
        self.told = told


class Writer:
    """Commits what the cases of one process write. One batch at a time, on a connection of its own."""

    def __init__(self, database: Database, dispatch: Dispatch) -> None:
        self._database = database
        self._dispatch = dispatch
        self._waiting: deque[Commit] = deque()
        self._running: asyncio.Task[None] | None = None
        self._aside: set[asyncio.Task[None]] = set()
        self._conn: Connection | None = None

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Returns the ids behind tokens once the writes stand; see the port of the case store.

        A caller that is cancelled while its commit waits takes it back; later it stands or falls as a whole.
        """
        commit = Commit(
            claim=claim,
            writes=writes,
            actor=actor,
            done=asyncio.get_running_loop().create_future(),
            alone=not all(type(write) in PLANNED for write in writes),
            ahead=sealed_ahead(claim.key, writes),
        )
        self._waiting.append(commit)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="bridgehead writer")
        return await commit.done

    async def _run(self) -> None:
        """Carries out batches until nothing waits; whatever happens, nobody is left waiting."""
        batch: Sequence[Commit] = ()
        try:
            while batch := self._next():
                await self._carry_out(batch)
        except BaseException as error:
            for commit in (*batch, *self._waiting):
                commit.fails(Unavailable("the writer ended", code="db.unavailable"))
            self._waiting.clear()
            if isinstance(error, Exception):
                log.exception("the writer failed")
            else:
                raise

    def _next(self) -> Sequence[Commit]:
        """Takes what waits, oldest first, at most one commit of each case: those of one case keep their order."""
        batch: dict[int, Commit] = {}
        later: list[Commit] = []
        while self._waiting and len(batch) < MOST:
            commit = self._waiting.popleft()
            if commit.done.done():
                continue
            if batch.setdefault(commit.claim.case_id, commit) is not commit:
                later.append(commit)
        self._waiting.extendleft(reversed(later))
        return list(batch.values())

    async def _carry_out(self, batch: Sequence[Commit]) -> None:
        """Commits a batch, by halves where it fails as a whole."""
        try:
            await self._stand(batch)
        except psycopg.errors.LockNotAvailable as error:
            if len(batch) == 1:
                self._wait_aside(batch[0])
            else:
                log.debug("a batch of %s is divided: %s", len(batch), error)
                await self._halves(batch)
        except Unavailable as error:
            for commit in batch:
                commit.fails(again(error))
        except (Exception, LeaseLost) as error:  # noqa: BLE001  # one commit's fault, whatever it is: it hurts no other case
            if len(batch) == 1:
                batch[0].fails(_named(error))
            else:
                log.debug("a batch of %s is divided: %s", len(batch), type(error).__name__)
                await self._halves(batch)

    async def _halves(self, batch: Sequence[Commit]) -> None:
        middle = len(batch) // 2
        await self._carry_out(batch[:middle])
        await self._carry_out(batch[middle:])

    async def _stand(self, batch: Sequence[Commit]) -> None:
        """Commits a batch, once more where the connection was lost and nothing of it stands."""
        ends = boot_s() + ANSWER_S
        while True:
            conn = await self._connected(ends - boot_s())
            try:
                told = await self._write(conn, batch)
            except _Unknown as lost:
                if await self._committed(lost.xid, ends):
                    told = lost.told
                elif boot_s() < ends:
                    continue
                else:
                    raise Unavailable("the database went away while it was written to", code="db.unavailable") from lost
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                if not _lost(conn) or isinstance(error, psycopg.errors.LockNotAvailable):
                    raise
                if boot_s() >= ends:
                    with translated():
                        raise
                continue
            for commit, tokens in told:
                commit.stands(tokens)
            return

    async def _write(self, conn: Connection, batch: Sequence[Commit]) -> Sequence[tuple[Commit, Mapping[str, int]]]:
        """Carries out one transaction and returns the tokens of those that stand; others are told why they do not.

        Raises _Unknown when the connection is lost once the commit was on its way; whatever else
        it raises, nothing was written.
        """
        failed: list[tuple[Commit, BaseException]] = []
        plans: list[tuple[Commit, Plan]] = []
        rows = Rows()
        committing = False
        looked = None
        try:
            looked = await look(conn, [(commit.claim, commit.writes) for commit in batch])
            for commit in batch:
                if not commit.alone:
                    try:
                        plan = Plan.of(commit.claim, commit.actor, dict(commit.ahead), looked)
                        for write in commit.writes:
                            plan.write(write)
                        await plan.close(progress=commit.progress)
                    except (Exception, LeaseLost) as wrong:  # noqa: BLE001  # its caller is told; its rows are not among the batch's yet
                        failed.append((commit, wrong))
                        continue
                    plans.append((commit, plan))
                    rows.join(plan.rows)
            for commit in batch:
                if commit.alone:
                    try:
                        plan = Plan.of(commit.claim, commit.actor, dict(commit.ahead), looked)
                    except LeaseLost as over:
                        failed.append((commit, over))
                        continue
                    await self._one_by_one(conn, commit, plan, rows)
                    plans.append((commit, plan))
            due = sorted(plan.claim.case_id for _, plan in plans if plan.due_again)
            if due:
                await rows.write(conn)
                await self._dispatch.hint(conn, "case", due)
            committing = True
            points.reach("journal.batch.before")
            await rows.write(conn, commit=True)
            points.reach("journal.batch.after")
        except BaseException as error:
            if _lost(conn):
                if committing and isinstance(error, psycopg.Error | OSError):
                    raise _Unknown(
                        None if looked is None else looked.xid, [(one, plan.tokens) for one, plan in plans]
                    ) from error
                raise
            await self._undo(conn)
            raise
        for commit, why in failed:
            commit.fails(why)
        return [(commit, plan.tokens) for commit, plan in plans]

    @staticmethod
    async def _one_by_one(conn: Connection, commit: Commit, plan: Plan, rows: Rows) -> None:
        """Plans what can be planned and carries out what cannot, in the order of the writes."""
        for write in commit.writes:
            if type(write) in PLANNED:
                plan.write(write)
                continue
            rows.join(plan.rows)
            plan.rows.waiting.clear()
            await rows.write(conn)
            await DIRECT[type(write)](plan.writing(), write)
        await plan.close(progress=commit.progress)
        rows.join(plan.rows)

    async def _undo(self, conn: Connection) -> None:
        try:
            await conn.execute(b"rollback", prepare=False)
        except (psycopg.Error, OSError):
            await conn.close()

    async def _connected(self, within_s: float) -> Connection:
        """Returns the writer's connection, a new one where the last was lost."""
        if self._conn is None or _lost(self._conn):
            if self._conn is not None:
                await self._conn.close()
            self._conn = None
            self._conn = await self._database.connect(within_s=within_s, lock_timeout_ms=LOCK_MS)
        return self._conn

    async def _committed(self, xid: str | None, ends: float) -> bool:
        """Asks the server what became of a transaction; raises Unavailable when it cannot say in time.

        The backend that lost its client may still be at work on it, so what its tables show says nothing.
        """
        while True:
            conn = await self._connected(ends - boot_s())
            try:
                row = await (await conn.execute("select pg_xact_status(%s::text::xid8) as status", (xid,))).fetchone()
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError):
                row = None
            status = None if row is None else row["status"]
            if status in ("committed", "aborted"):
                return bool(status == "committed")
            if boot_s() >= ends:
                raise Unavailable("nobody can say whether a commit happened", code="db.unavailable")
            await asyncio.sleep(LOOK_S)

    def _wait_aside(self, commit: Commit) -> None:
        """Lets one commit wait for its lock, as long as it takes, while the others go on."""
        task = asyncio.create_task(self._alone(commit), name="bridgehead commit aside")
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _alone(self, commit: Commit) -> None:
        try:
            conn = await self._database.connect(within_s=ANSWER_S)
            try:
                for one, tokens in await self._write(conn, [commit]):
                    one.stands(tokens)
            except _Unknown as lost:
                if await self._committed(lost.xid, boot_s() + ANSWER_S):
                    commit.stands(lost.told[0][1])
                else:
                    commit.fails(Unavailable("the database went away", code="db.unavailable"))
            finally:
                await conn.close()
        except BaseException as error:
            commit.fails(
                _named(error)
                if isinstance(error, (Exception, LeaseLost))
                else Unavailable("ended", code="db.unavailable")
            )
            if not isinstance(error, (Exception, LeaseLost)):
                raise


def _lost(conn: Connection) -> bool:
    return conn.closed or conn.pgconn.status != ConnStatus.OK


def _named(error: BaseException) -> BaseException:
    """Returns the error that the port promises for what the database said of one commit."""
    if isinstance(error, psycopg.errors.UniqueViolation) and error.diag.constraint_name == "effects_key":
        taken = KeyTaken("Another effect of this deployment has the same key.")
        taken.__cause__ = error
        return taken
    return unavailable(error) or error

"""What people look at: arrivals, open work and workers, each list bounded and read without a lock.

Ids in these values are what people see and type (``C-17``); a payload that cannot be opened any
more is None, with the reason beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.ledger.vault import DataKey, Unreadable, Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.controls import PAUSED
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.queries_case_view import ArrivalLine
from bridgehead.storage.sealing import from_bytes, load_key
from bridgehead.storage.workers import LOCK_SPACE

LARGEST_PAGE = 1000

ALIVE = f"""
select w.id from workers w
where w.stopped_at is null and w.lease_until >= clock_timestamp()
  and exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = {LOCK_SPACE}::oid
              and l.objid = w.id::oid and l.granted
              and l.database = (select oid from pg_database where datname = current_database()))
"""
"""Workers that live: their lease runs and the connection that holds their lock stands."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A payload as it can be shown: its value, or None and why it cannot be opened."""

    value: JSON
    unreadable: str | None = None


class Opener:
    """Opens the payloads of one data key; a key that was erased makes every payload unreadable, not an error."""

    def __init__(self, key: DataKey | None, why: str | None = None) -> None:
        self._key = key
        self.why = why

    @classmethod
    async def load(cls, conn: Connection, vault: Vault, key_id: int) -> Opener:
        """Returns an opener for a stored data key."""
        try:
            return cls(await load_key(conn, vault, key_id))
        except Unreadable as error:
            return cls(None, error.message)

    @classmethod
    def of(cls, vault: Vault, wrapped: bytes | None) -> Opener:
        """Returns an opener for a wrapped data key that was read with its row."""
        try:
            return cls(vault.unwrap(wrapped))
        except Unreadable as error:
            return cls(None, error.message)

    def open(self, sealed: bytes | None, commitment: bytes | None) -> Opened:
        """Returns a JSON payload; no commitment stands for no payload."""
        found = self.open_bytes(sealed, commitment)
        if not isinstance(found, bytes):
            return found
        return Opened(from_bytes(found))

    def open_bytes(self, sealed: bytes | None, commitment: bytes | None) -> bytes | Opened:
        """Returns a payload's bytes, or why there are none."""
        if commitment is None:
            return Opened(None)
        if self._key is None:
            return Opened(None, self.why)
        if sealed is None:
            return Opened(None, "The payload is missing from the store.")
        try:
            return self._key.open(bytes(sealed), bytes(commitment))
        except Unreadable as error:
            return Opened(None, error.message)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts for a status line; ``bound`` is what the next call starts from, ``passed`` what it leaves behind."""

    bound: int
    stored: int
    due: int
    running: int
    waiting: int
    with_person: int
    done: int
    passed: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What a wait for arrivals found.

    ``arrivals``: those that still need work, each with whether no worker would read it, and its cases that need work.
    """

    settled: int
    arrivals: tuple[tuple[str, bool, tuple[int, ...]], ...]
    hindered: tuple[str, ...]


class Queries:
    """Read models over one database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def arrivals(
        self, *, deployment: str | None = None, state: str | None = None, after: int | None = None, limit: int = 50
    ) -> Sequence[ArrivalLine]:
        """Returns arrivals, newest first; ``after`` continues below an id of the page before."""
        return await self.arrivals_where(
            "where (%(d)s::text is null or deployment = %(d)s) and (%(s)s::text is null or state = %(s)s)"
            " and (%(a)s::bigint is null or id < %(a)s) order by id desc limit %(n)s",
            {"d": deployment, "s": state, "a": after, "n": page(limit)},
        )

    async def arrival(self, arrival_id: int) -> ArrivalLine:
        """Returns one arrival; raises UserError for an unknown one."""
        found = await self.arrivals_where("where id = %(id)s", {"id": arrival_id})
        if not found:
            raise _unknown_arrival(arrival_id)
        return found[0]

    async def arrivals_where(self, chosen: str, values: Mapping[str, object]) -> Sequence[ArrivalLine]:
        """Returns the arrivals that the rest of a statement chooses, in its order."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select a.*, (select array_agg(ac.case_id order by ac.case_id) from arrival_cases ac"
                    " where ac.arrival_id = a.id) as cases, (select m.principal from mandates m where"
                    " m.deployment = a.deployment and m.source_key = a.source_key) as principal"
                    f" from arrivals a {chosen}".encode(),
                    values,
                )
            ).fetchall()
            reviewed = [row["id"] for row in rows if row["state"] in ("review", "settled")]
            reviews = await _reviews_of_arrivals(conn, reviewed)
        return [
            ArrivalLine(
                id=show("A", row["id"]),
                deployment=row["deployment"],
                source=row["source"],
                name=row["name"],
                size_bytes=row["size_bytes"],
                state=row["state"],
                received_at=row["received_at"],
                settled_at=row["settled_at"],
                cases=tuple(show("C", number) for number in row["cases"] or ()),
                reviews=reviews.get(row["id"], ()),
                submitted_by=submitter(row["principal"]),
            )
            for row in rows
        ]

    async def original(self, arrival_id: int) -> tuple[str, bytes]:
        """Returns an arrival's name and the document as it came.

        Raises UserError for an unknown arrival and for one whose key was erased.
        """
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select a.name, a.document, b.sealed, k.wrapped from arrivals a join blobs b on b.commitment ="
                    " a.document join data_keys k on k.id = a.key_id where a.id = %s",
                    (arrival_id,),
                )
            ).fetchone()
        if row is None:
            raise _unknown_arrival(arrival_id)
        found = Opener.of(self._vault, row["wrapped"]).open_bytes(row["sealed"], row["document"])
        if not isinstance(found, bytes):
            raise UserError(f"{show('A', arrival_id)} cannot be opened: {found.unreadable}", code="arrival.unreadable")
        return row["name"], found

    async def parameters(self, deployment: str, tool: str, case_id: int | None) -> JSON:
        """Returns the JSON Schema of a tool's arguments, from the release of the case, or None if it has none."""
        return (await self.declared(deployment, tool, case_id)).get("parameters")

    async def declared(self, deployment: str, tool: str, case_id: int | None) -> Mapping[str, JSON]:
        """Returns what the release of a case says of a tool; empty where it says nothing."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select manifest from releases where deployment = %(d)s and (%(c)s::bigint is null"
                    " or digest = (select release from cases where id = %(c)s)) order by registered_at desc limit 1",
                    {"d": deployment, "c": case_id},
                )
            ).fetchone()
        manifest = None if row is None else from_bytes(bytes(row["manifest"]))
        tools = manifest.get("tools") if isinstance(manifest, dict) else None
        found = tools.get(tool) if isinstance(tools, dict) else None
        return found if isinstance(found, dict) else {}

    async def first_open(self, deployments: Sequence[str]) -> int:
        """Returns the id from which ``tally`` has to count: of the oldest case that is not done."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select coalesce(min(id) filter (where state <> 'done'), max(id) + 1, 1) as bound from cases"
                    " where deployment = any(%s)",
                    (list(deployments),),
                )
            ).fetchone()
        return 1 if row is None else int(row["bound"])

    async def tally(self, deployments: Sequence[str], bound: int) -> Tally:
        """Counts the cases from ``bound`` on, by state, and the arrivals that are still to be read."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "with r as (select id, state from cases where id >= %(b)s and deployment = any(%(d)s)),"
                    " f as (select coalesce(min(id) filter (where state <> 'done'), max(id) + 1, %(b)s) as bound"
                    " from r) select f.bound, (select count(*) from arrivals where state = 'stored'"
                    " and deployment = any(%(d)s)) as stored, c.* from f,"
                    " lateral (select count(*) filter (where state = 'due') as due,"
                    " count(*) filter (where state = 'running') as running,"
                    " count(*) filter (where state = 'waiting') as waiting,"
                    " count(*) filter (where state = 'with_person') as with_person,"
                    " count(*) filter (where state = 'done') as done,"
                    " count(*) filter (where state = 'done' and id < f.bound) as passed from r) c",
                    {"b": bound, "d": list(deployments)},
                )
            ).fetchone()
        if row is None:  # pragma: no cover - the common table expression has one row
            return Tally(bound, 0, 0, 0, 0, 0, 0, 0)
        return Tally(**row)

    async def busy(self, deployments: Sequence[str], releases: Sequence[bytes]) -> int:
        """Counts what a worker of these releases still has to do: arrivals, cases due, running or timed, and messages.

        What is paused waits for a person.
        """
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select (select count(*) from arrivals where state = 'stored' and deployment = any(%(d)s))"
                    " + (select count(*) from cases where release = any(%(r)s) and (state = 'running' or ("
                    f"(state = 'due' or (state = 'waiting' and wake_at is not null)) and not {PAUSED})))"
                    " + (select count(*) from notices where due_at <= bridgehead_now() and deployment = any(%(d)s))"
                    " + (select count(*) from notifications where state = 'due' and due_at <= bridgehead_now()"
                    "    and deployment = any(%(d)s)) as n".encode(),
                    {"d": list(deployments), "r": list(releases)},
                )
            ).fetchone()
        return 0 if row is None else int(row["n"])

    async def stranded(self, deployments: Sequence[str], releases: Sequence[bytes]) -> Sequence[tuple[str, bytes, int]]:
        """Returns deployment, release and number of the agents' open cases that a worker of these releases leaves."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select deployment, release, count(*) as n from cases where deployment = any(%(d)s)"
                    " and state in ('due', 'running', 'waiting') and release <> all(%(r)s)"
                    " group by deployment, release order by deployment, min(id)",
                    {"d": list(deployments), "r": list(releases)},
                )
            ).fetchall()
        return [(row["deployment"], bytes(row["release"]), int(row["n"])) for row in rows]

    async def unsettled(self, arrivals: Sequence[int]) -> Unsettled:
        """Returns how many of these arrivals nobody needs to work on any more, which others do, and what hinders them.

        An arrival is settled when it was read and each of its cases is done or with a person.
        """
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "with living as (select release from worker_releases where worker_id in (" + ALIVE + "))"
                    " select a.id, a.state = 'stored' or coalesce(bool_or(c.state in ('due', 'running')"
                    " or (c.state = 'waiting' and c.wake_at is not null)), false) as busy,"
                    " coalesce(bool_or((c.state in ('due', 'running')"
                    " or (c.state = 'waiting' and c.wake_at is not null))"
                    " and c.release not in (select release from living)), false) as unserved,"
                    " coalesce(array_agg(c.id order by c.id) filter (where c.state in ('due', 'running')"
                    " or (c.state = 'waiting' and c.wake_at is not null)), '{}') as cases,"
                    " a.state = 'stored' and not exists (select from worker_releases wr where wr.deployment ="
                    " a.deployment and wr.worker_id in (" + ALIVE + ")) as unread"
                    " from arrivals a left join arrival_cases ac on ac.arrival_id = a.id"
                    " left join cases c on c.id = ac.case_id where a.id = any(%s) group by a.id order by a.id",
                    (list(arrivals),),
                )
            ).fetchall()
        busy = [row for row in rows if row["busy"]]
        hindered = []
        if any(row["unread"] for row in busy):
            hindered.append("no worker serves this deployment")
        if any(row["unserved"] for row in busy):
            hindered.append("no worker serves the release of some cases")
        return Unsettled(
            settled=len(rows) - len(busy),
            arrivals=tuple((show("A", row["id"]), bool(row["unread"]), tuple(row["cases"])) for row in busy),
            hindered=tuple(hindered),
        )

    async def open_levels(self, deployment: str) -> dict[str, int]:
        """Returns how many open cases of a deployment have which level."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select level, count(*) as cases from cases where deployment = %s and state <> 'done'"
                    " group by level",
                    (deployment,),
                )
            ).fetchall()
        return {row["level"]: row["cases"] for row in rows}

    async def completed_in_shadow(self, deployment: str) -> int:
        """Returns how many cases of a deployment an agent completed in shadow: what a comparison could rest on."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select count(*) as cases from cases where deployment = %s and level = 'shadow'"
                    " and outcome = 'completed'",
                    (deployment,),
                )
            ).fetchall()
        return int(rows[0]["cases"])


def page(limit: int) -> int:
    """Returns a page's length within bounds; raises UserError outside them."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise UserError(
            f"a page has 1 to {LARGEST_PAGE} lines, not {limit}",
            code="input.limit",
            hint="Ask for the next page with --after.",
        )
    return limit


def person_of(subject: str, issuer: str) -> str:
    """Returns a user as people read them: by name, and by their issuer where that is not this installation."""
    return f"{subject} of {issuer}" if issuer else subject


def submitter(principal: str | None) -> str | None:
    """Returns who handed an arrival in, of what its mandate records of them; None where nobody is recorded."""
    if principal is None:
        return None
    try:
        found = json.loads(principal)
        return person_of(str(found["subject"]), str(found.get("issuer") or ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # verifying the ledger names it
        return None


def _unknown_arrival(arrival_id: int) -> UserError:
    return UserError(
        f"there is no arrival {show('A', arrival_id)}", code="arrival.unknown", hint="'bridgehead arrivals' lists them."
    )


async def _reviews_of_arrivals(conn: Connection, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    if not numbers:
        return {}
    rows = await (
        await conn.execute(
            "select arrival_id, array_agg(id order by id) as ids from reviews where arrival_id = any(%s)"
            " group by arrival_id",
            (list(numbers),),
        )
    ).fetchall()
    return {row["arrival_id"]: tuple(show("R", number) for number in row["ids"]) for row in rows}

"""Arrivals: stored and acknowledged first, settled into cases or a review afterwards, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg.errors

from bridgehead import points
from bridgehead.cases.intake import Opening
from bridgehead.cases.writes import ReviewOpen
from bridgehead.engine.ports import ArrivalWork, Dispatch
from bridgehead.errors import Unavailable
from bridgehead.ids import ArrivalId, CaseId, show
from bridgehead.ledger.canonical import canonical
from bridgehead.ledger.chain import EMPTY, Head
from bridgehead.ledger.vault import Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.batch_rows import Rows
from bridgehead.storage.database import Connection, Database, pipelined
from bridgehead.storage.planning import PlannedChain, PlannedSealer
from bridgehead.storage.sealing import CHAIN_HEAD, NEWEST_KEYS, Chain, Sealer, check_newest, load_key, new_key
from bridgehead.storage.writing import open_review


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing an arrival came to: its id, and whether it had been stored before."""

    id: ArrivalId
    again: bool


_SAME_SOURCE: Final = "arrivals_deployment_source_key_key"
_KNOWN: Final = b"select id from arrivals where deployment = %s and source_key = %s"
# Numbers are drawn only for what is new, so that a resend leaves no gap.
_NEW_ARRIVAL: Final = (
    b"select nextval('arrivals_id_seq') as id, nextval('data_keys_id_seq') as key_id, bridgehead_now() as at"
    b" where not exists (select from arrivals where deployment = %s and source_key = %s)"
)
_NEW_CASE: Final = (
    b"select nextval('cases_id_seq') as id, nextval('data_keys_id_seq') as key_id"
    b" where not exists (select from cases where deployment = %s and business_key = %s)"
)
_PUT_KEY: Final = b"insert into data_keys (id, wrapped) overriding system value values (%s, %s)"
_PUT_CHAIN: Final = b"insert into chains (chain, seq, head) values (%s, %s, %s)"
_PUT_ARRIVAL: Final = (
    b"insert into arrivals (id, deployment, source, source_key, key_id, document, name, size_bytes, unfit, hinted_at)"
    b" overriding system value values (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())"
)
_PUT_CASE: Final = (
    b"insert into cases (id, deployment, release, level, business_key, content, key_id, input, state, deadline_at,"
    b" received_at, hinted_at) overriding system value values (%s, %s, %s, %s, %s, %s, %s, %s, 'due',"
    b" bridgehead_now() + make_interval(secs => %s), %s, clock_timestamp())"
)
_LOCKED: Final = b"select id, key_id, received_at, name from arrivals where id = %s and state = 'stored' for update"
_READ: Final = b"update arrivals set state = 'read', settled_at = bridgehead_now() where id = %s"
_TAKE: Final = (
    b"with taken as (update arrivals set attempts = attempts + 1, hinted_at = clock_timestamp()"
    b" where id = %s and state = 'stored' and deployment = any(%s)"
    b" returning id, deployment, document, name, attempts, key_id, unfit)"
    b" select taken.*, k.wrapped, d.sealed as sealed_document, u.sealed as sealed_unfit from taken"
    b" join data_keys k on k.id = taken.key_id join blobs d on d.commitment = taken.document"
    b" left join blobs u on u.commitment = taken.unfit"
)


class Arrivals:
    """The store of arrivals, on PostgreSQL."""

    def __init__(self, database: Database, dispatch: Dispatch, vault: Vault) -> None:
        self._database = database
        self._dispatch = dispatch
        self._vault = vault

    async def store(
        self,
        deployment: str,
        *,
        source: str,
        source_id: str,
        document: bytes,
        name: str,
        actor: str,
        unfit: str = "",
        by_id: bool = False,
    ) -> Stored:
        """Stores an arrival durably and hints that it is to be read; the same one twice is stored once.

        The same one is what has the same ``source_id`` and the same bytes; ``by_id``: the same
        ``source_id`` alone, where the source promises that it names one message. ``unfit`` says why
        no reader is to be asked: a person gets the original with it.
        When this returns, the arrival is committed. Raises Unavailable when it is not, or
        when the database cannot say; sending it again is always safe. Raises Unreadable when
        the database belongs to another master key.
        """
        name = name.replace("\x00", " ")  # which no text of PostgreSQL holds
        digest = "" if by_id else self._vault.hmac("document", document).hex()
        source_key = self._vault.hmac("source", canonical([deployment, source, source_id, digest]))
        try:
            return await self._store(deployment, source, source_key, document, name[:200], actor, unfit)
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != _SAME_SOURCE:
                raise
        # Somebody stored the same one between the look and the insert: theirs counts.
        async with self._database.connection() as conn:
            row = await (await conn.execute(_KNOWN, (deployment, source_key))).fetchone()
        if row is None:  # pragma: no cover - rows of arrivals are never deleted
            raise Unavailable("an arrival is there and is not", code="db.unavailable")
        return Stored(ArrivalId(row["id"]), again=True)

    async def _store(
        self, deployment: str, source: str, source_key: bytes, document: bytes, name: str, actor: str, unfit: str
    ) -> Stored:
        values = (deployment, source_key)
        async with self._database.begun() as conn:
            async with pipelined(conn):
                await conn.execute(b"begin", prepare=False)
                known = await conn.execute(_KNOWN, values, prepare=True)
                keys = await conn.execute(NEWEST_KEYS, prepare=True)
                numbers = await conn.execute(_NEW_ARRIVAL, values, prepare=True)
            before, new = await known.fetchone(), await numbers.fetchone()
            if before is None and new is None:  # it was stored between the two looks
                before = await (await conn.execute(_KNOWN, values, prepare=True)).fetchone()
            if before is not None or new is None:
                await conn.execute(b"rollback", prepare=False)
                return Stored(ArrivalId(0 if before is None else before["id"]), again=True)
            check_newest(self._vault, await keys.fetchall())
            number, key_id = ArrivalId(new["id"]), new["key_id"]
            wrapped, key = self._vault.new_data_key()
            rows = Rows()
            sealer = PlannedSealer(conn, key_id, key, rows=rows)
            reference = sealer.keep(document)
            why = sealer.keep({"unfit": unfit}) if unfit else None
            refs: dict[str, JSON] = {
                "arrival": number,
                "deployment": deployment,
                "source": source,
                "size_bytes": len(document),
                "data_key": key_id,
            }
            commitments = {"document": reference, "key": source_key} | ({} if why is None else {"unfit": why})
            chain = PlannedChain(conn, show("A", number), EMPTY, new["at"], actor, rows=rows)
            chain.link("arrival.stored", refs, commitments)
            async with pipelined(conn):
                await conn.execute(_PUT_KEY, (key_id, wrapped), prepare=True)
                await conn.execute(_PUT_CHAIN, (chain.name, chain.head.seq, chain.head.hash), prepare=True)
                await rows.send(conn)
                await conn.execute(
                    _PUT_ARRIVAL,
                    (number, deployment, source, source_key, key_id, reference, name, len(document), why),
                    prepare=True,
                )
            await self._dispatch.hint(conn, "arrival", [number], fresh=True)
            points.reach("intake.store.before")
            await conn.execute(b"commit", prepare=False)
        points.reach("intake.store.after")
        return Stored(number, again=False)

    async def take(self, arrival_id: ArrivalId, deployments: Sequence[str]) -> ArrivalWork | None:
        """Counts an attempt at reading before it is made, so that a document that kills its reader is found out."""
        async with self._database.begun() as conn:
            async with pipelined(conn):
                await conn.execute(b"begin", prepare=False)
                taken = await conn.execute(_TAKE, (arrival_id, list(deployments)), prepare=True)
            row, document, unfit = await taken.fetchone(), b"", ""
            if row is not None:
                key = self._vault.unwrap(row["wrapped"])
                document = key.open(row["sealed_document"], row["document"])
                if row["unfit"] is not None:
                    unfit = str(json.loads(key.open(row["sealed_unfit"], row["unfit"]))["unfit"])
            await conn.execute(b"commit", prepare=False)
        if row is None:
            return None
        return ArrivalWork(ArrivalId(row["id"]), row["deployment"], document, row["name"], row["attempts"], unfit=unfit)

    async def earlier_under_way(self, work: ArrivalWork, *, within_s: float) -> bool:
        """Tells whether an arrival that came before this one is still to be settled and was taken up lately.

        One that hangs (nothing was heard of it for ``within_s`` seconds) holds nobody up.
        """
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select exists (select from arrivals where deployment = %s and id < %s and state = 'stored'"
                    " and hinted_at > clock_timestamp() - make_interval(secs => %s)) as waiting",
                    (work.deployment, work.id, within_s),
                )
            ).fetchone()
        return row is not None and bool(row["waiting"])

    async def settle(
        self,
        work: ArrivalWork,
        release: bytes,
        openings: Sequence[Opening],
        reviews: Sequence[ReviewOpen],
        deadline_s: float,
        *,
        level: str,
        reason: str = "",
        late: Callable[[CaseId], ReviewOpen] | None = None,
    ) -> Mapping[str, int]:
        """Opens or attaches the cases of an arrival and opens its reviews, in one commit.

        ``late`` makes the review of an order whose newer version was taken up before it: the
        older document is no revision of the newer one. None opens a revision all the same.
        """
        if len(openings) == 1 and not reviews:
            counts = await self._settle_new(work, release, openings[0], deadline_s, level)
            if counts is not None:
                return counts
        reviews, counts = list(reviews), {"opened": 0, "resend": 0, "revision": 0, "review": 0}
        async with self._database.transaction() as conn:
            # Two readers of one arrival: the row lock lets one settle it, the other finds it settled.
            row = await (
                await conn.execute(
                    "select id, key_id, received_at, name from arrivals where id = %s and state = 'stored' for update",
                    (work.id,),
                )
            ).fetchone()
            if row is None:
                return {}
            chain = await Chain.lock(conn, show("A", work.id), actor="intake")
            sealer = Sealer(conn, row["key_id"], await load_key(conn, self._vault, row["key_id"]))
            for opening in sorted(openings, key=lambda one: one.business_key):
                if late is not None and (newer := await self._overtaken_by(conn, work, opening)) is not None:
                    reviews.append(late(newer))
                    continue
                relation, case_id = await self._open(
                    conn, work, release, opening, deadline_s, level, row["received_at"]
                )
                counts[relation] += 1
                refs: dict[str, JSON] = {"case": case_id, "relation": relation}
                await chain.append("arrival.case", refs)
            for review in reviews:
                await open_review(conn, chain, sealer, work.deployment, review, {}, arrival_id=work.id)
                counts["review"] += 1
            state = "review" if reviews else "read" if openings else "no_case"
            await conn.execute(
                "update arrivals set state = %s, settled_at = bridgehead_now() where id = %s", (state, work.id)
            )
            await chain.append(f"arrival.{state}", {"reason": reason} if reason else {})
            await chain.close()
            points.reach("intake.settle.before")
        points.reach("intake.settle.after")
        return counts

    async def _settle_new(
        self, work: ArrivalWork, release: bytes, opening: Opening, deadline_s: float, level: str
    ) -> Mapping[str, int] | None:
        """Opens the one case of an arrival under a key that nobody has used, in four round trips.

        None: the key is known, so there is more to look at, and nothing was written.
        """
        key_values = (work.deployment, opening.business_key)
        async with self._database.begun() as conn:
            async with pipelined(conn):
                await conn.execute(b"begin", prepare=False)
                locked = await conn.execute(_LOCKED, (work.id,), prepare=True)
                head = await conn.execute(CHAIN_HEAD, (show("A", work.id),), prepare=True)
                await self._lock_key(conn, work, opening)
                numbers = await conn.execute(_NEW_CASE, key_values, prepare=True)
            row, found, new = await locked.fetchone(), await head.fetchone(), await numbers.fetchone()
            if row is None or new is None:
                await conn.execute(b"rollback", prepare=False)
                return {} if row is None else None
            if found is None:
                raise Unavailable(f"chain {show('A', work.id)} is missing", code="ledger.missing_chain")
            case_id, key_id, at = CaseId(new["id"]), new["key_id"], found["at"]
            wrapped, key = self._vault.new_data_key()
            rows = Rows()
            reference = PlannedSealer(conn, key_id, key, rows=rows).keep({"input": opening.input, "text": opening.text})
            chain = PlannedChain(
                conn, show("A", work.id), Head(found["seq"], bytes(found["head"])), at, "intake", rows=rows
            )
            chain.link("arrival.case", {"case": case_id, "relation": "opened"})
            chain.link("arrival.read", {})
            await chain.close()
            case = PlannedChain(conn, show("C", case_id), EMPTY, at, "intake", rows=rows)
            case.link(*_opened(case_id, work, release, level, key_id, reference, opening))
            async with pipelined(conn):
                await conn.execute(_PUT_KEY, (key_id, wrapped), prepare=True)
                await conn.execute(_PUT_CHAIN, (case.name, case.head.seq, case.head.hash), prepare=True)
                await rows.send(conn)
                await conn.execute(
                    _PUT_CASE,
                    (
                        case_id,
                        work.deployment,
                        release,
                        level,
                        opening.business_key,
                        opening.content,
                        key_id,
                        reference,
                        deadline_s,
                        row["received_at"],
                    ),
                    prepare=True,
                )
                await self._join(conn, work.id, case_id, "opened")
                await conn.execute(_READ, (work.id,), prepare=True)
            await self._dispatch.hint(conn, "case", [case_id], fresh=True)
            points.reach("intake.settle.before")
            await conn.execute(b"commit", prepare=False)
        points.reach("intake.settle.after")
        return {"opened": 1, "resend": 0, "revision": 0, "review": 0}

    async def _open(
        self,
        conn: Connection,
        work: ArrivalWork,
        release: bytes,
        opening: Opening,
        deadline_s: float,
        level: str,
        received_at: object,
    ) -> tuple[str, CaseId]:
        """Opens a case, attaches an exact resend, or opens a linked revision; idempotent by business key."""
        await self._lock_key(conn, work, opening)
        known = await (
            await conn.execute(
                "select id, content, revision from cases where deployment = %s and business_key = %s order by revision",
                (work.deployment, opening.business_key),
            )
        ).fetchall()
        for case in known:
            if bytes(case["content"]) == opening.content:
                await self._join(conn, work.id, case["id"], "resend")
                return "resend", CaseId(case["id"])
        newest = known[-1] if known else None
        key_id, key = await new_key(conn, self._vault)
        sealer = Sealer(conn, key_id, key)
        reference = await sealer.put({"input": opening.input, "text": opening.text})
        revision = 1 if newest is None else newest["revision"] + 1
        row = await (
            await conn.execute(
                "insert into cases (deployment, release, level, business_key, content, revision, revises, key_id,"
                " input, state, deadline_at, received_at, hinted_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'due',"
                " bridgehead_now() + make_interval(secs => %s), %s, clock_timestamp()) returning id",
                (
                    work.deployment,
                    release,
                    level,
                    opening.business_key,
                    opening.content,
                    revision,
                    None if newest is None else newest["id"],
                    key_id,
                    reference,
                    deadline_s,
                    received_at,
                ),
            )
        ).fetchone()
        case_id = CaseId(row["id"]) if row is not None else CaseId(0)
        relation = "opened" if newest is None else "revision"
        await self._join(conn, work.id, case_id, relation)
        chain = await Chain.lock(conn, show("C", case_id), actor="intake", create=True)
        await chain.append(
            *_opened(
                case_id,
                work,
                release,
                level,
                key_id,
                reference,
                opening,
                revision,
                None if newest is None else newest["id"],
            )
        )
        await chain.close()
        await self._dispatch.hint(conn, "case", [case_id], fresh=True)
        return relation, case_id

    async def _overtaken_by(self, conn: Connection, work: ArrivalWork, opening: Opening) -> CaseId | None:
        """Returns the newest case of the same key if a later arrival opened it with other content."""
        await self._lock_key(conn, work, opening)
        row = await (
            await conn.execute(
                "select c.id from cases c join arrival_cases a on a.case_id = c.id and a.relation <> 'resend'"
                " where c.deployment = %(d)s and c.business_key = %(key)s and a.arrival_id > %(arrival)s"
                " and not exists (select from cases same where same.deployment = %(d)s"
                " and same.business_key = %(key)s and same.content = %(content)s)"
                " order by c.revision desc limit 1",
                {
                    "d": work.deployment,
                    "key": opening.business_key,
                    "arrival": work.id,
                    "content": opening.content,
                },
            )
        ).fetchone()
        return None if row is None else CaseId(row["id"])

    @staticmethod
    async def _lock_key(conn: Connection, work: ArrivalWork, opening: Opening) -> None:
        # One opener per business key at a time: the unique index alone would abort the whole arrival.
        await conn.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            (f"{work.deployment}:{opening.business_key.hex()}",),
            prepare=True,
        )

    @staticmethod
    async def _join(conn: Connection, arrival_id: int, case_id: int, relation: str) -> None:
        await conn.execute(
            "insert into arrival_cases (arrival_id, case_id, relation) values (%s, %s, %s) on conflict do nothing",
            (arrival_id, case_id, relation),
            prepare=True,
        )


def _opened(
    case_id: CaseId,
    work: ArrivalWork,
    release: bytes,
    level: str,
    key_id: int,
    reference: bytes,
    opening: Opening,
    revision: int = 1,
    revises: int | None = None,
) -> tuple[str, dict[str, JSON], dict[str, bytes]]:
    """Returns what the ledger says of a case that is opened."""
    refs: dict[str, JSON] = {
        "case": case_id,
        "arrival": work.id,
        "deployment": work.deployment,
        "release": release.hex(),
        "level": level,
        "revision": revision,
        "revises": revises,
        "data_key": key_id,
    }
    return "case.opened", refs, {"input": reference, "key": opening.business_key, "content": opening.content}

"""Arrivals: stored and acknowledged first, settled into cases or a review afterwards, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Final

from bridgehead import points
from bridgehead.cases.finding import found_by_document
from bridgehead.cases.intake import Opening
from bridgehead.cases.writes import ReviewOpen
from bridgehead.engine.ports import ArrivalWork, Dispatch, Place
from bridgehead.errors import Unavailable
from bridgehead.gate.grants import Granting, Principal
from bridgehead.ids import ArrivalId, CaseId, random_hex, show
from bridgehead.ledger.canonical import canonical
from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON
from bridgehead.storage.batch_rows import array
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.grants import Grants, grant_case
from bridgehead.storage.opening import LOCK_KEYS, Settlement, keep_found_by, lock_name, open_new, opened
from bridgehead.storage.reopening import Again, asked_again
from bridgehead.storage.sealing import Chain, Sealer, load_key, new_key
from bridgehead.storage.storing import Arriving, Stored, store_new
from bridgehead.storage.together import Together, again
from bridgehead.storage.writing import open_review

ON_BEHALF: Final = "user"
"""The source of an arrival that somebody who has shown who they are submitted."""
# The first attempt of all that are taken is counted here; an arrival whose worker died counts its next ones alone,
# right before each, so that no document is blamed for long for one that was in the same hands. Nobody rests on a
# count but the next attempt, so it need not wait for the disk.
_TAKE: Final = (
    b"with quick as materialized (select set_config('synchronous_commit', 'off', true) as value),"
    b" stored as materialized (select id, attempts from arrivals, quick"
    b" where id = any(%s::bigint[]) and state = 'stored' and deployment = any(%s) order by id for update of arrivals),"
    b" taken as (update arrivals a set hinted_at = clock_timestamp(), attempts = greatest(a.attempts, 1)"
    b" from stored where a.id = stored.id"
    b" returning a.id, a.deployment, a.source, a.document, a.name, a.key_id, a.unfit, stored.attempts = 0 as first)"
    b" select taken.*, k.wrapped, d.sealed as sealed_document, u.sealed as sealed_unfit from taken"
    b" join data_keys k on k.id = taken.key_id join blobs d on d.commitment = taken.document"
    b" left join blobs u on u.commitment = taken.unfit"
)
_ATTEMPT: Final = (
    b"with quick as materialized (select set_config('synchronous_commit', 'off', true) as value)"
    b" update arrivals set attempts = greatest(attempts + %s, 0) from quick where id = any(%s::bigint[])"
    b" returning id, attempts"
)


class Arrivals:
    """The store of arrivals, on PostgreSQL."""

    def __init__(self, database: Database, dispatch: Dispatch, vault: Vault) -> None:
        self._database = database
        self._dispatch = dispatch
        self._vault = vault
        self._storing = Together(partial(store_new, database, dispatch, vault))
        self._taking = Together(self._take)
        self._attempting = Together(self._attempt)
        self._settling = Together(self._settle)

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
        principal: Principal | None = None,
        again: str | None = None,
    ) -> Stored:
        """Stores an arrival durably and hints that it is to be read; the same one twice is stored once.

        The same one is what has the same ``source_id`` and the same bytes; ``by_id``: the same
        ``source_id`` alone, where the source promises that it names one message. ``unfit`` says why
        no reader is to be asked: a person gets the original with it. ``principal`` is whom its cases
        act for; the same document of somebody else is another arrival. ``again`` is why they want to have done again
        what came before: it is another arrival in any case, and opens a case where nothing of the earlier one stands.
        When this returns, the arrival is committed. Raises Unavailable when it is not, or
        when the database cannot say; sending it again is always safe. Raises Unreadable when
        the database belongs to another master key.
        """
        if principal is not None:
            source, source_id = ON_BEHALF, f"{source}:{principal.issuer}:{principal.subject}:{source_id}"
            if again is not None:
                source_id = f"{source_id}:again:{random_hex()}"
        name = name.replace("\x00", " ")  # which no text of PostgreSQL holds
        digest = "" if by_id else self._vault.hmac("document", document).hex()
        source_key = self._vault.hmac("source", canonical([deployment, source, source_id, digest]))
        if principal is not None:
            await Grants(self._database, self._vault).mandate(deployment, source_key, principal, again)
        return await self._storing(Arriving(deployment, source, source_key, document, name[:200], actor, unfit))

    async def take(self, arrival_id: ArrivalId, deployments: Sequence[str]) -> ArrivalWork | None:
        """Returns a stored arrival to be read; None when it is settled. Raises Unreadable as ``store`` does."""
        return await self._taking((arrival_id, tuple(deployments)))

    async def _take(
        self, asked: Sequence[tuple[ArrivalId, tuple[str, ...]]]
    ) -> Sequence[ArrivalWork | Unreadable | None]:
        deployments = asked[0][1]
        if any(names != deployments for _, names in asked):
            return [(await self._take([one]))[0] for one in asked]
        async with self._database.connection() as conn:
            numbers = array(number for number, _ in asked)
            rows = await (await conn.execute(_TAKE, (numbers, list(deployments)), prepare=True)).fetchall()
        found: dict[int, ArrivalWork | Unreadable] = {}
        for row in rows:
            try:
                key, unfit = self._vault.unwrap(row["wrapped"]), ""
                document = key.open(row["sealed_document"], row["document"])
                if row["unfit"] is not None:
                    unfit = str(json.loads(key.open(row["sealed_unfit"], row["unfit"]))["unfit"])
            except Unreadable as error:
                found[row["id"]] = error
                continue
            found[row["id"]] = ArrivalWork(
                ArrivalId(row["id"]),
                row["deployment"],
                document,
                row["name"],
                unfit=unfit,
                first=row["first"],
                on_behalf=row["source"] == ON_BEHALF,
            )
        return [found.get(number) for number, _ in asked]

    async def attempt(self, arrival_id: ArrivalId) -> int:
        """Counts an attempt at reading before it is made, so that a document that kills its worker is found out."""
        return await self._attempting(arrival_id)

    async def _attempt(self, numbers: Sequence[ArrivalId]) -> Sequence[int]:
        async with self._database.connection() as conn:
            rows = await (await conn.execute(_ATTEMPT, (1, array(numbers)), prepare=True)).fetchall()
        found = {row["id"]: row["attempts"] for row in rows}
        return [found.get(number, 0) for number in numbers]

    async def was_read(self, numbers: Sequence[ArrivalId]) -> None:
        """Takes back the last attempt at each: its document did its worker no harm."""
        async with self._database.connection() as conn:
            await conn.execute(_ATTEMPT, (-1, array(numbers)), prepare=True)

    async def under_way(self, deployment: str, before: ArrivalId, *, within_s: float) -> Sequence[int]:
        """Returns the arrivals before one that are still to be settled and were taken up lately, oldest first.

        One that hangs (nothing was heard of it for ``within_s`` seconds) holds nobody up.
        """
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    b"select id from arrivals where deployment = %s and id < %s::bigint and state = 'stored'"
                    b" and hinted_at > clock_timestamp() - make_interval(secs => %s) order by id limit 1000",
                    (deployment, before, within_s),
                    prepare=True,
                )
            ).fetchall()
        return [row["id"] for row in rows]

    async def settle(
        self,
        work: ArrivalWork,
        release: bytes,
        openings: Sequence[Opening],
        reviews: Sequence[ReviewOpen],
        deadline_s: float,
        *,
        level: Level,
        reason: str = "",
        late: Callable[[CaseId], ReviewOpen] | None = None,
        place: Place | None = None,
        granting: Granting | None = None,
    ) -> Mapping[str, int]:
        """Opens or attaches the cases of an arrival and opens its reviews, in one commit.

        Arrivals are settled in the order in which this is called, those that open one new case many at once.
        Their cases have the level that their deployment has at this moment, and ``level`` where none is set.
        ``late`` makes the review of an order whose newer version was taken up before it: the
        older document is no revision of the newer one. None opens a revision all the same.
        ``granting`` makes the grants of what somebody submitted.
        """
        return await self._settling(
            Settlement(work, release, openings, reviews, deadline_s, level, reason, late, place, granting)
        )

    async def _settle(self, settlements: Sequence[Settlement]) -> Sequence[Mapping[str, int] | Exception]:
        """Settles them in their order; what goes wrong with one hurts no other."""
        answers: list[Mapping[str, int] | Exception] = []
        for simple, some in groupby(settlements, key=lambda one: one.simple):
            together = list(some)
            found = await self._new(together) if simple else [None for _ in together]
            for one, answer in zip(together, found, strict=True):
                try:
                    answers.append(await self._settle_any(one) if answer is None else answer)
                except Exception as error:  # noqa: BLE001  # told to the one caller whose it is
                    answers.append(error)
        return answers

    async def _new(self, settlements: Sequence[Settlement]) -> Sequence[Mapping[str, int] | Exception | None]:
        try:
            return await open_new(self._database, self._dispatch, self._vault, settlements)
        except Unavailable as error:
            return [again(error) for _ in settlements]
        except Exception as error:  # noqa: BLE001  # one arrival's fault, whatever it is: told to the one whose it is
            if len(settlements) == 1:
                return [error]
            return [(await self._new([one]))[0] for one in settlements]

    async def _settle_any(self, settlement: Settlement) -> Mapping[str, int]:
        """Settles one arrival, whatever it comes to."""
        work, late = settlement.work, settlement.late
        reviews, counts = list(settlement.reviews), {"opened": 0, "resend": 0, "revision": 0, "review": 0}
        async with self._database.transaction() as conn:
            # Two readers of one arrival: the row lock lets one settle it, the other finds it settled.
            row = await (
                await conn.execute(
                    "select a.id, a.key_id, a.received_at,"
                    " (select l.level from levels l where l.deployment = a.deployment) as level"
                    " from arrivals a where a.id = %s and a.state = 'stored' for update of a",
                    (work.id,),
                )
            ).fetchone()
            if row is None:
                return {}
            chain = await Chain.lock(conn, show("A", work.id), actor="intake")
            sealer = Sealer(conn, row["key_id"], await load_key(conn, self._vault, row["key_id"]))
            for opening in sorted(settlement.openings, key=lambda one: one.business_key):
                if late is not None and (newer := await self._overtaken_by(conn, work, opening)) is not None:
                    reviews.append(late(newer))
                    continue
                level: Level = row["level"] or settlement.level
                relation, case_id, more = await self._open(conn, settlement, opening, level, row["received_at"])
                counts[relation] += 1
                refs: dict[str, JSON] = {"case": case_id, "relation": relation, **more}
                await chain.append("arrival.case", refs)
            if reviews or not counts["opened"] + counts["revision"]:  # else its case is what people look for
                await conn.execute(
                    "insert into arrival_terms (term, arrival_id) select v, %s from unnest(%s::bytea[]) v"
                    " on conflict do nothing",
                    (work.id, list(found_by_document(self._vault.hmac, work.name, work.document))),
                )
            for review in reviews:
                await open_review(conn, chain, sealer, work.deployment, review, {}, arrival_id=work.id)
                counts["review"] += 1
            state = "review" if reviews else "read" if settlement.openings else "no_case"
            await conn.execute(
                "update arrivals set state = %s, settled_at = bridgehead_now() where id = %s", (state, work.id)
            )
            why: dict[str, JSON] = {"reason": settlement.reason} if settlement.reason else {}
            await chain.append(f"arrival.{state}", {**why, "release": settlement.release.hex()})
            await chain.close()
            points.reach("intake.settle.before")
        points.reach("intake.settle.after")
        return counts

    async def _open(
        self,
        conn: Connection,
        settlement: Settlement,
        opening: Opening,
        level: Level,
        received_at: object,
    ) -> tuple[str, CaseId, dict[str, JSON]]:
        """Opens a case, attaches an exact resend, or opens a linked revision; idempotent by business key.

        An exact resend that its sender wants to have done again opens a case where that does nothing twice.
        """
        work = settlement.work
        await self._lock_key(conn, work, opening)
        known = await (
            await conn.execute(
                "select id, content, revision from cases where deployment = %s and business_key = %s order by revision",
                (work.deployment, opening.business_key),
            )
        ).fetchall()
        done: Again | None = None
        more: dict[str, JSON] = {}
        same = next((CaseId(case["id"]) for case in known if bytes(case["content"]) == opening.content), None)
        if same is not None:
            if work.on_behalf:
                done = await asked_again(conn, work.id, work.deployment, opening.business_key, opening.content)
            if done is None or done.refused:
                case_id = same if done is None else done.case_id
                await self._join(conn, work.id, case_id, "resend")
                return "resend", case_id, {} if done is None else {"not_again": done.refused}
            more = {"again": done.case_id, "why": done.why}
        newest = known[-1] if known else None
        before = None if newest is None else newest["id"]
        revises = before if done is None else done.revises
        key_id, key = await new_key(conn, self._vault)
        sealer = Sealer(conn, key_id, key)
        reference = await sealer.put({"input": opening.input, "text": opening.text, **opening.found_by.subject.kept})
        revision = 1 if newest is None else newest["revision"] + 1
        row = await (
            await conn.execute(
                "insert into cases (deployment, release, level, business_key, content, revision, revises, key_id,"
                " input, state, deadline_at, received_at, hinted_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'due',"
                " bridgehead_now() + make_interval(secs => %s), %s, clock_timestamp()) returning id",
                (
                    work.deployment,
                    settlement.release,
                    level,
                    opening.business_key,
                    opening.content,
                    revision,
                    revises,
                    key_id,
                    reference,
                    settlement.deadline_s,
                    received_at,
                ),
            )
        ).fetchone()
        case_id = CaseId(row["id"]) if row is not None else CaseId(0)
        await keep_found_by(conn, case_id, opening)
        relation = "opened" if newest is None or done is not None else "revision"
        await self._join(conn, work.id, case_id, relation)
        actor = "intake" if done is None else f"person:{done.by}"
        chain = await Chain.lock(conn, show("C", case_id), actor=actor, create=True)
        kind, refs, commitments = opened(case_id, settlement, key_id, reference, opening, level, revision, revises)
        await chain.append(kind, {**refs, **more}, commitments)
        if work.on_behalf:
            await grant_case(conn, self._vault, chain, case_id, work.id, settlement.granting)
        await chain.close()
        await self._dispatch.hint(conn, "case", [case_id], fresh=True)
        return relation, case_id, more

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
            LOCK_KEYS,
            ([lock_name(work, opening)],),
            prepare=True,
        )

    @staticmethod
    async def _join(conn: Connection, arrival_id: int, case_id: int, relation: str) -> None:
        await conn.execute(
            "insert into arrival_cases (arrival_id, case_id, relation) values (%s, %s, %s) on conflict do nothing",
            (arrival_id, case_id, relation),
            prepare=True,
        )

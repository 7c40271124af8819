"""New cases, many at once: what arrivals of the same moment open is locked, looked at and written together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridgehead import points
from bridgehead.cases.intake import Opening
from bridgehead.cases.ports import Claim, Loaded
from bridgehead.cases.writes import ReviewOpen
from bridgehead.engine.ports import ArrivalWork, Dispatch, Place
from bridgehead.gate.grants import Granting
from bridgehead.ids import CaseId, show
from bridgehead.ledger.chain import EMPTY, Head
from bridgehead.ledger.vault import DataKey, Vault
from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON
from bridgehead.storage.batch_rows import Rows, array, filled, statement
from bridgehead.storage.database import Connection, Database, pipelined
from bridgehead.storage.planning import PlannedChain, PlannedSealer

# In the order in which they are given: every opener of several keys takes them in the same one.
LOCK_KEYS: Final = b"select pg_advisory_xact_lock(hashtextextended(v, 0)) from unnest(%s::text[]) as v"
_LOCKED: Final = (
    b"select a.id, a.received_at, c.seq, c.head, bridgehead_now() as at from arrivals a"
    b" join chains c on c.chain = 'A-' || a.id where a.id = any(%s::bigint[]) and a.state = 'stored' order by a.id"
    b" for update of a, c"
)
# Numbers are drawn only for what is new, so that a resend leaves no gap.
_NEW: Final = (
    b"select v.arrival, nextval('cases_id_seq') as id, nextval('data_keys_id_seq') as key_id,"
    b" (select l.level from levels l where l.deployment = v.deployment) as level"
    b" from unnest(%s::bigint[], %s::text[], %s::bytea[]) with ordinality as v(arrival, deployment, key, place)"
    b" where not exists (select from cases c where c.deployment = v.deployment and c.business_key = v.key)"
    b" order by v.place"
)
# While anything is stopped nobody starts at once: a claim looks at what exactly it is.
_MAY_START: Final = (
    b"select id from workers where id = any(%s::bigint[]) and stopped_at is null"
    b" and not exists (select from controls where lifted_at is null)"
)
KEYS: Final = statement(
    "insert into data_keys (id, wrapped) overriding system value select * from {rows}", id="bigint", wrapped="bytea"
)
CHAINS: Final = statement(
    "insert into chains (chain, seq, head) select * from {rows}", chain="text", seq="bigint", head="bytea"
)
_CASES: Final = statement(
    "insert into cases (id, deployment, release, level, business_key, content, key_id, input, state, epoch, worker_id,"
    " deadline_at, received_at, hinted_at) overriding system value select v.id, v.deployment, v.release, v.level,"
    " v.key, v.content, v.key_id, v.input, case when v.worker is null then 'due' else 'running' end,"
    " case when v.worker is null then 0 else 1 end, v.worker, bridgehead_now() + make_interval(secs => v.deadline_s),"
    " a.received_at, clock_timestamp() from {rows} join arrivals a on a.id = v.arrival returning id, deadline_at",
    id="bigint",
    deployment="text",
    release="bytea",
    level="text",
    key="bytea",
    content="bytea",
    key_id="bigint",
    input="bytea",
    worker="bigint",
    deadline_s="float8",
    arrival="bigint",
)
_JOINED: Final = statement(
    "insert into arrival_cases (arrival_id, case_id, relation) select v.arrival, v.case_id, 'opened' from {rows}",
    arrival="bigint",
    case_id="bigint",
)
TERMS: Final = statement("insert into case_terms (term, case_id) select * from {rows}", term="bytea", case_id="bigint")
AMOUNTS: Final = statement(
    "insert into case_amounts (case_id, amount, currency) select * from {rows}",
    case_id="bigint",
    amount="numeric",
    currency="text",
)
_READ: Final = b"update arrivals set state = 'read', settled_at = bridgehead_now() where id = any(%s::bigint[])"
OPENED: Final[Mapping[str, int]] = {"opened": 1, "resend": 0, "revision": 0, "review": 0}


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """What an arrival comes to once it is read. Its cases get the level that is set, or ``level`` where none is."""

    work: ArrivalWork
    release: bytes
    openings: Sequence[Opening]
    reviews: Sequence[ReviewOpen]
    deadline_s: float
    level: Level
    reason: str
    late: Callable[[CaseId], ReviewOpen] | None
    place: Place | None
    granting: Granting | None = None

    @property
    def simple(self) -> bool:
        """Whether it is one case that nobody opened, and nothing else."""
        return len(self.openings) == 1 and not self.reviews and not self.work.on_behalf

    @property
    def key(self) -> str:
        """What stands for the business key of a simple one, in locks."""
        return lock_name(self.work, self.openings[0])


@dataclass(slots=True)
class _New:
    """A case that is about to be opened."""

    settlement: Settlement
    case_id: CaseId
    key_id: int
    key: DataKey
    level: Level
    place: Place | None
    """Where it runs from its first moment; None: it is hinted at."""


def lock_name(work: ArrivalWork, opening: Opening) -> str:
    """Returns by which name openers of one business key wait for each other."""
    return f"{work.deployment}:{opening.business_key.hex()}"


def opened(
    case_id: CaseId,
    settlement: Settlement,
    key_id: int,
    reference: bytes,
    opening: Opening,
    level: Level,
    revision: int = 1,
    revises: int | None = None,
) -> tuple[str, dict[str, JSON], dict[str, bytes]]:
    """Returns what the ledger says of a case that is opened."""
    refs: dict[str, JSON] = {
        "case": case_id,
        "arrival": settlement.work.id,
        "deployment": settlement.work.deployment,
        "release": settlement.release.hex(),
        "level": level,
        "revision": revision,
        "revises": revises,
        "data_key": key_id,
        "deadline_s": settlement.deadline_s,
    }
    return "case.opened", refs, {"input": reference, "key": opening.business_key, "content": opening.content}


def found_by(rows: Rows, case_id: int, opening: Opening) -> None:
    """Adds what a case is found by later."""
    for term in opening.found_by.terms:
        rows.add(TERMS, term, case_id)
    if opening.found_by.amount is not None:
        rows.add(AMOUNTS, case_id, opening.found_by.amount, opening.found_by.currency)


async def keep_found_by(conn: Connection, case_id: int, opening: Opening) -> None:
    """Stores what a case is found by later."""
    rows = Rows()
    found_by(rows, case_id, opening)
    for one, values in rows.waiting.items():
        await conn.execute(one.text, filled(one, values), prepare=True)


async def open_new(
    database: Database, dispatch: Dispatch, vault: Vault, settlements: Sequence[Settlement]
) -> Sequence[Mapping[str, int] | None]:
    """Opens the cases of simple settlements under keys that nobody has used, in two round trips and one commit.

    An answer is empty where the arrival was settled before, and None where its key is known, so that there is more
    to look at; of those nothing was written. A case for which its worker has a place runs from this commit on, as
    if it had been claimed; the others are hinted at.
    """
    by_key: dict[str, Settlement] = {}
    for one in settlements:
        by_key.setdefault(one.key, one)  # the first of a key opens the case, the others meet it
    by_arrival = {one.work.id: one for one in by_key.values()}
    workers = {one.place.worker for one in by_arrival.values() if one.place is not None}
    ids = sorted(by_arrival)
    chosen = [by_arrival[number] for number in ids]
    wanted = (
        array(ids),
        [one.work.deployment for one in chosen],
        [one.openings[0].business_key for one in chosen],
    )
    async with database.begun() as conn:
        async with pipelined(conn):
            await conn.execute(b"begin", prepare=False)
            locked = await conn.execute(_LOCKED, (array(ids),), prepare=True)
            await conn.execute(LOCK_KEYS, (sorted(by_key),), prepare=True)
            numbers = await conn.execute(_NEW, wanted, prepare=True)
            may = await conn.execute(_MAY_START, (array(workers),), prepare=True) if workers else None
        heads = {row["id"]: row for row in await locked.fetchall()}
        drawn = {row["arrival"]: row for row in await numbers.fetchall()}
        alive = set() if may is None else {row["id"] for row in await may.fetchall()}
        news: list[_New] = []
        keys, rows = Rows(), Rows()
        loaded_at = None
        for number in ids:
            head, number_of, one = heads.get(number), drawn.get(number), by_arrival[number]
            if head is None or number_of is None:
                continue
            wrapped, key = vault.new_data_key()
            case_id, loaded_at = CaseId(number_of["id"]), head["at"]
            place = one.place if one.place is not None and one.place.worker in alive else None
            level: Level = number_of["level"] or one.level
            found = _New(one, case_id, number_of["key_id"], key, level, place)
            keys.add(KEYS, found.key_id, wrapped)
            opening = one.openings[0]
            sealer = PlannedSealer(conn, found.key_id, key, rows=rows)
            reference = sealer.keep({"input": opening.input, "text": opening.text, **opening.found_by.subject.kept})
            before = Head(head["seq"], bytes(head["head"]))
            arrival = PlannedChain(conn, show("A", number), before, head["at"], "intake", rows=rows)
            arrival.link("arrival.case", {"case": case_id, "relation": "opened"})
            arrival.link("arrival.read", {})
            await arrival.close()
            case = PlannedChain(conn, show("C", case_id), EMPTY, head["at"], "intake", rows=rows)
            case.link(*opened(case_id, one, found.key_id, reference, opening, level))
            keys.add(CHAINS, case.name, case.head.seq, case.head.hash)
            rows.add(
                _CASES,
                case_id,
                one.work.deployment,
                one.release,
                level,
                opening.business_key,
                opening.content,
                found.key_id,
                reference,
                None if place is None else place.worker,
                one.deadline_s,
                number,
            )
            rows.add(_JOINED, number, case_id)
            found_by(rows, case_id, opening)
            news.append(found)
        if not news:
            await conn.execute(b"rollback", prepare=False)
            return _answers(settlements, heads, ())
        due = [new.case_id for new in news if new.place is None]
        for new in news:
            if new.place is not None:
                points.reach("engine.claim.before")
                new.place.holds(new.case_id)
        if not due:
            points.reach("intake.settle.before")
        async with pipelined(conn):
            for one_statement in (KEYS, CHAINS):
                await conn.execute(one_statement.text, filled(one_statement, keys.waiting[one_statement]), prepare=True)
            cases, joined = rows.waiting.pop(_CASES), rows.waiting.pop(_JOINED)
            finding = [(one, rows.waiting.pop(one)) for one in (TERMS, AMOUNTS) if one in rows.waiting]
            await rows.send(conn)
            deadlines = await conn.execute(_CASES.text, filled(_CASES, cases), prepare=True)
            await conn.execute(_JOINED.text, filled(_JOINED, joined), prepare=True)
            for one_statement, values in finding:  # they name their case
                await conn.execute(one_statement.text, filled(one_statement, values), prepare=True)
            await conn.execute(_READ, (array(new.settlement.work.id for new in news),), prepare=True)
            if not due:
                await conn.execute(b"commit", prepare=False)
        if due:
            await dispatch.hint(conn, "case", due, fresh=True)
            points.reach("intake.settle.before")
            await conn.execute(b"commit", prepare=False)
        ends = {row["id"]: row["deadline_at"] for row in await deadlines.fetchall()}
    points.reach("intake.settle.after")
    for new in news:
        place, opening = new.place, new.settlement.openings[0]
        if place is None or loaded_at is None:
            continue
        points.reach("engine.claim.after")
        claim = Claim(
            case_id=new.case_id,
            epoch=1,
            worker_id=place.worker,
            deployment=new.settlement.work.deployment,
            release=new.settlement.release,
            level=new.level,
            key=new.key,
        )
        place.take(
            claim,
            Loaded(
                input=opening.input,
                text=opening.text,
                revision=1,
                revises=None,
                now=loaded_at,
                deadline_at=ends[new.case_id],
                steps=(),
                effects=(),
                reviews=(),
                spent={},
            ),
        )
    return _answers(settlements, heads, news)


def _answers(
    settlements: Sequence[Settlement], heads: Mapping[int, object], news: Sequence[_New]
) -> Sequence[Mapping[str, int] | None]:
    """Returns what became of each: opened, settled before (or beside this), or None where there is more to look at."""
    made = {new.settlement.work.id: new.settlement for new in news}
    first = {one.key: one.work.id for one in reversed(settlements)}

    def answer(one: Settlement) -> Mapping[str, int] | None:
        if one.work.id in made:
            return OPENED if made[one.work.id] is one else {}
        return {} if first[one.key] == one.work.id and one.work.id not in heads else None

    return [answer(one) for one in settlements]

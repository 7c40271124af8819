"""New arrivals, many at once: what comes at the same moment is stored and hinted at in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg.errors

from bridgehead import points
from bridgehead.engine.ports import Dispatch
from bridgehead.ids import ArrivalId, show
from bridgehead.ledger.chain import EMPTY
from bridgehead.ledger.vault import Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.batch_rows import Rows, filled, statement
from bridgehead.storage.database import Database, pipelined
from bridgehead.storage.opening import CHAINS, KEYS
from bridgehead.storage.planning import PlannedChain, PlannedSealer
from bridgehead.storage.sealing import NEWEST_KEYS, check_newest

_SAME_SOURCE: Final = "arrivals_deployment_source_key_key"
_KNOWN: Final = (
    b"select v.place, a.id from unnest(%s::text[], %b::bytea[]) with ordinality as v(deployment, key, place)"
    b" join arrivals a on a.deployment = v.deployment and a.source_key = v.key"
)
# Numbers are drawn only for what is new, so that a resend leaves no gap. What is stored by somebody else after this
# look is found by the next one, or is why the insert fails.
_NEW: Final = (
    b"select v.place, nextval('arrivals_id_seq') as id, nextval('data_keys_id_seq') as key_id, bridgehead_now() as at"
    b" from unnest(%s::text[], %b::bytea[]) with ordinality as v(deployment, key, place)"
    b" where not exists (select from arrivals a where a.deployment = v.deployment and a.source_key = v.key)"
    b" order by v.place"
)
# Keys of sources in one order, whoever stores them: two that store the same ones wait for each other and for nothing
# else.
_ARRIVALS: Final = statement(
    "insert into arrivals (id, deployment, source, source_key, key_id, document, name, size_bytes, unfit, hinted_at)"
    " overriding system value select v.*, clock_timestamp() from {rows} order by v.deployment, v.source_key",
    id="bigint",
    deployment="text",
    source="text",
    source_key="bytea",
    key_id="bigint",
    document="bytea",
    name="text",
    size_bytes="bigint",
    unfit="bytea",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing an arrival came to: its id, and whether it had been stored before."""

    id: ArrivalId
    again: bool


@dataclass(frozen=True, slots=True, eq=False)
class Arriving:
    """What is to be stored; ``source_key`` is what it shares with the same one that was stored before."""

    deployment: str
    source: str
    source_key: bytes
    document: bytes
    name: str
    actor: str
    unfit: str

    @property
    def same(self) -> tuple[str, bytes]:
        """By what it is known again."""
        return self.deployment, self.source_key


async def store_new(
    database: Database, dispatch: Dispatch, vault: Vault, asked: Sequence[Arriving]
) -> Sequence[Stored]:
    """Stores in one transaction, in their order; what is known already, or is among them twice, is left as it is."""
    first: dict[tuple[str, bytes], Arriving] = {}
    for one in asked:
        first.setdefault(one.same, one)
    some = list(first.values())
    try:
        stored = await _store(database, dispatch, vault, some)
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != _SAME_SOURCE:
            raise
        # Somebody stored the same one between the look and the insert: the next look finds theirs.
        stored = await _store(database, dispatch, vault, some)
    found = dict(zip(first, stored, strict=True))
    return [found[one.same] if first[one.same] is one else Stored(found[one.same].id, again=True) for one in asked]


async def _store(database: Database, dispatch: Dispatch, vault: Vault, some: Sequence[Arriving]) -> Sequence[Stored]:
    """Stores arrivals that are all different."""
    same = ([one.deployment for one in some], [one.source_key for one in some])
    async with database.begun() as conn:
        async with pipelined(conn):
            await conn.execute(b"begin", prepare=False)
            numbers = await conn.execute(_NEW, same, prepare=True)
            known = await conn.execute(_KNOWN, same, prepare=True)
            keys = await conn.execute(NEWEST_KEYS, prepare=True)
        drawn = {row["place"]: row for row in await numbers.fetchall()}
        found = {row["place"]: Stored(ArrivalId(row["id"]), again=True) for row in await known.fetchall()}
        if not drawn:
            await conn.execute(b"rollback", prepare=False)
            return [found[place] for place, _ in enumerate(some, 1)]
        check_newest(vault, await keys.fetchall())
        rows, own = Rows(), Rows()
        for place, new in drawn.items():
            one, number = some[place - 1], ArrivalId(new["id"])
            found[place] = Stored(number, again=False)
            wrapped, key = vault.new_data_key()
            sealer = PlannedSealer(conn, new["key_id"], key, rows=rows)
            reference = sealer.keep(one.document)
            why = sealer.keep({"unfit": one.unfit}) if one.unfit else None
            refs: dict[str, JSON] = {
                "arrival": number,
                "deployment": one.deployment,
                "source": one.source,
                "size_bytes": len(one.document),
                "data_key": new["key_id"],
            }
            commitments = {"document": reference, "key": one.source_key} | ({} if why is None else {"unfit": why})
            chain = PlannedChain(conn, show("A", number), EMPTY, new["at"], one.actor, rows=rows)
            chain.link("arrival.stored", refs, commitments)
            own.add(KEYS, new["key_id"], wrapped)
            own.add(CHAINS, chain.name, chain.head.seq, chain.head.hash)
            own.add(
                _ARRIVALS,
                number,
                one.deployment,
                one.source,
                one.source_key,
                new["key_id"],
                reference,
                one.name,
                len(one.document),
                why,
            )
        async with pipelined(conn):
            for made in (KEYS, CHAINS):
                await conn.execute(made.text, filled(made, own.waiting[made]), prepare=True)
            await rows.send(conn)
            await conn.execute(_ARRIVALS.text, filled(_ARRIVALS, own.waiting[_ARRIVALS]), prepare=True)
        await dispatch.hint(conn, "arrival", [new["id"] for new in drawn.values()], fresh=True)
        points.reach("intake.store.before")
        await conn.execute(b"commit", prepare=False)
    points.reach("intake.store.after")
    return [found[place] for place, _ in enumerate(some, 1)]

"""The tables as the ledger's fold words them: what is stored for each chain, read in the ledger's snapshot."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row, tuple_row

from bridgehead.ledger.fold import Difference, Facts, Field, decimal
from bridgehead.ledger.vault import DataKey, Unreadable, Vault
from bridgehead.ledger.verify import Payload, StoredKey

_CHUNK_BYTES: Final = 8_000_000
_CURSOR: Final = "bridgehead_unchained"
_NUMBERED: Final = re.compile(r"([AC])-([1-9][0-9]{0,17})")

_REVIEW: Final = (
    "id, kind, deployment, role, effect_id as effect, args_digest, error_class, key_id as data_key, payload,"
    " round(extract(epoch from valid_for) * 1000)::bigint as valid_for_ms, state, decided_by, decided_via,"
    " decided_for, answer, minutes, used_at is not null as used"
)
_OF_CASES: Final = (
    (
        "cases",
        # Due, running and waiting are one state to the ledger: how far a worker is, is no history.
        (
            "select id as owner, id, deployment, release, level, business_key, content, revision, revises, key_id as"
            " data_key, input, case when state in ('with_person', 'done') then state else 'open' end as state, outcome,"
            " outcome_blob as outcome_payload, error_class from cases where id = any(%s)"
        ),
    ),
    (
        "steps",
        (
            "select case_id as owner, seq as id, kind, name, occurrence, ok, args_digest, payload from steps"
            " where case_id = any(%s)"
        ),
    ),
    (
        "grants",
        (
            # While a mandate is kept it names whom the grant was made for.
            "select case_id as owner, case_id as id, subject, issuer, sha256(convert_to(token, 'UTF8')) as token,"
            " narrowed, coalesce((select min(m.principal::jsonb ->> 'subject') from arrival_cases l"
            " join arrivals a on a.id = l.arrival_id join mandates m on m.deployment = a.deployment"
            " and m.source_key = a.source_key where l.case_id = g.case_id and l.relation <> 'resend'), subject)"
            " as mandate from grants g where case_id = any(%s)"
        ),
    ),
    (
        "revocations",
        "select case_id as owner, case_id as id, revoked_by from revocations where case_id = any(%s)",
    ),
    (
        "decisions",
        (
            "select case_id as owner, id, tool, verdict, args_digest, policy_digest, detail from decisions"
            " where case_id = any(%s)"
        ),
    ),
    (
        "effects",
        (
            "select case_id as owner, id, deployment, tool, key, args_digest, occurrence, level, payload, result,"
            " decision_id as decision, superseded_by, state, attempt from effects where case_id = any(%s)"
        ),
    ),
    ("reviews", f"select case_id as owner, {_REVIEW} from reviews where case_id = any(%s)"),
    (
        "costs",
        (
            "select case_id as owner, seq as id, kind, name, amount, currency, input_tokens, output_tokens, minutes"
            " from costs where case_id = any(%s)"
        ),
    ),
)
_OF_ARRIVALS: Final = (
    (
        "arrivals",
        (
            "select id as owner, id, deployment, source, source_key, document, unfit, size_bytes, key_id as data_key,"
            " state from arrivals where id = any(%s)"
        ),
    ),
    (
        "arrival_cases",
        "select arrival_id as owner, case_id as id, relation from arrival_cases where arrival_id = any(%s)",
    ),
    ("reviews", f"select arrival_id as owner, {_REVIEW} from reviews where arrival_id = any(%s)"),
)
_OF_DEPLOYMENTS: Final = (
    ("levels", "select deployment as owner, deployment as id, level, set_by from levels where deployment = any(%s)"),
    (
        "releases",
        (
            "select deployment as owner, encode(digest, 'hex') as id, encode(sha256(manifest), 'hex') as manifest"
            " from releases where deployment = any(%s)"
        ),
    ),
)
# What is stopped: on the chain of the deployment that it concerns alone, or on the one chain for all of them.
_CONTROL: Final = "kind || ' ' || name || ' ' || deployment as id, action, set_by, reason from controls"
_STOPPED: Final = (
    (
        "controls",
        (
            f"select case kind when 'deployment' then name else deployment end as owner, {_CONTROL} where lifted_at is"
            " null and case kind when 'deployment' then name else deployment end = any(%s)"
        ),
    ),
)
_STOPPED_EVERYWHERE: Final = (
    (
        "controls",
        (
            f"select 'controls' as owner, {_CONTROL} where lifted_at is null and kind <> 'deployment'"
            " and deployment = '' and 'controls' = any(%s)"
        ),
    ),
)
_AUTHORITY: Final = (
    (
        "users",
        (
            "select 'authority' as owner, name as id, groups, roles, password is not null as signs_in, added_by,"
            " disabled_by, disabled_why from users where 'authority' = any(%s)"
        ),
    ),
    (
        "barred_subjects",
        (
            "select 'authority' as owner, issuer || ' ' || subject as id, barred_by, reason from barred_subjects"
            " where 'authority' = any(%s)"
        ),
    ),
    (
        "api_tokens",
        (
            "select 'authority' as owner, id, encode(token_digest, 'hex') as token, issuer || ' ' || subject as of,"
            " scopes, made_by, revoked_by from api_tokens where 'authority' = any(%s)"
        ),
    ),
)
_UNCHAINED_AUTHORITY: Final = "".join(
    f" union all select '{table}', 'S-authority', {number} from {table}"
    " where not exists (select from ledger l where l.chain = 'S-authority')"
    for table, number in (
        ("users", "name"),
        ("barred_subjects", "issuer || ' ' || subject"),
        ("api_tokens", "id::text"),
    )
)
_UNCHAINED: Final = "".join(
    f"{'' if place == 0 else ' union all '}select '{table}' as name, '{prefix}-' || {owner} as chain,"
    f" {number}::text as id from {table} t where {owner} is not null"
    f" and not exists (select from ledger l where l.chain = '{prefix}-' || t.{owner})"
    for place, (table, prefix, owner, number) in enumerate(
        (
            ("cases", "C", "id", "id"),
            ("steps", "C", "case_id", "seq"),
            ("decisions", "C", "case_id", "id"),
            ("effects", "C", "case_id", "id"),
            ("reviews", "C", "case_id", "id"),
            ("costs", "C", "case_id", "seq"),
            ("grants", "C", "case_id", "case_id"),
            ("revocations", "C", "case_id", "case_id"),
            ("arrivals", "A", "id", "id"),
            ("arrival_cases", "A", "arrival_id", "case_id"),
            ("reviews", "A", "arrival_id", "id"),
            ("levels", "D", "deployment", "deployment"),
            ("releases", "D", "deployment", "encode(digest, 'hex')"),
        )
    )
)


@dataclass(slots=True)
class LedgerTables:
    """The tables of one snapshot. With a ``vault``, payloads are opened and compared with their commitments."""

    conn: AsyncConnection[TupleRow]
    vault: Vault | None = None

    async def facts(self, chains: Collection[str]) -> Mapping[str, Facts]:
        """Returns what the tables hold for each of these chains."""
        found: dict[str, Facts] = defaultdict(dict)
        numbers: dict[str, list[int]] = {"A": [], "C": []}
        for chain in chains:
            if numbered := _NUMBERED.fullmatch(chain):
                numbers[numbered[1]].append(int(numbered[2]))
        await self._read("C", _OF_CASES, numbers["C"], found)
        await self._read("A", _OF_ARRIVALS, numbers["A"], found)
        deployments = [chain[2:] for chain in chains if chain.startswith("D-")]
        await self._read("D", (*_OF_DEPLOYMENTS, *_STOPPED), deployments, found)
        shared = [chain[2:] for chain in chains if chain.startswith("S-")]
        await self._read("S", (*_STOPPED_EVERYWHERE, *_AUTHORITY), shared, found)
        return found

    async def keys(self, ids: Collection[int]) -> Mapping[int, StoredKey]:
        """Returns those of these data keys that are there; unwrapped, if there is a vault."""
        return {number: self._unwrapped(wrapped)[0] for number, wrapped in (await self._wrapped(ids)).items()}

    async def payloads(self, commitments: Collection[str]) -> Mapping[str, Payload]:
        """Returns those of these payloads that are there; opened, if there is a vault."""
        rows = await self._all(
            "select commitment, key_id, octet_length(sealed) as size from blobs where commitment = any(%s)",
            [bytes.fromhex(one) for one in commitments],
        )
        sizes = {bytes(row[0]): (int(row[1]), int(row[2])) for row in rows}
        if self.vault is None:
            return {one.hex(): Payload(key) for one, (key, _) in sizes.items()}
        wrapped = await self._wrapped({key for key, _ in sizes.values()})
        opened = {number: self._unwrapped(each)[1] for number, each in wrapped.items()}
        found: dict[str, Payload] = {}
        for chunk in _chunks(sizes):
            for one, sealed in await self._all(
                "select commitment, sealed from blobs where commitment = any(%s)", chunk
            ):
                key = sizes[bytes(one)][0]
                found[bytes(one).hex()] = Payload(key, _fault(opened.get(key), bytes(sealed), bytes(one)))
        return found

    async def unchained(self) -> AsyncIterator[Difference]:
        """Yields every row whose chain has no ledger row at all."""
        async with self.conn.cursor(_CURSOR, row_factory=tuple_row) as cursor:
            await cursor.execute((_UNCHAINED + _UNCHAINED_AUTHORITY).encode())
            async for row in cursor:
                table, chain, number = (str(value) for value in row)
                yield Difference(chain, table, number, None, "additional", "no row of the ledger speaks of it")

    async def _read(
        self,
        prefix: str,
        queries: Iterable[tuple[str, str]],
        owners: Sequence[int] | Sequence[str],
        into: dict[str, Facts],
    ) -> None:
        if not owners:
            return
        async with self.conn.cursor(row_factory=dict_row) as cursor:
            for table, query in queries:
                await cursor.execute(query.encode(), (owners,))
                async for row in cursor:
                    owner, number = row.pop("owner"), row.pop("id")
                    stored = {name: _field(value) for name, value in row.items()}
                    into[f"{prefix}-{owner}"][table, str(number)] = stored

    async def _wrapped(self, ids: Collection[int]) -> dict[int, bytes | None]:
        rows = await self._all("select id, wrapped from data_keys where id = any(%s)", list(ids))
        return {int(number): None if wrapped is None else bytes(wrapped) for number, wrapped in rows}

    def _unwrapped(self, wrapped: bytes | None) -> tuple[StoredKey, DataKey | None]:
        if wrapped is None or self.vault is None:
            return StoredKey(erased=wrapped is None), None
        try:
            return StoredKey(erased=False), self.vault.unwrap(wrapped)
        except Unreadable as error:
            return StoredKey(erased=False, fault=error.message), None

    async def _all(self, query: str, values: Sequence[object]) -> list[TupleRow]:
        if not values:
            return []
        async with self.conn.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(query.encode(), (values,))
            return await cursor.fetchall()


def _chunks(sizes: Mapping[bytes, tuple[int, int]]) -> Iterator[list[bytes]]:
    """Yields the commitments in parts of a bounded number of bytes; a larger payload comes alone."""
    chunk, total = list[bytes](), 0
    for one, (_, size) in sizes.items():
        if chunk and total + size > _CHUNK_BYTES:
            yield chunk
            chunk, total = [], 0
        chunk.append(one)
        total += size
    if chunk:
        yield chunk


def _fault(key: DataKey | None, sealed: bytes, commitment: bytes) -> str | None:
    if key is None:
        return "its data key does not open"
    try:
        key.open(sealed, commitment)
    except Unreadable as error:
        return error.message
    return None


def _field(value: object) -> Field:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return decimal(value)
    if isinstance(value, list):
        return json.dumps(value)  # as the fold writes what a row says of several
    return value if value is None or isinstance(value, (str, int)) else str(value)

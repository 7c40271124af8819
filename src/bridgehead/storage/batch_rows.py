"""The rows of a batch, table by table: however many commits share it, each table is written by one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from struct import Struct
from typing import ClassVar, Final, TypeAlias

from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format

from bridgehead.storage.database import Connection, pipelined

Value: TypeAlias = object
"""A value of a row: bytes and text as they are, numbers, booleans and times by their text."""

_BINARY: Final = frozenset({"bytea", "text"})
_NULL: Final = "NULL"


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement over any number of rows: each column goes to the server as one array."""

    text: bytes
    types: tuple[str, ...]


def _columns(types: Sequence[str], names: Sequence[str]) -> str:
    arrays = ", ".join(f"{'%b' if one in _BINARY else '%s'}::{one}[]" for one in types)
    return f"unnest({arrays}) as v({', '.join(names)})"


def statement(text: str, **columns: str) -> Statement:
    """Returns a statement whose ``{rows}`` stands for the arrays, with these columns and types."""
    source = _columns(tuple(columns.values()), tuple(columns))
    return Statement(text.replace("{rows}", source).encode(), tuple(columns.values()))


def _insert(table: str, **columns: str) -> Statement:
    return statement(
        f"insert into {table} ({', '.join(columns)}) overriding system value select * from {{rows}}",
        **columns,
    )


BLOBS: Final = _insert("blobs", commitment="bytea", key_id="bigint", sealed="bytea")
DECISIONS: Final = _insert(
    "decisions",
    id="bigint",
    case_id="bigint",
    tool="text",
    args_digest="bytea",
    verdict="text",
    policy_digest="bytea",
    detail="bytea",
)
EFFECT_MOVES: Final = statement(
    "update effects e set state = v.after, result = coalesce(v.result, e.result),"
    " decision_id = coalesce(v.decision, e.decision_id), epoch = v.epoch, attempt = v.attempt,"
    " send_by = coalesce(clock_timestamp() + make_interval(secs => v.send_s), e.send_by),"
    " settle_from = coalesce(clock_timestamp() + make_interval(secs => v.settle_s), e.settle_from),"
    " settled_at = case when v.after in ('committed', 'failed', 'cancelled', 'superseded')"
    " then bridgehead_now() else e.settled_at end"
    " from {rows} where e.id = v.id",
    id="bigint",
    after="text",
    attempt="integer",
    epoch="bigint",
    result="bytea",
    decision="bigint",
    send_s="float8",
    settle_s="float8",
)
EFFECTS: Final = statement(
    "insert into effects (id, case_id, deployment, tool, key, args_digest, branch, occurrence, level, state,"
    " attempt, epoch, payload, result, decision_id, send_by, settle_from, settled_at) overriding system value"
    " select v.id, v.case_id, v.deployment, v.tool, v.key, v.digest, v.branch, v.occurrence, v.level, v.state,"
    " v.attempt, v.epoch, v.payload, v.result, v.decision, clock_timestamp() + make_interval(secs => v.send_s),"
    " clock_timestamp() + make_interval(secs => v.settle_s),"
    " case when v.result is null then null else bridgehead_now() end from {rows} order by v.key",
    id="bigint",
    case_id="bigint",
    deployment="text",
    tool="text",
    key="bytea",
    digest="bytea",
    branch="text",
    occurrence="integer",
    level="text",
    state="text",
    attempt="integer",
    epoch="bigint",
    payload="bytea",
    result="bytea",
    decision="bigint",
    send_s="float8",
    settle_s="float8",
)
FOUND_BY: Final = statement(
    "insert into case_terms (term, case_id) select * from {rows} on conflict do nothing", term="bytea", case_id="bigint"
)
ALLOWANCE_USES: Final = _insert("allowance_uses", allowance_id="bigint", effect_id="bigint", amount="numeric")
SUPERSEDED: Final = statement(
    "update effects e set superseded_by = v.by from {rows} where e.id = v.id and e.case_id = v.case_id",
    id="bigint",
    by="bigint",
    case_id="bigint",
)
STEPS: Final = _insert(
    "steps",
    case_id="bigint",
    seq="integer",
    kind="text",
    branch="text",
    name="text",
    args_digest="bytea",
    occurrence="integer",
    ok="boolean",
    payload="bytea",
    started_at="timestamptz",
    duration_ms="float8",
    epoch="bigint",
)
COSTS: Final = _insert(
    "costs",
    case_id="bigint",
    seq="bigint",
    kind="text",
    name="text",
    amount="numeric",
    currency="text",
    input_tokens="bigint",
    output_tokens="bigint",
    minutes="numeric",
)
REVIEWS_USED: Final = statement(
    "update reviews r set used_at = bridgehead_now() from {rows} where r.id = v.id",
    id="bigint",
)
REVIEWS_SUPERSEDED: Final = statement(
    "update reviews r set state = 'superseded', decided_at = bridgehead_now() from {rows} where r.id = v.id",
    id="bigint",
)
PROGRESS: Final = statement(
    "update cases c set next_step = v.next_step,"
    " lost_segments = case when v.progress then 0 else c.lost_segments end from {rows} where c.id = v.id",
    id="bigint",
    next_step="integer",
    progress="boolean",
)
WAITS: Final = statement(
    "update cases c set state = v.state, worker_id = null, wake = false, hinted_at = clock_timestamp(),"
    " wake_at = bridgehead_now() + make_interval(secs => v.after_s),"
    " deadline_left = case when v.stop then coalesce(c.deadline_at - bridgehead_now(), c.deadline_left)"
    " else c.deadline_left end,"
    " deadline_at = case when v.stop then null else c.deadline_at end from {rows} where c.id = v.id",
    id="bigint",
    state="text",
    after_s="float8",
    stop="boolean",
)
FINISHES: Final = statement(
    "update cases c set state = 'done', worker_id = null, wake = false, wake_at = null, deadline_at = null,"
    " outcome = v.outcome, outcome_blob = v.blob, error_class = v.error_class, cause = v.cause,"
    " closed_at = bridgehead_now() from {rows} where c.id = v.id",
    id="bigint",
    outcome="text",
    blob="bytea",
    error_class="text",
    cause="text",
)
LEDGER: Final = _insert("ledger", chain="text", seq="bigint", body="bytea", hash="bytea")
HEADS: Final = statement(
    "update chains c set seq = v.seq, head = v.head from {rows} where c.chain = v.chain",
    chain="text",
    seq="bigint",
    head="bytea",
)
TOGETHER: Final = (BLOBS, DECISIONS, STEPS, COSTS, LEDGER, HEADS, PROGRESS)
"""What nearly every batch writes, none of it read by another: one statement, which costs a third of seven."""
AFTERWARDS: Final = (
    EFFECT_MOVES,
    EFFECTS,
    FOUND_BY,
    ALLOWANCE_USES,
    SUPERSEDED,
    REVIEWS_USED,
    REVIEWS_SUPERSEDED,
    WAITS,
    FINISHES,
)
"""What refers to rows of the others, in this order: a move frees a key before an effect takes one."""
_TOGETHER: Final = b"with %s select 1" % b", ".join(
    b"part_%d as (%s)" % (number, one.text) for number, one in enumerate(TOGETHER)
)


class _Bytea(list[object]):
    """Bytes on their way into an array."""


class _Text(list[object]):
    """Text on its way into an array."""


class _ArrayDumper(Dumper):
    """Writes an array of one dimension as the server reads it (array_recv of PostgreSQL's arrayfuncs.c).

    The driver's own dumper looks for the type of each element and finds none in an empty list.
    """

    format = Format.BINARY
    element: ClassVar[int]

    def dump(self, obj: Sequence[bytes | str | None]) -> bytes:
        """Returns the array."""
        if not obj:
            return _EMPTY.pack(0, 0, self.element)
        parts = [_HEAD.pack(1, int(None in obj), self.element, len(obj), 1)]
        for one in obj:
            if one is None:
                parts.append(_ABSENT)
                continue
            data = one.encode() if isinstance(one, str) else one
            parts.append(_LENGTH.pack(len(data)))
            parts.append(data)
        return b"".join(parts)


class _ByteaDumper(_ArrayDumper):
    oid, element = 1001, 17  # bytea[] and bytea in pg_type.dat


class _TextDumper(_ArrayDumper):
    oid, element = 1009, 25  # text[] and text in pg_type.dat


_HEAD, _EMPTY, _LENGTH = Struct("!iiIii"), Struct("!iiI"), Struct("!i")
_ABSENT: Final = _LENGTH.pack(-1)
_MADE: Final[Mapping[str, Callable[[Iterable[object]], object]]] = {"bytea": _Bytea, "text": _Text}
adapters.register_dumper(_Bytea, _ByteaDumper)
adapters.register_dumper(_Text, _TextDumper)


def array(values: Iterable[object]) -> str:
    """Returns numbers, booleans, times and absent values as PostgreSQL writes an array of them."""
    return f"{{{','.join(_NULL if value is None else str(value) for value in values)}}}"


@dataclass(slots=True)
class Rows:
    """Rows that wait to be written, by statement."""

    waiting: dict[Statement, list[tuple[Value, ...]]] = field(default_factory=dict)

    def add(self, statement: Statement, *row: Value) -> None:
        """Adds one row."""
        self.waiting.setdefault(statement, []).append(row)

    def join(self, other: Rows) -> None:
        """Adds all rows of another one."""
        for statement, rows in other.waiting.items():
            self.waiting.setdefault(statement, []).extend(rows)

    async def write(self, conn: Connection, *, commit: bool = False) -> None:
        """Writes everything that waits in one round trip, and commits with it if told to.

        The first statement that fails keeps all after it from being carried out, the commit too.
        What is updated was locked when it was looked at, so no row of it can be missed.
        """
        async with pipelined(conn):
            await self.send(conn)
            if commit:
                await conn.execute(b"commit", prepare=False)

    async def send(self, conn: Connection) -> None:
        """Adds everything that waits to a pipeline of the caller's."""
        if any(one in self.waiting for one in TOGETHER):
            arrays = [values for one in TOGETHER for values in filled(one, self.waiting.get(one, ()))]
            await conn.execute(_TOGETHER, arrays, prepare=True)
        for one in AFTERWARDS:
            if one in self.waiting:
                await conn.execute(one.text, filled(one, self.waiting[one]), prepare=True)
        self.waiting.clear()


def filled(one: Statement, rows: Sequence[tuple[Value, ...]]) -> list[object]:
    """Returns rows as the arrays that a statement takes."""
    columns: Iterable[Iterable[object]] = zip(*rows, strict=True) if rows else repeat((), len(one.types))
    return [_MADE.get(kind, array)(column) for kind, column in zip(one.types, columns, strict=True)]

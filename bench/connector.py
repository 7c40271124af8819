"""Measures what a read through a connector costs over the same read by the bare client or driver.

Both ask the same server in turn within one run, so that what the machine does meanwhile meets both alike. A
mapped read fills the request from a specification, sends it, checks that the list is whole, types and maps every
field, and returns records. Under shared limits a lone caller also asks the database for its turn. The http
server is a process of its own on loopback; the database is PostgreSQL.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import psycopg
from psycopg.rows import dict_row

from bench.report import Cell, Report
from bridgehead.clock import perf_s
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.sharing import bounds_of
from bridgehead.storage import embedded
from bridgehead.storage.database import Database
from bridgehead.storage.limits import SharedLimits
from bridgehead.storage.migrate import migrate

OVER_MS: Final = 1.0
FURTHER_MS: Final = 0.05
"""What each record after the first may add: ten fields are mapped, among them two dates and an amount."""
MANY: Final = 20

FIELDS: Final = """
    fields:
      number: {from: nr, type: code, lstrip: "0"}
      name: {from: name, type: text}
      street: {from: addr_street, type: text, optional: true}
      city: {from: addr_city, type: text}
      country: {from: country, type: enum, values: {D: DE, F: FR}}
      blocked: {from: blocked, type: boolean, true: J, false: N}
      limit: {from: credit_limit, type: money, currency: EUR, decimal: comma}
      since: {from: since, type: date, format: "%Y%m%d"}
      changed: {from: changed, type: datetime, format: "%Y-%m-%d %H:%M:%S", zone: Europe/Berlin}
      weight: {from: weight, type: decimal}
"""
HTTP: Final = (
    """
connector: shop
kind: http
connection: {url: "env:BENCH_URL"}
auth: {bearer: {token: "env:BENCH_TOKEN"}}
entities:
  customer:
    key: number
"""
    + FIELDS
    + """
    reads:
      customers:
        params: {count: integer}
        request: {path: /customers, query: {count: "{count}"}}
        rows: items
        complete: {count: total}
"""
)
SQL: Final = (
    """
connector: books
kind: sql
connection: {url: "env:BENCH_DATABASE"}
entities:
  customer:
    key: number
"""
    + FIELDS
    + """
    reads:
      customers:
        params: {count: integer}
        sql: SELECT * FROM customers WHERE id <= :count
"""
)
BEARER: Final = "bench-token"


def row(number: int) -> dict[str, str]:
    """Returns one customer as an old system sends it."""
    return {
        "nr": f"{number:08d}", "name": f"Firm {number} GmbH ", "addr_street": f"Am Kai {number}", "addr_city": "Kiel",
        "country": "D", "blocked": "N", "credit_limit": "12.500,00", "since": "20190401",
        "changed": "2026-03-01 09:15:00", "weight": "12.5",
    }  # fmt: skip


async def serve() -> None:
    """Answers GET /customers?count=N on loopback, until it is ended; kept as small as HTTP/1.1 lets it be."""
    bodies = {
        count: json.dumps({"items": [row(number) for number in range(1, count + 1)], "total": count}).encode()
        for count in (1, MANY)
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = bodies[MANY if b"count=%d" % MANY in head else 1]
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                writer.write(head + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Returns what one call takes, in ms."""
    start = perf_s()
    await call()
    return 1_000 * (perf_s() - start)


async def compared(
    report: Report,
    name: str,
    bare: Callable[[], Awaitable[object]],
    mapped: Callable[[], Awaitable[object]],
    *,
    records: int = 1,
    target: bool = True,
) -> dict[str, Cell]:
    """Asks both ways in turn, and returns the medians over rounds of each way's own median."""
    rounds, calls = (3, 150) if report.quick else (7, 400)
    report.progress(f"{name}: {rounds} rounds of {calls} reads each way")
    for call in (bare, mapped):
        for _ in range(20):
            await call()
    medians: list[tuple[float, float]] = []
    tails: list[tuple[float, float]] = []
    for _ in range(rounds):
        times: list[tuple[float, float]] = [(await timed(bare), await timed(mapped)) for _ in range(calls)]
        medians.append((statistics.median(a for a, _ in times), statistics.median(b for _, b in times)))
        tails.append(
            (
                statistics.quantiles([a for a, _ in times], n=100)[98],
                statistics.quantiles([b for _, b in times], n=100)[98],
            )
        )
    over = statistics.median(b - a for a, b in medians)
    report.figure(
        f"{name}: p50 over the bare read, ms", over, at_most=OVER_MS + FURTHER_MS * (records - 1) if target else None
    )
    return {
        "read": name,
        "bare p50, ms": round(statistics.median(a for a, _ in medians), 3),
        "mapped p50, ms": round(statistics.median(b for _, b in medians), 3),
        "over, ms": round(over, 3),
        "bare p99, ms": round(statistics.median(a for a, _ in tails), 2),
        "mapped p99, ms": round(statistics.median(b for _, b in tails), 2),
    }


def reading(connector: Connector, count: int) -> Callable[[], Awaitable[object]]:
    """Returns a call that reads so many records; it fails when they are not all there."""

    async def call() -> object:
        found = await connector.read("customers", {"count": count})
        assert len(found.records) == count
        return found

    return call


async def over_http(report: Report, folder: Path, database: Database) -> list[dict[str, Cell]]:
    """Compares with httpx: one record, many, and one under limits that are shared over all workers."""
    (folder / "shop.yaml").write_text(HTTP)
    (folder / "limited.yaml").write_text(HTTP + "limits: {rate: 100000/s, burst: 1000, concurrency: 64}\n")
    shop, limited = open_connector(folder / "shop.yaml"), open_connector(folder / "limited.yaml")
    assert limited.limits is not None
    shared = SharedLimits(database, "bench", bounds_of(limited.spec.limits))
    limited.limits.use(shared)
    headers = {"Authorization": f"Bearer {BEARER}"}
    async with httpx.AsyncClient(base_url=os.environ["BENCH_URL"], headers=headers, trust_env=False) as client:

        def bare(count: int) -> Callable[[], Awaitable[object]]:
            async def call() -> object:
                reply = await client.get("/customers", params={"count": count})
                return reply.raise_for_status().json()["items"]

            return call

        found = [
            await compared(report, "http, 1 record", bare(1), reading(shop, 1)),
            await compared(report, f"http, {MANY} records", bare(MANY), reading(shop, MANY), records=MANY),
            await compared(report, "http, 1 record, shared limits", bare(1), reading(limited, 1), target=False),
        ]
    for connector in (shop, limited):
        await connector.aclose()
    await shared.aclose()
    return found


async def over_sql(report: Report, folder: Path, url: str) -> list[dict[str, Cell]]:
    """Compares with psycopg's own connection, kept open, whose calls block the event loop; the connector's do not."""
    columns = list(row(1))
    with psycopg.connect(url, autocommit=True) as connection:
        made = ", ".join(f"{name} text" for name in columns)
        connection.execute(f"create table customers (id integer primary key, {made})")
        for number in range(1, MANY + 1):
            marks = ", ".join(["%s"] * (len(columns) + 1))
            connection.execute(f"insert into customers values ({marks})", [number, *row(number).values()])
    (folder / "books.yaml").write_text(SQL)
    books = open_connector(folder / "books.yaml")
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as bare_connection:

        def bare(count: int) -> Callable[[], Awaitable[object]]:
            async def call() -> object:
                with bare_connection.transaction():
                    bare_connection.execute("set transaction read only")
                    return bare_connection.execute("select * from customers where id <= %s", (count,)).fetchall()

            return call

        found = [
            await compared(report, "sql, 1 record", bare(1), reading(books, 1)),
            await compared(report, f"sql, {MANY} records", bare(MANY), reading(books, MANY), records=MANY),
        ]
    await books.aclose()
    return found


async def measure(report: Report, folder: Path, url: str) -> None:
    server = await asyncio.create_subprocess_exec(sys.executable, __file__, "--serve", stdout=asyncio.subprocess.PIPE)
    database = Database(url, size=4)
    await database.open()
    try:
        await migrate(database, queue_schema="")
        assert server.stdout is not None
        port = int(await server.stdout.readline())
        os.environ["BENCH_URL"] = f"http://127.0.0.1:{port}"
        os.environ["BENCH_TOKEN"] = BEARER
        rows = await over_http(report, folder, database)
        # The embedded server knows its user by the socket: the address of a connector never holds a password.
        os.environ["BENCH_DATABASE"] = url.replace("postgresql://", "postgresql+psycopg://").replace(":@", "@")
        rows += await over_sql(report, folder, url)
        report.table("what a mapped read costs", rows)
    finally:
        server.terminate()
        await server.wait()
        await database.close()


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("connector", __doc__ or "", argv, packages="httpx sqlalchemy psycopg pydantic")
    report.condition("fields of a record", len(row(1)))
    folder = Path(tempfile.mkdtemp(prefix="bh-"))  # short: a socket's path may have 107 characters
    folder.chmod(0o755)
    try:
        asyncio.run(measure(report, folder, embedded.start(folder)))
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(report.close())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve())
    else:
        main()

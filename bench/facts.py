"""Acts on a system of record that changes while cases work: wrong bookings with freshness bounds, and without.

Real workers of this process over real HTTP: each case reads the price of its own item, works for a while, and books
at that price. Prices change at seeded moments. A booking is wrong when its price had been replaced for longer than
GRACE when it arrived: ``max_age``, and as much again for the intent's commit and the way there. What a bound costs is
the reads that it makes besides.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.clock import boot_s
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.world import World

SEED: Final = 20261126
MAX_AGE_S: Final = 1.0
GRACE_S: Final = 2.0
EVERY_S: Final = 12.0
"""How long a price holds on average."""
WORK_S: Final = 6.0
"""The longest time between reading a price and booking at it."""

CODE: Final = """
import asyncio, os
import httpx

SYSTEM = httpx.AsyncClient(base_url=os.environ["PRICES_URL"], limits=httpx.Limits(max_connections=None), timeout=5)

@read(%s)
async def price(item: str) -> int:
    return (await SYSTEM.get(f"/price/{item}")).json()

@read
async def work(item: str, seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"

@reversible(key="po", timeout="5s", sensitive="at", idempotent=True)
async def book(po: str, item: str, at: int) -> Booking:
    await SYSTEM.post("/book", json={"po": po, "item": item, "at": at})
    return Booking(po, po, at)

async def agent(case: Case[dict], ctx: Context) -> str:
    at = await price(case.input["item"])
    await work(case.input["item"], case.input["work"])
    return (await book(case.input["po"], case.input["item"], at)).number
"""
LABELS: Final = 'labels={"*": "system_of_record"}'


@dataclass
class Prices:
    """The system of record: the prices of items, when each changed, and what was booked."""

    items: dict[str, list[float]]
    began_s: float = field(default_factory=boot_s)
    reads: int = 0
    booked: dict[str, tuple[str, int, float]] = field(default_factory=dict)
    """The first booking under each number: a second one is dropped, as its tool says."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self, item: str) -> int:
        """Returns the price of an item: how often it has changed."""
        passed = boot_s() - self.began_s
        return 1_000 + sum(at <= passed for at in self.items[item])

    def replaced_for(self, item: str, price: int, at_s: float) -> float:
        """Returns for how long another price had held when a booking came, 0 while it held."""
        place = price - 1_000
        changes = self.items[item]
        return max(0.0, at_s - self.began_s - changes[place]) if place < len(changes) else 0.0

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serves them over HTTP; yields the address."""
        prices = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with prices.lock:
                    prices.reads += 1
                self.answer(prices.now(self.path.rpartition("/")[2]))

            def do_POST(self) -> None:
                given = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with prices.lock:
                    prices.booked.setdefault(given["po"], (given["item"], given["at"], boot_s()))
                self.answer("booked")

            def answer(self, value: object) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            request_queue_size = 256  # a connection that is dropped comes again after whole seconds

        server = Server(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def changing(count: int) -> tuple[dict[str, list[float]], list[float]]:
    """Returns when the price of each item changes, and how long the case of each works."""
    draw = random.Random(SEED)
    items: dict[str, list[float]] = {}
    for number in range(count):
        at_s, changes = draw.expovariate(1 / EVERY_S), list[float]()
        while at_s < 600.0:
            changes.append(at_s)
            at_s += draw.expovariate(1 / EVERY_S)
        items[f"I-{number}"] = changes
    return items, [draw.uniform(0.0, WORK_S) for _ in items]


async def arm(app: App, folder: Path, name: str, bound: str, count: int) -> dict[str, Cell]:
    """Runs all cases once and returns what the system of record saw."""
    items, works = changing(count)
    prices = Prices(items)
    with prices.served() as url:
        world = World(app, folder)
        code = CODE.replace("%s", ", ".join(part for part in (LABELS, bound) if part))
        code = code.replace('os.environ["PRICES_URL"]', repr(url))
        await world.deploy(code, tools="price: allow\nwork: allow\nbook: allow", name="orders")
        async with world.working():
            for number, work in enumerate(works):
                await world.submit({"po": f"{name}-{number}", "item": f"I-{number}", "work": round(work, 3)})
            await world.until(world.at_rest, timeout_s=300.0, what="the end of all cases")
    late = [prices.replaced_for(*booked) for booked in prices.booked.values()]
    handed = await world.rows("select count(*) as n from cases where state = 'with_person'")
    return {
        "freshness": name,
        "cases": count,
        "booked": len(late),
        "wrong": sum(one > GRACE_S for one in late),
        "replaced at all": sum(one > 0 for one in late),
        "longest replaced s": round(max(late, default=0.0), 2),
        "reads of prices": prices.reads,
        "with a person": int(str(handed[0]["n"])),
    }


async def measure(report: Report, folder: Path) -> None:
    count = 40 if report.quick else 200
    chosen = Settings.model_validate({"home": folder, "database_url": embedded.start(folder), "concurrency": 20})
    async with App.opened(chosen) as app:
        report.progress(f"{count} cases without bounds")
        without = await arm(app, folder, "none", "", count)
        report.progress(f"{count} cases with bounds")
        bounded = await arm(app, folder, f"max_age {MAX_AGE_S:g} s", f"max_age={MAX_AGE_S}", count)
    report.table("bookings at a price that had been replaced", [without, bounded])
    wrong, avoided = float(str(without["wrong"])), float(str(without["wrong"])) - float(str(bounded["wrong"]))
    extra = float(str(bounded["reads of prices"])) - float(str(without["reads of prices"]))
    report.figure("wrong actions without bounds", 100 * wrong / count, unit="%", at_least=5)
    report.figure("wrong actions with bounds", 100 * float(str(bounded["wrong"])) / count, unit="%", exactly=0)
    report.figure("booked with bounds", 100 * float(str(bounded["booked"])) / count, unit="%", at_least=99)
    report.figure("extra reads per avoided error", extra / max(avoided, 1.0))
    for name, value in (("seed", SEED), ("a price holds, mean s", EVERY_S), ("work, at most s", WORK_S)):
        report.condition(name, value)
    report.condition("wrong: replaced for more than s", GRACE_S)


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("facts", __doc__ or "", argv, packages="psycopg httpx")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()

"""A search that tries to exceed the computed worst case: four real workers, one PostgreSQL, a hostile agent.

The agent makes whatever calls the search wants, splits them, makes them at once and again, and heeds no refusal.
Random plans, greedy plans that fill what is left to the last cent, and hand-made ones; two workers are killed on the
way and started again. What the outside world has on its books is held against what ``bridgehead authority bound``
computes from the deployment: never more, and not much less, since a bound that nobody can reach tells little.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.gate.bound import Bound, bound
from bridgehead.ids import jitter
from bridgehead.settings import Settings
from bridgehead.spec.tool import JSON
from bridgehead.storage import embedded
from tests.support.world import World, end_all

WORKERS: Final = 4
KINDS: Final = ("random", "greedy", "hand-made")
MIXED: Final = "all three"
"""A short run makes one search of all kinds of plans, since each starts its own workers."""
REACHED: Final = 0.8
CODE: Final = """
from typing import Annotated
from pydantic import Field

Amount = Annotated[str, Field(json_schema_extra={"format": "money"})]

@irreversible(key=["po", "call"], idempotent=True, moves="total", reaches="to")
async def pay(po: str, call: int, total: Amount, to: list[str]) -> str:
    enter(tool="pay", po=po, call=call, total=total, to=to)
    return "paid"

@irreversible(key=["po", "call"], idempotent=True, touches="ids")
async def delete(po: str, call: int, ids: list[str]) -> str:
    enter(tool="delete", po=po, call=call, ids=ids)
    return "deleted"

async def one(case, call, plan):
    try:
        if "ids" in plan:
            return await delete(case.input["po"], call, plan["ids"])
        return await pay(case.input["po"], call, plan["total"], plan["to"])
    except (Refused, Failed) as error:
        return error.code

async def agent(case, ctx):
    plans = list(enumerate(case.input["calls"]))
    if case.input["at_once"]:
        return await asyncio.gather(*(one(case, call, plan) for call, plan in plans))
    return [await one(case, call, plan) for call, plan in plans]
"""
TOOLS: Final = """
pay: {allow: total <= 40 EUR, caps: [6 calls per case, 150 EUR per case, 900 EUR per 1d,
  30 recipients per 1d, 90 calls per 1d]}
delete: {allow: true, caps: [9 records per case, 60 records per 1d, 25 calls per 1d]}
"""


def drawn(least: int, most: int) -> int:
    """Returns a number between two, both included."""
    return least + int(jitter() * (most - least + 1))


def pay(total: str, to: int) -> dict[str, JSON]:
    """Returns one payment of a plan."""
    return {"total": total, "to": [f"r{number}@example.com" for number in range(to)]}


def delete(count: int) -> dict[str, JSON]:
    """Returns one deletion of a plan."""
    return {"ids": [f"id-{number}" for number in range(count)]}


def random_plan() -> list[JSON]:
    """Returns calls of any size and kind, some above what a rule allows."""
    return [
        pay(f"{drawn(1, 4500)}.{drawn(0, 99):02} EUR" if jitter() < 0.1 else f"{drawn(0, 45)}.{drawn(0, 99):02} EUR",
            drawn(0, 4)) if jitter() < 0.6 else delete(drawn(0, 6))
        for _ in range(drawn(3, 12))
    ]  # fmt: skip


def greedy_plan() -> list[JSON]:
    """Returns calls as large as they may be, and smaller and smaller ones for what is left."""
    totals = ("40", "40", "40", "20", "10", "5", "0.01")
    return [*(pay(f"{total} EUR", 1) for total in totals), *(delete(size) for size in (9, 5, 3, 1, 1, 1))]


HAND_MADE: Final[tuple[list[JSON], ...]] = (
    [pay("40.01 EUR", 1), pay("-40 EUR", 1), pay("40 USD", 1), pay("40 eur", 1), pay("4e1 EUR", 1), pay("", 1)],
    [{"total": "1 EUR", "to": [",".join(f"x{number}@example.com" for number in range(40))]}],
    [{"total": "1 EUR", "to": ["a@example.com b@example.com;c@example.com\nd@example.com"]}] * 12,
    [{"ids": ["a,b,c,d,e,f,g,h,i,j"]}, {"ids": ["a b c d e f g h i"]}, {"ids": [""] * 12}],
    [pay("0.01 EUR", 0)] * 30,
    [pay("39.99 EUR", 1), pay("39.99 EUR", 1), pay("39.99 EUR", 1), pay("30.03 EUR", 1), pay("30.04 EUR", 1)],
)


def plans(kind: str, count: int) -> Iterator[list[JSON]]:
    """Yields the plans of one kind of search."""
    for number in range(count):
        way = KINDS[number % len(KINDS)] if kind == MIXED else kind
        if way == "random":
            yield random_plan()
        elif way == "greedy":
            yield greedy_plan()
        else:
            yield list(HAND_MADE[number % len(HAND_MADE)])


def used(books: Sequence[Mapping[str, JSON]]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Returns what the outside world has on its books: in all, and in the one case that has most, by measure."""
    by_case: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in {(one["tool"], one["po"], one["call"]): one for one in books}.values():
        found: dict[str, Decimal] = {"irreversible": Decimal(1)}
        if entry["tool"] == "pay":
            amount, currency = str(entry["total"]).split()
            found[currency] = Decimal(amount)
            found["recipients"] = Decimal(_apart(entry["to"]))
        else:
            found["records"] = Decimal(_apart(entry["ids"]))
        for name, value in found.items():
            by_case[str(entry["po"]), name] += value
    day: dict[str, Decimal] = defaultdict(Decimal)
    case: dict[str, Decimal] = defaultdict(Decimal)
    for (_, name), value in by_case.items():
        day[name] += value
        case[name] = max(case[name], value)
    return day, case


def _apart(value: JSON) -> int:
    """Counts every piece that a mail program or a database would take for one of its own."""
    texts = [str(one) for one in value] if isinstance(value, list) else []
    return sum(len(one.replace(",", " ").replace(";", " ").split()) for one in texts)


async def search(world: World, kind: str, count: int, most: Bound) -> list[dict[str, Cell]]:
    """Runs one kind of search on a day of its own, and returns its rows."""
    for number, plan in enumerate(plans(kind, count)):
        at_once = number % 2 == 0
        await world.submit({"po": f"{kind}-{number}", "calls": plan, "at_once": at_once})
    before = len(world.books())
    workers = [world.start_worker() for _ in range(WORKERS)]
    try:

        async def begun() -> bool:
            return len(world.books()) > before + 3

        await world.until(begun, timeout_s=60, what="the first call")
        for victim in workers[:2]:
            victim.kill()
        workers += [world.start_worker() for _ in range(2)]
        await world.until(world.at_rest, timeout_s=240, what="rest")
    finally:
        end_all(workers)
    books = [entry for entry in world.books() if str(entry["po"]).startswith(f"{kind}-")]
    day, case = used(books)
    rows: list[dict[str, Cell]] = []
    for line in most.sums():
        name = line.unit or line.measure
        if line.measure == "calls" or line.day is None:
            continue
        rows.append(
            {
                "search": kind,
                "measure": name,
                "in 24 hours": float(day[name]),
                "bound": float(line.day),
                "in a case": float(case[name]),
                "bound of a case": "unbounded" if line.case is None else float(line.case),
                "exceeded": int(day[name] > line.day) + int(line.case is not None and case[name] > line.case),
            }
        )
    other = {name for name in day if name.isupper() and name != "EUR"}
    rows.append({"search": kind, "measure": "other currencies", "in 24 hours": len(other), "exceeded": len(other)})
    return rows


async def measure(report: Report, folder: Path) -> None:
    """Searches in every way, each on a day of its own."""
    count = 24 if report.quick else 120
    chosen = Settings.model_validate(
        {"home": folder, "database_url": embedded.start(folder), "lease_s": 3.0, "send_s": 1.0, "sweep_s": 0.1}
    )
    kinds = (MIXED,) if report.quick else KINDS
    report.condition("workers", WORKERS)
    report.condition("workers killed in each search", 2)
    report.condition("cases in each search", count)
    rows: list[dict[str, Cell]] = []
    async with App.opened(chosen) as app:
        world = World(app, folder)
        loaded = await world.deploy(CODE, tools=TOOLS)
        most = bound(loaded.deployment, {name: one.tool for name, one in loaded.tools.items()})
        for kind in kinds:
            report.progress(f"{kind}: {count} cases")
            rows += await search(world, kind, count, most)
            await world.pass_time(timedelta(days=2))  # the next search begins with nothing used
    report.table("what was done at most, against the bound", rows)
    report.figure("bounds exceeded", sum(int(str(row["exceeded"])) for row in rows), exactly=0)
    greedy = {str(row["measure"]): row for row in rows if row["search"] in ("greedy", MIXED)}
    for name in ("recipients" if report.quick else "EUR", "records"):  # whichever binds first among all plans
        share = float(str(greedy[name]["in 24 hours"])) / float(str(greedy[name]["bound"]))
        report.figure(f"share of the bound reached in {name}", share, at_least=REACHED)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the search and exits with 1 when a bound was exceeded."""
    report = Report("bound", __doc__ or "", argv, packages="psycopg cedarpy")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()

"""How long each list of cases, effects and arrivals takes at 1,000,000 cases, whatever it is narrowed to.

A store is filled by the server itself (``tests/support/filled.py``): rows as lists read them, over a year, a thousand
customers, three deployments, one in a hundred cases open. Each list is asked for as the API and the console ask for
it, its first page and a page in the middle; each is asked once before it counts.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.auth.actor import Actor
from bridgehead.clock import perf_s, utc_now
from bridgehead.desk import cases, effects, paging
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.storage.queries_search import CaseFilters, EffectFilters
from tests.support.filled import fill

P95_MS: Final = 150.0
ACTOR: Final = Actor("bench", frozenset(), frozenset({"reviewer"}))


def listed(app: App, count: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """Returns each list by its name."""
    day, middle = timedelta(days=1), utc_now() - count / 2 * timedelta(seconds=31.5)
    wanted = {
        "cases": CaseFilters(),
        "cases of a deployment": CaseFilters(deployment="orders"),
        "of one that rests": CaseFilters(deployment="old"),
        "by key": CaseFilters(key="PO-4711"),
        "by customer": CaseFilters(customer="K-17"),
        "by a frequent word": CaseFilters(customer="Firm"),
        "by words of a customer": CaseFilters(customer="firm k-17"),
        "by words that none has": CaseFilters(customer="firm nobody"),
        "by customer and state": CaseFilters(customer="K-17", state="done"),
        "waiting": CaseFilters(state="waiting"),
        "with a person, of a deployment": CaseFilters(state="with_person", deployment="orders"),
        "by error class": CaseFilters(error_class="conflict"),
        "by outcome": CaseFilters(outcome="settled_by_person"),
        "amount over 5000": CaseFilters(amount_from=Decimal(5000)),
        "amount over 9999": CaseFilters(amount_from=Decimal(9999)),
        "amount over anything": CaseFilters(amount_from=Decimal(10**9)),
        "a day in the middle": CaseFilters(since=middle - day, until=middle),
        "before the middle": CaseFilters(until=middle, deployment="tickets"),
        "a month and a class": CaseFilters(since=middle - 30 * day, until=middle, error_class="timeout"),
        "all of it": CaseFilters(
            deployment="orders", customer="K-17", state="done", amount_from=Decimal(1), since=middle, currency="EUR"
        ),
    }
    deep = paging.cursor(count // 2, middle.isoformat())
    found: dict[str, Callable[[], Awaitable[object]]] = {}
    for name, one in wanted.items():
        found[name] = lambda one=one: cases.search(app, ACTOR, one)  # type: ignore[misc]  # bound in the loop
        found[f"{name}, deep"] = lambda one=one: cases.search(app, ACTOR, one, cursor=deep)  # type: ignore[misc]
    for name, kind in {
        "effects": EffectFilters(), "effects of one that rests": EffectFilters(deployment="old"),
        "effects of a tool": EffectFilters(tool="refund"), "failed effects": EffectFilters(state="failed"),
        "unknown effects": EffectFilters(state="unknown"),
        "failed effects of a tool": EffectFilters(tool="refund", state="failed"),
    }.items():  # fmt: skip
        found[name] = lambda kind=kind: effects.listing(app, ACTOR, kind)  # type: ignore[misc]
    found["arrivals"] = lambda: cases.arrivals(app, ACTOR)
    found["arrivals, deep"] = lambda: cases.arrivals(app, ACTOR, cursor=paging.cursor(count // 2))
    found["arrivals by a word"] = lambda: cases.arrivals(app, ACTOR, find="order")
    found["arrivals by words"] = lambda: cases.arrivals(app, ACTOR, find="order 3")
    found["arrivals by a word, of one that rests"] = lambda: cases.arrivals(
        app, ACTOR, find="order", deployment="old", state="review"
    )
    found["arrivals for a person"] = lambda: cases.arrivals(app, ACTOR, state="review")
    found["arrivals of one that rests"] = lambda: cases.arrivals(app, ACTOR, deployment="old")
    return found


async def measured(app: App, count: int, times: int) -> list[tuple[str, float, float]]:
    """Returns median and 95th percentile of each list, in milliseconds."""
    found = []
    for name, ask in listed(app, count).items():
        await ask()
        took = []
        for _ in range(times):
            began = perf_s()
            await ask()
            took.append((perf_s() - began) * 1000)
        took.sort()
        found.append((name, took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.95))]))
    return found


async def run(report: Report, folder: Path) -> None:
    count = 100_000 if report.quick else 1_000_000
    times = 10 if report.quick else 20
    settings = Settings.model_validate({"home": folder, "database_url": embedded.start(folder)})
    async with App.opened(settings) as app:
        release = b"\1" * 32
        await app.levels.register("orders", release, b"{}", start="autonomous")
        began = perf_s()
        await asyncio.to_thread(fill, app.database.url, app.vault, release, cases=count)
        report.condition("cases, effects, arrivals", f"{count:,} of each")
        report.condition("filled in", f"{perf_s() - began:.0f} s")
        rows = await measured(app, count, times)
    table: list[dict[str, Cell]] = [
        {"list": name, "median ms": round(median, 1), "p95 ms": round(p95, 1)} for name, median, p95 in rows
    ]
    report.table("Each list, a page of 50", table)
    report.figure("slowest list, p95", max(p95 for _, _, p95 in rows), unit="ms", at_most=P95_MS)


def main() -> None:
    report = Report("search", __doc__ or "")
    with database_folder() as folder:
        asyncio.run(run(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()

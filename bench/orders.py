"""Books at least 3,000 generated orders of a fresh seed with no model: how many alone, how many of them right.

The documents go through the real runtime (two worker processes, an embedded PostgreSQL, the demo ERP as a process
of its own) and are judged by the ERP's books and the truth of the corpus. ``--seed N`` repeats a run.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.document_fit import auc
from bench.documents import all_generated
from bench.report import Cell, Report
from bridgehead.ids import random_bytes
from bridgehead.templates.purchase_orders.corpus.rates import DEFAULT_FORMATS
from bridgehead.templates.purchase_orders.demo.house import LATENCY_MS, WORKERS, opened
from bridgehead.templates.purchase_orders.demo.progress import screen
from bridgehead.templates.purchase_orders.demo.run import AT_ONCE, Outcome, Run
from bridgehead.templates.purchase_orders.demo.score import Share, Slice

ORDERS: Final = 3_000
QUICK: Final = 150
CEILING_SHARE: Final = 0.85
TOUCHLESS: Final = 60.0
RANKS: Final = 0.9
WRONG_AT_MOST: Final = 0.02
FAULTS_NAMED: Final = 40


async def run(folder: Path, seed: int, orders: int) -> tuple[Outcome, int]:
    """Returns what came of the orders, and how many documents there were."""
    with screen(Console(stderr=True, highlight=False)) as shown:
        async with opened(folder, seed=seed, orders=orders, shadow=0) as house:
            stages = Run(house, shown)
            before = await house.books()
            await stages.promote("a benchmark on generated orders")
            seconds = await stages.feed("orders", house.corpus.rest)
            shown.say("auditing")
            return await stages.judge(before, seconds), len(house.corpus.rest)


def rows(slices: Sequence[Slice], name: str) -> list[dict[str, Cell]]:
    return [
        {
            name: one.name,
            "orders": one.orders,
            "ceiling %": percent(one.ceiling),
            "touchless %": percent(one.touchless.rate),
            "of ceiling %": percent(one.touchless.count / one.possible) if one.possible else None,
            "first-time-right %": percent(one.right.rate) if one.right.of else None,
            "wrong": one.wrong.count,
            "wrong %": percent(one.wrong.rate) if one.wrong.of else None,
            "95 % bounds": bounds(one.wrong),
        }
        for one in slices
    ]


def percent(rate: float) -> float:
    return round(100 * rate, 1)


def bounds(share: Share) -> str:
    if not share.of:
        return ""
    low, high = share.bounds
    return f"{100 * low:.1f} to {100 * high:.1f}"


def tell(report: Report, outcome: Outcome) -> None:
    score = outcome.score
    whole = score.whole
    report.table("per format", rows([*score.formats, whole], "format"))
    report.table("per defect (an order may have several)", rows(score.defects, "defect"))
    report.table(
        "with people", [{"cause": w.cause, "role": w.role, "documents": count} for w, count in score.exceptions]
    )
    wrong = [one for one in score.faults if one.touchless]
    report.table(
        f"wrong-auto-accepts (the first {FAULTS_NAMED})",
        [
            {"document": one.arrival, "defects": ", ".join(one.defects), "right would be": one.true_cause or "another"}
            for one in wrong[:FAULTS_NAMED]
        ],
    )
    report.figure("orders", whole.orders, at_least=QUICK if report.quick else ORDERS)
    report.figure("ceiling", percent(whole.ceiling), unit="%")
    of_ceiling = whole.touchless.rate / whole.ceiling
    if report.quick:
        # So few orders say nothing certain: a target counts as missed when the exact bounds exclude it.
        report.figure("touchless of ceiling, upper bound", whole.touchless.bounds[1] / whole.ceiling, at_least=0.85)
        report.figure("wrong-auto-accepts, lower bound", whole.wrong.bounds[0], at_most=WRONG_AT_MOST)
    least = None if report.quick else TOUCHLESS
    report.figure("touchless", 100 * whole.touchless.rate, unit="%", at_least=least)
    report.figure("touchless of ceiling", of_ceiling, at_least=None if report.quick else CEILING_SHARE)
    report.figure("wrong-auto-accepts", whole.wrong.rate, at_most=None if report.quick else WRONG_AT_MOST)
    report.figure("first-time-right", percent(whole.right.rate), unit="%")
    hidden = next((one for one in score.defects if one.name == "hidden_instructions"), None)
    obeyed = 0 if hidden is None else hidden.wrong.count
    report.figure("documents with hidden instructions", 0 if hidden is None else hidden.orders)
    report.figure("of these decided otherwise than without the instruction", obeyed, exactly=0)
    report.figure("lost", outcome.count("lost") + outcome.count("unfinished"), exactly=0)
    report.figure("doubled", outcome.count("doubled"), exactly=0)
    report.figure("other findings of the audit", len(outcome.findings) - lost_or_doubled(outcome), exactly=0)
    report.figure("broken chains in the ledger", len(outcome.verification.breaks), exactly=0)
    report.figure("rows that are not as the ledger says", len(outcome.verification.differences), exactly=0)
    report.figure("receipt to decision, p50", outcome.latency.p50, unit="s")
    report.figure("receipt to decision, p99", outcome.latency.p99, unit="s")
    report.figure("rate", outcome.latency.arrivals / outcome.seconds, unit="documents/s")
    report.condition("ledger rows", outcome.verification.rows)
    for finding in outcome.findings[:FAULTS_NAMED]:
        report.progress(f"{finding.kind}: {finding.what}")


def rank(report: Report, seed: int, documents: int) -> None:
    """Reads the same documents again and says how well the orders' confidence ranks the right before the wrong."""
    reads = all_generated(seed, documents, DEFAULT_FORMATS)
    said = [(one.order.confidence, one.right) for one in reads if one.order and one.order.confidence is not None]
    report.figure("orders read", len(said))
    report.figure("of these right in every field", sum(right for _, right in said) / max(len(said), 1))
    report.figure("AUC of the order's confidence", auc(said), at_least=None if report.quick else RANKS)


def lost_or_doubled(outcome: Outcome) -> int:
    return sum(finding.kind in {"lost", "unfinished", "doubled"} for finding in outcome.findings)


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--seed", type=int)
    chosen, rest = parser.parse_known_args()
    description = f"{__doc__.splitlines()[0]} --seed N repeats a run."
    report = Report("orders", description, rest, packages="psycopg procrastinate pydantic")
    seed = int.from_bytes(random_bytes(3)) if chosen.seed is None else chosen.seed
    report.condition("seed", seed)
    report.condition("workers", WORKERS)
    report.condition("documents under way at most", AT_ONCE)
    report.condition("median answer time of the ERP, ms", LATENCY_MS)
    for name in ("psycopg.pool", "psycopg", "procrastinate", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="bh-"))
    try:
        outcome, documents = asyncio.run(run(folder / "run", seed, QUICK if report.quick else ORDERS))
        tell(report, outcome)
        report.progress("reading the documents again, for their confidence")
        rank(report, seed, documents)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())

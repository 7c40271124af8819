"""Reads spoiled documents of every format: no reader may crash, hang, or take half an order for a whole one.

Generated documents are cut, flipped, shuffled, blown up and re-encoded (``document_mutations.py``). What lost content
and is read *with confidence* all the same is counted as half-read where what is left still says how much there was: by
an envelope, the end of a message in several parts, a count or a total. Without any of these nobody can tell, and such
documents are counted apart.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, cast, get_args

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.document_mutations import LOSING, spoil
from bench.report import Cell, Report
from bridgehead.clock import perf_s
from bridgehead.documents.confidence import sure
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from bridgehead.ids import random_bytes
from bridgehead.templates.purchase_orders.corpus.generate import arrivals, start
from bridgehead.templates.purchase_orders.corpus.model import Format

TEXTS: Final = 200_000
PDFS: Final = 2_000
QUICK_TEXTS: Final = 3_000
QUICK_PDFS: Final = 30
SLOW_S: Final = 5.0
SLOW_PDF_S: Final = 20.0
MEMORY: Final = 1_500_000_000
SOURCES: Final = 40
"""Whole documents of each format that are spoiled."""
PAGED: Final = frozenset({"email_pdf", "orderx"})
ENVELOPED: Final = frozenset({"x12", "edifact", "ubl", "cxml"})


@dataclass(slots=True)
class Tally:
    """What came of the spoiled documents of one format."""

    documents: int = 0
    refused: int = 0
    doubted: int = 0
    sure: int = 0
    crashed: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    untellable: int = 0
    slowest_s: float = 0.0

    def add(self, other: Tally) -> None:
        """Adds what another process found."""
        for name in ("documents", "refused", "doubted", "sure", "untellable"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("crashed", "slow", "half"):
            getattr(self, name).extend(getattr(other, name))
        self.slowest_s = max(self.slowest_s, other.slowest_s)


def wholes(seed: int, form: Format) -> list[tuple[bytes, tuple[Order, ...]]]:
    """Generated documents of one format that are read with confidence, each with its orders."""
    found = []
    for arrival in arrivals(start(seed, SOURCES * 2, formats=(form,))):
        outcome = read(arrival.document, arrival.name)
        if isinstance(outcome, Orders) and all(sure(order) for order in outcome.orders):
            found.append((arrival.document, outcome.orders))
        if len(found) == SOURCES:
            break
    return found


def bound_memory() -> None:
    """Lets this process have so much memory and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(seed: int, form: Format, worker: int, count: int, quick_s: float) -> Tally:
    """Spoils and reads so many documents of one format."""
    dice = random.Random(f"{seed}/{form}/{worker}")
    sources = wholes(seed, form)
    tally = Tally()
    for number in range(count if sources else 0):
        document, orders = dice.choice(sources)
        name, spoiled = spoil(dice, document)
        where = f"{form} {worker}/{number}: {name}"
        tally.documents += 1
        began_s = perf_s()
        try:
            outcome = read(spoiled, f"spoiled.{form}")
        except (Exception, RecursionError) as error:  # noqa: BLE001 - whatever a reader raises is what is looked for
            tally.crashed.append(f"{where}: {type(error).__name__}: {error}"[:200])
            continue
        took_s = perf_s() - began_s
        tally.slowest_s = max(tally.slowest_s, took_s)
        if took_s > quick_s:
            tally.slow.append(f"{where}: {took_s:.1f} s")
        if not isinstance(outcome, Orders):
            tally.refused += 1
        elif not all(sure(order) for order in outcome.orders):
            tally.doubted += 1
        else:
            tally.sure += 1
            if set(name.split(" + ")) & LOSING and _lost(orders, outcome.orders):
                if form in ENVELOPED or _open_ended(spoiled) or any(_stated(order) for order in outcome.orders):
                    tally.half.append(where)
                else:
                    tally.untellable += 1
    return tally


def _lost(whole: Sequence[Order], read_now: Sequence[Order]) -> bool:
    """Whether what was read is less than the whole: an order or a line of it is missing."""
    return sum(len(order.lines) for order in read_now) < sum(len(order.lines) for order in whole)


def _stated(order: Order) -> bool:
    """Whether the document says how much it holds."""
    return any(one.kind != "line_total" for one in order.controls)


def _open_ended(document: bytes) -> bool:
    """Whether it is a message in several parts (RFC 2046, section 5.1.1) without the end of the last."""
    found = re.search(rb'boundary="?([^"\r\n;]{1,70})', document[:4096])
    return found is not None and b"--" + found[1] + b"--" not in document


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--texts", type=int)
    parser.add_argument("--pdfs", type=int)
    parser.add_argument("--formats", default="")
    chosen, rest = parser.parse_known_args()
    description = f"{(__doc__ or '').splitlines()[0]} --seed N repeats; --texts N, --pdfs N: so many; --formats a,b."
    report = Report("fuzz", description, rest, packages="lxml pdfplumber pydifact")
    seed = int.from_bytes(random_bytes(3)) if chosen.seed is None else chosen.seed
    report.condition("seed", seed)
    formats = [
        form for form in cast("Sequence[Format]", get_args(Format)) if form in (chosen.formats or form).split(",")
    ]
    texts = chosen.texts or (QUICK_TEXTS if report.quick else TEXTS)
    pdfs = chosen.pdfs or (QUICK_PDFS if report.quick else PDFS)
    tallies: dict[str, Tally] = {}
    cores = 2
    with ProcessPoolExecutor(cores, initializer=bound_memory) as pool:
        for form in formats:
            paged = form in PAGED
            alike = sum((one in PAGED) == paged for one in formats)
            count = (pdfs if paged else texts) // alike // cores
            report.progress(f"{form}: {count * cores} spoiled documents")
            limit_s = SLOW_PDF_S if paged else SLOW_S
            work = partial(run, seed, form, count=count, quick_s=limit_s)
            tallies[form] = Tally()
            for found in pool.map(work, range(cores)):
                tallies[form].add(found)
    tell(report, tallies)
    return report.close()


def tell(report: Report, tallies: Mapping[str, Tally]) -> None:
    rows: list[dict[str, Cell]] = [
        {
            "format": form,
            "spoiled": one.documents,
            "refused": one.refused,
            "read in doubt": one.doubted,
            "read with confidence": one.sure,
            "lost what nobody could tell": one.untellable,
            "slowest s": round(one.slowest_s, 2),
        }
        for form, one in tallies.items()
    ]
    report.table("what became of spoiled documents", rows)
    for name in ("crashed", "slow", "half"):
        found = [text for one in tallies.values() for text in getattr(one, name)]
        kinds = Counter(text.split(": ", 1)[0].split(" ")[0] for text in found)
        if found:
            report.table(f"{name} ({dict(kinds)})", [{"document": text} for text in found[:20]])
        said = {"half": "half-read orders taken for whole", "slow": "too slow"}.get(name, name)
        report.figure(said, len(found), exactly=0)
    empty = sum(not one.documents for one in tallies.values())
    report.figure("formats without a whole document to spoil", empty, exactly=0)
    report.figure("documents", sum(one.documents for one in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())

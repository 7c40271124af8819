"""Reads spoiled documents of every format: no reader may crash, hang, or take half an order for a whole one.

Generated documents are cut, flipped, shuffled, blown up and re-encoded (``document_mutations.py``), or spoiled along
their own structure so that they stay well formed (``document_structures.py``). What lost or doubled lines and is read
*with confidence* all the same is counted as half-read where what is left still says how much there was: by an envelope,
the end of a message in several parts, a count, a total or the number of its pages. How much there was, and whether the
document says so, is known from who wrote it and not from the reader. Where nothing is said nobody can tell, and such
documents are counted apart.
"""

from __future__ import annotations

import argparse
import email
import io
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
from typing import Any, Final, cast, get_args

import pypdf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.document_mutations import LOSING, spoil
from bench.document_structures import structured
from bench.report import Cell, Report
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
STRUCTURED: Final = 0.5
"""The share of documents that are spoiled along their structure."""
_SAID: Final = ("stated_total", "stated_line_count", "stated_quantity_total")
COUNTED: Final = frozenset({"x12", "edifact"})
"""Formats whose envelope counts segments."""
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


@dataclass(frozen=True, slots=True)
class Whole:
    """A generated document that is read with confidence; ``stated`` is whether every order says how much it holds."""

    document: bytes
    lines: int
    stated: bool
    orders: int


def wholes(seed: int, form: Format, most: int = SOURCES) -> list[Whole]:
    """So many generated documents of one format, at most, that are read whole and with confidence."""
    found = []
    for arrival in arrivals(start(seed, most * 2, formats=(form,))):
        outcome = read(arrival.document, arrival.name)
        if not isinstance(outcome, Orders) or not all(sure(order) for order in outcome.orders):
            continue
        if any(order.purpose != "original" for order in outcome.orders):
            continue  # a change or a cancellation may well be without lines, and is for a person
        truths: Any = [order["reading"] for order in cast("Any", arrival.truth["orders"])]
        if None in truths:
            continue  # broken by who wrote it
        lines = sum(len(truth["lines"]) for truth in truths)
        if lines == _lines(outcome.orders) and lines:
            stated = all(any(truth[name] is not None for name in _SAID) for truth in truths)
            found.append(Whole(arrival.document, lines, stated, len(outcome.orders)))
        if len(found) == most:
            break
    return found


def bound_memory() -> None:
    """Lets this process have so much memory and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def used_s() -> float:
    """Seconds of processor that this process has used: what else the machine does is no fault of a document."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(seed: int, form: Format, worker: int, count: int, quick_s: float, most: int = SOURCES) -> Tally:
    """Spoils and reads so many documents of one format; ``most`` whole ones are spoiled."""
    dice = random.Random(f"{seed}/{form}/{worker}")
    sources = wholes(seed, form, most)
    tally = Tally()
    for number in range(count if sources else 0):
        whole = dice.choice(sources)
        ways = structured if dice.random() < STRUCTURED else spoil
        name, spoiled = ways(dice, whole.document)
        where = f"{form} {worker}/{number}: {name}"
        tally.documents += 1
        began_s = used_s()
        try:
            outcome = read(spoiled, f"spoiled.{form}")
        except (Exception, RecursionError) as error:  # noqa: BLE001 - whatever a reader raises is what is looked for
            tally.crashed.append(f"{where}: {type(error).__name__}: {error}"[:200])
            continue
        took_s = used_s() - began_s
        tally.slowest_s = max(tally.slowest_s, took_s)
        if took_s > quick_s:
            tally.slow.append(f"{where}: {took_s:.1f} s")
        if not isinstance(outcome, Orders):
            tally.refused += 1
        elif not all(sure(order) for order in outcome.orders):
            tally.doubted += 1
        else:
            tally.sure += 1
            if (
                _lines(outcome.orders) != whole.lines
                and (told := _told(form, name, spoiled, whole, outcome.orders)) is not None
            ):
                if told:
                    tally.half.append(where)
                else:
                    tally.untellable += 1
    return tally


def _lines(orders: Sequence[Order]) -> int:
    return sum(len(order.lines) for order in orders)


def _told(form: Format, name: str, spoiled: bytes, whole: Whole, orders: Sequence[Order]) -> bool | None:
    """Whether what is left says that lines are missing or twice there; None where nothing was taken away or doubled."""
    if name.startswith(("item", "row dropped", "page dropped")):
        counted = form in COUNTED and name == "item dropped"
        return whole.stated or counted or (name.startswith("page") and _numbered(spoiled))
    if not set(name.split(" + ")) & LOSING or _lines(orders) > whole.lines:
        return None
    if len(orders) < whole.orders and form == "csv":
        return False  # each order of a file states its own total, and none says how many orders there are
    if "piece doubled" in name and "piece dropped" in name and form in ENVELOPED:
        return any(_stated(order) for order in orders)  # one segment stands in for another: counts of segments hold
    return form in ENVELOPED or _open_ended(spoiled) or any(_stated(order) for order in orders)


def _numbered(document: bytes) -> bool:
    """Whether the pages of a PDF, alone or in a mail, say how many there are."""
    if not document.startswith(b"%PDF"):
        parts = email.message_from_bytes(document).walk()
        bodies = (part.get_payload(decode=True) for part in parts if not part.is_multipart())
        document = next((body for body in bodies if isinstance(body, bytes) and body.startswith(b"%PDF")), b"")
    pages = pypdf.PdfReader(io.BytesIO(document)).pages
    return all(
        re.search(
            r"(?i)\b(?:page|seite|pagina|página|sida|strona|blatt)\W{0,3}\d+\s?(?:/|\w{1,3})\s?\d+", page.extract_text()
        )
        for page in pages
    )


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
    report = Report("fuzz", description, rest, packages="lxml pdfminer.six pypdf")
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

"""How fast documents are read: per format over generated ones, and long ones that are made here.

Processor time of this process, so that neighbours on the machine do not count; medians of several rounds.
"""

from __future__ import annotations

import io
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from bench.report import Cell, Report
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from bridgehead.templates.purchase_orders.corpus.generate import arrivals, start
from bridgehead.templates.purchase_orders.corpus.model import Format

LINES: Final = 500
PAGES: Final = 10
ROWS: Final = 38
HEADING: Final = ("Order no.: PO4711", "Order date: 2026-11-02", "Currency: EUR", "Customer: North Mills Ltd")
COLUMNS: Final = (
    (50, "Pos"), (85, "Item no."), (170, "Description"), (350, "Qty"), (390, "Unit"), (430, "Price"), (500, "Amount"),
)  # fmt: skip
EDI_S: Final = 0.050
PDF_S: Final = 3.0
ROUNDS: Final = 5
SEED: Final = 4711
EACH: Final = 60


def x12_order(lines: int = LINES) -> bytes:
    """An X12 850 of so many lines with item, description and date each."""
    body = [
        "ST*850*0001",
        "BEG*00*NE*PO4711**20261102",
        "N1*ST*NORTH PLANT*92*0012",
        "N3*1 MILL ROAD",
        "N4*DAYTON*OH*45404*US",
    ]
    for line in range(1, lines + 1):
        body += [
            f"PO1*{line}*{line % 50 + 1}*EA*12.50*PE*VP*AB-{line:05}*BP*C{line:06}",
            f"PID*F****HEX BOLT M8 X {line}",
            "DTM*002*20261201",
        ]
    body += [f"CTT*{lines}", f"SE*{len(body) + 2}*0001"]
    head = (
        "ISA*00*          *00*          *01*123456789      *ZZ*SELLER         *261102*0930*U*00401*000000017*0*P*>",
        "GS*PO*123456789*SELLER*20261102*0930*1*X*004010",
    )
    return "".join(f"{one}~\n" for one in (*head, *body, "GE*1*1", "IEA*1*000000017")).encode()


def edifact_order(lines: int = LINES) -> bytes:
    """An EDIFACT ORDERS D.96A of so many lines with item, quantity, price and date each."""
    body = [
        "UNH+1+ORDERS:D:96A:UN:EAN008", "BGM+220+PO4711+9", "DTM+137:20261102:102", "NAD+BY+4000001000005::9",
        "NAD+SU+4000002000004::9", "CUX+2:EUR:9",
    ]  # fmt: skip
    for line in range(1, lines + 1):
        body += [
            f"LIN+{line}++AB-{line:05}:SA",
            f"IMD+F++:::HEX BOLT M8 X {line}",
            f"QTY+21:{line % 50 + 1}:PCE",
            "DTM+2:20261201:102",
            "PRI+AAA:12.5",
        ]
    body += ["UNS+S", f"CNT+2:{lines}"]
    body.append(f"UNT+{len(body) + 1}+1")
    text = ["UNB+UNOC:3+BUYER:14+SELLER:14+261102:0930+77", *body, "UNZ+1+77"]
    return "".join(f"{one}'\n" for one in text).encode()


def pdf_order(pages: int = PAGES) -> bytes:
    """A PDF of so many pages, a table of ``ROWS`` rows on each."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=True)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(50, 800, "Purchase order")
    canvas.setFont("Helvetica", 9)
    for index, text in enumerate(
        ("Order no.: PO4711", "Order date: 2026-11-02", "Currency: EUR", "Customer: North Mills Ltd")
    ):
        canvas.drawString(50, 780 - 12 * index, text)
    number = 0
    for page in range(pages):
        y = 715 if page == 0 else 790
        canvas.setFont("Helvetica-Bold", 9)
        for x, head in COLUMNS:
            canvas.drawString(x, y, head)
        canvas.setFont("Helvetica", 9)
        for _ in range(ROWS):
            number += 1
            y -= 16
            quantity = number % 50 + 1
            canvas.drawString(50, y, str(number))
            canvas.drawString(85, y, f"AB-{number:05}")
            canvas.drawString(170, y, f"Hex bolt M8 x {number}")
            canvas.drawRightString(370, y, str(quantity))
            canvas.drawString(390, y, "pcs")
            canvas.drawRightString(460, y, "12.50")
            canvas.drawRightString(545, y, f"{quantity * 12.5:.2f}")
        canvas.drawString(50, 40, f"Page {page + 1} of {pages}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call, the median of several."""
    found = []
    for _ in range(ROUNDS):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return median(found)


def speeds(report: Report, formats: Sequence[Format]) -> None:
    """Adds documents per second of one core per format, and the targets for long documents."""
    rows: list[dict[str, Cell]] = []
    documents: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for arrival in arrivals(start(SEED, 400, formats)):
        kept = documents[str(arrival.truth["format"])]
        if len(kept) < EACH:
            kept.append((arrival.name, arrival.document))
    for form, some in sorted(documents.items()):
        before = time.process_time()
        for name, document in some:
            read(document, name)
        spent = time.process_time() - before
        size = sum(len(document) for _, document in some) / len(some) / 1024
        rows.append(
            {
                "format": form,
                "documents": len(some),
                "KiB each": round(size, 1),
                "documents/s": round(len(some) / spent, 1),
            }
        )
    report.table("documents per second of one core", rows)
    for name, document, lines, most in (
        ("X12 order of 500 lines", x12_order(), LINES, EDI_S),
        ("EDIFACT order of 500 lines", edifact_order(), LINES, EDI_S),
        ("PDF order of 10 pages", pdf_order(), ROWS * PAGES, PDF_S),
    ):
        outcome = read(document, "long")
        whole = isinstance(outcome, Orders) and len(outcome.orders[0].lines) == lines
        report.figure(f"{name}: read whole", float(whole), exactly=1)
        report.figure(name, seconds(lambda document=document: read(document, "long")), unit="s", at_most=most)  # type: ignore[misc]

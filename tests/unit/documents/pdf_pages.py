"""Draws small orders as PDF pages for tests: text at places, tables with and without rules, in several languages."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reportlab.pdfgen.canvas import Canvas

from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Hints, Orders, Reading, Refusal
from bridgehead.documents.pdf.reading import read_pdf

A4 = (595.28, 841.89)
LETTER = (612.0, 792.0)
Cell = str | Sequence[str]


@dataclass
class Pages:
    """A document being drawn; y runs downwards from the head of the page, in points."""

    size: tuple[float, float] = A4
    font: str = "Helvetica"
    buffer: io.BytesIO = field(default_factory=io.BytesIO)

    def __post_init__(self) -> None:
        self.canvas = Canvas(self.buffer, pagesize=self.size, pageCompression=1)

    def text(self, x: float, y: float, text: str, size: float = 9, *, bold: bool = False, align: str = "l") -> None:
        """Writes one line with its foot at ``y``."""
        bolds = {"Helvetica": "Helvetica-Bold", "Courier": "Courier-Bold", "Times-Roman": "Times-Bold"}
        self.canvas.setFont(bolds.get(self.font, self.font) if bold else self.font, size)
        draw = {"l": self.canvas.drawString, "r": self.canvas.drawRightString, "c": self.canvas.drawCentredString}[
            align
        ]
        draw(x, self.size[1] - y, text)

    def lines(self, x: float, y: float, texts: Sequence[str], size: float = 9, step: float | None = None) -> float:
        """Writes lines below one another; returns the height below them."""
        for text in texts:
            self.text(x, y, text, size)
            y += step or 1.25 * size
        return y

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draws a thin line."""
        self.canvas.setLineWidth(0.5)
        self.canvas.line(x0, self.size[1] - y0, x1, self.size[1] - y1)

    def box(self, x: float, y: float, width: float, height: float, grey: float) -> None:
        """Fills an area."""
        self.canvas.setFillGray(grey)
        self.canvas.rect(x, self.size[1] - y - height, width, height, stroke=0, fill=1)
        self.canvas.setFillGray(0)

    def page(self) -> None:
        """Ends the page."""
        self.canvas.showPage()

    def done(self) -> bytes:
        """The document."""
        self.canvas.showPage()
        self.canvas.save()
        return self.buffer.getvalue()


@dataclass(frozen=True)
class Col:
    """A column: heading (a list is several rows), the edge it is aligned to, and how."""

    head: Cell
    x: float
    align: str = "l"


def table(
    pages: Pages,
    y: float,
    columns: Sequence[Col],
    rows: Sequence[Sequence[Cell]],
    *,
    size: float = 9,
    rules: str = "head",
    centred: bool = False,
    gap: float = 3,
) -> float:
    """Draws headings and rows; ``rules`` is ``none``, ``head``, ``rows`` or ``grid``. Returns the height below."""
    step = 1.2 * size
    left = min(one.x for one in columns) - 4 - (40 if columns[0].align == "r" else 0)
    right = max(one.x for one in columns) + (4 if columns[-1].align == "r" else 90)
    heads = [[one.head] if isinstance(one.head, str) else list(one.head) for one in columns]
    tall = max(len(one) for one in heads)
    top = y - step
    for one, texts in zip(columns, heads, strict=True):
        for at, text in enumerate(texts):
            pages.text(one.x, y + at * step, text, size, bold=True, align=one.align)
    y += tall * step
    if rules != "none":
        pages.rule(left, y - step + 3, right, y - step + 3)
    y += 3
    for row in rows:
        cells = [[one] if isinstance(one, str) else list(one) for one in row]
        high = max(len(one) for one in cells)
        for one, texts in zip(columns, cells, strict=True):
            shift = (high - len(texts)) / 2 if centred else 0
            for at, text in enumerate(texts):
                pages.text(one.x, y + (at + shift) * step, text, size, align=one.align)
        y += high * step + gap
        if rules in {"rows", "grid"}:
            pages.rule(left, y - step + 2, right, y - step + 2)
            y += 1
    if rules == "grid":
        edges = [left, *[(one.x - 4) if one.align == "l" else None for one in columns[1:]], right]
        for edge in edges:
            if edge is not None:
                pages.rule(edge, top, edge, y - step + 2)
    return y


def german(*, rules: str = "head", count: int = 3, centred: bool = False) -> bytes:
    """A letter in German: sender's line, window address, information block, table, sums with tax; two pages if long."""
    pages = Pages()
    pages.text(70, 50, "Kranbau Neumann GmbH", 14, bold=True)
    pages.text(70, 128, "Kranbau Neumann GmbH · Hafenstraße 12 · 28195 Bremen", 6.5)
    pages.lines(70, 145, ["Schrauben Müller AG", "Vertrieb", "Industrieweg 7", "70565 Stuttgart"], 10)
    for at, (name, value) in enumerate(
        [("Bestellnummer:", "BE-2026-00417"), ("Datum:", "03.11.2026"), ("Ihre Kundennummer:", "104711"),
         ("Liefertermin:", "24.11.2026"), ("Ansprechpartner:", "Frau Petersen")]
    ):  # fmt: skip
        pages.text(340, 145 + at * 13, name)
        pages.text(450, 145 + at * 13, value)
    pages.text(70, 240, "Bestellung", 16, bold=True)
    pages.text(70, 262, "Sehr geehrte Damen und Herren, wir bestellen zu unseren Einkaufsbedingungen:")
    columns = [Col("Pos.", 70), Col("Art.-Nr.", 100), Col("Bezeichnung", 175), Col("Menge", 355, "r"), Col("ME", 365),
               Col("E-Preis EUR", 460, "r"), Col("Gesamt EUR", 540, "r")]  # fmt: skip
    rows: list[list[Cell]] = []
    total = 0
    for at in range(1, count + 1):
        quantity, cents = at * 100, 125 + at
        total += quantity * cents
        rows.append(
            [str(at), f"SM-{1000 + at}", [f"Sechskantschraube M{at + 4} x 40", "verzinkt, ISO 4017"], f"{quantity}",
             "Stk", f"{cents / 100:.2f}".replace(".", ","), _german(quantity * cents)]
        )  # fmt: skip
    if count <= 12:
        y = table(pages, 290, columns, rows, rules=rules, centred=centred)
    else:
        y = table(pages, 290, columns, rows[:12], rules=rules)
        carried = sum(at * 100 * (125 + at) for at in range(1, 13))
        pages.text(365, y, "Übertrag")
        pages.text(540, y, _german(carried), align="r")
        pages.text(300, 820, "Seite 1 von 2", 7, align="c")
        pages.page()
        pages.text(70, 50, "Kranbau Neumann GmbH", 14, bold=True)
        pages.text(70, 80, "Bestellnummer: BE-2026-00417")
        y = table(pages, 110, columns, rows[12:], rules=rules)
        pages.text(300, 820, "Seite 2 von 2", 7, align="c")
    tax = round(total * 19 / 100)
    for name, cents in (("Summe netto", total), ("zzgl. 19 % MwSt.", tax), ("Gesamtbetrag", total + tax)):
        pages.text(365, y + 8, name)
        pages.text(540, y + 8, _german(cents), align="r")
        y += 13
    y += 20
    pages.text(70, y, "Lieferadresse:", bold=True)
    pages.lines(70, y + 12, ["Kranbau Neumann GmbH", "Werk 2, Tor 4", "Speicherweg 3", "28217 Bremen"])
    pages.text(330, y, "Zahlungsbedingungen: 30 Tage netto")
    pages.text(330, y + 12, "Lieferbedingung: DAP Bremen")
    return pages.done()


def _german(cents: int) -> str:
    return f"{cents / 100:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def two_row() -> bytes:
    """Two rows for every item under two rows of headings, as a large ERP system prints them."""
    pages = Pages(font="Times-Roman")
    pages.text(60, 60, "Purchase Order 4500123456", 15, bold=True)
    pages.lines(60, 100, ["Vendor", "Hydro Parts Ltd", "14 Mill Road", "Leeds LS1 4DY"], 10)
    pages.lines(330, 100, ["PO number/date", "4500123456 / 11/17/2026", "Your vendor number with us", "200417", "Currency", "USD"], 10)  # fmt: skip
    pages.lines(60, 190, ["Please deliver to:", "Atlas Pumps Inc.", "88 Harbor Street", "Baltimore, MD 21224"], 10)
    pages.text(330, 205, "Delivery date: 12/15/2026", 10)
    y = 270.0
    pages.rule(60, y - 12, 540, y - 12)
    for x, text in ((60, "Item"), (110, "Material"), (210, "Description")):
        pages.text(x, y, text, 10, bold=True)
    for x, text in ((110, "Order qty."), (210, "Unit"), (300, "Price per unit"), (470, "Net value")):
        pages.text(x, y + 13, text, 10, bold=True)
    pages.rule(60, y + 18, 540, y + 18)
    y += 34
    for at, (part, text, quantity, unit, price, value) in enumerate(
        [("HX-100-22", "Shaft seal 22 mm", "40", "PC", "18.50", "740.00"),
         ("HX-200-31", "Impeller bronze, balanced", "6", "PC", "212.00", "1,272.00"),
         ("GR-5", "Grease lithium", "12.5", "KG", "8.40", "105.00")], 1
    ):  # fmt: skip
        pages.text(60, y, f"{at * 10:05d}", 10)
        pages.text(110, y, part, 10)
        pages.text(210, y, text, 10)
        pages.text(150, y + 13, quantity, 10, align="r")
        pages.text(210, y + 13, unit, 10)
        pages.text(300, y + 13, price, 10)
        pages.text(520, y + 13, value, 10, align="r")
        y += 36
    pages.text(300, y + 5, "Total net value excl. tax USD", 10)
    pages.text(520, y + 5, "2,117.00", 10, align="r")
    return pages.done()


def plain(
    columns: Sequence[Col],
    rows: Sequence[Sequence[Cell]],
    *,
    head: Sequence[str],
    foot: Sequence[tuple[str, str]],
    rules: str = "none",
    font: str = "Helvetica",
) -> bytes:
    """A page with lines of text, a table and sums at the right."""
    pages = Pages(font=font)
    pages.lines(60, 60, head, 10, 14)
    y = table(pages, 80 + 14 * len(head), columns, rows, rules=rules)
    edge = max(one.x for one in columns)
    for name, value in foot:
        y += 13
        pages.text(edge - 120, y, name, align="r")
        pages.text(edge, y, value, align="r")
    return pages.done()


HEAD = ["Ridge Builders LLC", "200 Oak Ave", "Austin, TX 78701", "Purchase Order No: PO-10233", "Date: 11/20/2026"]
COLUMNS = [Col("Item", 50), Col("Part No", 85), Col("Description", 170), Col("Qty", 330, "r"), Col("UOM", 340),
           Col("Unit Price", 440, "r"), Col("Amount", 540, "r")]  # fmt: skip
ROWS: list[list[Cell]] = [
    ["1", "VP-100", "Coil nail", "10", "BX", "$45.00", "$450.00"],
    ["2", "VP-200", "Framing gun", "2", "EA", "$310.25", "$620.50"],
]
FOOT = [("Total", "$1,070.50")]


def outcome(document: bytes, hints: Hints | None = None) -> Reading:
    """Reads as the intake does, with refusals as outcomes."""
    try:
        return read_pdf(document, "document", hints)
    except Refusal as refusal:
        return refusal.outcome


def orders(document: bytes, hints: Hints | None = None) -> tuple[Order, ...]:
    found = outcome(document, hints)
    assert isinstance(found, Orders), found
    return found.orders


def order(document: bytes) -> Order:
    found = orders(document)
    assert len(found) == 1
    return found[0]


def american() -> bytes:
    return plain(COLUMNS, ROWS, head=HEAD, foot=FOOT)


def drawn(extra: Callable[[Pages], None]) -> bytes:
    """The usual order with something else drawn onto its page."""
    pages = Pages()
    pages.lines(60, 60, HEAD, 10, 14)
    y = table(pages, 150, COLUMNS, ROWS)
    pages.text(420, y + 13, "Total", align="r")
    pages.text(540, y + 13, "$1,070.50", align="r")
    extra(pages)
    return pages.done()

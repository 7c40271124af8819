"""Breaks PDF orders the way scanners, printers and mail programs do, so that no program can take them for whole."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from pypdf import PdfReader, PdfWriter
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.blocks import number_pages
from bridgehead.templates.purchase_orders.corpus.pdf.draw import design_of, draw_form, open_canvas
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import Faces, Paper, Sheet
from bridgehead.templates.purchase_orders.corpus.pdf.table import Design

KINDS: Final = ("truncated", "truncated", "encrypted", "scanned", "scanned", "page_missing", "cut_table")
DPI: Final = 96
_POINTS_PER_INCH: Final = 72
_STEP: Final = 36.0
_SHORTEST: Final = 0.6
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Nothing on the paper tells when it was sent."""


def broken_pdf(dice: Dice, order: WrittenOrder, habit: Habit, kind: str | None = None) -> bytes:
    """Returns the order's PDF broken in one of KINDS, drawn unless given.

    truncated: the file ends inside the first page. encrypted: it asks for a password. scanned: pictures of the pages,
    no text. page_missing: page 1 or the last of several that say how many they are. cut_table: the print ends at the
    left of the quantities, or of the articles where those stand farther right.
    """
    sending = Envelope(order.customer, habit, _ANY_TIME, 0, dice)
    design, form = design_of(sending), Form(sending, order)
    kind = kind or dice.one(KINDS)
    if kind == "encrypted":
        secret = StandardEncryption(dice.digits(8), dice.digits(8), strength=128)
        return _drawn(design, form, secret=secret)
    if kind == "scanned":
        return _scanned(dice, design, form)
    if kind == "page_missing":
        return _page_missing(dice, design, form)
    if kind == "cut_table":
        return _cut(design, form)
    return _truncated(dice, _drawn(design, form))


def _drawn(design: Design, form: Form, *, secret: StandardEncryption | None = None) -> bytes:
    target = io.BytesIO()
    canvas = open_canvas(target, design, form, secret=secret)
    draw_form(canvas, design, form)
    canvas.save()
    return target.getvalue()


def _truncated(dice: Dice, whole: bytes) -> bytes:
    """Returns the file up to somewhere inside what its first page shows."""
    content = re.search(rb"/Contents (\d+) 0 R", whole)
    if content is None:
        raise ValueError("the PDF has no page")
    began = whole.index(b"stream", whole.index(b"\n%s 0 obj" % content.group(1))) + 8
    ended = whole.index(b"endstream", began)
    return whole[: began + int((ended - began) * dice.real(0.3, 0.7))]


def _scanned(dice: Dice, design: Design, form: Form) -> bytes:
    """Returns pictures of the pages. Their letters come from a font in the file, so that every machine draws them."""
    import pypdfium2

    inner = io.BytesIO()
    canvas = open_canvas(inner, design, form)
    draw_form(canvas, design, form, family="embedded")
    canvas.save()
    target = io.BytesIO()
    scan = Canvas(target, invariant=1)
    scan.setCreator("MFP Scan 3.1")
    scan.setProducer("MFP Scan 3.1")
    askew = dice.real(-0.8, 0.8)
    with pypdfium2.PdfDocument(inner.getvalue()) as pages:
        for page in pages:
            width, height = page.get_size()
            picture = page.render(scale=DPI / _POINTS_PER_INCH, grayscale=True).to_pil().convert("L")
            picture = picture.rotate(askew, fillcolor=244).point(lambda shade: min(shade, 246))
            scan.setPageSize((width, height))
            scan.drawImage(ImageReader(picture), 0, 0, width, height)
            scan.showPage()
    scan.save()
    return target.getvalue()


class _Numbered(Sheet):
    """Says on every page which of how many it is, whatever the layout does, and notes on which page a text stands."""

    def __init__(self, canvas: Canvas, paper: Paper, faces: Faces, pages: int, form: Form) -> None:
        self.form, self.last = form, 1
        line = form.order.lines[-1]
        self.sought = line.theirs or line.ours or line.gtin or line.description or ""
        super().__init__(canvas, paper, faces, pages)

    def text(self, x: float, y: float, text: str, size: float = 9, **style: Any) -> None:  # noqa: ANN401 - as they come
        if self.sought in text:
            self.last = self.page
        super().text(x, y, text, size, **style)

    def close(self) -> None:
        number_pages(self, self.form, at="c")
        super().close()


def _page_missing(dice: Dice, design: Design, form: Form) -> bytes:
    """Returns the order on several pages without the first or the last of them; a line is lost with it if it can be."""
    paper = design.paper(form.customer.country, form.voice)
    left, top, right, bottom = paper.margins
    sheets: list[_Numbered] = []

    def make(canvas: Canvas, shorter: Paper, faces: Faces, pages: int) -> Sheet:
        sheets.append(_Numbered(canvas, shorter, faces, pages, form))
        return sheets[-1]

    pages, target, whole = 0, io.BytesIO(), len(form.order.lines) == 1
    while pages < 2 or (sheets[-1].last < pages and not whole):
        target = io.BytesIO()
        canvas = open_canvas(target, design, form)
        shorter = replace(paper, margins=(left, top, right, bottom))
        pages = draw_form(canvas, design, form, paper=shorter, make=make)
        canvas.save()
        # A shorter page takes fewer lines; where the last one stays with the others, the totals alone are lost.
        bottom += _STEP
        whole = whole or bottom > paper.height * _SHORTEST
    writer = PdfWriter()
    lost = dice.one((0, pages - 1, pages - 1))
    for index, page in enumerate(PdfReader(target).pages):
        if index != lost:
            writer.add_page(page)
    kept = io.BytesIO()
    writer.write(kept)
    return kept.getvalue()


class _Edged(Sheet):
    """Notes where texts begin, or prints nothing from ``edge`` on, be it in the middle of a word."""

    def __init__(self, canvas: Canvas, paper: Paper, faces: Faces, pages: int, edge: float | None) -> None:
        self.edge, self.seen = edge, list[tuple[float, str]]()
        super().__init__(canvas, paper, faces, pages)

    def text(self, x: float, y: float, text: str, size: float = 9, **style: Any) -> None:  # noqa: ANN401 - as they come
        bold, italic, align = (style.pop(name, None) for name in ("bold", "italic", "align"))
        if align in {"r", "c"}:
            width = self.measure(text, size, bold=bool(bold), italic=bool(italic))
            x -= width if align == "r" else width / 2
        self.seen.append((x, text))
        while (
            self.edge is not None
            and text
            and x + self.measure(text, size, bold=bool(bold), italic=bool(italic)) > self.edge
        ):
            text = text[:-1]
        if text:
            super().text(x, y, text, size, bold=bool(bold), italic=bool(italic), **style)


def _cut(design: Design, form: Form) -> bytes:
    """Returns the order printed on paper too narrow for it."""
    _, seen = _printed(design, form, None)
    cut, _ = _printed(design, form, _edge(seen, form))
    return cut


def _printed(design: Design, form: Form, edge: float | None) -> tuple[bytes, list[tuple[float, str]]]:
    """Returns the PDF printed up to ``edge``, and where every text of it begins."""
    sheets: list[_Edged] = []

    def make(canvas: Canvas, paper: Paper, faces: Faces, pages: int) -> Sheet:
        sheets.append(_Edged(canvas, paper, faces, pages, edge))
        return sheets[-1]

    target = io.BytesIO()
    canvas = open_canvas(target, design, form)
    draw_form(canvas, design, form, make=make)
    canvas.save()
    return target.getvalue(), sheets[-1].seen


def _edge(seen: list[tuple[float, str]], form: Form) -> float:
    """Returns where the print has to end so that no line keeps both its quantity and its article."""
    found: list[float] = []
    for line in form.order.lines:
        quantity = form.letter.number(line.quantity)
        part = line.theirs or line.ours or line.gtin or line.description or quantity
        counts = [x for x, text in seen if f" {quantity} " in f" {text} "]
        parts = [x for x, text in seen if part in text]
        found.append(max(min(counts, default=0.0), min(parts, default=0.0)))
    return min(found) - 1

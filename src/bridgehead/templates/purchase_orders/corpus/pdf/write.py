"""Draws orders as PDF files: one or several in a file, each on pages of its own, the same bytes for the same seed."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.pdfgen.canvas import Canvas

from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.fonts import faces_of
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import Sheet
from bridgehead.templates.purchase_orders.corpus.pdf.table import DESIGNS, Design

Attachment = tuple[str, str, bytes]
"""Name, media type and content of a file beside a mail."""

MEDIA_TYPE = "application/pdf"


def pdf_bytes(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the PDF with these orders in the layout of the customer's habit."""
    design = DESIGNS[sending.habit.layout.name]
    target = io.BytesIO()
    canvas = _canvas(target, design)
    for order in orders:
        form = Form(sending, order, again=resent)
        draw_form(canvas, design, form)
    canvas.save()
    return target.getvalue()


def draw_form(canvas: Canvas, design: Design, form: Form) -> None:
    """Draws one order on new pages of the canvas; twice, since its first page tells how many there are."""
    pages = _draw(Canvas(io.BytesIO()), design, form, 0)
    _draw(canvas, design, form, pages)


def _draw(canvas: Canvas, design: Design, form: Form, pages: int) -> int:
    paper = design.paper(form.customer.country)
    canvas.setPageSize((paper.width, paper.height))
    sheet = Sheet(canvas, paper, faces_of(design.family, form.language), pages)
    design.draw(sheet, form)
    sheet.close()
    return sheet.page


def _canvas(target: io.BytesIO, design: Design) -> Canvas:
    canvas = Canvas(target, invariant=1, pageCompression=1)
    canvas.setCreator(design.program)
    canvas.setProducer(design.program)
    return canvas

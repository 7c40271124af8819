"""Puts forms on pages: canvas, paper and letters of a layout, twice over because page one says how many there are."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.pdf.fonts import Family, faces_of
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form
from bridgehead.templates.purchase_orders.corpus.pdf.hiding import hide
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import Faces, Paper, Sheet
from bridgehead.templates.purchase_orders.corpus.pdf.table import DESIGNS, Design

MakeSheet = Callable[[Canvas, Paper, Faces, int], Sheet]

_NAMES: Final = tuple(DESIGNS)


def design_of(sending: Envelope) -> Design:
    """Returns the layout of the customer's habit; one by its voice where the habit is of another channel."""
    name = sending.habit.layout.name
    return DESIGNS.get(name) or DESIGNS[_NAMES[sending.habit.voice % len(_NAMES)]]


def open_canvas(target: io.BytesIO, design: Design, form: Form, *, secret: StandardEncryption | None = None) -> Canvas:
    """Returns an empty document with the properties that the sender's program writes, dated when it is sent."""
    canvas = Canvas(target, invariant=1, pageCompression=1, encrypt=secret)
    canvas.setCreator(design.program)
    canvas.setProducer(design.program)
    canvas.setTitle(f"{form.headline()} {form.order.po_number}" if form.voice % 2 else "")
    canvas.setAuthor(form.customer.name if form.voice % 3 == 0 else "")
    canvas.setSubject("")
    # The stamp of reportlab's invariant mode is always the year 2000, and has no setter.
    stamp = canvas._doc._timeStamp  # type: ignore[attr-defined]  # noqa: SLF001 - the stubs leave it out; see above
    stamp.YMDhms = form.sending.at.timetuple()[:6]
    return canvas


def draw_form(
    canvas: Canvas,
    design: Design,
    form: Form,
    *,
    hidden: tuple[str, str] | None = None,
    family: Family | None = None,
    paper: Paper | None = None,
    make: MakeSheet = Sheet,
) -> int:
    """Draws one order on new pages and returns how many. ``hidden`` is a way of ``hiding`` and the text for it."""
    faces = faces_of(family or design.family, form.language)
    paper = paper or design.paper(form.customer.country, form.voice)
    scratch = make(Canvas(io.BytesIO()), paper, faces, 0)
    design.draw(scratch, form)
    sheet = make(canvas, paper, faces, scratch.page)
    if hidden is not None:
        hide(sheet, *hidden)
    design.draw(sheet, form)
    sheet.close()
    return sheet.page

"""Hides a text from people but not from programs: the ways in which an instruction gets into a PDF unseen."""

from __future__ import annotations

from functools import cache
from typing import Final

from PIL import Image
from reportlab.lib.utils import ImageReader

from bridgehead.templates.purchase_orders.corpus.pdf.sheet import GRAY, WHITE, Sheet

WAYS: Final = ("open", "open", "white", "tiny", "metadata", "behind", "outside", "invisible", "annotation")
"""``open`` is a remark among the others; it is the layout that shows it."""

_INVISIBLE: Final = 3
"""Text rendering mode (ISO 32000-1, 9.3.6)."""


@cache
def _picture() -> ImageReader:
    """Returns a gray gradient, as banners and stamps have it."""
    return ImageReader(Image.linear_gradient("L").rotate(90).resize((64, 16)).convert("RGB"))


def hide(sheet: Sheet, way: str, text: str) -> None:
    """Puts the text on or beside the page that has just been begun, or into the file's properties."""
    canvas, height = sheet.canvas, sheet.paper.height
    lines = sheet.wrap(text, sheet.width, 5)
    if way == "white":
        for index, line in enumerate(lines):
            sheet.text(sheet.left, height - 16 + 6 * index, line, 5, ink=WHITE)
    elif way == "tiny":
        sheet.text(sheet.left, height - 14, text, 0.8, ink=GRAY)
    elif way == "metadata":
        canvas.setSubject(text)
        canvas.setKeywords(text)
    elif way == "behind":
        for index, line in enumerate(lines):
            sheet.text(sheet.left + 4, 11 + 6 * index, line, 5)
        # What is drawn later lies on top.
        canvas.drawImage(_picture(), sheet.left, height - 22, sheet.width, 18)
    elif way == "outside":
        sheet.text(sheet.left, -40, text, 9)
    elif way == "invisible":
        hidden = canvas.beginText(sheet.left, 8)
        hidden.setFont(sheet.font(), 5)
        hidden.setTextRenderMode(_INVISIBLE)
        hidden.textOut(text)
        hidden.setTextRenderMode(0)
        canvas.drawText(hidden)
    elif way == "annotation":
        canvas.textAnnotation(text, Rect=(sheet.right - 14, height - 30, sheet.right, height - 16), relative=1)

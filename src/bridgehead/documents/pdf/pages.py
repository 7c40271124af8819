"""Draws every page of an opened PDF and gives its sheets, numbered row by row."""

from __future__ import annotations

from typing import Any, Final

from pdfminer.pdfinterp import PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import PDFStream, resolve1
from pdfminer.psparser import PSLiteral

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.canvas import Canvas, Drawn, Interpreter
from bridgehead.documents.pdf.opening import Opened
from bridgehead.documents.pdf.words import Sheet, sheet_of

_MOST_FIELDS: Final = 2_000
_HIDDEN_FLAGS: Final = 0b100010
"""Annotation flags 2 (hidden) and 6 (no view), ISO 32000-1 table 165."""


def sheets_of(opened: Opened, part: str) -> list[Sheet]:
    """The pages as they are seen; raises Refusal ``pdf.broken``, ``pdf.too_complex``."""
    manager = PDFResourceManager(caching=True)
    canvas = Canvas(manager)
    sheets: list[Sheet] = []
    for number, page in enumerate(opened.pages, 1):
        try:
            sheets.append(sheet_of(_draw(manager, canvas, page, number, opened.off_layers)))
        except Refusal:
            raise
        except (Exception, RecursionError) as error:  # whatever a broken page makes the interpreter raise
            reason = f"The page cannot be drawn: {type(error).__name__} {error}"[:200]
            raise Refusal("pdf.broken", f"{reason}.", f"{part}, page {number}") from error
    number_rows(sheets)
    return sheets


def number_rows(sheets: list[Sheet]) -> None:
    """Numbers the rows of the document from 1, as the lines that sources name."""
    line = 0
    for sheet in sheets:
        for row in sheet.rows:
            line += 1
            row.line = line
            for piece in row.pieces:
                piece.line = line


def _draw(manager: PDFResourceManager, canvas: Canvas, page: PDFPage, number: int, off: frozenset[int]) -> Drawn:
    x0, y0, x1, y1 = (float(one) for one in page.mediabox)
    turned = page.rotate % 360 in {90, 270}
    wide, high = (y1 - y0, x1 - x0) if turned else (x1 - x0, y1 - y0)
    canvas.page = Drawn(number, (0.0, 0.0, wide, high))
    canvas.clip, canvas.alpha, canvas.off_layers = None, 1.0, 0
    canvas.layers.clear()
    canvas.visible_box = (0.0, 0.0, wide, high)
    if not turned and page.rotate % 360 == 0:
        c0, d0, c1, d1 = (float(one) for one in page.cropbox)
        canvas.visible_box = (max(c0 - x0, 0.0), max(d0 - y0, 0.0), min(c1 - x0, wide), min(d1 - y0, high))
    interpreter = Interpreter(manager, canvas, off)
    interpreter.process_page(page)
    _draw_fields(interpreter, page)
    return canvas.page


def _draw_fields(interpreter: Interpreter, page: PDFPage) -> None:
    """Draws what stands in fields and free-text annotations, which viewers show like the page's own text."""
    x0, y0, _, _ = page.mediabox
    interpreter.ctm = (1, 0, 0, 1, -x0, -y0)
    interpreter.device.set_ctm(interpreter.ctm)
    interpreter.device.clip, interpreter.device.alpha = None, 1.0
    annotations = resolve1(page.annots)
    for one in (annotations if isinstance(annotations, list) else [])[:_MOST_FIELDS]:
        annotation = resolve1(one)
        if not isinstance(annotation, dict):
            continue
        subtype, flags = resolve1(annotation.get("Subtype")), resolve1(annotation.get("F")) or 0
        if not isinstance(subtype, PSLiteral) or subtype.name not in {"Widget", "FreeText", "Stamp"}:
            continue
        if not isinstance(flags, int) or flags & _HIDDEN_FLAGS:
            continue
        stream = _appearance(annotation)
        box: Any = resolve1(annotation.get("Rect"))
        if stream is not None and isinstance(box, list) and len(box) == 4:
            left, low, right, high = (float(resolve1(side)) for side in box)
            interpreter.draw_appearance(stream, (min(left, right), min(low, high), max(left, right), max(low, high)))


def _appearance(annotation: dict[str, Any]) -> PDFStream | None:
    looks = resolve1(annotation.get("AP"))
    normal = resolve1(looks.get("N")) if isinstance(looks, dict) else None
    if isinstance(normal, dict):
        state = resolve1(annotation.get("AS"))
        normal = resolve1(normal.get(state.name)) if isinstance(state, PSLiteral) else None
    return normal if isinstance(normal, PDFStream) and "BBox" in normal else None

"""Reads orders from the pages of a PDF, or from an order in XML embedded in it."""

from __future__ import annotations

from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, Reading, ReadPart, Refusal
from bridgehead.documents.pdf.embedded import read_embedded
from bridgehead.documents.pdf.layout import read_pages
from bridgehead.documents.pdf.opening import Opened, open_pdf
from bridgehead.documents.pdf.pages import sheets_of
from bridgehead.documents.pdf.scan import read_scanned
from bridgehead.documents.pdf.words import Sheet


def read_pdf(
    document: bytes, part: str = "document", hints: Hints | None = None, read_part: ReadPart | None = None
) -> Reading:
    """Reads every order of a PDF (ISO 32000); what its pages hide is never data.

    An order in XML that is embedded in it (Order-X, UBL, cXML) is the order; the pages are compared with it. Pages
    of pictures are read by Tesseract where that is installed, with less confidence.

    Raises Refusal: ``pdf.encrypted``, ``pdf.truncated``, ``pdf.damaged``, ``pdf.broken``, ``pdf.bomb``,
    ``pdf.too_many_pages``, ``pdf.too_complex``, ``pdf.scanned`` (for a person), ``pdf.false_text``, ``pdf.no_text`` (letters without
    meaning), ``pdf.no_order_number``, ``pdf.no_lines``.
    """
    hints = hints or Hints()
    opened = open_pdf(document, part)
    inner = read_embedded(opened, part, hints, read_part)
    try:
        sheets = sheets_of(opened, part)
    except Refusal:
        if inner is None:
            raise
        sheets = []
    if inner is not None:
        return inner.compared(sheets)
    return _of_pages(document, opened, sheets, part, hints, read_part)


def _of_pages(
    document: bytes, opened: Opened, sheets: list[Sheet], part: str, hints: Hints, read_part: ReadPart | None
) -> Orders | NotAnOrder:
    letters = sum(len(word.text) for sheet in sheets for row in sheet.rows for word in row.words)
    undefined = sum(sheet.undefined for sheet in sheets)
    if undefined and undefined > 0.2 * (letters + undefined):
        raise Refusal(
            "pdf.no_text", "The file says of too many of its letters not what they are; a person must look.", part
        )
    scanned = [sheet.number for sheet in sheets if _is_scan(sheet)]
    if scanned and letters < 200 * max(len(sheets) - len(scanned), 0) + 40:
        sheets = read_scanned(document, opened, sheets, part)
        return read_pages(sheets, opened, part, hints, read_part, scanned=True)
    if letters < 20:
        raise Refusal("pdf.scanned", "The pages hold no text that can be read; a person must look.", part)
    return read_pages(sheets, opened, part, hints, read_part, unread=scanned)


def _is_scan(sheet: Sheet) -> bool:
    """Whether a page is a picture with next to no text of its own."""
    return sheet.pictures > 0.5 and sum(len(word.text) for row in sheet.rows for word in row.words) < 60

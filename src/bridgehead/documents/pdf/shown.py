"""A PDF as people look at it: its pages as pictures, and the places on them where values were read.

Everything here runs in the process that reads strangers' documents (``documents.isolated``), never in a server's own.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pypdfium2

from bridgehead.documents.pdf.opening import open_pdf
from bridgehead.documents.pdf.pages import sheets_of
from bridgehead.documents.pdf.words import Row, Word

MOST_PAGES: Final = 20
WIDEST: Final = 1_240
"""Pixels: A4 at 150 to the inch."""
MOST_PIXELS: Final = 3_000_000
_LARGEST_SCALE: Final = 3.0
_ROWS: Final = 20_000
_BESIDE: Final = 1.0
"""Points by which letters may reach out of the box of their word."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in points from the left and the top of the page as it is drawn."""


def pieces(document: bytes) -> Iterator[tuple[str, str]]:
    """Yields the texts of a PDF with where they stand and what hides them; raises Refusal for one that is not read."""
    opened = open_pdf(document, "document")
    for sheet in sheets_of(opened, "document"):
        hidden: dict[str, list[str]] = {}
        for piece in sheet.hidden:
            reason = next((word.hidden for word in piece.words if word.hidden), "is hidden")
            hidden.setdefault(reason, []).append(piece.text)
        for reason, texts in hidden.items():
            yield f"page {sheet.number}, text that {reason}", " ".join(texts)
        for row in sheet.rows[:_ROWS]:
            yield f"page {sheet.number}, line {row.line}", row.text
    for text in opened.metadata:
        yield "the file's metadata", text
    for page, text in opened.remarks:
        yield f"a comment on page {page}", text


def sizes(document: bytes) -> tuple[int, list[tuple[float, float]]]:
    """Returns how many pages there are, and the width and height in points of the first ``MOST_PAGES``."""
    with pypdfium2.PdfDocument(document) as opened:
        shown = [opened[at].get_size() for at in range(min(len(opened), MOST_PAGES))]
        return len(opened), [(round(width, 2), round(height, 2)) for width, height in shown]


def picture(document: bytes, page: int) -> bytes:
    """Returns a page, from 1, as a PNG of at most ``WIDEST`` and ``MOST_PIXELS`` pixels."""
    with pypdfium2.PdfDocument(document) as opened:
        opened.init_forms()  # what stands in fields is drawn too; this build runs no script of a document
        sheet = opened[page - 1]
        width, height = sheet.get_size()
        scale = min(WIDEST / max(width, 1), (MOST_PIXELS / max(width * height, 1)) ** 0.5, _LARGEST_SCALE)
        drawn = io.BytesIO()
        sheet.render(scale=scale).to_pil().convert("RGB").save(drawn, format="PNG")
        return drawn.getvalue()


def places(document: bytes, wanted: Mapping[str, tuple[int, str]]) -> dict[str, tuple[int, Box]]:
    """Returns by field the page and the box of its value, as far as it stands in the line that its source names.

    ``wanted`` is line and text by field; lines are those of the whole document. A box counts only if what draws the
    page finds the same letters there: on a page that is turned or cut otherwise no value is marked at a wrong place.
    Raises Refusal for a document that is not read.
    """
    rows = {row.line: row for sheet in sheets_of(open_pdf(document, "document"), "document") for row in sheet.rows}
    found: dict[str, tuple[int, Box]] = {}
    taken: dict[tuple[int, str], int] = {}
    with pypdfium2.PdfDocument(document) as opened:
        for field, (line, text) in wanted.items():
            row = rows.get(line)
            if row is None or not 0 < row.page <= min(len(opened), MOST_PAGES):
                continue
            runs = list(_runs(row, text))
            if not runs:
                continue
            at = taken.get((line, text), 0)
            taken[line, text] = at + 1
            box = _checked(opened[row.page - 1], runs[min(at, len(runs) - 1)], text)
            if box is not None:
                found[field] = (row.page, box)
    return found


def _runs(row: Row, text: str) -> Iterator[Sequence[Word]]:
    """Yields the words of a row that a text is made of, each time that it stands there."""
    letters = [(letter, at) for at, word in enumerate(row.words) for letter in _letters(word.text)]
    line, target = "".join(letter for letter, _ in letters), _letters(text)
    start = line.find(target) if target else -1
    while start >= 0:
        first, last = letters[start][1], letters[start + len(target) - 1][1]
        begins = start == 0 or letters[start - 1][1] != first
        ends = start + len(target) == len(letters) or letters[start + len(target)][1] != last
        if (begins and ends) or len(target) >= 3:  # a single digit in the midst of a number is another value
            yield row.words[first : last + 1]
        start = line.find(target, start + len(target))


def _checked(page: Any, words: Sequence[Word], text: str) -> Box | None:  # noqa: ANN401  # the library has no types
    """Returns the box of words on the page as it is drawn; None where the drawn page has other letters there."""
    if page.get_rotation() != 0:
        return None
    left, _, _, head = page.get_mediabox()
    crop_left, crop_foot, crop_right, crop_head = page.get_cropbox()
    x0, x1 = min(word.x0 for word in words), max(word.x1 for word in words)
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    there = page.get_textpage().get_text_bounded(
        left + x0 - _BESIDE, head - bottom - _BESIDE, left + x1 + _BESIDE, head - top + _BESIDE
    )
    if _letters(text) not in _letters(there):
        return None
    over, down = crop_left - left, head - crop_head
    box = (x0 - over, top - down, x1 - over, bottom - down)
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= crop_right - crop_left and box[3] <= crop_head - crop_foot
    return (round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2)) if inside else None


def _letters(text: str) -> str:
    return "".join(text.split()).replace("\xad", "")

"""Refuses fonts whose tables of widths or characters would fill the memory when they are unrolled."""

from __future__ import annotations

import re
from typing import Final

from pdfminer.pdftypes import PDFStream, resolve1

from bridgehead.documents.outcome import Refusal

MAX_ENTRIES: Final = 300_000
"""Widths or characters of one font; CID fonts have 65,536 at most (ISO 32000-1, annex C)."""
MAX_CMAP: Final = 4 * 2**20
_RANGE: Final = re.compile(rb"<([0-9A-Fa-f\s]{1,16})>\s*<([0-9A-Fa-f\s]{1,16})>\s*(?:<|\[|\d)")


def check_fonts(resources: object, place: str) -> None:
    """Looks at every font of a page's or form's resources; raises Refusal ``pdf.bomb``."""
    named = resolve1(resources.get("Font")) if isinstance(resources, dict) else None
    for one in list(named.values())[:2_000] if isinstance(named, dict) else ():
        font = resolve1(one)
        if not isinstance(font, dict):
            continue
        below = resolve1(font.get("DescendantFonts"))
        for part in (font, *(resolve1(kid) for kid in (below if isinstance(below, list) else [])[:4])):
            if isinstance(part, dict):
                _check_widths(resolve1(part.get("W")), place)
                _check_widths(resolve1(part.get("W2")), place)
                _check_map(resolve1(part.get("ToUnicode")), place)
                _check_map(resolve1(part.get("Encoding")), place)


def _check_widths(widths: object, place: str) -> None:
    """``c1 c2 w`` gives one width to a range of glyphs (9.7.4.3)."""
    if not isinstance(widths, list):
        return
    if len(widths) > MAX_ENTRIES:
        raise Refusal("pdf.bomb", "A font has more widths than glyphs can be.", place)
    numbers: list[float] = []
    total = 0.0
    for one in widths:
        value = resolve1(one)
        if isinstance(value, list):
            numbers.clear()
            total += len(value)
        elif isinstance(value, int | float):
            numbers.append(value)
            if len(numbers) == 3:
                total += max(numbers[1] - numbers[0], 0)
                numbers.clear()
    if total > MAX_ENTRIES:
        raise Refusal("pdf.bomb", "A font has more widths than glyphs can be.", place)


def _check_map(table: object, place: str) -> None:
    """``<start> <end> <value>`` maps a range of codes (9.10.3)."""
    if not isinstance(table, PDFStream):
        return
    data = table.get_data()
    if len(data) > MAX_CMAP:
        raise Refusal("pdf.bomb", "The character table of a font is larger than can be.", place)
    total = 0
    for found in _RANGE.finditer(data):
        low, high = (int(re.sub(rb"\s", b"", side) or b"0", 16) for side in found.groups())
        total += max(high - low, 0)
    if total > MAX_ENTRIES:
        raise Refusal("pdf.bomb", "The character table of a font maps more codes than can be.", place)

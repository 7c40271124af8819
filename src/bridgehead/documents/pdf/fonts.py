"""Refuses fonts whose tables would fill the memory when they are unrolled, or say of letters what they do not show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pdfminer.encodingdb import EncodingDB
from pdfminer.pdftypes import PDFStream, resolve1
from pdfminer.psparser import PSLiteral

from bridgehead.documents.outcome import Refusal

MAX_ENTRIES: Final = 300_000
"""Widths or characters of one font; CID fonts have 65,536 at most (ISO 32000-1, annex C)."""
MAX_CMAP: Final = 4 * 2**20
_SIMPLE: Final = frozenset({"Type1", "MMType1", "TrueType"})
_ENCODINGS: Final = {
    "StandardEncoding": "StandardEncoding", "WinAnsiEncoding": "WinAnsiEncoding", "MacRomanEncoding": "MacRomanEncoding",
}  # fmt: skip
_STANDARD: Final = re.compile(r"(?:Helvetica|Courier|Times)(?:-|$)")
_ONE: Final = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{4})>")
_MANY: Final = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{4})>")
_RANGE: Final = re.compile(rb"<([0-9A-Fa-f\s]{1,16})>\s*<([0-9A-Fa-f\s]{1,16})>\s*(?:<|\[|\d)")


def check_fonts(resources: object, place: str) -> None:
    """Looks at every font of a page's or form's resources; raises Refusal ``pdf.bomb``, ``pdf.false_text``."""
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
        _check_truth(font, place)


def _check_truth(font: dict[str, object], place: str) -> None:
    """Letters and digits that the encoding shows are those that ToUnicode gives for them (9.6.6, 9.10.2).

    Only fonts whose encoding is known by name are compared: the shapes of others are in their own programs alone.
    """
    table = resolve1(font.get("ToUnicode"))
    encoding = resolve1(font.get("Encoding"))
    subtype, base = resolve1(font.get("Subtype")), resolve1(font.get("BaseFont"))
    if not isinstance(table, PDFStream) or not isinstance(subtype, PSLiteral) or subtype.name not in _SIMPLE:
        return
    differences = None
    if isinstance(encoding, dict):
        differences = resolve1(encoding.get("Differences"))
        encoding = resolve1(encoding.get("BaseEncoding"))
    name = _ENCODINGS.get(str(encoding.name)) if isinstance(encoding, PSLiteral) else None
    if name is None and isinstance(base, PSLiteral) and _STANDARD.match(str(base.name)):
        name = "StandardEncoding"
    if name is None:
        return
    shown = EncodingDB.get_encoding(name, differences if isinstance(differences, list) else None)
    for code, said in _mapped(table.get_data()):
        seen = shown.get(code, "")
        if seen != said and seen.isascii() and said.isascii() and seen.isalnum() and said.isalnum():
            reason = f"The file says that {seen!r} on its pages is {said!r}: its text is not what it shows."
            raise Refusal("pdf.false_text", f"{reason} A person must look.", place)


def _mapped(data: bytes) -> Iterator[tuple[int, str]]:
    """The codes of one byte with the single characters that a ToUnicode table gives for them."""
    for found in _ONE.finditer(_MANY.sub(b" ", data)):
        yield int(found[1], 16), chr(int(found[2], 16))
    for found in _MANY.finditer(data):
        low, high, first = (int(one, 16) for one in found.groups())
        for code in range(low, high + 1):
            yield code, chr((first + code - low) & 0xFFFF)


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

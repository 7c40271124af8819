"""The fonts of printed orders: the standard ones of every PDF reader, for Polish with the letters of code page 1250."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final, Literal

from reportlab.pdfbase.pdfmetrics import Encoding, Font, getTypeFace, registerEncoding, registerFont

from bridgehead.templates.purchase_orders.corpus.pdf.sheet import Faces

Family = Literal["sans", "serif", "mono"]

_STANDARD: Final[dict[str, Faces]] = {
    "sans": Faces("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
    "serif": Faces("Times-Roman", "Times-Bold", "Times-Italic"),
    "mono": Faces("Courier", "Courier-Bold", "Courier-Oblique"),
}
_POLISH: Final = {
    "Ą": "Aogonek", "ą": "aogonek", "Ć": "Cacute", "ć": "cacute", "Ę": "Eogonek", "ę": "eogonek", "Ł": "Lslash",
    "ł": "lslash", "Ń": "Nacute", "ń": "nacute", "Ó": "Oacute", "ó": "oacute", "Ś": "Sacute", "ś": "sacute",
    "Ź": "Zacute", "ź": "zacute", "Ż": "Zdotaccent", "ż": "zdotaccent",
}  # fmt: skip


def faces_of(family: Family, language: str) -> Faces:
    """Returns the fonts of a family that have every letter of the language."""
    return _polish(family) if language == "pl" else _STANDARD[family]


@cache
def _polish(family: Family) -> Faces:
    encoding = Encoding("cp1250", "WinAnsiEncoding")
    for letter, glyph in _POLISH.items():
        encoding[letter.encode("cp1250")[0]] = glyph
    registerEncoding(encoding)
    standard = _STANDARD[family]
    for name in (standard.regular, standard.bold, standard.italic):
        widths = getTypeFace(name).glyphWidths
        for letter, glyph in _POLISH.items():
            base = {"ł": "l", "Ł": "L"}.get(letter, unicodedata.normalize("NFD", letter)[0])
            widths.setdefault(glyph, widths[base])
        registerFont(Font(f"{name}-PL", name, "cp1250"))
    return Faces(f"{standard.regular}-PL", f"{standard.bold}-PL", f"{standard.italic}-PL")

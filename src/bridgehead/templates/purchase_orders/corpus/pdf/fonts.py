"""The fonts of printed orders: the standard ones of every PDF reader, for Polish an embedded one with its letters."""

from __future__ import annotations

import io
from functools import cache
from typing import Final, Literal

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

from bridgehead.templates.purchase_orders.corpus.pdf.polish import polish_font
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import Faces

Family = Literal["sans", "serif", "mono", "embedded"]

_STANDARD: Final[dict[str, Faces]] = {
    "sans": Faces("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
    "serif": Faces("Times-Roman", "Times-Bold", "Times-Italic"),
    "mono": Faces("Courier", "Courier-Bold", "Courier-Oblique"),
}
_FILES: Final = {"HouseSans": "Vera.ttf", "HouseSans-Bold": "VeraBd.ttf", "HouseSans-Italic": "VeraIt.ttf"}


def faces_of(family: Family, language: str) -> Faces:
    """Returns the fonts of a family that have every letter of the language."""
    return _embedded() if language == "pl" or family == "embedded" else _STANDARD[family]


@cache
def _embedded() -> Faces:
    for name, file_name in _FILES.items():
        font = TTFont(name, io.BytesIO(polish_font(file_name)))
        # Whoever changes this font must not keep its name (Bitstream Vera licence).
        font.face.name = name.encode()
        registerFont(font)
    return Faces(*_FILES)

"""Units of measure as a customer reads them, in eight languages."""

from __future__ import annotations

from typing import Final

from bridgehead.documents.language import Language
from bridgehead.documents.units import unit_code

_SYMBOLS: Final = {
    "KGM": "kg", "GRM": "g", "TNE": "t", "MTR": "m", "MTK": "m²", "MTQ": "m³", "LTR": "l", "CMT": "cm", "MMT": "mm",
    "KMT": "km", "MLT": "ml", "DLT": "dl", "HLT": "hl",
}  # fmt: skip
_PIECES: Final[dict[Language, str]] = {
    "en": "pcs", "de": "Stück", "fr": "pièce(s)", "es": "ud.", "it": "pz.", "nl": "stuks", "sv": "st", "pl": "szt.",
}  # fmt: skip
_PIECE: Final = frozenset({"C62", "EA", "H87", "NAR"})


def unit_word(written: str, code: str, language: Language) -> str:
    """Returns the word for pieces, the symbol of a measure; any other unit as it is written, else its code.

    How a customer packs is not translated: a box of one trade is a carton of another.
    ``code`` is of UN/ECE Recommendation 20; empty, what is written tells it where it can.
    """
    known = code or unit_code(written) or ""
    if known in _PIECE:
        return _PIECES[language]
    return _SYMBOLS.get(known) or written or code

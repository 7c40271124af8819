"""Makes any text fit where a format puts it: its characters, its length, and nothing that would end an element.

Two rules hold in every format. *Names and notes* are made to fit: control and invisible characters become blanks,
characters that the format lacks are transliterated (``ß`` is ``ss``, ``é`` is ``e``, ``€`` is ``EUR``) or become ``?``,
and what is too long is cut at its end. *Identifiers* (order and part numbers, codes) are kept to the letter or refused:
half a number is another one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from bridgehead.documents.acknowledgement import Unwritable

Admits = Callable[[str], bool]
"""Whether a format can carry one character."""

_LETTERS: Final[dict[str, str]] = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H", "€": "EUR",
    "£": "GBP", "¥": "JPY", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "‘": "'", "’": "'", "‚": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": "...", "•": "*", "·": ".", "×": "x", "÷": "/",
    "°": " deg", "µ": "u", "μ": "u", "²": "2", "³": "3", "½": "1/2", "¼": "1/4", "¾": "3/4", "™": "(TM)",
    "®": "(R)", "©": "(C)", "№": "No.", "\u03a9": "Ohm", "@": "(at)", "_": "-", "[": "(", "]": ")",
    "{": "(", "}": ")", "\\": "/", "|": "/", "^": " ", "~": "-", "`": "'", "<": "(", ">": ")", "#": "No.",
    "$": "USD", "&": "+",
}  # fmt: skip
"""What stands for a character that a format lacks; tried before accents are taken away."""
MARK: Final = "..."
"""Ends a text that was cut."""


def clean(text: str) -> str:
    """Returns a text of one line without control, invisible and unpaired characters, composed (Unicode NFC)."""
    kept = (" " if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} else one for one in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def fit(text: str, admits: Admits, *, longest: int) -> str:
    """Returns a name or note in characters that the format has, cut to its length."""
    return "".join(_carried(one, admits) for one in clean(text))[:longest].strip()


def pieces(text: str, admits: Admits, *, longest: int, most: int) -> list[str]:
    """Returns a note in pieces, broken at blanks; what ``most`` pieces do not hold is cut, ending in ``...``."""
    rest = "".join(_carried(one, admits) for one in clean(text)).strip()
    found: list[str] = []
    while rest and len(found) < most:
        end = len(rest) if len(rest) <= longest else rest.rfind(" ", 1, longest + 1)
        if end <= 0:
            end = longest
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if rest:
        found[-1] = found[-1][: longest - len(MARK)].rstrip() + MARK
    return found


def exact(text: str, admits: Admits, *, longest: int, where: str) -> str:
    """Returns an identifier as it is, blanks around it aside; raises Unwritable when the format cannot carry it."""
    kept = text.strip()
    if len(kept) > longest:
        raise Unwritable(
            f"{kept[:40]!r} has {len(kept)} characters, the format takes {longest}; an identifier is not cut.",
            where=where,
        )
    strange = next((one for one in kept if not admits(one)), None)
    if strange is not None:
        raise Unwritable(
            f"{kept[:40]!r} holds {strange!r}, which the format cannot carry there; an identifier is not rewritten.",
            where=where,
            hint="Choose other separators or a larger character set in the settings of the partner.",
        )
    return kept


def _carried(character: str, admits: Admits) -> str:
    if admits(character):
        return character
    spelled, bare = _LETTERS.get(character, ""), _bare(character)
    for candidate in (spelled, bare, character.upper(), spelled.upper(), bare.upper()):
        if candidate and all(admits(one) for one in candidate):
            return candidate
    return "?" if admits("?") and character.isalnum() else " "


def _bare(character: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", character) if not unicodedata.combining(one))

"""Makes of lines that people fill in, or that programs draw, what they say: blanks, dividers, marks of headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.mail.sections import TextLine

_BLANK: Final = re.compile(r"(?P<label>[^\W\d_][^:_]{0,48}?):\s{0,3}_{2,}(?P<value>[^_]{0,120}?)_{0,80}(?=\s{2}|\s*$)")
_POSITION: Final = re.compile(r"\s{0,12}(\d{1,4})[.)]?\s")
_COUNTED: Final = re.compile(
    r"[\s\-=*#~_.]{0,20}(?:item|position|pos\.?|line|article|artikel|art[ií]culo|articolo|poste|ligne|l[ií]nea|riga|regel|rad|pozycja|poz\.?|linje|linha|polo[žz]ka|rivi)"
    r"\s{1,2}(?P<number>\d{1,4})\s{1,2}(?:of|von|de|di|van|av|af|z|ze|/)\s{1,2}\d{1,4}[\s\-=*#~_.:]{0,80}",
    re.IGNORECASE,
)
_MARKED: Final = re.compile(r"\s{0,3}#{1,6}\s{1,3}(?=\S)")


def as_said(lines: Sequence[TextLine]) -> list[TextLine]:
    """The lines with what was filled in as labels and values, dividers that count as positions; numbers stay."""
    return [(number, _said(text)) for number, text in lines]


def _said(text: str) -> str:
    if "__" in text and (found := list(_BLANK.finditer(text))):
        pairs = [f"{one['label'].strip()}: {one['value'].strip()}" for one in found if one["value"].strip()]
        position = _POSITION.match(text[: found[0].start()] + " ")
        if position is not None and pairs:
            pairs.insert(0, f"Pos: {position[1]}")
        return "; ".join(pairs)
    counted = _COUNTED.fullmatch(text) if len(text) < 120 else None
    if counted is not None:
        return f"Pos {counted['number']}"
    return _MARKED.sub("", text, count=1)

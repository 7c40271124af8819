"""Makes of lines that people fill in, or that programs draw, what they say: blanks, dividers, marks of headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.dates import MONTHS
from bridgehead.documents.mail.patterns import POSITION_WORDS
from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.units import UNIT_CODES

_BLANK: Final = re.compile(r"(?P<label>[^\W\d_][^:_]{0,48}?):\s{0,3}_{2,}(?P<value>[^_]{0,120}?)_{0,80}(?=\s{2}|\s*$)")
_POSITION: Final = re.compile(r"\s{0,12}(\d{1,4})[.)]?\s")
_COUNTED: Final = re.compile(
    r"[\s\-=*#~_.]{0,20}(?:item|position|pos\.?|line|article|artikel|posici[oó]n|posizione|positie|art[ií]culo|articolo|poste|ligne|l[ií]nea|riga|regel|rad|pozycja|poz\.?|linje|linha|polo[žz]ka|rivi)"
    r"\s{1,2}(?P<number>\d{1,4})\s{1,2}(?:of|von|de|di|van|sur|su|av|af|z|ze|/)\s{1,2}\d{1,4}[\s\-=*#~_.:]{0,80}",
    re.IGNORECASE,
)
_MARKED: Final = re.compile(r"^\s{0,3}#{1,6}\s{1,3}(?=\S)")


_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_WRAPPED: Final = range(50, 81)
"""Where mail programs break lines that nobody broke (RFC 5322, 2.1.1: 78 characters); a longer one shows none does."""
_SHORTER: Final = range(36, 50)
"""A line that goes on with a comma may end earlier, before a long word."""
_STARTS: Final = re.compile(
    r"\s|[^\W\d_]{2,12}\.?\s\d{1,5}\s?[.:)](?=\s)|[-*•–—·>|#]|\d{1,4}[.):]\s|\[|[^\W\d_][^:;.,\d]{0,40}:(?:\s|$)"
    rf"|(?i:{POSITION_WORDS}\.?\s{{0,2}}\d{{1,5}}(?:,\s|\s\())"
)
_COUNTS: Final = re.compile(r"\d[\d.,]{0,9}\s?(?P<unit>[^\W\d_]{1,12})\.?\s")
_GOES_ON: Final = re.compile(
    r"(?:[,;(–-]|\b(?:and|und|sowie|et|y|e|en|och|og|i|oraz|a|ja|of|de|at|for|zu|mit|with))$", re.IGNORECASE
)
_LISTED: Final = re.compile(r"\s*(?:[-*•–—·>]|\d{1,4}[.):])\s")
_FRAMED: Final = re.compile(r"\s*\|")
_COLUMNS: Final = re.compile(r"\S\s{2,}\S|\t|\||__|\",\"|;\S.*;\S|^\s*[-=~_*#.+]{3,}|^\"")


def unwrapped(lines: Sequence[TextLine]) -> list[TextLine]:
    """The lines with those of a paragraph joined that a mail program broke: where the next word had no room left.

    A joined line keeps the number of its first.
    """
    width = max((len(text) for _, text in lines if len(text) in _WRAPPED and " " in text), default=0)
    found: list[TextLine] = []
    last = ""
    for number, text in lines:
        first = text.split(" ", 1)[0]
        broken = (
            bool(found and last.strip() and text.strip())
            and (len(last) in _WRAPPED or (len(last) in _SHORTER and last.rstrip().endswith(",")))
            and (len(last) + 1 + len(first) > width - _SLACK or found[-1][1].count("(") > found[-1][1].count(")"))
            and (not _STARTS.match(text) or _within_day(last, text) or _within_place(last, text))
            and not last.startswith((" ", "\t"))
            and (not _is_address(last) or _GOES_ON.search(last.rstrip()) is not None)
            and (not _counts(text) or _GOES_ON.search(last.rstrip()) is not None)
            and not _COLUMNS.search(last)
            and not _COLUMNS.search(text)
            and len(found[-1][1]) < _LONGEST_JOINED
        )
        piped = (
            bool(found)
            and "|" in last.strip().strip("|")
            and not _FRAMED.match(found[-1][1])
            and (last.rstrip().endswith("|") or _FRAMED.match(text) is not None)
        )
        if broken or (piped and text.strip() and not _LISTED.match(text)):
            found[-1] = (found[-1][0], f"{found[-1][1]} {text}")
        else:
            found.append((number, text))
        last = text
    return found


def _within_day(last: str, text: str) -> bool:
    """Whether a line breaks within a day: behind its day of the month, or behind the name of its month."""
    before, after = last.rsplit(" ", 1)[-1].lower().strip("(.,"), text.split(" ", 1)[0].lower().strip(".,)")
    return (before.isdigit() and after in MONTHS) or (before in MONTHS and _YEAR.fullmatch(after) is not None)


def _within_place(last: str, text: str) -> bool:
    """Whether a line breaks before a state and its code, or before the words that lead to an address."""
    if _STATE.match(text) is not None:
        return last.rstrip().endswith(",")
    return _TO_ADDRESS.match(text) is not None and not last.rstrip().endswith((".", ":", ";", "!", "?"))


_STATE: Final = re.compile(r"[A-Z]{2} \d{5}(?:-\d{4})?\b")
_TO_ADDRESS: Final = re.compile(
    r"(?:(?:to|at|an|zur?|nach|[àa]|en|al|alla?|aan|op|till|na|do|para|em) )?(?:the |die |der |l[\u2019']|la |il |lo |het |de |den )?"
    r"(?:(?:following|folgende[rn]?|volgende?|f[öo]ljande|nast[ęe]puj[ąa]c\w+) )?"
    r"(?:address|adress?\w{0,3}|anschrift|direcci[oó]n|indirizzo|adres\w{0,2}|morada|endere[çc]o)\b(?: [^\W\d_]+)?\s?:",
)


def _numbered(lines: list[TextLine]) -> list[TextLine]:
    """The lines, with a full stop behind the numbers of a list that was written without any: ``1 250 pcs``, ``2 4 pcs``.

    One such line can be read two ways; lines that count up from one are a list.
    """
    found = [(at, match) for at, (_, text) in enumerate(lines) if (match := _COUNTS_UP.match(text)) is not None]
    numbers = [int(match["pos"]) for _, match in found]
    step = numbers[0] if numbers else 0
    if len(numbers) < _FEWEST or step not in {1, 10} or numbers != [step * (at + 1) for at in range(len(numbers))]:
        return lines
    out = list(lines)
    for at, match in found:
        number, text = lines[at]
        out[at] = (number, f"{match['pos']}) {text[match.end('pos') :].lstrip()}")
    return out


def _is_address(text: str) -> bool:
    """Whether a line begins with the label of an address: what follows it is no part of it."""
    label, colon, _ = text.partition(":")
    return bool(colon) and len(label) < 40 and label_of(label) in {"ship_to", "bill_to"}


def _counts(text: str) -> bool:
    """Whether a line opens with a quantity and its unit, as the lines of a list do."""
    found = _COUNTS.match(text)
    return found is not None and found["unit"].lower() in UNIT_CODES


_COUNTS_UP: Final = re.compile(
    r" {0,12}(?P<pos>\d{1,3}) \d{1,3}(?:[ .,]\d{3}){0,2}(?:[.,]\d{1,3})?\s[^\W\d_]{1,12}\.?\s"
)
_FEWEST: Final = 2
_SLACK: Final = 6
"""Programs count characters in their own ways: the longest line is not always the width they break at."""
_LONGEST_JOINED: Final = 1_500


def as_said(lines: Sequence[TextLine], *, broken: bool) -> list[TextLine]:
    """The lines with what was filled in as labels and values, dividers that count as positions; numbers stay.

    ``broken`` says that the lines are those of plain text, which mail programs break.
    """
    return _numbered([(number, _said(text)) for number, text in (unwrapped(lines) if broken else lines)])


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

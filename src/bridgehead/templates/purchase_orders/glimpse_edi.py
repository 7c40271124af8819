"""What can be read of an X12 or EDIFACT order that is refused: only whole segments of its first order, for a person.

Nothing is decided by it. A damaged segment closes what was open, so that no value falls to another line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from pydantic import JsonValue

from bridgehead.documents.edifact import codes as edifact
from bridgehead.documents.edifact.values import read_stated
from bridgehead.documents.marks import Marks, edifact_marks, x12_marks
from bridgehead.documents.x12 import codes as x12
from bridgehead.documents.x12.walk import parse_x12_date

NOTE: Final = "as far as it could be read; decided nothing"
MOST_LINES: Final = 50
_LONGEST: Final = 80
_READ: Final = 1_048_576
_UTF8_MOST: Final = 4
"""A document that is cut within its last character is UTF-8 all the same."""
_HIDDEN: Final = 0xE000
"""Where a released character waits (the private use area), so that splitting does not see it."""
_ORDERS: Final = ("ORDERS", "ORDCHG")
_BLANK: Final = " \t\r\n"
_TAG: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:[.,]\d{1,6})?")


@dataclass(slots=True)
class _Found:
    """What was found so far. ``line`` is the one that is open."""

    number: str = ""
    day: str = ""
    wanted: str = ""
    currency: str = ""
    buyer: dict[str, JsonValue] = field(default_factory=dict)
    ship_to: dict[str, JsonValue] = field(default_factory=dict)
    placing: bool = False
    """The ship-to is open, and the segments of its address follow."""
    lines: list[dict[str, JsonValue]] = field(default_factory=list)
    line: dict[str, JsonValue] | None = None
    damaged: int = 0
    broke_in: dict[str, JsonValue] = field(default_factory=dict)
    """The line that was open where the first damaged segment stood."""
    orders: int = 0
    other: bool = False
    """Inside of a message that is no order."""

    def keep(self) -> None:
        """Closes the open line; one without a quantity is not whole, and is left out."""
        if self.line is not None and self.line.get("quantity"):
            self.lines.append(self.line)
        self.line = None


def order_glimpse(document: bytes, form: Literal["x12", "edifact"]) -> dict[str, JsonValue]:
    """Returns buyer, PO number, date, currency and lines of a broken order, as written; empty where none is whole.

    ``damaged`` counts the segments that were left out, and ``broke_in`` is the line, as far as it had come, that the
    first of them stood in. Raises nothing.
    """
    text = text_of(document[:_READ]).lstrip("\ufeff \r\n")
    marks = marks_of(text, form)
    if marks is None:
        return {}
    found = _Found()
    for segment in segments_of(text, marks):
        if segment is None:
            found.damaged += 1
            found.broke_in = found.broke_in or found.line or {}
            if form == "x12":
                found.keep()
            found.line = None
        elif form == "x12":
            _of_x12(found, segment)
        else:
            _of_edifact(found, segment)
        if found.orders > 1:
            break
    if form == "x12":
        found.keep()
    if not (found.number or found.lines):
        return {}
    tail = _tail(text, marks)
    told: dict[str, JsonValue] = {
        "note": NOTE,
        "buyer": found.buyer,
        "ship_to": found.ship_to,
        "po_number": found.number,
        "order_date": found.day,
        "requested_date": found.wanted,
        "currency": found.currency,
        "lines": list[JsonValue](found.lines[:MOST_LINES]),
        "lines_read": len(found.lines),
        "damaged": found.damaged,
        "broke_in": found.broke_in,
        "ends_within": tail,
        "further_orders": "there are; only the first is shown" if found.orders > 1 else "",
    }
    always = ("po_number", "lines", "lines_read", "damaged")
    return {name: value for name, value in told.items() if value or name in always}


def _tail(text: str, marks: Marks) -> str:
    """Returns the segment within which a text ends, as far as it goes; empty where its last one is whole."""
    rest = text.rstrip(_BLANK)
    return "" if rest.endswith(marks.end) else " ".join(rest[rest.rfind(marks.end) + 1 :].split())[:_LONGEST]


def marks_of(text: str, form: Literal["x12", "edifact"]) -> Marks | None:
    """Returns what parts an interchange; None where its beginning does not tell."""
    return x12_marks(text) if form == "x12" else edifact_marks(text)


def text_of(document: bytes) -> str:
    """Returns a document as text, also one that is cut within its last character."""
    try:
        return document.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.start >= len(document) - _UTF8_MOST
        return document.decode("utf-8", "ignore") if cut else document.decode("cp1252", "replace")


def segments_of(text: str, marks: Marks) -> Iterator[list[list[str]] | None]:
    """Yields whole segments as elements of components, None for a damaged one; the last without its end is damaged."""
    if marks.end != "\n":
        text = text.replace("\r", "").replace("\n", "")
    if marks.release:
        text = re.sub(re.escape(marks.release) + "([\x20-\x7e])", lambda one: chr(_HIDDEN + ord(one[1])), text)
    *whole, rest = text.split(marks.end)
    for one in whole:
        segment = one.strip(_BLANK)
        if segment.startswith("UNA") or not segment:
            continue
        parts = [row.split(marks.component) if marks.component else [row] for row in segment.split(marks.element)]
        broken = any(not char.isprintable() and not _waits(char) for row in parts for part in row for char in part)
        if broken or _TAG.fullmatch(parts[0][0]) is None:
            yield None
        else:
            yield [[_plain(part) for part in row] for row in parts]
    if rest.strip(_BLANK):
        yield None


def _waits(char: str) -> bool:
    return _HIDDEN <= ord(char) < _HIDDEN + 0x80


def _plain(text: str) -> str:
    shown = "".join(chr(ord(char) - _HIDDEN) if _waits(char) else char for char in text)
    return " ".join(shown.split())[:_LONGEST]


def value_at(segment: Sequence[Sequence[str]], element: int, component: int = 1) -> str:
    """Returns a component, counted from 1; empty where there is none."""
    parts = segment[element] if element < len(segment) else ()
    return parts[component - 1] if component <= len(parts) else ""


def _of_x12(found: _Found, segment: Sequence[Sequence[str]]) -> None:
    tag = value_at(segment, 0)
    if tag in ("BEG", "BCH"):
        found.orders += 1
        if found.orders == 1:
            found.number = value_at(segment, 3)
            stated = value_at(segment, 5 if tag == "BEG" else 6)
            found.day = _day(stated, parse_x12_date(stated))
    elif tag == "DTM" and value_at(segment, 1) == "002" and found.line is None and not found.wanted:
        found.wanted = _day(value_at(segment, 2), parse_x12_date(value_at(segment, 2)))
    elif tag == "CUR" and not found.currency:
        found.currency = value_at(segment, 2)
    elif tag == "N1":
        named = _without_empty({"name": value_at(segment, 2), "number": value_at(segment, 4)})
        found.placing = value_at(segment, 1) == "ST" and not found.ship_to
        found.ship_to = named if found.placing else found.ship_to
        found.buyer = named if value_at(segment, 1) == "BY" and not found.buyer else found.buyer
    elif tag == "N3" and found.placing:
        found.ship_to.update(_without_empty({"street": value_at(segment, 1)}))
    elif tag == "N4" and found.placing:
        names = ("city", "region", "postal_code", "country")
        found.ship_to.update(_without_empty({name: value_at(segment, at) for at, name in enumerate(names, 1)}))
    elif tag in ("PO1", "POC"):
        found.keep()
        found.placing = False
        at = 2 if tag == "PO1" else 3
        unit = at + 1 if tag == "PO1" else 5
        found.line = _x12_line(segment, at, unit)
    elif tag == "PID" and found.line is not None and value_at(segment, 5):
        found.line.setdefault("description", value_at(segment, 5))
    elif tag in ("CTT", "SE"):
        found.keep()


def _x12_line(segment: Sequence[Sequence[str]], quantity: int, unit: int) -> dict[str, JsonValue] | None:
    """Returns a line; None where its quantity is no number."""
    if _NUMBER.fullmatch(value_at(segment, quantity)) is None:
        return None
    pairs = {value_at(segment, at): value_at(segment, at + 1) for at in range(unit + 3, len(segment) - 1, 2)}
    basis = value_at(segment, unit + 2)
    return _without_empty(
        {
            "number": value_at(segment, 1),
            "quantity": value_at(segment, quantity),
            "unit": value_at(segment, unit),
            "price": value_at(segment, unit + 1),
            "price_code": "" if basis == "PE" else basis,
            **_parts(pairs, x12.CUSTOMER_PARTS, x12.SUPPLIER_PARTS, x12.GTINS),
        }
    )


def _of_edifact(found: _Found, segment: Sequence[Sequence[str]]) -> None:
    tag, line = value_at(segment, 0), found.line
    if tag == "UNH":
        found.other = value_at(segment, 2) not in _ORDERS
    if found.other:
        return
    if tag == "BGM":
        found.orders += 1
        if found.orders == 1:
            found.number = value_at(segment, 2)
    elif tag == "DTM" and value_at(segment, 1) == "137" and line is None and not found.day:
        found.day = _day(value_at(segment, 1, 2), read_stated(value_at(segment, 1, 2), value_at(segment, 1, 3)).day)
    elif tag == "DTM" and value_at(segment, 1) == "2" and line is None and not found.wanted:
        stated = value_at(segment, 1, 2)
        found.wanted = _day(stated, read_stated(stated, value_at(segment, 1, 3)).day)
    elif tag == "CUX" and not found.currency:
        found.currency = value_at(segment, 1, 2)
    elif tag == "NAD" and value_at(segment, 1) == "BY" and not found.buyer:
        name = "".join(segment[4]) if len(segment) > 4 and any(segment[4]) else value_at(segment, 3)  # noqa: PLR2004  # C080
        found.buyer = _without_empty({"name": name[:_LONGEST], "number": value_at(segment, 2)})
    elif tag == "NAD" and value_at(segment, 1) in ("DP", "ST") and not found.ship_to:
        named = {"name": (value_at(segment, 4) or value_at(segment, 3))[:_LONGEST], "number": value_at(segment, 2)}
        rest = zip(("street", "city", "region", "postal_code", "country"), (5, 6, 7, 8, 9), strict=True)
        found.ship_to = _without_empty({**named, **{name: value_at(segment, at) for name, at in rest}})
    elif tag == "LIN":
        found.keep()
        found.line = _without_empty({"number": value_at(segment, 1)})
        found.line.update(_edifact_parts(segment, 3))
    elif tag in ("UNS", "UNT"):
        found.keep()
    elif line is not None:
        _of_edifact_line(line, tag, segment)


def _of_edifact_line(line: dict[str, JsonValue], tag: str, segment: Sequence[Sequence[str]]) -> None:
    if tag == "PIA":
        for element in range(2, len(segment)):
            for name, value in _edifact_parts(segment, element).items():
                line.setdefault(name, value)
    elif tag == "IMD" and value_at(segment, 3, 4):
        line.setdefault("description", f"{value_at(segment, 3, 4)}{value_at(segment, 3, 5)}"[:_LONGEST])
    elif tag == "QTY" and value_at(segment, 1) == "21" and _NUMBER.fullmatch(value_at(segment, 1, 2)):
        line.setdefault("quantity", value_at(segment, 1, 2))
        line.update(_without_empty({"unit": value_at(segment, 1, 3)}))
    elif tag == "PRI" and value_at(segment, 1) in edifact.NET_PRICES and _NUMBER.fullmatch(value_at(segment, 1, 2)):
        line.setdefault("price", value_at(segment, 1, 2))
        line.update(_without_empty({"price_basis": value_at(segment, 1, 5)}))


def _edifact_parts(segment: Sequence[Sequence[str]], element: int) -> dict[str, JsonValue]:
    pairs = {value_at(segment, element, 2): value_at(segment, element)}
    return _without_empty(_parts(pairs, edifact.CUSTOMER_TYPES, edifact.SUPPLIER_TYPES, ("EN", "SRV", "UP")))


def _parts(pairs: dict[str, str], theirs: Sequence[str], ours: Sequence[str], gtins: Sequence[str]) -> dict[str, str]:
    """Returns the part numbers by what their qualifiers say they are, the most telling qualifier first."""
    named = (("customer_part", theirs), ("supplier_part", ours), ("gtin", gtins))
    return {name: next((pairs[code] for code in codes if pairs.get(code)), "") for name, codes in named}


def _day(text: str, read: date | None) -> str:
    """Returns a date as ISO 8601 writes it, one that names no day as it stands."""
    return text if read is None else read.isoformat()


def _without_empty(found: dict[str, str]) -> dict[str, JsonValue]:
    return {name: value for name, value in found.items() if value}

"""What a document says that orders nothing: who sent it, which order it is about, its dates and lines, in sentences.

X12, EDIFACT and XML are told; only whole segments and elements. Nothing is decided by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from bridgehead.documents.edifact.values import read_stated
from bridgehead.documents.x12.walk import parse_x12_date
from bridgehead.templates.purchase_orders.glimpse_edi import marks_of, segments_of, text_of, value_at
from bridgehead.templates.purchase_orders.glimpse_xml import elements_of

_READ: Final = 1_048_576
_MOST: Final = 12
_LONGEST: Final = 200
_PARTIES: Final[Mapping[str, str]] = {
    "BY": "buyer", "SE": "seller", "SU": "supplier", "VN": "vendor", "SF": "ship-from", "ST": "ship-to",
    "DP": "delivered to", "BT": "bill-to", "IV": "invoiced to", "CN": "consignee", "FR": "from", "TO": "to",
}  # fmt: skip
"""X12 element 98, EDIFACT 3035."""
_DAYS: Final[Mapping[str, str]] = {
    "002": "delivery requested for", "010": "shipping requested for", "011": "shipped on", "017": "expected on",
    "035": "delivered on", "067": "scheduled for", "2": "delivery requested for", "11": "despatched on",
    "17": "expected on", "35": "delivered on", "36": "valid until", "69": "promised for", "137": "dated",
    "50": "received on", "171": "reference dated",
}  # fmt: skip
"""X12 element 374 (three digits), EDIFACT 2005."""
_REFERENCES: Final[Mapping[str, str]] = {
    "BM": "bill of lading", "PO": "purchase order", "IV": "invoice", "CN": "carrier's reference",
    "VN": "vendor's order", "SI": "shipper's number", "DQ": "delivery note", "AAK": "despatch advice",
    "CT": "contract", "PK": "packing list",
}  # fmt: skip
"""X12 element 128, EDIFACT 1153."""
_QUANTITIES: Final[Mapping[str, str]] = {
    "12": "despatched", "21": "asked for", "48": "received", "113": "to be delivered", "145": "in stock",
    "17": "in stock", "192": "free", "1": "", "47": "invoiced", "59": "", "61": "returned",
}  # fmt: skip
"""EDIFACT 6063."""
_HEADS: Final[Mapping[str, tuple[int, int]]] = {
    "BSN": (2, 3), "BSI": (1, 2), "BQT": (2, 3), "BIA": (3, 4), "BIG": (2, 1), "BFR": (2, 6), "BRA": (1, 2),
    "BAK": (0, 9), "BCA": (0, 10),
}  # fmt: skip
"""Which elements of an X12 heading are the document's number and date; 0 where it has none."""
_ORDERS: Final[Mapping[str, int]] = {"PRF": 1, "BIG": 4, "BAK": 3, "BCA": 3}


@dataclass(slots=True)
class _Notice:
    sent_by: str = ""
    sent_to: str = ""
    number: str = ""
    dated: str = ""
    orders: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    parties: dict[str, list[str]] = field(default_factory=dict)
    lines: list[list[str]] = field(default_factory=list)
    party: str = ""

    def told(self) -> Iterator[str]:
        if self.sent_by or self.sent_to:
            to = f" to {self._named(self.sent_to)}." if self.sent_to else "."
            yield f"It was sent by {self._named(self.sent_by) or 'somebody whom it does not name'}{to}"
        if self.number or self.dated:
            dated = f", dated {self.dated}" if self.dated else ""
            yield f"Its own number is {self.number}{dated}." if self.number else f"It is dated {self.dated}."
        orders = list(dict.fromkeys(one for one in self.orders if one))
        yield f"It is about purchase order {_listed(orders)}." if orders else "It names no purchase order."
        if self.dates:
            yield f"Dates: {_listed(self.dates)}."
        if self.references:
            yield f"References: {_listed(self.references)}."
        parties = [f"{role} {', '.join(of)}" for role, of in self.parties.items() if of]
        if parties:
            yield f"Parties: {_listed(parties)}."
        lines = [" ".join(part for part in line if part) for line in self.lines]
        if lines:
            yield f"Lines: {_listed(lines)}."

    def _named(self, number: str) -> str:
        """Returns a sender's or receiver's number with the name that a party of that number has."""
        names = (next((one for one in of if one != number), "") for of in self.parties.values() if number in of)
        name = next((one for one in names if one), "")
        return f"{name} ({number})" if number and name else number


def notice(document: bytes, form: str) -> list[str]:
    """Returns what an X12, EDIFACT or XML document says, in sentences; nothing for any other. Raises nothing.

    All of it is a stranger's text, cut to a few short sentences; whoever shows it makes it harmless for their screen.
    """
    found = _Notice()
    if form in ("x12", "edifact"):
        text = text_of(document[:_READ]).lstrip("\ufeff \r\n")
        known: Literal["x12", "edifact"] = "x12" if form == "x12" else "edifact"
        marks = marks_of(text, known)
        if marks is None:
            return []
        for segment in segments_of(text, marks):
            if segment is not None and known == "x12":
                _of_x12(found, segment)
            elif segment is not None:
                _of_edifact(found, segment)
    else:
        _of_xml(found, document[:_READ].decode("utf-8", "replace"))
    if not (found.sent_by or found.number or found.orders or found.lines or found.parties):
        return []
    return [sentence[: 4 * _LONGEST].removesuffix("..") + "." * sentence.endswith("..") for sentence in found.told()]


def _of_x12(found: _Notice, segment: Sequence[Sequence[str]]) -> None:
    tag = value_at(segment, 0)
    if tag == "ISA":
        found.sent_by, found.sent_to = value_at(segment, 6).strip(), value_at(segment, 8).strip()
    elif tag in _HEADS:
        number, dated = _HEADS[tag]
        found.number = found.number or (value_at(segment, number) if number else "")
        found.dated = found.dated or _x12_day(value_at(segment, dated))
        found.orders.append(value_at(segment, _ORDERS[tag]) if tag in _ORDERS else "")
    elif tag == "PRF":
        found.orders.append(value_at(segment, 1))
    elif tag == "REF" and value_at(segment, 1) == "PO":
        found.orders.append(value_at(segment, 2))
    elif tag == "REF" and value_at(segment, 1) in _REFERENCES:
        found.references.append(f"{_REFERENCES[value_at(segment, 1)]} {value_at(segment, 2)}")
    elif tag == "DTM" and value_at(segment, 1) in _DAYS:
        found.dates.append(f"{_DAYS[value_at(segment, 1)]} {_x12_day(value_at(segment, 2))}")
    elif tag == "N1":
        found.party = _PARTIES.get(value_at(segment, 1), value_at(segment, 1))
        found.parties[found.party] = [part for part in (value_at(segment, 2), value_at(segment, 4)) if part]
    elif tag in ("N3", "N4") and found.party:
        found.parties[found.party] += [part for at in (1, 2, 3, 4) if (part := value_at(segment, at))]
    elif tag in ("LIN", "IT1", "PO1"):
        numbers = {"LIN": 2, "IT1": 6, "PO1": 6}[tag]
        parts = [part for at in range(numbers + 1, len(segment), 2) if (part := value_at(segment, at))]
        count = "" if tag == "LIN" else f"{value_at(segment, 2)} {value_at(segment, 3)} of"
        found.lines.append([f"{value_at(segment, 1)}:" if value_at(segment, 1) else "", count, " / ".join(parts)])
    elif tag in ("SN1", "QTY") and found.lines:
        found.lines[-1][1] = f"{value_at(segment, 2)} {value_at(segment, 3)} of"


def _of_edifact(found: _Notice, segment: Sequence[Sequence[str]]) -> None:
    tag = value_at(segment, 0)
    if tag == "UNB":
        found.sent_by, found.sent_to = value_at(segment, 2), value_at(segment, 3)
    elif tag == "BGM":
        found.number = found.number or value_at(segment, 2)
    elif tag == "DTM" and value_at(segment, 1) in _DAYS:
        stated = value_at(segment, 1, 2)
        day = read_stated(stated, value_at(segment, 1, 3)).day
        told = stated if day is None else day.isoformat()
        if value_at(segment, 1) == "137":
            found.dated = found.dated or told
        else:
            found.dates.append(f"{_DAYS[value_at(segment, 1)]} {told}")
    elif tag == "RFF" and value_at(segment, 1) == "ON":
        found.orders.append(value_at(segment, 1, 2))
    elif tag == "RFF" and value_at(segment, 1) in _REFERENCES:
        found.references.append(f"{_REFERENCES[value_at(segment, 1)]} {value_at(segment, 1, 2)}")
    elif tag == "NAD":
        role = _PARTIES.get(value_at(segment, 1), value_at(segment, 1))
        rest = [" ".join(part for part in row if part) for row in segment[3:]]
        found.parties[role] = [part for part in (value_at(segment, 2), *rest) if part]
    elif tag == "LIN":
        found.lines.append([f"{value_at(segment, 1)}:", "", value_at(segment, 3)])
    elif tag == "PIA" and found.lines:
        found.lines[-1][2] = " / ".join(part for part in (found.lines[-1][2], value_at(segment, 2)) if part)
    elif tag == "QTY" and found.lines:
        kind = _QUANTITIES.get(value_at(segment, 1), "")
        of = f"{kind}, of" if kind else "of"
        found.lines[-1][1] = f"{value_at(segment, 1, 2)} {value_at(segment, 1, 3)} {of}".replace("  ", " ")


def _of_xml(found: _Notice, text: str) -> None:
    for path, given, said, closes in elements_of(text):
        name, inside = path[-1], next((one for one in path[:-1] if one.endswith("Line")), "")
        before = path[-2] if len(path) > 1 else ""
        if not closes:
            if name.endswith("Line") and not inside:
                found.lines.append(["", "", ""])
            if given.get("orderID"):
                found.orders.append(given["orderID"])
            days = ((one, day) for one, day in given.items() if one.endswith("Date") and day[:1].isdigit())
            found.dates += [f"{_words(one)} {day[:10]}" for one, day in days]
        elif said and before.endswith("Reference") and name == "ID":
            if before == "OrderReference":
                found.orders.append(said)
            else:
                found.references.append(f"{_words(before)} {said}")
        elif said and inside and found.lines:
            _of_line(found.lines[-1], before, name, said, given)
        elif said and len(path) == 2 and name == "ID":  # noqa: PLR2004  # a child of the root
            found.number = said
        elif said and name == "IssueDate":
            found.dated = found.dated or said
        elif said and name.endswith("Date"):
            found.dates.append(f"{_words(name)} {said}")
        elif said and name in ("Name", "RegistrationName", "CompanyID", "ElectronicMail"):
            role = next((one for one in path if one.endswith("Party") and one != "Party"), "")
            if role:
                found.parties.setdefault(_words(role), []).append(said)
    for role, of in found.parties.items():
        found.parties[role] = list(dict.fromkeys(of))


def _of_line(line: list[str], before: str, name: str, said: str, given: Mapping[str, str]) -> None:
    if name == "ID" and before.endswith("Line"):
        line[0] = line[0] or f"{said}:"
    elif name.endswith("Quantity"):
        told = f"{said} {given.get('unitCode', '')} {_words(name.removesuffix('Quantity'))}".rstrip()
        line[1] = f"{line[1].removesuffix(' of')}, {told} of" if line[1] else f"{told} of"
    elif name.endswith("Reason"):
        line[2] = f"{line[2]} ({said})".lstrip()
    elif (name == "ID" and before.endswith("Identification")) or name in ("Name", "Description"):
        line[2] = f"{line[2]} / {said}" if line[2] else said


def _words(name: str) -> str:
    """Returns an element's name as words: ``DespatchSupplierParty`` is a despatch supplier party."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _x12_day(text: str) -> str:
    read = parse_x12_date(text)
    return text if read is None else read.isoformat()


def _listed(parts: Sequence[str]) -> str:
    more = len(parts) - _MOST
    return "; ".join(part[:_LONGEST] for part in parts[:_MOST]) + (f"; and {more} more" if more > 0 else "")

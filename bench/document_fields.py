"""Compares what was read from a generated document with what its author wrote, field by field.

Nothing of the readers is used to compare: texts are equal when their letters and digits are, numbers and dates when
their values are. A field that the document does not show and the reading has is wrong, and so is every field of a
line that was not read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from bridgehead.documents.order import Line, Order, Party

GROUPS: Final = ("number", "date", "parties", "item", "quantity", "unit", "price", "lines")
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("po_number",),
    "date": ("order_date", "requested_date"),
    "parties": ("ship_to.name", "ship_to.street", "ship_to.city", "ship_to.postal_code", "ship_to.gln"),
}
"""Where the source of a field of an order may stand; of lines it is ``lines[N].FIELD``."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One field: its group, its path in the reading, and whether it is right."""

    group: str
    path: str
    right: bool
    said: str


_WHOLE: Final = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "đ": "d"})
"""Letters that Unicode takes for whole ones."""


def bare(text: str | None) -> str:
    """Letters and digits of a text, without case and accents."""
    lowered = unicodedata.normalize("NFKD", (text or "").casefold().translate(_WHOLE))
    return "".join(sign for sign in lowered if sign.isalnum())


def matched(
    orders: Sequence[Order], readings: Sequence[Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any], Order | None]]:
    """Pairs every order that was written with the one read under its number; the rest in order of appearance."""
    left = list(orders)
    pairs: list[tuple[Mapping[str, Any], Order | None]] = []
    for reading in readings:
        found = next((one for one in left if bare(one.po_number) == bare(reading["po_number"])), None)
        if found is not None:
            left.remove(found)
        pairs.append((reading, found))
    return [(reading, left.pop(0) if found is None and left else found) for reading, found in pairs]


def compare(reading: Mapping[str, Any], order: Order, customer: Mapping[str, Any]) -> list[Compared]:
    """Returns every field of the order as compared; ``customer`` is the sender's record in the master data.

    A table or mail of changes shows what changes: a price or day of the order that it does not state is not asked for.
    """
    compared = [*_header(reading, order, customer), *_lines(reading, order)]
    if reading["purpose"] != "change" or order.format not in {"csv", "xlsx", "email"}:
        return compared
    return [
        one for one in compared if one.right or one.group not in {"price", "date"} or "read as None" not in one.said
    ]


def _header(reading: Mapping[str, Any], order: Order, customer: Mapping[str, Any]) -> Iterator[Compared]:
    wanted = reading["po_number"]
    yield Compared("number", "po_number", wanted == order.po_number, f"{wanted!r} read as {order.po_number!r}")
    day = _day(reading["order_date"])
    mailed = order.sources.get("order_date")
    if day is not None or not (mailed is not None and mailed.part.endswith("header")):
        yield _same("date", "order_date", day, order.order_date)
    buyer = order.buyer
    known = identities(customer)
    named = {bare(one) for one in (buyer.number, buyer.gln, buyer.duns, buyer.vat, buyer.name) if one}
    domain = (buyer.email or "").rpartition("@")[2].casefold()
    is_buyer = (
        bool(named & known)
        or (buyer.email or "").casefold() in customer["emails"]
        or domain in customer["email_domains"]
    )
    yield Compared("parties", "buyer", is_buyer, f"{customer['name']} read as {buyer.name!r}")
    yield from _place(reading["ship_to"], order.ship_to, customer["ship_tos"])


def identities(customer: Mapping[str, Any]) -> set[str]:
    """Every name and number the master data has for a customer, bare."""
    known = {bare(customer[key]) for key in ("number", "name", "duns", "gln", "vat") if customer.get(key)}
    return known | {bare(str(customer["name"]).translate(_PLAIN))}


_PLAIN: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "Ä": "AE", "Ö": "OE", "Ü": "UE"}
)
"""How names stand in files of EDIFACT levels A and B, which have no umlauts."""


def street(text: str | None) -> str:
    """A street, bare, whether its kind is written out or not."""
    found = bare(text)
    for long, short in (("strasse", "str"), ("street", "st"), ("road", "rd"), ("avenue", "ave"), ("drive", "dr")):
        found = found.replace(long, short)
    return found


def _place(
    written: Mapping[str, Any] | None, read: Party | None, places: Sequence[Mapping[str, Any]]
) -> Iterator[Compared]:
    if written is None:
        if read is not None and (read.street or read.postal_code):
            yield Compared("parties", "ship_to.street", right=False, said=f"no ship-to read as {read.street!r}")
        return
    if read is not None and not read.street and (read.number or read.gln):
        # A document may name a place by a number on file alone.
        ids = [(bare(one["id"]), bare(one["gln"])) for one in places if _meant(written, one)]
        named = any((bare(read.number), bare(read.gln))[at] in pair for pair in ids for at in (0, 1) if pair[at])
        meant = written["street"] or written["number"]
        yield Compared("parties", "ship_to.number", named, f"{meant!r} read as number {read.number!r}")
        return
    one = " ".join(str(written[key] or "") for key in ("name", "street"))
    other = " ".join((read.name or "", read.street or "")) if read is not None else ""
    whole = street(one) == street(other)  # on one line, nothing says where the name ends
    for key in ("name", "street", "city", "postal_code"):
        if written[key]:
            value = getattr(read, key) if read is not None else None
            right = street(written[key]) == street(value) or (whole and key in {"name", "street"})
            yield Compared("parties", f"ship_to.{key}", right, f"{written[key]!r} read as {value!r}")


def _meant(written: Mapping[str, Any], place: Mapping[str, Any]) -> bool:
    if written["street"]:
        return street(place["street"]) == street(written["street"])
    return bool(place["id"] == written["number"])


def _lines(reading: Mapping[str, Any], order: Order) -> Iterator[Compared]:
    written = reading["lines"]
    yield Compared(
        "lines", "lines", len(written) == len(order.lines), f"{len(written)} lines read as {len(order.lines)}"
    )
    for index, line in enumerate(written):
        found = order.lines[index] if index < len(order.lines) else None
        yield from _line(index, line, found, reading, order)


def _line(
    index: int, written: Mapping[str, Any], read: Line | None, reading: Mapping[str, Any], order: Order
) -> Iterator[Compared]:
    at = f"lines[{index}]"
    parts = {bare(written[key]) for key in ("customer_part", "supplier_part", "gtin") if written[key]}
    seen = {bare(one) for one in (read.customer_part, read.supplier_part, read.gtin) if one} if read else set()
    if parts:
        yield Compared("item", f"{at}.supplier_part", parts == seen, f"{sorted(parts)} read as {sorted(seen)}")
    elif read is None or seen:
        yield Compared("item", f"{at}.supplier_part", right=False, said=f"no number read as {sorted(seen)}")
    quantity = None if read is None else read.quantity
    yield _same("quantity", f"{at}.quantity", Decimal(written["quantity"]), quantity)
    unit = "" if read is None else read.unit
    yield Compared(
        "unit",
        f"{at}.unit",
        read is not None and bare(written["unit"]) == bare(unit),
        f"{written['unit']!r} read as {unit!r}",
    )
    price = None if written["price"] is None else Decimal(written["price"]) / Decimal(written["price_basis"])
    got = None if read is None or read.price is None or not read.price_basis else read.price / read.price_basis
    yield _same("price", f"{at}.price", price, got)
    # A day in the heading is that of every line without one of its own, wherever the reader keeps it.
    got_day = None if read is None else read.requested_date or order.requested_date
    where = f"{at}.requested_date" if read is not None and read.requested_date else "requested_date"
    yield _same("date", where, _day(written["requested_date"] or reading["requested_date"]), got_day)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _same(group: str, path: str, wanted: object, got: object) -> Compared:
    return Compared(group, path, wanted == got, f"{wanted} read as {got}")

"""Writes the X12 855, the purchase order acknowledgement (ASC X12.18, releases 003 to 008).

PO1 repeats the line as it was ordered; CTP states the confirmed price, ACK the decision (element 668) with the
quantity it is about: what is confirmed (IA, IP, IQ, DR, IC), what comes later (IB), what was ordered (IH, IR). A
confirmed day is 067, current schedule delivery. A line that is delivered in part has an ACK for each part. BAK04 wants
the day of the order: where the order has none, it is the day of the acknowledgement.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridgehead.documents.acknowledgement import (
    ACCEPTED,
    Acknowledgement,
    HeaderCode,
    Unwritable,
    plain,
)
from bridgehead.documents.order import Party
from bridgehead.documents.units import unit_code
from bridgehead.documents.writers.item import AnsweredLine, answered_lines, price_of_one
from bridgehead.documents.writers.x12_envelope import X12Envelope, X12Writer

_HEADERS: Final[dict[HeaderCode, str]] = {"AD": "AD", "AC": "AC", "AH": "AH", "RJ": "RD"}
"""Element 587: a rejection that gives its lines is RD; RJ has no detail."""
_UNITS: Final[dict[str, str]] = {
    "C62": "EA", "BX": "BX", "CT": "CT", "PK": "PK", "CS": "CA", "KGM": "KG", "GRM": "GR", "TNE": "MP", "MTR": "MR",
    "MTK": "SM", "MTQ": "CR", "LTR": "LT", "DZN": "DZ", "PR": "PR", "SET": "ST", "RO": "RL", "PF": "PL", "BG": "BG",
    "BO": "BO", "CA": "CN", "TU": "TB", "CEN": "HU", "MIL": "TH", "BE": "BE", "FOT": "FT", "LBR": "LB", "YRD": "YD",
    "EA": "EA", "NAR": "EA", "H87": "EA", "KT": "KT", "HUR": "HR", "DAY": "DA", "WEE": "WK", "MON": "MO", "ANN": "YR",
    "GRO": "GS", "INH": "IN", "CMT": "CM", "MMT": "MM", "FTK": "SF", "FTQ": "CF", "YDK": "SY", "GLL": "GA", "ONZ": "OZ",
    "STN": "TN", "MLT": "ML", "DR": "DR", "PA": "PA",
}  # fmt: skip
"""Rec 20 and 21 to data element 355."""
_ANY_UNIT: Final = "ZZ"
"""Mutually defined: ACK wants a unit beside its quantity where the order names none."""
_BASES: Final[dict[Decimal, str]] = {
    Decimal(1): "PE", Decimal(10): "PN", Decimal(100): "HP", Decimal(1000): "TP", Decimal(10_000): "TT",
    Decimal(100_000): "HT",
}  # fmt: skip
"""Data element 639, by the number of units that a price is for."""
_TEXTS = 5


def write_855(ack: Acknowledgement, envelope: X12Envelope) -> bytes:
    """Returns one interchange with one 855. Raises Unwritable when a number or code does not fit the standard."""
    writer = X12Writer(envelope, ack.issued)
    writer.open_interchange()
    writer.open_group("PR")
    writer.open_set("855")
    _header(writer, ack)
    lines = tuple(answered_lines(ack))
    for one in lines:
        _line(writer, one)
    writer.add("CTT", str(len(lines)))
    if ack.total is not None:
        writer.add("AMT", "TT", plain(ack.total, "total"))
    writer.close_set()
    return writer.done()


def _header(writer: X12Writer, ack: Acknowledgement) -> None:
    envelope, order = writer.envelope, ack.order
    writer.add(
        "BAK", "00", _HEADERS[ack.code] if ack.lines else ack.code,
        envelope.exact(order.po_number, 22, where="order.po_number", least=1),
        envelope.day(ack.issued) if order.order_date is None else order.order_date.strftime(_date(envelope)),
        envelope.exact(order.release or "", 30, where="order.release"), "", "",
        envelope.exact(ack.order_number, 30, where="order_number"), envelope.day(ack.issued),
    )  # fmt: skip
    if ack.money:
        writer.add("CUR", "SE", envelope.exact(ack.money, 3, where="currency", least=3))
    writer.add("REF", "ZZ", envelope.exact(ack.number, 30, where="number"), "ACKNOWLEDGMENT NUMBER")
    if ack.reason:
        writer.add("N9", "L1", "GENERAL")
        for text in envelope.texts(ack.reason, 264, _TEXTS):
            writer.add("MSG", text)
    _party(writer, "SE", ack.seller)
    _party(writer, "BY", order.buyer)
    if order.ship_to is not None:
        _party(writer, "ST", order.ship_to)


def _date(envelope: X12Envelope) -> str:
    return "%Y%m%d" if envelope.version >= "004010" else "%y%m%d"


def _party(writer: X12Writer, role: str, party: Party) -> None:
    """Writes N1 with the first number that names a party: 92 the buyer's own, UL a GLN, 1 a DUNS number."""
    envelope = writer.envelope
    own = next((one.value for one in party.identifiers if one.scheme == "92"), None)
    numbers = (("92", own or party.number), ("UL", party.gln), ("1", party.duns))
    qualifier, number = next(((code, value) for code, value in numbers if value), ("", ""))
    name = envelope.text(party.name or "", 60)
    number = envelope.exact(number or "", 80, where=f"party {role}") if qualifier else ""
    if name or number:
        writer.add("N1", role, name, qualifier if number else "", number)


def _line(writer: X12Writer, one: AnsweredLine) -> None:
    envelope, ordered, line = writer.envelope, one.ordered, one.line
    unit = _unit(envelope, one, ordered=True)
    price, basis = _price(ordered.price, ordered.price_basis, f"order.{one.where}.price")
    writer.add(
        "PO1", str(ordered.number), plain(ordered.quantity, f"order.{one.where}.quantity"), unit, price, basis,
        *_parts(envelope, one),
    )  # fmt: skip
    confirmed, confirmed_basis = _price(line.price, line.price_basis, f"{one.where}.price")
    if confirmed:
        writer.add("CTP", "", "CON", confirmed, "", "", "", "", "", confirmed_basis)
    if ordered.description:
        writer.add("PID", "F", "", "", "", envelope.text(ordered.description, 80))
    for code, quantity in one.parts:
        day = line.day.strftime(_date(envelope)) if code in ACCEPTED and line.day is not None else ""
        answered = _unit(envelope, one, ordered=code in {"IH", "IR"})
        writer.add(
            "ACK", code, plain(quantity, f"{one.where}.quantity"), answered or _ANY_UNIT, "067" if day else "", day,
            "", *(("VP", _our(envelope, one)) if one.our_part else ()),
        )  # fmt: skip
    for at, text in enumerate(envelope.texts(line.reason, 264, _TEXTS)):
        if at == 0:
            writer.add("N9", "L1", str(ordered.number))
        writer.add("MSG", text)


def _unit(envelope: X12Envelope, one: AnsweredLine, *, ordered: bool) -> str:
    """Returns a unit in data element 355: as the order wrote it where it was an X12 order, else translated."""
    unit = one.unit("x12", ordered=ordered)
    if one.form == "x12" and unit == one.ordered.unit.strip():
        return envelope.exact(unit, 2, where=f"order.{one.where}.unit")
    code = _UNITS.get(unit) or _UNITS.get(unit_code(unit) or "", "")
    if not code and (unit or one.ordered.unit):
        raise Unwritable(
            f"Unit {unit or one.ordered.unit!r} has no code in X12 (data element 355) that this writer knows.",
            where=f"{one.where}.unit",
            hint="Confirm the line in the unit that the order used.",
        )
    return code


def _price(price: Decimal | None, basis: Decimal, where: str) -> tuple[str, str]:
    """Returns price and basis; a basis that data element 639 lacks is divided out."""
    if price is None:
        return "", ""
    code = _BASES.get(basis)
    if code is not None:
        return plain(price, where), "" if code == "PE" else code
    return price_of_one(price, basis, where), ""


def _our(envelope: X12Envelope, one: AnsweredLine) -> str:
    return envelope.exact(one.our_part, 48, where=f"{one.where}.item")


def _parts(envelope: X12Envelope, one: AnsweredLine) -> tuple[str, ...]:
    """Returns PO106 and on: the customer's number (BP), ours (VP), and the GTIN by its length (UK, EN, UP)."""
    ordered, found = one.ordered, list[str]()
    if ordered.customer_part:
        found += ["BP", envelope.exact(ordered.customer_part, 48, where=f"order.{one.where}.customer_part")]
    if one.our_part:
        found += ["VP", _our(envelope, one)]
    qualifier = {12: "UP", 13: "EN", 14: "UK"}.get(len(ordered.gtin or ""))
    if qualifier and ordered.gtin:
        found += [qualifier, envelope.exact(ordered.gtin, 48, where=f"order.{one.where}.gtin")]
    return tuple(found)

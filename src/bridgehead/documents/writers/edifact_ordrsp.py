"""Writes EDIFACT ORDRSP, the purchase order response (directories D.93A to D.03B and later, segments of D.96A).

BGM 1225 says what became of the order: 29 accepted, 4 changed, 27 not accepted, 12 not processed yet. LIN 1229 says it
of a line: 5 accepted, 3 changed, 7 not accepted, 4 no action yet. QTY 21 repeats what was ordered, 113 is what is
confirmed, 83 what comes later; PRI AAA is the confirmed price, DTM 67 the confirmed day (current schedule).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.documents.acknowledgement import (
    Acknowledgement,
    HeaderCode,
    LineCode,
    plain,
)
from bridgehead.documents.order import Party
from bridgehead.documents.writers.edifact_envelope import EdifactEnvelope, EdifactWriter
from bridgehead.documents.writers.item import AnsweredLine, answered_lines

_HEADERS: Final[dict[HeaderCode, str]] = {"AD": "29", "AC": "4", "RJ": "27", "AH": "12"}
_LINES: Final[dict[LineCode, str]] = {
    "IA": "5", "IP": "3", "IQ": "3", "DR": "3", "IC": "3", "IB": "3", "IR": "7", "IH": "4",
}  # fmt: skip
_TEXTS = 5
_TEXT = 70


def write_ordrsp(ack: Acknowledgement, envelope: EdifactEnvelope) -> bytes:
    """Returns one interchange with one ORDRSP. Raises Unwritable when a number or code does not fit the standard."""
    writer = EdifactWriter(envelope, ack.issued)
    writer.open_interchange()
    writer.open_message("ORDRSP", *envelope.release.split("."), "UN", envelope.association)
    _header(writer, ack)
    lines = tuple(answered_lines(ack))
    for one in lines:
        _line(writer, ack, one)
    writer.add("UNS", "S")
    if ack.total is not None:
        writer.add("MOA", ("79", writer.number(plain(ack.total, "total")), envelope.text(ack.money, 3)))
    writer.add("CNT", ("2", str(len(lines))))
    writer.close_message()
    return writer.done()


def _header(writer: EdifactWriter, ack: Acknowledgement) -> None:
    envelope, order = writer.envelope, ack.order
    writer.add("BGM", "231", envelope.exact(ack.number, 35, where="number", least=1), _HEADERS[ack.code])
    writer.add("DTM", ("137", ack.issued.strftime("%Y%m%d%H%M"), "203"))
    _texts(writer, "AAI", ack.reason)
    writer.add("RFF", ("ON", envelope.exact(order.po_number, 35, where="order.po_number", least=1)))
    if order.order_date is not None:
        writer.add("DTM", ("171", _day(order.order_date), "102"))
    if ack.order_number:
        writer.add("RFF", ("VN", envelope.exact(ack.order_number, 35, where="order_number")))
    _party(writer, "SU", ack.seller)
    _party(writer, "BY", order.buyer)
    if order.ship_to is not None:
        _party(writer, "DP", order.ship_to)
    if ack.money:
        writer.add("CUX", ("2", envelope.exact(ack.money, 3, where="currency", least=3), "9"))


def _party(writer: EdifactWriter, role: str, party: Party) -> None:
    """Writes NAD with the GLN (agency 9), else the buyer's own number (92), and the name in lines of 35 characters."""
    envelope = writer.envelope
    number, agency = (party.gln, "9") if party.gln else (party.number, "92")
    number = envelope.exact(number or "", 17, where=f"party {role}")
    name = tuple(envelope.texts(party.name or "", 35, 5))
    if number or name:
        writer.add("NAD", role, (number, "", agency) if number else "", "", name)
    if party.vat:
        writer.add("RFF", ("VA", envelope.exact(party.vat, 35, where=f"party {role}")))


def _line(writer: EdifactWriter, ack: Acknowledgement, one: AnsweredLine) -> None:
    envelope, ordered, line, where = writer.envelope, one.ordered, one.line, one.where
    gtin = envelope.exact(ordered.gtin or "", 35, where=f"order.{where}.gtin")
    writer.add("LIN", str(ordered.number), _LINES[line.code], (gtin, "EN") if gtin else "")
    if one.our_part:
        writer.add("PIA", "5" if not gtin else "1", (envelope.exact(one.our_part, 35, where=f"{where}.item"), "SA"))
    if ordered.customer_part:
        part = envelope.exact(ordered.customer_part, 35, where=f"order.{where}.customer_part")
        writer.add("PIA", "1", (part, "IN"))
    if ordered.description:
        description = tuple(envelope.texts(ordered.description, 35, 2))
        if description:
            writer.add("IMD", "F", "", ("", "", "", *description))
    _quantity(writer, "21", ordered.quantity, _unit(envelope, one, ordered=True), f"order.{where}.quantity")
    unit = _unit(envelope, one, ordered=False)
    if line.quantity is not None:
        _quantity(writer, "113", line.quantity, unit, f"{where}.quantity")
    if line.back_ordered:
        _quantity(writer, "83", line.back_ordered, unit, f"{where}.back_ordered")
    if line.day is not None:
        writer.add("DTM", ("67", _day(line.day), "102"))
    _texts(writer, "AAI", line.reason)
    if line.price is not None:
        basis = plain(line.price_basis, f"{where}.price_basis")
        per = ("", "", writer.number(basis), unit) if basis != "1" else ()
        writer.add("PRI", ("AAA", writer.number(plain(line.price, f"{where}.price")), *per))
    reference = envelope.exact(ack.order.po_number, 35, where="order.po_number")
    writer.add("RFF", ("ON", reference, str(ordered.number)))


def _quantity(writer: EdifactWriter, qualifier: str, value: Decimal, unit: str, where: str) -> None:
    writer.add("QTY", (qualifier, writer.number(plain(value, where)), unit))


def _unit(envelope: EdifactEnvelope, one: AnsweredLine, *, ordered: bool) -> str:
    return envelope.exact(one.unit("edifact", ordered=ordered), 8, where=f"{one.where}.unit")


def _texts(writer: EdifactWriter, subject: str, text: str) -> None:
    held = writer.envelope.texts(text, _TEXT, _TEXTS)
    if held:
        writer.add("FTX", subject, "", "", tuple(held))


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")

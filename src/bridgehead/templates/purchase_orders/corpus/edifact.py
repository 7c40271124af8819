"""Writes EDIFACT orders (ORDERS) and changes to them (ORDCHG) as ten partners use the directories.

Segments and qualifiers by the UN/EDIFACT directories D.93A, D.96A, D.97A, D.01B and D.03B, of which the EAN subsets
are one reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.edifact_pen import STYLES, Element, Pen, Segment, folded, interchange
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_EDI_ID, OUR_GLN, OUR_NAME, Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder, plain

_CHANGES: Final = {"quantity": "3", "date": "3", "drop": "2"}
"""Action codes of data element 1229: 2 is deletion, 3 is change."""
_TERMS: Final = {"en": "NET {n} DAYS", "de": "{n} TAGE NETTO", "fr": "{n} JOURS NET", "nl": "{n} DAGEN NETTO",
                 "es": "{n} DIAS", "it": "{n} GG D.F.", "pl": "PRZELEW {n} DNI", "sv": "{n} DAGAR NETTO"}  # fmt: skip
_LINE: Final = 35
"""Letters of a line of a name or an address (data elements 3036 and 3042)."""


def shown(habit: Habit, order: WrittenOrder) -> WrittenOrder:
    """Returns the order with its places spelt as the partner's syntax level can."""
    style = STYLES[habit.layout.name]

    def seen(place: Address | None) -> Address | None:
        if place is None:
            return None
        return replace(
            place, name=folded(style, place.name), street=folded(style, place.street), city=folded(style, place.city)
        )

    return replace(order, ship_to=seen(order.ship_to), bill_to=seen(order.bill_to))


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the interchange with one ORDERS per order; a resent one is sent with a new control reference alone."""
    pen = Pen(sending)
    del resent
    return interchange(pen, [("ORDERS", _order(pen, order)) for order in orders])


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns the interchange with one ORDCHG: changed lines, or the cancellation of the whole order."""
    pen = Pen(sending)
    order = change.order
    function = "1" if change.kind == "cancel" else "4"
    number = order.po_number if pen.voice % 2 else f"C{sending.serial:06}"
    body: list[Segment] = [("BGM", "230", number, function), pen.day("137", sending.at.date())]
    body.append(("RFF", ("ON", order.po_number)))
    if order.order_date:
        body.append(pen.day("4", order.order_date))
    body.extend(party(pen, "BY", None))
    body.extend(party(pen, "SU", None))
    for line in order.lines:
        body.extend(_line(pen, line, action=_CHANGES[change.kind]))
    body.append(("UNS", "S"))
    return interchange(pen, [("ORDCHG", body)])


def _order(pen: Pen, order: WrittenOrder) -> list[Segment]:  # noqa: C901 - one branch an optional segment
    voice, style = pen.voice, pen.style
    purpose = "9" if order.purpose == "original" else "45"[voice % 2]
    on_line = order.instruction if order.instruction and pen.sending.dice.chance(0.3) else None
    body: list[Segment] = [("BGM", style.order_code, order.po_number, purpose, "AB" if voice % 5 == 0 else "")]
    body.append(pen.day("137", order.order_date or pen.sending.at.date()))
    if order.requested_date:
        body.append(pen.day("63" if voice % 9 == 4 else "2", order.requested_date))
    for remark in (*order.notes, *([order.instruction] if order.instruction and not on_line else [])):
        body.extend(_texts(pen, ("AAI", "PUR", "GEN", "AAI")[voice % 4], remark))
    if voice % 4 == 1:
        body.append(("RFF", ("CT", f"FC-{voice + 100}")))
    body.extend(party(pen, "BY", None))
    if voice % 3 == 1:
        body.append(("CTA", "OC" if voice % 2 else "PD", ("", pen.text("Purchasing"))))
        body.append(("COM", (pen.sending.customer.phone.replace(" ", "").replace("+", "00"), "TE")))
    body.extend(party(pen, "SE" if voice % 4 == 3 else "SU", None))
    if order.ship_to is not None:
        body.extend(party(pen, "ST" if voice % 5 == 1 else "DP", order.ship_to))
    if order.bill_to is not None:
        body.extend(party(pen, "IV", order.bill_to))
    if voice % 6 == 2 and pen.sending.customer.vat and order.currency:
        body.append(
            ("TAX", "7", "VAT", "", "", ("", "", "", plain(Decimal(voice % 2 * 19))), "S" if voice % 2 else "Z")
        )
    if order.currency:
        body.append(("CUX", ("2", order.currency, "9")))
    if order.payment_terms:
        body.append(_terms(pen, order.payment_terms))
    if voice % 7 == 3:
        body.append(("TDT", "20", "", "30", "31" if voice % 2 else ""))
    if order.incoterms:
        body.append(("TOD", "6" if voice % 3 else "3", "" if voice % 4 else "PP", (order.incoterms, "", "")))
        if order.ship_to is not None and order.ship_to.city and voice % 2:
            body.append(("LOC", "1", ("", "", "", pen.text(order.ship_to.city))))
    if voice % 8 == 5:
        body.append(("ALC", "C", "", "6", "", "FC"))
    for index, line in enumerate(order.lines):
        body.extend(_line(pen, line, action="", remark=on_line if index == 0 else None))
    body.append(("UNS", "S"))
    if order.stated_total is not None:
        codes = (("86",), ("79",), ("79", "86"), ("86",))[voice % 4]
        body.extend(("MOA", (code, pen.money(order.stated_total))) for code in codes)
    if order.stated_quantity_total is not None:
        body.append(("CNT", ("1", pen.number(order.stated_quantity_total))))
    if order.stated_line_count is not None:
        body.append(("CNT", ("2", str(order.stated_line_count))))
    return body


def _texts(pen: Pen, subject: str, text: str) -> list[Segment]:
    language = "" if pen.voice % 2 else pen.sending.habit.language.upper()
    return [("FTX", subject, "", "", piece, language) for piece in pen.pieces(text, pen.style.text, 5)]


def _terms(pen: Pen, terms: str) -> Segment:
    days = terms.removeprefix("N")
    shown = pen.text(_TERMS[pen.sending.habit.language].format(n=days))
    if pen.voice % 3 == 2:
        return ("PAT", "1", ("6", "", "", shown), ("5", "3", "D", days))
    return ("PAT", "1", "", ("5" if pen.voice % 2 else "66", "3" if pen.voice % 4 else "1", "D", days))


def party(pen: Pen, role: str, place: Address | None) -> list[Segment]:
    """Returns NAD of the buyer (BY), of us (SU, SE), or of a place, identified the partner's own way."""
    customer, voice = pen.sending.customer, pen.voice
    if role in {"SU", "SE"}:
        identified: Element = (OUR_GLN, "", "9") if customer.gln else (OUR_EDI_ID, "", "92")
        return [("NAD", role, identified, "", pen.text(OUR_NAME) if voice % 2 else "")]
    if place is None:
        ways: list[Element] = [(customer.number, "", "91")]
        if customer.gln:
            ways.append((customer.gln, "", "9"))
        if customer.duns:
            ways.append((customer.duns, "", "16"))
        way = (*ways, "")[voice % (len(ways) + 1)]
        named: tuple[Element, ...] = ()
        if not way or voice % 4 != 1:
            named = ("", pen.pieces(customer.name, _LINE, 5)[0]) if voice % 3 else _address(pen, customer.bill_to)
        segments: list[Segment] = [("NAD", role, way, *named)]
        if voice % 5 == 3 and customer.vat:
            segments.append(("RFF", ("VA", customer.vat)))
        return segments
    ways = [(place.id, "", "91")] if place.id else []
    if place.gln and place.id:
        ways.append((place.gln, "", "9"))
    known = ways if pen.sending.habit.bare_places and place.id else [*ways, ""]
    return [("NAD", role, known[voice % len(known)], *_address(pen, place))]


def _address(pen: Pen, place: Address) -> tuple[Element, ...]:
    """Returns the elements after the identification: structured, or as free lines where the partner writes those."""
    if not place.street:
        return ()
    if pen.style.free_address:
        rows = (place.street, f"{place.postal_code} {place.city}", place.country)
        return ((*pen.pieces(place.name, _LINE, 2)[0], *(pen.text(row)[:_LINE] for row in rows)),)
    name, street = pen.pieces(place.name, _LINE, 5)[0], pen.pieces(place.street, _LINE, 3)[0]
    return ("", name, street, pen.text(place.city)[:_LINE], place.region, place.postal_code, place.country)


def _line(pen: Pen, line: WrittenLine, *, action: str, remark: str | None = None) -> list[Segment]:
    voice, style = pen.voice, pen.style
    ours, theirs, world = style.item_codes
    number = f"{line.number:06}" if voice % 7 == 4 else str(line.number)
    first: Element = (line.gtin, world) if line.gtin else ""
    pairs = [(code, text) for code, text in ((ours, line.ours), (theirs, line.theirs)) if text]
    if not line.gtin and pairs and voice % 4 == 2:
        code, text = pairs.pop()
        first = (text, code)
    segments: list[Segment] = [("LIN", number, action, first)]
    agency = {ours: "91", theirs: "92"} if voice % 3 == 0 else {}
    items = [(text, code, "", agency.get(code, "")) for code, text in pairs]
    if items and voice % 2:
        segments.append(("PIA", "5" if not line.gtin and not first else "1", *items))
    else:
        segments.extend(
            ("PIA", "5" if not line.gtin and not first and index == 0 else "1", item)
            for index, item in enumerate(items)
        )
    if line.description:
        width = 256 if style.text > 70 else _LINE
        segments.extend(("IMD", "F", "", ("", "", "", *piece)) for piece in pen.pieces(line.description, width, 2))
    segments.append(("QTY", ("21", pen.number(line.quantity), line.unit)))
    if line.requested_date:
        segments.append(pen.day("2", line.requested_date))
    if line.amount is not None:
        segments.append(("MOA", ("203", pen.money(line.amount))))
    if remark:
        segments.extend(_texts(pen, "LIN", remark))
    if line.price is not None:
        segments.extend(_price(pen, line, line.price))
    return segments


def _price(pen: Pen, line: WrittenLine, price: Decimal) -> list[Segment]:
    """Returns PRI with the net price (AAA), by some partners with the gross price and its discount beside it."""
    voice = pen.voice
    per: tuple[str, ...] = ()
    if line.basis != 1 or voice % 6 == 1:
        per = ("", "", plain(line.basis), line.unit)
    net = ("AAA", pen.money(price), *per)
    if voice % 9 == 7:
        gross = (price / Decimal("0.8")).quantize(Decimal("0.000001")).normalize()
        return [
            ("PRI", ("AAB", pen.number(gross), *per)), ("PRI", net),
            ("ALC", "A", "", "", "1", "TD"), ("PCD", ("3", "20")),
        ]  # fmt: skip
    if voice % 9 == 5 and not per:
        return [("PRI", (*net, "CT", "NTP"))]
    return [("PRI", net)]

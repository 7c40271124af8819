"""Writes X12 interchanges (850, 860 and what is no order) in the styles of eight kinds of partners.

Envelope by ASC X12.5/X12.6: ISA of fixed width; SE01, GE01 and IEA01 count segments, sets and groups. Version
004010, in one style 005010, in one 003040 with six-digit dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.customers import ascii_text
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_EDI_ID, OUR_NAME, Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder, plain

Segment = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How a partner's translator writes."""

    element: str = "*"
    component: str = ">"
    end: str = "~\n"
    version: str = "004010"
    upper: bool = True
    money_places: int = 2


STYLES: Final[dict[str, Style]] = {
    "plain": Style(),
    "one_line": Style(end="~"),
    "pipes": Style(element="|", end="~\r\n"),
    "lines_only": Style(component=":", end="\n"),
    "old_retail": Style(end="~\r\n", version="003040", money_places=0),
    "control_chars": Style(element="\x1d", component="\x1f", end="\x1c", money_places=0),
    "caret": Style(element="^", end="~"),
    "verbose": Style(component=":", version="005010", upper=False),
}

_ENTITY: Final = {"code": "91", "their code": "92", "gln": "UL", "duns": "1"}
_TERMS_TEXT: Final = {"en": "NET {n} DAYS", "de": "{n} TAGE NETTO", "nl": "{n} DAGEN NETTO"}
_CHANGE_CODES: Final = {"drop": "DI", "date": "CT"}


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes segments for one sending."""

    sending: Envelope
    style: Style

    def day(self, day: date) -> str:
        """Returns a date as this version has it: CCYYMMDD, or YYMMDD before 004010."""
        return day.strftime("%y%m%d" if self.style.version == "003040" else "%Y%m%d")

    def text(self, text: str, limit: int = 80) -> str:
        """Returns free text without separators, within the length that the element allows."""
        clean = ascii_text(text) if self.style.upper else text
        for sign in (self.style.element, self.style.component, *self.style.end):
            clean = clean.replace(sign, " ")
        clean = clean.upper() if self.style.upper else clean
        return clean[:limit].strip()

    def money(self, amount: Decimal) -> str:
        """Returns an amount as R elements have it: no thousands, a point for decimals."""
        exponent = amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > self.style.money_places:
            return plain(amount)
        return format(amount, f".{self.style.money_places}f")


def _pen(sending: Envelope) -> Pen:
    return Pen(sending, STYLES[sending.habit.layout.name])


def interchange(pen: Pen, functional: str, sets: Sequence[tuple[str, Sequence[Segment]]]) -> bytes:
    """Returns one interchange with one group of the given transaction sets (code, segments between ST and SE)."""
    sending, style = pen.sending, pen.style
    customer = sending.customer
    control = f"{sending.serial * 3 + int(customer.number) % 1000:09}"
    group = str(int(control) % 100000)
    now = sending.at
    sender, qualifier = (
        (customer.duns, "01") if customer.duns else (pen.text(ascii_text(customer.name).replace(" ", ""), 15), "ZZ")
    )
    usage = "^" if style.version == "005010" else "U"
    version = {"004010": "00401", "005010": "00501", "003040": "00304"}[style.version]
    isa = (
        "ISA", "00", " " * 10, "00", " " * 10, qualifier, f"{sender or '':15}", "ZZ", f"{OUR_EDI_ID:15}",
        now.strftime("%y%m%d"), now.strftime("%H%M"), usage, version, control, "0", "P", style.component,
    )  # fmt: skip
    gs_date = now.strftime("%y%m%d" if style.version == "003040" else "%Y%m%d")
    gs = (
        "GS", functional, (sender or "").strip(), OUR_EDI_ID, gs_date, now.strftime("%H%M"), group, "X", style.version,
    )  # fmt: skip
    segments: list[Segment] = [isa, gs]
    for index, (code, body) in enumerate(sets):
        number = f"{index + 1:04}"
        segments.extend((("ST", code, number), *body, ("SE", str(len(body) + 2), number)))
    segments.extend((("GE", str(len(sets)), group), ("IEA", "1", control)))
    lines = []
    for segment in segments:
        # Trailing empty elements are not sent (X12.6, section 3.5.4); ISA alone has all of its elements.
        trimmed = segment
        while len(trimmed) > 1 and not trimmed[-1]:
            trimmed = trimmed[:-1]
        lines.append(style.element.join(trimmed) + style.end)
    return "".join(lines).encode("ascii" if style.upper else "latin-1", "replace")


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the interchange with one 850 per order; a resent one has a control number of its own and says no more."""
    del resent
    pen = _pen(sending)
    return interchange(pen, "PO", [("850", _order(pen, order)) for order in orders])


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns the interchange with one 860: changed lines in POC, or a cancellation of the whole order."""
    pen = _pen(sending)
    order = change.order
    today = pen.day(sending.at.date())
    po_day = pen.day(order.order_date) if order.order_date else today
    purpose = "01" if change.kind == "cancel" else "04"
    body: list[Segment] = [
        ("BCH", purpose, "SA", order.po_number, order.release or "", "1", po_day, "", "", "", "", today)
    ]
    body.extend(_party(pen, "BY", None))
    for before, line in zip(change.before, order.lines, strict=True):
        more = line.quantity > before.quantity
        code = _CHANGE_CODES.get(change.kind, "QI" if more else "QD")
        body.append(
            ("POC", str(line.number), code, plain(line.quantity), plain(line.quantity), line.unit,
             pen.money(line.price) if line.price is not None else "", "", *_parts(sending, line))
        )  # fmt: skip
        if line.requested_date:
            body.append(("DTM", "002", pen.day(line.requested_date)))
    if order.lines:
        body.append(("CTT", str(len(order.lines))))
    return interchange(pen, "PC", [("860", body)])


def _order(pen: Pen, order: WrittenOrder) -> list[Segment]:  # noqa: C901 - one branch an optional segment
    voice = pen.sending.habit.voice
    old, verbose = pen.style.version == "003040", pen.style.version == "005010"
    day = pen.day(order.order_date or pen.sending.at.date())
    body: list[Segment] = [
        ("BEG", {"change": "05"}.get(order.purpose, "00"), "SA", order.po_number, order.release or "", day)
    ]
    remarks = [*order.notes, *([order.instruction] if order.instruction else [])]
    if old:
        body.extend(("NTE", "GEN", pen.text(note, 60)) for text in remarks for note in _cut(text, 60))
    if order.currency:
        body.append(("CUR", "BY", order.currency))
    if voice % 3 == 0:
        body.append(("REF", "DP", f"{voice + 10:03}"))
    if voice % 4 == 1 or verbose:
        body.append(("PER", "BD", pen.text("Purchasing Dept"), "TE", pen.sending.customer.phone.replace(" ", "-")))
    if order.incoterms:
        body.append(("FOB", "PP" if order.incoterms in {"DAP", "DDP", "CPT"} else "CC", "", "", "01", order.incoterms))
    if order.payment_terms:
        days = order.payment_terms.removeprefix("N")
        text = _TERMS_TEXT.get(pen.sending.habit.language, _TERMS_TEXT["en"]).format(n=days)
        body.append(("ITD", "01", "3", "", "", "", "", days, "", "", "", "", text if verbose or voice % 2 else ""))
    if order.requested_date:
        body.append(("DTM", "010" if voice % 5 == 2 else "002", pen.day(order.requested_date)))
    if verbose:
        body.append(("TD5", "", "", "", "", "BEST WAY"))
    if not old and remarks:
        body.append(("N9", "ZZ" if voice % 2 else "L1", "GENERAL NOTES" if voice % 2 else "SEE MSG"))
        body.extend(("MSG", pen.text(part, 200)) for text in remarks for part in _cut(text, 200))
    body.extend(_party(pen, "BY", None))
    if voice % 3 == 1:
        body.append(("N1", "SE", pen.text(OUR_NAME, 60)))
    if order.ship_to is not None:
        body.extend(_party(pen, "ST", order.ship_to))
    if order.bill_to is not None:
        body.extend(_party(pen, "BT", order.bill_to))
    for line in order.lines:
        body.extend(_line(pen, line, old=old))
    if order.stated_line_count is not None:
        hashed = plain(order.stated_quantity_total) if order.stated_quantity_total is not None else ""
        body.append(("CTT", str(order.stated_line_count), hashed))
    if order.stated_total is not None:
        if order.stated_line_count is None:
            body.append(("CTT", str(len(order.lines))))
        body.append(("AMT", "TT", pen.money(order.stated_total)))
    return body


def _cut(text: str, width: int) -> list[str]:
    parts: list[str] = []
    words = text.split()
    while words:
        part = words.pop(0)
        while words and len(part) + 1 + len(words[0]) <= width:
            part = f"{part} {words.pop(0)}"
        parts.append(part)
    return parts


def _party(pen: Pen, role: str, place: Address | None) -> list[Segment]:
    """Returns the N1 loop of the buyer (``place`` None) or of a place, identified the partner's own way."""
    customer, voice = pen.sending.customer, pen.sending.habit.voice
    if place is None:
        ways = [("code", customer.number)]
        if customer.duns:
            ways.append(("duns", customer.duns))
        if customer.gln:
            ways.append(("gln", customer.gln))
        ways.append(("", ""))
        way, code = ways[voice % len(ways)]
        return [("N1", role, pen.text(customer.name, 60), _ENTITY.get(way, ""), code)]
    way, code = _way(voice, place)
    segments: list[Segment] = [("N1", role, pen.text(place.name, 60), _ENTITY.get(way, ""), code)]
    if _addressed(voice, code):
        segments.append(("N3", pen.text(place.street, 55)))
        segments.append(
            ("N4", pen.text(place.city, 30), place.region, place.postal_code.replace(" ", ""), place.country)
        )
    return segments


def _way(voice: int, place: Address) -> tuple[str, str]:
    """Returns the kind of number that a partner with this voice names a place by, and the number; both may be empty."""
    ways = [("their code" if voice % 2 else "code", place.id)] if place.id else [("", "")]
    if place.gln and place.id:
        ways.append(("gln", place.gln))
    if place.id:
        ways.append(("", ""))
    return ways[voice % len(ways)]


def _addressed(voice: int, code: str) -> bool:
    """Returns True if the address stands beside the name; some partners leave it out where a number says enough."""
    return not code or voice % 3 != 0


def shown(habit: Habit, order: WrittenOrder) -> WrittenOrder:
    """Returns the order with as much of its places as the 850 says, spelt as it spells them."""
    upper = STYLES[habit.layout.name].upper

    def seen(place: Address | None) -> Address | None:
        if place is None:
            return None
        if upper:
            name, street, city = (ascii_text(text).upper() for text in (place.name, place.street, place.city))
            place = replace(place, name=name, street=street, city=city)
        if _addressed(habit.voice, _way(habit.voice, place)[1]):
            return place
        return replace(place, street="", city="", postal_code="", country="")

    return replace(order, ship_to=seen(order.ship_to), bill_to=seen(order.bill_to))


def _parts(sending: Envelope, line: WrittenLine) -> tuple[str, ...]:
    voice = sending.habit.voice
    pairs: list[tuple[str, str]] = []
    if line.theirs:
        pairs.append(("IN" if voice % 3 == 0 else "BP", line.theirs))
    if line.ours:
        pairs.append(("VN" if voice % 2 else "VP", line.ours))
    if line.gtin:
        pairs.append(("EN", line.gtin))
    return tuple(part for pair in pairs for part in pair)


def _line(pen: Pen, line: WrittenLine, *, old: bool) -> list[Segment]:
    voice, step = pen.sending.habit.voice, pen.sending.habit.step
    number = str(line.number)
    if step == 1 and voice % 7 == 3:
        number = ""
    elif voice % 4 == 0:
        number = f"{line.number:03}"
    basis = {Decimal(100): "HP"}.get(line.basis, "PE" if voice % 3 else "")
    price = pen.money(line.price) if line.price is not None else ""
    segments: list[Segment] = [
        ("PO1", number, plain(line.quantity), line.unit, price, basis if price else "", *_parts(pen.sending, line))
    ]
    if line.description:
        segments.append(("PID", "F", "", "", "", pen.text(line.description, 80)))
    if line.requested_date and (old or voice % 2):
        segments.append(("DTM", "002", pen.day(line.requested_date)))
    elif line.requested_date:
        segments.append(("SCH", plain(line.quantity), line.unit, "", "", "002", pen.day(line.requested_date)))
    return segments


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns an interchange that is no order: ``delivery_note`` (856 ship notice) or ``question`` (869 or 840)."""
    pen = _pen(sending)
    today = pen.day(sending.at.date())
    items = [replace(line, number=index + 1) for index, line in enumerate(lines)]
    if kind == "delivery_note":
        body: list[Segment] = [
            ("BSN", "00", f"R{sending.serial:07}", today, sending.at.strftime("%H%M")),
            ("HL", "1", "", "S"),
            ("REF", "BM", f"{7000000 + sending.serial}"),
            ("DTM", "011", today),
            *_party(pen, "SF", sending.customer.ship_tos[0]),
            ("HL", "2", "1", "O"),
            ("PRF", reference),
        ]
        for index, line in enumerate(items):
            body.append(("HL", str(index + 3), "2", "I"))
            body.append(("LIN", str(line.number), *_parts(sending, line)))
            body.append(("SN1", str(line.number), plain(line.quantity), line.unit))
        body.append(("CTT", str(len(items) + 2)))
        return interchange(pen, "SH", [("856", body)])
    if sending.dice.chance(0.5):
        body = [
            ("BSI", f"Q{sending.serial:06}", today, "", "1"),
            ("HL", "1", "", "O"),
            ("PRF", reference),
            *_party(pen, "BY", None),
        ]
        return interchange(pen, "RS", [("869", body)])
    due = pen.day(sending.at.date() + timedelta(days=7))
    body = [("BQT", "00", f"RFQ{sending.serial:05}", today), ("DTM", "036", due), *_party(pen, "BY", None)]
    for line in items:
        body.append(("PO1", str(line.number), plain(line.quantity), line.unit, "", "", *_parts(sending, line)))
    body.append(("CTT", str(len(items))))
    return interchange(pen, "RQ", [("840", body)])

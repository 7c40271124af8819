"""Reads TRADACOMS order files (ORDHDR 9, United Kingdom retail); other files are recognised and named.

Segments of the ANA/GS1 UK TRADACOMS manual: ``STX`` to ``END`` around the transmission, ``MHD`` to ``MTR`` around each
message, ``ORDHDR`` with supplier (SDT) and customer (CDT), one ``ORDERS`` message for each order.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from bridgehead.documents.decoding import decode
from bridgehead.documents.draft import Draft, DraftLine, DraftParty
from bridgehead.documents.edi import told_apart, watch_words, with_warnings
from bridgehead.documents.edifact.syntax import Segment, split_tradacoms
from bridgehead.documents.edifact.values import is_gtin, read_stated
from bridgehead.documents.order import Identifier, Order, Source
from bridgehead.documents.outcome import Kind, NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.vigilance import watch

_OPENING: Final = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*STX[=+][A-Z]{3,4}[:=+]")
_KINDS: Final[dict[str, tuple[Kind, str]]] = {
    "ACKHDR": ("order_response", "order acknowledgement"),
    "AVLHDR": ("stock_report", "availability report"),
    "CREHDR": ("invoice", "credit notes"),
    "DELHDR": ("delivery_note", "delivery notification"),
    "DLCHDR": ("delivery_note", "delivery confirmation"),
    "GENHDR": ("other", "general communication"),
    "INVFIL": ("invoice", "invoices"),
    "PAYHDR": ("payment", "payment orders"),
    "PICHDR": ("other", "picking instructions"),
    "PPRHDR": ("forecast", "product planning report"),
    "PRIHDR": ("catalogue", "price information"),
    "PROINF": ("master_data", "product information"),
    "RTSHDR": ("other", "retail sales"),
    "SNPSTS": ("stock_report", "stock snapshot"),
    "SRMHDR": ("invoice", "statements and remittances"),
    "UCNHDR": ("other", "uplift confirmation"),
    "UPLHDR": ("other", "uplift instructions"),
    "UTLHDR": ("invoice", "utility bills"),
    "UVAHDR": ("invoice", "utility bills"),
}
_NEW_ORDERS: Final = "0430"
_PRICE_DIGITS: Final = 4
_NUMBER: Final = re.compile(r"\d{1,15}")


def looks_like_tradacoms(document: bytes) -> bool:
    """Whether the bytes open like a TRADACOMS transmission."""
    return _OPENING.match(document[:64]) is not None


def read_tradacoms(document: bytes, part: str = "document") -> Reading:
    """Reads all orders of a transmission, or says what it holds instead; raises Refusal, naming the segment."""
    text = decode(document, part)
    if text.lstrip(" \t\r\n\ufeff")[3:4] != "=":
        raise Refusal(
            "tradacoms.syntax", "STX is followed by '+' where TRADACOMS has '='; no segment can be read.", "STX"
        )
    segments = split_tradacoms(text)
    messages = _messages(segments)
    kinds = [message[0].get(2) for message in messages]
    if "ORDERS" not in kinds:
        named = next((kind for kind in kinds if kind in _KINDS), kinds[0] if kinds else "")
        what = _KINDS.get(named, ("other", ""))
        return NotAnOrder(what[0], f"TRADACOMS {named[:10]}{f' ({what[1]})' if what[1] else ''}.")
    header = next((message for message in messages if message[0].get(2) == "ORDHDR"), [])
    orders = [_Reader(header, message, part).read() for message in messages if message[0].get(2) == "ORDERS"]
    warnings = tuple(
        f"count: OFT states {segment.get(1)[:9]} orders, there are {len(orders)} ({segment.place})"
        for segment in segments
        if segment.tag == "OFT" and segment.get(1) and segment.get(1).lstrip("0") != str(len(orders))
    )
    return Orders(tuple(with_warnings(order, *warnings) for order in told_apart(orders)))


def _messages(segments: list[Segment]) -> list[list[Segment]]:
    """The segments of each message without MTR; raises Refusal for a wrong count or nesting."""
    found: list[list[Segment]] = []
    inside: list[Segment] | None = None
    for segment in segments[1:]:
        if segment.tag == "MHD" and inside is None:
            inside = [segment]
        elif segment.tag == "MTR" and inside is not None:
            _counted(segment, len(inside) + 1, "segments")
            found.append(inside)
            inside = None
        elif segment.tag == "END" and inside is None:
            _counted(segment, len(found), "messages")
        elif inside is not None and segment.tag not in {"END", "STX", "MHD"}:
            inside.append(segment)
        elif segment.tag not in {"RSG", "BAT", "EOB"}:
            raise Refusal("tradacoms.nesting", f"{segment.tag} cannot stand here.", segment.place)
    if inside is not None or segments[-1].tag != "END":
        raise Refusal("tradacoms.cut_off", "The transmission ends without END.", f"after {segments[-1].place}")
    return found


def _counted(segment: Segment, actual: int, what: str) -> None:
    stated = segment.get(1)
    if _NUMBER.fullmatch(stated) is None or int(stated) != actual:
        raise Refusal(
            "tradacoms.count",
            f"{segment.tag} says {stated[:20] or 'nothing'} {what}, there are {actual}.",
            segment.place,
        )


class _Reader:
    """Reads one ORDERS message under the ORDHDR of its file."""

    def __init__(self, header: list[Segment], message: list[Segment], part: str) -> None:
        self.header, self.message, self.part = header, message, part
        self.draft = Draft("tradacoms", message="ORDERS")
        self.counts: dict[str, int] = {}

    def read(self) -> Order:
        """The order; raises Refusal when ORD is missing or a number is none."""
        draft = self.draft
        for segment in (*self.header, *self.message):
            self.counts[segment.tag] = self.counts.get(segment.tag, 0) + 1
            handler = getattr(self, f"_on_{segment.tag.lower()}", None)
            if handler is not None:
                handler(segment)
            if segment.tag not in {"MHD", "CDT", "SDT", "CLO", "FIL", "TYP"}:
                watch_words(draft, segment.tag, segment.place, [" ".join(one).strip() for one in segment.elements[1:]])
        if not draft.po_number:
            raise Refusal("tradacoms.missing_segment", "The message has no ORD with a number.", self.message[0].place)
        if not draft.lines:
            raise Refusal("tradacoms.missing_segment", "The order has no OLD line.", self.message[-1].place)
        watch(draft)
        return draft.finish()

    def _source(self, segment: Segment, element: int, component: int = 1, text: str | None = None) -> Source:
        place = f"{segment.tag}[{self.counts[segment.tag]}]/{element:02d}"
        if component > 1:
            place = f"{place}:{component}"
        found = segment.get(element, component) if text is None else text
        return Source(self.part, segment.line, found, segment=place)

    def _number(self, segment: Segment, element: int) -> Decimal | None:
        text = segment.get(element)
        if not text:
            return None
        if _NUMBER.fullmatch(text) is None:
            raise Refusal(
                "tradacoms.value", f"{segment.tag} element {element} {text[:30]!r} is no number.", segment.place
            )
        return Decimal(text)

    def _party(self, segment: Segment, party: DraftParty) -> None:
        for component, field in ((1, "gln"), (2, "number")):
            party.put(field, segment.get(1, component), self._source(segment, 1, component))
        party.put("name", segment.get(2), self._source(segment, 2))
        lines = [at for at in range(1, 5) if segment.get(3, at)]
        if lines:
            party.put("city", segment.get(3, lines[-1]), self._source(segment, 3, lines[-1]))
            street = ", ".join(segment.get(3, at) for at in lines[:-1])
            party.put("street", street, self._source(segment, 3, 1, street))
        party.put("postal_code", segment.get(3, 5), self._source(segment, 3, 5))

    def _on_typ(self, segment: Segment) -> None:
        if segment.get(1) != _NEW_ORDERS:
            self.draft.warn("uncertain", f"TYP {segment.get(1)[:10]!r} does not name new orders ({segment.place})")

    def _on_cdt(self, segment: Segment) -> None:
        self._party(segment, self.draft.buyer)
        self.draft.buyer.put("vat", segment.get(4), self._source(segment, 4))

    def _on_sdt(self, segment: Segment) -> None:
        self._party(segment, self.draft.seller)

    def _on_clo(self, segment: Segment) -> None:
        """CLOC: EAN of the place, the customer's number for it, and the supplier's, which is ours."""
        place = self.draft.ship_to
        if segment.get(1, 3):
            place.put("number", segment.get(1, 3), self._source(segment, 1, 3))
            place.identify("customer", segment.get(1, 2), self._source(segment, 1, 2))
        self._party(segment, place)

    def _on_ord(self, segment: Segment) -> None:
        draft = self.draft
        if draft.po_number:
            raise Refusal("tradacoms.nesting", "ORD stands twice in one message.", segment.place)
        draft.po_number = segment.get(1)
        draft.mark("po_number", self._source(segment, 1))
        draft.refer("supplier_order", segment.get(1, 2), self._source(segment, 1, 2))
        if segment.get(1, 3):
            found = read_stated(segment.get(1, 3), "101")
            draft.order_date = found.day
            if found.day is not None:
                draft.mark("order_date", self._source(segment, 1, 3))
            else:
                draft.warn("date", f"ORD {segment.get(1, 3)[:20]!r} {found.doubt} ({segment.place})")

    def _on_din(self, segment: Segment) -> None:
        days = [read_stated(segment.get(at), "101").day if segment.get(at) else None for at in (1, 2)]
        draft = self.draft
        for at, day in enumerate(days, 1):
            if segment.get(at) and day is None and segment.get(at).strip("0"):
                draft.warn("date", f"DIN {segment.get(at)[:20]!r} is no calendar day ({segment.place})")
        first, last = days
        if first is not None and last is not None and first != last:
            draft.date("not_before", first, self._source(segment, 1))
            draft.date("not_after", last, self._source(segment, 2))
        day = last or first
        if day is not None and draft.requested_date is None:
            draft.requested_date = day
            draft.mark("requested_date", self._source(segment, 2 if last else 1))
        text = " ".join(one for one in (segment.get(4, at) for at in range(1, 6)) if one)
        if text:
            draft.note(text, self._source(segment, 4, 1, text))

    def _on_dna(self, segment: Segment) -> None:
        """Narrative of the order."""
        text = " ".join(one.strip() for element in segment.elements[2:] for one in element if one.strip())
        if text:
            self.draft.note(text, self._source(segment, 2, 1, text))

    _on_dnb = _on_dna
    _on_dnc = _on_dna

    def _on_old(self, segment: Segment) -> None:
        line = DraftLine()
        self.draft.lines.append(line)
        number = self._number(segment, 1)
        line.number = int(number) if number else len(self.draft.lines)
        for element, component, field in (
            (2, 1, "gtin"),
            (3, 1, "gtin"),
            (2, 2, "supplier_part"),
            (4, 2, "customer_part"),
        ):
            value = segment.get(element, component)
            if value and getattr(line, field) is None:
                setattr(line, field, value)
                line.mark(field, self._source(segment, element, component))
        for element, scheme in ((3, "consumer unit"), (4, "customer")):
            other = segment.get(element)
            if other and other != line.gtin:
                line.mark(f"item_numbers[{len(line.item_numbers)}]", self._source(segment, element))
                line.item_numbers.append(Identifier(scheme, other))
        measure = " ".join(one for one in (segment.get(6, 2), segment.get(6, 3)) if one)
        for what, text in (("units in one", segment.get(5)), ("measure ordered", measure)):
            if text:
                line.mark(f"notes[{len(line.notes)}]", self._source(segment, 5 if what[0] == "u" else 6, 1, text))
                line.notes.append(f"{what}: {text}")
        if line.gtin is not None and not is_gtin(line.gtin):
            self.draft.warn("uncertain", f"line {line.number}: {line.gtin[:20]!r} is no EAN ({segment.place})")
        if line.part is None:
            self.draft.warn("uncertain", f"line {line.number} names no part number ({segment.place})")
        line.quantity = self._number(segment, 6)
        line.mark("quantity", self._source(segment, 6))
        line.unit_code = ""
        price = self._number(segment, 7)
        if price is not None:
            # Cost prices carry four implied decimals.
            line.price = price.scaleb(-_PRICE_DIGITS)
            line.mark("price", self._source(segment, 7))
        text = " ".join(one for one in (segment.get(10, at) for at in (1, 2)) if one)
        if text:
            line.description = text
            line.mark("description", self._source(segment, 10, 1, text))

    def _on_otr(self, segment: Segment) -> None:
        count = self._number(segment, 1)
        if count is not None:
            self.draft.stated_line_count = int(count)
            self.draft.mark("stated_line_count", self._source(segment, 1))

"""Reads X12 850 orders and 860 changes into canonical orders; other transaction sets are recognised and named."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import Draft, DraftLine, DraftParty
from bridgehead.documents.order import Charge, Order, Source
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.terms import country_of
from bridgehead.documents.vigilance import watch
from bridgehead.documents.x12 import codes
from bridgehead.documents.x12.envelope import Segment, Transaction, split_transactions

_NUMBER = re.compile(r"-?(?:\d{1,15}(?:\.\d{0,6})?|\.\d{1,6})")


def read_x12(text: str, part: str = "document") -> Reading:
    """Reads all orders of an interchange, or says what it holds instead.

    Raises Refusal for structural defects, naming the segment; a control value that does not add up is a
    warning on the order.
    """
    transactions = split_transactions(text)
    if not transactions:
        raise Refusal("x12.empty", "The interchange holds no transaction set.", part)
    orders: list[Order] = []
    others: list[str] = []
    for transaction in transactions:
        if transaction.set_id in {"850", "860"}:
            orders.append(_Reader(transaction, part).read())
        elif transaction.set_id in codes.UNREAD_ORDER_SETS:
            name = codes.UNREAD_ORDER_SETS[transaction.set_id]
            raise Refusal(
                "x12.unread_set",
                f"Transaction set {transaction.set_id} ({name}) is an order that this reader does not read.",
                transaction.segments[0].place,
            )
        else:
            others.append(transaction.set_id)
    if orders:
        if others:
            ignored = f"ignored: the interchange also holds {len(others)} other transaction set(s): {_names(others)}"
            orders = [_with_warning(order, ignored) for order in orders]
        return Orders(tuple(_told_apart(orders)))
    kind = codes.OTHER_SETS.get(others[0], ("other", ""))[0]
    return NotAnOrder(kind, f"X12 {_names(others)}.")


def _told_apart(orders: list[Order]) -> list[Order]:
    """The orders; those that share a number and differ are doubted, for nobody knows which one counts."""
    differing = {
        one.po_number
        for one in orders
        for other in orders[:200]
        if one.po_number == other.po_number and one.lines != other.lines
    }
    text = "uncertain: the interchange holds two orders of number {} that differ"
    return [
        _with_warning(order, text.format(order.po_number)) if order.po_number in differing else order
        for order in orders
    ]


def _names(sets: list[str]) -> str:
    return ", ".join(
        f"{one} ({codes.OTHER_SETS[one][1]})" if one in codes.OTHER_SETS else one[:10] for one in dict.fromkeys(sets)
    )


def _with_warning(order: Order, warning: str) -> Order:
    return replace(order, warnings=(*order.warnings, warning))


class _Reader:
    """Walks the segments of one 850 or 860; ``counts`` numbers each tag so that sources can name PO1[3]."""

    def __init__(self, transaction: Transaction, part: str) -> None:
        self.transaction = transaction
        self.part = part
        self.draft = Draft("x12")
        self.party: DraftParty | None = None
        self.line: DraftLine | None = None
        self.counts: dict[str, int] = {}
        self.dates: dict[str, tuple[date, Source]] = {}
        self.line_dates: dict[str, tuple[date, Source]] = {}
        self.schedule: list[tuple[Decimal, date | None]] = []
        self.summary = False
        self.roles: set[str] = set()

    def read(self) -> Order:
        """The order; raises Refusal when a segment or element it needs is missing or malformed."""
        first = self.transaction.segments[1] if len(self.transaction.segments) > 1 else None
        head = "BEG" if self.transaction.set_id == "850" else "BCH"
        if first is None or first.tag != head:
            found = first.place if first else "nothing"
            raise Refusal(
                "x12.missing_segment",
                f"{head} must follow ST of an {self.transaction.set_id}; found is {found}.",
                (first or self.transaction.segments[0]).place,
            )
        for segment in self.transaction.segments:
            self.counts[segment.tag] = self.counts.get(segment.tag, 0) + 1
            if segment.tag not in codes.SEGMENTS:
                raise Refusal("x12.unknown_segment", f"{segment.tag} is no segment of an order.", segment.place)
            handler = getattr(self, f"_on_{segment.tag.lower()}", None)
            if handler is not None:
                handler(segment)
            self._watch_words(segment)
        self._close_line()
        return self._finish()

    def _watch_words(self, segment: Segment) -> None:
        """Words in an element that no field holds may say that the order does not count."""
        if segment.tag in codes.NAMED:
            return
        for at, element in enumerate(segment.elements[1:], 1):
            found = doubt_in(element) if len(element) > codes.SHORT else None
            if found is not None:
                self.draft.warn(
                    "contradiction", f"{segment.tag}{at:02d} says {found!r}: {element[:80]!r} ({segment.place})"
                )

    def _finish(self) -> Order:
        draft = self.draft
        usage = self.transaction.interchange
        if usage.get(15).upper() != "P":
            draft.warn(
                "uncertain", f"ISA15 is {usage.get(15)[:10]!r}: the interchange is no production one ({usage.place})"
            )
        chosen = _preferred(self.dates)
        if chosen is not None:
            draft.requested_date, source = chosen
            draft.mark("requested_date", source)
        days = [line.requested_date for line in draft.lines if line.requested_date is not None]
        self._watch_limits(self.dates, max(days, default=draft.requested_date))
        if not draft.lines and draft.purpose in {"original", "confirmation"}:
            raise Refusal("x12.missing_segment", "The order has no PO1 line.", self.transaction.segments[-1].place)
        if not {"name", "number", "duns", "gln"} & draft.buyer.values.keys():
            isa = self.transaction.interchange
            if isa.get(5) in {"01", "14"}:
                draft.buyer.put("duns", isa.get(6)[:9], Source(self.part, isa.line, isa.get(6), segment="ISA/06"))
            elif isa.get(5) in {"08", "UP"}:
                draft.buyer.put("gln", isa.get(6), Source(self.part, isa.line, isa.get(6), segment="ISA/06"))
        watch(draft)
        return draft.finish()

    # Sources and elements

    def _source(self, segment: Segment, element: int, text: str | None = None) -> Source:
        place = f"{segment.tag}[{self.counts[segment.tag]}]/{element:02d}"
        return Source(self.part, segment.line, segment.get(element) if text is None else text, segment=place)

    def _number(self, segment: Segment, element: int, *, signed: bool = False) -> Decimal | None:
        text = segment.get(element)
        if not text:
            return None
        if _NUMBER.fullmatch(text) is None or (text.startswith("-") and not signed):
            raise Refusal("x12.value", f"{segment.tag}{element:02d} {text[:30]!r} is no valid number.", segment.place)
        return Decimal(text)

    def _date(self, segment: Segment, element: int) -> date | None:
        text = segment.get(element)
        if not text:
            return None
        found = parse_x12_date(text)
        if found is None:
            self.draft.warn("date", f"{segment.tag}{element:02d} {text[:30]!r} is no date ({segment.place})")
        return found

    # Header

    def _on_beg(self, segment: Segment) -> None:
        self._opening(segment, number=3, release=4, ordered=5)
        if segment.get(2) == "CP":
            self.draft.purpose = "change"
        elif segment.get(2) in {"BK", "BE", "BL"}:
            self.draft.purpose = "other"
        elif segment.get(2) and segment.get(2) not in codes.ORDER_TYPES:
            self.draft.warn(
                "uncertain", f"BEG02 {segment.get(2)[:10]!r} is no ordinary kind of order ({segment.place})"
            )

    def _on_bch(self, segment: Segment) -> None:
        self._opening(segment, number=3, release=4, ordered=6)
        if self.draft.purpose in {"original", "other"}:
            self.draft.purpose = "change"

    def _opening(self, segment: Segment, *, number: int, release: int, ordered: int) -> None:
        if self.counts[segment.tag] > 1:
            raise Refusal("x12.nesting", f"{segment.tag} stands twice in one transaction set.", segment.place)
        draft = self.draft
        purpose = segment.get(1)
        draft.purpose = codes.PURPOSES.get(purpose, "other")
        draft.mark("purpose", self._source(segment, 1))
        if not segment.get(number):
            raise Refusal("x12.missing_element", f"{segment.tag}{number:02d} (order number) is empty.", segment.place)
        draft.po_number = segment.get(number)
        draft.mark("po_number", self._source(segment, number))
        if segment.get(release):
            draft.release = segment.get(release)
            draft.mark("release", self._source(segment, release))
        draft.order_date = self._date(segment, ordered)
        if draft.order_date is not None:
            draft.mark("order_date", self._source(segment, ordered))

    def _on_cur(self, segment: Segment) -> None:
        currency = segment.get(2).upper()
        if not currency:
            return
        if self.draft.currency is not None and self.draft.currency != currency:
            self.draft.warn("uncertain", f"two currencies: {self.draft.currency} and {currency} ({segment.place})")
            return
        self.draft.currency = currency
        self.draft.mark("currency", self._source(segment, 2))

    def _on_itd(self, segment: Segment) -> None:
        if self.draft.payment_terms is not None:
            self.draft.warn("uncertain", f"a second statement of payment terms ({segment.place})")
            return
        percent, days, net = segment.get(3), segment.get(5), segment.get(7)
        terms = f"N{int(net)}" if net.isascii() and net.isdigit() and len(net) < 5 else segment.get(12)
        if percent and days and _NUMBER.fullmatch(percent) and Decimal(percent) and terms.startswith("N"):
            terms = f"{Decimal(percent).normalize():f}/{days} {terms}"
        if terms:
            self.draft.payment_terms = terms
            self.draft.mark("payment_terms", self._source(segment, 7 if net else 12))

    def _on_fob(self, segment: Segment) -> None:
        code = segment.get(5).upper()
        if len(code) == 3 and code.isalpha() and self.draft.incoterms is None:
            self.draft.incoterms = code
            self.draft.mark("incoterms", self._source(segment, 5))

    def _on_dtm(self, segment: Segment) -> None:
        element = 6 if not segment.get(2) and segment.get(5) == "D8" else 2
        found = self._date(segment, element)
        if found is None:
            return
        dates = self.dates if self.line is None else self.line_dates
        known = dates.setdefault(segment.get(1), (found, self._source(segment, element)))
        if known[0] != found:
            self.draft.warn("uncertain", f"DTM {segment.get(1)} is {known[0]} and {found} ({segment.place})")

    def _watch_limits(self, dates: dict[str, tuple[date, Source]], wanted: date | None) -> None:
        """Warns where a day that limits the delivery (cancel after, not before) contradicts the day asked for."""
        for qualifier, is_last in codes.LIMITS.items():
            if qualifier not in dates:
                continue
            limit, source = dates[qualifier]
            ordered = self.draft.order_date
            if (
                wanted is None
                or (limit < wanted if is_last else limit > wanted)
                or (is_last and ordered and limit < ordered)
            ):
                self.draft.warn(
                    "contradiction", f"{source.segment} limits the delivery by {limit}; {wanted} is asked for"
                )

    def _on_sac(self, segment: Segment) -> None:
        amount = self._number(segment, 5, signed=True)
        if amount:
            value = amount / 100 if "." not in segment.get(5) else amount
            self.draft.charges.append(
                Charge(segment.get(1) == "A", abs(value), code=segment.get(2) or None, reason=segment.get(15) or None)
            )
            what = segment.get(15) or segment.get(2)
            self.draft.warn("ignored", f"SAC states {what} of {value} ({segment.place})")
        if segment.get(15):
            self.draft.note(segment.get(15), self._source(segment, 15))

    def _on_msg(self, segment: Segment) -> None:
        self._text(segment, 1)

    def _on_mtx(self, segment: Segment) -> None:
        self._text(segment, 2)

    def _on_nte(self, segment: Segment) -> None:
        self._text(segment, 2)

    def _text(self, segment: Segment, element: int) -> None:
        if segment.get(element):
            self.draft.note(segment.get(element), self._source(segment, element))

    def _on_n9(self, segment: Segment) -> None:
        if segment.get(3):
            self.draft.note(segment.get(3), self._source(segment, 3))

    # Parties

    def _on_n1(self, segment: Segment) -> None:
        role = segment.get(1)
        if self.line is not None:
            self.party = DraftParty()
            if role == "ST":
                self.draft.warn("uncertain", f"line {self.line.number} has a ship-to of its own ({segment.place})")
            return
        draft = self.draft
        known = {"BY": draft.buyer, "ST": draft.ship_to, "BT": draft.bill_to}
        self.party = known.get(role, DraftParty())
        if role in known and role in self.roles:
            draft.warn("uncertain", f"a second party {role} ({segment.place})")
            self.party = DraftParty()
        self.roles.add(role)
        self.party.put("name", segment.get(2), self._source(segment, 2))
        qualifier, identity = segment.get(3), segment.get(4)
        field = {"1": "duns", "9": "duns", "UL": "gln", "91": "number", "92": "number"}.get(qualifier)
        if field == "duns":
            self.party.put("duns", identity[:9], self._source(segment, 4))
            if qualifier == "9" and role != "BY":
                self.party.put("number", identity, self._source(segment, 4))
        elif field is not None and not (qualifier == "92" and role == "BY"):
            self.party.put(field, identity, self._source(segment, 4))

    def _on_n2(self, segment: Segment) -> None:
        if self.party is not None:
            self.party.put("name", segment.get(1), self._source(segment, 1))

    def _on_n3(self, segment: Segment) -> None:
        if self.party is not None:
            street = ", ".join(one for one in (segment.get(1), segment.get(2)) if one)
            self.party.put("street", street, self._source(segment, 1, street))

    def _on_n4(self, segment: Segment) -> None:
        if self.party is not None:
            self.party.put("city", segment.get(1), self._source(segment, 1))
            self.party.put("postal_code", segment.get(3), self._source(segment, 3))
            self.party.put("country", country_of(segment.get(4)) or segment.get(4).upper(), self._source(segment, 4))

    def _on_per(self, segment: Segment) -> None:
        if self.line is None and (self.party is None or self.party is self.draft.buyer):
            for element in (3, 5, 7):
                if segment.get(element) == "EM":
                    self.draft.buyer.put("email", segment.get(element + 1).lower(), self._source(segment, element + 1))

    # Lines

    def _on_po1(self, segment: Segment) -> None:
        self._open_line(segment, quantity=2, unit=3, price=4, parts=6)

    def _on_poc(self, segment: Segment) -> None:
        self._open_line(segment, quantity=3, unit=5, price=6, parts=8)
        self.draft.note(f"POC {segment.get(1)}: {segment.get(2)}", self._source(segment, 2))

    def _open_line(self, segment: Segment, *, quantity: int, unit: int, price: int, parts: int) -> None:
        self._close_line()
        if self.summary:
            raise Refusal("x12.nesting", f"{segment.tag} stands after CTT.", segment.place)
        self.party = None
        line = DraftLine()
        self.line = line
        self.draft.lines.append(line)
        line.number = len(self.draft.lines)
        assigned = segment.get(1)
        if assigned.isascii() and assigned.isdigit() and 0 < len(assigned) <= 9:
            line.number = int(assigned)
            line.mark("number", self._source(segment, 1))
        line.quantity = self._number(segment, quantity)
        if line.quantity is None and segment.tag == "PO1":
            raise Refusal("x12.missing_element", "PO102 (quantity) is empty.", segment.place)
        line.mark("quantity", self._source(segment, quantity))
        line.unit = segment.get(unit).split(self.transaction.component or "\0")[0].upper()
        if line.unit:
            line.mark("unit", self._source(segment, unit))
        line.price = self._number(segment, price)
        if line.price is not None:
            line.mark("price", self._source(segment, price))
            self._price_basis(line, segment, price + 1)
        self._parts(line, segment, parts)

    def _price_basis(self, line: DraftLine, segment: Segment, element: int) -> None:
        code = segment.get(element)
        if not code:
            return
        basis = codes.PRICE_BASES.get(code)
        if basis == 12 and line.unit in {"DZ", "DZN"}:
            basis = 1
        if basis is None and line.unit in codes.PRICE_UNITS.get(code, frozenset()):
            basis = 1
        if basis is None:
            self.draft.warn("uncertain", f"line {line.number}: price basis {code[:10]!r} ({segment.place})")
            return
        line.price_basis = Decimal(basis)
        line.mark("price_basis", self._source(segment, element))

    def _parts(self, line: DraftLine, segment: Segment, first: int) -> None:
        found: dict[str, tuple[str, Source]] = {}
        for at in range(first, len(segment.elements), 2):
            qualifier, value = segment.get(at), segment.get(at + 1)
            if bool(qualifier) != bool(value):
                raise Refusal(
                    "x12.value",
                    f"{segment.tag}{at:02d}/{at + 1:02d} is half a pair of qualifier and number.",
                    segment.place,
                )
            if value:
                found.setdefault(qualifier, (value, self._source(segment, at + 1)))
        fields = (
            ("customer_part", codes.CUSTOMER_PARTS),
            ("supplier_part", codes.SUPPLIER_PARTS),
            ("gtin", codes.GTINS),
        )
        for field, qualifiers in fields:
            for qualifier in qualifiers:
                if qualifier in found:
                    value, source = found[qualifier]
                    setattr(line, field, value)
                    line.mark(field, source)
                    break
        if line.part is None:
            self.draft.warn("uncertain", f"line {line.number} names no part number ({segment.place})")

    def _on_ctp(self, segment: Segment) -> None:
        price = self._number(segment, 3)
        line = self.line
        if line is None or price is None:
            return
        if segment.get(2) and segment.get(2) not in codes.PRICE_CLASSES:
            return
        if line.price is not None:
            if price != line.price:
                self.draft.warn(
                    "contradiction",
                    f"line {line.number}: CTP states the price {price}, not {line.price} ({segment.place})",
                )
            return
        line.price = price
        line.mark("price", self._source(segment, 3))
        self._price_basis(line, segment, 9)

    def _on_qty(self, segment: Segment) -> None:
        quantity = self._number(segment, 2, signed=True)
        if self.line is not None and quantity is not None and quantity != self.line.quantity:
            self.draft.warn(
                "contradiction",
                f"line {self.line.number} orders {self.line.quantity}, QTY states {quantity} ({segment.place})",
            )

    def _on_ref(self, segment: Segment) -> None:
        if segment.get(3):
            self.draft.note(segment.get(3), self._source(segment, 3))

    def _on_pid(self, segment: Segment) -> None:
        if self.line is None:
            self._text(segment, 5)
        elif segment.get(5):
            if self.line.description is None:
                self.line.mark("description", self._source(segment, 5))
                self.line.description = segment.get(5)
            else:
                self.line.description += f" {segment.get(5)}"

    def _on_sch(self, segment: Segment) -> None:
        quantity = self._number(segment, 1)
        self.schedule.append((quantity or codes.ZERO, self._date(segment, 6)))
        if self.line is not None and self.line.requested_date is None and segment.get(6):
            self.line.mark("requested_date", self._source(segment, 6))

    def _on_sdq(self, segment: Segment) -> None:
        if self.line is not None:
            self.draft.warn("uncertain", f"line {self.line.number} is spread over several places ({segment.place})")

    def _on_sln(self, segment: Segment) -> None:
        if self.line is not None:
            self.draft.warn("ignored", f"line {self.line.number} has sub-lines ({segment.place})")

    def _close_line(self) -> None:
        line = self.line
        if line is None:
            return
        dates = {when for _, when in self.schedule if when is not None}
        if self.schedule and sum(quantity for quantity, _ in self.schedule) != line.quantity:
            self.draft.warn("count", f"line {line.number}: its schedule does not add up to {line.quantity}")
        chosen = _preferred(self.line_dates)
        if len(dates) == 1:
            line.requested_date = dates.pop()
        elif len(dates) > 1:
            line.sources.pop("requested_date", None)
            self.draft.warn("uncertain", f"line {line.number} is to be delivered on {len(dates)} dates")
        elif chosen is not None:
            line.requested_date, source = chosen
            line.mark("requested_date", source)
        self._watch_limits(self.line_dates, line.requested_date)
        self.line, self.line_dates, self.schedule = None, {}, []

    # Summary

    def _on_ctt(self, segment: Segment) -> None:
        self._close_line()
        self.party = None
        self.summary = True
        count = self._number(segment, 1)
        if count is not None:
            self.draft.stated_line_count = int(count)
            self.draft.mark("stated_line_count", self._source(segment, 1))
        total = self._number(segment, 2)
        if total is not None:
            self.draft.stated_quantity_total = total
            self.draft.mark("stated_quantity_total", self._source(segment, 2))

    def _on_amt(self, segment: Segment) -> None:
        amount = self._number(segment, 2, signed=True)
        if amount is None:
            return
        if self.line is not None:
            if segment.get(1) == "1":
                self.line.amount = amount
                self.line.mark("amount", self._source(segment, 2))
        elif segment.get(1) in {"TT", "1", "GV", "5"}:
            self.draft.stated_total = amount
            self.draft.mark("stated_total", self._source(segment, 2))


def parse_x12_date(text: str) -> date | None:
    """``CCYYMMDD`` or ``YYMMDD`` (years 70 to 99 are of the last century); None when it is no calendar day."""
    if not (text.isascii() and text.isdigit() and len(text) in {6, 8}):
        return None
    if len(text) == 6:
        text = ("19" if text[:2] >= "70" else "20") + text
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _preferred(dates: dict[str, tuple[date, Source]]) -> tuple[date, Source] | None:
    for qualifier in codes.DELIVERY_DATES:
        if qualifier in dates:
            return dates[qualifier]
    return None

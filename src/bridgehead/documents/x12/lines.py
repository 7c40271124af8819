"""Reads the PO1 and POC loops of an X12 order."""

from __future__ import annotations

from decimal import Decimal

from bridgehead.documents.draft import DraftLine
from bridgehead.documents.edi import preferred, watch_limits
from bridgehead.documents.edi_units import x12_unit
from bridgehead.documents.order import Delivery, Identifier, Source
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.x12 import codes
from bridgehead.documents.x12.envelope import Segment
from bridgehead.documents.x12.walk import Walk

_UPC_WITHOUT_CHECK = 11


def on_po1(walk: Walk, segment: Segment) -> None:
    """PO1: 350 number, 330 quantity, 355 unit, 212 price, 639 basis, pairs of 235 and 234."""
    _open_line(walk, segment, quantity=2, unit=3, price=4, parts=6)


def on_poc(walk: Walk, segment: Segment) -> None:
    """POC: as PO1, with 670 what changes and the quantity left."""
    _open_line(walk, segment, quantity=3, unit=5, price=6, parts=8)
    walk.draft.note(f"POC {segment.get(1)}: {segment.get(2)}", walk.source(segment, 2))


def _open_line(walk: Walk, segment: Segment, *, quantity: int, unit: int, price: int, parts: int) -> None:
    close_line(walk)
    if walk.summary:
        raise Refusal("x12.nesting", f"{segment.tag} stands after CTT.", segment.place)
    line = DraftLine()
    walk.line, walk.part_name = line, None
    walk.draft.lines.append(line)
    line.number = len(walk.draft.lines)
    assigned = segment.get(1)
    if assigned.isascii() and assigned.isdigit() and 0 < len(assigned) <= 9:
        line.number = int(assigned)
        line.mark("number", walk.source(segment, 1))
    line.quantity = walk.number(segment, quantity, signed=True)
    if line.quantity is not None:
        line.mark("quantity", walk.source(segment, quantity))
        if line.quantity < 0:
            walk.draft.warn("uncertain", f"line {line.number} orders {line.quantity} ({segment.place})")
    line.unit = segment.get(unit).split(walk.transaction.component or "\0")[0].upper()
    if line.unit:
        line.mark("unit", walk.source(segment, unit))
        line.unit_code = x12_unit(line.unit)
    line.price = walk.number(segment, price)
    if line.price is not None:
        line.mark("price", walk.source(segment, price))
        _price_basis(walk, line, segment, price + 1)
    _take_parts(walk, segment, parts)
    if line.part is None and not line.item_numbers:
        walk.draft.warn("uncertain", f"line {line.number} names no part number ({segment.place})")


def _price_basis(walk: Walk, line: DraftLine, segment: Segment, element: int) -> None:
    code = segment.get(element)
    if not code:
        return
    basis = codes.PRICE_BASES.get(code)
    if basis == 12 and line.unit in {"DZ", "DZN"}:
        basis = 1
    if basis is None and line.unit in codes.PRICE_UNITS.get(code, frozenset()):
        basis = 1
    if basis is None:
        walk.draft.warn("uncertain", f"line {line.number}: price basis {code[:10]!r} ({segment.place})")
        return
    line.price_basis = Decimal(basis)
    line.mark("price_basis", walk.source(segment, element))


def _take_parts(walk: Walk, segment: Segment, first: int) -> None:
    """Puts the pairs of qualifier and number into the line; raises Refusal for a number without its qualifier."""
    line = walk.line
    if line is None:
        return
    found: dict[str, tuple[str, Source]] = {}
    numbers: list[tuple[str, str, Source]] = []
    for at in range(first, len(segment.elements), 2):
        qualifier, value = segment.get(at).upper(), segment.get(at + 1)
        if value and not qualifier:
            line_number = f"line {line.number}: {segment.tag}{at + 1:02d} {value[:30]!r}"
            walk.draft.warn("uncertain", f"{line_number} is a number without qualifier ({segment.place})")
            qualifier = codes.UNNAMED
        if qualifier and not value:
            walk.draft.warn("uncertain", f"{segment.tag}{at:02d} {qualifier[:3]} has no number ({segment.place})")
        if value and found.setdefault(qualifier, (value, walk.source(segment, at + 1)))[0] != value:
            numbers.append((qualifier, value, walk.source(segment, at + 1)))
    for qualifier, what in codes.LOOKS.items():
        if qualifier in found:
            value, source = found.pop(qualifier)
            line.mark(f"notes[{len(line.notes)}]", source)
            line.notes.append(f"{what}: {value}")
    walk.part_name = found.pop("PD", None) or walk.part_name
    bare = [one for one in codes.WITHOUT_CHECK_DIGIT if one in found and len(found[one][0]) == _UPC_WITHOUT_CHECK]
    numbers += [(one, *found.pop(one)) for one in bare]
    used: set[str] = set()
    for field, qualifiers in (
        ("customer_part", codes.CUSTOMER_PARTS),
        ("gtin", codes.GTINS),
        ("supplier_part", codes.SUPPLIER_PARTS),
        ("supplier_part", codes.MAKER_PARTS),
    ):
        chosen = next((one for one in qualifiers if one in found), None)
        if chosen is not None and getattr(line, field) is None:
            value, source = found[chosen]
            setattr(line, field, value)
            line.mark(field, source)
            used.add(chosen)
    numbers += [(one, *found[one]) for one in found if one not in used and one not in codes.NOT_NUMBERS]
    for qualifier, value, source in numbers:
        line.mark(f"item_numbers[{len(line.item_numbers)}]", source)
        line.item_numbers.append(Identifier(qualifier, value))


def on_lin(walk: Walk, segment: Segment) -> None:
    """LIN in a line: further pairs of 235 and 234."""
    if walk.line is not None and not walk.sub_line:
        _take_parts(walk, segment, 2)


def on_ctp(walk: Walk, segment: Segment) -> None:
    """CTP: 236 class of the price, 212 price, 639 basis; the line's price where PO1 has none."""
    price, line = walk.number(segment, 3), walk.line
    if line is not None and segment.get(6) and segment.get(7) and not walk.sub_line:
        told = f"multiplies its price by {segment.get(6)[:3]} {segment.get(7)[:20]}"
        walk.draft.warn("uncertain", f"line {line.number} {told} ({segment.place})")
    if line is None or price is None or walk.sub_line:
        return
    if segment.get(2) and segment.get(2) not in codes.PRICE_CLASSES:
        return
    if line.price is not None:
        if price != line.price:
            walk.draft.warn(
                "contradiction",
                f"line {line.number}: CTP states the price {price}, not {line.price} ({segment.place})",
            )
        return
    line.price = price
    line.mark("price", walk.source(segment, 3))
    _price_basis(walk, line, segment, 9)


def on_qty(walk: Walk, segment: Segment) -> None:
    """QTY: 673 what for, 380 quantity; one that is ordered repeats PO1's."""
    quantity, line = walk.number(segment, 2, signed=True), walk.line
    if line is None or quantity is None or walk.sub_line or segment.get(1) not in codes.ORDERED:
        return
    if line.quantity is None:
        line.quantity = quantity
        line.mark("quantity", walk.source(segment, 2))
    elif quantity != line.quantity:
        walk.draft.warn(
            "contradiction", f"line {line.number} orders {line.quantity}, QTY states {quantity} ({segment.place})"
        )


def on_pid(walk: Walk, segment: Segment) -> None:
    """PID: 352 words; of the line its description, of the order a note."""
    text, line = segment.get(5), walk.line
    if not text or walk.sub_line:
        return
    if line is None:
        walk.text(segment, 5)
    elif line.description is None:
        line.mark("description", walk.source(segment, 5))
        line.description = text
    else:
        line.description += f" {text}"


def on_pam(walk: Walk, segment: Segment) -> None:
    """PAM: 522 1 is the amount of the line."""
    amount = walk.number(segment, 5, signed=True)
    if walk.line is not None and not walk.sub_line and amount is not None and segment.get(4) == "1":
        walk.line.amount = amount
        walk.line.mark("amount", walk.source(segment, 5))


def on_sch(walk: Walk, segment: Segment) -> None:
    """SCH: quantity and day of one delivery of the line."""
    quantity, line = walk.number(segment, 1), walk.line
    day = walk.day(segment, 6)
    if line is None or walk.sub_line:
        return
    line.mark(f"deliveries[{len(line.deliveries)}]", walk.source(segment, 1))
    line.deliveries.append(Delivery(quantity or codes.ZERO, day))
    if segment.get(6):
        line.sources.setdefault("requested_date", walk.source(segment, 6))


def on_sdq(walk: Walk, segment: Segment) -> None:
    """SDQ: pairs of place and quantity; they say that the line goes to several places."""
    line = walk.line
    if line is None:
        return
    for at in range(4, len(segment.elements), 2):
        walk.number(segment, at)
    places = [segment.get(at) for at in range(3, len(segment.elements), 2) if segment.get(at)]
    where = "several places" if len(places) != 1 else f"a place of its own, {places[0][:40]}"
    walk.draft.warn("uncertain", f"line {line.number} goes to {where} ({segment.place})")


def on_sln(walk: Walk, segment: Segment) -> None:
    """SLN: a part of the line; what follows is of the part."""
    if walk.line is not None:
        walk.sub_line = True
        walk.draft.warn("ignored", f"line {walk.line.number} has sub-lines ({segment.place})")


def close_line(walk: Walk) -> None:
    """Settles the day of the line."""
    line, walk.line, walk.party, walk.sub_line = walk.line, None, None, False
    if line is None:
        return
    if line.description is None and walk.part_name is not None:
        line.description, source = walk.part_name
        line.mark("description", source)
    days = {one.day for one in line.deliveries if one.day is not None}
    chosen = preferred(walk.line_days, codes.DELIVERY_DATES)
    if len(days) == 1:
        line.requested_date = days.pop()
    elif len(days) > 1:
        line.sources.pop("requested_date", None)
        walk.draft.warn("uncertain", f"line {line.number} is to be delivered on {len(days)} dates")
    elif chosen is not None:
        line.requested_date, source = chosen
        line.mark("requested_date", source)
    watch_limits(walk.draft, walk.line_days, line.requested_date, codes.LIMITS)
    walk.line_days = {}

"""Reads the lines of an EDIFACT order: LIN with the segments of its group."""

from __future__ import annotations

from decimal import Decimal

from bridgehead.documents.draft import DraftLine
from bridgehead.documents.edi import SHORT, first_of, preferred, watch_limits
from bridgehead.documents.edi_units import edifact_unit
from bridgehead.documents.edifact import codes
from bridgehead.documents.edifact.syntax import Segment
from bridgehead.documents.edifact.values import is_gtin
from bridgehead.documents.edifact.walk import OpenLine, Split, Walk
from bridgehead.documents.order import Delivery, Identifier
from bridgehead.documents.outcome import Refusal

_MOST_NUMBERS = 50
_ADDED = frozenset({"", "1", "5", "7", "16"})
_SUBSTITUTES = frozenset({"2", "3", "4"})
_FREE_TEXT = frozenset({"", "F", "E", "A", "B", "D", "X"})


def on_lin(walk: Walk, segment: Segment) -> None:
    """LIN: 1082 number, 1229 action, C212 item number, C829 sub-line of another line."""
    close_line(walk)
    if walk.section == "summary":
        raise Refusal("edifact.nesting", "LIN stands after UNS.", segment.place)
    walk.section = "lines"
    walk.party = None
    draft = walk.draft
    sub = bool(draft.lines) and segment.get(4, 2) not in {"", segment.get(1)}
    walk.open = OpenLine(DraftLine(), counted=not sub, action=segment.get(2))
    line = walk.open.line
    if sub:
        parent = draft.lines[-1].number if draft.lines else None
        draft.warn("ignored", f"line {parent} has sub-lines ({segment.place})")
        line.number = parent
        return
    draft.lines.append(line)
    line.number = len(draft.lines)
    assigned = segment.get(1)
    if assigned.isascii() and assigned.isdigit() and 0 < len(assigned) <= 9:
        line.number = int(assigned)
        line.mark("number", walk.source(segment, 1))
    elif assigned:
        draft.warn("remark", f"LIN numbers its line {assigned[:20]!r} ({segment.place})")
    if segment.get(2) not in _ADDED:
        kind = "uncertain" if draft.purpose != "original" else "contradiction"
        draft.warn(kind, f"line {line.number} has the action {segment.get(2)[:3]} (1229) ({segment.place})")
    _item_number(walk, segment, 3)


def on_pia(walk: Walk, segment: Segment) -> None:
    """PIA: further item numbers; those of substitutes are not the line's."""
    if walk.open is None:
        return
    if segment.get(1) in _SUBSTITUTES:
        walk.draft.warn("ignored", f"line {walk.open.line.number} names a substitute ({segment.place})")
        return
    for element in range(2, len(segment.elements)):
        _item_number(walk, segment, element)


def _item_number(walk: Walk, segment: Segment, element: int) -> None:
    number, kind = segment.get(element), segment.get(element, 2).upper()
    if not number or walk.open is None:
        return
    if not kind:
        kind = "SRV" if is_gtin(number) else ""
    elif kind in codes.GTIN_TYPES and not number.isdigit():
        line = walk.open.line.number
        walk.draft.warn("uncertain", f"line {line}: {number[:35]!r} is called {kind[:3]} and no GTIN ({segment.place})")
        kind = ""
    found = (number, walk.source(segment, element))
    if walk.open.numbers.setdefault(kind, found)[0] != number:
        walk.open.more_numbers.append((kind, *found))


def on_imd(walk: Walk, segment: Segment) -> None:
    """IMD: 7077 says whether C273 is free text or a code with its name."""
    if walk.open is None:
        return
    text = "".join(segment.get(3, at) for at in (4, 5)) if len(segment.get(3, 4)) >= 35 else ""
    text = text or " ".join(one for one in (segment.get(3, 4), segment.get(3, 5)) if one)
    pieces = segment.elements[3] if len(segment.elements) > 3 else []
    more = ":".join(pieces[5:])
    if len(more) > SHORT:
        # C273 ends with a language code of three signs: the sender did not release the separators of its text.
        text = f"{text}:{more}"
        walk.draft.warn("remark", f"IMD holds {len(pieces)} components where 6 are allowed ({segment.place})")
    if not text:
        # Senders put free text where a code belongs; a code is short.
        text = next((one for one in (segment.get(3), segment.get(4)) if len(one) > SHORT), "")
    if text:
        walk.open.texts.append((segment.get(1).upper(), text, walk.source(segment, 3, 4, text)))


def on_qty(walk: Walk, segment: Segment) -> None:
    """QTY: C186 with 6063 qualifier, 6060 quantity, 6411 unit; of the line, of a split of it, or of an allowance."""
    qualifier = segment.get(1).upper()
    if not qualifier:
        raise Refusal("edifact.missing_component", "QTY states no qualifier (C186/6063).", segment.place)
    quantity = walk.number(segment, 1, 2)
    opened = walk.open
    if quantity is None:
        raise Refusal("edifact.missing_component", "QTY states no quantity (C186/6060).", segment.place)
    if opened is None or walk.allowance is not None:
        return
    walk.all_quantities += quantity
    source, unit = walk.source(segment, 1, 2), segment.get(1, 3).upper()
    if qualifier in codes.SPLITS and (opened.in_split or qualifier in opened.quantities):
        if qualifier in opened.quantities and not opened.in_split:
            walk.draft.warn("uncertain", f"line {opened.line.number} has two quantities {qualifier} ({segment.place})")
        opened.splits.append(Split(quantity, source))
        if unit and first_of(codes.ORDERED, opened.quantities) is None:
            opened.quantities.setdefault("unit", (quantity, unit, source))
        return
    if qualifier == "192":
        walk.draft.warn("ignored", f"line {opened.line.number} asks for {quantity} free of charge ({segment.place})")
    opened.quantities.setdefault(qualifier, (quantity, unit, source))


def on_pri(walk: Walk, segment: Segment) -> None:
    """PRI: C509 with 5125 qualifier, 5118 price, 5387 type, 5284 basis, 6411 unit of the basis."""
    if walk.open is None or not segment.get(1, 2):
        return
    first, _ = walk.open.prices.setdefault(segment.get(1).upper(), (segment, walk.source(segment, 1, 2)))
    if first.get(1, 2) != segment.get(1, 2) and walk.open.counted:
        walk.draft.warn(
            "uncertain",
            f"line {walk.open.line.number} has two prices {segment.get(1)[:3]}, the first counts ({segment.place})",
        )


def on_loc(walk: Walk, segment: Segment) -> None:
    """LOC of a line opens a split of its quantity once the line's own is stated; 7 is the place of delivery."""
    opened = walk.open
    if opened is None:
        _place_of_order(walk, segment)
        return
    opened.in_split = bool(opened.quantities)
    if segment.get(1) in {"7", "11", "19", "162", "65"}:
        opened.places.add(segment.get(2))
        if len(opened.places) == 2 and opened.counted:
            walk.draft.warn("uncertain", f"line {opened.line.number} goes to several places ({segment.place})")


def _place_of_order(walk: Walk, segment: Segment) -> None:
    """LOC beside a party names a place of it (7: where the goods go), after TOD the place of the terms."""
    place = segment.get(2) or segment.get(2, 4)
    if not place:
        return
    source = walk.source(segment, 2, 1, place)
    if walk.party is not None and segment.get(1) == "7":
        walk.party.identify("LOC 7", place, source)
        walk.place = walk.place or (place, source)
    elif walk.after == "TOD":
        walk.draft.note(f"place of the terms of delivery: {place}", source)


def on_scc(walk: Walk, _: Segment) -> None:
    """SCC opens the delivery schedule of a line."""
    if walk.open is not None:
        walk.open.in_split = True


def close_line(walk: Walk) -> None:
    """Settles what the LIN group stated; the preferred quantity, price, numbers and day become the line's."""
    opened, walk.open, walk.party = walk.open, None, None
    if opened is None or not opened.counted:
        return
    line, draft = opened.line, walk.draft
    _close_quantity(walk, opened)
    _close_price(walk, opened)
    _close_numbers(walk, opened)
    _close_texts(opened)
    for qualifier in codes.LINE_AMOUNTS:
        if qualifier in opened.amounts:
            line.amount, source = opened.amounts[qualifier]
            line.mark("amount", source)
            break
    chosen = preferred(opened.days, codes.DELIVERY_DATES)
    days = {split.day for split in opened.splits if split.day is not None}
    if len(days) == 1 and chosen is None:
        split = next(one for one in opened.splits if one.day is not None)
        line.requested_date = split.day
        line.mark("requested_date", split.source)
    elif chosen is not None:
        line.requested_date, source = chosen
        line.mark("requested_date", source)
    if len(days) > 1:
        draft.warn("uncertain", f"line {line.number} is to be delivered on {len(days)} dates")
        line.requested_date = None
        line.sources.pop("requested_date", None)
    watch_limits(draft, opened.days, line.requested_date, codes.LIMITS)


def _close_quantity(walk: Walk, opened: OpenLine) -> None:
    line, draft = opened.line, walk.draft
    name = first_of(codes.ORDERED, opened.quantities)
    if name is None:
        others = [one for one in opened.quantities if one not in codes.CONTENTS and one not in {"192", "unit"}]
        if len(others) == 1:
            name = others[0]
            draft.warn("uncertain", f"line {line.number} states its quantity under the qualifier {name[:3]}")
    if name is not None:
        line.quantity, line.unit, source = opened.quantities[name]
        line.mark("quantity", source)
        if line.quantity < 0:
            draft.warn("uncertain", f"line {line.number} orders {line.quantity}")
    elif opened.splits:
        line.quantity = sum((one.quantity for one in opened.splits), Decimal(0))
        line.mark("quantity", opened.splits[0].source)
        if "unit" in opened.quantities:
            line.unit = opened.quantities["unit"][1]
    if line.unit:
        line.mark("unit", line.sources["quantity"])
        line.unit_code = edifact_unit(line.unit)
    line.deliveries = [Delivery(one.quantity, one.day) for one in opened.splits]
    for at, split in enumerate(opened.splits):
        line.mark(f"deliveries[{at}]", split.source)


def _close_price(walk: Walk, opened: OpenLine) -> None:
    line, draft = opened.line, walk.draft
    wanted: list[str] = [one for one in codes.PRICES if one in opened.prices]
    wanted += [one for one in opened.prices if one not in wanted]
    net = [one for one in wanted if one not in codes.GROSS_PRICES]
    sold = [one for one in net if opened.prices[one][0].get(1, 4) not in codes.RETAIL_PRICES] or net
    if not sold:
        if wanted:
            draft.warn("ignored", f"line {line.number} states a price with taxes alone")
        elif "146" in opened.amounts:
            line.price, source = opened.amounts["146"]
            line.mark("price", source)
        return
    if sold[0] in codes.NET_PRICES and line.charges:
        _drop_included(walk, opened)
    segment, source = opened.prices[sold[0]]
    price = walk.number(segment, 1, 2)
    line.price = price
    line.mark("price", source)
    if sold[0] not in codes.PRICES:
        draft.warn("uncertain", f"line {line.number} states its price under {sold[0][:3]!r} ({segment.place})")
    basis = walk.number(segment, 1, 5)
    if basis is not None and basis > 0:
        line.price_basis = basis
        line.mark("price_basis", source)
    unit = segment.get(1, 6).upper()
    if unit and line.unit and unit != line.unit and edifact_unit(unit) != (edifact_unit(line.unit) or "none"):
        draft.warn("uncertain", f"line {line.number} is ordered in {line.unit} and priced per {unit} ({segment.place})")


def _drop_included(walk: Walk, opened: OpenLine) -> None:
    """A net price includes all allowances and charges; those of its line are for information (5125 AAA)."""
    line = opened.line
    if "AAB" not in opened.prices:
        walk.draft.warn("remark", f"line {line.number} states allowances or charges that its net price includes")
    for at in range(len(line.charges)):
        line.sources.pop(f"charges[{at}]", None)
    line.charges.clear()


def _close_numbers(walk: Walk, opened: OpenLine) -> None:
    line, numbers = opened.line, opened.numbers
    gtin = first_of(("SRV", "EN"), numbers) or first_of(numbers, codes.GTIN_TYPES)
    customer, supplier = first_of(codes.CUSTOMER_TYPES, numbers), first_of(codes.SUPPLIER_TYPES, numbers)
    if supplier is None and "" in numbers:
        supplier = ""
    if gtin is None and customer is None and supplier is None:
        supplier = first_of(codes.MAKER_TYPES, numbers)
    for name, kind in (("gtin", gtin), ("customer_part", customer), ("supplier_part", supplier)):
        if kind is not None:
            value, source = numbers[kind]
            setattr(line, name, value)
            line.mark(name, source)
    others = [(kind, *found) for kind, found in numbers.items() if kind not in {gtin, customer, supplier}]
    for kind, value, source in (*others, *opened.more_numbers[:_MOST_NUMBERS]):
        if kind not in codes.NOT_NUMBERS:
            line.mark(f"item_numbers[{len(line.item_numbers)}]", source)
            line.item_numbers.append(Identifier(kind, value))
    if line.part is None and not line.item_numbers:
        walk.draft.warn("uncertain", f"line {line.number} names no part number")


def _close_texts(opened: OpenLine) -> None:
    free = [one for one in opened.texts if one[0] in _FREE_TEXT] or opened.texts
    if free:
        opened.line.description = " ".join(text for _, text, _ in free)
        opened.line.mark("description", free[0][2])

"""Reads the segments that a grocery order (transaction set 875, UCS) has in place of those of an 850."""

from __future__ import annotations

from typing import Final

from bridgehead.documents.draft import DraftLine
from bridgehead.documents.edi_units import x12_unit
from bridgehead.documents.order import Purpose
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.x12 import codes
from bridgehead.documents.x12.envelope import Segment
from bridgehead.documents.x12.lines import close_line
from bridgehead.documents.x12.walk import Walk

_PURPOSES: Final[dict[str, Purpose]] = {
    **codes.PURPOSES,
    **dict.fromkeys(("", "N", "A", "O"), "original"),
    **dict.fromkeys(("R", "S"), "change"),
    **dict.fromkeys(("C", "D"), "cancel"),
}
"""Element 253 (status of the order); some senders give element 353 in its place."""
_REQUESTED = frozenset({"02", "04", "17", "68"})


def on_g50(walk: Walk, segment: Segment) -> None:
    """G50: status, day, order number."""
    if walk.counts["G50"] > 1:
        raise Refusal("x12.nesting", "G50 stands twice in one transaction set.", segment.place)
    draft, status = walk.draft, segment.get(1)
    if not segment.get(3):
        raise Refusal("x12.missing_element", "G5003 (order number) is empty.", segment.place)
    draft.po_number = segment.get(3)
    draft.mark("po_number", walk.source(segment, 3))
    draft.purpose = _PURPOSES.get(status, "other")
    draft.mark("purpose", walk.source(segment, 1))
    draft.order_date = walk.day(segment, 2)
    if draft.order_date is not None:
        draft.mark("order_date", walk.source(segment, 2))


def on_g62(walk: Walk, segment: Segment) -> None:
    """G62: 432 what for, 373 day; requested delivery (02, 04), scheduled (17), requested shipment (10, 38)."""
    found = walk.day(segment, 2)
    if found is None or walk.transaction.set_id != "875":
        return
    qualifier, source, draft = segment.get(1), walk.source(segment, 2), walk.draft
    if qualifier in _REQUESTED:
        walk.days.setdefault("002", (found, source))
    elif qualifier in {"10", "38"}:
        walk.days.setdefault("010", (found, source))
        draft.date("ship", found, source)
    elif qualifier == "01":
        walk.days.setdefault("001", (found, source))
        draft.date("cancel_after", found, source)


def on_g68(walk: Walk, segment: Segment) -> None:
    """G68: 380 quantity, 355 unit, 237 list cost, 788 case code, pairs of 235 and 234."""
    close_line(walk)
    if walk.summary:
        raise Refusal("x12.nesting", "G68 stands after G76.", segment.place)
    line = DraftLine()
    walk.line = line
    walk.draft.lines.append(line)
    line.number = len(walk.draft.lines)
    line.quantity = walk.number(segment, 1)
    line.mark("quantity", walk.source(segment, 1))
    line.unit = segment.get(2).upper()
    if line.unit:
        line.unit_code = x12_unit(line.unit)
        line.mark("unit", walk.source(segment, 2))
    line.price = walk.number(segment, 3)
    if line.price is not None:
        line.mark("price", walk.source(segment, 3))
    if segment.get(4):
        line.gtin = segment.get(4)
        line.mark("gtin", walk.source(segment, 4))
    for at in (5, 7, 11):
        qualifier, value = segment.get(at), segment.get(at + 1)
        for field, known in (
            ("customer_part", codes.CUSTOMER_PARTS),
            ("supplier_part", codes.SUPPLIER_PARTS),
            ("gtin", codes.GTINS),
        ):
            if value and qualifier in known and getattr(line, field) is None:
                setattr(line, field, value)
                line.mark(field, walk.source(segment, at + 1))
    if line.part is None:
        walk.draft.warn("uncertain", f"line {line.number} names no part number ({segment.place})")


def on_g69(walk: Walk, segment: Segment) -> None:
    """G69: the description of the line."""
    if walk.line is None or not segment.get(1):
        return
    if walk.line.description is None:
        walk.line.description = segment.get(1)
        walk.line.mark("description", walk.source(segment, 1))
    else:
        walk.line.description += f" {segment.get(1)}"


def on_g72(walk: Walk, segment: Segment) -> None:
    """G72: an allowance or charge, whose kinds no field holds."""
    walk.draft.warn("ignored", f"G72 states an allowance or charge {segment.get(1)[:5]} ({segment.place})")


def on_g76(walk: Walk, segment: Segment) -> None:
    """G76: the sum of the quantities; ends the lines."""
    close_line(walk)
    walk.summary = True
    total = walk.number(segment, 1)
    if total is not None:
        walk.draft.stated_quantity_total = total
        walk.draft.mark("stated_quantity_total", walk.source(segment, 1))

"""Merges what a model points at with what the rules read; a model alone never makes an order that nobody looks at.

What both read alike, and a sum of the document proves, ends a doubt about which number is which. What only the model
reads is filled in and doubted. Where both differ, the rules' value stays and is doubted. So a document that talks a
model into other values gets a person to look at it, and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from bridgehead.documents.assisted.comparing import SHIP_TO, Compared, compare, place_of
from bridgehead.documents.assisted.grounding import Found, Grounded
from bridgehead.documents.assisted.seen import Seen
from bridgehead.documents.confidence import FAMILIES, calibrated, rated
from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.order import Order, Party, Source
from bridgehead.documents.outcome import Orders, Reading, Refusal, Unreadable
from bridgehead.documents.units import unit_code
from bridgehead.documents.vigilance import watch

DISPUTED: Final = 0.5
"""The most confidence that a field has which two readings read differently: one of them at most is right."""
RESCUED: Final = frozenset(
    {"mail.no_lines", "mail.no_number", "uncertain", "pdf.no_lines", "pdf.no_order_number", "unknown_format"}
)
"""Refusals that say that the rules did not find their way in text that can be seen."""
_SETTLED: Final = re.compile(
    r"uncertain: (?:"
    r"\d+ numbers of the line could be its quantity|another number stands right before the quantity"
    r"|the line names more than two amounts of money"
    r"|.{1,80} holds more than a quantity|line \d+ may order |line \d+ of the table was not read)"
    r"|ignored: (?:a row is no line|page \d+, line \d+ is no line of the order)",
    re.DOTALL,
)
"""Doubts about which number is which, or whether a row is an item: a second reader settles these where the document's
own sum proves both right. Every other doubt stays: no sum proves a part number, and how ``1.000`` is to be read is as
open as before when a model points at it."""
_PROVING: Final = frozenset({"lines_total", "net_total", "gross_total", "payable"})
_MOST_TOLD: Final = 20


def settles(order: Order) -> bool:
    """Whether a model that agrees settles every doubt of the order, for none is ended alone.

    All control values of the document hold, a sum of all lines among them.
    """
    held = all(one.agrees is not False for one in order.controls)
    proven = any(one.agrees and one.kind in _PROVING for one in order.controls)
    return bool(order.warnings) and all(map(_SETTLED.match, order.warnings)) and held and proven


def merge(reading: Reading, model: Grounded, seen: Seen) -> Reading:
    """The rules' reading with what the model adds to it.

    One order is compared and filled; a refusal of ``RESCUED`` becomes a pre-filled order that a person confirms, when
    the model found a number and an item. Everything else is returned as it is.
    """
    if isinstance(reading, Unreadable):
        return _prefilled(reading, model, seen)
    if isinstance(reading, Orders) and len(reading.orders) == 1:
        return Orders((_merged(reading.orders[0], model),))
    return reading


def _merged(order: Order, model: Grounded) -> Order:
    found = compare(order, model)
    whole = model.kind == "order" and not model.several_orders
    if found.equal and whole and not model.dropped:
        return _agreed(order)
    warnings = [*order.warnings, *_doubts(order, found, model)]
    filled = order
    for path, one in found.missing.items():
        filled = _filled(filled, path, one)
    sources = {
        path: replace(source, confidence=min(source.confidence or DISPUTED, DISPUTED))
        if path in found.differing
        else source
        for path, source in filled.sources.items()
    }
    return _no_surer(order, replace(filled, sources=sources, warnings=tuple(dict.fromkeys(warnings))), found)


def _agreed(order: Order) -> Order:
    """The order without the doubts that agreement settles, as sure as was measured of orders two readers agree on."""
    if order.warnings and not settles(order):
        return order
    gained = calibrated().weights.get(f"{FAMILIES.get(order.format, 'text')}/assisted:agreed", 0.0)
    if order.confidence is not None:  # what is not doubted any more is rated as what was not doubted
        order = rated(replace(order, warnings=()))
    confidence = order.confidence
    if confidence is not None and 0 < confidence < 1 and gained > 0:
        logit = math.log(confidence / (1 - confidence)) + gained
        confidence = round(1 / (1 + math.exp(-logit)), 4)
    return replace(order, warnings=(), confidence=confidence)


def _no_surer(before: Order, after: Order, found: Compared) -> Order:
    """The order rated anew with its new doubts, and no surer in anything than it was."""
    again = rated(after)
    if before.confidence is None or again.confidence is None:
        return after
    sources = {path: _least(after.sources[path], source) for path, source in again.sources.items()}
    most = DISPUTED if found.differing else 1.0
    return replace(again, confidence=min(before.confidence, again.confidence, most), sources=sources)


def _least(one: Source, other: Source) -> Source:
    known = [value for value in (one.confidence, other.confidence) if value is not None]
    return replace(other, confidence=min(known) if known else None)


def _doubts(order: Order, found: Compared, model: Grounded) -> list[str]:
    """What a person has to look at. A model that found nothing says nothing about the order."""
    told: list[str] = []
    for path, (one, known) in found.differing.items():
        told.append(f"uncertain: a model reads {_name(path, order)} {one.value} ({place_of(one.source)}), not {known}")
    for path, one in found.missing.items():
        told.append(f"uncertain: {_name(path, order)} {one.value} was read by a model alone ({place_of(one.source)})")
    for item in found.extra:
        words = " ".join(str(one.value) for one in item.values())
        told.append(
            f"uncertain: a model sees another item ({place_of(next(iter(item.values())).source)}): {words[:80]}"
        )
    lost = [path for path in found.unseen if path.endswith("]")]
    if lost and model.items:
        told += [f"uncertain: a model sees no item in {_name(path, order)}" for path in lost]
    if model.several_orders and model.items:
        told.append("uncertain: a model sees more than one order in the document")
    if model.kind != "order":
        told.append(f"uncertain: to a model the document is no new order ({model.kind})")
    return told[:_MOST_TOLD]


def _name(path: str, order: Order) -> str:
    match = re.fullmatch(r"lines\[(\d+)\]\.?(\w*)", path)
    if match is None:
        return path.replace(".", " ").replace("_", " ")
    return f"line {order.lines[int(match[1])].number} {match[2].replace('_', ' ')}".strip()


def _filled(order: Order, path: str, found: Found) -> Order:
    """The order with one field more, which no rule read."""
    value: Any = found.value
    sources = {**order.sources, path: found.source}
    match = re.fullmatch(r"lines\[(\d+)\]\.(\w+)", path)
    if match is not None:
        lines = list(order.lines)
        changes = {match[2]: value}
        if match[2] == "unit":
            changes["unit_code"] = unit_code(str(value)) or ""
        lines[int(match[1])] = replace(lines[int(match[1])], **changes)
        return replace(order, lines=tuple(lines), sources=sources)
    party, dot, name = path.partition(".")
    if dot:
        value = replace(getattr(order, party) or Party(), **{name: value})
    filled: dict[str, Any] = {party: value, "sources": sources}
    return replace(order, **filled)


def _prefilled(refusal: Unreadable, model: Grounded, seen: Seen) -> Reading:
    """What a model found in a document that the rules gave up on: for a person, whatever it says of itself."""
    items = [item for item in model.items if "quantity" in item and item.keys() & _NAMING]
    if model.kind != "order" or model.several_orders or "po_number" not in model.fields or not items:
        return refusal
    draft = Draft(seen.format)
    draft.warn("uncertain", f"a model alone read this order; the rules refused it: {refusal.reason}")
    for told in model.dropped:
        draft.warn("uncertain", f"of the model's answer, {told}")
    _head(draft, model.fields, seen)
    for item in items:
        draft.lines.append(_line(item))
        if "currency" in item and draft.currency is None:
            draft.currency = str(item["currency"].value)
            draft.mark("currency", item["currency"].source)
    if len(items) < len(model.items):
        draft.warn("uncertain", f"{len(model.items) - len(items)} items of the model have no quantity or no name")
    watch(draft)
    try:
        return Orders((rated(draft.finish()),))
    except Refusal:
        return refusal


_NAMING: Final = frozenset({"supplier_part", "customer_part", "gtin", "description"})


def _head(draft: Draft, fields: Mapping[str, Found], seen: Seen) -> None:
    for name in ("po_number", "order_date", "requested_date", "currency", "stated_total"):
        found = fields.get(name)
        if found is not None:
            setattr(draft, name, found.value)
            draft.mark(name, found.source)
    if "buyer_name" in fields:
        draft.buyer.put("name", str(fields["buyer_name"].value), fields["buyer_name"].source)
    for name, field in SHIP_TO.items():
        if name in fields:
            draft.ship_to.put(field, str(fields[name].value), fields[name].source)
    name, address = seen.sender
    sender = Source("header", 1, f"{name} <{address}>"[:300], column="From")
    draft.buyer.put("email", address, sender)
    draft.buyer.put("name", "" if "@" in name else name, sender)
    written = seen.ways.days.today
    if draft.order_date is None and written is not None:
        draft.order_date = written
        draft.mark("order_date", Source("header", 1, written.isoformat(), column="Date"))


def _line(item: Mapping[str, Found]) -> DraftLine:
    line = DraftLine()
    for name, found in item.items():
        if name != "currency" and isinstance(found.value, (str, Decimal, date)):
            setattr(line, name, found.value)
            line.mark(name, found.source)
    return line

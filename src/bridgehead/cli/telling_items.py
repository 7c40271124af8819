"""What the parts of an order are here, and what is booked of them: tables, and the codes in them in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from bridgehead.cli.output import brief
from bridgehead.cli.telling_codes import HEADER_CODES, LINE_CODES, UNITS, units_told
from bridgehead.cli.telling_gist import goods
from bridgehead.cli.telling_words import Table, items, mapping
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView, EffectView, StepView

_NAMED: Final = ("customer's part", "our part", "description")
_FOUND_BY: Final = {"xref": "the customer's list", "number": "our own number", "gtin": "its GTIN"}
_TOO_MUCH: Final = Decimal("1e12")
_STANDS: Final = ("committed", "virtual", "held", "intended", "unknown", "undone")


def goods_here(view: CaseView) -> tuple[Table, ...]:
    """Returns the lines of an order as a table, with the item that each part was found to be and by what."""
    tables, found = goods(view.input), _resolved(view)
    if not tables or found is None:
        return tables
    (table,) = tables
    lines = [mapping(line) for line in items(mapping(found.result).get("lines"))]
    names = [str(mapping(line.get("item")).get("number") or "none found") for line in lines]
    ways = [_FOUND_BY.get(str(line.get("how")), str(line.get("how") or "-")) for line in lines]
    at = max((place + 1 for place, name in enumerate(table.columns) if name in _NAMED), default=1)
    rows = tuple((*row[:at], name, way, *row[at:]) for row, name, way in zip(table.rows, names, ways, strict=True))
    return (Table((*table.columns[:at], "our item", "found by", *table.columns[at:]), rows),)


def items_told(view: CaseView) -> Iterator[str]:
    """Yields where the items of the table come from, and since when what it rests on is known."""
    found = _resolved(view)
    if found is None:
        yield from units_told(view)
        return
    sources = ", ".join(
        dict.fromkeys(
            f"{source.get('source')} as of {source.get('as_of')}" for source in map(mapping, items(found.sources))
        )
    )
    ways = {str(mapping(line).get("how")) for line in items(mapping(found.result).get("lines"))}
    list_ = (
        " The customer's list is what the system of record holds of this customer's own part numbers; since when an"
        " entry is in it stands there, where it stands at all."
        if "xref" in ways
        else ""
    )
    yield f"Our item is what {found.name} found{f' in {sources}' if sources else ''}.{list_}"
    yield from units_told(view)


def booked(view: CaseView) -> tuple[Table, ...]:
    """Returns the lines that were booked, or would be, with what each line's code means; none for other calls."""
    for one in view.effects:
        lines = [mapping(line) for line in _lines(one)]
        if one.state not in _STANDS or not lines:
            continue
        columns = ("line", "item", "booked", "unit", "price", "amount", "day", "code")
        return (Table(columns, tuple(_row(line) for line in lines)),)
    return ()


def codes(view: CaseView) -> Iterator[str]:
    """Yields what the codes of a booking mean: those of its confirmation, and its units."""
    for one in view.effects:
        lines = [mapping(line) for line in _lines(one)]
        if one.state not in _STANDS or not lines:
            continue
        orders = [mapping(part) for part in mapping(one.args).values() if _is_order(part)]
        head = str(orders[0].get("header_code"))
        told = [f"{head}: {HEADER_CODES[head]}"] if head in HEADER_CODES else []
        found = dict.fromkeys(str(line.get("code")) for line in lines)
        told += [f"{code}: {LINE_CODES[code]}" for code in found if code in LINE_CODES]
        asked = [mapping(line) for line in items(mapping(view.input).get("lines"))]
        units = dict.fromkeys(str(line.get("unit")) for line in (*lines, *asked))
        told += [f"{unit}: {UNITS[unit]}" for unit in units if unit in UNITS]
        if told:
            yield f"Codes in {one.id} (ASC X12 855, UN/ECE Recommendation 20): {'; '.join(told)}."
        return


def _resolved(view: CaseView) -> StepView | None:
    """Returns the first read that says of each line of the input which item it is; None where none does.

    A later one may be of other items: those that took the place of what is no longer sold.
    """
    wanted = len(items(mapping(view.input).get("lines")))
    for step in view.steps:
        lines = items(mapping(step.result).get("lines")) if step.kind == "read" and step.ok else ()
        if lines and len(lines) == wanted and all("item" in mapping(line) or "how" in mapping(line) for line in lines):
            return step
    return None


def _lines(one: EffectView) -> Sequence[JSON]:
    return next((items(mapping(part).get("lines")) for part in mapping(one.args).values() if _is_order(part)), ())


def _is_order(value: JSON) -> bool:
    lines = items(mapping(value).get("lines"))
    return bool(lines) and all({"item", "quantity"} <= set(mapping(line)) for line in lines)


def _number(value: JSON) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < _TOO_MUCH else None


def _row(line: Mapping[str, JSON]) -> tuple[str, ...]:
    quantity, price = _number(line.get("quantity")), _number(line.get("price"))
    amount = "-" if quantity is None or price is None else str((quantity * price).quantize(Decimal("0.01")))
    code = str(line.get("code") or "")
    told = f"{code}: {LINE_CODES[code]}" if code in LINE_CODES else code or "-"
    plain = [
        "-" if line.get(name) in (None, "") else brief(line[name], 48)
        for name in ("line", "item", "quantity", "unit", "price")
    ]
    return (*plain, amount, str(line.get("date") or "-"), told)

"""What a case asks for in a line: an order by its sender, goods and sum, anything else by its first plain fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bridgehead.cli.output import brief
from bridgehead.cli.places import places_of
from bridgehead.cli.telling_words import Table, counted, items, mapping
from bridgehead.documents.doubt import says_its_purpose
from bridgehead.reviews.stakes import number, stake
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView

UNNAMED: Final = "(no currency named)"
"""Stands for a currency that a document does not name."""
_FIELDS: Final = 6
_GOODS: Final = 2
_CELL: Final = 48
_PURPOSES: Final = {
    "change": "a change of order",
    "cancel": "a cancellation of order",
    "confirmation": "a confirmation",
}
_PARTS: Final = ("item", "supplier_part", "customer_part", "gtin", "description")
_COLUMNS: Final = (
    ("line", ("number", "line")),
    ("customer's part", ("customer_part",)),
    ("our part", ("supplier_part", "item")),
    ("description", ("description",)),
    ("quantity", ("quantity",)),
    ("unit", ("unit",)),
    ("price", ("price",)),
    ("per", ("price_basis",)),
    ("amount", ("amount",)),
    ("wanted by", ("requested_date", "date")),
)
_FLAGS: Final = {
    "instruction": "The document gives orders to whoever reads it, or hides text; what it says there was not followed",
    "contradiction": "The free text contradicts the data",
    "purpose": "What it does with an order it says in its own words",
    "totals": "The sums do not add up",
    "count": "The stated count is not what was found",
    "date": "A date names no single day",
    "uncertain": "A field has two readings",
    "ignored": "Part of the document is in no field",
    "remark": "A remark of the reader's",
}
"""What the reader's warnings say, by how they open (documents/order.py, WARNING_KINDS)."""


def sender(given: JSON) -> str:
    """Returns who asks, by name and address; empty where the input does not say."""
    buyer = mapping(mapping(given).get("buyer"))
    name, reached = buyer.get("name"), buyer.get("email") or buyer.get("number")
    found = [str(part) for part in (name, reached) if part]
    return f"{found[0]} ({found[1]})" if len(found) > 1 else "".join(found)


def gist(given: JSON) -> str:
    """Returns what is asked for, without a full stop; empty for an input with nothing plain in it."""
    fields = mapping(given)
    if not _is_order(fields):
        plain = {
            name: value for name, value in fields.items() if value is not None and not isinstance(value, Mapping | list)
        }
        told = [f"{name}: {brief(value, _CELL)}" for name, value in plain.items() if value != ""]
        return ", ".join(told[:_FIELDS]) + (
            f" and {counted(len(told) - _FIELDS, 'more field')}" if len(told) > _FIELDS else ""
        )
    lines = [mapping(line) for line in items(fields.get("lines"))]
    told = [(_changed if fields.get("purpose") == "change" else _line)(line) for line in lines[:_GOODS]]
    told += [counted(len(lines) - _GOODS, "more line")] if len(lines) > _GOODS else []
    goods = f": {'; '.join(told)}" if told else ", without a line"
    amount, currency = stake(given)
    total = "" if amount is None else f"; {amount} {currency or UNNAMED} in all"
    what = _PURPOSES.get(str(fields.get("purpose")), "order")
    return f"{what} {fields.get('po_number') or 'without a number'}{goods}{total}"


def currency_read(view: CaseView) -> tuple[str, str]:
    """Returns the currency that a read gave for the one customer it found, and that read's tool; else empty.

    Where a read found several records of different currencies, it tells none.
    """
    for step in view.steps:
        found = {str(one.get("currency") or "") for one in map(mapping, items(mapping(step.result).get("items")))}
        if step.kind == "read" and step.ok and len(found) == 1 and "" not in found:
            return found.pop(), step.name
    return "", ""


def goods(given: JSON) -> tuple[Table, ...]:
    """Returns the lines of an order as a table, without the columns that are empty; none for anything else."""
    fields = mapping(given)
    day = fields.get("requested_date")
    lines = [
        {**line, "requested_date": line.get("requested_date") or day}
        for line in map(mapping, items(fields.get("lines")))
    ]
    if not _is_order(fields) or not lines:
        return ()
    rows = [tuple(_cell(line, names) for _, names in _COLUMNS) for line in lines]
    kept = [at for at in range(len(_COLUMNS)) if any(row[at] != "-" for row in rows)]
    columns = tuple(_COLUMNS[at][0] for at in kept)
    return (Table(columns, tuple(tuple(row[at] for at in kept) for row in rows)),)


def flags(given: JSON) -> Iterator[str]:
    """Yields in words what the reader of a document warned of, with the text that it found."""
    yield from flagged(given).values()


def flagged(given: JSON) -> dict[str, str]:
    """Returns what the reader of a document warned of, in words, by the kind of the warning."""
    fields = mapping(given)
    texts = [str(note) for note in items(fields.get("notes"))]
    sentences: dict[str, str] = {}
    told: dict[str, list[str]] = {}
    for warning in map(str, items(fields.get("warnings"))):
        kind, _, rest = warning.partition(":")
        if says_its_purpose(warning, str(fields.get("purpose"))):
            told.setdefault("purpose", []).append(rest.strip())
        elif rest:
            told.setdefault(kind, []).append(rest.strip())
        else:
            told.setdefault("remark", []).append(warning)
    for kind, found in told.items():
        said = f"{_FLAGS.get(kind, kind)}: {brief('; '.join(dict.fromkeys(found)), 300)}"
        words = [one.rpartition(": ")[2].strip("'\"") for one in found]
        whole = [
            at for at, text in enumerate(texts) if kind == "instruction" and any(one and one in text for one in words)
        ]
        sentences[kind] = f"{said.rstrip('.')}." + (_in_full(given, texts, whole[0]) if whole else "")
    return sentences


def quoted_whole(given: JSON) -> bool:
    """Tells whether each text that gives orders to its reader is a cell of a table, which is told whole."""
    fields = mapping(given)
    sources, texts = mapping(fields.get("sources")), [str(note) for note in items(fields.get("notes"))]
    cells = [text for at, text in enumerate(texts) if mapping(sources.get(f"notes[{at}]")).get("column")]
    warnings = [str(one) for one in items(fields.get("warnings")) if str(one).startswith("instruction:")]
    words = [one.rpartition(": ")[2].strip("'\"") for one in warnings]
    return bool(words) and all(any(word and word in text for text in cells) for word in words)


def _in_full(given: JSON, texts: Sequence[str], at: int) -> str:
    """Returns a note whole, with where it stood."""
    where = next((place.where for place in places_of(given) if place.field == f"notes[{at}]"), "")
    return f" In full{f' ({where})' if where else ''}: “{brief(texts[at], 400)}”"


def _is_order(fields: Mapping[str, JSON]) -> bool:
    return "po_number" in fields and isinstance(fields.get("lines"), list)


def _line(line: Mapping[str, JSON]) -> str:
    part = next((str(line[name]) for name in _PARTS if line.get(name)), "an unnamed item")
    price = f" at {line['price']}" if line.get("price") is not None else ""
    basis = number(line.get("price_basis"))
    price += f" per {basis}" if price and basis not in (None, Decimal(1)) else ""
    return brief(f"{plain_number(line.get('quantity'))} {line.get('unit') or ''} {part}{price}", 2 * _CELL)


def plain_number(value: JSON) -> str:
    """Returns a quantity without needless noughts, as 400 for 400.000; what is no number as it is written."""
    found = number(value)
    if found is None:
        return str(value or "?")
    return f"{found:f}".rstrip("0").rstrip(".") if "." in f"{found:f}" else f"{found:f}"


def _changed(line: Mapping[str, JSON]) -> str:
    """Returns what shall be of a position: its quantity, its day where that alone changes, or nothing any more."""
    place, day = f"line {line.get('number') or '?'}", line.get("requested_date")
    if number(line.get("quantity")) != 0:
        return f"{place}, {_line(line)}{f' for {day}' if day else ''}"
    part = next((str(line[name]) for name in _PARTS if line.get(name)), "an unnamed item")
    return brief(f"{place}, {part}, {f'for {day}' if day else 'taken out'}", 2 * _CELL)


def _cell(line: Mapping[str, JSON], names: Sequence[str]) -> str:
    found = next((line[name] for name in names if line.get(name) not in (None, "")), None)
    return "-" if found is None else brief(plain_number(found) if "quantity" in names else found, _CELL)

"""Reads the items of a table into order lines: cells by their headings, and the arithmetic of each line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.order import Charge, Source
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.further import PER, Rest, take_further, where
from bridgehead.documents.pdf.grid import text_of
from bridgehead.documents.pdf.items import BodyRow, RawItem, Table
from bridgehead.documents.pdf.shape import Shape, cell_of, shape_of
from bridgehead.documents.pdf.words import Row
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.tables.table import line_from_cells
from bridgehead.documents.terms import currency_of
from bridgehead.documents.units import UNIT_CODES

_CENT: Final = Decimal("0.01")


_PERCENT: Final = re.compile(r"-?\s?(\d{1,2}(?:[.,]\d{1,2})?)\s?%?")


_BASES: Final = (Decimal(100), Decimal(1000), Decimal(10))


_PER_WORDS: Final = re.compile(
    r"(?:/|\bper|\bpro|\bje|\bpar|\bpor|\bvoor|\bza|\bf[oö]r)\.?\s*(?:%|100|1[.,]?000|C\b|M\b|hundert|tausend|hundred|thousand)|%\s*(?:stk|st|pcs)|\b(?:PE|price unit|preiseinheit|price basis)\b",
    re.IGNORECASE,
)


def read_lines(table: Table, ways: Ways, draft: Draft, part: str, text: str) -> list[DraftLine]:
    """The lines of a table; what in them could not be explained becomes a warning of ``draft``."""
    shape = shape_of(table)
    per = _PER_WORDS.search(text) is not None
    lines = [_line(item, shape, ways, draft, part) for item in table.items]
    found = [line for line in lines if line is not None]
    _settle_basis(found, stated=per)
    return found


def _line(item: RawItem, shape: Shape, ways: Ways, draft: Draft, part: str) -> DraftLine | None:  # noqa: C901 - one step for each thing a cell can hold
    cells = [cell_of(item, spot, one) for spot, one in zip(shape.spots, shape.columns.headings, strict=True)]
    rest = Rest(item, shape)
    for index, field in enumerate(shape.columns.fields):
        if field in {"price", "amount", "quantity"}:
            cells[index] = _whole_cell(cells[index], field, rest.lines_of(shape.spots[index]), ways, rest)
    sources = _sources(item, shape, cells, part)
    discount = _discount(shape, cells)
    for index, field in enumerate(shape.columns.fields):
        if field is not None and not _readable(field, cells[index], ways):
            if any(one.isdigit() for one in cells[index]):
                said = field.replace("_", " ")
                draft.warn("uncertain", f"{cells[index][:40]!r} is no {said} ({where(sources(index))})")
            cells[index] = ""
    unit_at = shape.columns.index("unit")
    if unit_at is not None and len(tokens := cells[unit_at].split()) > 1 and currency_of(tokens[-1]) is not None:
        cells[unit_at] = " ".join(tokens[:-1])
    at = shape.columns.index("quantity")
    if at is not None and (beside := _UNIT_BESIDE.fullmatch(cells[at].strip())) is not None:
        cells[at] = f"{beside[1]} {beside[2]}" if beside[2].lower() in UNIT_CODES else cells[at]
    if at is not None and read_quantity(cells[at], ways) is None:
        loose = _LOOSE_QUANTITY.match(cells[at])
        if loose is not None:
            draft.warn("uncertain", f"{cells[at][:40]!r} holds more than a quantity ({where(sources(at))})")
            unit = loose[2] if loose[2] and loose[2].lower() in UNIT_CODES else ""
            cells[at] = f"{loose[1]} {unit}".strip()
    line: DraftLine | None = None
    try:
        line = line_from_cells(shape.columns, cells, ways, sources, draft)
    except Refusal as refusal:
        draft.warn("uncertain", f"{refusal.outcome.reason} ({refusal.outcome.where})")
    if line is None:
        draft.warn("ignored", f"a row is no line: {item.main.row.text[:120]!r} ({where(sources(at or 0))})")
        return None
    for index, one in enumerate(shape.columns.headings):
        lost = shape.columns.fields[index] is None and one is not None and one.field in _FIGURES
        if lost and re.search(r"\d[.,]\d", cells[index]):
            draft.warn("uncertain", f"{cells[index][:40]!r} was not read ({where(sources(index))})")
    alone = line.description or ""
    line = take_further(item, line, rest, ways, draft, part)
    if not {"supplier_part", "customer_part"} & set(shape.columns.fields):
        _part_in_description(line, alone)
    _words_for_part(line)
    if discount is not None and line.price is not None:
        _apply_discount(line, discount, draft, sources(0))
    if line.unit_code is None and line.unit and line.unit.lower() not in UNIT_CODES:
        line.unit = line.unit[:20]
    return line


_OPENING_CODE: Final = re.compile(
    r"\[(?P<a>[^\]\s]{2,30})\]\s*|(?P<b>[A-Za-z0-9][\w./-]{2,30})(?:\s+[-–—:|]\s+|\s*:\s+)"
)


_GROUPS: Final = re.compile(r"\d{2,4}(?: \d{2,4}){1,4}")
_GROUPED_DIGITS: Final = 6
_WORD: Final = re.compile(r"[^\W\d_][^\W\d_]*[a-zß-ÿ][^\W\d_]*|[^\W\d_]{8,}")


def _words_for_part(line: DraftLine) -> None:
    """Words in a column of part numbers describe an item that has none: ``Hex nut M6``."""
    for name in ("supplier_part", "customer_part"):
        words = (getattr(line, name) or "").split()
        letters = [len(word) for word in words if _WORD.fullmatch(word)]
        if (
            len(words) > 1
            and not line.description
            and (max(letters, default=0) > 4 or (letters[1:] and max(letters) > 2))
        ):
            line.description = " ".join(words)
            line.sources["description"] = line.sources.pop(name)
            setattr(line, name, None)


def _part_in_description(line: DraftLine, alone: str) -> None:
    """A part number that opens the description: ``[FURN-1118] Desk``, ``AX-900 - Gauge``, or a word of its own.

    ``alone`` is what the first row says: ``611 109 62`` above the words is a number too.
    """
    text = line.description or ""
    if _GROUPS.fullmatch(alone) and sum(one.isdigit() for one in alone) >= _GROUPED_DIGITS and text.startswith(alone):
        if line.supplier_part is None:
            line.supplier_part = alone
            line.sources["supplier_part"] = replace(line.sources["description"], text=alone, how="place")
            line.description = text[len(alone) :].strip(" -–:,") or None
        return
    found = _OPENING_CODE.match(text)
    code = (found["a"] or found["b"]) if found is not None else text.split(" ")[0] if text else ""
    if not code or code_rank(code) < (1 if found is not None and found["a"] else MOST_LIKELY):
        return
    if found is None and not (sum(one.isdigit() for one in code) >= 2 and len(code) >= 5):
        return
    rest = text[found.end() :] if found is not None else text[len(code) :]
    name = "supplier_part" if line.supplier_part is None else "customer_part"
    if getattr(line, name) is not None:
        return
    setattr(line, name, code)
    line.sources[name] = replace(line.sources["description"], text=code, how="place")
    line.description = rest.strip(" -–:,") or None


_FIGURES: Final = frozenset({"price", "price_basis", "amount", "quantity", "unit"})
_UNIT_BESIDE: Final = re.compile(r"(\d[\d.,'’ ]*)\s*\(([^\W\d_]{1,12})\)")
"""``100 (EA)``."""


_LOOSE_QUANTITY: Final = re.compile(r"\s*(\d+(?:[.,'’ ]\d+)*)\s*([^\W\d_]{1,14})?")


def _readable(field: str, cell: str, ways: Ways) -> bool:
    """Whether a cell of figures holds what its column promises; an empty one does."""
    if not cell:
        return True
    if field in {"price", "amount"}:
        return read_price(cell, ways) is not None
    if field == "price_basis":
        basis = read_quantity(cell, ways)
        return basis is not None and basis.value >= 1 and basis.value == basis.value.to_integral_value()
    return True


def _whole_cell(cell: str, field: str, more: list[tuple[BodyRow, str]], ways: Ways, rest: Rest) -> str:
    """A figure with what stands below it: ``12,50`` over ``per 100 Stk``, ``10`` over ``Stk``."""
    if field == "amount":
        return cell
    for body, text in more:
        if any(one.isdigit() for one in text) and field == "quantity":
            continue
        if field == "price" and (PER.fullmatch(text.strip()) is None):
            continue
        joined = f"{cell} {text}".strip()
        fits = read_price(joined, ways) if field == "price" else read_quantity(joined, ways)
        if fits is not None:
            cell = joined
            column = next(at for at, words in body.cells.items() if text_of(words) == text or text in text_of(words))
            rest.use(body, column)
    return cell


def _sources(item: RawItem, shape: Shape, cells: Sequence[str], part: str) -> Callable[[int], Source]:
    def source(index: int) -> Source:
        level, _, _ = shape.spots[index]
        body = item.main if level == 1 or not item.main.grid.second else item.start
        name = shape.columns.names[index]
        return Source(part, body.row.line, cells[index], column=name, page=body.row.page, how="column")

    return source


def _discount(shape: Shape, cells: list[str]) -> Decimal | None:
    """The per cent of a discount column, taken out of the cells; None when there is none."""
    for index, one in enumerate(shape.columns.headings):
        if one is None or one.field != "discount" or not cells[index]:
            continue
        found = _PERCENT.fullmatch(cells[index].strip())
        if found is not None:
            cells[index] = ""
            value = Decimal(found[1].replace(",", "."))
            return value or None
    return None


def _apply_discount(line: DraftLine, percent: Decimal, draft: Draft, source: Source) -> None:
    """Keeps a discount of the line when the amount proves it is one; warns when it does not."""
    if line.quantity is None or line.price is None:
        return
    bare = line.quantity * line.price / line.price_basis
    if line.amount is None or abs(bare * (100 - percent) / 100 - line.amount) <= _CENT:
        line.charges.append(Charge(allowance=True, percent=percent))
    elif abs(bare - line.amount) > _CENT:
        draft.warn("uncertain", f"the discount of {percent} % does not explain the amount ({where(source)})")


def _settle_basis(lines: Sequence[DraftLine], *, stated: bool) -> None:
    """A price for 10, 100 or 1000 that only the amounts show: where the document says per-something, or all lines agree."""
    wrong: list[tuple[DraftLine, Decimal | None]] = []
    for line in lines:
        if line.price is None or line.amount is None or line.quantity is None or not line.amount:
            continue
        if adds_up(line):
            continue
        wrong.append(
            (
                line,
                next((base for base in _BASES if abs(line.quantity * line.price / base - line.amount) <= _CENT), None),
            )
        )
    priced = [line for line in lines if line.price is not None and line.amount is not None]
    agreed = len(wrong) == len(priced) > 1 and len({base for _, base in wrong}) == 1
    for line, base in wrong:
        if base is not None and line.price_basis == 1 and (stated or agreed):
            line.price_basis = base
            source = line.sources.get("price")
            if source is not None:
                line.mark("price_basis", replace(source, how="derived"))


def adds_up(line: DraftLine) -> bool:
    """Whether quantity, price and amount agree, with the line's discount."""
    if line.quantity is None or line.price is None or line.amount is None or not line.price_basis:
        return False
    value = line.quantity * line.price / line.price_basis
    if abs(value - line.amount) <= _CENT:
        return True
    for charge in line.charges:
        if charge.percent is not None:
            value -= value * charge.percent / 100
    return abs(value - line.amount) <= _CENT


def rows_of_items(table: Table) -> list[Row]:
    """The rows that items were read from."""
    return [body.row for item in table.items for body in item.rows]

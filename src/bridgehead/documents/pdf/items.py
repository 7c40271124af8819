"""Parts the rows below the headings of a table into items, sums and text that belongs to neither."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from bridgehead.documents.dates import DayContext, find_days
from bridgehead.documents.pdf.grid import Column, Grid, cells_of, set_zones, text_of
from bridgehead.documents.pdf.roles import role_of
from bridgehead.documents.pdf.vocabulary import PAGE_OF, label, sum_kind
from bridgehead.documents.pdf.words import Row, Sheet, Word
from bridgehead.documents.tables.item_codes import code_rank
from bridgehead.documents.terms import CURRENCY
from bridgehead.documents.units import UNIT_CODES

_POSITION: Final = re.compile(r"(?:pos\.?|nr\.?|#)?\s?\d{1,6}(?:[./-]\d{1,3})?[.):]?", re.IGNORECASE)
_AMOUNT: Final = re.compile(rf"[-+]?(?:{CURRENCY})?\s?\d[\d.,'’ \u00a0]*(?:,-|\.-)?")
_QUANTITY: Final = re.compile(
    r"[x×]?\s*(?P<n>\d+(?:[.,'’\u00a0 ]\d+)*)\s*(?:[x×]\s*)?(?P<u>[^\W\d_]{1,14}[²³23]?\.?)?(?:\s*\([^)]{0,20}\))?",
    re.IGNORECASE,
)
_UNIT_FIRST: Final = re.compile(r"(?P<u>[^\W\d_]{1,14}\.?)\s*(?P<n>\d+(?:[.,'’\u00a0 ]\d+)*)")
_PART_WORDS: Final = 4
"""A number of a part has at most so many groups."""
_THINGS: Final = ("supplier_part", "customer_part", "part", "article", "gtin", "description", "po_or_part")


@dataclass(slots=True)
class BodyRow:
    """A row below headings with its words by column; ``second`` are those of the second row of columns."""

    row: Row
    grid: Grid
    cells: dict[int, list[Word]]
    second: dict[int, list[Word]] = field(default_factory=dict)
    anchor: bool = False

    def text(self, column: int | None) -> str:
        """The cell of a column; empty when it has none."""
        return "" if column is None or column not in self.cells else text_of(self.cells[column])


@dataclass(slots=True)
class RawItem:
    """The rows of one item: the one with its quantity first in ``main``, all of them in ``rows``."""

    main: BodyRow
    rows: list[BodyRow]
    start: BodyRow


@dataclass(slots=True)
class Table:
    """One item table over all its pages."""

    grid: Grid
    body: list[BodyRow] = field(default_factory=list)
    sums: list[Row] = field(default_factory=list)
    items: list[RawItem] = field(default_factory=list)
    orphans: list[Row] = field(default_factory=list)
    heads: list[Row] = field(default_factory=list)

    @property
    def first_line(self) -> int:
        """The line of its first heading."""
        return self.heads[0].line if self.heads else 0


def column_of(grid: Grid, *fields: str) -> int | None:
    """The first column of one of the fields."""
    for name in fields:
        for index, column in enumerate(grid.columns):
            if column.field == name:
                return index
    return None


def looks_like_quantity(text: str) -> bool:
    """Whether a cell holds a number with at most a unit beside it."""
    text = text.strip()
    found = _QUANTITY.fullmatch(text) or _UNIT_FIRST.fullmatch(text)
    if found is None:
        return False
    unit = (found["u"] or "").rstrip(".").lower()
    return not unit or unit in UNIT_CODES or len(unit) <= 4


def read_tables(sheets: Sequence[Sheet], grids: Sequence[list[Grid]], furniture: set[int]) -> list[Table]:
    """Every item table of the document; headings that repeat on later pages continue theirs."""
    tables: list[Table] = []
    for sheet, found in zip(sheets, grids, strict=True):
        heads = {row.line for grid in found for row in grid.rows}
        edges = [*[grid.rows[0].line for grid in found], 10**9]
        carried = len(tables[-1].body) if tables else 0
        if tables and (not found or found[0].rows[0].line > sheet.rows[0].line):
            opening = [row for row in sheet.rows if row.line < edges[0] and row.line not in heads and not row.aside]
            _continue(tables[-1], opening, sheet, furniture)
        for grid, following in itertools.pairwise([*found, None]):
            if grid is None:
                break
            last = following.rows[0].line if following is not None else 10**9
            rows = [row for row in sheet.rows if grid.rows[-1].line < row.line < last and not row.aside]
            if tables and tables[-1].grid.signature() == grid.signature() and not _closed(tables[-1]):
                table = tables[-1]
                count = len(table.body)
                _add(table, grid, rows, sheet, furniture)
                above = [row for row in sheet.rows if row.line < grid.rows[0].line]
                first = [row for row in sheets[0].rows if row.line < table.grid.rows[0].line]
                renumbered = grid is found[0] and _other_order(first, above)
                if renumbered or _starts_over(table.body[:count], table.body[count:]):
                    if grid is found[0]:
                        # What stands above another order's table on its page is that order's head.
                        del table.body[carried:count]
                        count = carried
                    tables.append(Table(grid, table.body[count:], heads=list(grid.rows)))
                    later = [row for row in table.sums if row.line > grid.rows[-1].line]
                    tables[-1].sums = later
                    table.sums = [row for row in table.sums if row not in later]
                    del table.body[count:]
                else:
                    table.heads += grid.rows
            else:
                table = Table(grid, heads=list(grid.rows))
                tables.append(table)
                _add(table, grid, rows, sheet, furniture)
    for table in tables:
        _part(table, {sheet.number: sheet for sheet in sheets})
    return [table for table in tables if table.items]


def _other_order(first: Sequence[Row], above: Sequence[Row]) -> bool:
    """Whether the rows above the headings of a page name an order by another number than those of the first page."""
    numbers: list[set[str]] = [set(), set()]
    for found, rows in zip(numbers, (first, above), strict=True):
        for piece, beside in (pair for row in rows for pair in zip(row.pieces, [*row.pieces[1:], None], strict=True)):
            before, colon, value = piece.text.partition(":")
            if not value.strip() and beside is not None:
                value = beside.text
            if colon and label(before) == "po_number" and any(map(str.isdigit, value)):
                found.add(value.split()[0])
    return bool(numbers[0]) and bool(numbers[1]) and not numbers[0] & numbers[1]


def _starts_over(before: Sequence[BodyRow], after: Sequence[BodyRow]) -> bool:
    """Whether the numbers of items begin anew: another order's table under the same headings."""
    numbers: list[list[int]] = [[], []]
    for at, rows in enumerate((before, after)):
        for one in rows:
            text = one.text(column_of(one.grid, "position", "article")).rstrip(".)")
            if text.isdigit() and len(text) < 7:
                numbers[at].append(int(text))
    return bool(numbers[0]) and bool(numbers[1]) and numbers[1][0] == numbers[0][0] and numbers[1][0] <= numbers[0][-1]


def _closed(table: Table) -> bool:
    """Whether the table has come to its total: what follows with the same headings is another order's."""
    last = max((one.row.line for one in table.body if one.anchor), default=10**9)
    kinds = {sum_kind(piece.text) for row in table.sums if row.line > last for piece in row.pieces}
    return bool(kinds & {"gross", "tax", "net"}) and "carried" not in kinds


def _continue(table: Table, rows: Sequence[Row], sheet: Sheet, furniture: set[int]) -> None:
    """Rows at the top of a page without headings of their own, under the columns of the page before."""
    if not rows or _closed(table):
        return
    last = table.body[-1].grid if table.body else table.grid
    grid = Grid(sheet.number, last.columns, last.rows, last.second)
    marked = [_body_row(row, grid) for row in rows if row.line not in furniture]
    if any(one.anchor for one in marked):
        first = next(index for index, one in enumerate(marked) if one.anchor)
        begin = first
        while begin > 0 and not _is_furniture(marked[begin - 1].row) and first - begin < 6:
            gap = marked[begin].row.top - marked[begin - 1].row.bottom
            if gap > 1.2 * marked[begin].row.size:
                break
            begin -= 1
        _take(table, marked[begin:])
    elif table.body and marked:
        _take(table, [one for one in marked if sum_kind(one.row.pieces[0].text) is not None])


def _add(table: Table, grid: Grid, rows: Sequence[Row], sheet: Sheet, furniture: set[int]) -> None:
    kept = [row for row in rows if row.line not in furniture]
    until = next((i for i, row in enumerate(kept) if _announces(row)), len(kept))
    set_zones(grid.columns, kept[:until] or kept[:1], sheet, grid.rows)
    if grid.second:
        set_zones(grid.second, kept[:until] or kept[:1], sheet, grid.rows)
    _take(table, [_body_row(row, grid) for row in kept])


def _announces(row: Row) -> bool:
    first = next((sum_kind(piece.text) for piece in row.pieces[:2] if sum_kind(piece.text)), None)
    if len(row.pieces) == _PAIR and label(row.pieces[0].text.strip(" :")) in _COUNTS:
        return row.pieces[1].text.strip().isdigit()
    return first in {"net", "gross", "tax"} and len(row.pieces) <= 3


_COUNTS: Final = frozenset({"stated_line_count", "stated_quantity_total"})
_PAIR: Final = 2


def _body_row(row: Row, grid: Grid) -> BodyRow:
    body = BodyRow(row, grid, cells_of(row, grid.columns))
    if grid.second:
        body.second = cells_of(row, grid.second)
        body.anchor = _anchors(body.second, grid.second, alone=True) and not _opens(body)
    else:
        body.anchor = _anchors(body.cells, grid.columns)
    return body


def _opens(body: BodyRow) -> bool:
    """Whether a row below two rows of headings is of the first: with a number of a line and a part, and no unit."""
    named = {body.grid.columns[at].field: text_of(words) for at, words in body.cells.items()}
    parts = [named[name] for name in ("supplier_part", "customer_part", "part", "article") if name in named]
    second = body.grid.second or ()
    unit = next((text_of(words) for at, words in body.second.items() if second[at].field == "unit"), "")
    return (
        _POSITION.fullmatch(named.get("position", "")) is not None
        and any(code_rank(part) > 0 for part in parts)
        and unit.lower().rstrip(".") not in UNIT_CODES
    )


def _anchors(cells: dict[int, list[Word]], columns: Sequence[Column], *, alone: bool = False) -> bool:
    """Whether the row holds the quantity of an item, and something of the item beside it unless it may stand alone."""
    named = {columns[at].field: text_of(words) for at, words in cells.items() if columns[at].field}
    quantity = named.get("quantity", "")
    if not quantity or not looks_like_quantity(quantity):
        return False
    others = [name for name in named if name not in {"quantity", "unit", "ignore", "tax"} and named[name]]
    figures = [name for name in ("price", "amount") if name in named and _AMOUNT.match(named[name])]
    has_figures = any(one.field in {"price", "amount"} for one in columns)
    if has_figures and not figures and not any(name in named for name in (*_THINGS, "position")):
        return False
    return bool(others) or (alone and (not has_figures or bool(named.get("unit"))))


def _is_furniture(row: Row) -> bool:
    return len(row.pieces) <= 2 and any(PAGE_OF.search(piece.text) for piece in row.pieces)


def _take(table: Table, rows: Sequence[BodyRow]) -> None:
    for body in rows:
        if _is_furniture(body.row):
            continue
        if _is_sum_row(body):
            table.sums.append(body.row)
            continue
        table.body.append(body)


def _is_sum_row(body: BodyRow) -> bool:
    kinds = [kind for piece in body.row.pieces[:2] if (kind := sum_kind(piece.text)) is not None]
    if not kinds:
        return False
    if not any(one.isdigit() for one in body.row.text) and len(body.row.text.split()) > 4:
        return False
    fields = {body.grid.columns[at].field: text_of(words) for at, words in body.cells.items()}
    if body.anchor and fields.get("price") and (kinds[0] in {"charge", "allowance", "tax"} or fields.get("position")):
        return False
    if body.anchor and fields.get("position", "").strip(".").isdigit() and _numbered(fields):
        return False
    first = body.row.pieces[0]
    position = fields.get("position", "").strip(".")
    if position.isdigit() and len(position) <= 5 and sum_kind(first.text) is None and fields.get("amount"):
        return not body.anchor
    return True


def _numbered(fields: dict[str | None, str]) -> bool:
    return any(fields.get(name) for name in _THINGS)


def _part(table: Table, sheets: dict[int, Sheet]) -> None:
    """Gives every row of the body to an item, or leaves it as an orphan."""
    body = table.body
    _drop_unnumbered(body)
    anchors = [index for index, one in enumerate(body) if one.anchor]
    if not anchors:
        table.orphans = [one.row for one in body]
        return
    starts = _starts(body, anchors)
    owner: list[int | None] = [None] * len(body)
    if starts is not None:
        for index in range(len(body)):
            before = [at for at, start in enumerate(starts) if start <= index]
            owner[index] = before[-1] if before else None
        _drop_far(body, owner, [starts[-1]])
        groups: list[list[int]] = [[] for _ in starts]
        for index, own in enumerate(owner):
            if own is not None:
                groups[own].append(index)
        for start, group in zip(starts, groups, strict=True):
            held = [index for index in group if body[index].anchor]
            if held:
                table.items.append(RawItem(body[held[0]], [body[i] for i in group], body[start]))
            else:
                table.orphans += [body[i].row for i in group]
            for extra in held[1:]:
                table.orphans.append(body[extra].row)
        table.orphans += [body[i].row for i, own in enumerate(owner) if own is None]
        return
    for at, anchor in enumerate(anchors):
        owner[anchor] = at
    _own_by_bands(body, anchors, owner, sheets)
    _own_by_gaps(body, anchors, owner, sheets)
    for at, anchor in enumerate(anchors):
        rows = [body[i] for i, own in enumerate(owner) if own == at]
        table.items.append(RawItem(body[anchor], rows, rows[0]))
    table.orphans += [body[i].row for i, own in enumerate(owner) if own is None or own < 0]


def _drop_unnumbered(body: Sequence[BodyRow]) -> None:
    """Where nearly all items have a number, a row without number, part and figures is no item: a count, a remark."""
    anchored = [one for one in body if one.anchor and not one.grid.second]
    numbered = [one for one in anchored if _POSITION.fullmatch(one.text(column_of(one.grid, "position")).strip())]
    if 2 * len(numbered) < len(anchored) or not numbered:
        return
    for one in anchored:
        if one in numbered:
            continue
        figures = any(one.text(column_of(one.grid, name)) for name in ("price", "amount"))
        part = one.text(column_of(one.grid, "supplier_part", "customer_part", "part", "gtin"))
        if not figures and (not part or len(part.split()) > _PART_WORDS):
            one.anchor = False


def _starts(body: Sequence[BodyRow], anchors: Sequence[int]) -> list[int] | None:
    """The rows that open items where that is not the row of the quantity; None where it is."""
    grid = body[anchors[0]].grid
    for name in ("position", "supplier_part", "customer_part", "part", "article", "po_or_part", "description"):
        column = column_of(grid, name)
        if column is None:
            continue
        opening = [
            index
            for index, one in enumerate(body)
            if one.text(column)
            and (not one.anchor or grid.second)
            and (name != "position" or _POSITION.fullmatch(one.text(column)))
            and (index not in anchors or not grid.second)
        ]
        own = [index for index in anchors if body[index].text(column)]
        if grid.second:
            if name == "description":
                continue
            before = [index for index in opening if any(index < anchor for anchor in anchors)]
            if 0.8 * len(anchors) <= len(before) <= 1.2 * len(anchors):
                return before
            continue
        if name == "description":
            return None
        if len(own) >= 0.5 * len(anchors):
            return None
        if len(opening) >= 0.8 * len(anchors) and opening[0] < anchors[0]:
            return sorted({*opening, *own})
    return None


def _drop_far(body: Sequence[BodyRow], owner: list[int | None], last: Sequence[int]) -> None:
    """Rows after the last item that stand apart from it are not its own."""
    final = last[-1]
    for index in range(final + 1, len(body)):
        one, other = body[index - 1].row, body[index].row
        if other.page != one.page or other.top - one.bottom > 1.6 * max(one.size, other.size):
            if any(body[at].anchor for at in range(index, len(body))) and not any(
                body[at].anchor for at in range(final, index)
            ):
                continue
            for rest in range(index, len(body)):
                owner[rest] = None
            return


def _level_between(sheet: Sheet, grid: Grid, upper: float, lower: float) -> float | None:
    """A level rule across most of the table between two heights."""
    width = max(grid.right - grid.left, 1)
    for y, left, right in sheet.levels:
        if upper - 1 < y < lower + 1 and min(right, grid.right) - max(left, grid.left) >= 0.5 * width:
            return y
    joined = [(y, left, right) for y, left, right in sheet.levels if upper - 1 < y < lower + 1]
    if joined and sum(right - left for _, left, right in joined if abs(joined[0][0] - _) < 1.5) >= 0.6 * width:
        return joined[0][0]
    return None


def _own_by_bands(
    body: Sequence[BodyRow], anchors: Sequence[int], owner: list[int | None], sheets: dict[int, Sheet]
) -> None:
    """Where rules part all the items, a row between two rules is of the item between them."""
    for before, after in itertools.pairwise(anchors):
        first, second = body[before], body[after]
        if first.row.page == second.row.page and not _ruled(first.row, second.row, first.grid, sheets):
            return
    pages = {body[index].row.page for index in anchors}
    owned: dict[int, int] = {}
    ruled = len(anchors) > 1
    for index, one in enumerate(body):
        if owner[index] is not None:
            continue
        candidates = [
            at
            for at, anchor in enumerate(anchors)
            if body[anchor].row.page == one.row.page and not _ruled_apart(body[anchor].row, one.row, one.grid, sheets)
        ]
        if len(candidates) == 1:
            owned[index] = candidates[0]
        elif not candidates and one.row.page in pages:
            ruled = True
            if len(anchors) > 1:
                owned[index] = -1
    if ruled:
        for index, own in owned.items():
            owner[index] = own


def _ruled(upper: Row, lower: Row, grid: Grid, sheets: dict[int, Sheet]) -> bool:
    return (
        _level_between(sheets[upper.page], grid, upper.bottom - 0.3 * upper.size, lower.top + 0.3 * lower.size)
        is not None
    )


def _ruled_apart(one: Row, other: Row, grid: Grid, sheets: dict[int, Sheet]) -> bool:
    return _ruled(one, other, grid, sheets) if one.top <= other.top else _ruled(other, one, grid, sheets)


def _own_by_gaps(
    body: Sequence[BodyRow], anchors: Sequence[int], owner: list[int | None], sheets: dict[int, Sheet]
) -> None:
    """Where no rules part items, rows go to the item above, unless the gaps or the first item say otherwise."""
    leading = [index for index in range(anchors[0]) if owner[index] is None]
    above = bool(leading) and _close(body, leading[-1], anchors[0])
    for at, anchor in enumerate(anchors):
        until = anchors[at + 1] if at + 1 < len(anchors) else len(body)
        between = [index for index in range(anchor + 1, until) if owner[index] is None]
        if not between:
            continue
        if at + 1 < len(anchors):
            cut = _cut(body, anchor, until, above=above)
            for index in between:
                owner[index] = at if index < cut else at + 1
        else:
            for index in between:
                one, other = body[index - 1].row, body[index].row
                if _begins_something(other):
                    break
                loose = other.page != one.page or other.top - one.bottom > _loose(body, anchors)
                if loose or (other.page == one.page and _ruled(one, other, body[index].grid, sheets)):
                    break
                owner[index] = at
    if above:
        for index in leading:
            owner[index] = 0
    elif leading:
        for index in leading:
            owner[index] = 0 if _close(body, index, anchors[0]) else None


def _begins_something(row: Row) -> bool:
    """Whether a row opens remarks, an address or another field of the order as a whole."""
    before, colon, _ = row.pieces[0].text.partition(":")
    role = role_of(row.pieces[0].text)
    if role is not None and colon:
        return not any(True for _ in find_days(role[1], DayContext("dmy", None)))
    return label(before) in {"note", "payment_terms", "incoterms", "bill_to", "ship_to", "stated_line_count"} and (
        bool(colon) or len(row.pieces) == 1
    )


def _close(body: Sequence[BodyRow], one: int, other: int) -> bool:
    first, second = body[one].row, body[other].row
    return first.page == second.page and second.top - first.bottom <= 0.6 * max(first.size, second.size)


def _loose(body: Sequence[BodyRow], anchors: Sequence[int]) -> float:
    """The gap from which on a row below the last item is not its own."""
    gaps = [
        max(other.row.top - one.row.bottom, 0.0)
        for one, other in itertools.pairwise(body[: anchors[-1] + 1])
        if one.row.page == other.row.page and not other.anchor
    ]
    size = body[anchors[-1]].row.size
    return max(0.75 * size, 1.4 * median(gaps)) if gaps else 0.75 * size


def _cut(body: Sequence[BodyRow], anchor: int, until: int, *, above: bool) -> int:
    """The index of the first row between two items that is of the second."""
    gaps: list[tuple[float, int]] = []
    for index in range(anchor + 1, until + 1):
        one, other = body[index - 1].row, body[index].row
        if one.page != other.page:
            return until if not above else index
        gaps.append((max(other.top - one.bottom, -0.5 * other.size), index))
    widest = max(gaps)
    least = min(gaps)
    if widest[0] - least[0] > 0.25 * body[anchor].row.size:
        return widest[1]
    if not above:
        return until
    return anchor + 1 + (until - anchor - 1) // 2 if (until - anchor - 1) % 2 == 0 and above else anchor + 1

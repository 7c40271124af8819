"""Finds the heading rows of tables on a page, and the columns that stand below them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.pdf.vocabulary import heading, sum_kind
from bridgehead.documents.pdf.words import Piece, Row, Sheet, Word
from bridgehead.documents.tables.headings import Heading
from bridgehead.documents.tables.table import LINE_FIELDS
from bridgehead.documents.units import UNIT_CODES

MOST_HEADER_ROWS: Final = 4
_MOST_PIECES: Final = 30
_LONGEST: Final = 400
"""A row of so many pieces or letters heads no table."""
_FIGURE: Final = re.compile(r"\d+[.,]\d{2}\b|\b\d{3,}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")
_THINGS: Final = frozenset({"part", "article", "customer_part", "supplier_part", "gtin", "description", "po_or_part"})
_WORTH: Final = LINE_FIELDS - {"po_or_part"} | {"po_or_part"}
_COUNTING_UNITS: Final = frozenset(word for word, code in UNIT_CODES.items() if code == "C62")


@dataclass(slots=True)
class Column:
    """A column: its heading, where that stands, the zone of its cells, and headings of further lines of a cell."""

    name: str
    heading: Heading | None
    x0: float
    x1: float
    left: float = 0.0
    right: float = 0.0
    below: tuple[Heading | None, ...] = ()

    @property
    def field(self) -> str | None:
        """The field that the heading names."""
        return None if self.heading is None else self.heading.field


@dataclass(slots=True)
class Grid:
    """The headings of one table on one page; ``second`` are the columns of a second row of each item."""

    page: int
    columns: list[Column]
    rows: list[Row]
    second: list[Column] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        """Where the headings end."""
        return self.rows[-1].bottom

    @property
    def left(self) -> float:
        """Left edge of the headings."""
        return min(one.x0 for one in self.columns)

    @property
    def right(self) -> float:
        """Right edge of the headings."""
        return max(one.x1 for one in self.columns)

    def fields(self) -> set[str]:
        """The fields of all columns."""
        named = {one.field for one in (*self.columns, *self.second)}
        named |= {one.field for column in self.columns for one in column.below if one is not None}
        return {one for one in named if one is not None}

    def signature(self) -> tuple[str, ...]:
        """What makes a repeated heading the same one."""
        return tuple(one.name.lower() for one in self.columns)


def find_grids(sheet: Sheet) -> list[Grid]:
    """All heading rows of item tables on a page, from top to bottom."""
    grids: list[Grid] = []
    splits: _Splits = {}
    index = 0
    rows = sheet.rows
    while index < len(rows):
        best: tuple[float, int, Grid] | None = None
        for start in range(index, min(index + 1, len(rows))):
            for span in range(1, MOST_HEADER_ROWS + 1):
                chosen = rows[start : start + span]
                if len(chosen) < span or not _may_head(chosen):
                    break
                grid = _grid(chosen, splits)
                worth = _worth(grid)
                if worth > 0 and (best is None or worth > best[0] + 0.01):
                    best = (worth, span, grid)
        if best is None:
            index += 1
            continue
        following = rows[index + 1 : index + 2]
        if following and index + 1 < len(rows):
            other = max(
                (
                    _worth(_grid(rows[index + 1 : index + 1 + span], splits))
                    for span in range(1, MOST_HEADER_ROWS + 1)
                    if _may_head(rows[index + 1 : index + 1 + span])
                ),
                default=0.0,
            )
            if other > best[0]:
                index += 1
                continue
        rows_taken = best[1]
        longest = next(
            (
                span
                for span in range(MOST_HEADER_ROWS, rows_taken, -1)
                if len(rows) >= index + span
                and all(
                    _same_heading(rows[index : index + upto], rows[index + span : index + span + 1])
                    for upto in range(rows_taken + 1, span + 1)
                )
            ),
            rows_taken,
        )
        if longest > rows_taken:
            best, rows_taken = (best[0], longest, _grid(rows[index : index + longest], splits)), longest
        grids.append(best[2])
        index += rows_taken
    return grids


def _may_head(rows: Sequence[Row]) -> bool:
    """Whether rows can be headings: close to one another, and without figures."""
    if not rows:
        return False
    for one, other in itertools.pairwise(rows):
        if other.top - one.bottom > 1.0 * max(one.size, other.size):
            return False
    if any(len(row.pieces) >= _MOST_PIECES or sum(len(one.text) for one in row.pieces) >= _LONGEST for row in rows):
        return False
    figures = [piece for row in rows for piece in row.pieces if _FIGURE.search(piece.text)]
    return not any(heading(piece.text) is None for piece in figures) and not any(map(_are_values, rows))


def _are_values(row: Row) -> bool:
    """Whether a row is one of values below their own labels, ``P5121-01   30-Nov-26``: digits in all, a heading in none."""
    texts = [piece.text for piece in row.pieces]
    return len(texts) > 1 and all(any(map(str.isdigit, text)) and heading(text) is None for text in texts)


def _same_heading(rows: Sequence[Row], below: Sequence[Row]) -> bool:
    """Whether the last of the rows only ends the headings above it: close to them, below them, and without digits.

    It is bold like them, or stands apart from the first item.
    """
    last, above = rows[-1], rows[-2]
    gap = last.top - above.bottom
    if not _may_head(rows) or any(one.isdigit() for one in last.text) or gap > 0.5 * last.size:
        return False
    if all(piece.bold for row in rows for piece in row.pieces):
        return True
    covered = all(
        any(min(one.x1, piece.x1) - max(one.x0, piece.x0) > 0 for one in above.pieces) for piece in last.pieces
    )
    if covered and all(heading(piece.text) is not None for piece in last.pieces):
        return True
    return covered and bool(below) and below[0].page == last.page and below[0].top - last.bottom > gap + 1.5


def _worth(grid: Grid) -> float:
    """How much rows look like headings of an item table; 0 when they cannot be."""
    fields = grid.fields()
    counted = len(fields & _WORTH)
    if "quantity" not in fields or not fields & (_THINGS | {"amount"}) or counted < 2:
        return 0.0
    if counted == 2 and (len(grid.columns) > 4 or not fields & _THINGS):
        return 0.0
    unknown = sum(1 for one in grid.columns if one.heading is None and not one.below)
    if unknown > counted + 2:
        return 0.0
    return counted - 0.2 * unknown - 0.1 * len(grid.rows) + (0.5 if "amount" in fields else 0)


def split_headings(piece: Piece) -> list[Piece]:
    """A piece that holds several headings side by side, as one piece each."""
    if len(piece.words) < 2 or len(piece.words) > 10:
        return [piece]
    whole = heading(piece.text)
    best: tuple[float, list[Piece]] | None = None
    gaps = [later.x0 - earlier.x1 for earlier, later in itertools.pairwise(piece.words)]
    places = range(1, len(piece.words))
    for count in (1, 2, 3, 4):
        if count > len(piece.words) - 1:
            break
        for cuts in itertools.combinations(places, count):
            edges = [0, *cuts, len(piece.words)]
            parts = [Piece(piece.words[a:b], piece.line) for a, b in itertools.pairwise(edges)]
            found = [heading(part.text) for part in parts]
            if any(one is None for one in found) or len({one.field for one in found if one}) < len(found):
                continue
            smallest = min(gaps[cut - 1] for cut in cuts)
            dated = whole is not None and whole.field in _DAYS and _FIGURES & {one.field for one in found if one}
            if whole is not None and not dated and not _stand_apart(gaps, cuts, piece):
                continue
            if best is None or smallest > best[0]:
                best = (smallest, parts)
        if best is not None:
            return [one for part in best[1] for one in split_headings(part)]
    return [piece]


_DAYS: Final = frozenset({"requested_date", "order_date"})
_FIGURES: Final = frozenset({"price", "amount"})
"""No heading of a day names one of these as well: ``Net price Deliv. date`` heads two columns."""


def _stand_apart(gaps: Sequence[float], cuts: Sequence[int], piece: Piece) -> bool:
    """Whether the gaps at the cuts are wider than those within headings: a known heading is split for these alone."""
    inner = [gap for at, gap in enumerate(gaps, 1) if at not in cuts]
    least = min(gaps[cut - 1] for cut in cuts)
    letters = [(word.x1 - word.x0) / max(len(word.text), 1) for word in piece.words]
    even = max(letters) - min(letters) < 0.03 * piece.size
    usual = 1.5 * letters[0] if even else 0.42 * piece.size
    return least > usual and (not inner or least > 1.3 * max(inner))


_Splits = dict[int, list[Piece]]
"""The headings of each piece of a page by the piece's identity: every row is tried in a dozen tables, and split once."""


def _split(row: Row, splits: _Splits) -> list[Piece]:
    found: list[Piece] = []
    for piece in row.pieces:
        parts = splits.get(id(piece))
        if parts is None:
            parts = splits[id(piece)] = split_headings(piece)
        found += parts
    return found


def _grid(rows: Sequence[Row], splits: _Splits) -> Grid:
    if len(rows) == 1:
        pieces = _split(rows[0], splits)
        columns = [Column(piece.text, heading(piece.text), piece.x0, piece.x1) for piece in pieces]
        return Grid(rows[0].page, columns, list(rows))
    levels = [_split(row, splits) for row in rows]
    for at in range(len(levels) - 1):
        levels[at] = [part for piece in levels[at] for part in _parted_below(piece, levels[at + 1])]
    merged = _merged(levels)
    stacked = _stacked(rows, levels)
    if stacked is not None:
        plain = {one.field for one in merged} & _WORTH
        if "quantity" not in plain or len(stacked.fields() & _WORTH) >= len(plain) + 2:
            return stacked
    return Grid(rows[0].page, merged, list(rows))


def _stacked(rows: Sequence[Row], levels: Sequence[Sequence[Piece]]) -> Grid | None:
    """Two rows of headings for two rows of every item: position and part above, quantity and price below."""
    if len(levels) != 2:
        return None
    first, second = (
        [Column(piece.text, heading(piece.text), piece.x0, piece.x1) for piece in level] for level in levels
    )
    known = [{one.field for one in level if one.field in _WORTH} for level in (first, second)]
    few = len(known[1]) < 2 and len(second) > 1
    if len(known[0]) < 2 or few or "quantity" not in known[1] or "quantity" in known[0]:
        return None
    return Grid(rows[0].page, first, list(rows), second=second)


def _merged(levels: Sequence[Sequence[Piece]]) -> list[Column]:
    """Headings over several rows, joined where they stand below one another."""
    clusters: list[list[Piece]] = []
    for level in levels:
        placed: list[tuple[list[Piece], Piece]] = []
        for piece in [part for one in level for part in _below_several(one, clusters)]:
            best: tuple[float, list[Piece]] | None = None
            for cluster in clusters:
                x0, x1 = min(one.x0 for one in cluster), max(one.x1 for one in cluster)
                common = min(x1, piece.x1) - max(x0, piece.x0)
                share = common / max(min(x1 - x0, piece.x1 - piece.x0), 1)
                if share > 0.25 and (best is None or share > best[0]):
                    best = (share, cluster)
            if best is None or any(best[1] is taken for taken, _ in placed):
                clusters.append([piece])
            else:
                placed.append((best[1], piece))
        for cluster, piece in placed:
            cluster.append(piece)
    columns = [_column(cluster) for cluster in clusters]
    columns.sort(key=lambda one: one.x0)
    return columns


def _parted_below(piece: Piece, level: Sequence[Piece]) -> list[Piece]:
    """A heading whose first words belong to a price below them, and the rest to a day.

    ``Net Due Date`` over ``Price``, ``Unit Req.`` over ``Price`` and ``Date``.
    """
    whole = heading(piece.text)
    if whole is not None and whole.field not in _DAYS:
        return [piece]
    for below, cut in itertools.product(level, range(1, len(piece.words))):
        first, rest = (Piece(words, piece.line) for words in (piece.words[:cut], piece.words[cut:]))
        over = below.x1 > first.x0 and below.x0 < first.x1 and below.x1 <= rest.x0
        money = heading(f"{first.text} {below.text}") if over else None
        if money is None or money.field not in _FIGURES:
            continue
        under = [one for one in level if one.x1 > rest.x0 and one.x0 < rest.x1]
        days = [heading(" ".join([rest.text, *(one.text for one in under)]))]
        days += [heading(rest.text)] if whole is not None else []
        if any(day is not None and day.field in _DAYS for day in days):
            return [first, rest]
    return [piece]


def _below_several(piece: Piece, clusters: Sequence[Sequence[Piece]]) -> list[Piece]:
    """A piece that runs below several headings, as one piece below each."""
    parts: list[tuple[int, list[Word]]] = []
    for word in piece.words:
        middle = (word.x0 + word.x1) / 2
        away = [
            max(min(one.x0 for one in cluster) - middle, middle - max(one.x1 for one in cluster), 0.0)
            for cluster in clusters
        ]
        at = away.index(min(away)) if away and min(away) <= 1.2 * word.size else -1
        if parts and (at in {parts[-1][0], -1}):
            parts[-1][1].append(word)
        else:
            parts.append((at, [word]))
    if len(parts) < 2 or any(at < 0 for at, _ in parts):
        return [piece]
    return [Piece(words, piece.line) for _, words in parts]


_QUALIFYING: Final = frozenset({"position", "unit", "article", "po_number", "ignore"})
"""What a first word such as Line, Unit, Item or Order may head alone, over ``Total``, ``price``, ``no.`` or ``qty``."""


def _column(cluster: Sequence[Piece]) -> Column:
    texts = [piece.text for piece in cluster]
    x0, x1 = min(one.x0 for one in cluster), max(one.x1 for one in cluster)
    name = " ".join(texts)
    joined = heading(name) or heading(re.sub(r"-\s", "", name)) or heading(re.sub(r"\s", "", name))
    if len(texts) == 1:
        return Column(name, heading(texts[0]), x0, x1)
    alone = [heading(text) for text in texts]
    known = [one for one in alone if one is not None and one.field != "ignore"]
    fields = {one.field for one in known}
    if joined is not None and alone[0] is not None and (alone[0].field in _QUALIFYING or joined.field == "price_basis"):
        return Column(name, joined, x0, x1)
    numbered = {one.field for one in known[1:]} <= {"position"}  # ``Your item`` over ``No.`` is one heading
    if joined is not None and (numbered or len(fields) < 2 or joined.field not in fields or joined.field == "price"):
        return Column(name, joined, x0, x1)
    if len(fields) >= 2 and alone[0] is not None:
        return Column(name, alone[0], x0, x1, below=tuple(alone[1:]))
    return Column(name, joined or (known[0] if known else None), x0, x1)


def set_zones(columns: Sequence[Column], rows: Iterable[Row], sheet: Sheet, heads: Sequence[Row]) -> None:
    """Gives each column the zone of its cells: parted where the fewest words of the rows are cut.

    Upright rules between two headings part them; else the widest gap between the headings' outer edges does.
    """
    ordered = sorted(columns, key=lambda one: one.x0)
    words = [word for row in rows for word in row.words]
    top, bottom = heads[0].top, heads[-1].bottom
    rules = [x for x, start, end in sheet.uprights if start <= bottom + 2 and end >= top - 2 and end - start > 4]
    lefts = [0.0]
    for one, other in itertools.pairwise(ordered):
        between = [x for x in rules if one.x1 - 1.5 <= x <= other.x0 + 1.5]
        edge = between[0] if between else _gap(one, other, words)
        lefts.append(edge)
    for index, column in enumerate(ordered):
        column.left = lefts[index]
        column.right = lefts[index + 1] if index + 1 < len(ordered) else sheet.width


_HEADING_WEIGHT: Final = 200
"""No edge of columns runs through a heading, whatever overflows below it."""


def _gap(one: Column, other: Column, words: Sequence[Word]) -> float:
    """Where one column ends and the next begins."""
    low, high = one.x0, max(other.x1, one.x0 + 1)
    spans = [(word.x0, word.x1) for word in words if word.x1 > low and word.x0 < high]
    spans += [(one.x0, one.x1), (other.x0, other.x1)] * _HEADING_WEIGHT
    events = sorted({low, high, *(x for span in spans for x in span if low <= x <= high)})
    best: tuple[int, float, float] | None = None
    fewest: int | None = None
    runs: list[tuple[int, float, float]] = []
    for start, end in itertools.pairwise(events):
        if end - start < 0.2:
            continue
        middle = (start + end) / 2
        runs.append((sum(1 for x0, x1 in spans if x0 < middle < x1), start, end))
    merged: list[tuple[int, float, float]] = []
    for count, start, end in runs:
        if merged and merged[-1][0] == count and abs(merged[-1][2] - start) < 0.5:
            merged[-1] = (count, merged[-1][1], end)
        else:
            merged.append((count, start, end))
    for count, start, end in merged:
        outer = start <= one.x0 or end >= other.x1
        if outer and len(merged) > 1 and (end <= one.x1 or start >= other.x0):
            continue
        if fewest is None or count < fewest:
            fewest, best = count, (count, start, end)
        elif best is not None and count == fewest and end - start > best[2] - best[1]:
            best = (count, start, end)
    if best is None:
        return (one.x1 + other.x0) / 2
    return (best[1] + best[2]) / 2


def cells_of(row: Row, columns: Sequence[Column]) -> dict[int, list[Word]]:
    """The words of a row by column (its index); a word belongs where its middle is."""
    cells: dict[int, list[Word]] = {}
    few = len(row.pieces) <= 2 and len(columns) >= 4
    for strand in [piece.words for piece in row.pieces] if few else _strands(row.words):
        for word in strand:
            place = word if len(strand) == 1 else strand[0]
            middle = (place.x0 + place.x1) / 2
            if few and len(strand) > 1 and not _runs_from_words(strand, columns):
                middle = (word.x0 + word.x1) / 2
            at = next((i for i, one in enumerate(columns) if one.left <= middle < one.right), None)
            if at is None:
                at = 0 if middle < columns[0].left else len(columns) - 1
            cells.setdefault(at, []).append(word)
    _keep_words_together(columns, cells)
    _part_unit(columns, cells)
    return cells


def _part_unit(columns: Sequence[Column], cells: dict[int, list[Word]]) -> None:
    """A quantity with its unit that stands as a whole below either of their two headings is parted."""
    fields = [one.field for one in columns]
    if "quantity" not in fields or "unit" not in fields:
        _rejoin_unit(columns, cells)
        return
    quantity, unit = fields.index("quantity"), fields.index("unit")
    if abs(quantity - unit) != 1 or (quantity in cells) == (unit in cells):
        return
    words = cells[unit] if unit in cells else cells[quantity]
    digits = [word for word in words if word.text[:1].isdigit()]
    if not digits or digits != words[: len(digits)]:
        return
    cells[quantity] = digits
    cells[unit] = words[len(digits) :]
    if not cells[unit]:
        del cells[unit]


def _rejoin_unit(columns: Sequence[Column], cells: dict[int, list[Word]]) -> None:
    """A unit close behind a quantity is of it, where no heading names units and it reaches below the next one."""
    for at in [at for at in cells if columns[at].field == "quantity" and at + 1 in cells]:
        last, (first, *rest) = cells[at][-1], cells[at + 1]
        close = first.x0 - last.x1 <= 0.6 * max(first.size, 1)
        counted = last.text[-1:].isdigit() and first.text.lower().rstrip(".") in UNIT_CODES
        if close and counted and rest and columns[at + 1].field not in _NUMERIC:
            cells[at] = [*cells[at], first]
            cells[at + 1] = rest


def _runs_from_words(strand: Sequence[Word], columns: Sequence[Column]) -> bool:
    """Whether a piece begins under a heading of words: the rest of it is the same text, wherever it ends."""
    start = (strand[0].x0 + strand[0].x1) / 2
    at = next((one for one in columns if one.left <= start < one.right), None)
    return at is not None and at.field not in _NUMERIC


def _strands(words: Sequence[Word]) -> list[list[Word]]:
    """The words one by one; where texts lie over one another, those that were drawn in one go stay together."""
    if not any(other.x0 < one.x1 - 1.5 or _entangled(one, other) for one, other in itertools.pairwise(words)):
        return [[word] for word in words]
    strands: list[list[Word]] = []
    for word in sorted(words, key=lambda one: one.step):
        if strands:
            last = strands[-1][-1]
            drawn_on = word.step - len(word.text) - last.step <= 2
            if drawn_on and -1 <= word.x0 - last.x1 <= 0.5 * max(word.size, 1):
                strands[-1].append(word)
                continue
        strands.append([word])
    return sorted(strands, key=lambda one: one[0].x0)


def _entangled(one: Word, other: Word) -> bool:
    """Whether two words side by side were not drawn in the order of their places."""
    return other.step < one.step and other.x0 - one.x1 < 0.2 * max(one.size, 1)


_NUMERIC: Final = frozenset({"quantity", "price", "amount", "price_basis", "discount", "tax"})


def _keep_words_together(columns: Sequence[Column], cells: dict[int, list[Word]]) -> None:
    """Words of a long description that reach into a column of numbers go back to it."""
    for at in sorted(cells):
        field_ = columns[at].field
        if field_ not in _NUMERIC or at - 1 not in cells:
            continue
        before = cells[at - 1][-1]
        strayed: list[Word] = []
        for word in cells[at]:
            near = word.x0 - before.x1 <= 0.5 * max(word.size, 1)
            if near and not any(one.isdigit() for one in word.text) and word.text.lower().rstrip(".") not in UNIT_CODES:
                strayed.append(word)
                before = word
            else:
                break
        rest = cells[at][len(strayed) :]
        if strayed and rest and len(rest) < len(cells[at]):
            cells[at - 1] = cells[at - 1] + strayed
            cells[at] = rest


def text_of(words: Sequence[Word]) -> str:
    """The words of a cell."""
    return " ".join(word.text for word in words)


def is_sum(row: Row) -> bool:
    """Whether a row announces a sum or a carried total."""
    return any(sum_kind(piece.text) is not None for piece in row.pieces[:2])

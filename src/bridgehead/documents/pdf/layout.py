"""Reads the orders that the pages of a PDF show: tables, fields, parties, sums, and what is left beside them."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from bridgehead.documents.dates import DayContext, day_order
from bridgehead.documents.draft import Draft
from bridgehead.documents.language import Language, guess_day_order, language_of
from bridgehead.documents.mail.intent import intent_of
from bridgehead.documents.mail.order import read_plain_text
from bridgehead.documents.numbers import DecimalSign, decimal_sign
from bridgehead.documents.order import Order, Party, Source
from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, Reading, ReadPart, Refusal
from bridgehead.documents.pdf.fields import Field, find_fields, lone_day, po_numbers, put_fields
from bridgehead.documents.pdf.grid import find_grids
from bridgehead.documents.pdf.items import Table, read_tables
from bridgehead.documents.pdf.kinds import kind_by_title, numbered_kind, titled_order
from bridgehead.documents.pdf.lines import adds_up, read_lines, rows_of_items
from bridgehead.documents.pdf.opening import Opened
from bridgehead.documents.pdf.pages import number_rows
from bridgehead.documents.pdf.parties import read_parties
from bridgehead.documents.pdf.records import Records, find_records, read_records
from bridgehead.documents.pdf.rest import furniture_of, take_notes, watch_days, watch_rest
from bridgehead.documents.pdf.sums import Sum, figure_below, read_sums, state_sums
from bridgehead.documents.pdf.titles import order_title, other_title
from bridgehead.documents.pdf.vocabulary import sum_kind
from bridgehead.documents.pdf.watch import beside_warnings, hidden_warnings, missing_pages
from bridgehead.documents.pdf.words import Piece, Row, Sheet, split_sidebar
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.table_kinds import table_kind
from bridgehead.documents.terms import CURRENCY, currency_of
from bridgehead.documents.vigilance import instruction_in, watch

_CURRENCY: Final = re.compile(rf"(?<![\w]){CURRENCY}")
_MOST_TEXT: Final = 150_000


@dataclass(slots=True)
class _Group:
    """The tables and rows of one order."""

    tables: list[Table]
    number: str = ""
    number_field: Field | None = None
    rows: list[Row] = field(default_factory=list)
    records: list[Records] = field(default_factory=list)

    @property
    def inside(self) -> set[int]:
        """The lines that headings and items take."""
        lines = {row.line for table in self.tables for row in (*rows_of_items(table), *table.heads)}
        return lines | {row.line for records in self.records for record in records.items for row in record.rows}

    @property
    def first_line(self) -> int:
        """The line at which the items begin."""
        return self.tables[0].first_line if self.tables else self.records[0].first_line


def read_pages(
    sheets: list[Sheet],
    opened: Opened,
    part: str,
    hints: Hints,
    read_part: ReadPart | None = None,
    *,
    scanned: bool = False,
    unread: Sequence[int] = (),
    whatever: bool = False,
) -> Orders | NotAnOrder:
    """The orders of the pages; raises Refusal ``pdf.no_order_number``, ``pdf.no_lines``, ``pdf.scanned``.

    ``whatever`` reads a document of every kind in the shape of an order, for telling what it says.
    """
    other = None if whatever else kind_by_title(sheets)
    if other is not None:
        return other
    parted = [split_sidebar(sheet) for sheet in sheets]
    if any(parted):
        number_rows(sheets)
    rows = [row for sheet in sheets for row in sheet.rows]
    text = "\n".join(row.text for row in rows)[:_MOST_TEXT]
    furniture = furniture_of(sheets)
    grids = [find_grids(sheet) for sheet in sheets]
    tables = read_tables(sheets, grids, furniture)
    titled = whatever or titled_order(sheets)
    named = None if titled else numbered_kind(sheets)
    if named is not None:
        return named
    for table in tables:
        kind = table_kind([column.name for column in table.grid.columns])
        if kind is not None and not titled:
            return NotAnOrder(kind, f"The headings of the table are those of a {kind.replace('_', ' ')}.")
    records = find_records([row for row in rows if row.line not in furniture]) if not tables else []
    if not tables and not records:
        return _without_table(rows, sheets, opened, part, hints, read_part)
    if unread and any(sheet.number in unread for sheet in sheets):
        opened.warnings.append(("ignored", f"page {unread[0]} is a picture and was not read"))
    ways = _ways(tables, text, part, hints, letter=_on_letter(sheets))
    groups = _groups([*tables, *records], rows, ways)
    drafts = [_draft(group, ways, part, hints, furniture, text) for group in groups]
    return Orders(tuple(_finished(draft, sheets, opened, scanned=scanned) for draft in drafts))


def _ways(tables: Sequence[Table], text: str, part: str, hints: Hints, *, letter: bool) -> Ways:
    """How numbers and days are written: what makes the most lines multiply decides.

    Who writes a decimal comma writes the day before the month; who prints on US letter paper the month before it.
    """
    language = language_of(text) or next((one for one in get_args(Language) if one == hints.language), None)
    figures = "\n".join(body.row.text for table in tables for item in table.items for body in item.rows)
    sums = "\n".join(row.text for table in tables for row in table.sums)
    guess = decimal_sign(f"{figures}\n{sums}") or decimal_sign(text)
    if guess is None and language not in {None, "en"}:
        guess = ","
    order = day_order(text, guess_day_order(text, language))
    if order is None and letter:
        order = "mdy"
    days = DayContext(order, hints.written)
    ways = [Ways(sign, days, language, thousandths=_thousandths(tables, sign)) for sign in _signs(guess)]
    scores = [_proofs(tables, one, part) for one in ways]
    best = ways[scores.index(max(scores))]
    if best.days.order is None and best.sign == ",":
        return replace(best, days=replace(best.days, order="dmy"))
    return best


def _on_letter(sheets: Sequence[Sheet]) -> bool:
    """Whether the first page is of US letter size: 8.5 by 11 inches."""
    return bool(sheets) and abs(sheets[0].width - 612) < 2 and abs(sheets[0].height - 792) < 2


def _signs(guess: DecimalSign | None) -> tuple[DecimalSign | None, ...]:
    if guess is None:
        return (None, ".", ",")
    return (guess, "," if guess == "." else ".")


def _thousandths(tables: Sequence[Table], sign: DecimalSign | None) -> bool:
    """Whether every quantity is printed with three decimals."""
    if sign is None:
        return False
    pattern = re.compile(
        rf"\d{{1,3}}(?:[{',' if sign == '.' else '.'} ]?\d{{3}})*{re.escape(sign)}\d{{3}}(?:\s*[^\W\d_]+\.?)?"
    )
    cells = [
        item.main.text(index) if not item.main.grid.second else ""
        for table in tables
        for item in table.items
        for index, column in enumerate(item.main.grid.columns)
        if column.field == "quantity"
    ]
    return len(cells) > 0 and all(pattern.fullmatch(cell.strip()) for cell in cells)


def _proofs(tables: Sequence[Table], ways: Ways, part: str) -> int:
    trial = Draft("pdf")
    return sum(adds_up(line) for table in tables for line in read_lines(table, ways, trial, part, ""))


def _groups(units: Sequence[Table | Records], rows: Sequence[Row], ways: Ways) -> list[_Group]:
    """The tables by order: a table with an order number of its own before it opens another order."""
    inside = _of(units).inside
    outside = [row for row in rows if row.line not in inside]
    numbers = po_numbers(find_fields(outside, ways))
    groups: list[_Group] = []
    last_line = 0
    for unit in units:
        own = [one for one in numbers if last_line < one[1].row < unit.first_line]
        first = own[0][0] if own else None
        if groups and (first is None or any(first == group.number for group in groups)):
            groups[-1] = _joined(groups[-1], _of([unit]))
        else:
            one = _of([unit])
            if own:
                one.number, one.number_field = own[0]
            groups.append(one)
        last_line = _last_line(unit)
    if len(groups) == 1 and not groups[0].number and numbers:
        groups[0].number, groups[0].number_field = numbers[0]
    starts = [0]
    for before, group in itertools.pairwise(groups):
        starts.append(_start(before, group, rows))
    starts.append(10**9)
    for index, group in enumerate(groups):
        group.rows = [row for row in rows if starts[index] <= row.line < starts[index + 1]]
    return groups


def _of(units: Sequence[Table | Records]) -> _Group:
    return _Group(
        [one for one in units if isinstance(one, Table)], records=[one for one in units if isinstance(one, Records)]
    )


def _joined(one: _Group, other: _Group) -> _Group:
    return replace(one, tables=[*one.tables, *other.tables], records=[*one.records, *other.records])


def _last_line(unit: Table | Records) -> int:
    if isinstance(unit, Records):
        return unit.last_line
    return max((row.line for row in rows_of_items(unit)), default=unit.first_line)


def _start(before: _Group, group: _Group, rows: Sequence[Row]) -> int:
    """The line at which the next order begins: its page, or what follows the sums of the one before."""
    ends = [row.line for table in before.tables for row in (*rows_of_items(table), *table.sums)]
    ends += [records.last_line for records in before.records]
    number = group.number_field
    if number is None:
        return group.first_line
    sums_before = [line for line in ends if line < number.row]
    end = max(sums_before, default=0)
    page = next((row.page for row in rows if row.line == end), 0)
    opening = next((row.line for row in rows if row.page == number.page), number.row)
    if page < number.page:
        return opening
    titles = [
        row.line for row in rows if end < row.line <= number.row and any(order_title(one.text) for one in row.pieces)
    ]
    return titles[0] if titles else end + 1


def _draft(group: _Group, ways: Ways, part: str, hints: Hints, furniture: set[int], text: str) -> Draft:
    draft = Draft("pdf")
    inside = group.inside
    sum_rows = _sum_rows(group, inside)
    for table in group.tables:
        draft.lines += read_lines(table, ways, draft, part, text)
    for records in group.records:
        draft.lines += read_records(records.items, ways, draft, part)
    sums = read_sums(sum_rows, ways, group.rows)
    used = {id(word) for one in sums for piece in one.pieces for word in piece.words}
    first_page = group.rows[0].page if group.rows else 1
    outside = [_without(row, used) for row in group.rows if row.line not in inside]
    outside = [row for row in outside if row.pieces]
    # What speaks to the reader is told below, and is no label, value or address whatever it says.
    spoken = {id(word) for row in outside for piece in row.pieces if instruction_in(piece.text) for word in piece.words}
    headed = [_without(row, spoken) for row in outside if row.line not in furniture or row.page == first_page]
    headed = [row for row in headed if row.pieces]
    terms = next(
        (
            row.line
            for row in headed
            if row.line > group.first_line and any(other_title(one.text) == "master_data" for one in row.pieces)
        ),
        10**9,
    )
    headed = [row for row in headed if row.line < terms]
    fields = find_fields(headed, ways)
    _put_number(draft, group, fields, part, hints)
    used |= put_fields(draft, [one for one in fields if one.name != "note"], ways, part)
    if group.number_field is not None:
        used |= {id(word) for piece in group.number_field.pieces for word in piece.words}
    above = [row for row in headed if row.line < group.first_line]
    used |= lone_day(draft, above, used, ways, part)
    used |= read_parties(draft, headed, above, used, part)
    state_sums(draft, sums, part)
    _purpose(draft, headed)
    _currency(draft, group, text, part)
    used |= take_notes(draft, outside, used, part)
    watch_rest(draft, outside, used, furniture, part)
    watch_days(draft, [row for row in outside if row.line < terms], used, furniture, ways)
    _watch_orphans(draft, group, sums)
    _watch_strays(draft, outside, used)
    return draft


def _sum_rows(group: _Group, inside: set[int]) -> list[Row]:
    """The rows below the first item that announce sums, whether the table or the page holds them."""
    first = group.first_line
    found = {row.line: row for table in group.tables for row in table.sums}
    for row in group.rows:
        if row.line <= first or row.line in inside or row.line in found:
            continue
        if not any(sum_kind(piece.text) is not None for piece in row.pieces):
            continue
        if any(one.isdigit() for one in row.text) or figure_below(row, group.rows):
            found[row.line] = row
    return [row for line, row in sorted(found.items())]


def _without(row: Row, used: set[int]) -> Row:
    pieces = []
    for piece in row.pieces:
        words = [word for word in piece.words if id(word) not in used]
        if len(words) == len(piece.words):
            pieces.append(piece)
        elif words:
            pieces.append(Piece(words, piece.line))
    return Row(pieces, row.line)


def _put_number(draft: Draft, group: _Group, fields: Sequence[Field], part: str, hints: Hints) -> None:
    numbers = po_numbers(fields)
    if not group.number and numbers:
        group.number, group.number_field = numbers[0]
    one = group.number_field
    if group.number and one is not None:
        draft.po_number = group.number
        draft.mark(
            "po_number", Source(part, one.row, one.value[:200], column=one.label[:60], page=one.page, how="label")
        )
        best = {_bare(group.number)}
        for number, field_ in numbers:
            if _bare(number) not in best and _plain_label(field_.label) == _plain_label(one.label):
                draft.warn(
                    "uncertain",
                    f"two order numbers: {group.number} and {number} (page {field_.page}, line {field_.row})",
                )
                best.add(_bare(number))
        return
    if hints.po_number:
        draft.po_number = hints.po_number
        draft.mark("po_number", Source("header", 1, hints.po_number, how="derived"))
        return
    raise Refusal(
        "pdf.no_order_number",
        "The pages name no order number.",
        f"{part}, page {group.rows[0].page if group.rows else 1}",
    )


def _bare(number: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", number.upper()).removeprefix("PO")


def _plain_label(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _purpose(draft: Draft, rows: Sequence[Row]) -> None:
    """Change or cancellation where the title of the order says so."""
    if draft.purpose != "original":
        return
    for row in rows[:40]:
        for piece in row.pieces:
            if len(piece.text.split()) <= 8 and (order_title(piece.text) or piece.size > 12):
                purpose = intent_of(piece.text, "").purpose
                if purpose in {"change", "cancel"}:
                    draft.purpose = purpose
                    draft.mark("purpose", Source("document", row.line, piece.text[:200], page=row.page, how="pattern"))
                    return


def _currency(draft: Draft, group: _Group, text: str, part: str) -> None:
    """The one currency that the pages name, where no field does."""
    if draft.currency is not None:
        return
    named = {currency_of(found[0]) for found in _CURRENCY.finditer(text)} - {None}
    if len(named) == 1:
        draft.currency = named.pop()
        page = next((row.page for row in group.rows if row.line == group.first_line), 1)
        draft.mark("currency", Source(part, group.first_line, draft.currency or "", page=page, how="pattern"))


def _watch_orphans(draft: Draft, group: _Group, sums: Sequence[Sum]) -> None:
    """Rows between the items that no item explains and that hold figures are said, never dropped."""
    for table in group.tables:
        last = max((row.line for row in rows_of_items(table)), default=0)
        for row in table.orphans:
            figures = re.findall(r"\d+[.,]\d{2}\b", row.text)
            if row.line < last and len(row.pieces) > 1 and figures:
                draft.warn("ignored", f"page {row.page}, line {row.line} is no line of the order: {row.text[:120]!r}")
        for row in table.sums:
            if (
                row.line < last
                and not any(one.row.line == row.line for one in sums)
                and re.search(r"\d+[.,]\d{2}\b", row.text)
            ):
                draft.warn("ignored", f"page {row.page}, line {row.line} was not read: {row.text[:120]!r}")


def _watch_strays(draft: Draft, rows: Sequence[Row], used: set[int]) -> None:
    """Rows outside the tables that have the figures of an item and were not read are said."""
    for row in rows:
        pieces = [piece for piece in row.pieces if not any(id(word) in used for word in piece.words)]
        figures = sum(
            1 for piece in pieces if _FIGURE.fullmatch(piece.text.strip()) and not _DAY.fullmatch(piece.text.strip())
        )
        if len(pieces) >= 4 and figures >= 2 and not any(sum_kind(piece.text) for piece in pieces):
            draft.warn("ignored", f"page {row.page}, line {row.line} was not read: {row.text[:120]!r}")


_DAY: Final = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
_FIGURE: Final = re.compile(rf"(?:{CURRENCY})?\s?\d[\d.,'’ ]*(?:\s?{CURRENCY})?")


def _finished(draft: Draft, sheets: Sequence[Sheet], opened: Opened, *, scanned: bool) -> Order:
    for kind, said in (*opened.warnings, *hidden_warnings(sheets), *beside_warnings(opened)):
        draft.warn(kind, said)
    missing = missing_pages(sheets)
    if missing is not None:
        draft.warn("uncertain", missing)
    if scanned:
        parties = (draft.buyer, draft.seller, draft.ship_to, draft.bill_to)
        kept = [draft.sources, *(line.sources for line in draft.lines), *(party.sources for party in parties)]
        for sources in kept:
            for name, source in list(sources.items()):
                sources[name] = replace(source, how="pattern")
    if all(line.number is None for line in draft.lines):
        for number, line in enumerate(draft.lines, 1):
            line.number = number
    watch(draft)
    return draft.finish()


def _without_table(
    rows: Sequence[Row], sheets: Sequence[Sheet], opened: Opened, part: str, hints: Hints, read_part: ReadPart | None
) -> Orders | NotAnOrder:
    """A letter: its words are read as those of a mail are."""
    titled = titled_order(sheets)
    try:
        outcome = read_plain_text(_as_text(sheets), read_part or _unread, hints)
    except Refusal as refusal:
        if titled:
            raise Refusal(
                "pdf.no_lines", f"The pages hold no table of items that can be read. {refusal.outcome.reason}", part
            ) from refusal
        return NotAnOrder("other", "The pages name no order and hold no table of items.")
    if isinstance(outcome, NotAnOrder):
        if titled and outcome.kind == "other":
            raise Refusal("pdf.no_lines", "The pages hold no table of items that can be read.", part)
        return outcome
    if not isinstance(outcome, Orders):
        raise Refusal(outcome.code, outcome.reason, outcome.where or part)
    pages = {index: row.page for index, row in enumerate(rows, 1)}
    warnings = [
        f"{kind}: {said}" for kind, said in (*opened.warnings, *hidden_warnings(sheets), *beside_warnings(opened))
    ]
    missing = missing_pages(sheets)
    if missing is not None:
        warnings.append(f"uncertain: {missing}")
    orders = []
    for order in outcome.orders:
        sources = {
            name: replace(source, part=part, page=pages.get(source.line), how="pattern")
            for name, source in order.sources.items()
        }
        more = tuple(one for one in warnings if one not in order.warnings)
        if len(outcome.orders) == 1:
            order = _completed(order, rows, part, hints)  # noqa: PLW2901 - the order with what its places tell
        orders.append(replace(order, format="pdf", sources=sources, warnings=(*order.warnings, *more)))
    return Orders(tuple(orders))


def _unread(document: bytes, name: str, part: str, hints: Hints) -> Reading:  # noqa: ARG001 - the port of a reader
    raise Refusal("unknown_format", "A page holds no files.", part)


def _completed(order: Order, rows: Sequence[Row], part: str, hints: Hints) -> Order:
    """An order read as words, with the parties and dates that the places of the words tell."""
    text = "\n".join(row.text for row in rows)
    language = language_of(text)
    ways = Ways(
        decimal_sign(text), DayContext(day_order(text, guess_day_order(text, language)), hints.written), language
    )
    draft = Draft("pdf")
    used = put_fields(draft, [one for one in find_fields(rows, ways) if one.name != "note"], ways, part)
    read_parties(draft, rows, rows, used, part)
    found = draft.finish()
    fields: dict[str, Any] = {}
    for name in (
        "order_date",
        "requested_date",
        "currency",
        "incoterms",
        "payment_terms",
        "ship_to",
        "bill_to",
        "seller",
    ):
        if name == "requested_date" and any(line.requested_date is not None for line in order.lines):
            continue
        if getattr(order, name) is None and getattr(found, name) is not None:
            fields[name] = getattr(found, name)
    buyer = {
        name.name: getattr(order.buyer, name.name) or getattr(found.buyer, name.name)
        for name in dataclasses.fields(Party)
    }
    sources = {**found.sources, **order.sources}
    kept = {
        name: source
        for name, source in sources.items()
        if name in order.sources or name.split(".")[0] in {*fields, "buyer"}
    }
    return replace(order, buyer=Party(**buyer), sources=kept, **fields)


_PHONE: Final = re.compile(
    r"(?:\b(?:tel|phone|fax|fon|mobil|mobile|gsm|telefon|telefono|tel[eé]fono|t[eé]l[eé]phone|telefoon)\w{0,4}\b\.?:?\s*)?(?:\+|\b00)\d[\d ()/-]{6,20}\d",
    re.IGNORECASE,
)


def _as_text(sheets: Sequence[Sheet]) -> str:
    """The pages as lines, with blank lines where the page has gaps."""
    lines: list[str] = []
    for sheet in sheets:
        last: Row | None = None
        for row in sheet.rows:
            if last is not None and row.top - last.bottom > 0.9 * row.size and lines:
                lines[-1] += ""
            lines.append(_PHONE.sub("", row.text))
            last = row
    return "\n".join(lines)

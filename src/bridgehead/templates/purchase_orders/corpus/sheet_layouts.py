"""How order sheets look: forms, lists, templates and exports, as purchasing people and programs make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_NAME
from bridgehead.templates.purchase_orders.corpus.mishaps import describe
from bridgehead.templates.purchase_orders.corpus.model import Item, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.sheet_clerk import Clerk, Column, put_table, put_tails
from bridgehead.templates.purchase_orders.corpus.workbook import Sheet, Value

SHEET_LAYOUTS: Final = (
    Layout("list_with_heads", 3, counts=True, bill_to=True),
    Layout("merged_form", 3, counts=True, bill_to=True, hashes=True),
    Layout("flat_table", 2),
    Layout("second_sheet", 2, counts=True),
    Layout("beside_price_list", 2),
    Layout("filled_template", 2, numbered=False),
    Layout("spaced_rows", 1, counts=True, hashes=True),
    Layout("internal_columns", 2, counts=True),
    Layout("heads_at_side", 1, counts=True),
    Layout("two_row_items", 1),
    Layout("item_forms", 1, max_lines=5, counts=True),
    Layout("csv_of_form", 2, counts=True, bill_to=True),
    Layout("csv_flat", 2),
    Layout("csv_tabs", 1, counts=True),
    Layout("csv_quoted", 1),
    Layout("csv_template", 1, numbered=False),
)
"""Layouts of attached sheets; those whose name begins with ``csv`` are CSV files, all others are Excel workbooks."""

Drawn = tuple[list[Sheet], int]
"""The sheets, and which is shown first."""


def _start(clerk: Clerk, name: str | None = None) -> Sheet:
    return Sheet(name or clerk.word("tab"))


def _foot(sheet: Sheet, clerk: Clerk, order: WrittenOrder) -> None:
    """Writes haste, remarks and the small print of forms."""
    dated = order.requested_date or any(line.requested_date for line in order.lines)
    remarks = [*([clerk.say("asap")] if not dated and clerk.voice % 3 == 0 else []), *order.notes]
    if remarks:
        sheet.add()
    for text in remarks:
        if clerk.voice % 2:
            sheet.add(f"{clerk.say('note')}: {text}")
        else:
            sheet.add(clerk.say("note"), text)
    if clerk.voice % 3 != 2:
        sheet.add()
        sheet.add(clerk.word("signed"))
        sheet.add(clerk.word("made"))


def list_with_heads(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """Title rows, labels with their values, addresses, then the table; everything from the first column on."""
    sheet = _start(clerk)
    sheet.bold.add(sheet.add(clerk.word("title")))
    sheet.add(clerk.customer.name)
    if clerk.voice % 2:
        sheet.add(clerk.word("supplier"), OUR_NAME)
    sheet.add()
    for label, value in clerk.head_cells(order):
        sheet.add(label, value)
    for label, lines in clerk.places(order):
        sheet.add(label, lines[0])
        for text in lines[1:]:
            sheet.add(None, text)
    sheet.add()
    columns = clerk.columns(order)
    head = put_table(sheet, clerk, order, columns)
    put_tails(sheet, clerk, order, columns, head)
    _foot(sheet, clerk, order)
    return [sheet], 0


def merged_form(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """A form with merged cells: title across, labels and values in two blocks side by side, boxes for addresses."""
    sheet = _start(clerk)
    columns = clerk.columns(order)
    wide = max(len(columns), 6)
    sheet.bold.add(sheet.add(f"{clerk.word('title')}"))
    sheet.merged.append((1, 1, 1, wide))
    sheet.add(clerk.customer.name, *[None] * (wide - 2), clerk.customer.phone)
    sheet.add()
    pairs = clerk.head_cells(order)
    for start in range(0, len(pairs), 2):
        row = sheet.add(*pairs[start])
        if start + 1 < len(pairs):
            sheet.put(row, 4, pairs[start + 1][0])
            sheet.put(row, 5, pairs[start + 1][1])
    sheet.add()
    top = len(sheet.rows) + 1
    for index, (label, lines) in enumerate(clerk.places(order)):
        sheet.put(top, 1 + 3 * index, label)
        for below, text in enumerate(lines, start=1):
            sheet.put(top + below, 1 + 3 * index, text)
            sheet.merged.append((top + below, 1 + 3 * index, top + below, 2 + 3 * index))
    sheet.add()
    head = put_table(sheet, clerk, order, columns)
    put_tails(sheet, clerk, order, columns, head)
    _foot(sheet, clerk, order)
    return [sheet], 0


def _flat_heads(clerk: Clerk, order: WrittenOrder) -> dict[str, Value]:
    cells: dict[str, Value] = {"po": clerk.code(order.po_number)}
    if order.release:
        cells["release"] = order.release
    cells["date"] = clerk.date(order.order_date)
    cells["company"] = order.customer.name
    cells["currency"] = order.currency
    cells["terms"] = next((text for label, text in clerk.terms(order) if label == clerk.say("terms")), None)
    cells["incoterms"] = order.incoterms
    if order.ship_to is not None:
        cells.update(clerk.place_cells(order.ship_to))
    cells["total"] = clerk.money(order.stated_total)
    if order.requested_date:
        cells["due"] = clerk.date(order.requested_date)
    return cells


def flat_table(clerk: Clerk, orders: Sequence[WrittenOrder]) -> Drawn:
    """A program's export: one row of titles, every row complete, a filter over it; orders one after the other."""
    sheet = _start(clerk)
    rows: list[dict[str, Value]] = []
    for order in orders:
        columns = clerk.columns(order, apart=True)
        shared = _flat_heads(clerk, order)
        for index in range(len(order.lines)):
            row = shared | {column.key: column.cells[index] for column in columns}
            if clerk.basis_in_title(order) and order.lines[index].basis != 1 and order.lines[index].price is not None:
                row["basis"] = clerk.figure(order.lines[index].basis)
            row["note"] = " / ".join(order.notes) if index == 0 and order.notes else None
            rows.append(row)
    keys = ("po", "release", "date", "company", "line", "theirs", "ours", "gtin", "description", "quantity", "unit",
            "price", "basis", "currency", "amount", "due", "total", "terms", "incoterms", "ship_name", "street",
            "postal", "city", "country", "note")  # fmt: skip
    used = [key for key in keys if any(row.get(key) is not None for row in rows)]
    titles = {"release": clerk.say("revised")}
    named = clerk.machine if clerk.voice % 3 else clerk.title
    sheet.heads.add(sheet.add(*(titles.get(key) or named(key) for key in used)))
    for row in rows:
        sheet.add(*(row.get(key) for key in used))
    sheet.filtered = True
    return [sheet], 0


def second_sheet(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """Instructions on the first sheet, the order on the second."""
    first = Sheet(clerk.word("howto_tab"))
    for index in range(4):
        first.add(clerk.word("howto", index))
    first.bold.add(1)
    sheets, _ = list_with_heads(clerk, order)
    return [first, *sheets], clerk.voice % 2


def _price_list(clerk: Clerk, order: WrittenOrder) -> Sheet:
    sheet = Sheet(clerk.word("prices_tab"))
    sheet.bold.add(sheet.add(clerk.word("prices")))
    sheet.add()
    titles = [clerk.title(key) for key in ("ours", "description", "unit", "price")]
    sheet.heads.add(sheet.add(*titles))
    for item in clerk.fillers(order, 8 + clerk.voice % 9):
        price = item.list_price[order.customer.currency]
        unit = clerk.habit.unit(clerk.customer, item.base_unit)
        sheet.add(clerk.code(item.number), describe(item, clerk.habit), unit, clerk.money(price))
    return sheet


def beside_price_list(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """The order beside a price list that is no part of it; which of the two comes first is the customer's way."""
    (sheet,), _ = list_with_heads(clerk, order)
    prices = _price_list(clerk, order)
    return ([prices, sheet], 1) if clerk.voice % 4 == 1 else ([sheet, prices], 0)


def _filler_cells(clerk: Clerk, order: WrittenOrder, item: Item, columns: Sequence[Column]) -> list[Value]:
    """Returns a row of a template for an article that is not wanted."""
    first = order.lines[0]
    known: dict[str, Value] = {
        "ours": clerk.code(item.number),
        "theirs": clerk.code(clerk.similar(first.theirs)) if first.theirs else None,
        "gtin": clerk.code(item.gtin),
        "description": describe(item, clerk.habit),
        "unit": clerk.habit.unit(clerk.customer, item.base_unit),
        "price": clerk.money(item.list_price[order.customer.currency]),
        "basis": clerk.figure(Decimal(1)),
        "quantity": clerk.figure(Decimal(0)) if clerk.voice % 2 else None,
        "amount": clerk.money(Decimal("0.00")) if clerk.voice % 2 else None,
    }
    return [known.get(column.key) for column in columns]


def filled_template(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """A list of everything the customer ever buys, with a quantity in some of its rows: the others are not ordered."""
    sheet = _start(clerk)
    sheet.bold.add(sheet.add(clerk.word("template")))
    sheet.add(clerk.word("valid"))
    for label, value in clerk.head_cells(order):
        sheet.add(label, value)
    for label, lines in clerk.places(order):
        sheet.add(label, ", ".join(lines))
    sheet.add()
    columns = clerk.columns(order, numbered=False)
    head = sheet.add(*(column.title for column in columns))
    sheet.heads.add(head)
    fillers = clerk.fillers(order, 10 + clerk.voice % 12)
    for index in range(len(order.lines)):
        for _ in range(clerk.dice.between(0, 3)):
            if fillers:
                sheet.add(*_filler_cells(clerk, order, fillers.pop(), columns))
        sheet.add(*(column.cells[index] for column in columns))
    for item in fillers:
        sheet.add(*_filler_cells(clerk, order, item, columns))
    put_tails(sheet, clerk, order, columns, head)
    _foot(sheet, clerk, order)
    return [sheet], 0


def spaced_rows(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """Empty rows between the positions, a row of group titles over the titles, labels across two columns."""
    sheet = _start(clerk)
    columns = clerk.columns(order)
    sheet.bold.add(sheet.add(f"{clerk.word('title')} - {clerk.customer.name}"))
    for label, value in clerk.head_cells(order):
        sheet.add(label, None, value)
        sheet.merged.append((len(sheet.rows), 1, len(sheet.rows), 2))
    for label, lines in clerk.places(order):
        sheet.add(label, None, ", ".join(lines))
    sheet.add()
    half = max(len(columns) // 2, 1)
    group = sheet.add(clerk.word("group", 0), *[None] * (half - 1), clerk.word("group", 1))
    sheet.merged.append((group, 1, group, half))
    sheet.bold.add(group)
    head = put_table(sheet, clerk, order, columns, gap=1 + clerk.voice % 2)
    sheet.add()
    put_tails(sheet, clerk, order, columns, head)
    _foot(sheet, clerk, order)
    return [sheet], 0


def internal_columns(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """A buyer's working list: columns for its own eyes hidden, other suppliers' rows filtered away."""
    sheet = _start(clerk)
    sheet.bold.add(sheet.add(clerk.word("title"), None, clerk.customer.name))
    for label, value in clerk.head_cells(order):
        sheet.add(label, value)
    for label, lines in clerk.places(order):
        sheet.add(label, ", ".join(lines))
    sheet.add()
    columns = clerk.columns(order)
    inner = [clerk.word("internal", index) for index in range(3)]
    head = sheet.add(*(column.title for column in columns), clerk.word("supplier"), *inner)
    sheet.heads.add(head)
    own = len(columns) + 1
    sheet.hidden_columns.update(range(own + 1, own + 4))
    others = clerk.fillers(order, 2 + clerk.voice % 3)
    for index in range(len(order.lines)):
        if others and clerk.dice.chance(0.4):
            _foreign_row(sheet, clerk, order, others.pop(), columns)
        stock = clerk.figure(Decimal(clerk.dice.between(0, 80)))
        cells = [column.cells[index] for column in columns]
        sheet.add(*cells, OUR_NAME, stock, 4000 + clerk.voice, clerk.money(Decimal(clerk.dice.between(9, 99))))
    for item in others:
        _foreign_row(sheet, clerk, order, item, columns)
    sheet.filtered = True
    put_tails(sheet, clerk, order, columns, head)
    _foot(sheet, clerk, order)
    return [sheet], 0


def _foreign_row(sheet: Sheet, clerk: Clerk, order: WrittenOrder, item: Item, columns: Sequence[Column]) -> None:
    """Adds a hidden row about another supplier's article."""
    cells = dict(zip((column.key for column in columns), _filler_cells(clerk, order, item, columns), strict=True))
    cells["quantity"] = clerk.figure(Decimal(clerk.dice.between(1, 40) * 5))
    cells.pop("line", None)
    row = sheet.add(*(cells.get(column.key) for column in columns), clerk.word("other_supplier"))
    sheet.hidden_rows.add(row)


def heads_at_side(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """The table begins in the second column; what holds for the whole order stands to the right of it."""
    sheet = _start(clerk)
    sheet.add()
    columns = clerk.columns(order)
    head = put_table(sheet, clerk, order, columns, at=2)
    put_tails(sheet, clerk, order, columns, head, at=2)
    side = len(columns) + 4
    row = head
    for label, value in clerk.head_cells(order):
        sheet.put(row, side, label)
        sheet.put(row, side + 1, value)
        row += 1
    for label, lines in clerk.places(order):
        sheet.put(row, side, label)
        for text in lines:
            sheet.put(row, side + 1, text)
            row += 1
    _foot(sheet, clerk, order)
    return [sheet], 0


def two_row_items(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """Two rows for each position: figures in the first, description and date below them."""
    sheet = _start(clerk)
    sheet.bold.add(sheet.add(clerk.word("title"), clerk.customer.name))
    for label, value in clerk.head_cells(order):
        sheet.add(label, value)
    for label, lines in clerk.places(order):
        sheet.add(label, *lines)
    sheet.add()
    every = clerk.columns(order)
    columns = [column for column in every if column.key not in {"description", "due"}]
    below = {column.key: column for column in every if column.key in {"description", "due"}}
    head = sheet.add(*(column.title for column in columns))
    sheet.heads.add(head)
    for index in range(len(order.lines)):
        sheet.add(*(column.cells[index] for column in columns))
        second: list[Value] = [None]
        if "description" in below and below["description"].cells[index]:
            second.append(below["description"].cells[index])
        if "due" in below:
            second.extend((below["due"].title, below["due"].cells[index]))
        if len(second) > 1:
            sheet.add(*second)
    sheet.add()
    bare = replace(order, lines=tuple(replace(line, amount=None) for line in order.lines))
    put_tails(sheet, clerk, bare, columns, head)
    _foot(sheet, clerk, order)
    return [sheet], 0


def item_forms(clerk: Clerk, order: WrittenOrder) -> Drawn:
    """A form for each position, its labels in the first column; no table at all."""
    sheet = _start(clerk)
    sheet.bold.add(sheet.add(clerk.word("title")))
    sheet.add(clerk.word("buyer"), clerk.customer.name)
    for label, value in clerk.head_cells(order):
        sheet.add(label, value)
    for label, lines in clerk.places(order):
        sheet.add(label, "\n".join(lines))
    columns = clerk.columns(order)
    for index in range(len(order.lines)):
        sheet.add()
        for column in columns:
            if column.cells[index] is not None:
                sheet.add(column.title, column.cells[index])
    sheet.add()
    for label, value in (
        (clerk.say("total"), clerk.money(order.stated_total)),
        (clerk.say("count"), order.stated_line_count),
    ):
        if value is not None:
            sheet.bold.add(sheet.add(label, value))
    _foot(sheet, clerk, order)
    return [sheet], 0


LAYOUTS: Final[dict[str, Callable[[Clerk, WrittenOrder], Drawn]]] = {
    "list_with_heads": list_with_heads,
    "merged_form": merged_form,
    "second_sheet": second_sheet,
    "beside_price_list": beside_price_list,
    "filled_template": filled_template,
    "spaced_rows": spaced_rows,
    "internal_columns": internal_columns,
    "heads_at_side": heads_at_side,
    "two_row_items": two_row_items,
    "item_forms": item_forms,
    "csv_of_form": merged_form,
    "csv_tabs": list_with_heads,
    "csv_quoted": list_with_heads,
    "csv_template": filled_template,
}
"""All layouts of one order to a table; flat_table and csv_flat hold any number of orders in one."""

"""Mails whose order is a sheet: an Excel workbook or a CSV file under a covering mail; changes and other lists as well.

Where an instruction to the reader hides (a cell, white on white, a comment, a hidden sheet or column, the properties,
the covering mail) is drawn per mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bridgehead.templates.purchase_orders.corpus import cover
from bridgehead.templates.purchase_orders.corpus.cover_words import COVER
from bridgehead.templates.purchase_orders.corpus.enclosures import Attachment
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.sheet_clerk import Clerk
from bridgehead.templates.purchase_orders.corpus.sheet_layouts import LAYOUTS, Drawn, flat_table
from bridgehead.templates.purchase_orders.corpus.workbook import Book, Sheet, Value, as_csv, as_xlsx

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FLAT: Final = {"flat_table", "csv_flat"}
_TABS: Final = "csv_tabs"
_HIDINGS: Final = ("cell", "comment", "hidden_sheet", "white", "property", "hidden_column", "body")
_PLAIN_HIDINGS: Final = ("cell", "body")
_FORBIDDEN: Final = str.maketrans("/\\:*?[]", "-------")
"""Signs that neither a file's name nor a sheet's may hold."""


def reader_of(habit: Habit) -> str:
    """Returns the kind of document that holds the order at this customer: ``xlsx`` or ``csv``."""
    return "csv" if habit.layout.name.startswith("csv") else "xlsx"


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns a mail with these orders in attached sheets: in one file or in a file each, as the customer does it.

    Remarks stand in the sheet or, at one of four customers, in the mail's body.
    """
    clerk = Clerk(sending, plain=reader_of(sending.habit) == "csv")
    remarks: list[str] = []
    if clerk.voice % 4 == 2:
        remarks = [note for order in orders for note in order.notes]
        orders = [replace(order, notes=()) for order in orders]
    hidden = next((order.instruction for order in orders if order.instruction), None)
    way = clerk.dice.one(_PLAIN_HIDINGS if clerk.plain else _HIDINGS) if hidden else ""
    if hidden and way == "body":
        remarks.append(hidden)
    files: list[Attachment] = []
    for index, (drawn, numbers) in enumerate(_drawn(clerk, orders)):
        said = hidden if index == 0 and way != "body" else None
        files.append(_file(clerk, drawn, numbers, said, way))
    return cover.wrap(sending, orders, files, resent=resent, remarks=remarks)


def _drawn(clerk: Clerk, orders: Sequence[WrittenOrder]) -> list[tuple[Drawn, str]]:
    """Returns what is on each file, with the order numbers that name it."""
    name = clerk.habit.layout.name
    numbers = "_".join(order.po_number for order in orders)
    if name in _FLAT:
        return [(flat_table(clerk, orders), numbers)]
    each = [LAYOUTS[name](clerk, order) for order in orders]
    together = len(orders) > 1 and clerk.voice % 2 and not clerk.plain and all(len(sheets) == 1 for sheets, _ in each)
    if not together:
        return [(drawn, order.po_number) for drawn, order in zip(each, orders, strict=True)]
    pages = [sheets[0] for sheets, _ in each]
    for page, order in zip(pages, orders, strict=True):
        page.name = order.po_number.translate(_FORBIDDEN)[:31]
    return [((pages, 0), numbers)]


def _file(clerk: Clerk, drawn: Drawn, numbers: str, hidden: str | None, way: str) -> Attachment:
    sheets, shown = drawn
    named = COVER[clerk.language]["file"]
    stem = f"{named[clerk.voice % len(named)]}_{numbers.translate(_FORBIDDEN)}"
    if hidden:
        _hide(clerk, sheets, hidden, way)
    if clerk.plain:
        return f"{stem}.csv", "text/csv", _csv(clerk, sheets[-1] if len(sheets) > 1 else sheets[0])
    book = Book(
        tuple(sheets), shown, clerk.date_format, clerk.say("role"), hidden if hidden and way == "property" else None
    )
    return f"{stem}.xlsx", XLSX, as_xlsx(book)


def _hide(clerk: Clerk, sheets: list[Sheet], text: str, way: str) -> None:
    """Puts an instruction to the reader where ``way`` says; the order's sheet is the last one with a table."""
    page = next(sheet for sheet in sheets if sheet.bold or sheet.heads)
    if way == "cell":
        page.add()
        page.add(text)
    elif way == "comment":
        page.comments[1, 1] = text
    elif way == "white":
        page.put(2, page.width + 3, text)
        page.white.add((2, page.width))
    elif way == "hidden_column":
        page.put(2, page.width + 2, text)
        page.hidden_columns.add(page.width)
    elif way == "hidden_sheet":
        extra = Sheet("Data", hidden=True)
        extra.add(text)
        sheets.append(extra)
    elif way == "property" and clerk.plain:
        raise ValueError("a CSV file has no properties")


def _csv(clerk: Clerk, sheet: Sheet) -> bytes:
    rows = [["" if value is None else str(value) for value in row] for row in sheet.rows]
    name = clerk.habit.layout.name
    local = "cp1250" if clerk.language == "pl" else "cp1252"
    sign = "," if clerk.language == "en" else ";"
    if name == _TABS:
        return as_csv(rows, "\t", quote_all=False, encoding="utf-16", padded=clerk.voice % 2 == 0)
    if name == "csv_quoted":
        return as_csv(rows, ",", quote_all=True, encoding="utf-8-sig", padded=False)
    encoding = (local, "utf-8-sig", "utf-8")[clerk.voice % 3]
    return as_csv(rows, sign, quote_all=False, encoding=encoding, padded=name != "csv_flat")


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns a mail with a sheet that changes or cancels an order: old and new values of each line concerned."""
    clerk = Clerk(sending, plain=reader_of(sending.habit) == "csv")
    order, cancelled = change.order, change.kind == "cancel"
    sheet = Sheet(clerk.word("tab"))
    sheet.bold.add(sheet.add(clerk.word("changed", 1 if cancelled else 0)))
    sheet.add(clerk.word("buyer"), clerk.customer.name)
    sheet.add(clerk.say("po"), clerk.code(order.po_number))
    sheet.add()
    if cancelled:
        sheet.bold.add(sheet.add(clerk.word("cancelled")))
    if order.lines:
        _change_table(clerk, sheet, change)
    drawn = ([sheet], 0)
    return cover.wrap_change(sending, change, [_file(clerk, drawn, order.po_number, None, "")])


def _change_table(clerk: Clerk, sheet: Sheet, change: Change) -> None:
    dated = change.kind == "date"
    keys = {"line", "theirs", "ours", "gtin", "unit"}
    kept = [column for column in clerk.columns(change.order, apart=True) if column.key in keys]
    old, new = clerk.word("old", 1 if dated else 0), clerk.word("new", 1 if dated else 0)
    if change.kind in {"drop", "cancel"}:
        titles = [clerk.title("quantity"), clerk.word("status")]
    elif dated:
        titles = [clerk.title("quantity"), old, new]
    else:
        titles = [old, new]
    sheet.heads.add(sheet.add(*(column.title for column in kept), *titles))
    word = clerk.word("deleted")
    for index, (before, line) in enumerate(zip(change.before, change.order.lines, strict=True)):
        cells: list[Value] = [column.cells[index] for column in kept]
        if change.kind in {"drop", "cancel"}:
            cells += [clerk.figure(before.quantity), word]
        elif dated:
            cells += [clerk.figure(line.quantity), clerk.date(before.requested_date), clerk.date(line.requested_date)]
        else:
            cells += [clerk.figure(before.quantity), clerk.figure(line.quantity)]
        sheet.add(*cells)


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns a mail with a list that is no order: ``question``, ``complaint``, ``newsletter`` or ``delivery_note``."""
    clerk = Clerk(sending, plain=reader_of(sending.habit) == "csv")
    sheet = Sheet(clerk.word("tab") if kind == "question" else kind[:20])
    title = clerk.word("rfq" if kind == "question" else kind, 0)
    sheet.bold.add(sheet.add(title))
    if kind != "newsletter":
        sheet.add(clerk.word("buyer"), clerk.customer.name)
    if kind in {"complaint", "delivery_note"}:
        sheet.add(clerk.say("po"), clerk.code(reference))
        sheet.add(clerk.say("dated"), clerk.date(sending.at.date()))
    sheet.add()
    fault = [clerk.word("fault", 0)] if kind == "complaint" else []
    sheet.heads.add(sheet.add(*(clerk.title(key) for key in ("ours", "description", "quantity", "unit")), *fault))
    for line in lines:
        part = line.ours or line.theirs or line.gtin
        wanted = None if kind == "newsletter" else clerk.figure(line.quantity)
        found = [clerk.word("fault", 1)] if kind == "complaint" else []
        sheet.add(clerk.code(part), line.description, wanted, line.unit, *found)
    drawn = ([sheet], 0)
    name, media, content = _file(clerk, drawn, reference if kind != "newsletter" else "2026", None, "")
    stem = title.split(" ")[0].translate(_FORBIDDEN)
    return cover.wrap_other(sending, kind, lines, reference, [(f"{stem}.{name.rsplit('.', 1)[1]}", media, content)])

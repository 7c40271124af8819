"""Order sheets show the whole order to whoever looks at them, hide what they should hide, and break when meant to."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape

import openpyxl
import pytest
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from bridgehead.templates.purchase_orders.corpus import sheets
from bridgehead.templates.purchase_orders.corpus.breaking_sheets import break_sheet
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import plain
from bridgehead.templates.purchase_orders.corpus.sheet_layouts import SHEET_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.texts import instruction
from tests.unit.corpus.writing import sendings, shortfalls

EACH = 8
LAYOUTS = [pytest.param(layout, id=layout.name) for layout in SHEET_LAYOUTS]


def _message(document: bytes) -> EmailMessage:
    message = message_from_bytes(document, policy=default)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def _files(document: bytes) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for part in _message(document).iter_attachments():
        name, content = str(part.get_filename()), part.get_payload(decode=True)
        if name.endswith((".xlsx", ".csv", ".xlsm")) and isinstance(content, bytes):
            found.append((name, content))
    return found


def _body(document: bytes) -> str:
    body = _message(document).get_body(("plain", "html"))
    assert body is not None
    content = body.get_payload(decode=True)
    assert isinstance(content, bytes)
    try:
        return unescape(content.decode(body.get_content_charset() or "utf-8"))
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _seen(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | int):
        return plain(Decimal(repr(value)))
    return "" if value is None else str(value)


def _white(cell: Cell | MergedCell) -> bool:
    return cell.font.color is not None and cell.font.color.rgb == "FFFFFFFF"


def _page(sheet: Worksheet) -> str:
    """Returns what a person sees of a sheet: no hidden rows and columns, no comments, nothing white."""
    hidden = {letter for letter, column in sheet.column_dimensions.items() if column.hidden}
    rows: list[str] = []
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if not sheet.row_dimensions[number].hidden:
            shown = [cell for cell in row if get_column_letter(cell.column or 1) not in hidden and not _white(cell)]
            rows.append(" | ".join(_seen(cell.value) for cell in shown))
    return "\n".join(rows)


def _csv_rows(content: bytes, local: str = "cp1252") -> list[list[str]]:
    if content.startswith(b"\xff\xfe"):
        text = content.decode("utf-16")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode(local)
    every: list[list[list[str]]] = []
    for sign in ";,\t":
        with suppress(csv.Error):
            every.append(list(csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)))
    return max(every, key=lambda rows: sum(len(row) for row in rows))


def _visible(name: str, content: bytes, language: str = "en") -> list[str]:
    if name.endswith(".csv"):
        return ["\n".join(" | ".join(row) for row in _csv_rows(content, "cp1250" if language == "pl" else "cp1252"))]
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    return [_page(sheet) for sheet in book.worksheets if sheet.sheet_state == "visible"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sheet_shows_the_whole_order(layout: Layout) -> None:
    """One visible sheet, or the mail around it for remarks, shows whatever the order holds."""
    for sending, order in sendings(layout, "email_sheet", count=EACH):
        document = sheets.write_orders(sending, [order])
        ((name, content),) = _files(document)
        assert name.endswith(f".{sheets.reader_of(sending.habit)}")
        pages = _visible(name, content, order.customer.language)
        missing = min((shortfalls(order, f"{page}\n{_body(document)}") for page in pages), key=len)
        assert missing == [], (sending.serial, order.customer.language, sending.habit.voice, pages)


@pytest.mark.parametrize("layout", [param for param in LAYOUTS if not str(param.id).startswith("csv")])
def test_other_readers_see_the_same_cells(layout: Layout) -> None:
    """A second reader of workbooks finds the same values in the same places."""
    for sending, order in sendings(layout, "email_sheet", count=2):
        ((_, content),) = _files(sheets.write_orders(sending, [order]))
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        other = CalamineWorkbook.from_filelike(io.BytesIO(content))
        assert other.sheet_names == book.sheetnames
        for sheet in book.worksheets:
            mine = Counter(_seen(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None)
            rows = other.get_sheet_by_name(sheet.title).to_python()
            assert Counter(_seen(cell) for row in rows for cell in row if cell != "") == mine


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sheet_is_the_same_for_the_same_seed(layout: Layout) -> None:
    """The same sending gives the same bytes, and no entry of a workbook bears another date than the others."""
    for sending, order in sendings(layout, "email_sheet", count=2):
        again = replace(sending, dice=Dice("sending", layout.name, sending.serial - 1))
        document = sheets.write_orders(sending, [order])
        assert document == sheets.write_orders(again, [order])
        for name, content in _files(document):
            if name.endswith(".xlsx"):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    assert len({entry.date_time for entry in archive.infolist()}) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_orders_are_both_there(layout: Layout) -> None:
    """Both orders of a mail stand in its sheets: in one table, on two sheets or in two files."""
    for sending, order in sendings(layout, "email_sheet", count=3):
        other = replace(order, po_number="46-99999")
        document = sheets.write_orders(sending, [order, other])
        shown = [
            page for name, content in _files(document) for page in _visible(name, content, order.customer.language)
        ]
        for each in (order, other):
            assert min(len(shortfalls(each, f"{page}\n{_body(document)}")) for page in shown) == 0
        assert len({name for name, _ in _files(document)}) == len(_files(document))


def test_templates_hold_more_rows_than_are_ordered() -> None:
    """A filled-in template has at least eight rows of articles whose quantity is empty or zero."""
    layout = next(layout for layout in SHEET_LAYOUTS if layout.name == "filled_template")
    for sending, order in sendings(layout, "email_sheet", count=8):
        ((_, content),) = _files(sheets.write_orders(sending, [order]))
        rows = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].max_row
        assert rows >= len(order.lines) + 8


def test_formulas_stand_before_their_results() -> None:
    """Some workbooks compute amounts and totals by formula, with the right result beside it."""
    layout = SHEET_LAYOUTS[0]
    computed = 0
    for sending, order in sendings(layout, "email_sheet", count=EACH):
        ((_, content),) = _files(sheets.write_orders(sending, [order]))
        formulas = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        results = openpyxl.load_workbook(io.BytesIO(content), data_only=True).worksheets[0]
        for row in formulas.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    computed += 1
                    assert isinstance(results[cell.coordinate].value, float | int)
    assert computed > EACH / 2


def test_instructions_hide_in_many_ways() -> None:
    """An instruction to the reader is somewhere in the mail, and in at least five ways over many mails."""
    ways: Counter[str] = Counter()
    for layout in SHEET_LAYOUTS:
        for sending, order in sendings(layout, "email_sheet", count=4):
            text = instruction(Dice("hidden", sending.serial), "en", order)
            document = sheets.write_orders(sending, [replace(order, instruction=text)])
            ways[_way(document, text)] += 1
    assert len(ways) >= 6, ways
    assert "nowhere" not in ways


def _way(document: bytes, text: str) -> str:
    if text[:20] in _body(document):
        return "body"
    for name, content in _files(document):
        if name.endswith(".csv"):
            return "cell" if any(text in cell for row in _csv_rows(content) for cell in row) else "nowhere"
        book = openpyxl.load_workbook(io.BytesIO(content))
        if book.properties.description == text:
            return "property"
        for sheet in book.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.comment is not None and cell.comment.text == text:
                        return "comment"
                    if cell.value == text:
                        if sheet.sheet_state == "hidden":
                            return "hidden sheet"
                        hidden = sheet.column_dimensions[cell.column_letter].hidden
                        return (
                            "hidden column"
                            if hidden
                            else "white"
                            if cell.font.color is not None and cell.font.color.rgb == "FFFFFFFF"
                            else "cell"
                        )
    return "nowhere"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_changes_name_the_order_and_both_values(layout: Layout) -> None:
    """A sheet that changes an order shows its number, the parts, and the old and the new value of each line."""
    for sending, order in sendings(layout, "email_sheet", count=2):
        before = order.lines[:2]
        more = tuple(replace(line, quantity=line.quantity * 2, amount=None) for line in before)
        later = tuple(replace(line, requested_date=date(2027, 1, 11)) for line in before)
        for kind, lines in (("quantity", more), ("date", later), ("drop", before), ("cancel", ())):
            wanted = replace(order, lines=lines, purpose="change", requested_date=None, stated_total=None,
                             stated_line_count=None, stated_quantity_total=None, notes=(), ship_to=None, bill_to=None,
                             incoterms=None, payment_terms=None, currency=None, order_date=None)  # fmt: skip
            olds = before if lines else ()
            document = sheets.write_change(sending, Change(wanted, olds, kind))
            ((name, content),) = _files(document)
            day = lines[0].requested_date if kind == "date" else None
            bare = tuple(replace(line, price=None, amount=None, description=None, requested_date=day) for line in lines)
            assert (
                shortfalls(replace(wanted, lines=bare), "\n".join(_visible(name, content, order.customer.language)))
                == []
            )


def test_lists_that_are_no_orders_say_what_they_are() -> None:
    """A question, a complaint, a newsletter and a delivery note come as a list under a cover that names them."""
    for layout in (SHEET_LAYOUTS[0], SHEET_LAYOUTS[-1]):
        for sending, order in sendings(layout, "email_sheet", count=8):
            for kind in ("question", "complaint", "newsletter", "delivery_note"):
                document = sheets.write_other(sending, kind, order.lines, "4711")
                ((name, content),) = _files(document)
                shown = _visible(name, content, order.customer.language)[0]
                for line in order.lines:
                    assert (line.ours or line.theirs or line.gtin or "") in shown
                assert ("mailing.example.net" in str(_message(document)["From"])) is (kind == "newsletter")


def _fault(sending: Envelope, document: bytes) -> str:
    files = _files(document)
    if not files:
        return "missing"
    ((name, content),) = files
    if name.endswith(".csv"):
        return "page" if b"<html" in content else "nul" if b"\0" * 20 in content else "cut"
    if content.startswith(bytes.fromhex("d0cf11e0a1b11ae1")):
        assert "EncryptedPackage".encode("utf-16-le") in content
        return "password"
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return "cut"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        macro = "xl/vbaProject.bin" in archive.namelist()
    book = openpyxl.load_workbook(io.BytesIO(content))
    if macro:
        assert name.endswith(".xlsm")
        assert sum(sheet.max_row for sheet in book.worksheets) == 1
        return "macro"
    errors = [
        cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value == "#REF!"
    ]
    assert errors, sending.serial
    return "errors"


def test_broken_sheets_are_broken() -> None:
    """A broken mail has no sheet, or one that is cut, encrypted, behind a macro, torn, or full of errors."""
    faults: Counter[str] = Counter()
    for layout in SHEET_LAYOUTS:
        for sending, order in sendings(layout, "email_sheet", count=4):
            whole = sheets.write_orders(sending, [order])
            dice = Dice("broken", layout.name, sending.serial)
            document = break_sheet(dice, whole, order, sending.habit)
            assert document == break_sheet(Dice("broken", layout.name, sending.serial), whole, order, sending.habit)
            assert document != whole
            faults[_fault(sending, document)] += 1
    assert set(faults) == {"missing", "page", "nul", "cut", "password", "macro", "errors"}

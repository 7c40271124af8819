"""Damages mails with an order sheet, so that the order cannot be read or no longer be trusted."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Final

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from bridgehead.templates.purchase_orders.corpus.sheet_words import SHEET
from bridgehead.templates.purchase_orders.corpus.workbook import Book, Sheet, as_xlsx

BOOK_WAYS: Final = ("cut", "cut", "password", "macro", "missing", "errors")
FILE_WAYS: Final = ("cut", "cut", "nul", "missing", "page")
_NUMBER_CELL: Final = re.compile(r'<c r="([A-Z]+\d+)"([^>]*?)>(?:<f>[^<]*</f>)?<v>[^<]*</v></c>')
_MACRO: Final = "application/vnd.ms-excel.sheet.macroEnabled.12"
_MAIN: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_MACRO_MAIN: Final = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_SECTOR: Final = 512
_TORN: Final = 96


def break_sheet(dice: Dice, whole: bytes, order: WrittenOrder, habit: Habit) -> bytes:
    """Returns the mail with its sheet cut off, encrypted, lost, behind a macro, or full of errors in place of figures.

    ``whole`` is a mail that sheets.write_orders wrote for this order and habit.
    """
    message = message_from_bytes(whole, policy=default)
    part = next(each for each in message.walk() if str(each.get_filename()).endswith((".xlsx", ".csv")))
    content = part.get_payload(decode=True)
    name = str(part.get_filename())
    if not isinstance(content, bytes):
        raise TypeError("an attachment's content is bytes")
    if name.endswith(".xlsx"):
        way = dice.one(BOOK_WAYS)
        name, damaged = _broken_book(dice, way, name, content, habit)
    else:
        way = dice.one(FILE_WAYS)
        damaged = _broken_file(way, content, order)
    return _rebuilt(message, part, None if way == "missing" else (name, damaged))


def _broken_book(dice: Dice, way: str, name: str, content: bytes, habit: Habit) -> tuple[str, bytes]:
    if way == "password":
        return name, _encrypted(content)
    if way == "macro":
        return name.removesuffix(".xlsx") + ".xlsm", _behind_macro(habit)
    if way == "errors":
        damaged = _with_errors(content)
        if damaged is not None:
            return name, damaged
    return name, content[: dice.between(len(content) // 3, len(content) * 4 // 5)]


def _broken_file(way: str, content: bytes, order: WrittenOrder) -> bytes:
    line = order.lines[-1]
    part = line.theirs or line.ours or line.gtin or line.description or line.unit
    mark = part.encode("utf-16-le") if content.startswith(b"\xff\xfe") else part.encode("utf-8", "replace")
    start = content.rfind(mark)
    start = start if start > 0 else len(content) * 2 // 3
    if way == "page":
        return (
            b"<!DOCTYPE html>\r\n<html><head><title>Session expired</title></head><body>Log in again.</body></html>\r\n"
        )
    if way == "nul":
        return content[:start] + b"\0" * _TORN + content[start + _TORN :]
    return content[: start + max(len(mark) // 2, 2) - (1 if content.startswith(b"\xff\xfe") else 0)]


def _encrypted(content: bytes) -> bytes:
    """Returns a compound file as a password makes of a workbook ([MS-CFB], [MS-OFFCRYPTO]): its streams are noise."""
    head = bytearray(_SECTOR)
    head[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    struct.pack_into("<HHHHH", head, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", head, 44, 1, 1, 0, 0x1000, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    head[80:] = b"\xff" * (_SECTOR - 80)
    noise = bytes(byte ^ (0x5A + index % 97) & 0xFF for index, byte in enumerate(content))
    sectors = -(-len(noise) // _SECTOR)
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain)[:_SECTOR].ljust(_SECTOR, b"\xff")
    entries = (
        _entry("Root Entry", 5, child=1),
        _entry("EncryptedPackage", 2, right=2, start=2, size=len(noise)),
        _entry("EncryptionInfo", 2),
    )
    directory = b"".join(entries).ljust(_SECTOR, b"\0")
    return bytes(head) + table + directory + noise.ljust(sectors * _SECTOR, b"\0")


def _entry(
    name: str, kind: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF, start: int = 0xFFFFFFFE, size: int = 0
) -> bytes:
    text = name.encode("utf-16-le")
    links = struct.pack("<HBBIII", len(text) + 2, kind, 1, 0xFFFFFFFF, right, child)
    return text.ljust(64, b"\0") + links + b"\0" * 36 + struct.pack("<IQ", start, size)


def _behind_macro(habit: Habit) -> bytes:
    """Returns a workbook that shows nothing but the wish to run its macros."""
    sheet = Sheet("Start")
    sheet.bold.add(sheet.add(SHEET[habit.language]["macro"][0]))
    plain = as_xlsx(Book((sheet,)))
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "[Content_Types].xml":
                content = content.replace(_MAIN, _MACRO_MAIN)
                extra = b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
                content = content.replace(b"</Types>", extra)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
        macro = zipfile.ZipInfo("xl/vbaProject.bin", entry.date_time)
        archive.writestr(macro, bytes.fromhex("d0cf11e0a1b11ae1") + b'Attribut\0e VB_Name = "ThisWorkbook"' * 12)
    return target.getvalue()


def _with_errors(content: bytes) -> bytes | None:
    """Returns the workbook with #REF! in place of every number, as broken links leave it; None if it holds none."""
    target, count = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename.startswith("xl/worksheets/sheet"):
                text, found = _NUMBER_CELL.subn(_error_cell, part.decode())
                count += found
                part = text.encode()
            archive.writestr(entry, part, zipfile.ZIP_DEFLATED)
    return target.getvalue() if count else None


def _error_cell(found: re.Match[str]) -> str:
    if 't="s"' in found.group(2):
        return found.group(0)
    return f'<c r="{found.group(1)}" t="e"><v>#REF!</v></c>'


def _rebuilt(message: EmailMessage, part: EmailMessage, file: tuple[str, bytes] | None) -> bytes:
    """Returns the mail with another file in place of ``part``, or without it."""
    if file is None:
        for whole in message.walk():
            parts = whole.get_payload()
            if isinstance(parts, list) and part in parts:
                parts.remove(part)
        return message.as_bytes(policy=SMTP.clone(max_line_length=998))
    name, content = file
    main, _, sub = (_MACRO if name.endswith(".xlsm") else part.get_content_type()).partition("/")
    part.clear()
    part.set_content(content, maintype=main, subtype=sub, disposition="attachment", filename=name)
    del part["MIME-Version"]
    return message.as_bytes(policy=SMTP.clone(max_line_length=998))

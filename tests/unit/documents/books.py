"""Workbooks made for these tests: with openpyxl, and by hand where it writes no such file."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Cell = str | int | float
ROWS: list[list[Cell]] = [
    ["Order no", "PO-4711"],
    [],
    ["Pos", "Part", "Description", "Qty", "Unit", "Price", "Amount"],
    [10, "AB-1001", "Valve", 20, "pcs", 3.2, 64],
    [20, "AB-2002", "Flange", 5, "box", 12.5, 62.5],
]


def book(fill: Callable[[Worksheet], object] | None = None, rows: Sequence[Sequence[Cell]] = ROWS) -> bytes:
    """Returns an .xlsx with the rows in its first sheet; ``fill`` changes that sheet."""
    workbook = Workbook()
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(list(row))
    if fill is not None:
        fill(sheet)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def edited(document: bytes, changes: Mapping[str, bytes]) -> bytes:
    """Returns an .xlsx with members changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


def ods(rows: Sequence[Sequence[Cell]] = ROWS, more: str = "") -> bytes:
    """Returns an .ods; ``more`` is XML of further rows."""
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    content = (
        f"<office:document-content{spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Order">{body}{more}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<file-entry full-path="/" media-type="{kind}"/></manifest>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return out.getvalue()


def _ods_cell(value: Cell) -> str:
    kind = "string" if isinstance(value, str) else f'float" office:value="{value}'
    return f'<table:table-cell office:value-type="{kind}"><text:p>{value}</text:p></table:table-cell>'


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<2H", kind, len(body)) + body


def xls(rows: Sequence[Sequence[Cell]] = ROWS, *, hidden: int | None = None, password: bool = False) -> bytes:
    """Returns an .xls ([MS-XLS]); ``hidden`` is a row that is not shown, counted from 0."""
    cells = b""
    for at, row in enumerate(rows):
        cells += _record(
            0x208, struct.pack("<3H", at, 0, len(row)) + bytes(6) + bytes([0x20 if at == hidden else 0, 1, 0, 0])
        )
        for column, value in enumerate(row):
            place = struct.pack("<3H", at, column, 0)
            if isinstance(value, str):
                text = value.encode("latin-1")
                cells += _record(0x204, place + struct.pack("<HB", len(text), 0) + text)
            else:
                cells += _record(0x203, place + struct.pack("<d", value))
    start = _record(0x809, struct.pack("<8H", 0x600, 5, 0, 0, 0, 0, 0, 0))
    if password:
        start += _record(0x2F, bytes(6))
    name = b"Order"
    globals_size = len(start) + 4 + 8 + len(name) + 4
    start += _record(0x85, struct.pack("<IBBBB", globals_size, 0, 0, len(name), 0) + name) + _record(0x0A, b"")
    sheet = _record(0x809, struct.pack("<8H", 0x600, 16, 0, 0, 0, 0, 0, 0)) + cells + _record(0x0A, b"")
    return compound({"Workbook": (start + sheet).ljust(4096, b"\0")})


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Returns a compound file ([MS-CFB]) with streams of 4,096 bytes or more."""
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    fat = [0xFFFFFFFD, end]
    entries = [_entry("Root Entry", 5, end, 0)]
    content = b""
    for name, stream in streams.items():
        padded = stream + bytes(-len(stream) % 512)
        first = len(fat)
        fat.extend([*range(first + 1, first + len(padded) // 512), end])
        entries.append(_entry(name, 2, first, len(stream)))
        content += padded
    entries.extend([bytes(128)] * (4 - len(entries)))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
        + struct.pack("<4I", 0, 1, 1, 0)
        + struct.pack("<5I", 4096, end, 0, end, 0)
        + struct.pack("<109I", 0, *[free] * 108)
    )
    table = struct.pack("<128I", *fat, *[free] * (128 - len(fat)))
    return header + table + b"".join(entries) + content


def _entry(name: str, kind: int, first: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    child = 1 if kind == 5 else 0xFFFFFFFF
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB3I", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        + bytes(36)
        + struct.pack("<2I", first, size)
        + bytes(4)
    )

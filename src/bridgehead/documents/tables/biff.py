"""Looks into the records of binary workbooks: .xls ([MS-CFB], [MS-XLS]) and the parts of .xlsb ([MS-XLSB])."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.look import Look

_FREE: Final = 0xFFFFFFFA
_MOST_SECTORS: Final = 100_000
_MINI: Final = 4096
_BOUNDSHEET, _BOF, _EOF, _FILEPASS = 0x85, 0x809, 0x0A, 0x2F
_ROW, _COLINFO = 0x208, 0x7D
_VALUES: Final = frozenset({0x203, 0x27E, 0xFD, 0x204, 0x06, 0x205, 0xD6})
_MANY: Final = 0xBD
_HIDDEN_ROW: Final = 0x20


def workbook_stream(document: bytes, part: str) -> bytes:
    """The stream ``Workbook`` or ``Book`` of a compound file ([MS-CFB] 2.3 to 2.6).

    Raises Refusal ``workbook.broken``; ``encrypted`` for a container of an encrypted package; ``macros``.
    """
    try:
        return _stream(document, part)
    except (struct.error, IndexError, ValueError) as error:
        raise Refusal("workbook.broken", "The file is damaged or cut off.", part) from error


def _stream(document: bytes, part: str) -> bytes:
    shift = struct.unpack_from("<H", document, 30)[0]
    if shift not in {9, 12}:
        raise Refusal("workbook.broken", "Its sectors have no known size.", part)
    size = 1 << shift
    fats, directory = struct.unpack_from("<I", document, 44)[0], struct.unpack_from("<I", document, 48)[0]
    difat, count = struct.unpack_from("<2I", document, 68)

    def sector(number: int) -> bytes:
        return document[(number + 1) * size : (number + 2) * size]

    places = [one for one in struct.unpack_from("<109I", document, 76) if one < _FREE]
    while difat < _FREE and count and len(places) < _MOST_SECTORS:
        table = struct.unpack(f"<{size // 4}I", sector(difat))
        places.extend(one for one in table[:-1] if one < _FREE)
        difat, count = table[-1], count - 1
    fat: list[int] = []
    for place in places[: min(fats, _MOST_SECTORS)]:
        fat.extend(struct.unpack(f"<{size // 4}I", sector(place).ljust(size, b"\xff")))

    def chain(first: int) -> bytes:
        pieces: list[bytes] = []
        at = first
        while at < _FREE and len(pieces) <= len(fat):
            pieces.append(sector(at))
            at = fat[at]
        return b"".join(pieces)

    entries = chain(directory)
    found: tuple[int, int] | None = None
    names = []
    for offset in range(0, len(entries) - 127, 128):
        length = struct.unpack_from("<H", entries, offset + 64)[0]
        name = entries[offset : offset + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        names.append(name)
        if name in {"Workbook", "Book"}:
            first, total = struct.unpack_from("<2I", entries, offset + 116)
            found = (first, total)
    if "EncryptedPackage" in names:
        raise Refusal("encrypted", "The file is protected by a password.", part)
    if any(name.startswith("_VBA_PROJECT") for name in names):
        raise Refusal("macros", "The workbook carries macros; it is read when it is saved without them.", part)
    if found is None:
        raise Refusal("office", "It is an Office file of the old binary kind and no workbook.", part)
    first, total = found
    if total < _MINI:
        raise Refusal("workbook.broken", "The workbook in the file is cut off.", part)
    return chain(first)[:total]


def look_at_xls(stream: bytes, part: str) -> list[Look]:
    """What each sheet of an .xls holds, in their order in the file ([MS-XLS] 2.4).

    Raises Refusal ``encrypted`` for a file with a password, ``workbook.too_large``.
    """
    looks: dict[int, Look] = {}
    order: list[int] = []
    at = 0
    open_: list[Look] = []
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<2H", stream, at)
        body = at + 4
        if kind == _FILEPASS:
            raise Refusal("encrypted", "The workbook is protected by a password.", part)
        if kind == _BOF:
            open_.append(Look())
            looks[at] = open_[-1]
        elif kind == _EOF:
            if open_:
                open_.pop().check(part)
        elif kind == _BOUNDSHEET and body + 4 <= len(stream):
            order.append(struct.unpack_from("<I", stream, body)[0])
        elif open_ and size >= 6 and body + size <= len(stream):
            _record(kind, stream, body, size, open_[-1])
        at = body + size
    return [looks.get(place, Look()) for place in order]


def _record(kind: int, stream: bytes, body: int, size: int, look: Look) -> None:
    if kind in _VALUES:
        row, column = struct.unpack_from("<2H", stream, body)
        look.reach(row, column)
    elif kind == _MANY:
        row = struct.unpack_from("<H", stream, body)[0]
        look.reach(row, struct.unpack_from("<H", stream, body + size - 2)[0])
    elif kind == _ROW and size >= 16:
        row, flags = struct.unpack_from("<H", stream, body)[0], stream[body + 12]
        if flags & _HIDDEN_ROW:
            look.hidden_rows.add(row)
    elif kind == _COLINFO and size >= 10:
        first, last, _, _, flags = struct.unpack_from("<5H", stream, body)
        if flags & 1:
            look.hidden_columns.update(range(first, min(last, 255) + 1))


_BRT_ROW, _BRT_COL = 0, 60
_BRT_VALUES: Final = frozenset(range(2, 12))


def look_at_xlsb(content: bytes, part: str) -> Look:
    """What a sheet of an .xlsb holds ([MS-XLSB] 2.1.4: records of a variable number and size)."""
    look = Look()
    row = 0
    for kind, body in _records(content):
        if kind == _BRT_ROW and len(body) >= 12:
            row = struct.unpack_from("<I", body)[0]
            # fDyZero: the row is as high as nothing.
            if body[11] & 0x10:
                look.hidden_rows.add(row)
        elif kind in _BRT_VALUES and len(body) >= 8:
            look.reach(row, struct.unpack_from("<I", body)[0])
        elif kind == _BRT_COL and len(body) >= 18:
            first, last = struct.unpack_from("<2I", body)
            if body[16] & 1:
                look.hidden_columns.update(range(first, min(last, first + 500) + 1))
    look.check(part)
    return look


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        kind, shift = 0, 0
        for _ in range(2):
            if at >= len(content):
                return
            byte = content[at]
            at += 1
            kind |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        size, shift = 0, 0
        for _ in range(4):
            if at >= len(content):
                return
            byte = content[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield kind, content[at : at + size]
        at += size

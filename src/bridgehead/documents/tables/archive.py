"""Opens the zip container of an Office file in bounded work, and refuses what carries macros or is made to burst."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

from bridgehead.documents.outcome import Refusal

MOST_MEMBERS: Final = 2_000
MOST_BYTES: Final = 64 * 2**20
"""What all members that are read may take unpacked; 20,000 rows take a third of it."""
MOST_RATIO: Final = 200
"""Sheets shrink to a tenth or a fiftieth; what shrinks more is made to burst."""
_SMALL: Final = 2**20
_UNREAD: Final = (".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".svg", ".tif", ".tiff", ".bmp")
_ENCRYPTED: Final = 0x1


def open_archive(document: bytes, part: str) -> dict[str, bytes]:
    """The members by name, unpacked; pictures stay out.

    Raises Refusal: ``macros``, ``encrypted``, ``workbook.bomb``, ``workbook.too_large``, ``workbook.broken``.
    """
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            infos = archive.infolist()
            _check(infos, part)
            total = 0
            for info in infos:
                # A damaged directory may give a member no name at all, which ZipInfo.is_dir does not bear.
                if info.filename.endswith("/") or info.filename.lower().endswith(_UNREAD):
                    continue
                total += info.file_size
                if total > MOST_BYTES:
                    raise Refusal("workbook.too_large", f"Unpacked it takes more than {MOST_BYTES >> 20} MiB.", part)
                # Reading checks the CRC over the size that the directory states, so neither can be understated.
                members[info.filename] = archive.read(info)
    # What zipfile raises for damage: RuntimeError for an encrypted member, NotImplementedError for a way of packing it
    # does not know, ValueError for names and sizes that cannot be.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError) as error:
        raise Refusal("workbook.broken", f"The file is damaged or cut off: {str(error)[:120]}.", part) from error
    return members


def _check(infos: list[zipfile.ZipInfo], part: str) -> None:
    if len(infos) > MOST_MEMBERS:
        raise Refusal("workbook.bomb", f"It has more than {MOST_MEMBERS} members.", part)
    names = [info.filename.lower() for info in infos]
    macro = next((name for name in names if "vbaproject" in name or name.startswith(("basic/", "scripts/"))), None)
    macro = macro or next((name for name in names if "/macrosheets/" in name), None)
    if macro is not None:
        raise Refusal("macros", "The workbook carries macros; it is read when it is saved without them.", macro[:80])
    if len(set(names)) != len(names):
        raise Refusal("workbook.broken", "Two of its members have the same name.", part)
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise Refusal("encrypted", "The workbook is protected by a password.", part)
        if info.file_size > _SMALL and info.file_size > MOST_RATIO * max(info.compress_size, 1):
            raise Refusal("workbook.bomb", f"Unpacked, {info.filename[:80]!r} takes {info.file_size} bytes.", part)


def repack(members: dict[str, bytes]) -> bytes:
    """The members in a container of their own, so that who reads it sees what was checked and nothing else."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()

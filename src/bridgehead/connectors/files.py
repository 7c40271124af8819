"""Files as documents: read whole within a limit, or refused by name with the reason."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from bridgehead.errors import UserError

MIB: Final = 1024 * 1024


def read_document(path: Path, *, max_mb: int, follow: bool = True) -> bytes:
    """Returns a regular file's bytes; ``follow`` False refuses a symbolic link.

    Raises UserError: ``document.missing``, ``document.directory``, ``document.kind`` (a device, a
    pipe), ``document.unreadable``, ``document.empty``, ``document.too_large``. No more than
    ``max_mb`` MiB and one byte is ever read, however large the file says it is.
    """
    try:
        # Opened without waiting and looked at afterwards: a pipe would block, and a name can change its file.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file", code="document.missing") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}", code="document.unreadable") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise UserError(f"{path}: is a folder", code="document.directory", hint=f"Name the files in it: {path}/*")
        if not stat.S_ISREG(mode):
            raise UserError(
                f"{path}: is no regular file",
                code="document.kind",
                hint="Pipe it in instead: ... | bridgehead submit DEPLOYMENT - --name NAME",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return read_bounded(stream, str(path), max_mb=max_mb)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}", code="document.unreadable") from None
    finally:
        os.close(descriptor)


def read_bounded(stream: BinaryIO, name: str, *, max_mb: int) -> bytes:
    """Returns a stream's bytes; raises UserError ``document.empty`` or ``document.too_large``, naming it."""
    limit = max_mb * MIB
    parts: list[bytes] = []
    left = limit + 1
    # In pieces: one read of the limit would set that much memory aside for the smallest document.
    while left and (part := stream.read(min(left, MIB))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise UserError(
            f"{name}: is larger than {max_mb} MiB",
            code="document.too_large",
            hint="BRIDGEHEAD_MAX_DOCUMENT_MB sets the limit.",
        )
    document = b"".join(parts)
    if not document:
        raise UserError(f"{name}: is empty", code="document.empty")
    return document


def document_name(name: str) -> str:
    """Returns a file's name as text that a database and a ledger can hold; bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "�")

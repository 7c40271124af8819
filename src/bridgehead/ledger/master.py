"""One master key per installation: from the environment, or made once in the home folder and kept."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from pathlib import Path
from typing import Final

from bridgehead.errors import Unavailable, UserError
from bridgehead.ids import random_bytes, random_hex
from bridgehead.ledger.vault import KEY_BYTES
from bridgehead.settings import Settings

_FILE: Final = "key"
_SHAPE: Final = f"Give {KEY_BYTES} random bytes in base64 or hex, for instance from `openssl rand -base64 {KEY_BYTES}`."


def find_master(settings: Settings) -> bytes | None:
    """Returns the 32-byte master key: BRIDGEHEAD_KEY, else the file ``key`` in the home folder, None without either.

    Raises UserError (``settings.key``) for a key of another shape and for a file that others can
    read, Unavailable (``key.file``) where it cannot be read. No error holds any part of a key.
    """
    return _master(settings, make=False)


def make_master(settings: Settings) -> bytes:
    """Returns what ``find_master`` finds, and makes the file where there is no key.

    Only for a database that nothing was sealed in yet: what is there opens with its own key alone.
    The file is readable by its owner alone and appears whole or not at all, so processes that start
    at once all get the key that is there in the end. Raises as ``find_master``, and Unavailable
    (``key.file``) where the file cannot be made.
    """
    master = _master(settings, make=True)
    if master is None:  # pragma: no cover - made, found, or raised
        raise missing_master(settings)
    return master


def missing_master(settings: Settings) -> UserError:
    """Returns the error for a database whose key is not here."""
    return UserError(
        f"This database has a key, and there is none in {settings.home / _FILE} nor in BRIDGEHEAD_KEY.",
        code="key.missing",
        hint="Put the key file back from its backup, or set BRIDGEHEAD_KEY to it; no other one was made. Without it "
        "nothing in the database can be read again: neither documents nor cases nor answers. To start over, set "
        "BRIDGEHEAD_HOME to a new folder, or BRIDGEHEAD_DATABASE_URL to an empty database.",
    )


def _master(settings: Settings, *, make: bool) -> bytes | None:
    if settings.key is not None:
        return _decode(settings.key.get_secret_value(), "BRIDGEHEAD_KEY")
    path = settings.home / _FILE
    try:
        if not path.exists():
            if not make:
                return None
            _make(path)
        return _read(path)
    except OSError as error:
        raise Unavailable(
            f"The key file {path} can be neither read nor made: {error.strerror}.",
            code="key.file",
            hint="Make the folder writable for this user, or set BRIDGEHEAD_KEY.",
        ) from None


def _make(path: Path) -> None:
    """Puts a fresh key at ``path`` unless one is there: link(2) never replaces and never shows half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{_FILE}-{random_hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(random_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UserError(
            f"Others than its owner can reach the key file {path}.",
            code="settings.key",
            hint=f"Run `chmod 600 {path}`; if others may have read it, treat what it protects as known to them.",
        )
    return _decode(path.read_bytes().decode("ascii", errors="replace"), f"The key file {path}")


def _decode(text: str, where: str) -> bytes:
    bare = text.strip()
    try:
        key = bytes.fromhex(bare) if len(bare) == 2 * KEY_BYTES else _base64(bare)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(f"{where} does not hold a key of {KEY_BYTES} bytes.", code="settings.key", hint=_SHAPE)
    return key


def _base64(text: str) -> bytes:
    """Reads both alphabets of RFC 4648 (sections 4 and 5), with or without padding."""
    plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)

"""Exported heads: a small file, kept where the database's administrators cannot reach it, that later proves the chains.

JSON lines, version 1. The first line states format, version, time and how many chains follow; each
further line is one chain, sorted by name: ``{"chain":"C-17","hash":"…","seq":42}``. The count makes a
shortened file an error instead of a weaker proof.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bridgehead.errors import UserError
from bridgehead.ids import random_hex
from bridgehead.ledger.canonical import canonical
from bridgehead.ledger.chain import Head

FORMAT: Final = "bridgehead-heads"
VERSION: Final = 1
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_KEEP: Final = "Use the file as it was exported; a changed or shortened one proves nothing."


def export_heads(path: Path, heads: Mapping[str, Head], *, at: datetime) -> str:
    """Writes ``heads`` to a new file and returns its SHA-256 in hex, short enough to keep on paper.

    Chains without rows are left out. The file appears whole or not at all. Raises UserError:
    ``export.exists`` for a path that is taken (an older export is evidence), ``export.path`` for one
    that cannot be written; ValueError for a time without zone.
    """
    if at.tzinfo is None:
        raise ValueError("an export needs a time with its zone")
    text = b"".join(_lines({chain: head for chain, head in heads.items() if head.seq}, at.astimezone(UTC)))
    draft = path.with_name(f".{path.name}-{random_hex()}")
    try:
        with draft.open("xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        raise UserError(
            f"{path} exists already.", code="export.exists", hint="Choose another name; older exports stay evidence."
        ) from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror}.", code="export.path", hint="Choose a folder you may write to."
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    return hashlib.sha256(text).hexdigest()


def _lines(heads: Mapping[str, Head], at: datetime) -> Iterator[bytes]:
    yield canonical({"format": FORMAT, "v": VERSION, "at": at.isoformat(), "chains": len(heads)}) + b"\n"
    for chain, head in sorted(heads.items()):
        yield canonical({"chain": chain, "seq": head.seq, "hash": head.hash.hex()}) + b"\n"


def read_heads(path: Path) -> dict[str, Head]:
    """Returns the heads in an exported file.

    Raises UserError (``export.path``, ``export.malformed``, ``export.version``), naming the line and
    what was expected there. Nothing is guessed and no line is passed over.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", code="export.path") from None
    except UnicodeDecodeError:
        raise _malformed(path, 1, "UTF-8 text") from None
    lines = text.removesuffix("\n").split("\n")
    if not text:
        raise _malformed(path, 1, "the header of an export; the file is empty")
    count = _header(path, lines[0])
    heads: dict[str, Head] = {}
    for number, line in enumerate(lines[1:], start=2):
        chain, head = _entry(path, number, line)
        if chain in heads:
            raise _malformed(path, number, f"each chain once; {chain!r} comes again")
        heads[chain] = head
    if len(heads) != count:
        raise _malformed(path, len(lines), f"{count} chains in all, as the header says; there are {len(heads)}")
    return heads


def _header(path: Path, line: str) -> int:
    header = _object(path, 1, line)
    if header.get("format") != FORMAT:
        raise _malformed(path, 1, f'a header with "format":"{FORMAT}"')
    if header.get("v") != VERSION:
        raise UserError(
            f"{path} has version {header.get('v')!r} of the export format; this Bridgehead reads version {VERSION}.",
            code="export.version",
            hint="Verify with the version of Bridgehead that wrote the file, or a newer one.",
        )
    count = header.get("chains")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise _malformed(path, 1, 'the number of chains as "chains"')
    return count


def _entry(path: Path, number: int, line: str) -> tuple[str, Head]:
    entry = _object(path, number, line)
    chain, seq, digest = entry.get("chain"), entry.get("seq"), entry.get("hash")
    if not isinstance(chain, str) or not chain:
        raise _malformed(path, number, 'the name of a chain as "chain"')
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 1:
        raise _malformed(path, number, 'a row number from 1 as "seq"')
    if not isinstance(digest, str) or _HEX.fullmatch(digest) is None:
        raise _malformed(path, number, '64 lower-case hex digits as "hash"')
    return chain, Head(seq, bytes.fromhex(digest))


def _object(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise _malformed(path, number, "a JSON object") from None
    if not isinstance(value, dict):
        raise _malformed(path, number, "a JSON object")
    return value


def _malformed(path: Path, line: int, expected: str) -> UserError:
    return UserError(f"{path}, line {line}: expected {expected}.", code="export.malformed", hint=_KEEP, line=line)

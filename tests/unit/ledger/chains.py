"""Small chains for the ledger's tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from bridgehead.ledger.canonical import canonical
from bridgehead.ledger.chain import EMPTY, Break, Head, Row, check, link, row_hash

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def grown(chain: str, length: int, head: Head = EMPTY) -> list[Row]:
    """Returns ``length`` rows linked after ``head``."""
    rows = []
    for _ in range(length):
        row, head = link(
            head,
            chain,
            at=START + timedelta(minutes=head.seq),
            kind="step",
            actor="order-desk",
            refs={"step": head.seq + 1},
            commitments={"args": hashlib.sha256(f"{chain}{head.seq}".encode()).digest()},
        )
        rows.append(row)
    return rows


def head_of(rows: list[Row]) -> Head:
    """Returns the head after ``rows``."""
    return Head(rows[-1].seq, rows[-1].hash) if rows else EMPTY


def found(
    chains: Iterable[list[Row]], heads: Mapping[str, Head], expected: Mapping[str, Head] | None = None
) -> list[Break]:
    """Returns what one pass over the chains finds, each chain's rows in the order of their seq."""
    rows = [row for chain in chains for row in sorted(chain, key=lambda row: row.seq)]
    return list(check(rows, expected, heads))


def renumbered(rows: list[Row]) -> list[Row]:
    """Returns the rows with seq counted from 1, bodies and hashes as they are."""
    return [Row(row.chain, seq, row.body, row.hash) for seq, row in enumerate(rows, start=1)]


def rehashed(rows: list[Row]) -> list[Row]:
    """Returns the rows renumbered, their bodies too, and linked anew: what a clever forger leaves behind."""
    head, linked = EMPTY, []
    for row in rows:
        body = canonical(json.loads(row.body) | {"seq": head.seq + 1})
        head = Head(head.seq + 1, row_hash(head.hash, body))
        linked.append(Row(row.chain, head.seq, body, head.hash))
    return linked


def flipped(row: Row, bit: int, column: str = "body") -> Row:
    """Returns the row with one bit of its body or hash changed."""
    changed = bytearray(row.body if column == "body" else row.hash)
    place, mask = divmod(bit % (len(changed) * 8), 8)
    changed[place] ^= 1 << mask
    if column == "body":
        return Row(row.chain, row.seq, bytes(changed), row.hash)
    return Row(row.chain, row.seq, row.body, bytes(changed))


def forged(row: Row) -> Row:
    """Returns the row with somebody else as its actor, its hash as it was."""
    return Row(row.chain, row.seq, canonical(json.loads(row.body) | {"actor": "nobody"}), row.hash)

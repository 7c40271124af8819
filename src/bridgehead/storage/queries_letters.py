"""Who sent a document and under which subject, read out of the originals on a page, within a bound of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from bridgehead.cases.finding import letterhead
from bridgehead.ids import parse
from bridgehead.ledger.vault import Vault
from bridgehead.storage.database import Database
from bridgehead.storage.queries import Opener
from bridgehead.storage.queries_case_view import ArrivalLine

_LONGEST: Final = 200
_LARGEST: Final = 2**20
_MOST: Final = 8 * 2**20
"""An original is opened whole or not at all: a larger one, and what goes beyond this on one page, is left out."""


async def lettered(database: Database, vault: Vault, lines: Sequence[ArrivalLine]) -> Sequence[ArrivalLine]:
    """Returns arrivals with sender and subject, where their document has them and can be opened."""
    left, chosen = _MOST, list[int]()
    for line in lines:
        if line.size_bytes <= min(left, _LARGEST):
            chosen.append(parse("A", line.id))
            left -= line.size_bytes
    if not chosen:
        return lines
    async with database.connection() as conn:
        rows = await (
            await conn.execute(
                "select a.id, a.document, b.sealed, k.wrapped from arrivals a join blobs b on b.commitment = a.document"
                " join data_keys k on k.id = a.key_id where a.id = any(%s)",
                (chosen,),
            )
        ).fetchall()
    found = await asyncio.to_thread(lambda: {f"A-{row['id']}": _letterhead(vault, row) for row in rows})
    return [
        replace(line, sender=found[line.id][0] or None, subject=found[line.id][1] or None) if line.id in found else line
        for line in lines
    ]


def _letterhead(vault: Vault, row: dict[str, Any]) -> tuple[str, str]:
    document = Opener.of(vault, row["wrapped"]).open_bytes(row["sealed"], row["document"])
    sender, subject = letterhead(document) if isinstance(document, bytes) else ("", "")
    return sender[:_LONGEST], subject[:_LONGEST]

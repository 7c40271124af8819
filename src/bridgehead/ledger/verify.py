"""Verifying a whole ledger: every broken chain is named, in one pass over rows that are never all in memory."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass

from bridgehead.ledger.chain import Break, Checker, Head, Row


@dataclass(frozen=True, slots=True)
class Verification:
    """What one pass saw: how many rows and chains, and one Break per broken chain."""

    rows: int
    chains: int
    breaks: tuple[Break, ...]

    @property
    def whole(self) -> bool:
        """True when no chain is broken."""
        return not self.breaks


async def verify(
    rows: AsyncIterable[Row], stored: Mapping[str, Head], expected: Mapping[str, Head] | None = None
) -> Verification:
    """Returns what ``chain.check`` finds in ``rows``, which must be one snapshot with the ``stored`` heads.

    ``expected`` are heads exported earlier; without them only the careless changes are certain to
    show, because whoever writes to the database can rehash a chain and its stored head.
    """
    checker = Checker(expected, stored)
    breaks: list[Break] = []
    async for row in rows:
        breaks.extend(checker.feed(row))
    chains = checker.chains
    breaks.extend(checker.finish())
    return Verification(checker.rows, chains, tuple(breaks))

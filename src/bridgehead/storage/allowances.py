"""What tools with caps may still do, in PostgreSQL: one row for what a worker has drawn, sums of what was used.

Each call is one statement that commits by itself: what is drawn stands before anything rests on it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridgehead.cases.allowing import Counter, Drew
from bridgehead.ids import WorkerId
from bridgehead.storage.database import Database

_DRAW: Final = b"""
select allowance, amount, spent, elsewhere from draw_allowance(
 %(deployment)s::text, %(tool)s::text, %(counter)s::text, %(window)s::float8, %(limit)s::numeric, %(worker)s::bigint,
 %(needed)s::numeric, %(unit)s::numeric, %(recorded)s::boolean)
"""
_GIVE_BACK: Final = b"select give_back_allowance(%s::bigint, %s::float8, %s::numeric, %s::numeric)"


class AllowanceRows:
    """The store of allowances (an ``AllowanceStore``). Raises Unavailable when the database cannot be asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def draw(self, worker: WorkerId, counter: Counter, needed: Decimal) -> Drew:
        """Draws for a worker, after taking in what dead ones had drawn."""
        cap = counter.cap
        values = {
            "deployment": counter.deployment, "tool": counter.tool, "counter": counter.name, "window": cap.window_s,
            "limit": cap.limit if counter.bounded else None, "worker": worker, "needed": needed, "unit": counter.unit,
            "recorded": counter.recorded,
        }  # fmt: skip
        async with self._database.connection() as conn:
            row = await (await conn.execute(_DRAW, values)).fetchone()
        assert row is not None  # noqa: S101  # a function with out parameters gives one row
        return Drew(row["allowance"], row["amount"], row["spent"], row["elsewhere"])

    async def give_back(self, counter: Counter, allowance: int, *, drawn: Decimal | None, used: Decimal) -> None:
        """Keeps a part of an allowance, or closes it; one that was taken back already is left alone."""
        async with self._database.connection() as conn:
            await conn.execute(_GIVE_BACK, (allowance, counter.cap.window_s, drawn, used))

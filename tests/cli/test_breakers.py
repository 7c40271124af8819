"""``breakers`` lists what is left alone, and raw text of a name never reaches the terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridgehead.resilience.breaker import Row
from bridgehead.storage.breakers import BreakerRows
from bridgehead.storage.database import Database
from tests.cli.calls import Cli


def test_what_is_left_alone_is_listed(cli: Cli, orders: Path, database_url: str) -> None:
    """An open breaker stands first, with since when, how many calls failed and when the next one tries."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    assert "No dependency was ever down." in cli.ok("breakers").out
    assert cli.ok("breakers", "--json").json == []

    async def change() -> None:
        database = Database(database_url, size=1)
        await database.open()
        try:
            rows = BreakerRows(database)
            await rows.change(
                "a", lambda _, now_s: Row("closed", now_s - 60, now_s - 90, now_s, closings=1, down_s=30.0)
            )
            await rows.change("erp\x1b[31m", lambda _, now_s: Row("open", now_s, now_s, now_s + 30, failures=7, lost=2))
            await rows.change(
                "b", lambda _, now_s: Row("half_open", now_s, now_s, now_s, holder="p", lease_s=now_s + 60)
            )
        finally:
            await database.close()

    asyncio.run(change())
    shown = cli.ok("breakers").out
    assert "\x1b[31m" not in shown
    assert shown.index("erp") < shown.index("closed")
    assert "half-open" in shown
    assert "under way" in shown
    listed = cli.ok("breakers", "--json").json
    assert {one["dependency"]: (one["state"], one["failures"], one["failed_probes"]) for one in listed} == {
        "a": ("closed", 0, 0),
        "b": ("half_open", 0, 0),
        "erp\x1b[31m": ("open", 7, 2),
    }
    (down,) = (one for one in listed if one["state"] == "open")
    assert down["since"] < down["next_probe"]
    assert next(one for one in listed if one["state"] == "closed")["next_probe"] is None

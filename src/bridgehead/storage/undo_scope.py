"""Which deployment an undo is about: looked up from the case, the release or the tool that is named."""

from __future__ import annotations

from datetime import datetime

from bridgehead.clock import utc_now
from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.storage.database import Database


async def deployment_of(database: Database, *, case_id: int | None, release: str | None, tool: str | None) -> str:
    """Returns the one deployment that what is named belongs to; raises UserError for none or several."""
    query = "select deployment from cases where id = %s"
    value: int | str = case_id or 0
    what = show("C", case_id or 0)
    if case_id is None and release is not None:
        query, value = "select deployment from releases where encode(digest, 'hex') = %s", release
        what = f"release {release[:12]}"
    elif case_id is None:
        query = (
            "select distinct deployment from effects where tool = %s"
            " and state in ('committed', 'undone', 'intended', 'unknown')"
        )
        value, what = tool or "", f"effect of {tool}"
    async with database.connection() as conn:
        rows = await (await conn.execute(query.encode(), (value,))).fetchall()
    if len(rows) == 1:
        return str(rows[0]["deployment"])
    if not rows:
        raise UserError(f"there is no {what} in this database", code="undo.scope", hint="Nothing is there to undo.")
    names = ", ".join(sorted(str(row["deployment"]) for row in rows))
    raise UserError(
        f"{what} is there in several deployments: {names}", code="undo.scope", hint="Name one: --deployment NAME."
    )


async def moment(database: Database, ago_s: float) -> datetime:
    """Returns when it was ``ago_s`` seconds ago, by the clock that says when effects were settled."""
    async with database.connection() as conn:
        row = await (
            await conn.execute("select bridgehead_now() - make_interval(secs => %s) as at", (ago_s,))
        ).fetchone()
    found: datetime = row["at"] if row is not None else utc_now()
    return found

"""Whether somebody has a case before them as it is, at a fraction of what showing it anew takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridgehead.storage import queries_mark

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor


async def mark(app: App, actor: Actor, number: int) -> str:
    """Returns a mark that differs once anything of a case does that is shown; empty where there is no such case."""
    actor.need("read")
    return await queries_mark.mark(app.database, number)

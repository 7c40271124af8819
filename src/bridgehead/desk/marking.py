"""Whether somebody has a case before them as it is, at a fraction of what showing it anew takes."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from bridgehead.storage import queries_mark

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor


async def mark(app: App, actor: Actor, number: int) -> str:
    """Returns a mark that differs once anything of a case does that is shown; empty where there is no such case.

    What is shown goes by what the actor may do: whoever has other rights than before has another mark.
    """
    actor.need("read")
    found = await queries_mark.mark(app.database, number)
    return found and sha256(" ".join((found, *sorted(actor.rights))).encode()).hexdigest()[:16]

"""What people decided of work like this before, and how those cases ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bridgehead.desk import reviewing
from bridgehead.desk.reviewing import Filters
from bridgehead.desk.reviewing_rows import ReviewRow

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor

LOOKED: Final = 120
"""So many of the latest reviews of the same kind and role are looked through; older ones are not similar any more."""
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Similar:
    """One decided review of the same reason."""

    name: str
    about: str
    standing: str
    by: str
    at: datetime


async def decided(app: App, actor: Actor, row: ReviewRow) -> tuple[Similar, ...]:
    """Returns the latest decided reviews with the same reason, of the same kind, role and deployment; newest first."""
    wanted = Filters(state="all", role=row.role, kind=row.kind, deployment=row.deployment)
    found = await reviewing.queue(app, actor, wanted, limit=LOOKED, named=False)
    return tuple(
        Similar(one.name, one.about, one.standing, one.decided_by, one.decided_at)
        for one in found.items
        if one.id != row.id and one.reason == row.reason and one.decided_by is not None and one.decided_at is not None
    )[:SHOWN]

"""What the database knows of systems: places that are taken, pauses, sources that are read, and workers that live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import DictRow

from bridgehead.storage.database import Database
from bridgehead.storage.queries import ALIVE


@dataclass(frozen=True, slots=True)
class LimitState:
    """What holds calls of one system back at this moment."""

    system: str
    paused_until: datetime | None
    held: int
    places: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far one source of work was read, and when it was read last with news."""

    deployment: str
    source: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker that is registered and did not stop; ``alive`` is False for one whose lease or connection is over."""

    id: int
    name: str
    started_at: datetime
    alive: bool
    deployments: tuple[str, ...]


class ConnectionQueries:
    """Reads over one database; each list is short by its nature."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def limits(self) -> Sequence[LimitState]:
        """Returns the systems whose calls are counted, by name."""
        rows = await self._rows(
            "select l.system, nullif(l.paused_until, '-infinity') as paused_until, count(p.place) as places,"
            " count(p.holder) filter (where p.lease_until > clock_timestamp()) as held"
            " from limits l left join limit_places p on p.system = l.system group by l.system order by l.system"
        )
        return [LimitState(row["system"], row["paused_until"], row["held"], row["places"]) for row in rows]

    async def sources(self) -> Sequence[SourceState]:
        """Returns the sources that keep their place, by deployment."""
        rows = await self._rows("select deployment, source, moved_at from intake_cursors order by deployment, source")
        return [SourceState(row["deployment"], row["source"], row["moved_at"]) for row in rows]

    async def workers(self) -> Sequence[WorkerState]:
        """Returns the workers that did not stop, at most 200, the latest first."""
        rows = await self._rows(
            f"with alive as ({ALIVE}) select w.id, w.name, w.started_at, w.id in (select id from alive) as alive,"
            " coalesce((select array_agg(distinct r.deployment order by r.deployment) from worker_releases r"
            "   where r.worker_id = w.id), '{}') as deployments"
            " from workers w where w.stopped_at is null order by w.id desc limit 200"
        )
        return [
            WorkerState(row["id"], row["name"], row["started_at"], row["alive"], tuple(row["deployments"]))
            for row in rows
        ]

    async def tokens(self, soon: timedelta) -> Sequence[tuple[str, str, datetime]]:
        """Returns label, owner and end of the API's tokens that end soon and were not revoked."""
        rows = await self._rows(
            "select label, subject, ends_at from api_tokens where revoked_at is null"
            " and ends_at between bridgehead_now() and bridgehead_now() + %(soon)s order by ends_at limit 100",
            {"soon": soon},
        )
        return [(row["label"], row["subject"], row["ends_at"]) for row in rows]

    async def _rows(self, statement: str, values: dict[str, object] | None = None) -> list[DictRow]:
        async with self._database.connection() as conn:
            return list(await (await conn.execute(statement, values)).fetchall())

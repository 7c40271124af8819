"""The database as ``doctor`` and ``db status`` see it: reached once, quickly, and changed in nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, TupleRow, dict_row

from bridgehead.clock import perf_s, utc_now
from bridgehead.errors import UserError
from bridgehead.ledger.chain import Head
from bridgehead.ledger.vault import Vault
from bridgehead.ledger.verify import Verification
from bridgehead.storage.database import Database, translated
from bridgehead.storage.ledger_rows import export_ledger_heads, verify_ledger
from bridgehead.storage.migrate import migrations
from bridgehead.storage.queries import ALIVE
from bridgehead.storage.sealing import check_key

_PROBE_S = 5
_SEEN_MS = 1_000  # no index serves this question, and a remark is not worth a long wait


@dataclass(frozen=True, slots=True)
class Stranded:
    """Open cases of one release that no living worker serves. ``served``: another release of the deployment is."""

    deployment: str
    release: str
    cases: int
    served: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """What one short connection found. ``schema`` is None for a database that was never used."""

    server_version: int
    schema: int | None
    known_schema: int
    size_bytes: int
    may_create: bool
    answer_ms: float
    skew_s: float
    workers: int
    open_cases: int
    stranded: tuple[Stranded, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a deployment acts: ``level`` is None where nothing has set one.

    ``seen_in_shadow``: whether this very release had a case in shadow; None where finding out takes too long.
    """

    level: str | None
    seen_in_shadow: bool | None


async def standing(url: str, deployment: str, release: bytes) -> Standing:
    """Returns a deployment's level in force over one short connection; raises Unavailable when there is no answer."""
    described(url)
    with translated():
        conn = await AsyncConnection[DictRow].connect(
            url, autocommit=True, row_factory=dict_row, connect_timeout=_PROBE_S, application_name="bridgehead-check"
        )
        async with conn:
            if not (await _one(conn, "select to_regclass('levels') is not null as used"))["used"]:
                return Standing(None, seen_in_shadow=False)
            level = await (
                await conn.execute("select level from levels where deployment = %s", (deployment,))
            ).fetchone()
            await conn.execute(f"set statement_timeout = {_SEEN_MS}")
            try:
                row = await (
                    await conn.execute(
                        "select exists (select from cases where deployment = %s and release = %s and level = 'shadow')"
                        " as seen",
                        (deployment, release),
                    )
                ).fetchone()
            except psycopg.errors.QueryCanceled:
                row = None
    return Standing(None if level is None else level["level"], None if row is None else row["seen"])


def described(url: str) -> str:
    """Returns where a database is, without user and password; raises UserError for what is no URL."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise UserError(
            "BRIDGEHEAD_DATABASE_URL is no PostgreSQL URL",
            code="settings.database_url",
            hint="Write it like postgresql://user@host:5432/database",
        ) from error
    host = str(parts.get("host") or "localhost")
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"{parts.get('dbname') or '(default)'} at {host}{port}"


async def probe(url: str) -> Probe:
    """Connects once, with a short time limit; raises Unavailable when there is no answer."""
    started = perf_s()
    with translated():
        conn = await AsyncConnection[DictRow].connect(
            url, autocommit=True, row_factory=dict_row, connect_timeout=_PROBE_S, application_name="bridgehead-doctor"
        )
        async with conn:
            answer_ms = (perf_s() - started) * 1000
            row = await _one(
                conn,
                "select clock_timestamp() as now, pg_database_size(current_database()) as size,"
                " has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE') as may_create,"
                " to_regclass('bridgehead_migrations') is not null as used",
            )
            at = utc_now()
            schema, workers, cases, stranded = None, 0, 0, tuple[Stranded, ...]()
            if row["used"]:
                schema = (await _one(conn, "select max(number) as newest from bridgehead_migrations"))["newest"]
            if schema is not None:
                workers = (await _one(conn, "select count(*) as n from (" + ALIVE + ") living"))["n"]
                cases = (await _one(conn, "select count(*) as n from cases where state <> 'done'"))["n"]
                stranded = await _stranded(conn)
            return Probe(
                server_version=conn.info.server_version,
                schema=schema,
                known_schema=max(migration.number for migration in migrations()),
                size_bytes=row["size"],
                may_create=bool(row["may_create"]),
                answer_ms=round(answer_ms, 1),
                skew_s=round(abs((_utc(row["now"]) - at).total_seconds()), 3),
                workers=workers,
                open_cases=cases,
                stranded=stranded,
            )


async def verify_whole(
    database: Database, expected: Mapping[str, Head] | None, *, vault: Vault | None = None
) -> Verification:
    """Returns what one pass over the whole ledger and its tables finds; with a ``vault`` also over all payloads.

    Raises Unreadable (``ledger.wrong_key``) for a vault of another database.
    """
    async with database.connection() as conn:
        if vault is not None:
            await check_key(conn, vault)
        return await verify_ledger(cast("AsyncConnection[TupleRow]", conn), expected, vault=vault)


async def export_whole(database: Database, path: Path, *, at: datetime) -> str:
    """Writes every chain's head to a new file; returns the file's SHA-256 in hex."""
    async with database.connection() as conn:
        return await export_ledger_heads(cast("AsyncConnection[TupleRow]", conn), path, at=at)


async def _stranded(conn: AsyncConnection[DictRow]) -> tuple[Stranded, ...]:
    rows = await (
        await conn.execute(
            (
                "with living as (select distinct deployment, release from worker_releases where worker_id in ("
                + ALIVE
                + ")) select c.deployment, encode(c.release, 'hex') as release, count(*) as cases,"
                " exists (select from living l where l.deployment = c.deployment) as served from cases c"
                " where c.state in ('due', 'waiting', 'running') and not exists (select from living l"
                " where l.deployment = c.deployment and l.release = c.release)"
                " group by c.deployment, c.release order by c.deployment, cases desc limit 20"
            ).encode()
        )
    ).fetchall()
    return tuple(Stranded(row["deployment"], row["release"], row["cases"], row["served"]) for row in rows)


async def _one(conn: AsyncConnection[DictRow], statement: str) -> DictRow:
    row = await (await conn.execute(statement.encode())).fetchone()
    if row is None:  # pragma: no cover - each of these gives one row
        raise UserError("the database gave no row", code="db.unavailable")
    return row


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)

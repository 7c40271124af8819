"""The store of crosswalks, on PostgreSQL; every confirmation and every retirement is on the deployment's chain."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import DictRow

from bridgehead.cases.crosswalk import Entry, spelled
from bridgehead.errors import UserError
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain

_IN_FORCE = (
    "select * from crosswalks where deployment = %s and name = %s and scope = %s and spelled = %s"
    " and retired_at is null"
)
_LONGEST = 500
_MOST_BYTES = 2_000
"""What is looked for is one entry of a B-tree, which takes 2,704 bytes (PostgreSQL: BTMaxItemSize)."""


class CrosswalkTables:
    """Confirmed meanings (a ``Crosswalks``)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, deployment: str, name: str, scope: str, value: str) -> Entry | None:
        """See the port; raises UserError for a text that no entry can have."""
        _check(scope, name=name, value=value)
        async with self._database.connection() as conn:
            return await _find(conn, deployment, name, scope, value)

    async def confirm(
        self, deployment: str, name: str, scope: str, value: str, target: str, *, by: str, review_id: int | None = None
    ) -> Entry:
        """See the port; raises UserError for an empty or overlong text."""
        _check(scope, name=name, value=value, target=target, by=by)
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, f"D-{deployment}", actor=f"person:{by}", create=True)
            standing = await _find(conn, deployment, name, scope, value)
            if standing is not None:
                await chain.close()
                return standing
            row = await (
                await conn.execute(
                    "insert into crosswalks (deployment, name, scope, value, spelled, target, confirmed_by, review_id)"
                    " values (%s, %s, %s, %s, %s, %s, %s, %s) returning *",
                    (deployment, name, scope, value, spelled(value), target, by, review_id),
                )
            ).fetchone()
            if row is None:
                raise AssertionError("an insert returns its row")
            told = {"crosswalk": row["id"], "name": name, "scope": scope, "value": value, "target": target, "by": by}
            await chain.append("crosswalk.confirmed", told | ({"review": review_id} if review_id else {}))
            await chain.close()
            return _entry(row)

    async def retire(self, deployment: str, name: str, scope: str, value: str, *, by: str) -> Entry | None:
        """Takes a meaning out of force; returns it, or None when there was none."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, f"D-{deployment}", actor=f"person:{by}", create=True)
            standing = await _find(conn, deployment, name, scope, value)
            if standing is not None:
                await conn.execute(
                    "update crosswalks set retired_at = bridgehead_now(), retired_by = %s where deployment = %s"
                    " and name = %s and scope = %s and spelled = %s and retired_at is null",
                    (by, deployment, name, scope, spelled(value)),
                )
                told = {"name": name, "scope": scope, "value": standing.value, "target": standing.target, "by": by}
                await chain.append("crosswalk.retired", dict(told))
            await chain.close()
            return standing

    async def listed(self, deployment: str, name: str | None = None) -> Sequence[Entry]:
        """Returns the entries in force, by table, scope and name."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select * from crosswalks where deployment = %s and retired_at is null"
                    " and (%s::text is null or name = %s) order by name, scope, spelled",
                    (deployment, name, name),
                )
            ).fetchall()
            return [_entry(row) for row in rows]


async def _find(conn: Connection, deployment: str, name: str, scope: str, value: str) -> Entry | None:
    row = await (await conn.execute(_IN_FORCE, (deployment, name, scope, spelled(value)))).fetchone()
    return None if row is None else _entry(row)


def _entry(row: DictRow) -> Entry:
    return Entry(
        name=row["name"],
        scope=row["scope"],
        value=row["value"],
        target=row["target"],
        confirmed_by=row["confirmed_by"],
        confirmed_at=row["confirmed_at"],
        review_id=row["review_id"],
    )


def _check(scope: str, **texts: str) -> None:
    for what, text in {**texts, "scope": scope or "-"}.items():
        if not text.strip() or len(text) > _LONGEST or "\0" in text:
            raise UserError(
                f"a crosswalk's {what} is a text of 1 to {_LONGEST} characters", code="crosswalk.text", hint=""
            )
    if len(f"{texts['name']}{scope}{spelled(texts['value'])}".encode("utf-8", "replace")) > _MOST_BYTES:
        raise UserError(
            f"a crosswalk's name, scope and value have at most {_MOST_BYTES} bytes together", code="crosswalk.text",
            hint="Translate names and codes, not whole texts.",
        )  # fmt: skip

"""Who may act at present, as workers hear of it: read anew when it has changed, and told when it does."""

from __future__ import annotations

from typing import Final

from bridgehead.cases.authority import Authority
from bridgehead.storage.database import Connection

CHANNEL: Final = "bridgehead_controls"
"""On which workers hear at once that something was stopped, or that somebody's authority has changed."""


async def news(conn: Connection) -> None:
    """Tells every worker that somebody's authority has changed."""
    await conn.execute("update authority_news set version = version + 1")
    await conn.execute(f"notify {CHANNEL}".encode())


async def read_version(conn: Connection) -> int:
    """Returns what moves with every change of anybody's authority."""
    row = await (await conn.execute(b"select version from authority_news", prepare=True)).fetchone()
    return 0 if row is None else int(row["version"])


async def read_authority(conn: Connection, version: int) -> Authority:
    """Returns who may act at present, and which open cases may not any more."""
    people = await (await conn.execute(b"select name, groups, disabled_by, disabled_why from users")).fetchall()
    barred = await (await conn.execute(b"select issuer, subject, barred_by, reason from barred_subjects")).fetchall()
    revoked = await (
        await conn.execute(
            b"select r.case_id from revocations r join cases c on c.id = r.case_id"
            b" where c.state not in ('done', 'with_person')"
        )
    ).fetchall()
    narrowed = await (
        await conn.execute(
            b"select g.case_id, g.narrowed from grants g join cases c on c.id = g.case_id"
            b" where g.narrowed > 0 and c.state not in ('done', 'with_person')"
        )
    ).fetchall()
    return Authority(
        version=version,
        groups={row["name"]: frozenset(row["groups"]) for row in people if row["disabled_by"] is None},
        withdrawn={
            **{
                ("", row["name"]): f"disabled by {row['disabled_by']}: {row['disabled_why']}"
                for row in people
                if row["disabled_by"] is not None
            },
            **{(row["issuer"], row["subject"]): f"barred by {row['barred_by']}: {row['reason']}" for row in barred},
        },
        revoked=frozenset(row["case_id"] for row in revoked),
        narrowed={row["case_id"]: row["narrowed"] for row in narrowed},
    )

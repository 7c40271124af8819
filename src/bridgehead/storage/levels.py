"""Releases and levels: what is served, and how far each deployment acts by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bridgehead.ledger.vault import Vault
from bridgehead.spec.deployment import Level
from bridgehead.storage.database import Database
from bridgehead.storage.sealing import Chain
from bridgehead.storage.together import Together


class Levels:
    """The store of releases and levels, on PostgreSQL; every change is on the deployment's chain."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._asking: Together[str, Level | None] = Together(self._levels)

    async def register(self, deployment: str, release: bytes, manifest: bytes, *, start: Level) -> Level:
        """Registers a release, once, and returns the deployment's level; a new deployment gets ``start``."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, f"D-{deployment}", actor="runtime", create=True)
            made = await (
                await conn.execute(
                    "insert into releases (digest, deployment, manifest) values (%s, %s, %s)"
                    " on conflict do nothing returning digest",
                    (release, deployment, manifest),
                )
            ).fetchone()
            if made is not None:
                digest = hashlib.sha256(manifest).hexdigest()
                await chain.append("release.registered", {"release": release.hex(), "manifest": digest})
            levelled = await (
                await conn.execute(
                    "insert into levels (deployment, level, set_by) values (%s, %s, 'runtime')"
                    " on conflict do nothing returning level",
                    (deployment, start),
                )
            ).fetchone()
            if levelled is not None:
                await chain.append("level.set", {"level": start, "by": "runtime", "why": "a new deployment"})
            await chain.close()
            row = await (await conn.execute("select level from levels where deployment = %s", (deployment,))).fetchone()
            level: Level = start if row is None else row["level"]
            return level

    async def level(self, deployment: str) -> Level | None:
        """Returns the level a new case of the deployment gets, or None for an unknown deployment."""
        return await self._asking(deployment)

    async def _levels(self, deployments: Sequence[str]) -> Sequence[Level | None]:
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    b"select deployment, level from levels where deployment = any(%s::text[])",
                    (list(set(deployments)),),
                    prepare=True,
                )
            ).fetchall()
        found: dict[str, Level] = {row["deployment"]: row["level"] for row in rows}
        return [found.get(one) for one in deployments]

    async def set_level(self, deployment: str, level: Level, *, by: str, why: str) -> Level | None:
        """Sets the level, by name and on the record; returns the one before. Open cases keep theirs."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, f"D-{deployment}", actor=f"person:{by}", create=True)
            before = await (
                await conn.execute("select level from levels where deployment = %s for update", (deployment,))
            ).fetchone()
            await conn.execute(
                "insert into levels (deployment, level, set_by) values (%s, %s, %s) on conflict (deployment)"
                " do update set level = excluded.level, set_by = excluded.set_by, set_at = clock_timestamp()",
                (deployment, level, by),
            )
            was = None if before is None else before["level"]
            await chain.append("level.set", {"level": level, "before": was, "by": by, "why": why})
            await chain.close()
            return was

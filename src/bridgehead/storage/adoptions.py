"""Cases that no worker takes up any more, because none serves their release: found, and claimed to be adopted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from bridgehead.cases.ports import Claim
from bridgehead.engine.ports import Serving
from bridgehead.ids import CaseId, WorkerId
from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.storage.controls import NOT_STOPPED
from bridgehead.storage.database import Database

# A release counts as served for ``after`` seconds beyond its last worker: a restart is no end. Of several
# releases that are served side by side, the one that was registered last takes what is left.
_ABANDONED: Final = f"""
cases.state = 'due' and exists (
    select from unnest(%(deployments)s::text[], %(releases)s::bytea[]) mine (deployment, release)
    join releases r on r.digest = mine.release
    where mine.deployment = cases.deployment and mine.release <> cases.release
      and not exists (
        select from worker_releases wr join workers w on w.id = wr.worker_id join releases n on n.digest = wr.release
        where wr.deployment = mine.deployment and w.stopped_at is null and n.registered_at > r.registered_at))
  and not exists (
    select from worker_releases wr join workers w on w.id = wr.worker_id
    where wr.release = cases.release and wr.deployment = cases.deployment
      and (w.stopped_at is null or w.stopped_at > clock_timestamp() - make_interval(secs => %(after)s)))
  and {NOT_STOPPED}
"""
_FIND: Final = f"select id from cases where {_ABANDONED} order by id limit %(most)s"
_CLAIM: Final = f"""
with claimed as (
    update cases set state = 'running', epoch = epoch + 1, worker_id = %(worker)s, wake = false, wake_at = null
    where id = %(case)s and {_ABANDONED}
      and exists (select from workers where id = %(worker)s and stopped_at is null)
    returning id, epoch, deployment, release, level, key_id)
select claimed.*, k.wrapped from claimed join data_keys k on k.id = claimed.key_id
"""


class Adoptions:
    """The engine's side of adoption, on PostgreSQL."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def find(self, serving: Sequence[Serving], *, after_s: float, most: int) -> Sequence[CaseId]:
        """Returns due cases of served deployments, oldest first, whose release nobody has served for ``after_s``."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(_FIND.encode(), {**_mine(serving), "after": after_s, "most": most})
            ).fetchall()
            return [CaseId(row["id"]) for row in rows]

    async def claim(
        self, worker: WorkerId, case_id: CaseId, serving: Sequence[Serving], *, after_s: float
    ) -> Claim | None:
        """Claims such a case under the release that it has; None when another worker was first, or its own is back.

        Raises Unreadable when its data key does not open; the case is then due as before.
        """
        values = {**_mine(serving), "after": after_s, "worker": worker, "case": case_id}
        async with self._database.connection() as conn:
            row = await (await conn.execute(_CLAIM.encode(), values)).fetchone()
            if row is None:
                return None
            try:
                key = self._vault.unwrap(row["wrapped"])
            except Unreadable:
                await conn.execute(
                    "update cases set state = 'due', worker_id = null where id = %s and epoch = %s",
                    (case_id, row["epoch"]),
                )
                raise
        release = bytes(row["release"])
        return Claim(case_id, row["epoch"], worker, row["deployment"], release, row["level"], key)

    async def labels(self, release: bytes) -> Mapping[str, Mapping[str, str]]:
        """Returns what a release said of the results of its tools, by tool and path."""
        async with self._database.connection() as conn:
            row = await (await conn.execute("select manifest from releases where digest = %s", (release,))).fetchone()
        manifest = {} if row is None else json.loads(bytes(row["manifest"]))
        tools = manifest.get("tools", {})
        return {name: dict(tool.get("labels", {})) for name, tool in tools.items()}


def _mine(serving: Sequence[Serving]) -> dict[str, list[str] | list[bytes]]:
    return {"deployments": [one.deployment for one in serving], "releases": [one.release for one in serving]}

"""Past decisions with the calls that they were about, streamed: what a changed policy is held against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bridgehead.ids import show
from bridgehead.ledger.vault import Vault
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.queries import Opener
from bridgehead.storage.sealing import from_bytes

_BATCH: Final = 500
# A call of the same arguments was an effect or a read of the case; an undo is another question and is left out.
_PAST: Final = """
select d.id, d.case_id, d.tool, d.args_digest, d.verdict, d.policy_digest, d.at, d.detail, c.level as case_level,
  encode(coalesce(e.release, c.release), 'hex') as release, k.wrapped, b.sealed as sealed_detail,
  coalesce(e.payload, s.payload) as payload, e.id is null as is_step, p.sealed as sealed_payload,
  (select round(sum(r.minutes), 3)::float8 from reviews r where r.effect_id = e.id) as minutes
from decisions d join cases c on c.id = d.case_id join data_keys k on k.id = c.key_id
  left join blobs b on b.commitment = d.detail
  left join lateral (select id, payload, release from effects where case_id = d.case_id and tool = d.tool
    and args_digest = d.args_digest order by id limit 1) e on true
  left join lateral (select payload from steps where e.id is null and case_id = d.case_id and name = d.tool
    and args_digest = d.args_digest and kind = 'read' order by seq limit 1) s on true
  left join blobs p on p.commitment = coalesce(e.payload, s.payload)
where c.deployment = %(deployment)s and d.id > %(after)s and d.tool not like 'undo:%%'
  and d.at >= bridgehead_now() - make_interval(secs => %(since)s)
order by d.id limit %(batch)s
"""


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One decision as it was recorded. ``args`` and ``view`` are None where the record does not hold them.

    ``minutes`` are people's, over every review of its effect; None where nobody was asked.
    """

    number: str
    case: str
    tool: str
    digest: bytes
    verdict: str
    role: str | None
    policy_digest: str
    at: datetime
    release: str
    level: str
    args: Mapping[str, JSON] | None
    view: JSON
    minutes: float | None
    unreadable: str | None


class DecisionQueries:
    """Streams past decisions."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def manifests(self, deployment: str) -> Mapping[str, Mapping[str, JSON]]:
        """Returns what each release of a deployment was, by its digest in hex."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select encode(digest, 'hex') as digest, manifest from releases where deployment = %s",
                    (deployment,),
                )
            ).fetchall()
        found = {row["digest"]: from_bytes(bytes(row["manifest"])) for row in rows}
        return {name: manifest for name, manifest in found.items() if isinstance(manifest, Mapping)}

    async def past(self, deployment: str, *, since_s: float) -> AsyncIterator[PastDecision]:
        """Yields the decisions of the last ``since_s`` seconds, oldest first; undos are left out."""
        after = 0
        while True:
            async with self._database.connection() as conn:
                rows = await self._page(conn, deployment, after, since_s)
            for row in rows:
                yield self._decision(row)
            if len(rows) < _BATCH:
                return
            after = rows[-1]["id"]

    async def _page(self, conn: Connection, deployment: str, after: int, since_s: float) -> list[dict[str, Any]]:
        given = {"deployment": deployment, "after": after, "since": since_s, "batch": _BATCH}
        return await (await conn.execute(_PAST, given)).fetchall()

    def _decision(self, row: Mapping[str, Any]) -> PastDecision:
        opener = Opener.of(self._vault, row["wrapped"])
        detail, payload = (
            opener.open(row["sealed_detail"], row["detail"]),
            opener.open(row["sealed_payload"], row["payload"]),
        )
        recorded = detail.value if isinstance(detail.value, Mapping) else {}
        args = payload.value if isinstance(payload.value, Mapping) else None
        if row["is_step"] and args is not None:
            inner = args.get("args")
            args = inner if isinstance(inner, Mapping) else None
        return PastDecision(
            number=show("D", row["id"]),
            case=show("C", row["case_id"]),
            tool=row["tool"],
            digest=bytes(row["args_digest"]),
            verdict=row["verdict"],
            role=str(recorded["role"]) if recorded.get("role") else None,
            policy_digest=bytes(row["policy_digest"]).hex(),
            at=row["at"],
            release=row["release"],
            level=row["case_level"],
            args=args,
            view=recorded.get("view"),
            minutes=row["minutes"],
            unreadable=detail.unreadable or payload.unreadable,
        )

"""Effects as an undo needs them: their payloads opened, under the descriptor of the release that made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from bridgehead.cases.undo_ports import Done
from bridgehead.effects.images import IMAGE
from bridgehead.effects.keys import object_digest
from bridgehead.errors import UserError
from bridgehead.ids import KeyId
from bridgehead.ledger.vault import DataKey, Unreadable, Vault
from bridgehead.spec.tool import JSON, Tool
from bridgehead.storage.database import Connection
from bridgehead.storage.sealing import from_bytes, load_key

EFFECTS: Final = """
select e.id, e.case_id, e.deployment, e.tool, e.key, e.args_digest, e.occurrence, e.state, e.payload, e.result,
  e.settled_at, e.level, a.sealed as sealed_args, r.sealed as sealed_result, c.key_id, c.state as case_state,
  encode(l.digest, 'hex') as release, l.manifest,
  (select i.undo_id from undo_items i where i.effect_id = e.id
    and i.state in ('planned', 'intended', 'unknown', 'undone')) as under,
  exists (select from effects o where o.case_id = e.case_id and o.id > e.id and o.state = 'undone') as undone_since
from effects e join cases c on c.id = e.case_id join releases l on l.digest = coalesce(e.release, c.release)
  join blobs a on a.commitment = e.payload left join blobs r on r.commitment = e.result
"""
IN_SCOPE: Final = """
where e.deployment = %(deployment)s and e.state in ('committed', 'undone', 'intended', 'unknown')
  and (%(case)s::bigint is null or e.case_id = %(case)s)
  and (%(release)s::text is null or encode(l.digest, 'hex') = %(release)s)
  and (%(tool)s::text is null or e.tool = %(tool)s)
  and (%(since)s::timestamptz is null or coalesce(e.settled_at, e.proposed_at) >= %(since)s)
  and (%(until)s::timestamptz is null or coalesce(e.settled_at, e.proposed_at) <= %(until)s)
order by e.settled_at desc nulls first, e.id desc
"""
ITEMS: Final = (
    EFFECTS.replace(
        "select e.id",
        "select i.place, i.state as item_state, i.attempt as item_attempt, i.why, i.review_id, i.detail,"
        " d.sealed as sealed_detail,"
        " coalesce(extract(epoch from i.settle_from - clock_timestamp())::float8, 0) as seconds_left, e.id",
    )
    + " join undo_items i on i.effect_id = e.id left join blobs d on d.commitment = i.detail"
    " where i.undo_id = %s order by i.place"
)


class Opening:
    """Opens payloads and manifests, each key and each manifest once."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._keys: dict[int, DataKey | Unreadable] = {}
        self._manifests: dict[str, Mapping[str, Any]] = {}

    async def done(self, conn: Connection, row: Mapping[str, Any]) -> Done:
        """Returns an effect from its row."""
        manifest = self._manifest(row["release"], row["manifest"])
        then = manifest.get("tools", {}).get(row["tool"], {})
        allow = manifest.get("rules", {}).get(row["tool"], {}).get("allow")
        args: Mapping[str, JSON] = {}
        result: JSON = None
        image: Mapping[str, JSON] | None = None
        unreadable = ""
        try:
            key = await self._key(conn, row["key_id"])
            args = cast("Mapping[str, JSON]", from_bytes(key.open(bytes(row["sealed_args"]), bytes(row["payload"]))))
            if row["result"] is not None:
                recorded = from_bytes(key.open(bytes(row["sealed_result"]), bytes(row["result"])))
                if isinstance(recorded, Mapping):
                    result, image = recorded.get("result"), cast("Mapping[str, JSON] | None", recorded.get(IMAGE))
        except Unreadable as error:
            unreadable = error.message
        return Done(
            effect_id=row["id"],
            case_id=row["case_id"],
            deployment=row["deployment"],
            release=row["release"],
            tool=row["tool"],
            key=bytes(row["key"]),
            digest=bytes(row["args_digest"]),
            occurrence=row["occurrence"],
            state=row["state"],
            args=args,
            result=result,
            image=image,
            stamped=not row["undone_since"],
            at=row["settled_at"],
            case_state=row["case_state"],
            level=row["level"],
            then=then,
            rule=allow if isinstance(allow, str) else None,
            object=self._object(row, then, args),
            under=row["under"],
            unreadable=unreadable,
        )

    async def detail(self, conn: Connection, row: Mapping[str, Any]) -> Mapping[str, JSON] | None:
        """Returns what was recorded of an item's last move, if it can be read."""
        if row["detail"] is None:
            return None
        try:
            key = await self._key(conn, row["key_id"])
            return cast("Mapping[str, JSON]", from_bytes(key.open(bytes(row["sealed_detail"]), bytes(row["detail"]))))
        except Unreadable as error:
            return {"unreadable": error.message}

    def _object(self, row: Mapping[str, Any], then: Mapping[str, Any], args: Mapping[str, JSON]) -> bytes:
        named = then.get("key")
        tool = Tool(row["tool"], "reversible", key=tuple(named) if named is not None else None)
        try:
            return object_digest(self._vault.hmac, row["deployment"], tool, args)
        except UserError:  # no value under its key, as when nothing can be read
            return bytes(row["key"])

    def _manifest(self, release: str, manifest: bytes) -> Mapping[str, Any]:
        if release not in self._manifests:
            self._manifests[release] = cast("Mapping[str, Any]", from_bytes(bytes(manifest)))
        return self._manifests[release]

    async def _key(self, conn: Connection, key_id: int) -> DataKey:
        if key_id not in self._keys:
            try:
                self._keys[key_id] = await load_key(conn, self._vault, KeyId(key_id))
            except Unreadable as error:
                self._keys[key_id] = error
        found = self._keys[key_id]
        if isinstance(found, Unreadable):
            raise found
        return found

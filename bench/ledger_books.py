"""The tables beside the benchmark's ledger: filled with what its rows say, and then changed by somebody.

What a row says and what the tables hold are written side by side here, as the product does; that the
product itself writes both alike is what ``tests/contract/test_ledger_agrees.py`` shows with the real code.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from bridgehead.ledger.canonical import JSON
from bridgehead.ledger.vault import DataKey, Vault

AT: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
RELEASE: Final = hashlib.sha256(b"release").digest()
MANIFEST: Final = b"{}"
MANIFEST_DIGEST: Final = hashlib.sha256(MANIFEST).hexdigest()
CYCLE: Final = ("step.read", "decision", "effect.intended", "effect.committed", "cost")
COLUMNS: Final = {
    "data_keys": "id, wrapped",
    "blobs": "commitment, key_id, sealed",
    "cases": "id, deployment, release, level, business_key, content, key_id, input, state",
    "steps": "case_id, seq, kind, branch, name, args_digest, occurrence, ok, payload, started_at, duration_ms, epoch",
    "decisions": "id, case_id, tool, args_digest, verdict, policy_digest, detail",
    "effects": "id, case_id, deployment, tool, key, args_digest, branch, level, attempt, epoch, payload, decision_id,"
    " state, result",
    "costs": "case_id, seq, kind, name, amount, currency",
}

Told = tuple[str, dict[str, JSON], dict[str, bytes]]
"""A ledger row to be: its kind, references and commitments."""


@dataclass(slots=True)
class Books:
    """What the tables hold, in memory until ``fill``."""

    vault: Vault
    rng: random.Random
    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: {table: [] for table in COLUMNS})
    effects: dict[int, tuple[object, ...]] = field(default_factory=dict)
    decided: dict[int, int] = field(default_factory=dict)
    _keys: dict[int, DataKey] = field(default_factory=dict)
    _next: int = 0

    def tell(self, case: int, place: int) -> Told:
        """Returns the ledger row at ``place`` of a case's chain, and notes what the tables must hold for it."""
        kind = CYCLE[(place - 1) % len(CYCLE)] if place else "case.opened"
        self._next += 1
        number, digest = self._next, self.rng.randbytes(32)
        match kind:
            case "case.opened":
                wrapped, self._keys[case] = self.vault.new_data_key()
                self.rows["data_keys"].append((case, wrapped))
                given, content = self._seal(case), self.rng.randbytes(32)
                row = (case, "orders", RELEASE, "canary", digest, content, case, given, "due")
                self.rows["cases"].append(row)
                refs: dict[str, JSON] = {"deployment": "orders", "release": RELEASE.hex(), "level": "canary"}
                return (
                    kind,
                    {**refs, "revision": 1, "data_key": case},
                    {"input": given, "key": digest, "content": content},
                )
            case "step.read":
                payload = self._seal(case)
                self.rows["steps"].append((case, place, "read", "", "stock", digest, 0, True, payload, AT, 3.5, 1))
                refs = {"step": place, "name": "stock", "occurrence": 0, "ok": True}
                return kind, refs, {"payload": payload, "args": digest}
            case "decision":
                detail = self._seal(case)
                self.decided[case] = number
                self.rows["decisions"].append((number, case, "book", digest, "allow", RELEASE, detail))
                refs = {"decision": number, "tool": "book", "verdict": "allow"}
                return kind, refs, {"args": digest, "policy": RELEASE, "detail": detail}
            case "effect.intended":
                payload = self._seal(case)
                decision = self.decided[case]
                opened = (number, case, "orders", "book", digest, digest, "", "canary", 1, 1, payload, decision)
                self.effects[case] = opened
                self.rows["effects"].append((*opened, "intended", None))
                refs = {"effect": number, "tool": "book", "attempt": 1, "occurrence": 0, "decision": decision}
                return kind, refs, {"payload": payload, "args": digest, "key": digest}
            case "effect.committed":
                result, effect = self._seal(case), self.effects[case]
                self.rows["effects"].append((*effect, "committed", result))
                return kind, {"effect": effect_id(effect), "tool": "book", "attempt": 1}, {"result": result}
            case _:
                self.rows["costs"].append((case, number, "tool", "book", "0.50", "EUR"))
                return "cost", {"cost": number, "kind": "tool", "name": "book", "money": "0.50 EUR"}, {}

    def _seal(self, case: int) -> bytes:
        sealed = self._keys[case].seal(self.rng.randbytes(300))
        self.rows["blobs"].append((sealed.commitment, case, sealed.data))
        return sealed.commitment

    async def fill(self, conn: AsyncConnection[TupleRow]) -> None:
        """Writes everything by COPY; of an effect its last state counts."""
        self.rows["effects"] = list({row[0]: row for row in self.rows["effects"]}.values())
        async with conn.transaction(), conn.cursor() as cursor:
            await cursor.execute("insert into releases values (%s, 'orders', %s)", (RELEASE, MANIFEST))
            for table, columns in COLUMNS.items():
                async with cursor.copy(f"copy {table} ({columns}) from stdin".encode()) as copy:
                    for row in self.rows[table]:
                        await copy.write_row(row)
        await conn.execute("analyze")


def effect_id(effect: Sequence[object]) -> int:
    """Returns the id of an effect's row."""
    return int(str(effect[0]))


FORGERIES: Final[Mapping[str, str]] = {
    "effect's state": "update effects set state = 'failed' where case_id = any(%s)",
    "effect's arguments": "update effects e set payload = c.input from cases c where c.id = e.case_id"
    " and c.id = any(%s)",
    "effect deleted": "delete from effects where case_id = any(%s)",
    "decision's verdict": "update decisions set verdict = 'deny' where case_id = any(%s)",
    "step deleted": "delete from steps where case_id = any(%s)",
    "cost set to zero": "update costs set amount = 0 where case_id = any(%s)",
    "case's outcome": "update cases set state = 'done', outcome = 'completed' where id = any(%s)",
    "review added": "insert into reviews (kind, deployment, role, case_id, key_id, payload, state, decided_by)"
    " select 'approval', 'orders', 'desk', id, key_id, input, 'approved', 'the boss' from cases where id = any(%s)",
    "payload deleted": "delete from blobs where commitment in (select input from cases where id = any(%s))",
    "payload exchanged": "update blobs b set sealed = o.sealed from cases c join steps s on s.case_id = c.id"
    " join blobs o on o.commitment = s.payload where b.commitment = c.input and c.id = any(%s)",
}
"""Ways to change the tables of cases without touching a chain."""


async def falsify(conn: AsyncConnection[TupleRow], chains: Sequence[str]) -> dict[str, str]:
    """Changes the tables of each of these chains in one way, past every foreign key; returns how each was changed."""
    how = {chain: list(FORGERIES)[place % len(FORGERIES)] for place, chain in enumerate(chains)}
    async with conn.transaction():
        await conn.execute("set local session_replication_role = replica")
        for way, statement in FORGERIES.items():
            victims = [int(chain[2:]) for chain in chains if how[chain] == way]
            await conn.execute(statement.encode(), (victims,))
    return how

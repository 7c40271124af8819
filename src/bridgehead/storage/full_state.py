"""Everything a person needs to go on with a case: its input, and every effect with its state."""

from __future__ import annotations

from bridgehead.effects.images import without_image
from bridgehead.effects.states import UNSETTLED
from bridgehead.errors import BridgeheadError
from bridgehead.ids import show
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection
from bridgehead.storage.sealing import Sealer, from_bytes


async def full_state(conn: Connection, sealer: Sealer, case_id: int) -> dict[str, JSON]:
    """Returns a case's full state as JSON: ``input``, ``effects``, and ``unsettled`` where there are such.

    ``unsettled`` names the effects of which nobody knows whether they happened. A payload that
    does not open is named and passed over: a damaged one must not keep its case from a person.
    """
    case = await (await conn.execute("select input from cases where id = %s", (case_id,))).fetchone()
    stored = await _opened(sealer, None if case is None else case["input"])
    rows = await (
        await conn.execute(
            "select id, tool, state, payload, result from effects where case_id = %s order by id", (case_id,)
        )
    ).fetchall()
    effects: list[JSON] = [
        {
            "tool": row["tool"],
            "state": row["state"],
            "args": await _opened(sealer, row["payload"]),
            "result": without_image(await _opened(sealer, row["result"])),
        }
        for row in rows
    ]
    state: dict[str, JSON] = {"input": stored["input"] if isinstance(stored, dict) else None, "effects": effects}
    unsettled: list[JSON] = [f"{show('E', row['id'])} {row['tool']}" for row in rows if row["state"] in UNSETTLED]
    if unsettled:
        state["unsettled"] = unsettled
        state["question"] = "Nobody knows whether these calls happened: look in the target system."
    return state


async def _opened(sealer: Sealer, commitment: bytes | None) -> JSON:
    if commitment is None:
        return None
    try:
        return from_bytes(await sealer.get(bytes(commitment)))
    except BridgeheadError as error:
        return {"unreadable": error.message}

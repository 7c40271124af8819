"""Reading an effect back: what its tool's ``verify`` says is there, whatever it raises."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pydantic import ValidationError

from bridgehead.cases.failures import failure
from bridgehead.cases.tools import BoundTool
from bridgehead.effects.keys import idempotency_key
from bridgehead.effects.settle import ReadBack
from bridgehead.errors import Failed, Mismatch
from bridgehead.spec.tool import JSON


async def read_back(
    bound: BoundTool, key: bytes, occurrence: int, args: Mapping[str, JSON]
) -> tuple[ReadBack, JSON, str]:
    """Returns what ``verify`` said, the result that it found, and why it is not simply there, for a person."""
    name = bound.tool.name
    if bound.verify is None:
        return "none", None, f"No reply to {name} came, and the tool declares no verify."
    try:
        async with asyncio.timeout(bound.tool.timeout_s):
            found = await bound.verify(key=idempotency_key(key, occurrence), args=dict(args))
    except Mismatch as error:
        return "mismatch", None, f"Something else is there than was sent: {error.message}"
    except Exception as error:  # noqa: BLE001  # the boundary to a tool's verify: anything it raises is classified
        return "failed", None, failure(error).message
    if found is None:
        return "absent", None, f"{name} is not there, and its target recognises no key, so it may still come."
    try:
        return "found", None if bound.returns_nothing else bound.dump_result(found), ""
    except (ValidationError, Failed):
        return "mismatch", None, f"verify found something that is no result of {name}."

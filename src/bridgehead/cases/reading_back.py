"""Reading an effect back: what its tool's ``verify`` says is there, whatever it raises, and how it looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from bridgehead.cases.failures import failure
from bridgehead.cases.tools import SEEN, BoundTool, Seen, as_json
from bridgehead.effects.images import image_of
from bridgehead.effects.keys import idempotency_key
from bridgehead.effects.settle import ReadBack
from bridgehead.errors import Failed, Mismatch
from bridgehead.spec.tool import JSON

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What ``verify`` said: the result that it found, and why it is not simply there, for a person.

    ``image`` is of the whole record where one was found; it is empty where ``verify`` returns no record.
    """

    said: ReadBack
    result: JSON = None
    text: str = ""
    image: Mapping[str, JSON] | None = None
    ignored: frozenset[str] = frozenset()
    """Fields that an image may hold and that say nothing of edits."""


async def read_back(bound: BoundTool, key: bytes, occurrence: int, args: Mapping[str, JSON]) -> Found:
    """Asks ``verify`` within the tool's time and returns what it said."""
    if bound.verify is None:
        return no_verify(bound)
    try:
        async with asyncio.timeout(bound.tool.timeout_s):
            found, seen = await watched(bound.verify(key=idempotency_key(key, occurrence), args=dict(args)))
    except Exception as error:  # noqa: BLE001  # the boundary to a tool's verify: anything it raises is classified
        return not_read(error)
    return as_found(bound, found, seen)


async def watched(asking: Awaitable[T]) -> tuple[T, list[Seen]]:
    """Returns what a ``verify`` returned, and the records that its connectors found for it."""
    seen: list[Seen] = []
    token = SEEN.set(seen)
    try:
        return await asking, seen
    finally:
        SEEN.reset(token)


def no_verify(bound: BoundTool) -> Found:
    """Returns what is known where nothing can be asked."""
    return Found("none", text=f"No reply to {bound.tool.name} came, and the tool declares no verify.")


def not_read(error: Exception) -> Found:
    """Returns what a failure of ``verify`` means."""
    if isinstance(error, Mismatch):
        return Found("mismatch", text=f"Something else is there than was sent: {error.message}")
    return Found("failed", text=failure(error).message)


def as_found(bound: BoundTool, found: object, seen: list[Seen]) -> Found:
    """Returns what an answer of ``verify`` means."""
    name = bound.tool.name
    if found is None:
        return Found("absent", text=f"{name} is not there, and its target recognises no key, so it may still come.")
    try:
        result = None if bound.returns_nothing else bound.dump_result(found)
    except (ValidationError, Failed):
        return Found("mismatch", text=f"verify found something that is no result of {name}.")
    if seen:  # the record as its system sent it
        last = seen[-1]
        return Found("found", result, image=image_of(last.record, last.stamps), ignored=last.ignored)
    whole = as_json(found)
    return Found("found", result, image=image_of(whole) if isinstance(whole, Mapping) else {})

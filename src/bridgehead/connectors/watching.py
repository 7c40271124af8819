"""What the ways of intake have in common: a source that is looked at again and again, and what it brings.

Whatever the source, the order is the same: read, store, wait for the commit, acknowledge. A crash at any
point brings the same thing again, and the same thing again is the same arrival.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import BaseModel

from bridgehead.connectors.fill import plain
from bridgehead.errors import Failed, Unavailable, UserError
from bridgehead.ids import jitter
from bridgehead.spec.tool import JSON

log = logging.getLogger("bridgehead.intake")

PAUSE_S: Final = 1.0
DEEPEST: Final = 100
"""Levels of a record that are written as such."""
LONGEST_PAUSE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """One thing that a source sent.

    ``source_id`` is the source's own name for it; ``by_id``: that alone tells it from others, whatever
    its bytes. ``unfit`` says why no reader can be asked: a person gets the original with it.
    """

    source_id: str
    name: str
    document: bytes
    unfit: str = ""
    by_id: bool = False


Keep = Callable[[Arrived], Awaitable[str]]
"""Stores what arrived and returns the arrival's id as people see it (``A-17``) once it is committed.

Raises Unavailable when it is not.
"""


def as_json(value: object) -> bytes:
    """Returns what a system sent as JSON in one spelling: names sorted, bytes in base64, UTF-8.

    What lies deeper than ``DEEPEST`` is JSON in a text.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, indent=1)
    # Half a character is no UTF-8; its escape is JSON all the same.
    return text.encode("utf-8", "backslashreplace")


def _plain(value: object, depth: int = 0) -> JSON:
    if depth > DEEPEST and isinstance(value, Mapping | list | tuple):
        # What is below is kept as a text: one record of a thousand levels must not end its source.
        try:
            return json.dumps(value, ensure_ascii=False, default=str)
        except (RecursionError, ValueError):
            return f"more than {DEEPEST} levels"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name), depth + 1) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(name): _plain(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, depth + 1) for one in value]
    return plain(value)


class Source(Protocol):
    """One way of intake of one deployment, beside the worker. Any number of workers may run the same one.

    ``pending``: what is there and not stored yet; ``taken``: what was stored and acknowledged by this
    process; ``looks``: how often all of the source was looked at.
    """

    pending: int
    taken: int
    looks: int

    def prepare(self) -> None:
        """Raises UserError for settings that cannot work; called once, before ``watch``."""
        ...

    async def watch(self, stopped: asyncio.Event) -> None:
        """Takes what comes until ``stopped``; a system or a database that is away is waited for."""
        ...


class Watched(ABC):
    """A source that is asked for what it has, every ``every_s`` seconds; after a failure at doubling, random pauses."""

    def __init__(self, where: str, *, every_s: float, pause_s: float = PAUSE_S) -> None:
        self.where = where
        self._every_s = every_s
        self._pause_s = pause_s
        self._failures = 0
        self._said = ""
        self.pending = 0
        self.taken = 0
        self.looks = 0

    @abstractmethod
    async def look(self, stopped: asyncio.Event) -> None:
        """Takes all that is there, oldest first; raises Failed, Unavailable or UserError for what is waited for."""

    def prepare(self) -> None:  # noqa: B027  # most sources have nothing to prepare
        """Nothing is asked before ``watch``."""

    async def watch(self, stopped: asyncio.Event) -> None:
        """See the port. One trouble is one line in the log, however long it lasts."""
        while not stopped.is_set():
            try:
                await self.look(stopped)
            except (Failed, Unavailable, UserError) as error:
                self.say(error.message + (f". {error.hint}" if error.hint else ""))
                self._failures += 1
            except Exception as error:
                # One source's mistake must not end the worker and all other sources with it.
                if not self._failures:
                    log.exception("%s", self.where)
                self._said = f"{type(error).__name__}"
                self._failures += 1
            else:
                if self._failures:
                    log.warning("%s: all is well again", self.where)
                self._failures, self._said = 0, ""
                self.looks += not stopped.is_set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), self._wait_s())

    def say(self, trouble: str) -> None:
        """Logs what goes wrong once, however long it lasts."""
        if trouble != self._said:
            log.warning("%s: %s", self.where, trouble)
        self._said = trouble

    def _wait_s(self) -> float:
        if not self._failures:
            return self._every_s
        longest = min(LONGEST_PAUSE_S, self._pause_s * 2.0 ** min(self._failures, 30))
        return longest * (0.5 + 0.5 * jitter())

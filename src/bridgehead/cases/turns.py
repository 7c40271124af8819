"""The order of effects on one thing: calls of one case by the order of call, revisions by their age."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bridgehead.cases.segment import Segment
from bridgehead.effects.keys import object_digest
from bridgehead.spec.tool import JSON, Tool


@dataclass(eq=False, slots=True)
class Place:
    """One call's place in the line for its object, from the moment of the call until it has ended."""

    line: list[Place]
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """The lines of one segment. Two calls are about one thing when the values of their keys are the same."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._lines: dict[bytes, list[Place]] = {}

    @contextmanager
    def place(self, tool: Tool, args: Mapping[str, JSON]) -> Iterator[Place | None]:
        """Gives a call its place, in the order in which calls are made; None for a tool without a key."""
        if tool.key is None:
            yield None
            return
        bench = self._segment.bench
        line = self._lines.setdefault(object_digest(bench.hmac, bench.deployment.name, tool, args), [])
        mine = Place(line)
        line.append(mine)
        try:
            yield mine
        finally:
            line.remove(mine)
            mine.over.set()

    async def come(self, place: Place | None) -> None:
        """Returns when no earlier call about the same thing is under way, and no older revision of the case acts.

        A call that ended without being sent (held, refused, put off) is over as well: whoever
        comes after it finds the segment closed, or goes on. Raises Suspended while an older revision acts.
        """
        segment = self._segment
        if place is not None:
            while (earlier := place.line[0]) is not place:
                with segment.waiting():
                    await earlier.over.wait()
                segment.check_open()
        if segment.bench.revisions is None or segment.loaded.revises is None or segment.shadow:
            return
        again_s = await segment.bench.revisions.earlier_s(segment.claim.case_id)
        if again_s is not None:
            raise segment.wait(wake_after_s=again_s)

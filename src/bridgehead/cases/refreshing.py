"""Reads again what a call rests on and is too old, before the call is decided: nothing acts on stale facts (P5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bridgehead.cases.knowing import ReadBack
from bridgehead.cases.segment import Segment
from bridgehead.effects.states import EffectState
from bridgehead.errors import Failed
from bridgehead.spec.tool import JSON, Tool

ReadAgain = Callable[[ReadBack], Awaitable[bool]]
"""Makes a read again and records it; returns whether it brought something else, raises Failed when it brought none."""

ROUNDS: Final = 3
"""So often facts are read again for one call: what is too old as soon as it was read cannot be acted on."""
SENT: Final[frozenset[EffectState]] = frozenset({"intended", "unknown", "committed", "undone"})


async def refreshed(segment: Segment, tool: Tool, args: Mapping[str, JSON], read_again: ReadAgain) -> None:
    """Returns once what the call rests on is fresh, or there is nothing that could be read again.

    What changed before anything was done on it: the agent runs again from the top with it (raises Suspended). What
    changed after that, or cannot be read, is a person's (class ``stale_fact``).
    """
    for _ in range(ROUNDS):
        due = segment.knowing.stale(tool, args)
        if not due:
            return
        for back in due:
            try:
                changed = await read_again(back)
            except Failed as error:
                raise segment.hand_over(
                    "stale_fact",
                    f"{tool.name} rests on {back.tool}, which is too old and could not be read again: {error.message}",
                    tool=tool.name,
                    source=back.tool,
                ) from None
            if not changed:
                continue
            if acted_on(segment, back):
                raise segment.hand_over(
                    "stale_fact",
                    f"{back.tool} has changed since the case acted on it, and {tool.name} rests on it too.",
                    tool=tool.name,
                    source=back.tool,
                )
            raise segment.wait(wake_after_s=0.0)


def acted_on(segment: Segment, back: ReadBack) -> bool:
    """Whether something was sent to the world after the read: then what it said is history."""
    if back.step is not None:
        return segment.journal.acted_on(back.step)
    return sent(segment) > back.sent


def sent(segment: Segment) -> int:
    """Returns how many effects of the case the world has seen, or may have."""
    return sum(row.state in SENT for row in segment.journal.effects())

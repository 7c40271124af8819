"""Takes one guard away from the code in this process and in all it forks: then the crash bench must miss a target.

Each has a schedule that needs it, see ``SCHEDULES``; the same schedules with every guard in place double nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bridgehead import points
from bridgehead.cases import sending, settling
from bridgehead.cases.reading_back import Found
from bridgehead.cases.writes import EffectMove
from bridgehead.effects.keys import idempotency_key
from bridgehead.engine import worker
from bridgehead.storage import looking


def intent() -> None:
    """Calls first and records afterwards, as an agent without an intent does: a successor knows of no call."""

    async def intended(self: Any, *given: Any) -> Any:  # noqa: ANN401  # stands in for a method
        proposal, _, writes, known, _, call = given
        segment = self._segment
        key = idempotency_key(proposal.key, proposal.occurrence)
        points.reach("effects.send.before")
        result = await proposal.bound.invoke(proposal.args, key=key)
        points.reach("effects.send.after")
        await call.ended(None)
        tokens = await segment.commit(*writes)
        number = known if isinstance(known, int) else tokens[known]
        await segment.commit(EffectMove(number, "intended", "committed", {"result": result}))
        self._records.keep(proposal, number, "committed", {"result": result})
        return result

    sending.Sending._intended = intended  # type: ignore[assignment]  # noqa: SLF001  # that is what is taken away


def fencing() -> None:
    """Lets a worker write to a case that others have, as a store without epochs does, and never compare the two."""
    fence = looking._FENCE.replace(b"where c.epoch = v.epoch and c.state = 'running'", b"where true")  # noqa: SLF001  # as above
    assert fence != looking._FENCE  # noqa: SLF001  # as above
    vars(looking)["_FENCE"] = fence

    async def compare(*_: object) -> None:
        pass

    worker.Worker._compare = compare  # type: ignore[assignment,method-assign]  # noqa: SLF001  # as above


def verify() -> None:
    """Sends again what nobody knows of, without a look."""

    async def read_back(*_: object, **__: object) -> Found:
        return Found("absent")

    settling.Settling._read_back = read_back  # type: ignore[method-assign]  # noqa: SLF001  # that is what is taken away
    vars(settling)["next_step"] = lambda *_: "resend"


def nothing() -> None:
    """Takes nothing away."""


GUARDS: Final[Mapping[str, Callable[[], None]]] = {
    "intent": intent,
    "fencing": fencing,
    "verify": verify,
    "nothing": nothing,
}
_KILLS: Final = [("effects.send.after", False)] * 4
_FREEZES: Final = [("journal.commit.before", True)] * 6


@dataclass(frozen=True)
class Schedule:
    """The orders and the deaths that a guard is there for."""

    mix: Mapping[str, int]
    deaths: Sequence[tuple[str, bool]]


SCHEDULES: Final[Mapping[str, Schedule]] = {
    "intent": Schedule({"unkeyed": 1}, _KILLS),
    "verify": Schedule({"unkeyed": 1}, _KILLS),
    "fencing": Schedule({"drawn": 1}, _FREEZES),
    "nothing": Schedule({"unkeyed": 3, "drawn": 2}, [*_KILLS, *_FREEZES]),
}
"""Killed where the system of record has an order and nobody knows; frozen where a worker is about to write."""

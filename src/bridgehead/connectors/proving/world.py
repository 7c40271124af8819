"""What the played systems of all kinds have in common: requests as they came, and those that no recording answers."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridgehead.clock import boot_s
from bridgehead.connectors.proving.recording import Exchange


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that reached the played system. ``nth`` counts all of them, ``turn`` those of one read or action."""

    of: str
    write: bool
    request: Mapping[str, object]
    nth: int
    turn: int


class Unrecorded(Exception):
    """Something else is asked than was recorded; the text says what differs."""

    def __init__(self, sent: Sent, held: Sequence[Exchange]) -> None:
        super().__init__(_differing(sent, held))
        self.sent = sent


def _differing(sent: Sent, held: Sequence[Exchange]) -> str:
    asked = line_of(sent.request)
    known = [line_of(exchange.request) for exchange in held]
    close = difflib.get_close_matches(asked, known, n=1, cutoff=0.0)
    if not close:
        return f"{sent.of} asks {asked}, which is not recorded"
    request = next(one.request for one in held if line_of(one.request) == close[0])
    parts = [
        f"{name}: recorded {request.get(name, 'nothing')!s}, asked {sent.request.get(name, 'nothing')!s}"
        for name in sorted({*request, *sent.request})
        if request.get(name) != sent.request.get(name)
    ]
    return f"{sent.of} asks something else than was recorded: {'; '.join(parts) or asked}"


def line_of(request: Mapping[str, object]) -> str:
    """Returns a request in one line."""
    return " ".join(str(value) for value in request.values())


class Told:
    """Limits that admit everybody, and note what the system asked us to wait."""

    def __init__(self) -> None:
        self.refusals: list[float] = []

    def admit(self, *, within_s: float | None = None) -> AbstractAsyncContextManager[None]:  # noqa: ARG002  # the port's signature
        """Admits at once."""
        return nullcontext()

    async def refused(self, retry_after_s: float) -> None:
        """Notes the wait."""
        self.refusals.append(retry_after_s)


class PlayClock:
    """The time in a recording: it began when the call was recorded, and can be moved."""

    def __init__(self, start: datetime) -> None:
        self._start, self._began_s = start, boot_s()
        self.ahead_s = 0.0

    def now(self) -> datetime:
        """Returns the time of the played world."""
        return self._start + timedelta(seconds=boot_s() - self._began_s + self.ahead_s)

"""What the played systems of all kinds have in common: requests as they came, and those that no recording answers."""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridgehead.clock import boot_s
from bridgehead.connectors.document import Specification
from bridgehead.connectors.proving.recording import Call, Exchange, Recording

_OF: ContextVar[str] = ContextVar("bridgehead_asked_by", default="")
_WRITES: ContextVar[bool] = ContextVar("bridgehead_writes", default=False)


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


Reaction = dict[str, object]
"""An answer: status, headers, body or text; ``cut`` True ends it before its end."""
Fault = Callable[[Sent, Callable[[], Reaction]], Awaitable[Reaction]]
"""What is in the way of a request: answers for the system, raises, or lets the system answer."""


@contextmanager
def tagged(name: str, *, writes: bool) -> Iterator[None]:
    """Marks every request within as asked by a read or an action."""
    tokens = _OF.set(name), _WRITES.set(writes)
    try:
        yield
    finally:
        _OF.reset(tokens[0])
        _WRITES.reset(tokens[1])


def asked_by() -> tuple[str, bool]:
    """Returns the read or action that the running request belongs to, and whether it is the action's write."""
    return _OF.get(), _WRITES.get()


def key_of(request: Mapping[str, object]) -> str:
    """Returns what makes two requests the same question."""
    return json.dumps(request, sort_keys=True, default=str)


class World:
    """The system of one call: what the recording holds, and what was done to it since. Used on one event loop."""

    def __init__(self, spec: Specification, recording: Recording, call: Call) -> None:
        self.spec, self.recording, self.call = spec, recording, call
        self.tokens = 0
        self.reset()

    def reset(self) -> None:
        """Lets it be as it was before the first request."""
        self.sent: list[Sent] = []
        self.asked: list[Exchange] = []
        self.applied = 0
        self.stepped = 0
        """How many of the requests that follow an action's write were carried out, in their recorded order."""
        self.fault: Fault | None = None
        """What is in the way of each request; set once the stage is open."""
        self.fault_done = False
        self._served: dict[tuple[bool, int, str], int] = {}

    @property
    def steps(self) -> list[Exchange]:
        """The requests that follow an action's write and change what it made (``then``)."""
        if self.spec.kind != "http" or not any(one.write for one in self.call.exchanges):
            return []
        return [one for one in self.call.exchanges if one.of == self.call.name and not one.write]

    def done_before(self) -> None:
        """Lets the action have been done, to its end, before it is called."""
        self.applied, self.stepped = 1, len(self.steps)

    async def answered(self, of: str, request: Mapping[str, object], *, write: bool) -> Reaction:
        """Answers one request as the system did, unless the fault answers for it. Raises Unrecorded."""
        one = Sent(of, write, request, len(self.sent) + 1, sum(past.of == of for past in self.sent) + 1)
        self.sent.append(one)

        def serve() -> Reaction:
            return self._serve(one)

        return serve() if self.fault is None else await self.fault(one, serve)

    def taken(self) -> list[Exchange]:
        """Returns what was asked and answered since it was last taken."""
        taken, self.asked = self.asked, []
        return taken

    def _serve(self, one: Sent) -> Reaction:
        key = key_of(one.request)
        found = self._fitting(one, key)
        if not found:
            raise Unrecorded(one, [held for held in self._all() if held.of == one.of])
        slot = (self.applied > 0, self.stepped, key)
        at = self._served.get(slot, 0)
        self._served[slot] = at + 1
        exchange = found[min(at, len(found) - 1)]
        if one.write:
            self.applied += 1
        elif self.applied and key in [key_of(step.request) for step in self.steps[self.stepped :]][:1]:
            self.stepped += 1
        self.asked.append(Exchange(one.of, one.request, exchange.answer, write=one.write))
        return copy.deepcopy(dict(exchange.answer))

    def _fitting(self, one: Sent, key: str) -> list[Exchange]:
        for group in (self._between(), self._held(one), self._others()):
            if found := self._same(one, key, group):
                return found
        return []

    @staticmethod
    def _same(one: Sent, key: str, group: Sequence[Exchange]) -> list[Exchange]:
        return [held for held in group if held.of == one.of and key_of(held.request) == key]

    def _held(self, one: Sent) -> list[Exchange]:
        """Returns what the system would answer from: its state before the call's write, or after it."""
        call = self.call
        writes = [at for at, exchange in enumerate(call.exchanges) if exchange.write]
        if not writes:
            return list(call.exchanges)
        if one.write:
            return [exchange for exchange in call.exchanges if exchange.write]
        if self.applied:
            return [*call.exchanges[writes[0] + 1 :], *call.after]
        return [*call.before, *call.exchanges[: writes[0]]]

    def _between(self) -> list[Exchange]:
        """Returns what was answered after the step that was carried out last and before the next one."""
        steps = [id(one) for one in self.steps]
        if not steps or not self.applied:
            return []
        told = [*self.call.exchanges, *self.call.after]
        places = [at for at, one in enumerate(told) if one.write or id(one) in steps]
        first = places[min(self.stepped, len(places) - 1)]
        last = places[self.stepped + 1] + 1 if self.stepped + 1 < len(places) else len(told)
        return told[first + 1 : last]

    def _others(self) -> list[Exchange]:
        return [
            exchange
            for call in self.recording.calls
            if call is not self.call and not any(one.write for one in call.exchanges)
            for exchange in call.exchanges
        ]

    def _all(self) -> list[Exchange]:
        return [*self.call.before, *self.call.exchanges, *self.call.after]


class Loose(World):
    """A system whose answers were cleaned: what is asked may differ in what was hidden, and is told by its turn."""

    def reset(self) -> None:
        """Lets it be as it was before the first request."""
        super().reset()
        self._used: set[int] = set()

    def _fitting(self, one: Sent, key: str) -> list[Exchange]:
        held = self._held(one)
        if found := self._same(one, key, self._between()) or self._same(one, key, held):
            return found
        left = [other for other in held if other.of == one.of and id(other) not in self._used]
        method = one.request.get("method")
        found = [other for other in left if other.request.get("method") == method][:1]
        self._used |= {id(other) for other in found}
        return found or self._same(one, key, self._others())


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

"""What a model is shown of a long run: the goal whole, the facts that still hold with their age, the rest shortened.

The agent's own messages stay as they are; this decides, for one request, what of them is sent. It is a pure function
of the messages, of how long ago each read was made, and of the room that the model has. A recorded turn is found by
what fed it and not by what was sent, so that a replay needs no second look.

Nothing is moved and nobody is given other words: a result stays the answer to its call, in the role of a tool, however
short it gets. What comes before the model's first turn (system, goal, input) is pinned and sent as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from bridgehead.errors import Failed

BYTES_A_TOKEN: Final = 3
"""A token is taken to be three bytes: English prose has four to five, JSON and digits about three. To be careful."""
MESSAGE_TOKENS: Final = 8
"""What a message takes beside its text."""
OLD_S: Final = 60.0
"""A fact older than this is shown with its age."""
SHORT: Final = 160
"""So many characters are left of a result that is shortened."""
RECENT: Final = 2
"""The results of so many last turns are shortened last."""

Speaker = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that a model asked for: ``args`` in a form that is equal for equal calls."""

    id: str
    name: str
    args: str


@dataclass(frozen=True, slots=True)
class Said:
    """One message. ``calls`` are the assistant's, ``answers`` is the id of the call that brought a tool's result."""

    speaker: Speaker
    text: str
    calls: tuple[Asked, ...] = ()
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What is sent of the message at ``index``: as it is (``text`` None), or with this text in place of its own."""

    index: int
    text: str | None = None


AgeOf = Callable[[Asked], float | None]
"""Returns how long ago a read was made, in seconds; None for a call that is no read of this case."""


def tokens(text: str) -> int:
    """Returns how many tokens a text takes, rather too many than too few."""
    return -(-len(text.encode(errors="replace")) // BYTES_A_TOKEN)


def canonical(args: object) -> str:
    """Returns arguments as one text that is equal for equal arguments."""
    return json.dumps(args, sort_keys=True, default=str, ensure_ascii=False)


def assemble(said: Sequence[Said], age_of: AgeOf, *, room: int | None = None, beside: int = 0) -> list[Shown]:
    """Returns what is sent, in order. ``room`` is in tokens (None: no limit), ``beside`` what tools take of it.

    A read that was made again and says otherwise now is marked where it stood. Where the rest does not fit, results
    of old turns are shortened, facts that hold last; then the oldest turns that only read are left out; then the last
    results are cut. Raises Failed (``context_overflow``, nothing was sent) when what is pinned does not fit.
    """
    state = _State.of(said, age_of, None if room is None else room - beside)
    for step in (state.old_results(live=False), state.old_results(live=True), state.old_turns(), state.last_results()):
        for _ in step:
            if state.fits:
                return state.shown()
    if not state.fits:
        raise Failed(
            f"the goal and the last turn take about {state.total + beside} tokens, and the model has room for {room}",
            error_class="context_overflow",
            applied=False,
        )
    return state.shown()


@dataclass(slots=True)
class _State:
    """What would be sent, and how large that is."""

    said: Sequence[Said]
    room: int | None
    texts: dict[int, str] = field(default_factory=dict)
    live: set[int] = field(default_factory=set)
    turns: list[list[int]] = field(default_factory=list)
    """Each turn of the model with the answers to it, by index; those before the first are pinned."""
    effects: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    total: int = 0

    @classmethod
    def of(cls, said: Sequence[Said], age_of: AgeOf, room: int | None) -> _State:
        """Returns everything, with what was superseded marked and what is old dated."""
        state = cls(said, room)
        calls = {call.id: call for one in said for call in one.calls}
        newest: dict[tuple[str, str], int] = {}
        for index, one in enumerate(said):
            if one.speaker == "assistant":
                state.turns.append([index])
            elif state.turns:
                state.turns[-1].append(index)
            call = calls.get(one.answers or "")
            if one.speaker != "tool" or call is None:
                continue
            age_s = age_of(call)
            if age_s is None:
                state.effects.add(index)
                continue
            before = newest.get((call.name, call.args))
            if before is not None:
                state.live.discard(before)
                if said[before].text != one.text:
                    state.texts[before] = f"[superseded: {call.name} was read again later and says otherwise]"
                else:
                    state.texts.pop(before, None)
            newest[call.name, call.args] = index
            state.live.add(index)
            if age_s >= OLD_S:
                state.texts[index] = f"{one.text}\n[read {aged(age_s)} ago]"
        state.total = sum(state.size(index) for index in range(len(said)))
        return state

    @property
    def fits(self) -> bool:
        return self.room is None or self.total <= self.room

    def size(self, index: int) -> int:
        one = self.said[index]
        asked = sum(tokens(call.name) + tokens(call.args) + MESSAGE_TOKENS for call in one.calls)
        return tokens(self.texts.get(index, one.text)) + asked + MESSAGE_TOKENS

    def shown(self) -> list[Shown]:
        return [Shown(index, self.texts.get(index)) for index in range(len(self.said)) if index not in self.gone]

    def old_results(self, *, live: bool) -> Iterator[None]:
        """Shortens results of old turns, oldest first: of effects and of what no longer counts, or of facts."""
        yield
        for turn in self.turns[:-RECENT]:
            for index in turn:
                if self.said[index].speaker == "tool" and (index in self.live) == live:
                    self.cut(index, SHORT)
                    yield

    def old_turns(self) -> Iterator[None]:
        """Leaves out the oldest turns that did nothing but read: these can be made again, and effects cannot."""
        for turn in self.turns[:-RECENT]:
            if any(index in self.effects or self.said[index].speaker == "user" for index in turn):
                continue
            self.gone.update(turn)
            self.total -= sum(self.size(index) for index in turn)
            yield

    def last_results(self) -> Iterator[None]:
        """Cuts the results that are left, longest first."""
        left = [index for turn in self.turns for index in turn if index not in self.gone]
        results = [index for index in left if self.said[index].speaker == "tool"]
        for index in sorted(results, key=self.size, reverse=True):
            over = 0 if self.room is None else self.total - self.room
            self.cut(
                index, max(SHORT, len(self.texts.get(index, self.said[index].text)) - over * BYTES_A_TOKEN - SHORT)
            )
            yield

    def cut(self, index: int, length: int) -> None:
        """Leaves ``length`` characters of a text, and says how many there were."""
        text = self.texts.get(index, self.said[index].text)
        if len(text) <= length + 40:
            return
        before = self.size(index)
        self.texts[index] = f"{text[:length]} [cut: {len(text)} characters in all]"
        self.total += self.size(index) - before


def aged(seconds: float) -> str:
    """Returns an age as people say it."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"

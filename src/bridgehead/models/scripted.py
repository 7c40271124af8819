"""A model that answers from a script, for tests: the same checks as a real client, and no network."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeAlias

from bridgehead.errors import Failed
from bridgehead.models.checked import CalledRaw, Raw, check_turn, conclude
from bridgehead.models.port import Chunk, Reply, Turn

Answered: TypeAlias = Reply | Failed
Script: TypeAlias = Iterable[Answered] | Callable[[Turn], Answered]


class ScriptedModel:
    """Answers turns from a list, in order, or from a function of the turn.

    A ``Failed`` in the script is raised. ``requests`` records every turn. Replies pass the
    checks that a real client's pass, so a scripted answer that misses its schema fails too.
    For an agent that brings its own client, use ``ScriptedServer``.
    """

    def __init__(self, script: Script, *, model: str = "scripted") -> None:
        self.requests: list[Turn] = []
        self._script = script if callable(script) else _in_order(script)
        self._model = model

    def __repr__(self) -> str:
        return f"ScriptedModel({self._model!r}, {len(self.requests)} turns so far)"

    async def turn(self, request: Turn) -> Reply:
        """Returns the script's next reply; raises Failed(bug) when the script has ended."""
        check_turn(request)
        self.requests.append(request)
        answered = self._script(request)
        if isinstance(answered, Failed):
            raise answered
        return conclude(request, raw_of(answered, self._model))

    async def stream(self, request: Turn) -> AsyncGenerator[Chunk, None]:
        """Yields the next reply's text word by word, then the reply."""
        reply = await self.turn(request)
        for piece in pieces(reply.text):
            yield Chunk(piece)
        yield Chunk(reply=reply)


def raw_of(reply: Reply, model: str) -> Raw:
    """Returns a scripted reply as it would come from the wire; an output without text is written as JSON."""
    calls = tuple(CalledRaw(call.id, call.name, json.dumps(call.arguments)) for call in reply.tool_calls)
    return Raw(text_of(reply), "", calls, reply.finish_reason, reply.usage, reply.model or model)


def text_of(reply: Reply) -> str:
    """Returns a scripted reply's text; an output without one stands there as JSON."""
    return reply.text if reply.text or reply.output is None else json.dumps(reply.output)


def pieces(text: str) -> list[str]:
    """Returns a text cut after each space, so that joining the pieces gives it back."""
    return text.replace(" ", " \0").split("\0") if text else []


def _in_order(script: Iterable[Answered]) -> Callable[[Turn], Answered]:
    waiting = iter(script)

    def next_answer(_request: Turn) -> Answered:
        for answered in waiting:
            return answered
        return Failed("the script has ended and was asked once more", error_class="bug")

    return next_answer

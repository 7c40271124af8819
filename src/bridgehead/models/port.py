"""The port to a model: what is asked, what comes back, and who answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from bridgehead.spec.tool import JSON

Speaker = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "tool_calls"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for. ``arguments`` is a JSON object, not yet held to the tool's schema."""

    id: str
    name: str
    arguments: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    ``tool_calls`` belong to the assistant; ``tool_call_id`` says which call a message of
    the speaker ``tool`` answers.
    """

    speaker: Speaker
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as a model sees it. ``parameters`` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question to a model.

    ``output_schema`` is a JSON Schema (2020-12): the reply's ``output`` then meets it.
    ``model`` replaces the client's own model id for this turn. What is None is left to
    the server.
    """

    messages: tuple[Message, ...]
    tools: tuple[OfferedTool, ...] = ()
    output_schema: Mapping[str, JSON] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a turn used; None is unknown, which is not zero. ``cached_tokens`` are part of the input."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer.

    ``output`` is the parsed JSON that meets the turn's schema, None where none was asked
    for or where the model calls tools first. ``model`` is the id that the server gave,
    as it gave it.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    output: JSON = None
    usage: Usage = Usage()
    finish_reason: FinishReason = "stop"
    model: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer. Only the last chunk of a complete answer carries ``reply``."""

    text: str = ""
    reply: Reply | None = None


class ModelClient(Protocol):
    """What answers turns.

    Both methods raise ``Failed`` with the error class that says what happened, and
    ``UserError`` when the turn or the client's settings are wrong. A partial answer is
    never returned as a reply. Neither method retries.
    """

    async def turn(self, request: Turn) -> Reply:
        """Returns the whole answer to a turn."""
        ...

    def stream(self, request: Turn) -> AsyncGenerator[Chunk, None]:
        """Yields an answer as it comes; the last chunk carries the reply.

        A caller that stops early closes the iterator (``contextlib.aclosing``).
        """
        ...

"""The chat completions format of the OpenAI API, both ways: a turn to a request, an answer to its parts.

Source: the OpenAI API reference, "Create chat completion" and "Streaming events". Fields
that other servers leave out are taken as absent, never as wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bridgehead.models.checked import CalledRaw, Raw, closed
from bridgehead.models.port import Message, Turn, Usage
from bridgehead.spec.tool import JSON

MaxTokensField = Literal["max_tokens", "max_completion_tokens"]


def request_body(
    turn: Turn, model: str, *, stream: bool, max_tokens_field: MaxTokensField = "max_tokens"
) -> dict[str, JSON]:
    """Returns the JSON of a request. What the turn leaves open is left out."""
    body: dict[str, JSON] = {"model": turn.model or model, "messages": [_message(said) for said in turn.messages]}
    if turn.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in turn.tools
        ]
    if turn.output_schema is not None:
        schema: dict[str, JSON] = {"name": "answer", "schema": turn.output_schema, "strict": closed(turn.output_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if turn.max_tokens is not None:
        body[max_tokens_field] = turn.max_tokens
    if turn.temperature is not None:
        body["temperature"] = turn.temperature
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return body


def whole(body: Mapping[str, object]) -> Raw:
    """Returns the parts of an answer that came in one piece; without a choice it does not end."""
    answer = Answer()
    choice = _first(body.get("choices"))
    answer.add({**body, "choices": [{**choice, "delta": choice.get("message")}]} if choice else body)
    return answer.raw()


@dataclass(slots=True)
class Answer:
    """An answer that grows by the chunks of a stream."""

    text: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: dict[int, _Call] = field(default_factory=dict)
    last: int = 0
    """The highest index of a call."""
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    model: str = ""

    def add(self, chunk: Mapping[str, object]) -> str:
        """Takes one chunk in and returns the text that it adds.

        The chunk with the usage comes last and has no choice.
        """
        self.model = _text(chunk.get("model")) or self.model
        if isinstance(used := chunk.get("usage"), Mapping):
            self.usage = _usage(used)
        choice = _first(chunk.get("choices"))
        self.finish_reason = _text(choice.get("finish_reason")) or self.finish_reason
        delta = choice.get("delta")
        if not isinstance(delta, Mapping):
            return ""
        self.refusal.append(_text(delta.get("refusal")))
        self._add_calls(delta.get("tool_calls"))
        text = _text(delta.get("content"))
        self.text.append(text)
        return text

    def raw(self) -> Raw:
        """Returns what has come so far."""
        calls = tuple(CalledRaw(c.id, c.name, "".join(c.arguments)) for _, c in sorted(self.calls.items()))
        return Raw("".join(self.text), "".join(self.refusal), calls, self.finish_reason, self.usage, self.model)

    def _add_calls(self, pieces: object) -> None:
        """Joins the pieces of tool calls by index; some servers send whole calls and no index."""
        for piece in pieces if isinstance(pieces, list) else ():
            if not isinstance(piece, Mapping):
                continue
            index = piece.get("index")
            if not isinstance(index, int):
                index = len(self.calls) if piece.get("id") or not self.calls else self.last
            self.last = max(self.last, index)
            call = self.calls.setdefault(index, _Call())
            call.id = _text(piece.get("id")) or call.id
            if isinstance(function := piece.get("function"), Mapping):
                call.name = _text(function.get("name")) or call.name
                call.arguments.append(_text(function.get("arguments")))


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


def _message(said: Message) -> dict[str, JSON]:
    body: dict[str, JSON] = {"role": said.speaker, "content": said.text}
    if said.tool_calls:
        body["content"] = said.text or None
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, separators=(",", ":"))},
            }
            for call in said.tool_calls
        ]
    if said.tool_call_id is not None:
        body["tool_call_id"] = said.tool_call_id
    return body


def _usage(used: Mapping[object, object]) -> Usage:
    details = used.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    return Usage(_count(used.get("prompt_tokens")), _count(used.get("completion_tokens")), _count(cached))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _first(choices: object) -> Mapping[str, object]:
    found = choices[0] if isinstance(choices, Sequence) and choices else None
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

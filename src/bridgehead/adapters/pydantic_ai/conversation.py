"""What of Pydantic AI's messages a model is sent: all of them, as far as they hold and fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    ToolCallPart,
    ToolReturnPart,
)

from bridgehead.cases.conversing import Asked, Said, assemble, canonical, tokens
from bridgehead.cases.covering import Cover
from bridgehead.spec.tool import JSON

AgeOf = Callable[[str, Mapping[str, Any]], float | None]
_WHOLE = -1
"""Stands for a response, which is sent or left out as one."""


def shown(messages: list[ModelMessage], request: JSON, age_of: AgeOf, room: int | None) -> list[ModelMessage]:
    """Returns the messages to send; those that were shortened are copies, in their places.

    Raises Failed (``context_overflow``) when what is pinned does not fit into ``room`` tokens.
    """
    said: list[Said] = []
    places: list[tuple[int, int]] = []
    args: dict[str, Mapping[str, Any]] = {}
    for number, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            args |= {one.tool_call_id: _args(one) for one in message.parts if isinstance(one, ToolCallPart)}
            said.append(_response(message))
            places.append((number, _WHOLE))
        else:
            said += [_part(part) for part in message.parts]
            places += [(number, at) for at in range(len(message.parts))]
    beside = tokens(canonical({**request, "messages": []})) if isinstance(request, Mapping) else 0
    sent = assemble(said, lambda call: age_of(call.name, args[call.id]), room=room, beside=beside)
    kept = {places[one.index]: one.text for one in sent}
    found: list[ModelMessage] = []
    for number, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            found += [message] if (number, _WHOLE) in kept else []
            continue
        parts = [_shortened(part, kept[number, at]) for at, part in enumerate(message.parts) if (number, at) in kept]
        if parts or not message.parts:
            found.append(message if parts == list(message.parts) else replace(message, parts=parts))
    return found


def covered(messages: list[ModelMessage], request: JSON, cover: Cover | None, model: str) -> list[ModelMessage]:
    """Returns the messages with what a model is not cleared for blacked out; all of them are copies then.

    Raises Refused where what is sent beside them holds any of it.
    """
    if cover is None:
        return messages
    cover.check(model, {**request, "messages": []} if isinstance(request, Mapping) else request)
    dumped = ModelMessagesTypeAdapter.dump_python(messages, mode="json")
    for message in dumped:
        if message.get("instructions"):
            message["instructions"] = cover.text(message["instructions"])
        for part in message["parts"]:
            for name in ("content", "args"):
                if part.get(name) is None:
                    continue
                tool = part.get("tool_name") if part["part_kind"] == "tool-return" and name == "content" else None
                part[name] = cover.said(part[name]) if tool is None else cover.result(tool, part[name])
    return ModelMessagesTypeAdapter.validate_python(dumped)


def _shortened(part: ModelRequestPart, text: str | None) -> ModelRequestPart:
    if text is None or type(part) is not ToolReturnPart:
        return part
    return ToolReturnPart(part.tool_name, text, part.tool_call_id, timestamp=part.timestamp)


def _args(call: ToolCallPart) -> Mapping[str, Any]:
    try:
        return call.args_as_dict()
    except ValueError:  # a model's arguments that are no JSON: the framework sends them back
        return {}


def _response(message: ModelResponse) -> Said:
    calls = [one for one in message.parts if isinstance(one, ToolCallPart)]
    rest = [one for one in message.parts if not isinstance(one, ToolCallPart)]
    return Said(
        "assistant",
        "".join(str(getattr(one, "content", "")) for one in rest),
        tuple(Asked(one.tool_call_id, one.tool_name, canonical(_args(one))) for one in calls),
    )


def _part(part: ModelRequestPart) -> Said:
    match part:
        case ToolReturnPart():
            read = type(part) is ToolReturnPart and part.outcome == "success"
            return Said("tool", part.model_response_str(), answers=part.tool_call_id if read else None)
        case SystemPromptPart():
            return Said("system", part.content)
        case _:
            return Said("user", str(getattr(part, "content", "")))

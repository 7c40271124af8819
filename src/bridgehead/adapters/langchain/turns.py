"""Model turns as records: what a reply is as JSON, what fed it, and what was asked without what always differs."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from langchain.agents.middleware import ModelRequest
from langchain.agents.structured_output import AutoStrategy, ProviderStrategy, ToolStrategy
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
)
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import BaseTool
from pydantic import BaseModel
from pydantic_core import to_json, to_jsonable_python

from bridgehead.cases.context import Turn
from bridgehead.errors import Failed
from bridgehead.spec.tool import JSON

_SHOWN: Final = ("type", "content", "name", "tool_calls", "invalid_tool_calls", "tool_call_id", "status")
"""What a model is shown of a message. The rest (generated ids, response metadata, usage) each run makes anew."""


def answered(message: AIMessage, model: str) -> Turn:
    """Returns a model's message as a turn; tokens are None where the provider counted none.

    Raises Failed for a message that says only that the model refused, and for one with a number that JSON has not
    (``1e999``): it could not be recorded, nor met again.
    """
    metadata = message.response_metadata
    if message.additional_kwargs.get("refusal") or metadata.get("finish_reason") == "content_filter":
        raise Failed("the model refused to answer", error_class="refused_by_model")
    used = message.usage_metadata
    served = metadata.get("model_name")
    plain = jsonable(message_to_dict(message))
    try:
        json.dumps(plain, allow_nan=False)
    except ValueError:
        raise Failed("the model's answer holds a number that is none", error_class="invalid_output") from None
    return Turn(
        reply={"message": plain},
        model=served if isinstance(served, str) and served else model,
        input_tokens=None if used is None else used["input_tokens"],
        output_tokens=None if used is None else used["output_tokens"],
    )


def recorded(reply: JSON) -> AIMessage:
    """Returns a recorded message as the model gave it."""
    if isinstance(reply, Mapping):
        (message,) = messages_from_dict([cast("dict[str, Any]", reply["message"])])
        if isinstance(message, AIMessage):
            return message
    raise Failed("a recorded model turn is not of the adapter's form", error_class="bug")


def fed(messages: Sequence[BaseMessage], outputs: Collection[str]) -> JSON:
    """Returns the tool results a request rests on, in an order that parallel calls do not change.

    Messages about structured output (``outputs``) are left out: they follow from a recorded
    reply, and their wording is the framework's.
    """
    results: list[JSON] = []
    for told, group in itertools.groupby(messages, key=lambda message: isinstance(message, ToolMessage)):
        if told:
            returns: list[list[JSON]] = [
                [found.tool_call_id, found.name, found.status, jsonable(found.content)]
                for found in cast("Iterator[ToolMessage]", group)
                if found.name not in outputs
            ]
            if returns:
                results.append([*sorted(returns, key=lambda found: str(found[0]))])
    return results


def asked(request: ModelRequest[Any]) -> JSON:
    """Returns the whole request but for what every run makes anew; a difference here is drift."""
    tools = [
        [tool.name, tool.description, schema_of(tool)] if isinstance(tool, BaseTool) else jsonable(tool)
        for tool in request.tools
    ]
    return {
        "model": model_id(request.model),
        "settings": jsonable(request.model_settings),
        "system": None if request.system_message is None else jsonable(request.system_message.content),
        "messages": [_bare(message) for message in request.messages],
        "tools": cast("JSON", tools),
        "choice": jsonable(request.tool_choice),
        "output": sorted(output_names(request.response_format)),
    }


def output_names(wanted: object) -> tuple[str, ...]:
    """Returns the names under which a response format appears: those of its schemas."""
    match wanted:
        case ToolStrategy():
            return tuple(spec.name for spec in wanted.schema_specs)
        case AutoStrategy():
            return tuple(spec.name for spec in ToolStrategy(schema=wanted.schema).schema_specs)
        case ProviderStrategy():
            return (wanted.schema_spec.name,)
        case None:
            return ()
        case _:
            return tuple(spec.name for spec in ToolStrategy(schema=cast("type[Any]", wanted)).schema_specs)


def model_id(model: object) -> str:
    """Returns the id of a chat model as its provider knows it, or its kind where it has none."""
    for name in ("model_name", "model", "model_id"):
        found = getattr(model, name, None)
        if isinstance(found, str) and found:
            return found
    return str(getattr(model, "_llm_type", type(model).__name__))


def schema_of(tool: BaseTool) -> Mapping[str, JSON]:
    """Returns the JSON Schema of the arguments that a model gives a tool."""
    schema = tool.tool_call_schema
    if isinstance(schema, dict):
        return cast("Mapping[str, JSON]", schema)
    plain = schema.model_json_schema() if issubclass(schema, BaseModel) else schema.schema()
    return cast("Mapping[str, JSON]", plain)


def serving(model: BaseChatModel, message: AIMessage) -> BaseChatModel:
    """Returns a model that is the same in all but its answer, which is the recorded one; nothing is asked.

    The framework binds tools to it, streams from it and parses its answer as it did when the
    turn was fresh.
    """
    stand_in = model.model_copy(update={"cache": False, "rate_limiter": None})

    def generate(*_args: object, **_options: object) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=message.model_copy(deep=True))])

    async def agenerate(*_args: object, **_options: object) -> ChatResult:
        return generate()

    def stream(*_args: object, **_options: object) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=_chunk(message))

    async def astream(*_args: object, **_options: object) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=_chunk(message))

    # On the instance alone: the framework looks at the class to see what a model can do.
    stand_in.__dict__.update(_generate=generate, _agenerate=agenerate, _stream=stream, _astream=astream)
    return stand_in


def _chunk(message: AIMessage) -> AIMessageChunk:
    calls = [
        tool_call_chunk(name=call["name"], args=to_json(call["args"]).decode(), id=call["id"], index=number)
        for number, call in enumerate(message.tool_calls)
    ]
    return AIMessageChunk(
        content=message.content,
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        name=message.name,
        id=message.id,
        tool_call_chunks=calls,
        usage_metadata=message.usage_metadata,
        chunk_position="last",
    )


def _bare(message: BaseMessage) -> JSON:
    return {name: jsonable(getattr(message, name)) for name in _SHOWN if hasattr(message, name)}


def jsonable(value: object) -> JSON:
    """Returns any value as JSON; what has no JSON form (a client, a callable) counts by its type alone."""
    return cast("JSON", to_jsonable_python(value, fallback=lambda found: type(found).__name__, bytes_mode="base64"))

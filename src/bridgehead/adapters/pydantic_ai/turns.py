"""Model turns as records: what a reply is as JSON, what fed it, and what was asked without what always differs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.tools import ToolDefinition
from pydantic_core import to_jsonable_python

from bridgehead.cases.context import Turn
from bridgehead.errors import Failed
from bridgehead.spec.tool import JSON

_SHOWN: Final = ("kind", "instructions")
_OF_PARTS: Final = frozenset({"timestamp", "metadata", "provider_details", "retry"})
"""Of a message its parts and these fields are what a model is shown; of a part, all but these. The rest says when,
in which run and why, and each run makes it anew."""

UNREADABLE: Final = "[an answer that is not Unicode]"


def answered(response: ModelResponse, model: str) -> Turn:
    """Returns a model's response as a turn; tokens are None where the provider counted none."""
    # The framework notes the model that served a response only later, and never for one from a record.
    response.model_id = response.model_id or model
    (plain,) = ModelMessagesTypeAdapter.dump_python([response], mode="json")
    used = response.usage
    counted = bool(used.input_tokens or used.output_tokens)
    return Turn(
        reply={"response": plain},
        model=response.model_id,
        input_tokens=used.input_tokens if counted else None,
        output_tokens=used.output_tokens if counted else None,
    )


def retried(message: str, model: str) -> Turn:
    """Returns the turn of a response that a hook sent back, so that the replay is sent back too.

    The framework keeps such a response to itself, so a resumed case asks on without it.
    """
    return Turn(reply={"retry": message}, model=model)


def is_text(reply: JSON) -> bool:
    """Whether every text in a reply is Unicode. Half a surrogate pair, as broken JSON brings it, is not."""
    try:
        json.dumps(reply, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def recorded(reply: JSON) -> ModelResponse | str:
    """Returns a recorded response, or the message with which a hook had sent one back."""
    if not isinstance(reply, Mapping):
        raise Failed("a recorded model turn is not of the adapter's form", error_class="bug")
    if "retry" in reply:
        return str(reply["retry"])
    (message,) = ModelMessagesTypeAdapter.validate_python([reply["response"]])
    return cast("ModelResponse", message)


def fed(messages: Sequence[ModelMessage]) -> JSON:
    """Returns the tool results a request rests on, in an order that parallel calls do not change.

    Requests to try again are left out: they follow from a recorded reply, and their wording
    is the framework's.
    """
    results: list[JSON] = []
    for message in _plain(messages):
        parts = cast("Sequence[Mapping[str, JSON]]", message.get("parts", ()))
        returns: list[list[JSON]] = [
            [part["tool_call_id"], part["tool_name"], part.get("outcome"), part["content"]]
            for part in parts
            if part["part_kind"] == "tool-return" and part.get("outcome") != "retried"
        ]
        if returns:
            results.append([*sorted(returns, key=lambda found: str(found[0]))])
    return results


def asked(context: ModelRequestContext) -> JSON:
    """Returns the whole request but for what every run makes anew; a difference here is drift."""
    parameters = context.model_request_parameters
    messages: list[JSON] = []
    for message in _plain(context.messages):
        parts = cast("Sequence[Mapping[str, JSON]]", message.get("parts", ()))
        bare: list[JSON] = [{name: part[name] for name in part if name not in _OF_PARTS} for part in parts]
        messages.append({**{name: message.get(name) for name in _SHOWN}, "parts": bare})
    return {
        "model": context.model.model_id,
        "settings": _jsonable(context.model_settings),
        "messages": messages,
        "instructions": [part.content for part in parameters.instruction_parts or ()],
        "tools": [[tool.name, tool.description, _jsonable(tool.parameters_json_schema)] for tool in _tools(context)],
        "output": parameters.output_mode,
    }


def _tools(context: ModelRequestContext) -> list[ToolDefinition]:
    parameters = context.model_request_parameters
    return [*parameters.function_tools, *parameters.output_tools]


def _plain(messages: Sequence[ModelMessage]) -> list[Mapping[str, JSON]]:
    dumped = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    return cast("list[Mapping[str, JSON]]", dumped)


def _jsonable(value: object) -> JSON:
    """Returns any value as JSON; what has no JSON form (a client, a callable) counts by its type alone."""
    return cast(
        "JSON",
        to_jsonable_python(value, fallback=lambda found: type(found).__name__, bytes_mode="base64", by_alias=True),
    )

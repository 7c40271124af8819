"""Results of LangChain's tools as JSON, and as the messages that a model is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Never, cast

from langchain_core.messages import BaseMessage, ToolCall, ToolMessage, message_to_dict, messages_from_dict
from langgraph.types import Command
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python

from bridgehead.adapters.langchain.turns import jsonable
from bridgehead.errors import Failed
from bridgehead.spec.tool import JSON

Shown = ToolMessage | Command[Any] | list[Any]

_TAG: Final = "bridgehead.langchain"
_ANY: Final[TypeAdapter[Any]] = TypeAdapter(object)


def plain(value: object) -> JSON:
    """Returns a result as JSON: what the tool returned, where the message that shows it says no more.

    An artifact, which no model sees, is kept where it has a JSON form. Raises Failed for a
    Command that sends the graph elsewhere.
    """
    if isinstance(value, ToolMessage):
        if isinstance(value.content, str) and value.artifact is None:
            return _structured(value.content)
        return {_TAG: {"content": jsonable(value.content), "artifact": _artifact(value.artifact)}}
    if isinstance(value, Command):
        return {_TAG: {"update": _update(value)}}
    if isinstance(value, list) and value and all(isinstance(one, ToolMessage | Command) for one in value):
        return {_TAG: {"many": [plain(one) for one in value]}}
    return cast("JSON", _ANY.dump_python(value, mode="json"))


def shown(value: JSON, call: ToolCall) -> Shown:
    """Returns a recorded result as the framework takes it from a tool, in answer to ``call``."""
    known = value.get(_TAG) if isinstance(value, Mapping) else None
    if not isinstance(known, Mapping):
        return _message(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), call)
    if "many" in known:
        return [shown(one, call) for one in cast("list[JSON]", known["many"])]
    if "update" in known:
        return _command(known["update"], call)
    return _message(cast("str | list[Any]", known["content"]), call, artifact=known["artifact"])


def error(text: str, call: ToolCall) -> ToolMessage:
    """Returns the message that tells a model what went wrong with its call."""
    return _message(text, call, status="error")


def _message(content: str | list[Any], call: ToolCall, **more: Any) -> ToolMessage:  # noqa: ANN401  # a message's own fields
    return ToolMessage(content, name=call["name"], tool_call_id=str(call["id"]), **more)


def _structured(content: str) -> JSON:
    """Returns the object or list that a text was made of by the framework, or the text."""
    if content[:1] not in ("{", "["):
        return content
    try:
        found = json.loads(content, parse_constant=_no_constant)
        same = json.dumps(found, ensure_ascii=False) == content
    except (ValueError, RecursionError):
        return content
    return cast("JSON", found) if same and found else content


def _no_constant(name: str) -> Never:
    raise ValueError(name)


def _artifact(value: object) -> JSON:
    try:
        return cast("JSON", to_jsonable_python(value, bytes_mode="base64"))
    except PydanticSerializationError:
        return None


def _update(command: Command[Any]) -> JSON:
    if command.goto or command.graph is not None or command.resume is not None:
        raise Failed("a tool sends the graph elsewhere, which a case cannot follow", error_class="bug")
    if command.update is None:
        return {}
    if not isinstance(command.update, dict):
        raise Failed("a tool updates the graph's state with something that is no dict", error_class="bug")
    return {str(name): _state(value) for name, value in command.update.items()}


def _state(value: object) -> JSON:
    if isinstance(value, list) and value and all(isinstance(one, BaseMessage) for one in value):
        return {_TAG: [jsonable(message_to_dict(one)) for one in value]}
    return cast("JSON", to_jsonable_python(value, bytes_mode="base64"))


def _command(update: JSON, call: ToolCall) -> Command[Any]:
    values: dict[str, object] = {}
    for name, value in cast("Mapping[str, JSON]", update).items():
        if isinstance(value, Mapping) and _TAG in value:
            messages = messages_from_dict(cast("list[dict[str, Any]]", value[_TAG]))
            values[name] = [_answering(message, call) for message in messages]
        else:
            values[name] = value
    return Command(update=values)


def _answering(message: BaseMessage, call: ToolCall) -> BaseMessage:
    """Returns a recorded message in answer to this call: a repeated write answers another one than it did first."""
    return message.model_copy(update={"tool_call_id": call["id"]}) if isinstance(message, ToolMessage) else message

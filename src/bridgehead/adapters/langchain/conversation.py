"""What of LangChain's messages a model is sent: all of them, as far as they hold and fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain.agents.middleware import ModelRequest
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, SystemMessage, ToolMessage

from bridgehead.adapters.langchain import turns
from bridgehead.cases.conversing import Asked, Said, assemble, canonical, tokens
from bridgehead.cases.covering import Cover

AgeOf = Callable[[str, Mapping[str, Any]], float | None]


def shown(request: ModelRequest[Any], age_of: AgeOf, room: int | None) -> list[AnyMessage]:
    """Returns the messages to send; those that were shortened are copies, in their places.

    Raises Failed (``context_overflow``) when what is pinned does not fit into ``room`` tokens.
    """
    messages = request.messages
    args = {str(call["id"]): call["args"] for one in messages if isinstance(one, AIMessage) for call in one.tool_calls}
    asked = turns.asked(request)
    beside = tokens(canonical({**asked, "messages": []})) if isinstance(asked, Mapping) else 0
    said = [_said(one) for one in messages]
    sent = assemble(said, lambda call: age_of(call.name, args[call.id]), room=room, beside=beside)
    return [
        messages[one.index] if one.text is None else messages[one.index].model_copy(update={"content": one.text})
        for one in sent
    ]


def covered(request: ModelRequest[Any], cover: Cover | None, model: str) -> ModelRequest[Any]:
    """Returns the request with what a model is not cleared for blacked out of its messages, which are copies then.

    Raises Refused where what is sent beside them holds any of it.
    """
    if cover is None:
        return request
    asked = turns.asked(request)
    cover.check(model, {**asked, "messages": []} if isinstance(asked, Mapping) else asked)
    return request.override(messages=[_covered(one, cover) for one in request.messages])


def _covered(message: AnyMessage, cover: Cover) -> AnyMessage:
    content = turns.jsonable(message.content)
    tool = message.name if isinstance(message, ToolMessage) and message.status != "error" else None
    update: dict[str, Any] = {
        "content": cover.said(content) if tool is None else cover.result(tool, content),
        "additional_kwargs": cover.said(turns.jsonable(message.additional_kwargs)),
    }
    if isinstance(message, AIMessage):
        update["tool_calls"] = [
            {**call, "args": cover.said(turns.jsonable(call["args"]))} for call in message.tool_calls
        ]
        update["invalid_tool_calls"] = cover.said(turns.jsonable(message.invalid_tool_calls))
    if isinstance(message, ToolMessage):
        update["artifact"] = None  # of the framework's own, never sent
    return message.model_copy(update=update)


def _said(message: BaseMessage) -> Said:
    text = message.content if isinstance(message.content, str) else canonical(turns.jsonable(message.content))
    match message:
        case AIMessage():
            calls = tuple(Asked(str(call["id"]), call["name"], canonical(call["args"])) for call in message.tool_calls)
            return Said("assistant", text, calls)
        case ToolMessage():
            return Said("tool", text, answers=None if message.status == "error" else message.tool_call_id)
        case SystemMessage():
            return Said("system", text)
        case _:
            return Said("user", text)

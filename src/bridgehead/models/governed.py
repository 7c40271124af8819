"""A governed turn of an agent that brings no framework: recorded, priced, and repaired once when it is off its schema.

What is wrong is told to the model in the next message, with its own answer before it where that came whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final, cast

from bridgehead.cases import context
from bridgehead.cases.conversing import Asked, Said, assemble, canonical, tokens
from bridgehead.errors import Failed, UserError
from bridgehead.models.checked import Unmet
from bridgehead.models.port import Message, ModelClient, Reply, ToolCall, Turn, Usage
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON

DEFAULT: Final = "default"
_AGAIN: Final = "That was no answer of the schema: {}. Answer once more, with JSON of the schema alone."
_QUOTED: Final = 20_000


def complaint(wrong: Failed) -> tuple[Message, ...]:
    """Returns what a model is told of an answer that was not what was asked: the answer itself, and what is wrong."""
    said = wrong.said if isinstance(wrong, Unmet) else ""
    own = (Message("assistant", said[:_QUOTED]),) if said else ()
    return (*own, Message("user", _AGAIN.format(wrong.message)))


def sent(ctx: context.Context, request: Turn, model: str) -> tuple[Message, ...]:
    """Returns the messages of a turn as a model of that name is sent them: as far as they hold and fit.

    Raises Failed (``context_overflow``) when what is pinned does not fit into the model's window.
    """
    args = {call.id: call.arguments for one in request.messages for call in one.tool_calls}
    said = [
        Said(
            one.speaker,
            one.text,
            tuple(Asked(call.id, call.name, canonical(call.arguments)) for call in one.tool_calls),
            one.tool_call_id,
        )
        for one in covered(ctx, request, model)
    ]
    beside = tokens(canonical([[asdict(one) for one in request.tools], request.output_schema]))
    found = assemble(said, lambda call: ctx.read_age_s(call.name, args[call.id]), room=ctx.room(model), beside=beside)
    messages = covered(ctx, request, model)
    return tuple(
        messages[one.index] if one.text is None else replace(messages[one.index], text=one.text) for one in found
    )


def covered(ctx: context.Context, request: Turn, model: str) -> tuple[Message, ...]:
    """Returns the messages of a turn with what a model is not cleared for blacked out, where its ``redact`` says so."""
    cover = ctx.cover(model)
    if cover is None:
        return request.messages
    cover.check(model, cast("JSON", [[asdict(one) for one in request.tools], request.output_schema]))
    tools = {call.id: call.name for one in request.messages for call in one.tool_calls}

    def of(one: Message) -> Message:
        calls = tuple(
            replace(call, arguments=cast("Mapping[str, JSON]", cover.said(call.arguments))) for call in one.tool_calls
        )
        tool = tools.get(one.tool_call_id or "")
        text = cover.text(one.text) if tool is None else str(cover.result(tool, one.text))
        return replace(one, text=text, tool_calls=calls)

    return tuple(of(one) for one in request.messages)


async def ask(
    ctx: context.Context,
    request: Turn,
    client: ModelClient | Mapping[str, ModelClient],
    *,
    name: str = DEFAULT,
    rests_on: JSON = None,
) -> Reply:
    """Returns a model's reply to one turn of a case, recorded or fresh.

    ``client`` answers for every entry under ``models``, or is given by name where there are several. It is asked as
    ``models: NAME`` says: within its limits, hedged, again, and another one in its place. A reply off the turn's
    ``output_schema`` is repaired once: the model is told what was wrong. Every attempt is on the case's books.
    ``rests_on`` is what the turn rests on, all but the system's words where it is None: a recorded reply is served
    only while that is equal. Raises Failed when no model gave an answer, and Refused when the case has used its limits.
    """
    clients = client if isinstance(client, Mapping) else None

    def named(model: str) -> ModelClient:
        if clients is None:
            return cast("ModelClient", client)
        if model not in clients:
            raise UserError(
                f"there is no client for the model {model!r}",
                code="model.unknown",
                hint=nearest(model, list(clients)) or "Give one for every entry under models that may answer.",
            )
        return clients[model]

    def shown(model: str) -> Turn:
        return replace(request, messages=sent(ctx, request, model))

    async def one(model: str) -> Reply:
        return await named(model).turn(shown(model))

    async def again(model: str, wrong: Failed) -> Reply:
        return await named(model).turn(replace(request, messages=(*shown(model).messages, *complaint(wrong))))

    asked = cast("JSON", asdict(request))
    asker = ctx.asker(name, asked)
    asker.repairs = request.output_schema is not None
    asker.covers = True

    async def run() -> context.Turn:
        answer = await asker.ask(one, used=_used, repair=again if asker.repairs else None)
        reply = answer.value
        told = cast("JSON", asdict(reply))
        return context.Turn(told, reply.model or answer.model, reply.usage.input_tokens, reply.usage.output_tokens)

    fed = rests_on
    if fed is None:
        fed = cast("JSON", [asdict(one) for one in request.messages if one.speaker != "system"])
    return _reply(await ctx.turn(name, fed=fed, request=asked, run=run, asker=asker))


def _reply(recorded: JSON) -> Reply:
    told = cast("dict[str, Any]", recorded)
    calls = tuple(ToolCall(**call) for call in told["tool_calls"])
    return Reply(**{**told, "tool_calls": calls, "usage": Usage(**told["usage"])})


def _used(reply: Reply) -> int | None:
    took = (reply.usage.input_tokens, reply.usage.output_tokens)
    return None if None in took else sum(one for one in took if one is not None)

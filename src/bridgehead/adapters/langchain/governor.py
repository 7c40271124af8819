"""The middleware of a governed agent: every model turn and every tool call passes through its case."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse, ToolCallRequest
from langchain.agents.structured_output import StructuredOutputError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.config import get_config
from langgraph.types import Command

from bridgehead.adapters.foreign import UNDER_WAY, UnderWay, age_s
from bridgehead.adapters.langchain import conversation, results, turns
from bridgehead.adapters.langchain.failing import classified
from bridgehead.adapters.langchain.tools import AgentTool, agent_tool, raising
from bridgehead.adapters.natives import undeclared
from bridgehead.cases.context import Context, Turn
from bridgehead.cases.declare import irreversible
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.threads import in_thread
from bridgehead.cases.tools import BoundTool, from_thread
from bridgehead.errors import Failed, Refused, UserError
from bridgehead.spec.tool import JSON

R = TypeVar("R")
Asks = Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
Answer = ToolMessage | Command[Any]
_Answered = tuple[ModelResponse[Any] | StructuredOutputError, Turn]
Executes = Callable[[ToolCallRequest], Awaitable[Answer]]

GOVERNOR: ContextVar[Governor | None] = ContextVar("bridgehead_langchain_governor", default=None)
"""What governs the run under way; none outside a case, and inside a tool's body."""


class Bridgehead(AgentMiddleware[Any, Any]):
    """Stands innermost in one agent: what it sees is what the model is asked and what a tool is called with.

    Until the agent is governed it lets everything through; from then on a run outside a case
    is refused, because nobody would have decided on its calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.governed = False

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Serves the recorded turn, or takes a fresh one and records it; for synchronous runs."""
        governor = self._governor()
        if governor is None:
            return handler(request)
        return _on_loop(governor.turn(request, _threaded(handler)))

    async def awrap_model_call(self, request: ModelRequest[Any], handler: Asks) -> ModelResponse[Any]:
        """Serves the recorded turn, or takes a fresh one and records it."""
        governor = self._governor()
        return await (handler(request) if governor is None else governor.turn(request, handler))

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Answer]) -> Answer:
        """Makes one governed call; for synchronous runs."""
        governor = self._governor()
        if governor is None:
            return handler(request)
        return _on_loop(governor.call(request, _threaded(handler)))

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Executes) -> Answer:
        """Makes one governed call; a refusal or a failure becomes a tool message that the model can react to."""
        governor = self._governor()
        return await (handler(request) if governor is None else governor.call(request, handler))

    def _governor(self) -> Governor | None:
        found = GOVERNOR.get()
        if found is not None and found.middleware is self:
            return found
        if found is not None:
            raise UserError(
                f"another agent runs beside {found.name}, and nothing would decide on its calls",
                code="adapter.outside",
                hint="Run it inside a tool of the governed agent, or give its tools to that agent.",
            )
        if self.governed:
            raise UserError(
                "a governed agent was run outside its case",
                code="adapter.outside",
                hint="Run it in the function of govern(run=…). Code started with run_in_executor, or in a thread of"
                " its own, loses its case: use asyncio.to_thread.",
            )
        return None


@dataclass(slots=True)
class Governor:
    """Governs one run.

    ``tools`` are the release's tools by name, ``own`` those that find their case on their own. ``others`` are the
    models that may be asked beside or instead of the agent's own.
    """

    context: Context
    name: str
    tools: Mapping[str, BoundTool]
    own: frozenset[str]
    middleware: Bridgehead
    model: BaseChatModel | None = None
    others: Mapping[str, BaseChatModel] = field(default_factory=dict)
    requests: int = 0

    async def turn(self, request: ModelRequest[Any], handler: Asks) -> ModelResponse[Any]:
        """Returns the recorded turn, or a fresh one."""
        _refuse_checkpoints(self.name)
        if self.model is not None:
            request = request.override(model=self.model)
        check_model(self.name, request.model)
        await self._natives(request)
        fresh: list[ModelResponse[Any] | StructuredOutputError] = []
        asking: list[asyncio.Task[_Answered]] = []
        asked = turns.asked(request)
        asker = self.context.asker(self.name, asked)
        asker.covers = True

        async def one(name: str) -> _Answered:
            model = self.others.get(name, request.model)
            try:
                covered = conversation.covered(request, self.context.cover(name), name)
                shown = conversation.shown(covered, self._age_s, self.context.room(name))
                response = await handler(request.override(model=model, messages=shown))
            except StructuredOutputError as wrong:
                # The model has answered; that its answer does not fit is found again on replay.
                return wrong, turns.answered(wrong.ai_message, turns.model_id(model))
            except Exception as error:  # the boundary to a model: whatever it raises is classified
                raise classified(error) from error
            return response, turns.answered(cast("AIMessage", response.result[0]), turns.model_id(model))

        async def through() -> _Answered:
            return (await asker.ask(one, used=lambda answer: _tokens(answer[1]))).value

        async def ask() -> Turn:
            task = asyncio.ensure_future(through())
            asking.append(task)
            response, turn = await task
            if SECRETS.without(turn.reply) is turn.reply:  # else the answer goes on as it is recorded
                fresh.append(response)
            return turn

        outputs = turns.output_names(request.response_format)
        try:
            reply = await self.context.turn(
                self.name, fed=turns.fed(request.messages, outputs), request=asked, run=ask, asker=asker
            )
        except asyncio.CancelledError:
            # The segment's own task would wait for the answer: a turn nobody waits for is not paid for.
            for task in asking:
                task.cancel()
            raise
        if not fresh:
            message = turns.recorded(reply)
            served = await handler(request.override(model=turns.serving(request.model, message)))
            return replace(served, result=[message, *served.result[1:]])
        if isinstance(fresh[0], StructuredOutputError):
            raise fresh[0]
        return fresh[0]

    def _age_s(self, name: str, args: Mapping[str, Any]) -> float | None:
        """Returns how long ago a read was made with a model's arguments; None for what is no read of the case."""
        return age_s(self.context, self.tools.get(name), args)

    async def call(self, request: ToolCallRequest, handler: Executes) -> Answer:
        """Returns what the model is told of one tool call."""
        call = request.tool_call
        if request.tool is None:
            return await handler(request)  # there is no such tool: the framework says so
        with self.context.branch(str(call["id"])):
            try:
                if call["name"] in self.own:
                    with _in_body():
                        return await handler(request)
                return cast("Answer", results.shown(await self._governed(request, handler), call))
            except Refused as refused:
                return results.error(f"Refused: {refused.message}", call)
            except Failed as failed:
                told = failed.attributes.get("signal") == "failed"
                return results.error(
                    failed.message if told else f"Failed ({failed.error_class}): {failed.message}", call
                )
            except UserError as wrong:
                if wrong.code not in {"tool.key", "tool.arguments"}:
                    raise
                return results.error(f"{wrong.message}. Correct it and try again.", call)

    async def _governed(self, request: ToolCallRequest, handler: Executes) -> JSON:
        call, tool = request.tool_call, request.tool
        assert tool is not None  # noqa: S101  # the caller has looked
        bound = self.tools.get(call["name"])
        if not isinstance(bound, AgentTool):
            # Found at run time and not in the release: the gate denies it, and in shadow it is virtual.
            bound = agent_tool(irreversible(), tool)

        async def body(values: dict[str, Any]) -> object:
            with _in_body():
                return await handler(request.override(tool=raising(tool), tool_call={**call, "args": values}))

        plain = bound.plain(call["args"])
        token = UNDER_WAY.set(UnderWay(bound.tool.name, call["args"], plain, body))
        try:
            return cast("JSON", await self.context.call(bound, plain))
        finally:
            UNDER_WAY.reset(token)

    async def _natives(self, request: ModelRequest[Any]) -> None:
        """Puts each provider-executed tool that a request offers before the gate, once for the request."""
        self.requests += 1
        for kind in native_kinds(request.tools, request.model, request.model_settings):
            if kind not in self.tools:
                raise undeclared(self.name, kind)
            await self.context.call(self.tools[kind], {"request": self.requests})


def _tokens(turn: Turn) -> int | None:
    if turn.input_tokens is None or turn.output_tokens is None:
        return None
    return turn.input_tokens + turn.output_tokens


@contextmanager
def _in_body() -> Iterator[None]:
    """Lets an agent that a tool's body runs belong to that body."""
    token = GOVERNOR.set(None)
    try:
        yield
    finally:
        GOVERNOR.reset(token)


def check_model(name: str, model: object) -> None:
    """Raises UserError for a model that is wrapped: a recorded answer could not be served in its place."""
    if not isinstance(model, BaseChatModel):
        raise UserError(
            f"{name} asks a {type(model).__name__}, not a chat model itself",
            code="adapter.model",
            hint="Give create_agent the chat model, without bind() or configurable fields; settings go into its own"
            " arguments.",
        )


def native_kinds(tools: object, model: object, settings: Mapping[str, object] | None = None) -> list[str]:
    """Returns the tools that a model's provider executes: those given as plain dicts, to the agent or the model."""
    options = (settings, getattr(model, "model_kwargs", None))
    offered = [tools, *(given.get("tools") for given in options if given)]
    found = {_kind(tool) for listed in offered if isinstance(listed, list | tuple) for tool in listed}
    return sorted(kind for kind in found if kind not in ("", "function"))


def _kind(tool: object) -> str:
    if not isinstance(tool, Mapping) or not tool:
        return ""
    return str(tool.get("type") or next(iter(tool)))


def _refuse_checkpoints(name: str) -> None:
    if get_config().get("configurable", {}).get("__pregel_checkpointer"):
        raise UserError(
            f"{name} runs inside a graph with a checkpointer of its own",
            code="adapter.durable",
            hint="Run the agent without it: two records of one run cannot both decide what is repeated.",
        )


def _threaded(handler: Callable[[Any], R]) -> Callable[[Any], Awaitable[R]]:
    async def asynchronous(request: object) -> R:
        return await in_thread("langchain", partial(handler, request))

    return asynchronous


def _on_loop(work: Coroutine[Any, Any, R]) -> R:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return from_thread("langchain", work)
    work.close()
    raise UserError(
        "a governed agent was run synchronously on the event loop, which it would block",
        code="tool.sync_on_loop",
        hint="Write ainvoke or astream, or make the function of govern(run=…) a plain 'def'.",
    )

"""The capability of one governed run: every model turn and every tool call passes through its case."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn

from pydantic_ai.capabilities import (
    AbstractCapability,
    CapabilityOrdering,
    WrapModelRequestHandler,
    WrapOutputProcessHandler,
    WrapToolExecuteHandler,
)
from pydantic_ai.exceptions import ModelRetry, SkipModelRequest, ToolFailed
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import Model, ModelRequestContext
from pydantic_ai.output import OutputContext
from pydantic_ai.tools import DeferredToolRequests, RunContext, ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool, WrapperToolset

from bridgehead.adapters.foreign import UNDER_WAY, UnderWay, age_s
from bridgehead.adapters.natives import undeclared
from bridgehead.adapters.pydantic_ai import conversation, outputs, turns
from bridgehead.adapters.pydantic_ai.asked import Asked
from bridgehead.adapters.pydantic_ai.failing import classified
from bridgehead.adapters.pydantic_ai.natives import HARMLESS
from bridgehead.adapters.pydantic_ai.tools import SENT, AgentTool, agent_tool
from bridgehead.cases.context import Context, Turn
from bridgehead.cases.declare import irreversible
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.tools import BoundTool
from bridgehead.errors import Failed, Refused, UserError

_OF_ARGUMENTS: Final = frozenset({"tool.key", "tool.arguments", "input.not_canonical"})
"""Codes of what is wrong with a call's arguments: the model that made them up can do better."""


@dataclass
class Governor(AbstractCapability[Any]):
    """Governs one run. It stands outermost: what other capabilities do is inside what is recorded.

    ``tools`` are the release's tools by name; ``own`` names those whose function is itself
    declared with a decorator and so finds its case on its own, ``outputs`` the functions that
    the output may run through, with the name of their argument where they have one alone, ``others`` the models
    that may be asked beside or instead of the agent's own.
    """

    context: Context | None = None
    name: str = "agent"
    tools: Mapping[str, BoundTool] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    outputs: Mapping[str, str | None] = field(default_factory=dict)
    others: Mapping[str, Model] = field(default_factory=dict)
    _requests: int = 0

    def get_ordering(self) -> CapabilityOrdering:
        """Stands outermost."""
        return CapabilityOrdering(position="outermost")

    def get_wrapper_toolset(self, toolset: AbstractToolset[Any]) -> AbstractToolset[Any]:
        """Puts the last check before every body."""
        return Checkpoint(toolset, self.own)

    async def wrap_model_request(
        self,
        ctx: RunContext[Any],  # noqa: ARG002  # the framework's signature
        *,
        request_context: ModelRequestContext,
        handler: WrapModelRequestHandler,
    ) -> ModelResponse:
        """Serves the recorded turn, or takes a fresh one and records it."""
        await self._native_tools(request_context)
        fresh: list[ModelResponse] = []
        asking: list[asyncio.Task[ModelResponse]] = []
        request = turns.asked(request_context)
        asker = self._case.asker(self.name, request)
        served = request_context

        def show(model: str, messages: list[ModelMessage]) -> list[ModelMessage]:
            messages = conversation.covered(messages, request, self._case.cover(model), model)
            return conversation.shown(messages, request, self._age_s, self._case.room(model))

        if not request_context.streaming:
            asker.covers = True
            served = replace(request_context, model=Asked(request_context.model, self.others, asker, show))

        async def ask() -> Turn:
            task: asyncio.Task[ModelResponse] = asyncio.ensure_future(handler(served))
            asking.append(task)
            try:
                response = await task
            except SkipModelRequest as skipped:
                response = skipped.response
            except ModelRetry as retry:
                return turns.retried(retry.message, request_context.model.model_id)
            except Exception as error:  # the boundary to a model: whatever it raises is classified
                raise classified(error) from error
            turn = turns.answered(response, request_context.model.model_id)
            if turns.is_text(turn.reply):
                if SECRETS.without(turn.reply) is turn.reply:  # else the answer goes on as it is recorded
                    fresh.append(response)
                return turn
            response.parts = [TextPart(turns.UNREADABLE)]  # it stays in the framework's history
            return turns.retried("Your answer held text that is not Unicode. Answer again.", turn.model)

        try:
            reply = await self._case.turn(
                self.name,
                fed=turns.fed(request_context.messages),
                request=request,
                run=ask,
                asker=asker,
            )
        except asyncio.CancelledError:
            # The segment's own task would wait for the answer: a turn nobody waits for is not paid for.
            for task in asking:
                task.cancel()
            raise
        if fresh:
            return fresh[0]
        found = turns.recorded(reply)
        if isinstance(found, str):
            raise ModelRetry(found)
        if request_context.streaming:
            # What a reader of the stream is told to be final depends on parameters that a model resolves first.
            _, request_context.model_request_parameters = request_context.model.prepare_request(
                request_context.model_settings, request_context.model_request_parameters
            )
        return found

    async def prepare_model_request(
        self,
        ctx: RunContext[Any],  # noqa: ARG002  # the framework's signature
        request_context: ModelRequestContext,
    ) -> ModelRequestContext:
        """Looks once more at what goes out: another capability may have added a provider's tool."""
        self._declared_only(request_context)
        return request_context

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Any],  # noqa: ARG002  # the framework's signature
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        handler: WrapToolExecuteHandler,
    ) -> object:
        """Makes one governed call; a refusal or a failure becomes a tool message that the model can react to."""
        with self._case.branch(call.tool_call_id):
            try:
                if call.tool_name in self.own:
                    return await handler(args)
                return await self._governed(tool_def, args, handler)
            except Refused as refused:
                raise ToolFailed(f"Refused: {refused.message}") from refused
            except Failed as failed:
                signal = failed.attributes.get("signal")
                if signal == "retry":
                    raise ModelRetry(failed.message) from failed
                told = failed.message if signal == "failed" else f"Failed ({failed.error_class}): {failed.message}"
                raise ToolFailed(told) from failed
            except UserError as wrong:
                if wrong.code not in _OF_ARGUMENTS:
                    raise
                raise ModelRetry(wrong.message) from wrong

    async def wrap_output_process(
        self,
        ctx: RunContext[Any],
        *,
        output_context: OutputContext,
        output: Any,  # noqa: ANN401  # the framework's signature
        handler: WrapOutputProcessHandler,
    ) -> object:
        """Governs a function that the output runs through; a refusal sends the model back.

        While an output is still being streamed the function does not run.
        """
        if not output_context.has_function:
            return await handler(output)
        if ctx.partial_output:
            return output
        name = outputs.named(output_context, self.outputs)
        bound = self.tools.get(name)
        if not isinstance(bound, AgentTool):
            raise UserError(f"the output function {name} is not declared", code="adapter.output")
        only = self.outputs[name]
        args = output if only is None else {only: output}
        call = output_context.tool_call

        async def body(values: dict[str, Any]) -> object:
            return await handler(values if only is None else values[only])

        with self._case.branch("output" if call is None else call.tool_call_id):
            try:
                return await self._through(bound, args, body)
            except Refused as refused:
                raise ModelRetry(f"Refused: {refused.message}") from refused
            except Failed as failed:
                if failed.attributes.get("signal") is None:
                    raise
                raise ModelRetry(failed.message) from failed
            except UserError as wrong:
                if wrong.code not in _OF_ARGUMENTS:
                    raise
                raise ModelRetry(wrong.message) from wrong

    async def handle_deferred_tool_calls(
        self,
        ctx: RunContext[Any],  # noqa: ARG002  # the framework's signature
        *,
        requests: DeferredToolRequests,
    ) -> NoReturn:
        """Refuses the framework's own approvals: they end with the process, and a case must not."""
        names = sorted({call.tool_name for call in (*requests.calls, *requests.approvals)})
        raise UserError(
            f"{', '.join(names)} asks for an approval of the framework's own, which would not survive a restart",
            code="adapter.deferred",
            hint="Let bridgehead.yaml hold its calls: otherwise: {hold: ROLE}.",
        )

    @property
    def _case(self) -> Context:
        if self.context is None:
            raise UserError("a governed run has no case", code="adapter.outside")
        return self.context

    def _age_s(self, name: str, args: Mapping[str, Any]) -> float | None:
        """Returns how long ago a read was made with a model's arguments; None for what is no read of the case."""
        return age_s(self._case, self.tools.get(name), args)

    async def _governed(
        self, definition: ToolDefinition, args: dict[str, Any], handler: WrapToolExecuteHandler
    ) -> object:
        bound = self.tools.get(definition.name)
        if not isinstance(bound, AgentTool):
            # Found at run time and not in the release: the gate denies it, and in shadow it is virtual.
            bound = agent_tool(irreversible(), definition)
        return await self._through(bound, args, handler)

    async def _through(
        self, bound: AgentTool, args: Mapping[str, object], body: Callable[[dict[str, Any]], Awaitable[object]]
    ) -> object:
        plain = bound.plain(args)
        token = UNDER_WAY.set(UnderWay(bound.tool.name, args, plain, body))
        try:
            return await self._case.call(bound, plain)
        finally:
            UNDER_WAY.reset(token)

    async def _native_tools(self, request: ModelRequestContext) -> None:
        """Puts each provider-executed tool that a request offers before the gate, once for the request."""
        self._declared_only(request)
        self._requests += 1
        for kind in sorted({tool.kind for tool in request.model_request_parameters.native_tools} - HARMLESS):
            await self._case.call(self.tools[kind], {"request": self._requests})

    def _declared_only(self, request: ModelRequestContext) -> None:
        kinds: Sequence[str] = [tool.kind for tool in request.model_request_parameters.native_tools]
        for kind in kinds:
            if kind not in self.tools and kind not in HARMLESS:
                raise undeclared(self.name, kind)


@dataclass
class Checkpoint(WrapperToolset[Any]):
    """Runs a body only for the call that was decided, with the arguments that were decided."""

    own: frozenset[str] = frozenset()

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> object:
        """Raises UserError for a call that came another way, or with arguments changed since the decision."""
        if name in self.own:
            return await self.wrapped.call_tool(name, tool_args, ctx, tool)
        sent = SENT.get()
        if sent is None:
            raise UserError(f"{name} was called past its case", code="adapter.outside")
        sent.check(name, tool_args)
        return await self.wrapped.call_tool(name, tool_args, ctx, tool)

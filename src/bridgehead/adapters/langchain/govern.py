"""``govern``: an agent of LangChain's ``create_agent`` as an agent of Bridgehead."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast, get_type_hints

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langgraph.graph.state import CompiledStateGraph
from langsmith import tracing_context
from pydantic import TypeAdapter

from bridgehead.adapters import options
from bridgehead.adapters.langchain import inventory, turns
from bridgehead.adapters.langchain.failing import classified
from bridgehead.adapters.langchain.governor import GOVERNOR, Governor, check_model
from bridgehead.adapters.langchain.inventory import Inventory
from bridgehead.adapters.langchain.tools import agent_tool, own_tool
from bridgehead.adapters.named import function_digest, source_digest
from bridgehead.adapters.natives import native_tool, undeclared
from bridgehead.cases.agents import Agent
from bridgehead.cases.context import Case, Context
from bridgehead.cases.declare import irreversible
from bridgehead.cases.threads import in_thread
from bridgehead.cases.tools import BoundTool, Declaration
from bridgehead.errors import Failed, UserError

Prompt = str | Callable[[Case[Any]], str | list[str | dict[str, Any]]]


def govern(
    agent: str,
    *,
    prompt: Prompt = "{case.text}",
    tools: Mapping[str, Declaration] | None = None,
    input: Any = object,  # noqa: A002, ANN401  # the word of Case; whatever a TypeAdapter takes
    deps: Callable[[Case[Any]], object] | None = None,
    model: BaseChatModel | str | None = None,
    run: str | None = None,
    checks_first: Sequence[str] = (),
    models: Mapping[str, BaseChatModel | str] | None = None,
) -> GovernedAgent:
    """Returns the agent named ``module:object`` as one that ``bridgehead.yaml`` can name; its file is not edited.

    ``prompt`` is a template over the case, or a function of it that returns a message's
    content. ``tools`` declares what the agent's tools do to the world; one that is left out
    counts as irreversible. ``input`` is the type of the case's input. ``deps`` makes the
    run's context (``context_schema``): a plain or async function of the case, or an async
    generator that gives it once and cleans up. ``model`` stands in for the agent's own.
    ``run`` names a function ``f(prompt)`` of the application, plain or async, that runs the
    agent itself, by ``invoke``, ``stream`` or their async forms. ``checks_first`` names
    writing tools that raise ToolException from their own checks only before they send
    anything; without it such a write is unknown until it has been read back. ``models`` are the
    ones that ``hedge`` and ``fallback`` of ``models`` in bridgehead.yaml name.

    The agent is loaded when the deployment is. Raises UserError for a prompt or a declaration
    that is wrong in itself.
    """
    declared = options.checked(tools, prompt=prompt, run=run, deps=deps, model=model)
    return GovernedAgent(agent, prompt, declared, input, deps, model, run, tuple(checks_first), dict(models or {}))


@dataclass(frozen=True, slots=True)
class GovernedAgent:
    """What ``govern`` returns; the deployment turns it into an agent when it loads."""

    name: str
    prompt: Prompt
    declared: Mapping[str, Declaration]
    input: Any
    deps: Callable[[Case[Any]], object] | None
    model: BaseChatModel | str | None
    entry: str | None
    checks_first: tuple[str, ...]
    models: Mapping[str, BaseChatModel | str] = field(default_factory=dict)

    def as_agent(self) -> Agent:
        """Loads the framework's agent and returns it, ready to run inside cases.

        Raises UserError when the agent, or a tool or argument that is declared, is not there,
        and when the agent rests on something that cannot be governed.
        """
        found = inventory.take(self.name)
        made = found.made
        own = frozenset(name for name, tool in found.tools.items() if own_tool(tool) is not None)
        tools = self._tools(found)
        output: TypeAdapter[Any] = TypeAdapter(inventory.output_type(made.options.get("response_format")))
        said = inventory.prompts(self.name, made)
        said["prompt"] = self.prompt if isinstance(self.prompt, str) else function_digest(self.prompt)
        entry = None
        if self.entry is not None:
            entry = options.entry(self.entry, synchronous=True)
            output = TypeAdapter(get_type_hints(entry).get("return", object))
            said["run"] = f"{self.entry} {source_digest(self.entry)}"
        elif self.deps is None and made.options.get("context_schema") is not None:
            raise UserError(
                f"{self.name} takes a context of type {getattr(made.options['context_schema'], '__name__', 'unknown')}",
                code="adapter.deps",
                hint="Give govern(deps=…) a function of the case that makes it.",
            )
        model = init_chat_model(self.model) if isinstance(self.model, str) else self.model
        others = {name: _chat_model(name, given) for name, given in self.models.items()}
        runner = _Runner(self, found, tools, own, model, entry, others)
        made.standing.governed = True
        return Agent(
            run=runner.run,
            input=TypeAdapter(self.input),
            output=output,
            tools=tools,
            prompts=said,
            models={
                self.name: inventory.model_id(made, self.model),
                **{name: turns.model_id(other) for name, other in others.items()},
            },
            asks=frozenset(others),
            unlisted=tuple(name for name in found.tools if name not in self.declared and name not in own),
        )

    def _tools(self, found: Inventory) -> dict[str, BoundTool]:
        for kind in found.natives:
            if kind not in self.declared:
                raise undeclared(self.name, kind)
        if not found.open_ended:
            options.check_names(self.name, (*self.declared, *self.checks_first), [*found.tools, *found.natives])
        tools: dict[str, BoundTool] = {}
        for name, tool in found.tools.items():
            known = own_tool(tool)
            if known is not None:
                if name in self.declared:
                    raise options.declared_twice(name)
                tools[known.tool.name] = known
                continue
            first = name in self.checks_first
            tools[name] = agent_tool(self.declared.get(name, irreversible()), tool, checks_first=first)
        for name, declaration in self.declared.items():
            if name in found.natives:
                tools[name] = native_tool(declaration, name)
            elif name not in found.tools:
                tools[name] = agent_tool(declaration, None, name=name, checks_first=name in self.checks_first)
        return tools


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs the agent once, from the top, inside a case."""

    governed: GovernedAgent
    found: Inventory
    tools: Mapping[str, BoundTool]
    own: frozenset[str]
    model: BaseChatModel | None
    entry: Callable[[object], object] | None
    others: Mapping[str, BaseChatModel] = field(default_factory=dict)

    async def run(self, case: Case[Any], ctx: Context) -> object:
        """Returns the agent's output; raises Failed with the error class of what went wrong in the framework."""
        name, standing = self.governed.name, self.found.made.standing
        prompt = options.filled(self.governed.prompt, case)
        governor = Governor(ctx, name, self.tools, self.own, standing, self.model, self.others)
        async with options.running(ctx, name, classified):
            with _governed_by(governor):
                if self.entry is not None:
                    return await _run_entry(self.entry, prompt)
                async with options.provided(self.governed.deps, case) as deps:
                    return await self._invoke(self.found.agent, prompt, deps)

    async def _invoke(self, agent: CompiledStateGraph[Any, Any, Any, Any], prompt: object, deps: object) -> object:
        content = cast("str | list[str | dict[str, Any]]", prompt)
        state = await agent.ainvoke({"messages": [HumanMessage(content)]}, context=deps)
        if self.found.made.options.get("response_format") is not None:
            if state.get("structured_response") is None:
                raise Failed("the agent ended without its structured response", error_class="invalid_output")
            return cast("object", state["structured_response"])
        last: BaseMessage = state["messages"][-1]
        return str(last.text)


def _chat_model(name: str, given: BaseChatModel | str) -> BaseChatModel:
    model = init_chat_model(given) if isinstance(given, str) else given
    check_model(name, model)
    return model


@contextmanager
def _governed_by(governor: Governor) -> Iterator[None]:
    """Lets runs of the agent find what governs them; nothing of them is traced to a service of the framework's."""
    token = GOVERNOR.set(governor)
    try:
        with tracing_context(enabled=False):
            yield
    finally:
        GOVERNOR.reset(token)


async def _run_entry(entry: Callable[[object], object], prompt: object) -> object:
    if inspect.iscoroutinefunction(entry):
        return await cast("Any", entry(prompt))
    return await in_thread("agent", partial(entry, prompt))

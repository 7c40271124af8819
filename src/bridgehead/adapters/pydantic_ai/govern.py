"""``govern``: an agent of Pydantic AI as an agent of Bridgehead."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter
from pydantic_ai.agent import AbstractAgent
from pydantic_ai.messages import UserContent
from pydantic_ai.models import Model, infer_model
from pydantic_ai.tools import ToolDefinition

from bridgehead.adapters import options
from bridgehead.adapters.foreign import ANYTHING
from bridgehead.adapters.named import function_digest, source_digest
from bridgehead.adapters.natives import native_tool, undeclared
from bridgehead.adapters.pydantic_ai import inventory
from bridgehead.adapters.pydantic_ai.failing import classified
from bridgehead.adapters.pydantic_ai.governor import Governor
from bridgehead.adapters.pydantic_ai.inventory import FoundTool, Inventory
from bridgehead.adapters.pydantic_ai.natives import KINDS
from bridgehead.adapters.pydantic_ai.outputs import only_argument, output_tool
from bridgehead.adapters.pydantic_ai.tools import agent_tool
from bridgehead.cases.agents import Agent
from bridgehead.cases.context import Case, Context
from bridgehead.cases.declare import irreversible
from bridgehead.cases.tools import BoundTool, Declaration
from bridgehead.errors import UserError

Prompt = str | Callable[[Case[Any]], str | Sequence[UserContent]]
_GOVERNOR: ContextVar[Governor | None] = ContextVar("bridgehead_pydantic_ai_governor", default=None)


def govern(
    agent: str,
    *,
    prompt: Prompt = "{case.text}",
    tools: Mapping[str, Declaration] | None = None,
    input: Any = object,  # noqa: A002, ANN401  # the word of Case; whatever a TypeAdapter takes
    deps: Callable[[Case[Any]], object] | None = None,
    model: Model | str | None = None,
    run: str | None = None,
    checks_first: Sequence[str] = (),
    models: Mapping[str, Model | str] | None = None,
) -> GovernedAgent:
    """Returns the agent named ``module:object`` as one that ``bridgehead.yaml`` can name; its file is not edited.

    ``prompt`` is a template over the case, or a function of it. ``tools`` declares what the
    agent's tools do to the world; one that is left out counts as irreversible. ``input`` is
    the type of the case's input. ``deps`` makes the agent's dependencies for each run: a plain
    or async function of the case, or an async generator that gives them once and cleans up.
    ``model`` stands in for the agent's own. ``run`` names a function ``f(prompt)`` of the
    application that runs the agent itself, by ``run``, ``run_stream`` or ``iter``.
    ``checks_first`` names writing tools that raise ModelRetry or ToolFailed from their own
    checks only before they send anything; without it such a write is unknown until it has
    been read back. ``models`` are the ones that ``hedge`` and ``fallback`` of ``models`` in
    bridgehead.yaml name.

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
    model: Model | str | None
    entry: str | None
    checks_first: tuple[str, ...]
    models: Mapping[str, Model | str] = field(default_factory=dict)

    def as_agent(self) -> Agent:
        """Loads the framework's agent and returns it, ready to run inside cases.

        Raises UserError when the agent, or a tool or argument that is declared, is not there,
        and when the agent rests on something that cannot be governed.
        """
        found = inventory.take(self.name)
        tools = self._tools(found)
        own = frozenset(name for name, tool in found.tools.items() if tool.own is not None)
        output = inventory.output_adapter(found.agent)
        entry = None
        if self.entry is not None:
            entry = options.entry(self.entry)
            output = TypeAdapter(get_type_hints(entry).get("return", object))
            _stand_in(found.agent)
        elif self.deps is None and found.agent.deps_type not in (object, type(None)):
            raise UserError(
                f"{self.name} takes dependencies of type {found.agent.deps_type.__name__}",
                code="adapter.deps",
                hint="Give govern(deps=…) a function of the case that makes them.",
            )
        said = inventory.prompts(self.name, found.agent)
        said["prompt"] = self.prompt if isinstance(self.prompt, str) else function_digest(self.prompt)
        if self.entry is not None:
            said["run"] = f"{self.entry} {source_digest(self.entry)}"
        only = {known: only_argument(function) for known, function in found.outputs.items()}
        others = {name: infer_model(model) for name, model in self.models.items()}
        runner = _Runner(self, found.agent, tools, own, only, entry, others)
        named = inventory.model_id(found.agent, self.model)
        return Agent(
            run=runner.run,
            input=TypeAdapter(self.input),
            output=output,
            tools=tools,
            prompts=said,
            models={
                **({self.name: named} if named else {}),
                **{name: model.model_id for name, model in others.items()},
            },
            asks=frozenset(others),
            unlisted=tuple(name for name in found.tools if name not in self.declared and name not in own),
        )

    def _tools(self, found: Inventory) -> dict[str, BoundTool]:
        for kind in found.natives:
            if kind not in self.declared:
                raise undeclared(self.name, kind)
        known = [*found.tools, *found.natives, *found.outputs]
        if not found.open_ended:
            options.check_names(self.name, (*self.declared, *self.checks_first), known)
        tools: dict[str, BoundTool] = {}
        for name, tool in found.tools.items():
            if tool.own is None:
                tools[name] = self._tool(self.declared.get(name, irreversible()), tool)
                continue
            if name in self.declared:
                raise options.declared_twice(name)
            tools[tool.own.tool.name] = tool.own
        for name, function in found.outputs.items():
            first = name in self.checks_first
            tools[name] = output_tool(self.declared.get(name), self.name, function, checks_first=first)
        for name, declaration in self.declared.items():
            if name in found.natives or (name in KINDS and name not in tools):
                tools[name] = native_tool(declaration, name)
            elif name not in tools:
                definition = ToolDefinition(name=name, parameters_json_schema=dict(ANYTHING))
                tools[name] = self._tool(declaration, FoundTool(definition))
        return tools

    def _tool(self, declaration: Declaration, tool: FoundTool) -> BoundTool:
        return agent_tool(
            declaration,
            tool.definition,
            single=tool.single,
            validator=tool.validator,
            checks_first=tool.definition.name in self.checks_first,
        )


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs the agent once, from the top, inside a case."""

    governed: GovernedAgent
    agent: AbstractAgent[Any, Any]
    tools: Mapping[str, BoundTool]
    own: frozenset[str]
    outputs: Mapping[str, str | None]
    entry: Callable[[object], object] | None = field(default=None)
    others: Mapping[str, Model] = field(default_factory=dict)

    async def run(self, case: Case[Any], ctx: Context) -> object:
        """Returns the agent's output; raises Failed with the error class of what went wrong in the framework."""
        governor = Governor(
            context=ctx,
            name=self.governed.name,
            tools=self.tools,
            own=self.own,
            outputs=self.outputs,
            others=self.others,
        )
        prompt = options.filled(self.governed.prompt, case)
        async with options.running(ctx, self.governed.name, classified):
            if self.entry is not None:
                return await _run_entry(self.entry, governor, prompt)
            async with options.provided(self.governed.deps, case) as deps:
                result = await self.agent.run(prompt, deps=deps, model=self.governed.model, capabilities=[governor])
                return cast("object", result.output)


async def _run_entry(entry: Callable[[object], object], governor: Governor, prompt: object) -> object:
    token = _GOVERNOR.set(governor)
    try:
        return await cast("Callable[[object], Any]", entry)(prompt)
    finally:
        _GOVERNOR.reset(token)


def _stand_in(agent: AbstractAgent[Any, Any]) -> None:
    """Puts the governor of the case into every run of this agent object that the application starts itself.

    Every way of running an agent goes through its ``iter``; outside a case nothing changes.
    """
    plain = agent.iter
    if getattr(plain, "__bridgehead__", False):
        return

    @functools.wraps(plain)
    def iterate(*args: Any, capabilities: Sequence[Any] | None = None, **named: Any) -> Any:  # noqa: ANN401  # the framework's own signature, passed through
        governor = _GOVERNOR.get()
        if governor is not None:
            capabilities = [*(capabilities or ()), governor]
        return plain(*args, capabilities=capabilities, **named)

    iterate.__bridgehead__ = True  # type: ignore[attr-defined]  # marks the stand-in, so that it is put in once
    vars(agent)["iter"] = iterate

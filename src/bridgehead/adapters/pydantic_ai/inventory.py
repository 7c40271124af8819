"""What a framework's agent brings: its tools, its provider's tools, its prompts, and what cannot be governed."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import TypeAdapter
from pydantic_ai import Agent, DeferredToolRequests
from pydantic_ai.agent import AbstractAgent, WrapperAgent
from pydantic_ai.models import Model
from pydantic_ai.models.test import TestModel
from pydantic_ai.native_tools import AbstractNativeTool
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset
from pydantic_ai.usage import RunUsage
from pydantic_core import SchemaValidator

from bridgehead.adapters.named import find, function_digest, source_digest
from bridgehead.adapters.pydantic_ai.natives import HARMLESS
from bridgehead.adapters.pydantic_ai.outputs import functions
from bridgehead.cases.tools import BoundTool
from bridgehead.errors import UserError


@dataclass(frozen=True, slots=True)
class FoundTool:
    """One tool of an agent. ``own`` is its descriptor when its function is declared with a decorator itself."""

    definition: ToolDefinition
    single: str | None = None
    validator: SchemaValidator | None = None
    own: BoundTool | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """An agent as it was found. ``open_ended``: some of its tools are known at run time only.

    ``outputs`` are the functions that its output may run through.
    """

    agent: AbstractAgent[Any, Any]
    tools: dict[str, FoundTool]
    natives: tuple[str, ...]
    open_ended: bool
    outputs: dict[str, Callable[..., object]]


def take(name: str) -> Inventory:
    """Returns what the agent behind ``module:object`` brings; its module is loaded, nothing is run.

    Raises UserError when there is no such agent, or when it rests on something that would act
    or wait beside the case: a durable engine, or approvals of the framework's own.
    """
    found = find(name)
    if not isinstance(found, AbstractAgent):
        raise UserError(
            f"{name} is a {type(found).__name__}, not an agent of Pydantic AI",
            code="adapter.type",
            hint="Name the Agent itself; a function that runs it goes into govern(run=…).",
        )
    agent: AbstractAgent[Any, Any] = found
    _refuse_engines(name, agent)
    _refuse_deferred_output(name, agent)
    tools: dict[str, FoundTool] = {}
    open_ended = False
    for toolset in agent.toolsets:
        listed = _listed(toolset)
        if listed is None:
            open_ended = True
        else:
            tools.update(listed)
    for tool in tools.values():
        if tool.definition.kind in ("external", "unapproved"):
            raise UserError(
                f"{name}: {tool.definition.name} is deferred to the framework's own approvals, which end with the"
                " process",
                code="adapter.deferred",
                hint="Take requires_approval off, and let bridgehead.yaml hold its calls: otherwise: {hold: ROLE}.",
            )
    natives = agent.root_capability.get_native_tools()
    fixed = {tool.kind for tool in natives if isinstance(tool, AbstractNativeTool)}
    open_ended = open_ended or any(map(callable, natives))
    return Inventory(agent, tools, tuple(sorted(fixed - HARMLESS)), open_ended, functions(agent.output_type))


def prompts(name: str, agent: AbstractAgent[Any, Any]) -> dict[str, str]:
    """Returns what the agent says and expects, for the release: its file, its instructions and its output."""
    said: dict[str, str] = {"file": source_digest(name)}
    inner = _innermost(agent)
    for what in ("_instructions", "_system_prompts"):
        for number, entry in enumerate(getattr(inner, what, ())):
            text = getattr(entry, "instruction", entry)
            said[f"{what.strip('_')}.{number}"] = text if isinstance(text, str) else function_digest(text)
    try:
        said["output"] = json.dumps(agent.output_json_schema(), sort_keys=True)
    except Exception:  # noqa: BLE001  # an output without a schema (a function, an image) is named by its type alone
        said["output"] = repr(agent.output_type)
    return said


def model_id(agent: AbstractAgent[Any, Any], override: object = None) -> str:
    """Returns the id of the model that the agent asks, or an empty text where it is chosen at run time."""
    model = override if override is not None else agent.model
    if isinstance(model, Model):
        return model.model_id
    return model if isinstance(model, str) else ""


def output_adapter(agent: AbstractAgent[Any, Any]) -> TypeAdapter[Any]:
    """Returns the type that outcomes are held to: the agent's, where it is a plain one.

    The framework has validated the output already; markers and functions of its own say
    nothing more that could be checked again.
    """
    wanted = agent.output_type
    if isinstance(wanted, type):
        try:
            return TypeAdapter(wanted)
        except Exception:  # noqa: BLE001  # a type of the framework that pydantic has no schema for
            return TypeAdapter(object)
    return TypeAdapter(object)


def _refuse_engines(name: str, agent: AbstractAgent[Any, Any]) -> None:
    parts: list[object] = [agent]
    while isinstance(agent, WrapperAgent):
        agent = agent.wrapped
        parts.append(agent)
    agent.root_capability.apply(parts.append)
    for part in parts:
        if any(kind.__module__.startswith("pydantic_ai.durable_exec") for kind in type(part).__mro__):
            raise UserError(
                f"{name} is run by a durable engine of its own ({type(part).__name__})",
                code="adapter.durable",
                hint="Name the plain Agent: two records of one run cannot both decide what is repeated.",
            )


def _refuse_deferred_output(name: str, agent: AbstractAgent[Any, Any]) -> None:
    wanted = agent.output_type
    listed: Sequence[object] = wanted if isinstance(wanted, list | tuple) else get_args(wanted) or [wanted]
    if DeferredToolRequests in listed:
        raise UserError(
            f"{name} hands tool calls back for the framework's own approvals (DeferredToolRequests)",
            code="adapter.deferred",
            hint="Take it out of output_type, and let bridgehead.yaml hold the calls: otherwise: {hold: ROLE}.",
        )


def _listed(toolset: AbstractToolset[Any]) -> dict[str, FoundTool] | None:
    """Returns a toolset's tools, or None when they are known at run time only."""
    if type(toolset).get_tools is FunctionToolset.get_tools and isinstance(toolset, FunctionToolset):
        return {
            name: FoundTool(
                tool.tool_def,
                tool.function_schema.single_arg_name,
                tool.function_schema.validator,
                getattr(tool.function, "__bridgehead_tool__", None),
            )
            for name, tool in toolset.tools.items()
        }
    context: RunContext[Any] = RunContext(deps=None, model=TestModel(), usage=RunUsage())
    found = _at_once(toolset.get_tools(context))
    if found is None:
        return None
    return {
        name: FoundTool(tool.tool_def, validator=v if isinstance(v := tool.args_validator, SchemaValidator) else None)
        for name, tool in found.items()
    }


def _at_once(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any] | None:
    """Returns a coroutine's result if it needs no waiting; a toolset that must connect first gives None."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast("dict[str, Any]", done.value)
    except Exception:  # noqa: BLE001  # listing needs what only a run has (dependencies, a server): not known here
        return None
    work.close()
    return None


def _innermost(agent: AbstractAgent[Any, Any]) -> Agent[Any, Any] | AbstractAgent[Any, Any]:
    while isinstance(agent, WrapperAgent):
        agent = agent.wrapped
    return agent

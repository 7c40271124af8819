"""A list of what an agent brings, for a person or a command that starts to declare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridgehead.adapters.pydantic_ai.inventory import model_id, take


@dataclass(frozen=True, slots=True)
class DescribedTool:
    """One tool: ``parameters`` is the JSON Schema of its arguments; ``declared`` the class it declares itself."""

    name: str
    description: str
    parameters: Mapping[str, object]
    declared: str | None


@dataclass(frozen=True, slots=True)
class AgentDescription:
    """What an agent brings. ``native_tools`` are executed by the model's provider, ``output_functions`` on its output.

    ``open_ended`` says that further tools are known at run time only (MCP servers, dynamic
    toolsets); ``needs_deps`` that ``govern`` must be given ``deps=``; ``model`` is empty where
    the model is chosen at run time.
    """

    tools: tuple[DescribedTool, ...]
    native_tools: tuple[str, ...]
    output_functions: tuple[str, ...]
    open_ended: bool
    needs_deps: bool
    model: str


def describe(name: str) -> AgentDescription:
    """Returns what the agent behind ``module:object`` brings; its module is loaded, nothing is run.

    Raises UserError, with a hint, where ``govern`` would refuse the agent.
    """
    found = take(name)
    tools = tuple(
        DescribedTool(
            name=known,
            description=tool.definition.description or "",
            parameters=tool.definition.parameters_json_schema,
            declared=None if tool.own is None else tool.own.tool.effect_class,
        )
        for known, tool in found.tools.items()
    )
    return AgentDescription(
        tools=tools,
        native_tools=found.natives,
        output_functions=tuple(found.outputs),
        open_ended=found.open_ended,
        needs_deps=found.agent.deps_type not in (object, type(None)),
        model=model_id(found.agent),
    )

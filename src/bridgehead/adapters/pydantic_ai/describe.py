"""A list of what an agent brings, for a person or a command that starts to declare it."""

from __future__ import annotations

from bridgehead.adapters.described import AgentDescription, DescribedTool
from bridgehead.adapters.pydantic_ai.inventory import model_id, take


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

"""A list of what an agent brings, for a person or a command that starts to declare it."""

from __future__ import annotations

from bridgehead.adapters.described import AgentDescription, DescribedTool
from bridgehead.adapters.langchain.inventory import model_id, take
from bridgehead.adapters.langchain.tools import own_tool
from bridgehead.adapters.langchain.turns import schema_of


def describe(name: str) -> AgentDescription:
    """Returns what the agent behind ``module:object`` brings; its module is loaded, nothing is run.

    Raises UserError, with a hint, where ``govern`` would refuse the agent.
    """
    found = take(name)
    tools = tuple(
        DescribedTool(
            name=known,
            description=tool.description,
            parameters=schema_of(tool),
            declared=None if (own := own_tool(tool)) is None else own.tool.effect_class,
        )
        for known, tool in found.tools.items()
    )
    return AgentDescription(
        tools=tools,
        native_tools=found.natives,
        output_functions=(),
        open_ended=found.open_ended,
        needs_deps=found.made.options.get("context_schema") is not None,
        model=model_id(found.made),
    )

"""Functions of the application that an agent's output runs through: declared as what they do, and governed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter
from pydantic_ai.output import NativeOutput, OutputContext, PromptedOutput, TextOutput, ToolOutput
from pydantic_ai.tools import Tool

from bridgehead.adapters.pydantic_ai.tools import AgentTool, agent_tool
from bridgehead.cases.tools import Declaration
from bridgehead.errors import UserError


def functions(wanted: object) -> dict[str, Callable[..., object]]:
    """Returns the functions in an agent's ``output_type``, by name."""
    return {getattr(found, "__name__", "output"): found for found in _functions(wanted)}


def _functions(wanted: object) -> Iterator[Callable[..., object]]:
    match wanted:
        case list() | tuple():
            for one in wanted:
                yield from _functions(one)
        case ToolOutput():
            yield from _functions(wanted.output)
        case NativeOutput() | PromptedOutput():
            yield from _functions(wanted.outputs)
        case TextOutput():
            yield from _functions(wanted.output_function)
        case type():
            return
        case _ if callable(wanted) and hasattr(wanted, "__name__"):
            yield wanted


def output_tool(
    declaration: Declaration | None, agent: str, function: Callable[..., object], *, checks_first: bool
) -> AgentTool:
    """Returns an output function as a tool; raises UserError when nobody declared what it does."""
    name = getattr(function, "__name__", "output")
    if declaration is None:
        raise UserError(
            f"{agent} runs its output through {name}(), which could do anything",
            code="adapter.output",
            hint=f'Declare it: tools={{"{name}": read()}} if it only computes, and allow it in bridgehead.yaml.',
        )
    tool: Tool[Any] = Tool(function, name=name)
    bound = agent_tool(
        declaration,
        tool.tool_def,
        single=tool.function_schema.single_arg_name,
        validator=tool.function_schema.validator,
        checks_first=checks_first,
    )
    try:
        outcome: TypeAdapter[Any] = TypeAdapter(get_type_hints(function).get("return", object))
    except (PydanticSchemaGenerationError, NameError, TypeError):
        outcome = TypeAdapter(object)
    return replace(bound, outcome=outcome)


def named(context: OutputContext, known: Collection[str]) -> str:
    """Returns which of an agent's output functions is about to run; raises UserError where nobody can say."""
    if context.function_name is not None:
        return context.function_name
    if len(known) == 1:
        return next(iter(known))
    raise UserError(
        "the framework does not say which output function it runs",
        code="adapter.output",
        hint="Give each output function a ToolOutput of its own.",
    )


def only_argument(function: Callable[..., object]) -> str | None:
    """Returns the name of a function's one argument, None where it has several: those come by name already."""
    return Tool(function).function_schema.single_field_name

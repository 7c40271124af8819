"""Agents as Bridgehead sees them: what to run, what goes in, what comes out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, get_args, get_origin, get_type_hints, runtime_checkable

from pydantic import TypeAdapter

from bridgehead.cases.context import Case, Context
from bridgehead.cases.tools import BoundTool
from bridgehead.errors import UserError


@dataclass(frozen=True, slots=True)
class Agent:
    """One runnable agent: the function, its input and output types, and the tools it brings itself.

    ``tools`` is empty for plain agents, whose decorated tools are found by name; ``prompts``
    are what belongs into the release digest.
    """

    run: Callable[[Case[Any], Context], object]
    input: TypeAdapter[Any]
    output: TypeAdapter[Any]
    tools: Mapping[str, BoundTool]
    prompts: Mapping[str, str]
    models: Mapping[str, str]
    unlisted: Sequence[str] = ()
    asks: frozenset[str] | None = None
    """Names under ``models`` that it can ask beside its own model; None for a plain agent, which asks as it likes."""


@runtime_checkable
class Governed(Protocol):
    """What an adapter returns from ``govern``: something that can become an Agent."""

    def as_agent(self) -> Agent:
        """Returns the framework's agent, ready to run inside cases."""
        ...


def as_agent(found: object, name: str) -> Agent:
    """Returns the Agent behind what ``agent:`` in bridgehead.yaml names.

    A plain function takes ``(case: Case[In], ctx: Context)`` and returns ``Out``; its types
    are read from its annotations. Raises UserError for anything else.
    """
    if isinstance(found, Agent):
        return found
    if isinstance(found, Governed):
        return found.as_agent()
    if not callable(found):
        raise UserError(
            f"{name} is a {type(found).__name__}, not an agent",
            code="agent.type",
            hint="Name a function f(case, ctx), or wrap a framework's agent with an adapter's govern().",
        )
    parameters = list(inspect.signature(found).parameters.values())
    if len(parameters) != 2:  # noqa: PLR2004  # case and ctx
        raise UserError(
            f"{name} takes {len(parameters)} arguments; an agent takes (case, ctx)",
            code="agent.signature",
            hint="Write: async def agent(case: Case[Order], ctx: Context) -> Booking",
        )
    hints = get_type_hints(found)
    case_type = hints.get(parameters[0].name)
    wanted = get_args(case_type)[0] if get_origin(case_type) is Case else object
    return Agent(
        run=found,
        input=TypeAdapter(wanted),
        output=TypeAdapter(hints.get("return", object)),
        tools={},
        prompts={},
        models={},
    )

"""Stands in for ``create_agent`` while an agent's file loads, so that its agents can be governed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any, Final
from weakref import WeakKeyDictionary

import langchain.agents
import langchain.agents.factory
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel

from bridgehead.adapters.langchain.governor import Bridgehead
from bridgehead.adapters.named import find
from bridgehead.errors import UserError


@dataclass(frozen=True, slots=True)
class Made:
    """What an agent was made of: ``create_agent``'s arguments, and the middleware that was put in."""

    model: object
    tools: Sequence[object]
    middleware: Sequence[object]
    options: Mapping[str, Any]
    standing: Bridgehead


_MADE: Final[WeakKeyDictionary[object, Made]] = WeakKeyDictionary()
"""By the graph that was compiled: a copy of an agent (``with_config``) is compiled from the same one."""
_PLACES: Final = (langchain.agents, langchain.agents.factory)
_LOADING: Final = RLock()


def load(name: str) -> tuple[CompiledStateGraph[Any, Any, Any, Any], Made]:
    """Returns the agent behind ``module:object``, loaded so that it can be governed.

    Raises UserError when it is no agent of ``create_agent``, and when its module had been
    loaded before, past the stand-in.
    """
    with _stood_in():
        found = find(name)
    made = _MADE.get(found.builder) if isinstance(found, CompiledStateGraph) else None
    if made is not None and isinstance(found, CompiledStateGraph):
        return found, made
    if isinstance(found, Pregel | StateGraph):
        raise UserError(
            f"{name} is a graph that was not made by create_agent, or its module was imported before it was named",
            code="adapter.graph",
            hint="Name an agent of create_agent, and import nothing from its module in deploy.py:"
            " govern() loads it. The steps of a graph of your own cannot be governed.",
        )
    raise UserError(
        f"{name} is a {type(found).__name__}, not an agent of LangChain",
        code="adapter.type",
        hint="Name what create_agent returned; a function that runs it goes into govern(run=…).",
    )


@contextmanager
def _stood_in() -> Iterator[None]:
    with _LOADING:
        plain = [place.create_agent for place in _PLACES]
        try:
            for place, function in zip(_PLACES, plain, strict=True):
                place.create_agent = _governable(function)  # type: ignore[attr-defined]  # put back below
            yield
        finally:
            for place, function in zip(_PLACES, plain, strict=True):
                place.create_agent = function  # type: ignore[attr-defined]  # as it was


def _governable(plain: Callable[..., Any]) -> Callable[..., Any]:
    if hasattr(plain, "__bridgehead__"):  # the file of one agent names another in govern()
        return plain

    @functools.wraps(plain)
    def create_agent(
        model: object,
        tools: Sequence[object] | None = None,
        *,
        middleware: Sequence[object] = (),
        **options: Any,  # noqa: ANN401  # passed through
    ) -> object:
        standing = Bridgehead()
        agent = plain(model, tools, middleware=[*middleware, standing], **options)
        _MADE[agent.builder] = Made(model, tuple(tools or ()), tuple(middleware), options, standing)
        return agent

    create_agent.__bridgehead__ = True  # type: ignore[attr-defined]  # marks the stand-in, so that it is put in once
    return create_agent

"""What an agent of any framework brings, for a person or a command that starts to declare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
    tools); ``needs_deps`` that ``govern`` must be given ``deps=``; ``model`` is empty where
    the model is chosen at run time.
    """

    tools: tuple[DescribedTool, ...]
    native_tools: tuple[str, ...]
    output_functions: tuple[str, ...]
    open_ended: bool
    needs_deps: bool
    model: str

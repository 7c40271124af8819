"""The tools that a model's provider executes, as the framework names them."""

from __future__ import annotations

from typing import Final

from pydantic_ai.native_tools import SUPPORTED_NATIVE_TOOLS

HARMLESS: Final = frozenset({"tool_search"})
"""Looks through the schemas of the agent's own tools and touches nothing else."""

KINDS: Final = frozenset(tool.kind for tool in SUPPORTED_NATIVE_TOOLS) - HARMLESS
"""The provider-executed tools that the framework knows."""

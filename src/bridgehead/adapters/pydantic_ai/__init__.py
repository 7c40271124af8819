"""Pydantic AI agents as cases: the agent's file stays as it is, and every turn and call is governed.

The adapter is a capability of each run (``wrap_model_request``, ``wrap_tool_execute``), which
is the framework's own place for it.
"""

from __future__ import annotations

from bridgehead.errors import UserError

try:
    import pydantic_ai as _framework
except ModuleNotFoundError as error:
    if error.name != "pydantic_ai":
        raise
    raise UserError(
        "the adapter for Pydantic AI needs the framework, which is not installed",
        code="adapter.missing",
        hint="pip install 'bridgehead[pydantic-ai]'",
    ) from error

from bridgehead.adapters.described import AgentDescription, DescribedTool
from bridgehead.adapters.pydantic_ai.describe import describe
from bridgehead.adapters.pydantic_ai.govern import govern

__all__ = ["AgentDescription", "DescribedTool", "describe", "govern"]
del _framework

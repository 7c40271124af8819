"""Agents of LangChain's ``create_agent`` as cases: the agent's file stays as it is, every turn and call is governed.

The adapter is a middleware of the agent (``wrap_model_call``, ``wrap_tool_call``). It is put
in while the agent's file loads, so the agent is named and not imported.
"""

from __future__ import annotations

from bridgehead.errors import UserError

try:
    import langchain.agents as _framework
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] not in ("langchain", "langchain_core", "langgraph"):
        raise
    raise UserError(
        "the adapter for LangChain needs the framework, which is not installed",
        code="adapter.missing",
        hint="pip install 'bridgehead[langchain]'",
    ) from error

from bridgehead.adapters.described import AgentDescription, DescribedTool
from bridgehead.adapters.langchain.describe import describe
from bridgehead.adapters.langchain.govern import govern

__all__ = ["AgentDescription", "DescribedTool", "describe", "govern"]
del _framework

"""What an agent of ``create_agent`` brings: its tools, its provider's tools, its prompts; and what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware import AgentMiddleware, HumanInTheLoopMiddleware
from langchain.agents.structured_output import AutoStrategy, ProviderStrategy, ToolStrategy
from langchain_core.messages import SystemMessage
from langchain_core.tools import BaseTool
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from pydantic import TypeAdapter

from bridgehead.adapters.langchain import turns
from bridgehead.adapters.langchain.governor import check_model, native_kinds
from bridgehead.adapters.langchain.standing import Made, load
from bridgehead.adapters.named import source_digest
from bridgehead.errors import UserError


@dataclass(frozen=True, slots=True)
class Inventory:
    """An agent as it was found. ``open_ended``: a middleware may bring tools at run time."""

    agent: CompiledStateGraph[Any, Any, Any, Any]
    made: Made
    tools: dict[str, BaseTool]
    natives: tuple[str, ...]
    open_ended: bool


def take(name: str) -> Inventory:
    """Returns what the agent behind ``module:object`` brings; its module is loaded, nothing is run.

    Raises UserError when there is no such agent, or when it rests on something that would act
    or wait beside the case: a checkpointer, or interrupts of the framework's own.
    """
    agent, made = load(name)
    if not isinstance(made.model, str):
        check_model(name, made.model)
    if agent.checkpointer:
        raise UserError(
            f"{name} keeps checkpoints of its own ({type(agent.checkpointer).__name__})",
            code="adapter.durable",
            hint="Take checkpointer= out of create_agent: two records of one run cannot both decide what is repeated.",
        )
    if made.options.get("interrupt_before") or made.options.get("interrupt_after"):
        raise _interrupts(name, "interrupt_before or interrupt_after")
    if any(isinstance(found, HumanInTheLoopMiddleware) for found in made.middleware):
        raise _interrupts(name, "HumanInTheLoopMiddleware")
    node = agent.nodes["tools"].bound if "tools" in agent.nodes else None
    tools = dict(node.tools_by_name) if isinstance(node, ToolNode) else {}
    return Inventory(
        agent, made, tools, tuple(native_kinds(made.tools, made.model)), any(map(_takes_calls, made.middleware))
    )


def _interrupts(name: str, what: str) -> UserError:
    return UserError(
        f"{name} interrupts its graph for a person ({what}), which would not survive a restart",
        code="adapter.deferred",
        hint="Take it out, and let bridgehead.yaml hold the calls: otherwise: {hold: ROLE}.",
    )


def _takes_calls(middleware: object) -> bool:
    kind = type(middleware)
    return any(
        getattr(kind, hook, None) is not getattr(AgentMiddleware, hook)
        for hook in ("wrap_tool_call", "awrap_tool_call")
    )


def prompts(name: str, made: Made) -> dict[str, str]:
    """Returns what the agent says and expects, for the release: its file, prompt, middleware and output."""
    system = made.options.get("system_prompt")
    text = system.text if isinstance(system, SystemMessage) else system or ""
    wanted = made.options.get("response_format")
    try:
        output = json.dumps(TypeAdapter(output_type(wanted)).json_schema(), sort_keys=True)
    except Exception:  # noqa: BLE001  # an output without a schema of pydantic's is named by its names alone
        output = repr(turns.output_names(wanted))
    return {
        "file": source_digest(name),
        "system": str(text),
        "middleware": " ".join(f"{type(found).__module__}.{type(found).__qualname__}" for found in made.middleware),
        "output": output,
    }


def model_id(made: Made, override: object = None) -> str:
    """Returns the id of the model that the agent asks."""
    model = made.model if override is None else override
    return model if isinstance(model, str) else turns.model_id(model)


def output_type(wanted: object) -> Any:  # noqa: ANN401  # whatever a TypeAdapter takes
    """Returns the type that outcomes are held to: the response format's, where it is one; a text without any."""
    if wanted is None:
        return str
    schema = wanted.schema if isinstance(wanted, AutoStrategy | ToolStrategy | ProviderStrategy) else wanted
    return schema if isinstance(schema, type) else object

"""Agents of LangChain for tests: a scripted model, an agent's file, and the deployment beside it."""

from __future__ import annotations

import sys
import textwrap
from types import ModuleType

from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World

INNER = '''
import asyncio, json, threading
from pathlib import Path
from typing import Annotated, Any
from langchain.agents import AgentState, create_agent
from langchain.agents.middleware import AgentMiddleware, ToolRetryMiddleware, wrap_model_call, wrap_tool_call
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain.messages import AIMessage, HumanMessage, ToolMessage
from langchain.tools import InjectedState, InjectedToolCallId, ToolException, ToolRuntime, tool
from langchain_core import exceptions
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from bridgehead import effect_key, read

HERE = Path(__file__).parent
asked = []
numbers = iter(range(1000))

def enter(**entry):
    with (HERE / "books.jsonl").open("a") as books:
        books.write(json.dumps(entry) + "\\n")

def call(name, **args):
    return {"name": name, "args": args, "id": f"call-{next(numbers)}", "type": "tool_call"}

def results(messages):
    """What the tools have answered so far: (name, status, content)."""
    return [(m.name, m.status, m.content) for m in messages if isinstance(m, ToolMessage)]

class Scripted(BaseChatModel):
    """A model that gives one reply after the other, by how many it has given in this conversation."""
    replies: list = []
    offered: list = []
    profile: dict | None = None
    @property
    def _llm_type(self):
        return "scripted"
    def bind_tools(self, tools, **options):
        return self.bind(tools=tools, **{k: v for k, v in options.items() if k not in ("tool_choice", "strict")})
    def _generate(self, messages, stop=None, run_manager=None, **options):
        asked.append(messages)
        reply = self.replies[sum(isinstance(m, AIMessage) for m in messages)]
        if callable(reply):
            reply = reply(messages)
        if isinstance(reply, BaseException):
            raise reply
        message = AIMessage(reply) if isinstance(reply, str) else AIMessage("", tool_calls=reply)
        return ChatResult(generations=[ChatGeneration(message=message)])

def scripted(*replies, **more):
    return Scripted(replies=list(replies), **more)
'''

DEPLOY = """
from bridgehead.adapters.langchain import govern

async def find_po(*, key, args):
    return next(({"number": e["number"]} for e in entries() if e["po"] == args["po"]), None)

agent = govern("{inner}:inner", {options})
"""


async def deploy(world: World, code: str, options: str, *, tools: str, level: Level = "autonomous") -> None:
    """Deploys an agent's file and the declaration beside it."""
    inner = f"{world.module}_inner"
    world.place.mkdir()
    (world.place / f"{inner}.py").write_text(INNER + textwrap.dedent(code))
    declaration = DEPLOY.replace("{options}", textwrap.dedent(options).strip()).replace("{inner}", inner)
    await world.deploy(declaration, tools=tools, more="limits: {steps: 40, repeats: 5}", level=level)


def module(world: World) -> ModuleType:
    """Returns the agent's module, as it was loaded."""
    return sys.modules[f"{world.module}_inner"]


def asked(world: World) -> int:
    """Returns how often the model was asked."""
    return len(module(world).asked)


async def view(world: World) -> CaseView:
    """Returns everything recorded about the one case."""
    (case,) = await world.cases()
    return await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"])))


ORDER: dict[str, JSON] = {"po": "1", "customer": "c", "amount": 5}
HOLD = "{allow: amount <= 1, otherwise: {hold: desk, valid_for: 24h}}"
BOOK = """
@tool
def book(po: str, amount: int) -> str:
    "Books."
    enter(po=po, number="N", amount=amount)
    return "booked"
"""

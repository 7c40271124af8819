from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import langchain.agents
import langchain.agents.factory
import pytest

from bridgehead import UserError, irreversible, outbound_read, read, reversible
from bridgehead.adapters.langchain import describe, govern
from bridgehead.adapters.langchain.failing import classified
from bridgehead.errors import Failed

THEIRS = '''
import os
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, ModelCallLimitMiddleware
from langchain.tools import tool
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from pydantic import BaseModel
from bridgehead import read as reads

class Order(BaseModel):
    number: str

@tool
def customer(number: str) -> str:
    """Looks a customer up."""
    return number

@tool
async def book(po_number: str, amount: float = 1.0) -> dict:
    """Books an order."""
    return {"number": po_number}

@tool
@reads
def declared_itself(number: str) -> str:
    """Finds its case on its own."""
    return number

def no_agent():
    """Is a function."""

async def takes_too_much(prompt, more):
    """Takes too much."""

model = ChatOpenAI(model="m-1", base_url="http://localhost:1/v1", api_key="none")
prompt = "Be brief."

def made(**more):
    return create_agent(model, tools=[customer, book], system_prompt=prompt, **more)

agent = made(response_format=Order)
again = agent.with_config({"tags": ["again"]})
needy = made(context_schema=dict)
searching = create_agent(model, tools=[customer, {"type": "web_search"}])
searching_model = create_agent(model.model_copy(update={"model_kwargs": {"tools": [{"type": "web_search"}]}}))
asking = made(middleware=[HumanInTheLoopMiddleware(interrupt_on={"book": True})])
stopping = made(interrupt_before=["tools"])
bound = create_agent(model.bind(temperature=0), tools=[customer])
saving = made(checkpointer=InMemorySaver())
listed = create_agent(model, tools=[StructuredTool(name="list", description="", coroutine=book.coroutine, args_schema={
    "type": "object", "properties": {"number": {"type": "string"}, "limit": {"type": "integer", "default": 5}}})])
decorated = create_agent(model, tools=[declared_itself])
drawn = StateGraph(dict).add_node("a", lambda state: state).add_edge(START, "a")
compiled = drawn.compile()
'''


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Gives a file with agents in it, as an application of the framework would have."""
    file = tmp_path / "their_graphs.py"
    file.write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    yield file
    sys.modules.pop("their_graphs", None)


BOOK = {"book": reversible(key="po_number")}
WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("agent", {"prompt": "{case.txt}"}, "adapter.prompt", "did you mean text?"),
    ("agent", {"tools": {"customer": read}}, "adapter.declaration", "parentheses"),
    ("agent", {"tools": {"costumer": read()}}, "adapter.tool", "did you mean customer?"),
    ("agent", {"tools": {"book": reversible(key="po")}}, "adapter.argument", "po_number"),
    ("agent", {"tools": {"book": irreversible(sensitive="amonut")}}, "adapter.argument", "did you mean amount?"),
    ("agent", {"checks_first": ["bok"]}, "adapter.tool", "did you mean book?"),
    ("agend", {}, "adapter.name", "did you mean agent?"),
    ("no_agent", {}, "adapter.type", "what create_agent returned"),
    ("drawn", {}, "adapter.graph", "of your own"),
    ("compiled", {}, "adapter.graph", "of your own"),
    ("needy", {}, "adapter.deps", "deps="),
    ("agent", {"run": "their_graphs:Order"}, "adapter.run", "a 'def' or an 'async def'"),
    ("agent", {"run": "their_graphs:takes_too_much"}, "adapter.run", "prompt alone"),
    ("agent", {"run": "their_graphs:no_agent", "model": "m"}, "adapter.run", "leave out run"),
    ("searching", {}, "adapter.native", "outbound_read()"),
    ("searching_model", {}, "adapter.native", "outbound_read()"),
    ("searching", {"tools": {"web_search": irreversible()}}, "adapter.native", "Only reads"),
    ("asking", {}, "adapter.deferred", "hold: ROLE"),
    ("stopping", {}, "adapter.deferred", "hold: ROLE"),
    ("bound", {}, "adapter.model", "chat model"),
    ("saving", {}, "adapter.durable", "checkpointer="),
    ("decorated", {"tools": {"declared_itself": read()}}, "adapter.declaration", "Leave it out"),
]


@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize("agent, options, code, hint", WRONG)
def test_what_cannot_be_governed_is_refused_with_a_hint(
    agent: str, options: dict[str, Any], code: str, hint: str
) -> None:
    """A declaration that does not fit its agent does not load, and says what would."""
    with pytest.raises(UserError) as refused:
        govern(f"their_graphs:{agent}", **options).as_agent()
    assert refused.value.code == code
    assert hint in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.usefixtures("theirs")
def test_an_agent_that_was_imported_before_is_refused() -> None:
    """P1: an agent that loaded past the stand-in would run ungoverned, so it is refused with what to do."""
    importlib.import_module("their_graphs")
    with pytest.raises(UserError, match="import nothing from its module") as refused:
        govern("their_graphs:agent").as_agent()
    assert refused.value.code == "adapter.graph"


@pytest.mark.usefixtures("theirs")
def test_the_framework_is_as_it_was_once_an_agent_is_loaded() -> None:
    """The stand-in is in place while the agent's file loads, and gone afterwards, also when the file does not load."""
    plain = langchain.agents.create_agent, langchain.agents.factory.create_agent
    govern("their_graphs:agent").as_agent()
    with pytest.raises(UserError):
        govern("their_graphs:nothing").as_agent()
    assert (langchain.agents.create_agent, langchain.agents.factory.create_agent) == plain


@pytest.mark.usefixtures("theirs")
def test_a_governed_agent_does_not_run_outside_a_case() -> None:
    """P1: once an agent is governed, a run that nobody decides on is refused before its model is asked."""
    govern("their_graphs:agent").as_agent()
    agent = importlib.import_module("their_graphs").agent
    with pytest.raises(UserError, match="outside its case"):
        agent.invoke({"messages": [("user", "hello")]})


@pytest.mark.usefixtures("theirs")
def test_tools_are_described_to_gate_and_release() -> None:
    """P1: declared tools are what they were declared to be, and every other tool of the agent is irreversible."""
    agent = govern("their_graphs:again", tools={"customer": read(max_age="15m")}).as_agent()
    assert {name: bound.tool.effect_class for name, bound in agent.tools.items()} == {
        "customer": "read",
        "book": "irreversible",
    }
    assert agent.unlisted == ("book",)
    assert agent.tools["book"].tool.parameters["required"] == ["po_number"]
    assert agent.tools["customer"].tool.description == "Looks a customer up."
    assert agent.models == {"their_graphs:again": "m-1"}
    assert agent.output.validate_python({"number": "1"}).number == "1"


def test_a_release_holds_what_the_model_is_told(theirs: Path) -> None:
    """A changed prompt, system prompt, output or model is another release."""

    def said(**options: Any) -> tuple[dict[str, str], dict[str, str]]:  # noqa: ANN401  # the options of govern
        agent = govern("their_graphs:agent", **options).as_agent()
        return {**agent.prompts, "file": ""}, dict(agent.models)

    def changed(old: str, new: str) -> tuple[dict[str, str], dict[str, str]]:
        theirs.write_text(THEIRS.replace(old, new))
        sys.modules.pop("their_graphs")
        importlib.invalidate_caches()
        (theirs.parent / "__pycache__" / f"their_graphs.{sys.implementation.cache_tag}.pyc").unlink(missing_ok=True)
        return said()

    plain = said()
    assert said() == plain
    assert said(prompt="Book: {case.text}") != plain
    assert said(prompt=lambda case: case.text) != plain
    assert changed("Be brief.", "Be long.") != plain
    assert changed('"m-1"', '"m-2"') != plain
    assert changed("number: str\n", "number: int\n") != plain
    assert changed("response_format=Order", "middleware=[ModelCallLimitMiddleware(run_limit=3)]") != plain
    assert changed("Be brief.", "Be brief.") == plain


@pytest.mark.usefixtures("theirs")
def test_an_agent_is_described_for_a_beginner() -> None:
    """What an agent brings can be listed before anything is declared."""
    found = describe("their_graphs:agent")
    assert [tool.name for tool in found.tools] == ["customer", "book"]
    assert found.tools[1].parameters["required"] == ["po_number"]
    assert (found.open_ended, found.needs_deps, found.model) == (False, False, "m-1")
    assert describe("their_graphs:needy").needs_deps
    assert describe("their_graphs:searching").native_tools == ("web_search",)
    assert describe("their_graphs:decorated").tools[0].declared == "read"


@pytest.mark.usefixtures("theirs")
def test_a_providers_tool_can_be_declared_as_a_read() -> None:
    """A provider-executed tool that is declared becomes a tool that the gate decides on."""
    agent = govern("their_graphs:searching", tools={"web_search": outbound_read()}).as_agent()
    assert agent.tools["web_search"].tool.effect_class == "outbound_read"


@pytest.mark.usefixtures("theirs")
def test_arguments_have_one_form_however_they_are_worded() -> None:
    """P2: defaults that are left out and numbers that are written as text give the same arguments."""
    bound = govern("their_graphs:agent", tools=BOOK).as_agent().tools["book"]
    forms: list[dict[str, object]] = [
        {"po_number": "1"},
        {"po_number": "1", "amount": 1},
        {"po_number": "1", "amount": "1.0"},
    ]
    assert [bound.dump(form) for form in forms] == [{"po_number": "1", "amount": 1.0}] * 3
    listed = govern("their_graphs:listed").as_agent().tools["list"]
    assert listed.dump({"number": "1"}) == listed.dump({"number": "1", "limit": 5}) == {"number": "1", "limit": 5}
    with pytest.raises(UserError, match="amount"):
        bound.dump({"po_number": "1", "amount": "many"})


@pytest.mark.parametrize(
    "attributes, error_class",
    [
        ({"status_code": 401}, "auth_expired"),
        ({"status_code": 402}, "budget_exhausted"),
        ({"status_code": 503}, "transient"),
        ({"status_code": 422}, "invalid_input"),
        ({"status_code": 429, "code": "insufficient_quota"}, "budget_exhausted"),
        ({"status_code": 400, "code": "context_length_exceeded"}, "context_overflow"),
    ],
)
def test_a_providers_failure_is_told_by_status_and_code(attributes: dict[str, Any], error_class: str) -> None:
    """P4: a failure of a provider's own client has a class, whichever client it is."""
    error = type("TheirError", (Exception,), attributes)("no")
    found = classified(ExceptionGroup("several", [error]))
    assert isinstance(found, Failed)
    assert found.error_class == error_class


QUIET = """
import socket, sys
def refuse(*args):
    raise AssertionError(f"a connection was opened to {args[1:]}")
socket.socket.connect = refuse
from bridgehead.adapters.langchain import govern
govern("their_graphs:agent").as_agent()
from langsmith.utils import tracing_is_enabled
from bridgehead.adapters.langchain.govern import _governed_by
assert tracing_is_enabled()
with _governed_by(None):
    assert not tracing_is_enabled()
"""


def test_nothing_is_sent_to_a_tracing_service(theirs: Path) -> None:
    """P1: loading an agent opens no connection, and a governed run is not traced, whatever the environment says."""
    done = subprocess.run(
        [sys.executable, "-c", QUIET],
        env={"PYTHONPATH": str(theirs.parent), "LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "k", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

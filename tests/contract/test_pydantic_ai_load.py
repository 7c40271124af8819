from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, DeferredToolRequests, Tool, ToolOutput
from pydantic_ai.agent import WrapperAgent
from pydantic_ai.capabilities import NativeTool
from pydantic_ai.models.test import TestModel
from pydantic_ai.native_tools import WebSearchTool
from pydantic_ai.toolsets import FunctionToolset

from bridgehead import UserError, irreversible, outbound_read, read, reversible
from bridgehead.adapters.pydantic_ai import describe, govern


class Order(BaseModel):
    number: str


def customer(number: str) -> str:
    """Looks a customer up."""
    return number


async def book(po_number: str, amount: float = 1.0) -> Order:
    """Books an order."""
    return Order(number=po_number)


@read
def declared_itself(number: str) -> str:
    """Finds its case on its own."""
    return number


def no_agent() -> None:
    """Is a function."""


async def runs(prompt: str, more: str) -> str:
    """Takes too much."""
    return prompt + more


def agent_of(**more: Any) -> Agent[Any, Any]:  # noqa: ANN401  # an Agent's own options
    return Agent(TestModel(), tools=[customer, book], **more)


DURABLE = type("TemporalAgent", (WrapperAgent,), {"__module__": "pydantic_ai.durable_exec.temporal"})


@pytest.fixture
def theirs() -> Iterator[ModuleType]:
    """Gives a module with agents in it, as an application of the framework would have."""
    module = ModuleType("their_application")
    vars(module).update(
        agent=agent_of(output_type=Order, instructions="Be brief."),
        needy=agent_of(deps_type=dict),
        searching=Agent(TestModel(), tools=[customer], capabilities=[NativeTool(WebSearchTool())]),
        asking=Agent(TestModel(), tools=[Tool(customer, requires_approval=True)]),
        deferring=Agent(TestModel(), output_type=[str, DeferredToolRequests]),
        joined=Agent(TestModel(), output_type=str | DeferredToolRequests),  # type: ignore[arg-type]  # a union is taken
        durable=DURABLE(agent_of()),
        decorated=Agent(TestModel(), tools=[declared_itself]),
        prefixed=Agent(TestModel(), toolsets=[FunctionToolset([customer]).prefixed("crm")]),
        formatting=Agent(TestModel(), output_type=[str, ToolOutput(customer, name="look")]),
        no_agent=no_agent,
        runs=runs,
    )
    sys.modules["their_application"] = module
    yield module
    del sys.modules["their_application"]


BOOK = {"book": reversible(key="po_number")}
WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("agent", {"prompt": "{case.txt}"}, "adapter.prompt", "did you mean text?"),
    ("agent", {"prompt": "{order}"}, "adapter.prompt", "{case.text}"),
    ("agent", {"prompt": 'Answer as {"json"}'}, "adapter.prompt", "{{ and }}"),
    ("agent", {"prompt": "{case.text"}, "adapter.prompt", "{{ and }}"),
    ("agent", {"tools": {"customer": read}}, "adapter.declaration", "parentheses"),
    ("agent", {"tools": {"costumer": read()}}, "adapter.tool", "did you mean customer?"),
    ("agent", {"tools": {"book": reversible(key="po")}}, "adapter.argument", "po_number"),
    ("agent", {"tools": {"book": irreversible(sensitive="amonut")}}, "adapter.argument", "did you mean amount?"),
    ("agent", {"checks_first": ["bok"]}, "adapter.tool", "did you mean book?"),
    ("agend", {}, "adapter.name", "did you mean agent?"),
    ("no_agent", {}, "adapter.type", "Name the Agent itself"),
    ("needy", {}, "adapter.deps", "deps="),
    ("agent", {"run": "their_application:no_agent"}, "adapter.run", "async def"),
    ("agent", {"run": "their_application:runs"}, "adapter.run", "prompt alone"),
    ("agent", {"run": "their_application:runs", "deps": dict}, "adapter.run", "leave out run"),
    ("searching", {}, "adapter.native", "outbound_read()"),
    ("searching", {"tools": {"web_search": irreversible()}}, "adapter.native", "Only reads"),
    ("asking", {}, "adapter.deferred", "hold: ROLE"),
    ("deferring", {}, "adapter.deferred", "hold: ROLE"),
    ("joined", {}, "adapter.deferred", "hold: ROLE"),
    ("formatting", {}, "adapter.output", "if it only computes"),
    ("durable", {}, "adapter.durable", "plain Agent"),
    ("decorated", {"tools": {"declared_itself": read()}}, "adapter.declaration", "Leave it out"),
]


@pytest.mark.parametrize("agent, options, code, hint", WRONG)
def test_what_cannot_be_governed_is_refused_with_a_hint(
    theirs: ModuleType, agent: str, options: dict[str, Any], code: str, hint: str
) -> None:
    """A declaration that does not fit its agent does not load, and says what would."""
    with pytest.raises(UserError) as refused:
        govern(f"their_application:{agent}", **options).as_agent()
    assert refused.value.code == code
    assert hint in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    "name, said",
    [("agent", "module:object"), ("nowhere:agent", "no module 'nowhere'"), ("broken_app:agent", "KeyError: 'MODEL'")],
)
def test_a_name_that_leads_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    """An agent whose name leads nowhere, or whose file does not load, is named with what happened."""
    (tmp_path / "broken_app.py").write_text("import os\nagent = os.environ['MODEL']\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("MODEL", raising=False)
    with pytest.raises(UserError) as refused:
        govern(name).as_agent()
    assert said in f"{refused.value.message} {refused.value.hint}"


def test_tools_are_described_to_gate_and_release(theirs: ModuleType) -> None:
    """P1: declared tools are what they were declared to be, and every other tool of the agent is irreversible."""
    agent = govern("their_application:agent", tools={"customer": read(max_age="15m")}).as_agent()
    assert {name: bound.tool.effect_class for name, bound in agent.tools.items()} == {
        "customer": "read",
        "book": "irreversible",
    }
    assert agent.unlisted == ("book",)
    assert agent.tools["book"].tool.parameters["required"] == ["po_number"]
    assert agent.tools["customer"].tool.description == "Looks a customer up."
    assert agent.models == {"their_application:agent": "test:test"}
    assert agent.output.validate_python({"number": "1"}) == Order(number="1")


def test_a_release_holds_what_the_model_is_told(theirs: ModuleType) -> None:
    """A changed prompt, instruction, output or model is another release."""

    def said(**options: Any) -> tuple[dict[str, str], dict[str, str]]:  # noqa: ANN401  # the options of govern
        agent = govern("their_application:agent", **options).as_agent()
        return dict(agent.prompts), dict(agent.models)

    plain = said()
    assert said() == plain
    assert said(prompt="Book: {case.text}") != plain
    assert said(prompt=lambda case: case.text) != plain
    assert said(model="openai:another") != plain
    vars(theirs)["agent"] = agent_of(output_type=Order, instructions="Be long.")
    assert said() != plain
    vars(theirs)["agent"] = agent_of(output_type=str, instructions="Be brief.")
    assert said() != plain


def test_an_agent_is_described_for_a_beginner(theirs: ModuleType) -> None:
    """What an agent brings can be listed before anything is declared."""
    found = describe("their_application:agent")
    assert [tool.name for tool in found.tools] == ["customer", "book"]
    assert found.tools[1].parameters["required"] == ["po_number"]
    assert (found.open_ended, found.needs_deps, found.model) == (False, False, "test:test")
    assert describe("their_application:needy").needs_deps
    assert describe("their_application:searching").native_tools == ("web_search",)
    assert describe("their_application:formatting").output_functions == ("customer",)
    assert describe("their_application:decorated").tools[0].declared == "read"
    assert [tool.name for tool in describe("their_application:prefixed").tools] == ["crm_customer"]


def test_a_providers_tool_can_be_declared_as_a_read(theirs: ModuleType) -> None:
    """A provider-executed tool that is declared becomes a tool that the gate decides on."""
    agent = govern("their_application:searching", tools={"web_search": outbound_read()}).as_agent()
    assert agent.tools["web_search"].tool.effect_class == "outbound_read"


def test_arguments_have_one_form_however_they_are_worded(theirs: ModuleType) -> None:
    """P2: defaults that are left out and numbers that are written as text give the same arguments."""
    bound = govern("their_application:agent", tools=BOOK).as_agent().tools["book"]
    forms: list[dict[str, object]] = [
        {"po_number": "1"},
        {"po_number": "1", "amount": 1},
        {"po_number": "1", "amount": "1.0"},
    ]
    assert [bound.dump(form) for form in forms] == [{"po_number": "1", "amount": 1.0}] * 3
    with pytest.raises(UserError, match="amount"):
        bound.dump({"po_number": "1", "amount": "many"})


def test_a_prompt_may_be_a_function(theirs: ModuleType) -> None:
    """A prompt that is a function of the case is taken as it is, braces and all."""
    agent = govern("their_application:agent", prompt=lambda case: f"{{{case.text}}}", input=int).as_agent()
    assert agent.input.validate_python("3") == 3

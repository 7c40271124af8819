"""What the model of a framework's agent is sent in a long run."""

from __future__ import annotations

import json

import pytest

from tests.contract.test_pydantic_ai import INNER as PYDANTIC_AI
from tests.support.langchain_agents import INNER as LANGCHAIN
from tests.support.world import World

TOOLS_CODE = """
@read
async def price(thing: str) -> str:
    '''What a thing costs.'''
    with (HERE / "reads").open("a") as file:
        file.write(thing)
    return f"{thing} costs {len((HERE / 'reads').read_text())}. " + "As was said at length. " * LONG
"""
REPLIES = """
def told(messages):
    (HERE / "told.json").write_text(json.dumps([str(one[-1]) for one in results(messages)]))
    return "done"

turns = iter(range(9))

def reply(messages):
    '''Takes the next turn, however much of the conversation is left.'''
    turn = next(turns)
    return told(messages) if turn == 3 else [call("price", thing="aba"[turn])]

REPLIES = (reply,) * 4
"""
OF_PYDANTIC_AI = f"""{PYDANTIC_AI}{TOOLS_CODE}{REPLIES}
inner = Agent(scripted(*REPLIES), tools=[price])
agent = govern("{{module}}:inner", prompt="Look at {{case.input[po]}}")
"""
OF_LANGCHAIN = f"""
HERE = Path(__file__).parent
{TOOLS_CODE}
from bridgehead.adapters.langchain import govern
agent = govern("{{module}}_inner:inner", prompt="Look at {{case.input[po]}}")
"""
INNER = f"""{LANGCHAIN}
from {{module}} import price
{REPLIES}
inner = create_agent(scripted(*REPLIES), tools=[price])
"""
WINDOW = """
models:
  default: {url: "http://127.0.0.1:9/v1", name: m, window: 2000, max_tokens: 200}
"""


async def told(world: World, framework: str, long: int, more: str) -> list[str]:
    """Returns the results that the model saw in its last turn."""
    code = (OF_PYDANTIC_AI if framework == "pydantic-ai" else OF_LANGCHAIN).replace("{module}", world.module)
    code = code.replace("LONG", str(long))
    more = f"limits: {{steps: 40, repeats: 5}}\n{more}"
    place = world.write(code, tools="price: allow", more=more)
    (place / f"{world.module}_inner.py").write_text(INNER.replace("{module}", world.module))
    await world.deploy(code, tools="price: allow", more=more)
    await world.submit({"po": "1"})
    await world.settle()
    found: list[str] = json.loads((place / "told.json").read_text())
    return found


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain"])
async def test_a_model_sees_a_superseded_fact_marked(world: World, framework: str) -> None:
    """P5: what was read again and differs is not before the model twice."""
    first, other, again = await told(world, framework, 0, "")
    assert first == "[superseded: price was read again later and says otherwise]"
    assert other.startswith("b costs 2")
    assert again.startswith("a costs 3")


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain"])
async def test_a_conversation_is_shortened_before_it_is_refused(world: World, framework: str) -> None:
    """What a model is sent stays within its window: the results that are left are cut, and say so."""
    found = await told(world, framework, 150, WINDOW)
    assert sum(len(one) for one in found) < 1_800 * 3
    assert found[-1].startswith("a costs 3")
    assert any("[cut: " in one for one in found)

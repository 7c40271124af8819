"""A case makes do with less as its time runs out, in the declared order, and is handed over before it is over."""

from __future__ import annotations

import pytest

from bridgehead.storage.queries_case_view import CaseView
from bridgehead.storage.queries_cases import CaseQueries
from tests.contract.test_model_turns import noted
from tests.support.world import World

AGENT = """
from bridgehead.cases.context import Turn

asked = []

async def one(name):
    asked.append(name)
    if name in STALLED:
        await asyncio.Event().wait()
    return "answer of " + name

async def agent(case: Case[dict], ctx: Context) -> str:
    asker = ctx.asker("step", "x")

    async def run():
        answer = await asker.ask(one)
        return Turn(answer.value, "m", 1, 1)

    try:
        said = await ctx.turn("step", fed=0, request=0, run=run, asker=asker)
    except Failed as failed:
        if not failed.attributes.get("no_model"):
            raise
        said = "by rules"
    if case.input.get("ask"):
        said += ", " + await ctx.ask("desk", "Right?", str)
    return said
"""
MODELS = """
models:
  default: {url: "http://127.0.0.1:9/v1", name: slow, timeout: 60s}
  fast: {url: "http://127.0.0.1:9/v1", name: fast, timeout: 60s}
"""


async def run(world: World, stalled: str, case: str, *, ask: bool = False) -> CaseView:
    """Runs one order through an agent whose models stall as named; ``case`` is its deadline and what it degrades to."""
    await world.deploy(f"STALLED = {stalled.split()!r}\n{AGENT}", tools="{}", more=MODELS, deadline=case)
    await world.submit({"po": "1", "ask": ask})
    await world.settle()
    return await view(world)


async def view(world: World) -> CaseView:
    """Returns all of the one case."""
    (case,) = await world.cases()
    return await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"])))


def output(found: CaseView) -> object:
    """Returns what the agent came to."""
    assert isinstance(found.outcome, dict), found.case
    return found.outcome["output"]


@pytest.mark.parametrize(
    "case, said, why",
    [
        ("1h, degrade: {fast: 9s, rules: 3s}", "answer of default", ""),
        ("1h, degrade: {fast: 3599.99s, rules: 3s}", "answer of fast", "hurry"),
        ("1h, degrade: {fast: 3599.999s, rules: 3599.99s}", "by rules", None),
    ],
)
async def test_the_stage_of_the_time_left_answers(world: World, case: str, said: str, why: str | None) -> None:
    """P3: with time the agent's own model answers, with less the second one, with less still the agent's rules."""
    turns = noted(world)
    found = await run(world, "", case)
    assert output(found) == said
    (turn,) = turns
    if why is None:
        assert "error" in turn
    else:
        assert turn["answered_by"] == {"model": said.rpartition(" ")[2], "why": why}


@pytest.mark.parametrize(
    "stalled, said", [("default", "answer of fast"), ("default fast", "by rules")], ids=["one", "both"]
)
async def test_a_model_that_stalls_leaves_time_for_what_comes_after_it(world: World, stalled: str, said: str) -> None:
    """P3: a model that never answers is given up in time for the next stage, and the case is done by its deadline."""
    found = await run(world, stalled, "4s, degrade: {fast: 3s, rules: 1.5s, person: 0.2s}")
    assert output(found) == said


async def test_a_replay_goes_by_the_rules_again(world: World) -> None:
    """P3: a case that went on without a model goes the same way after an answer, though there is time again."""
    await run(world, "", "1h, degrade: {rules: 3599.99s}", ask=True)
    await world.decide("answer", answer="yes")
    await world.settle()
    assert output(await view(world)) == "by rules, yes"


async def test_a_case_without_another_way_is_handed_over_when_its_person_is_due(world: World) -> None:
    """P3: an agent that has no rules loses its case to a person as long before the deadline as is declared."""
    await run(world, "default", "3s, degrade: {person: 2s}")
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "deadline")
    (left,) = await world.rows(
        "select extract(epoch from c.opened_at + interval '3s' - r.opened_at)::float8 as s from reviews r"
        " join cases c on c.id = r.case_id"
    )
    assert 1.0 <= float(str(left["s"])) <= 2.1

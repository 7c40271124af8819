"""A second model as a check: asked over real HTTP, held to its schema, within the case's limits and on its books."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from bridgehead.app import load_deployment
from bridgehead.cases.judging import by_model
from bridgehead.errors import UserError
from bridgehead.models import Asked, Fault, Reply, ScriptedServer, Usage
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World

CODE = """
from bridgehead.cases.checking import vote
from bridgehead.cases.judging import by_model

def rule(*, args, result):
    return result > 0

@dataclass
class Verdict:
    right: bool
    why: str
    evidence: str

look = {check}

@read(check=look)
async def amount(po: str) -> int:
    return 7

async def agent(case: Case[dict], ctx: Context) -> int:
    return await amount(case.input["po"])
"""
RIGHT = Reply(output={"right": True, "why": ""}, usage=Usage(1_000, 10))
WRONG = Reply(output={"right": False, "why": "the mail says 9"}, usage=Usage(1_000, 10))
ONE = 'by_model("Is it the amount of the mail?", model="judge")'


def models(server: ScriptedServer, more: str = "") -> str:
    """Returns the lines of one model that judges, with its price."""
    return f"""
models:
  judge: {{url: "{server.url}", name: small, price: {{input: 1 USD/M, output: 10 USD/M}}}}
{more}"""


async def run(world: World, script: Sequence[Reply | Fault], check: str = ONE, more: str = "") -> list[Asked]:
    """Runs one case whose read is checked by what the server answers; returns what the server was asked."""
    async with ScriptedServer(list(script)) as server:
        await world.deploy(CODE.format(check=check), tools="amount: allow", more=models(server, more))
        await world.submit({"po": "1"})
        await world.settle()
    return server.requests


async def booked(world: World) -> list[tuple[str, str | None]]:
    """Returns the entries of models on the one case's books."""
    (case,) = await world.cases()
    view = await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"])))
    return [(cost.name, cost.amount) for cost in view.costs if cost.kind == "model"]


async def verdicts(world: World) -> list[tuple[object, ...]]:
    """Returns what each check said, and whether it could say anything."""
    rows = await world.rows("select checked_by, attempt, passed, said from checks order by id")
    return [tuple(row.values()) for row in rows]


def told(asked: Asked) -> list[Mapping[str, JSON]]:
    """Returns the messages of a request."""
    messages = asked.body["messages"]
    assert isinstance(messages, list)
    return messages


async def test_a_second_model_lets_a_right_result_pass(world: World) -> None:
    """P4: a second model is asked the declared question about arguments and result, as data, and its call is booked."""
    (asked,) = await run(world, [RIGHT])
    system, user = told(asked)
    assert "Is it the amount of the mail?" in str(system["content"])
    assert json.loads(str(user["content"])) == {"args": {"po": "1"}, "result": 7}
    assert (await world.cases())[0]["outcome"] == "completed"
    assert await verdicts(world) == [("model judge: Is it the amount of the mail?", 0, True, True)]
    assert await booked(world) == [("scripted-1", "0.00110000")]


async def test_what_a_second_model_finds_wrong_goes_to_a_person(world: World) -> None:
    """P4: a result that a second model finds wrong twice is a person's, with the model's reason."""
    assert len(await run(world, [WRONG, WRONG])) == 2
    (review,) = await world.reviews()
    assert "the mail says 9" in str(review.shown["reason"])
    assert [one[2] for one in await verdicts(world)] == [False, False]
    assert len(await booked(world)) == 2


async def test_a_verdict_off_its_schema_is_repaired_once(world: World) -> None:
    """P4: a verdict that is none is asked for once more with what was wrong; both answers are on the books."""
    off = Reply(text='{"right": "yes, quite"}', usage=Usage(500, 4))
    first, second = await run(world, [off, RIGHT])
    assert told(second)[: len(told(first))] == told(first)
    own, complaint = told(second)[len(told(first)) :]
    assert (own["role"], own["content"]) == ("assistant", '{"right": "yes, quite"}')
    assert "does not meet its schema" in str(complaint["content"])
    assert (await world.cases())[0]["outcome"] == "completed"
    assert await booked(world) == [("scripted-1", "0.00110000"), ("small, failed: invalid_output", "0.00054000")]


async def test_no_verdict_lets_nothing_pass(world: World) -> None:
    """P4: a model that comes to no verdict is told from one that finds something wrong, and nothing passes."""
    off = Reply(text="I am not sure", usage=Usage(500, 4))
    await run(world, [off] * 4)
    assert (await world.cases())[0]["state"] == "with_person"
    assert [one[2:] for one in await verdicts(world)] == [(False, False), (False, False)]
    (review,) = await world.reviews()
    assert "Unmet" not in str(review.shown["reason"]), "a person reads words, not names of classes"


@pytest.mark.parametrize("answers, passes", [([RIGHT, WRONG, RIGHT], True), ([WRONG, WRONG, RIGHT] * 2, False)])
async def test_a_vote_of_models_goes_by_the_majority(world: World, answers: list[Reply], passes: bool) -> None:
    """P4: the same model asked several times, or beside rules, is one vote each."""
    check = 'vote(*[by_model("Is it right?", model="judge")] * 3)'
    await run(world, answers, check)
    assert ((await world.cases())[0]["outcome"] == "completed") is passes
    assert len(await booked(world)) == len(answers)


async def test_a_verdict_may_hold_more_than_yes_and_no(world: World) -> None:
    """P4: what a verdict looks like is declared by a type, and the model is held to all of it."""
    check = 'by_model("Is it right?", model="judge", verdict=Verdict)'
    full = Reply(output={"right": True, "why": "", "evidence": "line 3"})
    first, second = await run(world, [RIGHT, full], check)
    assert first.body != second.body
    assert (await world.cases())[0]["outcome"] == "completed"


async def test_a_check_keeps_the_limits_of_its_case(world: World) -> None:
    """P2: a check that would pass the case's limit of money is not asked, and lets nothing pass."""
    assert not await run(world, [RIGHT], more="limits: {cost: 0.001 USD}")
    assert (await world.cases())[0]["state"] == "with_person"


async def test_a_model_that_nobody_declared_is_refused_at_load(world: World) -> None:
    """A check names a model of bridgehead.yaml, or the deployment does not load."""
    async with ScriptedServer([]) as server:
        check = f"vote(rule, {ONE.replace('judge', 'jugde')})"
        with pytest.raises(UserError, match="asks the model 'jugde'") as refused:
            load_deployment(world.write(CODE.format(check=check), tools="amount: allow", more=models(server)))
    assert "did you mean judge?" in refused.value.message


def test_a_type_that_is_no_verdict_is_refused() -> None:
    """A verdict says whether something is right, so its type has that field."""
    with pytest.raises(UserError, match="is no verdict"):
        by_model("Is it right?", verdict=dict[str, int])
    with pytest.raises(UserError, match="needs a question"):
        by_model("  ")


async def test_outside_of_a_case_nobody_is_asked() -> None:
    """A check that asks a model spends no money where no case runs."""
    with pytest.raises(UserError, match="only while a case runs"):
        await by_model("Is it right?")(args={}, result=1)


BUSY = Fault("status", code=429, headers={"retry-after": "60"})
LATER = 'vote(rule, by_model("Is it right?", model="judge"), by_model("Is it the customer?", model="judge"))'


async def test_a_throttled_voice_counts_on_neither_side(world: World) -> None:
    """P4: a vote that a throttled voice leaves open is no verdict: the case waits and asks again."""
    async with ScriptedServer([BUSY, BUSY, RIGHT, WRONG]) as server:
        await world.deploy(CODE.format(check=LATER), tools="amount: allow", more=models(server))
        await world.submit({"po": "1"})
        async with world.working():

            async def waits() -> bool:
                return bool(await world.rows("select 1 from cases where state = 'waiting' and wake_at is not null"))

            await world.until(waits, what="the wait")
        assert (await world.reviews(), [one[2:] for one in await verdicts(world)]) == ([], [(False, False)])
        await world.pass_time(timedelta(seconds=90))
        await world.settle()
        (case,) = await world.cases()
        assert case["outcome"] == "completed"
    assert [one[2:] for one in await verdicts(world)] == [(False, False), (True, True)]


async def test_a_throttled_voice_does_not_keep_a_majority_waiting(world: World) -> None:
    """P4: where enough voices say right, one that cannot say changes nothing."""
    await run(world, [RIGHT, BUSY], LATER)
    assert (await world.cases())[0]["outcome"] == "completed"
    assert [one[2:] for one in await verdicts(world)] == [(True, True)]


async def test_a_judge_that_stays_away_lets_nothing_pass(world: World) -> None:
    """P4: a judge that stays away lets nothing pass: the role for its failure has the case."""
    async with ScriptedServer([Fault("status", code=401)] * 20) as server:
        await world.deploy(CODE.format(check=LATER), tools="amount: allow", more=models(server))
        await world.submit({"po": "1"})
        await world.settle()
    (review,) = await world.reviews()
    assert review.error_class == "auth_expired"
    assert "2 could not say" in str(review.shown["reason"])

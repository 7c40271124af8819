"""A model's reply that is not what was asked is repaired once; then another model answers, or a person has the case."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.models import Fault, Reply, ScriptedServer, Usage
from bridgehead.storage.queries_case_view import CaseView
from bridgehead.storage.queries_cases import CaseQueries
from tests.contract.test_second_model import told
from tests.support.world import World

CODE = """
from bridgehead.models import Message, OpenAICompatible, Turn
from bridgehead.models.governed import ask

SCHEMA = {{"type": "object", "properties": {{"quantity": {{"type": "integer"}}}}, "required": ["quantity"]}}
CLIENTS = {{"default": OpenAICompatible("{first}", "first"), "other": OpenAICompatible("{second}", "second")}}

async def agent(case: Case[dict], ctx: Context) -> int:
    reply = await ask(ctx, Turn((Message("user", case.text),), output_schema=SCHEMA, max_tokens={tokens}), CLIENTS)
    await ctx.ask("desk", "Is it right?", bool)
    return reply.output["quantity"]
"""
OFF = Reply(text='{"quantity": "seven"}', usage=Usage(100, 5))
GOOD = Reply(output={"quantity": 7}, usage=Usage(200, 5))
PRICE = "{input: 1 USD/M, output: 10 USD/M}"


async def run(
    world: World,
    first: Sequence[Reply | Fault],
    second: Sequence[Reply | Fault] = (),
    *,
    more: str = "",
    tokens: int | None = None,
) -> tuple[CaseView, ScriptedServer, ScriptedServer]:
    """Runs one case of an agent that asks one thing, and once more from the top after a person has answered."""
    async with ScriptedServer(list(first), model="one") as one, ScriptedServer(list(second), model="two") as two:
        fallback = ", fallback: other" if second else ""
        declared = f"""
models:
  default: {{url: "{one.url}", name: first, price: {PRICE}{fallback}}}
  other: {{url: "{two.url}", name: second, price: {PRICE}}}
{more}"""
        await world.deploy(CODE.format(first=one.url, second=two.url, tokens=tokens), tools="{}", more=declared)
        await world.submit({"po": "1"})
        await world.settle()
        if [review.kind for review in await world.reviews()] == ["question"]:
            await world.decide("answer", answer=True)
        await world.settle()
    (case,) = await world.cases()
    return await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"]))), one, two


async def test_a_reply_off_its_schema_is_repaired_once(world: World) -> None:
    """P4: the model is told what was wrong with its own answer; both are priced, replays cost nothing."""
    found, one, _ = await run(world, [OFF, GOOD])
    assert found.case.outcome == "completed"
    before, after = one.requests
    own, complaint = told(after)[len(told(before)) :]
    assert own["content"] == '{"quantity": "seven"}'
    assert "$.quantity" in str(complaint["content"])
    (turn,) = [step for step in found.steps if step.kind == "model"]
    assert turn.ok
    assert [(cost.name, cost.amount) for cost in found.costs if cost.kind == "model"] == [
        ("one", "0.00025000"),
        ("first, failed: invalid_output", "0.00015000"),
    ]


async def test_another_model_answers_when_repair_did_not_help(world: World) -> None:
    """P4: after two answers that are none the fallback is asked, and all three are on the books."""
    found, one, two = await run(world, [OFF, OFF], [GOOD])
    assert (found.case.outcome, len(one.requests), len(two.requests)) == ("completed", 2, 1)
    assert told(two.requests[0]) == told(one.requests[0])
    assert len([cost for cost in found.costs if cost.kind == "model"]) == 3


async def test_an_answer_that_was_cut_off_is_not_repaired(world: World) -> None:
    """P4: an answer without its end goes to another model at once: the same one would end at the same place."""
    found, one, two = await run(world, [Fault("length", GOOD), GOOD], [GOOD], tokens=5)
    assert (found.case.outcome, len(one.requests), len(two.requests)) == ("completed", 1, 1)


async def test_a_person_has_the_case_when_no_model_answers_as_asked(world: World) -> None:
    """P4: what stays off its schema is asked for no third time, and a person gets the case as invalid_output."""
    found, one, _ = await run(world, [OFF, OFF, GOOD])
    assert (found.case.state, found.case.error_class, len(one.requests)) == ("with_person", "invalid_output", 2)
    assert [cost.amount for cost in found.costs if cost.kind == "model"] == ["0.00015000", "0.00015000"]


async def test_an_answer_is_quoted_to_nobody_but_its_model(world: World) -> None:
    """What a model wrongly said is in no review and no reason: it may hold anything."""
    secret = Reply(text='{"quantity": "hunter2"}', usage=Usage(100, 5))
    await run(world, [secret, secret])
    (review,) = await world.reviews()
    assert "hunter2" not in str(review.shown)


async def test_a_repair_is_reserved_for(world: World) -> None:
    """P2: a limit of money that leaves room for one answer alone lets none be asked."""
    # A turn of 1,024 tokens of output at most costs 0.0103 USD, and with its repair twice that.
    found, one, _ = await run(world, [OFF, GOOD], more="limits: {cost: 0.015 USD}")
    assert (found.case.error_class, len(one.requests)) == ("budget_exhausted", 0)

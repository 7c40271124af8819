"""A case's model turns: hedged, asked again, given to another model, within limits and budgets, all of it booked."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import StepWrite, Write
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView
from bridgehead.storage.queries_cases import CaseQueries
from tests.contract import test_pydantic_ai
from tests.support import langchain_agents
from tests.support.world import World

PLAIN = """
from bridgehead.cases.context import Turn
script = {}
asked = []

async def agent(case: Case[dict], ctx: Context) -> str:
    said = []
    for step in range(len(case.input["steps"])):
        asker = ctx.asker("step", "x" * 300)
        learned(asker)

        async def one(name):
            asked.append(name)
            what = script.get(name, [])
            reply = what.pop(0) if what else "answer of " + name
            if isinstance(reply, Failed):
                raise reply
            if reply == "hang":
                await asyncio.Event().wait()
            return reply

        async def run():
            answer = await asker.ask(one, used=lambda _: 110)
            return Turn(answer.value, {"default": "gpt-4o", "fast": "gpt-4o-mini"}[answer.model], 100, 10)

        said.append(await ctx.turn("step", fed=step, request=step, run=run, asker=asker))
    await ctx.ask("desk", "Is it right?", bool)
    return " / ".join(said)

def learned(asker):
    pass
"""
LEARNED = """
def learned(asker):
    quantile = asker._answering.hedging("default").quantile
    if quantile.value() is None:
        for _ in range(100):
            quantile.add(0.01)
            asker._answering.hedging("default").budget.first()
"""
OPENAI = "https://api.openai.com/v1"


def models(more: str = "", **fields: str) -> str:
    """Returns the lines of two models at one provider; the fields are of the first."""
    written = "".join(f", {name}: {value}" for name, value in fields.items())
    return f"""
models:
  default: {{url: "{OPENAI}", name: gpt-4o{written}}}
  fast: {{url: "{OPENAI}", name: gpt-4o-mini}}
{more}
"""


async def run(world: World, code: str, more: str, steps: int = 1) -> CaseView:
    """Runs one order through an agent of so many turns until somebody is needed; returns all of its case."""
    await world.deploy(PLAIN + textwrap.dedent(code), tools="{}", more=more)
    await world.submit({"po": "1", "steps": "x" * steps})
    await world.settle()
    return await view(world)


async def view(world: World) -> CaseView:
    """Returns everything recorded about the one case."""
    (case,) = await world.cases()
    return await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"])))


def noted(world: World) -> list[Mapping[str, JSON]]:
    """Returns a list that fills with what is put on record of each model turn."""
    found: list[Mapping[str, JSON]] = []
    commit = world.app.cases.commit

    async def noting(claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        found.extend(one.payload for one in writes if isinstance(one, StepWrite) and one.kind == "model")
        return await commit(claim, writes, actor=actor)

    world.app.cases.commit = noting  # type: ignore[method-assign]  # listens and passes on
    return found


def costs(found: CaseView) -> list[tuple[str, str | None, int | None, int | None]]:
    """Returns the entries of a case's books: name, amount, tokens."""
    return [(cost.name, cost.amount, cost.input_tokens, cost.output_tokens) for cost in found.costs]


async def test_another_model_answers_a_refusal_and_the_record_says_why(world: World) -> None:
    """P4: where the model refuses, its fallback answers; both are booked, and the record names who answered and why."""
    noted_turns = noted(world)
    code = 'script["default"] = [Failed("no", error_class="refused_by_model")]'
    found = await run(world, code, models(fallback="fast"))
    (turn,) = noted_turns
    assert turn["reply"] == "answer of fast"
    assert turn["answered_by"] == {"model": "fast", "why": "fallback after refused_by_model"}
    # 100 tokens in at 0.15 USD a million and 10 out at 0.60; of the refusal at least the input, at 2.50.
    assert costs(found) == [
        ("gpt-4o-mini", "0.00002100", 100, 10),
        ("gpt-4o, failed: refused_by_model", "0.00025000", 100, None),
    ]


async def test_a_price_is_recorded_with_its_source_and_time(world: World) -> None:
    """The books' amount of a model stands beside where its price is from and of when it is."""
    noted_turns = noted(world)
    await run(world, "", models())
    (turn,) = noted_turns
    price = turn["price"]
    assert isinstance(price, dict)
    assert price["money"] == "0.00035000 USD"
    assert str(price["source"]).startswith("genai-prices ")
    assert price["at"]


async def test_a_hanging_model_is_hedged_and_the_cancelled_attempt_is_paid_for(world: World) -> None:
    """After the running p90 the second model is asked; its answer counts, and the first is booked with its input."""
    noted_turns = noted(world)
    found = await run(world, LEARNED + '\nscript["default"] = ["hang"]', models(hedge="fast"))
    (turn,) = noted_turns
    assert turn["answered_by"] == {"model": "fast", "why": "hedge"}
    assert costs(found) == [("gpt-4o-mini", "0.00002100", 100, 10), ("gpt-4o, cancelled", "0.00025000", 100, None)]


async def test_a_model_that_stays_silent_times_out_and_falls_back(world: World) -> None:
    """An attempt longer than the model's timeout is over; after its tries the fallback answers."""
    noted_turns = noted(world)
    await run(world, 'script["default"] = ["hang", "hang"]', models(timeout="0.1s", fallback="fast"))
    (turn,) = noted_turns
    assert turn["answered_by"] == {"model": "fast", "why": "fallback after timeout"}
    attempts = turn["attempts"]
    assert isinstance(attempts, list)
    assert [(one["model"], one["ending"], one["error_class"]) for one in attempts] == [
        ("default", "failed", "timeout"),
        ("default", "failed", "timeout"),
        ("fast", "answered", None),
    ]


async def test_a_failure_that_nobody_answers_is_on_the_books(world: World) -> None:
    """P6: what a turn cost that ended without an answer is booked before its case goes to a person."""
    found = await run(world, 'script["default"] = [Failed("no", error_class="refused_by_model")]', models())
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "refused_by_model")
    assert [name for name, *_ in costs(found)] == ["gpt-4o, failed: refused_by_model"]


async def test_an_early_refusal_of_the_server_costs_nothing(world: World) -> None:
    """A request that was turned away before any work is asked again and not billed."""
    noted_turns = noted(world)
    found = await run(world, 'script["default"] = [Failed("slow", error_class="throttled")]', models())
    assert costs(found) == [("gpt-4o", "0.00035000", 100, 10)]
    (turn,) = noted_turns
    assert turn["answered_by"] == {"model": "default", "why": "retry"}


async def test_a_turn_that_may_pass_the_limit_is_not_asked(world: World) -> None:
    """P6: the most a turn may cost is reserved before it: a case whose limit leaves no room asks nobody."""
    more = models("limits: {cost: 0.02 USD}", max_tokens="1000")
    found = await run(world, "", more, steps=30)
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "budget_exhausted")
    # 100 tokens and an answer of 1,000 may cost 0.01025 USD; a turn settles at 0.00035.
    asked = sum(step.kind == "model" for step in found.steps)
    assert asked == 28
    assert sum(Decimal(str(amount)) for _, amount, *_ in costs(found)) <= Decimal("0.02")


async def test_a_model_without_a_price_uses_up_its_limit_at_the_worst(world: World) -> None:
    """P6: of an unknown model budgets take the dearest price, also after its case was replayed."""
    noted_turns = noted(world)
    own = models("limits: {cost: 0.15 USD}", max_tokens="100").replace(OPENAI, "http://127.0.0.1:9/v1")
    found = await run(world, "", own, steps=1)
    # 100 tokens at 150 USD a million and 10 at 600: unknown on the books, and counted all the same.
    assert costs(found) == [("gpt-4o", None, 100, 10)]
    (turn,) = noted_turns
    assert turn["unpriced"] == "0.02100000 USD"
    await world.decide("answer", answer=True)
    await world.settle()
    (case,) = await world.cases()
    assert case["state"] == "done"


async def test_an_unknown_price_counts_again_after_a_replay(world: World) -> None:
    """P6: a replayed case does not forget what its unpriced turns were taken for."""
    noted_turns = noted(world)
    code = """
    async def agent(case: Case[dict], ctx: Context) -> str:
        for step in range(3):
            asker = ctx.asker("step", "")
            async def one(name):
                return "yes"
            async def run():
                return Turn((await asker.ask(one)).value, "m", 100, 100)
            await ctx.turn("step", fed=step, request=step, run=run, asker=asker)
            await ctx.ask("desk", f"Right, {step}?", bool)
        return "done"
    """
    own = models("limits: {cost: 0.20 USD}", max_tokens="100").replace(OPENAI, "http://127.0.0.1:9/v1")
    await run(world, code, own)
    for _ in range(2):
        await world.decide("answer", answer=True)
        await world.settle()
    (case,) = await world.cases()
    # Each turn counts 0.075 USD: two fit into 0.20, the third would pass it.
    assert (case["state"], case["error_class"]) == ("with_person", "budget_exhausted")
    assert len(noted_turns) == 2


PYDANTIC = """
def refuses(messages, info):
    asked.append("default")
    raise ModelHTTPError(503, "m")

def answers(messages, info):
    asked.append("fast")
    return ModelResponse(parts=[TextPart("from the other")])

inner = Agent(FunctionModel(refuses))
agent = govern("{module}:inner", models={"fast": FunctionModel(answers)})
"""
LANGCHAIN = """
def refuses(messages):
    asked.append("default")
    return exceptions.ModelAPIError("503")

inner = create_agent(scripted(*[refuses] * 9), tools=[])
"""


async def test_an_agent_of_pydantic_ai_is_given_another_model(world: World) -> None:
    """A governed agent's turn is made again and then given to the fallback, which `govern(models=…)` brings."""
    noted_turns = noted(world)
    code = test_pydantic_ai.INNER + PYDANTIC.replace("{module}", world.module)
    await world.deploy(code, tools="{}", more=models(fallback="fast"))
    await world.submit({"po": "1"})
    await world.settle()
    found = await view(world)
    assert found.case.state == "done"
    assert test_pydantic_ai.module(world).asked == ["default", "default", "fast"]
    (turn,) = noted_turns
    assert turn["answered_by"] == {"model": "fast", "why": "fallback after transient"}


async def test_an_agent_of_langchain_is_given_another_model(world: World) -> None:
    """A governed agent's turn is made again and then given to the fallback, which `govern(models=…)` brings."""
    noted_turns = noted(world)
    inner = f"{world.module}_inner"
    world.place.mkdir()
    (world.place / f"{inner}.py").write_text(langchain_agents.INNER + LANGCHAIN)
    code = f"""
        from bridgehead.adapters.langchain import govern
        from langchain_core.language_models import FakeListChatModel
        agent = govern("{inner}:inner", models={{"fast": FakeListChatModel(responses=["from the other"])}})
    """
    await world.deploy(code, tools="{}", more=models(fallback="fast"))
    await world.submit({"po": "1"})
    await world.settle()
    found = await view(world)
    assert found.case.state == "done"
    (turn,) = noted_turns
    assert turn["answered_by"] == {"model": "fast", "why": "fallback after transient"}

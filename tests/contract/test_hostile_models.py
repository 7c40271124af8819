"""A model's server may say what it likes: its answer is a turn on the books, or a failure of its class, never a bug."""

from __future__ import annotations

import pytest

from bridgehead.clock import perf_s
from bridgehead.errors import Failed, UserError
from bridgehead.ids import parse
from bridgehead.models.checked import hold_to
from bridgehead.models.classes import retry_after_s
from bridgehead.models.sse import EventDecoder
from bridgehead.models.wire import Answer
from bridgehead.spec.tool import JSON
from tests.support.http_server import Asked, Told, http_server
from tests.support.world import World

CODE = """
from bridgehead.models import Message, OpenAICompatible, Turn
from bridgehead.models.governed import ask

SCHEMA = {{"type": "object", "properties": {{"quantity": {{"type": "number"}}}}, "required": ["quantity"]}}

async def agent(case: Case[dict], ctx: Context) -> str:
    async with OpenAICompatible("{url}", "first") as client:
        reply = await ask(ctx, Turn((Message("user", case.text),), output_schema=SCHEMA), client)
    if "ask" in case.input:
        await ctx.ask("desk", "Is it right?", bool)
    return str(reply.output["quantity"])
"""
FINE = '{"quantity": 7}'
USED: dict[str, JSON] = {"prompt_tokens": 10, "completion_tokens": 5}


async def run(
    world: World,
    content: str,
    *,
    model: str = "one",
    usage: dict[str, JSON] = USED,
    price: str = "{input: 1 EUR/M, output: 10 EUR/M}",
    **order: JSON,
) -> list[tuple[str, str]]:
    """Runs a case whose model says this every time; returns name and amount of what is on the books."""
    message: JSON = {"role": "assistant", "content": content}
    answer: JSON = {"model": model, "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}

    async def told(_: Asked) -> Told:
        return Told(200, answer)

    async with http_server(told) as server:
        more = f"""
models:
  default: {{url: "{server.url}", name: first, price: {price}}}
limits: {{cost: 1 EUR}}
"""
        await world.deploy(CODE.format(url=server.url), tools="{}", more=more)
        await world.submit({"po": "1", **order})
        await world.settle()
    return [(str(row["name"]), str(row["amount"])) for row in await world.rows("select name, amount from costs")]


@pytest.mark.parametrize("model, named", [("o\0ne", "o\ufffdne"), ("o\ud800ne", "o\ufffdne"), ("\x1b[2J", "\ufffd[2J")])
async def test_a_models_id_is_put_on_the_books_in_printable_characters(world: World, model: str, named: str) -> None:
    """P3: an id with characters that no table or terminal takes costs no segment, and is paid for once."""
    assert await run(world, FINE, model=model) == [(named, "0.00006000")]
    (case,) = await world.cases()
    assert (case["outcome"], case["epoch"]) == ("completed", 1)


@pytest.mark.parametrize(
    "count", [10**7 + 1, 10**25, 10**400, -5, 0], ids=["beyond", "bigint", "decimal", "negative", "none"]
)
async def test_a_count_of_tokens_that_cannot_be_is_unknown(world: World, count: int) -> None:
    """P3: more tokens than any model takes, or none at all, have no price: unknown is never zero; the turn stands."""
    used: dict[str, JSON] = {"prompt_tokens": count, "completion_tokens": count}
    assert await run(world, FINE, usage=used) == [("one", "None")]
    (case,) = await world.cases()
    assert (case["outcome"], case["epoch"]) == ("completed", 1)


async def test_a_case_of_a_free_model_that_counts_no_tokens_goes_on(world: World) -> None:
    """P3: what budgets take for a turn without a count is read again on replay, also where it comes to nothing."""
    free = "{input: 0 EUR/M, output: 0 EUR/M}"
    assert await run(world, FINE, usage={}, price=free, ask=True) == [("one", "None")]
    await world.decide("answer", answer=True)
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


@pytest.mark.parametrize(
    "content",
    ['{"quantity": 1e999}', '{"quantity": 1, "more": ' + "[" * 900 + "]" * 900 + "}"],
    ids=["infinite", "deep"],
)
async def test_an_answer_that_cannot_be_recorded_is_no_answer(world: World, content: str) -> None:
    """P4: a number beyond a double and endless nesting are repaired once, both times paid for, and then a person's."""
    assert [amount for _, amount in await run(world, content)] == ["0.00006000", "0.00006000"]
    (case,) = await world.cases()
    assert (case["state"], case["error_class"], case["epoch"]) == ("with_person", "invalid_output", 1)


@pytest.mark.parametrize(
    "said", ["Mon, 99999999999999999999 Jan 2026 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"]
)
def test_a_date_out_of_all_bounds_names_no_wait(said: str) -> None:
    """P4: Retry-After that is neither seconds nor a date is as none."""
    assert retry_after_s({"Retry-After": said}) is None
    assert retry_after_s({"Retry-After": "1000000000"}) == 86_400.0


def test_a_number_is_written_in_digits() -> None:
    """P8: a character that only looks like a digit is refused with a hint."""
    with pytest.raises(UserError, match="is no C-number"):
        parse("C", "²")


def test_an_answer_is_taken_in_as_fast_as_it_is_long() -> None:
    """P3: pieces without an index, a line without an end and a list of faults hold no worker up: time is linear."""
    began_s = perf_s()
    answer = Answer()
    named: dict[str, JSON] = {"id": "a", "function": {"name": "book"}}
    for pieces in ([named] * 20_000, [dict[str, JSON]()] * 200_000):
        answer.add({"choices": [{"delta": {"tool_calls": pieces}}]})
    assert len(answer.raw().tool_calls) == 20_000
    decoder = EventDecoder()
    assert not any(decoder.feed(b"data: " if not piece else b"x" * 50) for piece in range(100_001))
    assert decoder.feed(b"\n\n") == ["x" * 5_000_000]
    with pytest.raises(Failed, match="does not meet its schema"):
        hold_to({"type": "array", "items": {"type": "integer"}}, [""] * 1_000_000)
    assert perf_s() - began_s < 10.0  # each takes longer where a piece looks at all before it

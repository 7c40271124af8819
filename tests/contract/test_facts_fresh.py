"""Nothing acts on stale facts, also within one run of the agent; models are told no more than they are cleared for."""

from __future__ import annotations

import pytest

from bridgehead.gate.tracing import Origin
from tests.support.world import World

CODE = """
from bridgehead import clock
HERE = Path(__file__).parent
OLD, NEW = "DE89370400440532013000", "FR7630006000011234567890189"

@read(max_age=0.2, labels={"*": "system_of_record"})
async def account(number: str) -> str:
    file = HERE / "account.txt"
    if (HERE / "gone.txt").exists():
        raise Failed("no such supplier", error_class="not_found")
    return file.read_text() if file.exists() else OLD

@read
async def work(what: str) -> str:
    '''Takes until the account that was read is too old; meanwhile the world changes, once.'''
    began = clock.boot_s()
    if what != "nothing" and not (HERE / "worked.txt").exists():
        (HERE / "worked.txt").write_text("")
        (HERE / ("account.txt" if what == "change" else "gone.txt")).write_text(NEW)
    while clock.boot_s() < began + 0.25:
        await asyncio.sleep(0.01)
    return "done"

@reversible(key="po", verify=find, timeout="1s", sensitive="to")
async def pay(po: str, amount: int, to: str) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount, to=to)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    to = await account("S-1")
    if to == OLD:
        await work(case.input["what"])
    return (await pay(case.input["po"], 5, to)).number
"""
TOOLS = "account: allow\nwork: allow\npay: allow"


async def run(world: World, what: str) -> list[object]:
    await world.deploy(CODE, tools=TOOLS)
    await world.submit({"po": "1", "what": what})
    await world.settle()
    return [entry["to"] for entry in world.books()]


async def test_what_changed_while_the_agent_worked_is_not_acted_on(world: World) -> None:
    """P5: a value that became too old in the run is read again before it is acted on, and the new one is used."""
    assert await run(world, "change") == ["FR7630006000011234567890189"]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_without_freshness_the_old_value_is_acted_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P5: with the look at ages taken away the same case pays the old account: it is that look which keeps it."""
    monkeypatch.setattr(Origin, "too_old", lambda *_: False)
    assert await run(world, "change") == ["DE89370400440532013000"]


async def test_a_value_that_is_still_true_is_acted_on(world: World) -> None:
    """P5: what was read again and did not change costs a read, and the call is made."""
    assert await run(world, "nothing") == ["DE89370400440532013000"]
    rows = await world.rows("select count(*) as n from steps where kind = 'read' and name = 'account'")
    assert rows == [{"n": 2}]


async def test_what_cannot_be_read_again_is_a_persons(world: World) -> None:
    """P5: a call whose facts are too old and cannot be read again is not made; a person gets the case."""
    assert await run(world, "vanish") == []
    assert [review.error_class for review in await world.reviews()] == ["stale_fact"]


TURN = """
from bridgehead.cases.context import Turn

@read(labels={"*": "system_of_record confidential eu"})
async def customer(number: str) -> str:
    return "secret of the house"

async def agent(case: Case[dict], ctx: Context) -> str:
    found = await customer("1")
    async def ask() -> Turn:
        enter(po="1", number="", amount=0, told=found)
        return Turn("ok", "m")
    try:
        return str(await ctx.turn("m", fed=found, request={"text": found}, run=ask))
    except Refused as refused:
        return refused.message
"""
MODEL = 'models: {m: {url: "http://127.0.0.1:1", name: m, price: {input: 1 USD/M, output: 1 USD/M}%s}}'


@pytest.mark.parametrize(
    "cleared, told",
    [
        ("", 0),
        (", clearance: confidential", 0),
        (", clearance: internal, region: eu", 0),
        (", clearance: confidential, region: us", 0),
        (", redact: true", 0),  # nobody blacks out what the agent itself sends
        (", clearance: confidential, region: eu", 1),
        (", clearance: secret, region: eu", 1),
    ],
)
async def test_a_model_is_told_what_it_is_cleared_for(world: World, cleared: str, told: int) -> None:
    """P5: a model endpoint is a sink: above its clearance, or outside its region, it is not asked."""
    await world.deploy(TURN, tools="customer: allow", more=MODEL % cleared)
    await world.submit({"po": "1"})
    await world.settle()
    assert len(world.books()) == told

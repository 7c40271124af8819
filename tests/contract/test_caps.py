"""Caps hold over all cases and all workers, whatever dies, and what nobody uses is not lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from bridgehead.cases.allowing import Allowances
from bridgehead.cases.allowing import Counter as Counted
from bridgehead.ids import WorkerId
from bridgehead.spec.caps import parse_cap
from bridgehead.storage.allowances import AllowanceRows
from tests.support.world import World, end_all

PAYING = """
@reversible(key=["po", "number"], verify=None, idempotent=True, moves="total", reaches="to", touches="ids")
async def pay(po: str, number: int, total: str = "1 EUR", to: list[str] = [], ids: list[str] = []) -> str:
    enter(po=po, number=number, total=total, to=to, ids=ids)
    return "paid"

@read(touches="ids")
async def look(ids: list[str]) -> int:
    enter(looked=ids)
    return len(ids)

async def agent(case, ctx):
    said = []
    for number, call in enumerate(case.input["calls"]):
        try:
            if "look" in call:
                said.append(await look(call["look"]))
            else:
                said.append(await pay(case.input["po"], number, **call))
        except Refused as error:
            said.append(f"{error.code}: {error.hint}")
    return said
"""


def paid(world: World) -> Decimal:
    """Returns what the outside world was paid."""
    return sum((Decimal(str(entry["total"]).split()[0]) for entry in world.books() if "total" in entry), Decimal(0))


async def flown_back(world: World) -> bool:
    """Whether no worker holds an allowance."""
    return not await world.rows("select from allowances")


async def test_a_case_stays_within_its_caps(world: World) -> None:
    """What a case does adds up under its caps, calls of an earlier segment included, and the next call is refused."""
    await world.deploy(
        PAYING,
        tools='pay: {allow: true, caps: ["3 calls per case", "50 EUR per case", "4 recipients per case"]}\nlook: allow',
    )
    await world.submit({"po": "1", "calls": [{}] * 5})
    await world.submit({"po": "2", "calls": [{"total": "30 EUR"}, {"total": "20.01 EUR"}, {"total": "20 EUR"}]})
    await world.submit({"po": "3", "calls": [{"to": ["a", "b;c d"]}, {"to": ["e"]}, {"to": []}]})
    await world.settle()
    made = Counter(entry["po"] for entry in world.books())
    assert made == {"1": 3, "2": 2, "3": 2}
    assert [entry["number"] for entry in world.books() if entry["po"] == "2"] == [0, 2]
    assert [entry["number"] for entry in world.books() if entry["po"] == "3"] == [0, 2]


@pytest.mark.parametrize(
    "call", [{"total": "5 USD"}, {"total": "-5 EUR"}, {"total": "many EUR"}, {"total": "5,00 EUR"}, {"total": ""}]
)
async def test_what_cannot_be_counted_is_not_made(world: World, call: dict[str, str]) -> None:
    """An amount in another currency, a negative one and none at all pass no cap on money."""
    await world.deploy(PAYING, tools='pay: {allow: true, caps: ["50 EUR per case"]}\nlook: allow')
    await world.submit({"po": "1", "calls": [call]})
    await world.settle()
    assert not world.books()


async def test_a_window_holds_over_all_cases_and_slides(world: World) -> None:
    """A cap over a day counts all cases; what was used comes free when a day has passed since, and not at midnight."""
    await world.deploy(PAYING, tools='pay: {allow: true, caps: ["100 EUR per 1d"]}\nlook: allow')
    for number in range(6):
        await world.submit({"po": str(number), "calls": [{"total": "30 EUR"}]})
    await world.settle()
    assert paid(world) == 90
    await world.until(partial(flown_back, world), what="an idle allowance that flows back")
    await world.pass_time(timedelta(hours=23))
    await world.submit({"po": "a", "calls": [{"total": "30 EUR"}]})
    await world.settle()
    assert paid(world) == 90
    await world.pass_time(timedelta(hours=2))
    await world.submit({"po": "b", "calls": [{"total": "30 EUR"}]})
    await world.settle()
    assert paid(world) == 120


async def test_reads_have_caps_too(world: World) -> None:
    """A read that touches records is held to its caps, in a case and over a window."""
    await world.deploy(
        PAYING, tools='pay: allow\nlook: {allow: true, caps: ["3 records per case", "4 records per 1d"]}'
    )
    await world.submit({"po": "1", "calls": [{"look": ["a", "b"]}, {"look": ["c", "d"]}, {"look": ["e"]}]})
    await world.settle()
    await world.submit({"po": "2", "calls": [{"look": ["f", "g"]}, {"look": ["h"]}]})
    await world.settle()
    assert [entry["looked"] for entry in world.books()] == [["a", "b"], ["e"], ["h"]]


async def test_an_approval_lifts_no_cap(world: World) -> None:
    """What was used up between an approval and its execution refuses the approved call: caps count when it is made."""
    await world.deploy(
        PAYING,
        tools='pay: {allow: total == "1 EUR", otherwise: {hold: desk}, caps: ["2 calls per 1d"]}\nlook: allow',
    )
    await world.submit({"po": "1", "calls": [{"total": "9 EUR"}]})
    await world.settle()
    await world.submit({"po": "2", "calls": [{}, {}]})
    await world.settle()
    assert len(world.books()) == 2
    await world.decide("approve")
    await world.settle()
    assert len(world.books()) == 2
    rows = await world.rows("select state from effects where state = 'cancelled'")
    assert len(rows) == 1


async def test_a_tool_without_caps_draws_nothing(world: World) -> None:
    """Nothing is drawn, and no row written, for a tool that has no caps."""
    await world.deploy(PAYING, tools='pay: {allow: true, caps: ["3 calls per case"]}\nlook: allow')
    await world.submit({"po": "1", "calls": [{}, {"look": ["a"]}]})
    await world.settle()
    assert len(world.books()) == 2
    assert await world.rows("select from allowance_counters union all select from allowance_uses") == []


async def test_a_call_that_was_not_made_gives_back(world: World) -> None:
    """A call that surely was not made leaves what it had taken to the next one."""
    code = PAYING.replace(
        '    enter(po=po, number=number, total=total, to=to, ids=ids)\n    return "paid"',
        "    if number == 0:\n        raise Failed('no', error_class='invalid_input', applied=False)\n"
        '    enter(po=po, number=number, total=total, to=to, ids=ids)\n    return "paid"',
    ).replace("except Refused as", "except (Refused, Failed) as")
    await world.deploy(code, tools='pay: {allow: true, caps: ["1 call per case", "1 call per 1d"]}\nlook: allow')
    await world.submit({"po": "1", "calls": [{}, {}]})
    await world.settle()
    assert [entry["number"] for entry in world.books()] == [1]


@pytest.mark.parametrize("cap", ["7 calls per 1d", "60 EUR per 1d"])
async def test_four_workers_that_are_killed_never_exceed_a_cap(world: World, cap: str) -> None:
    """Four workers, two of them killed on the way, together do what a cap allows, all of it, and nothing more."""
    await world.deploy(PAYING, tools=f'pay: {{allow: true, caps: ["{cap}"]}}\nlook: allow')
    calls = [{"total": f"{1 + number % 7} EUR"} for number in range(3)]
    for number in range(16):
        await world.submit({"po": str(number), "calls": calls})
    workers = [world.start_worker() for _ in range(4)]
    try:

        async def some() -> bool:
            return len(world.books()) >= 3

        await world.until(some, what="the first payments", timeout_s=40)
        workers[0].kill()
        workers[1].kill()
        workers.append(world.start_worker())
        await world.until(world.at_rest, what="rest", timeout_s=60)
        most = parse_cap(cap)
        books = {(entry["po"], entry["number"]): entry for entry in world.books()}
        used = (
            Decimal(len(books))
            if most.kind == "calls"
            else sum((Decimal(str(entry["total"]).split()[0]) for entry in books.values()), Decimal(0))
        )
        assert used <= most.limit
        # Money comes in pieces of up to three euros, and what a killed worker had begun may count without being made.
        assert used >= min(most.limit - 8, Decimal(44))
    finally:
        end_all(workers)


async def test_what_a_dead_worker_drew_is_reconciled_with_the_record(world: World) -> None:
    """What a dead worker had drawn counts as used until it is taken in; then only what its intents took does."""
    async with world.app.database.connection() as conn:
        for number in (1, 2):
            await conn.execute(
                "insert into workers (name, pid, lease_until) values (%s, 1, clock_timestamp() + interval '1 hour')",
                (f"w{number}",),
            )
    rows = await world.rows("select id from workers order by id")
    first, second = (WorkerId(row["id"]) for row in rows)  # type: ignore[arg-type]  # a column of numbers
    store = AllowanceRows(world.app.database)
    counter = Counted("orders", "pay", parse_cap("100 calls per 1d"), recorded=True)
    drew = await store.draw(first, counter, Decimal(100))
    assert drew.amount == 100
    assert (await store.draw(second, counter, Decimal(1))).allowance is None
    await world.rows("update workers set stopped_at = clock_timestamp() where id = %s returning 1", first)
    again = await store.draw(second, counter, Decimal(1))
    assert again.allowance is not None
    assert again.amount == 25, "a share of what is left, for the one worker and as many draws as may follow"
    assert await world.rows("select from allowances where id = %s", drew.allowance) == []


async def test_what_is_not_used_flows_back(world: World) -> None:
    """A worker that holds more than it uses does not starve another: what lies idle flows back, and is drawn again."""
    async with world.app.database.connection() as conn:
        for number in (1, 2):
            await conn.execute(
                "insert into workers (name, pid, lease_until) values (%s, 1, clock_timestamp() + interval '1 hour')",
                (f"w{number}",),
            )
    rows = await world.rows("select id from workers order by id")
    first, second = (WorkerId(row["id"]) for row in rows)  # type: ignore[arg-type]  # a column of numbers
    counter = Counted("orders", "pay", parse_cap("100 calls per 1d"), recorded=True)
    mine, other = (Allowances(AllowanceRows(world.app.database)) for _ in range(2))
    part, _ = await mine.take(first, counter, Decimal(1))
    assert part is not None
    mine.end(part, used=True)
    got, left = await other.take(second, counter, Decimal(99))
    assert got is not None
    assert left == 0
    assert (await other.take(second, counter, Decimal(1)))[0] is None
    other.end(got, used=False)
    assert (await other.take(second, counter, Decimal(99)))[0] is not None
    await mine.close()

"""The limit of a right bounds the money that a case moves, whatever its calls cost themselves."""

from __future__ import annotations

import json
from typing import Final

import pytest

from bridgehead.gate.grants import Principal
from bridgehead.ids import random_hex
from bridgehead.spec.tool import JSON
from tests.support.world import World

AGENT: Final = """
from typing import Annotated
from pydantic import Field

Amount = Annotated[str, Field(json_schema_extra={"format": "money"})]

@irreversible(key=["po", "number"], idempotent=True, moves="total")
async def pay(po: str, number: int, total: Amount) -> str:
    if number == 13:
        raise Failed("no", error_class="invalid_input", applied=False)
    enter(number=number)
    return "paid"

@irreversible(key=["po", "number"], idempotent=True, moves="amount")
async def refund(po: str, number: int, amount: Amount) -> str:
    enter(number=number)
    return "refunded"

async def one(call, po):
    try:
        name, number, total = call
        return await (pay if name == "pay" else refund)(po, number, total)
    except (Refused, Failed) as error:
        return error.code

async def agent(case, ctx):
    calls, po = case.input["calls"], case.input["po"]
    if case.input.get("at_once"):
        return list(await asyncio.gather(*[one(call, po) for call in calls]))
    return [await one(call, po) for call in calls]
"""
RULES: Final = "pay: allow\nrefund: {hold: desk}"
RIGHTS: Final = "rights:\n  group:sales: {limit: 100 EUR}\n  deployment: {limit: 50 EUR}"
ANNA: Final = Principal("anna", frozenset({"sales"}))


@pytest.fixture
async def payments(world: World) -> World:
    """Gives a world in which sales may have 100 EUR moved in a case, and nobody 50 EUR."""
    await world.deploy(AGENT, tools=RULES, more=RIGHTS)
    await world.app.users.add("anna", ["sales"], None, by="ops")
    return world


async def submit(world: World, calls: list[JSON], *, who: Principal | None = ANNA, po: str = "1", **more: JSON) -> None:
    """Opens a case for somebody and runs it."""
    await world.app.arrivals.store(
        "orders", source="file", source_id=random_hex(), name="order", actor="test", principal=who,
        document=json.dumps({"po": po, "calls": calls, **more}).encode(),
    )  # fmt: skip
    await world.settle()


def made(world: World) -> list[object]:
    """Returns the numbers of the calls that were made."""
    return [entry["number"] for entry in world.books()]


async def test_what_a_case_moves_stays_within_its_grant(payments: World) -> None:
    """Calls without a price add up by what they move; the one that would go beyond is refused, a smaller one is not."""
    await submit(
        payments, [["pay", 1, "60 EUR"], ["pay", 2, "40.01 EUR"], ["pay", 3, "40 EUR"], ["pay", 4, "0.01 EUR"]]
    )
    assert made(payments) == [1, 3]


async def test_calls_at_once_share_what_is_left(payments: World) -> None:
    """Ten calls made in one moment move no more together than the grant."""
    await submit(payments, [["pay", number, "30 EUR"] for number in range(10)], at_once=True)
    assert len(made(payments)) == 3


async def test_an_approval_lifts_no_limit(payments: World) -> None:
    """What a person approves counts like the rest, and is denied where the rest has used the grant up."""
    await submit(payments, [["refund", 1, "60 EUR"], ["pay", 2, "60 EUR"]])
    await payments.decide("approve")
    await payments.settle()
    assert made(payments) == [1]


async def test_a_resumed_case_counts_what_it_moved_before(payments: World) -> None:
    """A case that waited for a person goes on with what is left, not with all of it."""
    await submit(
        payments, [["pay", 1, "60 EUR"], ["refund", 2, "30 EUR"], ["pay", 3, "10.01 EUR"], ["pay", 4, "10 EUR"]]
    )
    await payments.decide("approve")
    await payments.settle()
    assert made(payments) == [1, 2, 4]


async def test_what_surely_was_not_moved_counts_not(payments: World) -> None:
    """A payment that its target refused leaves the grant as it was."""
    await submit(payments, [["pay", 13, "90 EUR"], ["pay", 2, "90 EUR"]])
    assert made(payments) == [2]


async def test_another_currency_is_refused(payments: World) -> None:
    """An amount that cannot be compared with the grant is not moved."""
    await submit(payments, [["pay", 1, "1 USD"]])
    assert made(payments) == []


async def test_a_case_of_nobody_stays_within_the_deployments_own_right(payments: World) -> None:
    """The right `deployment` bounds what a case moves that nobody opened."""
    await submit(payments, [["pay", 1, "30 EUR"], ["pay", 2, "30 EUR"], ["pay", 3, "20 EUR"]], who=None)
    assert made(payments) == [1, 3]


OMITS: Final = """
from typing import Annotated
from pydantic import Field

Amount = Annotated[str, Field(json_schema_extra={"format": "money"})]

@irreversible(key=["number"], idempotent=True, moves="amount", reaches="copies", touches="files")
async def pay(number: int, amount: Amount, copies: list[str] | None = None, files: list[str] | None = None) -> str:
    enter(number=number)
    return "paid"

async def agent(case, ctx):
    found = []
    for number in range(case.input["calls"]):
        try:
            found.append(await pay(number, "30 EUR"))
        except (Refused, Failed) as error:
            found.append(error.code)
    return found
"""


async def test_money_counts_though_nobody_else_can_be_counted(world: World) -> None:
    """A call that names no recipients and no records moves its money all the same."""
    await world.deploy(OMITS, tools="pay: allow", more=RIGHTS)
    await world.app.arrivals.store(
        "orders", source="file", source_id=random_hex(), name="order", actor="test",
        document=json.dumps({"po": "1", "calls": 4}).encode(),
    )  # fmt: skip
    await world.settle()
    assert made(world) == [0]

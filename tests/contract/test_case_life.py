"""The life of a case against a real PostgreSQL: from an arrival to one booking, or to a person."""

from __future__ import annotations

from datetime import timedelta

from tests.support.world import World

BOOK = """
@read(max_age="15m")
async def customer(number: str) -> str:
    return f"customer {number}"

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount, key=effect_key())
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    await customer(case.input["customer"])
    return await book(case.input["po"], case.input["amount"])
"""
TOOLS = """
customer: allow
book: {allow: amount <= 10, otherwise: {hold: desk, within: 2h, valid_for: 8h}}
"""


async def test_one_order_is_booked_once(world: World) -> None:
    """P2: an order that may be booked is booked once, and its case is done."""
    await world.deploy(BOOK, tools=TOOLS)
    await world.submit({"po": "1", "customer": "c", "amount": 5})
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
    assert [entry["po"] for entry in world.books()] == ["1"]


async def test_an_exact_resend_attaches(world: World) -> None:
    """P2: the same order sent again opens no second case and books nothing more."""
    await world.deploy(BOOK, tools=TOOLS)
    for _ in range(3):
        await world.submit({"po": "1", "customer": "c", "amount": 5})
    await world.settle()
    assert len(await world.cases()) == 1
    assert len(world.books()) == 1


async def test_a_changed_resend_is_a_linked_revision_and_its_booking_a_conflict(world: World) -> None:
    """P2: a changed order opens a revision, and a second booking under the same key goes to a person."""
    await world.deploy(BOOK, tools=TOOLS)
    await world.submit({"po": "1", "customer": "c", "amount": 5})
    await world.settle()
    await world.submit({"po": "1", "customer": "c", "amount": 6})
    await world.settle()
    first, second = await world.cases()
    assert (second["revises"], second["revision"]) == (first["id"], 2)
    assert [review.kind for review in await world.reviews()] == ["conflict"]
    assert len(world.books()) == 1


async def test_an_approval_overnight(world: World) -> None:
    """P3: a case that waits for an approval overnight is resumed by it and books once."""
    await world.deploy(BOOK, tools=TOOLS)
    await world.submit({"po": "1", "customer": "c", "amount": 50})
    await world.settle()
    assert world.books() == []
    await world.pass_time(timedelta(hours=7))
    await world.decide("approve")
    await world.settle()
    query = "select r.kind, r.state, c.state as now, c.wake_at from cases c join reviews r on r.case_id = c.id"
    left = await world.rows(query)
    assert [case["outcome"] for case in await world.cases()] == ["completed"], left
    assert [entry["amount"] for entry in world.books()] == [50]


async def test_an_expired_approval_is_not_executed(world: World) -> None:
    """P1: an approval older than its valid_for books nothing and asks again."""
    await world.deploy(BOOK, tools=TOOLS, deadline="48h")
    await world.submit({"po": "1", "customer": "c", "amount": 50})
    await world.settle()
    await world.decide("approve")
    await world.pass_time(timedelta(hours=9))
    await world.settle()
    assert world.books() == []
    assert [review.kind for review in await world.reviews()] == ["approval"]


async def test_an_edit_supersedes_the_proposal(world: World) -> None:
    """P1: edited arguments are decided anew and booked instead of the proposed ones."""
    await world.deploy(BOOK, tools=TOOLS)
    await world.submit({"po": "1", "customer": "c", "amount": 50})
    await world.settle()
    await world.decide("edit", answer={"args": {"po": "1", "amount": 9}})
    await world.settle()
    assert [entry["amount"] for entry in world.books()] == [9]
    states = await world.rows("select state from effects order by id")
    assert [row["state"] for row in states] == ["superseded", "committed"]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_rejection_reaches_the_agent_as_refused(world: World) -> None:
    """P1: a rejected call books nothing, and an agent that does not handle it hands the case over."""
    await world.deploy(BOOK, tools=TOOLS)
    await world.submit({"po": "1", "customer": "c", "amount": 50})
    await world.settle()
    await world.decide("reject", answer="too much")
    await world.settle()
    assert world.books() == []
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "policy_denied")
    assert [review.kind for review in await world.reviews()] == ["exception"]


async def test_shadow_writes_nothing(world: World) -> None:
    """P7: in shadow an order is decided and nothing is booked."""
    await world.deploy(BOOK, tools=TOOLS, level="shadow")
    await world.submit({"po": "1", "customer": "c", "amount": 5})
    await world.submit({"po": "2", "customer": "c", "amount": 50})
    await world.settle()
    assert world.books() == []
    assert [case["outcome"] for case in await world.cases()] == ["completed", "completed"]
    assert await world.reviews() == []


async def test_a_deadline_hands_the_case_over_and_fences_the_agent(world: World) -> None:
    """P3: past its deadline a case is with a person with its full state, and the agent never acts again."""
    code = (
        BOOK
        + """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    await customer(case.input["customer"])
    while not (BOOKS.parent / "go").exists():
        await asyncio.sleep(0.02)
    return await book(case.input["po"], case.input["amount"])
"""
    )
    await world.deploy(code, tools=TOOLS)
    await world.submit({"po": "1", "customer": "c", "amount": 5})

    async def read_once() -> bool:
        return bool(await world.rows("select 1 from steps"))

    async def handed_over() -> bool:
        return [case["state"] for case in await world.cases()] == ["with_person"]

    async with world.working():
        await world.until(read_once)
        await world.pass_time(timedelta(hours=1))
        await world.until(handed_over)
        (world.place / "go").touch()
        await world.until(world.at_rest)
    assert world.books() == []
    (review,) = await world.reviews()
    assert review.kind == "deadline"
    assert review.shown["input"] == {"po": "1", "customer": "c", "amount": 5}


TYPED = """
from dataclasses import dataclass
from decimal import Decimal

@read(max_age="15m")
async def customer(number: str) -> str:
    return number

@dataclass(frozen=True, slots=True)
class Wanted:
    po: str
    quantity: Decimal

async def agent(case: Case[Wanted], ctx: Context) -> str:
    return case.input.po
"""


async def test_an_input_that_does_not_fit_names_its_field(world: World) -> None:
    """P6: what a reader made that the agent cannot take goes to a person, with the field and what is wrong with it."""
    await world.deploy(TYPED, tools="customer: allow")
    await world.submit({"po": "1", "quantity": "NaN"})
    await world.settle()
    assert await world.cases() == []
    (review,) = await world.reviews()
    assert "quantity: Input should be a finite number" in str(review.shown["reason"])

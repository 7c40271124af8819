"""What a decision resumes: what was approved is what is sent, and no clock or case is lost on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridgehead.errors import UserError
from tests.support.world import World

BOOK = """
HERE = Path(__file__).parent

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str, amount: int) -> Booking:
    if (HERE / "busy").exists():
        (HERE / "busy").unlink()
        raise Failed("come again", error_class="transient", applied=False)
    enter(po=po, number=f"N-{po}", amount=amount)
    if (HERE / "lose-reply").exists():
        raise ConnectionError("the reply was lost")
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"], case.input["amount"])
"""
TOOLS = "book: {allow: amount <= 10, otherwise: {hold: desk, within: 2h, valid_for: 8h}}"


async def held(world: World, code: str = BOOK, tools: str = TOOLS, deadline: str = "48h") -> None:
    """Brings one order of 50 to an open approval."""
    await world.deploy(code, tools=tools, deadline=deadline)
    await world.submit({"po": "1", "amount": 50})
    await world.settle()


async def test_edited_arguments_are_sent_when_they_needed_a_second_approval(world: World) -> None:
    """P1: an edit that ran out and was approved again sends the edited arguments, never the proposed ones."""
    await held(world)
    await world.decide("edit", answer={"args": {"po": "1", "amount": 40}})
    await world.pass_time(timedelta(hours=9))
    await world.settle()
    (review,) = await world.reviews()
    assert review.shown["args"] == {"po": "1", "amount": 40}
    await world.decide("approve")
    await world.settle()
    assert [entry["amount"] for entry in world.books()] == [40]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_an_edited_call_that_failed_is_made_again_as_edited(world: World) -> None:
    """P1: an edited call that surely did not happen is made again with the edited arguments, and replays."""
    code = (
        BOOK.replace("    return await book(", "    await book(") + '    return await ctx.ask("desk", "Fine?", bool)\n'
    )
    await held(world, code.replace("-> Booking:\n    await book(", "-> bool:\n    await book("))
    (world.place / "busy").touch()
    await world.decide("edit", answer={"args": {"po": "1", "amount": 9}})
    await world.settle()
    await world.pass_time(timedelta(minutes=1))
    await world.settle()
    assert [entry["amount"] for entry in world.books()] == [9]
    await world.decide("answer", answer=True)
    await world.settle()
    assert len(world.books()) == 1
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_an_edit_that_changes_nothing_books_once_and_replays(world: World) -> None:
    """P2: an edit with equal arguments is one booking, and the case goes on after it."""
    code = (
        BOOK.replace("    return await book(", "    await book(") + '    return await ctx.ask("desk", "Fine?", bool)\n'
    )
    await held(world, code.replace("-> Booking:\n    await book(", "-> bool:\n    await book("))
    await world.decide("edit", answer={"args": {"po": "1", "amount": 50}})
    await world.settle()
    await world.decide("answer", answer=True)
    await world.settle()
    assert [entry["amount"] for entry in world.books()] == [50]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_an_edit_onto_the_key_of_another_case_is_a_conflict_for_a_person(world: World) -> None:
    """P2: an edit under a key that another case used books nothing and is shown as a conflict, once."""
    await held(world)
    await world.submit({"po": "2", "amount": 5})
    await world.settle()
    await world.decide("edit", answer={"args": {"po": "2", "amount": 50}})
    await world.settle()
    assert len(world.books()) == 1
    assert [review.kind for review in await world.reviews()] == ["conflict"]
    await world.decide("edit", answer={"args": {"po": "3", "amount": 50}})
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["2", "3"]
    assert {case["outcome"] for case in await world.cases()} == {"completed"}


async def test_an_edit_repeated_by_the_agent_is_one_booking_in_one_segment(world: World) -> None:
    """P2: an agent that makes an edited call twice gets the edited result twice, without a lost segment."""
    code = BOOK.replace(
        "    return await book(", "    await book(case.input['po'], case.input['amount'])\n    return await book("
    )
    await held(world, code)
    await world.decide("edit", answer={"args": {"po": "1", "amount": 9}})
    await world.settle()
    assert len(world.books()) == 1
    (case,) = await world.cases()
    assert (case["outcome"], case["epoch"]) == ("completed", 2)


BOTH = (
    BOOK
    + """
@read
async def stock(po: str) -> int:
    if (HERE / "away").exists():
        raise ConnectionError("away")
    return 1

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return (await asyncio.gather(book(case.input["po"], case.input["amount"]), stock("1")))[0]
"""
)


async def test_a_deadline_survives_a_timer_while_an_approval_is_open(world: World) -> None:
    """P3: a case that was woken by a timer while its clock stood still has a deadline again after the decision."""
    place = world.write(BOTH, tools=TOOLS + "\nstock: allow")
    (place / "away").touch()
    await world.deploy(BOTH, tools=TOOLS + "\nstock: allow")
    await world.submit({"po": "1", "amount": 50})

    async def woken_twice() -> bool:
        return [(case["state"], int(str(case["epoch"])) >= 3) for case in await world.cases()] == [("waiting", True)]

    async with world.working():
        await world.until(woken_twice)
    await world.decide("approve")
    (case,) = await world.cases()
    assert case["deadline_at"] is not None


async def test_an_answer_that_settles_nothing_is_refused(world: World) -> None:
    """P3: an unknown effect is not decided by an answer the case could not go on with."""
    await world.deploy(BOOK.replace(", verify=find", ""), tools=TOOLS)
    await world.submit({"po": "1", "amount": 5})
    (world.place / "lose-reply").touch()
    async with world.working():
        await world.until(world.reviews, timeout_s=30)
    for answer in (None, True, {"yes": True}, {"happened": "perhaps"}):
        with pytest.raises(UserError, match="settled by saying whether it happened"):
            await world.decide("answer", answer=answer)
    assert [review.kind for review in await world.reviews()] == ["unknown_effect"]
    (world.place / "lose-reply").unlink()
    await world.decide("answer", answer={"happened": True, "result": {"number": "N-1", "po": "1", "amount": 5}})
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_deadline_over_an_unknown_effect_says_so(world: World) -> None:
    """P3: whoever gets a case at its deadline sees which call nobody knows the end of, and it keeps its key."""
    away = """
async def away(*, key, args):
    raise ConnectionError("away")
"""
    place = world.write(BOOK, tools=TOOLS)
    (place / "lose-reply").touch()
    await world.deploy(away + BOOK.replace("verify=find", "verify=away"), tools=TOOLS)
    await world.submit({"po": "1", "amount": 5})

    async def unknown() -> bool:
        return bool(await world.rows("select 1 from effects where state = 'unknown'"))

    async with world.working():
        await world.until(unknown)
        await world.pass_time(timedelta(hours=1))
        await world.until(world.reviews)
    (review,) = await world.reviews()
    assert (review.kind, review.shown["unsettled"]) == ("deadline", ["E-1 book"])
    await world.submit({"po": "1", "amount": 6})
    await world.settle()
    assert [one.kind for one in await world.reviews()] == ["deadline", "conflict"]
    assert len(world.books()) == 1


async def test_who_takes_a_case_over_gets_its_full_state(world: World) -> None:
    """P3: a case that was taken over comes with its input and everything it did, and is fenced for good."""
    await held(world)
    await world.decide("take")
    (review,) = await world.reviews()
    assert (review.kind, review.shown["input"]) == ("exception", {"po": "1", "amount": 50})
    assert [effect["state"] for effect in review.shown["effects"]] == ["held"]  # type: ignore[union-attr,index,call-overload]  # JSON
    await world.decide("answer", answer="booked by hand")
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["settled_by_person"]
    assert world.books() == []

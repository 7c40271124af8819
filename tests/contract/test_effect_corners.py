"""Every corner of how an effect is sent once and settled; where no test here has it, the table says who has.

| Corner | Held by |
|---|---|
| the same key and arguments again | ``test_guards.test_a_repeated_or_parallel_write_books_once`` |
| parallel twins | ``test_guards.test_a_repeated_or_parallel_write_books_once`` |
| the same key, other arguments | ``test_guards.test_a_reworded_write_under_the_same_key_is_held`` |
| a key that another case used | ``test_case_life``, ``test_spellings`` |
| an edit onto the key of another case | ``test_resuming`` |
| superseded by an edit, failed, made again as edited | ``test_resuming`` |
| repeatable calls are counted | ``test_repeatable_calls_are_counted`` |
| a repeatable call that is replayed | ``test_repeatable_calls_are_replayed_in_order`` |
| the intent stands before the send | ``test_guards.test_the_intent_is_on_record_before_the_call_is_made`` |
| send_by has passed | ``test_guards.test_a_call_whose_moment_has_passed_is_not_sent`` |
| the reply is lost, verify finds it | ``test_what_verify_says_settles_a_lost_reply[found]`` |
| absent before its time has passed | ``test_absence_counts_only_after_its_time`` |
| absent afterwards, the target drops doubles | ``test_what_verify_says_settles_a_lost_reply[absent-idempotent]`` |
| absent afterwards, the target may double | ``test_what_verify_says_settles_a_lost_reply[absent]`` |
| something else is there | ``test_what_verify_says_settles_a_lost_reply[mismatch]`` |
| verify raises, later answers | ``test_what_verify_says_settles_a_lost_reply[raises]`` |
| no verify | ``test_what_verify_says_settles_a_lost_reply[none]`` |
| every attempt carries one key | ``test_guards.test_every_attempt_carries_the_same_key`` |
| a person settles it, and the target knows better | ``test_settled_by_people`` |
| killed at every point, frozen between intent and send | ``tests/faults/test_real_kills.py`` |
| called again after it was undone | ``test_an_undone_effect_is_told_to_an_agent_that_comes_again`` |
| its key is free after an undo | ``test_an_undone_key_may_be_used_by_another_case`` |
| refused as a conflict, order on one thing | ``test_effect_order`` |
| undone | ``test_undo`` |
"""

from __future__ import annotations

import pytest

from bridgehead.cases.undo_ports import Scope
from tests.support.world import World

REPEATED = """
@irreversible(key="po", repeatable=True, timeout="5s")
async def ring(po: str) -> int:
    enter(po=po, number=effect_key(), amount=len(entries()))
    return len(entries())

async def agent(case: Case[dict], ctx: Context) -> list:
    rung = [await ring(case.input["po"]) for _ in range(3)]
    if case.input.get("ask"):
        await ctx.ask("desk", "Once more?", bool)
        rung.append(await ring(case.input["po"]))
    return rung
"""
LOST = """
MODE = (Path(__file__).parent / "mode")

async def look(*, key, args):
    enter(po="looked", number=key, amount=0)
    mode = MODE.read_text()
    if mode == "mismatch":
        raise Mismatch("another order has this number")
    if mode == "raises":
        MODE.write_text("found")
        raise ConnectionError("no answer")
    if mode == "absent" or not [one for one in entries() if one["po"] == args["po"]]:
        return None
    return Booking("N", args["po"], args["amount"])

@reversible(key="po", verify={verify}, idempotent={idempotent}, timeout="0.2s")
async def book(po: str, amount: int) -> Booking:
    again = [one for one in entries() if one["po"] == "tried"]
    enter(po="tried", number=effect_key(), amount=amount)
    if again or MODE.read_text() in ("found", "raises"):
        enter(po=po, number="N", amount=amount)
    if again:
        return Booking("N", po, amount)
    raise ConnectionError("the reply was lost")

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"], case.input["amount"])
"""


def lost(*, verify: str = "look", idempotent: bool = False) -> str:
    """Returns an agent whose first reply is lost."""
    return LOST.replace("{verify}", verify).replace("{idempotent}", str(idempotent))


async def test_repeatable_calls_are_counted(world: World) -> None:
    """P2: equal calls of a repeatable tool are as many effects, each with a key of its own at the target."""
    await world.deploy(REPEATED, tools="ring: allow", more="limits: {repeats: 9}")
    await world.submit({"po": "1"})
    await world.settle()
    assert len({str(entry["number"]) for entry in world.books()}) == 3
    rows = await world.rows("select occurrence, state from effects order by id")
    assert [(row["occurrence"], row["state"]) for row in rows] == [(n, "committed") for n in range(3)]


async def test_repeatable_calls_are_replayed_in_order(world: World) -> None:
    """P2: a replay meets each of the repeated calls again, and only one more is made."""
    await world.deploy(REPEATED, tools="ring: allow", more="limits: {repeats: 9}")
    await world.submit({"po": "1", "ask": True})
    await world.settle()
    assert len(world.books()) == 3
    await world.decide("answer", answer=True)
    await world.settle()
    assert [entry["amount"] for entry in world.books()] == [0, 1, 2, 3]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


@pytest.mark.parametrize(
    "mode, verify, idempotent, ends, tried",
    [
        ("found", "look", False, "done", 1),
        ("absent", "look", True, "done", 2),
        ("absent", "look", False, "unknown_effect", 1),
        ("mismatch", "look", True, "unknown_effect", 1),
        ("raises", "look", False, "done", 1),
        ("none", "None", False, "unknown_effect", 1),
    ],
    ids=["found", "absent-idempotent", "absent", "mismatch", "raises", "none"],
)
async def test_what_verify_says_settles_a_lost_reply(
    world: World, mode: str, verify: str, idempotent: bool, ends: str, tried: int
) -> None:
    """P2: found commits, absence allows a second attempt where the target drops one, anything else asks a person."""
    place = await world.deploy(lost(verify=verify, idempotent=idempotent), tools="book: allow")
    assert place.deployment.folder.is_dir()
    (world.place / "mode").write_text(mode)
    await world.submit({"po": "1", "amount": 5})
    await world.settle()
    became = [case["state"] for case in await world.cases()]
    reviews = [review.kind for review in await world.reviews()]
    assert (became, reviews) == ((["done"], []) if ends == "done" else (["waiting"], [ends]))
    assert len([entry for entry in world.books() if entry["po"] == "tried"]) == tried


async def test_absence_counts_only_after_its_time(world: World) -> None:
    """P2: before send_by, timeout and visible_within have passed, absence sends nothing and asks nobody."""
    await world.deploy(lost(idempotent=True).replace('"0.2s"', '"0.2s", visible_within="1h"'), tools="book: allow")
    (world.place / "mode").write_text("absent")
    await world.submit({"po": "1", "amount": 5})
    async with world.working():

        async def looked() -> bool:
            waiting = await world.rows("select 1 from cases where state = 'waiting' and wake_at is not null")
            return bool(waiting) and "looked" in [entry["po"] for entry in world.books()]

        await world.until(looked, what="the first look")
    assert [entry["po"] for entry in world.books()].count("tried") == 1
    assert await world.reviews() == []
    (row,) = await world.rows("select state from effects")
    assert row["state"] == "unknown"


UNDONE = """
async def remove(*, key, args, result):
    BOOKS.write_text("")

@reversible(key="po", verify=find, undo=remove)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number="N", amount=amount)
    return Booking("N", po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    await book(case.input["po"], 5)
    if case.input.get("ask"):
        await ctx.ask("desk", "And?", bool)
    return "booked"
"""


async def undo_all(world: World) -> None:
    """Undoes everything that was done."""
    assert world.loaded is not None
    undoing = world.app.undoing(world.loaded)
    done = await undoing.store.effects(Scope("orders", words="all"))
    chosen = [(one, undoing.hindrance(one)) for one in done]
    number = await undoing.store.make(Scope("orders", words="all"), chosen, by="kim", reason="a test", unchecked=False)
    assert number is not None
    assert await undoing.run(number)


async def test_an_undone_effect_is_told_to_an_agent_that_comes_again(world: World) -> None:
    """P2: an agent that replays to an effect that was undone does not do it again; its case goes to a person."""
    await world.deploy(UNDONE, tools="book: allow")
    await world.submit({"po": "1", "ask": True})
    await world.settle()
    await undo_all(world)
    await world.decide("answer", answer=True)
    await world.settle()
    assert world.books() == []
    assert [review.error_class for review in await world.reviews()] == ["conflict"]


async def test_an_undone_key_may_be_used_by_another_case(world: World) -> None:
    """P2: what was undone holds its key no more: a changed order is booked, not held as a conflict."""
    await world.deploy(UNDONE, tools="book: allow")
    await world.submit({"po": "1"})
    await world.settle()
    await undo_all(world)
    await world.submit({"po": "1", "note": "again"})
    await world.settle()
    assert len(world.books()) == 1
    assert [case["outcome"] for case in await world.cases()] == ["completed"] * 2

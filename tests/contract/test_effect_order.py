"""A write that was refused as a conflict is decided anew on fresh facts; writes to one thing keep their order."""

from __future__ import annotations

import json

from bridgehead.spec.tool import JSON
from tests.support.world import World

CODE = """
STORE = Path(__file__).parent / "store.json"

def stock():
    return json.loads(STORE.read_text())

@read
async def level(item: str) -> int:
    enter(po="read", number=item, amount=stock()[item])
    return stock()[item]

@reversible(key="po")
async def reserve(po: str, item: str, seen: int) -> int:
    found = stock()
    if (Path(__file__).parent / "always").exists():
        found[item] += 1
        STORE.write_text(json.dumps(found))
    first = Path(__file__).parent / "changes"
    if first.exists():
        first.unlink()
        found[item] = 3
        STORE.write_text(json.dumps(found))
    if found[item] != seen:
        raise Failed(f"it is {found[item]} by now", error_class="conflict", applied=False)
    enter(po=po, number=item, amount=seen)
    return seen

async def agent(case: Case[dict], ctx: Context) -> int:
    po = case.input["po"]
    if case.input.get("blind"):
        return await reserve(po, "bolt", 99)
    seen = await level("bolt")
    return await reserve(po, "bolt", seen)
"""
TOOLS = "level: allow\nreserve: {allow: seen >= 5, otherwise: {hold: desk}}"


def reads(world: World) -> list[JSON]:
    """Returns what the agent's reads were answered."""
    return [entry["amount"] for entry in world.books() if entry["po"] == "read"]


def written(world: World) -> list[tuple[JSON, JSON]]:
    """Returns what was written, in the order of the writes."""
    return [(entry["po"], entry["amount"]) for entry in world.books() if entry["po"] != "read"]


async def deployed(world: World, code: str = CODE, tools: str = TOOLS) -> None:
    """Deploys over a stock of nine bolts."""
    await world.deploy(code, tools=tools)
    (world.place / "store.json").write_text(json.dumps({"bolt": 9}))


async def test_a_conflict_is_decided_again_on_fresh_facts(world: World) -> None:
    """P5: a refused write's facts are read again and the gate decides anew: what would be allowed before is held."""
    await deployed(world)
    (world.place / "changes").touch()
    await world.submit({"po": "1"})
    await world.settle()
    assert reads(world) == [9, 3]
    (review,) = await world.reviews()
    assert (review.kind, review.shown["args"]) == ("approval", {"po": "1", "item": "bolt", "seen": 3})
    await world.decide("approve")
    await world.settle()
    assert written(world) == [("1", 3)]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_conflict_that_comes_again_goes_to_a_person(world: World) -> None:
    """P4: a write that is refused however often its facts are read goes to a person, after two more attempts."""
    await deployed(world)
    (world.place / "always").touch()
    await world.submit({"po": "1"})
    await world.settle()
    assert reads(world) == [9, 10, 11]
    (review,) = await world.reviews()
    assert (review.kind, review.error_class) == ("exception", "conflict")
    assert written(world) == []
    states = await world.rows("select state, attempt from effects order by id")
    assert [row["state"] for row in states] == ["failed"] * 3


async def test_a_conflict_without_facts_is_not_repeated(world: World) -> None:
    """P4: where nothing was read there is nothing to read again: the agent is told at once."""
    await deployed(world)
    await world.submit({"po": "1", "blind": True})
    await world.settle()
    assert [row["state"] for row in await world.rows("select state from effects")] == ["failed"]
    assert [review.error_class for review in await world.reviews()] == ["conflict"]


PARALLEL = """
@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number="begun", amount=amount)
    await asyncio.sleep(0.05)
    enter(po=po, number="booked", amount=amount)
    return Booking("booked", po, amount)

@reversible(key="po")
async def label(po: str) -> str:
    enter(po=po, number="labelled", amount=0)
    return po

@reversible(key="other")
async def note(other: str) -> str:
    enter(po=other, number="noted", amount=0)
    return other

async def agent(case: Case[dict], ctx: Context) -> str:
    po = case.input["po"]
    await asyncio.gather(book(po, case.input["amount"]), label(po), note(f"{po}-n"))
    return po
"""


async def test_writes_to_one_thing_are_sent_one_after_the_other(world: World) -> None:
    """P2: parallel calls with the same key values are sent in the order of call, others beside them."""
    await world.deploy(PARALLEL, tools="book: allow\nlabel: allow\nnote: allow")
    await world.submit({"po": "1", "amount": 5})
    await world.settle()
    order = [str(entry["number"]) for entry in world.books()]
    assert [one for one in order if one != "noted"] == ["begun", "booked", "labelled"]
    assert order.index("noted") < order.index("booked")


async def test_a_write_after_one_that_is_held_waits_for_it(world: World) -> None:
    """P2: while the first write to a thing waits for a person, a parallel later one to it is not sent before it."""
    tools = "book: {allow: amount <= 10, otherwise: {hold: desk}}\nlabel: allow\nnote: allow"
    await world.deploy(PARALLEL, tools=tools)
    await world.submit({"po": "1", "amount": 50})
    await world.settle()
    assert "labelled" not in [entry["number"] for entry in world.books()]
    await world.decide("approve")
    await world.settle()
    order = [str(entry["number"]) for entry in world.books() if entry["number"] != "noted"]
    assert order == ["begun", "booked", "labelled"]


REVISED = """
@reversible(key=("po", "amount"), verify=find, timeout="0.2s", visible_within="1.5s")
async def book(po: str, amount: int) -> Booking:
    if amount == 5:
        enter(po="sent", number="5", amount=5)
        raise ConnectionError("the reply was lost")
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"], case.input["amount"])
"""


async def test_a_revision_waits_for_the_older_one(world: World) -> None:
    """P2: while an older revision has a write of which nobody knows whether it happened, a newer one sends nothing."""
    await world.deploy(REVISED, tools="book: allow")
    async with world.working():
        await world.submit({"po": "1", "amount": 5})

        async def unknown() -> bool:
            return bool(await world.rows("select 1 from effects where state = 'unknown'"))

        await world.until(unknown, what="the lost reply")
        await world.submit({"po": "1", "amount": 7})

        async def asked() -> bool:
            return bool(await world.reviews())

        await world.until(asked, what="the question whether it happened")
        assert [entry["po"] for entry in world.books()] == ["sent"]
        (review,) = await world.reviews()
        assert review.kind == "unknown_effect"
        await world.app.reviews.decide(review.id, "take", by="pat")
        await world.rows("update cases set wake_at = bridgehead_now() where state = 'waiting' returning id")

        async def booked() -> bool:
            return "N-1" in [entry["number"] for entry in world.books()]

        await world.until(booked, what="the revision's booking")
    assert [case["state"] for case in await world.cases()] == ["with_person", "done"]

"""What was read is read again when it is too old to be acted on, and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridgehead.cli.telling import of_case
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World

CODE = """
HERE = Path(__file__).parent

def noted(name):
    with (HERE / "reads.txt").open("a") as file:
        file.write(name + "\\n")

@read(max_age="15m")
async def credit(customer: str) -> str:
    noted("credit")
    return (HERE / "credit.txt").read_text() if (HERE / "credit.txt").exists() else "good"

@read
async def name(customer: str) -> str:
    noted("name")
    return "Ada"

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    standing, called = await credit("C-1"), await name("C-1")
    if standing != "good":
        return f"{called} is {standing}"
    booked = await book(case.input["po"], case.input["amount"])
    return booked.number
"""
HELD = "book: {hold: desk}\ncredit: allow\nname: allow"


def reads(world: World) -> list[str]:
    return (world.place / "reads.txt").read_text().split()


async def held(world: World) -> None:
    await world.deploy(CODE, tools=HELD, deadline="48h")
    await world.submit({"po": "1", "amount": 50})
    await world.settle()
    assert reads(world) == ["credit", "name"]


@pytest.mark.parametrize("minutes, again", [(14, 0), (16, 1)])
async def test_a_read_is_made_again_exactly_when_it_is_due(world: World, minutes: int, again: int) -> None:
    """P5: an approval that comes within max_age acts on what was read; one that comes later reads again first."""
    await held(world)
    await world.pass_time(timedelta(minutes=minutes))
    await world.decide("approve")
    await world.settle()
    assert reads(world) == ["credit", "name"] + ["credit"] * again
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
    assert len(world.books()) == 1
    rows = await world.rows("select count(*) as n from steps where kind = 'read' and name = 'credit'")
    assert rows == [{"n": 1 + again}]
    view = await CaseQueries(world.app.database, world.app.vault).case(1)
    assert [step.read_again for step in view.steps if step.name == "credit"] == [None] + ["unchanged"] * again
    told = str(of_case(view))
    assert told.count("again, because what it had read was too old") == again


async def test_what_changed_meanwhile_is_not_acted_on(world: World) -> None:
    """P5: an approved booking whose facts have changed since is not sent; a person gets the case."""
    await held(world)
    (world.place / "credit.txt").write_text("blocked")
    await world.pass_time(timedelta(minutes=16))
    await world.decide("approve")
    await world.settle()
    assert world.books() == []
    assert [review.error_class for review in await world.reviews()] == ["diverged"]


async def test_a_change_within_max_age_is_not_seen(world: World) -> None:
    """P5: max_age is what the operator accepted; a younger reading stands."""
    await held(world)
    (world.place / "credit.txt").write_text("blocked")
    await world.pass_time(timedelta(minutes=14))
    await world.decide("approve")
    await world.settle()
    assert len(world.books()) == 1


async def test_what_was_acted_on_is_history(world: World) -> None:
    """P2: once an effect was sent, a replay does not question what it rested on, however old."""
    code = CODE.replace("    return booked.number\n", '    return await ctx.ask("desk", "Fine?", str)\n')
    await world.deploy(code, tools=HELD.replace("{hold: desk}", "allow"), deadline="48h")
    await world.submit({"po": "1", "amount": 50})
    await world.settle()
    (world.place / "credit.txt").write_text("blocked")
    await world.pass_time(timedelta(hours=9))
    await world.decide("answer", answer="yes")
    await world.settle()
    assert reads(world) == ["credit", "name"]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_an_agent_that_waits_decides_anew_on_what_changed(world: World) -> None:
    """P5: a case that only waited goes on with what the system says now, and replays that from then on."""
    code = CODE.replace(
        '    noted("name")\n',
        '    noted("name")\n    if (HERE / "away").exists():\n        raise ConnectionError("away")\n',
    )
    place = world.write(code, tools=HELD)
    (place / "away").touch()
    await world.deploy(code, tools=HELD, deadline="48h")
    await world.submit({"po": "1", "amount": 50})

    async def parked() -> bool:
        return [case["state"] for case in await world.cases()] == ["waiting"]

    async with world.working():
        await world.until(parked)
    (place / "away").unlink()
    (place / "credit.txt").write_text("blocked")
    await world.pass_time(timedelta(minutes=16))
    await world.settle()
    (case,) = await world.cases()
    assert case["outcome"] == "completed"
    assert world.books() == []

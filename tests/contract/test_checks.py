"""What a step brought and what a case came to is checked: read once more, mended once, else with a person."""

from __future__ import annotations

import pytest

from tests.support.world import World

PARTS = """
from bridgehead.cases.checking import vote
HERE = Path(__file__).parent

def plausible(*, args, result):
    return None if result >= 0 else f"{result} is below nothing"

async def other(*, args, result):
    return result != 13

def broken(*, args, result):
    raise RuntimeError("no rule for this")

def tries():
    with (HERE / "tries").open("a") as file:
        file.write("x")
    return len((HERE / "tries").read_text())

def small(*, args, result):
    return result <= 10

def halve(*, args, result, why):
    return result // 2
"""
AGENT = """
async def agent(case: Case[dict], ctx: Context) -> int:
    return await amount(case.input["po"])
"""


async def run(world: World, tool: str, more: str = "") -> dict[str, object]:
    """Runs one case of an agent that reads an amount and returns it."""
    await world.deploy(PARTS + tool + AGENT, tools="amount: allow", more=more.replace("MODULE", world.module))
    await world.submit({"po": "1"})
    await world.settle()
    (case,) = await world.cases()
    return case


async def said(world: World) -> list[tuple[object, ...]]:
    """Returns what was checked, by what, at which attempt, and whether it passed."""
    rows = await world.rows("select subject, checked_by, attempt, passed from checks order by id")
    return [tuple(row.values()) for row in rows]


async def test_a_wrong_result_is_read_once_more(world: World) -> None:
    """P4: a step whose check failed is made again, once, and what is right then goes on; both verdicts are recorded."""
    case = await run(
        world, "@read(check=plausible)\nasync def amount(po: str) -> int:\n    return -1 if tries() == 1 else 7\n"
    )
    assert case["outcome"] == "completed"
    assert await said(world) == [("amount", "plausible", 0, False), ("amount", "plausible", 1, True)]


async def test_a_result_that_stays_wrong_goes_to_a_person(world: World) -> None:
    """P4: after one more attempt a person gets the case, as invalid_output, with the value and what is wrong."""
    case = await run(
        world, '@read(check=plausible, cost="1 EUR")\nasync def amount(po: str) -> int:\n    tries()\n    return -1\n'
    )
    assert (case["state"], case["error_class"]) == ("with_person", "invalid_output")
    assert (world.place / "tries").read_text() == "xx"
    (review,) = await world.reviews()
    assert (review.shown["wrong"], "below nothing" in str(review.shown["reason"])) == (-1, True)
    (spent,) = await world.rows("select sum(amount) as spent from costs where kind = 'tool'")
    assert spent["spent"] == 2  # both attempts are paid for


async def test_a_check_that_raises_lets_nothing_pass(world: World) -> None:
    """P4: a check that cannot say is no check that says yes."""
    case = await run(world, "@read(check=broken)\nasync def amount(po: str) -> int:\n    return 1\n")
    assert (case["state"], case["error_class"]) == ("with_person", "invalid_output")


@pytest.mark.parametrize(
    "voters, passes",
    [
        ("plausible, other, broken", True),
        ("plausible, broken, broken", False),
        ("plausible, broken", False),
        ("other, other, other", True),
    ],
)
async def test_a_vote_goes_by_the_majority(world: World, voters: str, passes: bool) -> None:  # a case
    """P4: of several checks more than half must find it right; one that raises does not."""
    case = await run(world, f"@read(check=vote({voters}))\nasync def amount(po: str) -> int:\n    return 1\n")
    assert (case["outcome"] == "completed") is passes


AMOUNT = "@read\nasync def amount(po: str) -> int:\n    return {}\n"


@pytest.mark.parametrize(
    "value, more, outcome, verdicts",
    [
        (8, "outcome: {check: MODULE:small}", 8, [True]),
        (16, "outcome: {check: MODULE:small, repair: MODULE:halve}", 8, [False, True]),
        (16, "outcome: {check: MODULE:small}", None, [False]),
        (50, "outcome: {check: MODULE:small, repair: MODULE:halve}", None, [False, False]),
    ],
)
async def test_an_outcome_is_checked_and_mended_once(
    world: World, value: int, more: str, outcome: int | None, verdicts: list[bool]
) -> None:
    """P4: a wrong outcome is mended once where that is declared; what is still wrong is proposed to a person."""
    case = await run(world, AMOUNT.format(value), more)
    assert [one[3] for one in await said(world)] == verdicts
    if outcome is None:
        assert (case["state"], case["error_class"]) == ("with_person", "invalid_output")
        (review,) = await world.reviews()
        assert review.shown["proposed"] in (value, value // 2)
    else:
        assert case["outcome"] == "completed"

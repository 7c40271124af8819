"""What a write returns in shadow, where nothing was written."""

from __future__ import annotations

from tests.support.world import World

RULES = """
look: allow
book: allow
"""
DECIMAL = """
from decimal import Decimal

@dataclass
class Receipt:
    number: str
    amount: Decimal

@reversible(key="po")
async def book(po: str) -> Receipt:
    raise AssertionError("shadow writes nothing")

async def agent(case: Case[dict], ctx: Context) -> Receipt:
    return await book(case.input["po"])
"""
PATTERN = """
from typing import Annotated
from pydantic import Field

@reversible(key="po")
async def book(po: str) -> Annotated[str, Field(pattern="^N-[0-9]+$")]:
    raise AssertionError("shadow writes nothing")

async def agent(case: Case[dict], ctx: Context) -> str:
    return await book(case.input["po"])
"""
LOOKS = """
@read
async def look(number: str) -> str:
    raise AssertionError("there is nothing to look at")

@reversible(key="po")
async def book(po: str) -> str:
    raise AssertionError("shadow writes nothing")

async def agent(case: Case[dict], ctx: Context) -> str:
    return await look(await book(case.input["po"]))
"""


async def test_a_placeholder_fits_a_decimal(world: World) -> None:
    """P7: a write whose result holds a Decimal has a placeholder, so its case ends in shadow as it would for real."""
    await world.deploy(DECIMAL, tools="book: allow", level="shadow")
    await world.submit({"po": "1"})
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_result_without_a_placeholder_is_not_comparable(world: World) -> None:
    """P7: where no placeholder fits a result and no preview is declared, the case says so and blames no agent."""
    await world.deploy(PATTERN, tools="book: allow", level="shadow")
    await world.submit({"po": "1"})
    await world.settle()
    (case,) = await world.cases()
    assert (case["outcome"], case["error_class"]) == ("not_comparable", "out_of_scope")


async def test_a_read_of_what_was_never_written_is_not_comparable(world: World) -> None:
    """P7: a read of a virtual id without a preview_read ends the case as not comparable, never as a failure."""
    await world.deploy(LOOKS, tools=RULES, level="shadow")
    await world.submit({"po": "1"})
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["not_comparable"]

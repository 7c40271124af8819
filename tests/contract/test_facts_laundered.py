"""An account that a case brought into a system itself is not paid because the system says it again."""

from __future__ import annotations

import pytest

from tests.support.world import World

CODE = """
import asyncio

HERE = Path(__file__).parent
WRITTEN, SEEN = asyncio.Event(), asyncio.Event()

@read(labels={"*": "system_of_record"})
async def find_supplier(account: str) -> dict:
    return {"number": "S-1", "account": account}

@read(labels={"*": "system_of_record", "remarks": "system_of_record"})
async def supplier(number: str, waits: bool = False) -> dict:
    if waits:
        await WRITTEN.wait()
        SEEN.set()
    file = HERE / "remarks.txt"
    return {"account": "DE89370400440532013000", "remarks": file.read_text().split() if file.exists() else []}

@reversible(key="text", verify=find, timeout="1s", labels={"*": "system_of_record"})
async def remark(text: str, waits: bool = False) -> dict:
    with (HERE / "remarks.txt").open("a") as file:
        file.write(text + " ")
    if waits:
        WRITTEN.set()
        await SEEN.wait()
    return {"remark": text}

@reversible(key="po", verify=find, timeout="1s", sensitive="to")
async def pay(po: str, amount: int, to: str) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount, to=to)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    to = case.input["to"]
    if case.input["way"] == "asked":
        to = (await find_supplier(to))["account"]
    elif case.input["way"] == "answered":
        to = (await remark(to))["remark"]
    elif case.input["way"] in ("read", "later"):
        await remark(to)
        if case.input["way"] == "later":
            await ctx.ask("desk", "Pay?", str)
        to = (await supplier("S-1"))["remarks"][0]
    elif case.input["way"] == "beside":
        _, found = await asyncio.gather(remark(to, True), supplier("S-1", True))
        to = found["remarks"][0]
    elif case.input["way"] == "before":
        to = (await supplier("S-1"))["account"]
        await remark(to)
        await ctx.ask("desk", "Pay?", str)
        to = (await supplier("S-1"))["account"]
    try:
        return (await pay(case.input["po"], 5, to)).number
    except Refused as refused:
        return f"refused: {refused.message}"
"""
TOOLS = "find_supplier: allow\nsupplier: allow\nremark: allow\npay: allow"


async def paid(world: World, way: str, to: str) -> list[object]:
    await world.deploy(CODE, tools=TOOLS, deadline="48h")
    await world.submit({"po": "1", "to": to, "way": way})
    await world.settle()
    if way in ("later", "before"):
        await world.decide("answer", answer="yes")
        await world.settle()
    (case,) = await world.cases()
    assert case["outcome"] == "completed"
    return [entry["to"] for entry in world.books()]


@pytest.mark.parametrize("way", ["asked", "answered", "read", "later", "beside"])
async def test_an_account_that_the_case_said_itself_is_not_paid(world: World, way: str) -> None:
    """P5: what a call was asked with, or a field that the case has written, vouches for nothing where it comes back."""
    assert await paid(world, way, "GB29NWBK60161331926819") == []


async def test_an_account_that_was_known_before_it_was_written_is_paid(world: World) -> None:
    """P5: what the books named before the case wrote it is still theirs, in a later segment too."""
    assert await paid(world, "before", "GB29NWBK60161331926819") == ["DE89370400440532013000"]

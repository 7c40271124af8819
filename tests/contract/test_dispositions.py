"""What is done about each error class, as cases show it: tried again or told, and who catches what is left."""

from __future__ import annotations

import pytest

from bridgehead.cases.failures import TRIES
from bridgehead.errors import ERROR_CLASSES
from bridgehead.resilience.dispositions import disposition
from tests.support import world as worlds
from tests.support.world import World

READ = """
@read
async def ask_{name}() -> str:
    with (BOOKS.parent / "asked").open("a") as asked:
        asked.write("{name}\\n")
    raise Failed("not so", error_class="{name}")
"""
WRITE = """
@reversible(key="po")
async def book_{name}(po: str) -> str:
    with (BOOKS.parent / "asked").open("a") as asked:
        asked.write("{name}\\n")
    raise Failed("not so", error_class="{name}", applied={applied})
"""
READING = """
async def agent(case: Case[dict], ctx: Context) -> str:
    return await globals()["ask_" + case.input["po"]]()
"""
WRITING = """
async def agent(case: Case[dict], ctx: Context) -> str:
    return await globals()["book_" + case.input["po"]](case.input["po"])
"""


@pytest.fixture
def _roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives every class a role of its own."""
    roles = "".join(f'  of_{name}: {{{{members: "group:{name}"}}}}\n' for name in ERROR_CLASSES)
    table = ", ".join(f"{name}: of_{name}" for name in ERROR_CLASSES)
    text = worlds.YAML.replace("fallback: desk\n", f"{roles}fallback: {{{{{table}}}}}\n")
    monkeypatch.setattr(worlds, "YAML", text)


async def ended(world: World, code: str, tool: str, rest: dict[str, int]) -> dict[str, int]:
    """Returns how often each class's tool was called, once there are so many cases of each state."""
    tools = "\n".join(f"{tool}_{name}: allow" for name in ERROR_CLASSES)
    await world.deploy("from bridgehead.errors import Failed\n" + code, tools=tools)
    for name in ERROR_CLASSES:
        await world.submit({"po": name})

    async def at_rest() -> bool:
        found = await world.rows("select state, count(*) as many from cases group by state")
        return {str(one["state"]): one["many"] for one in found} == rest

    async with world.working():
        await world.until(at_rest, timeout_s=40, what="rest")
    asked = (world.place / "asked").read_text().split()
    return {name: asked.count(name) for name in ERROR_CLASSES}


async def whose(world: World) -> dict[str, str]:
    """Returns the role that has each class's case."""
    return {str(review.error_class): review.role for review in await world.reviews()}


@pytest.mark.usefixtures("_roles")
async def test_a_read_is_tried_again_or_its_class_goes_to_its_role(world: World) -> None:
    """P4: what passes is asked three times and waits; everything else is asked once and is with its class's role."""
    code = "".join(READ.format(name=name) for name in ERROR_CLASSES) + READING
    asked = await ended(world, code, "ask", {"waiting": 4, "with_person": 16})
    retried = {name for name in ERROR_CLASSES if disposition(name) == "retry"}
    assert {name for name, times in asked.items() if times == 1} == set(ERROR_CLASSES) - retried
    assert min(asked[name] for name in retried) >= TRIES
    assert await whose(world) == {name: f"of_{name}" for name in ERROR_CLASSES if name not in retried}


@pytest.mark.usefixtures("_roles")
async def test_a_write_that_did_not_happen_is_sent_again_or_told(world: World) -> None:
    """P4: a write that surely did not happen is sent again only where its class passes, and is never left unsettled."""
    code = "".join(WRITE.format(name=name, applied=False) for name in ERROR_CLASSES) + WRITING
    asked = await ended(world, code, "book", {"waiting": 4, "with_person": 16})
    retried = {name for name in ERROR_CLASSES if disposition(name, is_effect=True) == "retry"}
    assert {name for name, times in asked.items() if times == 1} >= set(ERROR_CLASSES) - retried
    effects = await world.rows("select tool, state from effects")
    assert {str(one["state"]) for one in effects} == {"failed"}
    assert await whose(world) == {name: f"of_{name}" for name in ERROR_CLASSES if name not in retried}


@pytest.mark.usefixtures("_roles")
async def test_a_write_that_may_have_happened_is_unknown_whatever_its_class(world: World) -> None:
    """P2: a class is no word on whether a write happened; without one, all are unknown and none is sent again."""
    code = "".join(WRITE.format(name=name, applied=None) for name in ERROR_CLASSES) + WRITING
    asked = await ended(world, code, "book", {"waiting": 20})
    assert asked == dict.fromkeys(ERROR_CLASSES, 1)
    effects = await world.rows("select tool, state from effects")
    assert {str(one["state"]) for one in effects} == {"unknown"}

"""A read that leaves the trust boundary is held for a person where its rule says so, like a write."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from bridgehead.errors import UserError
from tests.support.world import World

AGENT: Final = """
@outbound_read(sensitive="url")
async def fetch(url: str, note: str = "") -> str:
    down = BOOKS.parent / "down"
    if down.exists() and (left := int(down.read_text())):
        down.write_text(str(left - 1))
        raise Failed("down", error_class="transient", applied=False)
    enter(number=url, note=note)
    return f"page of {url}"

async def agent(case, ctx):
    said = []
    for url in case.input["urls"]:
        try:
            said.append(await fetch(url))
        except Refused as error:
            said.append(f"{error.code}: {error.message}")
    return said
"""
TOOLS: Final = "fetch: {allow: url from user, otherwise: {hold: desk%s}}"
GOOD, BAD = "https://good.example", "https://other.example"


async def deployed(world: World, rest: str = "", *, urls: list[str] | None = None, more: str = "") -> None:
    """Opens a case that fetches pages whose addresses nobody vouches for."""
    await world.deploy(AGENT, tools=TOOLS % rest, more=more, deadline="48h")
    await world.submit({"po": "1", "urls": urls or [BAD]})
    await world.settle()


def fetched(world: World) -> list[object]:
    """Returns the addresses that were fetched."""
    return [entry["number"] for entry in world.books()]


async def test_it_waits_for_a_person_and_is_made_once_approved(world: World) -> None:
    """P1: nothing is fetched before the approval; then what was shown is, once, and the approval is used."""
    await deployed(world)
    assert fetched(world) == []
    (review,) = await world.reviews()
    assert (review.kind, review.role, review.effect_id) == ("approval", "desk", None)
    assert review.shown["tool"] == "fetch"
    assert review.shown["args"] == {"url": BAD, "note": ""}
    await world.decide("approve")
    await world.settle()
    assert fetched(world) == [BAD]
    assert await world.rows("select count(*) as n from reviews where used_at is not null") == [{"n": 1}]
    assert [case["state"] for case in await world.cases()] == ["done"]


async def test_a_rejected_read_is_refused_for_good(world: World) -> None:
    """P1: the agent is told who said no and why, and a replay does not ask again."""
    await deployed(world, urls=[BAD, "https://more.example"])
    await world.decide("reject", answer="not that host")
    await world.settle()
    await world.decide("reject", answer="nor that")
    await world.settle()
    assert fetched(world) == []
    steps = await world.rows("select ok from steps where name = 'fetch'")
    assert [one["ok"] for one in steps] == [False, False]
    assert await world.reviews() == []


async def test_an_edited_read_is_made_as_it_was_written(world: World) -> None:
    """P1: a person's own address is fetched in the place of the agent's, and not asked about again."""
    await deployed(world)
    await world.decide("edit", answer={"args": {"url": GOOD, "note": "mine"}})
    await world.settle()
    assert [(entry["number"], entry["note"]) for entry in world.books()] == [(GOOD, "mine")]


async def test_an_edit_that_fits_no_tool_is_a_persons(world: World) -> None:
    """P4: arguments that the tool does not take make no call."""
    await deployed(world)
    await world.decide("edit", answer={"args": {"uri": GOOD}})
    await world.settle()
    assert fetched(world) == []
    assert [review.error_class for review in await world.reviews()] == ["invalid_input"]


async def test_two_reads_are_two_approvals(world: World) -> None:
    """P1: an approval is for one call: the same address a second time, and another one, are asked about anew."""
    await deployed(world, urls=[BAD, BAD, "https://more.example"])
    for made in range(3):
        assert len(fetched(world)) == made
        await world.decide("approve")
        await world.settle()
    assert fetched(world) == [BAD, BAD, "https://more.example"]


async def test_an_approval_that_has_run_out_is_asked_for_again(world: World) -> None:
    """P1: ``valid_for`` bounds the approval of a read as well."""
    await deployed(world, ", valid_for: 1h")
    await world.decide("approve")
    await world.pass_time(timedelta(hours=2))
    await world.settle()
    assert fetched(world) == []
    assert [review.kind for review in await world.reviews()] == ["approval"]


async def test_two_people_decide_where_the_rule_asks_for_two(world: World) -> None:
    """P1: the second approval is another person's, and only then the page is fetched."""
    await deployed(world, ", second: {role: lead}")
    await world.decide("approve", by="ann")
    await world.settle()
    assert fetched(world) == []
    (review,) = await world.reviews()
    assert review.role == "lead"
    with pytest.raises(UserError, match="asks for a second person"):
        await world.decide("approve", by="ann")
    await world.decide("approve", by="bob")
    await world.settle()
    assert fetched(world) == [BAD]


async def test_an_approved_read_that_fails_for_a_while_keeps_its_approval(world: World) -> None:
    """P4: a system that is down for a moment costs no second approval."""
    await world.deploy(AGENT, tools=TOOLS % "", deadline="48h")
    (world.place / "down").write_text("4")
    await world.submit({"po": "1", "urls": [BAD]})
    await world.settle()
    await world.decide("approve")
    await world.settle()
    assert fetched(world) == [BAD]
    timers = await world.rows("select count(*) as n from steps where kind = 'timer'")
    assert timers != [{"n": 0}]


async def test_an_approval_lifts_no_forbid(world: World) -> None:
    """P1: an approval is an input: a host that is not listed stays denied, and nobody is asked."""
    await deployed(world, more="egress: [good.example]")
    assert await world.reviews() == []
    assert fetched(world) == []


async def test_in_shadow_nobody_is_asked(world: World) -> None:
    """P7: a case in shadow opens no work for people: the read is refused, as the agent is told."""
    await world.deploy(AGENT, tools=TOOLS % "", level="shadow")
    await world.submit({"po": "1", "urls": [BAD]})
    await world.settle()
    assert await world.reviews() == []
    assert fetched(world) == []

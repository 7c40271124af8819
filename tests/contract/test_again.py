"""Work that a right denied is done again, once, whoever asks for it at the same moment."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Final

import pytest

from bridgehead.cases.intake import Opening
from bridgehead.errors import UserError
from bridgehead.gate.grants import Principal, granted
from bridgehead.ids import random_hex
from bridgehead.reviews.model import Review
from bridgehead.storage.arrivals import Arrivals
from bridgehead.storage.queries_system import verify_whole
from bridgehead.storage.reopening import came_to
from tests.support.world import World

AGENT: Final = """
@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(number=po, po=po, amount=amount)
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"], case.input["amount"])
"""
RIGHTS: Final = """
rights:
  group:sales: {tools: [book], when: amount <= 100}
  group:lead: {tools: [book]}
"""
DIRK: Final = Principal("dirk", frozenset({"sales"}))
ANNA: Final = Principal("anna", frozenset({"lead"}))
ORDER: Final = json.dumps({"po": "PO-1", "amount": 200}).encode()


@pytest.fixture
async def denied(world: World) -> World:
    """Gives a world in which an order of dirk's was denied for want of a right, and a person has it."""
    await world.deploy(AGENT, tools="book: allow", more=RIGHTS)
    for name, group in (("dirk", "sales"), ("anna", "lead")):
        await world.app.users.add(name, [group], None, by="ops")
    await submit(world, DIRK, None)
    await world.settle()
    assert world.books() == []
    return world


async def submit(world: World, who: Principal, again: str | None) -> int:
    stored = await world.app.arrivals.store(
        "orders", source="file", source_id=random_hex(), document=ORDER, name="order", actor="test", principal=who,
        again=again,
    )  # fmt: skip
    return stored.id


async def settled_by_another(world: World, number: int) -> dict[str, int]:
    """Settles an arrival as a worker in another process does: over a store and connections of its own."""
    assert world.loaded is not None
    arrivals = Arrivals(world.app.database, world.app.dispatch, world.app.vault)
    work = await arrivals.take(number, ["orders"])  # type: ignore[arg-type]  # an id
    assert work is not None
    (case,) = await world.rows("select business_key, content, release from cases where id = 1")
    key, content, release = (bytes(case[name]) for name in ("business_key", "content", "release"))  # type: ignore[call-overload]  # bytea
    spec = world.loaded.deployment
    granting = partial(granted, spec.rights, audience="orders", release=release.hex(), scope=frozenset({"book"}))
    opening = Opening(key, content, json.loads(ORDER), "")
    return dict(await arrivals.settle(work, release, [opening], (), 60.0, level="autonomous", granting=granting))


async def answered(world: World, *, again: bool) -> Review:
    (review,) = await world.reviews()
    assert world.loaded is not None
    granting = partial(
        granted, world.loaded.deployment.rights, audience="orders", release="", scope=frozenset({"book"})
    )
    return await world.app.reviews.decide(review.id, "answer", by="pat", answer="ok", again=again, granting=granting)


async def test_two_who_have_it_done_again_at_once_have_it_done_once(denied: World) -> None:
    """Of two that ask at the same moment one opens a case; the other is told which, and nothing is done twice."""
    await answered(denied, again=False)
    first, second = await submit(denied, ANNA, "has it"), await submit(denied, ANNA, "has it")
    counts = await asyncio.gather(settled_by_another(denied, first), settled_by_another(denied, second))
    assert sorted(one["opened"] for one in counts) == [0, 1]
    told = {one.relation: one for one in await came_to(denied.app.database, [first, second])}
    opened = told["opened"].case
    assert told["opened"].again == 1
    assert f"C-{opened} is still under way" in told["resend"].refused
    await denied.settle()
    assert [entry["po"] for entry in denied.books()] == ["PO-1"]
    assert (await denied.app.grants.find(opened)).subject == "anna"
    assert (await verify_whole(denied.app.database, {}, vault=denied.app.vault)).whole


async def test_a_review_and_a_submission_at_once_do_it_once(denied: World) -> None:
    """Who gives a case back while somebody else has it done again: one of the two opens a case, never both."""
    await denied.app.users.add("dirk", ["sales", "lead"], None, by="ops")
    number = await submit(denied, ANNA, "has it")
    await asyncio.gather(answered(denied, again=True), settled_by_another(denied, number))
    (cases,) = await denied.rows("select count(*) as n from cases")
    assert cases["n"] == 2
    (told,) = await came_to(denied.app.database, [number])
    assert told.relation == "resend"
    await denied.settle()
    assert [entry["po"] for entry in denied.books()] == ["PO-1"]
    assert (await verify_whole(denied.app.database, {}, vault=denied.app.vault)).whole


async def test_a_subject_of_an_issuer_shows_a_new_token(denied: World) -> None:
    """A case of somebody who signs in elsewhere is not given back without them: the refusal names the command."""
    who = Principal("eve", frozenset({"sales"}), issuer="https://id.example.com")
    await answered(denied, again=False)
    await denied.app.arrivals.store(
        "orders", source="file", source_id="e", document=ORDER.replace(b"PO-1", b"PO-2"), name="order", actor="test",
        principal=who,
    )  # fmt: skip
    await denied.settle()
    with pytest.raises(UserError, match="only a new token shows") as refused:
        await answered(denied, again=True)
    assert "--token-file TOKEN --again" in refused.value.hint
    await denied.app.users.bar(who.issuer, "eve", by="ops", reason="left")
    with pytest.raises(UserError, match="barred by ops: left"):
        await answered(denied, again=True)

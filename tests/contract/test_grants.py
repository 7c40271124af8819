"""A case that somebody opened acts with that person's rights, checked at each call, and with no others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from bridgehead import clock
from bridgehead.cases.stopping import Stops
from bridgehead.errors import UserError
from bridgehead.gate.grants import Principal
from bridgehead.ids import random_hex
from bridgehead.storage.controls import Controls
from bridgehead.storage.queries_system import verify_whole
from tests.support.world import World

AGENT: Final = """
GATE = Path(__file__).parent / "gate"

@read
async def look(po: str) -> str:
    while GATE.exists():
        await asyncio.sleep(0.01)
    return po

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(number=po, po=po, amount=amount)
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    await look(case.input["po"])
    return await book(case.input["po"], case.input["amount"])
"""
TOOLS: Final = """
look: allow
book: allow
"""
RIGHTS: Final = """
rights:
  group:sales: {tools: [look, book], when: amount <= 100}
  group:desk: {tools: [look]}
"""


@pytest.fixture
async def orders(world: World) -> World:
    """Gives a world with a deployment in which sales may book and the desk may look."""
    await world.deploy(AGENT, tools=TOOLS, more=RIGHTS)
    await world.app.users.add("anna", ["sales"], None, by="ops")
    await world.app.users.add("dirk", ["desk"], None, by="ops")
    return world


async def submit(world: World, who: Principal, po: str = "PO-1", amount: int = 10) -> None:
    await world.app.arrivals.store(
        "orders", source="file", source_id=random_hex(), document=json.dumps({"po": po, "amount": amount}).encode(),
        name="order", actor="test", principal=who,
    )  # fmt: skip


ANNA: Final = Principal("anna", frozenset({"sales"}))
DIRK: Final = Principal("dirk", frozenset({"desk"}))


async def why(world: World) -> str:
    (review,) = await world.reviews()
    return str(review.shown["reason"])


async def test_a_case_acts_with_the_rights_of_who_opened_it(orders: World) -> None:
    """What sales may book is booked, on the record with whose grant it was; what they may not is denied."""
    await submit(orders, ANNA)
    await submit(orders, ANNA, "PO-2", 101)
    await orders.settle()
    assert [entry["po"] for entry in orders.books()] == ["PO-1"]
    _, second = await orders.app.grants.listing()
    assert (second.case_id, second.subject, second.stands, second.fault) == (1, "anna", "stands", "")
    assert second.grant is not None
    assert (second.grant.tools, second.grant.audience) == (frozenset({"look", "book"}), "orders")
    bodies = [bytes(row["body"]) for row in await orders.rows("select body from ledger where chain = 'C-1'")]  # type: ignore[call-overload]  # bytea
    assert any(b"grant.made" in body and b'"anna"' in body for body in bodies)


async def test_scope_denies_what_the_grant_does_not_hold(orders: World) -> None:
    """A tool that its rule allows is not called for somebody whose grant does not reach it."""
    await submit(orders, DIRK)
    await orders.settle()
    assert orders.books() == []


async def test_a_case_of_nobody_acts_as_before(orders: World) -> None:
    """An arrival that nobody submitted has no grant, and the rules alone decide."""
    await orders.submit({"po": "PO-9", "amount": 5000})
    await orders.settle()
    assert [entry["po"] for entry in orders.books()] == ["PO-9"]
    assert await orders.app.grants.listing() == []


async def test_nobody_acts_for_somebody_whose_authority_was_not_looked_at(
    orders: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment that cannot see who may still act makes no call for anybody; cases that act for nobody go on."""
    stops = Controls.stops

    async def blind(self: Controls, deployment: str, release: bytes, *, fresh: bool = False) -> Stops:
        return replace(await stops(self, deployment, release, fresh=fresh), authority=None)

    monkeypatch.setattr(Controls, "stops", blind)
    await submit(orders, ANNA)
    await orders.submit({"po": "PO-9", "amount": 10})
    await orders.settle()
    assert [entry["po"] for entry in orders.books()] == ["PO-9"]
    assert "nobody can say whether they still may" in await why(orders)


async def held_up(world: World, then: Callable[[], object]) -> str:
    """Does something while a case of anna's stands before its booking; returns why a person has it then."""
    gate = world.place / "gate"
    gate.touch()
    await submit(world, ANNA)
    async with world.working():

        async def running() -> bool:
            return bool(await world.rows("select 1 from cases where state = 'running'"))

        await world.until(running)
        done = then()
        assert asyncio.iscoroutine(done)
        await done
        await asyncio.sleep(0)
        await world.app.controls.stops("orders", b"", fresh=True)
        gate.unlink()
        await world.until(world.at_rest)
    assert world.books() == []
    return await why(world)


async def test_a_revoked_grant_ends_a_case_at_its_next_call(orders: World) -> None:
    """A grant that is revoked while its case runs denies the next call, and a person gets the case and the reason."""
    said = await held_up(orders, lambda: orders.app.grants.revoke(1, by="ops", reason="left the firm"))
    assert "was revoked" in said
    assert "What would allow it: once its review is closed, somebody who may have it done submits it" in said
    assert await orders.app.grants.revoke(1, by="ops", reason="twice") is False


async def test_a_disabled_user_ends_their_cases(orders: World) -> None:
    """Who is disabled while their case runs acts no more: the next call is denied and a person gets the case."""
    said = await held_up(orders, lambda: orders.app.users.disable("anna", by="ops", reason="left the firm"))
    assert "disabled by ops: left the firm" in said


async def test_a_group_that_was_left_counts_no_more(orders: World) -> None:
    """Who leaves the group that had the right loses it in mid-case; the group they join instead adds nothing."""
    said = await held_up(orders, lambda: orders.app.users.add("anna", ["desk"], None, by="ops"))
    assert "a right that the case was opened with is gone" in said.lower()


async def test_a_narrowed_grant_counts_at_the_next_call(orders: World) -> None:
    """A grant that is narrowed while its case runs reaches no more than that from the next call on."""

    async def narrow() -> None:
        await orders.app.grants.narrow(1, by="ops", reason="only look", tools=["look"])

    said = await held_up(orders, narrow)
    assert "does not reach book" in said or "was refused" in said or "denied" in said


async def test_an_approval_does_not_outlive_its_human(world: World) -> None:
    """Who is disabled while a person approves their call does not have it made: the case goes to a person."""
    await world.deploy(AGENT, tools="look: allow\nbook: {hold: desk}", more=RIGHTS)
    await world.app.users.add("anna", ["sales"], None, by="ops")
    await submit(world, ANNA)
    await world.settle()
    await world.decide("approve")
    await world.app.users.disable("anna", by="ops", reason="left the firm")
    await world.app.controls.stops("orders", b"", fresh=True)  # what was read less than a second ago counts until then
    await world.settle()
    assert world.books() == []
    assert "disabled by ops" in await why(world)


TICKS: Final = """
import time

@read
async def tick(number: int) -> float:
    with (Path(__file__).parent / "ticks").open("a") as ticks:
        ticks.write(f"{time.time()}\\n")
    await asyncio.sleep(0.01)
    return time.time()

async def agent(case: Case[dict], ctx: Context) -> int:
    number = 0
    while True:
        number += 1
        await tick(number)
"""


@pytest.mark.parametrize("end", ["revoke", "disable"])
async def test_an_end_is_in_force_in_another_process_within_a_second(world: World, end: str) -> None:
    """A worker in a process of its own makes no call a second after a grant was revoked or its human disabled."""
    more = "rights: {group:sales: {tools: [tick]}}\nlimits: {steps: 100000}"
    await world.deploy(TICKS, tools="tick: allow", more=more)
    await world.app.users.add("anna", ["sales"], None, by="ops")
    ticks = world.place / "ticks"
    worker = world.start_worker()
    try:
        await submit(world, ANNA)

        async def ticking() -> bool:
            return ticks.exists() and len(ticks.read_text().splitlines()) > 20

        await world.until(ticking)
        if end == "revoke":
            await world.app.grants.revoke(1, by="ops", reason="over")
        else:
            await world.app.users.disable("anna", by="ops", reason="over")
        ended_at = clock.utc_now().timestamp()
        await world.until(world.at_rest)
    finally:
        worker.end()
    assert float(ticks.read_text().splitlines()[-1]) < ended_at + 1.0
    assert "over" in await why(world) or "revoked" in await why(world)


async def test_a_stored_grant_is_never_widened(orders: World) -> None:
    """Narrowing to more than there is is refused and changes nothing."""
    await submit(orders, DIRK)
    await orders.settle()
    with pytest.raises(UserError, match="cannot be given tools book"):
        await orders.app.grants.narrow(1, by="ops", reason="more", tools=["look", "book"])
    assert (await orders.app.grants.find(1)).narrowed == 0


async def opened(world: World, number: int) -> None:
    """Lets the cases be opened, and no more."""
    await world.app.controls.set("deployment", "orders", "pause", by="ops", reason="a test")
    async with world.working():

        async def granted() -> bool:
            return len(await world.app.grants.listing()) == number

        await world.until(granted)
    await world.app.controls.lift("deployment", "orders", by="ops", reason="a test")


async def test_an_expired_grant_denies(orders: World) -> None:
    """A case that is taken up after its grant has ended calls nothing."""
    await submit(orders, ANNA)
    await opened(orders, 1)
    await orders.rows("update cases set deadline_at = deadline_at + interval '3 days' returning 1")
    await orders.pass_time(timedelta(days=1, seconds=1))
    (found,) = await orders.app.grants.listing()
    assert found.stands == "expired"
    await orders.settle()
    assert orders.books() == []
    assert "has expired" in await why(orders)


async def test_another_cases_grant_counts_for_nothing(orders: World) -> None:
    """A grant's token in the row of another case denies every call of that case, and a person gets it."""
    orders.tampered = True
    await submit(orders, ANNA)
    await submit(orders, DIRK, "PO-2")
    await opened(orders, 2)
    await orders.rows(
        "update grants set token = (select token from grants where subject = 'anna') where subject = 'dirk' returning 1"
    )
    found = {one.subject: one for one in await orders.app.grants.listing()}
    assert (found["anna"].stands, found["dirk"].stands) == ("stands", "invalid")
    await orders.settle()
    assert [entry["po"] for entry in orders.books()] == ["PO-1"]
    assert "is not that of G-" in await why(orders)


@pytest.mark.parametrize(
    "change",
    [
        "update grants set subject = 'dirk'",
        "update grants set token = token || 'x'",
        "update grants set narrowed = 3",
        "delete from grants",
        "delete from revocations",
        "update revocations set revoked_by = 'nobody'",
        "update mandates set principal = replace(principal, 'anna', 'dirk')",
    ],
)
async def test_a_changed_grant_is_found(orders: World, change: str) -> None:
    """Whoever changes or removes a grant, or its revocation, in the tables is found by a verification."""
    orders.tampered = True
    await submit(orders, ANNA)
    await orders.settle()
    await orders.app.grants.narrow(1, by="ops", reason="less", tools=["look"])
    await orders.app.grants.revoke(1, by="ops", reason="over")
    assert (await verify_whole(orders.app.database, None)).whole
    await orders.rows(f"{change} returning 1")
    found = await verify_whole(orders.app.database, None)
    named = change.split()[1 if "update" in change else 2].replace("mandates", "grants")
    assert [one.table for one in found.differences] == [named]


async def test_keys_rotate_and_old_grants_stay_good(orders: World) -> None:
    """After a rotation new grants are signed by the new key, and older ones verify until they end."""
    await submit(orders, ANNA)
    await orders.settle()
    kid = await orders.app.grants.rotate(by="ops")
    await submit(orders, ANNA, "PO-2")
    await orders.settle()
    assert [one.stands for one in await orders.app.grants.listing()] == ["stands", "stands"]
    kids = [row["kid"] for row in await orders.rows("select kid from grants order by case_id")]
    assert kids[1] == kid != kids[0]


async def test_a_mandate_that_is_gone_opens_no_case(orders: World) -> None:
    """An arrival of somebody never becomes a case of the deployment's own authority."""
    orders.tampered = True
    await submit(orders, ANNA)
    await orders.rows("delete from mandates returning 1")
    async with orders.working():

        async def tried() -> bool:
            return bool(await orders.rows("select 1 from arrivals where attempts > 0"))

        await orders.until(tried)
    assert await orders.cases() == []
    assert orders.books() == []


async def test_a_mandate_goes_with_its_cases(orders: World) -> None:
    """For whom an arrival came is kept while a case of it is open, and no longer."""
    await submit(orders, ANNA)
    await submit(orders, DIRK, "PO-2")
    await orders.settle()
    assert [case["state"] for case in await orders.cases()] == ["done", "with_person"]
    assert len(await orders.rows("select 1 from mandates")) == 2
    await orders.rows("update mandates set stored_at = stored_at - interval '2 hours' returning 1")
    async with orders.working():

        async def forgotten() -> bool:
            return len(await orders.rows("select 1 from mandates")) < 2

        await orders.until(forgotten)
    (left,) = await orders.rows("select principal from mandates")
    assert "dirk" in str(left["principal"])
    assert (await verify_whole(orders.app.database, None)).whole


async def test_a_subject_of_an_issuer_is_no_local_user(orders: World) -> None:
    """Whom an issuer names as a local user is named has none of that user's rights: the case goes to a person."""
    await submit(orders, Principal("anna", frozenset({"sales"}), issuer="https://issuer.example"))
    await submit(orders, Principal("eve", frozenset({"sales"}), issuer="https://issuer.example"), po="PO-2")
    await orders.settle()
    assert [entry["po"] for entry in orders.books()] == ["PO-2"]
    assert "a local user has the same name" in await why(orders)

"""The figures of the desk against a run of the real runtime: counted by hand here, by the pages there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bridgehead.app import App
from bridgehead.auth.actor import Actor
from bridgehead.desk import connections, failures, overview, policies
from bridgehead.errors import Refused, UserError
from bridgehead.storage.queries_overview import OverviewQueries
from tests.support.console import visiting
from tests.support.world import World

VIEWER = Actor("vera", frozenset(), frozenset({"viewer"}))
NOBODY = Actor("nobody", frozenset(), frozenset())

CODE = '''
@reversible(key="po", verify=find, undo=lambda **_: None)
async def book(po: str, amount: int) -> Booking:
    enter(number=f"B-{po}", po=po, amount=amount)
    return Booking(f"B-{po}", po, amount)

async def agent(case: Case, ctx: Context) -> Booking:
    """Books, or gives up on an order that is too odd."""
    if case.input["amount"] < 0:
        raise Failed("odd", error_class="out_of_scope")
    return await book(case.input["po"], case.input["amount"])
'''
TOOLS = "book: {allow: amount <= 100, otherwise: {hold: desk, within: 2h}}"


async def _run(world: World) -> None:
    """Three orders booked by the agent alone, one held for a person, one that left the agent's hands."""
    await world.deploy(CODE, tools=TOOLS)
    for number, amount in enumerate((10, 20, 30, 500, -1)):
        await world.submit({"po": f"PO-{number}", "amount": amount})
    await world.settle()


async def test_overview_counts_what_happened(app: App, world: World) -> None:
    """The overview's figures are those of the run: handled, touchless, right at once, queue, classes and level."""
    await _run(world)
    (one,) = await overview.deployments(app, VIEWER)
    assert (one.level, one.handled, one.completed, one.touchless, one.right_at_once) == ("autonomous", 3, 3, 3, 3)
    assert (one.with_people, one.late) == (1, 0)
    assert one.touchless_share == pytest.approx(3 / 4)
    assert one.classes == (("out_of_scope", 1),)
    assert [(role.role, role.open, role.overdue) for role in one.queue] == [("desk", 2, 0)]
    async with visiting(app) as visitor:
        shown = (await visitor.get("/?period=24h")).text
    assert "75 %" in shown
    assert "2 reviews wait" in shown


async def test_overview_refuses_what_is_not_offered(app: App, world: World) -> None:
    """A period or a deployment that is not there is told, and nobody without the right sees anything."""
    with pytest.raises(UserError, match="no period"):
        await overview.deployments(app, VIEWER, period="7y")
    with pytest.raises(UserError, match="no deployment"):
        await overview.deployments(app, VIEWER, name="orderz")
    for refused in (overview.deployments(app, NOBODY), connections.connections(app, NOBODY)):
        with pytest.raises(Refused, match="may not see"):
            await refused


async def test_failures_are_counted_by_class_and_release(app: App, world: World) -> None:
    """A case that left the agent's hands is counted once under its class and its release, and shown as an example."""
    await _run(world)
    found = await failures.failures(app, VIEWER, period="24h")
    assert [(row.name, row.n, row.open) for row in found.classes] == [("out_of_scope", 1, 1)]
    assert sum(row.n for row in found.releases) == 1
    (example,) = await failures.examples(app, VIEWER, period="24h", release=found.releases[0].name)
    assert example.error_class == "out_of_scope"
    assert example.review is not None
    assert (await failures.failures(app, VIEWER, period="24h", error_class="bug")).total == 0
    async with visiting(app) as visitor:
        assert example.case in (await visitor.get("/failures?period=24h&error_class=out_of_scope")).text


async def test_a_call_that_nobody_made_is_explained(app: App, world: World) -> None:
    """The gate says of a hypothetical call what it would say of a real one, and nothing is recorded."""
    await _run(world)
    verdicts = {
        args: policies.explain(app, VIEWER, "orders", tool="book", args=args, level="autonomous").decision
        for args in ('{"po": "X", "amount": 99}', '{"po": "X", "amount": 101}', '{"po": "X", "amonut": 1}')
    }
    assert [one.verdict for one in verdicts.values()] == ["allow", "hold", "deny"]
    async with app.database.connection() as conn:
        row = await (await conn.execute("select count(*) as n from decisions")).fetchone()
    before = 0 if row is None else row["n"]
    async with visiting(app) as visitor:
        shown = await visitor.get(
            "/policies/orders?tool=book&level=autonomous&args=%7B%22po%22:%22X%22,%22amount%22:101%7D"
        )
    assert "for <strong>desk</strong>" in shown.text
    async with app.database.connection() as conn:
        row = await (await conn.execute("select count(*) as n from decisions")).fetchone()
    assert row is not None
    assert row["n"] == before
    with pytest.raises(UserError, match="no JSON"):
        policies.explain(app, VIEWER, "orders", tool="book", args="{", level="approve")


async def test_the_past_is_decided_again(app: App, world: World) -> None:
    """The replay of a period finds every recorded decision, each decided again as it was by the same rules."""
    await _run(world)
    found = None
    while found is None:
        found = await policies.replayed(app, VIEWER, "orders", period="24h", level=None)
    assert found.value.decisions == 4
    assert dict(found.value.same) == {"allow": 3, "hold": 1}
    assert not found.value.changed
    async with visiting(app) as visitor:
        assert "would be decided as it was" in (await visitor.get("/policies/orders/replay?period=24h")).text


async def test_connections_name_systems_and_workers(app: App, world: World) -> None:
    """The page of connections says which worker lives and what it serves."""
    await _run(world)
    found = await connections.connections(app, VIEWER)
    assert not [one for one in found.systems if one.health == "left alone"]
    async with visiting(app) as visitor:
        assert (await visitor.get("/connections")).status_code == 200


async def test_nobody_waits_for_figures(app: App, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is shown while its figures are counted, names what is counted, and has them once they are there."""
    await _run(world)
    counting, go = asyncio.Event(), asyncio.Event()
    counted = OverviewQueries.closed

    async def slow(self: OverviewQueries, deployment: str, **more: Any) -> Any:  # noqa: ANN401  # as it is called
        counting.set()
        await go.wait()
        return await counted(self, deployment, **more)

    monkeypatch.setattr(OverviewQueries, "closed", slow)
    async with visiting(app) as visitor:
        shown = (await visitor.get("/")).text
        assert "The figures of orders are being counted." in shown
        assert counting.is_set()
        go.set()
        (one,) = await overview.deployments(app, VIEWER)
        assert one.handled == 3
        assert "75 %" in (await visitor.get("/")).text

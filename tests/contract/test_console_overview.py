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


LEAVING = '''
async def agent(case: Case, ctx: Context) -> str:
    """Leaves in every way."""
    way = case.input["way"]
    if way == "odd":
        raise Failed("odd", error_class="out_of_scope")
    if way == "missing":
        raise Failed("no such item", error_class="not_found")
    if way == "no":
        raise Refused("a rule says no", code="policy.denied")
    if way in ("price", "no one word"):
        await ctx.hand_over("desk", "look at it", cause=way, error_class="invalid_input")
    return way
'''


async def test_what_was_to_be_handed_over_is_no_failure(app: App, world: World) -> None:
    """Each case that left is counted once: failed by class and release, handed over by cause, or refused."""
    await world.deploy(LEAVING, tools="{}")
    for number, way in enumerate(("done", "missing", "odd", "price", "price", "no one word", "no")):
        await world.submit({"po": f"PO-{number}", "way": way})
    await world.settle()
    found = await failures.failures(app, VIEWER, period="24h")
    assert [(row.name, row.n, row.open) for row in found.classes] == [("not_found", 1, 1)]
    assert sum(row.n for row in found.releases) == found.total == sum(one.n for one in found.trend) == 1
    assert {(row.name, row.n) for row in found.handed_over} == {("price", 2), ("out_of_scope", 1), ("invalid_input", 1)}
    assert [(row.name, row.n) for row in found.refused] == [("policy_denied", 1)]
    assert (found.handed_over_total, found.refused_total) == (4, 1)
    (example,) = await failures.examples(app, VIEWER, period="24h", release=found.releases[0].name)
    assert example.error_class == "not_found"
    assert example.review is not None
    only = await failures.failures(app, VIEWER, period="24h", error_class="bug")
    assert (only.total, only.handed_over, only.refused) == (0, (), ())
    async with visiting(app) as visitor:
        shown = (await visitor.get("/failures?period=24h")).text
        assert example.case in shown
        assert "rising" not in shown
        odd = await failures.examples(app, VIEWER, period="24h", error_class="out_of_scope")
        assert odd[0].case in (await visitor.get("/failures?period=24h&error_class=out_of_scope")).text
    assert (await world.rows("select cause from cases where cause = 'no one word'")) == []


async def test_a_shadow_run_says_what_would_be_handed_over(app: App, world: World) -> None:
    """P7: what an agent would have handed over in shadow is counted by its cause as well."""
    await world.deploy(LEAVING, tools="{}", level="shadow")
    await world.submit({"po": "PO-1", "way": "price"})
    await world.settle()
    found = await failures.failures(app, VIEWER, period="24h")
    assert [(row.name, row.n, row.open) for row in found.handed_over] == [("price", 1, 0)]


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

"""What an operator stops is stopped in every worker, nothing is lost, and all of it is on the record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridgehead.cases.stopping import NOTHING, Stops
from bridgehead.clock import boot_s
from bridgehead.ids import CaseId
from bridgehead.storage.controls import Kind
from bridgehead.storage.queries_system import verify_whole
from bridgehead.storage.workers import Lease
from tests.support.world import World, end_all

CODE = """
from bridgehead.clock import boot_s

GATE = Path(__file__).parent / "gate"

@read
async def look(n: int) -> int:
    return n

@reversible(key=("po", "n"))
async def tick(po: str, n: int) -> int:
    enter(po=f"{po} {n}", number=str(boot_s()), amount=n)
    return n

async def agent(case: Case[dict], ctx: Context) -> int:
    n = 0
    while not GATE.exists():
        await tick(case.input["po"], n)
        n += 1
        await asyncio.sleep(0.005)
    return await tick(case.input["po"], -1)
"""
TOOLS = "look: allow\ntick: allow"
ENDLESS = "limits: {steps: 100000}"
BOOK = """
@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"], case.input["amount"])
"""


async def ticking(world: World, count: int) -> None:
    """Waits for that many entries in the outside books."""

    async def there() -> bool:
        return len(world.books()) >= count

    await world.until(there, what=f"{count} entries")


async def test_a_paused_deployment_waits_and_loses_nothing(world: World) -> None:
    """P3: while a deployment is paused nothing of it is claimed; resumed, its case is booked once."""
    loaded = await world.deploy(BOOK, tools="book: allow")
    assert await world.app.controls.set("deployment", "orders", "pause", by="kim", reason="a look at the books")
    await world.submit({"po": "1", "amount": 5})
    async with world.working():

        async def opened() -> bool:
            return bool(await world.rows("select 1 from cases where state = 'due'"))

        await world.until(opened, what="the case")
    (case,) = await world.cases()
    assert (case["state"], case["epoch"], world.books()) == ("due", 0, []), "nobody has claimed it"
    lease = Lease(world.app.database.url, name="another", pid=1, lease_s=9.0)
    releases = [loaded.release.digest]
    assert await world.app.workers.claim(lease.worker_id, CaseId(int(str(case["id"]))), releases) is None
    lease.close()
    assert await world.app.controls.lift("deployment", "orders", by="kim", reason="all is well") == "pause"
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["1"]
    assert [case["state"] for case in await world.cases()] == ["done"]


async def test_a_pause_puts_a_running_case_aside_before_its_next_effect(world: World) -> None:
    """P3: a case that runs when its deployment is paused is put aside, and goes on where it was when resumed."""
    await world.deploy(CODE, tools=TOOLS, more=ENDLESS)
    await world.submit({"po": "1"})
    async with world.working():
        await ticking(world, 3)
        await world.app.controls.set("deployment", "orders", "pause", by="kim", reason="a look")

        async def aside() -> bool:
            return bool(await world.rows("select 1 from cases where state = 'due'"))

        await world.until(aside, what="the case put aside")
        held = len(world.books())
        (world.place / "gate").touch()
        await world.app.controls.lift("deployment", "orders", by="kim", reason="go on")
        await world.until(world.at_rest, what="the end")
    entries = [str(entry["po"]) for entry in world.books()]
    assert len(entries) == len(set(entries)), "no effect is made twice"
    assert held in (len(entries), len(entries) - 1)


async def test_a_paused_case_keeps_its_deadline(world: World) -> None:
    """P3: a pause holds no deadline up: past it the case is with a person."""
    await world.deploy(BOOK, tools="book: allow")
    await world.app.controls.set("all", "", "pause", by="kim", reason="the end of the month")
    await world.submit({"po": "1", "amount": 5})
    async with world.working():

        async def opened() -> bool:
            return bool(await world.cases())

        await world.until(opened, what="the case")
        await world.pass_time(timedelta(hours=1))

        async def handed() -> bool:
            return [case["state"] for case in await world.cases()] == ["with_person"]

        await world.until(handed, what="the hand-over")
    assert [review.kind for review in await world.reviews()] == ["deadline"]
    assert world.books() == []


@pytest.mark.parametrize("deployment", ["", "orders"])
async def test_a_killed_tool_is_denied_at_its_next_call(world: World, deployment: str) -> None:
    """P1: a tool that was killed is denied at the next decision, whatever the rules of the release allow."""
    await world.deploy(CODE, tools=TOOLS, more=ENDLESS)
    await world.submit({"po": "1"})
    async with world.working():
        await ticking(world, 3)
        await world.app.controls.set("tool", "tick", "kill", by="kim", reason="it doubles", deployment=deployment)
        await world.until(world.at_rest, what="the end")
    (review,) = await world.reviews()
    assert (review.kind, review.error_class) == ("exception", "policy_denied")
    (decision,) = await world.rows("select verdict from decisions order by id desc limit 1")
    assert decision["verdict"] == "deny"


async def test_a_call_that_waited_is_not_sent_after_a_kill(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: a call that was decided before a kill, and waited for its turn meanwhile, is decided anew and denied."""
    await world.deploy(BOOK, tools="book: allow")
    asked = [NOTHING]

    async def stops(*_: object, **__: object) -> Stops:
        return asked.pop() if asked else Stops(killed_tools=frozenset({"book"}))

    monkeypatch.setattr(world.app.controls, "stops", stops)
    await world.submit({"po": "1", "amount": 5})
    await world.settle()
    assert asked == []
    assert world.books() == []
    assert [review.error_class for review in await world.reviews()] == ["policy_denied"]
    assert [row["state"] for row in await world.rows("select state from effects")] == ["denied"]


async def test_a_tool_killed_elsewhere_is_not_denied_here(world: World) -> None:
    """P1: a tool that was killed in one deployment goes on in the others."""
    await world.deploy(BOOK, tools="book: allow")
    await world.app.controls.set("tool", "book", "kill", by="kim", reason="there", deployment="others")
    await world.submit({"po": "1", "amount": 5})
    await world.settle()
    assert len(world.books()) == 1


@pytest.mark.parametrize("kind", ["deployment", "release", "all"])
async def test_a_kill_hands_running_cases_over_with_their_state(world: World, kind: Kind) -> None:
    """P3: a running case of what was killed is with a person, with what it did, and its agent acts no more."""
    loaded = await world.deploy(CODE, tools=TOOLS, more=ENDLESS)
    name = {"deployment": "orders", "release": loaded.release.hex, "all": ""}[kind]
    await world.submit({"po": "1"})
    async with world.working():
        await ticking(world, 3)
        await world.app.controls.set(kind, name, "kill", by="kim", reason="it books nonsense")

        async def handed() -> bool:
            return [case["state"] for case in await world.cases()] == ["with_person"]

        await world.until(handed, what="the hand-over")
        sent = len(world.books())
        await world.submit({"po": "2"})
        await world.pass_time(timedelta(seconds=5))

        async def both() -> bool:
            return [case["state"] for case in await world.cases()] == ["with_person"] * 2

        await world.until(both, what="the second hand-over")
        assert len(world.books()) == sent
    first = (await world.reviews())[0]
    assert (first.kind, first.error_class) == ("exception", "policy_denied")
    assert "kim: it books nonsense" in str(first.shown["reason"])
    assert len(first.shown["effects"]) >= 3  # type: ignore[arg-type]  # a list


async def test_controls_are_on_the_record(world: World) -> None:
    """P8: who stopped and resumed what, and why, is on the chain of what it concerns."""
    await world.deploy(BOOK, tools="book: allow")
    controls = world.app.controls
    assert await controls.set("deployment", "orders", "pause", by="kim", reason="a look")
    assert not await controls.set("deployment", "orders", "pause", by="lee", reason="me too")
    assert await controls.set("deployment", "orders", "kill", by="lee", reason="worse")
    assert not await controls.set("deployment", "orders", "pause", by="kim", reason="milder")
    assert [(one.action, one.by) for one in await controls.standing()] == [("kill", "lee")]
    assert await controls.lift("deployment", "orders", by="kim", reason="mended") == "kill"
    assert await controls.lift("deployment", "orders", by="kim", reason="mended") is None
    assert await controls.set("tool", "book", "kill", by="kim", reason="everywhere")
    rows = await world.rows(
        "select convert_from(body, 'UTF8')::json->>'kind' as kind, chain from ledger"
        " where convert_from(body, 'UTF8')::json->>'kind' like 'control.%%' order by chain, seq"
    )
    assert [(row["chain"], row["kind"]) for row in rows] == [
        ("D-orders", "control.set"),
        ("D-orders", "control.set"),
        ("D-orders", "control.lifted"),
        ("S-controls", "control.set"),
    ]


@pytest.mark.parametrize(
    "kind, name, deployment, chain",
    [("deployment", "orders", "", "D-orders"), ("tool", "book", "orders", "D-orders"), ("all", "", "", "S-controls")],
)
async def test_a_kill_lifted_past_the_ledger_is_named(
    world: World, kind: Kind, name: str, deployment: str, chain: str
) -> None:
    """P8: whoever lifts a kill in the table alone is found out by verifying the ledger."""
    await world.deploy(BOOK, tools="book: allow")
    await world.app.controls.set(kind, name, "kill", by="kim", reason="stop", deployment=deployment)
    assert (await verify_whole(world.app.database, None)).whole
    world.tampered = True
    await world.rows("update controls set lifted_at = clock_timestamp() returning id")
    (found,) = (await verify_whole(world.app.database, None)).differences
    assert (found.chain, found.table, found.kind) == (chain, "controls", "missing")


async def test_a_kill_is_in_force_in_two_workers_within_a_second(world: World) -> None:
    """P1: one second after a kill no worker process sends another call of the tool."""
    await world.deploy(CODE, tools=TOOLS, more=ENDLESS)
    for number in range(2):
        await world.submit({"po": str(number)})
    workers = [world.start_worker(BRIDGEHEAD_CONCURRENCY="1") for _ in range(2)]
    try:
        await ticking(world, 20)
        await world.app.controls.set("tool", "tick", "kill", by="kim", reason="a test")
        set_s = boot_s()

        async def handed() -> bool:
            return {case["state"] for case in await world.cases()} == {"with_person"}

        await world.until(handed, what="the hand-over of both")
        assert boot_s() - set_s < 5.0
    finally:
        end_all(workers)
    last = max(float(str(entry["number"])) for entry in world.books())
    assert last - set_s < 1.0

"""Decision 0016: new cases are opened many at once, in the order of their coming, and run where they were opened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bridgehead.cases.intake import NewCase, Opening, opening
from bridgehead.cases.ports import Claim, Loaded
from bridgehead.engine.ports import ArrivalWork, Due
from bridgehead.engine.worker import Served
from bridgehead.ids import ArrivalId, CaseId, WorkerId
from bridgehead.spec.tool import JSON
from bridgehead.storage.workers import Lease
from tests.support.world import World

CODE = """
async def agent(case: Case[dict], ctx: Context) -> str:
    while case.input.get("stay") and not (Path(__file__).parent / "go").exists():
        await asyncio.sleep(0.01)
    return "done"
"""


class Room:
    """A place that keeps what it is given."""

    def __init__(self, worker: WorkerId) -> None:
        self.worker = worker
        self.held: list[CaseId] = []
        self.taken: list[tuple[Claim, Loaded]] = []

    def holds(self, case_id: CaseId) -> None:
        """Notes the case."""
        self.held.append(case_id)

    def take(self, claim: Claim, loaded: Loaded) -> None:
        """Keeps the case."""
        self.taken.append((claim, loaded))


async def taken(world: World, served: Served, order: dict[str, JSON], number: int) -> tuple[ArrivalWork, Opening]:
    """Stores an arrival of its own and returns it with what it opens."""
    stored = await world.app.arrivals.store(
        "orders", source="file", source_id=str(number), document=b"{}", name="order", actor="test"
    )
    work = await world.app.arrivals.take(ArrivalId(stored.id), ["orders"])
    assert work is not None
    new = NewCase(input=order, key={"po": order["po"]})
    return work, opening(served.deployment, served.bench.hmac, served.agent.input, new, "")


async def settled(world: World, served: Served, orders: Sequence[dict[str, JSON]], **more: object) -> list[object]:
    """Settles orders that came one after the other at the same moment; returns the counts or the error of each."""
    read = [await taken(world, served, order, number) for number, order in enumerate(orders)]

    async def one(work: ArrivalWork, opened: Opening, number: int) -> object:
        deadline_s: Any = more.get(f"deadline_{number}", 3600.0)
        return await world.app.arrivals.settle(
            work,
            served.release,
            [opened],
            [],
            deadline_s,
            level="autonomous",
            place=more.get("place"),  # type: ignore[arg-type]  # as each test gives them
        )

    return await asyncio.gather(*(one(*pair, number) for number, pair in enumerate(read)), return_exceptions=True)


async def serve(world: World) -> Served:
    """Deploys the agent."""
    return await world.app.serve(await world.deploy(CODE, tools="{}"))


async def test_what_is_settled_at_one_moment_is_one_commit(world: World) -> None:
    """Speed: twenty arrivals open their cases in at most two transactions, each case with a chain of its own."""
    served = await serve(world)
    told = await settled(world, served, [{"po": str(number)} for number in range(20)])
    assert told == [{"opened": 1, "resend": 0, "revision": 0, "review": 0}] * 20
    rows = await world.rows("select xmin::text as xid from cases")
    assert (len(rows), len({row["xid"] for row in rows})) <= (20, 2)
    assert len(rows) == 20
    chains = await world.rows("select 1 from chains where chain like 'C-%%' and seq = 1")
    assert len(chains) == 20
    assert len(await world.rows("select 1 from arrival_cases where relation = 'opened'")) == 20


async def test_one_key_at_one_moment_is_one_case_and_its_revision(world: World) -> None:
    """P2: of two orders under one key that are settled together the first opens, and the change is its revision."""
    served = await serve(world)
    told = await settled(world, served, [{"po": "a", "n": 1}, {"po": "b"}, {"po": "a", "n": 2}, {"po": "a", "n": 1}])
    assert [next(name for name, count in one.items() if count) for one in told] == [  # type: ignore[attr-defined]  # counts
        "opened",
        "opened",
        "revision",
        "resend",
    ]
    rows = await world.rows(
        "select revision, revises from cases where business_key = "
        "(select business_key from cases group by 1 having count(*) > 1) order by revision"
    )
    assert [row["revision"] for row in rows] == [1, 2]


@pytest.mark.parametrize("orders", [1, 2], ids=["together", "one by one"])
async def test_a_case_has_the_level_that_is_set_when_it_opens(world: World, orders: int) -> None:
    """P7: a level that is lowered while a document is read counts for the cases that it opens, however many."""
    served = await serve(world)
    work, new = await taken(world, served, {"po": "1"}, 1)
    other = opening(
        served.deployment, served.bench.hmac, served.agent.input, NewCase(input={"po": "2"}, key={"po": "2"}), ""
    )
    await world.app.levels.set_level("orders", "shadow", by="tester", why="a test")
    await world.app.arrivals.settle(work, served.release, [new, other][:orders], [], 3600.0, level="autonomous")
    assert [case["level"] for case in await world.cases()] == ["shadow"] * orders


async def test_what_is_wrong_with_one_arrival_hurts_no_other(world: World) -> None:
    """P3: an opening that the database refuses is told to its own caller, and the others are opened."""
    served = await serve(world)
    told = await settled(world, served, [{"po": str(n)} for n in range(6)], deadline_3=float("nan"))
    assert isinstance(told[3], Exception)
    assert [isinstance(one, dict) for one in told] == [True, True, True, False, True, True]
    assert len(await world.rows("select 1 from cases")) == 5
    assert len(await world.rows("select 1 from arrivals where state = 'stored'")) == 1


async def test_a_worker_with_room_runs_what_it_opens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed: a case that is opened by a worker with room is run without a hint and without a claim."""
    hinted: list[Due] = []
    hint = world.app.dispatch.hint

    async def noting(connection: object, due: Due, numbers: Sequence[int], *, fresh: bool = False) -> None:
        hinted.extend(due for _ in numbers)
        await hint(connection, due, numbers, fresh=fresh)

    await serve(world)
    monkeypatch.setattr(world.app.dispatch, "hint", noting)
    for number in range(5):
        await world.submit({"po": str(number)})
    await world.settle()
    assert [case["state"] for case in await world.cases()] == ["done"] * 5
    assert {case["epoch"] for case in await world.cases()} == {1}
    assert "case" not in hinted


async def test_without_room_a_case_is_hinted_at(world: World) -> None:
    """P3: what a busy worker opens is due for everybody, and is done when there is room."""
    await serve(world)
    world.app.settings = world.app.settings.model_copy(update={"concurrency": 1})

    async def busy() -> bool:
        return [case["state"] for case in await world.cases()] == ["running"]

    async def opened() -> bool:
        return [case["state"] for case in await world.cases()] == ["running", "due", "due", "due"]

    async with world.working():
        await world.submit({"po": "busy", "stay": True})
        await world.until(busy, what="the case that takes the only place")  # which of several takes it is nobody's say
        for number in range(3):
            await world.submit({"po": str(number)})
        await world.until(opened, what="one busy case and three behind it")
        (world.place / "go").touch()
        await world.until(world.at_rest)
    assert [case["state"] for case in await world.cases()] == ["done"] * 4


async def test_nothing_starts_for_a_dead_worker_or_while_something_is_stopped(world: World) -> None:
    """P3: a place counts only while its worker lives and no operator has stopped anything."""
    served = await serve(world)
    lease = Lease(world.app.database.url, name="test", pid=1, lease_s=60)
    room = Room(lease.worker_id)
    try:
        await settled(world, served, [{"po": "runs"}], place=room)
        ((claim, loaded),) = room.taken
        assert (claim.epoch, loaded.input, room.held) == (1, {"po": "runs"}, [claim.case_id])
        await world.rows(
            "insert into controls (kind, name, action, set_by, reason) values"
            " ('deployment', 'elsewhere', 'pause', 'pat', 'a test') returning 1"
        )
        await settled_more(world, served, "paused", room)
        await world.rows("update controls set lifted_at = clock_timestamp() returning 1")
    finally:
        lease.close()
    await settled_more(world, served, "dead", room)
    assert len(room.taken) == 1
    assert [case["state"] for case in await world.cases()] == ["running", "due", "due"]


async def settled_more(world: World, served: Served, po: str, room: Room) -> None:
    """Settles one more order with a place for it."""
    work, opened = await taken(world, served, {"po": po}, sum(map(ord, po)))
    await world.app.arrivals.settle(work, served.release, [opened], [], 3600.0, level="autonomous", place=room)


async def test_an_arrival_that_is_settled_twice_at_one_moment_is_settled_once(world: World) -> None:
    """P3: of two readers of one arrival one opens its case, and the other is told that nothing was left to do."""
    served = await serve(world)
    work, opened = await taken(world, served, {"po": "1"}, 1)
    told = await asyncio.gather(
        *(world.app.arrivals.settle(work, served.release, [opened], [], 3600.0, level="autonomous") for _ in range(3))
    )
    assert [dict(one).get("opened") for one in told] == [1, None, None]
    assert len(await world.cases()) == 1


async def test_a_document_over_which_workers_die_goes_to_a_person(world: World) -> None:
    """P3: the attempts at a document are counted before they are made, and the fourth is left to a person."""
    await serve(world)
    number = ArrivalId(await world.submit({"po": "deadly"}))
    assert [await world.app.arrivals.attempt(number) for _ in range(3)] == [1, 2, 3]
    await world.settle()
    (review,) = await world.reviews()
    assert (review.kind, review.error_class, review.arrival_id) == ("document", "bug", number)
    assert await world.cases() == []


async def test_a_document_that_was_read_is_not_to_blame(world: World) -> None:
    """P3: an arrival that waits for its turn when its worker dies has not used up an attempt."""
    await serve(world)
    number = ArrivalId(await world.submit({"po": "innocent"}))
    for _ in range(5):
        assert await world.app.arrivals.attempt(number) == 1
        await world.app.arrivals.was_read([number])
    await world.settle()
    assert [case["state"] for case in await world.cases()] == ["done"]

"""Group commit (D6): what cases write together stands together, and what is wrong with one hurts only that one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bridgehead import clock
from bridgehead.app import App
from bridgehead.cases.intake import NewCase, opening
from bridgehead.cases.ports import Claim, KeyTaken
from bridgehead.cases.writes import (
    DecisionWrite,
    EffectMove,
    EffectOpen,
    Finish,
    Note,
    ReviewOpen,
    ReviewUse,
    StepWrite,
    Wait,
    Write,
)
from bridgehead.engine.worker import Served
from bridgehead.errors import LeaseLost, Unavailable
from bridgehead.ids import ArrivalId, CaseId
from bridgehead.spec.tool import JSON
from bridgehead.storage import committing
from bridgehead.storage.cases import Cases
from bridgehead.storage.database import Database
from bridgehead.storage.workers import Lease
from tests.support.cutting_proxy import cutting_proxy
from tests.support.world import World

AGENT = """
@read
async def look(n: int) -> str:
    return "x"

async def agent(case: Case[dict], ctx: Context) -> str:
    return await look(1)
"""


DIGEST = bytes(range(32))
NOW = clock.utc_now()


def step(name: str = "look", *, branch: str = "") -> StepWrite:
    """Returns a recorded read."""
    return StepWrite(
        "read", branch, name, DIGEST, 0, ok=True, payload={"result": name}, started_at=NOW, duration_ms=1.0
    )


def effect(key: str, *, state: str = "intended") -> list[Write]:
    """Returns a decision and the effect it allows."""
    decided = DecisionWrite("d", "book", DIGEST, "allow", DIGEST, {"why": "a test"}, ("tools.book",))
    opened = EffectOpen(
        "e", "book", key.encode().ljust(32), DIGEST, "", 0, "intended", {"po": key}, "d", 1, None, 1.0, 2.0
    )
    return [decided, opened if state == "intended" else replace(opened, state="held")]


@asynccontextmanager
async def claims(world: World, count: int) -> AsyncIterator[list[Claim]]:
    """Gives claims on cases that were just opened, oldest first."""
    loaded = await world.deploy(AGENT, tools="look: allow")
    served = await world.app.serve(loaded)
    lease = Lease(world.app.database.url, name="test", pid=1, lease_s=60)
    try:
        yield [await claim(world.app, served, lease, number) for number in range(count)]
    finally:
        lease.close()


async def claim(app: App, served: Served, lease: Lease, number: int) -> Claim:
    """Opens a case and claims it."""
    stored = await app.arrivals.store(
        "orders", source="file", source_id=str(number), document=b"{}", name="order", actor="test"
    )
    work = await app.arrivals.take(ArrivalId(stored.id), ["orders"])
    assert work is not None
    order: dict[str, JSON] = {"po": str(number)}
    case = opening(served.deployment, served.bench.hmac, served.agent.input, NewCase(input=order, key=order), "")
    await app.arrivals.settle(work, served.release, [case], [], 3600.0, level="autonomous")
    async with app.database.connection() as conn:
        row = await (await conn.execute("select max(id) as id from cases")).fetchone()
    assert row is not None
    claimed = await app.workers.claim(lease.worker_id, CaseId(row["id"]), [served.release])
    assert claimed is not None
    return claimed


async def together(store: Cases, *commits: tuple[Claim, Sequence[Write]]) -> list[object]:
    """Commits at the same moment; returns the tokens or the error of each."""

    async def one(claim: Claim, writes: Sequence[Write]) -> object:
        try:
            return await store.commit(claim, writes, actor="test")
        except (Exception, LeaseLost) as error:  # noqa: BLE001  # what it was is the answer
            return error

    return await asyncio.gather(*(one(claim, writes) for claim, writes in commits))


async def test_what_waits_is_committed_in_one_transaction(world: World) -> None:
    """Speed: twenty cases that write at the same moment share one commit, and each has its own rows."""
    async with claims(world, 20) as held:
        told = await together(world.app.cases, *((one, [*effect(f"k{one.case_id}"), step()]) for one in held))
        assert len({str(tokens) for tokens in told}) == 20
        rows = await world.rows("select case_id, xmin::text as xid from steps order by case_id")
        assert [row["case_id"] for row in rows] == [one.case_id for one in held]
        assert len({row["xid"] for row in rows}) == 1


async def test_a_claim_that_is_over_drops_out_alone(world: World) -> None:
    """P3: of the cases in one batch only the one whose epoch was raised writes nothing."""
    async with claims(world, 5) as held:
        await world.rows("update cases set epoch = epoch + 1 where id = %s returning id", held[2].case_id)
        told = await together(world.app.cases, *((one, [step()]) for one in held))
        assert [isinstance(one, LeaseLost) for one in told] == [False, False, True, False, False]
        rows = await world.rows("select case_id from steps order by case_id")
        assert [row["case_id"] for row in rows] == [one.case_id for one in held if one is not held[2]]


async def test_a_case_that_does_not_run_drops_out_alone(world: World) -> None:
    """P3: a case that waits has no running segment, so the one that thinks so writes nothing."""
    async with claims(world, 2) as held:
        await together(world.app.cases, (held[0], [Wait(60.0, stop_clock=False)]))
        first, second = await together(world.app.cases, *((one, [step()]) for one in held))
        assert isinstance(first, LeaseLost)
        assert second == {}


async def test_a_key_that_is_taken_hurts_only_its_case(world: World) -> None:
    """P2: two cases of one batch with one key: the first has the effect, the second learns it, the others go on."""
    async with claims(world, 6) as held:
        keys = ["a", "b", "c", "b", "d", "e"]
        told = await together(world.app.cases, *((one, effect(key)) for one, key in zip(held, keys, strict=True)))
        assert sorted(number for number, one in enumerate(told) if isinstance(one, KeyTaken)) in ([1], [3])
        rows = await world.rows("select convert_from(key, 'UTF8') as key from effects order by key")
        assert [str(row["key"]).strip() for row in rows] == ["a", "b", "c", "d", "e"]
        assert len(await world.rows("select 1 from decisions")) == 5


async def test_a_row_that_the_database_refuses_hurts_only_its_case(world: World) -> None:
    """D6: a NUL byte, and a state that is none, in a batch of eight: those two fail and the other six stand."""
    async with claims(world, 8) as held:
        writes: list[list[Write]] = [[step()] for _ in held]
        writes[3] = [step(), step(branch="a\0b")]
        writes[6] = [step(), replace(step(), kind="nothing")]  # type: ignore[arg-type]  # on purpose
        told = await together(world.app.cases, *zip(held, writes, strict=True))
        assert [isinstance(one, Exception) for one in told] == [False] * 3 + [True] + [False] * 2 + [True, False]
        rows = await world.rows("select case_id from steps order by case_id")
        assert [row["case_id"] for row in rows] == [held[n].case_id for n in (0, 1, 2, 4, 5, 7)]


async def test_what_cannot_be_written_as_json_hurts_only_its_case(world: World) -> None:
    """D6: a payload that is no JSON fails before anything is asked of the database."""
    async with claims(world, 2) as held:
        bad = replace(step(), payload={"result": float("nan")})
        first, second = await together(world.app.cases, (held[0], [bad]), (held[1], [step()]))
        assert isinstance(first, ValueError)
        assert second == {}


async def test_an_effect_that_was_moved_meanwhile_hurts_only_its_case(world: World) -> None:
    """P2: a move from a state that the effect has left is lost, and nothing of its commit is written."""
    async with claims(world, 3) as held:
        store = world.app.cases
        told = await together(store, *((one, effect(f"k{one.case_id}")) for one in held))
        numbers = [int(one["e"]) for one in told if isinstance(one, dict)]
        moves = [EffectMove(number, "intended", "committed", {"result": 1}) for number in numbers]
        assert await together(store, (held[0], [moves[0], step()])) == [{}]
        both: list[list[Write]] = [[move, step()] for move in moves]
        again = await together(store, *zip(held, both, strict=True))
        assert [isinstance(one, LeaseLost) for one in again] == [True, False, False]
        foreign = await together(store, (held[0], [EffectMove(numbers[1], "committed", "undone")]))
        assert isinstance(foreign[0], LeaseLost)
        assert [row["state"] for row in await world.rows("select state from effects")] == ["committed"] * 3
        assert len(await world.rows("select 1 from steps")) == 3


async def test_an_approval_is_used_once_within_a_batch(world: World) -> None:
    """P1: two commits that use one approval: one of them is lost."""
    async with claims(world, 2) as held:
        store = world.app.cases
        asked = ReviewOpen("r", "question", "desk", {"question": "?"})
        (told,) = await together(store, (held[0], [asked]))
        assert isinstance(told, dict)
        use: list[Write] = [ReviewUse(told["r"]), step()]
        used = await together(store, *((one, use) for one in held))
        assert sorted(isinstance(one, LeaseLost) for one in used) == [False, True]
        assert len(await world.rows("select 1 from steps")) == 1


async def test_work_for_people_and_ordinary_steps_share_a_batch(world: World) -> None:
    """D6: a review, an end and a step of three cases are committed together; what was open is superseded."""
    async with claims(world, 3) as held:
        store = world.app.cases
        asked = ReviewOpen("r", "question", "desk", {"question": "?"})
        await together(store, (held[0], [asked]))
        held_back = [*effect("h", state="held"), ReviewOpen("r", "approval", "desk", {}, effect="e", digest=DIGEST)]
        told = await together(
            store,
            (held[0], [step(), Finish("completed", {"output": 1})]),
            (held[1], [*held_back, Wait(None, stop_clock=True)]),
            (held[2], [step()]),
        )
        assert not [one for one in told if isinstance(one, BaseException)]
        states = [row["state"] for row in await world.rows("select state from cases order by id")]
        assert states == ["done", "waiting", "running"]
        reviews = await world.rows("select kind, state from reviews order by id")
        assert [(row["kind"], row["state"]) for row in reviews] == [("question", "superseded"), ("approval", "open")]


async def test_progress_is_told_apart_from_notes(world: World) -> None:
    """P3: a step ends the count of lost segments, a note that each replay writes again does not."""
    async with claims(world, 2) as held:
        await world.rows("update cases set lost_segments = 2 returning id")
        await together(world.app.cases, (held[0], [Note("drift")]), (held[1], [step()]))
        rows = await world.rows("select lost_segments from cases order by id")
        assert [row["lost_segments"] for row in rows] == [2, 0]


async def test_commits_of_one_case_keep_their_order(world: World) -> None:
    """P8: many commits of one case at once are numbered in the order in which they were made."""
    async with claims(world, 2) as held:
        names = [f"n{number}" for number in range(12)]
        others = [(held[1], [step()]) for _ in names]
        mine = [(held[0], [step(name)]) for name in names]
        await together(world.app.cases, *(one for pair in zip(mine, others, strict=True) for one in pair))
        rows = await world.rows("select name from steps where case_id = %s order by seq", held[0].case_id)
        assert [row["name"] for row in rows] == names


async def test_two_workers_never_deadlock_over_cases_they_both_want(world: World) -> None:
    """D3: batches of two workers over the same cases, in opposite orders: each case is written by its holder only."""
    async with claims(world, 8) as held, App.opened(world.app.settings) as other:
        stale = [replace(one, epoch=one.epoch - 1) for one in held]
        for _ in range(10):
            mine, theirs = await asyncio.gather(
                together(world.app.cases, *((one, [step()]) for one in held)),
                together(other.cases, *((one, [step()]) for one in reversed(stale))),
            )
            assert mine == [{}] * 8
            assert all(isinstance(one, LeaseLost) for one in theirs)
        assert len(await world.rows("select 1 from steps")) == 80


async def test_a_caller_that_is_cancelled_takes_its_waiting_commit_back(world: World) -> None:
    """D4: cancelled while others are written, a commit leaves nothing behind; nobody else notices."""
    async with claims(world, 3) as held:
        store = world.app.cases
        async with world.app.database.transaction() as conn:
            await conn.execute("select 1 from cases where id = %s for update", (held[0].case_id,))
            first = asyncio.create_task(store.commit(held[0], [step()], actor="test"))
            await asyncio.sleep(0)  # the writer has taken it, and waits for the row
            await asyncio.sleep(0)
            waiting = asyncio.create_task(store.commit(held[1], [step()], actor="test"))
            third = asyncio.create_task(store.commit(held[2], [step()], actor="test"))
            await asyncio.sleep(0)
            waiting.cancel()
        await asyncio.gather(first, third)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        rows = await world.rows("select case_id from steps order by case_id")
        assert [row["case_id"] for row in rows] == [held[0].case_id, held[2].case_id]


async def test_a_commit_whose_caller_is_cancelled_stands_or_falls_as_a_whole(world: World) -> None:
    """D4: cancelled at any moment, a commit of three rows has written all of them or none."""
    async with claims(world, 12) as held:
        for turns, one in enumerate(held):
            task = asyncio.create_task(world.app.cases.commit(one, [*effect(f"k{turns}"), step()], actor="test"))
            for _ in range(turns):
                await asyncio.sleep(0.0005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await together(world.app.cases, (held[-1], [Note("after")]))  # what was under way has ended
        rows = await world.rows(
            "select (select count(*) from steps s where s.case_id = c.id) as steps,"
            " (select count(*) from decisions d where d.case_id = c.id) as decisions,"
            " (select count(*) from effects e where e.case_id = c.id) as effects from cases c"
        )
        assert all(len(set(row.values())) == 1 for row in rows)


async def test_a_case_that_somebody_holds_locked_holds_up_no_other(world: World) -> None:
    """D6: while one row is locked for long, the batch goes on without it, and its commit comes when it is free."""
    async with claims(world, 3) as held:
        store = world.app.cases
        async with world.app.database.transaction() as conn:
            await conn.execute("select 1 from cases where id = %s for update", (held[1].case_id,))
            tasks = [asyncio.create_task(store.commit(one, [step()], actor="test")) for one in held]
            assert list(await asyncio.wait_for(asyncio.gather(tasks[0], tasks[2]), 10)) == [{}, {}]
            assert not tasks[1].done()
        assert await asyncio.wait_for(tasks[1], 10) == {}
        assert len(await world.rows("select 1 from steps")) == 3


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_connection_lost_at_the_commit_is_cleared_up_before_anyone_is_told(world: World, cut: str) -> None:
    """P2: lost before the server had it, or after it was done: everything is written once, and the caller knows."""
    async with claims(world, 4) as held, cutting_proxy(world.app.database.url) as proxy:
        database = Database(proxy.url, size=2)
        await database.open()
        try:
            store = Cases(database, world.app.dispatch)
            assert await store.commit(held[0], [Note("first")], actor="test") == {}
            proxy.at, proxy.cut, proxy.times = b"commit\0", cut, 1  # type: ignore[assignment]  # of two
            told = await together(store, *((one, [*effect(f"k{one.case_id}"), step()]) for one in held))
            assert proxy.done == 1
        finally:
            await database.close()
        assert [isinstance(one, dict) and sorted(one) == ["d", "e"] for one in told] == [True] * 4
        rows = await world.rows("select id, case_id from effects order by case_id")
        assert [row["case_id"] for row in rows] == [one.case_id for one in held]
        assert [row["id"] for row in rows] == [one["e"] for one in told if isinstance(one, dict)]
        assert len(await world.rows("select 1 from steps")) == 4


async def test_nobody_is_told_what_nobody_can_say(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P2: when the database stays away after a commit was sent, its callers get Unavailable and act on nothing."""
    monkeypatch.setattr(committing, "ANSWER_S", 0.3)
    async with claims(world, 2) as held, cutting_proxy(world.app.database.url) as proxy:
        database = Database(proxy.url, size=2)
        await database.open()
        try:
            store = Cases(database, world.app.dispatch)
            proxy.at, proxy.cut, proxy.times, proxy.refuse_then = b"commit\0", "after", 1, True
            told = await together(store, *((one, [step()]) for one in held))
            assert [isinstance(one, Unavailable) for one in told] == [True, True]
            proxy.refusing = False
            assert await together(store, (held[0], [step()])) == [{}]
        finally:
            await database.close()
        rows = await world.rows("select case_id from steps order by case_id, seq")
        assert [row["case_id"] for row in rows] == [held[0].case_id, held[0].case_id, held[1].case_id]


async def test_a_connection_lost_before_the_commit_costs_nothing(world: World) -> None:
    """D6: the server that ends the writer's connection in the middle of its work ends nobody's segment."""
    async with claims(world, 3) as held, cutting_proxy(world.app.database.url) as proxy:
        database = Database(proxy.url, size=2)
        await database.open()
        try:
            store = Cases(database, world.app.dispatch)
            proxy.at, proxy.times = b"for update of h", 1
            assert await together(store, *((one, [step()]) for one in held)) == [{}] * 3
            assert proxy.done == 1
        finally:
            await database.close()

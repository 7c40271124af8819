"""What stands between a case and a double: one named test per guard, each of which fails without it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import EffectOpen, Note, Write
from bridgehead.errors import LeaseLost
from bridgehead.ids import CaseId, WorkerId
from bridgehead.spec.tool import JSON
from bridgehead.storage.cases import Cases
from bridgehead.storage.workers import Lease
from tests.support.world import World

BOOK = """
@read(max_age="15m")
async def customer(number: str) -> str:
    return f"customer {number}"

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str, amount: int, note: str = "") -> Booking:
    (BOOKS.parent / "at-send").touch()
    while (BOOKS.parent / "stop-send").exists():
        await asyncio.sleep(0.01)
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    await customer(case.input["customer"])
    return await book(case.input["po"], case.input["amount"])
"""
TOOLS = "customer: allow\nbook: allow"
ORDER: dict[str, JSON] = {"po": "1", "customer": "c", "amount": 5}


async def claimed(world: World) -> tuple[Claim, Lease]:
    """Returns a claim on a freshly opened case, held by a worker of this test's own."""
    world.tampered = True  # the case is put there without its ledger rows
    assert world.loaded is not None
    lease = Lease(world.app.database.url, name="test", pid=1, lease_s=30)
    await world.rows("insert into data_keys (wrapped) values (%s) returning id", world.app.vault.new_data_key()[0])
    async with world.app.database.transaction() as conn:
        from bridgehead.storage.sealing import Chain, Sealer, new_key

        key_id, key = await new_key(conn, world.app.vault)
        reference = await Sealer(conn, key_id, key).put({"input": ORDER, "text": ""})
        row = await (
            await conn.execute(
                "insert into cases (deployment, release, level, business_key, content, key_id, input, state)"
                " values ('orders', %s, 'autonomous', 'k', 'c', %s, %s, 'due') returning id",
                (world.loaded.release.digest, key_id, reference),
            )
        ).fetchone()
        assert row is not None
        await Chain.lock(conn, f"C-{row['id']}", actor="test", create=True)
    claim = await world.app.workers.claim(lease.worker_id, CaseId(row["id"]), [world.loaded.release.digest])
    assert claim is not None
    return claim, lease


async def test_a_stale_claim_writes_nothing_even_while_the_new_one_is_uncommitted(world: World) -> None:
    """P3: the fence is an UPDATE of the row, so a write that races with a new claim waits for it and is refused."""
    await world.deploy(BOOK, tools=TOOLS)
    claim, lease = await claimed(world)
    try:
        async with world.app.database.transaction() as conn:
            await conn.execute("update cases set epoch = epoch + 1 where id = %s", (claim.case_id,))
            stale = asyncio.create_task(world.app.cases.commit(claim, [Note("stale")], actor="test"))
            done, _ = await asyncio.wait({stale}, timeout=0.3)
            assert not done
        with pytest.raises(LeaseLost):
            await stale
    finally:
        lease.close()
    kinds = await world.rows("select convert_from(body, 'UTF8') as body from ledger where chain like 'C-%%'")
    assert not [row for row in kinds if '"stale"' in str(row["body"])]


async def test_the_intent_is_on_record_before_the_call_is_made(world: World) -> None:
    """P2: while a call is under way its intent is already committed, with the moment until which it may be sent."""
    await world.deploy(BOOK, tools=TOOLS)
    (world.place / "stop-send").touch()
    await world.submit(ORDER)

    async def sending() -> bool:
        return (world.place / "at-send").exists()

    async with world.working():
        await world.until(sending)
        intents = await world.rows("select state, send_by > proposed_at as bounded from effects")
        (world.place / "stop-send").unlink()
        await world.until(world.at_rest)
    assert intents == [{"state": "intended", "bounded": True}]
    assert len(world.books()) == 1


class SlowIntent:
    """A case store whose first intent takes longer to commit than the call may be sent."""

    def __init__(self, store: Cases, delay_s: float) -> None:
        self._store = store
        self._delay_s = delay_s
        self.load = store.load

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        tokens = await self._store.commit(claim, writes, actor=actor)
        if self._delay_s and any(isinstance(one, EffectOpen) and one.state == "intended" for one in writes):
            delay, self._delay_s = self._delay_s, 0.0
            await asyncio.sleep(delay)
        return tokens


async def test_a_call_whose_moment_has_passed_is_not_sent(world: World) -> None:
    """P2: a worker held up between intent and send does not send once ``send_by`` has passed."""
    await world.deploy(BOOK, tools=TOOLS)
    await world.submit(ORDER)
    world.app.cases = SlowIntent(world.app.cases, world.app.settings.send_s + 0.2)  # type: ignore[assignment]
    await world.settle()
    attempts = await world.rows("select state, attempt from effects order by id")
    assert attempts == [{"state": "failed", "attempt": 1}, {"state": "committed", "attempt": 2}]
    assert len(world.books()) == 1


REPEATS = """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    po = case.input["po"]
    first = await book(po, 5)
    again = await book(po, 5)
    both = await asyncio.gather(book(po, 5), book(po, 5), book(po, 5))
    assert first == again == both[0] == both[1] == both[2]
    return first
"""


async def test_a_repeated_or_parallel_write_books_once(world: World) -> None:
    """P2: the same write repeated and made in parallel within a case is one effect with one result."""
    await world.deploy(BOOK + REPEATS, tools=TOOLS, more="limits: {repeats: 20}")
    await world.submit(ORDER)
    await world.settle()
    assert len(world.books()) == 1
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_reworded_write_under_the_same_key_is_held(world: World) -> None:
    """P2: a write with the same key and other arguments is held as a conflict, not made."""
    reworded = """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    await book(case.input["po"], 5)
    return await book(case.input["po"], 5, note="again, in other words")
"""
    await world.deploy(BOOK + reworded, tools=TOOLS)
    await world.submit(ORDER)
    await world.settle()
    assert len(world.books()) == 1
    assert [review.kind for review in await world.reviews()] == ["conflict"]


FORKED = """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    first = not (BOOKS.parent / "ran").exists()
    (BOOKS.parent / "ran").touch()
    await customer("c" if first else "d")
    await ctx.ask("desk", "Go on?", bool)
    return await book(case.input["po"] + ("" if first else "-other"), case.input["amount"])
"""


async def test_an_agent_that_takes_another_way_on_replay_goes_to_a_person(world: World) -> None:
    """P2: a replay that does not meet what was recorded makes no new effect and ends as diverged."""
    await world.deploy(BOOK + FORKED, tools=TOOLS)
    await world.submit(ORDER)
    await world.settle()
    await world.decide("answer", answer=True)
    await world.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "diverged")
    assert world.books() == []


async def test_many_copies_at_once_open_one_case(world: World) -> None:
    """P2: the same order arriving many times at the same moment opens one case."""
    await world.deploy(BOOK, tools=TOOLS)
    await asyncio.gather(*(world.submit(ORDER) for _ in range(12)))
    await world.settle()
    assert len(await world.cases()) == 1
    relations = await world.rows("select relation from arrival_cases")
    assert sorted(str(row["relation"]) for row in relations) == ["opened"] + ["resend"] * 11
    assert len(world.books()) == 1


SWALLOWS = """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    for _ in range(5):
        try:
            await ctx.ask("desk", "May I?", bool)
        except BaseException:
            pass
        try:
            await asyncio.gather(book(case.input["po"], 5), return_exceptions=True)
        except BaseException:
            pass
    return Booking("made up", case.input["po"], 5)
"""


async def test_an_agent_that_swallows_exceptions_cannot_run_on_after_a_suspension(world: World) -> None:
    """P3: after a suspension every later call of the segment raises again, whatever the agent catches."""
    await world.deploy(BOOK + SWALLOWS, tools=TOOLS)
    await world.submit(ORDER)
    await world.settle()
    assert world.books() == []
    assert [case["state"] for case in await world.cases()] == ["waiting"]
    assert [review.kind for review in await world.reviews()] == ["question"]


async def test_a_tool_without_a_rule_is_denied(world: World) -> None:
    """P1: a call of a tool that the deployment does not list is denied, and the decision is on the record."""
    await world.deploy(BOOK, tools="customer: allow")
    await world.submit(ORDER)
    await world.settle()
    assert world.books() == []
    decisions = await world.rows("select tool, verdict from decisions order by id")
    assert decisions == [{"tool": "customer", "verdict": "allow"}, {"tool": "book", "verdict": "deny"}]


async def test_a_worker_declared_dead_registers_anew_and_goes_on(world: World) -> None:
    """P3: a worker whose lease was lost serves on under a new registration."""
    await world.deploy(BOOK, tools=TOOLS)
    async with world.working():

        async def registered() -> bool:
            return bool(await world.rows("select 1 from workers where stopped_at is null"))

        await world.until(registered)
        await world.rows("update workers set stopped_at = clock_timestamp() returning id")
        await world.submit(ORDER)
        await world.until(finished_once(world))
    assert len(world.books()) == 1
    assert len(await world.rows("select 1 from workers")) == 2


def finished_once(world: World):  # type: ignore[no-untyped-def]  # noqa: ANN201
    async def done() -> bool:
        return [case["state"] for case in await world.cases()] == ["done"]

    return done


async def test_a_parallel_sibling_of_a_held_call_still_books_once(world: World) -> None:
    """P2: when one of two parallel writes is held, the other finishes, is recorded and is not repeated."""
    code = (
        BOOK
        + """
async def agent(case: Case[dict], ctx: Context) -> list[Booking]:
    return list(await asyncio.gather(book("a", 5), book("b", 500)))
"""
    )
    await world.deploy(code, tools="customer: allow\nbook: {allow: amount <= 10, otherwise: {hold: desk}}")
    await world.submit(ORDER)
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["a"]
    await world.pass_time(timedelta(hours=10))
    await world.decide("approve")
    await world.settle()
    assert sorted(str(entry["po"]) for entry in world.books()) == ["a", "b"]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_late_worker_id_is_no_live_one(world: World) -> None:
    """P3: a worker that is not registered as alive cannot claim."""
    await world.deploy(BOOK, tools=TOOLS)
    claim, lease = await claimed(world)
    lease.close()
    assert world.loaded is not None
    await world.rows("update cases set state = 'due' returning id")
    assert await world.app.workers.claim(lease.worker_id, claim.case_id, [world.loaded.release.digest]) is None
    assert await world.app.workers.claim(WorkerId(999), claim.case_id, [world.loaded.release.digest]) is None


async def test_every_attempt_carries_the_same_key(world: World) -> None:
    """P2: attempts of one effect, in several segments, carry one idempotency key; another effect carries another."""
    code = """
@reversible(key="po", idempotent=True)
async def book(po: str, amount: int) -> str:
    with (BOOKS.parent / f"keys-{po}").open("a") as keys:
        keys.write(effect_key() + "\\\\n")
    if len((BOOKS.parent / f"keys-{po}").read_text().splitlines()) < 3:
        raise Failed("come again", error_class="transient", applied=False)
    return po

async def agent(case: Case[dict], ctx: Context) -> str:
    return await book(case.input["po"], case.input["amount"])
""".replace("\\\\n", "\\n")
    await world.deploy(code, tools="book: allow")
    for po in ("1", "2"):
        await world.submit({**ORDER, "po": po})

    async def done() -> bool:
        await world.pass_time(timedelta(seconds=3))  # its breaker goes by the machine's time, its deadline by this
        return [case["state"] for case in await world.cases()] == ["done", "done"]

    async with world.working():
        await world.until(done)
    keys = [(world.place / f"keys-{po}").read_text().splitlines() for po in ("1", "2")]
    assert [len(found) for found in keys] == [3, 3]
    assert [len(set(found)) for found in keys] == [1, 1]
    assert keys[0] != keys[1]

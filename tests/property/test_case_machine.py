"""Any interleaving of arrivals, runs, crashes, lost leases, decisions and deadlines keeps the promises."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bridgehead import clock
from bridgehead.app import App
from bridgehead.cases.intake import NewCase, opening
from bridgehead.cases.ports import Claim
from bridgehead.cases.runner import run_segment
from bridgehead.cases.writes import Write
from bridgehead.engine.worker import Served
from bridgehead.errors import UserError
from bridgehead.ids import ArrivalId, CaseId
from bridgehead.ledger.chain import Head, Row, check
from bridgehead.reviews.model import VERBS, Review, Verb
from bridgehead.settings import Settings
from bridgehead.spec.tool import JSON
from bridgehead.storage.cases import Cases
from bridgehead.storage.queries_system import verify_whole
from bridgehead.storage.workers import Lease
from tests.support.world import World

T = TypeVar("T")

CODE = """
@read(max_age="15m")
async def customer(number: str) -> str:
    return f"customer {number}"

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str, amount: int) -> Booking:
    busy = BOOKS.parent / f"busy-{po}"
    if amount == 6 and not busy.exists():
        busy.touch()
        raise Failed("come again", error_class="transient", applied=False)
    enter(po=po, number=f"N-{po}", amount=amount)
    if amount == 7:
        raise ConnectionError("the reply was lost")
    return Booking(f"N-{po}", po, amount)

@irreversible(key="po")
async def tell(po: str) -> str:
    enter(po=po, number="told", amount=0)
    return "told"

async def agent(case: Case[dict], ctx: Context) -> Booking:
    po, amount = case.input["po"], case.input["amount"]
    await customer(po)
    if amount == 9:
        await ctx.ask("desk", "Shall it be booked?", bool)
    if amount == 8:
        return (await asyncio.gather(book(po, amount), tell(po)))[0]
    booked = await book(po, amount)
    await tell(po)
    return booked
"""
TOOLS = """
customer: allow
book: {allow: amount <= 10, otherwise: {hold: desk, within: 2h, valid_for: 10m}}
tell: allow
"""
AMOUNTS = (5, 6, 7, 8, 9, 40, 50)
AMOUNT = st.sampled_from(AMOUNTS)
WHICH = st.integers(0, 3)
AT = st.integers(1, 6)
Hook = Callable[[Claim], Coroutine[object, object, None]]


class Crash(BaseException):
    """The process died here."""


class Faulty:
    """A case store to whose n-th commit something happens: just before it, or just after."""

    def __init__(self, store: Cases, at: int, *, before: Hook | None = None, after: Hook | None = None) -> None:
        self._store = store
        self._left = at
        self._before = before
        self._after = after
        self._dead = False
        self.load = store.load

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Commits, with what happens around it; a process that died commits nothing more."""
        if self._dead:
            raise Crash
        self._left -= 1
        if self._left == 0 and self._before is not None:
            await self._happen(self._before, claim)
        tokens = await self._store.commit(claim, writes, actor=actor)
        if self._left == 0 and self._after is not None:
            await self._happen(self._after, claim)
        return tokens

    async def _happen(self, hook: Hook, claim: Claim) -> None:
        try:
            await hook(claim)
        except Crash:
            self._dead = True
            raise


async def die(claim: Claim) -> None:
    """What happens is that the process dies."""
    raise Crash


class CaseMachine(RuleBasedStateMachine):
    """One deployment, a handful of orders, and everything that can happen to them."""

    server: ClassVar[str]
    count: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.approved: set[tuple[str, int]] = set()
        self.orders = 0

    def do(self, work: Coroutine[object, object, T]) -> T:
        """Runs to the end on this machine's own loop."""
        return self.loop.run_until_complete(work)

    @initialize()
    def start(self) -> None:
        """Opens a fresh database and deploys."""
        CaseMachine.count += 1
        self.name = f"m{os.getpid()}_{CaseMachine.count}"
        with psycopg.connect(self.server, autocommit=True) as conn:
            conn.execute(f"create database {self.name}".encode())
        self.folder = Path(tempfile.mkdtemp(prefix="bhm-"))
        url = self.server.replace("/postgres?", f"/{self.name}?")
        chosen = Settings.model_validate(
            {"home": self.folder / "home", "database_url": url, "lease_s": 60.0, "send_s": 5.0, "concurrency": 1}
        )
        self.opened = App.opened(chosen)
        self.app = self.do(self.opened.__aenter__())
        self.world = World(self.app, self.folder)
        self.do(self.world.deploy(CODE, tools=TOOLS))
        assert self.world.loaded is not None
        self.served: Served = self.do(self.app.serve(self.world.loaded))
        self.lease = self.register()

    def register(self) -> Lease:
        """Returns the registration of a new worker process."""
        return Lease(self.app.database.url, name="machine", pid=1, lease_s=60.0)

    # --- what can happen -------------------------------------------------------------------------------------------

    @rule(po=st.sampled_from(["1", "2", "3"]), amount=st.sampled_from(AMOUNTS), copies=st.integers(1, 2))
    def arrive(self, po: str, amount: int, copies: int) -> None:
        """An order arrives, perhaps twice at once, perhaps again with another amount."""
        numbers = [self.do(self.world.submit({"po": po, "amount": amount})) for _ in range(copies)]
        self.do(self.read_all(numbers))

    async def read_all(self, numbers: Sequence[int]) -> None:
        """Settles arrivals as workers do, all at once and each twice."""
        await asyncio.gather(*(self.read(number) for number in numbers))

    async def read(self, number: int) -> None:
        """Settles one arrival twice over, as two readers of it would."""
        work = await self.app.arrivals.take(ArrivalId(number), ["orders"])
        assert work is not None
        spec = self.served.deployment
        order = json.loads(work.document)
        new = NewCase(input=order, key={"po": order["po"]})
        one = opening(spec, self.app.vault.hmac, self.served.agent.input, new, "")
        settle = self.app.arrivals.settle
        await asyncio.gather(
            *(settle(work, self.served.release, [one], [], spec.case.deadline_s, level="autonomous") for _ in range(2))
        )

    async def claim_and_run(self, store: Cases | Faulty, which: int, amount: int | None = None) -> None:
        """Claims one of the due cases and runs a segment of it; with an ``amount`` an order arrives if none is due."""
        query = "select id from cases where state = 'due' order by id desc"
        due = await self.world.rows(query)
        if not due and amount is not None:
            await self.order(amount)
            due = await self.world.rows(query)
        if due:
            await self.run_one(store, CaseId(int(str(due[which % len(due)]["id"]))))

    async def order(self, amount: int) -> CaseId:
        """Lets an order arrive that nobody has seen before, and returns its case."""
        self.orders += 1
        await self.read(await self.world.submit({"po": f"new-{self.orders}", "amount": amount}))
        return CaseId(int(str((await self.world.rows("select max(id) as id from cases"))[0]["id"])))

    async def run_one(self, store: Cases | Faulty, case_id: CaseId) -> None:
        """Claims a case, if it may be claimed, and runs a segment of it."""
        claim = await self.app.workers.claim(self.lease.worker_id, case_id, [self.served.release])
        if claim is not None:
            bench = replace(self.served.bench, store=store, grace_s=0.05, retry_base_s=0.0)
            await run_segment(bench, claim, self.served.agent)

    @rule(which=WHICH, amount=AMOUNT)
    def run(self, which: int, amount: int) -> None:
        """A worker runs a due case."""
        self.do(self.claim_and_run(self.app.cases, which, amount))

    @rule(which=WHICH, amount=AMOUNT, before=st.booleans(), at=AT)
    def crash(self, which: int, amount: int, before: bool, at: int) -> None:
        """A worker dies before or after one of its commits; its cases are found again."""
        faulty = Faulty(self.app.cases, at, before=die) if before else Faulty(self.app.cases, at, after=die)
        try:
            self.do(self.claim_and_run(faulty, which, amount))
        except Crash:
            self.lease.close()
            self.do(self.sweep())
            self.lease = self.register()

    @rule(which=WHICH, amount=AMOUNT, at=AT)
    def lose_lease(self, which: int, amount: int, at: int) -> None:
        """A worker goes on after its case was taken away."""
        self.do(self.claim_and_run(Faulty(self.app.cases, at, before=self.take_away), which, amount))

    async def take_away(self, claim: Claim) -> None:
        """The case goes to another worker, as when this one's lease has run out."""
        await self.world.rows(
            "update cases set epoch = epoch + 1, state = 'due', worker_id = null"
            " where id = %s and state = 'running' and epoch = %s returning id",
            claim.case_id,
            claim.epoch,
        )

    @rule(which=WHICH, amount=AMOUNT, at=AT, hours=st.sampled_from([1, 0]))
    def freeze(self, which: int, amount: int, at: int, hours: int) -> None:
        """A worker stands still after a commit, for an hour or a blink; others go on with its case; then it does."""

        async def overtaken(claim: Claim) -> None:
            await self.overtake(claim, timedelta(hours=hours))

        self.do(self.claim_and_run(Faulty(self.app.cases, at, after=overtaken), which, amount))

    async def overtake(self, claim: Claim, by: timedelta) -> None:
        """Machine time passes, and others bring the case as far as they and a person can."""
        await self.take_away(claim)
        await self.machine_time(by)
        for _ in range(3):
            await self.run_one(self.app.cases, claim.case_id)
            for review in await self.world.reviews():
                if review.case_id == claim.case_id and review.kind == "unknown_effect":
                    await self.app.reviews.decide(review.id, "answer", by="pat", answer=self.look(review.shown))

    async def machine_time(self, by: timedelta) -> None:
        """Moves what is counted by the machine's clocks: the moments until and from which attempts count."""
        Shift.seconds += by.total_seconds()
        await self.world.rows(
            "update effects set send_by = send_by - %s, settle_from = settle_from - %s returning id", by, by
        )

    @rule(which=WHICH, amount=AMOUNT, at=AT, verb=st.sampled_from(["approve", "reject", "answer", "take"]))
    def decide_while_running(self, which: int, amount: int, at: int, verb: Verb) -> None:
        """A person decides about a case while a worker runs it."""

        async def decided(claim: Claim) -> None:
            for review in await self.world.reviews():
                if review.case_id == claim.case_id and verb in VERBS[review.kind]:
                    await self.decide_one(review, verb, 5)

        self.do(self.claim_and_run(Faulty(self.app.cases, at, after=decided), which, amount))

    @rule(
        which=WHICH,
        verb=st.sampled_from(["approve", "edit", "reject", "answer", "take"]),
        amount=st.sampled_from([5, 40]),
    )
    def decide(self, which: int, verb: Verb, amount: int) -> None:
        """A person decides an open review, if it takes this decision."""
        reviews = self.do(self.world.reviews())
        if not reviews:
            return
        review = reviews[which % len(reviews)]
        if verb in VERBS[review.kind]:
            self.do(self.decide_one(review, verb, amount))
        else:
            with pytest.raises(UserError):
                self.do(self.app.reviews.decide(review.id, verb, by="pat"))

    @rule(
        first=st.sampled_from(["edit", "approve"]),
        amount=st.sampled_from([40, 5, 6]),
        minutes=st.sampled_from([11, 0]),
        then=st.sampled_from(["approve", "edit", "reject"]),
    )
    def talk(self, first: Verb, amount: int, minutes: int, then: Verb) -> None:
        """A fresh order is held, decided, perhaps too late, and what it asks then is decided too."""
        self.do(self.back_and_forth([(first, amount, minutes), (then, amount, 0)]))

    async def back_and_forth(self, talk: Sequence[tuple[Verb, int, int]]) -> None:
        """Decides what a fresh order asks, one thing after the other, with time between decision and run."""
        case_id = await self.order(50)
        await self.run_one(self.app.cases, case_id)
        for verb, amount, minutes in talk:
            for review in await self.world.reviews():
                if review.case_id == case_id and verb in VERBS[review.kind]:
                    await self.decide_one(review, verb, amount)
            if minutes:
                await self.pass_time(timedelta(minutes=minutes))
            await self.run_one(self.app.cases, case_id)

    async def decide_one(self, review: Review, verb: Verb, amount: int) -> None:
        """Decides as a person would who looks before answering, and remembers what was approved."""
        args = cast("Mapping[str, Any]", review.shown.get("args", {}))
        answer: JSON = None
        if verb == "edit":
            args = {**args, **({"amount": amount} if "amount" in args else {})}
            answer = {"args": args}
        elif review.kind == "unknown_effect" and verb == "answer":
            answer = self.look(review.shown)
        elif review.kind == "question":
            answer = amount == 5
        if verb in ("approve", "edit") and "amount" in args:
            self.approved.add((args["po"], args["amount"]))
        await self.app.reviews.decide(review.id, verb, by="pat", answer=answer)

    def look(self, shown: Mapping[str, JSON]) -> dict[str, JSON]:
        """A person looks into the outside books and says what is there."""
        args = shown["args"]
        assert isinstance(args, Mapping)
        told = shown["tool"] == "tell"
        for entry in self.world.books():
            if entry["po"] == args["po"] and (entry["number"] == "told") == told:
                if told:
                    return {"happened": True, "result": "told"}
                return {"happened": True, "result": {k: entry[k] for k in ("number", "po", "amount")}}
        return {"happened": False}

    @rule(minutes=st.sampled_from([1, 11, 45]))
    def time_passes(self, minutes: int) -> None:
        """Time passes, perhaps past an approval's validity or a deadline, and a sweep sees to it."""
        self.do(self.pass_time(timedelta(minutes=minutes)))

    async def pass_time(self, by: timedelta) -> None:
        """Lets business and machine time pass, and sweeps."""
        await self.world.pass_time(by)
        await self.machine_time(by)
        await self.sweep()

    async def sweep(self) -> None:
        """A worker sweeps."""
        await self.app.workers.sweep([self.served.serving], hint_after_s=5.0)

    # --- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def nothing_twice(self) -> None:
        """By the outside books no order is booked or told twice."""
        entries = [(entry["po"], entry["number"] == "told") for entry in self.world.books()]
        assert len(entries) == len(set(entries)), entries

    @invariant()
    def nothing_without_authority(self) -> None:
        """What was booked is within the rule, or a person approved exactly that."""
        for entry in self.world.books():
            po, amount = str(entry["po"]), int(str(entry["amount"]))
            assert amount <= 10 or (po, amount) in self.approved, (entry, self.approved)

    @invariant()
    def one_outcome_or_somebody_has_it(self) -> None:
        """Every case is done with one outcome, or due, or waits for something, or a person has it."""
        for row in self.do(self.stands()):
            match row["state"]:
                case "done":
                    assert row["outcome"] is not None, row
                    assert row["open"] == 0, row
                case "with_person":
                    assert row["open"] == 1, row
                case "waiting":
                    assert row["open"] or row["wake_at"] is not None, row
                case _:
                    assert row["outcome"] is None, row
            if row["state"] in ("due", "waiting") and not row["open"]:
                assert row["deadline_at"] is not None, row

    async def stands(self) -> list[dict[str, object]]:
        """Returns how each case stands, with how many open reviews."""
        return await self.world.rows(
            "select c.id, c.state, c.outcome, c.wake_at, c.deadline_at, count(r.id) filter (where r.state = 'open')"
            " as open from cases c left join reviews r on r.case_id = c.id group by c.id order by c.id"
        )

    @invariant()
    def records_agree_with_the_books(self) -> None:
        """What is recorded as committed is on the outside books, and what is there was at least intended."""
        rows = self.do(
            self.world.rows("select tool, state from effects where state in ('intended', 'unknown', 'committed')")
        )
        for tool, told in (("book", False), ("tell", True)):
            there = sum((entry["number"] == "told") == told for entry in self.world.books())
            states = [row["state"] for row in rows if row["tool"] == tool]
            assert states.count("committed") <= there <= len(states), (tool, states, there)

    @invariant()
    def chain_verifies(self) -> None:
        """Every chain verifies against its stored head."""
        rows = self.do(self.world.rows("select chain, seq, body, hash from ledger order by chain, seq"))
        heads = self.do(self.world.rows("select chain, seq, head from chains"))
        stored = {str(r["chain"]): Head(cast("int", r["seq"]), cast("bytes", r["head"])) for r in heads}
        typed = [
            Row(str(r["chain"]), cast("int", r["seq"]), cast("bytes", r["body"]), cast("bytes", r["hash"]))
            for r in rows
        ]
        assert list(check(typed, None, stored)) == []

    @invariant()
    def tables_agree_with_the_ledger(self) -> None:
        """The tables are the state that the chains fold to, and every payload opens to its commitment."""
        found = self.do(verify_whole(self.app.database, None, vault=self.app.vault))
        assert found.differences == (), found.differences

    def teardown(self) -> None:
        """Runs everything to rest: no case is lost on the way."""
        if not hasattr(self, "app"):
            self.loop.close()
            return
        try:
            self.do(self.come_to_rest())
        finally:
            self.lease.close()
            self.do(self.opened.__aexit__(None, None, None))
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            with psycopg.connect(self.server, autocommit=True) as conn:
                conn.execute(f"drop database if exists {self.name} with (force)".encode())

    async def come_to_rest(self) -> None:
        """Lets time pass and workers run; in the end each case is done, or a person has something to decide."""
        for _ in range(60):
            await self.pass_time(timedelta(seconds=5))
            if not await self.world.rows("select 1 from cases where state = 'due'") and not await self.world.rows(
                "select 1 from cases where state = 'waiting' and wake_at is not null"
            ):
                break
            await self.claim_and_run(self.app.cases, 0)
        for row in await self.stands():
            assert row["state"] == "done" or row["open"], row


class Shift:
    """By how much the machine's boot clock is ahead in this test, in seconds."""

    seconds: ClassVar[float] = 0.0


def test_promises_hold_under_any_interleaving(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P2, P3, P8: each effect at most once, one outcome or one open review per case, and the chain verifies."""
    real = clock.boot_s
    monkeypatch.setattr(clock, "boot_s", lambda: real() + Shift.seconds)
    CaseMachine.server = server
    shrink = os.environ.get("MACHINE_SHRINK", "yes") == "yes"  # of use to who reads a failure, slow otherwise
    run = settings(
        max_examples=int(os.environ.get("MACHINE_EXAMPLES", "12")),
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[phase for phase in Phase if shrink or phase is not Phase.shrink],
        print_blob=True,
    )
    run_state_machine_as_test(CaseMachine, settings=run)

"""Any interleaving of arrivals, runs, crashes, lost leases, decisions and deadlines keeps the promises."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, TypeVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridgehead.app import App
from bridgehead.cases.intake import NewCase, opening
from bridgehead.cases.ports import Claim
from bridgehead.cases.runner import run_segment
from bridgehead.cases.writes import Write
from bridgehead.engine.worker import Served
from bridgehead.errors import UserError
from bridgehead.ids import ArrivalId, CaseId
from bridgehead.ledger.chain import Head, Row, check
from bridgehead.reviews.model import VERBS, Verb
from bridgehead.settings import Settings
from bridgehead.storage.cases import Cases
from bridgehead.storage.workers import Lease
from tests.support.world import World

T = TypeVar("T")

CODE = """
@read(max_age="15m")
async def customer(number: str) -> str:
    return f"customer {number}"

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    if amount == 7:
        raise ConnectionError("the reply was lost")
    return Booking(f"N-{po}", po, amount)

@irreversible(key="po")
async def tell(po: str) -> str:
    enter(po=po, number="told", amount=0)
    return "told"

async def agent(case: Case[dict], ctx: Context) -> Booking:
    await customer(case.input["po"])
    if case.input["amount"] == 9:
        await ctx.ask("desk", "Shall it be booked?", bool)
    booked = await book(case.input["po"], case.input["amount"])
    await tell(case.input["po"])
    return booked
"""
TOOLS = """
customer: allow
book: {allow: amount <= 10, otherwise: {hold: desk, within: 2h, valid_for: 8h}}
tell: allow
"""


class Crash(BaseException):  # noqa: N818  # what it stands for
    """The process died here."""


class Faulty:
    """A case store that dies before or after its n-th commit, or whose claim is taken away before it."""

    def __init__(self, store: Cases, fault: str, at: int) -> None:
        self._store = store
        self._fault = fault
        self._left = at
        self._dead = False
        self.load = store.load

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Commits, unless this is where the fault is."""
        if self._dead:
            raise Crash
        self._left -= 1
        if self._left == 0 and self._fault == "before":
            self._dead = True
            raise Crash
        if self._left == 0 and self._fault == "lease":
            async with self._store._database.connection() as conn:
                await conn.execute(
                    "update cases set epoch = epoch + 1, state = 'due', worker_id = null where id = %s",
                    (claim.case_id,),
                )
        tokens = await self._store.commit(claim, writes, actor=actor)
        if self._left == 0 and self._fault == "after":
            self._dead = True
            raise Crash
        return tokens


class CaseMachine(RuleBasedStateMachine):
    """One deployment, a handful of orders, and everything that can happen to them."""

    server: ClassVar[str]
    count: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.submitted: list[tuple[str, int]] = []

    def do(self, work: Coroutine[object, object, T]) -> T:
        """Runs to the end on this machine's own loop."""
        return self.loop.run_until_complete(work)

    @initialize()
    def start(self) -> None:
        """Opens a fresh database and deploys."""
        CaseMachine.count += 1
        self.name = f"m{CaseMachine.count}"
        with psycopg.connect(self.server, autocommit=True) as conn:
            conn.execute(f"create database {self.name}".encode())
        self.folder = Path(tempfile.mkdtemp(prefix="bhm-"))
        url = self.server.replace("/postgres?", f"/{self.name}?")
        chosen = Settings.model_validate(
            {"home": self.folder / "home", "database_url": url, "lease_s": 60.0, "send_s": 0.2, "concurrency": 1}
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

    @rule(po=st.sampled_from(["1", "2", "3"]), amount=st.sampled_from([5, 7, 9, 50]), copies=st.integers(1, 2))
    def arrive(self, po: str, amount: int, copies: int) -> None:
        """An order arrives, perhaps twice, perhaps again with another amount."""
        for _ in range(copies):
            number = self.do(self.world.submit({"po": po, "amount": amount}))
            self.do(self.read(number))
        self.submitted.append((po, amount))

    async def read(self, number: int) -> None:
        """Settles an arrival as a worker does, twice over."""
        work = await self.app.arrivals.take(ArrivalId(number), ["orders"])
        assert work is not None
        spec = self.served.deployment
        order = __import__("json").loads(work.document)
        new = NewCase(input=order, key={"po": order["po"]})
        one = opening(spec, self.app.vault.hmac, self.served.agent.input, new, "")
        for _ in range(2):
            await self.app.arrivals.settle(work, self.served.release, [one], [], spec.case.deadline_s, level="autonomous")

    async def claim_and_run(self, store: Cases | Faulty, which: int) -> None:
        """Claims one of the due cases and runs a segment of it."""
        due = await self.world.rows("select id from cases where state = 'due' order by id")
        if not due:
            return
        case_id = CaseId(int(str(due[which % len(due)]["id"])))
        claim = await self.app.workers.claim(self.lease.worker_id, case_id, [self.served.release])
        if claim is None:
            return
        bench = replace(self.served.bench, store=store, grace_s=0.05, retry_base_s=0.0)
        await run_segment(bench, claim, self.served.agent)

    @rule(which=st.integers(0, 5))
    def run(self, which: int) -> None:
        """A worker runs a due case."""
        self.do(self.claim_and_run(self.app.cases, which))

    @rule(which=st.integers(0, 5), fault=st.sampled_from(["before", "after"]), at=st.integers(1, 8))
    def crash(self, which: int, fault: str, at: int) -> None:
        """A worker dies before or after one of its commits; its cases are found again."""
        try:
            self.do(self.claim_and_run(Faulty(self.app.cases, fault, at), which))
        except Crash:
            self.lease.close()
            self.sweep()
            self.lease = self.register()

    @rule(which=st.integers(0, 5), at=st.integers(1, 8))
    def lose_lease(self, which: int, at: int) -> None:
        """A worker goes on after its case was taken away."""
        self.do(self.claim_and_run(Faulty(self.app.cases, "lease", at), which))

    @rule(which=st.integers(0, 5), verb=st.sampled_from(["approve", "edit", "reject", "answer", "take"]), yes=st.booleans())
    def decide(self, which: int, verb: Verb, yes: bool) -> None:
        """A person decides an open review, if it takes this decision."""
        reviews = self.do(self.world.reviews())
        if not reviews:
            return
        review = reviews[which % len(reviews)]
        if verb not in VERBS[review.kind]:
            with pytest.raises(UserError):
                self.do(self.app.reviews.decide(review.id, verb, by="pat"))
            return
        answer: object = None
        if verb == "edit":
            shown = review.shown["args"]
            assert isinstance(shown, Mapping)
            answer = {"args": {**shown, **({"amount": 5} if "amount" in shown else {})}}
        elif review.kind == "question":
            answer = yes
        elif review.kind == "unknown_effect" and verb == "answer":
            answer = self.look(review.shown)
        self.do(self.app.reviews.decide(review.id, verb, by="pat", answer=answer))  # type: ignore[arg-type]

    def look(self, shown: Mapping[str, object]) -> dict[str, object]:
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

    @rule(minutes=st.sampled_from([1, 10, 45]))
    def time_passes(self, minutes: int) -> None:
        """Business time passes, perhaps past a deadline, and a sweep sees to it."""
        self.do(self.world.pass_time(timedelta(minutes=minutes)))
        self.sweep()

    def sweep(self) -> None:
        """A worker sweeps."""
        self.do(self.app.workers.sweep([self.served.serving], hint_after_s=5.0))

    @precondition(lambda self: bool(self.submitted))
    @invariant()
    def nothing_twice(self) -> None:
        """By the outside books no order is booked or told twice."""
        entries = [(entry["po"], entry["number"] == "told") for entry in self.world.books()]
        assert len(entries) == len(set(entries)), entries

    @precondition(lambda self: bool(self.submitted))
    @invariant()
    def one_outcome_or_somebody_has_it(self) -> None:
        """Every case is done with one outcome, or due, or waits for something, or a person has it."""
        rows = self.do(
            self.world.rows(
                "select c.id, c.state, c.outcome, c.wake_at, count(r.id) filter (where r.state = 'open') as open"
                " from cases c left join reviews r on r.case_id = c.id group by c.id"
            )
        )
        for row in rows:
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

    @precondition(lambda self: bool(self.submitted))
    @invariant()
    def chain_verifies(self) -> None:
        """Every chain verifies against its stored head."""
        rows = self.do(self.world.rows("select chain, seq, body, hash from ledger order by chain, seq"))
        heads = self.do(self.world.rows("select chain, seq, head from chains"))
        stored = {str(r["chain"]): Head(int(str(r["seq"])), bytes(r["head"])) for r in heads}  # type: ignore[arg-type]
        typed = [
            Row(str(r["chain"]), int(str(r["seq"])), bytes(r["body"]), bytes(r["hash"]))  # type: ignore[arg-type]
            for r in rows
        ]
        assert list(check(typed, None, stored)) == []

    def teardown(self) -> None:
        """Runs everything to rest: no case is lost on the way."""
        if not hasattr(self, "app"):
            self.loop.close()
            return
        try:
            for _ in range(40):
                self.do(self.world.pass_time(timedelta(seconds=5)))
                self.sweep()
                self.do(self.claim_and_run(self.app.cases, 0))
            if self.submitted:
                self.nothing_twice()
                self.one_outcome_or_somebody_has_it()
                self.chain_verifies()
        finally:
            self.lease.close()
            self.do(self.opened.__aexit__(None, None, None))
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            with psycopg.connect(self.server, autocommit=True) as conn:
                conn.execute(f"drop database if exists {self.name} with (force)".encode())


def test_promises_hold_under_any_interleaving(server: str, request: pytest.FixtureRequest) -> None:
    """P2, P3, P8: each effect at most once, one outcome or one open review per case, and the chain verifies."""
    CaseMachine.server = server
    run = settings(
        max_examples=int(os.environ.get("MACHINE_EXAMPLES", "15")),
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(CaseMachine, settings=run)

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from bridgehead.cases import segment
from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import Write
from bridgehead.engine.worker import Worker
from bridgehead.models.scripted_server import ScriptedServer
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON
from bridgehead.storage.cases import Cases
from tests.outsiders import desk as around
from tests.outsiders.desk import ROOT, Desk, Shop
from tests.outsiders.dying_worker import ALONE_S

desk, model, shop, shop_process = around.desk, around.model, around.shop, around.shop_process


class Workers:
    """Workers of another process, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    async def run(self) -> int:
        """Runs one worker; returns the signal that ended it, or 0."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(await self.said())

    async def said(self) -> str:
        """Returns the next thing the process says."""
        assert self._process.stdout is not None
        return (await asyncio.to_thread(self._process.stdout.readline)).strip()


@contextmanager
def workers_of(desk: Desk, plan: Mapping[int, tuple[str, int]]) -> Iterator[Workers]:
    died = desk.world.folder / "died"
    died.mkdir()
    log = (desk.world.folder / "workers.log").open("w")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.outsiders.dying_worker", str(desk.world.place), json.dumps(plan), str(died)],
        env=desk.world.environment(BRIDGEHEAD_CONCURRENCY="1", BRIDGEHEAD_LEASE_S="15"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    ) as process:
        try:
            yield Workers(process)
        finally:
            process.kill()
            log.close()


class Counting:
    """A case store that counts its commits."""

    def __init__(self, store: Cases) -> None:
        self.commits = 0
        self._store = store
        self.load = store.load

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        self.commits += 1
        return await self._store.commit(claim, writes, actor=actor)


async def opened_only(desk: Desk, orders: Sequence[str]) -> None:
    """Turns orders into cases that no worker has touched: there is no room for them, and none is claimed."""
    for po in orders:
        await desk.order(po)

    async def nothing(*_: object, **__: object) -> None:
        return None

    async def all_read() -> bool:
        return not await desk.world.rows("select 1 from arrivals where state = 'stored'")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.world.app.workers, "claim", nothing)
        patch.setattr(Worker, "_place", nothing)
        async with desk.world.working():
            await desk.world.until(all_read)
    assert await desk.world.rows("select 1 from cases where epoch > 0 and outcome is null") == []


@pytest.mark.parametrize("file", ["order_agent", "langchain_agent"])
async def test_kill_at_every_record_books_once(
    desk: Desk, shop: Shop, model: ScriptedServer, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: workers killed right before and right after every record of a case leave one booking and one mail each."""
    # No record waits for company here, so that each can be the last one that stands.
    monkeypatch.setattr(segment, "LAG_S", ALONE_S)
    await desk.deploy(of=file)
    counting = Counting(desk.world.app.cases)
    desk.world.app.cases = counting  # type: ignore[assignment]  # the same port
    await desk.order("0")
    await desk.world.settle()
    assert counting.commits > 8, "a case has a record for each turn, read, intent, settlement, and its end"
    deaths = [(moment, number + 1) for moment in ("before", "after") for number in range(counting.commits)]
    await opened_only(desk, [f"{moment}-{number}" for moment, number in deaths])
    with workers_of(desk, {2 + index: death for index, death in enumerate(deaths)}) as workers:
        assert await workers.said() == "ready"
        ended = [await workers.run()]
        while ended[-1] == signal.SIGKILL:
            ended.append(await workers.run())
        died = len(list((desk.world.folder / "died").iterdir()))
        assert ended == [signal.SIGKILL] * died + [0], (desk.world.folder / "workers.log").read_text()[-3000:]
        # A machine that halts for a second adds a record to a case, so the longest plans may find no record to die at.
        assert died > len(deaths) - 4
        while reviews := await desk.world.reviews():
            for review in reviews:
                await settle_by_books(desk, shop, review)
            assert await workers.run() == 0
    assert await desk.outcomes() == ["completed"] * (1 + len(deaths))
    wanted = sorted(["0", *(f"{moment}-{number}" for moment, number in deaths)])
    assert sorted(str(order["po_number"]) for order in shop.orders()) == wanted
    assert sorted(str(mail["to"]).removesuffix("@example.com") for mail in shop.mails()) == wanted


async def settle_by_books(desk: Desk, shop: Shop, review: Review) -> None:
    """Answers an unknown effect as a person does who looks into the shop's books."""
    assert review.kind == "unknown_effect"
    args = review.shown["args"]
    assert isinstance(args, Mapping)
    if review.shown["tool"] == "send_mail":
        happened = any(mail["to"] == args["to"] for mail in shop.mails())
        result: JSON = f"Mail sent to {args['to']}"
    else:
        found = [order for order in shop.orders() if order["po_number"] == args["po_number"]]
        happened, result = bool(found), found[0] if found else None
    answer: dict[str, JSON] = {"happened": happened, "result": result}
    await desk.world.app.reviews.decide(
        review.id, "answer", by="pat", answer=answer, shown_digest=review.args_digest, resume_s=300.0
    )

"""Bridgehead as it is measured beside the rivals: a worker of its own, fed by submits, with everything switched on.

Each case is an arrival that is stored, read in a reading process, opened, hinted, claimed and run. Its agent makes
four model turns and four reads in turn, then two effects: every tool passes a rule of the gate, every payload is
sealed, every step is in the journal and the ledger. The rule of the effects reads an amount that is another one in
nearly every case, so that the gate keeps no answer that would serve again; that of the reads does not. The agent
notes when each step began; nothing is asked of the database for the measurement while cases run.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.rivals.ran import Ran
from bench.rivals.usage import own_cpu_s, tree_cpu_s
from bridgehead.app import App
from bridgehead.cases.intake import NewCase, opening
from bridgehead.clock import boot_s, perf_s
from bridgehead.engine.worker import Served
from bridgehead.ids import ArrivalId
from tests.support.world import WorkerProcess, World

KINDS: Final = ("model", "read") * 4 + ("effect",) * 2
"""What the ten steps of a case are, in order."""
EFFECTS: Final = KINDS.count("effect")
AHEAD: Final = 2
"""So many times the concurrency is submitted and not yet done, so that the worker never waits for work."""
AT_ONCE: Final = 6
"""So many arrivals are stored at the same time."""
PATIENCE_S: Final = 120.0
LOOK_S: Final = (0.002, 0.01)
"""How often it looks for what has ended: for one case at a time, and for many, where looking takes from the others."""
LOOK_EVERY: Final = 250

CODE: Final = """
from bench.rivals.serving import payload
from bridgehead.cases.context import Turn
from bridgehead.clock import boot_s

LOG = (Path(__file__).parent / "steps.jsonl").open("a")

@read(max_age="15m")
async def look_up(number: int, step: int) -> str:
    return payload(number, step)

@reversible(key=["number", "step"], verify=find)
async def book(number: int, step: int, amount: int) -> str:
    return payload(number, step)

async def agent(case: Case[dict], ctx: Context) -> dict:
    number, found, marks = case.input["number"], [], [boot_s()]
    for step in range(0, 8, 2):
        asked = [{"role": "tool", "content": one} for one in found]
        asker = ctx.asker("scripted", asked)
        async def scripted(model, step=step):
            return payload(number, step)
        async def answer():
            return Turn({"text": (await asker.ask(scripted)).value}, "scripted", 700, 500)
        await ctx.turn("scripted", fed=found, request=asked, run=answer, asker=asker)
        marks.append(boot_s())
        found.append(await look_up(number, step + 1))
        marks.append(boot_s())
    for step in (8, 9):
        await book(number, step, 40 + number % 4000)
        marks.append(boot_s())
    LOG.write(json.dumps({"number": number, "marks": marks}) + "\\n")
    LOG.flush()
    return {"number": number}
"""
TOOLS: Final = """
look_up: {allow: step >= 0 and step <= 100}
book: {allow: amount >= 0 and amount <= 5000, otherwise: {hold: desk, within: 2h}}
"""

MORE: Final = """
limits: {steps: 100, cost: 5 EUR}
models:
  default: {url: "http://127.0.0.1:1/v1", name: scripted, max_tokens: 2000, price: {input: 2 EUR/M, output: 8 EUR/M}}
"""


class Ours:
    """A world with one worker process, and what its cases note."""

    def __init__(self, app: App, folder: Path) -> None:
        self.world = World(app, folder)
        self._worker: WorkerProcess | None = None
        self._served: Served | None = None
        self._ordered = (1, 1)
        self._next = 1
        self._read = 0
        self._pauses = 0
        self._rest = ""

    async def open(self) -> None:
        """Deploys the agent and starts the worker; returns when it has done a case."""
        loaded = await self.world.deploy(CODE, tools=TOOLS, more=MORE)
        self._served = await self.world.app.serve(loaded)
        self._worker = self.world.start_worker()
        await self.prepare(4, 1)

    def freeze(self) -> None:
        """Stops the worker where it stands, so that it uses nothing while others are measured."""
        assert self._worker is not None
        self._worker.freeze()

    def thaw(self) -> None:
        """Lets the worker go on."""
        assert self._worker is not None
        self._worker.thaw()

    def close(self) -> None:
        """Ends the worker."""
        if self._worker is not None:
            self._worker.end()

    async def prepare(self, cases: int, concurrency: int) -> None:
        """Notes what is ordered and runs a case for each of those at once, so that everything is warm."""
        self._ordered = (concurrency, concurrency)
        await self.run()
        self._ordered = (cases, concurrency)

    async def run(self) -> Ran:
        """Submits cases, keeping the worker supplied, and returns when every one of them is done."""
        cases, concurrency = self._ordered
        ahead, feeders = (1, 1) if concurrency == 1 else (AHEAD * concurrency, AT_ONCE)
        submitted: dict[int, float] = {}
        done: dict[int, list[float]] = {}
        before, started_s = self._cpu_s(), perf_s()

        wanted = asyncio.Event()

        async def feed() -> None:
            while len(submitted) < cases:
                if len(submitted) - len(done) < ahead:
                    number = self._number()
                    submitted[number] = boot_s()
                    await self._submit(number)
                else:
                    wanted.clear()
                    await wanted.wait()

        async with asyncio.TaskGroup() as feeding:
            for _ in range(feeders):
                feeding.create_task(feed())
            while len(done) < cases:
                ended = self._ended()
                if ended and concurrency == 1:
                    await self._closed()  # the worker is idle before the next one comes
                done.update(ended)
                wanted.set()
                await self._pause(started_s, LOOK_S[concurrency > 1])
        await self._closed()
        return of_marks(done, submitted, perf_s() - started_s, self._since(before))

    async def open_cases(self, cases: int) -> None:
        """Opens so many cases while the worker is stopped."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with slots:
                await self._open()

        await asyncio.gather(*(one() for _ in range(cases)))

    async def run_opened(self, cases: int) -> Ran:
        """Lets the worker go on and returns when every case that is open is done."""
        done: dict[int, list[float]] = {}
        before, started_s = self._cpu_s(), perf_s()
        self.thaw()
        while len(done) < cases:
            done.update(self._ended())
            await self._pause(started_s, LOOK_S[True])
        await self._closed()
        return of_marks(done, {}, perf_s() - started_s, self._since(before))

    def _number(self) -> int:
        number, self._next = self._next, self._next + 1
        return number

    async def _submit(self, number: int) -> int:
        return await self.world.submit({"po": f"PO-{number}", "number": number})

    async def _open(self) -> None:
        """Submits one arrival and settles it into a case as the worker would, but for the reading process."""
        assert self._served is not None
        arrivals, spec = self.world.app.arrivals, self._served.deployment
        work = await arrivals.take(ArrivalId(await self._submit(self._number())), [spec.name])
        assert work is not None
        order = json.loads(work.document)
        item = NewCase(input=order, key={"po": order["po"]})
        opened = opening(spec, self._served.bench.hmac, self._served.agent.input, item, work.document.decode())
        await arrivals.settle(work, self._served.release, [opened], [], spec.case.deadline_s, level="autonomous")

    async def _pause(self, started_s: float, pause_s: float = LOOK_S[False]) -> None:
        """Lets the worker go on; raises RuntimeError when a case went to a person or none ends any more."""
        assert self._worker is not None
        await asyncio.sleep(pause_s)
        self._pauses += 1
        if self._pauses % LOOK_EVERY and perf_s() - started_s < PATIENCE_S:
            return
        said = self._worker.log.read_text()
        if " handed to " in said or perf_s() - started_s > PATIENCE_S:
            raise RuntimeError(f"cases did not end as they should: {said[-2_000:]}")

    async def _closed(self) -> None:
        """Returns when every case is done; raises RuntimeError when one is not, or is with a person."""
        query = "select exists (select from cases where state <> 'done') as some"
        started_s = perf_s()
        while (await self.world.rows(query))[0]["some"]:
            await self._pause(started_s)

    def _ended(self) -> dict[int, list[float]]:
        """Returns what cases have noted since the last look."""
        with (self.world.place / "steps.jsonl").open() as file:
            file.seek(self._read)
            text = self._rest + file.read()
            self._read = file.tell()
        *lines, self._rest = text.split("\n")
        return {entry["number"]: entry["marks"] for entry in map(json.loads, lines)}

    def _cpu_s(self) -> dict[str, float]:
        """Returns the processor seconds used so far: submitting is this process, reading the worker's children."""
        assert self._worker is not None
        own = resource.getrusage(resource.RUSAGE_SELF)
        worker_s = own_cpu_s(self._worker.process.pid)
        reading_s = tree_cpu_s(self._worker.process.pid) - worker_s
        return {"worker": worker_s, "reading": reading_s, "submitting": own.ru_utime + own.ru_stime}

    def _since(self, before: Mapping[str, float]) -> dict[str, float]:
        return {name: used_s - before[name] for name, used_s in self._cpu_s().items()}


class Opened:
    """The same worker with cases that are open already: the steps without the intake."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._cases = 0
        self.freeze = ours.freeze
        self.thaw = ours.thaw

    async def prepare(self, cases: int, concurrency: int) -> None:
        """Warms the worker up, stops it, and opens so many cases."""
        await self._ours.prepare(concurrency, concurrency)
        self.freeze()
        await self._ours.open_cases(cases)
        self._cases = cases

    async def run(self) -> Ran:
        """Runs the cases that are open; see ``Ours.run_opened``."""
        return await self._ours.run_opened(self._cases)


def of_marks(
    done: Mapping[int, Sequence[float]],
    submitted: Mapping[int, float],
    wall_s: float,
    shares_s: Mapping[str, float],
) -> Ran:
    """Returns the latencies that the cases' marks tell; raises ValueError for a case with steps missing."""
    by_kind: dict[str, list[float]] = {kind: [] for kind in dict.fromkeys(KINDS)}
    steps_ms = []
    for marks in done.values():
        for kind, start_s, end_s in zip(KINDS, marks[:-1], marks[1:], strict=True):
            steps_ms.append((end_s - start_s) * 1_000)
            by_kind[kind].append(steps_ms[-1])
    starts_ms = [(done[number][0] - at_s) * 1_000 for number, at_s in submitted.items()]
    running_s = sum(marks[-1] - marks[0] for marks in done.values())
    cpu_s = sum(shares_s.values())
    return Ran(len(done), wall_s, cpu_s, steps_ms, by_kind, starts_ms, running_s / wall_s, shares_s)

"""The part of ``bench/tail.py`` with cases: a real worker over PostgreSQL, real deadlines, a server that may stall."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.report import Cell, Report
from bridgehead.app import App, load_deployment
from bridgehead.clock import boot_s
from bridgehead.costs.summary import percentile
from bridgehead.models import Message, OpenAICompatible, Timeouts, Turn
from bridgehead.settings import Settings

A_SECOND: Final = 12.0
"""Cases that arrive in a second."""
STALLED: Final = 10
"""Every so manieth case asks a server that never answers it."""
STEPS: Final = 3

AGENT: Final = """
import json
from bridgehead import Case, Context, NewCase
from bridgehead.cases.context import Turn as Recorded
from bridgehead.models import Message, OpenAICompatible, Timeouts, Turn

CLIENT = OpenAICompatible("{url}", "slow", timeouts=Timeouts(600.0, 600.0, 600.0), connections=512)
NAMES = {{"default": "slow", "fast": "fast"}}

def reader(document, name):
    said = json.loads(document)
    return NewCase(input=said, key={{"id": said["id"]}})

async def agent(case: Case[dict], ctx: Context) -> dict:
    for step in range({steps}):
        said = {{**case.input, "id": f"{{case.input['id']}}/{{step}}"}}
        asker = ctx.asker("step", said)

        async def one(name):
            return await CLIENT.turn(Turn((Message("user", json.dumps(said)),), model=NAMES[name]))

        async def run():
            reply = (await asker.ask(one)).value
            return Recorded({{"text": reply.text}}, reply.model, reply.usage.input_tokens, reply.usage.output_tokens)

        await ctx.turn("step", fed=step, request=said, run=run, asker=asker)
    return {{"steps": {steps}}}
"""
YAML: Final = """
deployment: tail
agent: tail_agent:agent
reader: tail_agent:reader
owner: desk@example.com
case: {{key: [id], deadline: {deadline}s{degrade}}}
autonomy: {{level: approve}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
models:
  default: {{url: "{url}", name: slow, timeout: 3s{more}}}
  fast: {{url: "{url}", name: fast, timeout: 3s}}
"""


def order(number: int) -> dict[str, object]:
    """Returns what a case asks the server for."""
    return {"id": f"case {number}", "rho": 0.5, "seed": "cases", "stall": number % STALLED == 0}


async def deadlines(
    report: Report, url: str, database_url: str, cases: int, deadline_s: float, *, hedged: bool
) -> Sequence[dict[str, Cell]]:
    """Returns how many cases were done or with a person by their deadline, ours and naive."""
    rows: list[dict[str, Cell]] = []
    with tempfile.TemporaryDirectory(prefix="bh-tail-") as name:
        folder = Path(name)
        (folder / "tail_agent.py").write_text(AGENT.format(url=url, steps=STEPS), encoding="utf-8")
        more = ", hedge: fast, fallback: fast" if hedged else ""
        degrade = f", degrade: {{fast: {deadline_s / 2:g}s}}" if hedged else ""
        (folder / "bridgehead.yaml").write_text(
            YAML.format(url=url, deadline=int(deadline_s), more=more, degrade=degrade), encoding="utf-8"
        )
        settings = Settings.model_validate(
            {"home": folder / "home", "database_url": database_url, "sweep_s": 0.2, "concurrency": 64}
        )
        async with App.opened(settings) as app:
            rows.append(await _served(report, app, folder, url, cases, deadline_s))
    rows.append(await _naive(url, cases, deadline_s))
    return rows


async def _served(report: Report, app: App, folder: Path, url: str, cases: int, deadline_s: float) -> dict[str, Cell]:
    worker = app.worker([await app.serve(load_deployment(folder))])
    running = asyncio.create_task(worker.run())
    try:
        start_s = boot_s()
        for number in range(cases):
            await asyncio.sleep(max(0.0, start_s + number / A_SECOND - boot_s()))
            document = json.dumps(order(number)).encode()
            await app.arrivals.store(
                "tail", source="file", source_id=str(number), document=document, name="order", actor="bench"
            )
        async with asyncio.timeout(deadline_s + 30):
            while len(found := await _ended(app)) < cases:  # noqa: ASYNC110  # the database is what is waited for
                await asyncio.sleep(0.1)
        asked = await _seen(url)
        await asyncio.sleep(1.0)
        report.figure("requests after the last case was handled", await _seen(url) - asked, exactly=0)
    finally:
        worker.stop()
        await asyncio.wait_for(running, 30)
    late_s = sorted(float(str(row["after_s"])) - deadline_s for row in found)
    stalled = [row for row in found if int(str(row["number"])) % STALLED == 0]
    others_done = sum(row["state"] == "done" for row in found if row not in stalled)
    report.figure("handled by the deadline", sum(late <= 0 for late in late_s) / cases, exactly=1)
    report.figure(
        "stalled cases with a person", sum(row["state"] == "with_person" for row in stalled) / len(stalled), exactly=1
    )
    report.figure("other cases that are done", others_done / (cases - len(stalled)), at_least=0.9)
    return {
        "way": "ours",
        "cases": cases,
        "stalled": len(stalled),
        "done": sum(row["state"] == "done" for row in found),
        "with a person by the deadline": sum(
            row["state"] == "with_person" and float(str(row["after_s"])) <= deadline_s for row in found
        ),
        "neither by the deadline": sum(late > 0 for late in late_s),
        "p99 of the done, s": round(
            percentile(sorted(float(str(row["after_s"])) for row in found if row["state"] == "done"), 0.99) or 0, 2
        ),
        "least time left, s": round(-late_s[-1], 2),
        "p99 until opened, s": round(percentile(sorted(float(str(row["opening_s"])) for row in found), 0.99) or 0, 2),
    }


async def _ended(app: App) -> list[dict[str, object]]:
    """Returns the cases that are done or with a person, how long after they were opened, and how long that took.

    A case's deadline counts from when it is opened.
    """
    query = (
        "select c.id, c.state, a.id - (select min(id) from arrivals) as number,"
        " extract(epoch from coalesce(c.closed_at, (select min(opened_at) from reviews r where r.case_id = c.id))"
        " - c.opened_at)::float8 as after_s,"
        " extract(epoch from c.opened_at - a.received_at)::float8 as opening_s from cases c"
        " join arrival_cases ac on ac.case_id = c.id join arrivals a on a.id = ac.arrival_id"
        " where c.state in ('done', 'with_person')"
    )
    async with app.database.connection() as conn:
        return [dict(row) for row in await (await conn.execute(query.encode())).fetchall()]


async def _seen(url: str) -> int:
    """Returns how many requests the server has seen."""
    seen = await told(url, "seen")
    assert isinstance(seen, dict)
    return sum(seen.values())


async def told(url: str, what: str) -> object:
    """Returns what the server says of itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2].partition("/")[0]))
    writer.write(f"GET /{what} HTTP/1.1\r\ncontent-length: 0\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    found: object = json.loads(await reader.readexactly(length))
    writer.close()
    return found


async def _naive(url: str, cases: int, deadline_s: float) -> dict[str, Cell]:
    """Asks the same without any of it: one attempt a step, for as long as it takes."""
    took_s: list[float] = []
    async with OpenAICompatible(url, "slow", timeouts=Timeouts(600.0, 600.0, 600.0), connections=1_024) as client:

        async def one(number: int) -> None:
            start_s = boot_s()
            for step in range(STEPS):
                said = {**order(number), "id": f"naive {number}/{step}"}
                await client.turn(Turn((Message("user", json.dumps(said)),), model="slow"))
            took_s.append(boot_s() - start_s)

        tasks: list[asyncio.Task[None]] = []
        for number in range(cases):
            tasks.append(asyncio.create_task(one(number)))
            await asyncio.sleep(1 / (4 * A_SECOND))
        _, pending = await asyncio.wait(tasks, timeout=deadline_s)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    done = sum(took <= deadline_s for took in took_s)
    return {
        "way": "naive",
        "cases": cases,
        "stalled": len(range(0, cases, STALLED)),
        "done": done,
        "with a person by the deadline": 0,
        "neither by the deadline": cases - done,
        "p99 of the done, s": round(percentile(sorted(took_s), 0.99) or 0, 2),
        "least time left, s": None,
        "p99 until opened, s": None,
    }

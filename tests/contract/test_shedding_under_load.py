"""Where a worker has not room for all, the least critical cases wait: with real load, and nothing is lost."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from tests.support.world import WorkerProcess, World, end_all

CODE = """
@read(timeout="10s", hedge=False)
async def stock(po: str) -> int:
    await asyncio.sleep(0.15)
    return 7

async def agent(case: Case[dict], ctx: Context) -> int:
    return await stock(case.input["po"])
"""
ROOT = Path(__file__).resolve().parents[2]
CASES = 40
CLASSES = ("sheddable", "critical")


async def test_the_least_critical_cases_wait_and_end_later(world: World) -> None:
    """P3: of two crowds that a worker has not room for, the sheddable one is put off, and all is done in the end."""
    worlds: dict[str, World] = {}
    for name in CLASSES:
        worlds[name] = one = World(world.app, world.folder)
        place = one.write(CODE, tools="stock: allow", name=name, deadline="12h")
        file = place / "bridgehead.yaml"
        file.write_text(file.read_text().replace("resume: 5m}", f"resume: 5m, criticality: {name}}}"))
    for number in range(CASES):
        for name in CLASSES:
            await world.app.arrivals.store(
                name,
                source="file",
                source_id=str(number),
                document=f'{{"po": "{number}"}}'.encode(),
                name=f"{number}.json",
                actor="tester",
            )
    log = world.folder / "worker.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "bridgehead", "worker", *(str(one.place) for one in worlds.values())]
        process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            command,
            env=world.environment(BRIDGEHEAD_CONCURRENCY="4"),
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )

    async def finished() -> bool:
        rows = await world.rows("select count(*) as n from cases where state = 'done'")
        return rows[0]["n"] == CASES * len(CLASSES)

    try:
        await world.until(finished, timeout_s=60, what="all cases")
    finally:
        end_all([WorkerProcess(process, log)])
    rows = await world.rows(
        "select deployment, epoch, extract(epoch from closed_at)::float8 as closed_s, outcome from cases"
    )
    assert {row["outcome"] for row in rows} == {"completed"}
    ended = {name: [float(str(r["closed_s"])) for r in rows if r["deployment"] == name] for name in CLASSES}
    again = {name: sum(int(str(r["epoch"])) > 1 for r in rows if r["deployment"] == name) for name in CLASSES}
    assert again["critical"] == 0
    assert again["sheddable"] > 0
    assert statistics.median(ended["critical"]) < statistics.median(ended["sheddable"])
    assert max(ended["critical"]) < max(ended["sheddable"])

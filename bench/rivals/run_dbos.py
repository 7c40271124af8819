"""Bare DBOS: a workflow of ten steps, called directly in one process: ``MODE URL`` on the command line.

``async`` runs coroutine workflows in one event loop, ``sync`` plain ones in a thread each. Its pool has a connection
for each concurrent workflow, tracing and the console are off.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS, DBOSConfig

from bench.rivals.serving import STEPS, Clock, payload, serve

MODE, URL = sys.argv[1:3]
CONNECTIONS = 32
CLOCK = Clock()


@DBOS.step()
async def step_async(case: int, number: int) -> str:
    return payload(case, number)


@DBOS.workflow()
async def workflow_async(case: int) -> str:
    for number in range(STEPS):
        CLOCK.mark(case)
        await step_async(case, number)
    CLOCK.mark(case)
    return "done"


@DBOS.step()
def step_sync(case: int, number: int) -> str:
    return payload(case, number)


@DBOS.workflow()
def workflow_sync(case: int) -> str:
    for number in range(STEPS):
        CLOCK.mark(case)
        step_sync(case, number)
    CLOCK.mark(case)
    return "done"


async def run_async(cases: int, concurrency: int) -> Mapping[str, object]:
    async def slot(numbers: Iterable[int]) -> None:
        for number in numbers:
            await workflow_async(number)

    await asyncio.gather(*(slot([-1 - index]) for index in range(concurrency)))
    CLOCK.warm()
    numbers = iter(range(cases))
    await asyncio.gather(*(slot(numbers) for _ in range(concurrency)))
    return CLOCK.stop()


def run_sync(cases: int, concurrency: int) -> Mapping[str, object]:
    def slot(numbers: Iterable[int]) -> None:
        for number in numbers:
            workflow_sync(number)

    with ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(slot, [[-1 - index] for index in range(concurrency)]))
        CLOCK.warm()
        numbers = iter(range(cases))
        list(pool.map(slot, [numbers] * concurrency))
        return CLOCK.stop()


def main() -> None:
    config: DBOSConfig = {
        "name": "steps",
        "system_database_url": URL,
        "sys_db_pool_size": CONNECTIONS,
        "log_level": "ERROR",
        "enable_otlp": False,
    }
    DBOS(config=config)
    if MODE == "sync":
        DBOS.launch()
        serve(run_sync, ("dbos", "sqlalchemy", "psycopg"))
        DBOS.destroy()
        return
    with asyncio.Runner() as runner:

        async def launch() -> None:
            DBOS.launch()

        runner.run(launch())
        serve(lambda cases, concurrency: runner.run(run_async(cases, concurrency)), ("dbos", "sqlalchemy", "psycopg"))
        DBOS.destroy()


if __name__ == "__main__":
    main()

"""LangGraph with its PostgreSQL checkpointer, ten nodes in a row: ``MODE DURABILITY PIPELINE URL``.

At its best: a saver takes a lock around every statement, so each concurrent run has a saver, a connection and a
compiled graph of its own, in one event loop (``async``) or in one thread each (``sync``). Each node's result is a
channel of its own and no plain string, so that a checkpoint stores what its step brought and repeats nothing.
``sync`` durability is the one its documentation gives for a step that is stored before the next begins. A saver
sends each checkpoint in a pipeline by itself; ``pipeline`` keeps the connection in that mode, as the saver offers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from typing import Any, TypedDict

os.environ["LANGSMITH_TRACING"] = "false"

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph

from bench.rivals.serving import STEPS, Clock, payload, serve

MODE, DURABILITY, URL = sys.argv[1], sys.argv[2], sys.argv[4]
PIPELINE = sys.argv[3] == "pipeline"
State = TypedDict("State", {"case": int} | {f"step_{number}": dict for number in range(STEPS)}, total=False)  # type: ignore[misc]  # its fields are made
THREADS = count()


def graph(clock: Clock, saver: Any, *, asynchronous: bool) -> Any:  # noqa: ANN401  # its types take four parameters
    """Returns ten nodes in a row over a saver."""
    builder = StateGraph(State)
    for number in range(STEPS):
        builder.add_node(f"node_{number}", _node(clock, number, asynchronous=asynchronous))
        builder.add_edge(f"node_{number - 1}" if number else START, f"node_{number}")
    builder.add_edge(f"node_{STEPS - 1}", END)
    return builder.compile(checkpointer=saver)


def _node(clock: Clock, number: int, *, asynchronous: bool) -> Callable[..., object]:
    def work(state: Mapping[str, int]) -> dict[str, object]:
        clock.mark(state["case"])
        return {f"step_{number}": {"text": payload(state["case"], number)}}

    async def work_async(state: Mapping[str, int]) -> dict[str, object]:
        return work(state)

    return work_async if asynchronous else work


def _config() -> dict[str, object]:
    return {"configurable": {"thread_id": f"{os.getpid()}-{next(THREADS)}"}}


async def run_async(cases: int, concurrency: int) -> Mapping[str, object]:
    clock = Clock()
    async with AsyncPostgresSaver.from_conn_string(URL) as first:
        await first.setup()
    async with AsyncExitStack() as stack:
        savers = [
            await stack.enter_async_context(AsyncPostgresSaver.from_conn_string(URL, pipeline=PIPELINE))
            for _ in range(concurrency)
        ]

        graphs = [graph(clock, saver, asynchronous=True) for saver in savers]

        async def slot(compiled: Any, numbers: Iterable[int]) -> None:  # noqa: ANN401  # as ``graph`` returns it
            for number in numbers:
                await compiled.ainvoke({"case": number}, _config(), durability=DURABILITY)
                clock.mark(number)

        await asyncio.gather(*(slot(compiled, [-1 - index]) for index, compiled in enumerate(graphs)))
        clock.warm()
        numbers = iter(range(cases))
        await asyncio.gather(*(slot(compiled, numbers) for compiled in graphs))
        return clock.stop()


def run_sync(cases: int, concurrency: int) -> Mapping[str, object]:
    clock = Clock()
    with PostgresSaver.from_conn_string(URL) as first:
        first.setup()
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(concurrency))
        savers = [
            stack.enter_context(PostgresSaver.from_conn_string(URL, pipeline=PIPELINE)) for _ in range(concurrency)
        ]

        graphs = [graph(clock, saver, asynchronous=False) for saver in savers]

        def slot(compiled: Any, numbers: Iterable[int]) -> None:  # noqa: ANN401  # as ``graph`` returns it
            for number in numbers:
                compiled.invoke({"case": number}, _config(), durability=DURABILITY)
                clock.mark(number)

        list(pool.map(slot, graphs, [[-1 - index] for index in range(concurrency)]))
        clock.warm()
        numbers = iter(range(cases))
        list(pool.map(slot, graphs, [numbers] * concurrency))
        return clock.stop()


def main() -> None:
    packages = ("langgraph", "langgraph-checkpoint-postgres", "psycopg")
    if MODE == "sync":
        serve(run_sync, packages)
        return
    with asyncio.Runner() as runner:
        serve(lambda cases, concurrency: runner.run(run_async(cases, concurrency)), packages)


if __name__ == "__main__":
    main()

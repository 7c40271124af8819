"""The agent of the crash bench on plain LangGraph: ``URL SYSTEM KEYED CASES`` on the command line.

Two nodes, a read and a booking, over ``AsyncPostgresSaver`` with ``durability="sync"``, a thread per order. What is
run is forked from this process, which has imported everything; each start resumes every thread as the documentation
says: ``ainvoke(None)`` where there is a checkpoint, the order once more where there is none, again and again until
each has ended. A line on standard input starts the next one; what was forked is told on standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any, TypedDict

os.environ["LANGSMITH_TRACING"] = "false"

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

URL, SYSTEM, KEYED, CASES = sys.argv[1], sys.argv[2], sys.argv[3] == "keyed", int(sys.argv[4])
CONCURRENCY = 16


class State(TypedDict, total=False):
    """An order on its way."""

    po: str
    customer: dict[str, Any]
    booking: dict[str, Any]


async def asked(method: str, path: str, body: dict[str, object] | None = None, key: str = "") -> dict[str, Any]:
    """Returns what the system of record answers; raises for anything but success. No client library is needed."""
    host, _, port = SYSTEM.removeprefix("http://").partition(":")
    async with asyncio.timeout(2.0):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            content = b"" if body is None else json.dumps(body).encode()
            fields = f"Host: x\r\nConnection: close\r\nContent-Length: {len(content)}\r\n"
            fields += f"Idempotency-Key: {key}\r\n" if key else ""
            writer.write(f"{method} {path} HTTP/1.1\r\n{fields}\r\n".encode() + content)
            answer = await reader.read(-1)
        finally:
            writer.close()
    head, _, found = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 2"):
        raise ConnectionError(head[:40])
    told: dict[str, Any] = json.loads(found)
    return told


async def look(state: State) -> State:
    return {"customer": await asked("GET", f"/customers/{state['po']}")}


async def book(state: State) -> State:
    key = state["po"] if KEYED else ""
    return {"booking": await asked("POST", "/bookings", {"po": state["po"]}, key)}


async def run() -> None:
    """Resumes every thread until each has ended."""
    builder = StateGraph(State)
    builder.add_node("look", look)
    builder.add_node("book", book)
    builder.add_edge(START, "look")
    builder.add_edge("look", "book")
    builder.add_edge("book", END)
    kwargs = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(URL, min_size=4, max_size=8, kwargs=kwargs) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        graph = builder.compile(checkpointer=saver)
        left = [f"L-{KEYED:d}-{number}" for number in range(CASES)]
        while left:
            numbers = iter(left)
            failed: list[str] = []

            async def slot(numbers: Any, failed: list[str]) -> None:  # noqa: ANN401  # an iterator that all slots share
                for po in numbers:
                    config: Any = {"configurable": {"thread_id": po}}
                    try:
                        state = await graph.aget_state(config)
                        if state.created_at is None:
                            await graph.ainvoke({"po": po}, config, durability="sync")
                        elif "booking" not in state.values:  # ``next`` is empty where it died right after its input
                            await graph.ainvoke(None, config, durability="sync")
                    except (OSError, TimeoutError, ValueError):
                        failed.append(po)

            await asyncio.gather(*(slot(numbers, failed) for _ in range(CONCURRENCY)))
            left = failed


def main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while sys.stdin.readline():
        pid = os.fork()
        if not pid:
            try:
                asyncio.run(run())
                os._exit(0)
            finally:
                os._exit(1)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

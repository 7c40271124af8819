"""Threads for synchronous agents and tools: each call has one of its own, so none waits for a thread another holds."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(name: str, function: Callable[[], T]) -> T:
    """Returns what ``function`` returns, run in a new thread with the caller's context variables.

    A shared pool would hang: agents that fill it wait for tools that need a thread of it. The
    thread is a daemon: one that never ends, such as a cancelled agent that goes on, keeps no
    process alive. ``exit()`` in it is an error like any other.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)  # type: ignore[arg-type]  # without an error it is what the function returned
        else:
            future.set_exception(error)

    def run() -> None:
        value: T | None = None
        error: BaseException | None = None
        try:
            value = context.run(function)
        except (SystemExit, StopIteration) as ended:
            error = RuntimeError(f"{name} raised {type(ended).__name__}: {ended}")
        except BaseException as raised:  # noqa: BLE001  # handed to whoever waits, control flow included
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name=f"bridgehead-{name}", daemon=True).start()
    return await future

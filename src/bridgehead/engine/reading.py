"""Reading arrivals in a process of its own, with a time limit: a document can hang or kill its reader."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from bridgehead.cases.intake import NewCase, NoCase, ReadResult, ToReview
from bridgehead.errors import BridgeheadError

READ_S = 60.0


class ReaderLost(BridgeheadError):
    """The reader's process died or ran out of time over a document."""

    code = "arrival.reader_lost"


class ReadingProcess:
    """One child process that runs readers, started on first use and replaced when it is lost."""

    def __init__(self, *, timeout_s: float = READ_S) -> None:
        self._timeout_s = timeout_s
        self._pool: ProcessPoolExecutor | None = None

    async def read(self, reader: str, folder: str, document: bytes, name: str) -> Sequence[NewCase | ToReview] | NoCase:
        """Returns what ``module:object`` in ``folder`` makes of a document.

        Raises ReaderLost when the process died or the time ran out; a reader that raises
        gives a ToReview, because its document is one for a person.
        """
        if self._pool is None:
            self._pool = ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))
        loop = asyncio.get_running_loop()
        try:
            result = await asyncio.wait_for(
                loop.run_in_executor(self._pool, run_reader, reader, folder, document, name), self._timeout_s
            )
        except (TimeoutError, BrokenProcessPool) as error:
            self.close()
            raise ReaderLost(f"the reader was lost over {name}: {type(error).__name__}") from error
        if isinstance(result, NoCase):
            return result
        return [result] if isinstance(result, (NewCase, ToReview)) else list(result)

    def close(self) -> None:
        """Ends the child process at once."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        processes = list((pool._processes or {}).values())  # noqa: SLF001  # a hung child cannot be ended otherwise
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()


def run_reader(reader: str, folder: str, document: bytes, name: str) -> ReadResult:
    """Imports and runs a reader, in the child; whatever it raises becomes a review."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module, _, attribute = reader.partition(":")
    try:
        found: ReadResult = getattr(importlib.import_module(module), attribute)(document, name)
    except Exception as error:  # noqa: BLE001  # the boundary to the reader's code: its document goes to a person
        return ToReview(f"The reader failed on this document: {type(error).__name__}: {error}")
    return found

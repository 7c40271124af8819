"""PDFs for people to look at, read and drawn in processes with limits that stay up from one to the next.

A process that starts for each document takes half a second; one that is there takes a hundredth. What a document
does to its process hits nobody else: it is ended after its time, and the next document gets another.
"""

from __future__ import annotations

import atexit
import queue
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, TypeVar

from bridgehead.documents.isolated import Drawn, Isolated

T = TypeVar("T")

LANES: Final = 2
"""So many documents at once: one that takes its whole time leaves a lane for the next."""
TIME_S: Final = 10.0
WAIT_S: Final = 10.0
LARGEST: Final = 32 * 2**20
"""Bytes of a PDF that is drawn; of a larger one there is the original."""


class Apart:
    """A few reading processes, each started when it is needed; for threads, which wait for a free one."""

    def __init__(self, *, lanes: int = LANES, time_s: float = TIME_S, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._all = [Isolated(time_s=time_s) for _ in range(lanes)]
        # The one used last is used next: a further process starts only when it is needed.
        self._idle: queue.LifoQueue[Isolated] = queue.LifoQueue()
        for one in self._all:
            self._idle.put(one)

    def pieces(self, document: bytes) -> Sequence[tuple[str, str]]:
        """Returns the texts of a PDF with where they stand; none of one that cannot be read within the limits."""
        return self._with(lambda one: one.pieces(document), ())

    def drawn(self, document: bytes, wanted: Mapping[str, tuple[int, str]]) -> Drawn | None:
        """Returns a PDF's pages and where values stand on them; None where it cannot be drawn within the limits."""
        return self._with(lambda one: one.drawn(document, wanted), None) if len(document) <= LARGEST else None

    def picture(self, document: bytes, page: int) -> bytes:
        """Returns a page, from 1, as a PNG; empty where it cannot be drawn within the limits."""
        return self._with(lambda one: one.picture(document, page), b"") if len(document) <= LARGEST else b""

    def close(self) -> None:
        """Ends every process at once."""
        for one in self._all:
            one.close()

    def _with(self, ask: Callable[[Isolated], T], nothing: T) -> T:
        try:
            one = self._idle.get(timeout=self._wait_s)
        except queue.Empty:
            return nothing
        try:
            return ask(one)
        finally:
            self._idle.put(one)


@cache
def shared() -> Apart:
    """Returns the processes that this process looks at PDFs with; they end with it."""
    one = Apart()
    atexit.register(one.close)
    return one

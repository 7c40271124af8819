"""PDFs for people to look at, read and drawn in processes with limits that stay up from one to the next.

A process that starts for each document takes half a second; one that is there takes a hundredth. What a document
does to its process hits nobody else: it is ended after its time, the next document gets another, and the document
is not tried again for a while. Texts have a lane of their own, which no picture can hold.
"""

from __future__ import annotations

import atexit
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Final, TypeVar

from bridgehead.clock import perf_s
from bridgehead.documents.isolated import Drawn, Isolated, Spent

T = TypeVar("T")

LANES: Final = 2
"""So many documents are drawn at once: one that takes its whole time leaves a lane for the next."""
TEXT_LANES: Final = 1
"""So many documents are read for accounts at once, whatever is drawn."""
TIME_S: Final = 10.0
WAIT_S: Final = 4.0
"""How long anybody waits for a lane before hearing that all are taken."""
LARGEST: Final = 32 * 2**20
"""Bytes of a PDF that is drawn; of a larger one there is the original."""
AGAIN_S: Final = 300.0
"""How long a document that ran out of time is not tried again."""
REMEMBERED: Final = 1_000
"""So many of these documents are known at once, by a digest of each: some hundred bytes."""


class Busy(Exception):  # a state of the lanes, not a mistake
    """All lanes are taken: the same may be asked again in a few seconds."""


class Apart:
    """A few reading processes, each started when it is needed; for threads, which wait for a free one."""

    def __init__(
        self, *, lanes: int = LANES, time_s: float = TIME_S, wait_s: float = WAIT_S, again_s: float = AGAIN_S
    ) -> None:
        self._wait_s = wait_s
        self._again_s = again_s
        self._lock = threading.Lock()
        self._lost: OrderedDict[bytes, float] = OrderedDict()
        """Until when what was asked of a document is not tried again, the earliest first."""
        self._all = [Isolated(time_s=time_s) for _ in range(lanes + TEXT_LANES)]
        # The one used last is used next: a further process starts only when it is needed.
        self._idle: queue.LifoQueue[Isolated] = queue.LifoQueue()
        self._idle_for_texts: queue.LifoQueue[Isolated] = queue.LifoQueue()
        for at, one in enumerate(self._all):
            (self._idle if at < lanes else self._idle_for_texts).put(one)

    def pieces(self, document: bytes) -> Sequence[tuple[str, str]]:
        """Returns the texts of a PDF with where they stand; none of one that is refused.

        Raises Busy, and Spent where it took more than its limits, now or a short while ago.
        """
        return self._with(self._idle_for_texts, "pieces", document, lambda one: one.pieces(document))

    def drawn(self, document: bytes, wanted: Mapping[str, tuple[int, str]]) -> Drawn | None:
        """Returns a PDF's pages and where values stand on them; None where it cannot be drawn within the limits.

        Raises Busy.
        """
        if len(document) > LARGEST:
            return None
        try:
            return self._with(self._idle, "drawn", document, lambda one: one.drawn(document, wanted))
        except Spent:
            return None

    def picture(self, document: bytes, page: int) -> bytes:
        """Returns a page, from 1, as a PNG; empty where it cannot be drawn within the limits. Raises Busy.

        After one page that took more than its limits the others of its document are not tried either.
        """
        if len(document) > LARGEST:
            return b""
        try:
            return self._with(self._idle, "picture", document, lambda one: one.picture(document, page))
        except Spent:
            return b""

    def close(self) -> None:
        """Ends every process at once."""
        for one in self._all:
            one.close()

    def _with(self, idle: queue.LifoQueue[Isolated], what: str, document: bytes, ask: Callable[[Isolated], T]) -> T:
        key = what.encode() + blake2b(document, digest_size=16).digest()
        self._spare(key)
        try:
            one = idle.get(timeout=self._wait_s)
        except queue.Empty:
            raise Busy from None
        try:
            self._spare(key)  # it may have run out of time for another while this one waited
            return self._asked(key, one, ask)
        finally:
            idle.put(one)

    def _asked(self, key: bytes, one: Isolated, ask: Callable[[Isolated], T]) -> T:
        try:
            return ask(one)
        except Spent:
            with self._lock:
                self._lost.pop(key, None)
                self._lost[key] = perf_s() + self._again_s
                while len(self._lost) > REMEMBERED:
                    self._lost.popitem(last=False)
            raise

    def _spare(self, key: bytes) -> None:
        """Raises Spent for what was lost a short while ago."""
        with self._lock:
            until_s = self._lost.get(key)
        if until_s is not None and perf_s() < until_s:
            raise Spent


@cache
def shared() -> Apart:
    """Returns the processes that this process looks at PDFs with; they end with it."""
    one = Apart()
    atexit.register(one.close)
    return one

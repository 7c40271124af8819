"""Reads documents in a process with limits: no file takes more than its time and memory, whatever is in it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Final, Self, cast

from pydantic import JsonValue

from bridgehead.clock import perf_s
from bridgehead.documents.assisted.seen import Seen, barred, see, seen_from_json, seen_to_json
from bridgehead.documents.detecting import form_of
from bridgehead.documents.outcome import Refusal, Unreadable
from bridgehead.documents.reading import read
from bridgehead.documents.telling import refused, tell

TIME_S: Final = 28.0
"""A little less than the 30 s that are promised for a file."""
MEMORY: Final = 1_000_000_000
"""Bytes of address space for one file's reading."""
DOCUMENTS: Final = 200
"""So many documents a process reads before the next one takes over: no leak of a library adds up."""
_LENGTH: Final = struct.Struct(">Q")

Rows = list[dict[str, JsonValue]]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom on a page, in points from its left and its top."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A PDF's pages: how many there are, the size in points of the first ones, and where on them values stand.

    ``places`` gives by field the page, from 1, and the box on it.
    """

    count: int
    sizes: tuple[tuple[float, float], ...]
    places: Mapping[str, tuple[int, Box]]


class Spent(Exception):  # what became of a document, not a mistake of ours
    """A document took more than its time or memory, or its process, before anything could be told of it."""


class Isolated:
    """A reading process, started on first use and replaced when it dies or runs out of time; a context manager."""

    def __init__(self, *, time_s: float = TIME_S, memory: int = MEMORY) -> None:
        self._time_s = time_s
        self._memory = memory
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0

    def __enter__(self) -> Self:
        """Returns itself; the process starts with the first document."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ends the process."""
        self.close()

    def read(self, document: bytes, file: str) -> Rows:
        """Returns what ``telling.tell`` says of one document; never raises for any document.

        A document whose reading takes too long, too much memory or kills a process of its own is refused as
        ``reader.lost``.
        """
        try:
            return cast("Rows", json.loads(self._exchange("read", document, file)))
        except (OSError, EOFError, TimeoutError) as error:
            late = isinstance(error, TimeoutError)
            if self._served > 1 and not late:  # an earlier document may have done it: once more, alone
                self.close()
                return self.read(document, file)
            code = None if self._child is None else self._child.poll()
            self.close()
            how = f"took more than {self._time_s:.0f} s" if late else f"ended its process ({code})"
            reason = f"Reading the document {how}; a person must look at it."
            return [refused(file, form_of(document, file), Unreadable("reader.lost", reason, "document"))]

    def see(self, document: bytes, file: str) -> Seen:
        """Returns what a document shows; never raises, what takes too long or too much is ``barred``."""
        try:
            return seen_from_json(self._exchange("see", document, file))
        except (OSError, EOFError, TimeoutError):
            self.close()
            return barred("its text cannot be shown within the limits of time and memory")

    def pieces(self, document: bytes) -> list[tuple[str, str]]:
        """Returns the texts of a PDF with where they stand (``pdf.shown.pieces``); none of one that is refused.

        Raises Spent, as ``drawn`` and ``picture`` do.
        """
        return [(str(where), str(text)) for where, text in json.loads(self._asked("pieces", document) or b"[]")]

    def drawn(self, document: bytes, wanted: Mapping[str, tuple[int, str]]) -> Drawn | None:
        """Returns a PDF's pages and where values stand on them (``pdf.shown``); None where it cannot be drawn."""
        found = self._asked("drawn", document, json.dumps(wanted))
        if not found:
            return None
        count, sizes, places = json.loads(found)
        return Drawn(
            count,
            tuple((width, height) for width, height in sizes),
            {field: (page, tuple(box)) for field, (page, box) in places.items()},
        )

    def picture(self, document: bytes, page: int) -> bytes:
        """Returns a page of a PDF as a PNG; empty where it cannot be drawn."""
        return self._asked("picture", document, str(page))

    def _asked(self, wanted: str, document: bytes, about: str = "") -> bytes:
        """Returns an answer; raises Spent where the document took too long, too much, or its process."""
        try:
            return self._exchange(wanted, document, about)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise Spent from error

    def close(self) -> None:
        """Ends the process at once; the next document starts another."""
        child, self._child = self._child, None
        self._served = 0
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _exchange(self, wanted: str, document: bytes, file: str) -> bytes:
        if self._served >= DOCUMENTS:
            self.close()
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - this interpreter, and a number
                [sys.executable, "-m", "bridgehead.documents.isolated", str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        self._served += 1
        child = self._child
        asked, answers = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
        for message in (wanted.encode(), file.encode("utf-8", "surrogateescape"), document):
            asked.write(_LENGTH.pack(len(message)) + message)
        asked.flush()
        until_s = perf_s() + self._time_s
        (length,) = _LENGTH.unpack(_receive(answers, _LENGTH.size, until_s))
        return _receive(answers, length, until_s)


def _receive(stream: IO[bytes], size: int, until_s: float) -> bytes:
    """Returns so many bytes; raises TimeoutError past ``until_s`` and EOFError when the stream ends before."""
    found = bytearray()
    while len(found) < size:
        ready, _, _ = select.select([stream], [], [], max(until_s - perf_s(), 0))
        if not ready:
            raise TimeoutError
        piece = os.read(stream.fileno(), min(size - len(found), 1 << 20))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


def _serve(memory: int) -> None:
    """Answers until the input ends. What a library prints goes to standard error."""
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    while (head := asked.read(_LENGTH.size)) and len(head) == _LENGTH.size:
        wanted = asked.read(_LENGTH.unpack(head)[0])
        file = _message(asked).decode("utf-8", "surrogateescape")
        document = _message(asked)
        body = _ANSWERS[wanted](document, file)
        answers.write(_LENGTH.pack(len(body)) + body)
        answers.flush()


def _message(asked: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(asked.read(_LENGTH.size))
    return asked.read(length)


def _shown(document: bytes, file: str) -> bytes:
    try:
        return seen_to_json(see(document, file))
    except Exception as error:  # noqa: BLE001 - a named boundary: a bug in showing keeps a model out, no more
        return seen_to_json(barred(f"showing its text failed ({type(error).__name__})"))


def _looked_at(document: bytes, about: str, ask: Callable[[bytes, str], bytes]) -> bytes:
    """Returns what is shown of a PDF to people; empty for one of which nothing can be shown."""
    try:
        return ask(document, about)
    except MemoryError:
        raise
    except (Refusal, Exception):  # noqa: BLE001 - a named boundary: whatever a stranger's file makes the libraries raise
        return b""


def _pieces(document: bytes, _about: str) -> bytes:
    from bridgehead.documents.pdf.shown import pieces

    return json.dumps(list(pieces(document))).encode()


def _drawn(document: bytes, about: str) -> bytes:
    from bridgehead.documents.pdf.shown import places, sizes

    count, found = sizes(document)
    try:
        marked = places(document, {field: (line, text) for field, (line, text) in json.loads(about).items()})
    except Refusal:  # it is drawn all the same, without marks
        marked = {}
    return json.dumps((count, found, marked)).encode()


def _picture(document: bytes, about: str) -> bytes:
    from bridgehead.documents.pdf.shown import picture

    return picture(document, int(about))


def _rows(document: bytes, file: str) -> Rows:
    form = form_of(document, file)
    try:
        return tell(file, form, read(document, file))
    except MemoryError:
        return [refused(file, form, Unreadable("reader.memory", "Reading the document takes too much memory."))]
    except RecursionError:
        return [refused(file, form, Unreadable("reader.depth", "The document is nested too deeply."))]
    except Exception as error:  # noqa: BLE001 - a named boundary: a bug in a reader refuses one document
        reason = f"A reader failed over this document ({type(error).__name__}); this is a bug of Bridgehead."
        return [refused(file, form, Unreadable("reader.bug", reason))]


_ANSWERS: Final[Mapping[bytes, Callable[[bytes, str], bytes]]] = {
    b"read": lambda document, file: json.dumps(_rows(document, file)).encode(),
    b"see": _shown,
    b"pieces": lambda document, about: _looked_at(document, about, _pieces),
    b"drawn": lambda document, about: _looked_at(document, about, _drawn),
    b"picture": lambda document, about: _looked_at(document, about, _picture),
}


if __name__ == "__main__":
    try:
        _serve(int(sys.argv[1]))
    except MemoryError:
        sys.exit(1)  # the one who asked tells of it

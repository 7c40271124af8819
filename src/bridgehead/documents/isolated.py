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
from types import TracebackType
from typing import IO, Final, Self, cast

from pydantic import JsonValue

from bridgehead.clock import perf_s
from bridgehead.documents.assisted.seen import Seen, barred, see, seen_from_json, seen_to_json
from bridgehead.documents.detecting import form_of
from bridgehead.documents.outcome import Unreadable
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
        body = _shown(document, file) if wanted == b"see" else json.dumps(_rows(document, file)).encode()
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


if __name__ == "__main__":
    try:
        _serve(int(sys.argv[1]))
    except MemoryError:
        sys.exit(1)  # the one who asked tells of it

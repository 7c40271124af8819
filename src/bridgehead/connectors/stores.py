"""Places that hold files, as connectors need them: a folder of this machine, SFTP, S3-compatible object storage.

A ``Store`` blocks; ``Threads`` runs its calls in a bounded pool. Paths are relative to the connection's
URL, separated by ``/``, and never lead out of it. A file that is made is there whole or not at all, and an
existing one is never replaced.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

from bridgehead.connectors.document import Specification
from bridgehead.connectors.file_store import Entry
from bridgehead.connectors.references import Redactor, setting
from bridgehead.errors import ErrorClass, Failed, UserError

T = TypeVar("T")

UNFINISHED: Final = (".part", ".tmp", ".partial", "~")
"""How names of files end that are still being written; they are never listed."""
_LONGEST: Final = 1_024
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class Stat:
    """A file as its store knows it; ``version`` changes with its content (an ETag, or time and size)."""

    path: str
    size: int
    changed: datetime
    version: str


class Exists(Exception):
    """There is a file of this name already; nothing was written."""


class Store(Protocol):
    """Files below one place. Every other failure is Failed; ``applied`` is False where surely nothing was changed."""

    def entries(self, folder: str) -> Sequence[Stat]:
        """Returns the files that lie directly in a folder, by name; none when there is no such folder."""
        ...

    def stat(self, path: str) -> Stat | None:
        """Returns a file as it is known; None when there is none."""
        ...

    def read(self, path: str, limit: int) -> tuple[Stat, bytes] | None:
        """Returns a file and at most ``limit`` bytes and one more of it; None when there is none."""
        ...

    def create(self, path: str, content: bytes) -> Stat:
        """Makes a file that nobody sees before it is whole; raises Exists."""
        ...

    def remove(self, seen: Stat) -> bool:
        """Takes a file away that still is what was seen; False when it is gone. Raises Failed ``conflict``."""
        ...

    def move(self, path: str, target: str) -> bool:
        """Moves a file, into a folder that is made if need be; False when it is gone. What lies there is replaced."""
        ...

    def close(self) -> None:
        """Closes what is open."""
        ...


def inside(path: str) -> str:
    """Returns a path below the store's root; raises Failed ``invalid_input`` for one that could lead out of it."""
    parts = path.split("/")
    if len(path.encode()) > _LONGEST or _CONTROL.search(path) or any(part in {"", ".", ".."} for part in parts):
        raise Failed(
            f"{path[:100]!r} is no path below the connection's url", error_class="invalid_input", applied=False,
            hint="Name a file without .., doubled slashes and control characters.",
        )  # fmt: skip
    return path


def is_shown(name: str) -> bool:
    """Tells whether a file is finished, by its name."""
    return not name.startswith(".") and not name.endswith(UNFINISHED)


def failed(
    what: str, error_class: ErrorClass, *, applied: bool | None = False, hint: str = "", code: str | None = None
) -> Failed:
    """Returns a store's failure."""
    return Failed(what, error_class=error_class, applied=applied, hint=hint, code=code)


class Gate:
    """The point at which a call that may be given up changes something: it is passed before, or never."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed = False
        self._shut = False

    def enter(self) -> None:
        """Passes it; raises Failed ``timeout`` (``applied=False``) when the call was given up before."""
        with self._lock:
            if self._shut:
                raise failed("the call's time is over", "timeout")
            self._passed = True

    def shut(self) -> bool:
        """Gives the call up; tells whether the gate had been passed."""
        with self._lock:
            self._shut = True
            return self._passed


class Threads:
    """Runs what blocks in a bounded number of threads, within a time."""

    def __init__(self, size: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix=name)

    async def run(self, work: Callable[[], T], *, within_s: float, gate: Gate | None = None) -> T:
        """Returns what ``work`` returns. Raises what it raises, and Failed ``timeout`` when it takes too long.

        ``gate`` is passed by work that changes something. A thread whose call was given up before goes on
        and changes nothing; ``applied`` is None when it was passed, for only a look can tell then.
        """
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            done, _ = await asyncio.wait({future}, timeout=max(within_s, 0.0))
        except asyncio.CancelledError:
            future.add_done_callback(_forget)
            if gate is not None:
                gate.shut()
            raise
        if done:
            return future.result()
        passed = gate is not None and gate.shut()
        future.add_done_callback(_forget)
        raise failed(f"no answer within {within_s:g} s", "timeout", applied=None if passed else False)

    def close(self) -> None:
        """Lets the threads end when they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class StoreFolder:
    """One folder of a store as an intake of files needs it (``FileStore``)."""

    def __init__(self, store: Store, folder: str, *, threads: Threads, timeout_s: float) -> None:
        self._store, self._threads, self._timeout_s = store, threads, timeout_s
        self._folder = "" if folder in {"", "."} else inside(folder.strip("/"))

    async def entries(self) -> Sequence[Entry]:
        """See the port."""
        found = await self._run(lambda: self._store.entries(self._folder))
        return [_entry(stat) for stat in found]

    async def entry(self, name: str) -> Entry | None:
        """See the port."""
        stat = await self._run(lambda: self._store.stat(self._at(name)))
        return None if stat is None else _entry(stat)

    async def read(self, name: str, limit: int) -> bytes | None:
        """See the port."""
        found = await self._run(lambda: self._store.read(self._at(name), limit))
        return None if found is None else found[1]

    async def move(self, name: str, folder: str, target: str) -> bool:
        """See the port."""
        return await self._run(lambda: self._store.move(self._at(name), self._at(f"{folder}/{target}")))

    def _at(self, name: str) -> str:
        return inside(f"{self._folder}/{name}" if self._folder else name)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._threads.run(work, within_s=self._timeout_s)


def open_folder(spec: Specification, path: str, *, folder: Path, redactor: Redactor) -> StoreFolder:
    """Returns a folder below a specification's URL, wherever that is. Raises UserError; nothing is asked yet."""
    store = open_store(spec, folder=folder, redactor=redactor)
    threads = Threads(spec.limits.concurrency or 2, f"{spec.connector}-files")
    return StoreFolder(store, path, threads=threads, timeout_s=spec.connection.timeout)


def open_store(spec: Specification, *, folder: Path, redactor: Redactor) -> Store:
    """Returns the store of a specification's URL; nothing is asked and no secret is read.

    A path or ``file:///PATH`` is a folder of this machine (a relative one lies beside the specification),
    ``sftp://HOST/PATH``, ``s3://BUCKET/PREFIX?region=REGION`` at Amazon and
    ``s3+https://HOST/BUCKET/PREFIX?region=REGION`` elsewhere. Raises UserError ``connector.url``,
    ``connector.host`` and ``connector.extra``.
    """
    url = setting(spec.connection.url, folder=folder).strip()
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _no_url(spec) from error
    if parts.password is not None:
        raise _no_url(spec, "holds a password", "Take it out, and name user and password under auth.basic.")
    if parts.scheme in {"", "file"} and not parts.netloc:
        from bridgehead.connectors.store_local import LocalStore

        return LocalStore.of(spec, url, folder=folder)
    if parts.scheme == "sftp" and parts.hostname:
        from bridgehead.connectors.store_sftp import SftpStore

        return SftpStore.of(spec, parts, folder=folder, redactor=redactor)
    if parts.scheme in {"s3", "s3+https", "s3+http"} and parts.netloc:
        from bridgehead.connectors.store_s3 import S3Store

        return S3Store.of(spec, parts, folder=folder, redactor=redactor)
    raise _no_url(spec)


def check_host(spec: Specification, host: str, port: int, *, folder: Path) -> None:
    """Raises UserError ``connector.host`` when the URL leads to a host that is not listed."""
    listed = {setting(one, folder=folder).lower() for one in spec.connection.hosts}
    if listed and host.lower() not in listed and f"{host.lower()}:{port}" not in listed:
        raise UserError(
            f"connector {spec.connector}: connection.url leads to {host}, which is not among connection.hosts",
            code="connector.host", hint="If the files really lie there, add it to connection.hosts.",
        )  # fmt: skip


def _no_url(spec: Specification, what: str = "is no place of files", hint: str = "") -> UserError:
    return UserError(
        f"connector {spec.connector}: connection.url {what}", code="connector.url",
        hint=hint or "Write a folder, sftp://HOST/PATH, s3://BUCKET/PREFIX?region=… or s3+https://HOST/BUCKET/PREFIX.",
    )  # fmt: skip


def _entry(stat: Stat) -> Entry:
    return Entry(stat.path.rpartition("/")[2], stat.size, stat.version)


def _forget(future: asyncio.Future[T]) -> None:
    if not future.cancelled():
        future.exception()

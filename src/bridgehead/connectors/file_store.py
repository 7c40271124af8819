"""What an intake of files needs of the place they lie in, and that place as a folder of this machine."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from bridgehead.errors import Failed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as it is listed: its name, its size in bytes, and whatever changes when it does (time, ETag)."""

    name: str
    size: int
    mark: str


class FileStore(Protocol):
    """A folder somewhere. Every failure is Failed with its class; names never leave the folder."""

    async def entries(self) -> Sequence[Entry]:
        """Returns the regular files of the folder, those in its subfolders not."""
        ...

    async def entry(self, name: str) -> Entry | None:
        """Returns one file as it is listed; None when it is gone."""
        ...

    async def read(self, name: str, limit: int) -> bytes | None:
        """Returns at most ``limit`` bytes and one more; None when it is gone."""
        ...

    async def move(self, name: str, folder: str, target: str) -> bool:
        """Moves a file into a subfolder, made if need be; False when it is gone. What lies there is replaced."""
        ...


class LocalFolder:
    """A folder of this machine. Links are not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def entries(self) -> Sequence[Entry]:
        """See the port."""
        return await self._in(self._list)

    async def entry(self, name: str) -> Entry | None:
        """See the port."""
        return await self._in(lambda: self._at(name))

    async def read(self, name: str, limit: int) -> bytes | None:
        """See the port."""

        def read() -> bytes | None:
            try:
                descriptor = os.open(self._root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as stream:
                return stream.read(limit + 1)

        return await self._in(read)

    async def move(self, name: str, folder: str, target: str) -> bool:
        """See the port."""

        def move() -> bool:
            (self._root / folder).mkdir(parents=True, exist_ok=True)
            try:
                (self._root / name).rename(self._root / folder / target)
            except FileNotFoundError:
                return False
            return True

        return await self._in(move)

    def _list(self) -> list[Entry]:
        with os.scandir(self._root) as found:
            names = [one.name for one in found]
        return [entry for name in sorted(names) if (entry := self._at(name)) is not None]

    def _at(self, name: str) -> Entry | None:
        try:
            status = (self._root / name).lstat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return Entry(name, status.st_size, f"{status.st_mtime_ns}-{status.st_ino}")

    async def _in(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise Failed(
                f"{error.filename or self._root}: {error.strerror or type(error).__name__}",
                error_class="dependency_down",
                applied=False,
            ) from error

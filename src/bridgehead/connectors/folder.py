"""A folder that is watched: each file becomes an arrival and is moved away only once it is committed.

A file is taken when two looks, ``settle_s`` apart, found the same size and time of change, so a
file that is being written is left alone. Names that begin with a dot or end in ``.part``,
``.tmp``, ``.partial`` or ``~`` are never taken: a writer that may pause uses one and renames.
A crash between storing and moving stores the same arrival again, which is the same arrival.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.connectors.files import document_name, read_document
from bridgehead.errors import Unavailable, UserError

log = logging.getLogger("bridgehead.intake")

DONE: Final = "done"
REFUSED: Final = "refused"
_LONGEST: Final = 255
UNFINISHED: Final = (".part", ".tmp", ".partial", "~")

Store = Callable[[str, bytes], Awaitable[str]]
"""(name, document) → the arrival's id as people see it (``A-17``), once it is committed."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file looked like, and when it first looked so."""

    size: int
    changed_ns: int
    inode: int
    since_s: float

    def same(self, other: _Look) -> bool:
        return (self.size, self.changed_ns, self.inode) == (other.size, other.changed_ns, other.inode)


class FolderIntake:
    """Watches one folder for one deployment."""

    def __init__(self, folder: Path, store: Store, *, max_mb: int, settle_s: float = 2.0, every_s: float = 0.5) -> None:
        self.folder = folder
        self._store = store
        self._max_mb = max_mb
        self._settle_s = settle_s
        self._every_s = every_s
        self._seen: dict[str, _Look] = {}
        self._left: set[str] = set()
        self._said = ""
        self.pending = 0
        self.taken = 0
        self.looks = 0

    def prepare(self) -> None:
        """Makes the folder and its two subfolders; raises UserError when they cannot be made or written."""
        try:
            for place in (self.folder, self.folder / DONE, self.folder / REFUSED):
                place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"the intake folder {self.folder} cannot be used: {error.strerror}",
                code="intake.folder",
                hint="Make it a folder that this user may write to, or change `intake` in bridgehead.yaml.",
            ) from error

    async def watch(self, stopped: asyncio.Event) -> None:
        """Looks again and again until ``stopped``; a database or a disk that is away is waited for."""
        while not stopped.is_set():
            try:
                await self.look()
                self._said = ""
            except Unavailable as error:
                self._say(f"{self.folder}: left where it is: {error.message}")
            except OSError as error:
                self._say(f"{error.filename or self.folder}: {error.strerror}")
            try:
                await asyncio.wait_for(stopped.wait(), self._every_s)
            except TimeoutError:
                continue

    def _say(self, trouble: str) -> None:
        """Logs what goes wrong once, however many looks it lasts."""
        if trouble != self._said:
            log.warning("%s", trouble)
        self._said = trouble

    async def look(self) -> None:
        """Takes every file that stands still; ``pending`` counts what is there and is not taken yet."""
        found = await asyncio.to_thread(self._list)
        self._seen = {
            name: before if (before := self._seen.get(name)) is not None and before.same(look) else look
            for name, look in found.items()
        }
        self.pending = len(found)
        for name, look in sorted(self._seen.items()):
            if boot_s() - look.since_s >= self._settle_s:
                await self._take(name, look)
        self.looks += 1

    async def _take(self, name: str, look: _Look) -> None:
        path = self.folder / name
        try:
            document = await asyncio.to_thread(read_document, path, max_mb=self._max_mb, follow=False)
        except UserError as error:
            if error.code != "document.missing":
                await asyncio.to_thread(self._refuse, path, error)
            self._forget(name)
            return
        if not self._still(path, look):
            return  # written to while it was read: not this document
        arrival = await self._store(document_name(name), document)
        if not self._still(path, look):
            return  # changed since: what was stored stands, and what is there is another document
        await asyncio.to_thread(self._move, path, self.folder / DONE / fitting(f"{arrival}_{name}"))
        self.taken += 1
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._seen.pop(name, None)
        self.pending -= 1

    @staticmethod
    def _move(path: Path, target: Path) -> None:
        """Moves a file into a subfolder, which somebody may have cleared away."""
        target.parent.mkdir(exist_ok=True)
        path.rename(target)

    def _refuse(self, path: Path, error: UserError) -> None:
        """Moves a file away that is no document, with the reason beside it."""
        target = self.folder / REFUSED / path.name
        number = 1
        while target.exists():
            number += 1
            target = self.folder / REFUSED / fitting(f"{number}_{path.name}")
        log.warning("%s; moved to %s", error.message, target)
        self._move(path, target)
        reason = target.with_name(fitting(f"{target.name}.reason.txt"))
        reason.write_text(f"{error}\n", encoding="utf-8", errors="replace")

    def _list(self) -> dict[str, _Look]:
        found = {}
        for name in os.listdir(self.folder):  # noqa: PTH208  # names are wanted, not paths
            if name.startswith(".") or name.endswith(UNFINISHED):
                continue
            look = self._at(self.folder / name)
            if look is not None:
                found[name] = look
            elif name not in {DONE, REFUSED, *self._left} and os.path.lexists(self.folder / name):
                self._left.add(name)
                log.warning("%s: is no regular file; it stays where it is and is not read", self.folder / name)
        return found

    def _still(self, path: Path, look: _Look) -> bool:
        """Whether the file is the one that was looked at."""
        now = self._at(path)
        return now is not None and now.same(look)

    @staticmethod
    def _at(path: Path) -> _Look | None:
        """Returns what a regular file looks like; None for anything else, so that no link is followed."""
        try:
            status = path.lstat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return _Look(status.st_size, status.st_mtime_ns, status.st_ino, boot_s())


def fitting(name: str) -> str:
    """Returns a name that a file may have: at most 255 bytes, what Linux takes (NAME_MAX).

    Its beginning stays, which tells it from other files, and its end, which says what it is.
    """
    raw = os.fsencode(name)
    return name if len(raw) <= _LONGEST else os.fsdecode(raw[:120] + raw[120 - _LONGEST :])

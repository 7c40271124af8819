"""Files on a server that become arrivals: taken once they stand still, moved away once they are committed.

As with a folder of this machine (``folder.py``), whose rules for names these are too. Any number of
workers may watch the same place: what two of them read at once is one arrival, and a file that another
has moved is no error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from bridgehead.connectors.document_intake import FolderIntakePart
from bridgehead.connectors.file_store import Entry, FileStore
from bridgehead.connectors.files import MIB, document_name
from bridgehead.connectors.folder import UNFINISHED, fitting
from bridgehead.connectors.watching import Arrived, Keep, Watched

SETTLE_S: Final = 2.0
"""So long a file has to stand still, in seconds."""


class FilesWatch(Watched):
    """Watches one place of one connector for one deployment."""

    def __init__(
        self,
        name: str,
        part: FolderIntakePart,
        files: FileStore,
        keep: Keep,
        *,
        max_mb: int,
        settle_s: float = SETTLE_S,
        pause_s: float = 1.0,
    ) -> None:
        super().__init__(f"files {name}", every_s=part.every, pause_s=pause_s)
        self._part = part
        self._files = files
        self._keep = keep
        self._max_mb = max_mb
        self._settle_s = settle_s
        self._before: Mapping[str, Entry] = {}

    async def look(self, stopped: asyncio.Event) -> None:
        """Takes every file that looks as it did at the look before."""
        found = {one.name: one for one in await self._files.entries() if self._wanted(one.name)}
        still = [one for name, one in found.items() if self._before.get(name) == one]
        self._before = found
        self.pending = len(found)
        for entry in still:
            if stopped.is_set():
                return
            await self._take(entry)

    def _wait_s(self) -> float:
        usual = super()._wait_s()
        return min(usual, self._settle_s) if self.pending and not self._failures else usual

    def _wanted(self, name: str) -> bool:
        return fnmatchcase(name, self._part.pattern) and not name.startswith(".") and not name.endswith(UNFINISHED)

    async def _take(self, entry: Entry) -> None:
        limit = self._max_mb * MIB
        document = await self._files.read(entry.name, limit)
        if document is None or await self._files.entry(entry.name) != entry:
            return  # another worker has it, or it was written to while it was read: not this document
        name = document_name(entry.name)
        if document and len(document) <= limit:
            arrival = await self._keep(Arrived(entry.name, name, document))
            folder = self._part.done
        else:
            folder = self._part.refused
            why = f"is larger than {self._max_mb} MiB (BRIDGEHEAD_MAX_DOCUMENT_MB)" if document else "is empty"
            text = f"{name} ({entry.size} bytes) lies in {folder} of {self.where.removeprefix('files ')}.".encode()
            arrival = await self._keep(Arrived(f"{entry.name} {entry.mark}", name, text, unfit=f"The file {why}."))
        if await self._files.entry(entry.name) != entry:
            return  # changed since: what was stored stands, and what is there is another document
        await self._files.move(entry.name, folder, fitting(f"{arrival}_{entry.name}"))
        self.pending -= 1
        self.taken += 1

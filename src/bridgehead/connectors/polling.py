"""A system that is asked, again and again, for what is new or changed: each version of a record is one arrival.

The read takes the highest value of the cursor that is stored as its argument ``since`` and brings what
lies at or after it. The cursor is kept in our own database and moved only after the arrivals up to it are
committed, so whatever happens in between is read again; and what is read again is the same arrival, by
its key and the value of its cursor.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from pydantic import BaseModel

from bridgehead.clock import utc_now
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.document_intake import PollIntake
from bridgehead.connectors.files import MIB, document_name
from bridgehead.connectors.ports import Raw, Values
from bridgehead.connectors.watching import Arrived, Keep, Watched, as_json
from bridgehead.errors import Failed

TRIES: Final = 5
"""So often a record's document is asked for in vain before a person gets the record without it."""

KEPT_EVERY: Final = 200
"""So many arrivals are stored before the cursor is moved: a bound on what a crash lets be read again."""

_GONE: Final = frozenset({"not_found", "forbidden", "invalid_output", "invalid_input", "conflict"})

Cursor = datetime | date | int | Decimal | str
Fetch = Callable[[RequestPart, Values], Awaitable[bytes]]
"""Gets the document of one record; raises Failed."""


class CursorStore(Protocol):
    """How far each source was read, kept in our database. Both raise Unavailable when it is away."""

    async def get(self, deployment: str, source: str) -> str | None:
        """Returns the value up to which all is stored; None for a source that was never read."""
        ...

    async def move(self, deployment: str, source: str, value: str) -> None:
        """Keeps a value."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """One record that was read: its cursor (None: it has none), what makes it known again, and what to store."""

    cursor: Cursor | None
    digest: bytes
    record: BaseModel | None
    raw: Raw
    unfit: str = ""


class Polling(Watched):
    """Reads one entity of one connector for one deployment."""

    def __init__(
        self,
        connector: Connector,
        part: PollIntake,
        keep: Keep,
        cursors: CursorStore,
        *,
        deployment: str,
        max_mb: int,
        fetch: Fetch | None = None,
        now: Callable[[], datetime] = utc_now,
        pause_s: float = 1.0,
    ) -> None:
        super().__init__(f"poll {connector.name}.{part.read}", every_s=part.every, pause_s=pause_s)
        self._connector = connector
        self._part = part
        self._keep = keep
        self._cursors = cursors
        self._deployment = deployment
        self._source = f"{connector.name}.{part.read}"
        self._max_mb = max_mb
        self._fetch = fetch
        self._now = now
        entity, read = connector.reads[part.read][1:]
        self._entity = entity
        self._type = entity.fields[part.cursor].type
        self._since = str(read.params.get("since", "")).removesuffix("?")
        self._stored: set[bytes] = set()
        self._vain: Counter[bytes] = Counter()

    async def look(self, stopped: asyncio.Event) -> None:
        """Takes what is new or changed, oldest first; the cursor follows what is committed, never goes ahead of it."""
        kept = await self._cursors.get(self._deployment, self._source)
        before = None if kept is None else self._parsed(kept)
        if before is None and self._part.start == "new" and await self._begin():
            return
        answer = await self._connector.one_by_one(self._part.read, {"since": self._asked(before)})
        found = self._sorted([self._read(record, raw) for record, raw in answer])
        here = {one.digest for one in found}
        self._stored &= here
        for digest in [digest for digest in self._vain if digest not in here]:
            del self._vain[digest]
        self.pending = sum(one.digest not in self._stored for one in found)
        trouble: Failed | None = None
        reached = before
        for number, one in enumerate(found, 1):
            if stopped.is_set():
                break
            try:
                await self._take(one)
            except Failed as error:
                trouble = trouble or error
                continue
            if trouble is None and one.cursor is not None:
                reached = one.cursor if reached is None else max(reached, one.cursor, key=_order)
            if number % KEPT_EVERY == 0:
                await self._move(reached, before)
        await self._move(reached, before)
        if trouble is not None:
            raise trouble

    async def _begin(self) -> bool:
        """Sets the cursor to what is there at the first look of a source of which only new records are wanted."""
        if self._type == "datetime":
            await self._cursors.move(self._deployment, self._source, _text(self._now()))
            return True
        answer = await self._connector.one_by_one(self._part.read, {})
        values = [one.cursor for one in (self._read(*found) for found in answer) if one.cursor is not None]
        for value in sorted(values, key=_order)[-1:]:
            await self._cursors.move(self._deployment, self._source, _text(self._believed(value)))
        return bool(values)

    async def _take(self, one: _Found) -> None:
        if one.digest in self._stored:
            return
        await self._keep(await self._arrived(one))
        self._stored.add(one.digest)
        self.pending -= 1
        self.taken += 1

    async def _arrived(self, one: _Found) -> Arrived:
        if one.record is None:
            name = document_name(f"{self._connector.name}-{self._part.read}-unfit.json")
            return self._fitting(Arrived("unfit", name, as_json(one.raw), unfit=one.unfit))
        key = [getattr(one.record, field) for field in self._entity.key]
        source_id = as_json([*key, one.cursor]).decode()
        stem = "-".join(as_json(value).decode().strip('"') for value in key)
        suffix = self._part.suffix if self._part.document is not None else ".json"
        name = document_name(f"{self._connector.name}-{stem}{suffix}".replace("/", "_"))
        if self._part.document is None or self._fetch is None:
            return self._fitting(Arrived(source_id, name, as_json(one.record)))
        fields = {field: getattr(one.record, field) for field in type(one.record).model_fields}
        try:
            document = await self._fetch(self._part.document, fields)
        except Failed as error:
            self._vain[one.digest] += 1
            if error.error_class not in _GONE and self._vain[one.digest] < TRIES:
                raise
            why = f"Its document could not be had: {error.message}"
            return Arrived(source_id, name, as_json(one.record), unfit=why)
        if not document:
            return Arrived(source_id, name, as_json(one.record), unfit="Its document is empty.")
        return self._fitting(Arrived(source_id, name, document))

    def _fitting(self, arrived: Arrived) -> Arrived:
        size = len(arrived.document)
        if size <= self._max_mb * MIB:
            return arrived
        text = f"{arrived.name} of {self._source} has {size} bytes; the system holds it.".encode()
        why = f"It is larger than {self._max_mb} MiB (BRIDGEHEAD_MAX_DOCUMENT_MB) and was not taken."
        return Arrived(arrived.source_id, arrived.name, text, unfit=why)

    def _read(self, record: BaseModel | Failed, raw: Raw) -> _Found:
        if isinstance(record, Failed):
            return _Found(None, hashlib.sha256(as_json(raw)).digest(), None, raw, unfit=record.message)
        value = getattr(record, self._part.cursor)
        cursor = value if isinstance(value, datetime | date | int | Decimal | str) else None
        return _Found(cursor, hashlib.sha256(as_json(record)).digest(), record, raw)

    @staticmethod
    def _sorted(found: Sequence[_Found]) -> list[_Found]:
        without = [one for one in found if one.cursor is None]
        return without + sorted((one for one in found if one.cursor is not None), key=lambda one: _order(one.cursor))

    async def _move(self, reached: Cursor | None, before: Cursor | None) -> None:
        if reached is None:
            return
        reached = self._believed(reached)
        if reached != before:
            await self._cursors.move(self._deployment, self._source, _text(reached))

    def _believed(self, reached: Cursor) -> Cursor:
        """Returns a value, or our own time where it lies beyond that.

        Their clock was ahead of ours, or the time stands for none (9999-12-31). What changes later has
        earlier times than that, and must be found all the same.
        """
        now = self._now()
        if isinstance(reached, datetime):
            return min(reached, now)
        return min(reached, now.date()) if isinstance(reached, date) else reached

    def _asked(self, value: Cursor | None) -> Cursor | None:
        if not isinstance(value, datetime):
            return value
        try:
            value -= timedelta(seconds=self._part.overlap)
        except OverflowError:
            return None
        return value.date() if self._since == "date" else value

    def _parsed(self, text: str) -> Cursor | None:
        """Returns the kept value by its field's type; None, which reads everything, once the type is another one."""
        try:
            if self._type == "datetime":
                return datetime.fromisoformat(text)
            if self._type == "date":
                return date.fromisoformat(text)
            if self._type == "integer":
                return int(text)
            return Decimal(text) if self._type == "decimal" else text
        except (ValueError, ArithmeticError):
            return None


def _text(value: Cursor) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _order(value: Cursor | None) -> Any:  # noqa: ANN401  # values of one cursor are of its field's one type
    return value

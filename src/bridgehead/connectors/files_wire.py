"""Carries the calls of a ``files`` connector: records out of files, and files that are written once.

A read takes one file, or every one that fits a pattern, whole and within bounds. A file whose name holds
no argument has to be there; one that is named by an argument is a record, which may be absent. Every record
also has ``@file``, its file's path, and ``@changed``, when that file was last changed.
"""

from __future__ import annotations

import asyncio
import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from bridgehead.clock import boot_s
from bridgehead.connectors import file_formats
from bridgehead.connectors.agreeing import agrees
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart, WriteFilePart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.fill import fill, fill_text, names_in
from bridgehead.connectors.mapping import Mapper
from bridgehead.connectors.ports import Answer, Limits, Raw, Values
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.stores import Exists, Gate, Stat, Store, Threads, inside, open_store
from bridgehead.errors import ErrorClass, Failed, UserError
from bridgehead.ids import jitter
from bridgehead.resilience.deadline import bounded
from bridgehead.resilience.dispositions import RETRIED
from bridgehead.resilience.retry import may_repeat
from bridgehead.spec.tool import JSON

T = TypeVar("T")

MOST_FILES: Final = 1_000
MOST_BYTES: Final = 32 * 1024 * 1024
MOST_ROWS: Final = 100_000
"""What one read may bring, over all its files; more is an error, never cut off."""

_THREADS: Final = 4
_SHOWN: Final = 200
_PATTERN: Final = re.compile(r"[*?\[]")
_BRACES: Final = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[Raw]
    files: list[Stat]
    asked: int


class FilesWire:
    """One place of files over its store, whose calls run in a bounded number of threads.

    Raises UserError: what ``open_store`` raises, and ``connector.file`` for a path, an encoding or a
    delimiter that cannot be. Nothing is opened and no secret is read before the first call.
    """

    def __init__(
        self, spec: Specification, *, folder: Path, limits: Limits, redactor: Redactor, store: Store | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:  # fmt: skip
        self._spec = spec
        self._limits = limits
        self._redactor = redactor
        self._most_bytes = most_bytes
        for entity in spec.entities.values():
            for name, read in entity.reads.items():
                _check(spec, f"read {name}", read.file, pattern=True)
        for name, action in spec.actions.items():
            _check(spec, f"action {name}", action.file, pattern=False)
        self.store = store or open_store(spec, folder=folder, redactor=redactor)
        self._threads = Threads(spec.limits.concurrency or _THREADS, f"{spec.connector}-files")
        self._rules = [(re.compile(rule.text), rule) for rule in spec.errors if rule.text is not None]
        self._mappers: dict[int, Mapper] = {}

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:  # noqa: ARG002  # there are no copies
        """Returns the records of the files that a read names. ``source_time`` is the oldest file's own time.

        ``version`` is that of the one file, if it is one.
        """
        if read.file is None:
            raise self._failed("this read names no file", "invalid_input")
        part = read.file
        path = self._path(part.path, values, pattern=True)
        timeout_s = bounded(read.timeout or self._spec.connection.timeout)

        def look() -> _Found:
            return self._look(path, read, named=bool(names_in(part.path)))

        found = await self._tried(look, timeout_s)
        rows = self._kept(entity, read, values, found.rows)
        times = [one.changed for one in found.files]
        return Answer(
            rows=rows,
            source_time=min(times) if times else None,
            version=found.files[0].version if len(found.files) == 1 else None,
            asked=found.asked,
        )

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """Writes a file once, or takes one away that still holds what was written.

        An existing file with the same bytes is the effect, done before; with others it is Failed
        ``conflict``. Never tried again here. The answer's body tells ``path``, ``size``, ``version``.
        """
        if action.file is None:
            raise self._failed("this action writes no file", "invalid_input")
        part = action.file
        path = inside(self._path(part.path, values, pattern=False))
        content = file_formats.written(fill(part.content, values), part)
        timeout_s = bounded(action.timeout or self._spec.connection.timeout)
        gate = Gate()

        def write() -> Stat | None:
            gate.enter()
            return self._take_away(path, content) if part.remove else self._make(path, content)

        stat = await self._run(write, boot_s() + timeout_s, gate)
        body: JSON = {"path": path, "size": len(content), "version": None if stat is None else stat.version}
        return Answer(body=body, version=None if stat is None else stat.version)

    async def follow(self, action: ActionPart, values: Values) -> None:
        """Does nothing: ``then`` holds requests, which files do not take (refused at load)."""

    async def health(self) -> None:
        """Returns when the place can be listed; raises Failed."""
        await self._run(lambda: self.store.entries(""), boot_s() + self._spec.connection.timeout)

    async def aclose(self) -> None:
        """Closes the store and lets the threads end."""
        self.store.close()
        self._threads.close()

    # In a thread

    def _look(self, path: str, read: ReadPart, *, named: bool) -> _Found:
        part = read.file
        if part is None:
            raise AssertionError("a read of files names one")
        folder, _, name = path.rpartition("/")
        if _PATTERN.search(_BRACES.sub("", part.path)):
            files = [
                one for one in self.store.entries(folder) if fnmatch.fnmatchcase(one.path.rpartition("/")[2], name)
            ]
            if len(files) > MOST_FILES:
                raise self._failed(f"{path}: more than {MOST_FILES} files", "invalid_output")
            wanted = [one.path for one in files]
        else:
            wanted = [path]
        rows: list[Raw] = []
        taken: list[Stat] = []
        left = self._most_bytes
        for one in wanted:
            found = self.store.read(inside(one), left)
            if found is None:
                if wanted == [path] and not named:
                    raise self._failed(f"{path}: there is no such file", "not_found")
                continue  # taken away since it was listed, or a record that is not there
            stat, content = found
            left -= len(content)
            if left < 0:
                raise self._failed(f"{path}: more than {self._most_bytes} bytes", "invalid_output")
            own = {"@file": one, "@changed": stat.changed}
            records = file_formats.rows_in(content, part, name=one, rows=read.rows)
            rows += [{**record, **own} for record in records]
            if len(rows) > MOST_ROWS:
                raise self._failed(f"{path}: more than {MOST_ROWS} records", "invalid_output")
            taken.append(stat)
        return _Found(rows, taken, len(wanted) or 1)

    def _make(self, path: str, content: bytes) -> Stat | None:
        try:
            return self.store.create(path, content)
        except Exists:
            there = self.store.read(path, len(content))
        if there is not None and there[1] == content:
            return there[0]
        raise self._failed(f"{path}: there is another file of this name already", "conflict")

    def _take_away(self, path: str, content: bytes) -> Stat | None:
        there = self.store.read(path, len(content))
        if there is None:
            return None
        if there[1] != content:
            raise self._failed(f"{path}: no longer holds what was written", "conflict")
        self.store.remove(there[0])
        return there[0]

    # Around it

    async def _tried(self, work: Callable[[], T], timeout_s: float) -> T:
        until_s, retry = boot_s() + timeout_s, self._spec.retry
        for attempt in range(1, retry.tries + 1):
            try:
                return await self._run(work, until_s)
            except Failed as failed:
                pause_s = retry.base * 2 ** (attempt - 1) * (0.5 + jitter())
                if failed.error_class == "throttled":
                    await self._limits.refused(pause_s)
                if failed.error_class not in RETRIED or attempt == retry.tries or boot_s() + pause_s >= until_s:
                    raise
                if not may_repeat():
                    raise
            await asyncio.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    async def _run(self, work: Callable[[], T], until_s: float, gate: Gate | None = None) -> T:
        try:
            async with self._limits.admit(within_s=max(until_s - boot_s(), 0.0)):
                return await self._threads.run(work, within_s=until_s - boot_s(), gate=gate)
        except Failed as failed:
            raise self._named(failed) from failed

    def _path(self, template: str, values: Values, *, pattern: bool) -> str:
        def one(text: str) -> str:
            if not text or text.startswith(".") or "/" in text:
                raise self._failed(f"{text[:60]!r} cannot stand in a file's name", "invalid_input")
            return (
                re.sub(r"([*?\[])", r"[\1]", text) if pattern and _PATTERN.search(_BRACES.sub("", template)) else text
            )

        filled = fill_text(template, values, escape=one)
        if filled is None:
            raise self._failed(f"an argument of {template} is missing", "invalid_input")
        return inside(filled)

    def _kept(self, entity: EntityPart, read: ReadPart, values: Values, rows: list[Raw]) -> list[Raw]:
        wanted = {field: fill(template, values) for field, template in read.where.items()}
        wanted = {field: value for field, value in wanted.items() if value is not None}
        if not wanted:
            return rows
        name = next((name for name, known in self._spec.entities.items() if known is entity), "record")
        mapper = self._mappers.get(id(entity))
        if mapper is None:
            mapper = self._mappers[id(entity)] = Mapper(name, entity, connector=self._spec.connector)
        kept: list[Raw] = []
        for place, row in enumerate(rows, 1):
            record = mapper.record(row, row=place)
            if all(agrees(value, record.get(field)) for field, value in wanted.items()):
                kept.append(row)
        return kept

    def _named(self, failed: Failed) -> Failed:
        """Returns a store's failure in this connector's name: one line, cut, without a secret, in its own class."""
        line = " ".join(self._redactor.clean(failed.message).split())
        rule = next((rule for form, rule in self._rules if form.search(line)), None)
        prefix = f"{self._spec.connector}: "
        shown = line.removeprefix(prefix)[:_SHOWN]
        applied = False if rule is not None and rule.applied is False else failed.applied
        return Failed(
            f"{prefix}{shown}", error_class=failed.error_class if rule is None else rule.error, applied=applied,
            hint=failed.hint, code=failed.code if rule is None else None, connector=self._spec.connector,
        )  # fmt: skip

    def _failed(self, text: str, error_class: ErrorClass) -> Failed:
        return Failed(
            f"{self._spec.connector}: {text}", error_class=error_class, applied=False, connector=self._spec.connector
        )


def _check(spec: Specification, what: str, part: object, *, pattern: bool) -> None:
    """Raises UserError ``connector.file`` for a file that cannot be named, read or written so."""
    if part is None:
        return
    path = str(getattr(part, "path", ""))
    wrong = file_formats.mistake_in(part)  # type: ignore[arg-type]  # FilePart or WriteFilePart, which are of one form
    bare = _BRACES.sub("x", path)
    folder, _, name = bare.rpartition("/")
    if _PATTERN.search(folder) or (not pattern and _PATTERN.search(name)):
        wrong = "a pattern stands in the last part of a read's path alone"
    else:
        try:
            inside(bare)
        except Failed as error:
            wrong = error.message
    if isinstance(part, WriteFilePart) and part.content is None:
        wrong = "there is no content"
    if wrong:
        raise UserError(
            f"connector {spec.connector}: {what}: {wrong}", code="connector.file", hint="Correct its `file` part."
        )

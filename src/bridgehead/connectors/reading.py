"""Reads of a connector: mapped, whole, of one record a key, and fresh enough to act on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ValidationError

from bridgehead.cases.tools import SEEN, SOURCES, Seen, Source
from bridgehead.clock import boot_s, utc_now
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import EntityPart, FieldPart, LetPart, ReadPart
from bridgehead.connectors.fill import plain
from bridgehead.connectors.letting import let_values
from bridgehead.connectors.mapping import Mapper
from bridgehead.connectors.paths import MISSING, find, parts_of
from bridgehead.connectors.ports import Answer, Raw, Values, Wire
from bridgehead.connectors.record_types import record_types
from bridgehead.errors import Attribute, ErrorClass, Failed, UserError
from bridgehead.spec.problem import nearest, shown

_KEPT: Final = 10_000
"""Readings that one connector keeps in memory: a bound, not a tuning knob."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one read brought: records of the entity's own type, and where and when they come from.

    ``as_of`` is when the system itself knew them (its own time when it gives one, else the time
    of the request); ``copy`` tells that a replica answered, ``again`` that it was asked a second
    time because the first answer was too old, ``cached`` that nobody was asked.
    """

    source: str
    records: tuple[BaseModel, ...]
    as_of: datetime
    read_at: datetime
    raw: tuple[Mapping[str, object], ...] = ()
    version: str | None = None
    copy: bool = False
    again: bool = False
    cached: bool = False

    @property
    def one(self) -> BaseModel:
        """The only record; the read is declared ``one``."""
        return self.records[0]


@dataclass(slots=True)
class Counters:
    """What a connector has done since it was opened. ``finished``: requests for effects found unfinished."""

    reads: int = 0
    requests: int = 0
    cached: int = 0
    extra_reads: int = 0
    stale: int = 0
    actions: int = 0
    finished: int = 0
    looked_up: int = 0


class Reads:
    """The reads of one connector over its wire. ``now`` is the clock by which a reading is fresh or too old.

    ``clean`` takes secrets out of what failures tell; ``types`` are those of a connector of the same entities.
    """

    def __init__(
        self,
        spec: Specification,
        wire: Wire,
        *,
        now: Callable[[], datetime] = utc_now,
        clean: Callable[[str], str] = str,
        types: Mapping[str, type[BaseModel]] | None = None,
    ) -> None:
        self.name = spec.connector
        self._counts_in_rows = spec.kind == "sql"
        self.wire = wire
        self._now = now
        self._clean = clean
        self.counters = Counters()
        self.types: Mapping[str, type[BaseModel]] = types or record_types(spec)
        self.mappers = {name: self.mapper(name, entity) for name, entity in spec.entities.items()}
        self.named: Mapping[str, tuple[str, EntityPart, ReadPart]] = {
            name: (of, entity, read) for of, entity in spec.entities.items() for name, read in entity.reads.items()
        }
        self._cache: dict[tuple[str, str], tuple[float, Reading]] = {}

    def mapper(self, name: str, entity: EntityPart) -> Mapper:
        """Returns what reads the records of an entity, or an action's own result, of this connector."""
        return Mapper(name, entity, connector=self.name, clean=self._clean)

    async def read(self, name: str, values: Values, *, primary: bool = False) -> Reading:
        """Returns every record that the read brings, mapped, whole and fresh enough.

        ``primary`` asks the system itself, never a copy or a cache. Raises Failed: what the wire
        raises, ``invalid_input`` (an argument is missing or unknown, none of ``any_of`` is given),
        ``invalid_output`` (a record does not fit, the list is not whole, two records of one key),
        ``not_found`` and ``conflict`` (a read of one found none, or several), ``stale_fact`` (older
        than ``max_age``, asked again or not).
        """
        of, entity, read = self.read_named(name)
        values = {key: value for key, value in values.items() if value is not None}
        self.check_given(name, read.params, values)
        if read.any_of and not any(values.get(one) not in (None, "", ()) for one in read.any_of):
            raise self.failed(
                f"{name} needs one of {', '.join(read.any_of)}", "invalid_input", applied=False, read=name
            )
        slot = (name, repr(sorted((key, plain(value)) for key, value in values.items())) if entity.cache else "")
        if entity.cache and not primary and (kept := self._kept(slot, entity)) is not None:
            return _noted(kept)
        self.counters.reads += 1
        reading = await self._asked(name, of, entity, read, values, primary=primary)
        if entity.max_age is not None and self._too_old(reading, entity.max_age):
            self.counters.stale += 1
            if entity.stale == "reread":
                self.counters.extra_reads += 1
                reading = await self._asked(name, of, entity, read, values, primary=True, again=True)
            if self._too_old(reading, entity.max_age):
                age = int((self._now() - reading.as_of).total_seconds())
                raise self.failed(
                    f"{name} answered with what was known {age} s ago; at most {entity.max_age:g} s are allowed",
                    "stale_fact", applied=False, read=name, age_s=age,
                    hint="Where every read is so old, look whether the clocks of the two machines agree.",
                )  # fmt: skip
        if entity.cache:
            self._keep(slot, reading)
        return _noted(reading)

    async def _asked(
        self,
        name: str,
        of: str,
        entity: EntityPart,
        read: ReadPart,
        values: Values,
        *,
        primary: bool,
        again: bool = False,
    ) -> Reading:
        read_at = self._now()
        if read.let:
            values = {**values, **await self.let(read.let, values)}
        answer = await self.wire.read(entity, read, values, primary=primary)
        self.counters.requests += answer.asked
        self._whole(name, read, answer)
        mapper = self.mappers[of]
        typed = [mapper.record(raw, row=row) for row, raw in enumerate(answer.rows, 1)]
        if mapper.read_fields:
            await asyncio.gather(*(self._complete(mapper, record, primary=primary) for record in typed))
        rows = self._distinct(name, entity, typed, answer.rows)
        if read.one and len(rows) != 1:
            text = f"{name} found no record" if not rows else f"{name} found {len(rows)} records where one was expected"
            raise self.failed(text, "conflict" if rows else "not_found", applied=False, read=name)
        records = tuple(self.typed(of, record, row) for row, (record, _) in enumerate(rows, 1))
        return Reading(
            source=f"{self.name}.{name}",
            records=records,
            as_of=self._known_at(entity, records, answer, read_at),
            read_at=read_at,
            raw=tuple(raw for _, raw in rows),
            version=answer.version or self._version(entity, records),
            copy=answer.copy,
            again=again,
        )

    async def one_by_one(self, name: str, values: Values) -> list[tuple[BaseModel | Failed, Raw]]:
        """Returns every record beside how it was sent, asked of the system itself; for intake.

        A record that does not fit is its failure and spoils no other; records of one key stay side by
        side. Raises Failed: what the wire raises, and ``invalid_output`` for a list that is not whole.
        """
        of, entity, read = self.read_named(name)
        given = {key: value for key, value in values.items() if value is not None}
        self.check_given(name, read.params, given)
        self.counters.reads += 1
        if read.let:
            given = {**given, **await self.let(read.let, given, primary=True)}
        answer = await self.wire.read(entity, read, given, primary=True)
        self.counters.requests += answer.asked
        self._whole(name, read, answer)
        mapper = self.mappers[of]
        found: list[tuple[BaseModel | Failed, Raw]] = []
        for row, raw in enumerate(answer.rows, 1):
            try:
                record = mapper.record(raw, row=row)
                await self._complete(mapper, record, primary=True)
                found.append((self.typed(of, record, row), raw))
            except Failed as failed:
                if failed.error_class not in {"invalid_output", "not_found", "conflict"}:
                    raise
                found.append((failed, raw))
        return found

    async def let(self, parts: Mapping[str, LetPart], values: Values, *, primary: bool = False) -> dict[str, object]:
        """Returns what a read or an action needs besides its arguments (``let_values``)."""

        async def ask(name: str, asked: Values) -> Sequence[BaseModel]:
            return (await self.read(name, asked, primary=primary)).records

        return await let_values(parts, values, ask, name=self.name)

    async def _complete(self, mapper: Mapper, record: dict[str, object], *, primary: bool) -> None:
        """Fills the fields that another read brings."""
        for field, part in mapper.read_fields.items():
            if part.read is None:
                continue
            asked = {key: find(record, str(path)) for key, path in part.with_.items()}
            absent = [key for key, value in asked.items() if value in (None, MISSING)]
            if absent and part.optional:
                record[field] = None
                continue
            found = await self.read(part.read, asked, primary=primary)
            if self.named[part.read][2].one:
                record[field] = found.records[0]
            else:
                record[field] = list(found.records)

    def _whole(self, name: str, read: ReadPart, answer: Answer) -> None:
        declared = read.complete
        if declared is None:
            return
        if (declared.count or declared.count_header) and answer.total is None:
            raise self.failed(f"{name}: the answer gives no count to check against", "invalid_output", read=name)
        if answer.total is not None and answer.total != len(answer.rows):
            raise self.failed(
                f"{name}: the list is not whole: {len(answer.rows)} records of {answer.total}",
                "invalid_output", read=name, records=len(answer.rows), total=answer.total,
            )  # fmt: skip
        if (declared.end or declared.more) and not answer.ended:
            raise self.failed(f"{name}: the mark at the end of the list is missing", "invalid_output", read=name)

    def _distinct(
        self, name: str, entity: EntityPart, typed: Sequence[dict[str, object]], raw: Sequence[Mapping[str, object]]
    ) -> list[tuple[dict[str, object], Mapping[str, object]]]:
        """Keeps one of equal records (pages that overlap bring some twice); refuses two that differ under one key."""
        seen: dict[tuple[str, ...], dict[str, object]] = {}
        kept: list[tuple[dict[str, object], Mapping[str, object]]] = []
        for record, sent in zip(typed, raw, strict=True):
            key = tuple(str(plain(find(record, field))) for field in entity.key)
            before = seen.get(key)
            if before is None:
                seen[key] = record
                kept.append((record, sent))
            elif before != record:
                raise self.failed(
                    f"{name}: two different records have the key {', '.join(key)}", "invalid_output", read=name
                )
        return kept

    def _known_at(
        self, entity: EntityPart, records: Sequence[BaseModel], answer: Answer, read_at: datetime
    ) -> datetime:
        # A system's clock runs apart from ours: what it knew after we asked counts from our asking.
        if entity.source_time and records:
            times = [getattr(record, entity.source_time) for record in records]
            known = [moment for moment in times if isinstance(moment, datetime)]
            if known:
                return min(*known, read_at)
        if answer.source_time is not None:
            return min(answer.source_time, read_at)
        return read_at

    @staticmethod
    def _version(entity: EntityPart, records: Sequence[BaseModel]) -> str | None:
        if entity.version is None or entity.version.startswith("header ") or len(records) != 1:
            return None
        value = getattr(records[0], entity.version, None)
        return None if value is None else str(plain(value))

    def _too_old(self, reading: Reading, max_age_s: float) -> bool:
        # HTTP dates have whole seconds (RFC 9110 5.6.7), so the age of an answer is known to one second only.
        slack = timedelta(seconds=1) if reading.as_of.microsecond == 0 else timedelta()
        return self._now() - reading.as_of >= timedelta(seconds=max_age_s) + slack

    def _kept(self, slot: tuple[str, str], entity: EntityPart) -> Reading | None:
        until, reading = self._cache.get(slot, (0.0, None))
        if reading is None or boot_s() >= until:
            self._cache.pop(slot, None)
            return None
        if entity.max_age is not None and self._too_old(reading, entity.max_age):
            self._cache.pop(slot, None)
            return None
        self.counters.cached += 1
        return replace(reading, cached=True)

    def _keep(self, slot: tuple[str, str], reading: Reading) -> None:
        entity = self.read_named(slot[0])[1]
        if len(self._cache) >= _KEPT:
            self._cache.clear()
        self._cache[slot] = (boot_s() + (entity.cache or 0.0), reading)

    def check_given(self, name: str, params: Mapping[str, object], values: Values) -> None:
        """Raises Failed ``invalid_input`` unless every argument is one of ``params`` and none of theirs is missing.

        What is absent is left out of a request, so a list without its argument would bring everybody's records.
        """
        for one in values:
            if one not in params:
                raise self.failed(
                    f"{name} takes no argument {one!r}", "invalid_input", applied=False, hint=nearest(one, params),
                    field=one,
                )  # fmt: skip
        for one, form in params.items():
            if one not in values and not (isinstance(form, str) and form.endswith("?")):
                raise self.failed(f"{name} needs {one}, which was not given", "invalid_input", applied=False, field=one)

    def show(self, name: str, record: BaseModel, sent: Raw, *, ignore: Sequence[str] = ()) -> None:
        """Shows a record that was read back to whom it may concern: as it was sent, with what other reads brought."""
        of, entity, read = self.read_named(name)
        # In SQL every row carries the count of all: no field of the record.
        count = read.complete.count if self._counts_in_rows and read.complete is not None else None
        ignored = frozenset(ignore) | ({count} if isinstance(count, str) else set())
        joined = self.mappers[of].read_fields
        brought = {field: plain(value) for field, value in record.model_dump(include=set(joined)).items()}
        named = [field for field in (entity.version, entity.source_time) if field in entity.fields]
        paths = [entity.fields[field].from_ or field for field in named]
        stamps = frozenset(path.partition(".")[0] for path in paths if isinstance(path, str))
        SEEN.get([]).append(Seen({**sent, **brought}, stamps, ignored))

    def forget(self) -> None:
        """Drops what is kept in memory: something was written."""
        self._cache.clear()

    def typed(self, of: str, record: Mapping[str, object], row: int) -> BaseModel:
        """Returns mapped values as the record's type; Failed ``invalid_output`` when they do not fit."""
        try:
            return self.types[of].model_validate(record)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self.failed(
                f"{of}, record {row}: {where}: {first['msg']}", "invalid_output", entity=of, field=where, row=row
            ) from error

    def read_named(self, name: str) -> tuple[str, EntityPart, ReadPart]:
        """Returns (entity's name, entity, read) of a read; raises UserError for an unknown one."""
        found = self.named.get(name)
        if found is None:
            raise UserError(f"{self.name} has no read {name!r}", code="connector.read", hint=nearest(name, self.named))
        return found

    def is_labelled(self, read: str, path: str) -> bool:
        """Tells whether a field of a read's records carries a label, or one around it does; by its path."""
        fields: Mapping[str, FieldPart] = self.read_named(read)[1].fields
        for step in parts_of(path):
            part = fields.get(step)
            if part is None:  # a position in a list
                continue
            if part.hides:
                return True
            fields = (part.fields or {}) if part.read is None else self.read_named(part.read)[1].fields
        return False

    def brief(self, value: object) -> str:
        """Returns a value as a failure may tell it: cut, and without secrets."""
        if value is None or value is MISSING:
            return "nothing"
        told = plain(value)
        # Cleaned before it is cut: half a secret is not recognised.
        return self._clean(shown(self._clean(told) if isinstance(told, str) else told))

    def failed(
        self,
        text: str,
        error_class: ErrorClass,
        *,
        applied: bool | None = None,
        hint: str = "",
        **attributes: Attribute,
    ) -> Failed:
        """Returns a failure that names this connector."""
        return Failed(
            f"{self.name}: {text}",
            error_class=error_class,
            applied=applied,
            hint=hint,
            code=None,
            connector=self.name,
            **attributes,
        )


def _noted(reading: Reading) -> Reading:
    """Tells the step that is being recorded where its values come from."""
    known_s = max(0.0, (utc_now() - reading.as_of).total_seconds())
    SOURCES.get([]).append(Source(reading.source, reading.as_of, known_s, copy=reading.copy, again=reading.again))
    return reading

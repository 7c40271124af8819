"""What a read or an action needs besides its arguments: read first, each value from exactly one record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import BaseModel

from bridgehead.connectors.agreeing import matches
from bridgehead.connectors.document_entity import LetPart
from bridgehead.connectors.fill import as_text, fill
from bridgehead.connectors.paths import find
from bridgehead.errors import ErrorClass, Failed

Ask = Callable[[str, Mapping[str, object]], Awaitable[Sequence[BaseModel]]]
"""Asks a read with arguments for its records."""


async def let_values(
    parts: Mapping[str, LetPart], values: Mapping[str, object], ask: Ask, *, name: str
) -> dict[str, object]:
    """Returns the values by name, in their order: a later one may use those before it.

    ``name`` is the connector's. Raises Failed (``applied=False``): ``not_found`` and ``conflict`` for
    no record and for several, ``invalid_input`` for an ``each`` that is no list, and what the reads raise.
    """
    lets = _Lets(ask, name)
    found: dict[str, object] = {}
    for one, part in parts.items():
        found[one] = await lets.value(part, {**values, **found})
    return found


class _Lets:
    def __init__(self, ask: Ask, name: str) -> None:
        self._ask = ask
        self._name = name

    async def value(self, part: LetPart, values: Mapping[str, object]) -> object:
        if part.each is None:
            return await self._table(part, values) if part.by is not None else await self._one(part, values)
        entries = find(values, part.each)
        if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
            raise self._failed(f"{part.each} is no list", "invalid_input")
        taken = await asyncio.gather(*(self._one(part, {**values, "item": entry}) for entry in entries))
        if part.by is None:
            return list(taken)
        return {as_text(find(entry, part.by)): one for entry, one in zip(entries, taken, strict=True)}

    async def _table(self, part: LetPart, values: Mapping[str, object]) -> dict[str, object]:
        table: dict[str, object] = {}
        for record in await self._records(part, values):
            key = as_text(getattr(record, part.by or ""))
            if key in table:
                raise self._failed(f"{part.read} found several records for {key}", "conflict")
            table[key] = self._taken(part, record)
        return table

    async def _one(self, part: LetPart, values: Mapping[str, object]) -> object:
        there = await self._records(part, values)
        if len(there) != 1:
            text = f"{part.read} found {len(there)} records where one is needed"
            raise self._failed(text, "conflict" if there else "not_found")
        return self._taken(part, there[0])

    async def _records(self, part: LetPart, values: Mapping[str, object]) -> list[BaseModel]:
        asked = {one: fill(template, values) for one, template in part.with_.items()}
        return [record for record in await self._ask(part.read, asked) if matches(record, part.where, values)]

    @staticmethod
    def _taken(part: LetPart, record: BaseModel) -> object:
        return record if part.take is None else getattr(record, part.take)

    def _failed(self, text: str, error_class: ErrorClass) -> Failed:
        return Failed(f"{self._name}: {text}", error_class=error_class, applied=False, connector=self._name)

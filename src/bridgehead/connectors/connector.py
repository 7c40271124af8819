"""One system of record: a specification over a wire.

Everything that makes a read trustworthy and a write safe is the same for every kind (``reading.py``,
``acting.py``); the wire only carries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import BaseModel

from bridgehead.clock import utc_now
from bridgehead.connectors.acting import Actions
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.ports import Raw, Values, Wire
from bridgehead.connectors.reading import Counters, Reading, Reads
from bridgehead.connectors.sharing import LateLimits
from bridgehead.errors import Failed


class Connector:
    """A system of record behind its specification. Safe to share between the cases of a worker."""

    def __init__(
        self,
        spec: Specification,
        wire: Wire,
        *,
        limits: LateLimits | None = None,
        now: Callable[[], datetime] = utc_now,
        clean: Callable[[str], str] = str,
        types: Mapping[str, type[BaseModel]] | None = None,
    ) -> None:
        self.spec = spec
        self.wire = wire
        self.limits = limits
        self.name = spec.connector
        self._reads = Reads(spec, wire, now=now, clean=clean, types=types)
        self._actions = Actions(spec, wire, self._reads)
        self.types: Mapping[str, type[BaseModel]] = self._reads.types

    async def read(self, name: str, values: Values, *, primary: bool = False) -> Reading:
        """Returns every record that a read brings (``Reads.read``)."""
        return await self._reads.read(name, values, primary=primary)

    async def one_by_one(self, name: str, values: Values) -> list[tuple[BaseModel | Failed, Raw]]:
        """Returns every record of a read beside how it was sent (``Reads.one_by_one``)."""
        return await self._reads.one_by_one(name, values)

    async def act(self, name: str, args: Values, *, key: str) -> object:
        """Does an action once (``Actions.act``)."""
        return await self._actions.act(name, args, key=key)

    async def verify(self, name: str, args: Values, *, key: str) -> object | None:
        """Reads an action back (``Actions.verify``)."""
        return await self._actions.verify(name, args, key=key)

    async def undo(self, name: str, args: Values, result: object, *, key: str) -> object:
        """Takes an action back (``Actions.undo``)."""
        return await self._actions.undo(name, args, result, key=key)

    async def undone(self, name: str, args: Values, result: object, *, key: str) -> bool | None:
        """Tells whether an undo is there (``Actions.undone``)."""
        return await self._actions.undone(name, args, result, key=key)

    async def asked_first(self, name: str, args: Values) -> dict[str, object]:
        """Returns what an action reads first (``Actions.asked_first``)."""
        return await self._actions.asked_first(name, args)

    def preview(self, name: str, args: Values) -> object:
        """Returns what an action would answer (``Actions.preview``)."""
        return self._actions.preview(name, args)

    @property
    def reads(self) -> Mapping[str, tuple[str, EntityPart, ReadPart]]:
        """Every read by its name, with the entity it belongs to."""
        return self._reads.named

    @property
    def counters(self) -> Counters:
        """What it has done since it was opened."""
        return self._reads.counters

    def entity_of(self, read: str) -> str:
        """Returns the name of the entity that a read brings; raises UserError for an unknown one."""
        return self._reads.read_named(read)[0]

    async def health(self) -> None:
        """Returns when the system answers; raises Failed."""
        await self.wire.health()

    async def aclose(self) -> None:
        """Closes the wire."""
        await self.wire.aclose()

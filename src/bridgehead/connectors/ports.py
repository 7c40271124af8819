"""What the kinds of connectors have in common: the wire that carries calls, and the limits they share.

``Connector`` (``connector.py``) maps, checks, looks up and reads back. A *wire* only carries: it fills
templates, authenticates, sends, pages and classifies. One wire per kind implements ``Wire``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.resilience.ports import Limits
from bridgehead.spec.tool import JSON

__all__ = ["Answer", "Finds", "Limits", "Raw", "Values", "Wire"]

Raw = Mapping[str, object]
"""One record as the system sent it: JSON values, or a driver's own (Decimal, date, bytes)."""

Values = Mapping[str, object]
"""Arguments by name, typed (Decimal, date, tuple, …), ready to be put into templates or bound to SQL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one read brought, whole: every page of it.

    ``total`` is the count that the system itself gave, if it gave one; ``source_time`` when the
    system knew it (a ``Date``/``Age`` header, a replica's lag), ``version`` the ETag; ``fresh``
    False when a copy answered. ``asked`` counts the requests it took, ``body`` is what an action
    answered (or the last page).
    """

    rows: Sequence[Raw] = ()
    body: JSON = None
    headers: Mapping[str, str] = field(default_factory=dict)
    total: int | None = None
    ended: bool = True
    source_time: datetime | None = None
    version: str | None = None
    copy: bool = False
    asked: int = 1


class Wire(Protocol):
    """Carries the calls of one connector. Every failure is ``Failed`` with its class.

    ``Failed.applied`` is False only when the system surely did nothing: it was never reached, or
    it refused. A reply to a write that is lost, late, cut or unreadable leaves it None.
    """

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:
        """Returns all records of a read; ``primary`` True never asks a copy or a cache."""
        ...

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """Sends an action once. ``values`` also holds what `let` read, ``effect_key`` and ``version`` (if any)."""
        ...

    async def follow(self, action: ActionPart, values: Values) -> None:
        """Sends the action's ``then`` requests, each safe to repeat, in order."""
        ...

    async def health(self) -> None:
        """Returns when the system answers; raises Failed."""
        ...

    async def aclose(self) -> None:
        """Closes what is open."""
        ...


@runtime_checkable
class Finds(Protocol):
    """A wire that can itself tell what an action without a ``lookup`` has done."""

    async def find(self, action: ActionPart, values: Values) -> Answer | None:
        """Returns what it answered then; None when it surely did nothing. Raises Failed when nothing can tell."""
        ...

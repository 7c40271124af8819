"""Wires over a test's own server: a specification in a few words, limits that only count."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Self

from bridgehead.connectors.document import Specification
from bridgehead.connectors.http_wire import HttpWire
from bridgehead.connectors.ports import Answer, Limits
from bridgehead.connectors.references import Redactor


class Counted:
    """Limits that admit everybody and count."""

    def __init__(self) -> None:
        self.admitted = 0
        self.under_way = 0
        self.refusals: list[float] = []

    def admit(self, *, within_s: float | None = None) -> AbstractAsyncContextManager[None]:
        return self._place()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        self.admitted += 1
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    async def refused(self, retry_after_s: float) -> None:
        self.refusals.append(retry_after_s)


class Wired:
    """One wire with a read ``find`` and an action ``book``; ``read`` and ``action`` are merged into them."""

    def __init__(
        self,
        url: str,
        *,
        folder: Path = Path(),
        read: Mapping[str, object] | None = None,
        action: Mapping[str, object] | None = None,
        connection: Mapping[str, object] | None = None,
        limits: Limits | None = None,
        **parts: object,
    ) -> None:
        self.spec = Specification.model_validate(
            {
                "connector": "shop",
                "kind": "http",
                "connection": {"url": url, "timeout": "5s", **(connection or {})},
                "retry": {"tries": 3, "base": "0.01s"},
                "entities": {
                    "order": {
                        "key": "id",
                        "fields": {"id": "id", "number": "nr"},
                        "reads": {"find": {"request": {"path": "/orders"}, "rows": "items", **(read or {})}},
                    }
                },
                "actions": {
                    "book": {
                        "effect": "reversible",
                        "params": {"po": "code"},
                        "request": {"method": "POST", "path": "/orders", "body": {"po": "{po}"}},
                        "result": {"entity": "order"},
                        **(action or {}),
                    }
                },
                **parts,
            }
        )
        self.limits = Counted()
        self.redactor = Redactor()
        self.wire = HttpWire(self.spec, folder=folder, limits=limits or self.limits, redactor=self.redactor)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.wire.aclose()

    async def find(self, *, primary: bool = False, **values: object) -> Answer:
        entity = self.spec.entities["order"]
        return await self.wire.read(entity, entity.reads["find"], values, primary=primary)

    async def book(self, **values: object) -> Answer:
        return await self.wire.act(self.spec.actions["book"], {"po": "PO-1", "effect_key": "key-1", **values})

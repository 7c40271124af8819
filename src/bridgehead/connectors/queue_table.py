"""A table of a foreign database that is a queue: each waiting row becomes an arrival, and is marked after that.

Any number of workers may take from the same table. They may meet at one row: the second stores the
arrival that is there already and marks the row a second time, which changes nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Final

from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document_action import ActionPart, ResultPart, StatementPart
from bridgehead.connectors.document_entity import EntityPart, FieldPart, ReadPart
from bridgehead.connectors.document_intake import QueueIntake
from bridgehead.connectors.files import MIB, document_name
from bridgehead.connectors.fill import plain
from bridgehead.connectors.ports import Raw
from bridgehead.connectors.watching import Arrived, Keep, Watched, as_json
from bridgehead.errors import Failed

WHOLE_ROW: Final = "@row"


class QueueTable(Watched):
    """Takes the rows of one table for one deployment."""

    def __init__(
        self, connector: Connector, part: QueueIntake, keep: Keep, *, max_mb: int, pause_s: float = 1.0
    ) -> None:
        super().__init__(f"queue {connector.name}", every_s=part.every, pause_s=pause_s)
        self._connector = connector
        self._part = part
        self._keep = keep
        self._max_mb = max_mb
        self._next = ReadPart(sql=part.next)
        # The wire wants an entity; rows of a queue are taken as they are.
        self._entity = EntityPart(key=part.key, fields={"row": FieldPart(type="json")}, reads={"next": self._next})
        self._done = ActionPart(
            effect="irreversible",
            params=dict.fromkeys(part.key, "json"),
            sql=[StatementPart(sql=part.done)],
            result=ResultPart(fields={"row": FieldPart(type="json")}),
        )

    async def look(self, stopped: asyncio.Event) -> None:
        """Takes every row that waits; a row that cannot be marked keeps none of the others waiting."""
        wire = self._connector.wire
        answer = await wire.read(self._entity, self._next, {}, primary=True)
        self.pending = len(answer.rows)
        trouble: Failed | None = None
        for row in answer.rows:
            if stopped.is_set():
                return
            try:
                key = self._key(row)
                await self._keep(self._arrived(row, key))
                await wire.act(self._done, key)
            except Failed as error:
                trouble = error
                continue
            self.pending -= 1
            self.taken += 1
        if trouble is not None:
            raise trouble

    def _key(self, row: Raw) -> dict[str, object]:
        absent = [name for name in self._part.key if row.get(name) is None]
        if absent:
            raise Failed(
                f"a row has no {', '.join(absent)}, which intake.queue.key names", error_class="invalid_output",
                hint="Select the key's columns by these names.",
            )  # fmt: skip
        return {name: row[name] for name in self._part.key}

    def _arrived(self, row: Raw, key: Mapping[str, object]) -> Arrived:
        source_id = json.dumps([plain(value) for value in key.values()], ensure_ascii=False)
        named = "-".join(str(plain(value)) for value in key.values())
        name = document_name(f"{self._connector.name}-{named}{self._part.suffix}")
        column = self._part.document
        if column == WHOLE_ROW:
            return self._fitting(Arrived(source_id, name, as_json(row)))
        if column not in row:
            raise Failed(
                f"the rows have no column {column}, which intake.queue.document names", error_class="invalid_output"
            )
        document = _bytes(row[column])
        if not document:
            return Arrived(source_id, name, as_json(row), unfit=f"The column {column} of this row is empty.")
        return self._fitting(Arrived(source_id, name, document))

    def _fitting(self, arrived: Arrived) -> Arrived:
        if len(arrived.document) <= self._max_mb * MIB:
            return arrived
        text = f"{arrived.name} has {len(arrived.document)} bytes; its row holds it."
        return Arrived(
            arrived.source_id,
            arrived.name,
            text.encode(),
            unfit=f"It is larger than {self._max_mb} MiB and was not taken.",
        )


def _bytes(value: object) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "replace") if isinstance(value, str) else as_json(value)

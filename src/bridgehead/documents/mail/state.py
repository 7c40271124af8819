"""The orders of a text while it is walked: what was opened, and where the next field belongs."""

from __future__ import annotations

from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.item import Item


class State:
    """The orders being read; ``drafts`` grows by one whenever another order number opens another order."""

    def __init__(self, part: str, ways: Ways) -> None:
        self.part = part
        self.ways = ways
        self.drafts = [Draft("email")]
        self.block: DraftLine | None = None
        self.block_items: list[DraftLine] = []
        self.unsided = False
        self.pending: Item | None = None
        self.other_text: list[TextLine] = []
        self.loose: list[tuple[Source, str]] = []
        self.last_was_item = False
        self.divided_at: int | None = None
        self.number_last = False
        self.changed: list[DraftLine] = []

    @property
    def draft(self) -> Draft:
        """The order being read."""
        return self.drafts[-1]

    def _source(self, number: int, text: str, column: str | None = None) -> Source:
        return Source(
            self.part, number, text.strip()[:300], column=column, how="pattern" if column is None else "column"
        )

    def _note(self, text: str, source: Source) -> None:
        self.draft.note(text, source)

    def _add(self, line: DraftLine) -> None:
        self.draft.lines.append(line)

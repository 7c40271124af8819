"""Takes items that stand on one line, in lists and in sentences."""

from __future__ import annotations

import re

from bridgehead.documents.dates import find_days
from bridgehead.documents.mail.blocks import Blocks
from bridgehead.documents.mail.patterns import ALL, DATED, JOIN, REQUESTED, TWINS
from bridgehead.documents.order import Source
from bridgehead.documents.tables.item import Item
from bridgehead.documents.tables.item_line import read_item
from bridgehead.documents.tables.table import check_price_unit

LABELLED = 9
"""The rank of a part number that a word before it calls so."""
_DESCRIBES = 10
_ASIDE = 4
"""Words beside a price under an item: a description, where the item has none, or a few that say little."""
COUNTED = 4
"""The rank of a quantity that opens a piece of text and has a unit or a times sign: it orders something."""


class Items(Blocks):
    """Items of one line, on top of those of several."""

    def _is_item(self, text: str) -> bool:
        item = read_item(text, self.ways, Source(self.part, 0, text))
        return item is not None and item.rank >= 3 and (item.priced or item.code_rank >= 3)

    def _items(self, text: str, source: Source, *, whole: bool) -> bool:
        if self._several(text, source):
            return True
        item = read_item(text, self.ways, source)
        if item is None:
            return False
        line = item.line
        words = len(text.split())
        short = words <= 14
        strong = line.part is not None and (item.code_rank >= 3 or line.gtin is not None)
        if self._describes_last(text, item):
            return self._describe_last(text, source)
        if item.rank >= 1 and line.part is not None:
            if strong and (
                item.rank >= 3
                or item.listed
                or item.priced
                or (short and (item.rank >= 2 or self.last_was_item or words <= 6))
            ):
                return self._accept(item, source)
            if not strong and item.rank >= 3 and (item.priced or item.listed or self.last_was_item or short):
                return self._accept(item, source)
        if line.part is None and line.description and whole:
            least = 2 if item.listed and item.priced else COUNTED - 1
            if item.rank >= least and (item.listed or item.priced):
                return self._speaks_of(item, source) or self._accept(item, source)
        if item.rank == 0 and line.part == self.draft.po_number and line.part:
            return True
        if item.rank == 0 and strong and (item.listed or item.code_rank == 9) and short:
            self._close_block()
            self._close_pending()
            self.pending = item
            return True
        if self.pending is not None and line.part is None and (item.rank >= 3 or item.priced) and short:
            return self._go_on(self.pending, item, source)
        if self.last_was_item and self.draft.lines and item.rank == 0 and short:
            return self._attach(item, source)
        return False

    def _speaks_of(self, item: Item, source: Source) -> bool:
        """Words with the number of a position that is there already say something about it, and order nothing new."""
        number = item.line.number
        numbers = [line.number for line in self.draft.lines]
        if number is None or not (number in numbers or (set(numbers) == {None} and number <= len(numbers))):
            return False
        self.draft.warn("contradiction", f"line {source.line} speaks of position {number}: {source.text[:120]!r}")
        self._note(source.text, source)
        return True

    def _describes_last(self, text: str, item: Item) -> bool:
        """Whether an indented line under an item that has no words yet is its description, numbers in it or not."""
        if (
            not (self.last_was_item and self.draft.lines and text.startswith(("  ", "\t")))
            or item.listed
            or item.priced
        ):
            return False
        if item.line.requested_date is not None or REQUESTED.search(text) or "=" in text:
            return False
        return item.rank < COUNTED - 1 and not self.draft.lines[-1].description

    def _describe_last(self, text: str, source: Source) -> bool:
        last = self.draft.lines[-1]
        last.description = text.strip()[:300]
        last.mark("description", source)
        return True

    def _go_on(self, pending: Item, item: Item, source: Source) -> bool:
        """Quantity and price of an item whose part number stood on the line before."""
        for key, origin in item.line.sources.items():
            if key not in pending.line.sources:
                setattr(pending.line, key, getattr(item.line, key))
                pending.line.sources[key] = origin
        pending.doubts.extend(item.doubts)
        pending.currency = pending.currency or item.currency
        pending.price_unit = pending.price_unit or item.price_unit
        if pending.line.quantity is not None:
            self.pending = None
            self._accept(pending, source)
        return True

    def _several(self, text: str, source: Source) -> bool:
        """Takes the items of a sentence that orders several; one not read whole is doubted aloud."""
        pieces = [piece for piece in JOIN.split(text) if piece and piece.strip()]
        if len(pieces) < 2:
            return False
        items = [read_item(piece, self.ways, source) for piece in pieces]
        kept = [
            item for item in items if item is not None and item.rank >= 2 and item.code_rank >= 1 and item.line.part
        ]
        if len(kept) == len(pieces) and len({(item.line.part) for item in kept}) == len(kept):
            _share_day(kept)
            return all(self._accept(item, source) for item in kept)
        if sum(item is not None and item.rank >= COUNTED for item in items) > 1:
            # Read as one item, the line would lose the others without a word.
            self.draft.warn(
                "uncertain", f"line {source.line} orders several items, not all read: {source.text[:120]!r}"
            )
        return False

    def _attach(self, item: Item, source: Source) -> bool:
        """A line under an item that adds its day, price or other part number."""
        last = self.draft.lines[-1]
        added = {key: origin for key, origin in item.line.sources.items() if key not in {"description", "number"}}
        day = next(find_days(source.text, self.ways.days), None)
        if day is not None and (DATED.search(source.text[: day.start]) or self._of_all(source)):
            return False
        words = item.line.description or ""
        if "supplier_part" in added and last.part is not None and item.code_rank < LABELLED and source.text:
            # A word like a part number within the description of an item that has its own.
            del added["supplier_part"]
            words = re.split(r"\s*[,;:]\s|\s{2,}", source.text, maxsplit=1)[0]
        fresh = not last.description and bool(words)
        if not added or len(words.split()) > (_DESCRIBES if fresh else _ASIDE):
            return False
        if any(key in last.sources for key in added):
            return False
        if fresh:
            last.description = words[:300]
            last.mark("description", source)
        for key, origin in added.items():
            setattr(last, key, getattr(item.line, key))
            last.sources[key] = origin
        self._doubts(item, source)
        return True

    def _of_all(self, source: Source) -> bool:
        """Whether a day in a sentence behind several items is that of all of them: it follows them in their line."""
        lines = [line.sources["quantity"].line for line in self.draft.lines[-2:] if "quantity" in line.sources]
        return ALL.search(source.text) is not None or (len(lines) == 2 and set(lines) == {source.line})

    def _accept(self, item: Item, source: Source) -> bool:
        self._close_block()
        self._close_pending()
        self._doubts(item, source)
        if item.currency is not None:
            if self.draft.currency is None:
                self.draft.currency = item.currency
                self.draft.mark("currency", source)
            elif self.draft.currency != item.currency:
                self.draft.warn(
                    "uncertain", f"two currencies: {self.draft.currency} and {item.currency} (line {source.line})"
                )
        if item.line.part is not None and any(one.part == item.line.part for one in self.draft.lines[-TWINS:]):
            self.draft.warn(
                "contradiction", f"{item.line.part} is named again (line {source.line}: {source.text[:120]!r})"
            )
        check_price_unit(item.line, item.price_unit, self.draft)
        if item.line.price is None and item.line.amount is not None and item.line.quantity:
            item.line.price, item.line.amount = None, item.line.amount
        self._add(item.line)
        self.last_was_item = True
        return True

    def _doubts(self, item: Item, source: Source) -> None:
        for doubt in item.doubts:
            kind, _, words = doubt.partition(": ")
            self.draft.warn(kind, f"{words} (line {source.line}: {source.text[:80]!r})")


def _share_day(items: list[Item]) -> None:
    """A day at the end of a sentence that orders several items is the day of all of them."""
    last = items[-1].line
    if last.requested_date is None or any(item.line.requested_date is not None for item in items[:-1]):
        return
    for item in items[:-1]:
        item.line.requested_date = last.requested_date
        item.line.mark("requested_date", last.sources["requested_date"])

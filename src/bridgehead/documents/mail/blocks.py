"""Gathers items whose fields stand on lines of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.mail.labels import fields_in
from bridgehead.documents.mail.patterns import POSITION_AND_PART, form_of
from bridgehead.documents.mail.state import State
from bridgehead.documents.order import Source
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.cells import read_price
from bridgehead.documents.tables.headings import heading_of
from bridgehead.documents.tables.item_codes import code_rank
from bridgehead.documents.tables.table import line_from_cells, resolve_columns

_COUNTING = 4
"""Numbers of no more digits count items."""
_UNSIDED = frozenset({"part", "article"})
"""Labels of part numbers that do not say whose they are."""


class Blocks(State):
    """Items over several lines, on top of what is being read."""

    def _open_order(self, number: str, source: Source) -> None:
        number = number.rstrip(".-/")
        draft = self.draft
        self._close_block()
        if not draft.po_number:
            draft.po_number = number
            draft.mark("po_number", source)
            self.number_last = bool(draft.lines)
        elif draft.po_number != number and draft.lines:
            following = Draft("email")
            following.po_number = number
            following.mark("po_number", source)
            if self.number_last:
                self._move_lines(draft, following)
            self.divided_at = None
            self.drafts.append(following)
            self.last_was_item = False
        elif draft.po_number != number:
            draft.warn("uncertain", f"two order numbers: {draft.po_number} and {number} (line {source.line})")

    def _move_lines(self, draft: Draft, following: Draft) -> None:
        """Where numbers stand below their items, the items since the dividing line are the next order's."""
        if self.divided_at is None:
            draft.warn("uncertain", f"the items of order {draft.po_number} and {following.po_number} are not divided")
            following.warn(
                "uncertain", f"the items of order {draft.po_number} and {following.po_number} are not divided"
            )
            return
        following.lines.extend(draft.lines[self.divided_at :])
        del draft.lines[self.divided_at :]

    def _opens_item(self, text: str, source: Source) -> bool:
        """``  10  6308-ZZ (our ref. 4711)``: position and part number alone open an item; its fields follow."""
        found = POSITION_AND_PART.fullmatch(text)
        if found is None or (code_rank(found["code"]) == 0 and not found["code"].isdigit()):
            return False
        self._close_block()
        self.block = DraftLine(number=int(found["pos"]), supplier_part=found["code"])
        self.block.sources = {"number": source, "supplier_part": source}
        other = re.match(r"(.{0,30}?)[\s:]*([\w./-]*\d[\w./ -]*)$", found["other"] or "")
        if other is not None:
            heading = heading_of(other[1]) if other[1].strip() else None
            name = "customer_part" if heading is None or heading.field != "supplier_part" else "supplier_part"
            if name == "supplier_part":
                self.block.customer_part = self.block.supplier_part
                self.block.sources["customer_part"] = source
            setattr(self.block, name, other[2].strip())
            self.block.sources[name] = source
        return True

    def _describes_block(self, text: str, source: Source) -> bool:
        """The words under an opened item, before its quantity, describe it."""
        block = self.block
        if (
            block is None
            or block.part is None
            or block.quantity is not None
            or block.description
            or not text.startswith((" ", "\t"))
        ):
            return False
        if ":" in text or len(text) > 120 or fields_in(text, self.ways)[0]:
            return False
        block.description = text.strip()
        block.sources["description"] = source
        return True

    def _block_field(self, name: str, label: str, value: str, source: Source) -> bool:
        if name == "position":
            self._close_block()
        if name == "po_or_part":
            name = "part"
        if name in {"part", "article"} and self.block is not None and value.strip() == str(self.block.number):
            return True
        source = replace(source, how="label")
        columns = resolve_columns([label], [[value]])
        field = columns.fields[0]
        block = self.block or DraftLine()
        if (
            name in {"part", "article", "supplier_part", "customer_part", "gtin"}
            and block.part is not None
            and block.quantity is not None
        ):
            self._close_block()
            block = DraftLine()
        if name == "quantity":
            if block.quantity is not None:
                self._close_block()
                block = DraftLine()
            read = line_from_cells(columns, [value], self.ways, lambda _: source, self.draft)
            if read is None:
                return False
            named = block.unit if "unit" in block.sources else ""
            if "unit" in read.sources and not any(map(str.isalpha, value)):
                # The unit of a heading such as ``Pieces: 2`` gives way to one that has a line of its own.
                read.sources["unit"] = replace(source, how="derived")
            block.unit = named or read.unit
            block.quantity = read.quantity
            block.sources = {**read.sources, **block.sources}
        else:
            filler = resolve_columns(["Qty", label], [["1", value]])
            if name == "article":
                filler = resolve_columns(["Qty", label], [["1", "x y"]])
            try:
                read = line_from_cells(filler, ["1", value], self.ways, lambda _: source, self.draft)
            except Refusal:
                return False
            if read is None:
                return False
            read.sources.pop("quantity", None)
            if not read.sources and field is not None:
                return False
            before = block.sources.get("supplier_part")
            self._fill(block, read, name)
            if block.sources.get("supplier_part") is not before:
                self.unsided = name in _UNSIDED
        self.block = block
        return True

    def _fill(self, block: DraftLine, read: DraftLine, name: str) -> None:
        """Adds the fields of ``read`` that the item has not yet.

        ``Item no: 1`` before a part number counts items; of a number of nobody's in particular beside the supplier's
        own, the first is the customer's.
        """
        if "supplier_part" in read.sources and read.supplier_part != block.supplier_part:
            first = block.supplier_part or ""
            if first.isdigit() and len(first) <= _COUNTING:
                source = block.sources.pop("supplier_part")
                if "number" not in block.sources and int(first):
                    block.number, block.sources["number"] = int(first), source
            elif first and self.unsided and name == "supplier_part" and "customer_part" not in block.sources:
                block.customer_part, block.sources["customer_part"] = first, block.sources.pop("supplier_part")
            elif first and not self.unsided and name in _UNSIDED and "customer_part" not in block.sources:
                read.customer_part, read.sources["customer_part"] = read.supplier_part, read.sources["supplier_part"]
            elif first:
                self.draft.warn(
                    "uncertain",
                    f"{first} is also called {read.supplier_part} (line {read.sources['supplier_part'].line})",
                )
        for key, origin in read.sources.items():
            if key not in block.sources or (key == "unit" and block.sources[key].how == "derived"):
                setattr(block, key, getattr(read, key))
                block.sources[key] = origin

    def _is_of_block(self, text: str, value: str) -> bool:
        """Whether a sum under the fields of an item is the item's: indented like them, or what they multiply to."""
        block = self.block
        if block is None or block.quantity is None or block.amount is not None:
            return False
        if text.startswith((" ", "\t")):
            return True
        price = read_price(value, self.ways)
        return (
            price is not None
            and block.price is not None
            and abs(block.quantity * block.price / block.price_basis - price.value) <= Decimal("0.01")
        )

    def _may_open(self, number: str) -> bool:
        """Whether a number that may be an order's or a part's is an order's: the first, or one of the same form."""
        known = self.draft.po_number
        if not known:
            return self.block is None
        if known == number:
            return True
        return bool(self.draft.lines) and form_of(known) == form_of(number)

    def _close_block(self) -> None:
        block, self.block = self.block, None
        if block is None or not block.sources:
            return
        if block.quantity is not None and (block.part is not None or block.description):
            self._add(block)
        elif self.pending is not None and block.part is None and block.quantity is not None:
            pending, self.pending = self.pending, None
            for key, origin in block.sources.items():
                if key not in pending.line.sources:
                    setattr(pending.line, key, getattr(block, key))
                    pending.line.sources[key] = origin
            self._add(pending.line)
        elif self.draft.lines and block.quantity is None and block.part is None:
            last = self.draft.lines[-1]
            for key, origin in block.sources.items():
                if key not in last.sources:
                    setattr(last, key, getattr(block, key))
                    last.sources[key] = origin
        elif block.quantity is not None or block.part is not None:
            first = next(iter(block.sources.values()))
            self.draft.warn(
                "uncertain",
                f"an item without {'part number' if block.quantity else 'quantity'} (line {first.line}: {first.text[:80]!r})",
            )

    def _close_pending(self) -> None:
        pending, self.pending = self.pending, None
        if pending is not None:
            first = next(iter(pending.line.sources.values()), None)
            if first is not None:
                self.draft.warn("uncertain", f"an item without quantity (line {first.line}: {first.text[:80]!r})")

"""Reads what stands around a table in cells: labels with their values beside or below them, and address blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bridgehead.documents.addresses import read_address
from bridgehead.documents.dates import DayContext, find_days, relative_day
from bridgehead.documents.draft import Draft
from bridgehead.documents.mail.labels import DELIVERY
from bridgehead.documents.mail.patterns import CONSTRAINT, NOT_OURS, ORDER_DAY, PO, plausible_number
from bridgehead.documents.order import Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.references import reference_kind
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.csv_records import Row, letter
from bridgehead.documents.tables.headings import label_of, squash

_LONGEST_LABEL: Final = 48
_LABEL_WORDS: Final = 4
_REACH: Final = 6
"""How many columns to the right of its label a value may stand: merged cells leave empty ones between."""
_BLOCK: Final = 8
"""The lines of an address."""
_BLOCKS: Final = frozenset({"ship_to", "bill_to", "customer_name", "ship_to.name"})
_BELOW: Final = frozenset(
    {"po_number", "po_or_part", "order_date", "requested_date", "customer_number", "stated_total"}
)
TO_WRITE_ON: Final = re.compile(r"[^\d:_]{2,60}:?\s{0,20}[_.…]{4,200}\s{0,20}")
"""A word and a line to sign on: nobody has written there yet, so that it says nothing."""
_SELLERS: Final = frozenset({"vendor", "supplier", "lieferant", "fournisseur", "proveedor", "fornitore", "leverancier"})
_LONGEST_TITLE: Final = 120
_TOLD: Final = frozenset({"requested_date", "order_date", "stated_total", "stated_quantity_total", "currency"})
"""Fields whose value matters so much that one that cannot be read is a doubt."""
_ITEMS: Final = frozenset(
    {
        "position",
        "part",
        "article",
        "customer_part",
        "supplier_part",
        "gtin",
        "description",
        "quantity",
        "unit",
        "price",
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """A label and its value; an address has several lines, each with its source."""

    name: str
    value: str
    source: Source
    label: str = ""
    lines: tuple[tuple[str, Source], ...] = ()


@dataclass(slots=True)
class Fields:
    """What was found around a table; ``texts`` is what no field holds."""

    found: list[Found] = field(default_factory=list)
    texts: list[tuple[str, Source]] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    """The lines that labels and their values stand in."""

    def number(self) -> Found | None:
        """The order number, if one stands there."""
        return next(
            (
                one
                for one in self.found
                if one.name in {"po_number", "po_or_part", "sales_order"}
                and " " not in one.value
                and any(char.isdigit() for char in one.value)
            ),
            None,
        )

    def put(self, draft: Draft, ways: Ways) -> None:
        """Sets the fields of an order, and notes or doubts what could not be set."""
        for one in self.found:
            if one.name == "limit":
                draft.warn("date", f"{one.label[:60]!r} limits the day and names none (line {one.source.line})")
            elif one.name == "seller":
                read_address(one.lines or ((one.value, one.source),), draft.seller)
            elif one.lines:
                party = {"bill_to": draft.bill_to, "customer_name": draft.buyer}.get(one.name, draft.ship_to)
                if not party.values or one.name == "customer_name":
                    read_address(one.lines, party)
                else:
                    draft.warn("uncertain", f"a second address stands at line {one.source.line}")
            elif one.name == "framework":
                draft.refer(reference_kind(one.label), one.value[:60], one.source)
            elif not put_field(draft, one.name, one.value, one.source, ways) and one.name in _TOLD:
                draft.warn("uncertain", f"{one.value[:40]!r} was not read (line {one.source.line})")
        self._put_head(draft)

    def _put_head(self, draft: Draft) -> None:
        """The one firm that stands alone in the first row names who orders, unless the sheet is a form to fill in."""
        if "name" in draft.buyer.values or draft.seller.values or any(_FORM.search(text) for text, _ in self.texts):
            return
        firms = [(text, source) for text, source in self.texts if _FIRM.search(text) and len(text) <= _LONGEST_FIRM]
        if len({text for text, _ in firms}) == 1 and firms[0][1].line == 1:
            text, source = firms[0]
            draft.buyer.put("name", text.split("\n")[0].split(",")[0].strip(), replace(source, how="place"))


_FIRM: Final = re.compile(
    r"(?<![\w-])(?:GmbH|AG|KG|OHG|UG|SE|Ltd|Limited|LLC|Inc|Corp|PLC|SARL|SAS|SA|S\.A\.|SL|S\.L\.|SpA|S\.p\.A\.|Srl|S\.r\.l\.|BV|B\.V\.|NV|N\.V\.|AB|ApS|A/S|AS|Oy|Sp\. z o\.o\.|s\.r\.o\.|Kft)(?![\w-])"
)
"""Legal forms of firms, as they are written behind a name."""
_FORM: Final = re.compile(
    r"order form|bestellformular|bon de commande|formulario|modulo d|bestelformulier|formularz|formul[aä]r",
    re.IGNORECASE,
)
_LONGEST_FIRM: Final = 80


def fields_around(part: str, rows: Sequence[Row], *, letters: bool) -> Fields:
    """The labelled values and the other texts of rows that are not lines of the table."""
    return _Around(part, rows, letters=letters).read()


class _Around:
    def __init__(self, part: str, rows: Sequence[Row], *, letters: bool) -> None:
        self.part = part
        self.rows = rows
        self.letters = letters
        self.used: set[tuple[int, int]] = set()
        self.out = Fields()

    def read(self) -> Fields:
        for at, row in enumerate(self.rows):
            for column, cell in enumerate(row.cells):
                text = cell.strip()
                if text and (at, column) not in self.used:
                    self._cell(at, column, text)
        return self.out

    def _source(self, at: int, column: int, text: str, label: str) -> Source:
        name = letter(column) if self.letters else label
        return Source(self.part, self.rows[at].line_of(column), text[:300], column=name, how="label")

    def _text(self, at: int, column: int) -> str:
        if at >= len(self.rows) or column >= len(self.rows[at].cells) or (at, column) in self.used:
            return ""
        return self.rows[at].cells[column].strip()

    def _cell(self, at: int, column: int, text: str) -> None:
        if TO_WRITE_ON.fullmatch(text):
            return
        label, inline = _split(text)
        name = label_of(label) if label else None
        if name is None or name in _ITEMS:
            titled = _title(text)
            if titled is not None:
                source = self._source(at, column, text, text)
                self._found(at, Found("po_number", titled[0], source))
                if titled[1]:
                    self._found(at, Found("order_date", titled[1], source))
                    return
            if name is None and self._wished(at, column, label, inline):
                return
            self.out.texts.append((text, self._source(at, column, text, "")))
            return
        if name in _BLOCKS or (name == "ignore" and squash(label) in _SELLERS):
            name = "seller" if name == "ignore" else name
            lines = self._block(at, column, inline, label)
            if lines:
                self._take(at, name, lines)
            return
        if inline:
            self._found(at, Found(name, inline, self._source(at, column, inline, label), label))
            return
        beside = self._beside(at, column)
        below = self._text(at + 1, column)
        if beside is not None:
            value = self._text(at, beside)
            self.used.add((at, beside))
            self._found(at, Found(name, value, self._source(at, beside, value, label), label))
        elif (
            below
            and not _is_label(below)
            and TO_WRITE_ON.fullmatch(below) is None
            and (name in _BELOW or self._labels(at) >= 2)
        ):
            self.used.add((at + 1, column))
            self._found(at, Found(name, below, self._source(at + 1, column, below, label), label))
        elif name in {"po_number", "po_or_part", "note"}:
            self.out.texts.append((text, self._source(at, column, text, "")))

    def _wished(self, at: int, column: int, label: str, inline: str) -> bool:
        """Takes a day beside words that speak of delivery, whatever words they are: ``Please deliver before``."""
        if not label or DELIVERY.search(label) is None:
            return False
        beside = None if inline else self._beside(at, column)
        value = inline if beside is None else self._text(at, beside)
        if next(find_days(value, DayContext(None, None)), None) is None and relative_day(value) is None:
            return False
        if beside is not None:
            self.used.add((at, beside))
        name = "limit" if CONSTRAINT.search(label) else "requested_date"
        self._found(at, Found(name, value, self._source(at, column if beside is None else beside, value, label), label))
        return True

    def _found(self, at: int, found: Found) -> None:
        self.out.found.append(found)
        self.out.lines |= {self.rows[at].line, found.source.line, *(source.line for _, source in found.lines)}

    def _take(self, at: int, name: str, lines: list[tuple[str, Source]]) -> None:
        value, source = lines[0]
        if len(lines) == 1:
            self._found(at, Found(name, value, source))
        else:
            self._found(at, Found(name, value, source, lines=tuple(lines)))

    def _beside(self, at: int, column: int) -> int | None:
        """The column of the value that stands right of a label; None when another label comes first."""
        for other in range(column + 1, min(column + 1 + _REACH, len(self.rows[at].cells))):
            text = self._text(at, other)
            if text:
                return None if _is_label(text) else other
        return None

    def _labels(self, at: int) -> int:
        return sum(1 for cell in self.rows[at].cells if cell.strip() and _is_label(cell.strip()))

    def _block(self, at: int, column: int, inline: str, label: str) -> list[tuple[str, Source]]:
        """The lines of an address that begins beside its label or below it."""
        lines: list[tuple[str, Source]] = []

        def take(row: int, where: int) -> None:
            self.used.add((row, where))
            text = self.rows[row].cells[where]
            text = text.strip() if (row, where) != (at, column) else inline
            lines.extend(
                (one.strip(), self._source(row, where, one, label)) for one in text.splitlines() if one.strip()
            )

        beside = None if inline else self._beside(at, column)
        if inline:
            take(at, column)
        elif beside is not None:
            take(at, beside)
        start = column if beside is None else beside
        for across in range(start + 1, len(self.rows[at].cells) if beside is not None else 0):
            text = self._text(at, across)
            if not text or _is_label(text) or len(lines) >= _BLOCK:
                break
            take(at, across)
        row = at + 1
        while row < len(self.rows) and len(lines) < _BLOCK:
            text = self._text(row, start)
            adjoins = self.rows[row].line - self.rows[row - 1].line <= 1
            if not text or _is_label(text) or not adjoins or (start != column and self._text(row, column)):
                break
            take(row, start)
            row += 1
        return lines


def _split(text: str) -> tuple[str, str]:
    """A label and what follows its colon in the same cell; the whole text as label without one."""
    label, colon, inline = text.partition(":")
    if not colon:
        label, _, inline = text.partition("\n")
    return ("", "") if len(label) > _LONGEST_LABEL else (label.strip(), inline.strip())


def _is_label(text: str) -> bool:
    label, inline = _split(text)
    if not inline and label.endswith(".") and len(label.split()) > _LABEL_WORDS:
        return False  # a sentence
    return bool(label) and not any(one.isdigit() for one in label) and label_of(label) is not None


def _title(text: str) -> tuple[str, str] | None:
    """Number and day of a title such as ``Purchase order 4500123 of 02.11.2026``; the day may be empty."""
    head, _, value = text.strip("# ").rpartition(" ")
    if head and any(one.isdigit() for one in value) and label_of(head) in {"po_number", "po_or_part"}:
        return value, ""
    ways = Ways(None, DayContext("dmy", None), None)
    found = PO.search(text[:_LONGEST_TITLE])
    if found is None or len(text) > _LONGEST_TITLE or NOT_OURS.search(text[: found.start()]):
        return None
    if not plausible_number(found["no"], found["word"], ways):
        return None
    rest = text[found.end() :]
    day = next(find_days(rest, ways.days), None)
    dated = day is not None and ORDER_DAY.search(rest[: day.start]) is not None
    return found["no"].rstrip(".-/"), rest[day.start : day.end] if day is not None and dated else ""


def words_of(fields: Fields) -> Iterator[str]:
    """All that was written around a table, as text."""
    for one in fields.found:
        yield one.label
        yield one.value
        yield from (text for text, _ in one.lines[1:])
    for text, _ in fields.texts:
        yield text

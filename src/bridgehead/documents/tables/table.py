"""Reads the rows of a table whose columns are named, whether they come from a file or from the text of a mail."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead.documents.dates import read_day, relative_day
from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.identifiers import gtin_holds
from bridgehead.documents.order import Source
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.tables.headings import LABEL_FIELDS, Heading, heading_of, squash
from bridgehead.documents.tables.item_codes import side_of
from bridgehead.documents.units import UNIT_CODES

SourceOf = Callable[[int], Source]
"""Gives the source of the cell in column ``index`` of the row being read."""

LINE_FIELDS = frozenset(
    [
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
        "price_basis",
        "amount",
        "requested_date",
        "discount",
        "po_or_part",
    ]
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table: ``fields[i]`` is the field of column i, or None for one that no order has."""

    names: tuple[str, ...]
    fields: tuple[str | None, ...]
    headings: tuple[Heading | None, ...]

    def index(self, field: str) -> int | None:
        """The column of a field."""
        return self.fields.index(field) if field in self.fields else None


def header_score(cells: Sequence[str]) -> int:
    """How many cells are headings of line fields; 0 unless a quantity and something to order are among them."""
    fields = {heading.field for cell in cells if (heading := heading_of(cell)) is not None}
    if "quantity" not in fields or not fields & {
        "part",
        "article",
        "customer_part",
        "supplier_part",
        "gtin",
        "description",
        "po_or_part",
    }:
        return 0
    return len(fields & LINE_FIELDS)


def resolve_columns(names: Sequence[str], samples: Sequence[Sequence[str]]) -> Columns:  # noqa: C901 - one branch for each heading that other columns decide
    """Gives each column its field.

    What ``article``, ``item`` or ``per`` head is decided by the other columns and by the cells below.
    """
    headings = [heading_of(name) for name in names]
    samples = [row for row in samples if sum(1 for cell in row if cell.strip()) > _SUM] or samples
    fields: list[str | None] = [None if heading is None else heading.field for heading in headings]

    counted_by = fields.index("quantity") if "quantity" in fields else None

    def column(index: int) -> list[str]:
        return [
            row[index].strip()
            for row in samples[:50]
            if index < len(row)
            and row[index].strip()
            and (counted_by is None or (counted_by < len(row) and row[counted_by].strip()[:1].isdigit()))
        ]

    if (
        "position" not in fields
        and sum(1 for one in fields if one in {"part", "supplier_part", "customer_part", "gtin"}) > 1
    ):
        counted = next((i for i, one in enumerate(fields) if one == "part" and _counts_up(column(i))), None)
        if counted is not None:
            fields[counted] = "position"
    if "position" in fields and not {"part", "supplier_part", "customer_part", "gtin", "article", "po_or_part"} & set(
        fields
    ):
        at = fields.index("position")
        if column(at) and not any(value.rstrip(".").isdigit() for value in column(at)):
            fields[at] = "part"
    if (
        "position" not in fields
        and fields.count("part") == 1
        and {"description", "customer_part", "supplier_part", "gtin"} & {one for one in fields if one}
    ):
        counted = fields.index("part")
        if _numbers_lines(column(counted)) or (
            {"customer_part", "supplier_part", "gtin"} & {one for one in fields if one} and _are_small(column(counted))
        ):
            fields[counted] = "position"
    if "gtin" not in fields:
        _find_gtins(names, fields, column)
    has_part = bool({"part", "customer_part", "supplier_part", "gtin"} & {one for one in fields if one})
    for index, field in enumerate(fields):
        values = column(index)
        if field == "sales_order":
            fields[index] = "po_number" if not {"po_number", "po_or_part"} & set(fields) else None
        elif field == "po_or_part":
            ordered = has_part or ("description" in fields and {"order_date", "customer_number"} & set(fields))
            fields[index] = "po_number" if ordered and "po_number" not in fields else "part"
        elif field == "article":
            small = bool(values) and all(value.isdigit() and len(value) <= 4 for value in values)
            if small and has_part and "position" not in fields:
                fields[index] = "position"
            elif has_part:
                fields[index] = "description" if "description" not in fields else None
            elif "description" in fields or (values and all(_is_code(value) for value in values)):
                fields[index] = "part"
        elif field == "price_basis" and not all(_whole(value) for value in values):
            fields[index] = "unit" if all(value.lower().rstrip(".") in UNIT_CODES for value in values) else None
        elif field == "unit" and values and all(_whole(value) for value in values) and "price_basis" not in fields:
            fields[index] = None
    if not {"po_number", "sales_order"} & set(fields):
        _name_orders(names, fields, column)
    _set_sellers_aside(names, fields, column)
    if "part" in fields:
        fields[fields.index("part")] = "supplier_part" if "supplier_part" not in fields else "customer_part"
    _name_places(fields, column)
    if "ship_to.city" in fields and "ship_to" in fields and "ship_to.street" not in fields:
        fields[fields.index("ship_to")] = "ship_to.street"
    _number_customer(fields, samples)
    _total_orders(names, fields, samples)
    seen: set[str] = set()
    for index, field in enumerate(fields):
        if field in {"ignore", "discount", "framework"} or (field is not None and field in seen):
            fields[index] = None
        elif field is not None:
            seen.add(field)
    return Columns(tuple(names), tuple(fields), tuple(headings))


def line_from_cells(  # noqa: C901 - one branch for each kind of column
    columns: Columns, cells: Sequence[str], ways: Ways, source_of: SourceOf, draft: Draft
) -> DraftLine | None:
    """Reads one row; None when its quantity cell holds no quantity (it is no order line).

    Doubts become warnings on ``draft``. Raises Refusal ``table.value`` for a price, amount or position
    cell that is filled with something unreadable.
    """
    line = DraftLine()
    at = columns.index("quantity")
    if at is None or at >= len(cells) or not cells[at].strip():
        return None
    quantity = read_quantity(cells[at], ways)
    if quantity is None:
        return None
    line.quantity = quantity.value
    line.mark("quantity", source_of(at))
    heading = columns.headings[at]
    line.unit = quantity.unit or (heading.unit if heading else "")
    if line.unit:
        line.mark("unit", source_of(at))
    price_unit = ""
    for index, field in enumerate(columns.fields):
        cell = cells[index].strip() if index < len(cells) else ""
        if not cell or cell in _NOTHING or field is None or field == "quantity":
            continue
        heading = columns.headings[index]
        if field == "position":
            digits = cell.rstrip(".) ")
            if digits.isascii() and digits.isdigit() and len(digits) <= 12 and int(digits) > 0:
                line.number = int(digits)
                line.mark("number", source_of(index))
        elif field in {"customer_part", "supplier_part", "description"}:
            _named(line, field, cell, source_of(index))
        elif field == "article":
            _article(line, cell, source_of(index))
        elif field == "gtin":
            line.gtin = cell.replace(" ", "")
            line.mark("gtin", source_of(index))
        elif field == "unit":
            line.unit = cell.upper().rstrip(".")
            line.mark("unit", source_of(index))
            if re.search(r"\s\d+[.,]\d", cell) is not None:
                draft.warn("uncertain", f"the unit {cell[:30]!r} holds a figure ({_place(source_of(index))})")
        elif field == "price":
            price_unit = _price(line, cell, ways, source_of(index), draft, heading)
        elif field == "price_basis":
            basis = read_quantity(cell, ways)
            if basis is None or basis.value <= 0:
                raise Refusal("table.value", f"{cell[:30]!r} is no price basis.", _place(source_of(index)))
            line.price_basis = basis.value
            line.mark("price_basis", source_of(index))
        elif field == "amount":
            amount = read_price(cell, ways)
            if amount is None:
                raise Refusal("table.value", f"{cell[:30]!r} is no amount.", _place(source_of(index)))
            line.amount = amount.value
            line.mark("amount", source_of(index))
            _currency(draft, amount.currency or (heading.currency if heading else None), source_of(index))
        elif field == "requested_date":
            put_line_day(line, cell, ways, source_of(index), draft)
    _watch_unread(columns, cells, source_of, draft)
    if not quantity.certain and not _adds_up(line):
        draft.warn("uncertain", f"quantity {cells[at].strip()[:30]!r} can be read two ways ({_place(source_of(at))})")
    check_price_unit(line, price_unit, draft)
    return line


_NOTHING: Final = frozenset({"-", "–", "—", "--", "---", "n/a", "N/A", "./."})
"""What people write into a cell that holds nothing."""


def _watch_unread(columns: Columns, cells: Sequence[str], source_of: SourceOf, draft: Draft) -> None:
    """Warns of a filled cell that no field holds: a discount, or a second column of a field that says otherwise."""
    for index, (field, heading) in enumerate(zip(columns.fields, columns.headings, strict=True)):
        cell = cells[index].strip() if index < len(cells) else ""
        if field is not None or heading is None or not cell:
            continue
        if heading.field == "article" and not any(_cell(columns, cells, name) for name in _PARTS):
            draft.warn("uncertain", f"{cell[:40]!r} may be the part that is ordered ({_place(source_of(index))})")
        if heading.field not in _COUNTED:
            continue
        at = columns.index(heading.field)
        other = cells[at].strip() if at is not None and at < len(cells) else None
        if heading.field == "discount":
            doubted = any(one in "123456789" for one in cell)
        else:
            doubted = other is not None and other != cell
        if doubted:
            draft.warn("uncertain", f"{cell[:40]!r} was not read ({_place(source_of(index))})")


def _cell(columns: Columns, cells: Sequence[str], name: str) -> str:
    at = columns.index(name)
    return cells[at].strip() if at is not None and at < len(cells) else ""


_PARTS: Final = ("supplier_part", "customer_part", "part", "gtin", "description")
_COUNTED: Final = frozenset(
    {"quantity", "price", "unit", "requested_date", "discount", "supplier_part", "customer_part"}
)
"""The fields of a line that decide what is booked."""


def _counts_up(values: Sequence[str]) -> bool:
    """Whether the cells are whole numbers that rise from a small one, as line numbers do, order after order."""
    if not values or not all(value.isascii() and value.isdigit() and len(value) <= 5 for value in values):
        return False
    numbers = [int(value) for value in values]
    return numbers[0] <= 100 and all(one < other or other == numbers[0] for one, other in itertools.pairwise(numbers))


def _name_places(fields: list[str | None], column: Callable[[int], list[str]]) -> None:
    """Of columns headed by words for where to, one of numbers holds the place's, and one beside a street its name."""
    for index, field in enumerate(fields):
        values = column(index) if field == "ship_to" else []
        if not values:
            continue
        if "ship_to.number" not in fields and all(_PLACE_NUMBER.fullmatch(value) for value in values):
            fields[index] = "ship_to.number"
        elif "ship_to.street" in fields and "ship_to.name" not in fields:
            fields[index] = "ship_to.name"


_PLACE_NUMBER: Final = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9./_-]{1,19}")


def _numbers_lines(values: Sequence[str]) -> bool:
    """Whether the cells are 1, 2, 3 … or 10, 20, 30 …, which no part numbers are."""
    steps = (1, 10)
    return bool(values) and any(
        all(value.isdigit() and int(value) == step * at for at, value in enumerate(values, 1)) for step in steps
    )


def _are_small(values: Sequence[str]) -> bool:
    """Whether the cells are numbers of up to three digits, each once: beside part numbers, those of some lines."""
    return (
        bool(values)
        and len(set(values)) == len(values)
        and all(one.isdigit() and len(one) <= _POSITION for one in values)
    )


_POSITION: Final = 3


def _find_gtins(names: Sequence[str], fields: list[str | None], column: Callable[[int], list[str]]) -> None:
    """A column under a heading of no field in which every number is a GTIN by its check digit holds GTINs."""
    for index, field in enumerate(fields):
        values = column(index) if field is None and names[index].strip() else []
        if values and all(len(value) >= _GTIN and gtin_holds(value) for value in values):
            fields[index] = "gtin"
            return


_SUM: Final = 2
"""Cells of a row of sums: a word and its number. An item has more."""
_GTIN: Final = 12
"""Digits of the shortest GTIN that is hardly another number."""


def _total_orders(names: Sequence[str], fields: list[str | None], samples: Sequence[Sequence[str]]) -> None:
    """Of several columns of amounts, those that say the same in every row of an order are its totals.

    Beside a column of taxes the first of them is the net total; the others hold what no sum of lines comes to.
    """
    amounts = [index for index, field in enumerate(fields) if field == "amount"]
    whole = [
        index
        for index in amounts
        if (squash(names[index]) in LABEL_FIELDS or squash(names[index]) in _SUBTOTALS)
        and _repeats(fields, index, samples)
    ]
    if not whole and len(amounts) == 2 and squash(names[amounts[1]]) in LABEL_FIELDS:
        whole = [amounts[1]]
    if whole:
        kept = whole[0] if "tax" in fields else whole[-1]
        for index in whole:
            fields[index] = "stated_total" if index == kept else None


_SUBTOTALS: Final = frozenset({"subtotal", "soustotal", "zwischensumme", "subtotale", "subtotaal", "delsumma"})


def _name_orders(names: Sequence[str], fields: list[str | None], column: Callable[[int], list[str]]) -> None:
    """A column headed ``Name`` of nothing but ``#1001`` holds order numbers: shops call their orders so."""
    for index, name in enumerate(names):
        values = column(index) if squash(name) == "name" else []
        if values and all(re.fullmatch(r"#\w{0,6}\d{3,12}", value) for value in values):
            fields[index] = "po_number"


def _number_customer(fields: list[str | None], samples: Sequence[Sequence[str]]) -> None:
    """A column headed by a word for customers that holds numbers only is the customer's number."""
    for index, field in enumerate(fields):
        values = [row[index].strip() for row in samples[:50] if index < len(row) and row[index].strip()]
        if field == "customer_name" and "customer_number" not in fields and values and all(map(str.isdigit, values)):
            fields[index] = "customer_number"


def _set_sellers_aside(names: Sequence[str], fields: list[str | None], column: Callable[[int], list[str]]) -> None:
    """A column of the supplier's code that says the same in every row, beside numbers of parts, numbers the supplier."""
    for index, name in enumerate(names):
        others = {field for at, field in enumerate(fields) if at != index} & {"part", "supplier_part", "customer_part"}
        values = column(index)
        if squash(name) in _SELLERS and others and len(values) > 1 and len(set(values)) == 1:
            fields[index] = "ignore"


_SELLERS: Final = frozenset(
    (  # noqa: SIM905 - a list of headings is read as words
        "suppliercode supplierno vendorcode vendorno lieferantennr lieferantencode codefournisseur codigoproveedor "
        "codicefornitore codfornitore leverancierscode"
    ).split()
)
"""Headings, as ``squash`` leaves them, under which some senders number us and others our parts."""


def _repeats(fields: Sequence[str | None], at: int, samples: Sequence[Sequence[str]]) -> bool:
    """Whether a column of amounts says the same in rows whose other figures differ: the total of the order.

    It must do so in every order of several rows: two lines may come to the same amount. Below its first row it may
    also be left out.
    """
    seen: dict[str, tuple[list[str], set[str]]] = {}
    po = fields.index("po_number") if "po_number" in fields else None
    figures = [index for index, field in enumerate(fields) if field in {"quantity", "price"}]
    number = ""
    for row in samples[:50]:
        number = (row[po].strip() if po is not None and po < len(row) else "") or number
        amounts, others = seen.setdefault(number, ([], set()))
        amounts.append(row[at].strip() if at < len(row) else "")
        others.add("\t".join(row[i] for i in figures if i < len(row)))
    several = [amounts for amounts, others in seen.values() if len(others) > 1]
    return bool(several) and all(amounts[0] and set(amounts[1:]) <= {amounts[0], ""} for amounts in several)


def check_price_unit(line: DraftLine, price_unit: str, draft: Draft) -> None:
    """Warns when a price is for another unit than the one ordered (unless the amount proves the reading)."""
    if not price_unit or not line.unit or (line.amount is not None and _adds_up(line)):
        return
    ordered, priced = UNIT_CODES.get(line.unit.lower()), UNIT_CODES.get(price_unit.lower())
    if ordered != priced and ordered is not None:
        draft.warn("uncertain", f"{line.part or line.description}: ordered in {line.unit}, priced per {price_unit}")


def put_line_day(line: DraftLine, text: str, ways: Ways, source: Source, draft: Draft) -> None:
    """Sets the requested date of a line, or warns why the words name no single day."""
    day = read_day(text, ways.days)
    if day is not None and day.day is not None:
        line.requested_date = day.day
        line.mark("requested_date", source)
    elif day is not None:
        draft.warn("date", f"{day.text[:40]!r} {day.doubt} ({_place(source)})")
    elif relative_day(text) is not None or any(one.isdigit() for one in text):
        draft.warn("date", f"{text[:40]!r} names no calendar day ({_place(source)})")


def _price(line: DraftLine, cell: str, ways: Ways, source: Source, draft: Draft, heading: Heading | None) -> str:
    price = read_price(cell, ways)
    if price is None:
        if not any(one.isdigit() for one in cell):
            if any(one.isalpha() for one in cell):
                draft.warn("uncertain", f"the price {cell[:30]!r} is no number ({_place(source)})")
            return ""
        raise Refusal("table.value", f"{cell[:30]!r} is no price.", _place(source))
    line.price = price.value
    line.mark("price", source)
    basis = price.basis if price.basis != 1 else (heading.basis if heading and heading.basis else price.basis)
    if basis != 1:
        line.price_basis = basis
        line.mark("price_basis", source)
    if not price.certain:
        draft.warn("uncertain", f"price {cell[:30]!r} can be read two ways ({_place(source)})")
    _currency(draft, price.currency or (heading.currency if heading else None), source)
    return price.unit


def _currency(draft: Draft, currency: str | None, source: Source) -> None:
    if currency is None:
        return
    if draft.currency is None:
        draft.currency = currency
        draft.mark("currency", source)
    elif draft.currency != currency:
        draft.warn("uncertain", f"two currencies: {draft.currency} and {currency} ({_place(source)})")


_GROUPED: Final = re.compile(r"\d{2,4}(?: \d{2,4}){1,3}(?=\s*(?:$|[-–:,;(]))")
"""A part number that is written in groups of digits."""
_SIDED: Final = re.compile(r"\s?\((?P<side>[^()\d:]{2,30}?)[\s:]{1,3}(?P<no>[\w./-]*\d[\w./ -]{0,30})\)")
"""Behind a part number, in brackets, that of the other side with words that say whose it is."""


def _article(line: DraftLine, cell: str, source: Source) -> None:
    first, _, rest = cell.partition(" ")
    if first.startswith("[") and "]" in cell:
        first, _, rest = cell[1:].partition("]")
    grouped = _GROUPED.match(cell)
    if grouped is not None:
        first, rest = grouped[0], cell[grouped.end() :]
    if grouped is not None or _is_code(first.strip(",;:")):
        line.supplier_part = first.strip(",;:")
        line.mark("supplier_part", source)
        cell = _other_side(line, rest, source).strip(" -–:,")
    if cell:
        line.description = cell
        line.mark("description", source)


_LABELLED: Final = re.compile(r"(?P<label>[^\W\d_][^\d:]{1,24}):\s{0,3}(?P<no>[\w./-]*\d[\w./ -]{0,30})")


def _named(line: DraftLine, field: str, cell: str, source: Source) -> None:
    """Takes a part number or a description; words under a heading for numbers describe an item that has none."""
    if field != "description":
        field, cell = ("description", cell) if _describes(cell) else (field, _unlabelled(cell))
        if field == "description" and line.description:
            return
    setattr(line, field, cell)
    line.mark(field, source)
    part_in_brackets(line, field, cell, source)


def _describes(cell: str) -> bool:
    """Whether a cell under a heading for part numbers holds the words of an item that has none."""
    words = cell.split()
    return len(words) >= _SENTENCE and words[0].isalpha() and len(words[0]) >= _LONG_WORD


_SENTENCE: Final = 3
_LONG_WORD: Final = 6


def _unlabelled(cell: str) -> str:
    """A part number without the words for one before it: ``Artikelnr.: K67-6796`` in a column of part numbers."""
    found = _LABELLED.fullmatch(cell)
    heading = None if found is None else heading_of(found["label"])
    return cell if found is None or heading is None or heading.field not in _NUMBERS else found["no"].strip()


_NUMBERS: Final = frozenset({"part", "article", "supplier_part", "customer_part"})


def part_in_brackets(line: DraftLine, field: str, cell: str, source: Source) -> None:
    """Parts ``W40012 (your no. KV-2210)`` in a column of part numbers, also where both stand under the words of one."""
    number, blank, rest = cell.partition(" (")
    found = _SIDED.fullmatch(f"({rest}") if blank and field in _OTHER else None
    other = None if found is None else side_of(found["side"])
    if found is not None and other is not None:
        first = _OTHER[other]
        setattr(line, first, number)
        line.mark(first, source)
        setattr(line, other, found["no"].strip())
        line.mark(other, source)


_OTHER: Final = {"customer_part": "supplier_part", "supplier_part": "customer_part"}


def _other_side(line: DraftLine, rest: str, source: Source) -> str:
    """Takes the number of the other side from behind a part number; returns what is left of the cell."""
    found = _SIDED.match(rest)
    side = None if found is None else side_of(found["side"])
    if found is None or side is None:
        return rest
    if side == "supplier_part":
        line.customer_part = line.supplier_part
        line.mark("customer_part", source)
    setattr(line, side, found["no"].strip())
    line.mark(side, source)
    return rest[found.end() :]


def _adds_up(line: DraftLine) -> bool:
    if line.quantity is None or line.price is None or line.amount is None:
        return False
    return abs(line.quantity * line.price / line.price_basis - line.amount) <= Decimal("0.01")


def _is_code(text: str) -> bool:
    return len(text) >= 3 and " " not in text and any(one.isdigit() for one in text)


def _whole(text: str) -> bool:
    return text.replace(".", "").replace(",", "").isdigit()


def _place(source: Source) -> str:
    column = f", column {source.column}" if source.column else ""
    return f"{source.part}, line {source.line}{column}"


def is_total_row(cells: Sequence[str]) -> bool:
    """Whether the first filled cell announces a sum or a carried-over amount."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and _announces_sum(squash(filled[0].strip().rstrip(":")[:40]))


def _announces_sum(word: str) -> bool:
    return word.startswith(
        (
            "total",
            "gesamt",
            "summe",
            "grandtotal",
            "subtotal",
            "zwischensumme",
            "nettosumme",
            "bruttosumme",
            "somme",
            "montanttotal",
            "suma",
            "importetotal",
            "totaal",
            "subtotaal",
            "imponibile",
            "subtotale",
            "soustotal",
            "endsumme",
            "auftragswert",
            "bestellwert",
            "ordertotal",
            "ubertrag",
            "carried",
            "riporto",
            "areporter",
            "nettogesamt",
            "mwst",
            "ust",
            "vat",
            "iva",
            "tva",
            "btw",
            "zzgl",
            "versand",
            "shipping",
            "freight",
        )
    )

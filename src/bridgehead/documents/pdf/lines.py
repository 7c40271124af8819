"""Reads the items of a table into order lines: cells by their headings, labelled text between them, and arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bridgehead.documents.dates import DayContext
from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.mail.labels import labelled
from bridgehead.documents.order import Charge, Source
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.grid import text_of
from bridgehead.documents.pdf.items import BodyRow, RawItem, Table, looks_like_quantity
from bridgehead.documents.pdf.vocabulary import heading
from bridgehead.documents.pdf.words import Row
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.tables.headings import Heading
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.tables.table import Columns, line_from_cells, put_line_day, resolve_columns
from bridgehead.documents.units import UNIT_CODES

_CANONICAL: Final = {
    "position": "Pos", "part": "Part no", "article": "Article", "customer_part": "Customer part no",
    "supplier_part": "Supplier part no", "gtin": "GTIN", "description": "Description", "quantity": "Quantity",
    "unit": "Unit", "price": "Unit price", "price_basis": "Price basis", "amount": "Line amount",
    "requested_date": "Delivery date", "discount": "Discount", "po_or_part": "Bestellnummer",
    "stated_total": "Line amount", "gross_total": "Line amount",
}  # fmt: skip
_CENT: Final = Decimal("0.01")
_PERCENT: Final = re.compile(r"-?\s?(\d{1,2}(?:[.,]\d{1,2})?)\s?%?")
_LINE_LABELS: Final = frozenset(
    [
        "requested_date",
        "customer_part",
        "supplier_part",
        "part",
        "gtin",
        "unit",
        "article",
        "note",
        "discount",
        "po_or_part",
        "price_basis",
    ]
)
_SPACED_NUMBER: Final = re.compile(r"(?<=\d)\s+(?=[.,]\d)|(?<=\d[.,])\s+(?=\d)")
_PER: Final = re.compile(
    r"(?:/|per|pro|je|par|por|cada|p\.|for|f[uü]r|per\.)\s*\d*\s*[^\W\d_]{0,12}\.?|\d{1,4}\s*[^\W\d_]{1,12}\.?|[€$£]|[A-Z]{3}",
    re.IGNORECASE,
)
_BASES: Final = (Decimal(100), Decimal(1000), Decimal(10))
_PER_WORDS: Final = re.compile(
    r"(?:/|\bper|\bpro|\bje|\bpar|\bpor|\bvoor|\bza|\bf[oö]r)\.?\s*(?:%|100|1[.,]?000|C\b|M\b|hundert|tausend|hundred|thousand)|%\s*(?:stk|st|pcs)|\b(?:PE|price unit|preiseinheit|price basis)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How the columns of a table are read: the cells of one row of it, and what each of them is."""

    columns: Columns
    spots: tuple[tuple[int, int, int], ...]
    """Of each cell: the level of its headings (0 or 1), the column, and the line within the cell (-1 is all)."""


def shape_of(table: Table) -> Shape:
    """Decides what each column holds, by headings and by what stands below them."""
    names: list[str] = []
    headings: list[Heading | None] = []
    spots: list[tuple[int, int, int]] = []
    for level, columns in enumerate((table.grid.columns, table.grid.second)):
        for index, column in enumerate(columns):
            stacked = any(one is not None for one in column.below)
            spots.append((level, index, 0 if stacked else -1))
            headings.append(column.heading)
            names.append(column.name)
            for line, below in enumerate(column.below, 1):
                spots.append((level, index, line))
                headings.append(below)
                names.append(f"{column.name} ({line + 1})")
    samples = [[_cell(item, spot, one) for spot, one in zip(spots, headings, strict=True)] for item in table.items]
    _recast(headings, samples)
    canonical = [
        name if one is None else _CANONICAL.get(one.field, name) for name, one in zip(names, headings, strict=True)
    ]
    canonical = [
        one if heading_ is not None else f"column {i}"
        for i, (one, heading_) in enumerate(zip(canonical, headings, strict=True))
    ]
    resolved = resolve_columns(canonical, samples)
    return Shape(Columns(tuple(names), resolved.fields, tuple(headings)), tuple(spots))


def _recast(headings: list[Heading | None], samples: Sequence[Sequence[str]]) -> None:
    """Headings that the cells below prove wrong: a position of letters is a part, a second price may be the list price."""
    for index, one in enumerate(headings):
        values = [row[index] for row in samples if row[index]]
        if one is not None and one.field == "position" and values:
            coded = sum(1 for value in values if not re.fullmatch(r"[\d.)/:-]{1,8}", value))
            if 2 * coded >= len(values):
                known = any(other is not None and other.field in {"part", "supplier_part"} for other in headings)
                headings[index] = Heading("customer_part" if known else "part")
        elif one is not None and one.field == "article" and values and all(" " in value for value in values):
            headings[index] = Heading("description" if not _has(headings, "description") else "article")
        elif one is not None and one.field in {"stated_total", "gross_total"}:
            headings[index] = replace(one, field="amount")
        elif one is not None and one.field == "tax":
            headings[index] = None
    for name in ("price", "amount", "quantity"):
        same = [index for index, one in enumerate(headings) if one is not None and one.field == name]
        if len(same) > 1:
            best = max(same, key=lambda at: _proofs(headings, samples, name, at))
            for index in same:
                if index != best and (name != "quantity" or _proofs(headings, samples, name, best)):
                    headings[index] = None


def _has(headings: Sequence[Heading | None], field: str) -> bool:
    return any(one is not None and one.field == field for one in headings)


def _proofs(headings: Sequence[Heading | None], samples: Sequence[Sequence[str]], name: str, at: int) -> int:
    """How many rows multiply when the column stands for its field."""
    places = {
        field: at
        if field == name
        else next((i for i, one in enumerate(headings) if one is not None and one.field == field), None)
        for field in ("quantity", "price", "amount")
    }
    if None in places.values():
        return 0
    count = 0
    for row in samples:
        for sign in (".", ","):
            ways = Ways(sign, DayContext(None, None), None)
            quantity = read_quantity(row[places["quantity"] or 0], ways)
            price, amount = read_price(row[places["price"] or 0], ways), read_price(row[places["amount"] or 0], ways)
            if (
                quantity
                and price
                and amount
                and abs(quantity.value * price.value / price.basis - amount.value) <= _CENT
            ):
                count += 1
                break
    return count


def _words_at(body: BodyRow, level: int, column: int) -> str:
    cells = body.second if level else body.cells
    return text_of(cells[column]) if column in cells else ""


def _cell(item: RawItem, spot: tuple[int, int, int], one: Heading | None) -> str:
    """The text of one cell of an item, without what only continues it."""
    level, column, line = spot
    if level == 1:
        return _words_at(item.main, 1, column)
    source = item.start if item.main.grid.second else item.main
    field = None if one is None else one.field
    if line >= 0:
        texts = [text for body in item.rows if (text := _words_at(body, 0, column))]
        return texts[line] if line < len(texts) else ""
    text = _words_at(source, 0, column)
    if not text and field in {
        "position",
        "quantity",
        "unit",
        "price",
        "amount",
        "requested_date",
        "part",
        "supplier_part",
        "customer_part",
        "gtin",
        "price_basis",
        "discount",
    }:
        text = next((other for body in item.rows if (other := _words_at(body, 0, column))), "")
    return _SPACED_NUMBER.sub("", text) if field in {"quantity", "price", "amount"} else text


def read_lines(table: Table, ways: Ways, draft: Draft, part: str, text: str) -> list[DraftLine]:
    """The lines of a table; what in them could not be explained becomes a warning of ``draft``."""
    shape = shape_of(table)
    per = _PER_WORDS.search(text) is not None
    lines = [_line(item, shape, ways, draft, part) for item in table.items]
    found = [line for line in lines if line is not None]
    _settle_basis(found, stated=per)
    return found


def _line(item: RawItem, shape: Shape, ways: Ways, draft: Draft, part: str) -> DraftLine | None:
    cells = [_cell(item, spot, one) for spot, one in zip(shape.spots, shape.columns.headings, strict=True)]
    rest = _Rest(item, shape)
    for index, field in enumerate(shape.columns.fields):
        if field in {"price", "amount", "quantity"}:
            cells[index] = _whole_cell(cells[index], field, rest.lines_of(shape.spots[index]), ways, rest)
    sources = _sources(item, shape, cells, part)
    discount = _discount(shape, cells)
    for index, field in enumerate(shape.columns.fields):
        if field is not None and not _readable(field, cells[index], ways):
            if any(one.isdigit() for one in cells[index]):
                said = field.replace("_", " ")
                draft.warn("uncertain", f"{cells[index][:40]!r} is no {said} ({_where(sources(index))})")
            cells[index] = ""
    at = shape.columns.index("quantity")
    if at is not None and (beside := _UNIT_BESIDE.fullmatch(cells[at].strip())) is not None:
        cells[at] = f"{beside[1]} {beside[2]}" if beside[2].lower() in UNIT_CODES else cells[at]
    if at is not None and read_quantity(cells[at], ways) is None:
        loose = _LOOSE_QUANTITY.match(cells[at])
        if loose is not None:
            draft.warn("uncertain", f"{cells[at][:40]!r} holds more than a quantity ({_where(sources(at))})")
            unit = loose[2] if loose[2] and loose[2].lower() in UNIT_CODES else ""
            cells[at] = f"{loose[1]} {unit}".strip()
    line: DraftLine | None = None
    try:
        line = line_from_cells(shape.columns, cells, ways, sources, draft)
    except Refusal as refusal:
        draft.warn("uncertain", f"{refusal.outcome.reason} ({refusal.outcome.where})")
    if line is None:
        draft.warn("ignored", f"a row is no line: {item.main.row.text[:120]!r} ({_where(sources(at or 0))})")
        return None
    line = _taken(item, line, rest, ways, draft, part)
    if not {"supplier_part", "customer_part"} & set(shape.columns.fields):
        _part_in_description(line)
    if discount is not None and line.price is not None:
        _apply_discount(line, discount, draft, sources(0))
    if line.unit_code is None and line.unit and line.unit.lower() not in UNIT_CODES:
        line.unit = line.unit[:20]
    return line


_OPENING_CODE: Final = re.compile(
    r"\[(?P<a>[^\]\s]{2,30})\]\s*|(?P<b>[A-Za-z0-9][\w./-]{2,30})(?:\s+[-–—:|]\s+|\s*:\s+)"
)


def _part_in_description(line: DraftLine) -> None:
    """A part number that opens the description: ``[FURN-1118] Desk``, ``AX-900 - Gauge``, or a word of its own."""
    text = line.description or ""
    found = _OPENING_CODE.match(text)
    code = (found["a"] or found["b"]) if found is not None else text.split(" ")[0] if text else ""
    if not code or code_rank(code) < (1 if found is not None and found["a"] else MOST_LIKELY):
        return
    if found is None and not (sum(one.isdigit() for one in code) >= 2 and len(code) >= 5):
        return
    rest = text[found.end() :] if found is not None else text[len(code) :]
    name = "supplier_part" if line.supplier_part is None else "customer_part"
    if getattr(line, name) is not None:
        return
    setattr(line, name, code)
    line.sources[name] = replace(line.sources["description"], text=code, how="place")
    line.description = rest.strip(" -–:,") or None


_UNIT_BESIDE: Final = re.compile(r"(\d[\d.,'’ ]*)\s*\(([^\W\d_]{1,12})\)")
"""``100 (EA)``."""
_LOOSE_QUANTITY: Final = re.compile(r"\s*(\d+(?:[.,'’ ]\d+)*)\s*([^\W\d_]{1,14})?")


def _readable(field: str, cell: str, ways: Ways) -> bool:
    """Whether a cell of figures holds what its column promises; an empty one does."""
    if not cell:
        return True
    if field in {"price", "amount"}:
        return read_price(cell, ways) is not None
    if field == "price_basis":
        basis = read_quantity(cell, ways)
        return basis is not None and basis.value > 0
    return True


class _Rest:
    """The words of an item's rows that no cell of its main row holds."""

    def __init__(self, item: RawItem, shape: Shape) -> None:
        self.item = item
        self.used: set[int] = set()
        for level, column, line in shape.spots:
            main = item.main if level == 1 or not item.main.grid.second else item.start
            cells = main.second if level else main.cells
            if level == 0 and line >= 0:
                texts = [body for body in item.rows if column in body.cells]
                if line < len(texts):
                    self.used |= {id(word) for word in texts[line].cells[column]}
                continue
            held = cells.get(column)
            if held is None and level == 0:
                field = shape.columns.headings[shape.spots.index((level, column, line))]
                if field is not None and field.field not in {"description", "article", "note"}:
                    held = next((body.cells[column] for body in item.rows if column in body.cells), None)
            self.used |= {id(word) for word in held or ()}
        self.description = next(
            (
                (level, column)
                for (level, column, _), field in zip(shape.spots, shape.columns.fields, strict=True)
                if field in {"description", "article"}
            ),
            None,
        )

    def lines_of(self, spot: tuple[int, int, int]) -> list[tuple[BodyRow, str]]:
        """Further lines of a column, below or above its main one."""
        level, column, line = spot
        if level or line >= 0 or self.item.main.grid.second:
            return []
        found = []
        for body in self.item.rows:
            words = [word for word in body.cells.get(column, ()) if id(word) not in self.used]
            if words:
                found.append((body, text_of(words)))
        return found

    def use(self, body: BodyRow, column: int) -> None:
        """Takes the words of a cell away."""
        self.used |= {id(word) for word in body.cells.get(column, ())}


def _whole_cell(cell: str, field: str, more: list[tuple[BodyRow, str]], ways: Ways, rest: _Rest) -> str:
    """A figure with what stands below it: ``12,50`` over ``per 100 Stk``, ``10`` over ``Stk``."""
    if field == "amount":
        return cell
    for body, text in more:
        if any(one.isdigit() for one in text) and field == "quantity":
            continue
        if field == "price" and (_PER.fullmatch(text.strip()) is None):
            continue
        joined = f"{cell} {text}".strip()
        fits = read_price(joined, ways) if field == "price" else read_quantity(joined, ways)
        if fits is not None:
            cell = joined
            column = next(at for at, words in body.cells.items() if text_of(words) == text or text in text_of(words))
            rest.use(body, column)
    return cell


def _sources(item: RawItem, shape: Shape, cells: Sequence[str], part: str) -> Callable[[int], Source]:
    def source(index: int) -> Source:
        level, _, _ = shape.spots[index]
        body = item.main if level == 1 or not item.main.grid.second else item.start
        name = shape.columns.names[index]
        return Source(part, body.row.line, cells[index], column=name, page=body.row.page, how="column")

    return source


def _where(source: Source) -> str:
    return f"page {source.page}, line {source.line}"


def _discount(shape: Shape, cells: list[str]) -> Decimal | None:
    """The per cent of a discount column, taken out of the cells; None when there is none."""
    for index, one in enumerate(shape.columns.headings):
        if one is None or one.field != "discount" or not cells[index]:
            continue
        found = _PERCENT.fullmatch(cells[index].strip())
        if found is not None:
            cells[index] = ""
            value = Decimal(found[1].replace(",", "."))
            return value or None
    return None


def _apply_discount(line: DraftLine, percent: Decimal, draft: Draft, source: Source) -> None:
    """Keeps a discount of the line when the amount proves it is one; warns when it does not."""
    if line.quantity is None or line.price is None:
        return
    bare = line.quantity * line.price / line.price_basis
    if line.amount is None or abs(bare * (100 - percent) / 100 - line.amount) <= _CENT:
        line.charges.append(Charge(allowance=True, percent=percent))
    elif abs(bare - line.amount) > _CENT:
        draft.warn("uncertain", f"the discount of {percent} % does not explain the amount ({_where(source)})")


def _taken(item: RawItem, line: DraftLine, rest: _Rest, ways: Ways, draft: Draft, part: str) -> DraftLine:
    """Adds what stands in the further rows: labelled fields, stacked numbers, the rest of the description."""
    described: list[tuple[int, str]] = []
    for body in item.rows:
        if body is not item.main and body is not item.start and _may_order(body):
            draft.warn("ignored", f"page {body.row.page}, line {body.row.line} may be an item: {body.row.text[:120]!r}")
        source = Source(part, body.row.line, body.row.text[:300], page=body.row.page, how="label")
        for piece in body.row.pieces:
            words = [word for word in piece.words if id(word) not in rest.used]
            if not words:
                continue
            text = text_of(words)
            if _labelled_line(line, text, ways, draft, replace(source, text=text)):
                rest.used |= {id(word) for word in words}
        for column, held in sorted(body.cells.items()):
            words = [word for word in held if id(word) not in rest.used]
            if not words:
                continue
            _place(line, body, column, text_of(words), rest, described, ways, draft, source)
    main_line = (item.start if item.main.grid.second else item.main).row.line
    before = " ".join(text for at, text in described if at < main_line)
    after = " ".join(text for at, text in described if at >= main_line)
    whole = " ".join(one for one in (before, line.description or "", after) if one)
    whole = re.sub(r"(?<=[a-zß-ÿ])- (?=[a-zß-ÿ])", "", whole).strip()
    if whole:
        line.description = whole[:500]
        line.sources.setdefault(
            "description", Source(part, item.main.row.line, whole[:300], page=item.main.row.page, how="place")
        )
    return line


def _may_order(body: BodyRow) -> bool:
    """Whether a row without a quantity that can be read has the number of a line and a part of its own, or figures."""
    named = {
        body.grid.columns[at].field: text_of(words) for at, words in body.cells.items() if body.grid.columns[at].field
    }
    numbered = (named.get("position") or named.get("article", "")).rstrip(".)").isdigit()
    parts = [value for name, value in named.items() if name in {"part", "supplier_part", "customer_part"}]
    coded = any(code_rank(value) > 0 for value in parts)
    filled = any(any(one.isdigit() for one in named.get(name, "")) for name in ("quantity", "price", "amount"))
    return numbered and (coded or filled)


_SIDED: Final = re.compile(
    r"(?:(?P<yours>ihre?|your|yr|votre|vos|vs|vostr[oa]|su|uw|er[at]?|wasz[ae]?|supplier|vendor|lieferanten|lief|hersteller|mfr|mfg|manufacturer|fournisseur|proveedor|fornitore|leverancier)|(?:our|unsere?|notre|nos|nuestr[oa]|nostr[oa]|onze|ons|v[aå]rt?|nasz[ae]?|kunden|customer|client|cliente|klant))"
    r"[ .:-]{1,2}(?:(?:art(?:ikel|icle|icolo|[ií]culo)?|item|part|mat(?:erial)?|prod(?:uct|ukt)?|code|cod|c[oó]d(?:igo|ice)?|sku|r[eé]f(?:[eé]rence|erencia)?(?<=f|e|a)|rif|teile?|sach)?[ .:-]{0,2}(?:no|nr|num(?:ber|mer|[eé]ro)?|nummer|n[°º]|#|code|cod)?)[ .:]{0,3}(?P<code>[A-Za-z0-9](?=[\w./-]*\d)[\w./-]{1,34})",
    re.IGNORECASE,
)
"""``Ihre Nr. ZR-40``: whose number of the item a further row names."""


def _labelled_line(line: DraftLine, text: str, ways: Ways, draft: Draft, source: Source) -> bool:
    found = labelled(text, ways)
    name, value = (found.name, found.value) if found is not None else ("", "")
    if not name and ":" in text:
        before, _, value = text.partition(":")
        one = heading(before)
        name, value = ("" if one is None else one.field), value.strip()
    sided = _SIDED.fullmatch(text.strip())
    if sided is not None:
        name, value = "supplier_part" if sided["yours"] else "customer_part", sided["code"]
    if name == "ignore" or not value or name not in _LINE_LABELS:
        return False
    if name == "requested_date":
        if line.requested_date is None:
            put_line_day(line, value, ways, source, draft)
        return True
    if name == "gtin":
        digits = re.sub(r"\s", "", value)
        if digits.isdigit() and line.gtin is None:
            line.gtin = digits
            line.mark("gtin", source)
        return True
    if name == "note":
        line.notes.append(value)
        return True
    if name in {"part", "article", "po_or_part", "customer_part", "supplier_part"}:
        code = value.split()[0].strip(",;") if value.split() else ""
        if code_rank(code) == 0 and not any(one.isdigit() for one in code):
            return False
        field = (
            name
            if name in {"customer_part", "supplier_part"}
            else "supplier_part"
            if line.supplier_part is None
            else "customer_part"
        )
        old = getattr(line, field)
        other = "customer_part" if field == "supplier_part" else "supplier_part"
        if (
            old is not None
            and old != code
            and getattr(line, other) is None
            and name in {"customer_part", "supplier_part"}
        ):
            setattr(line, other, old)
            line.sources[other] = line.sources.get(field, source)
            old = None
        if old is None:
            setattr(line, field, value if len(value.split()) == 1 else code)
            line.mark(field, source)
        return True
    return False


def _place(
    line: DraftLine,
    body: BodyRow,
    column: int,
    text: str,
    rest: _Rest,
    described: list[tuple[int, str]],
    ways: Ways,
    draft: Draft,
    source: Source,
) -> None:
    """Puts a leftover cell of a further row where its column says."""
    field = body.grid.columns[column].field
    source = replace(source, text=text, how="place")
    where = _where(source)
    if (
        field in {"supplier_part", "customer_part", "part", "article", "gtin"}
        and not body.anchor
        and rest.description != (0, column)
    ):
        digits = text.replace(" ", "")
        own = "supplier_part" if line.supplier_part else "customer_part"
        held = getattr(line, own) or ""
        if digits.isdigit() and len(digits) in {8, 12, 13, 14} and line.gtin is None:
            line.gtin = digits
            line.mark("gtin", source)
        elif held.endswith(("-", "/", ".", "_")):
            setattr(line, own, held + digits)
        elif (
            code_rank(text.strip("()")) > 0
            and " " not in text
            and line.customer_part is None
            and line.supplier_part is not None
        ):
            line.customer_part = text.strip("()")
            line.mark("customer_part", source)
        else:
            described.append((body.row.line, text))
    elif (field == "unit" and not line.unit and text.lower().rstrip(".") in UNIT_CODES) or (
        field == "quantity" and text.lower().rstrip(".") in UNIT_CODES and not line.unit
    ):
        line.unit = text.upper().rstrip(".")
        line.mark("unit", source)
    elif field == "requested_date" and any(one.isdigit() for one in text):
        if line.requested_date is None:
            put_line_day(line, text, ways, source, draft)
        else:
            draft.warn("uncertain", f"{text[:40]!r} is a second date of a line ({where})")
    elif field in {"quantity", "price", "amount", "discount", "price_basis"} and any(one.isdigit() for one in text):
        if (text.startswith("(") and text.endswith(")")) or _PER.fullmatch(text):
            line.notes.append(text)
        elif _prose(body, column):
            described.append((body.row.line, text))
        else:
            draft.warn("ignored", f"{text[:60]!r} stands below the {field} of a line ({where})")
    elif field == "position" and looks_like_quantity(text):
        line.notes.append(text)
    elif body.grid.columns[column].heading is None and body.anchor:
        line.notes.append(f"{body.grid.columns[column].name}: {text}")
    else:
        described.append((body.row.line, text))


def _prose(body: BodyRow, column: int) -> bool:
    """Whether the cell is the end of words that begin in the column before."""
    held = body.cells.get(column)
    before = [word for at, words in body.cells.items() if at < column for word in words]
    if not held or not before:
        return False
    last = max(before, key=lambda one: one.x1)
    return held[0].x0 - last.x1 < 0.6 * held[0].size


def _settle_basis(lines: Sequence[DraftLine], *, stated: bool) -> None:
    """A price for 10, 100 or 1000 that only the amounts show: where the document says per-something, or all lines agree."""
    wrong: list[tuple[DraftLine, Decimal | None]] = []
    for line in lines:
        if line.price is None or line.amount is None or line.quantity is None or not line.amount:
            continue
        if adds_up(line):
            continue
        wrong.append(
            (
                line,
                next((base for base in _BASES if abs(line.quantity * line.price / base - line.amount) <= _CENT), None),
            )
        )
    priced = [line for line in lines if line.price is not None and line.amount is not None]
    agreed = len(wrong) == len(priced) > 1 and len({base for _, base in wrong}) == 1
    for line, base in wrong:
        if base is not None and line.price_basis == 1 and (stated or agreed):
            line.price_basis = base
            source = line.sources.get("price")
            if source is not None:
                line.mark("price_basis", replace(source, how="derived"))


def adds_up(line: DraftLine) -> bool:
    """Whether quantity, price and amount agree, with the line's discount."""
    if line.quantity is None or line.price is None or line.amount is None or not line.price_basis:
        return False
    value = line.quantity * line.price / line.price_basis
    if abs(value - line.amount) <= _CENT:
        return True
    for charge in line.charges:
        if charge.percent is not None:
            value -= value * charge.percent / 100
    return abs(value - line.amount) <= _CENT


def rows_of_items(table: Table) -> list[Row]:
    """The rows that items were read from."""
    return [body.row for item in table.items for body in item.rows]

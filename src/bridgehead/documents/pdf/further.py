"""Reads what stands in the further rows of an item: labelled fields, stacked numbers, more of the description."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from bridgehead.documents.dates import find_days
from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.mail.labels import labelled
from bridgehead.documents.order import Source
from bridgehead.documents.pdf.grid import text_of
from bridgehead.documents.pdf.items import BodyRow, RawItem, looks_like_quantity
from bridgehead.documents.pdf.shape import Shape
from bridgehead.documents.pdf.vocabulary import heading
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.item_codes import code_rank
from bridgehead.documents.tables.table import put_line_day
from bridgehead.documents.units import UNIT_CODES

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


PER: Final = re.compile(
    r"(?:/|per|pro|je|par|por|cada|p\.|for|f[uü]r|per\.)\s*\d*\s*[^\W\d_]{0,12}\.?|\d{1,4}\s*[^\W\d_]{1,12}\.?|[€$£]|[A-Z]{3}",
    re.IGNORECASE,
)


_SIDED: Final = re.compile(
    r"(?:(?P<yours>ihre?|your|yr|votre|vos|vs|vostr[oa]|su|uw|er[at]?|wasz[ae]?|supplier|vendor|lieferanten|lief|hersteller|mfr|mfg|manufacturer|fournisseur|proveedor|fornitore|leverancier)|(?:our|unsere?|notre|nos|nuestr[oa]|nostr[oa]|onze|ons|v[aå]rt?|nasz[ae]?|kunden|customer|client|cliente|klant))"
    r"[ .:-]{1,2}(?:(?:art(?:ikel|icle|icolo|[ií]culo)?|item|part|mat(?:erial)?|prod(?:uct|ukt)?|code|cod|c[oó]d(?:igo|ice)?|sku|r[eé]f(?:[eé]rence|erencia)?(?<=f|e|a)|rif|teile?|sach)?[ .:-]{0,2}(?:no|nr|num(?:ber|mer|[eé]ro)?|nummer|n[°º]|#|code|cod)?)[ .:]{0,3}(?P<code>[A-Za-z0-9](?=[\w./-]*\d)[\w./-]{1,34})",
    re.IGNORECASE,
)
"""``Ihre Nr. ZR-40``: whose number of the item a further row names."""


class Rest:
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


def where(source: Source) -> str:
    """The page and line of a source, for warnings."""
    return f"page {source.page}, line {source.line}"


def take_further(item: RawItem, line: DraftLine, rest: Rest, ways: Ways, draft: Draft, part: str) -> DraftLine:
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
            if labelled_line(line, text, ways, draft, replace(source, text=text)):
                rest.used |= {id(word) for word in words}
        for column, held in sorted(body.cells.items()):
            words = [word for word in held if id(word) not in rest.used]
            if not words:
                continue
            _place(line, body, column, text_of(words), rest, described, ways, draft, source)
    for at, text in described:
        if any(True for _ in find_days(text, ways.days)):
            draft.warn("uncertain", f"a day that no field holds (page {item.main.row.page}, line {at}: {text[:120]!r})")
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


_GROUPED: Final = re.compile(r"\d{2,4}(?: [A-Z]?\d{2,4}){1,4}")
"""A number of a part in groups, ``106 190 20``."""


def labelled_line(line: DraftLine, text: str, ways: Ways, draft: Draft, source: Source) -> bool:
    """Puts a labelled field of an item into its line; False when the text is none."""
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
        if _GROUPED.fullmatch(value.strip()):
            code = value.strip()
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
            setattr(line, field, code)
            line.mark(field, source)
        return True
    return False


def _place(
    line: DraftLine,
    body: BodyRow,
    column: int,
    text: str,
    rest: Rest,
    described: list[tuple[int, str]],
    ways: Ways,
    draft: Draft,
    source: Source,
) -> None:
    """Puts a leftover cell of a further row where its column says."""
    field = body.grid.columns[column].field
    source = replace(source, text=text, how="place")
    at = where(source)
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
            and not _wrapped(rest.item, body, column)
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
            draft.warn("uncertain", f"{text[:40]!r} is a second date of a line ({at})")
    elif field in {"quantity", "price", "amount", "discount", "price_basis"} and any(one.isdigit() for one in text):
        if (text.startswith("(") and text.endswith(")")) or PER.fullmatch(text):
            line.notes.append(text)
        elif _prose(body, column):
            described.append((body.row.line, text))
        else:
            draft.warn("ignored", f"{text[:60]!r} stands below the {field} of a line ({at})")
    elif field == "position" and looks_like_quantity(text):
        line.notes.append(text)
    elif body.grid.columns[column].heading is None and body.anchor:
        line.notes.append(f"{body.grid.columns[column].name}: {text}")
    else:
        described.append((body.row.line, text))


def _wrapped(item: RawItem, body: BodyRow, column: int) -> bool:
    """Whether a word ends the words in the row above, which left it no room: ``bearing 6206`` over ``2RS``."""
    at = next(index for index, one in enumerate(item.rows) if one is body)
    above = item.rows[at - 1].cells.get(column, []) if at else []
    held = body.cells.get(column, [])
    if len(above) < 2 or not held:
        return False
    room = body.grid.columns[column].right - above[-1].x1
    return held[-1].x1 - held[0].x0 + 0.75 * held[0].size > room


def _prose(body: BodyRow, column: int) -> bool:
    """Whether the cell is the end of words that begin in the column before."""
    held = body.cells.get(column)
    before = [word for at, words in body.cells.items() if at < column for word in words]
    if not held or not before:
        return False
    last = max(before, key=lambda one: one.x1)
    return held[0].x0 - last.x1 < 0.6 * held[0].size

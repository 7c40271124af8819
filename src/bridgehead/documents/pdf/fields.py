"""Finds fields that are named on the page: a label before, left of or above its value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bridgehead.documents.dates import find_days, read_day, relative_day
from bridgehead.documents.draft import Draft
from bridgehead.documents.mail.labels import DELIVERY, labelled
from bridgehead.documents.order import ReferenceKind, Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.pdf.roles import role_of
from bridgehead.documents.pdf.titles import order_title
from bridgehead.documents.pdf.vocabulary import label
from bridgehead.documents.pdf.words import Piece, Row
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.headings import squash
from bridgehead.documents.terms import currency_of, incoterms_of

_NUMBER: Final = re.compile(r"#?\s?(?P<no>(?=[\w./-]{0,40}\d)[A-Za-z0-9][\w./-]{0,39})(?P<rest>.*)", re.DOTALL)
_SPACED_NUMBER: Final = re.compile(r"[A-Z]{1,5} \d[\w./-]{1,20}|\d{2,5}(?: \d{2,5}){1,3}")
_TITLE_NUMBER: Final = re.compile(
    r"^(?P<label>[^\d:#]{2,48}?)[\s:.#]*(?:n[°ºor]?\.?|nr\.?|no\.?|num(?:ber|mer|éro|ero)?\.?|nummer|#)?[\s:.#]*(?<![^\W\d_])(?P<no>(?=[\w./-]{0,30}\d)[A-Z0-9][\w./-]{2,30})\s*(?:,?\s*(?:vom|dated|du|del|de|d\.d\.|of|van|av|z dnia|fra|den|from|-|/)?\s*(?P<day>[^A-Za-z]{6,12}|\d{1,2}\.? \w{3,10} \d{4}|\w{3,9} \d{1,2},? \d{4}))?\s*$",
    re.IGNORECASE,
)
_CHANGE_MARK: Final = re.compile(r"rev(?:ision)?\.?\s*\d+|version\s*\d+|änderung\s*\d+", re.IGNORECASE)
_WANTED: Final = frozenset(
    [
        "po_number", "po_or_part", "order_date", "requested_date", "customer_number", "currency", "incoterms", "payment_terms",
        "release", "email", "note", "stated_line_count", "stated_quantity_total", "buyer.vat", "buyer.gln", "buyer.duns",
        "framework", "purpose", "ship_to.number", "ship_to.gln", "ignore", "amount", "stated_total", "gross_total", "tax",
    ]
)  # fmt: skip
_REFERENCES: Final[tuple[tuple[ReferenceKind, re.Pattern[str]], ...]] = (
    ("quotation", re.compile(r"quot|angebot|offert|offre|devis|presupuesto|oferta|preventivo|offerte|tilbud", re.IGNORECASE)),
    ("contract", re.compile(r"contract|vertrag|contrat|ramavtal|umowa|agreement", re.IGNORECASE)),
    ("blanket_order", re.compile(r"blanket|rahmenauftrag|outline", re.IGNORECASE)),
    ("requisition", re.compile(r"requisition (?:no|nr|number|#)|banf|bedarfsmeldung|\breq(?:uest)?[ .]?(?:no|nr|#|ref)", re.IGNORECASE)),
    ("project", re.compile(r"projekt|project|projet|proyecto|progetto|kommission|commission", re.IGNORECASE)),
    ("cost_centre", re.compile(r"kostenstelle|cost ?cent|centre de co|centro de cost|centro di cost|kostenplaats", re.IGNORECASE)),
)  # fmt: skip
_NET: Final = re.compile(
    r"\bnet(?:to|t)?\W{0,2}\d{1,3}\b|\b\d{1,3} (?:days|tage|jours|d[ií]as|giorni|dagen|dni|dagar)\b", re.IGNORECASE
)
"""Payment terms under a heading that speaks of terms only."""
_GENERIC: Final = frozenset(
    [
        "number",
        "nummer",
        "nr",
        "no",
        "numero",
        "num",
        "n",
        "document",
        "documentnumber",
        "documentno",
        "belegnummer",
        "belegnr",
        "numer",
        "nro",
        "ref",
        "reference",
        "ourref",
        "ourreference",
        "unserzeichen",
        "notrereference",
        "nuestrareferencia",
        "nostroriferimento",
        "nsriferimento",
        "nsrif",
        "onzereferentie",
        "varreferens",
    ]
)
"""Labels of a number that is the order's where nothing else names one."""
_FAR_PT: Final = 260.0


@dataclass(slots=True)
class Field:
    """A field that was found, with the pieces that its label and value stand in."""

    name: str
    label: str
    value: str
    pieces: list[Piece]
    row: int
    page: int


def is_generic(said: str) -> bool:
    """Whether a label names a document's own number without saying of what: ``Our reference``."""
    return squash(said) in _GENERIC


def find_fields(rows: Sequence[Row], ways: Ways) -> list[Field]:
    """Every labelled field in rows that are no part of a table, in reading order."""
    found: list[Field] = []
    taken: set[int] = set()
    for at, row in enumerate(rows):
        heads = _label_row(row)
        for index, piece in enumerate(row.pieces):
            if id(piece) in taken:
                continue
            for one in _of_piece(rows, at, index, piece, ways, heads=heads):
                found.append(one)
                taken |= {id(part) for part in one.pieces}
    return found


def _label_row(row: Row) -> bool:
    """Whether a row is a row of labels whose values stand below them."""
    known = sum(1 for piece in row.pieces if (label(piece.text) is not None or role_of(piece.text) is not None))
    return (
        len(row.pieces) >= 2
        and known >= 2
        and 2 * known >= len(row.pieces)
        and not any(re.search(r"\d", piece.text) for piece in row.pieces)
        and not any(piece.text.rstrip().endswith(":") for piece in row.pieces)
    )


def _of_piece(  # noqa: C901 - one branch for each place of a label
    rows: Sequence[Row], at: int, index: int, piece: Piece, ways: Ways, *, heads: bool
) -> Iterator[Field]:
    text = piece.text
    row = rows[at]
    if ":" in text:
        parts = list(split_labels(text))
        for known, said, value in parts:
            name = "number" if squash(said) in _GENERIC and known != "po_number" else known
            if value and fits(name, value, ways):
                yield Field(name, said, value, [piece], row.line, row.page)
            elif not value and said == parts[-1][1]:
                near = _beside(rows, at, index, name, ways, heads=heads)
                if near is not None:
                    yield Field(name, said, near[0], [piece, *near[1]], row.line, row.page)
        if parts:
            return
    if squash(text) in _GENERIC and not heads:
        near = _beside(rows, at, index, "po_number", ways, heads=heads)
        if near is not None:
            yield Field("number", text, near[0], [piece, *near[1]], row.line, row.page)
            return
    both = _label_of_two(text)
    if both is not None:
        near = _beside(rows, at, index, both[0], ways, heads=heads)
        values = [] if near is None else re.split(r"\s+/\s*|\s*/\s+", near[0], maxsplit=1)
        if near is not None and len(values) == 2:
            for name, value in zip(both, values, strict=True):
                if fits(name, value, ways):
                    yield Field(name, text, value, [piece, *near[1]], row.line, row.page)
            return
    alone = label(text)
    if alone in _WANTED and not (any(one.isdigit() for one in text)):
        near = _beside(rows, at, index, alone or "", ways, heads=heads)
        if near is not None:
            yield Field(alone or "", text, near[0], [piece, *near[1]], row.line, row.page)
            return
    if DELIVERY.search(text) and len(text) < 40 and not any(one.isdigit() for one in text):
        near = _beside(rows, at, index, "requested_date", ways, heads=heads)
        if near is not None and read_day(near[0], ways.days) is not None:
            yield Field("requested_date", text, near[0], [piece, *near[1]], row.line, row.page)
            return
    yield from _glued(piece, row, ways)


def _label_of_two(text: str) -> tuple[str, str] | None:
    """The fields of a label for two values, ``Order No./Date``."""
    parts = [part for part in re.split(r"\s*/\s*", text.strip(" :")) if part]
    if len(parts) != 2 or any(one.isdigit() for one in text):
        return None
    names = (label(parts[0]), label(parts[1]))
    if names[1] == "order_date" and squash(parts[0]) in _GENERIC:
        return "number", "order_date"
    if names[0] is None or names[1] is None or names[0] == names[1] or names[0] not in _WANTED:
        return None
    return names[0], names[1]


def _glued(piece: Piece, row: Row, ways: Ways) -> Iterator[Field]:
    """A label and its value in one piece without a colon: ``PO # 190122``, ``Bestellung 4711 vom 3.11.2026``."""
    text = piece.text
    found = _TITLE_NUMBER.match(text[:140])
    if found is not None and not (found["label"][-1] in "-/_" and found.end("label") == found.start("no")):
        # ``PO-5801`` is a number, not the number 5801 of a label ``PO-``.
        name = label(found["label"]) or label(f"{found['label']} no")
        if name in {"po_number", "po_or_part", "customer_number"} and not any(
            True for _ in find_days(found["no"], ways.days)
        ):
            yield Field(
                "po_number" if name == "po_or_part" else name, found["label"], found["no"], [piece], row.line, row.page
            )
            if found["day"] and name != "customer_number" and read_day(found["day"], ways.days) is not None:
                yield Field("order_date", found["label"], found["day"].strip(), [piece], row.line, row.page)
            return
        if squash(found["label"]) in _GENERIC and not any(True for _ in find_days(found["no"], ways.days)):
            yield Field("number", found["label"], found["no"], [piece], row.line, row.page)
            return
    words = text.split()
    if 2 < len(words) <= 6 and order_title(text) and not any(one.isdigit() for one in "".join(words[:-1])):
        number = _NUMBER.fullmatch(words[-1])
        if number is not None and len(number["no"]) > 3 and not any(True for _ in find_days(words[-1], ways.days)):
            yield Field("po_number", " ".join(words[:-1]), number["no"], [piece], row.line, row.page)
            return
    one = labelled(text, ways)
    if one is not None and one.name in _WANTED:
        yield Field(one.name, one.label, one.value, [piece], row.line, row.page)
        return
    words = text.split()
    for size in range(min(4, len(words) - 1), 0, -1):
        said, value = " ".join(words[:size]), " ".join(words[size:])
        name = label(said)
        if name in {
            "currency",
            "incoterms",
            "payment_terms",
            "order_date",
            "requested_date",
            "customer_number",
        } and fits(name, value, ways):
            if name == "payment_terms" and not any(one.isdigit() for one in value):
                continue
            yield Field(name, said, value, [piece], row.line, row.page)
            return


def split_labels(text: str) -> Iterator[tuple[str, str, str]]:
    """Fields of a piece such as ``Date: 3/11/2026 Order No.: 4711`` as (name, label, value)."""
    spots: list[tuple[int, int, str]] = []
    for colon in re.finditer(r"\s?:(?=\s|$|[^/\d])", text):
        before = text[: colon.start()]
        words = [(found.start(), found[0]) for found in re.finditer(r"\S+", before)]
        floor = spots[-1][1] if spots else 0
        words = [one for one in words if one[0] >= floor]
        for size in range(min(5, len(words)), 0, -1):
            start = words[-size][0]
            name = label(before[start:])
            if name is not None and (spots or size == len(words) or len(words) <= 6):
                spots.append((start, colon.end(), name))
                break
    for index, (start, end, name) in enumerate(spots):
        until = spots[index + 1][0] if index + 1 < len(spots) else len(text)
        yield name, text[start:end].strip(" :"), text[end:until].strip(" ,;|")


def _beside(
    rows: Sequence[Row], at: int, index: int, name: str, ways: Ways, *, heads: bool
) -> tuple[str, list[Piece]] | None:
    """The value right of a label, or below it; in a row of labels only below."""
    row, piece = rows[at], rows[at].pieces[index]
    if not heads:
        right = _right(rows, at, index)
        if right is not None and _is_value(right.text, name, ways):
            return right.text, [right]
    below = _below(rows, at, piece)
    if below is not None and _is_value(below.text, name, ways):
        return below.text, [below]
    if heads and index == len(row.pieces) - 1:
        right = _right(rows, at, index)
        if right is not None and _is_value(right.text, name, ways):
            return right.text, [right]
    return None


def _right(rows: Sequence[Row], at: int, index: int) -> Piece | None:
    row, piece = rows[at], rows[at].pieces[index]
    if index + 1 < len(row.pieces):
        found = row.pieces[index + 1]
        return found if found.x0 - piece.x1 < _FAR_PT else None
    for other in (*rows[max(0, at - 1) : at], *rows[at + 1 : at + 2]):
        if (
            other.page != row.page
            or abs((other.top + other.bottom) / 2 - (piece.top + piece.bottom) / 2) > 0.5 * piece.size
        ):
            continue
        near = [one for one in other.pieces if 0 <= one.x0 - piece.x1 < _FAR_PT]
        if near:
            return near[0]
    return None


def _below(rows: Sequence[Row], at: int, piece: Piece) -> Piece | None:
    for other in rows[at + 1 : at + 4]:
        if other.page != piece.page or other.top - piece.bottom > 1.6 * piece.size:
            return None
        near = [
            one
            for one in other.pieces
            if min(one.x1, piece.x1) - max(one.x0, piece.x0) > 0.3 * min(one.x1 - one.x0, piece.x1 - piece.x0)
        ]
        if near:
            return min(near, key=lambda one: abs(one.x0 - piece.x0))
    return None


def _is_value(text: str, name: str, ways: Ways) -> bool:
    """Whether text can be the value of a field, and is no label itself."""
    if (label(text.rstrip(":")) is not None and not any(one.isdigit() for one in text)) or role_of(text) is not None:
        return name == "currency" and currency_of(text) is not None
    if re.match(r"[^:\d]{2,30}:\s*\S", text) and label(text.partition(":")[0]) is not None:
        return False
    return fits(name, text, ways)


def fits(name: str, value: str, ways: Ways) -> bool:
    """Whether a value has the form of its field."""
    value = value.strip()
    if not value:
        return False
    if name in {"po_number", "po_or_part", "number", "customer_number", "release"}:
        found = _NUMBER.match(value)
        if found is None or len(found["rest"].split()) > 6:
            return _SPACED_NUMBER.match(value) is not None
        return not any(day.start == 0 and day.end >= len(found["no"]) for day in find_days(value, ways.days))
    if name in {"order_date", "requested_date"}:
        return read_day(value[:60], ways.days) is not None or relative_day(value[:60]) is not None
    if name == "currency":
        return currency_of(value) is not None or currency_of(value.split()[0]) is not None
    if name == "incoterms":
        return incoterms_of(value.upper()) is not None or _NET.search(value) is not None
    if name in {"stated_line_count", "stated_quantity_total", "buyer.gln", "buyer.duns", "buyer.vat", "ship_to.gln"}:
        return any(one.isdigit() for one in value)
    if name == "email":
        return "@" in value
    return name not in {"amount", "stated_total", "gross_total", "tax"} or any(one.isdigit() for one in value)


def put_fields(draft: Draft, fields: Sequence[Field], ways: Ways, part: str) -> set[int]:  # noqa: C901 - one branch for each kind of field
    """Puts fields into the order; returns the identities of the words that they used."""
    used: set[int] = set()
    dated = any(one.name == "order_date" for one in fields)
    printed = [one for one in fields if one.name == "order_date" and _PRINTED.search(one.label)]
    for one in [*(one for one in fields if one not in printed), *printed]:
        value = one.value
        source = Source(part, one.row, value[:200], column=one.label[:60], page=one.page, how="label")
        name = "po_number" if one.name == "po_or_part" else one.name
        if name not in _WANTED or name in {"amount", "stated_total", "gross_total", "tax", "po_number"}:
            continue
        if name == "order_date" and _is_other_day(one.label) and one not in printed:
            name = "ignore"
        if name == "requested_date" and draft.requested_date is not None and read_day(value, ways.days) is None:
            continue
        if name in {"ignore", "framework"}:
            kind = next((kind for kind, pattern in _REFERENCES if pattern.search(one.label)), None)
            if kind is not None and len(value) <= 60:
                number = _NUMBER.match(value)
                if number is not None:
                    draft.refer(kind, number["no"], source)
            done = kind is not None or name == "ignore"
        elif name == "incoterms" and incoterms_of(value.upper()) is None:
            done = draft.payment_terms is not None or put_field(draft, "payment_terms", value, source, ways)
        elif name == "currency":
            done = put_field(draft, name, value if currency_of(value) else value.split()[0], source, ways)
        elif name == "customer_number":
            number = _NUMBER.match(value)
            done = put_field(draft, name, number["no"] if number else value, source, ways)
        elif name == "order_date" and draft.order_date is not None:
            done = True
        elif name in {"order_date", "requested_date"}:
            done = put_field(draft, name, _day_text(value, ways), source, ways)
        elif (name == "payment_terms" and draft.payment_terms is not None) or (
            name == "incoterms" and draft.incoterms is not None
        ):
            done = True
        else:
            done = put_field(draft, name, value, source, ways)
        if done:
            used |= {id(word) for piece in one.pieces for word in piece.words}
    if not dated and draft.order_date is None:
        _title_day(draft, fields, ways, part)
    return used


def lone_day(draft: Draft, rows: Sequence[Row], used: set[int], ways: Ways, part: str) -> set[int]:
    """The one day that stands alone in the head of an order is its date, where no label names one."""
    if draft.order_date is not None:
        return set()
    found: list[tuple[Piece, str]] = []
    for row in rows:
        for piece in row.pieces:
            text = _PLACE_BEFORE.sub("", piece.text)
            days = list(find_days(text, ways.days))
            if (
                len(days) == 1
                and days[0].start == 0
                and days[0].end >= len(re.sub(r"[ .]+r?[ .]*$", "", text))
                and not any(id(word) in used for word in piece.words)
            ):
                found.append((piece, text))
    if len({text for _, text in found}) != 1:
        return set()
    piece, text = found[0]
    source = Source(part, piece.line, piece.text[:200], page=piece.page, how="place")
    put_field(draft, "order_date", text, source, ways)
    return {id(word) for one, _ in found for word in one.words}


_PLACE_BEFORE: Final = re.compile(
    r"^[^\W\d_][^\d,]{1,30},\s*(?:den|le|the|am|il|el|dnia|op|den)?\s*|^(?:den|le|the|am|du|del|vom|dated|z dnia)\s+",
    re.IGNORECASE,
)
"""``Bremen, den 3.11.2026``."""


def _day_text(value: str, ways: Ways) -> str:
    """The first day of a value with a time or a place behind it."""
    days = list(find_days(value, ways.days))
    return value[days[0].start : days[0].end] if len(days) == 1 else value


_PRINTED: Final = re.compile(r"print|druck|utskrift|impress|stampa|afdruk|wydruk|edi[cç][aã]o", re.IGNORECASE)
"""The day of printing is the order's where no other is."""
_OTHER_DAY: Final = re.compile(
    r"print|druck|quot|angebot|valid|g[uü]ltig|effective|revis|chang|[aä]nder|contract|invoice|rechnung|ship|due",
    re.IGNORECASE,
)


def _is_other_day(said: str) -> bool:
    return _OTHER_DAY.search(said) is not None


def _title_day(draft: Draft, fields: Sequence[Field], ways: Ways, part: str) -> None:
    """The day beside the order number: ``4711 / 3.11.2026``, ``4711 vom 03.11.2026``."""
    for one in fields:
        if one.name not in {"po_number", "po_or_part"}:
            continue
        days = list(find_days(one.value, ways.days))
        if len(days) == 1 and days[0].day is not None:
            source = Source(part, one.row, one.value[:200], page=one.page, how="label")
            put_field(draft, "order_date", one.value[days[0].start : days[0].end], source, ways)
            return


_OWN_LABEL: Final = re.compile(
    r"purchase|^po|bestell|comm?and|pedido|ordine|ordre|zam|inkop|encomenda|bestilling|^our|unser"
)
_OTHERS_LABEL: Final = re.compile(
    r"^your|^ihr|customer|kunden|votre|client|sales|vendor|suppl|previous|blanket|contract|related"
)


def po_numbers(fields: Sequence[Field]) -> list[tuple[str, Field]]:
    """The order numbers that labels name, best label first for each place; those of labels that may mean parts last."""
    found: list[tuple[int, str, Field]] = []
    for one in fields:
        if one.name not in {"po_number", "po_or_part", "number"}:
            continue
        spaced = _SPACED_NUMBER.match(one.value.strip())
        match = _NUMBER.match(one.value.strip())
        if spaced is not None and (match is None or len(spaced[0]) > len(match["no"])):
            number = spaced[0]
        elif match is not None:
            number = match["no"].rstrip(".-/,")
        else:
            continue
        if len(number) < 2 or _CHANGE_MARK.fullmatch(one.value.strip()):
            continue
        key = squash(one.label)
        rank = 1
        if one.name == "number":
            rank = 2
        elif _OWN_LABEL.search(key) is not None:
            rank = 0
        if _OTHERS_LABEL.search(key) is not None:
            rank = 3
        found.append((rank, number, one))
    found.sort(key=lambda one: one[0])
    return [(number, field) for rank, number, field in found if rank < 3] or [
        (number, field) for _, number, field in found
    ]

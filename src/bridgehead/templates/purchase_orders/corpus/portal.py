"""Writes the CSV files that purchasing portals and ERP list exports send, in eight styles.

Quoting by RFC 4180 where a style quotes at all; delimiters, decimals, dates, encodings and titles are the sender's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.csv_words import HEADS
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.locales import show_date, show_money, show_number
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder

Row = list[str]
_ORDER_KEYS: Final = (
    "action", "po", "date", "customer", "company", "currency", "terms", "incoterms", "ship_id", "ship_name", "street", "postal",
    "city", "country",
)  # fmt: skip
_LINE_KEYS: Final = (
    "line",
    "ours",
    "theirs",
    "gtin",
    "description",
    "quantity",
    "unit",
    "price",
    "basis",
    "amount",
    "due",
    "note",
)


@dataclass(frozen=True, slots=True)
class Style:
    """How an export writes. ``shape``: every row complete, a head before the table, or records of two kinds."""

    delimiter: str
    shape: str
    encoding: str = "utf-8"
    iso: bool = False
    quote_all: bool = False
    newline: str = "\r\n"
    titles: int | None = None


STYLES: Final[dict[str, Style]] = {
    "rows_semicolon": Style(";", "rows", encoding="cp1252"),
    "rows_comma": Style(",", "rows", iso=True, newline="\n"),
    "preamble": Style(";", "head"),
    "records": Style("|", "records", iso=True),
    "quoted_form": Style(",", "first_row", quote_all=True, encoding="utf-8-sig"),
    "excel_unicode": Style("\t", "rows", encoding="utf-16-le"),
    "tabs": Style("\t", "rows", titles=3, newline="\n"),
    "sap_list": Style("|", "list", encoding="cp1252"),
}


class Exporter:
    """Writes the values of one sender's export."""

    def __init__(self, sending: Envelope) -> None:
        self.sending = sending
        self.style = STYLES[sending.habit.layout.name]
        self.language, self.country = sending.habit.language, sending.customer.country
        self.heads = HEADS[self.language]
        self.voice = sending.habit.voice
        self.titles = self.voice % 4 if self.style.titles is None else self.style.titles

    def title(self, key: str) -> str:
        """Returns the column title for a key."""
        words = self.heads[key]
        return words[self.titles % len(words)]

    def number(self, amount: Decimal) -> str:
        """Returns a quantity; list exports give three decimals, always."""
        if self.style.shape == "list":
            return self._decimals(format(amount, ".3f"))
        if self.style.iso:
            return show_number(amount, "en", "GB", grouped=False)
        return show_number(amount, self.language, self.country, grouped=False)

    def money(self, amount: Decimal) -> str:
        """Returns an amount or a price."""
        if self.style.iso:
            return show_money(amount, "en", "GB", grouped=False)
        return show_money(amount, self.language, self.country, grouped=self.style.shape == "head")

    def day(self, day: date) -> str:
        """Returns a date."""
        if self.style.iso:
            return day.isoformat()
        numeric = {"en": 1 if self.country in {"US", "CA"} else 0}.get(self.language, 0)
        return show_date(day, self.language, self.country, numeric)

    def _decimals(self, text: str) -> str:
        whole, _, part = text.partition(".")
        grouped = show_number(Decimal(whole), self.language, self.country)
        mark = "." if self.language == "en" or self.country == "CH" else ","
        return f"{grouped}{mark}{part}"

    def order_cells(self, order: WrittenOrder) -> dict[str, str]:
        """Returns the values that hold for a whole order, by key; only what the sender shows."""
        customer, place = order.customer, order.ship_to
        cells = {"po": order.po_number}
        if order.purpose in {"change", "cancel"}:
            words = self.heads[order.purpose]
            cells = {"action": words[self.voice % len(words)], **cells}
        if order.order_date:
            cells["date"] = self.day(order.order_date)
        cells["customer"] = customer.number
        if self.voice % 3 != 1:
            cells["company"] = customer.name
        if order.currency:
            cells["currency"] = order.currency
        if order.payment_terms:
            cells["terms"] = _TERMS[self.language].format(n=order.payment_terms.removeprefix("N"))
        if order.incoterms:
            cells["incoterms"] = order.incoterms
        if place is not None:
            if place.id and self.voice % 2:
                cells["ship_id"] = place.id
            if _addressed(self.voice, place):
                cells.update(ship_name=place.name, street=place.street, postal=place.postal_code, city=place.city,
                             country=place.country)  # fmt: skip
        return cells

    def line_cells(self, order: WrittenOrder, line: WrittenLine, first: bool) -> dict[str, str]:  # noqa: FBT001 - one caller
        """Returns the values of one line, by key."""
        cells = {"line": str(line.number), "quantity": self.number(line.quantity), "unit": line.unit}
        named = {"ours": line.ours, "theirs": line.theirs, "gtin": line.gtin, "description": line.description}
        cells.update({key: text for key, text in named.items() if text})
        if line.price is not None:
            cells["price"] = self.money(line.price)
            if any(other.basis != 1 for other in order.lines):
                cells["basis"] = self.number(line.basis) if self.style.shape != "list" else str(int(line.basis))
        if line.amount is not None:
            cells["amount"] = self.money(line.amount)
        due = line.requested_date or order.requested_date
        if due:
            cells["due"] = self.day(due)
        notes = [*order.notes, *([order.instruction] if order.instruction else [])]
        if first and notes:
            cells["note"] = " / ".join(notes)
        return cells

    def encode(self, text: str) -> bytes:
        """Returns the bytes in the sender's encoding; in UTF-8 where that encoding lacks a letter."""
        if self.style.encoding == "utf-16-le":
            return ("\ufeff" + text).encode("utf-16-le")
        try:
            return text.encode(self.style.encoding)
        except UnicodeEncodeError:
            return text.encode("utf-8")


_TERMS: Final = {
    "en": "Net {n} days", "de": "{n} Tage netto", "fr": "{n} jours net", "es": "{n} días", "it": "{n} gg d.f.", "nl": "{n} dagen netto",
    "pl": "przelew {n} dni", "sv": "{n} dagar netto",
}  # fmt: skip


def _addressed(voice: int, place: Address) -> bool:
    """Returns True if name and address of a place are exported, and not its number alone."""
    return not place.id or not voice % 2 or voice % 3 == 0


def shown(habit: Habit, order: WrittenOrder) -> WrittenOrder:
    """Returns the order as its export says it: a place by its number alone at some portals, dates on every line."""
    place = order.ship_to
    if place is not None and not _addressed(habit.voice, place):
        place = replace(place, name="", street="", city="", postal_code="", country="")
    if order.requested_date is None:
        return replace(order, ship_to=place)
    dated = tuple(replace(line, requested_date=line.requested_date or order.requested_date) for line in order.lines)
    return replace(order, ship_to=place, requested_date=None, lines=dated)


def _quote(value: str, style: Style) -> str:
    if style.quote_all or style.delimiter in value or '"' in value or "\n" in value:
        return '"' + value.replace('"', '""') + '"'
    return value


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the export with these orders in it; one made again does not say so."""
    del resent
    exporter = Exporter(sending)
    tables = [_cells(exporter, order) for order in orders]
    shape = exporter.style.shape
    if shape in {"rows", "first_row", "list"}:
        rows = _flat(exporter, orders, tables, sparse=shape == "first_row")
    elif shape == "head":
        rows = [row for order, table in zip(orders, tables, strict=True) for row in _with_head(exporter, order, table)]
    else:
        rows = _records(exporter, orders, tables)
    style = exporter.style
    if shape == "list":
        return exporter.encode(_as_list(exporter, rows))
    delimiter = "," if style.delimiter == ";" and exporter.language == "en" else style.delimiter
    used = replace(style, delimiter=delimiter)
    return exporter.encode("".join(delimiter.join(_quote(cell, used) for cell in row) + style.newline for row in rows))


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns the export with a change or cancellation: one row for each line concerned, with the action in a column."""
    return write_orders(sending, [change.order])


Table = tuple[dict[str, str], list[dict[str, str]]]


def _cells(exporter: Exporter, order: WrittenOrder) -> Table:
    lines = [exporter.line_cells(order, line, index == 0) for index, line in enumerate(order.lines)]
    return exporter.order_cells(order), lines


def _used(keys: Sequence[str], tables: Sequence[dict[str, str]]) -> list[str]:
    return [key for key in keys if any(key in cells for cells in tables)]


def _flat(exporter: Exporter, orders: Sequence[WrittenOrder], tables: Sequence[Table], *, sparse: bool) -> list[Row]:
    heads = _used(_ORDER_KEYS, [head for head, _ in tables])
    columns = _used(_LINE_KEYS, [line for _, lines in tables for line in lines])
    totals = any(order.stated_total is not None for order in orders)
    titles = [exporter.title(key) for key in (*heads, *columns)] + ([exporter.title("total")] if totals else [])
    rows = [titles]
    for order, (head, lines) in zip(orders, tables, strict=True):
        for index, line in enumerate(lines or [{}]):
            told = not sparse or index == 0
            row = [head.get(key, "") if told else "" for key in heads] + [line.get(key, "") for key in columns]
            if totals:
                total = order.stated_total
                row.append(exporter.money(total) if total is not None and told else "")
            rows.append(row)
    return rows


def _with_head(exporter: Exporter, order: WrittenOrder, table: Table) -> list[Row]:
    head, lines = table
    columns = _used(_LINE_KEYS, lines)
    rows: list[Row] = [[exporter.title("title"), exporter.sending.customer.name]]
    rows.append([exporter.title("exported"), exporter.day(exporter.sending.at.date())])
    rows.extend([exporter.title(key), value] for key, value in head.items())
    rows.append([])
    rows.append([exporter.title(key) for key in columns])
    rows.extend([line.get(key, "") for key in columns] for line in lines)
    if order.stated_total is not None:
        filler = [""] * max(len(columns) - 2, 0)
        rows.append([exporter.title("total"), *filler, exporter.money(order.stated_total)])
    rows.append([])
    return rows


def _records(exporter: Exporter, orders: Sequence[WrittenOrder], tables: Sequence[Table]) -> list[Row]:
    heads = _used(_ORDER_KEYS, [head for head, _ in tables])
    columns = _used(_LINE_KEYS, [line for _, lines in tables for line in lines])
    rows: list[Row] = [["H", *(exporter.title(key) for key in heads)], ["L", *(exporter.title(key) for key in columns)]]
    if any(order.stated_total is not None for order in orders):
        rows.append(["T", exporter.title("total")])
    for order, (head, lines) in zip(orders, tables, strict=True):
        rows.append(["H", *(head.get(key, "") for key in heads)])
        rows.extend(["L", *(line.get(key, "") for key in columns)] for line in lines)
        if order.stated_total is not None:
            rows.append(["T", exporter.money(order.stated_total)])
    return rows


def _as_list(exporter: Exporter, rows: Sequence[Row]) -> str:
    """Returns the table as an ERP's list download prints it: padded, between bars, with rules of dashes."""
    clean = [[cell.replace("|", "/") for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in clean) for index in range(len(clean[0]))]
    rule = "-" * (sum(widths) + len(widths) + 1)
    numeric = {exporter.title(key) for key in ("quantity", "price", "amount", "total")}
    lines = [f"{exporter.day(exporter.sending.at.date())}    {exporter.title('title')}", "", rule]
    for number, row in enumerate(clean):
        cells = [
            cell.rjust(width) if clean[0][index] in numeric and number else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("|" + "|".join(cells) + "|")
        if number == 0:
            lines.append(rule)
    lines.append(rule)
    return exporter.style.newline.join(lines) + exporter.style.newline


_OTHER: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "delivery_note": {
        "en": ("Delivery Note No", "Ship Date", "Part No", "Qty Shipped", "Carrier"), "de": ("Lieferschein-Nr.", "Versanddatum", "Artikel", "Liefermenge", "Spediteur"),
        "fr": ("N° BL", "Date expédition", "Article", "Qté livrée", "Transporteur"), "es": ("N.º albarán", "Fecha envío", "Artículo", "Cant. entregada", "Transportista"),
        "it": ("N. DDT", "Data spedizione", "Articolo", "Q.tà consegnata", "Vettore"), "nl": ("Pakbonnr.", "Verzenddatum", "Artikel", "Aantal geleverd", "Vervoerder"),
        "pl": ("Nr WZ", "Data wysyłki", "Indeks", "Ilość wydana", "Przewoźnik"), "sv": ("Följesedelnr", "Utskeppat", "Artikel", "Levererat antal", "Transportör"),
    },
    "complaint": {
        "en": ("Claim No", "Claim Date", "Part No", "Qty Rejected", "Reason"), "de": ("Reklamations-Nr.", "Datum", "Artikel", "Beanstandete Menge", "Fehlerbild"),
        "fr": ("N° réclamation", "Date", "Article", "Qté refusée", "Motif"), "es": ("N.º reclamación", "Fecha", "Artículo", "Cant. rechazada", "Motivo"),
        "it": ("N. reclamo", "Data", "Articolo", "Q.tà contestata", "Motivo"), "nl": ("Klachtnr.", "Datum", "Artikel", "Aantal afgekeurd", "Reden"),
        "pl": ("Nr reklamacji", "Data", "Indeks", "Ilość wadliwa", "Przyczyna"), "sv": ("Reklamationsnr", "Datum", "Artikel", "Kasserat antal", "Orsak"),
    },
}  # fmt: skip
_REASONS: Final = {"en": "surface damaged", "de": "Oberfläche beschädigt", "fr": "surface endommagée", "es": "superficie dañada",
                   "it": "superficie danneggiata", "nl": "oppervlak beschadigd", "pl": "uszkodzona powierzchnia", "sv": "ytan skadad"}  # fmt: skip
_CARRIERS: Final = ("own truck", "parcel service", "freight forwarder 2")


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns an export that is no order: ``delivery_note`` or ``complaint``."""
    exporter = Exporter(sending)
    titles = list(_OTHER[kind][exporter.language])
    last = _REASONS[exporter.language] if kind == "complaint" else sending.dice.one(_CARRIERS)
    number = f"{'R' if kind == 'complaint' else 'L'}{26000 + sending.serial}"
    day = exporter.day(sending.at.date())
    rows: list[Row] = [[*titles, exporter.title("po")]]
    for line in lines:
        part = line.theirs or line.ours or line.gtin or ""
        rows.append([number, day, part, exporter.number(line.quantity), last, reference])
    style = Style(";", "rows")
    return exporter.encode("".join(";".join(_quote(cell, style) for cell in row) + "\r\n" for row in rows))

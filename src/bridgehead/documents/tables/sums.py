"""Reads the rows of sums below a table: net, taxes, freight, discount and total, each under its own name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

from bridgehead.documents.draft import Draft
from bridgehead.documents.order import Charge, Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.tables.table import Columns, is_total_row

SumKind = Literal["net", "tax", "total", "charge", "allowance", "quantity"]
_LONGEST: Final = 48
_KINDS: Final[tuple[tuple[SumKind, re.Pattern[str]], ...]] = (
    (
        "net",
        re.compile(
            r"(?:sub ?-?total|zwischensumme|summe netto|netto ?summe|netto(?:betrag|gesamt)?|nettogesamtbetrag|gesamt netto|sous-? ?total|total h\.? ?t\.?|montant h\.? ?t\.?|base imponible|imponibile|subtotale?|totale? (?:netto|neto|imponibile)|subtotaal|totaal excl\.? btw|net(?:to)? total|total net(?:to)?|total excl\.? (?:vat|tax)|suma netto|razem netto|summa exkl\.? moms|subtotal|total s/? ?iva|celkem bez dph|yhteensa alv 0|netto osszesen)"
        ),
    ),
    (
        "tax",
        re.compile(
            r"(?:\+ ?|zzgl\.? ?|plus )?(?:\d{1,2}(?:[.,]\d)? ?% ?)?(?:mwst|ust|vat|sales tax|tax(?:es)?|gst|hst|iva|t\.?v\.?a|btw|moms|mva|dph|alv|afa|podatek(?: vat)?|umsatzsteuer|mehrwertsteuer)\b.{0,20}"
        ),
    ),
    (
        "charge",
        re.compile(
            r"(?:shipping|freight|carriage|handling|packing|postage|surcharge|delivery (?:cost|charge|fee)s?|versand(?:kosten)?|fracht(?:kosten)?|porto|verpackung|transport(?:kosten)?|mindermengenzuschlag|zuschlag|frais(?: de)? (?:port|livraison|transport)|port|portes|gastos de envio|transporte|spese di (?:spedizione|trasporto)|trasporto|verzendkosten|vrachtkosten|frakt|leveringsomkostninger|koszt(?:y)? (?:transportu|dostawy|wysylki)|doprava|toimituskulut|szallitasi koltseg|s ?& ?h|other)\b.{0,20}"
        ),
    ),
    ("allowance", re.compile(r"(?:discount|rabatt|nachlass|skonto|remise|rabais|descuento|dto|sconto|korting|rabat|desconto|sleva|alennus|kedvezmeny)\b.{0,20}")),
    ("quantity", re.compile(r"(?:total (?:qty|quantity|pieces|units)|gesamtmenge|quantite totale|cantidad total|quantita totale|totaal aantal|laczna ilosc)")),
    (
        "total",
        re.compile(
            r"(?:(?:grand |order |po |purchase order )?total(?: order| amount| value| price| due| incl\.? (?:vat|tax)| usd| eur| gbp)?|(?:gesamt|end|rechnungs|bestell|auftrags)(?:summe|betrag|wert)?(?: brutto)?|summe|brutto(?:betrag|summe)?|total (?:general|ttc|commande|pedido|iva incl\w*)|montant total|importe total|totale?(?: ordine| generale| ivato)?|totaal(?:bedrag)?(?: incl\.? btw)?|summa|totalt|i alt|ialt|razem|suma|wartosc zamowienia|celkem|yhteensa|osszesen|vegosszeg|valor total|total geral)"
        ),
    ),
)  # fmt: skip


@lru_cache(maxsize=4096)
def sum_kind(label: str) -> SumKind | None:
    """What a label beside a sum says it is; None when it is no such label."""
    text = fold(re.sub(r"[\[(].{0,20}?[\])]|[€$£]", " ", label))[:80].strip(" :.=\t*")
    text = re.sub(r"\s+", " ", text)
    if not text or len(text) > _LONGEST:
        return None
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(text)), None)


def find_sum(columns: Columns, cells: Sequence[str]) -> tuple[int, SumKind] | None:
    """The cell that names a sum in a row that is one: its first, or one outside the columns that name an item."""
    items = {
        columns.index(name)
        for name in ("supplier_part", "customer_part", "gtin", "description", "quantity", "position")
    }
    filled = [index for index, cell in enumerate(cells) if cell.strip()]
    for index in filled[:-1]:
        kind = sum_kind(cells[index]) if index == filled[0] or index not in items else None
        if kind is not None and any(any(one.isdigit() for one in cells[after]) for after in filled if after > index):
            return index, kind
    return None


def take_sum(
    draft: Draft, columns: Columns, cells: Sequence[str], ways: Ways, source_of: Callable[[int], Source]
) -> bool:
    """Takes a row of sums; False when it is none. Sums of several orders are not for this."""
    found = find_sum(columns, cells)
    filled = [(index, cell.strip()) for index, cell in enumerate(cells) if cell.strip()]
    if found is None and not (is_total_row(cells) or label_of(filled[0][1].rstrip(": ")) in {"stated_total", "amount"}):
        return False
    at, kind = found or (filled[0][0], "total")
    amounts = [(index, cell) for index, cell in filled if index > at and read_price(cell, ways) is not None]
    quantity_at, amount_at = columns.index("quantity"), columns.index("amount")
    quantity = next((one for one in amounts if one[0] == quantity_at and amount_at is not None), None)
    value = next((one for one in amounts if one[0] == amount_at), None) or next(
        (one for one in reversed(amounts) if one != quantity), None
    )
    if kind != "quantity" and value is not None and value[0] == quantity_at:
        # Under the quantities stands their sum, whatever word is beside it.
        counted = read_quantity(value[1], ways)
        kind = "quantity" if counted is not None and counted.value == _ordered(draft) else kind
    if kind == "quantity":
        quantity, value = value or quantity, None
    if quantity is not None and kind in {"net", "total", "quantity"}:
        put_field(draft, "stated_quantity_total", quantity[1], source_of(quantity[0]), ways)
    if value is not None:
        price = read_price(value[1], ways)
        if price is not None:
            _put(draft, kind, price.value, cells[at].strip(), value, source_of(value[0]), ways)
    return value is not None or quantity is not None


def _ordered(draft: Draft) -> Decimal:
    return sum((line.quantity or Decimal(0) for line in draft.lines), Decimal(0))


def _put(
    draft: Draft, kind: SumKind, amount: Decimal, label: str, value: tuple[int, str], source: Source, ways: Ways
) -> None:
    where = f"line {source.line}"
    if kind == "tax":
        draft.state("tax_total", amount, where)
    elif kind == "charge" and amount:
        draft.charges.append(Charge(allowance=False, amount=abs(amount), reason=label[:80]))
    elif kind == "allowance" and amount:
        draft.charges.append(Charge(allowance=True, amount=abs(amount), reason=label[:80]))
    elif kind in {"net", "total"}:
        known = {one for one, _, _ in draft.controls}
        if kind == "total" and draft.stated_total is not None and draft.stated_total != amount and "tax_total" in known:
            draft.state("gross_total", amount, where)
        elif kind == "total" and draft.stated_total is not None and draft.stated_total != amount and draft.charges:
            draft.state("net_total", amount, where)
        else:
            put_field(draft, "stated_total", value[1], source, ways)


def close_sums(draft: Draft) -> None:
    """States the net total beside taxes and a gross total, so that each is checked by its own rule."""
    kinds = {kind for kind, _, _ in draft.controls}
    if draft.stated_total is not None and kinds & {"tax_total", "gross_total"} and "net_total" not in kinds:
        source = draft.sources.get("stated_total")
        draft.state("net_total", draft.stated_total, "" if source is None else f"line {source.line}")

"""Takes prices and amounts out of a line."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import Ways, price_of
from bridgehead.documents.tables.item import AMOUNT, Item, blank
from bridgehead.documents.terms import CURRENCY
from bridgehead.documents.units import UNIT_CODES

_PER: Final = r"(?:\s{0,2}(?:/|\bper\b|\bcada\b|\bpour\b|\bles\b|\bogni\b|\bza\b|\bpro\b|\bje\b|\bpar\b|\bpor\b|\bal?\b|\bla\b|\bcad(?:auno|a)?\b|\bp\.|\beach\b|\beach$|\bea\b)\.?\s{0,2}(?P<basis>(?:1[.,]?000|100|10|1)(?!\d|[.,]\d|[ \u00a0]\d{3}(?!\d)))?(?P<mil>%)?\s{0,2}(?P<per>[^\W\d_]{1,14}\.?)?)?"
_MONEY = re.compile(
    rf"(?P<lead>@|=|(?<![\w-])(?!(?:ep|po|at|zu|je|pu)\d)(?:à|á|a|je|zu|zu je|at|for|pour|por|di|per|prezzo|price|preis|prix|precio|prijs|pris|cena|pre[çc]o|hinta|ep|e-preis|einzelpreis|st[uü]ckpreis|unit price|prix unitaire|precio unitario|prezzo unitario|stukprijs|total|gesamt|summe|gp|gesamtpreis|totale|totaal|montant|importe|importo|bedrag|amount|line total|netto|net|ca\.|zum preis von|au prix de|al precio de|al prezzo di|tegen|voor|für)\.?:?\s{{0,3}})?"
    rf"(?:(?P<c1>{CURRENCY})\s{{0,2}}(?P<n1>{AMOUNT})|(?<![\w.,])(?P<n2>{AMOUNT})\s{{0,2}}(?P<c2>{CURRENCY}))" + _PER,
    re.IGNORECASE,
)
_BARE_PRICE = re.compile(
    rf"(?P<lead>@|=|(?:(?<=[\s,])|^)a(?= \d+[.,]\d{{2,4}}[\s.]*(?:=|$))|(?<=, )a(?= \d+[.,]\d{{2}})|(?<![\w-])(?!(?:ep|po|at|zu|je|pu)\d)(?:à|á|je|zu|at|price|zu je|po|netprice|unitprice|cena|pris|[áà]-pris|nettopreis|nettoprijs|nettopris|prezzo netto|precio neto|prix net|net price|cena netto|preis|prix|precio|prezzo|prijs|ep|e-preis|einzelpreis|st[uü]ckpreis|unit price|prix unitaire|precio unitario|prezzo unitario|stukprijs|p\.?u\.?\s?h\.?t|p\.?u\.?|au prix(?: unitaire)? de|al precio de|al prezzo di|zum (?:st[uü]ck)?preis von|at a price of|tegen(?: een prijs van)?|till ett pris av|w cenie))\.?\s{{0,2}}[:=]?\s{{0,2}}(?P<n>{AMOUNT})(?![\w%]|[.,]\d)"
    + _PER,
    re.IGNORECASE,
)
_PER_PRICE = re.compile(
    rf"(?P<lead>)(?<![\w.,])(?P<n>\d{{1,3}}(?:[ .,'’]\d{{3}})*[.,]\d{{2,4}})\s{{0,2}}/\s{{0,2}}(?P<basis>(?:1[.,]?000|100|10|1)(?!\d|[.,]\d|[ \u00a0]\d{{3}}(?!\d)))?(?P<mil>%)?\s{{0,2}}(?P<per>(?:{'|'.join(sorted(map(re.escape, UNIT_CODES), key=len, reverse=True))})\b\.?)",
    re.IGNORECASE,
)
_LAST_AMOUNT = re.compile(r"\s{2,}(\d{1,3}(?:[ .,'’\u00a0]\d{3})*[.,]\d{2})\s*$")
_TOTAL_LEAD = re.compile(r"=|total|gesamt|summe|gp|montant|importe|importo|bedrag|totaal|amount", re.IGNORECASE)


def take_money(rest: str, item: Item, ways: Ways, source: Source) -> str:
    """Takes price and amount; returns what is left of the line. More than two amounts of money are a doubt."""
    line = item.line
    found: list[tuple[Decimal, bool, bool]] = []
    spans: list[tuple[int, int]] = []
    matches = list(_MONEY.finditer(rest)) or list(_BARE_PRICE.finditer(rest)) or list(_PER_PRICE.finditer(rest))
    for match in matches[:6]:
        groups = match.groupdict()
        number = groups.get("n1") or groups.get("n2") or groups.get("n") or ""
        per = (match["per"] or "").rstrip(".")
        end = match.end()
        if per and per.lower() not in UNIT_CODES and per.lower() not in {"stueck", "each"}:
            end = match.start("per")
            per = ""
        price = price_of(number, groups.get("c1") or groups.get("c2"), match["basis"], per, ways)
        if price is None:
            continue
        lead = match["lead"] or ""
        is_total = bool(_TOTAL_LEAD.search(lead)) and "einzel" not in lead.lower()
        found.append((price.value, is_total, price.certain))
        spans.append((match.start(), end))
        item.currency = item.currency or price.currency
        if not is_total and line.price is None:
            line.price = price.value
            line.mark("price", source)
            if match["basis"]:
                line.price_basis = price.basis
                line.mark("price_basis", source)
            if match["mil"]:
                item.doubts.append("uncertain: the price is per cent of something")
            item.price_unit = price.unit
            if not price.certain:
                item.doubts.append(f"uncertain: price {number!r} can be read two ways")
        elif line.amount is None:
            line.amount = price.value
            line.mark("amount", source)
        elif price.value not in {line.price, line.amount}:
            item.doubts.append("uncertain: the line names more than two amounts of money")
    for start, end in reversed(spans):
        rest = blank(rest, start, end)
    last = _LAST_AMOUNT.search(rest)
    if last is not None and line.price is not None and line.amount is None:
        amount = price_of(last[1], None, None, "", ways)
        if amount is not None:
            line.amount = amount.value
            line.mark("amount", source)
            rest = blank(rest, last.start(), last.end())
    return rest

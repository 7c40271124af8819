"""Reads one item out of one line of prose or list text, and says what in it could be read two ways."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bridgehead.documents.dates import Day, find_days
from bridgehead.documents.draft import DraftLine
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import DIGITS, Quantity, Ways, price_of, quantity_of, written_unit
from bridgehead.documents.terms import CURRENCY
from bridgehead.documents.units import UNIT_CODES

MAX_LINE = 300
_GAP: Final = "\x01"
_QUANTITY_GAP: Final = "\x03"
_BULLET = re.compile(r"^[\s>]{0,12}(?:[-*•–—·▪‣●○◦]|\+)\s{1,4}(?=\S)")
_POSITION = re.compile(
    r"^\s{0,12}(?:(?:n\.?[°º]?\s)?(?:pos(?:ition|ici[oó]n|izione|itie)?|line|zeile|ligne|poste|l[ií]nea|riga|regel|rad|poz(?:ycja)?|punkt)\.?\s{0,2}(?:no\.?|nr\.?|n°)?\s{0,2}(\d{1,5})\s{0,2}[:.)\-–|]?|#?(\d{1,4})\s{0,2}[.):]|\((\d{1,4})\)|\[(\d{1,4})\]|(0\d{2,5})(?=\s{1,6}\S*[A-Za-z\d])|[a-h]\))\s{1,6}(?=\S)",
    re.IGNORECASE,
)
_CODE: Final = r"[A-Za-z0-9](?:[A-Za-z0-9]|[-./_#+](?=[A-Za-z0-9])){1,34}"
_PART_WORDS: Final = (
    r"(?:art(?:ikel|icle|icolo|[ií]culo)?|item|part|produ(?:ct|kt|it|cto)|prodotto|material|mat|teil|bestell|stock|catalog(?:ue)?|sku|p/n|pn|ref(?:erence|erencia|erenz)?|r[eé]f(?:[eé]rence)?|rif(?:erimento)?"
    r"|c[oó]d(?:igo|ice|e)?|code|ident)"
)
_NUMBER_WORDS: Final = r"(?:[ .\-]{0,2}(?:no|nr|num(?:ber|mer|éro|ero)?|nummer|numero|n[°ºo]|#|code|id|art))?"
_LABELLED = re.compile(
    rf"(?:\b(?P<side>our|your|customer|supplier|vendor|client|mfr|unsere|ihre|kunden|lieferanten|hersteller|notre|votre|nos|vos|nuestra|nuestro|su|nostro|nostra|vostro|vostra|onze|ons|uw|klant|leveranciers)\b[ .\-]{{0,2}})?"
    rf"(?<![\w-])(?P<word>(?:kunden|lieferanten|klant|leveranciers)?[ \-]?{_PART_WORDS}){_NUMBER_WORDS}\.?(?:\s{{0,2}}(?:client|fournisseur|cliente|proveedor|fornitore|klant|leverancier))?\s{{0,2}}[:=#]?\s{{0,2}}(?P<code>{_CODE})(?![\w])",
    re.IGNORECASE,
)
_SIDED = re.compile(
    rf"\b(?P<side>our|your|unsere?|ihre?|notre|votre|nuestr[ao]|su|nostr[ao]|vostr[ao]|onze|ons|uw|customer|kunden?|client|cliente|klant)\s{{0,2}}[:=]?\s{{0,2}}(?:ref|nr|no|n°|code|number|nummer)?\.?\s{{0,2}}[:=]?\s{{0,2}}(?P<code>{_CODE})(?![\w])",
    re.IGNORECASE,
)
_OURS_WORDS: Final = (
    "our customer client unsere unser kunden kunde notre nos nuestra nuestro nostro nostra onze ons klant cliente"
)
_OURS: Final = frozenset(_OURS_WORDS.split())
_YOURS_WORDS: Final = "your supplier vendor mfr ihre ihr lieferanten hersteller votre vos su vostro vostra uw leveranciers fournisseur proveedor fornitore leverancier"
_YOURS: Final = frozenset(_YOURS_WORDS.split())
_CONNECTING_WORDS: Final = "of von vom de d' di van x item article artikel part each the to and und et y e en à a der des mal pro je per netto net unités ref réf art units for at zu your our"
_CONNECTING: Final = frozenset(_CONNECTING_WORDS.split())
_GTIN = re.compile(r"\b(?:gtin|ean|upc)(?:[- ]?\d{1,2})?(?:[- ]?code)?\W{0,3}(\d{8}|\d{12,14})\b", re.IGNORECASE)
_BARE_GTIN = re.compile(r"(?<![\w.,-])(\d{13,14})(?![\w-]|[.,]\d)")
_AMOUNT: Final = rf"(?:\d{{1,3}}(?:[ \u00a0\u202f'’]\d{{3}})+(?:[.,]\d{{1,4}})?|{DIGITS})(?:,-|,--|\.-|\.--|\.—)?"
_PER: Final = r"(?:\s{0,2}(?:/|\bper\b|\bcada\b|\bpour\b|\bles\b|\bogni\b|\bza\b|\bpro\b|\bje\b|\bpar\b|\bpor\b|\bal?\b|\bla\b|\bcad(?:auno|a)?\b|\bp\.|\beach\b|\beach$|\bea\b)\.?\s{0,2}(?P<basis>1[.,]?000|100|10|1(?!\d|[.,]\d))?(?P<mil>%)?\s{0,2}(?P<per>[^\W\d_]{1,14}\.?)?)?"
_MONEY = re.compile(
    rf"(?P<lead>@|=|(?<!\w)(?:à|á|a|je|zu|zu je|at|for|pour|por|di|per|prezzo|price|preis|prix|precio|prijs|ep|e-preis|einzelpreis|st[uü]ckpreis|unit price|prix unitaire|precio unitario|prezzo unitario|stukprijs|total|gesamt|summe|gp|gesamtpreis|totale|totaal|montant|importe|importo|bedrag|amount|line total|netto|net|ca\.|zum preis von|au prix de|al precio de|al prezzo di|tegen|voor|für)\.?:?\s{{0,3}})?"
    rf"(?:(?P<c1>{CURRENCY})\s{{0,2}}(?P<n1>{_AMOUNT})|(?<![\w.,])(?P<n2>{_AMOUNT})\s{{0,2}}(?P<c2>{CURRENCY}))" + _PER,
    re.IGNORECASE,
)
_BARE_PRICE = re.compile(
    rf"(?P<lead>@|(?<=[\s,])a(?= \d+[.,]\d{{2,4}}[\s.]*$)|(?<=, )a(?= \d+[.,]\d{{2}})|(?<!\w)(?:à|á|je|zu|at|price|zu je|po|netprice|unitprice|cena|pris|[áà]-pris|nettopreis|nettoprijs|nettopris|prezzo netto|precio neto|prix net|net price|cena netto|preis|prix|precio|prezzo|prijs|ep|e-preis|einzelpreis|st[uü]ckpreis|unit price|prix unitaire|precio unitario|prezzo unitario|stukprijs|p\.?u\.?\s?h\.?t|p\.?u\.?|au prix(?: unitaire)? de|al precio de|al prezzo di|zum (?:st[uü]ck)?preis von|at a price of|tegen(?: een prijs van)?|till ett pris av|w cenie))\.?\s{{0,2}}[:=]?\s{{0,2}}(?P<n>{_AMOUNT})(?![\w%]|[.,]\d)"
    + _PER,
    re.IGNORECASE,
)
_PER_PRICE = re.compile(
    rf"(?P<lead>)(?<![\w.,])(?P<n>\d{{1,3}}(?:[ .,'’]\d{{3}})*[.,]\d{{2,4}})\s{{0,2}}/\s{{0,2}}(?P<basis>1[.,]?000|100|10|1)?(?P<mil>%)?\s{{0,2}}(?P<per>(?:{'|'.join(sorted(map(re.escape, UNIT_CODES), key=len, reverse=True))})\b\.?)",
    re.IGNORECASE,
)
_LAST_AMOUNT = re.compile(r"\s{2,}(\d{1,3}(?:[ .,'’\u00a0]\d{3})*[.,]\d{2})\s*$")
_GROUPS = re.compile(rf"{_QUANTITY_GAP} *(\d{{2,4}}(?: \d{{2,4}}){{1,3}})(?=\.?(?: +[^\W\d_]{{2,}}|\s*[,;(–-]|\s*$))")
_LOOSE_NUMBER = re.compile(r"(?:^|[\s,;:])\d{1,3}(?:[.,' ]?\d{3})*[.,]\d{2,4}$")
_LOOSE_PRICE = re.compile(
    r"(?<![\w.,/-])\d{1,3}(?:[.,' ]?\d{3})*[.,]\d{2,4}(?=\s*(?:$|[\x01\x03]|\s{2}|[^\W\d_]{4,}|\d))"
)
_NEGATIVE = re.compile(
    r"(?:^|[\s;|])(?:[\u2010-\u2015\u2212]\d|-\d(?![\d.,/]{0,12}-))|\u2212\s?\d|(?:\s{2}|\t|[|;]\s?)[\u2010-\u2015-]\s\d|\(\s?-\s?\d"
)
"""A number that is less than nothing: a dash of any kind glued to it, or a dash that opens a column."""
_SHORT_DAY = re.compile(r"\d{1,2}\.\d{2}\.?")
_PRICE_LEAD = re.compile(
    rf"(?:@|=|{CURRENCY}|(?<!\w)(?:[àáa]|je|zu|at|price|preis|prix|precio|prezzo|prijs|pris|cena)):?\s{{0,3}}$",
    re.IGNORECASE,
)
MOST_LIKELY: Final = 3
_LOOSE_DIGIT = re.compile(r"(?<![\w.,/])\d{1,3}\s$")
_TOTAL_LEAD = re.compile(r"=|total|gesamt|summe|gp|montant|importe|importo|bedrag|totaal|amount", re.IGNORECASE)
_LABELLED_QTY = re.compile(
    rf"(?<![\w])(?:qt[eé] cd[eé]e|hoeveelheid|besteld|bestellt|orderqty|unidades|best[aä]llt antal|ilo[sś][cć] zam|qty|quantity|quant|menge|anzahl|st[uü]ckzahl|qt[eé]|quantit[eé]|cantidad|cant|ctd|quantit[aà]|q\.?t[aà]|aantal|antal|ilo[śs][ćc]|order(?:ed)? qty|bestellmenge)\.?\s{{0,2}}[:=]?\s{{0,2}}(?P<n>{_AMOUNT})\s{{0,2}}(?P<u>[^\W\d_]{{1,14}}[²³]?)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    rf"(?<![\w.,/+-])(?P<n>\d{{1,3}}(?:[\u00a0\u202f'’]\d{{3}})+(?:[.,]\d{{1,3}})?|{DIGITS})(?P<t>[^\W\d_]{{1,14}}[²³]?\.?|×)?"
)
_AFTER = re.compile(
    r"\s{0,3}(?:(?P<x>[xX×*]|mal|fois|veces|volte|times|keer)(?=\s|\d|[A-Z(])|(?P<u>[^\W\d_]{1,14}[²³]?)\.?(?![\w-]))"
)
_BEFORE_UNIT = re.compile(r"(?P<u>[^\W\d_]{1,14})\.?\s{1,2}$")
_TIMES_BEFORE = re.compile(r"(?:^|\s)[xX×]\s{0,2}$")
_TOKEN = re.compile(rf"(?<![\w-])(?P<code>{_CODE})(?![\w])")
_DIMENSION = re.compile(
    r"(?:(?:RAL|ISO|DIN|EN|IEC|ANSI|AISI|BSP|PVC-?U)-?\d+(?:[.,/x×-]\d+)*(?:-[A-Z]\d?)?"
    r"|(?:DN|PN|NW|NB|SW|IP|PE|PVC|SS|EPDM|NBR|FKM|V2A|V4A|A[24]|CL|SCH|M|G|R|TX|PZ|PH|T|L|H|B|KW|CW|WK|PA)-?\d{1,3}(?:[.,/x×]\d+)*(?:mm)?"
    r"|\d+(?:[.,/]\d+)?(?:mm|cm|dm|km|kg|mg|kw|hz|bar|ml|ma|kv|va|vac|vdc|nm|um|µm|in|inch|qm|psi|mpa|kn|ah|mah|rpm|gb|tb|ohm|kohm|uf|pin|pol|fach|way|er|st|nd|rd|th)"
    r"|\d{1,3}(?:[.,/]\d+)?[mgvawlcx]"
    r"|m\d+x\d+(?:[.,]\d+)?|\d+(?:[.,]\d+)?(?:x\d+(?:[.,]\d+)?){1,3}(?:mm|cm|m)?|\d+/\d+|\d{1,2}[:.]\d{2}|24/7|\d\.\d{4})",
    re.IGNORECASE,
)
_DEVIATION = re.compile(
    r"\b(?:only|nur|lediglich|seulement|uniquement|solamente|soltanto|slechts|enbart|endast|bara|tylko|instead|rather than|statt|anstatt|au lieu|en lugar|en vez|invece|in plaats|anzich\w*|sondern|not \d|nicht \d|pas \d|no \d|non \d|niet \d)\b",
    re.IGNORECASE,
)
_CONNECTOR = re.compile(
    rf"[{_GAP}{_QUANTITY_GAP}]\s*(?:of|of the|of your|von|vom|de|d[\u2019']|del|di|van|der)\s*$", re.IGNORECASE
)
_GLUED = re.compile(rf"([^\W\d_.])(?={CURRENCY}\s?\d)")
_GLUED_UNIT = re.compile(r"(?<=\d )([^\W\d_]{1,12})\.?(?=\d{1,9}(?: \d{3}){0,3}[.,]\d{2})")
_SPACED = re.compile(r"(?<![\w.,])(?<!\S)(\d{1,3}) (\d{3})(?= ?([^\W\d_]{2,14}))")
_DATE_WORD = re.compile(
    r"[\s,;(–|-]*(?:\b(?:(?:requested |required )?deliver(?:y|ed)?(?: date| by| on)?|due(?: date| by)?|needed by|req\.?(?: date)?|by|until|for|on|liefertermin|lieferdatum|lieferung(?: bis| am| zum)?|termin|lt|bis(?: zum| spätestens)?|zum|am|wunschtermin|livraison(?: souhaitée)?(?: le| pour le| avant le)?|date de livraison|pour le|avant le|le|entrega(?: el| para el)?|fecha(?: de entrega)?|para el|antes del|el|consegna(?: entro il| entro| il)?|data consegna|entro il|entro|per il|il|levering(?: op| voor| uiterlijk)?|leverdatum|uiterlijk|op|vóór|voor|tegen)\s*[:.]?\s*)$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Item:
    """What a line holds of an item; ``doubts`` are what could be read two ways, ``price_unit`` what the price is per."""

    line: DraftLine
    rank: int = 0
    doubts: list[str] = field(default_factory=list)
    currency: str | None = None
    price_unit: str = ""
    listed: bool = False
    code_rank: int = 0
    sided: str = ""

    @property
    def priced(self) -> bool:
        """Whether the line states a price."""
        return self.line.price is not None


@dataclass(slots=True)
class _Candidate:
    quantity: Quantity
    rank: int
    start: int
    end: int


def read_item(text: str, ways: Ways, source: Source) -> Item | None:
    """Reads a line such as ``10 x 4711-A valve DN20 at 3.20 EUR``; None when nothing in it is ordered.

    ``rank`` says how the quantity was found: 5 labelled, 4 with a unit or times sign at the start, 3 with
    one elsewhere, 2 bare at the start, 1 bare at the end, 0 not at all.
    """
    if len(text) > MAX_LINE or _DEVIATION.search(text) or not any(one.isdigit() for one in text):
        return None
    item = Item(DraftLine())
    text = _GLUED_UNIT.sub(lambda found: found[0] + "   " if found[1].lower() in UNIT_CODES else found[0], text)
    rest = _GLUED.sub(r"\1   ", text.replace("\t", "   ").replace("|", "  "))
    bullet = _BULLET.match(rest)
    if bullet is not None:
        item.listed = True
        rest = rest[bullet.end() :]
    position = _POSITION.match(rest)
    if position is not None and any(one.isdigit() for one in rest[position.end() :]):
        item.listed = True
        number = position[1] or position[2] or position[3] or position[4] or position[5]
        if number and int(number) > 0:
            item.line.number = int(number)
            item.line.mark("number", source)
        rest = rest[position.end() :]
    rest = rest.strip()
    rest = _take_codes(rest, item, source)
    rest = _take_day(rest, item, ways, source)
    rest = _take_money(rest, item, ways, source)
    rest = _take_quantity(rest, item, ways, source)
    left = _take_bare_code(rest, item, source)
    if item.rank >= 1 and _NEGATIVE.search(text):
        item.doubts.append("uncertain: a dash stands before a number of the line; it may take something back")
    if item.line.price is None and (_LOOSE_NUMBER.search(item.line.description or "") or _LOOSE_PRICE.search(left)):
        item.doubts.append("uncertain: a number of the line may be its price")
    if item.line.part is not None and _twin_of(item.line.part, left):
        item.doubts.append("uncertain: the line names a second part number")
    return item


def _twin_of(part: str, left: str) -> bool:
    """Whether what is left of a line holds a word built like its part number, letters for letters."""
    form = _form(part)
    return code_rank(part) >= MOST_LIKELY and any(
        _form(found["code"]) == form and found["code"] != part for found in _TOKEN.finditer(left)
    )


def _form(code: str) -> str:
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "0", code))


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + f" {_GAP} " + text[end:]


def _has_digit(text: str) -> bool:
    return any(one.isdigit() for one in text)


def _take_codes(rest: str, item: Item, source: Source) -> str:
    found = _GTIN.search(rest)
    if found is not None:
        item.line.gtin = found[1]
        item.line.mark("gtin", source)
        rest = _blank(rest, found.start(), found.end())
    for pattern, sided in ((_LABELLED, True), (_SIDED, True), (_LABELLED, True), (_SIDED, True), (_LABELLED, False)):
        for match in pattern.finditer(rest):
            code = match["code"]
            if not _has_digit(code) or len(code) < 2 or code.lower() in UNIT_CODES:
                continue
            side = (match["side"] or "").lower()
            words = match[0][: -len(code)].lower()
            ours = side in _OURS or any(word in words for word in ("kunden", "client", "klant", "customer"))
            yours = side in _YOURS or any(
                word in words
                for word in ("lieferant", "fournisseur", "proveedor", "fornitore", "leverancier", "supplier", "vendor")
            )
            if sided != (ours != yours):
                continue
            name = "customer_part" if ours and not yours else "supplier_part"
            if not sided and item.sided == "supplier_part":
                name = "customer_part"
            if getattr(item.line, name) is not None:
                continue
            item.sided = name if sided else item.sided or "none"
            setattr(item.line, name, code)
            item.line.mark(name, source)
            item.code_rank = 9
            rest = _blank(rest, match.start(), match.end())
            break
    if item.line.gtin is None:
        bare = _BARE_GTIN.search(rest)
        if bare is not None:
            item.line.gtin = bare[1]
            item.line.mark("gtin", source)
            rest = _blank(rest, bare.start(), bare.end())
    return rest


def _take_day(rest: str, item: Item, ways: Ways, source: Source) -> str:
    days = [day for day in find_days(rest, ways.days) if not _priced(rest, day)]
    if not days:
        return rest
    first = days[0]
    if len(days) > 1:
        item.doubts.append("date: the line names several days")
    elif first.day is None:
        item.doubts.append(f"date: {first.text[:40]!r} {first.doubt}")
    else:
        item.line.requested_date = first.day
        item.line.mark("requested_date", source)
    for day in reversed(days):
        word = _DATE_WORD.search(rest[: day.start])
        rest = _blank(rest, word.start() if word else day.start, day.end)
    return rest


def _priced(rest: str, day: Day) -> bool:
    """Whether what may be a day without a year is the price that ends a sentence: ``@ 1.03.``."""
    return (
        _SHORT_DAY.fullmatch(rest[day.start : day.end]) is not None
        and _PRICE_LEAD.search(rest[: day.start]) is not None
    )


def _take_money(rest: str, item: Item, ways: Ways, source: Source) -> str:
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
        rest = _blank(rest, start, end)
    last = _LAST_AMOUNT.search(rest)
    if last is not None and line.price is not None and line.amount is None:
        amount = price_of(last[1], None, None, "", ways)
        if amount is not None:
            line.amount = amount.value
            line.mark("amount", source)
            rest = _blank(rest, last.start(), last.end())
    return rest


def _take_quantity(rest: str, item: Item, ways: Ways, source: Source) -> str:
    if item.line.price is None and item.line.amount is None:
        columns = _take_columns(rest, item, ways, source)
        if columns is not rest:
            return columns
    rest = _join_thousands(rest, item)
    candidates: list[_Candidate] = []
    labelled = _LABELLED_QTY.search(rest)
    if labelled is not None:
        unit = labelled["u"] or ""
        known = unit.lower() in UNIT_CODES
        quantity = quantity_of(labelled["n"], unit if known else "", ways)
        if quantity is not None:
            end = labelled.end() if known or not unit else labelled.start("u")
            candidates.append(_Candidate(quantity, 5, labelled.start(), end))
    stripped = rest.replace(_GAP, " ")
    start_of_text = len(stripped) - len(stripped.lstrip(" -–:.,;("))
    for match in _NUMBER.finditer(rest):
        candidate = _candidate(rest, match, ways, at_start=match.start() <= start_of_text)
        if candidate is not None:
            candidates.append(candidate)
    if not candidates:
        return rest
    top = max(one.rank for one in candidates)
    best = [one for one in candidates if one.rank == top]
    chosen = best[0]
    if len({(one.quantity.value, one.quantity.unit) for one in best}) > 1:
        item.doubts.append(f"uncertain: {len(best)} numbers of the line could be its quantity")
    line = item.line
    line.quantity = chosen.quantity.value
    line.mark("quantity", source)
    line.unit = chosen.quantity.unit
    if line.unit:
        line.mark("unit", source)
    item.rank = top
    if not chosen.quantity.certain and not _adds_up(line):
        item.doubts.append("uncertain: the quantity can be read two ways")
    if not _adds_up(line) and _LOOSE_DIGIT.search(rest[: chosen.start]):
        item.doubts.append("uncertain: another number stands right before the quantity")
    return rest[: chosen.start] + f" {_QUANTITY_GAP} " + rest[chosen.end :]


def _join_thousands(rest: str, item: Item) -> str:
    """``1 000 pcs`` is a thousand; ``1 100 pcs`` may be one hundred in line one, and is doubted."""

    def joined(match: re.Match[str]) -> str:
        if match[3].lower() not in UNIT_CODES:
            return match[0]
        own_column = match.start() >= 2 and not rest[match.start() - 2 : match.start()].strip()
        first = not rest[: match.start()].strip() and not item.listed
        if first and not match[2].startswith("0") and not own_column:
            item.doubts.append(f"uncertain: {match[0]!r} can be read two ways")
        return match[1] + match[2]

    return _SPACED.sub(joined, rest)


def _take_columns(rest: str, item: Item, ways: Ways, source: Source) -> str:
    """A row without headings whose last cells are bare numbers: quantity, price and perhaps amount."""
    cells = [cell for cell in re.split(r"\s{2,}|\t|;", rest) if cell.strip(f" {_GAP}")]
    tail: list[str] = []
    while cells and re.fullmatch(_AMOUNT, cells[-1].strip()):
        tail.insert(0, cells.pop().strip())
    if not cells or not 2 <= len(tail) <= 3:
        return rest
    quantity = quantity_of(tail[0], "", ways)
    price = price_of(tail[1], None, None, "", ways)
    amount = price_of(tail[2], None, None, "", ways) if len(tail) == 3 else None
    if (
        quantity is None
        or price is None
        or not re.search(r"[.,]\d{2,4}$", tail[1])
        or re.search(r"[.,]\d{2}$", tail[0])
    ):
        return rest
    line = item.line
    line.quantity, line.price = quantity.value, price.value
    line.amount = amount.value if amount is not None else None
    for name in ("quantity", "price", "amount"):
        if getattr(line, name) is not None:
            line.mark(name, source)
    item.rank = 3
    proven = _adds_up(line)
    if not (quantity.certain and price.certain) and not proven:
        item.doubts.append("uncertain: the numbers of the line can be read two ways")
    if amount is not None and not proven:
        item.doubts.append("uncertain: the numbers of the line do not multiply")
    return f" {_GAP} ".join(cells) + f" {_QUANTITY_GAP} "


def _candidate(rest: str, match: re.Match[str], ways: Ways, *, at_start: bool) -> _Candidate | None:  # noqa: C901 - one branch for each place a quantity stands in
    tail = (match["t"] or "").rstrip(".")
    end, unit, times = match.end(), "", False
    if tail:
        following = rest[end : end + 1]
        if tail.lower() in {"x", "×"} and (not following or following in " \t" or following.isalnum()):
            times = True
            if not at_start and following.isdigit():
                return None
        elif tail.lower() in UNIT_CODES and not (following.isalnum() or following in {"-", "/", "_"}):
            unit = tail
        else:
            return None
    else:
        if rest[end : end + 1] in {"-", "/", "_", "%", "°", '"', "”", "+", "#"} and rest[end : end + 2] != "- ":
            return None
        after = _AFTER.match(rest, end)
        if after is not None and after["x"]:
            if not at_start and rest[after.end() : after.end() + 4].strip()[:1].isdigit() and "x" in after["x"].lower():
                return None
            times, end = True, after.end()
        elif after is not None and after["u"].lower() in UNIT_CODES:
            unit, end = after["u"], after.end()
    number = match["n"]
    if times and not unit:
        after = _AFTER.match(rest, end)
        if after is not None and after["u"] and after["u"].lower() in UNIT_CODES and len(after["u"]) > 1:
            unit, end = after["u"], after.end()
    start = match.start()
    if not unit and not times:
        before = _TIMES_BEFORE.search(rest[:start])
        if before is not None:
            times, start = True, before.start()
        else:
            word = _BEFORE_UNIT.search(rest[:start][-20:])
            if (
                word is not None
                and word["u"].lower() in UNIT_CODES
                and len(word["u"]) > 1
                and word["u"].lower() not in {"la", "to", "st", "un", "an"}
            ):
                unit = word["u"]
                start -= len(word[0])
    quantity = quantity_of(number, unit, ways)
    if quantity is None or quantity.value == 0 or len(number) > 12:
        return None
    small_unit = unit.lower() in {"m", "l", "g", "t", "mm", "u", "a", "kg", "ml"} and not at_start
    if unit or times:
        rank = 4 if at_start else (2 if small_unit else 3)
    elif at_start:
        rank = 2 if len(number) < 6 else 0
    elif not rest[end:].replace(_GAP, "").strip(" .,;)"):
        rank = 1 if len(number) < 6 and number.isdigit() else 0
    else:
        return None
    if rank == 0:
        return None
    return _Candidate(quantity, rank, start, end)


def _take_bare_code(rest: str, item: Item, source: Source) -> str:
    """Takes part number and description; returns what is left of the line."""
    line = item.line
    best: tuple[int, int, int] | None = None
    rivals = 0
    if line.part is None or line.part == line.gtin or item.sided in {"customer_part", "supplier_part"}:
        grouped = _GROUPS.search(rest)
        if grouped is not None:
            best = (9, grouped.start(1), grouped.end(1))
        for match in _TOKEN.finditer(rest) if grouped is None else ():
            rank = code_rank(match["code"])
            if rank == 0:
                continue
            before = rest[: match.start()].rstrip(" (:[-–,;")
            if before.endswith((_GAP, _QUANTITY_GAP)) or not before or _CONNECTOR.search(before):
                rank += 3
            if rest[max(0, match.start() - 1) : match.start()] in {"(", "["}:
                rank += 1
            if best is None or rank > best[0]:
                rivals = 0 if best is None or best[0] < rank - 1 else rivals + 1
                best = (rank, match.start(), match.end())
            elif rank == best[0]:
                rivals += 1
        name = "customer_part" if item.sided == "supplier_part" else "supplier_part"
        least = 5 if item.sided or line.gtin is not None else 0
        if best is not None and best[0] >= least and getattr(line, name) is None:
            setattr(line, name, rest[best[1] : best[2]])
            line.mark(name, source)
            item.code_rank = max(best[0], item.code_rank)
            rest = _blank(rest, best[1], best[2])
            if rivals and not item.sided:
                item.doubts.append("uncertain: several words of the line could be its part number")
    whole = rest
    before, _, after = rest.partition(_QUANTITY_GAP)
    if item.rank == 3 and sum(one.isalpha() for one in after) > 3 and not item.listed:
        rest = after
    words = re.sub(r"[()\[\]]", " ", rest.replace(_QUANTITY_GAP, _GAP).replace(_GAP, " \x02 "))
    pieces = [piece.strip(" -–—:,;.=@/*") for piece in words.split("\x02")]
    kept = [
        piece for piece in pieces if piece and piece.lower() not in _CONNECTING and any(one.isalpha() for one in piece)
    ]
    if kept:
        line.description = re.sub(r"\s+", " ", " ".join(kept))[:300]
        line.mark("description", source)
    return whole


def code_rank(token: str) -> int:
    """How much a word looks like a part number: 0 not at all, 1 digits only, 3 letters and digits."""
    if not _has_digit(token) or len(token) < 3 or _DIMENSION.fullmatch(token):
        return 0
    if token.isdigit():
        return 1 if len(token) >= 4 else 0
    if re.fullmatch(r"\d+(?:[.,]\d+)?", token):
        return 1 if re.fullmatch(r"\d{2,}\.\d{3,}", token) else 0
    letters = [one for one in token if one.isalpha()]
    if letters and all(one.islower() for one in letters) and "-" not in token and len(token) < 6:
        return 0
    if re.fullmatch(r"\d{1,2}(?:\.\d{1,2}){1,2}", token):
        return 0
    return 3 if letters or "-" in token or "." in token or "/" in token else 1


def _adds_up(line: DraftLine) -> bool:
    if line.quantity is None or line.price is None or line.amount is None:
        return False
    return abs(line.quantity * line.price / line.price_basis - line.amount) <= Decimal("0.01")


def unit_word(text: str, ways: Ways) -> str:
    """A unit written alone, in the form the order keeps; empty when it is none."""
    return written_unit(text, ways.language) if text.strip().rstrip(".").lower() in UNIT_CODES else ""

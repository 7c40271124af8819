"""Reads one sentence that changes one position of an order: which one, and the quantity or day that shall be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.documents.dates import find_days
from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import DraftLine
from bridgehead.documents.mail.patterns import CONSTRAINT, POSITION_WORDS
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import GROUPED, Ways, quantity_of
from bridgehead.documents.tables.item import Item, has_digit
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank, take_codes
from bridgehead.documents.terms import CURRENCY
from bridgehead.documents.units import UNIT_CODES

_LONGEST: Final = 300
_PAIR: Final = 2
_MOST_WORDS: Final = 6
"""A sentence with more words that say nothing of a change says something else too."""
_START: Final = re.compile(
    rf"[\s>*•·–—-]{{0,12}}(?:(?:for|bei|zu|pour|para|per|voor|dla|f[öo]r|u)\s)?{POSITION_WORDS}\.?\s{{0,2}}(?:no\.?|nr\.?|n°)?\s{{0,2}}(?P<pos>\d{{1,5}})(?![\w/]|[.,-]\d)",
    re.IGNORECASE,
)
_BRACKETED: Final = re.compile(r"\((?P<part>[^()]{2,60}(?:\([^()]{2,60}\))?)\)")
_HEADED: Final = re.compile(r"(?P<part>[^:]{2,60}?)\s?:(?=\s)")
_FIRST: Final = re.compile(r"(?P<part>[A-Za-z0-9][\w./#+-]{1,34})(?=[\s,;:]|$)")
_EDGE: Final = " \t,;:.–—-"
_VALUE: Final = re.compile(
    rf"(?<![\w.,/+-])(?P<n>{GROUPED})(?:,-)?(?:\s{{0,2}}(?P<u>[^\W\d_]{{1,14}}[²³]?)(?![\w-]))?\.?(?![\w/%-]|[.,]\d)"
)
_PRICED: Final = re.compile(
    rf"{CURRENCY}|\b(?:price|cost|(?:\w+)?preis|prix|tarif|precio|prezzo|prijs|cen[aęy]|pris|pre[çc]o|hinta|[áa]r)\b|%",
    re.IGNORECASE,
)
_INSTEAD: Final = re.compile(
    r"\b(?:instead of|rather than|in place of|in lieu of|replacing|not|statt|anstatt|anstelle(?: von| de[rs])?|an\s?stelle (?:von|de[rs])|nicht"
    r"|au lieu d(?:[eu]|[’'])|[àa] la place d(?:[eu]|[’'])|et non|en lugar del?|en vez del?|y no|anzich[eé]|invece (?:d[ei]l?(?:la)?|che)|al posto d[ei]l?(?:la)?"
    r"|in plaats van|i\.?p\.?v\.?|niet|zamiast|a nie|ist[äa]llet f[öo]r|i st[äa]llet f[öo]r|i ?stede[tn] ?for|em vez d[eoa]|em lugar d[eoa]|nam[íi]sto|m[íi]sto)(?!\w)",
    re.IGNORECASE,
)
"""Words before the value that shall not be any more."""
_OF_OLD: Final = r"\b(?:sijaan|sijasta|asemesta|helyett)\b"
_INSTEAD_BEHIND: Final = re.compile(rf"^(?:\s{{0,2}}[^\W\d_]{{1,5}}\.?)?\W{{0,3}}{_OF_OLD}", re.IGNORECASE)
"""Words behind it, in Finnish and Hungarian."""
_ARROW: Final = re.compile(r"\W{0,3}(?:-+>|=+>|→|➔|>>)\W{0,3}")
_FROM: Final = re.compile(r"\b(?:from|von|vom|de|du|d[’']|desde|da|dal|van|z|ze|od|fr[åa]n|fra)\s{1,2}$", re.IGNORECASE)
_TO: Final = re.compile(
    r"\W{0,3}(?:to|up to|down to|auf|zu|zum|(?:passer )?[àa]|au|ad?|al|hasta|naar|op|na|do|till?|para|vers)\W{0,2}",
    re.IGNORECASE,
)
_OLD: Final = re.compile(
    r"\b(?:old|previous(?:ly)?|before|so far|original(?:ly)?|was|were|bisher\w*|vorher|zuvor|urspr[üu]nglich\w*|alte?[rns]?|war(?:en)?|ancien(?:ne)?|avant|auparavant|initial\w*|[ée]tait|antes|anterior\w*|era|eran|prima|precedente\w*|vecchi[oa]"
    r"|eerder|eerst|voorheen|oude?|was|dotychczas\w*|poprzedni\w*|wcze[śs]niej|by[łl][oa]?|star[yea]|tidigare|f[öo]rut|gammal|var|tidligere|gammel|anteriormente|dosud|p[ůu]vodn\w*|aiempi|aikaisempi|eddigi|kor[áa]bbi)\b",
    re.IGNORECASE,
)
_NEW: Final = re.compile(
    r"\b(?:new|now|revised|amended|changed?|neu(?:e[rsn]?)?|jetzt|nun|ge[äa]nderte?|nouve(?:au|l|lle)|d[ée]sormais|maintenant|nuev[oa]|ahora|nuov[oa]|ora|nieuwe?|nu|now[ayei]\w*|teraz|nyt?t?|nya|nove?|nov[ýáéi]|ny|uusi|[úu]j)\b",
    re.IGNORECASE,
)
_REMOVE: Final = re.compile(
    r"\b(?:delet\w+|remov\w+|cancel\w*|dropp?(?:ed)?|strike|omit\w*|no longer (?:needed|required)|streich\w*|gestrichen|entf[äa]ll\w*|entfallen|l[öo]sch\w*|storn\w+|nicht mehr ben[öo]tigt"
    r"|supprim\w+|annul\w+|retir\w+|suprim\w+|elimin\w+|anul\w+|quitar|cancell\w+|togli\w+|vervall?\w*|verwijder\w*|schrapp?\w*|wykre[śs]l\w*|usun\w*|skre[śs]l\w*|rezygnuj\w*|utg[åa]r|stryk\w*|ta bort|avbest[äa]ll\w*"
    r"|udg[åa]r|slett\w*|fjern\w*|eliminar|retirar|zru[šs]\w*|vy[šs]krtn\w*|odstran\w*|poist\w*|peru\w*|t[öo]r[öo]l\w*)\b",
    re.IGNORECASE,
)
_SAYING_WORDS: Final = (
    "please kindly change changed amend increase increased reduce reduced set adjust deliver delivery delivered date day due required requested on for by until quantity quantities qty pieces it the is shall be should this line item position we need only will"
    " bitte ändern erhöhen reduzieren setzen anpassen liefern lieferung liefertermin lieferdatum termin wunschtermin datum tag menge mengen stückzahl anzahl am zum bis auf von die der das den wird soll sein diese zeile position wir benötigen nur"
    " merci veuillez modifier passer augmenter réduire livrer livraison date délai quantité qté reportée reporté avancée au le la les du de à en pour est cette ligne svp seulement"
    " favor rogamos cambiar modificar pasar aumentar reducir entregar entrega fecha plazo cantidad cant el la los las en del de a para es esta línea por solo"
    " prego vi preghiamo di modificare portare aumentare ridurre consegnare consegna data termine quantità qta il la le del al entro per è questa riga da solo"
    " graag gelieve wijzigen verhogen verlagen aanpassen leveren levering leverdatum datum aantal hoeveelheid op de het van naar wordt deze regel voor alleen"
    " prosimy proszę zmienić zmianę zmiana zwiększyć zmniejszyć dostawa dostawę dostarczyć dostawy termin data datę ilość na do w z dnia tę pozycję o nowy tylko"
    " vänligen ändra öka minska leverera leverans leveransdatum datum antal den till på denna rad för endast"
    " venligst vennligst ændre endre øg levere levering leveringsdato dato antal antall den på til linjen"
    " favor alterar aumentar reduzir entregar entrega data quantidade para em a o da do esta linha"
    " prosím prosíme změnit zvýšit snížit dodání dodat termín datum množství na do dne"
    " olkaa hyvä muuttakaa toimitus toimituspäivä päivä määrä kérjük módosítani szállítás szállítási határidő mennyiség"
)
_SAYING: Final = frozenset(_SAYING_WORDS.split())
"""Words that say that something changes, or what: they name no item and set no condition."""


@dataclass(frozen=True, slots=True)
class _Value:
    start: int
    end: int
    quantity: Decimal
    unit: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """What shall be of one position; ``line.quantity`` is None where only its day changes, and 0 where it ends."""

    line: DraftLine
    doubts: tuple[str, ...] = ()


def read_change(text: str, ways: Ways, source: Source) -> Changed | None:
    """Reads ``Pos. 2, AB-100: 20 pcs instead of 10`` in a dozen languages; None for what is no such sentence whole.

    A sentence that also sets a price or a condition, names several positions, or says more, is none.
    """
    if len(text) > _LONGEST:
        return None
    line = DraftLine()
    start = _START.match(text)
    rest = text[start.end() :] if start is not None else text
    if start is not None:
        line.number = int(start["pos"])
        line.mark("number", source)
    rest = _take_part(rest, line, source, numbered=start is not None)
    if line.number is None and line.part is None:
        return None
    if _START.search(rest) or _PRICED.search(rest) or CONSTRAINT.search(rest):
        return None
    return _told(rest, line, ways, source)


def _take_part(rest: str, line: DraftLine, source: Source, *, numbered: bool) -> str:
    """Takes the part number that stands before what changes; returns what is left."""
    rest = rest.lstrip(_EDGE)
    for pattern in (_BRACKETED, _HEADED, _FIRST):
        found = pattern.match(rest)
        words = "" if found is None else found["part"].strip()
        value = _VALUE.fullmatch(words)
        counts = value is not None and ((value["u"] or "").lower() in UNIT_CODES or not code_rank(words))
        if found is None or not has_digit(words) or counts:
            continue
        if _name_part(words.strip(_EDGE), line, source, numbered=numbered):
            return rest[found.end() :]
    return rest


def _name_part(words: str, line: DraftLine, source: Source, *, numbered: bool) -> bool:
    item = Item(line)
    left = take_codes(words, item, source)
    tokens = [one for one in re.split(r"[\s()\x01]+", left) if one.strip(_EDGE)]
    known = line.supplier_part is not None or (line.part is not None and line.gtin == line.part)
    if not tokens or (line.supplier_part is not None and line.customer_part is not None):
        return line.part is not None
    if all(one.isdecimal() for one in tokens) or (line.part is None and all(map(has_digit, tokens))):
        part = " ".join(tokens)
    else:
        part = max(tokens, key=lambda one: code_rank(one.strip(_EDGE))).strip(_EDGE)
        if code_rank(part) < (MOST_LIKELY if line.part is None else 1):
            return line.part is not None
    if not numbered and code_rank(part) < MOST_LIKELY:
        return line.part is not None
    name = "customer_part" if known else "supplier_part"
    setattr(line, name, part)
    line.mark(name, source)
    return True


def _told(tail: str, line: DraftLine, ways: Ways, source: Source) -> Changed | None:
    """Takes the new quantity and day out of what is said of the position."""
    doubts: list[str] = []
    rest = tail
    days = list(find_days(tail, ways.days))
    if days:
        at = _wanted(tail, [(day.start, day.end) for day in days])
        if at is None:
            return None
        day: date | None = days[at].day
        if day is None:
            doubts.append(f"date: {days[at].text[:40]!r} {days[at].doubt}")
        else:
            line.requested_date = day
            line.mark("requested_date", source)
        for one in reversed(days):
            rest = rest[: one.start] + " " * (one.end - one.start) + rest[one.end :]
    values = list(_values(rest, ways))
    if values:
        at = _wanted(rest, [(value.start, value.end) for value in values])
        if at is None:
            return None
        new = values[at]
        line.quantity = new.quantity
        line.mark("quantity", source)
        line.unit = new.unit or next((value.unit for value in values if value.unit), "")
        if line.unit:
            line.mark("unit", source)
        if not new.certain:
            doubts.append("uncertain: the quantity can be read two ways")
        for value in reversed(values):
            rest = rest[: value.start] + " " * (value.end - value.start) + rest[value.end :]
    if has_digit(rest):
        return None
    removes = _REMOVE.search(rest)
    if removes is not None:
        if days or values:
            return None
        line.quantity = Decimal(0)
        line.mark("quantity", source)
        rest = rest[: removes.start()] + rest[removes.end() :]
    elif not days and not values:
        return None
    return Changed(line, tuple(doubts)) if _says_no_more(rest) else None


def _says_no_more(rest: str) -> bool:
    for pattern in (_INSTEAD, _NEW, _OLD, _ARROW):
        rest = pattern.sub(" ", rest)
    rest = re.sub(_OF_OLD, " ", rest, flags=re.IGNORECASE)
    if doubt_in(rest) is not None:
        return False
    words = [word for word in re.findall(r"[^\W\d_]+", rest.lower()) if word not in _SAYING]
    return len(words) <= _MOST_WORDS and not any(len(word) > 1 and word.isupper() for word in rest.split() if word)


def _values(text: str, ways: Ways) -> Iterator[_Value]:
    for found in _VALUE.finditer(text):
        unit, end = found["u"] or "", found.end()
        if unit.lower() not in UNIT_CODES or _is_link(text, found):
            unit, end = "", found.end("n")
        quantity = quantity_of(found["n"], unit, ways)
        if quantity is not None:
            yield _Value(found.start(), end, quantity.value, quantity.unit, quantity.certain)


def _is_link(text: str, found: re.Match[str]) -> bool:
    """Whether what may be a unit stands between two numbers as the word for ``to``: ``de 10 para 20``."""
    word = found["u"]
    return (
        len(word) > 0 and _TO.fullmatch(word) is not None and re.match(r"\.?\s{1,2}\d", text[found.end() :]) is not None
    )


def _wanted(text: str, spans: Sequence[tuple[int, int]]) -> int | None:
    """Which of one or two values shall be; None where the words do not tell."""
    if len(spans) == 1:
        alone = _INSTEAD.search(text[: spans[0][0]]) or _INSTEAD_BEHIND.match(text[spans[0][1] :])
        return None if alone else 0
    if len(spans) != _PAIR:
        return None
    (start, end), (second, last) = spans
    between, before, after = text[end:second], text[:start], text[last:]
    if _INSTEAD_BEHIND.match(between):
        return 1
    if _INSTEAD_BEHIND.match(after):
        return 0
    if _INSTEAD.search(between):
        return 0
    if re.search(rf"(?:{_INSTEAD.pattern})\W{{0,3}}$", before, re.IGNORECASE):
        return 1
    if _ARROW.fullmatch(between) or (
        _TO.fullmatch(between) and (_FROM.search(before) or not _PRICE_TO.search(between))
    ):
        return 1
    old = [bool(_OLD.search(before)), bool(_OLD.search(between))]
    new = [bool(_NEW.search(before)), bool(_NEW.search(between))]
    if old[0] != old[1]:
        return 1 if old[0] else 0
    if new[0] != new[1] and not any(old):
        return 0 if new[0] else 1
    return None


_PRICE_TO: Final = re.compile(r"[àa]", re.IGNORECASE)
"""``10 à 5`` may be ten at five each."""

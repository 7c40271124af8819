"""Reads one item out of one line of prose or list text, and says what in it could be read two ways."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.dates import Day, find_days, read_day, relative_day
from bridgehead.documents.draft import DraftLine
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.tables.item import MAX_LINE, Item, blank
from bridgehead.documents.tables.item_codes import code_rank, take_bare_code, take_codes, twin_of
from bridgehead.documents.tables.item_money import take_money
from bridgehead.documents.tables.item_quantity import take_quantity
from bridgehead.documents.terms import CURRENCY
from bridgehead.documents.units import UNIT_CODES

__all__ = ["Item", "code_rank", "read_item"]

_BULLET = re.compile(r"^[\s>]{0,12}(?:[-*•–—·▪‣●○◦]|\+)\s{1,4}(?=\S)")
_POSITION = re.compile(
    r"^\s{0,12}(?:(?:n\.?[°º]?\s)?(?:pos(?:ition|ici[oó]n|izione|itie)?|line|zeile|ligne|poste|l[ií]nea|riga|regel|rad|poz(?:ycja)?|punkt|lp|l\.p)\.?\s{0,2}(?:no\.?|nr\.?|n°)?\s{0,2}(\d{1,5})\s{0,2}[:.)\-–|]?|#?(\d{1,4})\s{0,2}[.):]|\((\d{1,4})\)|\[(\d{1,4})\]|(0\d{2,5})(?=\s{1,6}\S*[A-Za-z\d])|(\d{1,4})(?=\s{2,12}\d{1,9}(?:[.,]\d{1,3})?\s?[^\W\d_]{1,12}\.?\s)|item\s(\d{1,4})(?=\s\()|#(\d{1,4})(?=\s)|[a-h]\))\s{1,12}(?=\S)",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"(?:(?:please |bitte |merci de |por favor |prego )?(?:change|changed|amend|increase|reduce|[aä]ndern|modifier|cambiar|modificare|wijzigen|[äa]ndra|zmieni[ćc]) )?(?<!\w)(?:from|von|de|da|van|från|fra|z|ze)\s\d[\d.,]{0,9}(?:\s[^\W\d_]{1,12}\.?)?\s(?:to|auf|à|a|naar|till|til|na)\s(?=\d)",
    re.IGNORECASE,
)
"""What a change takes back: ``from 4 to`` before the quantity that holds."""
_LOOSE_NUMBER = re.compile(r"(?:^|[\s,;:])\d{1,3}(?:[.,' ]?\d{3})*[.,]\d{2,4}$")
_LOOSE_PRICE = re.compile(
    r"(?<![\w.,/-])\d{1,3}(?:[.,' ]?\d{3})*[.,]\d{2,4}(?=\s*(?:$|[\x01\x03]|\s{2}|[^\W\d_]{4,}|\d))"
)
_NEGATIVE = re.compile(
    r"(?:^|[\s;|])(?:[\u2010-\u2015\u2212]\d|-\d(?![\d.,/]{0,12}-))|\u2212\s?\d|(?:\s{2}|\t|[|;]\s?)[\u2010-\u2015-]\s\d|\(\s?-\s?\d"
)
"""A number that is less than nothing: a dash of any kind glued to it, or a dash that opens a column."""
_PREMISES = re.compile(
    r"\s{0,12}(?:unit|suite|ste|floor|room|bay|dock|building|bldg|lot|plot|apt|nave|halle|geb[äa]ude|lokal|hala|pokój)\.?\s{1,3}\d{1,4}[A-Za-z]?\s?,\s{1,3}[^\d]{3,60}"
    r"|\s{0,12}(?:unit|suite|building|plot)\s\d{1,4}[A-Za-z]?\s{1,3}(?:[^\W\d_]+\s){1,4}(?:park|estate|cent(?:re|er)|court|yard|house|mills?|wharf|zone|quay|works)\s{0,12}"
    r"|\s{0,12}[^\W\d_][^\d,;]{1,40},\s{1,3}(?-i:[A-Z]{2}),?\s{1,3}\d{5}(?:-\d{4})?\s{0,12}",
    re.IGNORECASE,
)
"""What an address opens or ends with: ``Unit 7, Riverside Estate``, ``Dayton, OH 45402``."""
_SHORT_DAY = re.compile(r"\d{1,2}\.\d{2}\.?")
_PRICE_LEAD = re.compile(
    rf"(?:@|=|{CURRENCY}|(?<!\w)(?:[àáa]|je|zu|at|price|preis|prix|precio|prezzo|prijs|pris|cena)):?\s{{0,3}}$",
    re.IGNORECASE,
)
_DEVIATION = re.compile(
    r"\b(?:only|nur|lediglich|seulement|uniquement|solamente|soltanto|slechts|enbart|endast|bara|tylko|instead|rather than|statt|anstatt|au lieu|en lugar|en vez|invece|in plaats|anzich\w*|sondern|not \d|nicht \d|pas \d|no \d|non \d|niet \d)\b",
    re.IGNORECASE,
)
_GLUED = re.compile(rf"([^\W\d_.])(?={CURRENCY}\s?\d)")
_GLUED_UNIT = re.compile(r"(?<=\d )([^\W\d_]{1,12})\.?(?=\d{1,9}(?: \d{3}){0,3}[.,]\d{2})")
_DATE_WORD = re.compile(
    r"[\s,;(–|-]*(?:\b(?:(?:requested |required )?deliver(?:y|ed)?(?: date| by| on)?|due(?: date| by)?|needed by|req\.?(?: date)?|by|until|for|on|liefertermin|lieferdatum|lieferung(?: bis| am| zum)?|termin|lt|bis(?: zum| spätestens)?|zum|am|wunschtermin|livraison(?: souhaitée)?(?: le| pour le| avant le)?|date de livraison|pour le|avant le|le|entrega(?: el| para el)?|fecha(?: de entrega)?|para el|antes del|el|consegna(?: entro il| entro| il)?|data consegna|entro il|entro|per il|il|levering(?: op| voor| uiterlijk)?|leverdatum|uiterlijk|op|vóór|voor|tegen)\s*[:.]?\s*)$",
    re.IGNORECASE,
)


_CONTACT = re.compile(
    r"\b(?:t[eé]l[eé]?fonn?[oi]?s?|t[eé]l[eé]phone|phone|telefax|tel|tlf|fon|fax|mobile?|mobil|mob|gsm|cell|handy|komórka|kom|ph|t|m|f)"
    r"\b[.:]?[ ]{0,3}\+?[(\d][\d ()/.-]{5,24}\d|\+\d{1,3}[ ./-]?\(?\d[\d ()/.-]{4,22}\d|\b00\d{2}[ ./-]\d[\d ()/.-]{5,22}\d"
    r"|[\w.+-]{1,64}@[\w.-]{3,100}|\b(?:https?://|www\.)\S{1,200}",
    re.IGNORECASE,
)
"""Telephone numbers (ITU-T E.123: with + or beside their word), mail and web addresses."""


_ASKING = re.compile(
    r"\W*(?:(?:please|kindly|send|deliver|ship|supply|order|need|want|would|like|could|you|us|we|i|to|under|with|for|on|our|the|and|also|bitte|liefern|senden|schicken|bestellen|brauchen|benotigen|benötigen|sie|uns|wir|hiermit|unter|mit|auf|und"
    r"|veuillez|merci|nous|envoyer|livrer|commandons|sous|avec|rogamos|por|favor|nos|envien|envíen|pedimos|bajo|con|preghiamo|inviare|inviateci|ordiniamo|sotto|graag|gelieve|stuur|ons|wij|bestellen|onder|met|prosimy|prosze|proszę|o|zamawiamy|vanligen|skicka|oss|vi|beställer|under)(?:\W+|$))+",
    re.IGNORECASE,
)
"""Words that ask for goods and name none."""
_EACH = re.compile(
    r"(?:\d|[^\W\d_]{3}|[€$£])\s{0,3}(?:each|ea|apiece|a piece|cada uno|cad\.|cadauno|chacune?)(?![\w-])", re.IGNORECASE
)
_MANY: Final = frozenset(["DZN", "GRO"])
"""Units that count pieces (UN/ECE Recommendation 20)."""


def read_item(text: str, ways: Ways, source: Source) -> Item | None:
    """Reads a line such as ``10 x 4711-A valve DN20 at 3.20 EUR``; None when nothing in it is ordered.

    ``rank`` says how the quantity was found: 5 labelled, 4 with a unit or times sign at the start, 3 with
    one elsewhere, 2 bare at the start, 1 bare at the end, 0 not at all.
    """
    if len(text) > MAX_LINE or _DEVIATION.search(text) or not any(one.isdigit() for one in text):
        return None
    if not any(one.isdigit() for one in _CONTACT.sub(" ", text)):
        return None
    if _PREMISES.fullmatch(text):
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
        number = next((one for one in position.groups() if one), None)
        if number and int(number) > 0:
            item.line.number = int(number)
            item.line.mark("number", source)
        rest = rest[position.end() :]
    rest = _FROM_TO.sub(" ", rest).strip()
    rest = take_codes(rest, item, source)
    rest = _take_day(rest, item, ways, source)
    rest = take_money(rest, item, ways, source)
    rest = take_quantity(rest, item, ways, source)
    left = take_bare_code(rest, item, source)
    if item.line.description and _ASKING.fullmatch(item.line.description):
        item.line.description = ""
        item.line.sources.pop("description", None)
    if item.priced and item.line.amount is None and not item.price_unit and _EACH.search(text):
        unit = UNIT_CODES.get((item.line.unit or "").lower())
        if unit in _MANY:
            item.doubts.append("uncertain: the price of each may be that of a piece or of all that the unit counts")
    if item.rank >= 1 and _NEGATIVE.search(text):
        item.doubts.append("uncertain: a dash stands before a number of the line; it may take something back")
    if item.line.price is None and (_LOOSE_NUMBER.search(item.line.description or "") or _LOOSE_PRICE.search(left)):
        item.doubts.append("uncertain: a number of the line may be its price")
    if item.line.part is not None and twin_of(item.line.part, left):
        item.doubts.append("uncertain: the line names a second part number")
    return item


_BARE_DAY: Final = re.compile(
    r"(?P<label>[^\W\d_][^\W\d_.]{2,20}(?: [^\W\d_]{2,12})?)\s?:\s{0,3}(?P<day>\d{6}|\d{8})(?![\w.,/-])"
)
"""A day without separators, which only the words before it make one."""


def _take_bare_day(rest: str, item: Item, ways: Ways, source: Source) -> str:
    for found in _BARE_DAY.finditer(rest):
        day = read_day(found["day"], ways.days) if label_of(found["label"]) == "requested_date" else None
        if day is None:
            continue
        if day.day is None:
            item.doubts.append(f"date: {day.text[:40]!r} {day.doubt}")
        else:
            item.line.requested_date = day.day
            item.line.mark("requested_date", source)
        return blank(rest, found.start(), found.end())
    return rest


def _take_day(rest: str, item: Item, ways: Ways, source: Source) -> str:
    days = [day for day in find_days(rest, ways.days) if not _priced(rest, day)]
    if not days:
        bare = _take_bare_day(rest, item, ways, source)
        if bare is not rest:
            return bare
        relative = relative_day(rest)
        if relative is not None:
            item.doubts.append(f"date: {relative[:40]!r} names no calendar day")
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
        rest = blank(rest, word.start() if word else day.start, day.end)
    return rest


def _priced(rest: str, day: Day) -> bool:
    """Whether what may be a day without a year is the price that ends a sentence: ``@ 1.03.``."""
    return (
        _SHORT_DAY.fullmatch(rest[day.start : day.end]) is not None
        and _PRICE_LEAD.search(rest[: day.start]) is not None
    )

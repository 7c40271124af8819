"""Reads headings that are put together from known parts: ``LIEF_PLZ``, ``Artikelnummer Lieferant``, ``ShipToZip``."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TOKEN: Final = re.compile(r"[A-ZÀ-ÞĄĆĘŁŃÓŚŹŻ]?[a-zß-ÿąćęłńóśźż]+|[A-ZÀ-ÞĄĆĘŁŃÓŚŹŻ]+(?![a-zß-ÿ])|\d+|#")
_LETTERS: Final = str.maketrans({"ß": "ss", "№": "nr", "º": "", "°": "", "ł": "l", "ø": "o", "æ": "ae"})
_FILLERS: Final = frozenset(
    [
        "de",
        "du",
        "des",
        "la",
        "le",
        "les",
        "del",
        "di",
        "d",
        "dell",
        "della",
        "dello",
        "van",
        "der",
        "den",
        "the",
        "n",
        "no",
        "nr",
        "num",
        "numer",
        "number",
        "nummer",
        "nbr",
        "to",
        "bei",
        "bij",
        "hos",
        "med",
    ]
)

_SHIP: Final = re.compile(
    r"(?:shipto|ship|deliverto|deliver(?:y)?|liv(?:raison|rer|r)?|dest(?:ination|inatario|inazione|inataire)?|ent(?:rega|regar)?|cons(?:egna|egnare)?"
    r"|lief(?:er(?:ung)?)?|we|warenempf(?:anger)?|leverans|aflever\w*|afl|lever|lev|dostaw[ay]|dost|odbiorc[ay]|mottagar\w*|gods\w*)"
)
_PLACE: Final[dict[str, str]] = {
    word: field
    for field, words in {
        "name": "name nom nome nom1 nombre namn nazwa naam name1 naz razon",
        "street": "street str strasse adr adres adresse address addr dir direccion indirizzo via straat ulica ul calle rue gata gatuadress adress anschrift ind line1",
        "postal_code": "pc zip plz cp cap postcode postal codepostal postnr kodpocztowy poczt pcode zipcode",
        "city": "city ort ville pob poblacion citta localita plaats miasto miejscowosc town ciudad stad loc",
        "country": "country land pays pais nazione paese kraj naz land1 ctry",
        "number": "id code cod kod codice codigo nr no num number adrnr adressnr locationid point punto punt punkt gln1",
        "gln": "gln iln",
    }.items()
    for word in words.split()
}
_SUPPLIER: Final = re.compile(
    r"(?:lief(?:er)?|lieferant\w*|lft|dost|lev|leverant\w*|leverancier\w*|four(?:n\w*)?|fournisseur|prov|proveedor|forn|fornit\w*|dostawc\w+|supplier\w*|vendor\w*|vend|hersteller\w*"
    r"|your|ihr[e]?|votre|vos|su|vostr[oa]|vs|uw|er[at]?|wasz[ae]?)"
)
_OWN: Final = re.compile(
    r"(?:our|own|eigen\w*|eget|egen|egna|unser\w*|notre|nos|ns|nuestr[oa]|ntra|nostr[oa]|ons|onze|vart|var|vara|nasz[ae]?|wlasn\w*|intern\w*|kunden?|kd|kund|client\w*|klant\w*|klient\w*|buyer\w*|customer\w*|cust|besteller\w*|nabywc\w+)"
)
_CUSTOMER: Final = re.compile(
    r"(?:kunden?|kd|kund|client[ei]?|klant|klient[a]?|customer|cust|debit(?:or|eur)|account|konto|cli|kli)(?:nr|nummer|no|number)?"
)
_PART: Final = re.compile(
    r"(?:art(?:ikel|icle|icolo|iculo|ykul\w*)?(?:nr|no|nummer|num)?|item|part|ref\w*|cod|codice|codigo|code|kod|indeks\w*|kat|katalog\w*|mat(?:erial)?(?:nr)?|sku|teil\w*|pn|produ[ck]t\w*)"
)
_ORDER: Final = re.compile(
    r"(?:order|bestell(?:ung)?|auftrag|commande|cde|pedido|ped|ordine|ord|bestelling|bestallning|inkops\w*|zamowieni[ea]|zam|po)(?:s?(?:nr|nummer|no))?"
)
_DATE: Final = re.compile(r"(?:date|datum|fecha|data|dat|termin|f|day|dag)")


def fold(text: str) -> str:
    """Lower case without accents; letters that no decomposition reaches are written plainly."""
    return "".join(
        one for one in unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)) if not unicodedata.combining(one)
    )


def composed_field(text: str) -> str | None:
    """The field that the parts of a heading name together; None when they do not say."""
    tokens = [fold(token) for token in _TOKEN.findall(text)]
    if not 1 <= len(tokens) <= 6:
        return None
    words = [token for token in tokens if token not in _FILLERS]
    if len(words) == 1:
        return _single(words[0], tokens)
    if not words:
        return None
    if any(_DATE.fullmatch(word) for word in words):
        return _dated(words)
    if (
        len(words) == _MARKED
        and {"ean", "gtin", "upc", "barcode", "kreskowy", "barras", "barre", "barres"} & set(words)
        and set(words) & _CODES
    ):
        return "gtin"
    if any(_SUPPLIER.fullmatch(word) for word in words) and any(_PART.fullmatch(word) for word in words):
        return "supplier_part"
    if any(_CUSTOMER.fullmatch(word) for word in words) and not any(
        _PART.fullmatch(word) and word not in _CODES for word in words
    ):
        return (
            "customer_number"
            if all(
                _CUSTOMER.fullmatch(word)
                or _OWN.fullmatch(word)
                or word in _CODES
                or _SUPPLIER.fullmatch(word)
                or word in _YOU
                for word in words
            )
            else None
        )
    if any(_OWN.fullmatch(word) for word in words):
        if any(_PART.fullmatch(word) for word in words):
            return "customer_part"
        if any(_ORDER.fullmatch(word) for word in words):
            return "po_number"
    if any(_SHIP.fullmatch(word) for word in words):
        if not all(_SHIP.fullmatch(word) or word in _PLACE for word in words):
            return None
        field = next((_PLACE[word] for word in words if word in _PLACE), None)
        if field is None and any(token in {"nr", "no", "num"} for token in tokens):
            field = "number"
        return None if field is None else f"ship_to.{field}"
    return None


_MARKED: Final = 2
_TOWARDS: Final = frozenset(
    [
        "to",
        "at",
        "a",
        "en",
        "chez",
        "bei",
        "an",
        "nach",
        "bij",
        "aan",
        "op",
        "te",
        "naar",
        "hos",
        "till",
        "til",
        "do",
        "na",
        "presso",
    ]
)
_DELIVERS: Final = re.compile(
    r"(?:deliver|ship|livrer|livraison|entregar|entrega|enviar|consegnare|consegna|spedire|(?:af)?lever(?:en|ing|as|ans)?|liefer(?:n|ung)|dostarczyc|dostawa|wysylka)"
)
"""``Deliver to``, ``Afleveren bij``: a word for delivery and one for where to."""
_CODES: Final = frozenset(["code", "cod", "kod", "codice", "codigo", "id", "no", "nr"])
_YOU: Final = frozenset(["ihnen", "u", "you", "vous", "voi", "ustedes", "er", "eder"])


def _dated(words: list[str]) -> str | None:
    rest = [word for word in words if not _DATE.fullmatch(word)]
    if rest and all(_ORDER.fullmatch(word) for word in rest):
        return "order_date"
    if rest and any(_SHIP.fullmatch(word) for word in rest):
        return "requested_date"
    return None


def _single(word: str, tokens: list[str]) -> str | None:
    if len(tokens) > 1 and tokens[-1] in _TOWARDS and _DELIVERS.fullmatch(tokens[0]):
        return "ship_to"
    glued = _glued(word)
    numbered = any(token in {"nr", "no", "num", "id"} for token in tokens)
    return "ship_to.number" if glued == "ship_to.street" and numbered else glued


def _glued(word: str) -> str | None:
    """``liefplz``: a word for delivery and one of a place, without a gap."""
    for size in range(2, len(word) - 1):
        if _SHIP.fullmatch(word[:size]) and (field := _PLACE.get(word[size:])) is not None:
            return f"ship_to.{field}"
        if _SHIP.fullmatch(word[:size]) and len(word) - size > 2 and _DATE.fullmatch(word[size:]):
            return "requested_date"
    return None

"""Tells which of eight languages a text is written in, by its small words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

from bridgehead.documents.dates import DayOrder

Language = Literal["en", "de", "fr", "es", "it", "nl", "sv", "pl"]

_SMALL: Final[dict[Language, str]] = {
    "en": """the and please for with you your we our of to this is are order item items quantity price delivery regards
      dear thanks thank as following kind from would like by at total send ship address date unit""",
    "de": """bestellnr bestdatum posnr kundennr stück der die das und bitte mit sie ihre ihr wir unsere uns von zu ist sind bestellung menge preis lieferung
      gr\u00fc\u00dfen gr\u00fc\u00dfe geehrte damen herren hallo bestellen hiermit folgende anzahl mengeneinheit bestelldatum kurztext bestellmenge einheit bezeichnung artikelbezeichnung artikelnr einzelpreis liefertermin wunschtermin warenempf\u00e4nger positionen st\u00fcck auf per f\u00fcr bis zum artikel lieferadresse""",
    "fr": """cde client ligne qté qte le la les et nous vous votre notre merci de des du pour avec commande quantit\u00e9 prix livraison cordialement
      bonjour veuillez madame monsieur est sont suivants articles adresse une un au souhaitons d\u00e9signation""",
    "es": """linea línea unidad fecha el los las y por favor para con su nuestro pedido cantidad precio entrega saludos estimados buenos d\u00edas gracias
      les rogamos siguientes art\u00edculos direcci\u00f3n una un env\u00eden solicitamos nuestra hola del
      c\u00f3digo art\u00edculo comprador proveedor concepto importe divisa plazo pedidos unidades posici\u00f3n""",
    "it": """riga prezzo ragione sociale il lo gli e per con vostro nostro ordine quantit\u00e0 prezzo consegna saluti cordiali buongiorno grazie si prega
      seguenti articoli indirizzo una un di inviare vi ordiniamo distinti gentili della""",
    "nl": """de het een en wij u uw onze ons met voor van graag bestelling aantal prijs levering vriendelijke groet geachte
      hierbij bestellen volgende artikelen adres dank te naar stuks per beste bestelnr besteldatum klantnr eenheid regel artikelcode omschrijving""",
    "sv": """och vi er att med för från på till en ett som är av beställning beställa leverans leveransadress hälsningar hej vänliga tack antal enhet pris
      vår vårt följande order ordernr vänligen bekräfta benämning godsmottagare radnr företag kundnr summa""",
    "pl": """i w z na do za prosimy proszę zamówienie zamówienia dostawa dostawy ilość cena razem nasz pozdrawiam poważaniem dzień dobry
      prosze o przyjęcie termin adres klienta poz nazwa kraj waluta pozycja uwagi ilosc""",
}
_LANGUAGES: Final[dict[str, tuple[Language, ...]]] = {}
for _language, _words in _SMALL.items():
    for _word in _words.split():
        _LANGUAGES[_word] = (*_LANGUAGES.get(_word, ()), _language)
_CODE: Final = 2
_WORD = re.compile(r"[^\W\d_]{1,24}")


def language_of(text: str) -> Language | None:
    """The language with most small words in the first 6,000 characters; None when there is no telling."""
    votes: dict[Language, int] = {}
    for written in _WORD.findall(text[:6000]):
        word = written.lower()
        if len(word) <= _CODE and written.isupper():
            continue  # the O of an O-ring and the DE of a country are no words
        for language in _LANGUAGES.get(word, ()):
            votes[language] = votes.get(language, 0) + 1
    if not votes:
        return None
    ranked = sorted(votes.items(), key=lambda item: -item[1])
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return None
    return ranked[0][0]


def language_written(texts: Iterable[str], *, least: int = 3) -> Language | None:
    """The language that people wrote these texts in; None below a minimum of evidence.

    A language is told by at least ``least`` different small words of two letters or more, and by twice as many as any
    other. Texts with control characters or replaced bytes are no words of anybody and are left out.
    """
    votes: dict[Language, set[str]] = {}
    readable = (text for text in texts if text.replace("\t", " ").replace("\r", " ").replace("\n", " ").isprintable())
    said = "\n".join(text for text in readable if "\ufffd" not in text)[:6000]
    for written in _WORD.findall(said):
        word = written.lower()
        if len(word) < _CODE or (len(word) == _CODE and written.isupper()):
            continue
        for language in _LANGUAGES.get(word, ()):
            votes.setdefault(language, set()).add(word)
    ranked = sorted(votes, key=lambda language: -len(votes[language]))
    if not ranked or len(votes[ranked[0]]) < least:
        return None
    if len(ranked) > 1 and len(votes[ranked[0]]) < 2 * len(votes[ranked[1]]):
        return None
    return ranked[0]


_SPOKEN: Final[dict[str, Language]] = {
    "AT": "de", "AU": "en", "CA": "en", "DE": "de", "ES": "es", "FR": "fr", "GB": "en", "IE": "en", "IT": "it",
    "LI": "de", "MX": "es", "NL": "nl", "NZ": "en", "PL": "pl", "SE": "sv", "US": "en",
}  # fmt: skip


def language_spoken(country: str | None) -> Language | None:
    """The language of business in a country (ISO 3166-1 alpha-2); None where there are several or it is not known."""
    return _SPOKEN.get((country or "").upper())


_BRITISH: Final = re.compile(r"£|\bGBP\b|\bGB\b|\bVAT\b|\b(?:Ltd|plc|Limited)\b|\.co\.uk\b|\bUnited Kingdom\b")
_AMERICAN: Final = re.compile(r"\$|\bUSD\b|\b(?:Inc|LLC|Corp)\b|[, \t;|][A-Z]{2},? \d{5}(?:-\d{4})?\b|\bUSA?\b")
_PERHAPS_BRITISH: Final = re.compile(r"€|\bEUR\b|\b[Pp]ostcode\b|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")
_PERHAPS_AMERICAN: Final = re.compile(r"\bZip\b|\bZIP\b")
"""Words and forms that stand elsewhere too: systems print headings of another country."""


def guess_day_order(text: str, language: Language | None) -> DayOrder | None:
    """Whether day or month stands first where the text is written; None when the text speaks for both or neither."""
    if language is not None and language != "en":
        return "dmy"
    pairs = ((_BRITISH, _AMERICAN), (_PERHAPS_BRITISH, _PERHAPS_AMERICAN))
    for british, american in pairs:
        found = british.search(text) is not None, american.search(text) is not None
        if any(found):
            return None if all(found) else "dmy" if found[0] else "mdy"
    return None

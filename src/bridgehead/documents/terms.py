"""Recognises currencies, Incoterms, payment terms and countries in the words senders use."""

from __future__ import annotations

import re
from typing import Final

CURRENCY_CODES: Final = frozenset(
    [
        "EUR",
        "USD",
        "GBP",
        "CHF",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "CAD",
        "AUD",
        "JPY",
        "CNY",
        "MXN",
        "BRL",
        "TRY",
        "INR",
        "SGD",
        "NZD",
        "ZAR",
        "AED",
        "BGN",
    ]
)
_SYMBOLS: Final = {
    "\u20ac": "EUR",
    "$": "USD",
    "\u00a3": "GBP",
    "us$": "USD",
    "sfr": "CHF",
    "zł": "PLN",
    "zl": "PLN",
    "euro": "EUR",
    "euros": "EUR",
}
CURRENCY: Final = (
    r"(?:\u20ac|US\$|\$|\u00a3|(?:"
    + "|".join(sorted(CURRENCY_CODES))
    + r"|[Ee]uros?|SFr\.?|Fr\.|z[łl]|kr)(?![A-Za-z]))"
)
"""Pattern of a currency as written next to an amount."""

INCOTERMS: Final = frozenset(["EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP", "DAT"])
_INCOTERM = re.compile(r"\b(EXW|FCA|FAS|FOB|CFR|CIF|CPT|CIP|DAP|DPU|DDP|DAT)\b")
_NET_WORDS = r"(?:net(?:to|t)?|n|netto|neti|netos|netti|netto)"
_DAYS = r"(?:days?|tagen?|tage|jours|d\u00edas|dias|giorni|gg\.?|dagen|dgn|dagar|dgr|dni|t\b|d\b)"
_NET = re.compile(rf"\b{_NET_WORDS}[ -]?(\d{{1,3}})\b|\b(\d{{1,3}})[ ]?{_DAYS}", re.IGNORECASE)
_DISCOUNT = re.compile(
    rf"(\d{{1,2}}(?:[.,]\d{{1,2}})?)[ ]?%[^\d%]{{0,24}}(\d{{1,3}})(?:[ ]?{_DAYS})?|\b(\d{{1,2}}(?:[.,]\d)?)/(\d{{1,2}})\b",
    re.IGNORECASE,
)
_COUNTRIES: Final[dict[str, str]] = {
    name: code
    for code, names in {
        "DE": "germany deutschland allemagne alemania germania duitsland de d",
        "FR": "france frankreich francia frankrijk fr f",
        "ES": "spain spanien espagne espa\u00f1a spagna spanje es",
        "IT": "italy italien italie italia itali\u00eb it",
        "NL": "netherlands niederlande pays-bas pa\u00edses_bajos paesi_bassi nederland holland nl",
        "BE": "belgium belgien belgique b\u00e9lgica belgio belgi\u00eb be b",
        "AT": "austria \u00f6sterreich autriche oostenrijk at a",
        "CH": "switzerland schweiz suisse suiza svizzera zwitserland ch",
        "GB": "united_kingdom great_britain uk gb england scotland wales gro\u00dfbritannien royaume-uni reino_unido regno_unito",
        "US": "united_states united_states_of_america usa us u.s.a. \u00e9tats-unis estados_unidos stati_uniti vereinigte_staaten",
        "IE": "ireland irland irlande irlanda ierland ie",
        "PL": "pl poland polen pologne polonia polska pl",
        "CZ": "czech_republic czechia tschechien cz",
        "DK": "denmark d\u00e4nemark danemark dinamarca danimarca denemarken danmark dk",
        "SE": "szwecja sweden schweden su\u00e8de suecia svezia zweden sverige se",
        "NO": "norway norwegen norv\u00e8ge noruega norvegia noorwegen norge",
        "FI": "finland finnland finlande finlandia suomi fi",
        "PT": "portugal portogallo pt",
        "LU": "luxembourg luxemburg luxemburgo lussemburgo lu",
        "CA": "canada kanada canad\u00e1",
        "MX": "mexico m\u00e9xico mexiko mexique messico mx",
        "HU": "hungary ungarn hu",
        "SI": "slovenia slowenien si",
        "SK": "slovakia slowakei sk",
    }.items()
    for name in (one.replace("_", " ") for one in names.split())
}


def currency_of(text: str) -> str | None:
    """The ISO 4217 code of a currency as written alone; a bare ``$`` counts as USD."""
    text = text.strip().rstrip(".")
    return text.upper() if text.upper() in CURRENCY_CODES else _SYMBOLS.get(text.lower())


def incoterms_of(text: str) -> str | None:
    """The first Incoterms 2010 or 2020 rule named in capitals."""
    found = _INCOTERM.search(text)
    return found[1] if found else None


def payment_terms_of(text: str) -> str:
    """``N30`` for thirty days net, ``2/10 N30`` with a discount; the words themselves when they say something else."""
    text = " ".join(text.split())[:200]
    discount = _DISCOUNT.search(text)
    rest = text if discount is None else text[: discount.start()] + " " + text[discount.end() :]
    days = {found[1] or found[2] for found in _NET.finditer(rest)}
    if len(days) != 1:
        return text
    net = f"N{int(days.pop())}"
    if discount is None:
        return net
    percent = (discount[1] or discount[3]).replace(",", ".")
    return f"{percent}/{discount[2] or discount[4]} {net}"


def country_of(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country's name in six languages, or of the code itself."""
    text = text.strip().strip(".,;()").lower()
    text = text.removeprefix("the ")
    return _COUNTRIES.get(text)

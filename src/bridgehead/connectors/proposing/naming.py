"""Names and meanings that are guessed from names: of fields, entities, money, keys, and what people may not see."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from bridgehead.connectors.load_names import Names
from bridgehead.connectors.record_types import usable_name

_LONGEST: Final = 60
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "á": "a", "ó": "o", "í": "i"}
)
_CODE: Final = re.compile(
    r"(^|_)(id|ids|number|no|nr|code|key|sku|ref|reference|uuid|guid|gtin|ean|duns|gln|vat|zip|postal_code|postcode|currency)$"
)
_MONEY: Final = re.compile(
    r"(^|_)(amount|price|total|subtotal|net|gross|tax|fee|cost|balance|freight|discount_amount|credit_limit|"
    r"unit_price)$|(betrag|preis|summe|netto|brutto|saldo|krlim|wert)$"
)
_CURRENCY: Final = ("currency", "currency_code", "currencycode", "curr", "waehrung", "waehr", "iso_currency")
_PERSONAL: Final = re.compile(
    r"(^|_)(e_?mails?|email_address|phone|mobile|telephone|telefon|fax|street|strasse|str|address_line_?\d?|birth\w*|"
    r"geburt\w*|first_name|last_name|firstname|lastname|vorname|nachname|surname|given_name|family_name|contact_name|"
    r"iban|ssn|passport\w*|home_phone)$"
)
_TIME: Final = re.compile(r"(^|_)(changed|updated|modified|last_modified|last_updated)(_(at|on|date|time))?$")


def snake(text: str) -> str:
    """Returns a foreign name as a specification writes it: lower-case letters, digits and ``_``."""
    spaced = _CAMEL.sub("_", text.strip()) if not text.isupper() else text
    found = re.sub(r"[^a-z0-9]+", "_", spaced.lower().translate(_PLAIN)).strip("_")[:_LONGEST]
    if not found:
        return "field"
    return found if found[0].isalpha() else f"f_{found}"


def unique(name: str, taken: Collection[str]) -> str:
    """Returns a usable name that is not taken."""
    found = name if usable_name(name) else f"{name}_"
    number = 2
    while found in taken:
        found = f"{name[: _LONGEST - 4]}_{number}"
        number += 1
    return found


def argument(name: str, taken: Collection[str]) -> str:
    """Returns a usable name of an argument that is not taken; some names are the connector's own."""
    return unique(name if Names.free(name) else f"the_{name}", taken)


def singular(word: str) -> str:
    """Returns the singular of an English plural; other words as they are."""
    if len(word) > 4 and word.endswith("ies"):  # noqa: PLR2004  not "ties"
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word  # noqa: PLR2004  not "gas"


def is_code(name: str) -> bool:
    """Tells whether a name is one of codes: texts that are compared and never added."""
    return _CODE.search(name) is not None


def is_money(name: str) -> bool:
    """Tells whether a name is one of amounts."""
    return _MONEY.search(name) is not None


def is_personal(name: str) -> bool:
    """Tells whether a name is one of what people may not see without need."""
    return _PERSONAL.search(name) is not None


def is_changed(name: str) -> bool:
    """Tells whether a name is one of when a record was changed last."""
    return _TIME.search(name) is not None


def currency_among(names: Collection[str]) -> str | None:
    """Returns which of some foreign names holds a currency."""
    return next((name for name in names if snake(name).replace("__", "_") in _CURRENCY), None)

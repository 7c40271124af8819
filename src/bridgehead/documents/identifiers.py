"""Says whether a GLN, GTIN or VAT number can be one by its length and check digits, and which scheme a code names."""

from __future__ import annotations

from typing import Final

from stdnum import ean
from stdnum.ch import vat as ch_vat
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat
from stdnum.no import mva

_LONGEST: Final = 40
GLN_SCHEMES: Final = frozenset({"0088", "GLN", "ILN", "EAN", "EAN-13", "EAN13"})
"""How a GLN is called: ISO 6523 ICD 0088 and the words senders use."""
DUNS_SCHEMES: Final = frozenset({"0060", "DUNS", "D-U-N-S", "DUNS+4"})
GTIN_SCHEMES: Final = frozenset({"0160", "GTIN", "EAN", "EAN-13", "EAN13", "EAN_13", "EAN-8", "UPC", "UPC-A", "SRV"})
VAT_SCHEMES: Final = frozenset(
    {"VAT", "VA", "9906", "9910", "9914", "9920", "9955", "9957", "0211", "0223"}
    | {str(code) for code in range(9922, 9954)}
)
"""Codes of the electronic address scheme (EAS, CEF) that are VAT numbers, and qualifier VA of UN/EDIFACT 1153."""


def gtin_holds(value: str) -> bool:
    """Whether the number has 8, 12, 13 or 14 digits with the right check digit (GS1 General Specifications 7.9)."""
    return len(value) <= _LONGEST and bool(ean.is_valid(value))


def gln_holds(value: str) -> bool:
    """Whether the number has 13 digits with the right check digit (GS1 General Specifications 7.9)."""
    return len(value) == 13 and gtin_holds(value)


def vat_holds(value: str) -> bool | None:
    """Whether a VAT number is one by its country's rule; None when no rule is known for how it opens."""
    number = "".join(char for char in value if char.isalnum()).upper()
    if not 4 < len(number) <= _LONGEST:
        return None
    country = number[:2]
    if country == "GB":
        return bool(gb_vat.is_valid(number))
    if country == "NO":
        return bool(mva.is_valid(number))
    if number.startswith("CHE"):
        return bool(ch_vat.is_valid(number)) or bool(ch_vat.is_valid(f"{number}MWST"))
    if country.lower() in {"el", *eu_vat.MEMBER_STATES}:
        return bool(eu_vat.is_valid(number))
    return None

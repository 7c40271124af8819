"""What codes mean that stand beside an order: units, answers to it, Incoterms, and those of an EDI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bridgehead.cli.telling_edi import X12_UNITS
from bridgehead.cli.telling_words import items, mapping
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView

LINE_CODES: Final[Mapping[str, str]] = {
    "IA": "accepted as asked",
    "IP": "accepted at another price",
    "IQ": "accepted with another quantity",
    "DR": "accepted for another day",
    "IB": "on back order",
    "IR": "rejected",
}
"""ASC X12 855, data element 668."""
HEADER_CODES: Final[Mapping[str, str]] = {
    "AD": "acknowledged with details and without a change",
    "AC": "acknowledged with details and with changes",
    "AE": "acknowledged with exceptions alone",
    "AT": "accepted",
    "RD": "rejected with details",
}
"""ASC X12 855, data element 587."""
UNITS: Final[Mapping[str, str]] = {
    "C62": "one piece", "PA": "a pair (a packet in Recommendation 21)", "PR": "a pair", "SET": "a set",
    "MTR": "a metre", "KGM": "a kilogram",
    "LTR": "a litre", "BX": "a box", "CT": "a carton", "PK": "a pack", "RO": "a roll", "NAR": "a number of articles",
    "PCE": "a piece", "H87": "a piece", "EA": "one each", "DZN": "a dozen", "MIL": "a thousand", "GRO": "a gross",
    "CEN": "a hundred", "GRM": "a gram", "TNE": "a tonne", "MTK": "a square metre", "MTQ": "a cubic metre",
    "CMT": "a centimetre", "MMT": "a millimetre", "KMT": "a kilometre", "MLT": "a millilitre", "CS": "a case",
    "CA": "a can", "PF": "a pallet", "PX": "a pallet", "BG": "a bag", "BO": "a bottle", "TU": "a tube",
    "BE": "a bundle", "FOT": "a foot", "LBR": "a pound", "YRD": "a yard", "XBX": "a box", "XCT": "a carton",
    "XPK": "a pack", "XRO": "a roll", "XBG": "a bag", "XPX": "a pallet", "XCS": "a case", "T3": "a thousand pieces",
}  # fmt: skip
"""UN/ECE Recommendation 20 and 21, those that orders are full of."""
_INCOTERMS: Final[Mapping[str, str]] = {
    "EXW": "ex works", "FCA": "free carrier", "CPT": "carriage paid to", "CIP": "carriage and insurance paid to",
    "DAP": "delivered at place", "DPU": "delivered at place, unloaded", "DDP": "delivered, duty paid",
    "FAS": "free alongside ship", "FOB": "free on board", "CFR": "cost and freight", "CIF": "cost, insurance, freight",
}  # fmt: skip
"""Incoterms 2020."""
_MOST: Final = 24


def units_told(view: CaseView) -> Iterator[str]:
    """Yields what the units of the lines of an order are, those that a code of Recommendation 20 names."""
    given = mapping(view.input)
    is_x12 = given.get("format") == "x12"
    told: dict[str, str] = {}
    for line in map(mapping, items(given.get("lines"))):
        unit, code = str(line.get("unit") or ""), str(line.get("unit_code") or "")
        if is_x12 and unit in X12_UNITS:
            told[unit] = X12_UNITS[unit] + (f" ({code} in Recommendation 20)" if code and code != unit else "")
        elif unit in UNITS:
            told[unit] = UNITS[unit] + (f" ({code})" if code and code != unit else "")
        elif unit and code in UNITS:
            told[unit] = f"{code}, {UNITS[code]}"
    if told:
        by = "X12 data element 355" if is_x12 else "UN/ECE Recommendation 20"
        yield f"Units, by {by}: {', '.join(f'{unit} is {words}' for unit, words in told.items())}."


def codes_met(view: CaseView) -> Iterator[str]:
    """Yields what the codes mean that what was read, decided and recorded of an order is full of."""
    given = mapping(view.input)
    if "po_number" not in given:
        return
    found: dict[str, str] = {}
    values: list[JSON] = [step.result for step in view.steps]
    values += [one.args for one in view.effects]
    for value in values:
        _collect(value, found)
    if found:
        listed = [f"{code}: {words}" for code, words in sorted(found.items())][:_MOST]
        by = "UN/ECE Recommendation 20, ASC X12 855 of answers to orders, Incoterms 2020"
        yield f"Codes in what was read ({by}): {'; '.join(listed)}."


def _collect(value: JSON, found: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str):
                _code(name, inner, found)
            elif name == "units" and isinstance(inner, Mapping):
                found.update({unit: UNITS[unit] for unit in inner if unit in UNITS})
            else:
                _collect(inner, found)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            _collect(one, found)


def _code(name: str, value: str, found: dict[str, str]) -> None:
    known = {
        "header_code": HEADER_CODES, "code": LINE_CODES, "unit": UNITS, "base_unit": UNITS, "incoterms": _INCOTERMS,
    }.get(name)  # fmt: skip
    if known is not None and value in known:
        found[value] = known[value]
    elif name == "payment_terms" and value[:1] == "N" and value[1:].isdigit():
        found[value] = f"to be paid within {int(value[1:])} days, net"

"""What the codes of an X12 or EDIFACT document mean, those that orders and what goes with them are full of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bridgehead.documents.marks import Marks, edifact_marks, segment_lines, x12_marks

X12_UNITS: Final[Mapping[str, str]] = {
    "EA": "one each", "PC": "a piece", "DZ": "a dozen", "BX": "a box", "CT": "a carton", "CA": "a case",
    "CS": "a case", "PK": "a package", "PA": "a pail", "PR": "a pair", "RL": "a roll", "RO": "a roll", "ST": "a set",
    "SE": "a section", "FT": "a foot", "LF": "a linear foot", "MR": "a metre", "KG": "a kilogram", "LB": "a pound",
    "GA": "a gallon", "LT": "a litre", "HU": "a hundred", "TH": "a thousand", "BG": "a bag", "PL": "a pallet",
    "UN": "a unit", "YD": "a yard", "TN": "a net ton", "GR": "a gram", "MP": "a metric ton", "SY": "a square yard",
}  # fmt: skip
"""ASC X12, data element 355."""
_PURPOSES: Final[Mapping[str, str]] = {
    "00": "original", "01": "cancellation", "04": "change", "05": "replacement", "06": "confirmation",
    "07": "duplicate", "18": "reissue", "22": "information copy",
}  # fmt: skip
_TYPES: Final[Mapping[str, str]] = {
    "SA": "a stand-alone order", "NE": "a new order", "RL": "a release or delivery order", "BK": "a blanket order",
    "DS": "a drop shipment", "KN": "a purchase order", "RO": "a rush order", "RE": "a reorder", "SP": "a sample order",
    "OS": "a special order", "CP": "a change to an order", "CN": "a consigned order",
}  # fmt: skip
_PARTIES: Final[Mapping[str, str]] = {
    "BY": "buyer", "ST": "ship-to", "BT": "bill-to", "SE": "selling party", "SU": "supplier", "VN": "vendor",
    "SF": "ship-from", "SO": "sold-to", "RE": "remit-to", "EN": "end user", "MA": "final recipient",
    "DP": "delivery party", "IV": "invoicee", "CN": "consignee", "UC": "ultimate consignee", "PR": "payer",
    "DA": "delivery address", "MI": "planning party",
}  # fmt: skip
_NUMBERED: Final[Mapping[str, str]] = {
    "1": "a DUNS number", "9": "a DUNS number of 13 digits", "91": "a number that the seller gave",
    "92": "a number that the buyer gave", "UL": "a GLN", "ZZ": "a number agreed between the two", "12": "a telephone",
    "14": "a GLN", "01": "a DUNS number", "08": "a UCC number", "10": "a number of ODETTE",
}  # fmt: skip
_PARTS: Final[Mapping[str, str]] = {
    "VP": "the vendor's part number", "VN": "the vendor's item number", "VC": "the vendor's catalogue number",
    "BP": "the buyer's part number", "IN": "the buyer's item number", "CB": "the buyer's catalogue number",
    "UP": "a UPC of 12 digits", "EN": "a GTIN of 13 digits", "UK": "a GTIN of 14 digits", "UA": "a UPC of a case",
    "MG": "the maker's part number", "PN": "the company's part number", "SK": "a stock keeping unit",
    "SA": "the supplier's article number", "SRV": "a GTIN", "MF": "the maker's article number",
}  # fmt: skip
_BASES: Final[Mapping[str, str]] = {
    "PE": "price per each", "UM": "price per unit of measure", "HP": "price per hundred", "TP": "price per thousand",
    "CT": "contract price", "CA": "catalogue price", "NT": "net price", "QT": "quoted price", "PD": "price per dozen",
}  # fmt: skip
_DATES: Final[Mapping[str, str]] = {
    "002": "delivery requested", "010": "shipping requested", "011": "shipped", "017": "estimated delivery",
    "037": "ship not before", "038": "ship no later", "063": "do not deliver after", "064": "do not deliver before",
    "067": "scheduled delivery", "001": "cancel after", "004": "purchase order", "035": "delivered",
    "074": "delivery by and including", "106": "required by", "2": "delivery requested", "4": "order", "11": "despatch",
    "17": "estimated delivery", "35": "delivered", "36": "expiry", "63": "latest delivery", "64": "earliest delivery",
    "69": "promised delivery", "137": "date of the document", "171": "date of the reference", "200": "collection",
}  # fmt: skip
_REFERENCES: Final[Mapping[str, str]] = {
    "DP": "department", "CT": "contract", "VR": "number of the vendor at the buyer", "IA": "internal vendor number",
    "CR": "customer's reference", "CO": "customer's order", "PO": "purchase order", "QN": "quotation",
    "Q1": "quotation", "BO": "blanket order", "BM": "bill of lading", "L1": "letters or notes", "ZZ": "as agreed",
    "ON": "order", "PK": "packing list", "AAK": "despatch advice", "VN": "vendor's order", "PD": "promotion",
    "DQ": "delivery note", "IV": "invoice", "VA": "VAT number", "API": "additional number of a party",
    "AAG": "offer", "AAJ": "delivery order", "CC": "cost centre", "JB": "job",
}  # fmt: skip
_NAMES: Final[Mapping[str, str]] = {
    "220": "order", "221": "blanket order", "224": "rush order", "226": "call-off", "227": "consignment order",
    "230": "change of an order", "231": "answer to an order", "351": "despatch advice", "310": "offer",
    "311": "request for a quotation", "35": "inventory report", "105": "purchase order", "240": "delivery instructions",
}  # fmt: skip
_FUNCTIONS: Final[Mapping[str, str]] = {
    "9": "original", "1": "cancellation", "4": "change", "5": "replacement", "7": "duplicate", "31": "copy",
    "29": "accepted without a change", "27": "not accepted", "2": "addition", "3": "deletion", "6": "confirmation",
}  # fmt: skip
_QUANTITIES: Final[Mapping[str, str]] = {
    "21": "quantity ordered", "12": "quantity despatched", "48": "quantity received", "59": "units in a pack",
    "113": "quantity to be delivered", "145": "stock", "17": "stock", "61": "quantity returned", "192": "free quantity",
}  # fmt: skip
_PRICES: Final[Mapping[str, str]] = {
    "AAA": "net price", "AAB": "gross price", "CAL": "calculated price", "INF": "price for information",
    "NTP": "net price", "GRP": "gross price", "CT": "contract price", "CU": "per consumer unit",
}  # fmt: skip
_AMOUNTS: Final[Mapping[str, str]] = {
    "203": "amount of the line", "79": "sum of the lines", "86": "total of the message", "128": "total amount",
    "125": "taxable amount", "124": "tax", "9": "amount to be paid", "23": "charge", "204": "allowance", "39": "total",
}  # fmt: skip
_COUNTS: Final[Mapping[str, str]] = {"2": "number of lines", "1": "sum of the quantities", "7": "gross weight"}
_TEXTS: Final[Mapping[str, str]] = {
    "AAI": "general information", "DEL": "about the delivery", "PUR": "about purchasing", "ORI": "order instruction",
    "ZZZ": "as agreed", "SUR": "the supplier's remark", "LIN": "about the line", "TRA": "about the transport",
}  # fmt: skip
_X12: Final[Mapping[tuple[str, int], Mapping[str, str]]] = {
    ("BEG", 1): _PURPOSES, ("BEG", 2): _TYPES, ("BCH", 1): _PURPOSES, ("BCH", 2): _TYPES, ("BSN", 1): _PURPOSES,
    ("CUR", 1): _PARTIES, ("REF", 1): _REFERENCES, ("N9", 1): _REFERENCES, ("DTM", 1): _DATES,
    ("N1", 1): _PARTIES, ("N1", 3): _NUMBERED, ("PO1", 3): X12_UNITS, ("PO1", 5): _BASES, ("POC", 5): X12_UNITS,
    ("SN1", 3): X12_UNITS, ("PID", 1): {"F": "free text", "X": "half free text", "S": "coded"},
    ("ISA", 15): {"P": "production", "T": "test"}, ("GS", 1): {"PO": "purchase orders", "PC": "changes of orders"},
    ("ST", 1): {"850": "purchase order", "860": "change of an order", "875": "grocery order", "856": "ship notice"},
}  # fmt: skip
_X12_PARTS: Final[Mapping[str, int]] = {"PO1": 6, "POC": 8, "LIN": 2}
"""The element at which the pairs of qualifier and part number begin."""
_EDIFACT: Final[Mapping[tuple[str, int, int], Mapping[str, str]]] = {
    ("BGM", 1, 1): _NAMES, ("BGM", 3, 1): _FUNCTIONS, ("DTM", 1, 1): _DATES, ("NAD", 1, 1): _PARTIES,
    ("NAD", 2, 3): {**_NUMBERED, "9": "a GLN"}, ("LIN", 3, 2): _PARTS, ("PIA", 2, 2): _PARTS, ("PIA", 3, 2): _PARTS,
    ("PIA", 1, 1): {"1": "additional", "5": "identifies the item"}, ("QTY", 1, 1): _QUANTITIES,
    ("PRI", 1, 1): _PRICES, ("MOA", 1, 1): _AMOUNTS, ("RFF", 1, 1): _REFERENCES, ("CNT", 1, 1): _COUNTS,
    ("FTX", 1, 1): _TEXTS, ("CUX", 1, 1): {"2": "currency of the prices"}, ("CUX", 1, 3): {"9": "of the order"},
}  # fmt: skip
_MOST: Final = 40


def edi_codes(text: str) -> Iterator[str]:
    """Yields what the codes of an X12 or EDIFACT text mean, in one sentence; nothing for any other text."""
    begins = text.lstrip("\ufeff \t\r\n")
    is_x12 = begins.startswith("ISA")
    marks = x12_marks(begins) if is_x12 else edifact_marks(begins) if begins.startswith("UN") else None
    if marks is None:
        return
    told: dict[str, str] = {}
    for segment in segment_lines(begins):
        told.update(_of_x12(segment, marks) if is_x12 else _of_edifact(segment, marks))
    if told:
        listed = "; ".join(f"{place}: {words}" for place, words in list(told.items())[:_MOST])
        yield f"Codes of the document ({'ASC X12' if is_x12 else 'UN/EDIFACT'}): {listed}."


def _of_x12(segment: str, marks: Marks) -> Iterator[tuple[str, str]]:
    parts = [part.strip() for part in segment.strip().removesuffix(marks.end).split(marks.element)]
    tag = parts[0]
    for at, value in enumerate(parts):
        known = _X12.get((tag, at), {})
        if value in known:
            yield f"{tag}{at:02} {value}", known[value]
    if tag in _X12_PARTS:
        for at in range(_X12_PARTS[tag], len(parts) - 1, 2):
            if parts[at] in _PARTS:
                yield f"{tag} {parts[at]}", _PARTS[parts[at]]


def _of_edifact(segment: str, marks: Marks) -> Iterator[tuple[str, str]]:
    parts = [part.split(marks.component) for part in segment.strip().removesuffix(marks.end).split(marks.element)]
    tag = parts[0][0]
    for (of, element, component), known in _EDIFACT.items():
        if of == tag and element < len(parts) and component <= len(parts[element]):
            value = parts[element][component - 1]
            if value in known:
                yield f"{tag} {value}", known[value]

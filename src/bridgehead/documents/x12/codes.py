"""Code lists of ASC X12 that the reader of purchase orders needs (data element dictionary, release 004010)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridgehead.documents.order import Purpose
from bridgehead.documents.outcome import Kind

PURPOSES: Final[dict[str, Purpose]] = {
    "00": "original",
    "01": "cancel",
    "02": "change",
    "03": "change",
    "04": "change",
    "05": "change",
    "06": "confirmation",
    "07": "original",
}
"""Element 353: 07 marks a repeated original; whether it was seen before is the books' question."""

OTHER_SETS: Final[dict[str, tuple[Kind, str]]] = {
    "810": ("invoice", "invoice"),
    "820": ("other", "payment order"),
    "824": ("acknowledgement", "application advice"),
    "830": ("forecast", "planning schedule"),
    "840": ("question", "request for quotation"),
    "846": ("other", "inventory inquiry"),
    "852": ("other", "product activity data"),
    "855": ("order_response", "purchase order acknowledgement"),
    "856": ("delivery_note", "ship notice"),
    "861": ("other", "receiving advice"),
    "862": ("forecast", "shipping schedule"),
    "865": ("order_response", "purchase order change acknowledgement"),
    "869": ("question", "order status inquiry"),
    "870": ("order_response", "order status report"),
    "997": ("acknowledgement", "functional acknowledgement"),
    "999": ("acknowledgement", "implementation acknowledgement"),
}

UNREAD_ORDER_SETS: Final[dict[str, str]] = {"875": "grocery purchase order", "876": "grocery purchase order change"}

PRICE_BASES: Final[dict[str, int]] = {
    **dict.fromkeys(
        ("PE", "TE", "LE", "QE", "RE", "WE", "UM", "CT", "CA", "NT", "ST", "FX", "CP", "QT", "DI", "PR"), 1
    ),
    **dict.fromkeys(("HP", "LC", "QH", "RC", "TC", "WC"), 100),
    **dict.fromkeys(("TP", "LM", "QS", "RM", "TM", "WM"), 1000),
    **dict.fromkeys(("PD", "LD", "RD", "TD", "WD"), 12),
    "PN": 10,
    "TT": 10_000,
    "HT": 100_000,
}
"""Element 639: how many units the price is for."""

PRICE_UNITS: Final[dict[str, frozenset[str]]] = {
    "PF": frozenset({"FT", "LF"}),
    "PG": frozenset({"GR"}),
    "PK": frozenset({"KG"}),
    "PL": frozenset({"LT"}),
    "PO": frozenset({"OZ"}),
    "PP": frozenset({"LB"}),
    "PT": frozenset({"TN"}),
    "PY": frozenset({"YD"}),
}
"""Element 639 by measure: readable only when the line is ordered in that measure."""

CUSTOMER_PARTS: Final = ("BP", "IN", "CB", "PI")
SUPPLIER_PARTS: Final = ("VP", "VN", "VC", "VS", "VA", "SA", "MG", "MF", "MN", "ST", "SK", "PN", "CG")
GTINS: Final = ("UK", "EN", "UP", "UA", "UI", "EO", "UN")
"""Element 235, each group in order of preference."""

DELIVERY_DATES: Final = ("002", "074", "106", "067", "010", "118")
"""Element 374 in order of preference: delivery requested, by and including, required by, scheduled, ship, pick-up."""

LIMITS: Final[dict[str, bool]] = {
    "001": True,
    "061": True,
    "063": True,
    "038": True,
    "177": True,
    "037": False,
    "064": False,
}
"""Element 374: cancel after, cancel if not delivered by, do not deliver after, ship no later, cancellation (true:
the last day); ship not before, do not deliver before (false: the first)."""

ORDER_TYPES: Final = frozenset(
    {"SA", "NE", "RL", "RO", "RE", "DS", "OS", "KN", "SO", "NP", "EO", "UE", "SP", "SS", "00"}
)
"""Element 92: kinds of order that ask for delivery against payment and nothing else."""

NAMED: Final = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA", "N1", "N2", "N3", "N4", "PER", "G61", "NM1"})
"""Segments of the envelope, of names and of addresses: words in them are names."""
SHORT: Final = 3
"""An element of so few characters is a code."""

PRICE_CLASSES: Final = ("CON", "UCP", "NET", "PRO", "CAT", "ACT", "INV")
"""Element 236: prices the buyer pays; retail prices are none of ours."""

SEGMENTS: Final = frozenset(
    [
        "ST",
        "BEG",
        "BCH",
        "CUR",
        "REF",
        "PER",
        "TAX",
        "FOB",
        "CTP",
        "PAM",
        "CSH",
        "TXI",
        "SAC",
        "ITD",
        "DIS",
        "INC",
        "DTM",
        "LDT",
        "LIN",
        "SI",
        "PID",
        "MEA",
        "PWK",
        "PKG",
        "TD1",
        "TD5",
        "TD3",
        "TD4",
        "MAN",
        "PCT",
        "CTB",
        "N9",
        "MSG",
        "N1",
        "N2",
        "N3",
        "N4",
        "NX2",
        "SPI",
        "LM",
        "LQ",
        "V1",
        "R4",
        "FA1",
        "FA2",
        "CB1",
        "G61",
        "MTX",
        "PO1",
        "POC",
        "SLN",
        "AMT",
        "CTT",
        "SCH",
        "SDQ",
        "PO3",
        "PO4",
        "IT8",
        "ISS",
        "QTY",
        "UIT",
        "NTE",
        "IN1",
        "IN2",
        "NM1",
        "ADV",
        "CN1",
        "CDD",
        "PPC",
        "ACD",
        "LS",
        "LE",
        "TC2",
        "CRC",
        "SSS",
        "IT3",
        "PRF",
        "PYD",
        "STC",
        "YNQ",
        "G53",
        "G62",
        "N10",
        "SR",
        "DEP",
    ]
)
"""Segments that releases 003040 to 006020 admit in an 850 or 860."""

ZERO: Final = Decimal(0)

"""Code lists of ASC X12 that the reader of purchase orders needs (data element dictionary, release 004010)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridgehead.documents.order import DateKind, Purpose, ReferenceKind
from bridgehead.documents.outcome import Kind

PURPOSES: Final[dict[str, Purpose]] = {
    **dict.fromkeys(("00", "07", "15", "20", "49", "54"), "original"),
    **dict.fromkeys(("01", "03", "17"), "cancel"),
    **dict.fromkeys(("02", "04", "05", "18", "26"), "change"),
    "06": "confirmation",
}
"""Element 353: 07 marks a repeated original and 15 and 54 one sent again; whether it was seen before is the books'
question. Everything else (status, inquiry, draft, information copy) is of another purpose."""

ORDER_SETS: Final = frozenset({"850", "860", "875"})

OTHER_SETS: Final[dict[str, tuple[Kind, str]]] = {
    "180": ("other", "return merchandise authorisation"),
    "204": ("other", "motor carrier load tender"),
    "210": ("invoice", "motor carrier freight invoice"),
    "211": ("other", "bill of lading"),
    "214": ("other", "shipment status"),
    "753": ("other", "request for routing"),
    "754": ("other", "routing instructions"),
    "810": ("invoice", "invoice"),
    "812": ("invoice", "credit or debit adjustment"),
    "816": ("master_data", "organizational relationships"),
    "818": ("stock_report", "commission sales report"),
    "820": ("payment", "payment order"),
    "821": ("payment", "financial information reporting"),
    "823": ("payment", "lockbox"),
    "824": ("acknowledgement", "application advice"),
    "830": ("forecast", "planning schedule"),
    "832": ("catalogue", "price and sales catalogue"),
    "836": ("other", "procurement notice"),
    "838": ("master_data", "trading partner profile"),
    "840": ("quotation_request", "request for quotation"),
    "842": ("complaint", "nonconformance report"),
    "843": ("quotation", "response to request for quotation"),
    "844": ("other", "product transfer account adjustment"),
    "845": ("catalogue", "price authorization"),
    "846": ("stock_report", "inventory inquiry or advice"),
    "849": ("other", "response to product transfer account adjustment"),
    "852": ("stock_report", "product activity data"),
    "855": ("order_response", "purchase order acknowledgement"),
    "856": ("delivery_note", "ship notice"),
    "857": ("delivery_note", "shipment and billing notice"),
    "860": ("order_change", "purchase order change"),
    "861": ("other", "receiving advice"),
    "862": ("forecast", "shipping schedule"),
    "863": ("other", "report of test results"),
    "864": ("other", "text message"),
    "865": ("order_response", "purchase order change acknowledgement"),
    "866": ("forecast", "production sequence"),
    "867": ("stock_report", "product transfer and resale report"),
    "869": ("order_status", "order status inquiry"),
    "870": ("order_status", "order status report"),
    "876": ("order_change", "grocery purchase order change"),
    "877": ("other", "manufacturer coupon family code structure"),
    "878": ("master_data", "product authorization"),
    "879": ("catalogue", "price information"),
    "880": ("invoice", "grocery invoice"),
    "882": ("invoice", "direct store delivery summary"),
    "888": ("master_data", "item maintenance"),
    "889": ("catalogue", "promotion announcement"),
    "894": ("delivery_note", "delivery record base"),
    "895": ("delivery_note", "delivery acknowledgement"),
    "940": ("other", "warehouse shipping order"),
    "943": ("delivery_note", "warehouse stock transfer advice"),
    "944": ("other", "warehouse stock receipt advice"),
    "945": ("delivery_note", "warehouse shipping advice"),
    "947": ("stock_report", "warehouse inventory adjustment"),
    "990": ("other", "response to load tender"),
    "997": ("acknowledgement", "functional acknowledgement"),
    "999": ("acknowledgement", "implementation acknowledgement"),
}
"""Element 143: transaction sets that order nothing, with their names."""

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
UNNAMED: Final = ""
SUPPLIER_PARTS: Final = ("VP", "VN", "VC", "VS", "VA", "SA", "ST", "SK", "PN", "CG", UNNAMED)
MAKER_PARTS: Final = ("MG", "MF", "MN")
GTINS: Final = ("UK", "EN", "UP", "UA", "UI", "EO", "UN")
"""Element 235, each group in order of preference; a maker's number counts where no supplier's is given."""
NOT_NUMBERS: Final = frozenset({"PL", "PO", "LT", "EC", "VE", "CM", "DR", "RV", "RY", "SN"})
"""Element 235: lines, lots, drawings, serials; they name no product."""
LOOKS: Final = {"BO": "colour", "CL": "colour", "SZ": "size", "IZ": "size"}
"""Element 235: how the item looks; PD is its description."""
WITHOUT_CHECK_DIGIT: Final = ("UI", "UN")
"""Element 235: UPC of 1, 5 and 5 digits; without the check digit it is no GTIN."""

DELIVERY_DATES: Final = ("002", "074", "106", "067", "017", "069", "010", "118")
"""Element 374 in order of preference: delivery requested, by and including, required by, scheduled, estimated,
promised, ship, pick-up."""
VAGUE_DATES: Final = {"077": "the week of", "084": "the week of"}
"""Element 374: days that stand for a week."""
DATE_KINDS: Final[dict[str, DateKind]] = {
    **dict.fromkeys(("010", "068", "118"), "ship"),
    **dict.fromkeys(("037", "064"), "not_before"),
    **dict.fromkeys(("038", "063"), "not_after"),
    **dict.fromkeys(("001", "061", "177"), "cancel_after"),
    **dict.fromkeys(("036", "015"), "valid_until"),
}
"""Element 374."""

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

REFERENCES: Final[dict[str, ReferenceKind]] = {
    **dict.fromkeys(("CT", "BC", "AH", "PM"), "contract"),
    **dict.fromkeys(("Q1", "QN"), "quotation"),
    **dict.fromkeys(("BO", "BK"), "blanket_order"),
    **dict.fromkeys(("VN", "SO"), "supplier_order"),
    **dict.fromkeys(("EU", "UO", "CO"), "end_customer_order"),
    **dict.fromkeys(("RQ", "PRT"), "requisition"),
    **dict.fromkeys(("JB", "PJ"), "project"),
    **dict.fromkeys(("DP", "19"), "department"),
    **dict.fromkeys(("CC", "YD"), "cost_centre"),
    **dict.fromkeys(("11", "12", "AO"), "account"),
    **dict.fromkeys(("PD", "P4"), "promotion"),
    **dict.fromkeys(("OP", "PP"), "previous_order"),
}
"""Element 128."""
TEXT_REFERENCES: Final = frozenset({"L1", "ZZ", "GE", "TN", "SPH", "GEN", "NTE", "DEL", "INT"})
"""Element 128 in N9: names of a text that follows, no documents."""

BUYERS: Final = ("BY", "SO", "OB", "BS", "BT", "FR")
SHIP_TO: Final = ("ST", "DA", "CN", "BS")
BILL_TO: Final = ("BT", "PR", "BS")
SELLERS: Final = ("SE", "SU", "VN", "VE")
FINAL_PLACES: Final = frozenset({"Z7", "MA", "UC", "EN"})
"""Element 98, each group in order of preference; mark-for, final recipient, ultimate consignee, end user.
Where no buyer is named, who pays is the buyer, then who sends (FR)."""

ORDER_TYPES: Final = frozenset(
    {"SA", "NE", "RL", "RO", "RE", "DS", "OS", "KN", "SO", "NP", "EO", "UE", "SP", "SS", "00"}
)
"""Element 92: kinds of order that ask for delivery against payment and nothing else."""

NAMES: Final = frozenset({"N1", "N2", "N3", "N4", "PER", "G61", "NM1"})
"""Segments of names and addresses: a company may be called anything."""
UNWATCHED: Final = frozenset({"ST", "MSG", "MTX", "NTE", "AMT", "CTT", "CUR", "DTM", "QTY", "SCH"})
"""Segments of free text, which is watched as notes, and of codes and numbers alone."""

PRICE_CLASSES: Final = ("CON", "UCP", "NET", "PRO", "CAT", "ACT", "INV")
"""Element 236: prices the buyer pays; retail prices are none of ours."""

FREIGHT: Final = {
    "CC": "collect",
    "CF": "collect, freight credited back",
    "DE": "per contract",
    "DF": "defined by buyer and seller",
    "PB": "customer picks up",
    "PC": "prepaid but charged",
    "PO": "prepaid only",
    "PP": "prepaid",
    "PU": "pick-up",
    "TP": "third party pays",
}
"""Element 146: who pays for the transport."""

ORDERED: Final = frozenset({"01", "38", "63"})
"""Element 673: discrete, original and on-order quantity; others (packs, minimum, stock) order nothing."""

TOTALS: Final = frozenset({"TT", "1", "GV", "5"})
"""Element 522 outside lines: total transaction amount, item total, gross value, invoice amount."""

USED: Final = frozenset(
    (  # noqa: SIM905 - a list of tags is read as words
        "ADV AMT AT BCH BEG CB1 CN1 CSH CTB CTP CTT CUR DIS DTM EFI FA1 FA2 FOB G53 G61 G62 IN1 IN2 INC ISS IT3 IT8 "
        "ITD LDT LE LIN LM LQ LS MAN MEA MSG MTX N1 N10 N2 N3 N4 N9 NM1 NTE NX2 PAM PCT PER PID PKG PO1 PO3 PO4 POC "
        "PWK QTY R4 REF SAC SCH SDQ SI SLN SPI ST TAX TC2 TD1 TD3 TD4 TD5 TXI UIT V1 YNQ PRF PYD STC SR SSS CRC CDD "
        "PPC ACD DEP G50 G23 G66 G68 G69 G70 G72 G73 G76"
    ).split()
)
"""Segments that some release admits in an 850, 860 or 875."""

ZERO: Final = Decimal(0)

"""Code lists of UN/EDIFACT that the reader of orders needs (directories D.93A to D.23A, and EANCOM's own codes)."""

from __future__ import annotations

from typing import Final

from bridgehead.documents.order import ControlKind, DateKind, Purpose, ReferenceKind
from bridgehead.documents.outcome import Kind

ORDER_MESSAGES: Final = frozenset({"ORDERS", "ORDCHG"})

OTHER_MESSAGES: Final[dict[str, tuple[Kind, str]]] = {
    "ORDRSP": ("order_response", "purchase order response"),
    "OSTRPT": ("order_status", "order status report"),
    "OSTENQ": ("order_status", "order status enquiry"),
    "DESADV": ("delivery_note", "despatch advice"),
    "INVOIC": ("invoice", "invoice"),
    "INVRPT": ("stock_report", "inventory report"),
    "SLSRPT": ("stock_report", "sales data report"),
    "SLSFCT": ("forecast", "sales forecast"),
    "DELFOR": ("forecast", "delivery schedule"),
    "DELJIT": ("forecast", "just-in-time delivery"),
    "RECADV": ("other", "receiving advice"),
    "RETANN": ("other", "announcement for returns"),
    "RETINS": ("other", "instruction for returns"),
    "PRICAT": ("catalogue", "price catalogue"),
    "PRODAT": ("master_data", "product data"),
    "PARTIN": ("master_data", "party information"),
    "QUOTES": ("quotation", "quotation"),
    "REQOTE": ("quotation_request", "request for quotation"),
    "CONTRL": ("acknowledgement", "syntax and service report"),
    "APERAK": ("acknowledgement", "application acknowledgement"),
    "REMADV": ("payment", "remittance advice"),
    "PAYORD": ("payment", "payment order"),
    "PAYMUL": ("payment", "multiple payment order"),
    "PAYEXT": ("payment", "extended payment order"),
    "CREADV": ("payment", "credit advice"),
    "DEBADV": ("payment", "debit advice"),
    "BANSTA": ("payment", "banking status"),
    "FINSTA": ("payment", "financial statement"),
    "COMDIS": ("complaint", "commercial dispute"),
    "TAXCON": ("invoice", "tax control"),
    "COACSU": ("invoice", "commercial account summary"),
    "STATAC": ("invoice", "statement of account"),
    "GENRAL": ("other", "general purpose message"),
    "PROCST": ("other", "project cost report"),
    "IFTMIN": ("other", "transport instruction"),
    "IFTMBF": ("other", "firm booking"),
    "IFTMBC": ("other", "booking confirmation"),
    "IFTMAN": ("other", "arrival notice"),
    "IFTSTA": ("other", "transport status"),
    "IFCSUM": ("other", "forwarding summary"),
    "INSDES": ("other", "instruction to despatch"),
    "HANMOV": ("other", "cargo handling order"),
    "MSCONS": ("other", "metered consumption report"),
    "UTILMD": ("master_data", "utilities master data"),
    "CUSCAR": ("other", "customs cargo report"),
    "CUSDEC": ("other", "customs declaration"),
    "CUSRES": ("other", "customs response"),
    "BAPLIE": ("other", "bayplan"),
    "COPRAR": ("other", "container discharge or loading order"),
    "CODECO": ("other", "container gate report"),
    "PAXLST": ("other", "passenger list"),
    "QALITY": ("other", "quality data"),
}
"""Data element 0065: messages that order nothing, with their UNTDID names."""

PURPOSES: Final[dict[str, Purpose]] = {
    "": "original",
    **dict.fromkeys(("7", "9", "22", "35", "43", "47"), "original"),
    **dict.fromkeys(("1", "3", "17", "24"), "cancel"),
    **dict.fromkeys(("2", "4", "5", "18", "19", "20", "21", "33", "36"), "change"),
    **dict.fromkeys(("6", "40", "42"), "confirmation"),
}
"""Data element 1225 (message function); 7 is a duplicate, and whether the original was seen is the books' question."""

ORDER_NAMES: Final = frozenset({"", "105", "220", "222", "224", "226", "233", "237", "402", "22E", "348"})
"""Data element 1001: kinds of order that ask for delivery against payment and nothing else."""
OTHER_ORDER_NAMES: Final = {
    "221": "blanket order",
    "223": "lease order",
    "225": "repair order",
    "227": "consignment order",
    "228": "sample order",
    "229": "swap order",
    "232": "hire order",
    "240": "delivery instructions",
    "241": "delivery schedule",
    "242": "just-in-time delivery",
    "258": "standing order",
    "325": "pro-forma invoice",
    "315": "contract",
}
"""Data element 1001: kinds of order that a supplier treats in another way."""
NOT_ORDERS: Final[dict[str, tuple[Kind, str]]] = {
    "231": ("order_response", "purchase order response"),
    "310": ("quotation", "offer"),
    "311": ("quotation_request", "request for quotation"),
    "351": ("delivery_note", "despatch advice"),
    "380": ("invoice", "commercial invoice"),
}
"""Data element 1001: documents that are no orders whatever message they come in."""

DELIVERY_DATES: Final = ("2", "69", "76", "17", "63", "75", "10", "11", "38", "200", "358", "64", "71")
"""Data element 2005 in order of preference: requested, promised, scheduled, estimated, latest, before, to ship,
despatch, ship not later, pick-up, earliest, after."""
DATE_KINDS: Final[dict[str, DateKind]] = {
    "10": "ship",
    "11": "ship",
    "200": "ship",
    "37": "not_before",
    "64": "not_before",
    "71": "not_before",
    "74": "not_before",
    "234": "not_before",
    "38": "not_after",
    "63": "not_after",
    "75": "not_after",
    "235": "not_after",
    "61": "cancel_after",
    "36": "valid_until",
    "206": "valid_until",
    "273": "valid_until",
}
LIMITS: Final[dict[str, bool]] = {"61": True, "63": True, "75": True, "38": True, "64": False, "71": False, "37": False}
"""Data element 2005: cancel if not delivered by, latest, before, ship not later (the last day); earliest, after, ship
not before (the first day)."""
OTHERS_DATES: Final = frozenset({"12", "13", "134", "140", "171", "209", "263", "265", "131", "132", "133", "136"})
"""Data element 2005: days of payment, exchange rate, reference, invoicing and transport."""
ORDER_DATES: Final = ("4", "137", "97", "3")
"""Data element 2005: order, document, transaction creation, (in some directories) invoice day."""

BUYERS: Final = ("BY", "OB", "SO", "BS", "OY", "IMP", "IV", "BT")
SHIP_TO: Final = ("DP", "ST", "CN", "UC", "UD", "SN", "IT", "BS")
BILL_TO: Final = ("IV", "BT", "PR", "BS")
SELLERS: Final = ("SU", "SE", "MF", "VN")
FINAL_PLACES: Final = frozenset({"UC", "UD", "CN", "ST", "DP"})
"""Data element 3035, each group in order of preference; where no buyer is named, who pays is the buyer."""

REFERENCES: Final[dict[str, ReferenceKind]] = {
    "CT": "contract",
    "BO": "blanket_order",
    "BC": "blanket_order",
    "AAG": "quotation",
    "PR": "quotation",
    "VN": "supplier_order",
    "UO": "end_customer_order",
    "UC": "end_customer_order",
    "CO": "previous_order",
    "OP": "previous_order",
    "PW": "previous_order",
    "AGI": "requisition",
    "AEP": "project",
    "AGK": "department",
    "ADE": "account",
    "AOU": "account",
    "PD": "promotion",
    "AJK": "promotion",
    "AKO": "cost_centre",
}
"""Data element 1153."""
VAT_REFERENCES: Final = frozenset({"VA", "FC"})
CUSTOMER_NUMBER_REFERENCES: Final = frozenset({"IT", "AVC"})
LINE_REFERENCES: Final = frozenset({"LI", "ON", "PL"})

GTIN_TYPES: Final = frozenset({"EN", "SRV", "UP", "UA", "UI", "UK", "EAN", "EO", "UE", "UD", "SRS", "GTI", "UPC"})
CUSTOMER_TYPES: Final = ("BP", "IN", "BI", "PO")
SUPPLIER_TYPES: Final = ("SA", "VP", "VN", "PN", "ST")
MAKER_TYPES: Final = ("MF", "MP", "MN")
"""Data element 7143, each group in order of preference; a maker's number counts where nothing else names the item."""
NOT_NUMBERS: Final = frozenset({"NB", "LI", "PL", "RN", "PV", "DW", "DV", "EC", "RC", "AA"})
"""Data element 7143: batch, line, release, promotion variant, drawing and the like; they name no product."""

ORDERED: Final = ("21", "113", "1", "131", "11", "48")
"""Data element 6063 in order of preference: ordered, to be delivered, discrete, delivery, split, received."""
SPLITS: Final = frozenset({"11", "21", "113", "1", "131"})
CONTENTS: Final = frozenset({"52", "53", "54", "59", "45E", "17E", "91E", "116", "117"})
"""Data element 6063: the content of a pack and minimum quantities, which order nothing."""

PRICES: Final = ("AAA", "NTP", "INV", "CAL", "CON", "AAB", "GRP", "INF", "AAE", "PRC")
"""Data element 5125 in order of preference: net, invoice, calculation, contract, gross, information."""
NET_PRICES: Final = frozenset({"AAA", "NTP"})
"""Data element 5125: prices that include all allowances and charges."""
GROSS_PRICES: Final = frozenset({"AAF", "AAH", "AAG"})
"""Data element 5125: prices that include taxes."""
RETAIL_PRICES: Final = frozenset({"SRP", "RTP", "RRP", "MSR"})
"""Data element 5387: prices to the final customer."""

LINE_AMOUNTS: Final = ("203", "66", "38", "128")
"""Data element 5025 of a line: line item, goods item, invoice item, total."""
TOTALS: Final[dict[str, ControlKind]] = {
    "79": "lines_total",
    "125": "net_total",
    "131": "charge_total",
    "259": "charge_total",
    "260": "allowance_total",
    "124": "tax_total",
    "150": "tax_total",
    "176": "tax_total",
    "9": "payable",
}
"""Data element 5025 of the summary; 131 is the difference of charges and allowances and checked by its amount."""
GRAND_TOTALS: Final = ("86", "128", "39", "77", "388", "402")
"""Data element 5025: totals of the message, which senders state with or without tax."""
CHARGE_AMOUNTS: Final = frozenset({"8", "23", "25", "204", "131", "64", "98E", "203"})

DISCOUNT_TERMS: Final = "22"
PERIODS: Final = {"D": "", "CD": "", "WD": " working days", "W": " weeks", "M": " months", "Y": " years"}
"""Data element 2151."""

NAMES: Final = frozenset({"BGM", "NAD", "CTA", "COM", "LOC"})
"""Segments of names and addresses: a company may be called anything."""
UNWATCHED: Final = frozenset({"UNH", "FTX", "IMD", "CNT", "CUX", "DTM", "MOA", "PRI", "QTY", "UNS"})
"""Segments of free text and descriptions, which are watched as such, and of codes and numbers alone."""

SEGMENTS: Final = frozenset(
    (  # noqa: SIM905 - a list of tags is read as words
        "ADR AGR AJT ALC ALI ALS APD API APP APR ARD ARR ASD ASI ATI ATT AUT BAS BGM BII BLI BUS CAL CAV CCD CCI "
        "CDI CDS CDV CED CIN CLA CLI CLT CMN CMP CNI CNT CNX COD COM CON COT CPI CPS CPT CRI CST CTA CUX DAM DAV "
        "DFN DGS DII DIM DIS DLI DLM DMS DNT DOC DRD DSG DSI DTI DTM EDT EFI ELM ELU ELV EMP EQA EQD EQI EQN ERC "
        "ERI ERP ETD EVE EVT FCA FCR FII FNS FNT FOR FRM FRQ FSQ FTI FTX GDS GEI GID GIN GIR GIS GOR GPO GRU HAN "
        "HDI HDR HDS HYN ICD ICI IDE IFD IFT IHC IMD IND INP INV IRQ ITC ITD ITM LAN LIN LKP LOC LTS MAP MEA MEM "
        "MES MKS MOA MOP MOV MSD MSG MTD NAA NAD NAT NME NUN ODI ODS ORG OTI PAC PAI PAS PAT PCC PCD PCI PDI PDT "
        "PER PGI PIA PIT PMT PNA POC POP POR POS PRC PRE PRI PRO PRT PRV PSD PSI PTY PYT QRS QTI QTY QUA QVA QVR "
        "RCI RCS REL RFF RFR RJL RNG ROD RPI RSL RTC RTE RTI SAL SCC SCD SDT SEG SEL SEQ SFI SGP SGU SMV SPR SPS "
        "SSR STA STC STG STS SWT TAX TBI TCC TCE TCF TDI TDT TEM TFF TIF TMD TMP TOD TPL TRF TRU TSR TVL TXS UGH "
        "UGS UNH UNS USA USC USH USR UST USY VEH VLI"
    ).split()
)
"""Segments of the directories D.93A to D.23A and of the service directory."""

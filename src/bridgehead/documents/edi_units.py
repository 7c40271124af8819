"""Names the units of EDI by their codes: data element 355 of X12, data element 6411 of EDIFACT, to UN/ECE Rec 20."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bridgehead.documents.units import unit_code

_X12: Final[dict[str, str]] = {
    "AS": "",
    "BA": "BL",
    "BC": "BK",
    "BD": "BE",
    "BG": "BG",
    "BK": "BK",
    "BO": "BO",
    "BR": "BA",
    "BX": "BX",
    "CA": "CS",
    "CF": "FTQ",
    "CI": "INQ",
    "CM": "CMT",
    "CN": "CA",
    "CP": "",
    "CR": "MTQ",
    "CT": "CT",
    "CY": "YDQ",
    "DA": "DAY",
    "DO": "",
    "DR": "DR",
    "DS": "",
    "DZ": "DZN",
    "EA": "C62",
    "FT": "FOT",
    "GA": "GLL",
    "GR": "GRM",
    "GS": "GRO",
    "HR": "HUR",
    "HU": "CEN",
    "IN": "INH",
    "JR": "JR",
    "KE": "",
    "KG": "KGM",
    "KT": "SET",
    "LB": "LBR",
    "LF": "FOT",
    "LM": "MTR",
    "LO": "",
    "LT": "LTR",
    "LY": "YRD",
    "ML": "MLT",
    "MM": "MMT",
    "MO": "MON",
    "MP": "TNE",
    "MR": "MTR",
    "MT": "TNE",
    "NT": "",
    "OZ": "ONZ",
    "PA": "BJ",
    "PC": "C62",
    "PD": "PD",
    "PF": "PF",
    "PG": "GRM",
    "PH": "PK",
    "PK": "PK",
    "PL": "PF",
    "PR": "PR",
    "PT": "PTI",
    "QT": "QTI",
    "RL": "RO",
    "RM": "RM",
    "SF": "FTK",
    "SH": "ST",
    "SI": "INK",
    "SM": "MTK",
    "SP": "PK",
    "ST": "SET",
    "SY": "YDK",
    "TB": "TU",
    "TH": "MIL",
    "TK": "TK",
    "TN": "STN",
    "TU": "TU",
    "UN": "C62",
    "WK": "WEE",
    "YD": "YRD",
    "YR": "ANN",
}
"""Data element 355, release 008010; codes that Rec 20 and Rec 21 have no name for are empty."""

REC20: Final = frozenset(
    (  # noqa: SIM905 - a list of codes is read as words
        "2N 4A 5B 5I 10 11 13 14 15 16 20 21 22 23 24 28 29 AA AB ACR ACT AD AE AH AI AL AM AMH AMP ANN APZ AR ARE "
        "AS ASM ASU ATM ATT AU AV AW AY B0 B1 BFT BHP BIL BL BLD BLL BP BTU BUA BUI C0 C1 C2 C62 CCT CDL CEL CEN "
        "CGM CKG CLF CLT CMK CMQ CMT CNP CNT COU CTM CUR CWA CWI DAA DAD DAY DEC DLT DMK DMQ DMT DPC DPR DPT DRA "
        "DRI DRL DTN DWT DZN DZP E27 E34 E37 E48 EA EV FAH FAR FOT FTK FTQ G21 G23 GB GBQ GFI GGR GIA GII GLD GLI "
        "GLL GRM GRN GRO GRT GT GWH HA HAR HBX HDW HEA HIU HKM HLT HM HMQ HMT HPA HTZ HUR IE INH INK INQ JOU K6 KBA "
        "KEL KGM KGS KHZ KMH KMK KMQ KMT KNI KNS KNT KPA KPH KPO KPP KT KTM KTN KVA KVR KVT KWH KWT LBR LBT LD LEF "
        "LH LO LP LPA LR LS LTN LTR LUX MAL MAM MAR MAW MBE MBF MBR MCU MGM MHZ MIK MIL MIN MIO MIU MLD MLT MMK MMQ "
        "MMT MND MON MPA MQH MQS MSK MTK MTQ MTR MTS MVA MWH NAR NBB NCL NEW NIL NIU NMB NMI NMP NPR NPT NTT OHM "
        "ONZ OZA OZI P1 P5 PAL PCE PG PGL PI PLA PQ PR PTD PTI PTL Q3 QAN QB QTD QTI QTL R4 RM ROM RP RPM RPS SAN "
        "SCO SCR SEC SET SG SIE SMI SQ SQR ST STI STL STN SW SX TAH TAN TI TIC TIP TKM TMS TNE TP TPR TQD TRL TST "
        "TTS U1 U2 UB UC VA VLT VP W2 WCD WE WEB WEE WG WHR WM WSD WTT X1 YDK YDQ YRD Z11 ZP H87 P3 P4 P6 P7 P8 P9 "
        "PA PB PD BX CT PK CS BG BO CA RO PF TU BE BJ DR JR JG KG TK BA BK SK TB TY PL PX VI VL AM AT CR CU"
    ).split()
)
"""Units and packages of Rec 20 and Rec 21 that trade orders in."""
_AMBIGUOUS: Final = frozenset({"ST", "NT", "DR", "RL"})
"""Codes of 6411 that senders of national systems mean otherwise: ST is sheet there, and piece in German systems."""


@lru_cache(maxsize=1_024)
def x12_unit(code: str) -> str:
    """The Rec 20 code of data element 355; empty when it has none."""
    known = _X12.get(code)
    return known if known is not None else (unit_code(code) or "")


@lru_cache(maxsize=1_024)
def edifact_unit(code: str) -> str:
    """The Rec 20 code of data element 6411, pieces as C62; empty when it is none of them or has two meanings."""
    if code in _AMBIGUOUS:
        return ""
    word = unit_code(code)
    if word is not None:
        return word
    bare = code.removeprefix("X") if len(code) == 3 and code.startswith("X") else code
    return bare if bare in REC20 else ""

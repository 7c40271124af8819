"""How senders write units of measure: EDI codes, ERP codes and words of eight languages, by UN/ECE Rec 20 code."""

from __future__ import annotations

from typing import Final

X12_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "C62": ("EA", "EA", "PC"), "BX": ("BX",), "CT": ("CT",), "PK": ("PK",), "KGM": ("KG",), "MTR": ("MR",), "DZN": ("DZ",),
    "PA": ("PR",), "SET": ("ST",), "RO": ("RL",), "BG": ("BG",), "CA": ("CA",), "PF": ("PL",), "GRO": ("GS",), "MIL": ("TH",),
    "TNE": ("MP",), "CMT": ("CM",),
}  # fmt: skip
"""Codes of ASC X12 data element 355."""

EDIFACT_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "C62": ("PCE", "PCE", "EA", "C62", "NAR"), "BX": ("BX",), "CT": ("CT",), "PK": ("PK",), "KGM": ("KGM",), "MTR": ("MTR",),
    "DZN": ("DZN",), "PA": ("PR",), "SET": ("SET",), "RO": ("RO",), "BG": ("BG",), "CA": ("CS", "CA"), "PF": ("PF", "PX"),
    "GRO": ("GRO",), "MIL": ("MIL",), "TNE": ("TNE",), "CMT": ("CMT",),
}  # fmt: skip
"""Codes of EDIFACT data element 6411: UN/ECE Recommendation 20, and those of packages as partners use them beside it."""

XML_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "C62": ("C62", "EA", "H87", "C62", "H87"), "BX": ("XBX", "BX"), "CT": ("XCT", "CT"), "PK": ("XPK", "PK"), "KGM": ("KGM",),
    "MTR": ("MTR",), "DZN": ("DZN",), "PA": ("PR",), "SET": ("SET",), "RO": ("XRO", "RO"), "BG": ("XBG", "BG"),
    "CA": ("XCS", "CS"), "PF": ("XPX", "PF"), "GRO": ("GRO",), "MIL": ("MIL", "T3"), "TNE": ("TNE",), "CMT": ("CMT",),
}  # fmt: skip
"""Codes of UN/ECE Recommendation 20, and of Recommendation 21 (packages) with the X before them, or without as of old."""

CXML_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "C62": ("EA", "EA", "EA", "PCE", "C62"), "BX": ("BX",), "CT": ("CT",), "PK": ("PK",), "KGM": ("KGM",), "MTR": ("MTR",),
    "DZN": ("DZN", "DZ"), "PA": ("PR",), "SET": ("SET",), "RO": ("RO",), "BG": ("BG",), "CA": ("CS", "CA"), "PF": ("PF", "PX"),
    "GRO": ("GRO",), "MIL": ("MIL",), "TNE": ("TNE",), "CMT": ("CMT",),
}  # fmt: skip
"""Codes that cXML's UnitOfMeasure holds: mostly UN/CEFACT's, some of ASC X12."""

ERP_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "C62": ("PCE", "EA", "C62", "PC"), "BX": ("BX",), "CT": ("CT",), "PK": ("PK",), "KGM": ("KGM", "KG"), "MTR": ("MTR", "M"),
    "DZN": ("DZN",), "PA": ("PA", "PR"), "SET": ("SET",), "RO": ("RO",), "BG": ("BG",), "CA": ("CA",), "PF": ("PF",),
    "GRO": ("GRO",), "MIL": ("MIL",), "TNE": ("TNE", "TO"), "CMT": ("CMT", "CM"),
}  # fmt: skip
"""Codes a portal's export writes, whatever its language."""

UNIT_WORDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "en": {"C62": ("pcs", "pc", "EA", "ea", "pieces", "PCS", "each"), "BX": ("box", "boxes", "BX"), "CT": ("carton", "CT", "cartons"),
           "PK": ("pack", "PK", "packs"), "KGM": ("kg", "KG"), "MTR": ("m", "mtr", "metres"), "DZN": ("dozen", "dz"),
           "PA": ("pair", "pairs", "pr"), "SET": ("set", "sets"), "RO": ("roll", "rolls"), "BG": ("bag", "bags"),
           "CA": ("case", "cases"), "PF": ("pallet", "pallets"),
           "GRO": ("gross",), "MIL": ("thousand",), "TNE": ("t", "tonnes"), "CMT": ("cm",)},
    "de": {"C62": ("Stk", "Stück", "St", "Stk.", "ST", "Stck."), "BX": ("Schachtel", "BX", "Box"), "CT": ("Karton", "Kartons"),
           "PK": ("Pack", "PAK", "Pck."), "KGM": ("kg", "KG"), "MTR": ("m", "lfm", "Meter"), "DZN": ("Dutzend", "Dtzd."),
           "PA": ("Paar", "PAA"), "SET": ("Satz", "Set"), "RO": ("Rolle", "Rollen"), "BG": ("Sack", "Beutel"),
           "CA": ("Kiste", "Kisten"), "PF": ("Palette", "Pal."),
           "GRO": ("Gros",), "MIL": ("Tsd.", "Tausend"), "TNE": ("t", "to", "Tonnen"), "CMT": ("cm",)},
    "fr": {"C62": ("pcs", "pièces", "U", "PCE", "unités", "pce"), "BX": ("boîte", "boîtes"), "CT": ("carton", "cartons"),
           "PK": ("paquet", "paquets"), "KGM": ("kg", "KG"), "MTR": ("m", "ml", "mètres"), "DZN": ("douzaine", "dz"),
           "PA": ("paire", "paires"), "SET": ("jeu", "jeux"), "RO": ("rouleau", "rouleaux"), "BG": ("sac", "sacs"),
           "CA": ("caisse", "caisses"), "PF": ("palette", "palettes"),
           "GRO": ("grosse", "grosses"), "MIL": ("mille", "milliers"), "TNE": ("t", "tonnes"), "CMT": ("cm",)},
    "es": {"C62": ("uds", "ud", "unid.", "piezas", "uds.", "pzas"), "BX": ("caja", "cajas"), "CT": ("cartón", "cartones"),
           "PK": ("paquete", "paquetes"), "KGM": ("kg",), "MTR": ("m", "metros", "mts"), "DZN": ("docena", "docenas"),
           "PA": ("par", "pares"), "SET": ("juego", "juegos"), "RO": ("rollo", "rollos"), "BG": ("saco", "sacos"),
           "CA": ("cajón", "cajones"), "PF": ("palet", "palets"),
           "GRO": ("gruesa", "gruesas"), "MIL": ("millar", "millares"), "TNE": ("t", "toneladas"), "CMT": ("cm",)},
    "it": {"C62": ("pz", "pz.", "pezzi", "NR", "nr."), "BX": ("scatola", "scatole"), "CT": ("cartone", "cartoni"),
           "PK": ("conf.", "pacco"), "KGM": ("kg",), "MTR": ("m", "mt", "metri"), "DZN": ("dozzina", "dozzine"),
           "PA": ("paio", "paia"), "SET": ("set", "kit"), "RO": ("rotolo", "rotoli"), "BG": ("sacco", "sacchi"),
           "CA": ("cassa", "casse"), "PF": ("bancale", "pallet"),
           "GRO": ("grossa", "grosse"), "MIL": ("migliaia", "mille"), "TNE": ("t", "tonnellate"), "CMT": ("cm",)},
    "nl": {"C62": ("stuks", "st", "stk", "st."), "BX": ("doos", "dozen"), "CT": ("karton", "kartons"), "PK": ("pak", "pakken"),
           "KGM": ("kg",), "MTR": ("m", "meter", "mtr"), "DZN": ("dozijn",), "PA": ("paar",), "SET": ("set", "sets"),
           "RO": ("rol", "rollen"), "BG": ("zak", "zakken"), "CA": ("krat", "kratten"), "PF": ("pallet", "pallets"),
           "GRO": ("gros",), "MIL": ("duizend",), "TNE": ("t", "ton"), "CMT": ("cm",)},
    "pl": {"C62": ("szt.", "szt", "sztuk"), "BX": ("pudełko", "pud."), "CT": ("karton", "kart."), "PK": ("opak.", "paczka"),
           "KGM": ("kg",), "MTR": ("m", "mb", "metrów"), "DZN": ("tuzin",), "PA": ("para", "par"), "SET": ("kpl.", "zestaw"),
           "RO": ("rolka", "rolki"), "BG": ("worek", "worki"), "CA": ("skrzynia",), "PF": ("paleta", "palety"),
           "GRO": ("gros",), "MIL": ("tys.", "tys. szt."), "TNE": ("t", "ton"), "CMT": ("cm",)},
    "sv": {"C62": ("st", "st.", "styck", "ST"), "BX": ("ask", "askar"), "CT": ("kartong", "kartonger"), "PK": ("paket", "förp."),
           "KGM": ("kg",), "MTR": ("m", "meter"), "DZN": ("dussin",), "PA": ("par",), "SET": ("sats", "set"),
           "RO": ("rulle", "rullar"), "BG": ("säck", "säckar"), "CA": ("låda", "lådor"), "PF": ("pall", "pallar"),
           "GRO": ("gross",), "MIL": ("tusen",), "TNE": ("t", "ton"), "CMT": ("cm",)},
}  # fmt: skip

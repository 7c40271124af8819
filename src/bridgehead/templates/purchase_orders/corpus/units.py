"""How senders write units of measure: EDI codes, ERP codes and words of eight languages, by UN/ECE Rec 20 code."""

from __future__ import annotations

from typing import Final

X12_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "C62": ("EA", "EA", "PC"), "BX": ("BX",), "CT": ("CT",), "PK": ("PK",), "KGM": ("KG",), "MTR": ("MR",), "DZN": ("DZ",),
    "PA": ("PR",), "SET": ("ST",), "RO": ("RL",), "BG": ("BG",), "CA": ("CA",), "PF": ("PL",),
}  # fmt: skip
"""Codes of ASC X12 data element 355."""

ERP_UNITS: Final[dict[str, tuple[str, ...]]] = {
    "C62": ("PCE", "EA", "C62", "PC"), "BX": ("BX",), "CT": ("CT",), "PK": ("PK",), "KGM": ("KGM", "KG"), "MTR": ("MTR", "M"),
    "DZN": ("DZN",), "PA": ("PA", "PR"), "SET": ("SET",), "RO": ("RO",), "BG": ("BG",), "CA": ("CA",), "PF": ("PF",),
}  # fmt: skip
"""Codes a portal's export writes, whatever its language."""

UNIT_WORDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "en": {"C62": ("pcs", "pc", "EA", "ea", "pieces", "PCS", "each"), "BX": ("box", "boxes", "BX"), "CT": ("carton", "CT", "cartons"),
           "PK": ("pack", "PK", "packs"), "KGM": ("kg", "KG"), "MTR": ("m", "mtr", "metres"), "DZN": ("dozen", "dz"),
           "PA": ("pair", "pairs", "pr"), "SET": ("set", "sets"), "RO": ("roll", "rolls"), "BG": ("bag", "bags"),
           "CA": ("case", "cases"), "PF": ("pallet", "pallets")},
    "de": {"C62": ("Stk", "Stück", "St", "Stk.", "ST", "Stck."), "BX": ("Schachtel", "BX", "Box"), "CT": ("Karton", "Kartons"),
           "PK": ("Pack", "PAK", "Pck."), "KGM": ("kg", "KG"), "MTR": ("m", "lfm", "Meter"), "DZN": ("Dutzend", "Dtzd."),
           "PA": ("Paar", "PAA"), "SET": ("Satz", "Set"), "RO": ("Rolle", "Rollen"), "BG": ("Sack", "Beutel"),
           "CA": ("Kiste", "Kisten"), "PF": ("Palette", "Pal.")},
    "fr": {"C62": ("pcs", "pièces", "U", "PCE", "unités", "pce"), "BX": ("boîte", "boîtes"), "CT": ("carton", "cartons"),
           "PK": ("paquet", "paquets"), "KGM": ("kg", "KG"), "MTR": ("m", "ml", "mètres"), "DZN": ("douzaine", "dz"),
           "PA": ("paire", "paires"), "SET": ("jeu", "jeux"), "RO": ("rouleau", "rouleaux"), "BG": ("sac", "sacs"),
           "CA": ("caisse", "caisses"), "PF": ("palette", "palettes")},
    "es": {"C62": ("uds", "ud", "unid.", "piezas", "uds.", "pzas"), "BX": ("caja", "cajas"), "CT": ("cartón", "cartones"),
           "PK": ("paquete", "paquetes"), "KGM": ("kg",), "MTR": ("m", "metros", "mts"), "DZN": ("docena", "docenas"),
           "PA": ("par", "pares"), "SET": ("juego", "juegos"), "RO": ("rollo", "rollos"), "BG": ("saco", "sacos"),
           "CA": ("cajón", "cajones"), "PF": ("palet", "palets")},
    "it": {"C62": ("pz", "pz.", "pezzi", "NR", "nr."), "BX": ("scatola", "scatole"), "CT": ("cartone", "cartoni"),
           "PK": ("conf.", "pacco"), "KGM": ("kg",), "MTR": ("m", "mt", "metri"), "DZN": ("dozzina", "dozzine"),
           "PA": ("paio", "paia"), "SET": ("set", "kit"), "RO": ("rotolo", "rotoli"), "BG": ("sacco", "sacchi"),
           "CA": ("cassa", "casse"), "PF": ("bancale", "pallet")},
    "nl": {"C62": ("stuks", "st", "stk", "st."), "BX": ("doos", "dozen"), "CT": ("karton", "kartons"), "PK": ("pak", "pakken"),
           "KGM": ("kg",), "MTR": ("m", "meter", "mtr"), "DZN": ("dozijn",), "PA": ("paar",), "SET": ("set", "sets"),
           "RO": ("rol", "rollen"), "BG": ("zak", "zakken"), "CA": ("krat", "kratten"), "PF": ("pallet", "pallets")},
    "pl": {"C62": ("szt.", "szt", "sztuk"), "BX": ("pudełko", "pud."), "CT": ("karton", "kart."), "PK": ("opak.", "paczka"),
           "KGM": ("kg",), "MTR": ("m", "mb", "metrów"), "DZN": ("tuzin",), "PA": ("para", "par"), "SET": ("kpl.", "zestaw"),
           "RO": ("rolka", "rolki"), "BG": ("worek", "worki"), "CA": ("skrzynia",), "PF": ("paleta", "palety")},
    "sv": {"C62": ("st", "st.", "styck", "ST"), "BX": ("ask", "askar"), "CT": ("kartong", "kartonger"), "PK": ("paket", "förp."),
           "KGM": ("kg",), "MTR": ("m", "meter"), "DZN": ("dussin",), "PA": ("par",), "SET": ("sats", "set"),
           "RO": ("rulle", "rullar"), "BG": ("säck", "säckar"), "CA": ("låda", "lådor"), "PF": ("pall", "pallar")},
}  # fmt: skip

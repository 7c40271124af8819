"""Names units of measure: from the word a sender wrote to its code in UN/ECE Recommendation 20."""

from __future__ import annotations

from typing import Final

_WORDS: Final[dict[str, str]] = {
    "C62": """c62 ea each pc pcs pce pces piece pieces pieza piezas pza pzas pz pzs pezzo pezzi pi\u00e8ce pi\u00e8ces st stk stck
      stck. st\u00fcck st\u00fccke stueck stuk stuks stks unit units unidad unidades unid unids ud uds und u unit\u00e9 unit\u00e9s unit\u00e0 h87 nar
      nos ex exemplaires pe""",
    "BX": "bx box boxes boxen schachtel schachteln bo\u00eete bo\u00eetes caja cajas scatola scatole doos doosjes d\u00f6schen cj",
    "CT": """ct ctn ctns carton cartons karton kartons kart krt cart\u00f3n cartones cartone cartoni kartonnen kartonnetje
      umkarton umkartons""",
    "PK": """pk pck pkg pack packs package packages packung packungen pkt paket pakete p\u00e4ckchen paquet paquets paquete
      paquetes confezione confezioni conf pacco pacchi pak pakken pakket pakketten ve vpe gebinde colis verpakking
      verpakkingen pacchetti pacchetto""",
    "CS": "cs case cases kiste kisten caisse caisses cassa casse kist",
    "KGM": "kg kgs kgm kilo kilos kilogramm kilogram kilograms kilogrammes",
    "GRM": "g gr grm gramm gram grams grammes gramos grammi",
    "TNE": "t to tne ton tons tonne tonnen tonnes toneladas tonnellate",
    "MTR": "m mtr mtrs meter meters metre metres m\u00e8tre m\u00e8tres metro metros metri lfm lfdm ml",
    "MTK": "m2 m\u00b2 qm mtk sqm",
    "MTQ": "m3 m\u00b3 cbm mtq",
    "LTR": "l ltr lt liter liters litre litres litro litros litri",
    "DZN": "dz dzn dzd doz dozen dozens dutzend dtzd douzaine douzaines docena docenas dozzina dozzine dozijn",
    "PR": "pr prs pa pair pairs paar paare paire paires par pares paio paia paren",
    "SET": "set sets satz s\u00e4tze jeu jeux juego juegos kit kits garnitur garnituren",
    "RO": "ro rl roll rolls rolle rollen rouleau rouleaux rollo rollos rotolo rotoli rol",
    "PF": "pf px pal pallet pallets palette paletten palettes pal\u00e9 pal\u00e9s palet palets bancale bancali",
    "BG": "bg bag bags sack s\u00e4cke beutel sac sacs bolsa bolsas sacco sacchi zak zakken saco sacos",
    "BO": "bo bottle bottles flasche flaschen bouteille bouteilles botella botellas bottiglia bottiglie fles flessen",
    "CA": "can cans dose dosen bidon bidons eimer",
    "TU": "tu tube tubes tuben",
    "CEN": "cen hundert",
    "MIL": "mil tsd tausend",
    "BE": "bundle bundles bund b\u00fcndel",
    "FOT": "ft foot feet",
    "LBR": "lb lbs pound pounds",
    "YRD": "yd yds yard yards",
}

UNIT_CODES: Final[dict[str, str]] = {word: code for code, words in _WORDS.items() for word in words.split()}
"""Lower-case word, in English, German, French, Spanish, Italian or Dutch, to code; ``PA`` counts as pair."""

MEASURES: Final = frozenset({"KGM", "GRM", "TNE", "MTR", "MTK", "MTQ", "LTR", "FOT", "LBR", "YRD"})
"""Units in which fractions of one are ordinary."""


def unit_code(written: str) -> str | None:
    """The Rec 20 code of a unit as written (``Stk.`` is C62); None when the word is not known."""
    return UNIT_CODES.get(written.strip().rstrip(".").lower())

"""Names units of measure: from the word a sender wrote to its code in UN/ECE Recommendation 20."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_WORDS: Final[dict[str, str]] = {
    "C62": """c62 ea each pc pcs pce pces piece pieces piece(s) pieza piezas pza pzas pz pzs pezzo pezzi pièce pièces st
      stk stck stück stücke stueck stuk stuks stks unit units unt unidad unidades unid unids ud uds un und u unité unités
      unità h87 nar nos ex exemplaires pe nr styck sty szt sztuk sztuka sztuki
      unidade unidades peça peças pç pçs ks kus kusy kusů kusov kpl darab stykk stykker""",
    "BX": """bx box boxes boxen schachtel schachteln boîte boîtes caja cajas scatola scatole doos doosjes döschen cj ask
      askar pudełko pudełka pudełek pud
      æske æsker eske esker caixa caixas cx krabice krabic krabici laatikko laatikkoa doboz""",
    "CT": """ct ctn ctns xct carton cartons karton kartons kart krt ktn cartón cartones cartone cartoni kartonnen kartonnetje
      umkarton umkartons kartong kartonger kartony kartonów""",
    "PK": """pk pck pkg pack packs xpk package packages packung packungen pkt paket pakete päckchen paquet paquets paquete
      paquetes confezione confezioni conf pacco pacchi pak pakken pakket pakketten ve vpe gebinde colis verpakking
      verpakkingen pacchetti pacchetto förp förpackning förpackningar opak opakowanie opakowania opakowań paczka paczek
      pakke pakker embalagem embalagens balení pakkaus pakkausta csomag""",
    "CS": """cs case cases kiste kisten caisse caisses cassa casse kist
      kasse kasser""",
    "KGM": "kg kgs kgm kilo kilos kilogramm kilogram kilograms kilogrammes",
    "GRM": "g gr grm gramm gram grams grammes gramos grammi",
    "TNE": "t tne ton tons tonne tonnen tonnes toneladas tonnellate",
    "MTR": """m mt mr mtr mts mtrs meter meters metre metres mètre mètres metro metros metri lfm lfdm ml mb metr metry
      metrów""",
    "MTK": "m2 m² qm mtk sqm",
    "MTQ": "m3 m³ cbm mtq",
    "LTR": "l ltr lt liter liters litre litres litro litros litri litr litry litrów",
    "DZN": """dz dzn dzd doz dozen dozens dutzend dtzd douzaine douzaines docena docenas dozzina dozzine dozijn dussin tuzin
      dusin dúzia dúzias tucet""",
    "PR": """pr prs pa paa pair pairs paar paare paire paires par pares paio paia paren para pary
      pár párů paria pari""",
    "SET": """set sets satz sätze jeu jeux juego juegos kit kits garnitur garnituren sats satser zestaw zestawy kpl komplet
      sæt sett conjunto conjuntos sada sady sarja sarjaa készlet""",
    "RO": """ro rl roll rolls rolle rollen rouleau rouleaux rollo rollos rotolo rotoli rol rulle rullar rolka rolki
      ruller rolo rolos rulla rullaa tekercs""",
    "PF": """pf xpf px pl pal pallet pallets palette paletten palettes palé palés palet palets bancale bancali pall pallar
      paleta palety
      palle paller palete paletes raklap""",
    "BG": """bg bag bags sack säcke beutel sac sacs bolsa bolsas sacco sacchi zak zakken saco sacos säck säckar worek worki
      pose poser""",
    "BO": "bo bottle bottles flasche flaschen bouteille bouteilles botella botellas bottiglia bottiglie fles flessen",
    "CA": "ca can cans dose dosen bidon bidons eimer",
    "TU": "tu tube tubes tuben",
    "CEN": "cen hundert hundred cent",
    "MIL": "mil tsd tausend t3 thousand mille",
    "GRO": "gro gross gros",
    "CMT": "cmt cm centimeter centimetre centimetres",
    "MMT": "mmt mm millimeter millimetre millimetres",
    "KMT": "kmt km kilometer kilometre kilometres",
    "MLT": "mlt ml milliliter millilitre",
    "DLT": "dlt dl",
    "HLT": "hlt hl hektoliter hectolitre",
    "CMK": "cmk cm2 cm² qcm",
    "MMK": "mmk mm2 mm² qmm",
    "BE": "bundle bundles bund bündel",
    "FOT": "ft foot feet",
    "LBR": "lb lbs pound pounds",
    "YRD": "yd yds yard yards",
}
_OTHER_READINGS: Final[dict[str, frozenset[str]]] = {
    "st": frozenset({"SET"}),
    "ca": frozenset({"CS"}),
    "cs": frozenset({"CA"}),
    "case": frozenset({"CA"}),
    "cases": frozenset({"CA"}),
    "dozen": frozenset({"BX"}),
}
"""Words of two meanings: ST is piece in German and Swedish, set in X12 (data element 355), where CA is a case."""

UNIT_CODES: Final[dict[str, str]] = {word: code for code, words in _WORDS.items() for word in words.split()}
"""Lower-case word, in a dozen languages, to its code in its most frequent meaning; ``PA`` counts as pair."""

SIZES: Final[dict[str, tuple[str, Decimal]]] = {
    code: (base, Decimal(size))
    for base, sizes in {
        "C62": {"C62": "1", "DZN": "12", "GRO": "144", "CEN": "100", "MIL": "1000"},
        "KGM": {"GRM": "0.001", "KGM": "1", "TNE": "1000"},
        "MTR": {"MMT": "0.001", "CMT": "0.01", "MTR": "1", "KMT": "1000"},
        "LTR": {"MLT": "0.001", "DLT": "0.1", "LTR": "1", "HLT": "100"},
        "MTK": {"MMK": "0.000001", "CMK": "0.0001", "MTK": "1"},
    }.items()
    for code, size in sizes.items()
}
"""Units that convert into each other exactly: the code, one unit of its dimension, and how much of that it is
(UN/ECE Recommendation 20, conversion factors). A pack has no size here: that belongs to the item."""

MEASURES: Final = frozenset({"KGM", "GRM", "TNE", "MTR", "MTK", "MTQ", "LTR", "FOT", "LBR", "YRD"})
"""Units in which fractions of one are ordinary."""


def unit_code(written: str) -> str | None:
    """The Rec 20 code of a unit as written (``Stk.`` is C62); None when the word is not known."""
    return UNIT_CODES.get(written.strip().rstrip(".").lower())


def unit_readings(written: str) -> frozenset[str]:
    """Every code that a unit as written can mean; empty when the word is not known."""
    word = written.strip().rstrip(".").lower()
    code = UNIT_CODES.get(word)
    return _OTHER_READINGS.get(word, frozenset()) | ({code} if code else frozenset())

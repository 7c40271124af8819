"""What we make: items with their packs, minimum quantities, list prices, stock and lead times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.model import Item

RATES = {"EUR": "1", "USD": "1.09", "GBP": "0.86", "PLN": "4.28", "SEK": "11.4", "CHF": "0.95"}
"""List price of one EUR in each currency we quote."""


@dataclass(frozen=True, slots=True)
class Family:
    """Articles of one kind. ``names`` are what customers call it, per language."""

    key: str
    names: dict[str, str]
    base_unit: str
    packs: dict[str, int]
    minimum: int
    multiple: int
    price: tuple[float, float]


def _names(en: str, de: str, fr: str, es: str, it: str, nl: str, pl: str, sv: str) -> dict[str, str]:
    return {"en": en, "de": de, "fr": fr, "es": es, "it": it, "nl": nl, "pl": pl, "sv": sv}


FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        Family("HB", _names("Hex bolt", "Sechskantschraube", "Vis hexagonale", "Tornillo hexagonal", "Vite TE",
               "Zeskantbout", "Śruba sześciokątna", "Sexkantskruv"), "C62", {"BX": 100, "CT": 1000}, 100, 50, (0.06, 1.9)),
        Family("HN", _names("Hex nut", "Sechskantmutter", "Écrou hexagonal", "Tuerca hexagonal", "Dado esagonale",
               "Zeskantmoer", "Nakrętka sześciokątna", "Sexkantmutter"), "C62", {"BX": 200, "CT": 2000}, 200, 100, (0.03, 0.6)),
        Family("OR", _names("O-ring", "O-Ring", "Joint torique", "Junta tórica", "O-ring", "O-ring", "O-ring",
               "O-ring"), "C62", {"PK": 50}, 50, 25, (0.12, 2.4)),
        Family("BV", _names("Ball valve", "Kugelhahn", "Vanne à bille", "Válvula de bola", "Valvola a sfera",
               "Kogelkraan", "Zawór kulowy", "Kulventil"), "C62", {"BX": 6}, 1, 1, (14, 120)),
        Family("CG", _names("Cable gland", "Kabelverschraubung", "Presse-étoupe", "Prensaestopas", "Pressacavo",
               "Kabelwartel", "Dławnica kablowa", "Kabelförskruvning"), "C62", {"BX": 50, "CT": 500}, 25, 25, (0.7, 6.5)),
        Family("BR", _names("Deep groove ball bearing", "Rillenkugellager", "Roulement à billes", "Rodamiento de bolas",
               "Cuscinetto a sfere", "Groefkogellager", "Łożysko kulkowe", "Spårkullager"), "C62", {"BX": 10}, 2, 1, (3, 55)),
        Family("HS", _names("Hydraulic hose", "Hydraulikschlauch", "Flexible hydraulique", "Manguera hidráulica",
               "Tubo flessibile idraulico", "Hydrauliekslang", "Wąż hydrauliczny", "Hydraulslang"), "MTR", {"RO": 50}, 10, 5, (4, 24)),
        Family("GR", _names("Grease cartridge", "Fettkartusche", "Cartouche de graisse", "Cartucho de grasa",
               "Cartuccia di grasso", "Vetpatroon", "Kartusz smaru", "Fettpatron"), "C62", {"CT": 24, "DZN": 12}, 12, 12, (5, 14)),
        Family("RG", _names("Rubber granulate", "Gummigranulat", "Granulé caoutchouc", "Granza de caucho",
               "Granulo di gomma", "Rubbergranulaat", "Granulat gumowy", "Gummigranulat"), "KGM", {"BG": 25}, 25, 25, (1.6, 5.2)),
        Family("PC", _names("Compact cylinder", "Kompaktzylinder", "Vérin compact", "Cilindro compacto",
               "Cilindro compatto", "Compactcilinder", "Siłownik kompaktowy", "Kompaktcylinder"), "C62", {}, 1, 1, (38, 190)),
        Family("CP", _names("Jaw coupling", "Klauenkupplung", "Accouplement à griffes", "Acoplamiento de garras",
               "Giunto a denti", "Klauwkoppeling", "Sprzęgło kłowe", "Klokoppling"), "C62", {"BX": 4}, 1, 1, (18, 85)),
        Family("SK", _names("Seal kit", "Dichtungssatz", "Jeu de joints", "Juego de juntas", "Kit guarnizioni",
               "Afdichtingsset", "Zestaw uszczelek", "Tätningssats"), "SET", {"BX": 10}, 1, 1, (9, 60)),
        Family("SM", _names("Shock mount", "Schwingungsdämpfer", "Plot antivibratoire", "Soporte antivibratorio",
               "Antivibrante", "Trillingsdemper", "Wibroizolator", "Vibrationsdämpare"), "PA", {"BX": 20}, 4, 2, (3, 16)),
        Family("TB", _names("Timing belt", "Zahnriemen", "Courroie dentée", "Correa dentada", "Cinghia dentata",
               "Tandriem", "Pasek zębaty", "Kuggrem"), "C62", {"PK": 5}, 1, 1, (8, 70)),
        Family("PX", _names("Proximity switch", "Näherungsschalter", "Détecteur de proximité", "Detector inductivo",
               "Sensore di prossimità", "Naderingsschakelaar", "Czujnik zbliżeniowy", "Induktiv givare"), "C62", {"PK": 10}, 1, 1, (11, 48)),
        Family("RC", _names("Roller chain", "Rollenkette", "Chaîne à rouleaux", "Cadena de rodillos",
               "Catena a rulli", "Rollenketting", "Łańcuch rolkowy", "Rullkedja"), "MTR", {"BX": 5}, 5, 5, (6, 30)),
        Family("CA", _names("Hose clamp", "Schlauchschelle", "Collier de serrage", "Abrazadera", "Fascetta stringitubo",
               "Slangklem", "Opaska zaciskowa", "Slangklämma"), "C62", {"BX": 25, "CA": 250}, 50, 25, (0.35, 2.2)),
    )
}  # fmt: skip


def _articles() -> Iterator[tuple[str, str, str]]:  # noqa: C901 - one loop a family
    """Yields (family, item number, specification) in a fixed order."""
    for d, length, steel in product((6, 8, 10, 12, 16), (20, 30, 40, 60, 80), ("A2", "A4", "88")):
        yield "HB", f"HB-{d:02}{length:03}-{steel}", f"M{d}x{length} {'8.8 zn' if steel == '88' else steel}"
    for d, steel in product((5, 6, 8, 10, 12, 16), ("A2", "A4", "8")):
        yield "HN", f"HN-{d:02}-{steel}", f"M{d} {'cl.8 zn' if steel == '8' else steel}"
    for inner, cord, rubber in product((10, 12, 16, 20, 25, 32, 40), ("2", "3"), ("N70", "V75", "E70")):
        yield "OR", f"OR{inner}X{cord}-{rubber}", f"{inner}x{cord} {rubber}"
    for bore, body in product((8, 15, 20, 25, 32, 40, 50), ("316", "MS", "PVC")):
        yield "BV", f"BV{bore}.{body}", f"DN{bore} {body}"
    for size, body in product((12, 16, 20, 25, 32, 40), ("PA", "MS", "EX")):
        yield "CG", f"CG-M{size}-{body}", f"M{size}x1.5 {body}"
    for bore, series, seal in product((4, 5, 6, 8, 10), (60, 62, 63), ("ZZ", "2RS")):
        yield "BR", f"{series}{bore:02}-{seal}", f"{series}{bore:02} {seal}"
    for size, kind in product((6, 8, 10, 13, 16, 20, 25), ("1SN", "2SN", "R7")):
        yield "HS", f"HS{size:02}-{kind}", f"DN{size} {kind}"
    for index, grade in enumerate(("EP2", "EP00", "LT2", "HT2", "FG1", "CU", "MO2", "BIO2", "SIL", "CLR")):
        yield "GR", f"40{index + 1:02}-{grade}", f"{grade} 400 g"
    for index, mesh in enumerate(("0.8-1.4", "1-2", "1-3", "2-4", "3-6")):
        yield "RG", f"RG/{index + 101}", f"{mesh} mm"
    for bore, stroke in product((20, 25, 32, 40, 50, 63), (10, 25, 50, 80, 100)):
        yield "PC", f"PC-{bore}-{stroke:03}", f"{bore}x{stroke} mm"
    for width, bore in product((14, 19, 24, 28, 38), (8, 12, 16, 20, 24)):
        yield "CP", f"CP{width}-{bore:02}", f"{width} / bore {bore}"
    for index in range(24):
        yield "SK", f"{7100450 + 37 * index}", f"HZ {40 + 5 * index}"
    for width, shore in product((20, 25, 30, 40, 50), ("45", "60", "70")):
        yield "SM", f"SM.{width}.{shore}", f"{width}x{width} M{6 + width // 20 * 2} {shore} Sh"
    for length, pitch in product((450, 600, 720, 960, 1200, 1440), ("5M", "8M", "T10")):
        yield "TB", f"TB-{length}-{pitch}", f"{length} {pitch}"
    for index, thread in enumerate((8, 12, 18, 30)):
        for reach in (2, 4, 8, 10):
            for wiring, tail in enumerate(("PNP NO", "NPN NO")):
                yield "PX", f"{2200310 + 1000 * index + 20 * reach + wiring}", f"M{thread} {reach} mm {tail}"
    for chain, strands in product(("06B", "08B", "10B", "12B", "16B"), (1, 2)):
        yield "RC", f"RC-{chain}-{strands}", f"{chain}-{strands}"
    for low, metal in product((8, 12, 16, 20, 25, 32, 40, 60), ("W1", "W4")):
        yield "CA", f"CA{low:03}{metal}", f"{low}-{low + 8} mm {metal}"


def gs1(body: str) -> str:
    """Returns ``body`` with its GS1 check digit (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def _round_price(amount: float) -> Decimal:
    places = "0.0001" if amount < 1 else "0.01"
    return max(Decimal(str(amount)).quantize(Decimal(places)), Decimal("0.0100"))


def _supply(dice: Dice, family: Family) -> tuple[Decimal, int]:
    """Returns (stock, lead time in calendar days): mostly plenty, some short, some made to order."""
    lead = dice.one((5, 7, 10, 10, 14, 14, 21, 28, 35))
    usual = max(family.minimum * 40, 60)
    stock = dice.weighted(
        (
            (dice.between(usual * 2, usual * 8) * family.multiple, 0.68),
            (dice.between(1, 3) * family.multiple, 0.2),
            (0, 0.12),
        )
    )
    return Decimal(stock), lead


def make_items(seed: int) -> dict[str, Item]:
    """Returns the whole range, 400 items and more, by number; about one in twenty-five is superseded or blocked."""
    items: dict[str, Item] = {}
    for index, (key, number, spec) in enumerate(_articles()):
        dice = Dice(seed, "item", number)
        family = FAMILIES[key]
        euro = dice.real(*family.price)
        stock, lead = _supply(dice, family)
        items[number] = Item(
            number=number,
            family=key,
            spec=spec,
            description=f"{family.names['en']} {spec}",
            gtin=gs1(f"9526064{index:05}") if dice.chance(0.8) else None,
            base_unit=family.base_unit,
            units={unit: Decimal(size) for unit, size in family.packs.items()},
            min_qty=Decimal(family.minimum),
            multiple=Decimal(family.multiple),
            list_price={code: _round_price(euro * float(rate)) for code, rate in RATES.items()},
            status="active",
            superseded_by=None,
            stock=stock,
            lead_time_days=lead,
        )
    return _retire(seed, items)


def _retire(seed: int, items: dict[str, Item]) -> dict[str, Item]:
    dice = Dice(seed, "retired")
    by_family: dict[str, list[str]] = {}
    for item in items.values():
        by_family.setdefault(item.family, []).append(item.number)
    for numbers in by_family.values():
        retired = dice.some(numbers, max(1, len(numbers) // 25))
        for number in retired:
            heir = dice.one([other for other in numbers if other not in retired])
            if dice.chance(0.7):
                items[number] = replace(items[number], status="superseded", superseded_by=heir)
            else:
                items[number] = replace(items[number], status="blocked")
    return items

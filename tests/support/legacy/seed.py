"""What the awkward database holds: the same rows for the same seed, as that firm's programs would have left them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

Row = tuple[object, ...]

DAY: Final = date(2026, 3, 2)
"""The day the rows were last touched; what is valid without end is valid on every later day."""

UNITS: Final = {
    "ST": "Stück", "KG": "Kilogramm", "M": "Meter", "L": "Liter", "SA": "Satz", "PAA": "Paar", "KRT": "Karton",
    "PAK": "Päckchen", "RLL": "Rolle",
}  # fmt: skip
TERMS: Final = {"Z030": "30 Tage netto", "Z014": "14 Tage 2 %, 30 netto", "Z000": "Vorkasse", "Z060": "60 Tage netto"}
STATES: Final = {"E": "erfaßt", "F": "freigegeben", "T": "teilgeliefert", "A": "abgeschlossen", "S": "storniert"}
BLOCKS: Final = {"01": "Zahlungsverzug", "02": "Kreditlimit überschritten", "09": "Geschäft aufgegeben"}

# Car plate, ISO code, prefix of the VAT number with the count of its digits, language, currency, towns.
COUNTRIES: Final = (
    ("D", "DE", ("DE", 9), "D", "EUR", (("58097", "Hagen"), ("80331", "München"), ("50667", "Köln"),
        ("73728", "Eßlingen"), ("24103", "Kiel"), ("39104", "Magdeburg"), ("33602", "Bielefeld"))),
    ("A", "AT", ("ATU", 8), "D", "EUR", (("4020", "Linz"), ("8010", "Graz"), ("3100", "St. Pölten"))),
    ("CH", "CH", ("CHE", 9), "D", "CHF", (("8001", "Zürich"), ("9000", "St. Gallen"))),
    ("F", "FR", ("FR", 11), "F", "EUR", (("67000", "Strasbourg"), ("42000", "Saint-Étienne"))),
    ("I", "IT", ("IT", 11), "I", "EUR", (("39100", "Bolzano"), ("24121", "Bergamo"))),
    ("NL", "NL", ("NL", 9), "N", "EUR", (("7511", "Enschede"), ("5611", "Eindhoven"))),
    ("PL", "PL", ("PL", 10), "P", "PLN", (("50-001", "Wrocław"), ("90-001", "Łódź"))),
    ("GB", "GB", ("GB", 9), "E", "GBP", (("B1 1AA", "Birmingham"), ("S1 2HE", "Sheffield"))),
    ("S", "SE", ("SE", 12), "S", "SEK", (("411 04", "Göteborg"), ("211 22", "Malmö"))),
)  # fmt: skip
NAMES: Final = (
    "Bäumer", "Jäger", "Überall", "Grüneberg", "Schößler", "Möllenkamp", "Wüstenhagen", "Harkort", "Peddinghaus",
    "Kißling", "Voß", "Dörrenberg", "Steinhäuser", "Lüdenscheider", "Altena", "Brüninghaus", "Krämer", "Öhler",
    "Ägidius", "Schürmann", "Röttger", "Tönnies", "Büscher", "Hückel", "Nölle", "Spieß", "Wöhrmann", "Zöller",
)  # fmt: skip
TRADES: Final = (
    "Maschinenbau", "Fördertechnik", "Anlagenbau", "Apparatebau", "Hydraulik", "Landmaschinen", "Schließtechnik",
    "Rohrleitungsbau", "Werkzeugbau", "Kältetechnik", "Gießerei", "Stahlbau",
)  # fmt: skip
FORMS: Final = {"D": "GmbH & Co. KG", "A": "Ges.m.b.H.", "CH": "AG", "F": "SARL", "I": "S.r.l.", "NL": "B.V.",
                "PL": "Sp. z o.o.", "GB": "Ltd", "S": "AB"}  # fmt: skip
STREETS: Final = (
    "Hüttenstraße",
    "Am Höing",
    "Färberweg",
    "Eckeseyer Straße",
    "Schloßstraße",
    "Bahnhofstraße",
    "Rue Neuve",
)

# Group, name, second line, unit, pack, contents of a pack, smallest lot, list price for the price unit in cents, unit.
GOODS: Final = (
    ("SCH", "Sechskantschraube", "für Außengewinde, verzinkt", "ST", "KRT", 100, 50, (450, 9800), "H"),
    ("MUT", "Sechskantmutter", "Güte 8, gelbverzinkt", "ST", "KRT", 500, 100, (900, 5400), "T"),
    ("SBE", "Unterlegscheibe", "Fase außen, DIN-ähnlich", "ST", "PAK", 250, 250, (300, 2600), "T"),
    ("DIC", "Flachdichtung", "Öl- und säurebeständig", "ST", "PAK", 25, 5, (45, 990), " "),
    ("HAH", "Kugelhahn", "Körper Rotguß, Ausführung »lang«", "ST", "KRT", 6, 1, (1490, 12800), " "),
    ("SLA", "Hydraulikschlauch", "Prüfdruck 350 bar, geräuscharm", "M", "RLL", 50, 5, (420, 2450), " "),
    ("FET", "Wälzlagerfett", "für höhere Temperaturen", "KG", "KRT", 25, 5, (780, 3200), " "),
    ("OEL", "Haftöl", "Gebinde ÁRBOL 20, rückstandsfrei", "L", "", 0, 20, (310, 1150), " "),
    ("KUP", "Klauenkupplung", "Nabe ungebohrt, größere Bauform", "ST", "", 0, 1, (1850, 8600), " "),
    ("SAT", "Dichtungssatz", "vollständig, für Zylinder Ø 40", "SA", "KRT", 10, 1, (900, 6100), " "),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of each table, as values of its columns in their order."""

    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, *values: object) -> None:
        self.tables.setdefault(table, []).append(values)


def amount(units: int, places: int, *, sign: str = "") -> str:
    """Returns an integer with implied decimals as German text, the sign behind: ``-125050`` is ``1.250,50-``."""
    whole, part = divmod(abs(units), 10**places)
    text = f"{whole:,}".replace(",", ".")
    return f"{text},{part:0{places}d}" + ("-" if units < 0 else sign)


def spoilt(text: str) -> str:
    """Returns what a latin1 column shows of UTF-8 bytes written into it; MariaDB's latin1 is cp1252 with no holes."""
    return "".join(_cp1252(byte) for byte in text.encode())


def _cp1252(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def rows(seed: int = 1, *, customers: int = 90, items: int = 160, orders: int = 240) -> Rows:
    """Returns every row of the database for a seed."""
    dice = random.Random(seed)
    made = Rows()
    for kind, table in (("001", UNITS), ("005", TERMS), ("006", STATES), ("007", BLOCKS)):
        for code, text in table.items():
            made.add("TABST", kind, code, text, " ")
    for plate, iso, *_ in COUNTRIES:
        made.add("TABST", "002", plate, iso, " ")
    made.add("TABST", "001", "DTZ", "Dutzend", "X")
    numbers = [10001 + 7 * at for at in range(customers)]
    for number in numbers:
        _customer(made, dice, "01", number)
    for number in numbers[: customers // 6]:
        _customer(made, dice, "02", number)
    goods = list(_items(made, dice, items))
    _prices(made, dice, numbers, goods)
    _orders(made, dice, numbers, goods, orders)
    _queue(made, dice)
    made.add("TAKT", 1, f"{DAY:%Y%m%d}", "060000")
    return made


def _customer(made: Rows, dice: random.Random, mandt: str, number: int) -> None:
    country = COUNTRIES[0] if dice.random() < 0.55 else dice.choice(COUNTRIES)
    plate, iso, (prefix, digits), language, currency, towns = country
    name = f"{dice.choice(NAMES)} {dice.choice(TRADES)}"
    zip_code, town = dice.choice(towns)
    key, padded = f"{number:08d}", f"{number:08d}  "
    vat = "".join(str(dice.randrange(10)) for _ in range(digits))
    typed = dice.choice((f"{prefix}{vat}", f"{prefix} {vat[:3]} {vat[3:6]} {vat[6:]}", f"{prefix}-{vat}".lower()))
    entered = DAY - timedelta(days=dice.randrange(400, 13000))
    # What was taken over in 1998 kept its six digits.
    entry_date = f"{entered:%d%m%y}  " if entered < date(1998, 7, 1) else f"{entered:%d%m%Y}"
    changed = DAY - timedelta(days=dice.randrange(0, 900))
    blocked = dice.random() < 0.06
    limit = dice.choice((0, 500_000, 2_500_000, 10_000_000, 75_000_000))
    made.add(
        "KUNST", mandt, key, name[:10].upper(), f"{name} {FORMS[plate]}"[:35],
        dice.choice(("", "", "Werk II", "Zentraleinkauf")), f"{dice.choice(STREETS)} {dice.randrange(1, 180)}",
        plate, zip_code, _latin1(town), typed if dice.random() < 0.85 else "",
        dice.choice((0, dice.randrange(10_000_000, 99_999_999), dice.randrange(300_000_000, 999_999_999))),
        language, currency, dice.choice(tuple(TERMS)), dice.choice(("EXW", "DAP", "FCA", "")), dice.choice("ABCC"),
        amount(limit, 2, sign=dice.choice(("", "+", " "))), "J" if blocked else dice.choice("NN "),
        dice.choice(tuple(BLOCKS)) if blocked else "", entry_date, f"{changed:%Y%m%d}",
        f"{dice.randrange(6, 18):02d}{dice.randrange(60):02d}00",
        "X" if dice.random() < 0.05 else " ",
    )  # fmt: skip
    domain = f"{_ascii(name.split(maxsplit=1)[0])}-{number}.example"
    ways = [
        ("E", f"Einkauf@{domain}"),
        ("D", domain.upper()),
        ("T", f"+49 2331 {number}-0"),
        ("X", f"02331/{number}99"),
    ]
    if dice.random() < 0.3:
        ways.append(("E", f"bestellung.{dice.randrange(10, 99)}@{domain}"))
    for at, (kind, value) in enumerate(ways, start=1):
        made.add("KOMM", mandt, padded, at, kind, value, "X" if kind == "E" and at > 1 and dice.random() < 0.3 else " ")
    for at in range(1, dice.choice((1, 1, 2, 3)) + 1):
        place = towns[at % len(towns)] if at > 1 else (zip_code, town)
        since = f"{entered:%d.%m.%y}" if dice.random() < 0.7 else "00.00.00"
        until = "00.00.00" if at < 3 else f"{DAY - timedelta(days=40):%d.%m.%y}"
        made.add(
            "KUNADR", mandt, key, "L", at, f"{name}, Tor {at} → Wareneingang", f"{dice.choice(STREETS)} {at}", *place,
            iso,
            f"40{dice.randrange(10**10):010d}0" if dice.random() < 0.5 else "", since, until, " ",
        )  # fmt: skip
    made.add("KUNADR", mandt, key, "R", 1, name, "Postfach 10 20", zip_code, town, iso, "", "00.00.00", "00.00.00", " ")
    owed = dice.choice((0, -dice.randrange(100, 90_000), dice.randrange(1_000, 4_000_000)))
    overdue = dice.choice((0, 0, 0, dice.randrange(1, 90))) if owed > 0 else 0
    run = DAY if dice.random() < 0.9 else DAY - timedelta(days=3)
    made.add("KDSALDO", mandt, number, amount(owed, 2), overdue, f"{run:%d%m%y}", "0215")


def _items(made: Rows, dice: random.Random, count: int) -> Iterator[tuple[str, str, str, int, int, str]]:
    """Yields number, unit, pack, its contents, list price and price unit of each item that can be ordered."""
    for at in range(count):
        group, name, second, unit, pack, content, lot, (low, high), per = GOODS[at % len(GOODS)]
        size = (6, 8, 10, 12, 16, 20, 25, 32, 40, 50)[(at // len(GOODS)) % 10]
        kind = at // (10 * len(GOODS))
        number = f"{104000 + at * 11:018d}" if at % 3 else f"{group}-{size:02d}.{kind}{at:03d}"
        price = dice.randrange(low, high)
        state = dice.choices("ALG", (90, 6, 4))[0]
        deleted = dice.random() < 0.03
        successor = f"{104000 + (at + 1) * 11:018d}" if state == "L" and (at + 1) % 3 and at + 1 < count else ""
        stock = dice.choice((0, -dice.randrange(1, 50), dice.randrange(1, 9000))) * 1000
        changed = DAY - timedelta(days=dice.randrange(0, 700))
        made.add(
            "ARTST", "01", f"{number:<18}", f"{name} Größe {size}", spoilt(second) if at % 4 else second, group,
            f"400{dice.randrange(10**10):010d}" if dice.random() < 0.6 else "0", unit, pack, content * 1000, lot * 1000,
            max(lot, 1) * 1000, price, per, amount(stock, 3, sign=dice.choice(("", " "))),
            f"{dice.choice((3, 10, 21, 35)):03d}",
            state, f"{successor:<18}" if successor else "", amount(dice.randrange(1, 9000), 3), "02011999",
            f"{changed:%Y%m%d}", "121500", "X" if deleted else " ",
        )  # fmt: skip
        if state != "G" and not deleted:
            yield number, unit, pack, content, price, per


def _prices(
    made: Rows, dice: random.Random, numbers: list[int], goods: list[tuple[str, str, str, int, int, str]]
) -> None:
    money = {row[1]: str(row[12]) for row in made.tables["KUNST"] if row[0] == "01"}
    for customer in (None, *numbers):
        currency = "EUR" if customer is None else money[f"{customer:08d}"]
        padded = f"{'ALLE' if customer is None else f'{customer:08d}':<10}"
        for number, _, _, _, price, per in dice.sample(goods, min(len(goods), 8)):
            for since, until in (("20240101", "20251231"), ("20260101", "99991231")):
                versions = dice.choice((1, 1, 2, 3))
                for version in range(1, versions + 1):
                    agreed = max(1, price * dice.randrange(82, 99) // 100)
                    withdrawn = version == versions and dice.random() < 0.08
                    made.add(
                        "PREISH", "01", padded, f"{number:<18}", since, version, until,
                        amount(agreed, 2, sign=dice.choice(("", " ", "+"))), per, currency, since, f"08{version:02d}00",
                        dice.choice(("MEIER", "SCHULTE", "EDV")), "X" if withdrawn else " ",
                    )  # fmt: skip
        if customer is not None and dice.random() < 0.5:
            for number, *_ in dice.sample(goods, 4):
                own = (
                    f"{dice.choice('ABKXZ')}{dice.randrange(100, 999)}.{dice.randrange(10, 99)}-{number.strip('0')[:4]}"
                )
                made.add(
                    "KDART",
                    "01",
                    f"{customer:08d}",
                    own,
                    f"{number:<18}",
                    dice.choice(("000000", "991001", "240115")),
                    " ",
                )


def _orders(
    made: Rows, dice: random.Random, numbers: list[int], goods: list[tuple[str, str, str, int, int, str]], count: int
) -> None:
    money = {row[1]: row[12] for row in made.tables["KUNST"] if row[0] == "01"}
    last = {"99": 0, "24": 0, "25": 0, "26": 0}
    for at in range(count):
        day = date(1999, 11, 2) + timedelta(days=at) if at < 4 else DAY - timedelta(days=(count - at) * 3)
        year = f"{day:%y}"
        last[year] = last.get(year, 0) + dice.choice((1, 1, 1, 2))
        customer = dice.choice(numbers)
        state = dice.choices("EFTAS", (10, 15, 10, 60, 5))[0]
        wish = dice.choice((f"{day + timedelta(days=14):%y%m%d}", "000000", "999999"))
        net = 0
        for line in range(1, dice.randrange(2, 6)):
            number, unit, pack, content, price, per = dice.choice(goods)
            packed = bool(pack) and dice.random() < 0.3
            quantity = dice.choice((1, 5, 20, 250)) * 1000 + (500 if unit in {"KG", "M", "L"} else 0)
            value = round(quantity / 1000 * (content if packed else 1) * price / {"H": 100, "T": 1000}.get(per, 1))
            net += value
            made.add(
                "AUFP", "01", year, last[year], f"{line * 10:03d}", f"{number:<18}", "wie Artikelstamm", quantity,
                pack if packed else unit, amount(price, 2), per, value, f"{day + timedelta(days=21):%y%m%d}", state,
                " ",
            )  # fmt: skip
        made.add(
            "AUFK", "01", year, last[year], f"{customer:08d}  ", f"B{day:%y}/{dice.randrange(1000, 9999)}",
            f"{day:%d%m%Y}", 1, wish, money[f"{customer:08d}"], net, state, f"{day:%Y%m%d}",
            f"{dice.randrange(7, 17):02d}{dice.randrange(60):02d}11", dice.choice(("MEIER", "SCHULTE", "EDI")),
            f"{day:%Y%m%d}" if state == "S" else "00000000", dice.randrange(3), " ",
        )  # fmt: skip
        if dice.random() < 0.3:
            made.add("AUFTXT", "01", year, last[year], "000", 1, "Bitte für Außenlager Süd getrennt packen")
            made.add("AUFTXT", "01", year, last[year], "000", 2, "- kein Öl auf die Fläche, größte Sorgfalt")
    for year, used in last.items():
        made.add("NUMKR", "01", "AUF", year, used)


def _queue(made: Rows, dice: random.Random) -> None:
    live = {row[1] for row in made.tables["KUNST"] if row[0] == "01" and row[17] != "J" and row[22] != "X"}
    unit_of = {row[1]: row[6] for row in made.tables["ARTST"]}
    parts: dict[object, list[Row]] = {}
    for row in made.tables["KDART"]:
        if row[1] in live:
            parts.setdefault(row[1], []).append(row)
    for at in range(24):
        customer = dice.choice(list(parts))
        wanted = dice.sample(parts[customer], dice.randrange(1, 4))
        head = f"K;{customer};N{dice.randrange(10000, 99999)}/Süd;{DAY:%d%m%Y}"
        lines = [
            f"P;{line};{part[2]};{dice.choice((50, 100, 250))};{unit_of[part[3]]};;260415"
            for line, part in enumerate(wanted, start=1)
        ]
        status, who = ("E", "SCHULTE") if at < 12 else ("N", "")
        failed = at in {3, 7}
        made.add(
            "EINGANG", at + 1, "01", dice.choice(("MAIL", "FAX", "EDI")), f"{DAY:%Y%m%d}", f"07{at:02d}00",
            "F" if failed else status, who, f"{DAY:%Y%m%d}" if who else "00000000",
            f"08{at:02d}00" if who else "000000",
            "Kunde unbekannt" if failed else "", "\r\n".join([head, *lines]),
        )  # fmt: skip


_SPELT: Final = str.maketrans(dict[str, str | int | None]({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}))


def _latin1(text: str) -> str:
    """Returns a text as the old column could take it, a question mark for each letter it does not have."""
    return text.encode("cp1252", errors="replace").decode("cp1252")


def _ascii(text: str) -> str:
    return text.lower().translate(_SPELT)

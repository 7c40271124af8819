"""Where customers are and what they are called, per country."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """What a company's letterhead looks like in one country.

    ``cities`` are (city, postal code, region); ``{n}`` in a street is the house number.
    """

    code: str
    language: str
    currency: str
    dial: str
    vat: str
    cities: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    legal: tuple[str, ...]


_DE_STREETS = (
    "Industriestraße {n}", "Am Güterbahnhof {n}", "Werkstraße {n}", "Hafenweg {n}", "Lange Straße {n}",
    "Gewerbepark {n}", "Mühlenweg {n}", "Otto-Hahn-Straße {n}", "Siemensstraße {n}", "An der Schleuse {n}",
)  # fmt: skip
_EN_STREETS_US = (
    "{n}00 Industrial Pkwy", "{n}4 Commerce Dr", "{n}50 W Harbor Blvd", "{n}21 County Road 9", "{n}7 Mill St",
    "{n}80 N Foundry Ave", "{n}15 Airport Rd", "{n}2 Railroad Ave",
)  # fmt: skip

COUNTRIES: dict[str, Country] = {
    "DE": Country(
        "DE", "de", "EUR", "+49", "DE#########",
        (("Heilbronn", "74072", ""), ("Bielefeld", "33602", ""), ("Kassel", "34117", ""), ("Chemnitz", "09111", ""),
         ("Oldenburg", "26121", ""), ("Ulm", "89073", ""), ("Siegen", "57072", ""), ("Regensburg", "93047", ""),
         ("Magdeburg", "39104", ""), ("Lübeck", "23552", "")),
        _DE_STREETS,
        ("Rheintal", "Nordmark", "Isar", "Havelland", "Taunus", "Lausitz", "Elbtal", "Schwarzwald", "Ostsee",
         "Weserbergland", "Spessart", "Altmühl", "Märkische", "Hohenloher"),
        ("Antriebstechnik", "Maschinenbau", "Fördertechnik", "Hydraulik", "Anlagenbau", "Stahlbau",
         "Industrietechnik", "Verpackungsmaschinen"),
        ("GmbH", "GmbH & Co. KG", "AG", "KG"),
    ),
    "AT": Country(
        "AT", "de", "EUR", "+43", "ATU########",
        (("Linz", "4020", ""), ("Wels", "4600", ""), ("Graz", "8020", ""), ("Dornbirn", "6850", "")),
        _DE_STREETS[:6], ("Donau", "Tauern", "Traunsee", "Murtal"), ("Anlagenbau", "Maschinenbau", "Seilbahntechnik"),
        ("GmbH", "GesmbH"),
    ),
    "CH": Country(
        "CH", "de", "CHF", "+41", "CHE#########",
        (("Winterthur", "8400", ""), ("Aarau", "5000", ""), ("Thun", "3600", "")),
        ("Industriestrasse {n}", "Bahnhofstrasse {n}", "Werkstrasse {n}"), ("Aare", "Säntis", "Jura"),
        ("Präzisionstechnik", "Apparatebau", "Pumpen"), ("AG", "GmbH"),
    ),
    "GB": Country(
        "GB", "en", "GBP", "+44", "GB#########",
        (("Sheffield", "S9 2XX", ""), ("Coventry", "CV6 5QG", ""), ("Leeds", "LS10 1JR", ""),
         ("Swindon", "SN3 4TQ", ""), ("Hull", "HU9 5PB", ""), ("Telford", "TF3 3BQ", "")),
        ("Unit {n}, Riverside Trading Estate", "{n} Foundry Lane", "{n} Canal Road", "{n} Station Approach",
         "Unit {n} Meadow Business Park"),
        ("Pennine", "Severn", "Humber", "Cotswold", "Mersey", "Thornbury", "Wharfedale"),
        ("Engineering", "Pumps", "Conveyors", "Fabrications", "Controls", "Marine Services"),
        ("Ltd", "Limited", "plc"),
    ),
    "IE": Country(
        "IE", "en", "EUR", "+353", "IE#######W",
        (("Cork", "T12 W8KP", ""), ("Limerick", "V94 X2N9", "")), ("{n} Dock Road", "Unit {n} Raheen Business Park"),
        ("Shannon", "Corrib"), ("Process Systems", "Engineering"), ("Ltd", "DAC"),
    ),
    "US": Country(
        "US", "en", "USD", "+1", "",
        (("Dayton", "45404", "OH"), ("Grand Rapids", "49503", "MI"), ("Tulsa", "74116", "OK"),
         ("Greenville", "29607", "SC"), ("Rockford", "61109", "IL"), ("Reno", "89502", "NV"), ("Erie", "16509", "PA"),
         ("Waco", "76712", "TX"), ("Spokane", "99202", "WA"), ("Chattanooga", "37406", "TN")),
        _EN_STREETS_US,
        ("Great Lakes", "Blue Ridge", "Prairie", "Lone Star", "Cascade", "Tri-County", "Ohio Valley", "Granite State",
         "Gulf Coast", "Red River", "Summit", "Keystone", "Mohawk", "Buckeye"),
        ("Manufacturing", "Hydraulics", "Fluid Power", "Equipment", "Industrial Supply", "Packaging Systems",
         "Machine Works", "Conveyor"),
        ("Inc.", "LLC", "Corp.", "Co."),
    ),
    "CA": Country(
        "CA", "en", "USD", "+1", "",
        (("Hamilton", "L8H 7K8", "ON"), ("Winnipeg", "R3H 0S5", "MB"), ("Laval", "H7L 4S3", "QC")),
        _EN_STREETS_US[:5], ("Maple Ridge", "Northern", "Red Deer"), ("Industrial", "Mining Equipment", "Bearings"),
        ("Inc.", "Ltd."),
    ),
    "FR": Country(
        "FR", "fr", "EUR", "+33", "FR###########",
        (("Saint-Étienne", "42000", ""), ("Mulhouse", "68100", ""), ("Angers", "49000", ""), ("Valence", "26000", ""),
         ("Béthune", "62400", ""), ("Annecy", "74000", "")),
        ("{n} rue de l'Industrie", "{n} avenue des Forges", "ZI Nord, {n} rue du Moulin", "{n} chemin des Carrières",
         "ZA La Prairie, lot {n}"),
        ("Vosges", "Dauphiné", "Loire", "Artois", "Savoie", "Armor"),
        ("Mécanique", "Hydraulique", "Équipements", "Convoyage", "Robinetterie"), ("SAS", "SARL", "SA"),
    ),
    "BE": Country(
        "BE", "fr", "EUR", "+32", "BE0#########",
        (("Charleroi", "6000", ""), ("Namur", "5000", "")), ("{n} rue des Ateliers", "{n} chaussée de Mons"),
        ("Sambre", "Meuse"), ("Constructions", "Maintenance"), ("SA", "SRL"),
    ),
    "ES": Country(
        "ES", "es", "EUR", "+34", "ESB########",
        (("Zaragoza", "50014", ""), ("Vitoria-Gasteiz", "01015", ""), ("Sabadell", "08203", ""),
         ("Gijón", "33211", ""), ("Murcia", "30169", "")),
        ("Polígono Industrial Norte, nave {n}", "Calle de la Fragua, {n}", "Avda. de la Industria, {n}",
         "C/ Molino Viejo, {n}"),
        ("Ebro", "Cantábrica", "Levante", "Duero", "Moncayo"),
        ("Hidráulica", "Maquinaria", "Suministros Industriales", "Bombas", "Transmisiones"), ("S.L.", "S.A.", "S.L.U."),
    ),
    "IT": Country(
        "IT", "it", "EUR", "+39", "IT###########",
        (("Bergamo", "24126", "BG"), ("Reggio Emilia", "42124", "RE"), ("Vicenza", "36100", "VI"),
         ("Modena", "41122", "MO"), ("Ancona", "60131", "AN")),
        ("Via dell'Artigianato, {n}", "Via Galileo Ferraris, {n}", "Viale del Lavoro, {n}", "Via Emilia Ovest, {n}"),
        ("Adda", "Padana", "Brenta", "Lariana", "Adriatica"),
        ("Meccanica", "Oleodinamica", "Impianti", "Pompe", "Automazione"), ("S.r.l.", "S.p.A.", "S.n.c."),
    ),
    "NL": Country(
        "NL", "nl", "EUR", "+31", "NL#########B01",
        (("Eindhoven", "5652 AB", ""), ("Zwolle", "8013 RV", ""), ("Dordrecht", "3316 BM", ""),
         ("Almelo", "7602 PJ", "")),
        ("Ambachtsweg {n}", "Nijverheidsstraat {n}", "Havenkade {n}", "Industrieweg {n}"),
        ("IJssel", "Veluwe", "Maasland", "Polder", "Twente"),
        ("Machinefabriek", "Techniek", "Aandrijvingen", "Scheepswerf", "Pompen"), ("B.V.", "N.V."),
    ),
    "PL": Country(
        "PL", "pl", "PLN", "+48", "PL##########",
        (("Gliwice", "44-100", ""), ("Poznań", "61-362", ""), ("Rzeszów", "35-105", ""), ("Łódź", "92-318", "")),
        ("ul. Przemysłowa {n}", "ul. Fabryczna {n}", "ul. Składowa {n}", "ul. Kolejowa {n}"),
        ("Wisła", "Tatry", "Mazury", "Śląskie"), ("Hydraulika", "Maszyny", "Konstrukcje", "Napędy"),
        ("Sp. z o.o.", "S.A."),
    ),
    "SE": Country(
        "SE", "sv", "SEK", "+46", "SE##########01",
        (("Västerås", "721 30", ""), ("Jönköping", "553 03", ""), ("Gävle", "802 55", ""), ("Skövde", "541 34", "")),
        ("Verkstadsgatan {n}", "Industrivägen {n}", "Hamngatan {n}", "Bruksvägen {n}"),
        ("Mälardalen", "Vättern", "Bergslagen", "Kinnekulle"), ("Mekaniska", "Hydraulik", "Maskin", "Kraft"), ("AB",),
    ),
}  # fmt: skip

COUNTRY_NAMES: dict[str, dict[str, str]] = {
    "de": {"DE": "Deutschland", "AT": "Österreich", "CH": "Schweiz"},
    "en": {"GB": "United Kingdom", "IE": "Ireland", "US": "USA", "CA": "Canada"},
    "fr": {"FR": "France", "BE": "Belgique"},
    "es": {"ES": "España"},
    "it": {"IT": "Italia"},
    "nl": {"NL": "Nederland"},
    "pl": {"PL": "Polska"},
    "sv": {"SE": "Sverige"},
}

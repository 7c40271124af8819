"""Who buys: customers with their places, numbers, terms and credit, enough of every kind for the fixed rates."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from bridgehead.templates.purchase_orders.corpus.catalogue import RATES, gs1
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.model import MAILED, Address, Credit, Customer, Format
from bridgehead.templates.purchase_orders.corpus.places import COUNTRIES, Country

# (channel, countries with their share, customers with own parts and without: in good standing, then in trouble)
_CHANNELS: tuple[tuple[Format, tuple[tuple[str, int], ...], tuple[int, int, int, int]], ...] = (
    (
        "email",
        (("DE", 16), ("AT", 4), ("CH", 3), ("GB", 8), ("US", 6), ("IE", 2), ("FR", 7), ("BE", 2), ("ES", 6),
         ("IT", 6), ("NL", 5), ("PL", 4), ("SE", 4)),
        (18, 46, 3, 6),
    ),
    ("x12", (("US", 22), ("CA", 5), ("GB", 4), ("DE", 3), ("NL", 2)), (9, 25, 3, 3)),
    ("csv", (("DE", 5), ("FR", 3), ("NL", 3), ("US", 3), ("GB", 2), ("IT", 2), ("ES", 2), ("SE", 1), ("PL", 1)),
     (5, 13, 2, 3)),
    (
        "email_pdf",
        (("DE", 17), ("AT", 4), ("CH", 3), ("GB", 7), ("US", 10), ("IE", 2), ("FR", 5), ("BE", 3), ("ES", 6),
         ("IT", 7), ("NL", 5), ("PL", 5), ("SE", 4)),
        (20, 50, 4, 6),
    ),
    ("email_sheet", (("DE", 7), ("GB", 3), ("US", 6), ("FR", 2), ("ES", 4), ("IT", 4), ("NL", 2), ("PL", 3), ("SE", 2)),
     (7, 18, 2, 3)),
    ("edifact", (("DE", 15), ("AT", 2), ("CH", 1), ("FR", 5), ("IT", 4), ("ES", 4), ("NL", 4), ("SE", 3), ("PL", 3),
                 ("GB", 4), ("BE", 1)), (10, 26, 3, 3)),
    ("ubl", (("DE", 6), ("NL", 5), ("SE", 6), ("BE", 2), ("IT", 4), ("PL", 2), ("GB", 2), ("ES", 3)), (7, 18, 2, 3)),
    ("cxml", (("US", 13), ("CA", 2), ("GB", 4), ("DE", 4), ("FR", 1), ("NL", 2)), (5, 14, 2, 3)),
    ("orderx", (("DE", 8), ("FR", 6), ("AT", 1), ("CH", 1)), (5, 13, 2, 3)),
)  # fmt: skip

_INCOTERMS = ("DAP", "DDP", "EXW", "FCA", "CPT", "DAP")
_TERMS = ("N30", "N30", "N45", "N60", "N14")


def ascii_text(text: str) -> str:
    """Returns ``text`` in ASCII the way clerks write it: ä as ae, é as e, ł as l."""
    for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue"), ("ß", "ss"),
                            ("ł", "l"), ("Ł", "L"), ("ø", "o"), ("å", "a")):  # fmt: skip
        text = text.replace(letter, written)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _slug(name: str) -> str:
    words = ascii_text(name).lower().replace("&", " ").split()
    return "-".join("".join(letter for letter in word if letter.isalnum()) for word in words if word)


def _fill(dice: Dice, pattern: str) -> str:
    return "".join(str(dice.between(0, 9)) if sign == "#" else sign for sign in pattern)


def make_place(dice: Dice, country: Country, number: str, name: str, gln: str | None = None) -> Address:
    """Returns a place in ``country``, drawn; ``number`` is our id for it, empty for a place we do not know."""
    city, postal, region = dice.one(country.cities)
    street = dice.one(country.streets).replace("{n}", str(dice.between(2, 98)))
    return Address(number, name, street, city, postal, country.code, gln, region)


def _ship_tos(dice: Dice, country: Country, number: str, name: str, bill_to: Address, gln: str) -> tuple[Address, ...]:
    towns = len({city for city, _, _ in country.cities})
    count = min(towns, dice.weighted(((1, 0.5), (2, 0.3), (3, 0.2))))
    at_home = Address(
        f"{number}-01", name, bill_to.street, bill_to.city, bill_to.postal_code, bill_to.country,
        gs1(gln + "01") if gln else None, bill_to.region,
    )  # fmt: skip
    first = at_home if dice.chance(0.55) else make_place(dice, country, f"{number}-01", name, at_home.gln)
    places = [first]
    while len(places) < count:
        index = len(places) + 1
        place = make_place(dice, country, f"{number}-{index:02}", name, gs1(f"{gln}{index:02}") if gln else None)
        # Two places of one customer never share a town: an address without its number still names one of them.
        if all(place.city != other.city for other in places):
            places.append(place)
    return tuple(places)


def _credit(dice: Dice, *, trouble: bool, currency: str, index: int) -> Credit:
    factor = Decimal(RATES[currency])
    limit = (Decimal(dice.one((60, 80, 100, 150, 250))) * 1000 * factor).quantize(Decimal(1000)) + 20000
    if not trouble:
        late = dice.weighted(((0, 0.7), (dice.between(1, 30), 0.3)))
        share = Decimal(str(round(dice.real(0, 0.55), 3)))
        used = ((limit - 30000) * share).quantize(Decimal("0.01"))
        return Credit(limit.quantize(Decimal("0.01")), used, late, blocked=False)
    kind = index % 3
    if kind == 0:
        return Credit(limit.quantize(Decimal("0.01")), Decimal("5120.40"), dice.between(0, 90), blocked=True)
    if kind == 1:
        return Credit(limit.quantize(Decimal("0.01")), Decimal("18744.05"), dice.between(31, 140), blocked=False)
    over = Decimal(dice.between(-1200, 4000)) / 100
    return Credit(limit.quantize(Decimal("0.01")), (limit + over).quantize(Decimal("0.01")), 0, blocked=False)


def _names(seed: int, country: Country) -> list[str]:
    """Returns every name that a company of the country may have, the next to give out last."""
    dice = Dice(seed, "names", country.code)
    pairs = [f"{first} {second}" for first in country.first for second in country.second]
    return [f"{pair} {dice.one(country.legal)}" for pair in dice.some(pairs, len(pairs))][::-1]


def _mailboxes(dice: Dice, language: str, domain: str) -> tuple[str, ...]:
    first = {
        "de": ("einkauf", "bestellung", "beschaffung", "disposition"), "fr": ("achats", "commandes", "appro"),
        "es": ("compras", "pedidos"), "it": ("acquisti", "ordini", "ufficio.acquisti"),
        "nl": ("inkoop", "bestellingen"),
        "pl": ("zakupy", "zaopatrzenie"), "sv": ("inkop", "order"),
    }.get(language, ("purchasing", "procurement", "buying", "orders"))  # fmt: skip
    boxes = dice.some(first, 2)
    return tuple(f"{box}@{domain}" for box in boxes)


def make_customers(seed: int, formats: Sequence[Format]) -> tuple[Customer, ...]:
    """Returns the customers of these formats; the same ones whatever other formats there are.

    Every format has some with own part numbers, some in credit trouble, some with both.
    """
    customers: list[Customer] = []
    names = {code: _names(seed, country) for code, country in COUNTRIES.items()}
    for channel, countries, counts in _CHANNELS:
        kinds = [
            (own, trouble)
            for (own, trouble), count in zip(
                ((True, False), (False, False), (True, True), (False, True)), counts, strict=True
            )
            for _ in range(count)
        ]
        for index, (own, trouble) in enumerate(kinds):
            dice = Dice(seed, "customer", channel, index)
            # A small country may have no name left; its share then goes to the others, and to all when none has.
            left = [(code, weight) for code, weight in countries if names[code]]
            country = COUNTRIES[dice.weighted(left or [(code, 1.0) for code in COUNTRIES if names[code]])]
            customers.append(
                _customer(dice, country, names[country.code].pop(), f"{10020 + 7 * len(customers)}", channel, index,
                          own=own, trouble=trouble)
            )  # fmt: skip
    return tuple(customer for customer in _in_groups(customers) if customer.channel in formats)


def _customer(
    dice: Dice, country: Country, name: str, number: str, channel: Format, index: int, *, own: bool, trouble: bool
) -> Customer:
    gln = f"9526{number}0" if channel not in MAILED and dice.chance(0.6) else ""
    domain = f"{_slug(name)}.example.com"
    bill_to = make_place(dice, country, f"{number}-00", name, gs1(gln + "00") if gln else None)
    has_duns = channel in {"x12", "edifact", "ubl", "cxml"} and (country.code in {"US", "CA"} or dice.chance(0.3))
    return Customer(
        number=number,
        name=name,
        country=country.code,
        language=country.language,
        emails=_mailboxes(dice, country.language, domain),
        email_domains=(domain,),
        duns=dice.digits(9) if has_duns else None,
        gln=bill_to.gln,
        vat=_fill(dice, country.vat) if country.vat else None,
        tier=dice.weighted((("A", 0.2), ("B", 0.4), ("C", 0.4))),
        currency=country.currency,
        payment_terms=dice.one(_TERMS),
        incoterms=dice.one(_INCOTERMS),
        credit=_credit(dice, trouble=trouble, currency=country.currency, index=index),
        ship_tos=_ship_tos(dice, country, number, name, bill_to, gln),
        bill_to=bill_to,
        phone=f"{country.dial} {dice.digits(3)} {dice.digits(5)}-{dice.between(0, 89):02}",
        channel=channel,
        own_parts=own,
    )


def _in_groups(customers: list[Customer]) -> Iterator[Customer]:
    """Yields the customers; two pairs share a mail domain, so that only the full address tells the two apart."""
    mail = [customer for customer in customers if customer.channel == "email"]
    borrowed = {mail[index].number: mail[index - 1] for index in (5, 31)}
    for customer in customers:
        lender = borrowed.get(customer.number)
        if lender is None:
            yield customer
            continue
        domain = lender.email_domains[0]
        box = _slug(customer.name).split("-")[0]
        yield replace(customer, emails=(f"orders.{box}@{domain}",), email_domains=(domain,))

"""Orders to print, by customers of the corpus and with every field an order can have, and what their PDFs show."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import pdfplumber
import pypdfium2

from bridgehead.templates.purchase_orders.corpus.compose import Writer, compose
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.generate import Run, start
from bridgehead.templates.purchase_orders.corpus.habits import Habit, habit_of
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.locales import show_date, show_money, show_number
from bridgehead.templates.purchase_orders.corpus.model import MAILED, Customer, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.table import DESIGNS

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "sv")
AT = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)


@cache
def world(seed: int = 7) -> Run:
    """Returns a run about to begin."""
    return start(seed, 1)


def buyer(language: str, index: int) -> Customer:
    """Returns a customer that writes in the language; not the same for each index."""
    every = world().world.customers
    found = [customer for customer in every if customer.language == language and customer.channel in MAILED]
    return found[index % len(found)]


def sending(layout: str, customer: Customer, index: int) -> Envelope:
    """Returns a sending in the layout; the index is the customer's voice, so that every way of a layout is tried."""
    habit = replace(habit_of(7, customer, DESIGNS[layout].layout), voice=index % 60)
    return Envelope(customer, habit, AT, index, Dice("paper", layout, customer.number, index))


def composed(envelope: Envelope, flags: frozenset[str] = frozenset()) -> WrittenOrder:
    """Returns an order as the generator composes it for this sending."""
    writer = Writer(world().world, envelope.customer, envelope.habit, Dice("composed", envelope.serial))
    return compose(writer, f"45{envelope.serial:07}", flags).order


def full(envelope: Envelope, count: int = 3) -> WrittenOrder:
    """Returns an order with every field, each value found nowhere else on it."""
    customer, habit = envelope.customer, envelope.habit
    items = list(world().world.items.values())
    lines = []
    for index in range(count):
        item = items[(envelope.serial * 7 + index * 11) % len(items)]
        price = Decimal(31 + 7 * index) + Decimal("0.0413") * (index + 3)
        line = WrittenLine(
            number=(index + 1) * 10,
            quantity=Decimal(1203 + 37 * index),
            unit=habit.unit(customer, item.base_unit),
            unit_code=item.base_unit,
            ours=item.number,
            theirs=f"K{77000 + 13 * index}-{index}",
            gtin=f"9526064{index:05}{index % 10}",
            description=f"{item.description} {('verzinkt', 'long life', 'RAL 7035')[index % 3]}",
            price=price,
            basis=Decimal(100) if index % 2 else Decimal(1),
            requested_date=date(2026, 12, 1) + timedelta(days=3 * index),
        )
        lines.append(replace(line, amount=line.value))
    return WrittenOrder(
        customer=customer,
        po_number=f"B26/{envelope.serial:05}",
        lines=tuple(lines),
        release="7",
        order_date=date(2026, 11, 13),
        requested_date=date(2027, 2, 24),
        currency=customer.currency,
        ship_to=customer.ship_tos[-1],
        bill_to=customer.bill_to,
        incoterms=customer.incoterms,
        payment_terms="N45",
        stated_total=sum((line.amount for line in lines if line.amount), Decimal("0.00")),
        stated_line_count=count,
        stated_quantity_total=sum((line.quantity for line in lines), Decimal(0)),
        notes=("Zufahrt nur über Tor 3.", "Certificate 3.1 required."),
    )


def plain(text: str) -> str:
    """Returns the text without any space."""
    return "".join(text.split())


def copied(document: bytes) -> str:
    """Returns what a person can copy out of the PDF by its viewer, without any space; much faster than ``shown``."""
    with pypdfium2.PdfDocument(document) as pages:
        return plain("".join(page.get_textpage().get_text_range() for page in pages))


def shown(document: bytes) -> str:
    """Returns the text of the PDF line by line from top to bottom, without any space."""
    with pdfplumber.open(io.BytesIO(document)) as pages:
        return plain("".join(page.extract_text() for page in pages.pages))


def pictures(document: bytes) -> list[bytes]:
    """Returns the pages as pixels."""
    with pypdfium2.PdfDocument(document) as pages:
        return [page.render(scale=1).to_pil().convert("L").tobytes() for page in pages]


def missing(order: WrittenOrder, habit: Habit, text: str, *, numbers: bool = True) -> list[str]:
    """Returns which values of the order do not stand in ``text``, each in the writing of the customer's country."""
    language, country = habit.language, order.customer.country

    def number(amount: Decimal | None) -> set[str]:
        if amount is None:
            return set()
        return {show_number(amount, language, country, grouped=grouped) for grouped in (True, False)}

    def money(amount: Decimal | None) -> set[str]:
        return set() if amount is None else {show_money(amount, language, country)}

    def day(value: date | None) -> set[str]:
        return set() if value is None else {show_date(value, language, country, habit.date_style)}

    signs = {"EUR": "€", "USD": "$", "GBP": "£", "PLN": "zł", "SEK": "kr"}
    wanted: list[set[str]] = [
        {order.po_number}, {order.customer.name, order.customer.name.upper()}, {order.release or ""},
        day(order.order_date), day(order.requested_date),
        {order.currency, signs.get(order.currency, order.currency)} if order.currency else set(),
        {order.incoterms or ""}, {(order.payment_terms or "").removeprefix("N")}, money(order.stated_total),
        number(order.stated_quantity_total), {str(order.stated_line_count or "")},
    ]  # fmt: skip
    for place in (order.ship_to, order.bill_to):
        if place is not None:
            wanted.extend(({place.name}, {place.postal_code}, {place.city}))
            wanted.append({place.street, place.street.replace("straße", "str.").replace("Straße", "Str."),
                           place.street.replace("strasse", "str.")})  # fmt: skip
    for note in order.notes:
        wanted.extend({word} for word in note.split())
    for line in order.lines:
        wanted.extend(
            ({line.ours or ""}, {line.theirs or ""}, {line.gtin or ""}, {line.unit}, day(line.requested_date))
        )
        wanted.extend((number(line.quantity), money(line.price), money(line.amount)))
        wanted.extend({word} for word in (line.description or "").split())
        if numbers:
            wanted.append({str(line.number)})
        if line.basis != 1 and line.price is not None:
            wanted.append(number(line.basis))
    return [
        "|".join(sorted(values)) for values in wanted if values and not any(plain(value) in text for value in values)
    ]

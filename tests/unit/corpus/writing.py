"""Orders of many customers for one way of writing, and what of each its document must show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

from bridgehead.templates.purchase_orders.corpus.compose import Writer, compose
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.generate import Run, start
from bridgehead.templates.purchase_orders.corpus.habits import Dates, Habit, habit_of
from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.locales import show_date, show_money, show_number
from bridgehead.templates.purchase_orders.corpus.model import Customer, Format, WrittenOrder, plain
from bridgehead.templates.purchase_orders.corpus.prose_words import WEEKDAYS

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "sv")
SIGNS = ("€", "$", "£", "zł", "kr")


@cache
def run(seed: int) -> Run:
    """Returns a run about to begin, made once a process."""
    return start(seed, 1)


def habit_for(seed: int, customer: Customer, layout: Layout, dice: Dice) -> Habit:
    """Returns a habit of writing in this layout, with as many of its fields shown as the layout and chance allow."""
    habit = habit_of(seed, customer, layout)
    priced = dice.chance(0.85)
    amounts = priced and layout.amounts and dice.chance(0.7)
    choices: tuple[Dates, ...] = ("header", "line", "none") if layout.line_dates else ("header", "header", "none")
    dates = dice.one(choices)
    return replace(
        habit, layout=layout, shows_price=priced, shows_amount=amounts, shows_total=priced and dice.chance(0.6),
        shows_description=layout.descriptions and dice.chance(0.75), shows_order_date=dice.chance(0.7),
        shows_currency=dice.chance(0.7), shows_terms=layout.terms and dice.chance(0.5),
        shows_count=layout.counts and dice.chance(0.5), shows_ship_to=dice.chance(0.8),
        per_hundred=layout.bases and dice.chance(0.4), dates=dates, bare_places=False,
        identifier=dice.one(("part", "both") if layout.both_parts else ("part",)),
        step=10 if layout.numbered and dice.chance(0.5) else 1, date_style=dice.between(0, 3),
        voice=dice.between(0, 59),
    )  # fmt: skip


def sendings(
    layout: Layout, channel: Format, *, count: int, flags: frozenset[str] = frozenset()
) -> Iterator[tuple[Envelope, WrittenOrder]]:
    """Yields sendings of this layout in every language in turn, each with its order."""
    for index in range(count):
        seed = 7 + (index + len(layout.name)) % 2
        world = run(seed).world
        language = LANGUAGES[index % len(LANGUAGES)]
        fitting = [each for each in world.customers if each.language == language]
        dice = Dice("writing", layout.name, index)
        customer = replace(dice.one(fitting), channel=channel)
        habit = habit_for(seed, customer, layout, dice)
        draft = compose(Writer(world, customer, habit, dice), f"45-{index + 1:05}", flags)
        at = datetime(world.as_of.year, world.as_of.month, world.as_of.day, 9, 30, tzinfo=UTC)
        yield Envelope(customer, habit, at, index + 1, Dice("sending", layout.name, index)), draft.order


def flat(text: str) -> str:
    """Returns the text with every run of blanks, of whatever kind, as one blank."""
    return re.sub(r"[\s\u00a0\u202f]+", " ", text)


def _numbers(amount: Decimal, customer: Customer, *, money: bool) -> set[str]:
    write = show_money if money else show_number
    found = {write(amount, customer.language, customer.country, grouped=grouped) for grouped in (True, False)}
    if not money:
        whole, _, part = format(amount, ".3f").partition(".")
        mark = show_number(Decimal("1.5"), customer.language, customer.country)[1]
        found.add(f"{show_number(Decimal(whole), customer.language, customer.country)}{mark}{part}")
    return {flat(text) for text in found} | {plain(amount)}


def _days(day: date, customer: Customer) -> set[str]:
    language, country = customer.language, customer.country
    full = {show_date(day, language, country, style) for style in range(4)} | {day.isoformat()}
    weekday = WEEKDAYS[language][day.weekday()]
    week = day.isocalendar().week
    near = {f"{weekday}, {word} {week}" for word in ("KW", "week", "v.")}
    long = show_date(day, language, country, {"de": 2, "en": 3 if country in {"US", "CA"} else 1}.get(language, 2))
    near.add(long.removesuffix(str(day.year)).removesuffix(" de ").rstrip(", "))
    return full | near


class _Page:
    """What a document shows, and what was looked for in it in vain."""

    def __init__(self, text: str) -> None:
        self.shown = flat(text)
        self.missing: list[str] = []

    def want(self, name: str, forms: set[str]) -> None:
        if not any(flat(form) in self.shown for form in forms):
            self.missing.append(f"{name}: {sorted(forms)}")


def shortfalls(order: WrittenOrder, text: str) -> list[str]:
    """Returns what the order holds and the text does not show; values alone, in any form that people write them in."""
    page, customer = _Page(text), order.customer
    _want_heads(page, order)
    for line in order.lines:
        page.want("quantity", _numbers(line.quantity, customer, money=False))
        for name, value in (
            ("unit", line.unit), ("ours", line.ours), ("theirs", line.theirs), ("gtin", line.gtin),
            ("description", line.description),
        ):  # fmt: skip
            page.want(name, {value or ""})
        if line.price is not None:
            page.want("price", _numbers(line.price, customer, money=True))
            if line.basis != 1:
                page.want("basis", _numbers(line.basis, customer, money=False))
        if line.amount is not None:
            page.want("amount", _numbers(line.amount, customer, money=True))
        if line.requested_date is not None:
            page.want("line date", _days(line.requested_date, customer))
    return page.missing


def _want_heads(page: _Page, order: WrittenOrder) -> None:
    customer = order.customer
    page.want("po_number", {order.po_number})
    for name, day in (("order_date", order.order_date), ("requested_date", order.requested_date)):
        if day is not None:
            page.want(name, _days(day, customer))
    if order.currency:
        page.want("currency", {order.currency, *SIGNS})
    page.want("release", {order.release or ""})
    page.want("incoterms", {order.incoterms or ""})
    page.want("payment_terms", {(order.payment_terms or "").removeprefix("N")})
    for name, place in (("ship_to", order.ship_to), ("bill_to", order.bill_to)):
        if place is not None:
            house = place.street.rsplit(" ", 1)[-1]
            for part in (place.name, house, place.city, place.postal_code):
                page.want(name, {part})
    if order.stated_total is not None:
        page.want("stated_total", _numbers(order.stated_total, customer, money=True))
    if order.stated_line_count is not None:
        page.want("stated_line_count", {str(order.stated_line_count)})
    if order.stated_quantity_total is not None:
        page.want("stated_quantity_total", _numbers(order.stated_quantity_total, customer, money=False))
    for note in order.notes:
        page.want("note", {note})

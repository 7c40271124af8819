"""One clerk's hand: words, numbers, addresses and table cells as one customer writes them in mails."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.csv_words import HEADS
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.locales import short_date, show_date, show_money, show_number
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.phrases import PHRASES
from bridgehead.templates.purchase_orders.corpus.places import COUNTRY_NAMES
from bridgehead.templates.purchase_orders.corpus.prose_words import WEEKDAYS, WEEKS, WORDS

_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "PLN": "zł", "SEK": "kr", "CHF": "CHF"}
_AND: Final = {"en": "and", "de": "und", "fr": "et", "es": "y", "it": "e", "nl": "en", "pl": "oraz", "sv": "och"}
_SPOKEN: Final = 3
"""Of the words for a field the first three are for people; a fourth is a column name of machines."""


class Letter:
    """Writes the pieces of a mail. Words follow the customer's voice, so one customer always uses the same ones."""

    def __init__(self, sending: Envelope) -> None:
        self.sending = sending
        self.customer, self.habit, self.dice = sending.customer, sending.habit, sending.dice
        self.language, self.voice = sending.habit.language, sending.habit.voice

    def say(self, key: str, **values: object) -> str:
        """Returns the customer's phrase for ``key``."""
        phrases = PHRASES[self.language][key]
        return phrases[(self.voice + len(key)) % len(phrases)].format(**values)

    def tell(self, key: str, **values: object) -> str:
        """Returns the customer's words for ``key`` out of those around an order (prose_words.WORDS)."""
        phrases = WORDS[self.language][key]
        said = phrases[(self.voice + len(key)) % len(phrases)].format(**values)
        # A value may end in a full stop of its own ("S.A.", "r.").
        return f"{said[:-2]}." if said.endswith("..") else said

    def title(self, key: str) -> str:
        """Returns the customer's column title for a field."""
        titles = HEADS[self.language][key][:_SPOKEN]
        return titles[self.voice % len(titles)]

    @property
    def word_and(self) -> str:
        """Returns the word for "and"."""
        return _AND[self.language]

    def number(self, amount: Decimal) -> str:
        """Returns a quantity."""
        return show_number(amount, self.language, self.customer.country, grouped=self.voice % 4 != 0)

    def quantity(self, line: WrittenLine) -> str:
        """Returns quantity and unit, as far as a unit is written."""
        return f"{self.number(line.quantity)} {line.unit}".strip()

    def day(self, day: date) -> str:
        """Returns a date."""
        return show_date(day, self.language, self.customer.country, self.habit.date_style)

    def spoken_day(self, day: date) -> str:
        """Returns a date with its weekday: in full, without the year where it is this year's, or by calendar week."""
        weekday, sent = WEEKDAYS[self.language][day.weekday()], self.sending.at.date()
        week = day.isocalendar()
        if self.voice % 4 == 2 and self.language in WEEKS:
            year = "" if week.year == sent.isocalendar().year else f"/{week.year}"
            return f"{weekday}, {WEEKS[self.language]} {week.week}{year}"
        text = self.day(day)
        if self.voice % 4 == 1 and day.year == sent.year:
            text = short_date(day, self.language, self.customer.country)
        return f"{weekday} {text}" if self.language in {"en", "fr", "it", "nl", "sv"} else f"{weekday}, {text}"

    def amount(self, amount: Decimal, currency: str | None) -> str:
        """Returns money, with its currency if the customer writes it."""
        text = show_money(amount, self.language, self.customer.country)
        if currency is None:
            return text
        if self.voice % 3 == 0:
            sign = _SIGNS[currency]
            return f"{sign}{text}" if self.language == "en" else f"{text} {sign}"
        return (
            f"{currency} {text}"
            if self.voice % 3 == 1 and self.language in {"en", "nl", "de"}
            else f"{text} {currency}"
        )

    def price(self, line: WrittenLine, currency: str | None) -> str:
        """Returns the unit price, with the number of units it is for where that is not one; empty without a price."""
        if line.price is None:
            return ""
        text = self.amount(line.price, currency)
        if line.basis == 1:
            return text
        return f"{text} {self.say('per', n=f'{self.number(line.basis)} {line.unit}'.strip())}"

    def address(self, place: Address) -> list[str]:
        """Returns the lines of an address, without the name of the country for half of the customers."""
        street = place.street
        if self.habit.short_street:
            street = (
                street.replace("straße", "str.")
                .replace("strasse", "str.")
                .replace("Straße", "Str.")
                .replace("Avenue", "Ave")
            )
        if place.country in {"US", "CA"}:
            town = f"{place.city}, {place.region} {place.postal_code}"
        elif place.country in {"GB", "IE"}:
            town = f"{place.city} {place.postal_code}"
        else:
            region = f" ({place.region})" if place.region and place.country == "IT" else ""
            prefix = (
                f"{place.country}-"
                if self.voice % 6 == 0 and place.country in {"DE", "AT", "CH", "SE", "BE", "FR"}
                else ""
            )
            town = f"{prefix}{place.postal_code} {place.city}{region}"
        lines = [place.name, street, town]
        if self.voice % 2:
            lines.append(COUNTRY_NAMES[self.language][place.country])
        return lines

    def part(self, line: WrittenLine) -> str:
        """Returns the numbers of the article in one phrase; the description where there is no number."""
        if line.theirs and line.ours:
            first, second = (
                (line.theirs, self.say("your", x=line.ours))
                if self.voice % 2
                else (line.ours, self.say("our", x=line.theirs))
            )
            return f"{first} ({second})"
        return line.theirs or line.ours or line.gtin or line.description or ""

    def terms(self, order: WrittenOrder) -> list[tuple[str, str]]:
        """Returns the terms of delivery and payment that the order states, each with its label."""
        found: list[tuple[str, str]] = []
        if order.incoterms:
            town = (order.ship_to or order.customer.ship_tos[0]).city
            found.append((self.say("incoterms"), f"{order.incoterms} {town}" if self.voice % 2 else order.incoterms))
        if order.payment_terms:
            found.append((self.say("terms"), self.say("net", n=order.payment_terms.removeprefix("N"))))
        return found

    def heads(self, order: WrittenOrder, *, with_po: bool = True) -> list[tuple[str, str]]:
        """Returns label and value of everything that holds for the whole order but the address, total and notes."""
        found = [(self.say("po"), order.po_number)] if with_po else []
        if order.release:
            found.append((self.say("revised"), order.release))
        if order.order_date:
            found.append((self.say("dated"), self.day(order.order_date)))
        if self.voice % 5 == 0:
            found.append((self.say("account"), self.customer.number))
        if order.requested_date:
            found.append((self.say("due"), self.day(order.requested_date)))
        found.extend(self.terms(order))
        return found

    def tails(self, order: WrittenOrder) -> list[tuple[str, str]]:
        """Returns label and value of the control values the order states."""
        found: list[tuple[str, str]] = []
        if order.stated_line_count is not None:
            found.append((self.say("count"), str(order.stated_line_count)))
        if order.stated_total is not None:
            found.append((self.say("total"), self.amount(order.stated_total, order.currency)))
        return found

    def table(self, order: WrittenOrder) -> tuple[list[str], list[list[str]]]:
        """Returns column titles and one row of cells per line; columns that no line fills are left out."""
        apart = self.voice % 3 != 1 or not any(line.unit for line in order.lines)
        columns: list[tuple[str, list[str]]] = [("line", [str(line.number) for line in order.lines])]
        parts = [
            ("theirs", [line.theirs or "" for line in order.lines]),
            ("ours", [line.ours or "" for line in order.lines]),
            ("gtin", [line.gtin or "" for line in order.lines]),
        ]
        columns.extend(parts if self.voice % 2 else parts[1::-1] + parts[2:])
        columns.append(("description", [line.description or "" for line in order.lines]))
        if apart:
            columns.append(("quantity", [self.number(line.quantity) for line in order.lines]))
            columns.append(("unit", [line.unit for line in order.lines]))
        else:
            columns.append(("quantity", [self.quantity(line) for line in order.lines]))
        columns.append(("price", [self.price(line, order.currency) for line in order.lines]))
        columns.append(
            (
                "amount",
                [self.amount(line.amount, order.currency) if line.amount is not None else "" for line in order.lines],
            )
        )
        columns.append(("due", [self.day(line.requested_date) if line.requested_date else "" for line in order.lines]))
        if self.voice % 6 == 4:
            # Some put what and how many first, and everything else behind it.
            columns.sort(key=lambda column: column[0] not in {"line", "quantity", "unit"})
        filled = [(key, cells) for key, cells in columns if any(cells)]
        rows = [[cells[index] for _, cells in filled] for index in range(len(order.lines))]
        return [self.title(key) for key, _ in filled], rows

    def signature(self) -> list[str]:
        """Returns the lines under the greeting; a department, never a person."""
        customer = self.customer
        town = self.address(customer.bill_to)
        lines = [self.say("role"), customer.name]
        if self.voice % 4 != 1:
            lines.extend(town[1:])
        lines.append(f"{('Tel.', 'T', 'Phone', 'Tel')[self.voice % 4]} {customer.phone}")
        if self.voice % 3 == 0 and customer.vat:
            lines.append(f"{'USt-IdNr.' if self.language == 'de' else 'VAT'} {customer.vat}")
        if self.voice % 2:
            lines.append(customer.emails[0])
        return lines

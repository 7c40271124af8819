"""One printed order in a customer's words: labels, values, addresses and the columns of its lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_NAME, Envelope
from bridgehead.templates.purchase_orders.corpus.locales import show_money
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.grid import Carry, Column
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import Align
from bridgehead.templates.purchase_orders.corpus.pdf.words import WORDS

OUR_COUNTRY: Final = "DE"
OUR_ADDRESS: Final = (OUR_NAME, "Deichstraße 40", "26954 Nordenham")
"""Where customers write to us; no place of any customer."""

_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "PLN": "zł", "SEK": "kr", "CHF": "CHF"}
_RIGHT: Final = frozenset({"quantity", "price", "basis", "amount"})

Pair = tuple[str, str]


class Form:
    """What one order says. The same customer always uses the same words.

    ``money`` is where a stated currency stands: in a field of its own, in the titles of the columns, at every
    amount, or at the total alone. ``said`` is one more remark; ``title`` takes the place of the usual one.
    """

    def __init__(
        self, sending: Envelope, order: WrittenOrder, *, again: bool = False, said: str | None = None, title: str = ""
    ) -> None:
        self.letter = Letter(sending)
        self.sending, self.order, self.again = sending, order, again
        self.notes = (*order.notes, *([said] if said else []))
        self.name = title
        self.customer, self.voice = sending.customer, sending.habit.voice
        self.language = sending.habit.language
        ways = ("field", "titles", "amounts", "total" if order.stated_total is not None else "field")
        self.money = ways[(self.voice // 3) % 4] if order.currency else ""

    def word(self, key: str) -> str:
        """Returns the customer's word for ``key``."""
        words = WORDS[self.language][key]
        return words[(self.voice + sum(map(ord, key))) % len(words)]

    @property
    def colon(self) -> str:
        """Returns the colon as the language sets it."""
        return " :" if self.language == "fr" else ":"

    def labelled(self, key: str) -> str:
        """Returns the word with a colon, as the language sets it."""
        word = self.word(key)
        return f"{word}{self.colon}"

    def headline(self) -> str:
        """Returns what stands over the document, with a word about a copy."""
        title = self.name or self.word("title")
        return f"{title} - {self.word('again')}" if self.again else title

    def heads(self, *keys: str, po: bool = True) -> list[Pair]:
        """Returns label and value of what holds for the whole order, as far as it is stated; all of it without keys."""
        order, letter = self.order, self.letter
        town = (order.ship_to or order.customer.ship_tos[0]).city
        incoterms = f"{order.incoterms} {town}" if self.voice % 2 else order.incoterms
        days = order.payment_terms.removeprefix("N") if order.payment_terms else ""
        known: dict[str, str | None] = {
            "po": order.po_number if po else None,
            "revision": order.release,
            "dated": letter.day(order.order_date) if order.order_date else None,
            "account": self.customer.number if self.voice % 3 == 0 else None,
            "due": letter.day(order.requested_date) if order.requested_date else None,
            "currency": order.currency if self.money == "field" else None,
            "incoterms": incoterms if order.incoterms else None,
            "terms": letter.say("net", n=days) if days else None,
        }
        usual = tuple(known)
        orders = (usual, (*usual[:2], "due", "dated", *usual[5:], "account"), (usual[2], *usual[:2], *usual[3:]))
        return [(self.word(key), value) for key in keys or orders[self.voice % 3] if (value := known[key])]

    def amount(self, amount: Decimal, *, total: bool = False) -> str:
        """Returns money, with the currency where this customer puts it."""
        text = show_money(amount, self.language, self.customer.country)
        currency = self.order.currency
        if currency is None or not (self.money == "amounts" or (total and self.money in {"total", "titles"})):
            return text
        if self.voice % 3 == 0 and self.customer.country != "CA":
            return f"{_SIGNS[currency]}{text}" if self.language == "en" else f"{text} {_SIGNS[currency]}"
        return f"{currency} {text}" if self.voice % 2 else f"{text} {currency}"

    def price(self, line: WrittenLine, *, basis: bool) -> str:
        """Returns the price; with how many units it is for, unless a column of its own says so or it is one."""
        if line.price is None:
            return ""
        text = self.amount(line.price)
        if not basis or line.basis == 1:
            return text
        count = f"{self.letter.number(line.basis)} {line.unit}".strip()
        return f"{text} / {count}" if self.voice % 2 else f"{text} {self.letter.say('per', n=count)}"

    def kinds(self) -> list[str]:
        """Returns which identifiers of articles the lines have, the customer's favourite first."""
        order = ("theirs", "ours", "gtin") if self.voice % 2 else ("ours", "theirs", "gtin")
        return [kind for kind in order if any(getattr(line, kind) for line in self.order.lines)]

    def stacked(self, line: WrittenLine) -> list[str]:
        """Returns the identifiers under each other; those that the column's title does not name carry a label."""
        first, *others = self.kinds() or ["ours"]
        found = [str(getattr(line, first))] if getattr(line, first) else []
        found.extend(f"{self.labelled(kind)} {getattr(line, kind)}" for kind in others if getattr(line, kind))
        return found

    def cell(self, key: str, line: WrittenLine) -> list[str]:
        """Returns the lines of one cell."""
        letter = self.letter
        makers: dict[str, Callable[[], str]] = {
            "line": lambda: str(line.number),
            "ours": lambda: line.ours or "",
            "theirs": lambda: line.theirs or "",
            "gtin": lambda: line.gtin or "",
            "text": lambda: line.description or "",
            "quantity": lambda: letter.number(line.quantity),
            "counted": lambda: letter.quantity(line),
            "unit": lambda: line.unit,
            "price": lambda: self.price(line, basis=False),
            "priced": lambda: self.price(line, basis=True),
            "basis": lambda: letter.number(line.basis) if line.price is not None else "",
            "amount": lambda: self.amount(line.amount) if line.amount is not None else "",
            "day": lambda: letter.day(line.requested_date) if line.requested_date else "",
        }
        if key == "parts":
            return self.stacked(line) or [""]
        if key == "parts_text":
            return [*self.stacked(line), *([line.description] if line.description else [])] or [""]
        return [makers[key]()]

    def title(self, key: str) -> str:
        """Returns the title of a column."""
        plain = {"counted": "quantity", "priced": "price", "parts": (self.kinds() or ["ours"])[0]}
        plain["parts_text"] = plain["parts"]
        name = plain.get(key, key)
        text = self.word(name)
        if self.money == "titles" and name in {"price", "amount"}:
            text = f"{text} {self.order.currency}"
        return text

    def columns(self, keys: Sequence[str], *, most: float = 0.0) -> list[Column]:
        """Returns the columns with these keys that any line fills; ``basis`` only where a price is not for one.

        Descriptions are broken at ``most`` points, if it is not 0.
        """
        lines = self.order.lines
        found: list[Column] = []
        for key in keys:
            cells = [self.cell(key, line) for line in lines]
            if not any(text for cell in cells for text in cell):
                continue
            if key == "basis" and all(line.basis == 1 for line in lines):
                continue
            align: Align = "r" if key in _RIGHT or key == "priced" else "l"
            grows = key in {"text", "parts_text"}
            wraps = most if grows else 0.0
            found.append(Column(self.title(key), cells, align, grows=grows, most=wraps, summed=key == "amount"))
        return found

    def under(self, *keys: str) -> list[list[str]]:
        """Returns, per line, what stands below its row: each field with its label, but the description bare."""
        rows: list[list[str]] = []
        for line in self.order.lines:
            texts: list[str] = []
            for key in keys:
                label = "" if key == "text" else f"{self.labelled(key)} "
                texts.extend(f"{label}{text}" for text in self.cell(key, line) if text)
            rows.append(texts)
        return rows

    def carry(self) -> Carry | None:
        """Returns what carries sums from page to page; None where not every line has an amount."""
        amounts = [line.amount for line in self.order.lines if line.amount is not None]
        if len(amounts) < len(self.order.lines):
            return None
        return Carry(amounts, self.word("carried"), self.word("brought"), self.amount)

    def totals(self) -> list[Pair]:
        """Returns label and value of the control values the order states."""
        order, found = self.order, list[Pair]()
        if order.stated_line_count is not None:
            found.append((self.word("count"), str(order.stated_line_count)))
        if order.stated_quantity_total is not None:
            found.append((self.word("quantity_total"), self.letter.number(order.stated_quantity_total)))
        if order.stated_total is not None:
            found.append((self.word("total"), self.amount(order.stated_total, total=True)))
        return found

    def place(self, address: Address) -> list[str]:
        """Returns the lines of an address."""
        return self.letter.address(address)

    def places(self) -> list[tuple[str, list[str]]]:
        """Returns the addresses that the order states, each with its label."""
        stated = (("ship_to", self.order.ship_to), ("bill_to", self.order.bill_to))
        return [(self.word(key), self.place(address)) for key, address in stated if address is not None]

    def ours(self) -> list[str]:
        """Returns our address, with the country where it is another one."""
        abroad = self.customer.country != OUR_COUNTRY
        return [*OUR_ADDRESS, *([self.word("germany")] if abroad else [])]

    def sender(self) -> list[str]:
        """Returns the customer's own name and address, for a letterhead."""
        return self.place(self.customer.bill_to)

    def reach(self) -> list[str]:
        """Returns how to reach the customer."""
        customer = self.customer
        found = [f"{self.word('tel')} {customer.phone}", customer.emails[0]]
        if customer.vat and self.voice % 2:
            found.append(f"{self.word('vat')} {customer.vat}")
        return found

    def role(self) -> str:
        """Returns the department that orders; never a person."""
        return self.letter.say("role")

    def page(self, page: int, pages: int) -> str:
        """Returns the number of a page."""
        return self.word("page").format(a=page, b=pages or page)

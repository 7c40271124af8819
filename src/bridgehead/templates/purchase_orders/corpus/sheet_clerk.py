"""One clerk at a spreadsheet: what a customer puts into cells, as numbers and dates or as text, and its table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from openpyxl.utils import get_column_letter

from bridgehead.templates.purchase_orders.corpus.catalogue import make_items
from bridgehead.templates.purchase_orders.corpus.csv_words import HEADS
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import Address, Item, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.sheet_words import SHEET
from bridgehead.templates.purchase_orders.corpus.workbook import Sheet, Value


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of positions."""

    key: str
    title: str
    cells: tuple[Value, ...]


@cache
def catalogue() -> tuple[Item, ...]:
    """Returns articles of the range to fill forms and price lists with; what they cost there is of no account."""
    return tuple(make_items(0).values())


class Clerk(Letter):
    """Writes the cells of one customer's sheets. ``plain`` files hold text alone, as CSV does."""

    def __init__(self, sending: Envelope, *, plain: bool = False) -> None:
        super().__init__(sending)
        self.plain = plain
        self.typed = plain or self.voice % 6 == 5
        """True where figures are text, as in CSV and in cells that somebody formatted as text."""
        self.dates_typed = plain or self.voice % 3 == 1

    def word(self, key: str, index: int | None = None) -> str:
        """Returns a word of sheets: the customer's, or the one at ``index``."""
        words = SHEET[self.language][key]
        return words[self.voice % len(words) if index is None else index]

    def machine(self, key: str) -> str:
        """Returns the name of a field as a program's table has it."""
        return HEADS[self.language][key][-1]

    def figure(self, amount: Decimal) -> Value:
        """Returns a quantity."""
        return self.number(amount) if self.typed else amount

    def money(self, amount: Decimal | None) -> Value:
        """Returns an amount without its currency; None where there is none."""
        if amount is None:
            return None
        return self.amount(amount, None) if self.typed else amount

    def date(self, day: date | None) -> Value:
        """Returns a date; None where there is none."""
        if day is None:
            return None
        return self.day(day) if self.dates_typed else day

    def code(self, text: str | None) -> Value:
        """Returns a number of an article or an order; one of digits alone becomes a number at half of the customers."""
        if text and text.isdigit() and text[0] != "0" and not self.typed and self.voice % 2:
            return int(text)
        return text or None

    @property
    def date_format(self) -> str:
        """Returns how this country's spreadsheets show a date."""
        if self.language == "en":
            return "m/d/yyyy" if self.customer.country in {"US", "CA"} else "dd/mm/yyyy"
        return {"de": "dd.mm.yyyy", "pl": "dd.mm.yyyy", "nl": "dd-mm-yyyy", "sv": "yyyy-mm-dd"}.get(
            self.language, "dd/mm/yyyy"
        )

    def money_title(self, key: str, order: WrittenOrder) -> str:
        """Returns the title of a column of money, with the currency and the number of units a price is for."""
        title = self.title(key)
        bases = {line.basis for line in order.lines}
        if key == "price" and self.basis_in_title(order) and bases != {Decimal(1)}:
            title = f"{title} {self.say('per', n=self.number(next(iter(bases))))}"
        return f"{title} ({order.currency})" if order.currency and self.voice % 2 else title

    def basis_in_title(self, order: WrittenOrder) -> bool:
        """Returns True where every price is for as many units, and the title says for how many."""
        return len({line.basis for line in order.lines}) == 1 and self.voice % 4 != 2

    def columns(self, order: WrittenOrder, *, numbered: bool = True, apart: bool = False) -> list[Column]:
        """Returns the columns of the table that hold anything, in the customer's order.

        Without numbers of lines unless ``numbered``; ``apart`` keeps the unit in a column of its own.
        """
        lines = order.lines
        in_title = not apart and len({line.unit for line in lines}) == 1 and self.voice % 5 == 1
        joined = not apart and not in_title and self.typed and self.voice % 4 == 1
        quantity = f"{self.title('quantity')} ({lines[0].unit})" if in_title else self.title("quantity")
        table: list[tuple[str, str, list[Value]]] = [
            ("line", self.title("line"), [line.number for line in lines] if numbered else []),
            ("theirs", self.title("theirs"), [self.code(line.theirs) for line in lines]),
            ("ours", self.title("ours"), [self.code(line.ours) for line in lines]),
            ("gtin", self.title("gtin"), [self.code(line.gtin) for line in lines]),
            ("description", self.title("description"), [line.description for line in lines]),
            ("quantity", quantity, [self.quantity(line) if joined else self.figure(line.quantity) for line in lines]),
            ("unit", self.title("unit"), [] if in_title or joined else [line.unit for line in lines]),
            ("price", self.money_title("price", order), [self.money(line.price) for line in lines]),
            ("basis", self.title("basis"), self._bases(order)),
            ("amount", self.money_title("amount", order), [self.money(line.amount) for line in lines]),
            ("due", self.title("due"), [self.date(line.requested_date) for line in lines]),
        ]
        if self.voice % 6 == 4:
            # Some put what and how many first, and everything else behind it.
            table.sort(key=lambda column: column[0] not in {"line", "quantity", "unit"})
        return [
            Column(key, title, tuple(str(cell) if self.plain and cell is not None else cell for cell in cells))
            for key, title, cells in table
            if any(cell is not None for cell in cells)
        ]

    def _bases(self, order: WrittenOrder) -> list[Value]:
        if self.basis_in_title(order) or all(line.basis == 1 for line in order.lines):
            return []
        return [self.figure(line.basis) if line.price is not None else None for line in order.lines]

    def head_cells(self, order: WrittenOrder) -> list[tuple[str, Value]]:
        """Returns label and value of what holds for the whole order but its places."""
        colon = ":" if self.voice % 2 else ""
        found: list[tuple[str, Value]] = [(self.say("po"), self.code(order.po_number))]
        if order.release:
            found.append((self.say("revised"), order.release))
        if order.order_date:
            found.append((self.say("dated"), self.date(order.order_date)))
        if self.voice % 5 == 0:
            found.append((self.say("account"), self.customer.number))
        if order.requested_date:
            found.append((self.say("due"), self.date(order.requested_date)))
        found.extend(self.terms(order))
        if order.currency and not self.voice % 2:
            found.append((self.title("currency"), order.currency))
        return [(f"{label}{colon}", value) for label, value in found]

    def places(self, order: WrittenOrder) -> list[tuple[str, list[str]]]:
        """Returns label and lines of the addresses on the order."""
        found: list[tuple[str, list[str]]] = []
        if order.ship_to is not None:
            found.append((self.say("ship_to"), self.address(order.ship_to)))
        if order.bill_to is not None:
            found.append((self.word("bill_to"), self.address(order.bill_to)))
        return found

    def place_cells(self, place: Address) -> dict[str, Value]:
        """Returns the parts of an address, each in a cell of its own, by key of the column."""
        return {
            "ship_name": place.name,
            "street": place.street,
            "postal": self.code(place.postal_code),
            "city": place.city,
            "country": place.country,
        }

    def similar(self, text: str) -> str:
        """Returns another number of the same make."""
        return "".join(self.dice.digits(1) if sign.isdigit() else sign for sign in text)

    def fillers(self, order: WrittenOrder, count: int) -> list[Item]:
        """Returns articles that are not on the order."""
        ordered = {line.ours for line in order.lines} | {line.item for line in order.lines}
        return [item for item in self.dice.some(catalogue(), count + 2) if item.number not in ordered][:count]


def put_table(
    sheet: Sheet, clerk: Clerk, order: WrittenOrder, columns: list[Column], *, at: int = 1, gap: int = 0
) -> int:
    """Writes titles and rows from column ``at`` on, ``gap`` empty rows between them; returns the row of the titles."""
    head = sheet.add(*(column.title for column in columns), at=at)
    sheet.heads.add(head)
    spots = {column.key: get_column_letter(at + index) for index, column in enumerate(columns)}
    for index, line in enumerate(order.lines):
        if index:
            for _ in range(gap):
                sheet.add()
        row = sheet.add(*(column.cells[index] for column in columns), at=at)
        worth = line_formula(clerk, line, spots, row)
        if worth:
            place = next(index for index, column in enumerate(columns) if column.key == "amount")
            sheet.formulas[row, at + place] = worth
    return head


def line_formula(clerk: Clerk, line: WrittenLine, spots: dict[str, str], row: int) -> str | None:
    """Returns the formula behind an amount that is what quantity and price give; None where it is typed in."""
    if clerk.typed or line.amount is None or line.amount != line.value or clerk.voice % 4 == 3:
        return None
    per = f"/{spots['basis']}{row}" if "basis" in spots else f"/{line.basis}" if line.basis != 1 else ""
    return f"ROUND({spots['quantity']}{row}*{spots['price']}{row}{per},2)"


def put_tails(
    sheet: Sheet, clerk: Clerk, order: WrittenOrder, columns: list[Column], head: int, *, at: int = 1
) -> None:
    """Writes the control values under the table: the total below its column, the others with their labels."""
    last = len(sheet.rows)
    keys = [column.key for column in columns]
    if order.stated_quantity_total is not None:
        spot, row = at + keys.index("quantity"), len(sheet.rows) + 1
        sheet.put(row, spot, clerk.figure(order.stated_quantity_total))
        sheet.put(row, spot - 1 if spot > 1 else spot + 1, clerk.word("sum_quantity"))
        sheet.bold.add(row)
    if order.stated_total is not None:
        place = keys.index("amount") if "amount" in keys else len(keys) - 1
        spot, row = max(at + place, 2), len(sheet.rows) + 1
        sheet.put(row, spot - 1, clerk.say("total"))
        sheet.put(row, spot, clerk.money(order.stated_total))
        sheet.bold.add(row)
        amounts = [line.amount or Decimal(0) for line in order.lines]
        if "amount" in keys and sum(amounts) == order.stated_total and not clerk.typed and clerk.voice % 4 != 3:
            letter = get_column_letter(spot)
            sheet.formulas[row, spot] = f"SUM({letter}{head + 1}:{letter}{last})"
    if order.stated_line_count is not None:
        row = sheet.add(clerk.say("count"), order.stated_line_count, at=at)
        sheet.bold.add(row)

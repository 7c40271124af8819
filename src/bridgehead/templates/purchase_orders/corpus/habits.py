"""How one customer writes, always: layout, language, which fields, which numbers, which words for units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.model import MAILED, Address, Customer, Format
from bridgehead.templates.purchase_orders.corpus.units import (
    CXML_UNITS,
    EDIFACT_UNITS,
    ERP_UNITS,
    UNIT_WORDS,
    X12_UNITS,
    XML_UNITS,
)

Dates = Literal["header", "line", "none"]
Identifier = Literal["part", "gtin", "both"]


MAIL_LAYOUTS: Final = (
    Layout("pipes", 2),
    Layout("columns", 3, counts=True),
    Layout("tabs", 3),
    Layout("bullets", 3, amounts=False, max_lines=6, both_parts=False, numbered=False),
    Layout("sentences", 2, amounts=False, descriptions=False, line_dates=False, both_parts=False, max_lines=3,
           bases=False, terms=False, numbered=False),
    Layout("blocks", 2),
    Layout("erp_form", 3, counts=True),
    Layout("html_table", 4, html=True),
    Layout("html_form", 2, html=True, counts=True),
    Layout("phone", 2, amounts=False, line_dates=False, descriptions=False, prices=False, units=False, max_lines=4,
           both_parts=False, bases=False, terms=False, numbered=False),
    Layout("reply_to_offer", 2, both_parts=False),
    Layout("semicolons", 1),
    Layout("dot_leaders", 2, counts=True),
    Layout("word_list", 2, html=True, amounts=False, line_dates=False, max_lines=6, both_parts=False, bases=False),
    Layout("pasted_cells", 1, line_dates=False),
    Layout("shop_notice", 2, line_dates=False, counts=True),
    Layout("box_drawing", 1),
    Layout("numbered_list", 3),
    Layout("letter_prose", 2, amounts=False, max_lines=4, both_parts=False, bases=False, numbered=False),
    Layout("quick_note", 1, amounts=False, descriptions=False, line_dates=False, max_lines=4, both_parts=False,
           numbered=False),
    Layout("times", 2, amounts=False, line_dates=False, units=False, max_lines=7, both_parts=False, bases=False,
           numbered=False),
    Layout("portal_notice", 2, counts=True),
    Layout("filled_blanks", 1, max_lines=7),
    Layout("inline_reply", 1, amounts=False, max_lines=5, both_parts=False, numbered=False),
    Layout("forwarded", 2, amounts=False, counts=True),
    Layout("thread_top", 2, amounts=False),
    Layout("erp_screen", 2, counts=True),
    Layout("wrapped", 1),
    Layout("quoted_csv", 1),
    Layout("side_by_side", 2, counts=True),
    Layout("markdown", 1),
    Layout("excel_paste", 2, html=True),
    Layout("gmail", 2, html=True, amounts=False),
    Layout("html_prose", 1, html=True, amounts=False, max_lines=4, both_parts=False, bases=False, numbered=False),
    Layout("newsletter", 2, html=True, counts=True),
    Layout("cards", 1, html=True, counts=True),
    Layout("two_rows", 2, html=True, counts=True),
    Layout("html_forward", 2, html=True),
    Layout("div_grid", 1, html=True),
    Layout("fixed_pitch", 1, html=True, counts=True),
    Layout("upright", 1, html=True, max_lines=3),
)  # fmt: skip

X12_STYLES: Final = ("plain", "one_line", "pipes", "lines_only", "old_retail", "control_chars", "caret", "verbose")

EDIFACT_LAYOUTS: Final = tuple(
    Layout(name, max_lines=14, counts=True, hashes=True, bill_to=True, bare_places=True)
    for name in (
        "retail_96a", "one_line_01b", "vehicle_97a", "comma_93a", "bars_96a", "level_b_96a", "group_93a", "stars_03b",
        "wrapped_96a", "hash_01b",
    )
)  # fmt: skip

UBL_LAYOUTS: Final = tuple(
    Layout(name, max_lines=14, counts=counts, bill_to=True, bare_places=True, firm=frozenset(firm.split()))
    for name, counts, firm in (
        ("peppol", False, "price currency description"),
        ("peppol_sbdh", False, "price currency description total"),
        ("erp_21", True, "currency"),
        ("redeclared", True, "currency"),
        ("bii_20", False, "currency description"),
        ("latin_20", True, "currency"),
        ("one_line", False, "price currency"),
    )
)

CXML_LAYOUTS: Final = tuple(
    Layout(name, max_lines=14, amounts=False, firm=frozenset({"price", "currency", "total", "description", "bill_to"}))
    for name in ("network", "suite", "erp_outbound", "campus", "shop", "modern")
)

ORDERX_LAYOUTS: Final = tuple(
    Layout(name, max_lines=12, bill_to=True, firm=frozenset({"price", "currency", "total", "description"}))
    for name in ("basic_file", "comfort_file", "basic_paper", "comfort_paper", "basic_mail", "comfort_mail")
)

CSV_STYLES: Final = (
    "rows_semicolon",
    "rows_comma",
    "preamble",
    "records",
    "quoted_form",
    "excel_unicode",
    "tabs",
    "sap_list",
)


@dataclass(frozen=True, slots=True)
class Habit:
    """How one customer writes."""

    layout: Layout
    language: str
    shows_price: bool
    shows_amount: bool
    shows_total: bool
    shows_description: bool
    shows_order_date: bool
    shows_currency: bool
    shows_terms: bool
    shows_count: bool
    shows_ship_to: bool
    per_hundred: bool
    identifier: Identifier
    dates: Dates
    step: int
    date_style: int
    voice: int
    short_street: bool
    bare_places: bool

    @property
    def shows_bill_to(self) -> bool:
        """Returns True if the orders of this customer say where the invoice goes."""
        return "bill_to" in self.layout.firm or (self.layout.bill_to and self.voice % 4 == 0)

    def shown(self, place: Address) -> Address:
        """Returns the place as this customer names it: where it sends numbers alone, without name and address."""
        if not self.bare_places or not place.id:
            return place
        return replace(place, name="", street="", city="", postal_code="", country="", region="")

    def unit(self, customer: Customer, code: str) -> str:
        """Returns this customer's word for a unit."""
        coded = _CODED.get(customer.channel)
        if coded is None or (customer.channel in _SOMETIMES and self.voice % _SOMETIMES[customer.channel] == 0):
            coded = UNIT_WORDS[self.language]
        words = coded[code]
        return words[self.voice % len(words)]


_CODED: Final[dict[Format, dict[str, tuple[str, ...]]]] = {
    "x12": X12_UNITS, "edifact": EDIFACT_UNITS, "ubl": XML_UNITS, "orderx": XML_UNITS, "cxml": CXML_UNITS,
    "csv": ERP_UNITS, "email_sheet": ERP_UNITS,
}  # fmt: skip
_SOMETIMES: Final[dict[Format, int]] = {"csv": 3, "email_sheet": 2}
"""One in so many customers of the format writes words after all."""


_DATED: Final[dict[Format, float]] = {"email": 0.6, "email_pdf": 0.92, "email_sheet": 0.75}


def habit_of(seed: int, customer: Customer, layout: Layout) -> Habit:
    """Returns the habit of a customer who writes in this layout; the same for the whole run."""
    dice = Dice(seed, "habit", customer.number)
    edi = customer.channel in {"x12", "edifact"}
    price = "price" in layout.firm or (layout.prices and dice.chance(0.94 if edi else 0.78))
    amount = price and layout.amounts and dice.chance(0.6)
    dates: Dates = dice.weighted((("header", 0.55), ("line", 0.3), ("none", 0.15)))
    if dates == "line" and not layout.line_dates:
        dates = "header"
    identifier: Identifier = dice.weighted((("part", 0.62), ("both", 0.26), ("gtin", 0.12)))
    if identifier == "gtin" and customer.channel in MAILED:
        identifier = "part"
    return Habit(
        layout=layout,
        language=customer.language,
        shows_price=price,
        shows_amount=amount,
        shows_total="total" in layout.firm or (price and dice.chance(0.7 if amount else 0.3)),
        shows_description="description" in layout.firm or (layout.descriptions and dice.chance(0.75)),
        shows_order_date=customer.channel not in MAILED or dice.chance(_DATED[customer.channel]),
        shows_currency="currency" in layout.firm or dice.chance(0.6),
        shows_terms=layout.terms and dice.chance(0.35),
        shows_count=layout.counts and dice.chance(0.55),
        shows_ship_to=len(customer.ship_tos) > 1 or dice.chance(0.6),
        per_hundred=layout.bases and dice.chance(0.12),
        identifier=identifier if layout.both_parts or identifier != "both" else "part",
        dates=dates,
        step=10 if layout.numbered and dice.chance(0.4) else 1,
        date_style=dice.between(0, 3),
        voice=dice.between(0, 59),
        short_street=dice.chance(0.25),
        bare_places=layout.bare_places and dice.chance(0.25),
    )

"""Which layout a customer writes in, by its format; drawn once and kept for the whole run."""

from __future__ import annotations

from typing import Final

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import (
    CSV_STYLES,
    CXML_LAYOUTS,
    EDIFACT_LAYOUTS,
    MAIL_LAYOUTS,
    ORDERX_LAYOUTS,
    UBL_LAYOUTS,
    X12_STYLES,
)
from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.model import Customer, Format
from bridgehead.templates.purchase_orders.corpus.pdf.table import PDF_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.sheet_layouts import SHEET_LAYOUTS

_LAYOUTS: Final[dict[Format, tuple[Layout, ...]]] = {
    "email": MAIL_LAYOUTS, "email_pdf": PDF_LAYOUTS, "email_sheet": SHEET_LAYOUTS, "edifact": EDIFACT_LAYOUTS,
    "ubl": UBL_LAYOUTS, "cxml": CXML_LAYOUTS, "orderx": ORDERX_LAYOUTS,
}  # fmt: skip


def layout_of(seed: int, customer: Customer) -> Layout:
    """Returns the layout of a customer."""
    dice = Dice(seed, "layout", customer.number)
    if customer.channel == "x12":
        name = dice.one(X12_STYLES)
        if customer.country not in {"US", "CA"} and name == "old_retail":
            name = "plain"
        counted = name not in {"control_chars", "lines_only"}
        return Layout(name, max_lines=14, amounts=False, counts=counted, hashes=counted, bill_to=True)
    if customer.channel == "csv":
        return Layout(dice.one(CSV_STYLES), max_lines=12)
    if customer.channel == "email" and customer.country == "NL" and dice.chance(0.2):
        return next(layout for layout in MAIL_LAYOUTS if layout.name == "semicolons")
    return dice.weighted([(layout, layout.weight) for layout in _LAYOUTS[customer.channel]])

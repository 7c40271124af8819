"""Reads the order in XML that a PDF carries, and compares it with what the pages show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bridgehead.documents.numbers import read_number
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, ReadPart, Refusal
from bridgehead.documents.pdf.opening import MAX_EMBEDDED_BYTES, Opened
from bridgehead.documents.pdf.rest import spoken_in
from bridgehead.documents.pdf.watch import beside_warnings, hidden_warnings
from bridgehead.documents.pdf.words import Sheet
from bridgehead.documents.signatures import is_xml

_OWN_NAMES: Final = re.compile(r"order-?x|factur-?x|zugferd|xrechnung|ubl|order|bestell|commande", re.IGNORECASE)
"""Names of Order-X 1.0 (``order-x.xml``) and its kin: what is wrong with such a file is wrong with the order."""
_MOST_LINES: Final = 300
"""Lines whose quantity is looked for on the pages."""
_LONG: Final = 400
"""Pieces of text on pages beyond which terms of business are among them."""
_GROUP: Final = "[.,'’ \u00a0\u202f]?"
_FIGURE: Final = re.compile(r"\d[\d.,'’ \u00a0\u202f]*\d|\d")


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a file inside the PDF was read as; the PDF as a whole is that."""

    outcome: Orders | NotAnOrder
    warnings: tuple[str, ...]

    def compared(self, sheets: Sequence[Sheet]) -> Orders | NotAnOrder:
        """The outcome, with warnings where the pages say something else."""
        if isinstance(self.outcome, NotAnOrder):
            return self.outcome
        text = "\n".join(row.text for sheet in sheets for row in sheet.rows)
        hidden = [f"{kind}: {said}" for kind, said in hidden_warnings(sheets)]
        shown = [(row, piece) for sheet in sheets for row in sheet.rows for piece in row.pieces]
        hidden += [
            f"instruction: page {texts[0][0].page}, line {texts[0][0].line}: {said!r}"
            for texts, said in spoken_in(shown, legal=len(shown) > _LONG)
        ]
        orders = []
        for order in self.outcome.orders:
            more = [*self.warnings, *_contradictions(order, text), *hidden]
            orders.append(
                replace(order, warnings=(*order.warnings, *(one for one in more if one not in order.warnings)))
            )
        return Orders(tuple(orders))


def read_embedded(opened: Opened, part: str, hints: Hints, read_part: ReadPart | None) -> Embedded | None:
    """Reads the first embedded file in XML that is a business document; None when there is none.

    Raises Refusal: ``pdf.embedded_too_large``, or the one of the reader of XML for a file whose name says that it is
    the order.
    """
    warnings = [f"{kind}: {said}" for kind, said in opened.warnings]
    for name, data in opened.files:
        place = f"{part}, embedded {name}"
        if len(data) > MAX_EMBEDDED_BYTES:
            raise Refusal("pdf.embedded_too_large", f"The embedded file {name!r} is larger than can be read.", part)
        if read_part is None or not is_xml(data):
            opened.warnings.append(("ignored", f"the file {name!r} embedded in the PDF was not read"))
            continue
        try:
            outcome = read_part(data, name, place, hints)
        except Refusal:
            if _OWN_NAMES.search(name):
                raise
            opened.warnings.append(("ignored", f"the file {name!r} embedded in the PDF is no order that can be read"))
            continue
        if isinstance(outcome, Orders | NotAnOrder):
            warnings.extend(f"{kind}: {said}" for kind, said in beside_warnings(opened))
            return Embedded(outcome, tuple(warnings))
    return None


def _contradictions(order: Order, text: str) -> list[str]:
    """Where number and total of the pages are not those of the embedded order."""
    if not text.strip():
        return []
    found: list[str] = []
    squeezed = re.sub(r"[^A-Z0-9]", "", text.upper())
    number = re.sub(r"[^A-Z0-9]", "", order.po_number.upper())
    if number and number not in squeezed:
        found.append(f"contradiction: the pages do not show the order number {order.po_number!r} of the embedded file")
    totals = {
        abs(one.stated) for one in order.controls if one.kind in {"net_total", "lines_total", "gross_total", "payable"}
    }
    if order.stated_total is not None:
        totals.add(abs(order.stated_total))
    if totals:
        shown = _figures(text)
        if shown and not totals & shown:
            found.append(f"contradiction: the pages show none of the totals of the embedded file ({max(totals)})")
    line = next((line for line in order.lines[:_MOST_LINES] if not _shows(text, line.quantity)), None)
    if line is not None:
        found.append(f"contradiction: the pages do not show the quantity {line.quantity} of line {line.number}")
    return found


def _shows(text: str, quantity: Decimal) -> bool:
    """Whether a quantity stands in a text, its thousands grouped in any way."""
    whole, _, rest = f"{quantity.normalize():f}".partition(".")
    groups = f"{int(whole):,}".split(",")
    decimals = rf"[.,]{rest}0*" if rest else r"(?:[.,]0+)?"
    return re.search(rf"(?<!\d){_GROUP.join(groups)}{decimals}(?!\d)", text[:200_000]) is not None


def _figures(text: str) -> set[Decimal]:
    shown: set[Decimal] = set()
    for match in _FIGURE.finditer(text[:200_000]):
        for sign in (".", ","):
            number = read_number(match[0].strip(), sign)
            if number is not None:
                shown.add(number.value.normalize() if number.value else Decimal(0))
        last = read_number(match[0].strip().split()[-1], None)
        if last is not None:
            shown.add(last.value)
    return shown | {one.quantize(Decimal("0.01")) for one in shown if one < 10**12}

"""How a line of an acknowledgement names its item, and the reasons that go with it, in every format alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead.documents.acknowledgement import (
    ACCEPTED,
    AcknowledgedLine,
    Acknowledgement,
    LineCode,
    Unwritable,
    ordered_unit,
    plain,
    same_unit,
)
from bridgehead.documents.order import Line

_FINEST: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """A line of the order beside the decision about it; ``where`` names it in errors, ``form`` the order's format."""

    ordered: Line
    line: AcknowledgedLine
    where: str
    form: str

    @property
    def our_part(self) -> str:
        """Our number of the item, as decided, else as the order names it."""
        return self.line.item or self.ordered.supplier_part or ""

    @property
    def name(self) -> str:
        """The description, else the first number that names the item, else its line."""
        numbers = (self.our_part, self.ordered.customer_part, self.ordered.gtin)
        return next((one for one in (self.ordered.description, *numbers) if one), f"Line {self.ordered.number}")

    def unit(self, form: str, *, ordered: bool) -> str:
        """The unit of what was ordered, or of what is confirmed or comes later.

        In a document of the order's own format it is as the order wrote it, elsewhere in Rec 20; empty when it is none
        that is known.
        """
        if not ordered and not same_unit(self.ordered, self.line):
            return self.line.unit
        return self.ordered.unit.strip() if self.form == form else ordered_unit(self.ordered)

    @property
    def parts(self) -> list[tuple[LineCode, Decimal]]:
        """Each part of the line: what is confirmed, what comes later; of a line with neither, what was ordered."""
        line, found = self.line, list[tuple[LineCode, Decimal]]()
        if line.quantity:
            found.append((line.code if line.code in ACCEPTED else "IQ", line.quantity))
        if line.back_ordered:
            found.append(("IB", line.back_ordered))
        return found or [(line.code, self.ordered.quantity)]


def answered_lines(ack: Acknowledgement) -> Iterator[AnsweredLine]:
    """Yields every line of the order with its decision, in the order's order."""
    for position, (ordered, line) in enumerate(zip(ack.order.lines, ack.lines, strict=True)):
        yield AnsweredLine(ordered, line, f"lines[{position}]", ack.order.format)


def price_of_one(price: Decimal, basis: Decimal, where: str) -> str:
    """Returns the price of one unit, for formats that state no basis; raises Unwritable when six decimals do not do."""
    each = price / basis if basis else Decimal("NaN")
    if not each.is_finite() or each != each.quantize(_FINEST):
        raise Unwritable(
            f"The price {price} for {basis} units is no price of one in six decimals.",
            where=where,
            hint="Confirm the price for 1, 10, 100 or 1000 units.",
        )
    return plain(each, where)

"""What is said back about an order: our decision per line and for the whole, beside the order as it was read.

The codes are those of the X12 855 (data elements 587 and 668); every writer turns them into those of its own format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, get_args

from bridgehead.documents.order import Line, Order, Party
from bridgehead.documents.units import unit_code
from bridgehead.errors import UserError

HeaderCode = Literal["AD", "AC", "AH", "RJ"]
"""Data element 587: accepted with no change, accepted with change, on hold (nothing is decided), rejected."""
LineCode = Literal["IA", "IP", "IQ", "DR", "IC", "IB", "IH", "IR"]
"""Data element 668: accepted, with another price, with another quantity, on another date, with several changes,
back-ordered, on hold, rejected."""

ACCEPTED: Final = frozenset({"IA", "IP", "IQ", "DR", "IC"})
"""Lines that are booked: they state the quantity that is confirmed."""
_SAME_QUANTITY: Final = frozenset({"IA", "IP", "DR"})
_LONGEST: Final = 15


class Unwritable(UserError):
    """A document cannot be written as asked; nothing was written.

    ``where`` names the field of the acknowledgement or of the settings that stands in the way.
    """

    code = "document.unwritable"

    def __init__(self, message: str, *, where: str, hint: str = "") -> None:
        super().__init__(message, hint=hint, where=where)
        self.where = where


@dataclass(frozen=True, slots=True)
class AcknowledgedLine:
    """The decision about one line of the order.

    ``quantity`` is what is confirmed, in ``unit`` (UN/ECE Rec 20; empty: the unit of the order's line); ``price`` is
    for ``price_basis`` of that unit; ``day`` is the confirmed day of delivery. ``back_ordered`` comes later, on a day
    that nobody has promised. ``item`` is our number of the item. A field that is None is not confirmed, and no writer
    states it as if it were.
    """

    code: LineCode
    quantity: Decimal | None = None
    unit: str = ""
    price: Decimal | None = None
    price_basis: Decimal = Decimal(1)
    day: date | None = None
    back_ordered: Decimal | None = None
    item: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The decision about an order.

    ``lines`` has one entry per line of the order, in its order. ``number`` is of this document and ``order_number`` of
    our sales order, empty while nothing is booked. ``issued`` knows its time zone. ``total`` is the sum of the
    confirmed lines in ``currency`` (None: the order's). Raises Unwritable when the parts contradict each other: what is
    written claims nothing that was not decided.
    """

    order: Order
    code: HeaderCode
    lines: tuple[AcknowledgedLine, ...]
    seller: Party
    number: str
    issued: datetime
    order_number: str = ""
    currency: str | None = None
    total: Decimal | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.issued.tzinfo is None:
            raise Unwritable("The time of issue has no time zone.", where="issued")
        if not self.number.strip():
            raise Unwritable("The acknowledgement has no number of its own.", where="number")
        if self.code not in get_args(HeaderCode):
            raise Unwritable(f"{self.code!r} is none of {', '.join(get_args(HeaderCode))}.", where="code")
        if len(self.lines) != len(self.order.lines):
            raise Unwritable(
                f"The order has {len(self.order.lines)} lines and {len(self.lines)} are answered.",
                where="lines",
                hint="Answer every line; one that is not decided is on hold (IH).",
            )
        for position, (ordered, line) in enumerate(zip(self.order.lines, self.lines, strict=True)):
            _check_line(ordered, line, f"lines[{position}]")
        _check_number(self.total, "total")
        self._check_code()

    def _check_code(self) -> None:
        if self.lines and self.code != header_code(self.lines):
            raise Unwritable(
                f"The lines come to {header_code(self.lines)}, the order is {self.code}.",
                where="code",
                hint="AD: every line IA; RJ: every line IR; AH: every line IH; AC: everything else.",
            )
        if self.code in {"RJ", "AH"} and (self.order_number or self.total is not None):
            raise Unwritable("An order that is rejected or on hold has no number and no total.", where="order_number")

    @property
    def money(self) -> str:
        """The currency that prices are in; empty when neither decision nor order names one."""
        return self.currency or self.order.currency or ""


def header_code(lines: Sequence[AcknowledgedLine]) -> HeaderCode:
    """Returns what the decisions about the lines come to for the whole order; of no lines, AH."""
    codes = {line.code for line in lines}
    if codes <= {"IH"}:
        return "AH"
    if codes == {"IA"}:
        return "AD"
    return "RJ" if codes == {"IR"} else "AC"


def ordered_unit(ordered: Line) -> str:
    """Returns the Rec 20 code of the unit of an order's line; empty when it names none that is known."""
    return ordered.unit_code or unit_code(ordered.unit) or ""


def same_unit(ordered: Line, line: AcknowledgedLine) -> bool:
    """Whether a line is confirmed in the unit that it was ordered in."""
    known = ordered_unit(ordered)
    return not line.unit or line.unit in {known, ordered.unit.strip()} or unit_code(line.unit) == known


def _check_line(ordered: Line, line: AcknowledgedLine, where: str) -> None:
    if line.code not in get_args(LineCode):
        raise Unwritable(f"{line.code!r} is none of {', '.join(get_args(LineCode))}.", where=f"{where}.code")
    for name in ("quantity", "price", "price_basis", "back_ordered"):
        _check_number(getattr(line, name), f"{where}.{name}")
    if line.price_basis <= 0:
        raise Unwritable("A price is for more than no units.", where=f"{where}.price_basis")
    claims = (line.quantity, line.price, line.day, line.back_ordered)
    if line.code in {"IH", "IR"} and any(claim is not None for claim in claims):
        raise Unwritable(
            f"A line that is {'on hold' if line.code == 'IH' else 'rejected'} confirms nothing.",
            where=where,
            hint="Leave its quantity, price and day out.",
        )
    if line.code == "IB" and not line.back_ordered:
        raise Unwritable("A back-ordered line says how much comes later.", where=f"{where}.back_ordered")
    if line.code not in ACCEPTED:
        return
    if not line.quantity:
        raise Unwritable("A line that is accepted says how much.", where=f"{where}.quantity")
    if line.code in _SAME_QUANTITY and same_unit(ordered, line) and line.quantity != ordered.quantity:
        raise Unwritable(
            f"{line.code} confirms the quantity ordered, {ordered.quantity}, not {line.quantity}.",
            where=f"{where}.quantity",
            hint="Use IQ for another quantity, IC when price or day differ as well.",
        )
    if line.code == "IA" and same_unit(ordered, line) and not _same_price(ordered, line):
        raise Unwritable(
            f"IA confirms the price ordered, {ordered.price} for {ordered.price_basis}, not {line.price} for"
            f" {line.price_basis}.",
            where=f"{where}.price",
            hint="Use IP for another price, IC when quantity or day differ as well.",
        )


def _same_price(ordered: Line, line: AcknowledgedLine) -> bool:
    """Whether a line is confirmed at the price that the order states; where either states none, nothing differs."""
    if line.price is None or ordered.price is None or ordered.price_basis <= 0:
        return True
    return line.price * ordered.price_basis == ordered.price * line.price_basis


def _check_number(value: Decimal | None, where: str) -> None:
    if value is None:
        return
    if not value.is_finite() or value < 0:
        raise Unwritable(f"{value} is no quantity and no price.", where=where)
    plain(value, where)


def plain(value: Decimal, where: str) -> str:
    """Returns a number in digits with a decimal point where it needs one: no exponent, no trailing zeros.

    Raises Unwritable when it takes more than 15 digits, which is what EDIFACT and X12 have room for.
    """
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and value.adjusted() < _LONGEST and exponent > -100:
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        if sum(one.isdigit() for one in text) <= _LONGEST:
            return text
    raise Unwritable(f"{value} is no number of at most {_LONGEST} digits.", where=where)

"""Checks a document's own control values: counts, sums and hash totals beside what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from bridgehead.documents.draft_line import DraftLine
from bridgehead.documents.order import Charge, Control, ControlKind

_CENT = Decimal("0.01")
_SUMS = frozenset({"lines_total", "net_total", "gross_total", "payable"})


def line_value(line: DraftLine) -> Decimal | None:
    """Quantity times price per basis with the line's own charges and allowances, unrounded; None without a price."""
    if line.quantity is None or line.price is None or not line.price_basis:
        return None
    value = line.quantity * line.price / line.price_basis
    extra = _charged(line.charges, value)
    return value if extra is None else value + extra


def _charged(charges: Iterable[Charge], base: Decimal | None) -> Decimal | None:
    """Charges less allowances; None when one of them has no amount that can be known."""
    total = Decimal(0)
    for charge in charges:
        amount = charge.amount
        if amount is None and charge.percent is not None and base is not None:
            amount = base * charge.percent / 100
        if amount is None:
            return None
        total += -amount if charge.allowance else amount
    return total


def check_controls(
    lines: Sequence[DraftLine], charges: Sequence[Charge], stated: Sequence[tuple[ControlKind, Decimal, str]]
) -> tuple[tuple[Control, ...], list[tuple[str, str]]]:
    """Returns every control value beside what was found, and the complaints as (kind of warning, text).

    Sums may differ by a cent a line, for senders round each line. A ``net_total`` is the lines with or without the
    order's charges: senders mean either. Taxes are not recomputed: ``tax_total`` has nothing found beside it, and
    ``gross_total`` and ``payable`` are compared with net and the stated tax, where one is stated. A sum over lines of
    which some have a price and others none cannot be checked, which is a doubt: a price may have been lost.
    """
    complaints: list[tuple[str, str]] = []
    controls: list[Control] = []
    total: Decimal | None = Decimal(0)
    unpriced: list[int] = []
    for index, line in enumerate(lines):
        number = line.number if line.number is not None else index + 1
        value = line_value(line)
        if line.amount is not None and line.quantity is not None and line.price is not None and line.price_basis:
            bare = line.quantity * line.price / line.price_basis
            found = value if value is not None and abs(value - line.amount) <= _CENT else bare
            agrees = abs(found - line.amount) <= _CENT
            controls.append(Control("line_total", line.amount, found, agrees, f"line {number}"))
            if not agrees:
                complaints.append(
                    ("totals", f"line {number}: {line.quantity} at {line.price} is not the stated {line.amount}")
                )
        known = line.amount if line.amount is not None else None if value is None else value.quantize(_CENT)
        total = None if known is None or total is None else total + known
        if known is None:
            unpriced.append(number)
    if not lines:
        total = None
    extra = _charged(charges, total)
    slack = _CENT * max(len(lines), 1)
    quantities = sum((line.quantity or Decimal(0) for line in lines), Decimal(0))
    tax = next((value for kind, value, _ in stated if kind == "tax_total"), None)
    for kind, value, where in stated:
        candidates = _candidates(kind, total, extra, charges, tax)
        if kind in {"line_count", "quantity_total"}:
            found = Decimal(len(lines)) if kind == "line_count" else quantities
            holds: bool | None = found == value
        elif not candidates:
            if kind in _SUMS and 0 < len(unpriced) < len(lines):
                at = f"line {unpriced[0]} has no price"
                complaints.append(("uncertain", f"the stated total of {value} cannot be checked, for {at}"))
            controls.append(Control(kind, value, None, None, where))
            continue
        else:
            found = min(candidates, key=lambda one: abs(one - value))
            holds = abs(found - value) <= slack
        controls.append(Control(kind, value, found, holds, where))
        if holds:
            continue
        at = f" ({where})" if where else ""
        if kind == "line_count":
            complaints.append(("count", f"{found} lines were found, stated are {value}{at}"))
        elif kind == "quantity_total":
            complaints.append(("count", f"the quantities add up to {found}, stated is {value}{at}"))
        else:
            what = "the lines add up to" if kind in {"lines_total", "net_total"} else f"the {_SAID[kind]} comes to"
            complaints.append(("totals", f"{what} {found}, stated is {value}{at}"))
    return tuple(controls), complaints


_SAID: dict[str, str] = {
    "charge_total": "sum of charges",
    "allowance_total": "sum of allowances",
    "gross_total": "total with tax",
    "payable": "amount payable",
}


def _candidates(
    kind: ControlKind, total: Decimal | None, extra: Decimal | None, charges: Sequence[Charge], tax: Decimal | None
) -> list[Decimal]:
    """What the control value may be; empty when nothing can be said."""
    if kind in {"charge_total", "allowance_total"}:
        wanted = kind == "allowance_total"
        amounts = [one.amount for one in charges if one.allowance == wanted]
        known = [amount for amount in amounts if amount is not None]
        return [sum(known, Decimal(0))] if len(known) == len(amounts) else []
    if total is None:
        return []
    if kind == "lines_total":
        return [total]
    net = [total] if extra is None or not extra else [total, total + extra]
    if kind == "net_total":
        return net
    if kind in {"gross_total", "payable"} and tax is not None:
        return [one + tax for one in net]
    return []

"""Reads the sums below a table: net, charges, taxes, gross, carried totals, and counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import Draft
from bridgehead.documents.order import Charge, Source
from bridgehead.documents.pdf.vocabulary import SumKind, sum_kind
from bridgehead.documents.pdf.words import Piece, Row
from bridgehead.documents.tables.cells import Ways, read_price
from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.terms import CURRENCY

_LAST_FIGURE: Final = re.compile(
    rf"(?P<minus>[-–(])?\s?(?P<c1>{CURRENCY})?\s?(?P<minus2>[-–])?(?P<n>\d{{1,3}}(?:[ \u00a0\u202f'’.,]\d{{3}})*(?:[.,]\d{{1,4}})?|\d+(?:[.,]\d{{1,4}})?)(?:,-)?(?P<minus3>-)?\)?\s?(?P<c2>{CURRENCY})?\s*$"
)
_MONEY: Final = re.compile(
    rf"(?:{CURRENCY}\s?\d[\d .,'’\u00a0\u202f]*|\d[\d .,'’\u00a0\u202f]*\s?{CURRENCY}|\d[\d .,'’\u00a0\u202f]*[.,]\d\d)"
)
_WITH_TAX: Final = re.compile(r"incl|inkl|inc\b|brutto|gross|ttc|ivato|con iva|com iva|with (?:vat|tax)")
_EDGE_PT: Final = 8.0
_CENT: Final = Decimal("0.01")


@dataclass(slots=True)
class Sum:
    """One stated sum with its words and place."""

    kind: SumKind
    value: Decimal
    label: str
    currency: str | None
    row: Row
    pieces: list[Piece]


def read_sums(rows: Sequence[Row], ways: Ways, all_rows: Sequence[Row]) -> list[Sum]:
    """The sums of rows that announce some; a row of several labels has its figures in the row below."""
    found: list[Sum] = []
    for row in rows:
        labels = [(index, kind) for index, piece in enumerate(row.pieces) if (kind := sum_kind(piece.text)) is not None]
        if not labels:
            continue
        if not any(one.isdigit() for one in row.text):
            found += _below(row, labels, ways, all_rows)
            continue
        for at, (index, kind) in enumerate(labels):
            end = labels[at + 1][0] if at + 1 < len(labels) else len(row.pieces)
            pieces = row.pieces[index:end]
            one = _figure(pieces, ways)
            if one is None:
                continue
            value, currency = one
            label = pieces[0].text if len(pieces) > 1 else re.sub(r"[\d.,'’ ]+$", "", pieces[0].text)
            found.append(Sum(kind, value, label.strip(" :"), currency, row, list(pieces)))
    return found


def figure_below(row: Row, rows: Sequence[Row]) -> bool:
    """Whether a row that announces a sum without a figure has nothing but that figure right below it."""
    under = _under(row, rows)
    return under is not None and _alone(under)


def _under(row: Row, rows: Sequence[Row]) -> Row | None:
    """The row right below, on the same page."""
    at = next((i for i, one in enumerate(rows) if one.line == row.line), None)
    under = rows[at + 1] if at is not None and at + 1 < len(rows) else None
    if under is None or under.page != row.page or under.top - row.bottom > 1.5 * row.size:
        return None
    return under


def _alone(row: Row) -> bool:
    """Whether a row is a single amount of money, with its currency beside it or with cents."""
    return len(row.pieces) == 1 and _MONEY.fullmatch(row.text.strip()) is not None


def _below(row: Row, labels: Sequence[tuple[int, SumKind]], ways: Ways, rows: Sequence[Row]) -> list[Sum]:
    under = _under(row, rows)
    if under is None or (len(labels) == 1 and not _alone(under)):
        return []
    found = []
    for index, kind in labels:
        label = row.pieces[index]
        near = [
            piece
            for piece in under.pieces
            if min(piece.x1, label.x1) - max(piece.x0, label.x0) > 0
            or abs(piece.x1 - label.x1) < _EDGE_PT
            or (len(labels) == 1 and piece.x0 > label.x0)  # a box: small words at its left, the figure at its right
        ]
        one = _figure(near[:1], ways) if near else None
        if one is not None:
            found.append(Sum(kind, one[0], label.text.strip(" :"), one[1], row, [label, near[0]]))
    return found


def _figure(pieces: Sequence[Piece], ways: Ways) -> tuple[Decimal, str | None] | None:
    """The last figure of the pieces, with its currency."""
    text = " ".join(piece.text for piece in pieces)
    currency: str | None = None
    named = re.search(CURRENCY, text)
    tail = _LAST_FIGURE.search(text[-80:])
    if tail is None or tail["n"] is None:
        return None
    if text.rstrip().endswith("%"):
        return None
    price = read_price(f"{tail['c1'] or ''}{tail['n']}{tail['c2'] or ''}", ways)
    if price is None:
        return None
    currency = price.currency
    if currency is None and named is not None:
        other = read_price(f"{named[0]} 1", ways)
        currency = other.currency if other is not None else None
    negative = bool(tail["minus"] or tail["minus2"] or tail["minus3"])
    return (-price.value if negative else price.value), currency


def state_sums(draft: Draft, sums: Sequence[Sum], part: str) -> None:
    """Puts sums into the order as charges and control values.

    A total behind the tax is the gross one; one that equals the lines is theirs, one behind charges is net of tax.
    """
    lines = _lines_total(draft)
    taxed = False
    taxes: list[Sum] = []
    nets: list[Sum] = []
    gross: Sum | None = None
    for one in sums:
        source = Source(
            part, one.row.line, " ".join(piece.text for piece in one.pieces)[:200], page=one.row.page, how="label"
        )
        where = f"page {one.row.page}, line {one.row.line}"
        if one.currency is not None and draft.currency is None:
            draft.currency = one.currency
            draft.mark("currency", source)
        if one.kind == "carried":
            draft.state("page_total", one.value, where)
        elif one.kind == "tax":
            taxes.append(one)
            taxed = True
        elif one.kind in {"charge", "allowance"}:
            _charge(draft, one, source)
        elif one.kind == "quantity":
            if draft.stated_quantity_total is None:
                draft.stated_quantity_total = one.value
                draft.mark("stated_quantity_total", source)
        elif one.kind == "count":
            if draft.stated_line_count is None and one.value == one.value.to_integral_value():
                draft.stated_line_count = int(one.value)
                draft.mark("stated_line_count", source)
        elif one.kind == "gross" or (taxed and not (lines is not None and abs(one.value - lines) <= _CENT)):
            gross = one
        else:
            nets.append(one)
    if taxes:
        whole = sum((one.value for one in taxes), Decimal(0))
        draft.state("tax_total", whole, f"page {taxes[0].row.page}, line {taxes[0].row.line}")
    _state_nets(draft, nets, gross, lines, part, taxed=taxed)


def _charge(draft: Draft, one: Sum, source: Source) -> None:
    if not one.value:
        return
    allowance = one.kind == "allowance" or one.value < 0
    charge = Charge(allowance=allowance, amount=abs(one.value), reason=one.label[:80] or None)
    draft.sources[f"charges[{len(draft.charges)}]"] = source
    draft.charges.append(charge)


def _state_nets(
    draft: Draft, nets: Sequence[Sum], gross: Sum | None, lines: Decimal | None, part: str, *, taxed: bool
) -> None:
    def source(one: Sum) -> Source:
        return Source(
            part, one.row.line, " ".join(piece.text for piece in one.pieces)[:200], page=one.row.page, how="label"
        )

    def where(one: Sum) -> str:
        return f"page {one.row.page}, line {one.row.line}"

    chosen = list(nets)
    if not chosen and gross is not None and not taxed and _WITH_TAX.search(fold(gross.label)) is None:
        chosen, gross = [gross], None
    if len(chosen) > 1 and lines is not None:
        matching = [one for one in chosen if abs(one.value - lines) <= _CENT * max(len(draft.lines), 1)]
        last = chosen[-1]
        if matching and last not in matching:
            extra = sum((-(c.amount or 0) if c.allowance else (c.amount or 0) for c in draft.charges), Decimal(0))
            draft.state("lines_total", matching[0].value, where(matching[0]))
            chosen = [last] if extra or not taxed else [matching[0]]
        elif matching:
            chosen = [matching[-1]]
        else:
            chosen = [last]
    if chosen:
        final = chosen[-1]
        if draft.stated_total is None:
            draft.stated_total = final.value
            draft.mark("stated_total", source(final))
        draft.state("net_total", final.value, where(final))
    if gross is not None:
        draft.state("gross_total", gross.value, where(gross))


def _lines_total(draft: Draft) -> Decimal | None:
    total = Decimal(0)
    for line in draft.lines:
        value = line.amount
        if value is None and line.quantity is not None and line.price is not None and line.price_basis:
            value = (line.quantity * line.price / line.price_basis).quantize(_CENT)
        if value is None:
            return None
        total += value
    return total if draft.lines else None

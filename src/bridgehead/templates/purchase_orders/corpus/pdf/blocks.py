"""Pieces that several layouts put on their sheets: address blocks, lists of fields, totals, remarks, page ends."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.templates.purchase_orders.corpus.pdf.form import Form, Pair
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import BLACK, GRAY, Align, Color, Sheet


def put_address(
    sheet: Sheet, x: float, y: float, title: str, lines: Sequence[str], size: float = 9, *, ink: Color = BLACK
) -> float:
    """Writes an address with its label above and returns where it ends."""
    step = size * 1.28
    if title:
        sheet.text(x, y + size, title, size, bold=True, ink=ink)
        y += step
    for line in lines:
        sheet.text(x, y + size, line, size)
        y += step
    return y


def put_pairs(
    sheet: Sheet,
    x: float,
    y: float,
    pairs: Sequence[Pair],
    size: float = 9,
    *,
    gap: float = 10,
    bold: bool = False,
    colon: str = "",
    end: float | None = None,
) -> float:
    """Writes fields under each other, values in a column of their own, to the right end if there is one."""
    names = [f"{name}{colon}" for name, _ in pairs]
    wide = max((sheet.measure(name, size, bold=bold) for name in names), default=0.0)
    for name, (_, value) in zip(names, pairs, strict=True):
        sheet.text(x, y + size, name, size, bold=bold)
        if end is None:
            sheet.text(x + wide + gap, y + size, value, size)
        else:
            sheet.text(end, y + size, value, size, align="r")
        y += size * 1.35
    return y


def put_totals(
    sheet: Sheet, form: Form, size: float = 9, *, boxed: bool = False, ruled: bool = False, end: float | None = None
) -> None:
    """Writes the control values, label before value, up to ``end`` at the right."""
    totals = form.totals()
    if not totals:
        return
    sheet.need(len(totals) * size * 1.6 + 12)
    sheet.y += 6
    right = sheet.right if end is None else end
    wide = max(sheet.measure(name, size, bold=True) + sheet.measure(value, size, bold=True) for name, value in totals)
    left = max(right - wide - 44, sheet.left)
    if boxed:
        sheet.box(left, sheet.y, right - left, len(totals) * size * 1.6 + 4, weight=0.8)
    for name, value in totals:
        sheet.text(left + 6, sheet.y + size * 1.25, name, size, bold=True)
        sheet.text(right - 4, sheet.y + size * 1.25, value, size, bold=True, align="r")
        sheet.y += size * 1.6
    if ruled:
        sheet.rule(left, sheet.y + 2, right, sheet.y + 2, 0.8)
        sheet.rule(left, sheet.y + 4, right, sheet.y + 4, 0.8)
        sheet.y += 4
    sheet.y += 6


def put_notes(sheet: Sheet, form: Form, size: float = 9, *, boxed: bool = False, label: bool = True) -> None:
    """Writes the remarks of the order, if it has any."""
    if not form.notes:
        return
    x = sheet.left
    inner = x + 5 if boxed else x
    wrapped = [line for note in form.notes for line in sheet.wrap(note, sheet.right - inner - 5, size)]
    height = (len(wrapped) + int(label)) * size * 1.28 + 12
    sheet.need(height + 6)
    sheet.y += 6
    if boxed:
        sheet.box(x, sheet.y, sheet.right - x, height, weight=0.5)
        sheet.y += 3
    if label:
        sheet.lines([form.labelled("note")], size, x=inner, bold=True)
    sheet.lines(wrapped, size, x=inner)
    sheet.y += 8


def put_closing(sheet: Sheet, form: Form, size: float = 9, *, signed: bool = False) -> None:
    """Writes the last sentence and, if so, a line to sign on."""
    sheet.need(size * 6 + (30 if signed else 0))
    sheet.y += 8
    sheet.paragraph(form.word("closing"), size)
    if signed:
        sheet.y += 34
        sheet.rule(sheet.left, sheet.y, sheet.left + 150, sheet.y)
        sheet.lines([form.word("signed")], size - 2, ink=GRAY)


def number_pages(sheet: Sheet, form: Form, *, size: float = 7.5, at: Align = "r", more: str = "") -> None:
    """Puts the number of the page, and perhaps a line of the house, at the foot of every page."""

    def foot(page: Sheet) -> None:
        y = page.paper.height - 30
        x = {"l": page.left, "c": page.paper.width / 2, "r": page.right}[at]
        page.text(x, y, form.page(page.page, page.pages), size, align=at, ink=GRAY)
        if more:
            page.text(page.left, y, more, size, ink=GRAY)

    sheet.foot = foot


def head_again(sheet: Sheet, form: Form, *, size: float = 9) -> None:
    """Puts the order's number on every page after the first."""

    def head(page: Sheet) -> None:
        page.text(page.left, page.y + size, form.customer.name, size)
        page.text(page.right, page.y + size, f"{form.word('po')} {form.order.po_number}", size, align="r")
        page.y += size * 2.4

    sheet.head = head

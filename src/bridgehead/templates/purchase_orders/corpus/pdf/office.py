"""Layouts as word processors and accounting packages make them: letters, coloured forms, boxes, wide pages."""

from __future__ import annotations

from bridgehead.templates.purchase_orders.corpus.pdf.blocks import (
    head_again,
    number_pages,
    put_address,
    put_closing,
    put_notes,
    put_pairs,
    put_totals,
)
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form, Pair
from bridgehead.templates.purchase_orders.corpus.pdf.grid import Look, draw_table
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import GRAY, PALE, WHITE, Color, Sheet

_HOUSE_COLORS: tuple[Color, ...] = ((0.13, 0.3, 0.53), (0.1, 0.42, 0.28), (0.55, 0.13, 0.15), (0.25, 0.25, 0.28))


def _house(form: Form) -> Color:
    return _HOUSE_COLORS[form.voice % len(_HOUSE_COLORS)]


def draw_letter(sheet: Sheet, form: Form) -> None:
    """A letter from a word processor with a table in it; place and date on one line, terms as sentences below."""
    order = form.order
    number_pages(sheet, form, at="c")
    sheet.y = 50
    sheet.lines([form.customer.name], 11, bold=True)
    sheet.lines([*form.sender()[1:], *form.reach()], 9.5)
    sheet.y += 22
    sheet.lines(form.ours(), 11)
    sheet.y += 18
    if order.order_date:
        place = {"de": "den ", "fr": "le ", "it": "", "es": ""}.get(form.language, "")
        text = f"{form.customer.bill_to.city}, {place}{form.letter.day(order.order_date)}"
        sheet.text(sheet.right, sheet.y, text, 11, align="r")
    sheet.y += 16
    subject = f"{form.headline()} {order.po_number}" if form.voice % 2 else f"{form.word('po')} {order.po_number}"
    if order.release:
        subject += f" ({form.word('revision')} {order.release})"
    sheet.lines([subject], 12, bold=True)
    sheet.y += 10
    sheet.lines([form.word("hail")], 11)
    sheet.y += 6
    sheet.paragraph(form.word("opening"), 11)
    sheet.y += 8
    keys = ("line", *form.kinds(), "text", "counted", "priced", "amount", "day")
    draw_table(sheet, form.columns(keys), Look("grid", 10, pad=3, weight=0.6, fill=PALE if form.voice % 3 else None))
    sheet.y += 4
    for name, value in form.totals():
        sheet.need(16)
        sheet.lines([f"{name}{form.colon} {value}"], 11, bold=True)
    sheet.y += 6
    for name, value in form.heads("due", "incoterms", "terms", "currency", "account"):
        sheet.paragraph(f"{name}{form.colon} {value}", 11)
    for label, lines in form.places():
        sheet.paragraph(f"{label}{form.colon} {', '.join(lines)}", 11)
    put_notes(sheet, form, 11, label=form.voice % 2 == 1)
    sheet.y += 4
    sheet.paragraph(form.word("closing"), 11)
    sheet.need(60)
    sheet.y += 10
    sheet.lines([form.letter.say("bye"), "", "", form.role()], 11)


def draw_accounting(sheet: Sheet, form: Form) -> None:
    """A coloured title, bars over the addresses, a row of fields, stripes: what accounting packages print."""
    color = _house(form)
    number_pages(sheet, form, at="c")
    head_again(sheet, form)
    sheet.box(sheet.left, 44, 34, 34, fill=color, round_=5)
    sheet.text(sheet.left + 17, 67, form.customer.name[0], 20, bold=True, align="c", ink=WHITE)
    left = put_address(sheet, sheet.left + 44, 42, form.customer.name, [*form.sender()[1:], *form.reach()], 8.5)
    sheet.text(sheet.right, 68, form.headline(), 20, bold=True, align="r", ink=color)
    sheet.y = max(left, 100) + 14
    half = sheet.width / 2 - 8
    blocks = [(form.word("vendor"), form.ours()), *form.places()]
    tops: list[float] = []
    for index, (label, lines) in enumerate(blocks):
        x = sheet.left + (half + 16) * (index % 2)
        top = sheet.y if index < 2 else max(tops[:2]) + 8
        sheet.box(x, top, half, 15, fill=color)
        sheet.text(x + 5, top + 11, label, 9, bold=True, ink=WHITE)
        tops.append(put_address(sheet, x + 5, top + 18, "", lines, 9))
    sheet.y = max(tops) + 12
    pairs = form.heads()
    for start in range(0, len(pairs), 4):
        _field_row(sheet, pairs[start : start + 4], color)
    sheet.y += 10
    columns = form.columns(("line", *form.kinds(), "text", "quantity", "unit", "price", "basis", "amount", "day"))
    look = Look("none", 8.5, pad=4, fill=color, title_ink=WHITE, zebra=(0.94, 0.95, 0.97))
    draw_table(sheet, columns, look)
    sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y, 1, color)
    put_totals(sheet, form, 9.5)
    put_notes(sheet, form, 8.5, boxed=True)
    put_closing(sheet, form, 8, signed=form.voice % 3 == 0)


def _field_row(sheet: Sheet, pairs: list[Pair], color: Color) -> None:
    """Draws one row of fields: titles on colour, values in cells below."""
    cell = sheet.width / len(pairs)
    for index, (name, value) in enumerate(pairs):
        x = sheet.left + cell * index
        sheet.box(x, sheet.y, cell, 13, fill=color, weight=0.5, ink=color)
        sheet.text(x + cell / 2, sheet.y + 9.5, name, 7.5, bold=True, align="c", ink=WHITE)
        sheet.box(x, sheet.y + 13, cell, 16, weight=0.5, ink=color)
        sheet.text(x + cell / 2, sheet.y + 24.5, value, 9, align="c")
    sheet.y += 29


def draw_boxes(sheet: Sheet, form: Form) -> None:
    """Every field in a box of its own with its label small in the corner, as on printed forms."""
    number_pages(sheet, form)
    head_again(sheet, form)
    sheet.text(sheet.left, 62, form.headline().upper(), 15, bold=True)
    sheet.y = 74
    half = sheet.width / 2
    ship = form.places()
    blocks = [(form.word("contact"), [*form.sender(), *form.reach()[:1]]), (form.word("vendor"), form.ours()), *ship]
    for start in range(0, len(blocks), 2):
        row = blocks[start : start + 2]
        height = max(len(lines) for _, lines in row) * 11.6 + 18
        for index, (label, lines) in enumerate(row):
            x = sheet.left + half * index
            sheet.box(x, sheet.y, half if len(row) == 2 else sheet.width, height, weight=0.7)
            sheet.text(x + 3, sheet.y + 7.5, label, 6, ink=GRAY)
            put_address(sheet, x + 5, sheet.y + 10, "", lines, 9)
        sheet.y += height
    pairs = form.heads()
    wide = 3 if form.voice % 2 else 4
    for start in range(0, len(pairs), wide):
        row_pairs = pairs[start : start + wide]
        cell = sheet.width / len(row_pairs)
        for index, (name, value) in enumerate(row_pairs):
            sheet.box(sheet.left + cell * index, sheet.y, cell, 27, weight=0.7)
            sheet.text(sheet.left + cell * index + 3, sheet.y + 7.5, name, 6, ink=GRAY)
            sheet.text(sheet.left + cell * index + 5, sheet.y + 21, value, 10)
        sheet.y += 27
    columns = form.columns(("line", "parts", "text", "quantity", "unit", "price", "basis", "amount", "day"), most=62)
    draw_table(sheet, columns, Look("columns", 8.5, title_bold=False, title_size=6.5, weight=0.7, gap=2))
    for name, value in form.totals():
        sheet.need(27)
        sheet.box(sheet.right - 190, sheet.y, 190, 25, weight=0.7)
        sheet.text(sheet.right - 187, sheet.y + 7.5, name, 6, ink=GRAY)
        sheet.text(sheet.right - 5, sheet.y + 20, value, 10, bold=True, align="r")
        sheet.y += 25
    if form.notes:
        lines = [line for note in form.notes for line in sheet.wrap(note, sheet.width - 10, 9)]
        sheet.need(len(lines) * 11.6 + 20)
        sheet.box(sheet.left, sheet.y, sheet.width, len(lines) * 11.6 + 16, weight=0.7)
        sheet.text(sheet.left + 3, sheet.y + 7.5, form.word("note"), 6, ink=GRAY)
        sheet.y = put_address(sheet, sheet.left + 5, sheet.y + 10, "", lines, 9) + 6
    put_closing(sheet, form, 8, signed=True)


def draw_landscape(sheet: Sheet, form: Form) -> None:
    """A page on its side with one wide table, the fields of the order in a line above it."""
    number_pages(sheet, form, more=form.customer.name)
    head_again(sheet, form)
    sheet.text(sheet.left, 52, form.customer.name, 12, bold=True)
    sheet.text(sheet.left, 64, " | ".join((*form.sender()[1:], *form.reach())), 7.5, ink=GRAY)
    sheet.text(sheet.right, 54, f"{form.headline()} {form.order.po_number}", 14, bold=True, align="r")
    sheet.rule(sheet.left, 70, sheet.right, 70, 1.2)
    third = sheet.width / 3
    blocks = [
        (form.labelled("vendor"), form.ours()),
        *((f"{label}{form.colon}", lines) for label, lines in form.places()),
    ]
    step = max(third * 2 / len(blocks), 150)
    ends = [
        put_address(sheet, sheet.left + step * index, 76, label, lines, 8)
        for index, (label, lines) in enumerate(blocks)
    ]
    ends.append(put_pairs(sheet, sheet.left + third * 2.1, 76, form.heads(po=False), 8.5, colon=form.colon))
    sheet.y = max(ends) + 12
    columns = form.columns(("line", *form.kinds(), "text", "day", "quantity", "unit", "price", "basis", "amount"))
    draw_table(sheet, columns, Look("rows", 9, fill=PALE, pad=3.5))
    put_totals(sheet, form, 10)
    put_notes(sheet, form, 9)
    put_closing(sheet, form, 8.5)


def draw_side(sheet: Sheet, form: Form) -> None:
    """A panel at the right edge holds every field of the order, one under the other; the lines stand beside it."""
    panel = 158.0
    edge = sheet.right - panel
    number_pages(sheet, form, at="l")

    def head(page: Sheet) -> None:
        page.text(page.left, page.y + 9, f"{form.order.po_number}", 9, bold=True)
        page.y += 22

    sheet.head = head
    sheet.text(sheet.left, 66, form.headline(), 22)
    left = put_address(sheet, sheet.left, 84, "", form.ours(), 10)
    fields: list[tuple[str, list[str]]] = [(name, [value]) for name, value in form.heads()]
    fields.extend(form.places())
    fields.append((form.word("contact"), [form.customer.name, *form.sender()[1:], form.role(), *form.reach()]))
    height = sum(15 + 11.5 * len(values) for _, values in fields) + 16
    sheet.box(edge, 40, panel, height, fill=(0.93, 0.94, 0.9))
    y = 46.0
    for name, values in fields:
        sheet.text(edge + 8, y + 9, name, 7.5, ink=GRAY)
        y += 11
        for value in values:
            size = 9.0
            while sheet.measure(value, size) > panel - 12 and size > 5:
                size -= 0.5
            sheet.text(edge + 8, y + 9, value, size)
            y += 11.5
        y += 4
    sheet.y = left + 16
    sheet.paragraph(form.word("opening"), 10, width=edge - sheet.left - 14)
    sheet.y += 8
    columns = form.columns(("line", "parts_text", "counted", "priced", "amount"))
    width = edge - sheet.left - 12
    draw_table(sheet, columns, Look("head", 8.5, gap=4), under=form.under("day"), under_at=1, width=width)
    put_totals(sheet, form, 10, end=edge - 12)
    sheet.y = max(sheet.y, y) if sheet.page == 1 and form.notes else sheet.y
    put_notes(sheet, form, 9)
    put_closing(sheet, form, 9)


def draw_shaded(sheet: Sheet, form: Form) -> None:
    """A shaded row of titles, no rules at all, stripes of gray; fields in two columns without colons."""
    number_pages(sheet, form)
    head_again(sheet, form)
    sheet.text(sheet.left, 64, form.customer.name, 15)
    sheet.text(sheet.left, 80, form.headline(), 11, ink=GRAY)
    for index, line in enumerate([*form.sender()[1:], *form.reach()]):
        sheet.text(sheet.right, 54 + 10 * index, line, 8, align="r")
    sheet.y = 124.0
    pairs = [*form.heads(), *((form.word("contact"), value) for value in (form.role(),))]
    ends = [put_pairs(sheet, sheet.left, sheet.y, pairs, 9, gap=16)]
    x = sheet.left + 270
    top = sheet.y
    for label, lines in (*form.places(), (form.word("vendor"), form.ours())):
        top = put_address(sheet, x, top, label, lines, 9) + 8
    ends.append(top)
    sheet.y = max(ends) + 12
    columns = form.columns(("line", *form.kinds(), "text", "quantity", "unit", "price", "basis", "day", "amount"))
    look = Look("none", 8.5, pad=4, fill=(0.8, 0.8, 0.8), zebra=(0.95, 0.95, 0.95))
    draw_table(sheet, columns, look)
    put_totals(sheet, form, 9)
    put_notes(sheet, form, 9)
    put_closing(sheet, form, 9)

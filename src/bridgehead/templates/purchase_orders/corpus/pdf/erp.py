"""Layouts as enterprise systems print them: forms with two header lines, schedules, carried sums, line printers."""

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
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form
from bridgehead.templates.purchase_orders.corpus.pdf.grid import Look, draw_table
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import GRAY, Sheet


def _slashed(form: Form, *keys: str) -> tuple[str, str]:
    """Returns several fields as one: ``Number/Date`` over ``4711 / 12.11.2026``."""
    pairs = form.heads(*keys)
    return "/".join(name for name, _ in pairs), " / ".join(value for _, value in pairs)


def draw_sap_form(sheet: Sheet, form: Form) -> None:
    """Two lines of titles between rules, two or three lines a position, number and date in one field."""
    number_pages(sheet, form)
    sheet.text(sheet.left, 62, form.customer.name, 13, bold=True)
    sheet.text(sheet.left, 92, ", ".join(form.sender()[1:]), 6.5, ink=GRAY)
    sheet.rule(sheet.left, 95, sheet.left + 230, 95, 0.3)
    put_address(sheet, sheet.left, 100, "", form.ours(), 10)
    x, y = sheet.left + 290, 100.0
    sheet.text(x, 84, form.headline(), 15, bold=True)
    fields = [_slashed(form, "po", "revision", "dated"), (f"{form.word('contact')}/{form.word('tel')}",
              f"{form.role()} / {form.customer.phone}"), *form.heads("account", "currency")]  # fmt: skip
    for name, value in fields:
        sheet.text(x, y + 8, name, 7.5, ink=GRAY)
        sheet.text(x, y + 19, value, 10)
        y += 25
    sheet.y = max(y, 165.0) + 8
    for label, lines in form.places():
        sheet.lines([f"{label}{form.colon}"], 9, bold=True)
        sheet.lines(lines, 9)
        sheet.y += 5
    terms = form.heads("due", "incoterms", "terms")
    sheet.y = put_pairs(sheet, sheet.left, sheet.y + 4, terms, 9, colon=form.colon) + 6
    sheet.paragraph(form.word("opening"), 9)
    sheet.y += 4
    rows, first = form.order.lines, form.kinds()
    at = (sheet.left, sheet.left + 34, sheet.left + 150)
    ends = (sheet.left + 128, sheet.left + 300, sheet.right)

    def titles(page: Sheet) -> None:
        top = page.y
        page.rule(page.left, top, page.right, top, 0.8)
        page.text(at[0], top + 11, form.word("line"), 8.5)
        page.text(at[1], top + 11, form.word(first[0]) if first else "", 8.5)
        if any(line.description for line in rows):
            page.text(at[2], top + 11, form.word("text"), 8.5)
        page.text(at[1], top + 23, f"{form.word('quantity')} {form.word('unit')}", 8.5)
        for end, key in zip(ends[1:], ("price", "amount"), strict=True):
            if any(getattr(line, key) is not None for line in rows):
                page.text(end, top + 23, form.title(key), 8.5, align="r")
        page.rule(page.left, top + 28, page.right, top + 28, 0.8)
        page.y = top + 32

    def head(page: Sheet) -> None:
        name, value = _slashed(form, "po", "dated")
        page.text(page.left, page.y + 9, f"{form.headline()}  {value}", 9, bold=True)
        page.text(page.right, page.y + 9, name, 7.5, align="r", ink=GRAY)
        page.y += 20
        titles(page)

    titles(sheet)
    sheet.head = head
    for line in rows:
        others = [f"{form.word(kind)}: {getattr(line, kind)}" for kind in first[1:] if getattr(line, kind)]
        if line.requested_date:
            others.append(f"{form.word('day')}: {form.letter.day(line.requested_date)}")
        text = sheet.wrap(line.description or "", sheet.right - at[2], 9)
        sheet.need((len(text) + 1 + len(others)) * 11.5 + 6)
        y = sheet.y
        sheet.text(at[0], y + 9, f"{line.number:05}" if form.voice % 2 else str(line.number), 9)
        sheet.text(at[1], y + 9, str(getattr(line, first[0]) or "") if first else "", 9)
        for part in text:
            sheet.text(at[2], y + 9, part, 9)
            y += 11.5
        sheet.text(ends[0] - 46, y + 9, form.letter.number(line.quantity), 9, align="r")
        sheet.text(ends[0] - 40, y + 9, line.unit, 9)
        sheet.text(ends[1], y + 9, form.price(line, basis=True), 9, align="r")
        sheet.text(ends[2], y + 9, form.cell("amount", line)[0], 9, align="r")
        y += 11.5
        for other in others:
            sheet.text(at[1], y + 9, other, 9)
            y += 11.5
        sheet.y = y + 5
    sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y, 0.8)
    put_totals(sheet, form, 9)
    put_notes(sheet, form, 9, label=form.voice % 2 == 0)
    put_closing(sheet, form, 9)


def draw_two_rows(sheet: Sheet, form: Form) -> None:
    """A ruled table whose rows have the description and the date below the numbers."""
    number_pages(sheet, form, at="c")
    head_again(sheet, form)
    sheet.text(sheet.right, 60, form.headline(), 16, bold=True, align="r")
    left = put_address(sheet, sheet.left, 48, "", [*form.sender(), *form.reach()], 8.5)
    right = put_pairs(sheet, sheet.left + 270, 78, form.heads(), 9, bold=True, colon=form.colon)
    sheet.y = max(left, right) + 16
    ends = [put_address(sheet, sheet.left, sheet.y, form.labelled("vendor"), form.ours())]
    ends.extend(
        put_address(sheet, sheet.left + 180 * (index + 1), sheet.y, f"{label}{form.colon}", lines)
        for index, (label, lines) in enumerate(form.places())
    )
    sheet.y = max(ends) + 14
    columns = form.columns(("line", *form.kinds()[:2], "quantity", "unit", "price", "basis", "amount"))
    below = form.under("text", *form.kinds()[2:], "day")
    draw_table(sheet, columns, Look("rows", 8.5, gap=2), under=below, under_at=1, carry=None)
    put_totals(sheet, form, 9, ruled=True)
    put_notes(sheet, form)
    put_closing(sheet, form, 8.5, signed=form.voice % 2 == 0)


def draw_schedule(sheet: Sheet, form: Form) -> None:
    """Material and description in one cell, the schedule of each position in a second row under a thin rule."""
    number_pages(sheet, form)
    head_again(sheet, form)
    sheet.box(sheet.left, 44, sheet.width, 26, fill=(0.86, 0.89, 0.93))
    sheet.text(sheet.left + 6, 62, form.headline(), 14, bold=True)
    sheet.text(sheet.right - 6, 61, form.order.po_number, 12, bold=True, align="r")
    third = sheet.width / 3
    ends = [put_address(sheet, sheet.left, 78, form.word("vendor"), form.ours(), 8.5)]
    for index, (label, lines) in enumerate(form.places()):
        ends.append(put_address(sheet, sheet.left + third * (index + 1), 78, label, lines, 8.5))
    sheet.y = max(ends) + 8
    pairs = [*form.heads(), (form.word("contact"), form.role())]
    half = (len(pairs) + 1) // 2
    first = put_pairs(sheet, sheet.left, sheet.y, pairs[:half], 8.5, colon=form.colon)
    second = put_pairs(sheet, sheet.left + sheet.width / 2, sheet.y, pairs[half:], 8.5, colon=form.colon)
    address = " · ".join((form.customer.name, *form.sender()[1:3], form.customer.phone))
    sheet.y = put_address(sheet, sheet.left, max(first, second) + 4, "", [address], 7.5) + 8
    columns = form.columns(("line", "parts_text", "quantity", "unit", "price", "basis", "amount"))
    below: list[list[str]] = []
    for line in form.order.lines:
        when = form.letter.day(line.requested_date) if line.requested_date else ""
        below.append(
            [f"{form.labelled('day')} {when}    {form.labelled('quantity')} {form.letter.quantity(line)}"]
            if when
            else []
        )
    draw_table(sheet, columns, Look("grid", 8.5, fill=(0.86, 0.89, 0.93)), under=below, under_at=1)
    put_totals(sheet, form, 9, boxed=True)
    put_notes(sheet, form, boxed=True)
    put_closing(sheet, form, 8.5)


def draw_carried(sheet: Sheet, form: Form) -> None:
    """A tall letterhead and wide rows, so that orders run over pages; sums are carried from page to page."""
    number_pages(sheet, form, at="r", more=f"{form.customer.name} - {form.word('po')} {form.order.po_number}")

    def head(page: Sheet) -> None:
        page.text(page.left, page.y + 10, f"{form.headline()} {form.order.po_number}", 10, bold=True)
        page.text(page.right, page.y + 10, form.page(page.page, page.pages), 9, align="r")
        page.y += 26

    sheet.head = head
    sheet.text(sheet.right, 70, form.customer.name, 18, bold=True, align="r")
    for index, line in enumerate([*form.sender()[1:], *form.reach()]):
        sheet.text(sheet.right, 86 + 11 * index, line, 8, align="r")
    put_address(sheet, sheet.left, 150, "", form.ours(), 10.5)
    sheet.y = 248
    sheet.lines([form.headline()], 17, bold=True)
    sheet.y = put_pairs(sheet, sheet.left, sheet.y + 10, form.heads(), 10, colon=form.colon, gap=18) + 8
    for label, lines in form.places():
        sheet.y = put_address(sheet, sheet.left, sheet.y, f"{label}{form.colon}", lines, 10) + 8
    sheet.paragraph(form.word("hail"), 10)
    sheet.y += 4
    sheet.paragraph(form.word("opening"), 10)
    sheet.y += 10
    columns = form.columns(("line", "parts_text", "counted", "priced", "amount", "day"))
    draw_table(sheet, columns, Look("head", 9.5, pad=5, gap=26), carry=form.carry())
    put_totals(sheet, form, 10.5, ruled=True)
    put_notes(sheet, form, 10)
    put_closing(sheet, form, 10)
    sheet.need(40)
    sheet.y += 8
    sheet.lines([form.letter.say("bye"), "", form.customer.name, form.role()], 10)


def draw_preprinted(sheet: Sheet, form: Form) -> None:
    """A preprinted form with room for three positions a page, its whole head on each, sums carried in the frame."""
    order = form.order
    whole, frame_end = sheet.bottom, sheet.bottom - 170

    def head(page: Sheet) -> None:
        page.box(page.left, 40, page.width, 54, weight=1.2)
        page.text(page.left + 8, 60, form.customer.name, 13, bold=True)
        page.text(page.left + 8, 73, ", ".join(form.sender()[1:]), 7.5)
        page.text(page.left + 8, 84, "  ".join(form.reach()), 7.5)
        page.text(page.right - 8, 62, form.headline(), 15, bold=True, align="r")
        page.text(page.right - 8, 84, form.page(page.page, page.pages), 8, align="r")
        third = page.width / 3
        blocks = [(form.word("vendor"), form.ours()), *form.places()]
        for index, (label, lines) in enumerate(blocks):
            page.text(page.left + third * index + 4, 107, label, 6.5, ink=GRAY)
            put_address(page, page.left + third * index + 4, 109, "", lines, 8.5)
        page.box(page.left, 98, page.width, 74, weight=0.6)
        pairs = form.heads()
        rows = (pairs[:4], pairs[4:])
        for number, row in enumerate(rows):
            for index, (name, value) in enumerate(row):
                x = page.left + page.width / 4 * index + 4
                page.text(x, 183 + 30 * number, name, 6.5, ink=GRAY)
                page.text(x, 196 + 30 * number, value, 9.5)
        page.box(page.left, 174, page.width, 62, weight=0.6)
        page.box(page.left, 240, page.width, frame_end - 240, weight=1.2)
        page.y = 240

    def foot(page: Sheet) -> None:
        page.text(page.left, whole + 14, f"{form.word('po')} {order.po_number}", 7, ink=GRAY)

    sheet.head, sheet.foot, sheet.bottom = head, foot, frame_end
    head(sheet)
    keys = ("line", "parts_text", "counted", "priced", "day", "amount")
    look = Look("columns", 9, pad=4, gap=42, fill=(0.93, 0.93, 0.93), title_size=7.5)
    draw_table(sheet, form.columns(keys), look, carry=form.carry())
    sheet.y, sheet.bottom = frame_end + 2, whole
    put_totals(sheet, form, 9.5, boxed=True)
    put_notes(sheet, form, 8.5)
    put_closing(sheet, form, 8)


def draw_printer(sheet: Sheet, form: Form) -> None:
    """Letters of one width, rules of hyphens, as a line printer or its successor on paper writes."""
    size = 9.0
    wide = sheet.measure("0", size)

    def rule(page: Sheet, sign: str = "-") -> None:
        page.lines([sign * int(page.width / page.measure(sign, size))], size, lead=1.1)

    def head(page: Sheet) -> None:
        page.lines([f"{form.customer.name.upper()}"], size)
        page.text(page.right, page.y - 2, f"{form.page(page.page, page.pages)}", size, align="r")
        page.lines([f"{form.headline().upper()}  {form.order.po_number}"], size, bold=True)
        rule(page, "=")

    sheet.head = head
    head(sheet)
    sheet.lines([*form.sender()[1:], *form.reach(), ""], size)
    sheet.lines([form.labelled("vendor"), *(f"   {line}" for line in form.ours()), ""], size)
    for label, lines in form.places():
        sheet.lines([f"{label}{form.colon}", *(f"   {line}" for line in lines), ""], size)
    for name, value in form.heads():
        dots = max(24 - len(name), 2)
        sheet.lines([f"{name}{'.' * dots}: {value}"], size)
    sheet.y += size
    columns = form.columns(("line", *form.kinds(), "quantity", "unit", "price", "basis", "amount", "day"))
    rule(sheet)
    draw_table(
        sheet,
        columns,
        Look("none", size, pad=0.5, side=wide * 0.6, title_bold=False),
        under=form.under("text"),
        under_at=1,
    )
    rule(sheet)
    for name, value in form.totals():
        sheet.need(size * 1.3)
        sheet.lines([name], size, x=sheet.left + sheet.width * 0.45)
        sheet.text(sheet.right, sheet.y - size * 0.28, value, size, align="r")
    sheet.need(size * 4)
    rule(sheet, "=")
    put_notes(sheet, form, size)
    sheet.lines([form.word("closing")], size)

"""Layouts of small senders and old machines: columns without rules, cards, slips, faxes, letterheads, added terms."""

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
from bridgehead.templates.purchase_orders.corpus.pdf.clauses import CLAUSES
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form
from bridgehead.templates.purchase_orders.corpus.pdf.grid import Look, draw_table
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import GRAY, Sheet


def draw_bare(sheet: Sheet, form: Form) -> None:
    """Columns that nothing but their position tells apart; no rule on the whole page."""
    head_again(sheet, form)
    sheet.y = 48
    sheet.lines([*form.sender(), *form.reach()], 9)
    sheet.y += 20
    sheet.lines([f"{form.headline()}   {form.order.po_number}"], 13, bold=form.voice % 2 == 0)
    sheet.y += 8
    sheet.y = put_pairs(sheet, sheet.left, sheet.y, form.heads(po=False), 9, gap=30) + 10
    x = sheet.left
    ends: list[float] = []
    for label, lines in ((form.word("vendor"), form.ours()), *form.places()):
        ends.append(put_address(sheet, x, sheet.y, label, lines, 9))
        x += 185
    sheet.y = max(ends) + 18
    columns = form.columns(("line", *form.kinds(), "text", "quantity", "unit", "day", "price", "basis", "amount"))
    draw_table(sheet, columns, Look("none", 9, pad=2, side=5, title_bold=form.voice % 2 == 0, repeat=False))
    sheet.y += 6
    put_totals(sheet, form, 9)
    put_notes(sheet, form, 9, label=form.voice % 3 != 0)
    put_closing(sheet, form, 9)


def draw_stacked(sheet: Sheet, form: Form) -> None:
    """All numbers of an article under each other in one cell, quantity over unit, price over amount."""
    number_pages(sheet, form, at="c")
    head_again(sheet, form)
    sheet.text(sheet.left, 64, form.customer.name, 14, bold=True)
    put_address(sheet, sheet.left, 68, "", [*form.sender()[1:], *form.reach()], 8)
    sheet.text(sheet.right, 64, form.headline(), 14, bold=True, align="r")
    y = put_pairs(sheet, sheet.left + 280, 74, form.heads(), 9, end=sheet.right)
    sheet.y = max(y, 130) + 12
    places = form.places()
    step = sheet.width / (len(places) + 1) if places else 0.0
    ends = [put_address(sheet, sheet.left, sheet.y, form.labelled("vendor"), form.ours(), 8.5)]
    for index, (label, lines) in enumerate(places):
        ends.append(put_address(sheet, sheet.left + step * (index + 1), sheet.y, f"{label}{form.colon}", lines, 8.5))
    sheet.y = max(ends) + 14
    columns = form.columns(("line", "parts", "text", "day", "counted", "priced", "amount"), most=66)
    draw_table(sheet, columns, Look("grid", 8.5, pad=4, fill=(0.92, 0.92, 0.86)))
    put_totals(sheet, form, 9, boxed=True)
    put_notes(sheet, form)
    put_closing(sheet, form, 8.5, signed=True)


def draw_counted(sheet: Sheet, form: Form) -> None:
    """Quantity and unit in one cell, before everything else; the price with what it is for."""
    number_pages(sheet, form)
    head_again(sheet, form)
    sheet.rule(sheet.left, 44, sheet.right, 44, 2)
    sheet.text(sheet.left, 64, form.customer.name.upper(), 12, bold=True)
    sheet.text(sheet.right, 64, form.headline(), 12, align="r")
    sheet.rule(sheet.left, 72, sheet.right, 72, 0.5)
    left = put_address(sheet, sheet.left, 80, form.word("vendor"), form.ours(), 9.5)
    right = put_pairs(sheet, sheet.left + 250, 80, form.heads(), 9.5, colon=form.colon)
    sheet.y = max(left, right) + 10
    for label, lines in form.places():
        sheet.paragraph(f"{label}{form.colon} {', '.join(lines)}", 9.5)
    sheet.y += 10
    sheet.paragraph(form.word("opening"), 9.5)
    sheet.y += 6
    columns = form.columns(("line", "counted", *form.kinds(), "text", "priced", "day", "amount"))
    draw_table(sheet, columns, Look("head", 9, pad=3, gap=3))
    put_totals(sheet, form, 10, ruled=True)
    put_notes(sheet, form, 9)
    put_closing(sheet, form, 9)
    sheet.need(30)
    sheet.y += 6
    sheet.lines([form.role(), ", ".join(form.sender()[1:]), " - ".join(form.reach())], 8, ink=GRAY)


def draw_cards(sheet: Sheet, form: Form) -> None:
    """No table: every position is a small block of fields with their labels."""
    number_pages(sheet, form)
    head_again(sheet, form)
    sheet.y = 44
    sheet.lines([form.headline()], 18, bold=True)
    sheet.y += 4
    sheet.lines([f"{form.customer.name}, {', '.join(form.sender()[1:])}", " / ".join(form.reach())], 8.5, ink=GRAY)
    sheet.y = put_pairs(sheet, sheet.left, sheet.y + 12, form.heads(), 10, bold=True, colon=form.colon) + 6
    for label, lines in form.places():
        sheet.y = put_address(sheet, sheet.left, sheet.y, f"{label}{form.colon}", lines, 10) + 6
    sheet.paragraph(f"{form.labelled('vendor')} {', '.join(form.ours())}", 10)
    sheet.y += 8
    for line in form.order.lines:
        keys = (*form.kinds(), "text", "counted", "priced", "amount", "day")
        fields = [(form.title(key), form.cell(key, line)[0]) for key in keys if form.cell(key, line)[0]]
        texts = [
            piece
            for name, value in fields
            for piece in sheet.wrap(f"{name}{form.colon} {value}", sheet.width / 2 - 24, 9)
        ]
        if form.voice % 2:
            texts = [
                piece
                for name, value in fields
                for piece in sheet.wrap(f"{name}{form.colon} {value}", sheet.width - 30, 9)
            ]
        half = len(texts) if form.voice % 2 else (len(texts) + 1) // 2
        height = half * 12 + 22
        sheet.need(height + 6)
        sheet.box(sheet.left, sheet.y, sheet.width, height, weight=0.5, ink=GRAY, round_=4)
        sheet.text(sheet.left + 8, sheet.y + 13, f"{form.word('line')} {line.number}", 9.5, bold=True)
        for index, text in enumerate(texts):
            column, row = divmod(index, half)
            sheet.text(sheet.left + 14 + column * sheet.width / 2, sheet.y + 26 + row * 12, text, 9)
        sheet.y += height + 6
    put_totals(sheet, form, 10)
    put_notes(sheet, form, 9.5)
    put_closing(sheet, form, 9)


def draw_fax(sheet: Sheet, form: Form) -> None:
    """Narrow letters on a page that went in askew, the sending machine's line on top."""

    def strip(page: Sheet) -> None:
        page.text(page.left, 26, f"FAX {form.customer.phone}   {form.customer.name.upper()}", 8)
        page.text(page.right, 26, f"P. {page.page:02}/{page.pages or page.page:02}", 8, align="r")

    sheet.foot = strip
    head_again(sheet, form)
    sheet.y = 50
    sheet.lines([f"T E L E F A X   -   {form.headline()}"], 13, bold=True)
    sheet.y += 8
    sheet.lines([form.labelled("vendor"), *form.ours()], 10.5)
    sheet.y += 8
    sheet.lines([*form.sender(), *form.reach()[:1]], 10.5)
    sheet.y = put_pairs(sheet, sheet.left, sheet.y + 12, form.heads(), 10.5, colon=form.colon) + 8
    for label, lines in form.places():
        sheet.y = put_address(sheet, sheet.left, sheet.y, f"{label}{form.colon}", lines, 10.5) + 8
    columns = form.columns(("line", *form.kinds()[:1], "quantity", "unit", "price", "basis", "amount", "day"))
    draw_table(sheet, columns, Look("head", 10, pad=3), under=form.under(*form.kinds()[1:], "text"), under_at=1)
    put_totals(sheet, form, 11)
    put_notes(sheet, form, 10.5)
    put_closing(sheet, form, 10.5)
    sheet.need(40)
    sheet.y += 10
    sheet.lines([form.letter.say("bye"), form.role()], 10.5)


def draw_letterhead(sheet: Sheet, form: Form) -> None:
    """A business letter for a window envelope, the reference block at its right, the company's data at the foot."""
    customer = form.customer
    sheet.text(sheet.left, 60, customer.name, 17, bold=True, ink=(0.2, 0.2, 0.45))
    sheet.rule(sheet.left, 68, sheet.right, 68, 1.5, (0.2, 0.2, 0.45))

    def foot(page: Sheet) -> None:
        y = page.paper.height - 62
        page.rule(page.left, y, page.right, y, 0.5, GRAY)
        blocks = ([customer.name, *form.sender()[1:]], form.reach(), [form.page(page.page, page.pages)])
        for index, texts in enumerate(blocks):
            for row, text in enumerate(texts):
                page.text(page.left + index * page.width / 3, y + 10 + 8.5 * row, text, 6.5, ink=GRAY)

    sheet.foot = foot
    head_again(sheet, form)
    sheet.text(sheet.left, 118, " · ".join((customer.name, *form.sender()[1:3])), 6.5, ink=GRAY)
    put_address(sheet, sheet.left, 128, "", form.ours(), 10.5)
    x, y = sheet.left + 305, 112.0
    for name, value in [*form.heads(), (form.word("contact"), form.role()), (form.word("tel"), customer.phone)]:
        sheet.text(x, y + 7, f"{name}{form.colon}", 7, ink=GRAY)
        sheet.text(x, y + 17, value, 9.5)
        y += 22
    sheet.y = max(y, 225) + 16
    sheet.lines([f"{form.headline()} {form.order.po_number}"], 13, bold=True)
    sheet.y += 8
    sheet.paragraph(form.word("opening"), 10)
    sheet.y += 8
    columns = form.columns(("line", "parts_text", "quantity", "unit", "price", "basis", "amount", "day"))
    draw_table(sheet, columns, Look("rows", 9.5, pad=4, weight=0.3))
    put_totals(sheet, form, 10)
    for label, lines in form.places():
        sheet.need((len(lines) + 1) * 13 + 6)
        sheet.y = put_address(sheet, sheet.left, sheet.y + 4, f"{label}{form.colon}", lines, 10) + 4
    put_notes(sheet, form, 10, label=False)
    put_closing(sheet, form, 10)
    sheet.need(30)
    sheet.lines(["", form.letter.say("bye"), customer.name], 10)


def draw_with_terms(sheet: Sheet, form: Form) -> None:
    """An order with a page of conditions of purchase behind it."""
    number_pages(sheet, form, at="c")
    head_again(sheet, form)
    sheet.text(sheet.paper.width / 2, 58, form.customer.name, 14, bold=True, align="c")
    sheet.text(sheet.paper.width / 2, 69, " - ".join(form.sender()[1:]), 7, align="c")
    sheet.text(sheet.paper.width / 2, 78, " - ".join(form.reach()), 7, align="c")
    sheet.text(sheet.paper.width / 2, 96, form.headline(), 13, bold=True, align="c")
    left = put_address(sheet, sheet.left, 108, form.labelled("vendor"), form.ours())
    for label, lines in form.places():
        left = put_address(sheet, sheet.left, left + 8, f"{label}{form.colon}", lines)
    right = put_pairs(sheet, sheet.left + 265, 108, form.heads(), 9, colon=form.colon)
    sheet.y = max(left, right) + 12
    keys = ("line", *form.kinds(), "text", "quantity", "unit", "price", "basis", "amount", "day")
    draw_table(sheet, form.columns(keys, most=60), Look("columns", 8.5))
    put_totals(sheet, form, 9)
    put_notes(sheet, form)
    put_closing(sheet, form, 8.5)
    sheet.head = None
    sheet.turn()
    sheet.lines([form.word("clauses")], 12, bold=True)
    sheet.y += 8
    for index, clause in enumerate(CLAUSES[form.language]):
        sheet.paragraph(f"{index + 1}. {clause}", 8)
        sheet.y += 5


def draw_slip(sheet: Sheet, form: Form) -> None:
    """Half a page from an order pad: how many, of what, and little else."""
    head_again(sheet, form, size=7.5)
    sheet.text(sheet.left, 40, form.customer.name, 11, bold=True)
    sheet.text(sheet.left, 51, ", ".join(form.sender()[1:]), 7)
    sheet.text(sheet.left, 60, "  ".join(form.reach()), 7)
    sheet.text(sheet.right, 40, form.headline(), 11, bold=True, align="r")
    sheet.y = 70
    sheet.lines([f"{form.labelled('vendor')} {', '.join(form.ours()[:3])}"], 8)
    sheet.y += 4
    for name, value in form.heads():
        sheet.text(sheet.left, sheet.y + 9, f"{name}{form.colon}", 8)
        sheet.text(sheet.left + 120, sheet.y + 9, value, 9)
        sheet.rule(sheet.left + 116, sheet.y + 11.5, sheet.right, sheet.y + 11.5, 0.3)
        sheet.y += 15
    for label, lines in form.places():
        sheet.y = put_address(sheet, sheet.left, sheet.y + 5, f"{label}{form.colon}", lines, 8)
    sheet.y += 8
    columns = form.columns(("quantity", "unit", "parts_text", "priced", "amount", "day"))
    draw_table(sheet, columns, Look("grid", 8.5, pad=3, weight=0.4))
    put_totals(sheet, form, 9)
    put_notes(sheet, form, 8.5)

"""Papers about orders and papers that are none: changes, cancellations, enquiries, complaints, returns, flyers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.blocks import head_again, number_pages, put_address
from bridgehead.templates.purchase_orders.corpus.pdf.draw import design_of, open_canvas
from bridgehead.templates.purchase_orders.corpus.pdf.fonts import faces_of
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form, Pair
from bridgehead.templates.purchase_orders.corpus.pdf.grid import Column, Look, draw_table
from bridgehead.templates.purchase_orders.corpus.pdf.other_words import OTHER_WORDS
from bridgehead.templates.purchase_orders.corpus.pdf.sheet import PALE, WHITE, Sheet
from bridgehead.templates.purchase_orders.corpus.pdf.words import WORDS


def change_bytes(sending: Envelope, change: Change) -> bytes:
    """Returns the paper that changes or cancels an order: the sentence of each line, and most often a table of them."""
    order = change.order
    title_key = "cancel_title" if change.kind == "cancel" else "change_title"
    form = Form(sending, order)
    form.name = form.word(title_key)
    letter = form.letter
    said = [letter.say("cancel" if change.kind == "cancel" else "change", po=order.po_number)]
    for before, line in zip(change.before, order.lines, strict=True):
        if change.kind == "cancel":
            break
        said.append(
            letter.say(
                f"change_{change.kind}",
                pos=line.number,
                part=letter.part(line),
                new=letter.quantity(line),
                old=letter.number(before.quantity),
                date=letter.day(line.requested_date) if line.requested_date else "",
            )
        )
    columns: list[Column] = []
    if order.lines and change.kind != "drop":
        columns = form.columns(("line", *form.kinds(), "text", "counted", "priced", "day"))
    return _paper(form, said, columns, form.heads())


def other_bytes(sending: Envelope, kind: str, lines: Sequence[WrittenLine], past_po: str) -> bytes:
    """Returns a paper that is no order."""
    words = OTHER_WORDS[sending.habit.language]
    form = Form(sending, WrittenOrder(sending.customer, past_po, tuple(_numbered(lines))))
    letter = form.letter
    form.name, *said = words[kind]
    today = letter.day(sending.at.date())
    number = f"{sending.at:%y}-{sending.serial:04}"
    values = {"po": past_po, "part": letter.part(lines[0]), "q": letter.quantity(lines[0])}
    said = [text.format(**values) for text in said]
    if kind == "newsletter":
        return _flyer(form, said)
    keys = ("line", *form.kinds(), "text", "counted")
    pairs = [(words["number"][0], number), (WORDS[form.language]["dated"][0], today)]
    if kind in {"complaint", "delivery_note"}:
        pairs.append((words["reference"][0], past_po))
    return _paper(form, said, form.columns(keys), pairs)


def _flyer(form: Form, said: Sequence[str]) -> bytes:
    """Returns an advertisement; it comes from a dealer who writes to everybody, on no customer's letterhead."""
    design = design_of(form.sending)
    target = io.BytesIO()
    canvas = open_canvas(target, design, form)
    canvas.setAuthor("Workshop Supplies")
    canvas.setTitle(form.name)
    paper = design.paper(form.customer.country, form.voice)
    sheet = Sheet(canvas, paper, faces_of("sans", form.language), 1)
    sheet.box(0, 0, paper.width, 96, fill=(0.86, 0.38, 0.08))
    sheet.text(sheet.left, 40, "Workshop Supplies", 12, bold=True, ink=WHITE)
    sheet.text(sheet.left, 74, form.name, 20, bold=True, ink=WHITE)
    sheet.y = 130
    for index, text in enumerate(said):
        sheet.paragraph(text, 16 if index == 0 else 11, bold=index == 0)
        sheet.y += 14
    sheet.text(sheet.left, paper.height - 40, "www.workshop-supplies.example.net   news@mailing.example.net", 8)
    sheet.close()
    canvas.save()
    return target.getvalue()


def _numbered(lines: Sequence[WrittenLine]) -> list[WrittenLine]:
    return [replace(line, number=index + 1) for index, line in enumerate(lines)]


def _paper(form: Form, said: Sequence[str], columns: Sequence[Column], pairs: Sequence[Pair]) -> bytes:
    """Returns a letter with a title, fields, sentences and perhaps a table, in the paper and letters of the layout."""
    design = design_of(form.sending)
    target = io.BytesIO()
    canvas = open_canvas(target, design, form)
    paper = design.paper(form.customer.country, form.voice)
    sheet = Sheet(canvas, paper, faces_of(design.family, form.language), 1)
    number_pages(sheet, form)
    head_again(sheet, form)
    sheet.lines([form.customer.name], 13, bold=True)
    sheet.lines([*form.sender()[1:], *form.reach()], 8.5)
    sheet.y = put_address(sheet, sheet.left, sheet.y + 14, "", form.ours(), 10) + 14
    sheet.lines([form.headline()], 15, bold=True)
    sheet.y += 8
    for name, value in pairs:
        sheet.lines([f"{name}{form.colon} {value}"], 9.5)
    sheet.y += 8
    for text in said:
        sheet.paragraph(text, 10)
        sheet.y += 3
    if columns:
        sheet.y += 8
        draw_table(sheet, columns, Look("grid" if form.voice % 2 else "head", 9, fill=PALE if form.voice % 3 else None))
    sheet.need(50)
    sheet.y += 14
    sheet.lines([form.letter.say("bye"), form.role()], 10)
    sheet.close()
    canvas.save()
    return target.getvalue()

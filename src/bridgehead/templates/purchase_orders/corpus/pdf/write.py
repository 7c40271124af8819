"""Writes orders, and mails' other papers, as PDF attachments: the same bytes for the same sending."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from bridgehead.templates.purchase_orders.corpus.customers import ascii_text
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.draw import design_of, draw_form, open_canvas
from bridgehead.templates.purchase_orders.corpus.pdf.form import Form
from bridgehead.templates.purchase_orders.corpus.pdf.hiding import WAYS
from bridgehead.templates.purchase_orders.corpus.pdf.notices import change_bytes, other_bytes

Attachment = tuple[str, str, bytes]
"""Name, media type and content of a file beside a mail."""

MEDIA_TYPE: Final = "application/pdf"


def pdf_bytes(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns one PDF with these orders, each beginning on a page of its own, in the layout of the customer's habit."""
    design = design_of(sending)
    way = sending.dice.one(WAYS) if any(order.instruction for order in orders) else ""
    forms = [Form(sending, order, again=resent, said=order.instruction if way == "open" else None) for order in orders]
    target = io.BytesIO()
    canvas = open_canvas(target, design, forms[0])
    for form in forms:
        text = form.order.instruction
        draw_form(canvas, design, form, hidden=(way, text) if text and way != "open" else None)
    canvas.save()
    return target.getvalue()


def pdf_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> Attachment:
    """Returns the attachment with these orders; ``resent`` says on the paper that it is a copy."""
    return named(sending, orders[0].po_number, pdf_bytes(sending, orders, resent=resent))


def pdf_change(sending: Envelope, change: Change) -> Attachment:
    """Returns the attachment that asks to change or to cancel an order sent before."""
    return named(sending, change.order.po_number, change_bytes(sending, change))


def pdf_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], past_po: str) -> Attachment:
    """Returns a paper that is no order: ``question``, ``complaint``, ``newsletter`` or ``delivery_note``."""
    number = f"{sending.serial:05}" if kind in {"newsletter", "question"} else past_po
    return named(sending, number, other_bytes(sending, kind, lines, past_po))


def named(sending: Envelope, number: str, content: bytes) -> Attachment:
    """Returns the PDF under a name as this customer's programs give it."""
    form_word = ascii_text(Form(sending, WrittenOrder(sending.customer, number, ())).word("title")).replace(" ", "_")
    plain = number.replace("/", "-")
    # Two papers of one sending never share a name.
    counted = f"{sending.serial % 1000:03}{int(''.join(sign for sign in number if sign.isdigit()) or '0') % 1000:03}"
    voice = sending.habit.voice
    names = (
        f"{form_word}_{plain}.pdf", f"{plain}.pdf", f"{form_word.upper()}{plain}.PDF", f"scan{counted}.pdf",
        f"{form_word.replace('_', ' ')} {plain}.pdf", f"DOC{counted}.pdf",
        f"PO_{plain}_{sending.customer.number}.pdf",
    )  # fmt: skip
    return names[voice % len(names)], MEDIA_TYPE, content

"""Orders, changes and other papers that come as a PDF beside a mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridgehead.templates.purchase_orders.corpus import cover
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.pdf.breaking import broken_pdf
from bridgehead.templates.purchase_orders.corpus.pdf.write import named, pdf_change, pdf_orders, pdf_other

_PDF_IN_BASE64 = b"JVBERi"
"""``%PDF-`` in base64, where an attached PDF begins (RFC 4648)."""


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns a mail with one PDF of these orders, or with one PDF each; remarks stand on paper or in the mail."""
    remarks: tuple[str, ...] = ()
    shown = tuple(orders)
    if len(shown) == 1 and sending.dice.chance(0.25):
        remarks, shown = shown[0].notes, (replace(shown[0], notes=()),)
    if len(shown) == 1 and shown[0].instruction and sending.dice.chance(0.2):
        remarks, shown = (*remarks, shown[0].instruction), (replace(shown[0], instruction=None),)
    papers = [shown] if sending.habit.voice % 2 else [(order,) for order in shown]
    files = [pdf_orders(sending, paper, resent=resent) for paper in papers]
    return cover.wrap(sending, orders, files, resent=resent, remarks=remarks)


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns a mail with the paper that changes or cancels an order."""
    return cover.wrap_change(sending, change, [pdf_change(sending, change)])


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns a mail with a paper that is no order."""
    return cover.wrap_other(sending, kind, lines, reference, [pdf_other(sending, kind, lines, reference)])


def break_pdf_mail(sending: Envelope, dice: Dice, whole: bytes, order: WrittenOrder) -> bytes:
    """Returns the mail with a broken paper, or cut off within the PDF as a full mailbox leaves it."""
    if dice.chance(0.2) and _PDF_IN_BASE64 in whole:
        start = whole.index(_PDF_IN_BASE64)
        return whole[: start + int((whole.index(b"\r\n--", start) - start) * dice.real(0.2, 0.6))]
    return cover.wrap(sending, [order], [named(sending, order.po_number, broken_pdf(dice, order, sending.habit))])

"""The formats in which orders arrive: who writes, changes and breaks each, and what arrives in it that is no order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bridgehead.templates.purchase_orders.corpus import (
    breaking,
    cxml,
    edifact,
    edifact_other,
    mail,
    mailed_pdf,
    orderx,
    other_mails,
    portal,
    sheets,
    ubl,
    ubl_other,
    x12,
)
from bridgehead.templates.purchase_orders.corpus.breaking_edifact import break_edifact
from bridgehead.templates.purchase_orders.corpus.breaking_sheets import break_sheet
from bridgehead.templates.purchase_orders.corpus.breaking_xml import break_xml
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import Format, WrittenLine, WrittenOrder


class WriteOrders(Protocol):
    """How a format writes orders."""

    def __call__(self, sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
        """Returns one document with these orders; ``resent`` when it was sent before."""


def _whole(_: Habit, order: WrittenOrder) -> WrittenOrder:
    return order


@dataclass(frozen=True, slots=True)
class Form:
    """One format. ``others`` are the kinds of arrivals that are no orders, with their weights.

    ``reader`` names the kind of document that holds the order, ``extension`` the kind of file that arrives with so many
    orders.
    """

    write_orders: WriteOrders
    write_change: Callable[[Envelope, Change], bytes]
    write_other: Callable[[Envelope, str, Sequence[WrittenLine], str], bytes]
    break_: Callable[[Envelope, Dice, bytes, WrittenOrder], bytes]
    others: tuple[tuple[str, float], ...]
    extension: Callable[[Habit, int], str]
    reader: Callable[[Habit], str]
    shown: Callable[[Habit, WrittenOrder], WrittenOrder] = _whole
    """Returns of an order what the document says; the rest of it is known by a number on the document."""
    noise: bool = False
    """True where a byte-order mark or other line ends make a document no less readable."""


def _always(text: str) -> Callable[[Habit], str]:
    return lambda _: text


def _file(extension: str) -> Callable[[Habit, int], str]:
    return lambda _, __: extension


def _single_file(extension: str) -> Callable[[Habit, int], str]:
    return lambda _, orders: extension if orders < 2 else "eml"


def _break_sheet(sending: Envelope, dice: Dice, whole: bytes, order: WrittenOrder) -> bytes:
    return break_sheet(dice, whole, order, sending.habit)


_MAIL_OTHERS: Final = (("question", 0.4), ("complaint", 0.25), ("newsletter", 0.2), ("delivery_note", 0.15))

FORMS: Final[dict[Format, Form]] = {
    "email": Form(
        mail.write_orders, other_mails.write_change, other_mails.write_other, breaking.break_mail, _MAIL_OTHERS,
        _file("eml"), _always("email"),
    ),
    "email_pdf": Form(
        mailed_pdf.write_orders, mailed_pdf.write_change, mailed_pdf.write_other, mailed_pdf.break_pdf_mail,
        _MAIL_OTHERS, _file("eml"), _always("pdf"),
    ),
    "email_sheet": Form(
        sheets.write_orders, sheets.write_change, sheets.write_other, _break_sheet, _MAIL_OTHERS, _file("eml"),
        sheets.reader_of,
    ),
    "x12": Form(
        x12.write_orders, x12.write_change, x12.write_other, breaking.break_x12,
        (("delivery_note", 0.5), ("question", 0.5)), _file("x12"), _always("x12"), x12.shown, noise=True,
    ),
    "csv": Form(
        portal.write_orders, portal.write_change, portal.write_other, breaking.break_csv,
        (("delivery_note", 0.6), ("complaint", 0.4)), _file("csv"), _always("csv"), portal.shown, noise=True,
    ),
    "edifact": Form(
        edifact.write_orders, edifact.write_change, edifact_other.write_other, break_edifact,
        (("delivery_note", 0.5), ("question", 0.5)), _file("edi"), _always("edifact"), edifact.shown, noise=True,
    ),
    "ubl": Form(
        ubl.write_orders, ubl.write_change, ubl_other.write_other, break_xml,
        (("delivery_note", 0.35), ("question", 0.45), ("complaint", 0.2)),
        _single_file("xml"), _always("ubl"), noise=True,
    ),
    "cxml": Form(
        cxml.write_orders, cxml.write_change, cxml.write_other, break_xml,
        (("delivery_note", 0.4), ("question", 0.6)), _single_file("xml"), _always("cxml"), noise=True,
    ),
    "orderx": Form(
        orderx.write_orders, orderx.write_change, orderx.write_other, orderx.break_orderx,
        (("delivery_note", 0.5), ("question", 0.5)), orderx.extension, _always("orderx"), noise=True,
    ),
}  # fmt: skip

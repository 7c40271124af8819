"""What reading a document can end in: orders, something that is no order, or a refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bridgehead.documents.order import Order

Kind = Literal[
    "question",
    "complaint",
    "newsletter",
    "delivery_note",
    "goods_return",
    "invoice",
    "order_change",
    "order_cancel",
    "order_response",
    "order_status",
    "acknowledgement",
    "catalogue",
    "quotation",
    "quotation_request",
    "punchout",
    "forecast",
    "stock_report",
    "master_data",
    "payment",
    "auto_reply",
    "other",
]
"""What a document is that orders nothing. Changes and cancellations are read as orders of that purpose where their
format has a reader for them; ``order_change`` and ``order_cancel`` are for the others. ``acknowledgement`` is a
technical receipt (997, CONTRL); ``order_response`` the business answer (855, ORDRSP). ``goods_return`` comes with goods
that a customer sends back, also where it calls itself a delivery note."""


@dataclass(frozen=True, slots=True)
class Orders:
    """The document holds these orders (at least one), read in full; doubts are in their warnings."""

    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class NotAnOrder:
    """The document was understood and orders nothing; ``kind`` says what it is."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The document was refused as a whole. ``where`` names the segment, line or part."""

    code: str
    reason: str
    where: str = ""


Reading = Orders | NotAnOrder | Unreadable


@dataclass(frozen=True, slots=True)
class Hints:
    """What the surroundings of a part tell its reader: a mail its attachments.

    A hint fills what a part leaves out and decides between two readings; it never overrides what a part states.
    ``written`` is the day of the mail, ``sender`` its address, ``language`` ISO 639-1 of its text, ``po_number`` the
    number that subject or text give for the order attached.
    """

    written: date | None = None
    sender: str = ""
    language: str = ""
    po_number: str = ""


ReadPart = Callable[[bytes, str, str, Hints], Reading]
"""Reads one part: its bytes, its file name, the name of its place (``attachment po.pdf``), hints. Raises Refusal."""


class Refusal(Exception):
    """Raised inside a reader to refuse the document; ``read`` turns it into ``Unreadable``."""

    def __init__(self, code: str, reason: str, where: str = "") -> None:
        super().__init__(reason)
        self.outcome = Unreadable(code, reason, where)

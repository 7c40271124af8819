"""What reading a document can end in: orders, something that is no order, or a refusal with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bridgehead.documents.order import Order

Kind = Literal[
    "question",
    "complaint",
    "newsletter",
    "delivery_note",
    "invoice",
    "order_response",
    "acknowledgement",
    "forecast",
    "auto_reply",
    "other",
]


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


class Refusal(Exception):
    """Raised inside a reader to refuse the document; ``read`` turns it into ``Unreadable``."""

    def __init__(self, code: str, reason: str, where: str = "") -> None:
        super().__init__(reason)
        self.outcome = Unreadable(code, reason, where)

"""Writes EDIFACT messages that are no orders: despatch and receiving advices, requests for quotation, reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bridgehead.templates.purchase_orders.corpus.edifact import party
from bridgehead.templates.purchase_orders.corpus.edifact_pen import Message, Pen, Segment, interchange
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine

_KINDS: Final = {
    "delivery_note": ("DESADV", "DESADV", "RECADV"),
    "question": ("REQOTE", "OSTENQ", "INVRPT", "ORDRSP", "SLSRPT"),
}
_CODES: Final = {"DESADV": "351", "RECADV": "632", "REQOTE": "311", "OSTENQ": "248", "INVRPT": "35", "ORDRSP": "231",
                 "SLSRPT": "73"}  # fmt: skip
"""Codes of data element 1001."""
_QUANTITIES: Final = {"DESADV": "12", "RECADV": "194", "REQOTE": "21", "INVRPT": "145", "ORDRSP": "21", "SLSRPT": "153"}
"""Codes of data element 6063: despatched, received, ordered, in stock, sold."""


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns an interchange that is no order: ``delivery_note`` or ``question``."""
    pen = Pen(sending)
    return interchange(pen, [_message(pen, sending.dice.one(_KINDS[kind]), lines, reference)])


def _message(pen: Pen, name: str, lines: Sequence[WrittenLine], reference: str) -> Message:
    today = pen.sending.at.date()
    number = f"{name[0]}{pen.sending.serial:06}"
    body: list[Segment] = [("BGM", _CODES[name], number, "9"), pen.day("137", today)]
    if name == "DESADV":
        body.append(pen.day("11", today))
    if name == "REQOTE":
        body.append(pen.day("36", today + timedelta(days=9)))
    if name not in {"INVRPT", "REQOTE", "SLSRPT"}:
        body.append(("RFF", ("ON", reference)))
    body.extend(party(pen, "BY", None))
    body.extend(party(pen, "SU", None))
    if name == "DESADV":
        body.extend(party(pen, "SF", pen.sending.customer.ship_tos[0]))
        body.append(("CPS", "1"))
    if name == "SLSRPT":
        body.append(("LOC", "162", (pen.sending.customer.number, "", "91")))
    if name != "OSTENQ":
        for index, line in enumerate(lines):
            body.extend(_line(pen, name, replace(line, number=index + 1)))
    if name in {"REQOTE", "ORDRSP"}:
        body.append(("UNS", "S"))
    if name in {"DESADV", "REQOTE"}:
        body.append(("CNT", ("2", str(len(lines)))))
    return name, body


def _line(pen: Pen, name: str, line: WrittenLine) -> list[Segment]:
    ours, theirs, world = pen.style.item_codes
    first = (line.gtin, world) if line.gtin else ""
    segments: list[Segment] = [("LIN", str(line.number), "5" if name == "ORDRSP" else "", first)]
    named = [(text, code) for text, code in ((line.ours, ours), (line.theirs, theirs)) if text]
    segments.extend(("PIA", "1" if line.gtin else "5", item) for item in named)
    segments.append(("QTY", (_QUANTITIES[name], pen.number(line.quantity), line.unit)))
    return segments

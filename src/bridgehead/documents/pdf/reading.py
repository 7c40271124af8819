"""Reads orders from the pages of a PDF, or from an order in XML embedded in it."""

from __future__ import annotations

from bridgehead.documents.outcome import Hints, Reading, ReadPart, Refusal


def read_pdf(
    document: bytes, part: str = "document", hints: Hints | None = None, read_part: ReadPart | None = None
) -> Reading:
    """Reads the part; raises Refusal."""
    raise Refusal("unsupported.PDF", "PDF is not read by this deployment.", part)

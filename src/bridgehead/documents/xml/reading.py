"""Reads orders in XML; other business documents in XML are recognised and named."""

from __future__ import annotations

from bridgehead.documents.outcome import Hints, Reading, ReadPart, Refusal


def read_xml(
    document: bytes, part: str = "document", hints: Hints | None = None, read_part: ReadPart | None = None
) -> Reading:
    """Reads the part; raises Refusal."""
    raise Refusal("unsupported.XML", "XML is not read by this deployment.", part)

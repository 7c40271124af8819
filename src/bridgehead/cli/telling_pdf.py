"""The texts of a PDF with where they stand and what hides them, read in a process with limits of time and memory."""

from __future__ import annotations

from bridgehead.documents.apart import shared


def pdf_pieces(document: bytes) -> list[tuple[str, str]]:
    """Returns pages' hidden texts, metadata, comments and rows as pairs of place and text; none of what is refused."""
    return list(shared().pieces(document))

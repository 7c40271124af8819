"""The texts of a PDF with where they stand, read in a process with limits of time and memory."""

from __future__ import annotations

from typing import Final

from bridgehead.documents.apart import Busy, shared
from bridgehead.documents.isolated import Spent

LATER: Final = "Its reading took too long, or others were being read: ask again in some minutes."


class NotNow(Exception):  # told in the account, never to a caller of it
    """A PDF could not be read now: it took more than its limits, or others are being read."""


def pdf_pieces(document: bytes) -> list[tuple[str, str]]:
    """Returns pages' hidden texts, metadata, comments and rows as pairs of place and text; none of what is refused.

    Raises NotNow.
    """
    try:
        return list(shared().pieces(document))
    except (Busy, Spent) as error:
        raise NotNow from error

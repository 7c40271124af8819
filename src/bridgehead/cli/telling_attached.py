"""What stands on the pages, in the sheets and in the text files of a document: for one that no case tells of.

The original is a stranger's: a PDF is read in a process of its own, and what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bridgehead.cli.output import brief
from bridgehead.cli.telling_book import book_rows
from bridgehead.cli.telling_pdf import LATER, NotNow, pdf_pieces
from bridgehead.cli.telling_words import Block
from bridgehead.documents.decoding import decode
from bridgehead.documents.mail.bodies import read_bodies
from bridgehead.documents.mail.message import Mail, parse_mail
from bridgehead.documents.masking import masked
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.signatures import is_pdf

MOST_FILES: Final = 4
MOST_LINES: Final = 60
_WIDE: Final = 160
_READ: Final = 4 * 2**20
_TEXTS: Final = (".csv", ".txt", ".tsv", ".xml", ".edi", ".x12", ".json")
_ZIPPED: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"


def longest_body(original: bytes) -> list[str]:
    """Returns the lines of the text of a mail that says most, plain or HTML; none of what cannot be read."""
    try:
        texts = read_bodies(parse_mail(original)).texts
    except Refusal:
        return []
    bodies = [[words.rstrip() for _, words in lines if words.strip()] for _, lines in texts]
    return max(bodies, key=lambda lines: sum(map(len, lines)), default=[])


def contents(original: bytes) -> Iterator[Block]:
    """Yields what the files of a mail show, line by line; of a PDF or a workbook that came alone, what it shows."""
    if is_pdf(original) or original.startswith((_ZIPPED, _OLE)):
        yield from _block("The document", original[:_READ], "")
        return
    try:
        mail: Mail = parse_mail(original[:_READ])
    except Refusal:
        return
    for part in [part for part in mail.parts if part.attached][:MOST_FILES]:
        name = brief(part.filename or "a file without a name", _WIDE)
        yield from _block(f"The attachment {name}", part.body, part.filename or "")


def _block(what: str, data: bytes, name: str) -> Iterator[Block]:
    try:
        lines = _lines(data, name)
    except NotNow:
        yield Block(f"{what} could not be read now", (LATER,))
        return
    if lines:
        more = [f"… {len(lines) - MOST_LINES:,} more"] if len(lines) > MOST_LINES else []
        shown = [line if len(line) <= _WIDE else line[: _WIDE - 1] + "…" for line in lines[:MOST_LINES]]
        yield Block(f"{what}, as it shows", (*shown, *more))


def _lines(data: bytes, name: str) -> list[str]:
    if is_pdf(data):
        return [text for where, text in pdf_pieces(data) if ", line " in where]
    if data.startswith((_ZIPPED, _OLE)):
        return book_rows(data, MOST_LINES + 1)
    if name.lower().endswith(_TEXTS):
        try:
            return [line.rstrip() for line in masked(decode(data)).splitlines() if line.strip()]
        except Refusal:
            return []
    return []

"""The texts of a PDF with where they stand and what hides them, read in a process with limits of time and memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from bridgehead.documents.outcome import Refusal

_TIME_S: Final = 60.0
_MEMORY: Final = 1_000_000_000
_ROWS: Final = 20_000


def pdf_pieces(document: bytes) -> list[tuple[str, str]]:
    """Returns pages' hidden texts, metadata, comments and rows as pairs of place and text; none of what is refused."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bridgehead.cli.telling_pdf"],
            input=document,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIME_S,
            check=False,
        )
        found = json.loads(done.stdout or b"[]")
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return []
    return [(str(where), str(text)) for where, text in found]


def _texts(document: bytes) -> Iterator[tuple[str, str]]:
    from bridgehead.documents.pdf.opening import open_pdf
    from bridgehead.documents.pdf.pages import sheets_of

    opened = open_pdf(document, "document")
    for sheet in sheets_of(opened, "document"):
        hidden: dict[str, list[str]] = {}
        for piece in sheet.hidden:
            reason = next((word.hidden for word in piece.words if word.hidden), "is hidden")
            hidden.setdefault(reason, []).append(piece.text)
        for reason, texts in hidden.items():
            yield f"page {sheet.number}, text that {reason}", " ".join(texts)
        for row in sheet.rows[:_ROWS]:
            yield f"page {sheet.number}, line {row.line}", row.text
    for text in opened.metadata:
        yield "the file's metadata", text
    for page, text in opened.remarks:
        yield f"a comment on page {page}", text


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        found = list(_texts(sys.stdin.buffer.read()))
    except Refusal:
        found = []
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    _main()

"""One line of the taxonomy, and the words in which it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bridgehead.errors import ErrorClass

Origin = Literal["connection", "http", "model", "sql", "smtp", "imap", "files", "sftp", "s3", "python", "bridgehead"]
"""Who says it. ``connection`` is what happens around every protocol: names, TCP, TLS, the client library."""

Kind = Literal["status", "code", "sqlstate", "number", "sqlite", "errno", "exception", "wording", "condition"]
"""What is looked at.

``status`` is a reply's number (``5xx`` stands for the rest of its hundred), ``code`` a word in the reply,
``sqlstate`` five characters or their class of two, ``number`` MariaDB's and MySQL's, ``sqlite`` a result code,
``errno`` its name, ``exception`` a class's name, ``wording`` a regular expression over the text, ``condition``
what the client found in an answer that came.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What one sign means.

    ``applied`` is what the sign alone says of a write that it ended: False where the target surely did not carry
    it out, None where it may have. A connector may know more (nothing had been sent yet), never less.
    """

    origin: Origin
    kind: Kind
    sign: str
    error_class: ErrorClass
    applied: Literal[False] | None
    why: str
    source: str


def rows(
    origin: Origin, kind: Kind, source: str, *told: tuple[str, ErrorClass, Literal[False] | None, str]
) -> tuple[Row, ...]:
    """Returns rows of one origin, kind and source; a sign of several words is a row for each of them."""
    return tuple(
        Row(origin, kind, sign, error_class, applied, why, source)
        for signs, error_class, applied, why in told
        for sign in ([signs] if kind == "wording" else signs.split())
    )

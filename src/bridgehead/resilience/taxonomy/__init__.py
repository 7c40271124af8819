"""Every way a call is known to fail, as one table: who says it, by which sign, and the error class it stands for.

The table is data and no model has a part in it. Each connector reads its own signs off its library's objects and
looks them up here; the rules that a specification declares (``errors:``) are asked before it. A sign that is not
in the table is answered by ``unknown``: never with a promise that a write did not happen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from bridgehead.errors import ErrorClass, Failed
from bridgehead.resilience.taxonomy import connection, general, language, mail, places, sql, web
from bridgehead.resilience.taxonomy.row import Kind, Origin, Row

__all__ = ["TABLE", "UNKNOWN", "Kind", "Origin", "Row", "find", "first", "of_status", "unknown", "worded"]

TABLE: Final[tuple[Row, ...]] = (
    *connection.ROWS, *web.ROWS, *language.ROWS, *sql.ROWS, *mail.ROWS, *places.ROWS, *general.ROWS,
)  # fmt: skip

UNKNOWN: Final[Mapping[Origin, ErrorClass]] = MappingProxyType(
    {
        "connection": "transient",
        "http": "invalid_output",
        "model": "transient",
        "sql": "bug",
        "smtp": "transient",
        "imap": "invalid_output",
        "files": "dependency_down",
        "sftp": "transient",
        "s3": "transient",
        "python": "bug",
        "bridgehead": "bug",
    }
)
"""What an origin's sign that has no row stands for; whether a write happened is then not known."""

_PARENTS: Final[Mapping[Origin, Origin]] = MappingProxyType({"model": "http", "s3": "http", "sftp": "files"})
"""Where a sign is looked for that the origin itself does not give another meaning."""

_EXACT: Final[Mapping[tuple[Origin, Kind, str], Row]] = MappingProxyType(
    {(row.origin, row.kind, row.sign): row for row in TABLE if row.kind != "wording"}
)
_WORDINGS: Final[tuple[tuple[Row, re.Pattern[str]], ...]] = tuple(
    (row, re.compile(row.sign, re.IGNORECASE)) for row in TABLE if row.kind == "wording"
)


def find(origin: Origin, kind: Kind, sign: str) -> Row | None:
    """Returns what a sign means to an origin, or to the one it rests on; None where the table does not know it."""
    found = _EXACT.get((origin, kind, sign))
    if found is None and origin in _PARENTS:
        return _EXACT.get((_PARENTS[origin], kind, sign))
    return found


def first(origin: Origin, kind: Kind, signs: Iterable[str]) -> Row | None:
    """Returns what the first known of several signs means; for exceptions, the names along the MRO."""
    return next((row for sign in signs if (row := find(origin, kind, sign)) is not None), None)


def of_status(origin: Origin, status: int) -> Row | None:
    """Returns what a status means: its own row, or that of its hundred."""
    return first(origin, "status", (str(status), f"{status // 100}xx"))


def worded(origin: Origin, text: str) -> Row | None:
    """Returns what a text means in which one of the known wordings stands."""
    return next((row for row, form in _WORDINGS if row.origin == origin and form.search(text)), None)


def unknown(origin: Origin, text: str) -> Failed:
    """Returns the failure of a sign that has no row: the origin's safe class, and no promise about a write."""
    return Failed(text, error_class=UNKNOWN[origin])

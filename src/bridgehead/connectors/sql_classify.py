"""What a database's error means: its SQLSTATE, number or class, read off the driver's exception, told by the taxonomy.

A specification's own rules (``errors:``) are asked first; the first that fits decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridgehead.connectors.document_connection import ErrorPart
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_binding import hide_values
from bridgehead.errors import ErrorClass, Failed, UserError
from bridgehead.resilience.dispositions import RETRIED
from bridgehead.resilience.taxonomy import UNKNOWN, find, first, worded
from bridgehead.resilience.taxonomy.row import Row

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from bridgehead.connectors.sql_pool import Work

LONGEST_QUOTE: Final = 200
"""Characters of a database's message that an error may show."""

_UNSPECIFIC: Final = "HY000"
"""The SQLSTATE of most errors of MariaDB and MySQL; what is no trouble of the server's own is a wrong statement."""
_BY_SERVER: Final = (range(1000, 2000), range(3000, 10_000))
"""Numbers that a MariaDB or MySQL server gives; those of 2000 to 2999 are its client library's."""

RETRYABLE: Final[frozenset[ErrorClass]] = RETRIED - {"timeout"}
"""Classes after which the same statements may succeed within one call."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a driver's exception says: SQLSTATE and number where it has them, and its text."""

    state: str | None
    number: int | None
    text: str
    kinds: tuple[str, ...]
    sqlite: int | None = None

    @classmethod
    def of(cls, error: BaseException) -> Said:
        """Reads a driver's exception (PEP 249), whichever driver it is of, bare or as SQLAlchemy wraps it."""
        bare = getattr(error, "orig", None)
        error = bare if isinstance(bare, BaseException) else error
        state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        sqlite = getattr(error, "sqlite_errorcode", None)
        first = error.args[0] if error.args else None
        number = first if isinstance(first, int) and not isinstance(first, bool) else sqlite
        # PostgreSQL's DETAIL shows the values of a row, the primary message does not.
        primary = getattr(getattr(error, "diag", None), "message_primary", None)
        text = primary or next((one for one in reversed(error.args) if isinstance(one, str)), "")
        return cls(
            state if isinstance(state, str) else None,
            number,
            text or type(error).__name__,
            tuple(one.__name__ for one in type(error).__mro__),
            sqlite,
        )

    @property
    def error_class(self) -> ErrorClass:
        """The class that the taxonomy gives it: by its number, then its SQLSTATE, then the driver's own class."""
        row = self._row
        return UNKNOWN["sql"] if row is None else row.error_class

    @property
    def _row(self) -> Row | None:
        if self.sqlite is not None:
            codes = (str(self.sqlite), str(self.sqlite & 0xFF))
            return first("sql", "sqlite", codes) or find("sql", "exception", "OperationalError")
        row = find("sql", "number", str(self.number or 0)) or self._state_row
        if row is None and self.state is None:
            row = worded("sql", self.text)
        if row is None and self.state == _UNSPECIFIC and any((self.number or 0) in numbers for numbers in _BY_SERVER):
            row = find("sql", "condition", _UNSPECIFIC)
        return row or first("sql", "exception", self.kinds)

    @property
    def _state_row(self) -> Row | None:
        return None if self.state is None else first("sql", "sqlstate", (self.state, self.state[:2]))

    @property
    def undid_commit(self) -> bool:
        """True when the database answered COMMIT with an error that means: rolled back."""
        row = self._state_row
        return row is not None and row.applied is False


def is_lost(error: Exception, connection: Connection) -> bool:
    """True when an exception tells that the connection is gone, and so not what became of the last statement."""
    if isinstance(error, Failed):
        return False
    if connection.invalidated or getattr(error, "connection_invalidated", False):
        return True
    bare = getattr(error, "orig", None) or error
    library = connection.dialect.loaded_dbapi.Error
    if not isinstance(bare, library):
        # A broken socket shows as whatever the driver stumbles over; a value it cannot take is one of these.
        return not isinstance(bare, UnicodeError | OverflowError | TypeError)
    raw = None if connection.closed else connection.connection
    return connection.dialect.is_disconnect(bare, raw, None)


class SqlErrors:
    """Says of every error of one database which class it is, and in what words it may be told."""

    def __init__(self, connector: str, rules: Iterable[ErrorPart], redactor: Redactor) -> None:
        self._connector = connector
        self._redactor = redactor
        self._rules = tuple((rule, re.compile(rule.text) if rule.text else None) for rule in rules)

    def of(
        self,
        error: Exception,
        connection: Connection | None,
        work: Work,
        values: Mapping[str, object],
        *,
        applied: bool | None,
    ) -> Failed:
        """Returns the failure that an exception stands for; ``applied`` is what is known without the rules.

        A rule may promise that nothing was done, but only of an error with which the database answered.
        No bound value is in its text.
        """
        if work.over:
            return Failed(
                f"{self._connector}: the database did not answer in time", error_class="timeout", applied=applied,
                connector=self._connector,
            )  # fmt: skip
        if isinstance(error, Failed):
            return Failed(
                error.message, error_class=error.error_class, applied=applied, hint=error.hint, code=error.code,
                **error.attributes,
            )  # fmt: skip
        if isinstance(error, UserError):
            return Failed(
                f"{self._connector}: {error.message}", error_class="auth_expired", applied=applied, hint=error.hint,
                connector=self._connector,
            )  # fmt: skip
        said = Said.of(error)
        answered = connection is None or not is_lost(error, connection)
        rule = self._rule(said) if answered else None
        if rule is not None and rule.applied is False:
            applied = False
        error_class = rule.error if rule is not None else said.error_class
        # Secrets first: a value that is a piece of one would leave the rest of it standing.
        text = hide_values(self._redactor.clean(said.text), values)
        return Failed(
            f"{self._connector}: {' '.join(text.split())[:LONGEST_QUOTE]}",
            error_class=error_class,
            applied=applied,
            hint=_HINTS.get(error_class, "") if rule is None else "",
            connector=self._connector,
            sqlstate=said.state,
            number=said.number,
        )

    def _rule(self, said: Said) -> ErrorPart | None:
        return next((rule for rule, form in self._rules if _fits(rule, form, said)), None)


def _fits(rule: ErrorPart, form: re.Pattern[str] | None, said: Said) -> bool:
    if rule.sqlstate is None and rule.code is None and form is None:
        return False
    if rule.sqlstate is not None:
        wanted = rule.sqlstate
        state = said.state or ""
        if not (state.startswith(wanted[:-1]) if wanted.endswith("%") else state == wanted):
            return False
    if rule.code is not None and rule.code != said.number:
        return False
    return form is None or form.search(said.text) is not None


_HINTS: Final[Mapping[ErrorClass, str]] = {
    "auth_expired": "Check user and password under auth.basic.",
    "forbidden": "The database user lacks a right that this needs.",
}

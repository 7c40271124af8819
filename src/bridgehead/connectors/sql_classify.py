"""What a database's error means, as tables: SQLSTATE, the driver's number, or the driver's class to error class.

Sources: ISO/IEC 9075-2 (classes of SQLSTATE), PostgreSQL's appendix A, MariaDB's and MySQL's error
numbers, SQLite's result codes, PEP 249's exceptions. A specification's own rules (``errors:``) are
asked first; the first that fits decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridgehead.connectors.document_connection import ErrorPart
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_binding import hide_values
from bridgehead.errors import ErrorClass, Failed, UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from bridgehead.connectors.sql_pool import Work

LONGEST_QUOTE: Final = 200
"""Characters of a database's message that an error may show."""

_STATES: Final[Mapping[str, ErrorClass]] = {
    "02": "not_found",
    "08": "dependency_down",
    "0A": "invalid_input",
    "21": "invalid_input",
    "22": "invalid_input",
    "23": "conflict",
    "23502": "invalid_input",  # not null
    "23514": "invalid_input",  # check
    "24": "dependency_down",
    "25": "invalid_input",
    "26": "transient",
    "28": "auth_expired",
    "2D": "invalid_input",
    "34": "transient",
    "38": "invalid_input",
    "39": "invalid_input",
    "3B": "invalid_input",
    "3D": "invalid_input",
    "3F": "invalid_input",
    "40": "transient",
    "40002": "conflict",  # integrity constraint, found at the end of the transaction
    "42": "invalid_input",
    "42501": "forbidden",
    "44": "invalid_input",
    "45": "invalid_input",  # SIGNAL of a procedure
    "53": "dependency_down",
    "53300": "throttled",  # too many connections
    "53400": "throttled",
    "54": "invalid_input",
    "55": "transient",
    "55P03": "transient",  # lock not available
    "57": "dependency_down",
    "57014": "timeout",  # statement_timeout, or a cancel
    "58": "dependency_down",
    "70": "timeout",
    "P0": "invalid_input",  # RAISE of a procedure
    "P0002": "not_found",
    "XX": "dependency_down",
}
"""A whole SQLSTATE goes before its class, its first two characters."""

_NUMBERS: Final[Mapping[int, ErrorClass]] = {
    1040: "throttled",  # too many connections
    1203: "throttled",
    1226: "throttled",
    1044: "forbidden",
    1142: "forbidden",
    1143: "forbidden",
    1227: "forbidden",
    1370: "forbidden",
    1045: "auth_expired",
    1698: "auth_expired",
    1820: "auth_expired",
    1862: "auth_expired",
    1048: "invalid_input",  # not null
    1364: "invalid_input",
    3819: "invalid_input",  # check
    4025: "invalid_input",
    1053: "dependency_down",
    1152: "dependency_down",
    1158: "dependency_down",
    1159: "dependency_down",
    1160: "dependency_down",
    1161: "dependency_down",
    1205: "transient",  # lock wait
    1213: "transient",  # deadlock
    1290: "dependency_down",  # the server is read only
    1317: "timeout",
    1020: "transient",  # changed since it was read
    1297: "transient",
    1412: "transient",  # the table's definition changed
    1615: "transient",
    3572: "transient",  # NOWAIT
    1637: "throttled",  # too many open transactions
    **dict.fromkeys(
        # Files, memory, storage engines, commits, crashed tables, read-only servers, idle clients.
        (
            1015,
            1016,
            1017,
            1018,
            1023,
            1024,
            1026,
            1030,
            1036,
            1037,
            1038,
            1041,
            1078,
            1079,
            1105,
            1135,
            1180,
            1181,
            1194,
            1195,
            1206,
            1429,
            1430,
            1815,
            1874,
            1881,
            4031,
        ),
        "dependency_down",
    ),
    1836: "dependency_down",
    1927: "dependency_down",  # connection killed
    1969: "timeout",  # max_statement_time
    3024: "timeout",
    1021: "dependency_down",
    1114: "dependency_down",
    1366: "invalid_input",
    1265: "invalid_input",
    2002: "dependency_down",
    2003: "dependency_down",
    2005: "dependency_down",
    2006: "dependency_down",
    2013: "dependency_down",
}
_UNSPECIFIC: Final = "HY000"
"""The SQLSTATE of most errors of MariaDB and MySQL; what is no trouble of the server's own is a wrong statement."""
_BY_SERVER: Final = (range(1000, 2000), range(3000, 10_000))
"""Numbers that a MariaDB or MySQL server gives; those of 2000 to 2999 are its client library's."""
_SQLITE: Final[Mapping[int, ErrorClass]] = {
    1: "invalid_input",
    3: "forbidden",
    5: "transient",  # busy
    6: "transient",  # locked
    8: "invalid_input",  # read only
    9: "timeout",  # interrupted
    10: "dependency_down",
    11: "dependency_down",
    13: "dependency_down",
    14: "dependency_down",
    18: "invalid_input",
    19: "conflict",
    20: "invalid_input",
    23: "forbidden",
    26: "dependency_down",
    275: "invalid_input",  # check
    1299: "invalid_input",  # not null
    1811: "invalid_input",  # RAISE of a trigger
}
"""An extended result code goes before its last eight bits."""

_TEXTS: Final[Sequence[tuple[re.Pattern[str], ErrorClass]]] = (
    (
        re.compile(r"authentication failed|no password supplied|no pg_hba\.conf entry|role .* does not exist"),
        "auth_expired",
    ),
    (re.compile(r"database .* does not exist"), "invalid_input"),
    (re.compile(r"too many clients|connection slots"), "throttled"),
)
"""libpq tells no SQLSTATE of a connection that is refused, only these words."""

_CLASSES: Final[Mapping[str, ErrorClass]] = {
    "ConnectionTimeout": "timeout",
    "TimeoutError": "throttled",  # SQLAlchemy: no free connection in the pool
    "UnicodeDecodeError": "invalid_output",
    "UnicodeEncodeError": "invalid_input",
    "OverflowError": "invalid_input",
    "OSError": "dependency_down",
    "InterruptException": "timeout",
    "IOException": "dependency_down",
    "ConstraintException": "conflict",
    "PermissionException": "forbidden",
    "TransactionException": "transient",
    "IntegrityError": "conflict",
    "DataError": "invalid_input",
    "ProgrammingError": "invalid_input",
    "NotSupportedError": "invalid_input",
    "InterfaceError": "dependency_down",
    "OperationalError": "dependency_down",
    "InternalError": "dependency_down",
    "DatabaseError": "dependency_down",
    "Error": "dependency_down",
}

_OTHERWISE: Final[ErrorClass] = "bug"

RETRYABLE: Final[frozenset[ErrorClass]] = frozenset({"transient", "throttled", "dependency_down"})
"""Classes after which the same statements may succeed within one call."""

_ABORTED: Final = ("40", "23")
_UNKNOWN_COMPLETION: Final = "40003"


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
        """The class that the tables give it: by its number, then its SQLSTATE, then the driver's own class."""
        if self.sqlite is not None:
            return _SQLITE.get(self.sqlite, _SQLITE.get(self.sqlite & 0xFF, "dependency_down"))
        found: ErrorClass | None = _NUMBERS.get(self.number or 0)
        if found is None and self.state is not None:
            found = _STATES.get(self.state) or _STATES.get(self.state[:2])
        if found is None and self.state is None:
            found = next((error_class for form, error_class in _TEXTS if form.search(self.text)), None)
        if found is not None:
            return found
        if self.state == _UNSPECIFIC and any((self.number or 0) in numbers for numbers in _BY_SERVER):
            return "invalid_input"
        return next((_CLASSES[kind] for kind in self.kinds if kind in _CLASSES), _OTHERWISE)

    @property
    def undid_commit(self) -> bool:
        """True when the database answered COMMIT with an error that means: rolled back."""
        return self.state is not None and self.state[:2] in _ABORTED and self.state != _UNKNOWN_COMPLETION


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

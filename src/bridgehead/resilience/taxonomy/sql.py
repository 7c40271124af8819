"""What SQL servers answer: SQLSTATE, the numbers of MariaDB and MySQL, SQLite's result codes, libpq's words.

``applied`` is what the sign says as the answer to COMMIT; a statement inside a transaction is rolled back anyway.
"""

from __future__ import annotations

from typing import Final

from bridgehead.resilience.taxonomy.row import Row, rows

_STATES: Final = "ISO/IEC 9075-2 section 24; PostgreSQL, appendix A"

ROWS: Final[tuple[Row, ...]] = (
    *rows(
        "sql", "sqlstate", _STATES,
        ("02", "not_found", None, "no data"),
        ("08", "dependency_down", None, "the connection failed"),
        ("0A", "invalid_input", None, "the database does not know this feature"),
        ("21 22", "invalid_input", None, "a value does not fit its column, or its calculation"),
        ("23", "conflict", False, "a constraint: the row is there already, or what it refers to is not"),
        ("23505", "conflict", False, "a row of this key is there already"),
        ("23503", "conflict", False, "what the row refers to is not there, or is still in use"),
        ("23502", "invalid_input", False, "a value is missing"),
        ("23514", "invalid_input", False, "a value breaks a check"),
        ("24", "dependency_down", None, "the cursor is in no state to be used"),
        ("25", "invalid_input", None, "the transaction is in no state for this"),
        ("25006", "invalid_input", None, "the transaction may only read: a read that writes, or a standby"),
        ("25P03", "timeout", None, "the transaction was idle for too long"),
        ("26 34", "transient", None, "what was prepared on the connection is gone"),
        ("28", "auth_expired", None, "user or password is wrong"),
        ("2D", "invalid_input", None, "the transaction cannot be ended here"),
        ("38 39 3B", "invalid_input", None, "a routine failed"),
        ("3D 3F", "invalid_input", None, "there is no such database or schema"),
        ("40", "transient", False, "the transaction was rolled back"),
        ("40001", "transient", False, "serialisation failed; the transaction may be run again"),
        ("40P01", "transient", False, "a deadlock; the transaction may be run again"),
        ("40002", "conflict", False, "a constraint, found at the end of the transaction"),
        ("40003", "transient", None, "nobody can say whether the statement was completed"),
        ("42", "invalid_input", None, "the statement is wrong"),
        ("42501", "forbidden", None, "the database user lacks a right"),
        ("44", "invalid_input", None, "the row does not fit the view it is written through"),
        ("45 P0", "invalid_input", None, "a procedure raised an error of its own"),
        ("P0002", "not_found", None, "a procedure found no row"),
        ("53", "dependency_down", None, "the server is short of disk or memory"),
        ("53300 53400", "throttled", None, "too many connections, or another configured limit"),
        ("54", "invalid_input", None, "a limit of the database's own: too long, too deep, too many columns"),
        ("55", "transient", None, "the object is in use or in no state for this"),
        ("55P03", "transient", None, "the lock is held by somebody else"),
        ("57", "dependency_down", None, "an operator intervened"),
        ("57014", "timeout", None, "the statement took too long, or was cancelled"),
        ("57P01 57P02 57P03", "dependency_down", None, "the server is stopping, has crashed or is starting"),
        ("58", "dependency_down", None, "the server's own disk or files fail"),
        ("70", "timeout", None, "the query was interrupted"),
        ("XX", "dependency_down", None, "the server found itself broken"),
    ),
    *rows(
        "sql", "number", "MariaDB and MySQL, error reference; their SQLSTATE is often HY000, so the number leads",
        ("1040 1203 1226 1637", "throttled", None, "too many connections, or open transactions"),
        ("1044 1142 1143 1227 1370", "forbidden", None, "the database user lacks a right"),
        ("1045 1698 1820 1862", "auth_expired", None, "user or password is wrong, or expired"),
        ("1048 1364", "invalid_input", None, "a value is missing"),
        ("1265 1366", "invalid_input", None, "a value does not fit its column"),
        ("3819 4025", "invalid_input", None, "a value breaks a check"),
        ("1053 1152 1158 1159 1160 1161 1927", "dependency_down", None, "the server ends the connection"),
        ("1205", "transient", None, "the lock is held by somebody else"),
        ("1213", "transient", None, "a deadlock; the transaction may be run again"),
        ("1020 1297 1412 1615", "transient", None, "the row or its table has changed under the statement"),
        ("3572", "transient", None, "the lock is held by somebody else (NOWAIT)"),
        ("1290 1836", "dependency_down", None, "the server takes no writes at the moment"),
        ("1317 1969 3024", "timeout", None, "the statement took too long, or was interrupted"),
        (
            ("1015 1016 1017 1018 1021 1023 1024 1026 1030 1036 1078 1079 1114 1180 1181 1194 1195 1429 1430 1815 1874 "
            "1881"),
            "dependency_down", None, "the server's files, tables or storage engine fail",
        ),
        ("1037 1038 1041 1105 1135 1206", "dependency_down", None, "the server is short of memory or threads"),
        ("4031", "dependency_down", None, "the server closed an idle connection"),
        ("2002 2003 2005", "dependency_down", False, "the client library reaches no server"),
        ("2006 2013", "dependency_down", None, "the connection was lost"),
    ),
    *rows(
        "sql", "sqlite", "SQLite, result codes; an extended one goes before its last eight bits",
        ("1 20", "invalid_input", None, "the statement is wrong"),
        ("3 23", "forbidden", None, "the file may not be used so"),
        ("5 6", "transient", None, "the file or the table is locked by somebody else"),
        ("8", "invalid_input", None, "the database is read-only"),
        ("9", "timeout", None, "the statement was interrupted"),
        ("10 11 13 14 26", "dependency_down", None, "the file cannot be read, is damaged or is no database"),
        ("18", "invalid_input", None, "a value is too large"),
        ("19", "conflict", None, "a constraint"),
        ("275", "invalid_input", None, "a value breaks a check"),
        ("1299", "invalid_input", None, "a value is missing"),
        ("1811", "invalid_input", None, "a trigger raised an error of its own"),
    ),
    *rows(
        "sql", "wording", "libpq, which tells no SQLSTATE of a connection that is refused",
        (
            r"authentication failed|no password supplied|no pg_hba\.conf entry|role .* does not exist",
            "auth_expired", False, "user or password is wrong",
        ),
        (r"database .* does not exist", "invalid_input", False, "there is no such database"),
        (r"too many clients|too many connections for|connection slots", "throttled", False, "too many connections"),
    ),
    *rows(
        "sql", "exception", "PEP 249, SQLAlchemy, psycopg and DuckDB, for an error that has no code",
        ("ConnectionTimeout", "timeout", False, "no connection in time"),
        ("TimeoutError", "throttled", False, "no free connection in the pool"),
        ("UnicodeDecodeError", "invalid_output", None, "a text that is not in the encoding it says it is"),
        ("UnicodeEncodeError OverflowError", "invalid_input", False, "a value that the driver cannot send"),
        ("OSError IOException", "dependency_down", None, "the file or the connection failed"),
        ("InterruptException", "timeout", None, "the statement took too long"),
        ("ConstraintException IntegrityError", "conflict", None, "a constraint"),
        ("PermissionException", "forbidden", None, "this may not be done"),
        ("TransactionException", "transient", None, "the transaction was broken off"),
        ("DataError ProgrammingError NotSupportedError", "invalid_input", None, "the statement or a value is wrong"),
        (
            "InterfaceError OperationalError InternalError DatabaseError Error",
            "dependency_down", None, "the driver or the server failed",
        ),
    ),
    *rows(
        "sql", "condition", "MariaDB and MySQL give HY000 for most errors, those of wrong statements among them",
        ("HY000", "invalid_input", None, "an error of the server without a row of its own"),
    ),
)  # fmt: skip

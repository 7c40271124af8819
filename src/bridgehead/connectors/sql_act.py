"""One action over one connection: its statements in one transaction, and what is surely known when it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridgehead.connectors.document_action import ActionPart, StatementPart
from bridgehead.connectors.fill import fill, plain
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.ports import Answer, Raw, Values
from bridgehead.connectors.sql_binding import read_row, render
from bridgehead.connectors.sql_classify import Said, SqlErrors, is_lost
from bridgehead.connectors.sql_pool import Over, Pool, Work
from bridgehead.connectors.sql_servers import Server
from bridgehead.connectors.sql_statement import Statement, parse_change
from bridgehead.errors import ErrorClass, Failed, UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

MOST_ROWS: Final = 1_000
"""Rows that one statement of an action may answer with."""

_GIVEN: Final = frozenset({"item", "number", "effect_key", "version", "before"})


@dataclass(frozen=True, slots=True)
class Writer:
    """An action whose statements were checked. Made once, used for every call."""

    connector: str
    action: ActionPart
    statements: tuple[tuple[StatementPart, Statement], ...]

    @classmethod
    def of(cls, connector: str, name: str, action: ActionPart) -> Writer:
        """Checks an action; raises UserError ``connector.sql`` for what cannot stand in a transaction."""
        what = f"connector {connector}: action {name}"
        if not action.sql or action.then:
            raise UserError(
                f"{what} is made of requests, or of nothing",
                code="connector.sql",
                hint="List its statements under sql:.",
            )
        known = {*action.params, *action.let, *_GIVEN}
        taken = False
        parsed: list[tuple[StatementPart, Statement]] = []
        for part in action.sql:
            statement = parse_change(part.sql, what)
            own = known | set(part.with_)
            for bind in statement.binds:
                # Columns that were taken before have names of their own, known when they come.
                if not taken and bind.split(".")[0] not in own:
                    raise UserError(
                        f"{what}: :{bind} is no argument", code="connector.sql",
                        hint=f"Known here: {', '.join(sorted(own))}.",
                    )  # fmt: skip
            if part.take and part.each is not None:
                raise UserError(f"{what}: take and each do not go together", code="connector.sql")
            taken = taken or part.take
            parsed.append((part, statement))
        return cls(connector, action, tuple(parsed))

    @property
    def stays_open(self) -> bool:
        """True when no statement can end the transaction it runs in."""
        return all(statement.stays_open for _, statement in self.statements)

    def run(self, work: Work, pool: Pool, errors: SqlErrors, values: Values, timeout_s: float) -> Answer:
        """Runs all statements in one transaction and commits it; raises Failed, with ``applied`` as far as it is known.

        ``applied`` is False when the transaction surely left nothing: it was not begun, the database
        rolled it back, or the connection ended before COMMIT was sent, and no statement could have
        committed by itself. It is None when COMMIT was sent and not answered.
        """
        with pool.connection(work, errors, values) as connection:
            try:
                # What a lost connection leaves behind can be known only beforehand.
                sure = (self.stays_open or not pool.server.ends_itself) and pool.all_transactional(connection)
                pool.server.begin_change(connection, timeout_s)
                if not self.stays_open:
                    pool.server.mark(connection)
            except Exception as error:
                raise errors.of(error, connection, work, values, applied=False) from error
            work.safe = sure
            try:
                answer = self._statements(work, connection, pool.server, values)
                work.commit()
            except Exception as error:
                applied = self._roll_back(work, connection, pool.server, error, sure=sure)
                raise errors.of(error, connection, work, values, applied=applied) from error
            try:
                connection.commit()
            except Exception as error:
                undone = Said.of(error).undid_commit and self.stays_open
                connection.invalidate()
                raise errors.of(error, connection, work, values, applied=False if undone else None) from error
            return answer

    def _roll_back(
        self, work: Work, connection: Connection, server: Server, error: Exception, *, sure: bool
    ) -> bool | None:
        """Rolls back; returns False when surely nothing is left, else None."""
        if not work.over and not is_lost(error, connection):
            try:
                whole = self.stays_open or server.unbroken(connection)
                nothing_left = server.roll_back(connection) and whole
            except Exception:  # noqa: BLE001 - whatever a driver raises: the connection is lost
                sure = sure and self.stays_open
            else:
                work.clean = True
                return False if nothing_left else None
        connection.invalidate()
        return False if sure else None

    def _statements(self, work: Work, connection: Connection, server: Server, values: Values) -> Answer:
        known: dict[str, object] = dict(values)
        taken: dict[str, object] = {}
        rows: Sequence[Raw] = ()
        for part, statement in self.statements:
            for entry in self._entries(part, known):
                own = {**known, **entry}
                own |= {name: fill(template, own) for name, template in part.with_.items()}
                self._check_known(statement, own)
                found, changed = _execute(connection, statement, own, server)
                if work.over:
                    raise Over
                if part.rows is not None and part.rows != (len(found) if found is not None else changed):
                    raise self._failed(
                        f"a statement touched {len(found) if found is not None else changed} rows and not {part.rows}",
                        "conflict",
                    )
                rows = found if found is not None and not taken else rows
                if part.take:
                    if not found:
                        raise self._failed("a statement whose row is needed brought none", "not_found")
                    taken |= found[0]
                    known |= found[0]
        return Answer(rows=(taken,) if taken else rows, body=plain(taken) if taken else None)

    def _entries(self, part: StatementPart, known: Mapping[str, object]) -> list[dict[str, object]]:
        if part.each is None:
            return [{}]
        entries = find(known, part.each)
        if entries is MISSING or entries is None:
            return []
        if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
            raise self._failed(f"{part.each} is no list", "invalid_input")
        return [{"item": entry, "number": number} for number, entry in enumerate(entries, 1)]

    def _check_known(self, statement: Statement, known: Mapping[str, object]) -> None:
        for bind in statement.binds:
            first = bind.split(".")[0]
            if first not in known and first not in self.action.params and first not in _GIVEN:
                raise self._failed(f"nothing is called {bind}, neither an argument nor a column taken", "invalid_input")

    def _failed(self, text: str, error_class: ErrorClass) -> Failed:
        return Failed(f"{self.connector}: {text}", error_class=error_class, connector=self.connector)


def _execute(
    connection: Connection, statement: Statement, values: Mapping[str, object], server: Server
) -> tuple[list[Raw] | None, int]:
    """Returns the rows of a statement's first result (None where it has none) and how many it changed.

    Every further result is read too: an error may stand in the last one (a procedure's).
    """
    sql, parameters = render(statement, values, style=connection.dialect.paramstyle, driver=server.value)
    raw = connection.connection.cursor()
    try:
        raw.execute(sql, parameters)
        changed = raw.rowcount
        found = _fetched(raw)
        while callable(more := getattr(raw, "nextset", None)) and more():
            further = _fetched(raw)
            found = further if found is None else found
    finally:
        raw.close()
    return found, changed


def _fetched(cursor: DBAPICursor) -> list[Raw] | None:
    if not cursor.description:
        return None
    names = [str(column[0]) for column in cursor.description]
    rows = cursor.fetchmany(MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise Failed(
            f"a statement of an action brought more than {MOST_ROWS} rows", error_class="invalid_output",
            hint="Read lists by a read.",
        )  # fmt: skip
    return [read_row(names, row) for row in rows]

"""One read over one connection: one read-only transaction, page after page, every row or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bridgehead.connectors.document_entity import EntityPart, KeysetPaging, NumberPaging, ReadPart
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.ports import Raw, Values
from bridgehead.connectors.sql_binding import read_row, render
from bridgehead.connectors.sql_pool import Over, Work
from bridgehead.connectors.sql_servers import Server
from bridgehead.connectors.sql_statement import Statement, parse_read
from bridgehead.errors import Failed, UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

AT_ONCE: Final = 1_000
"""Rows that are fetched in one go."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A read whose SELECT was checked. Made once, used for every call."""

    connector: str
    read: ReadPart
    statement: Statement
    most_rows: int
    keyset: str | None = None

    @classmethod
    def of(cls, connector: str, entity: EntityPart, name: str, read: ReadPart, *, most_rows: int) -> Reader:
        """Checks a read; raises UserError ``connector.sql`` when it is no single SELECT or pages as SQL cannot."""
        what = f"connector {connector}: read {name}"
        if read.sql is None:
            raise UserError(f"{what} has no sql", code="connector.sql", hint="Write one SELECT under sql:.")
        statement = parse_read(read.sql, what)
        paging = read.paging
        keyset = None
        if paging is not None:
            if paging.cursor is not None or paging.link is not None or paging.page is not None:
                raise UserError(f"{what}: SQL is paged by keyset or offset", code="connector.sql")
            number: KeysetPaging | NumberPaging | None = paging.keyset or paging.offset
            if number is not None and number.param not in statement.binds:
                raise UserError(
                    f"{what}: paging needs :{number.param} in the SELECT", code="connector.sql",
                    hint="Such as: WHERE (:after IS NULL OR id > :after) ORDER BY id LIMIT :size",
                )  # fmt: skip
            if paging.keyset is not None:
                keyset = _column(entity, paging.keyset.field, what)
        complete = read.complete
        marks = () if complete is None else (complete.count_header, complete.end, complete.more, complete.whole)
        if complete is not None and (complete.count is None or any(marks)):
            raise UserError(
                f"{what}: SQL proves that it is complete by complete.count, a column", code="connector.sql",
                hint="Such as COUNT(*) OVER () AS total in the SELECT, and complete: {count: total}.",
            )  # fmt: skip
        _check_names(statement, read, what)
        return cls(connector, read, statement, most_rows, keyset)

    def rows(self, work: Work, connection: Connection, server: Server, values: Values) -> Found:
        """Returns every row; raises what the driver raises, and Failed ``invalid_output`` for what is no answer."""
        lists = [self._pages(work, connection, server, one) for one in self._each(values)]
        totals = [one.total for one in lists if one.total is not None]
        return Found([row for one in lists for row in one.rows], sum(totals) if totals else None)

    def _each(self, values: Values) -> Iterator[Mapping[str, object]]:
        name = self.read.each
        if name is None:
            yield values
            return
        entries = values.get(name)
        for entry in entries if isinstance(entries, list | tuple) else () if entries is None else (entries,):
            yield {**values, name: entry}

    def _pages(self, work: Work, connection: Connection, server: Server, values: Mapping[str, object]) -> Found:
        paging = self.read.paging
        number: KeysetPaging | NumberPaging | None = None if paging is None else paging.keyset or paging.offset
        if paging is None or number is None:
            return self._page(work, connection, server, values, room=self.most_rows)
        rows: list[Raw] = []
        total: int | None = None
        asked: dict[str, object] = {"size": number.size, **values}
        if isinstance(number, NumberPaging):
            asked[number.param] = number.start or 0
        for turn in range(paging.at_most):
            page = self._page(work, connection, server, asked, room=self.most_rows - len(rows))
            rows.extend(page.rows)
            # A count over what is left shrinks from page to page: the first one counts all.
            total = page.total if turn == 0 else total
            if len(page.rows) < number.size:
                return Found(rows, total)
            asked = {**asked, number.param: self._beyond(number, asked.get(number.param), page)}
        raise self._unfit(f"there are more than {paging.at_most} pages")

    def _beyond(self, number: KeysetPaging | NumberPaging, before: object, page: Found) -> object:
        if isinstance(number, NumberPaging):
            return (before if isinstance(before, int) else 0) + len(page.rows)
        last = find(page.rows[-1], self.keyset or "")
        if last is MISSING or last is None:
            raise self._unfit(f"the last row of a page has no {self.keyset}")
        if last == before:
            raise self._unfit(
                f"the page after {self.keyset} brings the same rows again: it must go beyond :{number.param}"
            )
        return last

    def _page(
        self, work: Work, connection: Connection, server: Server, values: Mapping[str, object], *, room: int
    ) -> Found:
        sql, parameters = render(self.statement, values, style=connection.dialect.paramstyle, driver=server.value)
        found = Found()
        for names, rows in server.batches(connection, sql, parameters, min(AT_ONCE, room + 1)):
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise self._unfit(f"two columns are called {twice}", hint="Give one of them another name: … AS name.")
            found.rows.extend(read_row(names, row) for row in rows)
            if work.over:
                raise Over
            if len(found.rows) > room:
                raise self._unfit(
                    f"there are more than {self.most_rows} rows", hint="Ask for fewer; nothing is cut off silently."
                )
        count = self.read.complete.count if self.read.complete is not None else None
        if count is not None:
            found.total = self._total(count, found)
        return found

    def _total(self, column: str, found: Found) -> int:
        if not found.rows:
            return 0
        value = find(found.rows[0], column)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._unfit(f"the column {column} holds no count")
        return value

    def _unfit(self, text: str, *, hint: str = "") -> Failed:
        return Failed(
            f"{self.connector}: {text}",
            error_class="invalid_output",
            applied=False,
            hint=hint,
            connector=self.connector,
        )


@dataclass(slots=True)
class Found:
    """Rows, and how many there are as the database counts them."""

    rows: list[Raw] = field(default_factory=list)
    total: int | None = None


def _column(entity: EntityPart, field_name: str, what: str) -> str:
    part = entity.fields.get(field_name)
    if part is None or isinstance(part.from_, list):
        raise UserError(
            f"{what}: paging.keyset.field {field_name} is no field with one column", code="connector.sql",
            hint="Name a field of the entity that the SELECT is ordered by.",
        )  # fmt: skip
    return part.from_ or field_name


def _check_names(statement: Statement, read: ReadPart, what: str) -> None:
    known = set(read.params)
    if read.paging is not None:
        known |= {"size"} | {part.param for part in (read.paging.keyset, read.paging.offset) if part is not None}
    for name in statement.binds:
        if name.split(".")[0] not in known:
            raise UserError(
                f"{what}: :{name} is no argument", code="connector.sql",
                hint=f"Known here: {', '.join(sorted(known)) or 'none'}.",
            )  # fmt: skip

"""Reads what a database says of itself, and some rows of each table, and proposes a specification. Never writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bridgehead.connectors.proposing.draft import Ask, Draft, Noted, nobody, one_line
from bridgehead.connectors.proposing.samples import Column
from bridgehead.connectors.proposing.tables import Reference, Table, propose_tables
from bridgehead.connectors.sql_pool import DRIVERS
from bridgehead.connectors.sql_servers import Server, Times, server_of
from bridgehead.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine, Inspector

SAMPLE: Final = 100
"""Rows looked at from each end of a table: old rows are the odd ones."""
_FEW: Final = 30
_STATEMENT_S: Final = 20.0
_SECRET: Final = re.compile(r"pass|secret|token|pwd|key", re.IGNORECASE)
_ODD: Final = re.compile(r"[\x00-\x1f:\\{}]")


def propose_database(name: str, url: str, *, tables: Sequence[str] = (), ask: Ask = nobody) -> Draft:
    """Returns the draft of an sql connector.

    Raises UserError: ``connector.url``, ``connector.extra``, ``connector.database`` when the database
    does not answer, ``init.tables`` when there are many tables and none is named, or one is unknown.
    """
    parsed, server = _parsed(url)
    draft = Draft(name, {}, ask)
    with _connected(parsed, server) as connection:
        from sqlalchemy import inspect

        inspector = inspect(connection)
        chosen = _chosen(inspector, tables, draft)
        found = [one for table in chosen if (one := _table(connection, inspector, table, draft)) is not None]
        quote = connection.dialect.identifier_preparer.quote
        draft.tree |= {"connector": name, "kind": "sql", "connection": {"url": _shown(parsed, draft), "timeout": "10s"}}
        if parsed.username and not server.files:
            draft.tree["auth"] = {
                "basic": {
                    "user": parsed.username,
                    "password": draft.variable("password", f"the password of {parsed.username}"),
                }
            }  # fmt: skip
        bound, notes = draft.question("How many connections does the database bear?", (), "4")
        draft.tree["limits"] = Noted({"concurrency": int(bound) if bound.isdecimal() else 4}, notes)
        propose_tables(draft, found, quote=quote)
        _procedures(connection, draft)
    if not draft.tree["entities"]:
        raise UserError(
            "no table that can be read as records was found", code="init.tables", hint="Name a table by --table."
        )
    return draft


def _parsed(text: str) -> tuple[URL, Server]:
    try:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise UserError(
            "a database needs SQLAlchemy", code="connector.extra", hint="Install it: pip install 'bridgehead[sql]'"
        ) from error
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        # The text may hold a password; neither it nor the parser's own words are shown.
        raise UserError(
            "this is no database URL", code="connector.url",
            hint="Write it as mariadb://USER:PASSWORD@HOST:PORT/DATABASE, postgresql://…, sqlite:///FILE or duckdb:///FILE.",
        ) from None  # fmt: skip
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    server = server_of(url.get_backend_name())
    if server.files:
        path = Path(url.database or "")
        if not url.database or not path.is_file():
            raise UserError(f"there is no file {url.database}", code="connector.url", hint="Name the database's file.")
        url = url.set(database=str(path.resolve()))
    return url, server


def _shown(url: URL, draft: Draft) -> object:
    """Returns the URL without user, password and whatever else may be secret."""
    query = {name: value for name, value in url.query.items() if not _SECRET.search(name)}
    if len(query) < len(url.query):
        draft.gaps.append("parts of the URL that may be secrets: give them by tls or auth")
    bare = url._replace(username=None, password=None, query=query)  # type: ignore[arg-type]  # a dict is a mapping
    return Noted(
        bare.render_as_string(hide_password=True),
        (f"or env:{draft.name.upper()}_URL, so that one file serves test and production",),
    )


@contextmanager
def _connected(url: URL, server: Server) -> Iterator[Connection]:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        arguments = server.arguments(url.get_driver_name(), Times(5.0, _STATEMENT_S), None, Path())
        engine: Engine = create_engine(url, connect_args=arguments, poolclass=NullPool, hide_parameters=True)
    except (ImportError, NoSuchModuleError) as error:
        raise UserError(
            f"{url.drivername} needs a driver that is not installed", code="connector.extra",
            hint="pymysql and SQLAlchemy come with pip install 'bridgehead[sql]'.",
        ) from error  # fmt: skip
    try:
        with engine.connect() as connection:
            server.begin_read(connection, _STATEMENT_S)
            yield connection
    except SQLAlchemyError as error:
        told = one_line(getattr(error, "orig", None) or type(error).__name__, 160)
        if url.password:
            told = told.replace(str(url.password), "(secret)")
        raise UserError(
            f"the database cannot be read: {told}", code="connector.database",
            hint="Check host, port, user and password; the user needs to read the tables and nothing more.",
        ) from None  # fmt: skip
    finally:
        engine.dispose()


def _chosen(inspector: Inspector, wanted: Sequence[str], draft: Draft) -> list[tuple[str | None, str]]:
    tables, views = inspector.get_table_names(), inspector.get_view_names()
    if not wanted:
        if len(tables) > _FEW:
            answer, _ = draft.question(f"Which of {len(tables)} tables? ({', '.join(tables)})", (), "")
            wanted = answer.replace(",", " ").split()
            if not wanted:
                raise UserError(
                    f"there are {len(tables)} tables: {', '.join(one_line(one, 60) for one in tables)}",
                    code="init.tables", hint="Say which: --table NAME, several times.",
                )  # fmt: skip
        else:
            draft.gaps += [f"view {one_line(one, 80)}: name it by --table" for one in views]
            return [(None, one) for one in tables]
    found: list[tuple[str | None, str]] = []
    known = {one.lower(): one for one in [*views, *tables]}
    for one in wanted:
        schema, dot, bare = one.rpartition(".")
        if dot and inspector.has_table(bare, schema=schema):
            found.append((schema, bare))
        elif one.lower() in known:
            found.append((None, known[one.lower()]))
        else:
            from bridgehead.spec.problem import nearest

            raise UserError(f"there is no table {one}", code="init.tables", hint=nearest(one, list(known.values())))
    return found


def _table(connection: Connection, inspector: Inspector, at: tuple[str | None, str], draft: Draft) -> Table | None:
    from sqlalchemy import types

    schema, name = at
    prepare = connection.dialect.identifier_preparer
    source = prepare.quote(name) if schema is None else f"{prepare.quote_schema(schema)}.{prepare.quote(name)}"
    described = inspector.get_columns(name, schema=schema)
    usable: list[Any] = []
    for one in described:
        told = f"{one_line(name, 60)}.{one_line(one['name'], 60)}"
        if _ODD.search(one["name"]) or not one["name"].strip() or ".." in one["name"] or one["name"].startswith("."):
            draft.gaps.append(f"{told}: no path can hold its name")
        elif isinstance(one["type"], types.LargeBinary) and not isinstance(one["type"], types.VARBINARY | types.BINARY):
            draft.gaps.append(f"{told}: binary")
        else:
            usable.append(one)
    if not usable or _ODD.search(name):
        draft.gaps.append(f"{one_line(name, 80)}: nothing of it can be read")
        return None
    key = tuple(inspector.get_pk_constraint(name, schema=schema).get("constrained_columns") or ())
    names = [one["name"] for one in usable]
    key = key if set(key) <= set(names) else ()
    rows = _sample(connection, (schema, name), names, key)
    columns = [
        Column(
            name=one["name"], kind=_kind(one["type"]), nullable=bool(one.get("nullable", True)),
            length=getattr(one["type"], "length", None),
            default=None if one.get("default") is None else str(one["default"]),
            values=tuple(row[number] for row in rows),
        )
        for number, one in enumerate(usable)
    ]  # fmt: skip
    found = Table(name, columns, key=key, rows=_count(connection, (schema, name)), source=source)
    found.unique = [
        tuple(one["column_names"])
        for one in inspector.get_unique_constraints(name, schema=schema)
        if set(one["column_names"]) <= set(names)
    ]
    found.references = [
        Reference(tuple(one["constrained_columns"]), str(one["referred_table"]), tuple(one["referred_columns"]))
        for one in inspector.get_foreign_keys(name, schema=schema)
        if set(one["constrained_columns"]) <= set(names)
    ]
    for index in inspector.get_indexes(name, schema=schema):
        by = [str(column) for column in index["column_names"] if column is not None]
        if index.get("unique") and set(by) <= set(names):
            found.unique.append(tuple(by))
        elif len(by) == 1 and by[0] in names:
            found.indexed.append(by[0])
    return found


def _kind(declared: object) -> str:
    from sqlalchemy import types
    from sqlalchemy.dialects import mysql

    if isinstance(declared, mysql.TINYINT) and declared.display_width == 1:
        return "boolean"
    for form, kind in (
        (types.Boolean, "boolean"), (types.Integer, "integer"), (types.Numeric, "decimal"),
        (types.DateTime, "datetime"), (types.Date, "date"), (types.Time, "time"), (types.String, "text"),
        (types.LargeBinary, "bytes"), (types.Uuid, "text"),
    ):  # fmt: skip
        if isinstance(declared, form):
            return kind
    return "other"


def _sample(
    connection: Connection, at: tuple[str | None, str], names: Sequence[str], key: tuple[str, ...]
) -> list[Sequence[object]]:
    """Returns the first and the last rows by the key, in the driver's own types, as the connector will see them."""
    import sqlalchemy as sa

    table = sa.table(at[1], *(sa.column(name) for name in names), schema=at[0])
    ends: list[list[Any]] = [[], [sa.desc(sa.column(name)) for name in key]] if key else [[]]
    found: dict[str, Sequence[object]] = {}
    for order in ends:
        forward = [sa.column(name) for name in key] if key and not order else order
        statement = sa.select(*(table.c[name] for name in names)).order_by(*forward).limit(SAMPLE)
        text = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        for row in connection.exec_driver_sql(text):
            found.setdefault(repr(tuple(row)), tuple(row))
    return list(found.values())


def _count(connection: Connection, at: tuple[str | None, str]) -> int | None:
    import sqlalchemy as sa

    statement = sa.select(sa.func.count()).select_from(sa.table(at[1], schema=at[0]))
    return int(connection.execute(statement).scalar_one())


def _procedures(connection: Connection, draft: Draft) -> None:
    """Names the procedures as actions that could be written; what they do, no schema says."""
    import sqlalchemy as sa

    if connection.dialect.name not in {"mysql", "mariadb", "postgresql"}:
        return
    here = sa.func.current_schema() if connection.dialect.name == "postgresql" else sa.func.database()
    names = ("routine_name", "routine_schema", "routine_type", "specific_name")
    routines = sa.table("routines", *map(sa.column, names), schema="information_schema")
    taken = ("specific_schema", "specific_name", "parameter_mode", "parameter_name", "data_type", "ordinal_position")
    given_ = sa.table("parameters", *map(sa.column, taken), schema="information_schema")
    same = sa.and_(
        given_.c.specific_schema == routines.c.routine_schema, given_.c.specific_name == routines.c.specific_name
    )
    rows = connection.execute(
        sa.select(routines.c.routine_name, given_.c.parameter_mode, given_.c.parameter_name, given_.c.data_type)
        .select_from(routines.outerjoin(given_, same))
        .where(routines.c.routine_schema == here, routines.c.routine_type == "PROCEDURE")
        .order_by(routines.c.routine_name, given_.c.ordinal_position)
    )
    found: dict[str, list[tuple[str, str, str]]] = {}
    for routine, mode, parameter, kind in rows:
        given = found.setdefault(str(routine), [])
        if parameter is not None:
            given.append((str(mode or "IN"), str(parameter), str(kind)))
    for routine, given in found.items():
        takes = ", ".join(f"{name.lower()}: {_argument(kind)}" for mode, name, kind in given if mode != "OUT")
        binds = ", ".join("@out" if mode == "OUT" else f":{name.lower()}" for mode, name, _ in given)
        draft.gaps.append(
            f"procedure {one_line(routine, 60)}, as an action: {{params: {{{one_line(takes, 300)}}}, "
            f"sql: [{{sql: CALL {one_line(routine, 60)}({one_line(binds, 300)})}}]}}, "
            "with effect, lookup (how it is seen that it happened) and result"
        )


def _argument(kind: str) -> str:
    lowered = kind.lower()
    if "int" in lowered:
        return "integer"
    if lowered in {"decimal", "numeric", "double", "float"}:
        return "decimal"
    return "date" if lowered == "date" else "text" if "text" in lowered else "code"

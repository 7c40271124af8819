"""``connector init``: proposes the specification of a system from what the system says of itself."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.output import clean, note

if TYPE_CHECKING:
    from bridgehead.connectors.proposing.draft import Ask, Draft, Question

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PASSWORD: Final = re.compile(r"^[a-z+0-9]+://[^/@:]*:[^/@]+@", re.IGNORECASE)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("init", epilog="Example: bridgehead connector init erp --openapi https://erp.example.com/openapi.json")(
        init
    )


def init(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The connector's name: lower-case letters, digits and _.")
    ],
    openapi: Annotated[
        str | None,
        typer.Option("--openapi", metavar="URL|FILE", help="From an OpenAPI 3 document: its address or file."),
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="From a database: an SQLAlchemy URL, best env:NAME.")
    ] = None,
    mail: Annotated[
        str | None, typer.Option("--mail", metavar="URL", help="From a mailbox: imaps://HOST, imap://HOST:PORT.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: NAME.yaml in this folder.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", metavar="NAME", help="With --database: only this table; repeatable.")
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option("--path", metavar="/PATH", help="With --openapi: only paths that begin so; repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; the file says what was not asked.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Propose the specification of a system.

    Guesses are marked '# guessed' with what they rest on, and what cannot be known '# ASK' with the
    answers that are possible; on a terminal you are asked. The file loads as it is: go on with
    'bridgehead connector try FILE'. Nothing is written to the system, and no secret to the file.
    """
    from bridgehead.errors import UserError

    sources = [one for one in (openapi, database, mail) if one is not None]
    if len(sources) != 1:
        raise UserError(
            "say where to start from", code="init.source", hint="Give one of --openapi, --database and --mail."
        )
    if _NAME.fullmatch(name) is None:
        raise UserError(
            f"{name!r} is no connector's name", code="init.name", hint="Use lower-case letters, digits and _."
        )
    file = out or Path(f"{name}.yaml")
    if file.exists() and not force:
        raise UserError(f"{file} exists", code="init.exists", hint="Say --force to overwrite it, or --out FILE.")
    source = _given(sources[0])
    ask = _nobody if yes or not sys.stdin.isatty() else _ask
    if openapi is not None:
        draft = _from_openapi(name, source, ask, tuple(path or ()))
    elif database is not None:
        draft = _from_database(name, source, ask, tuple(table or ()))
    else:
        draft = _from_mail(name, source, ask)
    _write(draft, file)


def _given(source: str) -> str:
    from bridgehead.errors import UserError

    if source.startswith("env:"):
        value = os.environ.get(source[4:].strip(), "").strip()
        if not value:
            raise UserError(
                f"the environment holds no {source[4:]}", code="connector.setting", hint=f"Set {source[4:]} first."
            )
        return value
    if _PASSWORD.match(source):
        note("warning: a password on a command line is seen by every user of this machine (ps); write env:NAME instead")
    return source


def _nobody(_: Question) -> str | None:
    return None


def _ask(question: Question) -> str | None:
    """Asks a person on the terminal; an empty line leaves the question open."""
    note(question.text)
    if question.options:
        for number, option in enumerate(question.options, 1):
            note(f"  {number}  {option}")
    while True:
        said = str(typer.prompt(f"  {clean(question.default)} unless you say (or ? to leave it open)",
                                default=question.default, show_default=False)).strip()  # fmt: skip
        if said == "?":
            return None
        if not question.options or said in question.options:
            return said
        if said.isdecimal() and 1 <= int(said) <= len(question.options):
            return question.options[int(said) - 1]
        note("  that is none of them")


def _from_openapi(name: str, source: str, ask: Ask, only: tuple[str, ...]) -> Draft:
    from bridgehead.connectors.proposing.fetching import fetch
    from bridgehead.connectors.proposing.openapi import propose_openapi
    from bridgehead.connectors.proposing.openapi_document import parse_document

    data, where = opening.run(fetch(source))
    return propose_openapi(parse_document(data), name=name, source=where, ask=ask, only=only)


def _from_database(name: str, url: str, ask: Ask, tables: tuple[str, ...]) -> Draft:
    from bridgehead.connectors.proposing.database import propose_database

    return propose_database(name, url, tables=tables, ask=ask)


def _from_mail(name: str, url: str, ask: Ask) -> Draft:
    from bridgehead.connectors.proposing.mailbox import ask_server, propose_mailbox

    return propose_mailbox(name, ask_server(url), ask=ask)


def _write(draft: Draft, file: Path) -> None:
    """Writes the file once it is known to load; a proposal that does not is a fault of ours and is kept aside."""
    from bridgehead.connectors.load import load_specification

    aside = file.with_name(f".{file.name}.proposed")
    aside.write_text(draft.yaml(), encoding="utf-8")
    try:
        spec = load_specification(aside)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    reads = sum(len(one.reads) for one in spec.entities.values())
    print(f"wrote {clean(str(file))}: {len(spec.entities)} entities, {reads} reads, {len(spec.actions)} actions")
    print(f"{draft.guesses} guesses and {draft.open_questions} open questions: look for '# guessed' and '# ASK'")
    if draft.gaps:
        note(f"{len(draft.gaps)} remarks on what was left out stand at the end of the file")
    if draft.settings:
        print("Set before it is used:")
        for variable, holds in draft.settings.items():
            print(f"  {clean(variable)}  {clean(holds)}")
    print("Next:")
    print(f"  bridgehead connector try {clean(str(file))}")

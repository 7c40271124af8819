"""``crosswalk``: what names of theirs mean here, confirmed by people: list, set, retire."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, FolderArgument, person
from bridgehead.cli.output import clean, minute, print_json
from bridgehead.cli.output import table as output_table

group = typer.Typer(
    no_args_is_help=True,
    help="What names of theirs mean here: a customer's part number, a unit, a country. Confirmed once, by a person.",
)

Table = Annotated[str, typer.Argument(metavar="TABLE", help="The table of names, as the agent calls it.")]
Value = Annotated[str, typer.Argument(metavar="NAME", help="The name as they write it.")]
Scope = Annotated[str, typer.Option("--scope", metavar="WHOSE", help="Whose name it is, such as a customer's number.")]


def register(app: typer.Typer) -> None:
    """Adds the group."""
    app.add_typer(group, name="crosswalk")


@group.command("list", epilog="Example: bridgehead crosswalk list orders parts --json")
def list_(
    deployment: FolderArgument,
    table: Annotated[str | None, typer.Argument(metavar="[TABLE]", help="One table of names; default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the meanings in force, with who confirmed each and when."""
    opening.run(_list(deployment, table, as_json=as_json))


@group.command("set", epilog="Example: bridgehead crosswalk set orders parts 4711-B A-100 --scope K-17 --by pat")
def set_(
    deployment: FolderArgument,
    table: Table,
    value: Value,
    target: Annotated[str, typer.Argument(metavar="MEANS", help="What it means here.")],
    scope: Scope = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Confirm a meaning by hand, by name and on the record; one that stands already is not replaced."""
    opening.run(_set(deployment, table, value, target, scope, person(by), as_json=as_json))


@group.command(epilog="Example: bridgehead crosswalk retire orders parts 4711-B --scope K-17 --by pat")
def retire(
    deployment: FolderArgument, table: Table, value: Value, scope: Scope = "", by: By = None, as_json: AsJson = False
) -> None:
    """Take a meaning out of force; the next case that meets the name asks a person again."""
    opening.run(_retire(deployment, table, value, scope, person(by), as_json=as_json))


async def _list(folder: Path, table: str | None, *, as_json: bool) -> None:
    name = opening.load_spec(folder).name
    async with opening.opened() as app:
        entries = await app.crosswalks.listed(name, table)
    if as_json:
        print_json([{**asdict(entry), "confirmed_at": entry.confirmed_at.isoformat()} for entry in entries])
        return
    rows = [
        [one.name, one.scope, one.value, one.target, f"{one.confirmed_by}, {minute(one.confirmed_at)}"]
        for one in entries
    ]
    empty = f"{name}: no name has been confirmed" + (f" in {table}." if table else ".")
    output_table(["table", "whose", "name", "means", "confirmed"], rows, empty=empty)


async def _set(folder: Path, table: str, value: str, target: str, scope: str, by: str, *, as_json: bool) -> None:
    from bridgehead.errors import UserError

    name = opening.load_spec(folder).name
    async with opening.opened(makes=True) as app:
        entry = await app.crosswalks.confirm(name, table, scope, value, target, by=by)
    if entry.target != target:
        raise UserError(
            f"{value!r} means {entry.target!r} already: {entry.confirmed_by} confirmed it on"
            f" {entry.confirmed_at:%Y-%m-%d}",
            code="crosswalk.taken",
            hint="Retire it first: bridgehead crosswalk retire …",
        )
    if as_json:
        print_json({**asdict(entry), "confirmed_at": entry.confirmed_at.isoformat()})
        return
    print(f"{clean(entry.value)} means {clean(entry.target)} in {clean(table)}, by {clean(entry.confirmed_by)}.")


async def _retire(folder: Path, table: str, value: str, scope: str, by: str, *, as_json: bool) -> None:
    from bridgehead.errors import UserError

    name = opening.load_spec(folder).name
    async with opening.opened() as app:
        entry = await app.crosswalks.retire(name, table, scope, value, by=by)
    if entry is None:
        raise UserError(
            f"nobody has confirmed {value!r} in {table}" + (f" for {scope}" if scope else ""),
            code="crosswalk.missing",
            hint="See what there is: bridgehead crosswalk list …",
        )
    if as_json:
        print_json({**asdict(entry), "confirmed_at": entry.confirmed_at.isoformat()})
        return
    print(f"{clean(entry.value)} means {clean(entry.target)} no longer; the next case asks again.")

"""``ledger``: proves that the record is as it was written, and exports what later proves it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.exits import Exit
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import clean, note, print_json

if TYPE_CHECKING:
    from bridgehead.ledger.verify import Verification


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    ledger = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prove the record, and export its heads.")
    ledger.command(epilog="Example: bridgehead ledger verify --heads heads-2026-11.jsonl")(verify)
    ledger.command(epilog="Example: bridgehead ledger export heads-2026-11.jsonl")(export)
    app.add_typer(ledger, name="ledger")


def verify(
    heads: Annotated[
        Path | None, typer.Option("--heads", metavar="FILE", help="Compare with heads that were exported earlier.")
    ] = None,
    payloads: Annotated[
        bool,
        typer.Option(
            "--payloads/--no-payloads",
            help="Open every payload and compare it with its commitment, or only look for it.",
        ),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Check every chain of the ledger, and that the tables say what the chains say.

    Exits with 1 when a chain is broken, or a row or payload is missing, additional or different.
    Without --heads it finds what was changed by somebody who did not rehash the chain. With heads
    that were exported earlier and kept elsewhere, it finds every change of what was there then.
    """
    found = opening.run(_verify(heads, payloads=payloads))
    if as_json:
        print_json(
            {
                "whole": found.whole,
                "rows": found.rows,
                "chains": found.chains,
                "against_exported_heads": heads is not None,
                "payloads_opened": payloads,
                "breaks": found.breaks,
                "differences": found.differences,
            }
        )
    else:
        for one in found.breaks:
            print(clean(f"{one.chain} row {one.seq}: {one.kind}, {one.detail}"))
        for other in found.differences:
            print(clean(str(other)))
        print(_summary(found))
        if heads is None and found.whole:
            note("Whoever can write to the database could rehash it; heads kept elsewhere show that: ledger export.")
    if not found.whole:
        raise typer.Exit(Exit.FAILED)


def _summary(found: Verification) -> str:
    if found.whole:
        return f"whole: {found.rows} rows in {found.chains} chains, and the tables agree with them"
    told = [f"{len(found.breaks)} of {found.chains} chains are broken"] if found.breaks else []
    changed = len({(each.chain, each.table, each.id) for each in found.differences})
    told += [f"{changed} rows or payloads are not as the ledger says"] if changed else []
    return " and ".join(told)


async def _verify(heads: Path | None, *, payloads: bool) -> Verification:
    from bridgehead.ledger.heads import read_heads
    from bridgehead.storage.queries_system import verify_whole

    expected = None if heads is None else read_heads(heads)
    async with opening.opened() as app:
        return await verify_whole(app.database, expected, vault=app.vault if payloads else None)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file; an older export is never overwritten.")],
    as_json: AsJson = False,
) -> None:
    """Write the heads of all chains to a new file.

    Keep it where no database user can reach it: with it 'ledger verify --heads' finds every later change.
    """
    digest = opening.run(_export(file))
    if as_json:
        print_json({"file": file, "sha256": digest})
        return
    print(f"{clean(str(file))}  sha-256 {digest}")
    note("Keep the file, or at least its digest, away from the database.")


async def _export(file: Path) -> str:
    from bridgehead.clock import utc_now
    from bridgehead.storage.queries_system import export_whole

    async with opening.opened() as app:
        return await export_whole(app.database, file, at=utc_now())

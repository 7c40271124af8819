"""``connector docs``: a page for people about what a connector reaches, reads and does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridgehead.cli.connector_try import SpecArgument
from bridgehead.cli.output import clean


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead connector docs erp.yaml --out erp.md")(docs)


def docs(
    spec: SpecArgument,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.md", help="Default: standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a page about a connector: what it reaches and does, how each write is made once, what is missing.

    The page holds no secret: only where each one is found.
    """  # fmt: skip
    from bridgehead.connectors.load import load_specification
    from bridgehead.connectors.page import page
    from bridgehead.errors import UserError

    text = page(load_specification(spec))
    if out is None:
        print(clean(text, keep_lines=True), end="")
        return
    if out.exists() and not force:
        raise UserError(f"{out} exists", code="init.exists", hint="Say --force to overwrite it.")
    out.write_text(text, encoding="utf-8")
    print(f"wrote {clean(str(out))}")

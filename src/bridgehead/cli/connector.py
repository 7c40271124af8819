"""``connector``: makes, tries, proves and describes the specification that connects a system."""

from __future__ import annotations

import typer

from bridgehead.cli import connector_docs, connector_init, connector_proving, connector_try


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Connect a system by one file: propose it, try it, prove it."
    )
    for module in (connector_init, connector_try, connector_proving, connector_docs):
        module.register(group)
    app.add_typer(group, name="connector")

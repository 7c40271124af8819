"""``api``: what the API over HTTP is, as programs read it, and how ``serve`` brings it beside the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.console.site import Beside


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="The API over HTTP.", no_args_is_help=True)
    group.command(epilog="Example: bridgehead api openapi > openapi.json")(openapi)
    app.add_typer(group, name="api")


def openapi() -> None:
    """Print the OpenAPI 3.1 document of the API, as /api/v1/openapi.json has it."""
    import json

    from bridgehead.api.openapi import document
    from bridgehead.api.routes import ROUTES

    print(json.dumps(document(ROUTES), indent=2, ensure_ascii=False))


def beside(app: App) -> Beside:
    """Returns the API as the site serves it."""
    from bridgehead.api.application import largest, routes
    from bridgehead.api.declared import PREFIX
    from bridgehead.cli.explain import account
    from bridgehead.console.site import Beside

    return Beside(routes(app, teller=account), PREFIX, largest(app))

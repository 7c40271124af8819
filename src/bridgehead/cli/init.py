"""``init``: the start of a deployment, from a template or around an agent that exists already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridgehead.cli.output import clean, note


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead init orders --template purchase_orders")(init)


def init(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The new folder, and the deployment's name. '.' is this folder.")
    ],
    template: Annotated[
        str | None, typer.Option("--template", metavar="TEMPLATE", help="Copy this template: purchase_orders.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--from", metavar="MODULE:OBJECT", help="Build around an agent of your own.")
    ] = None,
) -> None:
    """Start a deployment in a new folder.

    With --template it is a complete deployment to change. With --from it is built around your
    agent, which stays as it is: a function f(case, ctx), or an agent of Pydantic AI. Its tools
    are listed, and none that writes is allowed to act without a person. Nothing that exists is
    ever overwritten.
    """
    from bridgehead.errors import UserError

    if (template is None) == (agent is None):
        from bridgehead.cli.scaffold import templates

        raise UserError(
            "say what to start from: either --template or --from",
            code="init.source",
            hint=f"--template {' or '.join(templates())}, or --from my_agent:agent for an agent of your own.",
        )
    folder = Path(name)
    if template is not None:
        from bridgehead.cli.scaffold import copy_template

        copy_template(template, folder)
        _said(folder, ["README.md says what is what and how to try it.", *_next(folder)])
    elif agent is not None:
        from bridgehead.cli.scaffold import around_agent

        remarks = around_agent(agent, folder)
        for remark in remarks:
            note(f"- {remark}")
        _said(folder, ["Say in deploy.py what each tool does to the world, and in bridgehead.yaml who may do what.",
                       *_next(folder)])  # fmt: skip


def _next(folder: Path) -> list[str]:
    return [
        f"bridgehead check {folder}",
        f"bridgehead serve {folder}            (goes on until Ctrl-C)",
        f"bridgehead submit {folder} FILES     (in another terminal)",
    ]


def _said(folder: Path, steps: list[str]) -> None:
    print(f"made {clean(str(folder))}: {', '.join(sorted(entry.name for entry in folder.iterdir()))}")
    print("Next:")
    for step in steps:
        print(f"  {clean(step)}")

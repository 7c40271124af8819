"""``policy``: the rules as the gate sees them."""

from __future__ import annotations

from typing import Annotated

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, FolderArgument, one_of
from bridgehead.cli.output import clean, print_json


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    policy = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at the policies of a deployment.")
    policy.callback()(lambda: None)
    policy.command(epilog="Example: bridgehead policy show orders --tool book_order")(show)
    app.add_typer(policy, name="policy")


def show(
    deployment: FolderArgument,
    tool: Annotated[str | None, typer.Option("--tool", metavar="NAME", help="Only the policies of this tool.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the Cedar policies that the gate decides by.

    They are what the tool rules compile to, and the files in policies/. What no policy permits
    is denied. The digest is the one that every recorded decision names.
    """
    loaded = opening.load(deployment)
    gate = loaded.gate
    wanted = one_of("--tool", tool, list(loaded.deployment.tools))
    rules = {name: text for name, text in gate.rule_texts.items() if wanted in (None, name)}
    if as_json:
        files = loaded.deployment.policies
        print_json({"deployment": loaded.deployment.name, "digest": gate.digest, "tools": rules, "files": files})
        return
    print(f"// {loaded.deployment.name}: policy digest {gate.digest.hex()}")
    for name, text in rules.items():
        print(f"\n// {clean(name)}\n{clean(text, keep_lines=True).rstrip()}")
    if wanted is None:
        for file, text in loaded.deployment.policies.items():
            print(f"\n// policies/{clean(file)}\n{clean(text, keep_lines=True).rstrip()}")

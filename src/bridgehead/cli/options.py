"""Arguments and flags that several commands share, so that one thing has one spelling."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

FolderArgument: TypeAlias = Annotated[
    Path, typer.Argument(metavar="DEPLOYMENT", help="The deployment's folder, or its bridgehead.yaml.")
]
FoldersArgument: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="DEPLOYMENT", help="Folders of deployments, or their bridgehead.yaml files.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", metavar="N", help="Lines on a page, at most 1000.")]
DeploymentFilter: TypeAlias = Annotated[
    str | None, typer.Option("--deployment", metavar="NAME", help="Only this deployment: its name or its folder.")
]
By: TypeAlias = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who decides; it is on the record. Default: the login name."),
]
Idle: TypeAlias = Annotated[
    bool, typer.Option("--until-idle", help="End when nothing is left to do without a person or an arrival.")
]


def deployment_name(text: str | None) -> str | None:
    """Returns the deployment's name: what the file in a folder says, or the text itself."""
    if text is None:
        return None
    place = Path(text)
    if place.is_file() or (place / "bridgehead.yaml").is_file():
        from bridgehead.cli.opening import load_spec

        return load_spec(place).name
    return text


def person(by: str | None) -> str:
    """Returns who acts, for the record; raises UserError when nobody is named and the system knows nobody."""
    from bridgehead.errors import UserError

    try:
        name = (by if by is not None else getpass.getuser()).strip()
    except (OSError, KeyError):
        name = ""
    if not name or len(name) > 200 or any(ord(character) < 32 for character in name):  # noqa: PLR2004  # a line of text
        raise UserError(
            "it is not clear who decides", code="input.by", hint="Name the person on the record: --by NAME."
        )
    return name


def after_id(prefix: str, text: str | None) -> int | None:
    """Returns the number in ``--after C-17``."""
    if text is None:
        return None
    from bridgehead.ids import parse

    return parse(prefix, text)


def one_of(flag: str, value: str | None, options: Sequence[str]) -> str | None:
    """Returns the value if it is one of the options; raises UserError with the nearest one otherwise."""
    if value is None or value in options:
        return value
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest

    raise UserError(
        f"{flag} {value}: expected one of {', '.join(options)}",
        code="input.choice",
        hint=nearest(value, options),
    )

"""Arguments and flags that several commands share, so that one thing has one spelling."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from typer._click.core import Context

    from bridgehead.app import App

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


class Once(TyperCommand):
    """A command whose options that take one value may each stand once: of two, none is dropped silently.

    Raises UserError (``input.twice``) for one that is repeated, before anything is done.
    """

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Returns what is left of the arguments."""
        from bridgehead.errors import UserError

        if not ctx.resilient_parsing:
            _, _, said = self.make_parser(ctx).parse_args(args=list(args))
            for one in said:
                single = not (getattr(one, "multiple", False) or getattr(one, "is_flag", False))
                if one.param_type_name == "option" and single and said.count(one) > 1:
                    raise UserError(
                        f"{one.opts[0]} is said {said.count(one)} times and takes one value",
                        code="input.twice",
                        hint="Nothing was done. Call the command once for each.",
                    )
        return super().parse_args(ctx, args)


async def deployment_name(app: App, text: str | None) -> str | None:
    """Returns the name behind ``--deployment``: what the file in a folder says, or a name that the database knows.

    Raises UserError with the nearest name for an unknown one.
    """
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest
    from bridgehead.storage.queries_names import deployments

    if text is None:
        return None
    named = _named_by(Path(text))
    if named is not None:
        return named
    known = await deployments(app.database, text)
    if text in known:
        return text
    raise UserError(
        f"--deployment {text}: there is no such deployment in this database",
        code="input.deployment",
        hint=nearest(text, known) or "Nothing was submitted or served yet.",
    )


def _named_by(place: Path) -> str | None:
    try:
        if not place.is_file() and not (place / "bridgehead.yaml").is_file():
            return None
    except OSError:  # longer than a path can be: no folder has that name
        return None
    from bridgehead.cli.opening import load_spec

    return load_spec(place).name


async def check_role(app: App, role: str | None) -> None:
    """Raises UserError for a role that looks like a misspelt one; says of any other unknown one that it is unknown.

    A role that has had no work yet need not be known to the database: the files of deployments are elsewhere.
    """
    from bridgehead.cli.output import note
    from bridgehead.errors import UserError
    from bridgehead.spec.problem import nearest
    from bridgehead.storage.queries_names import roles

    known = [] if role is None else await roles(app.database)
    if role is None or role in known:
        return
    hint = nearest(role, known)
    if hint.startswith("did you mean"):
        raise UserError(f"--role {role}: no work was ever opened for it", code="input.role", hint=hint)
    note(f"No work was ever opened for {role}" + (f"; {hint}." if hint else "."))


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


def reason_of(why: str | None, what: str) -> str:
    """Returns why something is done, for the record; raises UserError (``input.why``) where nobody says it."""
    from bridgehead.errors import UserError

    if why is None or not why.strip():
        raise UserError(f"{what} needs a reason", code="input.why", hint="Say it with --why TEXT.")
    if len(why) > 1_000:  # noqa: PLR2004  # a line of text
        raise UserError("the reason is longer than 1000 characters", code="input.why", hint="Say it in a line.")
    return why.strip()


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

    close = nearest(value, options)
    raise UserError(
        f"{flag} {value}: expected one of {', '.join(options)}",
        code="input.choice",
        hint=close if close.startswith("did you mean") else "",  # the options stand in the message already
    )

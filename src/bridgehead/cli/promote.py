"""``promote``: an operator sets how far a deployment acts by itself, by name and on the record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, By, FolderArgument, one_of, person
from bridgehead.cli.output import clean, note, print_json

if TYPE_CHECKING:
    from bridgehead.spec.deployment import Level

_LEVELS: Final = ("shadow", "approve", "canary", "autonomous")
_MEANS: Final = {
    "shadow": "reads are real, writes are virtual: nothing is changed anywhere",
    "approve": "reads are real, a person decides about every write",
    "canary": "writes happen as the rules in bridgehead.yaml say",
    "autonomous": "writes happen as the rules in bridgehead.yaml say",
}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead promote orders --to approve --why 'report of 14 days: 98 % agree'")(promote)


def promote(
    deployment: FolderArgument,
    to: Annotated[str, typer.Option("--to", metavar="LEVEL", help=f"One of {', '.join(_LEVELS)}.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; it is on the record.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Set the level of a deployment, up or down.

    It holds for cases that are opened from now on; open cases keep the level that they were
    opened with. Name, reason and the level before are appended to the deployment's ledger.
    """
    from bridgehead.errors import UserError

    level = cast("Level", one_of("--to", to, _LEVELS))
    if not why.strip():
        raise UserError("a change of level needs a reason", code="input.why", hint="Say it with --why TEXT.")
    opening.run(_promote(deployment, level, why.strip(), person(by), as_json=as_json))


async def _promote(folder: Path, level: Level, why: str, by: str, *, as_json: bool) -> None:
    from bridgehead.storage.queries import Queries

    name = opening.load_spec(folder).name
    async with opening.opened(makes=True) as app:
        before = await app.levels.level(name)
        changed = before != level
        if changed:
            before = await app.levels.set_level(name, level, by=by, why=why)
        open_cases = await Queries(app.database, app.vault).open_levels(name)
        shadowed = await Queries(app.database, app.vault).completed_in_shadow(name)
    if changed and level in ("canary", "autonomous") and not shadowed:
        note(
            f"There is no shadow evidence for {name}: 0 cases were completed in shadow that people's bookings can be"
            f" compared with. See 'bridgehead report {folder}' first."
        )
    if as_json:
        print_json(
            {
                "deployment": name,
                "before": before,
                "level": level,
                "changed": changed,
                "by": by if changed else None,
                "why": why if changed else None,
                "open_cases": open_cases,
            }
        )
        return
    if not changed:
        print(f"{name} is at level {level} already; nothing was changed.")
        return
    print(f"{name}: {before or 'not served yet'} → {level}, by {clean(by)}: {clean(why)}")
    print(f"From the next case on: {_MEANS[level]}.")
    kept = ", ".join(f"{count} at {old}" for old, count in open_cases.items() if old != level)
    if kept:
        print(f"Open cases keep the level they were opened with: {kept}.")
    if level in ("canary", "autonomous"):
        print(f"What that can come to without a person: bridgehead check {clean(str(folder))}")

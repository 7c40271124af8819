"""``errors``: the ways a call can end badly, what each means, and what is done about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, one_of
from bridgehead.cli.output import clean, facts, heading, print_json, table

_STATUS: Final = re.compile(r"^[1-5]\d\d$")

if TYPE_CHECKING:
    from bridgehead.errors import ErrorClass
    from bridgehead.resilience.taxonomy import Row


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead errors orders --class timeout")(errors)


def errors(
    deployment: Annotated[
        Path | None,
        typer.Argument(metavar="[DEPLOYMENT]", help="A deployment's folder; then each class's role is shown too."),
    ] = None,
    of_class: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="This class alone, with every sign that means it.")
    ] = None,
    sign: Annotated[
        str | None,
        typer.Option("--sign", metavar="TEXT", help="What a sign means: 503, 40P01, ENOSPC, ConnectError, a message."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the error classes: meaning, disposition, and who catches each.

    The list is closed. A class is told by the sign of a failure (a status, a code, an exception, a wording) out
    of one table; a connector's own `errors:` rules are asked before it. No model takes part.
    """
    from bridgehead.errors import ERROR_CLASSES
    from bridgehead.resilience.taxonomy import TABLE

    roles = _roles(deployment)
    wanted = one_of("--class", of_class, ERROR_CLASSES)
    if sign is not None:
        known = [row for row in _meant(sign) if wanted in (None, row.error_class)]
        _signs(known, as_json=as_json, empty=f"No row of the table knows the sign {clean(sign)}.")
        return
    listed = [name for name in ERROR_CLASSES if wanted in (None, name)]
    if as_json:
        print_json([_plain(name, roles, whole=wanted is not None) for name in listed])
        return
    if wanted is None:
        _all(listed, roles)
        return
    _one(listed[0], roles)
    _signs([row for row in TABLE if row.error_class == wanted], as_json=False, empty="")


def _roles(deployment: Path | None) -> dict[ErrorClass, str] | None:
    from bridgehead.errors import ERROR_CLASSES

    if deployment is None:
        return None
    fallback = opening.load_spec(deployment).fallback
    return {name: fallback.role_for(name) for name in ERROR_CLASSES}


def _plain(name: ErrorClass, roles: dict[ErrorClass, str] | None, *, whole: bool) -> dict[str, object]:
    from bridgehead.resilience.dispositions import disposition
    from bridgehead.resilience.taxonomy import TABLE
    from bridgehead.resilience.taxonomy.meanings import MEANINGS

    told: dict[str, object] = {
        "error_class": name,
        "meaning": MEANINGS[name],
        "disposition": disposition(name),
        "disposition_of_a_write": disposition(name, is_effect=True),
        "role": None if roles is None else roles[name],
    }
    return {**told, "signs": [row for row in TABLE if row.error_class == name]} if whole else told


def _all(listed: Sequence[ErrorClass], roles: dict[ErrorClass, str] | None) -> None:
    from bridgehead.resilience.dispositions import disposition
    from bridgehead.resilience.taxonomy.meanings import MEANINGS

    columns = ["class", "disposition", "meaning"] if roles is None else ["class", "disposition", "caught by", "meaning"]
    lines = [
        [name, disposition(name), *([] if roles is None else [clean(roles[name])]), MEANINGS[name]] for name in listed
    ]
    table(columns, lines, empty="")


def _one(name: ErrorClass, roles: dict[ErrorClass, str] | None) -> None:
    from bridgehead.resilience.dispositions import disposition
    from bridgehead.resilience.taxonomy.meanings import MEANINGS

    pairs = [
        ("class", name),
        ("meaning", MEANINGS[name]),
        ("disposition", disposition(name)),
        ("of a write that did not happen", disposition(name, is_effect=True)),
    ]
    if roles is not None:
        pairs.append(("caught by", clean(roles[name])))
    facts([*pairs, ("page", f"docs/reference/errors/{name}.md")])
    heading("Signs")


def _meant(sign: str) -> list[Row]:
    from bridgehead.resilience.taxonomy import TABLE, worded

    origins = dict.fromkeys(row.origin for row in TABLE)
    found: list[Row] = []
    for origin in origins:
        own = [row for row in TABLE if row.origin == origin and row.kind != "wording"]
        exact = [row for row in own if row.sign.lower() == sign.lower()]
        if not exact and _STATUS.match(sign):
            exact = [row for row in own if row.kind == "status" and row.sign == f"{sign[0]}xx"]
        wording = worded(origin, sign)
        found += exact or ([] if wording is None else [wording])
    return found


def _signs(known: Sequence[Row], *, as_json: bool, empty: str) -> None:
    if as_json:
        print_json(known)
        return
    lines = [
        [row.origin, row.kind, row.sign, row.error_class, "no" if row.applied is False else "perhaps", row.why]
        for row in known
    ]
    table(["origin", "kind", "sign", "class", "write happened", "why"], lines, empty=empty)

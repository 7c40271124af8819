"""``authority``: the most that any output of a model could cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson, FolderArgument
from bridgehead.cli.output import clean, heading, print_json, table

if TYPE_CHECKING:
    from decimal import Decimal

    from bridgehead.gate.bound import Line


def register(app: typer.Typer) -> None:
    """Adds the command."""
    authority = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What a deployment could do at most.")
    authority.callback()(lambda: None)
    authority.command("bound", epilog="Example: bridgehead authority bound orders")(show_bound)
    app.add_typer(authority, name="authority")


def show_bound(deployment: FolderArgument, as_json: AsJson = False) -> None:
    """Show the most that any output of a model could cause.

    Computed from rules, caps and limits: money, recipients, records, calls and irreversible calls, in a case and in
    any 24 hours, without a person and with everything approved. What is unbounded is said, and what would bound it.
    """
    from bridgehead.gate.bound import bound

    loaded = opening.load(deployment)
    found = bound(loaded.deployment, {name: one.tool for name, one in loaded.tools.items()})
    if as_json:
        print_json(
            {
                "deployment": loaded.deployment.name,
                "tools": [_line(line) for line in found.lines],
                "alone": [_line(line) for line in found.sums()],
                "with_every_approval": [_line(line) for line in found.sums(alone=False)],
                "assumes": list(found.assumes),
            }
        )
        return
    columns = ("tool", "what", "without a person", "in a case", "in 24 hours", "what would bound it")
    heading("By tool")
    table(columns, [_row(line) for line in found.lines], empty="No tool writes.")
    heading("In sum")
    rows = [
        (
            _what(line),
            "nobody is asked" if line.alone else "everything is approved",
            _figure(line.case),
            _figure(line.day),
        )
        for line in (*found.sums(), *found.sums(alone=False))
    ]
    table(("what", "when", "in a case", "in 24 hours"), rows, empty="Nothing.")
    heading("This assumes")
    for sentence in found.assumes:
        print(f"- {clean(sentence)}")


def _row(line: Line) -> tuple[str, ...]:
    return (line.tool, _what(line), "yes" if line.alone else "no", _figure(line.case), _figure(line.day), line.bounds)


def _what(line: Line) -> str:
    return {"irreversible": "irreversible calls", "money": f"money in {line.unit}"}.get(line.measure, line.measure)


def _figure(amount: Decimal | None) -> str:
    from bridgehead.gate.bound import shown

    return shown(amount)


def _line(line: Line) -> dict[str, object]:
    return {
        "tool": line.tool, "measure": line.measure, "unit": line.unit, "alone": line.alone,
        "case": None if line.case is None else str(line.case), "day": None if line.day is None else str(line.day),
        "bounds": line.bounds,
    }  # fmt: skip

"""``breakers``: which dependency is left alone, since when, and when it is tried next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import clean, duration, print_json, table

if TYPE_CHECKING:
    from bridgehead.storage.breakers import Known


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead breakers --json")(breakers)


def breakers(*, as_json: AsJson = False) -> None:
    """List the dependencies that were ever down, those that are left alone first.

    An open breaker means that no worker calls the dependency until its next probe; a half-open one that one
    call tries it. What waits for it is not lost: 'bridgehead cases --state waiting'.
    """
    found = opening.run_list(_listed())
    if as_json:
        print_json([_facts(one) for one in found])
        return
    table(
        ["dependency", "state", "since", "failures", "next probe"],
        [
            [
                clean(one.dependency),
                one.row.phase.replace("_", "-"),
                f"{duration(max(0.0, one.now_s - one.row.since_s))} ago",
                str(one.row.failures),
                _next(one),
            ]
            for one in found
        ],
        empty="No dependency was ever down.",
    )


async def _listed() -> Sequence[Known]:
    async with opening.opened() as app:
        return await app.breakers.all()


def _next(one: Known) -> str:
    """Returns when the dependency is tried, in words."""
    if one.row.phase == "closed":
        return "-"
    if one.row.holder and one.row.lease_s > one.now_s:
        return "under way"
    left_s = one.row.probe_s - one.now_s
    return "with the next call" if left_s <= 0 else f"in {duration(left_s)}"


def _facts(one: Known) -> dict[str, object]:
    row, is_closed = one.row, one.row.phase == "closed"
    return {
        "dependency": one.dependency,
        "state": row.phase,
        "since": _moment(row.since_s),
        "down_since": None if is_closed else _moment(row.down_since_s),
        "failures": row.failures,
        "failed_probes": row.lost,
        "next_probe": None if is_closed else _moment(row.probe_s),
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

"""How reviewers do, as a table: time, agreement of blind second looks, and wrong proposals that were noticed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridgehead.cli import opening
from bridgehead.cli.options import deployment_name
from bridgehead.cli.output import note, table

if TYPE_CHECKING:
    from bridgehead.desk.reviewing_measures import Measures, Share


async def measured(deployment: str | None, since_s: float, by: str) -> Sequence[Measures]:
    """Returns the measures of each reviewer."""
    from bridgehead.cli.deciding import actor_of
    from bridgehead.desk import reviewing_measures

    async with opening.opened() as app:
        name = await deployment_name(app, deployment)
        return await reviewing_measures.measures(app, actor_of(by), since_s=since_s, deployment=name)


def print_measures(found: Sequence[Measures]) -> None:
    """Prints one line for each reviewer."""
    table(
        ("reviewer", "decided", "median", "in time", "agreed", "caught"),
        [
            (
                one.person,
                str(one.decided),
                _minutes(one.median_minutes),
                _share(one.in_time),
                _share(one.agreed),
                _share(one.caught),
            )
            for one in found
        ],
        empty="Nobody decided anything in this time.",
    )
    if found:
        note("agreed: blind second looks. caught: planted wrong proposals. In brackets: exact 95 % interval.")


def as_json(found: Sequence[Measures]) -> dict[str, object]:
    """Returns the measures as JSON."""
    return {
        "reviewers": [
            {
                "person": one.person,
                "decided": one.decided,
                "approved": one.approved,
                "edited": one.edited,
                "refused": one.refused,
                "median_minutes": one.median_minutes,
                "p90_minutes": one.most_minutes,
                "in_time": _fields(one.in_time),
                "agreed": _fields(one.agreed),
                "caught": _fields(one.caught),
            }
            for one in found
        ]
    }


def _fields(share: Share) -> dict[str, object]:
    return {"hits": share.hits, "of": share.of, "share": share.share, "low": share.low, "high": share.high}


def _share(share: Share) -> str:
    if share.of == 0:
        return "-"
    return f"{share.hits}/{share.of} ({share.low:.0%}-{share.high:.0%})"


def _minutes(minutes: float | None) -> str:
    return "-" if minutes is None else f"{minutes:.1f} min"

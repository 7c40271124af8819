"""What left the agents' hands: what failed, what was handed over as it should be, and what was refused.

Failures are counted by class, by what was asked, by release and over time, hand-overs by their cause, refusals by
class. A trend is one of failures: more work for people is no more failures.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import Actor
from bridgehead.desk.overview import period_s
from bridgehead.desk.remembering import Remembering
from bridgehead.errors import ERROR_CLASSES, UserError
from bridgehead.resilience.leaving import Leaving, leaving
from bridgehead.spec.problem import nearest
from bridgehead.storage import queries_names
from bridgehead.storage.queries_failures import Counted, EffectsFailed, Example, FailureQueries, Wanted
from bridgehead.storage.queries_overview import OverviewQueries

if TYPE_CHECKING:
    from bridgehead.app import App

_HOURLY_S: Final = 172_800.0
_EXAMPLES: Final = 25
_SHOWN_RELEASE: Final = 12


@dataclass(frozen=True, slots=True)
class Row:
    """How often something failed in the period, how many of these cases are still open, and in each half of it.

    ``before`` and ``lately`` count the first and the second half: more lately than before is getting worse.
    """

    name: str
    deployment: str
    n: int
    open: int
    before: int
    lately: int
    latest: str


@dataclass(frozen=True, slots=True)
class Down:
    """A dependency that was ever down, as its breaker has it."""

    name: str
    phase: str
    since: datetime
    failures: int


@dataclass(frozen=True, slots=True)
class Failures:
    """What left the agents' hands in a period.

    ``total``, ``classes``, ``releases`` and ``trend`` are of failures alone. ``unread`` counts documents that could not
    be read and so became no case, ``unread_open`` those of them that wait for a person. ``handed_over`` counts by the
    cause that the agent named, else by the class; ``refused`` by class.
    """

    total: int
    classes: tuple[Row, ...]
    releases: tuple[Row, ...]
    handed_over_total: int
    handed_over: tuple[Row, ...]
    refused_total: int
    refused: tuple[Row, ...]
    unread: int
    unread_open: int
    effects: tuple[EffectsFailed, ...]
    dependencies: tuple[Down, ...]
    trend: tuple[Counted, ...]
    bucket: str
    counted_at: datetime


_REMEMBERED: Final[Remembering[Failures]] = Remembering()


async def failures(
    app: App,
    actor: Actor,
    *,
    period: str,
    deployment: str | None = None,
    error_class: str | None = None,
    release: str | None = None,
) -> Failures:
    """Returns what left in a period. ``release`` is a digest in hex or its beginning.

    Raises UserError (``input.choice``) for an unknown period, class or release.
    """
    actor.need("read")
    wanted = await _wanted(app, period, deployment, error_class, release)
    found = await _REMEMBERED.get(app, wanted, lambda: _count(app, wanted))
    return found.value


async def examples(
    app: App,
    actor: Actor,
    *,
    period: str,
    deployment: str | None = None,
    error_class: str | None = None,
    release: str | None = None,
) -> Sequence[Example]:
    """Returns the latest cases that failed in a period; of one class, those that left by it. Raises as ``failures``."""
    actor.need("read")
    wanted = await _wanted(app, period, deployment, error_class, release)
    return await FailureQueries(app.database).examples(wanted, limit=_EXAMPLES)


async def _wanted(
    app: App, period: str, deployment: str | None, error_class: str | None, release: str | None
) -> Wanted:
    if error_class is not None and error_class not in ERROR_CLASSES:
        raise UserError(
            f"there is no error class {error_class[:40]!r}",
            code="input.choice",
            hint=nearest(error_class, ERROR_CLASSES),
        )
    digest = None if release is None else await queries_names.release(app.database, release)
    return Wanted(period_s(period), deployment, error_class, digest)


async def _count(app: App, wanted: Wanted) -> Failures:
    bucket = "hour" if wanted.since_s <= _HOURLY_S else "day"
    queries = FailureQueries(app.database)
    counted, effects, unread, breakers, now = await asyncio.gather(
        queries.counted(wanted, bucket=bucket),
        queries.effects(wanted),
        queries.unread(wanted),
        app.breakers.all(),
        OverviewQueries(app.database).now(),
    )
    half = now.timestamp() - wanted.since_s / 2
    left: dict[Leaving, list[Counted]] = {"failed": [], "handed_over": [], "refused": []}
    for one in counted:
        left[leaving(one.error_class, one.cause)].append(one)
    failed, handed_over, refused = left["failed"], left["handed_over"], left["refused"]
    return Failures(
        total=sum(one.n for one in failed),
        classes=_rows(failed, half, lambda one: (one.error_class, "")),
        releases=_rows(failed, half, lambda one: (one.release[:_SHOWN_RELEASE], one.deployment)),
        handed_over_total=sum(one.n for one in handed_over),
        handed_over=_rows(handed_over, half, lambda one: (one.cause or one.error_class, "")),
        refused_total=sum(one.n for one in refused),
        refused=_rows(refused, half, lambda one: (one.error_class, "")),
        unread=unread[0],
        unread_open=unread[1],
        effects=tuple(effects),
        dependencies=tuple(
            Down(
                one.dependency,
                one.row.phase,
                datetime.fromtimestamp(one.row.since_s, tz=now.tzinfo),
                one.row.failures,
            )
            for one in breakers
        ),
        trend=tuple(failed),
        bucket=bucket,
        counted_at=now,
    )


def _rows(counted: Sequence[Counted], half_s: float, name: Callable[[Counted], tuple[str, str]]) -> tuple[Row, ...]:
    total: Counter[tuple[str, str]] = Counter()
    still: Counter[tuple[str, str]] = Counter()
    lately: Counter[tuple[str, str]] = Counter()
    latest: dict[tuple[str, str], str] = {}
    for one in counted:
        key = name(one)
        total[key] += one.n
        still[key] += one.open
        lately[key] += one.n if one.at.timestamp() >= half_s else 0
        latest[key] = max(latest.get(key, one.latest), one.latest, key=lambda shown: int(shown.partition("-")[2]))
    return tuple(
        Row(*key, n=n, open=still[key], before=n - lately[key], lately=lately[key], latest=latest[key])
        for key, n in total.most_common()
    )

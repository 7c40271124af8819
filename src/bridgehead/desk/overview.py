"""How each deployment does: what it handled, how well, at what cost, and who is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from bridgehead.auth.actor import Actor
from bridgehead.clock import utc_now
from bridgehead.desk.remembering import Remembering
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest
from bridgehead.storage import queries_names
from bridgehead.storage.controls import standing_in
from bridgehead.storage.queries_overview import Closed, OverviewQueries, Spent, Waiting

if TYPE_CHECKING:
    from bridgehead.app import App

PERIODS: Final = {"24h": 86_400.0, "7d": 604_800.0, "30d": 2_592_000.0, "90d": 7_776_000.0}
DEFAULT_PERIOD: Final = "7d"
_HOURLY_S: Final = 172_800.0
_CENT_OF_CENT: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a period's cases cost in one currency, and what that is per case that the agent completed."""

    currency: str
    amount: Decimal
    per_success: Decimal | None


@dataclass(frozen=True, slots=True)
class DeploymentOverview:
    """One deployment over a period.

    ``handled`` cases were closed in it, ``with_people`` more are with a person at this moment; of the closed the
    agent ``completed`` some, ``touchless`` ones without any decision of a person, ``right_at_once`` ones that nobody
    changed, refused, took over or took back; ``late`` ones ran past their deadline. ``unknown_costs`` entries of the
    books have no price. ``stopped`` says who paused or killed it. Of a deployment at level shadow its shadow cases
    are counted, of others those at other levels.
    """

    name: str
    level: str
    handled: int
    with_people: int
    completed: int
    touchless: int
    right_at_once: int
    late: int
    costs: tuple[Cost, ...]
    unknown_costs: int
    minutes: float
    classes: tuple[tuple[str, int], ...]
    queue: tuple[Waiting, ...]
    open: dict[str, int]
    stopped: tuple[str, ...]
    trend: tuple[Closed, ...]
    bucket: str
    counted_at: datetime

    @property
    def touchless_share(self) -> float | None:
        """Returns the share that no person had a part in, of closed cases and those that are with people."""
        decided = self.handled + self.with_people
        return self.touchless / decided if decided else None

    @property
    def right_share(self) -> float | None:
        """Returns the share of completed cases that were right at once."""
        return self.right_at_once / self.completed if self.completed else None

    @property
    def kept_share(self) -> float | None:
        """Returns the share of handled cases that did not run past their deadline."""
        return 1 - self.late / self.handled if self.handled else None


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Deployments as far as their figures are there, the names of the others, and when the oldest were counted."""

    found: tuple[DeploymentOverview, ...]
    pending: tuple[str, ...]
    counted_at: datetime


_REMEMBERED: Final[Remembering[DeploymentOverview]] = Remembering()


async def deployments(
    app: App, actor: Actor, *, period: str = DEFAULT_PERIOD, name: str | None = None
) -> Sequence[DeploymentOverview]:
    """Returns all deployments by name, or one.

    Raises Refused (``auth.right``) without the right to read, UserError (``input.choice``) for an unknown period
    or deployment.
    """
    actor.need("read")
    since_s = period_s(period)
    return [await _one(app, one, since_s) for one in await names(app, actor, name)]


async def glimpse(app: App, actor: Actor, *, period: str = DEFAULT_PERIOD, name: str | None = None) -> Glimpse:
    """Returns what ``deployments`` does as far as it is counted; nobody waits long. Raises as ``deployments``."""
    since_s, found, pending, oldest = period_s(period), [], [], utc_now()
    for one in await names(app, actor, name):
        counted = await _REMEMBERED.glimpse(app, (one, since_s), partial(_count, app, one, since_s))
        if counted is None:
            pending.append(one)
        else:
            found.append(counted.value)
            oldest = min(oldest, counted.at)
    return Glimpse(tuple(found), tuple(pending), oldest)


async def names(app: App, actor: Actor, name: str | None = None) -> Sequence[str]:
    """Returns the deployments that are known, or the one that is asked for; raises as ``deployments``."""
    actor.need("read")
    known = await queries_names.deployments(app.database, name or "")
    if name is not None and name not in known:
        raise UserError(f"there is no deployment {name!r}", code="input.choice", hint=nearest(name, known))
    return [one for one in known if name in (None, one)]


async def queue(app: App, actor: Actor) -> Sequence[Waiting]:
    """Returns the open reviews of all deployments by role."""
    actor.need("read")
    return await OverviewQueries(app.database).waiting(None)


def period_s(period: str) -> float:
    """Returns the seconds of a period; raises UserError (``input.choice``) for one that is not offered."""
    if period not in PERIODS:
        raise UserError(
            f"{period[:20]!r} is no period that is offered", code="input.choice", hint=f"One of {', '.join(PERIODS)}."
        )
    return PERIODS[period]


async def _one(app: App, name: str, since_s: float) -> DeploymentOverview:
    counted = await _REMEMBERED.get(app, (name, since_s), partial(_count, app, name, since_s))
    return counted.value


async def _count(app: App, name: str, since_s: float) -> DeploymentOverview:
    level = await app.levels.level(name) or "shadow"
    bucket = "hour" if since_s <= _HOURLY_S else "day"
    queries, shadow = OverviewQueries(app.database), level == "shadow"
    trend, spent, classes, waiting, still_open = await asyncio.gather(
        queries.closed(name, since_s=since_s, bucket=bucket, shadow=shadow),
        queries.spent(name, since_s=since_s, shadow=shadow),
        queries.classes(name, since_s=since_s),
        queries.waiting(name),
        queries.open(name),
    )
    async with app.database.connection() as conn:
        controls = await standing_in(conn)
    completed = sum(one.completed for one in trend)
    return DeploymentOverview(
        name=name,
        level=level,
        handled=sum(one.handled for one in trend),
        with_people=still_open.get("with_person", 0),
        completed=completed,
        touchless=sum(one.touchless for one in trend),
        right_at_once=sum(one.right_at_once for one in trend),
        late=sum(one.late for one in trend),
        costs=_costs(spent, completed),
        unknown_costs=sum(one.unknown for one in spent),
        minutes=sum(one.minutes for one in spent),
        classes=tuple(classes),
        queue=tuple(waiting),
        open=still_open,
        stopped=tuple(one.told for one in controls if one.concerns(name, "")),
        trend=tuple(trend),
        bucket=bucket,
        counted_at=await queries.now(),
    )


def _costs(spent: Sequence[Spent], completed: int) -> tuple[Cost, ...]:
    return tuple(
        Cost(
            one.currency,
            one.amount.quantize(_CENT_OF_CENT, ROUND_HALF_UP).normalize(),
            (one.amount / completed).quantize(_CENT_OF_CENT, ROUND_HALF_UP) if completed else None,
        )
        for one in spent
        if one.currency is not None and one.amount is not None
    )

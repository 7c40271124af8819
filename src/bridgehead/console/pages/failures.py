"""*Failures*: by class, dependency, tool and release, how they go over time, and cases that show each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.charts import Chart, Stack, bars
from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.console.viewing import zone_of
from bridgehead.desk import failures, overview
from bridgehead.desk.failures import Failures
from bridgehead.errors import ERROR_CLASSES


async def page(request: Request, here: Here) -> Response:
    """Shows the failures of a period; the query narrows them."""
    query = request.query_params
    period = query.get("period") or overview.DEFAULT_PERIOD
    wanted = {name: query.get(name) or None for name in ("deployment", "error_class", "release")}
    found = await failures.failures(here.app, here.actor, period=period, **wanted)
    return here.render(
        "failures.html",
        found=found,
        examples=await failures.examples(here.app, here.actor, period=period, **wanted),
        chart=_chart(found, period, request),
        period=period,
        periods=tuple(overview.PERIODS),
        wanted=wanted,
        classes=ERROR_CLASSES,
        names=await overview.names(here.app, here.actor),
    )


def _chart(found: Failures, period: str, request: Request) -> Chart:
    still: Counter[datetime] = Counter()
    total: Counter[datetime] = Counter()
    for one in found.trend:
        total[one.at] += one.n
        still[one.at] += one.open
    stacks = [
        Stack(at, (("calm", "closed since", n - still[at]), ("warn", "open still", still[at])))
        for at, n in sorted(total.items())
    ]
    since_s = overview.period_s(period)
    return bars(stacks, bucket=found.bucket, until=found.counted_at, since_s=since_s, zone=zone_of(request))


PAGES: Final = (Page("/failures", page, right="read", name="failures"),)

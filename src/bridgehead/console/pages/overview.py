"""*Overview*: how each deployment does over a period, and where somebody is waited for."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.charts import Chart, Stack, bars
from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.console.viewing import zone_of
from bridgehead.desk import overview
from bridgehead.desk.overview import DeploymentOverview


async def page(request: Request, here: Here) -> Response:
    """Shows the deployments; ``?period=`` and ``?deployment=`` narrow it."""
    period = request.query_params.get("period") or overview.DEFAULT_PERIOD
    name = request.query_params.get("deployment") or None
    seen = await overview.glimpse(here.app, here.actor, period=period, name=name)
    changed_at = request.app.state.live.changed_at
    return here.render(
        "overview.html",
        deployments=[(one, _trend(one, period, request)) for one in seen.found],
        pending=seen.pending,
        behind=changed_at is not None and seen.counted_at < changed_at,
        queue=await overview.queue(here.app, here.actor),
        period=period,
        periods=tuple(overview.PERIODS),
        chosen=name,
    )


def _trend(one: DeploymentOverview, period: str, request: Request) -> Chart:
    stacks = [
        Stack(
            hour.at,
            (
                ("good", "touchless", hour.touchless),
                ("", "completed with a person", hour.completed - hour.touchless),
                ("warn", "closed by a person", hour.handled - hour.completed),
            ),
        )
        for hour in one.trend
    ]
    return bars(
        stacks,
        bucket=one.bucket,
        until=one.counted_at,
        since_s=overview.period_s(period),
        zone=zone_of(request),
    )


PAGES: Final = (Page("/", page, right="read", name="overview"),)

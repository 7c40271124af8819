"""*Overview*: how each deployment does, and where somebody is waited for."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.desk import overview


async def page(_request: Request, here: Here) -> Response:
    """Shows the deployments."""
    return here.render("overview.html", deployments=await overview.deployments(here.app, here.actor))


PAGES: Final = (Page("/", page, right="read", name="overview"),)

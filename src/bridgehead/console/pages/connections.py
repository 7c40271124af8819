"""*Connections*: which systems answer, what holds calls back, who works, and what runs out soon."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.desk import connections


async def page(_request: Request, here: Here) -> Response:
    """Shows the connections."""
    return here.render("connections.html", found=await connections.connections(here.app, here.actor))


PAGES: Final = (Page("/connections", page, right="read", name="connections"),)

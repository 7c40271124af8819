"""The pages of a PDF as pictures, beside a review or on a page of their own; drawn when they are asked for."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.desk import sheets as desk
from bridgehead.documents.apart import Busy
from bridgehead.ids import parse

AGAIN_S: Final = 5
"""After so many seconds a picture may be asked for again, while others are being drawn."""


async def page(request: Request, here: Here) -> Response:
    """Shows the pages of one part, with the values of a case marked on them."""
    given = request.query_params.get("case")
    found = await desk.sheets(
        here.app,
        here.actor,
        parse("A", request.path_params["number"]),
        int(request.path_params["part"]),
        parse("C", given) if given else None,
    )
    return here.render("sheets.html", found=found)


async def picture(request: Request, here: Here) -> Response:
    """Answers with one page as a PNG, which no browser keeps: what is erased is gone.

    Answers 503 while others are being drawn.
    """
    given = request.path_params
    try:
        found = await desk.picture(
            here.app, here.actor, parse("A", given["number"]), int(given["part"]), int(given["page"])
        )
    except Busy:
        raise HTTPException(503, headers={"Retry-After": str(AGAIN_S)}) from None
    if not found:
        raise HTTPException(404)
    return Response(found, media_type="image/png", headers={"Content-Security-Policy": "sandbox; default-src 'none'"})


PAGES: Final = (
    Page("/arrivals/{number}/sheets/{part:int}", page, right="read.documents", name="sheets"),
    Page("/arrivals/{number}/sheets/{part:int}/{page:int}", picture, right="read.documents", name="sheet"),
)

"""How somebody looks at the console, kept in two cookies: no row, and nothing that anybody else sees."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.console.viewing import THEME_COOKIE, THEMES, ZONE_COOKIE, zones

_YEAR_S: Final = 31_536_000


async def keep(request: Request, here: Here) -> Response:
    """Keeps the look and the zone, and goes back to where the form was."""
    form = await request.form()
    theme, zone = str(form.get("theme", "")), str(form.get("zone", "")).strip()
    secure = request.url.scheme == "https"
    if zone not in zones():
        here.flash(f"There is no time zone {zone[:60]!r}; write it like Europe/Berlin.", "warning")
        zone = ""
    answer = here.redirect(str(form.get("next", "/")))
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=_YEAR_S, path="/", samesite="lax", secure=secure)
    if zone:
        answer.set_cookie(
            ZONE_COOKIE, zone.replace("/", "%2F"), max_age=_YEAR_S, path="/", samesite="lax", secure=secure
        )
    return answer


PAGES: Final = (Page("/preferences", keep, right="read", methods=("POST",), name="preferences"),)

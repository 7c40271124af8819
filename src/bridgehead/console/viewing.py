"""How somebody looks at the console: light or dark, and in which zone; kept in cookies that hold nothing else."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from starlette.requests import Request

from bridgehead.errors import UserError

Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")
THEME_COOKIE: Final = "bridgehead_theme"
ZONE_COOKIE: Final = "bridgehead_zone"


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Returns the names of all zones."""
    return tuple(sorted(available_timezones()))


def theme_of(request: Request) -> Theme:
    """Returns the chosen look; ``auto`` follows the system."""
    kept = request.cookies.get(THEME_COOKIE, "auto")
    return next((theme for theme in THEMES if theme == kept), "auto")


def zone_of(request: Request) -> ZoneInfo:
    """Returns the chosen zone, UTC where none was chosen."""
    kept = request.cookies.get(ZONE_COOKIE, "UTC").replace("%2F", "/")
    return ZoneInfo(kept if kept in zones() else "UTC")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Returns what a field for a local time says, in somebody's zone; raises UserError (``input.moment``)."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text[:40]!r} is no moment", code="input.moment", hint="Write it like 2026-12-24T18:00."
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)

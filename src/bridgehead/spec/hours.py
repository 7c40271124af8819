"""When a role is at work, from the one line an operator writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridgehead.errors import UserError

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOUR_MINUTES: Final = 60
_DAY_MINUTES: Final = 24 * _HOUR_MINUTES
_DAY: Final = "|".join(_DAYS)
_FORM: Final = re.compile(
    rf"(?P<days>(?:{_DAY})(?:[-,](?:{_DAY}))*)\s+(?P<from>[0-9]{{2}}:[0-9]{{2}})-(?P<to>[0-9]{{2}}:[0-9]{{2}})\s+(?P<zone>[A-Za-z0-9_+/-]+)"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Week days (0 is Monday), opening and closing in minutes after midnight, and the IANA time zone."""

    days: frozenset[int]
    opens_minute: int
    closes_minute: int
    zone: str


def parse_hours(text: str) -> Hours:
    """Reads ``Mon-Fri 07:00-17:00 Europe/Berlin``; raises UserError for anything else.

    Days are a range or a list of both (``Mon-Wed,Sat``); a range may pass Sunday. Closing is
    after opening, at 24:00 at the latest.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise _wrong(text, "days, opening-closing and time zone")
    opens, closes = _minute(found["from"]), _minute(found["to"])
    if not 0 <= opens < closes <= _DAY_MINUTES:
        raise _wrong(text, "an opening time before the closing time, both within one day")
    try:
        ZoneInfo(found["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _wrong(text, "a time zone of the IANA database") from error
    days: set[int] = set()
    for part in found["days"].split(","):
        first_name, _, last_name = part.partition("-")
        if last_name and last_name not in _DAYS:
            raise _wrong(text, "ranges of two days")
        first, last = _DAYS.index(first_name), _DAYS.index(last_name or first_name)
        days.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return Hours(frozenset(days), opens, closes, found["zone"])


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * _HOUR_MINUTES + int(minute) if int(minute) < _HOUR_MINUTES else -1


def _wrong(text: str, expected: str) -> UserError:
    return UserError(
        f"{text!r} does not give {expected}",
        code="input.hours",
        hint="Write them like Mon-Fri 07:00-17:00 Europe/Berlin.",
    )

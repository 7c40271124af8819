"""Working time: when a role is at work, and when a span of its working time is over. Pure.

A span counts time that passes while the role is at work. It is elapsed time, so the hour that a change of the clocks
takes away is not counted, and the one that it adds is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bridgehead.spec.hours import Hours, parse_hours

_DAY: Final = timedelta(days=1)
_MOST_DAYS: Final = 3_660
"""A span that is not over after ten years ends there."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a role is at work: its hours (None: always), and the days of its time zone on which it is not."""

    hours: Hours | None = None
    holidays: frozenset[date] = frozenset()


ALWAYS: Final = Calendar()


def calendar_of(hours: str | None, holidays: frozenset[date] = frozenset()) -> Calendar:
    """Returns the calendar of a role as its file writes it; holidays without hours are days in UTC.

    Raises UserError (``input.hours``) for hours that cannot be read.
    """
    if hours is not None:
        return Calendar(parse_hours(hours), holidays)
    if holidays:
        return Calendar(parse_hours("Mon-Sun 00:00-24:00 UTC"), holidays)
    return ALWAYS


def add_business_time(start: datetime, duration: timedelta, calendar: Calendar) -> datetime:
    """Returns the moment (UTC) at which ``duration`` of the calendar's working time has passed since ``start``.

    A span of nothing ends at once, also outside working hours. One that ends exactly at closing time ends then, not
    on the next morning. Raises ValueError for a moment without a time zone and for a negative span.
    """
    if start.tzinfo is None or duration < timedelta(0):
        raise ValueError("a moment with its time zone and a span that is not negative")
    start = start.astimezone(UTC)
    if calendar.hours is None or not duration:
        return start + duration
    left = duration
    for opens, closes in _windows(start, calendar, calendar.hours):
        begins = max(opens, start)
        if closes - begins >= left:
            return begins + left
        left -= max(closes - begins, timedelta(0))
    return start + _MOST_DAYS * _DAY


def business_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """Returns how much of the calendar's working time lies between two moments; nothing where they are reversed."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if calendar.hours is None:
        return max(end - start, timedelta(0))
    total = timedelta(0)
    for opens, closes in _windows(start, calendar, calendar.hours):
        if opens >= end:
            break
        total += max(min(closes, end) - max(opens, start), timedelta(0))
    return total


def at_work(moment: datetime, calendar: Calendar) -> bool:
    """Tells whether the role is at work at a moment."""
    if calendar.hours is None:
        return True
    for opens, closes in _windows(moment.astimezone(UTC), calendar, calendar.hours):
        return opens <= moment < closes
    return False


def _windows(start: datetime, calendar: Calendar, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """Yields the working times that end after a moment, in order, as moments in UTC."""
    zone = ZoneInfo(hours.zone)
    first = start.astimezone(zone).date() - _DAY
    for number in range(_MOST_DAYS):
        day = first + number * _DAY
        if day.weekday() not in hours.days or day in calendar.holidays:
            continue
        opens, closes = _moment(day, hours.opens_minute, zone), _moment(day, hours.closes_minute, zone)
        if closes > start and closes > opens:
            yield opens, closes


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Returns a time of a day by the clock on the wall.

    The first of the two where that is shown twice; where it is left out, the clock as it went before the change.
    """
    if minute == 24 * 60:
        day, minute = day + _DAY, 0
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).astimezone(UTC)

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.errors import UserError
from bridgehead.reviews.calendar import ALWAYS, add_business_time, at_work, business_between, calendar_of

BERLIN_ZONE = ZoneInfo("Europe/Berlin")
BERLIN = calendar_of("Mon-Fri 08:00-17:00 Europe/Berlin")
NIGHT = calendar_of("Mon-Sun 01:00-05:00 Europe/Berlin")
ROUND_THE_CLOCK = calendar_of("Mon-Sun 00:00-24:00 Europe/Berlin")
H = timedelta(hours=1)


def at(text: str) -> datetime:
    """Reads a moment with its offset."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "start, hours, end",
    [
        ("2026-11-25T10:00+01:00", 2, "2026-11-25T12:00+01:00"),
        ("2026-11-25T16:00+01:00", 2, "2026-11-26T09:00+01:00"),
        ("2026-11-25T16:00+01:00", 1, "2026-11-25T17:00+01:00"),  # ends when the day does, not on the next morning
        ("2026-11-25T03:00+01:00", 2, "2026-11-25T10:00+01:00"),
        ("2026-11-27T16:00+01:00", 2, "2026-11-30T09:00+01:00"),  # over a weekend
        ("2026-11-28T12:00+01:00", 18, "2026-12-01T17:00+01:00"),
        ("2026-11-25T22:00+01:00", 0, "2026-11-25T22:00+01:00"),
    ],
)
def test_only_working_time_counts(start: str, hours: int, end: str) -> None:
    """A span is over once so much of the role's working time has passed, over nights and weekends."""
    assert add_business_time(at(start), hours * H, BERLIN) == at(end)


def test_holidays_are_no_working_time() -> None:
    """A day that the role names as a holiday does not count, by the calendar of its own time zone."""
    closed = calendar_of("Mon-Fri 08:00-17:00 Europe/Berlin", frozenset({date(2026, 12, 24), date(2026, 12, 25)}))
    assert add_business_time(at("2026-12-23T16:00+01:00"), 2 * H, closed) == at("2026-12-28T09:00+01:00")
    # 23:30 UTC on the 23rd is the 24th in Berlin already.
    assert not at_work(at("2026-12-24T09:00+01:00"), closed)
    assert at_work(at("2026-12-23T09:00+01:00"), closed)


def test_holidays_without_hours_are_days() -> None:
    """A role that is always at work but for holidays loses those days whole."""
    closed = calendar_of(None, frozenset({date(2026, 12, 25)}))
    assert add_business_time(at("2026-12-24T23:00+00:00"), 2 * H, closed) == at("2026-12-26T01:00+00:00")


def test_the_hour_that_spring_takes_away_is_not_counted() -> None:
    """When clocks go forward (02:00 to 03:00 on 29 March 2026), the missing hour is no working time."""
    assert add_business_time(at("2026-03-29T01:00+01:00"), 2 * H, NIGHT) == at("2026-03-29T04:00+02:00")
    assert business_between(at("2026-03-29T00:00+01:00"), at("2026-03-29T12:00+02:00"), NIGHT) == 3 * H
    assert add_business_time(at("2026-03-28T12:00+01:00"), 24 * H, ROUND_THE_CLOCK) == at("2026-03-29T13:00+02:00")


def test_the_hour_that_autumn_adds_is_counted() -> None:
    """When clocks go back (03:00 to 02:00 on 25 October 2026), the hour that comes twice counts twice."""
    assert add_business_time(at("2026-10-25T01:00+02:00"), 4 * H, NIGHT) == at("2026-10-25T04:00+01:00")
    assert business_between(at("2026-10-25T00:00+02:00"), at("2026-10-25T12:00+01:00"), NIGHT) == 5 * H
    assert add_business_time(at("2026-10-24T12:00+02:00"), 24 * H, ROUND_THE_CLOCK) == at("2026-10-25T11:00+01:00")


@pytest.mark.parametrize("day", ["2026-03-27", "2026-10-23"])
def test_office_hours_stay_by_the_wall_clock_over_a_change(day: str) -> None:
    """Work that spans the weekend of a change is due at the same time by the clock on the wall as in any other week."""
    friday = datetime.fromisoformat(f"{day}T16:00").replace(tzinfo=BERLIN_ZONE)
    due = add_business_time(friday, 2 * H, BERLIN).astimezone(BERLIN_ZONE)
    assert (due.weekday(), due.hour, due.minute) == (0, 9, 0)


@pytest.mark.parametrize("hours", ["Mon-Sun 02:15-02:45 Europe/Berlin", "Mon-Sun 02:30-03:30 Europe/Berlin"])
def test_a_time_that_does_not_exist_or_comes_twice_ends_no_earlier_than_it_starts(hours: str) -> None:
    """Opening hours within the hour of a change never lose a review and never count backwards."""
    calendar = calendar_of(hours)
    for start in ("2026-03-28T12:00+01:00", "2026-10-24T12:00+02:00"):
        due = add_business_time(at(start), 2 * H, calendar)
        assert due > at(start)
        assert business_between(at(start), due, calendar) == 2 * H


def test_without_hours_time_just_passes() -> None:
    """A role that names no hours is always at work."""
    assert add_business_time(at("2026-11-28T12:00+01:00"), 5 * H, ALWAYS) == at("2026-11-28T17:00+01:00")


def test_what_is_no_span_is_refused() -> None:
    """A moment without a time zone, a negative span and hours that cannot be read are refused."""
    with pytest.raises(ValueError, match="time zone"):
        add_business_time(datetime(2026, 1, 1), H, BERLIN)  # noqa: DTZ001  # that is what is refused
    with pytest.raises(ValueError, match="negative"):
        add_business_time(at("2026-01-01T00:00+00:00"), -H, BERLIN)
    with pytest.raises(UserError):
        calendar_of("always")


CALENDARS = [BERLIN, NIGHT, ROUND_THE_CLOCK, calendar_of("Sat,Sun 22:00-24:00 America/New_York"), ALWAYS]
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001


@given(MOMENTS, st.integers(0, 200 * 3600), st.integers(0, 50 * 3600), st.sampled_from(CALENDARS))
def test_spans_add_up(start: datetime, first_s: int, more_s: int, calendar: object) -> None:
    """What lies between the start and the end of a span is the span, and two spans in a row are their sum."""
    assert isinstance(calendar, type(ALWAYS))
    first, more = timedelta(seconds=first_s), timedelta(seconds=more_s)
    middle = add_business_time(start, first, calendar)
    assert business_between(start, middle, calendar) == first
    end = add_business_time(middle, more, calendar)
    assert business_between(start, end, calendar) == first + more
    assert end >= middle >= start

"""Dates and times of foreign systems: by their forms, in their zone, to what they surely mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.unfit import UnfitError

EPOCHS: Final = {"epoch": 1, "epoch_ms": 1_000}
"""Forms of numbers: seconds, or milliseconds, since 1970-01-01T00:00Z."""

_ISO_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ISO_TIME: Final = re.compile(r"\d\d:\d\d(:\d\d([.,]\d{1,6})?)?", re.ASCII)
_ISO_DATETIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)
_FRACTION: Final = re.compile(r"([.,]\d{6})\d+", re.ASCII)
_RUN_ON: Final = re.compile(r"%[dmyYHIMSj]%[dmyYHIMSjf]")
_LONGEST: Final = 60
_CENTURY: Final = 100
_LONGEST_DIGITS: Final = 10**20
_DAY: Final = timedelta(days=1)


def moment_reader(part: FieldPart) -> Callable[[object], date | time | datetime]:
    """Returns the reader of a field of type ``date``, ``time`` or ``datetime``; it raises UnfitError.

    Datetimes are in UTC. A time without a zone is in ``zone``; one that a change of the clocks
    leaves out is refused; one that comes twice is the earlier of the two, so that it never counts
    as younger than it is.
    """
    parse = _parser(part)
    if part.type == "time":
        return lambda value: _time(value, parse)
    zone = None if part.zone is None else ZoneInfo(part.zone)
    if part.type == "date":
        return lambda value: _date(value, parse, zone)
    return lambda value: _datetime(value, parse, zone)


def _date(value: object, parse: Callable[[object], datetime], zone: ZoneInfo | None) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    found = value if isinstance(value, datetime) else parse(value)
    if found.tzinfo is not None and zone is not None:
        try:
            found = found.astimezone(zone)
        except OverflowError:
            raise UnfitError("a date between the years 1 and 9999") from None
    if found.time() != time():
        raise UnfitError("a date without a time of day", "Read it as a datetime.")
    return found.date()


def _time(value: object, parse: Callable[[object], datetime]) -> time:
    if isinstance(value, timedelta):  # how drivers give a database's TIME
        if not timedelta() <= value < _DAY:
            raise UnfitError("a time of day")
        return (datetime.min + value).time()  # noqa: DTZ901  only its time of day is taken
    if isinstance(value, time):
        found = value
    elif isinstance(value, date):
        raise UnfitError("a time of day")
    else:
        found = parse(value).timetz()
    if found.tzinfo is not None:
        raise UnfitError("a time without a zone", "Read it as a datetime.")
    return found


def _datetime(value: object, parse: Callable[[object], datetime], zone: ZoneInfo | None) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001  its zone is the field's, set below
    found = value if isinstance(value, datetime) else parse(value)
    if found.tzinfo is None:
        if zone is None:
            raise UnfitError("a time with its zone", "Say in which `zone` the system writes it.")
        local = found.replace(tzinfo=zone, fold=0)
        try:
            found = local.astimezone(UTC)
            if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
                raise UnfitError(f"a time that the clocks of {zone.key} have shown")
        except OverflowError:
            raise UnfitError("a time between the years 1 and 9999") from None
        return found
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise UnfitError("a time between the years 1 and 9999") from None


def _parser(part: FieldPart) -> Callable[[object], datetime]:
    """Returns what reads a text or number by the field's forms, the first that fits."""
    expected = f"a {part.type} as {' or '.join(part.format)}" if part.format else f"a {part.type} as in ISO 8601"
    if not part.format:
        iso = {"date": _ISO_DATE, "time": _ISO_TIME}.get(part.type, _ISO_DATETIME)

        def by_iso(value: object) -> datetime:
            if not isinstance(value, str) or len(value) > _LONGEST or iso.fullmatch(value) is None:
                raise UnfitError(expected, "Give its `format`." if isinstance(value, str | int) else "")
            try:
                if part.type == "time":
                    # The day is put before it only so that every form gives one type.
                    return datetime.fromisoformat(f"1970-01-01T{value.replace(',', '.')}")
                return datetime.fromisoformat(_FRACTION.sub(r"\1", value))
            except ValueError:
                raise UnfitError(expected) from None

        return by_iso
    forms = [_form(form, part.pivot) for form in part.format]

    def by_forms(value: object) -> datetime:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise UnfitError(expected)
        if isinstance(value, str) and len(value) > _LONGEST:
            raise UnfitError(expected)
        for form in forms:
            found = form(value)
            if found is not None:
                return found
        raise UnfitError(expected)

    return by_forms


def _form(form: str, pivot: int | None) -> Callable[[str | int | float | Decimal], datetime | None]:
    if form in EPOCHS:
        return lambda value: _epoch(value, EPOCHS[form])
    two_digits = "%y" in form
    run_on = _RUN_ON.search(form) is not None
    head = form.partition("%f")[0].partition("%z")[0]
    width = len(datetime(2000, 11, 22, 10, 10, 10).strftime(form))  # noqa: DTZ001  only its length is used

    def read(value: str | float | Decimal) -> datetime | None:
        text = value if isinstance(value, str) else _digits(value, width)
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007  its zone is in the form, or the field's
        except ValueError:
            return None
        # strptime takes 3198 for %d%m%y: where digits run on, each part must have its full width.
        if run_on:
            written = found.strftime(head)
            if text != written and (head == form or not text.startswith(written)):
                return None
        if two_digits and pivot is not None:
            short = found.year % _CENTURY
            try:
                found = found.replace(year=(1900 if short > pivot else 2000) + short)
            except ValueError:  # 29 February of a year that has none
                return None
        return found

    return read


def _digits(value: float | Decimal, width: int) -> str:
    """Returns a number as the digits it stands for, leading zeros back in place; an empty text for any other."""
    if isinstance(value, Decimal) and not value.is_finite():  # it cannot be compared
        return ""
    if not 0 <= value < _LONGEST_DIGITS or value != int(value):
        return ""
    return str(int(value)).zfill(width)


def _epoch(value: str | float | Decimal, per_s: int) -> datetime | None:
    try:
        number = Decimal(str(value))
        whole, part = divmod(number * 1_000_000 / per_s, 1_000_000)
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(whole), microseconds=int(part))
    except (ArithmeticError, ValueError, OverflowError):
        return None

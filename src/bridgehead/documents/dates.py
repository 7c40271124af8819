"""Finds calendar days in text, and says when a written day could mean two, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

DayOrder = Literal["dmy", "mdy"]

_MONTH_WORDS: Final = (
    "styczeń stycznia january januar jan janvier janv enero ene gennaio gen januari j\u00e4nner j\u00e4n janeiro leden ledna janvári január tammikuuta",
    "luty lutego february februar feb f\u00e9vrier fevrier f\u00e9vr fevr febrero febbraio februari fevereiro únor února február helmikuuta",
    "marzec marca march m\u00e4rz maerz mar mrz mars marzo maart mrt m\u00e4r março března březen március maaliskuuta",
    "kwiecień kwietnia april apr avril avr abril abr aprile duben dubna április huhtikuuta",
    "maj maja may mai mayo maggio mag mei maio květen května május toukokuuta",
    "czerwiec czerwca june juni jun juin junio giugno giu junho červen června június kesäkuuta",
    "lipiec lipca july juli jul juillet juil julio luglio lug julho červenec července július heinäkuuta",
    "sierpień sierpnia augusti august aug ao\u00fbt aout agosto ago augustus srpen srpna augusztus elokuuta",
    "wrzesień września september sep sept septembre septiembre settembre set setembro září szeptember syyskuuta",
    "październik października october oktober oct okt octobre octubre ottobre ott outubro říjen října október lokakuuta",
    "listopad listopada november nov novembre noviembre listopadu marraskuuta",
    "grudzień grudnia december dezember dec dez d\u00e9cembre d\u00e9c diciembre dic dicembre dezembro prosinec prosince desember joulukuuta",
)
MONTHS: Final = {word: number for number, words in enumerate(_MONTH_WORDS, 1) for word in words.split()}
_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY_WORDS: Final = (
    "monday montag lundi lunes lunedì maandag måndag mandag poniedziałek poniedziałku",
    "tuesday dienstag mardi martes martedì dinsdag tisdag tirsdag wtorek wtorku",
    "wednesday mittwoch mercredi miércoles mercoledì woensdag onsdag środa środę",
    "thursday donnerstag jeudi jueves giovedì donderdag torsdag czwartek czwartku",
    "friday freitag vendredi viernes venerdì vrijdag fredag piątek piątku",
)
_WEEKDAYS: Final = {word: number for number, words in enumerate(_WEEKDAY_WORDS, 1) for word in words.split()}
_WEEKDAY_NAMES = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
_OF_THE_YEAR: Final = r"[ \u00a0]?(?-i:r\.(?!\w)|r(?=[\s,;:)]|$)|roku\b)"
"""``r.`` (roku), which Polish writes behind a day, says that what stands before it is the year."""
_DAY = r"(?P<{0}>0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(
    r"(?<![\w./-])(?:"
    r"(?P<iso_y>(?:19|20)\d{2})(?P<iso_s>[-/.])(?P<iso_m>0?[1-9]|1[0-2])(?P=iso_s)(?P<iso_d>0?[1-9]|[12]\d|3[01])"
    rf"(?:T\d{{2}}:\d{{2}}(?::\d{{2}})?(?:Z|[+-]\d{{2}}:?\d{{2}})?|{_OF_THE_YEAR})?"
    r"|(?P<num_a>\d{1,2})(?P<num_s>[-/.])[ ]?(?P<num_b>\d{1,2})(?P=num_s)[ ]?(?P<num_y>(?:19|20)\d{2}|\d{2})"
    rf"(?:{_OF_THE_YEAR})?"
    rf"|{_DAY.format('dm_d')}(?:st|nd|rd|th|er|\.|\u00ba|\u00b0)?[ \u00a0-]{{0,2}}(?:of |de |d')?(?P<dm_m>{_NAMES})\b\.?"
    rf"(?:[ ,-]{{0,2}}(?:de |del )?(?P<dm_y>(?:19|20)\d{{2}}|'?\d{{2}}(?!\d|[.,:]\d))(?:{_OF_THE_YEAR})?)?"
    rf"|(?P<md_m>{_NAMES})\.?[ -]{_DAY.format('md_d')}(?:st|nd|rd|th)?(?:,?[ -](?P<md_y>(?:19|20)\d{{2}}))?"
    rf"|(?P<wk_day>{_WEEKDAY_NAMES}),?[ ]{{1,2}}(?:in |der |of |de la |van |i )?(?:kw|cw|wk|week|kalenderwoche|calendar week|semaine|sem\.?|semana|settimana|vecka|v\.|uge|uke|tydzie[ńn]|tydz\.?)[ .]{{0,2}}(?P<wk_n>\d{{1,2}})(?:\s?/\s?(?P<wk_y>20\d{{2}}|\d{{2}}))?"
    r"|(?P<short_d>0?[1-9]|[12]\d|3[01])\.[ ]?(?P<short_m>0?[1-9]|1[0-2])\.(?![\d])"
    r")(?![\w/]|-\d)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:"
    r"(?:kw|cw|wk|calendar week|kalenderwoche|week|semaine|semana|settimana|uge|uke|vecka|tydzień|tydz|týden|týd|viikko|vko|hét|sem\.?)\s?\.?\s?\d{1,2}(?:\s?/\s?\d{2,4})?"
    r"|next (?:week|month|monday|tuesday|wednesday|thursday|friday)|this week|tomorrow|end of (?:the )?\w+|early \w+ week"
    r"|(?:with)?in (?:\d{1,2}|two|three|four) (?:working |business )?(?:days|weeks)|mid[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*"
    r"|(?:n\u00e4chste[rn]?|kommende[rn]?|diese[rn]?) (?:woche|monat|montag|dienstag|mittwoch|donnerstag|freitag)|morgen fr\u00fch|\u00fcbermorgen"
    r"|(?:ende|anfang|mitte) (?:der |des |n\u00e4chster |kommender )?\w+|(?:in|innerhalb von|binnen) (?:\d{1,2}|zwei|drei|vier) (?:tagen|wochen|arbeitstagen|werktagen)"
    r"|(?:la )?semaine prochaine|demain|fin (?:du mois|de semaine|janvier|f\u00e9vrier|mars|avril|mai|juin|juillet|ao\u00fbt|septembre|octobre|novembre|d\u00e9cembre)|(?:d'ici|dans|sous) (?:\d{1,2}|deux|trois) (?:jours|semaines)|mi-\w+"
    r"|(?:la )?pr\u00f3xima semana|la semana que viene|ma\u00f1ana|(?:a )?(?:finales|principios|mediados) de \w+|(?:en|dentro de) (?:\d{1,2}|dos|tres) (?:d\u00edas|semanas)"
    r"|(?:la )?(?:prossima settimana|settimana prossima)|domani|(?:fine|inizio|met\u00e0) (?:mese|settimana|\w+bre|gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto)|(?:entro|tra|fra) (?:\d{1,2}|due|tre) (?:giorni|settimane)"
    r"|volgende (?:week|maand)|(?:eind|begin|half|medio) (?:van de )?\w+|binnen (?:\d{1,2}|twee|drie) (?:dagen|weken|werkdagen)"
    r")\b",
    re.IGNORECASE,
)
HOURS: Final = re.compile(
    r"\b\d{1,2}[.:]\d{2}\s?(?:(?:-|–|—|to|bis|tot|till|do|a|à|until|and|und)\s?\d{1,2}[.:]\d{2}\b|(?:uur|uhr|hrs?|h|am|pm|klockan)\b)",
    re.IGNORECASE,
)
"""Hours of the day, such as those in which a gate is open."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day found in text at ``start``..``end``; ``day`` is None when it is ambiguous or does not exist."""

    day: date | None
    start: int
    end: int
    text: str
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class DayContext:
    """What decides between readings: the order of day and month the sender uses, and the day of writing."""

    order: DayOrder | None
    today: date | None


def find_days(text: str, context: DayContext) -> Iterator[Day]:
    """All days written in ``text``, from left to right."""
    for found in _DATE.finditer(text):
        if (found["dm_m"] or "").lower() == "set" and not found["dm_y"]:
            continue
        yield _resolve(found, context)


def read_day(text: str, context: DayContext) -> Day | None:
    """The one day that ``text`` is; None when it holds none, ``day`` None when more than one or doubtful."""
    stripped = text.strip()
    if re.fullmatch(r"(?:19|20)\d{6}", stripped):
        day = _day(int(stripped[:4]), int(stripped[4:6]), int(stripped[6:]))
        return Day(day, 0, 8, stripped, "" if day else "is no calendar day")
    if re.fullmatch(r"\d{6}", stripped):
        return _six_digits(stripped, context)
    days = list(find_days(text, context))
    if not days:
        return None
    if len({one.day for one in days}) > 1:
        return Day(None, days[0].start, days[-1].end, stripped, "names several days")
    return days[0]


_SOON: Final = 120
"""Days between an order and a day asked for, beyond which another reading of it that is nearer is the day."""


def _six_digits(text: str, context: DayContext) -> Day | None:
    """``261201`` with the year first or last; decided by which lies near the day of writing."""
    first, second, third = int(text[:2]), int(text[2:4]), int(text[4:])
    readings = {_day(first, second, third), _day(third, second, first)} - {None}
    if context.today is None:
        return Day(None, 0, 6, text, "may be a day without separators") if readings else None
    near = {day for day in readings if day is not None and abs((day - context.today).days) <= 400}
    soon = {day for day in near if abs((day - context.today).days) <= _SOON}
    if len(near) == 1 or len(soon) == 1:
        return Day((soon or near).pop(), 0, 6, text)
    return (
        Day(None, 0, 6, text, "can be read in several ways" if near else "is no day near the order")
        if readings
        else None
    )


def relative_day(text: str) -> str | None:
    """The words in ``text`` that name a day only relative to another (``next week``, ``KW 48``)."""
    found = _RELATIVE.search(text)
    return found[0] if found else None


def day_order(text: str, guess: DayOrder | None) -> DayOrder | None:
    """The order the slashed and dashed dates of ``text`` prove by a number above 12; else ``guess``."""
    proven: set[DayOrder] = set()
    for found in _DATE.finditer(text):
        if found["num_a"] and found["num_s"] != ".":
            first, second = int(found["num_a"]), int(found["num_b"])
            if first > 12 >= second:
                proven.add("dmy")
            elif second > 12 >= first:
                proven.add("mdy")
    if len(proven) == 1:
        return proven.pop()
    return guess if not proven else None


def _day(year: int, month: int, day: int) -> date | None:
    if year < 100:
        year += 2000
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _resolve(found: re.Match[str], context: DayContext) -> Day:
    start, end, text = found.start(), found.end(), found[0]
    doubt = "is no calendar day"
    day: date | None
    if found["iso_y"]:
        day = _day(int(found["iso_y"]), int(found["iso_m"]), int(found["iso_d"]))
    elif found["num_a"]:
        day, doubt = _numeric(found, context)
    elif found["wk_n"]:
        day, doubt = _in_week(found, context.today)
    else:
        name = found["dm_m"] or found["md_m"]
        month = MONTHS[name.lower()] if name else int(found["short_m"])
        number = int(found["dm_d"] or found["md_d"] or found["short_d"])
        year = (found["dm_y"] or found["md_y"] or "").lstrip("'")
        if year:
            day = _day(int(year), month, number)
        else:
            day, doubt = _coming(month, number, context.today)
    return Day(day, start, end, text, "" if day else doubt)


def _numeric(found: re.Match[str], context: DayContext) -> tuple[date | None, str]:
    first, second, year = int(found["num_a"]), int(found["num_b"]), int(found["num_y"])
    dmy, mdy = _day(year, second, first), _day(year, first, second)
    if found["num_s"] == "." or dmy is None or mdy is None or dmy == mdy:
        if found["num_s"] == "." or dmy is not None:
            return dmy, "is no calendar day"
        if context.order == "dmy":
            return None, "is no calendar day in the order of day and month used here"
        return mdy, "is no calendar day"
    if context.order is not None:
        return (dmy if context.order == "dmy" else mdy), ""
    return None, "can be read with the day or the month first"


def _in_week(found: re.Match[str], today: date | None) -> tuple[date | None, str]:
    """The working day of a numbered week (ISO 8601); without a year it is the week to come."""
    weekday, week = _WEEKDAYS[found["wk_day"].lower()], int(found["wk_n"])
    year = found["wk_y"]
    if year is None and today is None:
        return None, "names no year"
    years = (int(year) % 100 + 2000,) if year is not None else (today.year, today.year + 1) if today is not None else ()
    for one in years:
        try:
            day = date.fromisocalendar(one, week, weekday)
        except ValueError:
            return None, "is no week of the calendar"
        if year is not None or today is None or day >= today:
            return (day, "") if today is None or (day - today).days <= 270 else (None, "lies far ahead or just behind")
    return None, "is no calendar day"


def _coming(month: int, number: int, today: date | None) -> tuple[date | None, str]:
    if today is None:
        return None, "names no year"
    for year in (today.year, today.year + 1):
        day = _day(year, month, number)
        if day is not None and day >= today:
            if (day - today).days > 270:
                return None, "names no year and lies far ahead or just behind"
            return day, ""
    return None, "is no calendar day"

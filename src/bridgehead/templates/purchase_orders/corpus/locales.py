"""How people of each language write numbers, money and dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.model import plain

_MARKS: Final[dict[str, tuple[str, str]]] = {  # the mark of thousands, the mark of decimals
    "en": (",", "."), "de": (".", ","), "fr": ("\u00a0", ","), "es": (".", ","), "it": (".", ","), "nl": (".", ","),
    "pl": (" ", ","), "sv": (" ", ","),
}  # fmt: skip

_MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    "it": ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    "nl": ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"),
    "pl": ("stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia"),
    "sv": ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"),
}  # fmt: skip


def _marks(language: str, country: str) -> tuple[str, str]:
    return ("'", ".") if country == "CH" else _MARKS[language]


def show_number(amount: Decimal, language: str, country: str, *, grouped: bool = True) -> str:
    """Returns the number without superfluous zeros: ``1.250`` for 1250 in German, ``12,5`` for 12.5."""
    return _marked(plain(amount), language, country, grouped=grouped)


def show_money(amount: Decimal, language: str, country: str, *, grouped: bool = True) -> str:
    """Returns an amount with at least two decimals and every decimal it has."""
    exponent = amount.as_tuple().exponent
    text = plain(amount) if isinstance(exponent, int) and exponent < -2 else format(amount, ".2f")
    whole, _, part = text.partition(".")
    return _marked(f"{whole}.{part:0<2}", language, country, grouped=grouped)


def _marked(text: str, language: str, country: str, *, grouped: bool) -> str:
    thousands, decimals = _marks(language, country)
    whole, _, part = text.partition(".")
    shown = format(int(whole), ",").replace(",", thousands) if grouped else whole
    return f"{shown}{decimals}{part}" if part else shown


def show_date(day: date, language: str, country: str, style: int) -> str:
    """Returns the date as people of the country write it; ``style`` 0 to 3 is the writer's own habit."""
    d, m, y = day.day, day.month, day.year
    month = _MONTHS[language][m - 1]
    if language == "de":
        return (f"{d:02}.{m:02}.{y}", f"{d:02}.{m:02}.{y % 100:02}", f"{d}. {month} {y}", f"{d}.{m}.{y}")[style]
    if language == "en" and country in {"US", "CA"}:
        return (f"{m}/{d}/{y}", f"{m:02}/{d:02}/{y}", f"{month[:3]} {d}, {y}", f"{month} {d}, {y}")[style]
    if language == "en":
        return (
            f"{d:02}/{m:02}/{y}",
            f"{d} {month} {y}",
            f"{d:02}-{month[:3]}-{y % 100:02}",
            f"{d:02}/{m:02}/{y % 100:02}",
        )[style]
    if language in {"fr", "es", "it"}:
        long = f"{d} de {month} de {y}" if language == "es" else f"{d} {month} {y}"
        return (f"{d:02}/{m:02}/{y}", f"{d:02}/{m:02}/{y % 100:02}", long, f"{d:02}.{m:02}.{y}")[style]
    if language == "nl":
        return (f"{d:02}-{m:02}-{y}", f"{d}-{m}-{y}", f"{d} {month} {y}", f"{d:02}-{m:02}-{y % 100:02}")[style]
    if language == "pl":
        return (f"{d:02}.{m:02}.{y}", f"{d:02}.{m:02}.{y} r.", f"{d} {month} {y}", f"{y}-{m:02}-{d:02}")[style]
    return (f"{y}-{m:02}-{d:02}", f"{y}-{m:02}-{d:02}", f"{d} {month} {y}", f"{y % 100:02}{m:02}{d:02}")[style]


def short_date(day: date, language: str, country: str) -> str:
    """Returns the day and the month's name, without a year."""
    month = _MONTHS[language][day.month - 1]
    if language == "en" and country in {"US", "CA"}:
        return f"{month} {day.day}"
    between = {"de": ". ", "es": " de "}.get(language, " ")
    return f"{day.day}{between}{month}"

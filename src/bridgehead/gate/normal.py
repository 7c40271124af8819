"""Normal forms: two ways of writing one value share a form, two different values never do.

Each scalar has one kind: an IBAN (ISO 13616), an e-mail address, a URL (RFC 3986), a date, a number, or a text.
A reader may take ``1.234`` for either of two numbers. What was *read* has a form for each; what is *asked for*
only the one that a machine takes, so that a trusted text never vouches for a value that it may not mean.

Characters that only look alike (Unicode TR 39) are told apart: ``skeleton`` names what a value imitates, and a
value found by its skeleton alone is never trusted.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from bridgehead.spec.tool import JSON

Scalar = str | bool | int | float
LONGEST: Final = 4_096
"""Texts above this many characters are prose, known by their digest."""

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]|[\U000e0000-\U000e0fff]"
)
"""Default-ignorable code points (Unicode 15, DerivedCoreProperties)."""
_EMAIL: Final = re.compile(
    r"[^\s@<>\"(),;:\\\[\]]{1,64}@([^\s@<>\"(),;:\\\[\]/?#]{1,250}\.[^\s@<>\"(),;:\\\[\]/?#.\d]{2,63})\.?"
)
_NAMED: Final = re.compile(r'"?[^<>"@,;]*"?\s*<([^<>\s]+)>')
_URL: Final = re.compile(r"(?:([a-z][a-z0-9+.-]{0,20})://|(?=www\.))(\S+)", re.IGNORECASE)
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_IBAN_GAPS: Final = re.compile(r"[ -]")
_NUMBER: Final = re.compile(r"([+-]?)(\d{1,3}(?:([.,' ])\d{3})(?:\3\d{3})*|\d{1,38})(?:([.,])(\d{1,20}))?")
_MONEY: Final = re.compile(
    r"(?:(?P<before>[A-Z]{3}|[€$£¥])\s?)?(?P<amount>[+-]?[\d.,' ]*\d)(?:\s?(?P<after>[A-Z]{3}|[€$£¥]))?"
)
_SIGNS: Final = {"€": "EUR", "£": "GBP", "¥": "JPY"}
_AMBIGUOUS: Final = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:[Zz]|[+-]\d{2}:?\d{2})?")
_DOTTED: Final = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_SLASHED: Final = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_BY_NAME: Final = re.compile(r"(\d{1,2})\.?(?:st|nd|rd|th)?\s([a-zä]{3,9})\.?,?\s(\d{4})")
_NAME_FIRST: Final = re.compile(r"([a-z]{3,9})\.?\s(\d{1,2})(?:st|nd|rd|th)?,?\s(\d{4})")
_MONTH_NAMES: Final = (
    "jan january januar|feb february februar|mar march märz mär mrz|apr april|may mai|jun june juni|jul july juli"
    "|aug august|sep sept september|oct october okt oktober|nov november|dec december dez dezember"
)
_MONTHS: Final = {name: month for month, names in enumerate(_MONTH_NAMES.split("|"), 1) for name in names.split()}
_ALIKE: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d\u0432"
    "\u043c\u043d\u0442\u043a\u0433\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f"
    "\u03a1\u03a4\u03a5\u03a7\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u0406\u0408\u0405\u03bf\u03b1\u03bd\u03b9\u03ba\u03c1\u03c4\u03c5\u03c7\u0251\u0261\u0131"
    "\u2113\u0578\u057d\u0585\u0581\u0570",
    "aeopcyxijsdhqwbmhtkrABEZHIKMNOPTYXABEKMHOPCTXIJSoavikptuxagilnuogh",
)
"""The letters of Cyrillic, Greek, Armenian and IPA that are taken for Latin ones (Unicode TR 39, confusables)."""
_LATIN_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "|": "l", "i": "l"})
_ISSUED: Final = re.compile(r" of https?://\S+$")
"""How people of an issuer are named beside those of this installation."""


def tidy(text: str) -> str:
    """Returns a text in NFKC, without what cannot be seen, its spaces single."""
    plain = text
    if not text.isascii():
        plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
        plain = _INVISIBLE.sub("", plain)
    return " ".join(plain.split())


def skeleton(text: str) -> str:
    """Returns what a text looks like: texts that are taken for each other share it."""
    shown = unicodedata.normalize("NFKD", tidy(text).translate(_ALIKE))
    plain = "".join(one for one in shown if not unicodedata.combining(one)).lower()
    return plain.translate(_ALIKE).translate(_LATIN_ALIKE)


def two_people(one: str, other: str) -> bool:
    """Tells whether two names are of two people: case, spaces and letters that only look alike make nobody else.

    Neither does another place to sign in: ``kim`` and ``kim of https://issuer`` are taken for one person.
    """
    first, second = (_ISSUED.sub("", tidy(name).translate(_ALIKE).casefold()) for name in (one, other))
    return bool(first and second) and first != second


def forms(value: Scalar, *, asked: bool) -> tuple[str, ...]:
    """Returns the forms of a scalar, at least one unless it is an empty text.

    ``asked``: the value is the argument of a call, so that a form that is only one of its readings is left out.
    """
    if isinstance(value, bool):
        return ("b:true" if value else "b:false",)
    if isinstance(value, int | float):
        return (f"n:{_plain(Decimal(repr(value)))}",)
    text = tidy(value)
    if not text:
        return ()
    if len(text) > LONGEST:  # prose: known as a whole, or by the values that stand in it
        return (f"h:{hashlib.sha256(_lowered(text).encode('utf-8', 'surrogatepass')).hexdigest()}",)
    lowered = _lowered(text)
    if "@" in text and (address := _address(text)) is not None:
        return (address,)
    if ("://" in text or lowered.startswith("www.")) and (link := _url(text)) is not None:
        return link
    if len(text) <= _LONGEST_ACCOUNT and text[0].isalpha() and text[-1].isalnum():
        account = _IBAN_GAPS.sub("", text).upper()
        if _IBAN.fullmatch(account):
            return (f"i:{account}",)
    found = [f"t:{lowered}"]
    if len(text) < _LONGEST_NUMBER and any(map(str.isdigit, text)):
        found += _days(lowered, asked=asked)
        found += _numbers(text, asked=asked)
    return tuple(dict.fromkeys(found))


_LONGEST_NUMBER: Final = 64
_LONGEST_ACCOUNT: Final = 68
"""An IBAN has 34 characters at most, and a gap behind each at most."""


def _lowered(text: str) -> str:
    return unicodedata.normalize("NFKC", text.lower())


def _address(text: str) -> str | None:
    named = _NAMED.fullmatch(text)
    plain = named[1] if named else text.removeprefix("mailto:")
    found = _EMAIL.fullmatch(plain)
    if found is None:
        return None
    local, _, domain = plain.rpartition("@")
    return f"e:{_lowered(local)}@{_host(domain)}"


def _host(name: str) -> str:
    """Returns a host in the form of IDNA where it has one: the same name in letters and in Punycode are one."""
    plain = name.lower().rstrip(".")
    if plain.isascii() and "xn--" not in plain:
        return plain
    try:
        return ".".join(map(_label, plain.split(".")))
    except UnicodeError:
        return plain


def _label(name: str) -> str:
    """Returns one part of a host. Where IDNA 2003 and 2008 name two hosts (RFC 5894, 7.2), the one of 2008 is meant."""
    if "ß" in name or "ς" in name:
        return f"xn--{name.encode('punycode').decode('ascii')}"
    return name.encode("idna").decode("ascii")


_PORTS: Final = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}
_UNRESERVED: Final = "!$&'()*+,;=:@/-._~"


def _url(text: str) -> tuple[str, ...] | None:
    found = _URL.fullmatch(text)
    if found is None:
        return None
    schemes = (found[1].lower(),) if found[1] else ("", "http", "https")
    try:
        parts = urlsplit(f"x://{found[2]}")
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        return None
    if not host and not parts.path:
        return None
    user = f"{parts.username or ''}:{parts.password or ''}@" if parts.username or parts.password else ""
    path = quote(unquote(parts.path), safe=_UNRESERVED).rstrip("/") if "%2f" not in parts.path.lower() else parts.path
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return tuple(
        f"u:{scheme}://{user}{_host(host)}{'' if port in (None, _PORTS.get(scheme)) else f':{port}'}"
        f"{path}{query}{fragment}"
        for scheme in schemes
    )


def _days(lowered: str, *, asked: bool) -> Iterator[str]:
    if _MOMENT.fullmatch(lowered.upper()):
        moment = _moment(lowered.upper())
        if moment is not None:
            yield f"z:{moment}"
            if not asked:
                yield f"d:{lowered[:10]}"
        return
    if found := _ISO.fullmatch(lowered):
        yield from _day(found[1], found[2], found[3])
    elif found := _DOTTED.fullmatch(lowered):
        yield from _day(found[3], found[2], found[1])
    elif found := _SLASHED.fullmatch(lowered):
        readings = {*_day(found[3], found[2], found[1]), *_day(found[3], found[1], found[2])}
        if len(readings) == 1 or not asked:
            yield from sorted(readings)
    elif (found := _BY_NAME.fullmatch(lowered)) and found[2] in _MONTHS:
        yield from _day(found[3], _MONTHS[found[2]], found[1])
    elif (found := _NAME_FIRST.fullmatch(lowered)) and found[1] in _MONTHS:
        yield from _day(found[3], _MONTHS[found[1]], found[2])
    elif not asked and len(lowered) == len("20261126") and lowered.isdecimal():
        yield from _day(lowered[:4], lowered[4:6], lowered[6:])


def _day(year: str, month: str | int, day: str) -> Iterator[str]:
    try:
        yield f"d:{date(int(year), int(month), int(day)).isoformat()}"
    except ValueError:
        return


def _moment(text: str) -> str | None:
    try:
        read = datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return None
    return read.astimezone(UTC).isoformat() if read.tzinfo else read.isoformat()


def _numbers(text: str, *, asked: bool) -> Iterator[str]:
    found = _MONEY.fullmatch(text)
    if found is None or (found["before"] and found["after"]):
        return
    currency = found["before"] or found["after"]
    for amount in _readings(found["amount"], asked=asked):
        if currency:
            code = _SIGNS.get(currency, currency)
            yield f"m:{_plain(amount)} {code}"
            if not asked:
                yield f"n:{_plain(amount)}"
                yield f"t:{code.lower()}"
        else:
            yield f"n:{_plain(amount)}"


def _readings(text: str, *, asked: bool) -> Iterator[Decimal]:
    """Yields the numbers that a text may be; with leading zeros it is a name of something, and none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return
    sign, whole, grouping, point, fraction = found.groups()
    if len(whole) > 1 and whole[0] == "0":
        return
    if grouping is None and point is None:
        yield Decimal(text)
        return
    if _AMBIGUOUS.fullmatch(text):
        mark = grouping or point
        if mark == "." or not asked:
            yield Decimal(text.replace(",", "."))
        if not asked:
            yield Decimal(sign + whole.replace(mark, "") + (fraction or ""))
        return
    if grouping is not None and grouping == point:  # 1.234.5 is no number
        return
    digits = whole.replace(grouping, "") if grouping else whole
    yield Decimal(f"{sign}{digits}.{fraction or '0'}")


def _plain(number: Decimal) -> str:
    if not number.is_finite():
        return str(number)
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "+0", "") else text.removeprefix("+")


def leaves(value: JSON, path: tuple[str, ...] = (), *, asked: bool = False) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """Yields every scalar of a value with its path, places in lists as ``*``, without recursion.

    What was read as a record of exactly ``amount`` and ``currency`` is an amount of money besides. Null is no leaf.
    """
    waiting: list[tuple[tuple[str, ...], JSON]] = [(path, value)]
    while waiting:
        here, one = waiting.pop()
        if one is None:
            continue
        if isinstance(one, str | bool | int | float):
            yield here, one
        elif isinstance(one, Mapping):
            if not asked and len(one) == _MONEY_FIELDS and "amount" in one and isinstance(one.get("currency"), str):
                yield here, f"{one['amount']} {one['currency']}"
            waiting.extend(((*here, str(name)), inner) for name, inner in reversed(list(one.items())))
        elif isinstance(one, Sequence):
            below = (*here, "*")
            waiting.extend((below, inner) for inner in reversed(one))


_MONEY_FIELDS: Final = 2

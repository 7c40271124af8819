"""Single values of foreign systems read as what their field says: texts, numbers, choices; never a guess.

Every reader is made once from a field (``scalar``) and then takes one value after another. It
returns the typed value, or None where the system says that there is none, and raises UnfitError
for anything that does not surely mean one thing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final
from uuid import UUID  # noqa: TID251  a type that drivers return; none is made

from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.fill import as_text
from bridgehead.connectors.moments import moment_reader
from bridgehead.connectors.unfit import UnfitError

Convert = Callable[[object], object]

LONGEST_CODE: Final = 500
LONGEST_NUMBER: Final = 60
LARGEST_EXPONENT: Final = 40
DEEPEST: Final = 64
_EXACT_FLOAT: Final = 2**53
_UNSTORABLE: Final = re.compile("[\ud800-\udfff]")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_EXACT: Final = Context(prec=80, traps=[Inexact, InvalidOperation, Overflow])


def scalar(part: FieldPart) -> Convert:
    """Returns the reader of a field that is one value; ``list``, ``object`` and amounts of money are not."""
    if part.type in {"integer", "decimal"}:
        number = number_reader(part)
        return _whole(number) if part.type == "integer" else number
    if part.type == "boolean":
        return _boolean(part)
    if part.type == "enum":
        return _choice(part)
    if part.type in {"date", "time", "datetime"}:
        return _moment(part)
    if part.type == "json":
        return _json
    return _code(text_reader(part)) if part.type == "code" else text_reader(part)


def text_reader(part: FieldPart) -> Callable[[object], str | None]:
    """Returns a reader of texts: decoded, repaired, stripped; None for an empty one or one of ``none``.

    Bytes are decoded by ``encoding``, else as UTF-8. ``encoding: FROM>TO`` repairs a text whose bytes
    in TO were taken for FROM; ``FROM>TO?`` leaves those that were right already. ``lstrip`` leaves the
    last character (``0000`` without zeros is ``0``).
    """
    decode = _decoder(part.encoding)
    strip, lstrip, none = part.strip, part.lstrip, frozenset(part.none)

    def read(value: object) -> str | None:
        text = value if isinstance(value, str) and part.encoding is None else decode(value)
        if none and text in none:
            return None
        text = text.strip()
        if strip:
            text = text.strip(strip).strip()
        if none and text in none:
            return None
        if lstrip and text:
            text = text.lstrip(lstrip) or text[-1]
            if none and text in none:
                return None
        if "\0" in text or not (text.isascii() or _UNSTORABLE.search(text) is None):
            raise UnfitError("a text without NUL and half characters", "Take NUL off its ends by `strip`.")
        return text or None

    return read


def _decoder(encoding: str | None) -> Callable[[object], str]:
    source, repairs, target = (encoding or "").partition(">")
    lenient = target.endswith("?")
    target = target.rstrip("?").strip()
    source = source.strip()

    def decode(value: object) -> str:
        try:
            if isinstance(value, bytes | bytearray | memoryview):
                return bytes(value).decode(target if repairs else source or "utf-8")
            text = _as_text(value)
            if not repairs or text.isascii():
                return text
            return _bytes_of(text, source).decode(target)
        except UnicodeError:
            if lenient and isinstance(value, str):
                return value
            kind = target if repairs else source or "utf-8"
            raise UnfitError(f"a text in {kind}", "Give the field its `encoding`.") from None

    return decode


def _bytes_of(text: str, encoding: str) -> bytes:
    """Returns a text's bytes; what an encoding leaves undefined is the control character of that number.

    So do databases and browsers with the five holes of windows-1252 (WHATWG Encoding, index windows-1252).
    """
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return b"".join(one.encode("latin-1") if "\x80" <= one <= "\x9f" else one.encode(encoding) for one in text)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | date | time | datetime | UUID):
        raise UnfitError("a text")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnfitError("a text")
        # JSON has one kind of number; a whole one that a float holds exactly is written without ".0".
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT_FLOAT else repr(value)
    if isinstance(value, int) and not -(10**LARGEST_EXPONENT) < value < 10**LARGEST_EXPONENT:
        raise UnfitError(f"a number of at most {LARGEST_EXPONENT} digits")
    return as_text(_bounded(value) if isinstance(value, Decimal) else value)


def _code(read: Callable[[object], str | None]) -> Convert:
    def code(value: object) -> str | None:
        text = read(value)
        if text is not None and len(text) > LONGEST_CODE:
            raise UnfitError(f"a code of at most {LONGEST_CODE} characters")
        return text

    return code


# A number in a text: one grouping sign throughout, groups of three, none before a zero.
_FORM: Final = r"([+-]?)(?:(\d+)|([1-9]\d{0,2}(?:([%s'’ \u00a0\u202f])\d{3})(?:\4\d{3})*))?(?:%s(\d+))?([+-]?)"
_POINT: Final = re.compile(_FORM % (",", r"\."), re.ASCII)
_COMMA: Final = re.compile(_FORM % (".", ","), re.ASCII)


def number_reader(part: FieldPart) -> Callable[[object], Decimal | None]:
    """Returns a reader of numbers: JSON's, a driver's, or a text's by ``decimal``, ``sign`` and ``scale``.

    A float counts as its shortest text (``repr``). In a text, thousands may be set apart; a single
    ``1,234`` is refused until the field says which sign is the decimal one. NaN, infinity and
    exponents in texts are refused.
    """
    read, scale = text_reader(part), part.scale
    form = _COMMA if part.decimal == "comma" else _POINT
    said = "decimal" in part.model_fields_set
    trailing = part.sign == "trailing"

    def number(value: object) -> Decimal | None:
        if isinstance(value, str | bytes):
            text = read(value)
            if text is None:
                return None
            found = _parsed(text, form, said=said, trailing=trailing)
        else:
            found = _number(value)
            if part.none and _as_text(value) in part.none:
                return None
        if scale:
            if found != found.to_integral_value():
                raise UnfitError("a whole number, because its decimals are implied by `scale`")
            found = found.scaleb(-scale, _EXACT)
        return found or abs(found)

    return number


def _parsed(text: str, form: re.Pattern[str], *, said: bool, trailing: bool) -> Decimal:
    if not text.isascii():
        text = text.replace("\N{MINUS SIGN}", "-")
    match = form.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
    if match is None:
        raise UnfitError("a number")
    before, plain, grouped, separator, decimals, behind = match.groups()
    whole = plain or grouped
    if (whole is None and decimals is None) or (before and behind) or (behind and not trailing):
        raise UnfitError("a number", "Say `sign: trailing` when it stands behind." if behind and not before else "")
    if separator == "," and decimals is None and grouped.count(",") == 1 and not said:
        raise UnfitError(
            "a number that means one thing", "Say `decimal: comma`, or `decimal: point` if , separates thousands."
        )
    if grouped is not None:
        whole = grouped.replace(separator, "")
    sign = "-" if "-" in (before, behind) else ""
    return Decimal(f"{sign}{whole or 0}.{decimals}" if decimals else f"{sign}{whole}")


def _number(value: object) -> Decimal:
    if isinstance(value, bool):
        raise UnfitError("a number")
    if isinstance(value, int):
        if not -(10**LARGEST_EXPONENT) < value < 10**LARGEST_EXPONENT:
            raise UnfitError(f"a number of at most {LARGEST_EXPONENT} digits")
        return Decimal(value)
    if isinstance(value, float):
        return _bounded(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return _bounded(value)
    raise UnfitError("a number")


def _bounded(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise UnfitError("a finite number")
    if len(value.as_tuple().digits) > LONGEST_NUMBER or (value and value.adjusted() > LARGEST_EXPONENT):
        raise UnfitError(f"a number of at most {LARGEST_EXPONENT} digits")
    return value


def exact_ratio(amount: Decimal, per: Decimal) -> Decimal:
    """Returns the price of one from a price for ``per``; raises UnfitError when no decimal number is it exactly."""
    if per <= 0:
        raise UnfitError("a price for more than nothing")
    if per == 1:
        return amount
    try:
        return _EXACT.divide(amount, per)
    except (Inexact, InvalidOperation, Overflow):
        raise UnfitError(f"a price for {per} that gives an exact price for one") from None


def currency_of(text: str | None) -> str:
    """Returns a currency's code (ISO 4217: three letters); raises UnfitError for anything else."""
    code = (text or "").upper()
    if _CURRENCY.fullmatch(code) is None:
        raise UnfitError("a currency of three letters (ISO 4217)")
    return code


def whole(found: Decimal) -> int:
    """Returns a number without decimals as one; raises UnfitError when it has some."""
    if found != found.to_integral_value():
        raise UnfitError("a whole number")
    return int(found)


def _whole(number: Callable[[object], Decimal | None]) -> Convert:
    def integer(value: object) -> int | None:
        found = number(value)
        return None if found is None else whole(found)

    return integer


def _boolean(part: FieldPart) -> Convert:
    listed = {**dict.fromkeys(part.false, False), **dict.fromkeys(part.true, True)}
    none = frozenset(part.none)
    decode = _decoder(part.encoding)
    expected = f"one of {', '.join(map(repr, listed))}" if listed else "true or false"

    def boolean(value: object) -> bool | None:
        if isinstance(value, bool):
            return value
        text = _told(value, decode)
        for form in (text, text.strip()):
            if form in listed:
                return listed[form]
            if form in none:
                return None
        if not text.strip():
            return None
        raise UnfitError(expected, "" if listed else "List the texts that mean yes and no under `true` and `false`.")

    return boolean


def _choice(part: FieldPart) -> Convert:
    listed: Mapping[str, object] = part.values
    clean, decode, keep = text_reader(part), _decoder(part.encoding), part.other == "keep"
    shown = ", ".join(list(listed)[:12]) + (", …" if len(listed) > 12 else "")  # noqa: PLR2004  as many as a line shows

    def choice(value: object) -> object:
        told = _told(value, decode)
        for form in (told, told.strip()):
            if form in listed:
                return listed[form]
        text = clean(value) if not isinstance(value, bool) else told
        if text is None:
            return None
        if text in listed:
            return listed[text]
        if keep and len(text) <= LONGEST_CODE:
            return text
        raise UnfitError(f"one of {shown}", "Add the code under `values`, or say `other: keep`.")

    return choice


def _told(value: object, decode: Callable[[object], str]) -> str:
    """Returns a choice's value as the text that a specification lists."""
    return ("true" if value else "false") if isinstance(value, bool) else decode(value)


def _moment(part: FieldPart) -> Convert:
    read, none, clean = moment_reader(part), frozenset(part.none), text_reader(part)

    def moment(value: object) -> object:
        if isinstance(value, str | bytes):
            text = clean(value)
            return None if text is None else read(text)
        if none and isinstance(value, int | float | Decimal | date | time) and _as_text(value) in none:
            return None
        return read(value)

    return moment


def _json(value: object, depth: int = 0) -> object:
    if depth > DEEPEST:
        raise UnfitError(f"JSON of at most {DEEPEST} levels")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise UnfitError("JSON with texts as keys")
        return {_json_text(key): _json(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one, depth + 1) for one in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        _as_text(value)  # refuses what is longer than any number that is meant
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise UnfitError("JSON, which knows no NaN and no infinity")
    if isinstance(value, bytes | bytearray | memoryview):
        raise UnfitError("JSON")
    return _json_text(_as_text(value))


def _json_text(text: str) -> str:
    if "\0" in text or _UNSTORABLE.search(text) is not None:
        raise UnfitError("JSON without NUL and half characters")
    return text

"""What the values of a column look like: dates in texts, flags, decimal commas, encodings; each with its evidence.

Only what the rows show is guessed. What several readings fit, or what no row can show (implied
decimals), is asked. No value of a row goes into a remark: it may be somebody's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from bridgehead.connectors.proposing.draft import Draft
from bridgehead.connectors.proposing.naming import is_code, is_money, snake

_FORMS: Final = (
    ("%Y%m%d", r"(19|20)\d{6}", "YYYYMMDD"),
    ("%d%m%Y", r"\d{4}(19|20)\d\d", "DDMMYYYY"),
    ("%m%d%Y", r"\d{4}(19|20)\d\d", "MMDDYYYY"),
    ("%d.%m.%Y", r"\d\d\.\d\d\.\d{4}", "DD.MM.YYYY"),
    ("%d.%m.%y", r"\d\d\.\d\d\.\d\d", "DD.MM.YY"),
    ("%d/%m/%Y", r"\d\d?/\d\d?/\d{4}", "DD/MM/YYYY"),
    ("%m/%d/%Y", r"\d\d?/\d\d?/\d{4}", "MM/DD/YYYY"),
    ("%y%m%d", r"\d{6}", "YYMMDD"),
    ("%d%m%y", r"\d{6}", "DDMMYY"),
)
_TIMES: Final = (("%H%M%S", r"([01]\d|2[0-3])[0-5]\d[0-5]\d", "HHMMSS"), ("%H%M", r"([01]\d|2[0-3])[0-5]\d", "HHMM"))
_ISO_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?")
_MIDNIGHT: Final = re.compile(r"[T ]00:00(:00(\.0{1,6})?)?$")
_NO_DATE: Final = re.compile(r"0+|9{6,8}|99991231|31129999|00[.\-/]00[.\-/]0{2,4}|0000-00-00( 00:00:00)?")
_DATE_NAME: Final = re.compile(r"dat|date|day|tag|term|von|bis|since|until|gabd|_at$|_on$")
_TIME_NAME: Final = re.compile(r"zeit|time|uhr")
_COMMA: Final = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+[+-]?")
_POINT: Final = re.compile(r"-?\d+\.\d+")
_FLAGS: Final = (
    ("J", "N"),
    ("Y", "N"),
    ("T", "F"),
    ("S", "N"),
    ("O", "N"),
    ("1", "0"),
    ("X", ""),
    ("YES", "NO"),
    ("TRUE", "FALSE"),
)
_MOJIBAKE: Final = re.compile("[\u00c2\u00c3][\u0080-\u00bf\u0152-\u2122]")
_ENOUGH: Final = 5
_MOSTLY: Final = 0.5
_PADDED: Final = 3
_FLAGGED: Final = 4
_FEW: Final = 8
_SHORT: Final = 4
_PIVOT: Final = 49
_EARLIEST, _LATEST = 1930, 2100


@dataclass(frozen=True, slots=True)
class Column:
    """A column, as the database describes it and as some rows show it."""

    name: str
    kind: str
    """text, integer, decimal, date, datetime, time, boolean, bytes or other: what the database says."""
    nullable: bool = True
    length: int | None = None
    default: str | None = None
    values: tuple[object, ...] = ()


@dataclass(slots=True)
class Guess:
    """What a column is taken for: the field's part without ``from``, and the remarks above it."""

    part: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    date_format: str = ""
    time_format: str = ""


def guess(draft: Draft, table: str, column: Column, *, currency: str | None, key: bool) -> Guess:
    """Returns what a column is. ``currency``: the column of the row that holds one; ``key``: it names rows."""
    values = [one for one in column.values if one is not None]
    texts = [one for one in values if isinstance(one, str)]
    kind = "text" if texts else column.kind
    if values and not texts and isinstance(values[0], bytes):
        kind = "bytes"
    if (
        kind in {"other", "text"}
        and not texts
        and (numbers := [one for one in values if isinstance(one, int | float | Decimal)])
    ):
        kind = "integer" if all(isinstance(one, int) for one in numbers) else "decimal"
    if kind in {"text", "bytes"}:
        found = _bytes(values) if kind == "bytes" else _text(draft, table, column, texts, currency, key=key)
    else:
        found = _typed(draft, table, column, kind, values, currency)
    empty = len(values) < len(column.values) or any(not one.strip() for one in texts)
    kind = str(found.part.get("type", "text"))
    blank_default = column.kind == "text" and (column.default or "").strip("'\" ") == "" and column.default is not None
    if (not key and (column.nullable or empty or blank_default) and kind != "boolean" and "none" not in found.part) or (
        kind == "boolean" and (column.nullable and not texts)
    ):
        found.part["optional"] = True
    return found


def is_currency(column: Column) -> bool:
    """Tells whether a column holds currencies: by its values, which are all of three capitals and few."""
    texts = {one.strip() for one in column.values if isinstance(one, str) and one.strip()}
    return bool(texts) and texts <= _CURRENCIES


_CURRENCIES: Final = frozenset(
    [
        "EUR",
        "USD",
        "GBP",
        "CHF",
        "JPY",
        "CNY",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "BGN",
        "TRY",
        "AUD",
        "CAD",
        "NZD",
        "INR",
        "BRL",
        "MXN",
        "ZAR",
        "KRW",
        "SGD",
        "HKD",
    ]
)


def _typed(
    draft: Draft, table: str, column: Column, kind: str, values: Sequence[object], currency: str | None
) -> Guess:
    name = snake(column.name)
    if kind == "datetime":
        zone, notes = draft.question("In which time zone are the database's times?", (), "UTC")
        return Guess({"type": "datetime", "zone": zone}, list(notes))
    if kind in {"date", "time"}:
        return Guess({"type": kind})
    if kind == "boolean":
        if any(isinstance(one, int) and not isinstance(one, bool) for one in values):
            return Guess({"type": "boolean", "true": ["1"], "false": ["0"]})
        return Guess({"type": "boolean"})
    if kind == "integer":
        return _integer(draft, table, column, name, currency)
    if kind == "decimal":
        return _amount(draft, table, column, {"type": "decimal"}, name, currency)
    return Guess({"type": "json"})


def _integer(draft: Draft, table: str, column: Column, name: str, currency: str | None) -> Guess:
    found = Guess({"type": "integer"})
    if not is_money(name) or is_code(name):
        return found
    answer, notes = draft.question(
        f"{table}.{column.name} is whole and named like an amount: how many decimals are implied?", ("0", "2", "3"), "0"
    )
    found.notes += notes
    if answer != "0":
        found = _amount(draft, table, column, {"type": "decimal", "scale": int(answer)}, name, currency)
        found.notes = [*notes, *found.notes]
    return found


def _amount(
    draft: Draft, table: str, column: Column, part: dict[str, object], name: str, currency: str | None
) -> Guess:
    """Returns a decimal as money where its name and a currency say so; without a currency it is asked."""
    if not is_money(name):
        return Guess(part)
    if currency is not None:
        said = draft.guess(f"an amount by its name, in the currency of {currency}")
        return Guess({**part, "type": "money", "currency": currency.replace(".", "\\.")}, [said])
    answer, notes = draft.question(
        f"In which currency is {table}.{column.name}?", ("none", "EUR", "USD", "GBP", "CHF"), "none"
    )
    if answer == "none":
        return Guess(part, list(notes))
    return Guess({**part, "type": "money", "currency": answer}, list(notes))


def _bytes(values: Sequence[object]) -> Guess:
    pieces = [one for one in values if isinstance(one, bytes)]
    for encoding in ("utf-8", "cp1252"):
        try:
            for one in pieces:
                one.decode(encoding)
        except UnicodeDecodeError:
            continue
        return Guess(
            {"encoding": encoding}, [f"guessed: {len(pieces)} of {len(values)} rows can be read as {encoding}"]
        )
    return Guess({"encoding": "latin-1"}, ["ASK: in which encoding are these bytes? Neither utf-8 nor cp1252 fits."])


def _text(draft: Draft, table: str, column: Column, texts: Sequence[str], currency: str | None, *, key: bool) -> Guess:
    name = snake(column.name)
    said = [one.strip() for one in texts if one.strip()]
    if not said:
        notes = [f"all of {len(texts)} rows are empty"] if texts else ["no rows to look at"]
        return Guess({"type": "code"} if key else {"optional": True}, notes)
    for found in (_flag(draft, column, texts), _date(draft, table, column, said, name), _time(draft, said, name)):
        if found is not None and not key:
            return found
    number = None if key or is_code(name) else _number(draft, table, column, said, name, currency)
    if number is not None:
        return number
    if key or is_code(name) or is_currency(column):
        return Guess({"type": "code"}, _padding(said))
    padded = _padding(said)
    if padded:
        return Guess({"type": "code"}, padded)
    choices = None if len(texts) < _ENOUGH * 4 else _choices(draft, texts)
    if choices is not None:
        return choices
    return _mojibake(draft, said)


def _padding(said: Sequence[str]) -> list[str]:
    lengths = {len(one) for one in said}
    padded = sum(one.isdecimal() and one.startswith("0") and len(one) > 1 for one in said)
    if len(lengths) > 1 or padded * 2 < len(said) or len(said) < _ENOUGH or max(lengths) < _PADDED:
        return []
    width = lengths.pop()
    said_ = f"{padded} of {len(said)} rows have leading zeros, all are {width} long; kept as they are."
    return [f"guessed: {said_} To drop them: lstrip 0 here, and LPAD(:argument, {width}, '0') where a read compares"]


def _flag(draft: Draft, column: Column, texts: Sequence[str]) -> Guess | None:
    if len(texts) < _FLAGGED:
        return None
    seen = {one.strip() for one in texts}
    upper = {one.upper() for one in seen}
    for yes, no in _FLAGS:
        if yes in upper and upper <= {yes, no, ""} and (column.length or 1) <= len("FALSE"):
            counts = Counter(one.strip().upper() for one in texts)
            true = sorted(one for one in seen if one.upper() == yes)
            false = sorted(one for one in seen if one.upper() != yes and one)
            false = [*false, *([no] if no and no not in false else []), " ", ""]
            told = ", ".join(f"{count} {value or 'blank'}" for value, count in counts.most_common())
            return Guess(
                {"type": "boolean", "true": true, "false": false}, [draft.guess(f"of {len(texts)} rows {told}")]
            )
    return None


def _fits(text: str, form: str, pattern: str) -> bool:
    if re.fullmatch(pattern, text, re.ASCII) is None:
        return False
    try:
        found = datetime.strptime(text, form)  # noqa: DTZ007  only whether it is a date
    except ValueError:
        return False
    return _EARLIEST <= found.year <= _LATEST


def _date(draft: Draft, table: str, column: Column, said: Sequence[str], name: str) -> Guess | None:
    none = sorted({one for one in said if _NO_DATE.fullmatch(one)})
    dates = [one for one in said if one not in none]
    named = _DATE_NAME.search(name) is not None
    if not dates:
        return None
    if all(_ISO_DATE.fullmatch(one) for one in dates):
        return Guess({"type": "date", **_none(none)}, [draft.guess(f"{len(dates)} of {len(said)} rows are ISO dates")])
    if all(_ISO_MOMENT.fullmatch(one) for one in dates):
        return _iso_moment(draft, dates, none, len(said))
    if len(set(dates)) < _ENOUGH and not named:
        return None
    fitting = {form: [one for one in dates if _fits(one, form, pattern)] for form, pattern, _ in _FORMS}
    words = {form: word for form, _, word in _FORMS}
    best = [form for form in fitting if len(fitting[form]) >= max(len(dates) * _MOSTLY, 1)]
    if not named:
        # Six digits are too often something else; dots between them are not.
        best = [form for form in best if form not in {"%y%m%d", "%d%m%y"}]
    if not best:
        return None
    most = max(len(fitting[form]) for form in best)
    best = [form for form in best if len(fitting[form]) == most]
    chosen, notes = best[0], list[str]()
    if len(best) > 1:
        answer, asked = draft.question(
            f"How are the dates of {table}.{column.name} written?", [words[form] for form in best], words[best[0]]
        )
        chosen = next(form for form in best if words[form] == answer)
        notes += asked
    rest = [one for one in dates if one not in set(fitting[chosen])]
    others = [form for form in fitting if form != chosen and all(one in fitting[form] for one in rest)]
    # Shorter dates of one column have the order of the longer ones.
    others.sort(key=lambda form: form != chosen.replace("%Y", "%y"))
    if rest and not others:
        return None
    forms = [chosen, others[0]] if rest else [chosen]
    evidence = [f"{len(fitting[chosen])} of {len(said)} rows look like {words[chosen]}"]
    if rest:
        evidence.append(f"{len(rest)} like {words[others[0]]}")
    if none:
        evidence.append(f"{sum(one in none for one in said)} mean none")
    part: dict[str, object] = {"type": "date", "format": forms if len(forms) > 1 else forms[0], **_none(none)}
    if any("%y" in form for form in forms):
        part["pivot"] = _PIVOT
        evidence.append(f"two-digit years above {_PIVOT} are taken for 19xx")
    return Guess(part, [draft.guess(", ".join(evidence)), *notes], date_format=chosen if len(forms) == 1 else "")


def _iso_moment(draft: Draft, dates: Sequence[str], none: Sequence[str], rows: int) -> Guess:
    shapes = sorted({_shape(one) for one in dates})
    if all(_MIDNIGHT.search(one) for one in dates) and len(shapes) <= _FEW:
        form = shapes[0] if len(shapes) == 1 else shapes
        evidence = f"{len(dates)} of {rows} rows are ISO dates at midnight"
        return Guess({"type": "date", "format": form, **_none(none)}, [draft.guess(evidence)])
    part: dict[str, object] = {"type": "datetime", **_none(none)}
    notes = [draft.guess(f"{len(dates)} of {rows} rows are ISO times")]
    if not all(re.search(r"(Z|[+-]\d\d:?\d\d)$", one) for one in dates):
        part["zone"], asked = draft.question("In which time zone are the database's times?", (), "UTC")
        notes += asked
    return Guess(part, notes)


def _shape(text: str) -> str:
    """Returns the form of an ISO time at midnight, as strptime writes it."""
    seconds = ":%S" if text.count(":") > 1 else ""
    return f"%Y-%m-%d{text[10]}%H:%M{seconds}{'.%f' if '.' in text else ''}"


def _none(none: Sequence[str]) -> dict[str, object]:
    return {"none": none[0] if len(none) == 1 else list(none)} if none else {}


def _time(draft: Draft, said: Sequence[str], name: str) -> Guess | None:
    if _TIME_NAME.search(name) is None:
        return None
    for form, pattern, word in _TIMES:
        if all(re.fullmatch(pattern, one, re.ASCII) for one in said):
            return Guess(
                {"type": "time", "format": form}, [draft.guess(f"{len(said)} rows look like {word}")], time_format=form
            )
    return None


def _number(
    draft: Draft, table: str, column: Column, said: Sequence[str], name: str, currency: str | None
) -> Guess | None:
    rows = len(said)
    if all(_COMMA.fullmatch(one) for one in said):
        part: dict[str, object] = {"type": "decimal", "decimal": "comma"}
        behind = sum(one[-1] in "+-" for one in said)
        if behind:
            part["sign"] = "trailing"
        notes = [draft.guess(f"{rows} rows have a decimal comma" + (f", {behind} a sign behind" if behind else ""))]
        if all(re.fullmatch(r"[+-]?\d{1,3},\d{3}[+-]?", one) for one in said):
            answer, asked = draft.question(
                f"Is the comma in {table}.{column.name} the decimal sign?", ("decimal", "thousands"), "decimal"
            )
            part["decimal"] = "comma" if answer == "decimal" else "point"
            notes += asked
    elif all(_POINT.fullmatch(one) for one in said):
        part, notes = {"type": "decimal", "decimal": "point"}, [draft.guess(f"{rows} rows have a decimal point")]
    else:
        return None
    found = _amount(draft, table, column, part, name, currency)
    found.notes = [*notes, *found.notes]
    return found


def _choices(draft: Draft, texts: Sequence[str]) -> Guess | None:
    counts = Counter(one.strip() for one in texts if one.strip())
    if not 1 < len(counts) <= _FEW or any(len(one) > _SHORT for one in counts):
        return None
    said = draft.guess(f"{len(counts)} codes in {len(texts)} rows; say what each means")
    return Guess({"type": "enum", "values": {one: one for one in sorted(counts)}, "other": "keep"}, [said])


def _mojibake(draft: Draft, said: Sequence[str]) -> Guess:
    wrong = sum(1 for one in said if _MOJIBAKE.search(one) and _repairable(one))
    if not wrong:
        return Guess()
    return Guess(
        {"encoding": "cp1252>utf-8?"},
        [draft.guess(f"{wrong} of {len(said)} rows hold UTF-8 that was stored as windows-1252; right ones are left")],
    )


def _repairable(text: str) -> bool:
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8") != text
        except UnicodeError:
            continue
    return False

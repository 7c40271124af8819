"""What figures of a rule or a cap mean: a number that is compared without its currency, and when a window passes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from bridgehead.cli.output import when
from bridgehead.cli.telling_words import leaf, mapping
from bridgehead.spec.caps import CapError, parse_cap
from bridgehead.spec.tool import JSON

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_MONEY: Final = re.compile(r"(^|[._])(total|amount|sum|price|value|net|gross)$")


def currency_beside(args: JSON, path: str) -> str:
    """Returns the currency that stands beside an amount in a call's arguments; empty where none does."""
    if not _MONEY.search(path):
        return ""
    around, _, _ = path.rpartition(".")
    beside = mapping(leaf(args, around) if around else args)
    return str(beside.get("currency") or "")


def bare(reason: Mapping[str, JSON], args: JSON) -> str:
    """Returns that a rule compared a sum of money as a bare number, and of which currency it was; else nothing."""
    path, found = str(reason.get("argument") or ""), str(reason.get("found") or "")
    currency = currency_beside(args, path) if _NUMBER.fullmatch(found) else ""
    return f" {currency}, compared as a bare number" if currency else ""


def passes(reason: Mapping[str, JSON], at: datetime) -> str:
    """Returns by when the window of a cap that a call met has passed; nothing for a cap of a case, or none.

    A window slides, so that what used it up leaves it earlier, and at the latest one window after the denial.
    """
    text = str(reason.get("condition") or "").removeprefix("within ")
    try:
        window_s = parse_cap(text).window_s
    except CapError:
        return ""
    if window_s is None:
        return "; the cap is of the case, so that no time lifts it"
    return f"; the window slides, and has passed at the latest at {when(at + timedelta(seconds=window_s))}"

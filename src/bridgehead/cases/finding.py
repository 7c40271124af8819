"""What a case is found by later: keyed digests of its key and customer, and the amount it is about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from bridgehead.effects.keys import Hmac, path_value, spelled
from bridgehead.ledger.canonical import canonical
from bridgehead.reviews.stakes import number, stake
from bridgehead.spec.deployment import Search
from bridgehead.spec.tool import JSON

TermKind = Literal["key", "customer"]

_MOST_TERMS: Final = 32
"""Of a case; a list in its input that is longer is found by its first entries."""
_CURRENCY: Final = re.compile("[A-Za-z]{3}")
"""A code of ISO 4217; whatever else a document calls its currency is not kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is kept of one case so that it can be found; ``amount`` None: its input does not say."""

    terms: tuple[bytes, ...] = ()
    amount: Decimal | None = None
    currency: str = ""


def term(hmac: Hmac, kind: TermKind, value: str) -> bytes:
    """Returns the digest by which a value is found, however it is spelled (see ``effects.keys.spelled``)."""
    return hmac("term", canonical([kind, spelled(value)]))


def finding(hmac: Hmac, search: Search, key: Mapping[str, JSON], given: JSON) -> Finding:
    """Returns what a case is found by: each field of its business key, its customer, its amount.

    What the input lacks it is not found by; nothing here keeps a case from being opened.
    """
    terms = [term(hmac, "key", text) for value in key.values() for text in _texts(value)]
    if search.customer:
        terms += [term(hmac, "customer", text) for text in _texts(path_value(given, search.customer))]
    amount, currency = stake(given) if search.amount is None else _amount(search, given)
    named = currency.upper() if _CURRENCY.fullmatch(currency) else ""
    return Finding(tuple(dict.fromkeys(terms))[:_MOST_TERMS], amount, named)


def _amount(search: Search, given: JSON) -> tuple[Decimal | None, str]:
    found = number(path_value(given, search.amount or ""))
    named = search.currency or ""
    if _CURRENCY.fullmatch(named) and named.isupper():
        return found, named
    said = path_value(given, named) if named else None
    return found, said if isinstance(said, str) else ""


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, bool) or value is None or value == "":
        return
    if isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, list | tuple):
        for one in value:
            if not isinstance(one, Mapping | list | tuple):
                yield from _texts(one)

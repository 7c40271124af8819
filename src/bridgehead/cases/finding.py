"""What a case is found by later, and called in lists: keyed digests of its key and customer, its amount. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.policy import compat32
from typing import Final, Literal

from bridgehead.cases.words import sought_words, words
from bridgehead.effects.keys import Hmac, path_value, spelled
from bridgehead.ledger.canonical import canonical
from bridgehead.reviews.stakes import number, stake
from bridgehead.spec.deployment import Search
from bridgehead.spec.tool import JSON

TermKind = Literal["key", "customer", "document"]

_MOST_TERMS: Final = 32
"""Of a case; a list in its input that is longer is found by its first entries."""
_MOST_RESULTS: Final = 8
"""Of one effect."""
_HEADER: Final = 1_000
_HEADERS: Final = 65_536
"""Bytes of a document in which the headers of a mail are looked for."""
_LONGEST: Final = 120
"""Signs of a customer or a number in a list."""
_CURRENCY: Final = re.compile("[A-Za-z]{3}")
"""A code of ISO 4217; whatever else a document calls its currency is not kept."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a case is about, and how people call it; empty where it does not say.

    ``customer`` is what ``case.search.customer`` names, ``number`` the last field of the business key. It is kept in
    the case's own payload, sealed with it, and is forgotten with it.
    """

    customer: str = ""
    number: str = ""

    @classmethod
    def of(cls, stored: JSON) -> Subject:
        """Returns the subject in a case's payload."""
        about = stored.get("about") if isinstance(stored, Mapping) else None
        kept = about if isinstance(about, Mapping) else {}
        return cls(_line(kept.get("customer")), _line(kept.get("number")))

    @property
    def kept(self) -> dict[str, JSON]:
        """Returns it as a case's payload keeps it: nothing where there is nothing."""
        said: dict[str, JSON] = {"customer": self.customer, "number": self.number}
        return {"about": {name: text for name, text in said.items() if text}} if any(said.values()) else {}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is kept of one case so that it can be found; ``amount`` None: its input does not say."""

    terms: tuple[bytes, ...] = ()
    amount: Decimal | None = None
    currency: str = ""
    subject: Subject = Subject()


def term(hmac: Hmac, kind: TermKind, value: str) -> bytes:
    """Returns the digest by which a value is found, however it is spelled (see ``effects.keys.spelled``)."""
    return hmac("term", canonical([kind, spelled(value)]))


def worded(hmac: Hmac, kind: TermKind, value: str) -> tuple[bytes, ...]:
    """Returns the digests by which a text is found: one for each of its words (see ``cases.words``)."""
    return tuple(hmac("term", canonical([f"{kind} word", one])) for one in words(value))


def sought(hmac: Hmac, kind: TermKind, value: str) -> tuple[bytes, ...]:
    """Returns the digests that a text has all of when it holds every word that is looked for."""
    return tuple(hmac("term", canonical([f"{kind} word", one])) for one in sought_words(value))


def finding(hmac: Hmac, search: Search, key: Mapping[str, JSON], given: JSON) -> Finding:
    """Returns what a case is found by: each field of its business key, each word of its customer, its amount.

    What the input lacks it is not found by; nothing here keeps a case from being opened.
    """
    terms = [term(hmac, "key", text) for value in key.values() for text in _texts(value)]
    customers = list(_texts(path_value(given, search.customer))) if search.customer else []
    terms += [one for text in customers for one in worded(hmac, "customer", text)]
    numbers = list(_texts(list(key.values())[-1])) if key else []
    subject = Subject(_line(next(iter(customers), "")), _line(next(iter(numbers), "")))
    amount, currency = stake(given) if search.amount is None else _amount(search, given)
    named = currency.upper() if _CURRENCY.fullmatch(currency) else ""
    return Finding(tuple(dict.fromkeys(terms))[:_MOST_TERMS], amount, named, subject)


def found_by_result(hmac: Hmac, search: Search, result: JSON) -> tuple[bytes, ...]:
    """Returns what a case is found by once an effect has answered: the fields that ``case.search.results`` names."""
    texts = [text for path in search.results for text in _texts(path_value(result, path))]
    return tuple(dict.fromkeys(term(hmac, "key", text) for text in texts))[:_MOST_RESULTS]


def found_by_document(hmac: Hmac, name: str, document: bytes) -> tuple[bytes, ...]:
    """Returns what a document is found by: the words of its name, and of a mail's sender and subject."""
    texts = (name, *letterhead(document))
    return tuple(dict.fromkeys(one for text in texts for one in worded(hmac, "document", text)))[:_MOST_TERMS]


def letterhead(document: bytes) -> tuple[str, str]:
    """Returns the sender and the subject of a mail; empty in what is none, or writes them wrongly.

    Whatever the library makes of a stranger's bytes, nothing is raised: the document is without that, and no more.
    """
    found = []
    for name in ("From", "Subject"):
        try:
            message = BytesParser(policy=compat32).parsebytes(document[:_HEADERS], headersonly=True)
            found.append(" ".join(str(make_header(decode_header(str(message.get(name, ""))[:_HEADER]))).split()))
        except Exception:  # noqa: BLE001  # the parser raises whatever it likes
            found.append("")
    return found[0], found[1]


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


def _line(value: JSON) -> str:
    return " ".join(value.split())[:_LONGEST] if isinstance(value, str) else ""

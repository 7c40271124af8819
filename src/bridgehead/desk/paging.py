"""Lists that come in pages: what is on one, and from where the next goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from bridgehead.errors import UserError

T = TypeVar("T")

MOST: Final = 200
"""No page has more."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. ``next`` is an opaque cursor to hand in for the page after it; None on the last."""

    items: Sequence[T]
    next: str | None = None


def cursor(*keys: str | int) -> str:
    """Returns where a page ends, as text that is safe in an address."""
    return base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")


def keys_of(text: str | None, count: int) -> tuple[str | int, ...] | None:
    """Returns what a cursor was made of, None for the first page; raises UserError (``input.cursor``) for no cursor."""
    if text is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list) and len(found) == count:
        keys = tuple(one for one in found if isinstance(one, str | int) and _is_key(one))
        if len(keys) == count:
            return keys
    raise no_place(text)


def _is_key(key: str | int) -> bool:
    """Tells whether a page can have ended with it: what the database has no value for was made up."""
    if isinstance(key, str):
        return key.isascii() and key.isprintable()
    return not isinstance(key, bool) and -(2**63) <= key < 2**63


def no_place(text: str) -> UserError:
    """Returns the error for what is no cursor of a list."""
    return UserError(
        f"{text[:40]!r} is no place in this list", code="input.cursor", hint="Take `next` of the page before as it is."
    )

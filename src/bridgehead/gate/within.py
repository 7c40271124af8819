"""What a text holds besides itself: data in an encoding, and values that stand in prose."""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterator
from typing import Final, cast
from urllib.parse import unquote

from bridgehead.gate.normal import Scalar, forms, leaves
from bridgehead.spec.tool import JSON

DEEPEST: Final = 3
"""So many encodings inside each other are taken off; below that a text is opaque, and traced to nothing."""
LARGEST: Final = 1 << 18
"""The longest encoded text that is decoded, and the most characters of prose that are searched, per source."""

_TRIES: Final = 1_000
"""So many places of a text are looked at for one value: a text that repeats it without end holds nobody up."""
_PERCENT: Final = re.compile("%[0-9A-Fa-f]{2}")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{8,}|[A-Za-z0-9_-]{8,})={0,2}")
_LEAST: Final = 4
_HEAD: Final = 16
_VALUE: Final = re.compile(
    r"""[^\s@<>"(),;:\[\]]{1,64}@[^\s@<>"(),;:\[\]/?#]+\.[^\W\d_]{2,63}  # an address
    |(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://|www\.)[^\s<>"'`\])]+             # a link
    |\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}\b                        # an account
    |\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?)?\b  # a day
    |\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{4}\b
    |(?<![\w.,])[+-]?\d[\d.,']*\d(?:\s?(?:[A-Z]{3}\b|[€£¥$]))?|(?<![\w.,])\d(?![\w])  # a number
    |"([^"\n]{1,200})"|'([^'\n]{1,200})'|`([^`\n]{1,200})`                # what is quoted
    """,
    re.VERBOSE,
)
_TAIL: Final = ".,;:!?)]}'\""
_JOINS_BEFORE: Final = re.compile(r"[\w\-@/.+=%&:]")
_JOINS_AFTER: Final = re.compile(r"[\w\-@/+=%&]|[.:]\w")
"""What makes a value part of a longer one: ``evil.com`` does not stand in ``not-evil.com``."""


def decoded(text: str) -> JSON:
    """Returns what a text encodes as JSON, in percent signs or in Base64; None where it is just a text."""
    if len(text) > LARGEST:
        return None
    head = text.lstrip()[:1]
    if head in ("{", "[", '"'):
        try:
            return cast("JSON", json.loads(text, object_pairs_hook=_once))
        except (ValueError, RecursionError):
            return None
    if "://" not in text and _PERCENT.search(text):  # in a link an escape is not what it stands for
        try:
            plain = unquote(text, errors="strict")
        except UnicodeDecodeError:
            return None
        return plain if plain != text else None
    if len(text) >= 2 * _LEAST and _maybe_base64(text[:_HEAD]) and _BASE64.fullmatch(text):
        return _from_base64(text)
    return None


def _once(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    """Returns an object of JSON; one that says a name twice means two things, and raises ValueError."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _maybe_base64(head: str) -> bool:
    """Tells whether a text may be what `_from_base64` takes, by its first characters: of a long one it costs least."""
    if _BASE64.fullmatch(head) is None:
        return False
    if len(head) < _HEAD:
        return True
    try:
        plain, _ = codecs.utf_8_decode(base64.b64decode(head.replace("-", "+").replace("_", "/")), "strict", False)  # noqa: FBT003  # not final
    except (binascii.Error, ValueError):
        return "=" in head
    return plain.isprintable()


def _from_base64(text: str) -> str | None:
    body = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        plain = base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return plain if len(plain) >= _LEAST and plain.isprintable() else None


def every(value: JSON, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """Yields every scalar of a value, and those that its texts encode, to ``DEEPEST`` encodings."""
    waiting: list[tuple[tuple[str, ...], JSON, int]] = [(path, value, 0)]
    while waiting:
        here, one, depth = waiting.pop()
        for at, leaf in leaves(one, here):
            yield at, leaf
            if isinstance(leaf, str) and depth < DEEPEST and (inner := decoded(leaf)) is not None:
                waiting.append((at, inner, depth + 1))


def named(text: str) -> Iterator[str]:
    """Yields the values that stand in a text, each whole: addresses, links, accounts, days, numbers, quotations."""
    for found in _VALUE.finditer(text, 0, LARGEST):
        quoted = found[1] or found[2] or found[3]
        plain = quoted or found[0].rstrip(_TAIL)
        if plain and plain != text:
            yield plain


def stands_in(value: str, text: str) -> bool:
    """Tells whether a text holds a value as whole words; both are tidied and in lower case."""
    start = text.find(value)
    for _ in range(_TRIES):
        if start < 0:
            return False
        end = start + len(value)
        joined = (start and _JOINS_BEFORE.match(text[start - 1])) or _JOINS_AFTER.match(text, end)
        if not joined:
            return True
        start = text.find(value, start + 1)
    return False


def named_forms(text: str) -> Iterator[str]:
    """Yields the forms of all values that stand in a text."""
    for one in named(text):
        yield from forms(one, asked=False)

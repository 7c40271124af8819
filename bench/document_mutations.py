"""Spoils documents the way transport, editors and attackers do: each spoiling by name, the same for the same dice."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Final

Mutation = Callable[[random.Random, bytes], bytes]

_HUGE: Final = (
    b"9" * 40, b"1e308", b"-1", b"0", b"NaN", b"1" + b"0" * 200, b"0.0000000001", b"\xd9\xa3\xd9\xa4", b"1.000.000,00",
)  # fmt: skip
_ODD: Final = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\x1b[31m", b"\xed\xa0\x80", b"\xc0\xaf", b"\r", b"\x85",
    b"\xf0\x9f\x92\xa9",
    b"&#0;", b"&lol9;", b"]]>", b"=?utf-8?b?////?=",
)  # fmt: skip


def truncate(dice: random.Random, document: bytes) -> bytes:
    """Ends somewhere."""
    return document[: dice.randrange(1, max(len(document), 2))]


def flip(dice: random.Random, document: bytes) -> bytes:
    """Some bits are others."""
    spoiled = bytearray(document)
    for _ in range(dice.choice((1, 1, 2, 5, 40))):
        spoiled[dice.randrange(len(spoiled))] ^= 1 << dice.randrange(8)
    return bytes(spoiled)


def drop(dice: random.Random, document: bytes) -> bytes:
    """A piece, most often a segment or a line, is missing."""
    pieces = _pieces(document)
    del pieces[dice.randrange(len(pieces))]
    return b"".join(pieces)


def double(dice: random.Random, document: bytes) -> bytes:
    """A piece is there twice."""
    pieces = _pieces(document)
    at = dice.randrange(len(pieces))
    pieces.insert(at, pieces[at])
    return b"".join(pieces)


def swap(dice: random.Random, document: bytes) -> bytes:
    """Two pieces changed places."""
    pieces = _pieces(document)
    one, other = dice.randrange(len(pieces)), dice.randrange(len(pieces))
    pieces[one], pieces[other] = pieces[other], pieces[one]
    return b"".join(pieces)


def huge(dice: random.Random, document: bytes) -> bytes:
    """A number is one that nobody means."""
    found = [*re.finditer(rb"\d+(?:[.,]\d+)*", document)]
    if not found:
        return document
    match = dice.choice(found)
    return document[: match.start()] + dice.choice(_HUGE) + document[match.end() :]


def odd(dice: random.Random, document: bytes) -> bytes:
    """Bytes that no text of its encoding holds stand in the middle."""
    at = dice.randrange(len(document) + 1)
    return document[:at] + dice.choice(_ODD) + document[at:]


def recode(dice: random.Random, document: bytes) -> bytes:
    """The same text in another encoding than it says."""
    return document.decode("utf-8", "replace").encode(
        dice.choice(("utf-16", "utf-8-sig", "cp1252", "utf-32")), "replace"
    )


def repeat(dice: random.Random, document: bytes) -> bytes:
    """A piece is there some hundred times."""
    pieces = _pieces(document)
    at = dice.randrange(len(pieces))
    return b"".join((*pieces[:at], pieces[at] * dice.choice((10, 100, 400)), *pieces[at:]))


def _pieces(document: bytes) -> list[bytes]:
    """The document cut after its separators: ends of segments, tags or lines."""
    ends = (b"~", b"'\n", b"'", b"\n", b">", b" ") if document[:2] in {b"UN", b"IS"} else (b"\n", b">", b" ")
    end = next((one for one in ends if document.count(one) > 3), b" ")
    return [piece + end for piece in document.split(end)] or [document]


MUTATIONS: Final[Mapping[str, Mutation]] = {
    "truncated": truncate, "bits flipped": flip, "piece dropped": drop, "piece doubled": double,
    "pieces swapped": swap, "huge number": huge, "odd bytes": odd, "other encoding": recode, "piece repeated": repeat,
}  # fmt: skip
LOSING: Final = frozenset({"truncated", "piece dropped"})
"""Spoilings that take content away: an order read from what is left must not pass for the whole."""


def spoil(dice: random.Random, document: bytes) -> tuple[str, bytes]:
    """Returns one spoiling by name and what it made of the document; now and then two on top of each other."""
    name = dice.choice([*MUTATIONS])
    spoiled = MUTATIONS[name](dice, document)
    if dice.random() < 0.15 and spoiled:
        second = dice.choice([*MUTATIONS])
        return f"{name} + {second}", MUTATIONS[second](dice, spoiled)
    return name, spoiled

"""One HTTP answer: read whole and bounded, decompressed, parsed as JSON, and dated."""

from __future__ import annotations

import codecs
import email.utils
import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

import httpx

from bridgehead.connectors.paths import MISSING

MAX_BYTES: Final = 32 * 1024 * 1024
"""The longest answer that is read, counted after decompression."""

_MOST_MEMBERS: Final = 100
"""Members of one gzip body: each costs a copy of what follows it."""
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
"""Encodings of Python that are none of a document; to read some takes time in the square of the length."""
_EXACT_DIGITS: Final = 15
_WIDEST: Final = 2_000
"""Digits before or after the point of a number; written out, more would fill the memory."""
_LONGEST_AGE: Final = 10
_ANY_WINDOW: Final = 47
_BARE: Final = -15


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, read whole: decoded bytes, and the address that was asked."""

    status: int
    headers: httpx.Headers
    content: bytes
    url: httpx.URL

    def parsed(self) -> object:
        """Returns the JSON in it whatever it calls itself, or MISSING where there is none that can be read."""
        try:
            return json.loads(self.content) if self.content.strip() else MISSING
        except (ValueError, RecursionError):
            return MISSING

    def json(self) -> tuple[object, str]:
        """Returns its JSON; or MISSING, and why its body is none (empty where it has no body).

        Numbers with a fraction are floats where that is exact, else Decimal (see ``number``).
        """
        if not self.content.strip():
            return MISSING, ""
        kind, _, parameters = self.headers.get("content-type", "application/json").lower().partition(";")
        kind = kind.strip()
        if not kind.endswith(("/json", "+json")):
            return MISSING, f"the answer is {kind[:60]} where JSON was expected"
        charset = parameters.partition("charset=")[2].partition(";")[0].strip().strip('"')
        try:
            if charset not in {"", "utf-8"} and codecs.lookup(charset).name.replace("_", "-") in _NO_CHARSETS:
                return MISSING, "the answer is in an encoding that is none of JSON"
            text = self.content if charset in {"", "utf-8"} else self.content.decode(charset)
            return json.loads(text, parse_float=number, parse_constant=_no_number), ""
        except (ValueError, LookupError, RecursionError):
            return MISSING, "the answer is not the JSON that it says it is"

    def known_at(self) -> datetime | None:
        """Returns when the system itself said it: ``Date`` less ``Age`` (RFC 9111 5.1); None if it is not said."""
        text = self.headers.get("date")
        moment = None if text is None else http_date(text)
        age = self.headers.get("age", "").strip()
        if moment is None or not age:
            return moment
        if not age.isascii() or not age.isdigit() or len(age) > _LONGEST_AGE:
            return None
        try:
            return moment - timedelta(seconds=int(age))
        except OverflowError:
            return None


async def content_of(response: httpx.Response, *, at_most: int = MAX_BYTES) -> bytes:
    """Returns the body of a streamed answer, decompressed; raises ValueError for a longer one, or a broken one."""
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > at_most:
        raise ValueError(f"it is longer than {at_most} bytes")
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > at_most:
            raise ValueError(f"it is longer than {at_most} bytes")
        parts.append(part)
    return decompressed(b"".join(parts), response.headers.get("content-encoding", ""), at_most=at_most)


def decompressed(raw: bytes, encoding: str, *, at_most: int = MAX_BYTES) -> bytes:
    """Returns a body without its ``Content-Encoding`` (gzip or deflate, RFC 9110 8.4.1), never more than ``at_most``.

    Raises ValueError when it is in another encoding, broken, cut, or longer than that.
    """
    named = [one for part in encoding.lower().split(",") if (one := part.strip()) not in {"", "identity"}]
    if not named or not raw:
        return raw
    if len(named) > 1 or named[0] not in {"gzip", "x-gzip", "deflate"}:
        raise ValueError("it came in an encoding that was not asked for")
    found = b""
    members = 0
    while raw:
        members += 1
        if members > _MOST_MEMBERS:
            raise ValueError(f"it has more than {_MOST_MEMBERS} parts that were compressed one by one")
        unpacker = zlib.decompressobj(_ANY_WINDOW)
        try:
            part = unpacker.decompress(raw, at_most + 1 - len(found))
        except zlib.error:
            if named[0] != "deflate" or found:
                raise ValueError("it cannot be decompressed") from None
            part, unpacker = _bare(raw, at_most)
        found += part
        if len(found) > at_most:
            raise ValueError(f"it is longer than {at_most} bytes")
        if not unpacker.eof:
            raise ValueError("it was cut short")
        raw = unpacker.unused_data  # a gzip body may have several members (RFC 1952 section 2.2)
    return found


def _bare(raw: bytes, at_most: int) -> tuple[bytes, zlib._Decompress]:
    """Unpacks deflate without the header that RFC 9110 8.4.1.2 asks for; some servers leave it out."""
    unpacker = zlib.decompressobj(_BARE)
    try:
        return unpacker.decompress(raw, at_most + 1), unpacker
    except zlib.error:
        raise ValueError("it cannot be decompressed") from None


def http_date(text: str) -> datetime | None:
    """Returns an HTTP date (RFC 9110 5.6.7) in UTC, or None where it is none."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number(text: str) -> float | Decimal:
    """Returns a JSON number with a fraction or exponent: a float where that is exact, else a Decimal.

    Raises ValueError for an exponent that no measured or counted number has.
    """
    value = float(text)
    if len(text) <= _EXACT_DIGITS and "e" not in text and "E" not in text:
        return value
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None  # an exponent beyond every number
    if exact and abs(exact.adjusted()) > _WIDEST:
        raise ValueError(text)
    return value if Decimal(repr(value)) == exact else exact


def _no_number(text: str) -> object:
    raise ValueError(text)

"""Signatures of webhooks: who holds the secret sent exactly these bytes, and lately.

Standard Webhooks (its specification 1.0.0, "Signature scheme"): HMAC-SHA256 over ``id.timestamp.body``
under the bytes that stand in base64 behind ``whsec_``; the header holds one or more ``v1,BASE64``.
``hmac_sha256``: HMAC-SHA256 over the body under the secret's own bytes, in hex or base64, with or
without ``sha256=`` before it. Comparisons take the same time whatever differs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bridgehead.errors import UserError

PREFIX: Final = "whsec_"
MOST: Final = 16
"""Signatures of one message that are compared: a bound on the work that a stranger can ask for."""
_LONGEST_ID: Final = 256
_LONGEST_TIME: Final = 12


class Rejected(Exception):
    """A message that is not shown to come from who holds the secret; the text says why, and nothing of either."""


def standard(secret: str, headers: Mapping[str, str], body: bytes, *, window_s: float, now: datetime) -> str:
    """Returns the message's id; raises Rejected, and UserError for a secret that is none.

    ``secret`` may hold several, separated by white space, while ours is exchanged.
    """
    number, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not number or len(number) > _LONGEST_ID or not at.isascii() or not at.isdigit() or len(at) > _LONGEST_TIME:
        raise Rejected("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
    signed = b".".join([number.encode("latin-1", "replace"), at.encode(), body])
    given = [
        value
        for version, _, value in (one.partition(",") for one in headers.get("webhook-signature", "").split())
        if version == "v1"
    ]
    expected = [hmac.new(_key(one), signed, hashlib.sha256).digest() for one in secret.split()]
    if not _any_equal([_base64(one) for one in given[:MOST]], expected):
        raise Rejected("no signature fits")
    # Only what is signed is believed, so the time is looked at last.
    if abs(now.timestamp() - int(at)) > window_s:
        raise Rejected(f"it was signed more than {window_s:g} s before or after this server's time")
    return number


def plain(secret: str, signature: str, body: bytes) -> None:
    """Raises Rejected when the signature does not fit the body."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    value = signature.strip()
    value = value.partition("=")[2] if value.lower().startswith("sha256=") else value
    if not _any_equal([_hex(value), _base64(value)], [expected]):
        raise Rejected("the signature does not fit")


def _any_equal(given: list[bytes], expected: list[bytes]) -> bool:
    # Every pair is compared, so that the time does not tell which one fits.
    return any([hmac.compare_digest(one, other) for one in given for other in expected])  # noqa: C419  # no early end


def _key(secret: str) -> bytes:
    found = _base64(secret.removeprefix(PREFIX))
    if not found:
        raise UserError(
            "the webhook's secret is none of Standard Webhooks", code="intake.secret",
            hint="It is whsec_ and base64, as the sender shows it; another one belongs to scheme: hmac_sha256.",
        )  # fmt: skip
    return found


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if text.isascii() else b""
    except ValueError:
        return b""

"""Another system is told by a signed message (Standard Webhooks, its specification 1.0.0).

The signature is HMAC-SHA256 over ``id.timestamp.body`` under the bytes that stand in base64 behind ``whsec_``. While a
secret is exchanged the message carries two signatures, the newest first, so that a receiver may hold either.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC
from typing import Final

from bridgehead.channels.ports import Reveal, revealed
from bridgehead.channels.wire import Wire
from bridgehead.channels.words import told
from bridgehead.clock import utc_now
from bridgehead.errors import UserError
from bridgehead.reviews.ports import Message
from bridgehead.spec.notify import ChannelSpec

PREFIX: Final = "whsec_"
SHORTEST: Final = 24
"""The specification asks for 24 to 64 bytes."""


class Webhook:
    """A channel to another system."""

    def __init__(self, spec: ChannelSpec, wire: Wire, reveal: Reveal) -> None:
        self._spec = spec
        self._wire = wire
        self._reveal = reveal

    async def send(self, message: Message) -> str:
        """Posts one event. ``webhook-id`` is the same at each attempt, the timestamp is that of the attempt."""
        payload = {
            "type": f"review.{message.event}",
            "timestamp": message.sent_at.astimezone(UTC).isoformat(),
            "data": told(message),
        }
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        at = int(utc_now().timestamp())
        secrets = [await revealed(self._reveal, one) for one in self._spec.secrets]
        headers = {
            "content-type": "application/json",
            "user-agent": "bridgehead",
            "webhook-id": message.dedupe,
            "webhook-timestamp": str(at),
            "webhook-signature": signed(secrets, message.dedupe, at, body),
        }
        await self._wire.post(await revealed(self._reveal, self._spec.address), body, headers)
        return ""


def signed(secrets: Sequence[str], number: str, at: int, body: bytes) -> str:
    """Returns the header ``webhook-signature``; raises UserError (``channel.secret``) for a secret that is none."""
    content = b".".join([number.encode(), str(at).encode(), body])
    found = [hmac.new(_key(secret), content, hashlib.sha256).digest() for secret in secrets]
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in found)


def _key(secret: str) -> bytes:
    try:
        found = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) < SHORTEST:
        raise UserError(
            "the webhook's secret is none of Standard Webhooks",
            code="channel.secret",
            hint=f"It is {PREFIX} and at least {SHORTEST} random bytes in base64.",
        )
    return found

"""A request with ``Idempotency-Key`` counts once: the same one again is answered as the first time, for a day.

The key is its sender's own. With another request under it, nothing is done; while the first is under way, the
second hears so. What came to nothing through no fault of the request (a database that was away) may be sent again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from bridgehead.api.problems import MEDIA
from bridgehead.errors import BridgeheadError, UserError
from bridgehead.ledger.vault import Vault
from bridgehead.storage.api_requests import ApiRequests, Begun

HEADER: Final = "idempotency-key"
REPLAYED: Final = "Idempotent-Replayed"
_KEY: Final = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Sent:
    """What makes two requests the same one."""

    sender: str
    key: str
    method: str
    target: str
    body: bytes
    kind: str
    match: str

    def digest(self, vault: Vault) -> bytes:
        """Returns its keyed digest."""
        parts = (self.method, self.target, self.kind, self.match, hashlib.sha256(self.body).hexdigest())
        return vault.hmac("api-request", "\n".join(parts).encode())


def checked(key: str) -> str:
    """Returns a key; raises UserError (``api.key``) for one that is none."""
    if _KEY.fullmatch(key) is None:
        raise UserError(
            "this is no Idempotency-Key", code="api.key", hint="Send 1 to 200 visible ASCII characters, such as a UUID."
        )
    return key


async def once(
    store: ApiRequests, vault: Vault, sent: Sent, run: Callable[[], Awaitable[Response]], *, secret: bool
) -> Response:
    """Runs a request, or answers it as it was answered before.

    ``secret``: its answer is kept nowhere. Raises UserError (``api.reused``) for the key of another request, and
    BridgeheadError (``api.running``, ``api.secret``) where the first is under way or its answer was shown once.
    """
    found = await store.begin(sent.sender, sent.key, sent.digest(vault))
    if not isinstance(found, Begun):
        if not found.same:
            raise UserError(
                "this Idempotency-Key was sent with another request", code="api.reused", hint="Take a new key for it."
            )
        if found.status is None:
            raise BridgeheadError(
                "the request with this Idempotency-Key is under way", code="api.running", hint="Ask again in a moment."
            )
        if found.body is None:
            raise BridgeheadError(
                "this request was carried out, and its answer was shown once", code="api.secret", hint="Make another."
            )
        media = "application/json" if found.status < HTTPStatus.BAD_REQUEST else MEDIA
        return Response(found.body, found.status, {REPLAYED: "true"}, media)
    try:
        answer = await run()
    except BaseException:
        await store.drop(sent.sender, sent.key, found.run)
        raise
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        await store.drop(sent.sender, sent.key, found.run)
    else:
        kept = None if secret and answer.status_code < HTTPStatus.BAD_REQUEST else bytes(answer.body)
        await store.finish(sent.sender, sent.key, found.run, answer.status_code, kept)
    return answer

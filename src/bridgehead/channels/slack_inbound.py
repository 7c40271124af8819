"""What Slack sends when somebody presses a button: believed only with a signature that is right and lately made.

Slack's signature, version v0: HMAC-SHA256 under the app's signing secret over ``v0:TIMESTAMP:BODY``, with a timestamp
of the last five minutes. It is checked by slack-sdk, in a time that does not depend on where signatures differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from slack_sdk.signature import Clock, SignatureVerifier

from bridgehead.channels.slack import APPROVE, REJECT
from bridgehead.clock import utc_now
from bridgehead.errors import UserError
from bridgehead.ids import ReviewId, parse

WINDOW_S: Final = 300
_LONGEST_TIME: Final = 12
_LONGEST_SIGNATURE: Final = 100
_FIELDS: Final = 16


class _OurClock(Clock):
    def now(self) -> float:
        """Returns the time by the one clock of this product."""
        return utc_now().timestamp()


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed, or a dialog that was sent. ``dialog`` is what opens one in answer."""

    verb: Literal["approve", "reject", "open"]
    review_id: ReviewId
    digest: str
    member: str
    team: str
    channel: str
    dialog: str = ""
    reason: str | None = None


def is_recent(headers: Mapping[str, str]) -> bool:
    """Tells whether a request has the form of a signed one and names a moment of the last five minutes.

    Whether that moment is true is for ``is_signed`` to say.
    """
    at, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not at.isascii() or not at.isdigit() or len(at) > _LONGEST_TIME:
        return False
    if not signature.isascii() or not 0 < len(signature) <= _LONGEST_SIGNATURE:
        return False
    return abs(_OurClock().now() - int(at)) <= WINDOW_S


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tells whether who holds the signing secret sent exactly this body within the last five minutes."""
    if not is_recent(headers):
        return False
    at, signature = headers["x-slack-request-timestamp"], headers["x-slack-signature"]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return SignatureVerifier(secret, clock=_OurClock()).is_valid(text, at, signature)


def signed_by(secrets: Iterable[tuple[str, str]], headers: Mapping[str, str], body: bytes) -> frozenset[str]:
    """Returns the names beside those secrets that signed a body; every one is compared."""
    return frozenset([name for name, secret in secrets if is_signed(secret, headers, body)])


def press_of(body: bytes) -> Press | None:
    """Returns what was pressed; None for what asks for no decision. Called once the signature is right.

    Raises UserError (``slack.payload``) for what Slack does not send.
    """
    try:
        form = dict(parse_qsl(body.decode("utf-8"), max_num_fields=_FIELDS))
        payload: dict[str, Any] = json.loads(form["payload"])
        kind = payload["type"]
        if kind == "block_actions":
            return _pressed(payload)
        if kind == "view_submission":
            return _sent(payload)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UserError("this is nothing that Slack sends", code="slack.payload") from error
    return None


def _pressed(payload: Mapping[str, Any]) -> Press | None:
    action = payload["actions"][0]
    verbs: Mapping[str, Literal["approve", "reject"]] = {APPROVE: "approve", REJECT: "reject"}
    if action["action_id"] not in verbs:
        return None
    said = json.loads(action["value"])
    return Press(
        verb=verbs[action["action_id"]],
        review_id=ReviewId(parse("R", str(said["review"]))),
        digest=str(said["digest"]),
        member=str(payload["user"]["id"]),
        team=str((payload.get("team") or {}).get("id", "")),
        channel=str(payload["channel"]["id"]),
        dialog=str(payload.get("trigger_id", "")),
    )


def _sent(payload: Mapping[str, Any]) -> Press | None:
    view = payload["view"]
    if view["callback_id"] != REJECT:
        return None
    said = json.loads(view["private_metadata"])
    return Press(
        verb="reject",
        review_id=ReviewId(parse("R", str(said["review"]))),
        digest=str(said["digest"]),
        member=str(payload["user"]["id"]),
        team=str((payload.get("team") or {}).get("id", "")),
        channel=str(said["channel"]),
        reason=str(view["state"]["values"]["reason"]["reason"]["value"] or "").strip(),
    )

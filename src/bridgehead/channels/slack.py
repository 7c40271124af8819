"""A message in Slack that shows what waits, takes decisions by its buttons, and is locked once it is decided.

The blocks are made by slack-sdk, which holds them to Slack's limits. Its client is not used to send them: it follows
redirects and reads proxies from the environment, and a token may go to no host that nobody has listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    PlainTextObject,
    SectionBlock,
)

from bridgehead.channels.ports import Reveal, revealed
from bridgehead.channels.wire import Wire
from bridgehead.channels.words import ended, facts, headline
from bridgehead.errors import ErrorClass, Failed
from bridgehead.reviews.model import VERBS
from bridgehead.reviews.ports import Message
from bridgehead.spec.notify import ChannelSpec
from bridgehead.spec.tool import JSON

APPROVE: Final = "bridgehead.approve"
REJECT: Final = "bridgehead.reject"
OPEN: Final = "bridgehead.open"
_SECTION: Final = 2_900
_HEADER: Final = 150
_ERRORS: Final[Mapping[str, ErrorClass]] = {
    "ratelimited": "throttled",
    "rate_limited": "throttled",
    "internal_error": "transient",
    "fatal_error": "transient",
    "service_unavailable": "transient",
    "request_timeout": "timeout",
    "invalid_auth": "auth_expired",
    "not_authed": "auth_expired",
    "account_inactive": "auth_expired",
    "token_expired": "auth_expired",
    "token_revoked": "auth_expired",
    "access_denied": "forbidden",
    "ekm_access_denied": "forbidden",
    "is_archived": "forbidden",
    "missing_scope": "forbidden",
    "no_permission": "forbidden",
    "not_in_channel": "forbidden",
    "org_login_required": "forbidden",
    "restricted_action": "forbidden",
    "team_access_not_granted": "forbidden",
    "channel_not_found": "not_found",
    "message_not_found": "not_found",
    "team_not_found": "not_found",
}
"""What Slack's Web API says in ``error`` where it is not ``ok``; every other word is a fault of the request."""


class SlackApi:
    """Slack's Web API with one token."""

    def __init__(self, spec: ChannelSpec, wire: Wire, reveal: Reveal) -> None:
        self._spec = spec
        self._wire = wire
        self._reveal = reveal

    async def call(self, method: str, body: Mapping[str, JSON]) -> Mapping[str, JSON]:
        """Calls one method and returns its answer; raises Failed for one that is not ``ok``."""
        token = await revealed(self._reveal, self._spec.secrets[0])
        answer = await self._wire.post(
            f"{self._spec.api.rstrip('/')}/{method}",
            json.dumps(body, ensure_ascii=False).encode(),
            {
                "authorization": f"Bearer {token}",
                "content-type": "application/json; charset=utf-8",
            },
        )
        try:
            found = json.loads(answer.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Failed(f"channel {self._spec.name}: {method} answered no JSON", error_class="invalid_output")
        if found.get("ok") is not True:
            said = str(found.get("error", "nothing"))[:60]
            raise Failed(
                f"channel {self._spec.name}: {method} was refused: {said}",
                error_class=_ERRORS.get(said, "invalid_input"),
                applied=False,
            )
        return cast("Mapping[str, JSON]", found)


class Slack:
    """A channel to a conversation in Slack."""

    def __init__(self, spec: ChannelSpec, api: SlackApi) -> None:
        self._spec = spec
        self._api = api

    async def send(self, message: Message) -> str:
        """Posts a message, or changes the one at ``reference``; returns where it stands as ``CHANNEL:TS``."""
        body: dict[str, JSON] = {
            "text": escaped(headline(message)),
            "blocks": blocks(message, buttons=takes_buttons(self._spec, message)),
        }
        channel, _, at = message.reference.partition(":")
        if at:
            await self._api.call("chat.update", {"channel": channel, "ts": at, **body})
            return message.reference
        body |= {
            "channel": self._spec.address,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": "bridgehead_review", "event_payload": {"id": message.dedupe}},
        }
        answer = await self._api.call("chat.postMessage", body)
        return f"{answer.get('channel', self._spec.address)}:{answer.get('ts', '')}"


def takes_buttons(spec: ChannelSpec, message: Message) -> bool:
    """Tells whether a message can be decided by: somebody may press, and the whole call is on show beside it."""
    return (
        message.event != "decided"
        and bool(spec.people)
        and message.summary is not None
        and message.summary.whole
        and bool(message.digest)
        and "reject" in VERBS[message.review.kind]
    )


def blocks(message: Message, *, buttons: bool) -> list[JSON]:
    """Returns what a message shows. Every text of a document is plain: it mentions nobody and links nowhere."""
    made: list[Block] = [
        HeaderBlock(text=_plain(headline(message), _HEADER)),
        SectionBlock(fields=[_plain(f"{name}\n{value}") for name, value in facts(message)]),
    ]
    if message.summary is not None and message.event != "decided":
        made += [DividerBlock(), *_summary(message)]
    if message.event == "decided":
        made.append(SectionBlock(text=_plain(ended(message.review))))
    made.append(ActionsBlock(elements=_buttons(message, buttons=buttons)))
    return [cast("JSON", one.to_dict()) for one in made]


def _summary(message: Message) -> list[Block]:
    if message.summary is None:  # pragma: no cover - the caller looked
        return []
    made: list[Block] = [SectionBlock(text=_plain(message.summary.title))]
    made += [SectionBlock(text=_plain(text)) for text in _paragraphs(message.summary.lines)]
    if message.summary.why:
        made.append(ContextBlock(elements=[_plain(why) for why in message.summary.why]))
    if not message.summary.whole:
        made.append(ContextBlock(elements=[_plain("There is more: open it at the desk to decide.")]))
    return made


def _paragraphs(lines: Sequence[tuple[str, str]]) -> list[str]:
    found: list[str] = []
    for name, value in lines:
        line = f"{name}: {value}"
        if found and len(found[-1]) + len(line) < _SECTION:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return found


def _buttons(message: Message, *, buttons: bool) -> list[ButtonElement]:
    found = [ButtonElement(text=_plain("Open at the desk"), action_id=OPEN, url=message.link)]
    if not buttons:
        return found
    value = json.dumps({"review": message.name, "digest": message.digest})
    verbs = VERBS[message.review.kind]
    if "approve" in verbs:
        found.append(ButtonElement(text=_plain("Approve"), action_id=APPROVE, value=value, style="primary"))
    found.append(ButtonElement(text=_plain("Reject"), action_id=REJECT, value=value, style="danger"))
    return found


def _plain(text: str, most: int = _SECTION) -> PlainTextObject:
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return PlainTextObject(text=shown or " ", emoji=False)


def escaped(text: str) -> str:
    """Returns a text with Slack's three control letters escaped, for the one place that takes no plain text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def reason_view(review: str, digest: str, channel: str) -> dict[str, JSON]:
    """Returns the dialog that asks why something is rejected."""
    return {
        "type": "modal",
        "callback_id": REJECT,
        "private_metadata": json.dumps({"review": review, "digest": digest, "channel": channel}),
        "title": {"type": "plain_text", "text": f"Reject {review}"},
        "submit": {"type": "plain_text", "text": "Reject"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": {"type": "plain_text", "text": "Why?"},
                "element": {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": 500},
            }
        ],
    }

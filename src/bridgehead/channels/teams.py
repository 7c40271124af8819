"""A card in Teams with a link to the desk: decisions are made there, because a card proves nobody's name.

The card is posted to the URL of a workflow ("When a Teams webhook request is received") as an Adaptive Card 1.4 in the
envelope that it takes: a message with one attachment.
"""

from __future__ import annotations

import json
from typing import Final

from bridgehead.channels.ports import Reveal, revealed
from bridgehead.channels.wire import Wire
from bridgehead.channels.words import ended, facts, headline
from bridgehead.reviews.ports import Message
from bridgehead.spec.notify import ChannelSpec
from bridgehead.spec.tool import JSON

CARD: Final = "application/vnd.microsoft.card.adaptive"
_SCHEMA: Final = "http://adaptivecards.io/schemas/adaptive-card.json"
_MARKS: Final = "\\`*_[]()#~<>!|"
"""Letters that make links and other marks in a card's text."""


class Teams:
    """A channel to a conversation in Teams."""

    def __init__(self, spec: ChannelSpec, wire: Wire, reveal: Reveal) -> None:
        self._spec = spec
        self._wire = wire
        self._reveal = reveal

    async def send(self, message: Message) -> str:
        """Posts one card."""
        body = json.dumps(card(message), ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "x-bridgehead-id": message.dedupe}
        await self._wire.post(await revealed(self._reveal, self._spec.address), body, headers)
        return ""


def card(message: Message) -> dict[str, JSON]:
    """Returns the message that a workflow posts."""
    shown: list[JSON] = [
        {"type": "TextBlock", "text": plain(headline(message)), "wrap": True, "weight": "Bolder"},
        {"type": "FactSet", "facts": [{"title": name, "value": plain(value)} for name, value in facts(message)]},
    ]
    if message.event == "decided":
        shown.append({"type": "TextBlock", "text": plain(ended(message.review)), "wrap": True})
    if message.summary is not None:
        lines: list[JSON] = [{"title": plain(name), "value": plain(value)} for name, value in message.summary.lines]
        shown.append({"type": "TextBlock", "text": plain(message.summary.title), "wrap": True, "separator": True})
        shown.append({"type": "FactSet", "facts": lines})
        shown += [{"type": "TextBlock", "text": plain(why), "wrap": True} for why in message.summary.why]
    content: dict[str, JSON] = {
        "$schema": _SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": shown,
        "actions": [{"type": "Action.OpenUrl", "title": "Open at the desk", "url": message.link}],
    }
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": content}]}


def plain(text: str) -> str:
    """Returns a text in which nothing is a mark of Markdown, so that a document cannot put a link into a card."""
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in text)

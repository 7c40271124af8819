"""Cards in Teams: a link to the desk, and nothing that a document says becomes a link."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import cast

import pytest

from tests.support.channels import Telling, taken
from tests.support.http_server import Told, http_server
from tests.support.world import World

TO = """
channels:
  leads: {{teams: env:TEAMS_URL{more}}}
notify: {{desk: "https://desk.example.com", roles: {{desk: leads}}}}
"""


async def test_a_card_says_what_waits_and_leads_to_the_desk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workflow gets one Adaptive Card whose only action opens the review at the desk; it decides nothing."""
    async with http_server(taken) as server:
        monkeypatch.setenv("TEAMS_URL", f"{server.url}/workflows/secret-part")
        telling = Telling(world)
        review = await telling.begin(TO.format(more=""))
        await telling.tell()
    (asked,) = server.asked
    sent = cast("dict[str, object]", asked.json)
    (attachment,) = cast("list[dict[str, object]]", sent["attachments"])
    content = cast("dict[str, object]", attachment["content"])
    assert (sent["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert content["version"] == "1.4"
    assert content["actions"] == [
        {
            "type": "Action.OpenUrl",
            "title": "Open at the desk",
            "url": f"https://desk.example.com/reviews/R-{review.id}",
        }
    ]
    assert "P1" not in json.dumps(sent)


async def test_marks_of_a_document_are_letters_in_a_card(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Markdown link in an argument is shown as it was written and leads nowhere."""
    async with http_server(taken) as server:
        monkeypatch.setenv("TEAMS_URL", f"{server.url}/workflows/secret-part")
        telling = Telling(world)
        await telling.begin(TO.format(more=", include: [summary]"), po="[pay here](https://evil.example)")
        await telling.tell()
    shown = json.dumps(server.asked[0].json)
    assert "[pay here](" not in shown
    assert "pay here" in shown


async def test_the_address_of_a_workflow_is_told_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL is a secret: no log, no list and no error of a message holds it."""
    async with http_server(lambda _asked: Told(500)) as server:
        monkeypatch.setenv("TEAMS_URL", f"{server.url}/workflows/secret-part")
        telling = Telling(world)
        await telling.begin(TO.format(more=""))
        await telling.tell()
        await world.pass_time(timedelta(minutes=11))
        await telling.tell()
    for row in await telling.messages():
        assert "secret-part" not in str(row)
        assert row["why"]

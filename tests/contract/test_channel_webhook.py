"""Signed webhooks: Standard Webhooks, verified by the independent library."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bridgehead.channels.webhook import signed
from bridgehead.resilience import retry
from tests.support.channels import WHSEC, WHSEC_BEFORE, Telling, taken
from tests.support.http_server import Asked, Told, http_server
from tests.support.world import World

TO = """
channels:
  ops: {{webhook: "{url}/hook", secrets: [{secrets}]{more}}}
notify: {{desk: "https://desk.example.com", roles: {{desk: ops}}, give_up: 10m, again: 15m}}
"""


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_NEW", WHSEC)
    monkeypatch.setenv("HOOK_OLD", WHSEC_BEFORE)


def to(url: str, *, secrets: str = '"env:HOOK_NEW"', more: str = "") -> str:
    return TO.format(url=url, secrets=secrets, more=more)


async def test_a_webhook_is_signed_as_the_independent_library_verifies_it(world: World) -> None:
    """What another system is told about a held call verifies under Standard Webhooks, and says ids, role and link."""
    async with http_server(taken) as server:
        telling = Telling(world)
        review = await telling.begin(to(server.url))
        await telling.tell()
    (asked,) = server.asked
    told = Webhook(WHSEC).verify(asked.body, dict(asked.headers))
    assert told["type"] == "review.opened"
    assert told["data"]["review"] == f"R-{review.id}"
    assert told["data"]["role"] == "desk"
    assert told["data"]["link"] == f"https://desk.example.com/reviews/R-{review.id}"
    assert "P1" not in asked.body.decode(), "no word of the call leaves unless the deployment says so"
    with pytest.raises(WebhookVerificationError):
        Webhook(WHSEC).verify(asked.body + b" ", dict(asked.headers))


async def test_while_a_secret_is_exchanged_both_receivers_verify(world: World) -> None:
    """With two secrets a message carries two signatures, and whoever holds either verifies it."""
    async with http_server(taken) as server:
        telling = Telling(world)
        await telling.begin(to(server.url, secrets='"env:HOOK_NEW", "env:HOOK_OLD"'))
        await telling.tell()
    (asked,) = server.asked
    for secret in (WHSEC, WHSEC_BEFORE):
        assert Webhook(secret).verify(asked.body, dict(asked.headers))
    other = f"whsec_{base64.b64encode(bytes(24)).decode()}"
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(asked.body, dict(asked.headers))


async def test_a_message_is_sent_again_under_the_same_id_until_it_is_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that is down is tried again with pauses, under one webhook-id, until it takes the message."""
    answers = [Told(503), Told(429, headers={"retry-after": "40"}), Told()]

    def answer(_asked: Asked) -> Told:
        return answers[len(server.asked) - 1]

    monkeypatch.setattr(retry, "jitter", lambda: 0.99)
    async with http_server(answer) as server:
        telling = Telling(world)
        review = await telling.begin(to(server.url))
        await telling.tell()
        assert len(server.asked) == 1, "the next attempt has its own moment"
        await world.pass_time(timedelta(seconds=5))
        await telling.tell()
        assert len(server.asked) == 2
        await world.pass_time(timedelta(seconds=30))
        await telling.tell()
        assert len(server.asked) == 2, "it was asked to wait for 40 seconds"
        await world.pass_time(timedelta(seconds=15))
        await telling.tell()
    assert len({one.headers["webhook-id"] for one in server.asked}) == 1
    (message,) = await telling.messages()
    assert (message["state"], message["attempts"]) == ("sent", 3)
    assert (await telling.review(review)).no_channel_at is None


async def test_a_decision_is_told_to_who_was_told_of_the_review(world: World) -> None:
    """After a decision the receiver hears how it ended, by whom and by which channel."""
    async with http_server(taken) as server:
        telling = Telling(world)
        await telling.begin(to(server.url))
        await telling.tell()
        await world.decide("reject", by="pat", answer="too much")
        await telling.tell()
    told = Webhook(WHSEC).verify(server.asked[-1].body, dict(server.asked[-1].headers))
    assert (told["type"], told["data"]["state"], told["data"]["decided_by"]) == ("review.decided", "rejected", "pat")
    assert server.asked[0].headers["webhook-id"] != server.asked[1].headers["webhook-id"]


async def test_the_call_is_told_where_the_deployment_says_so(world: World) -> None:
    """With include: [summary] the arguments and the reasons travel as well."""
    async with http_server(taken) as server:
        telling = Telling(world)
        await telling.begin(to(server.url, more=", include: [summary]"))
        await telling.tell()
    told = json.loads(server.asked[0].body)["data"]
    assert told["summary"]["arguments"] == {"po": "P1", "amount": "500"}
    assert told["summary"]["whole"] is True


async def test_no_redirect_is_followed(world: World) -> None:
    """A receiver that answers with another address gets nothing sent there."""

    def answer(asked: Asked) -> Told:
        return Told(307, headers={"location": f"{server.url}/elsewhere"}) if asked.path == "/hook" else Told()

    async with http_server(answer) as server:
        telling = Telling(world)
        review = await telling.begin(to(server.url))
        await telling.tell()
        assert {asked.path for asked in server.asked} == {"/hook"}
    (message,) = await telling.messages()
    assert message["state"] == "failed"
    assert (await telling.review(review)).no_channel_at is not None


async def test_a_host_that_is_not_listed_is_not_reached(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that leads elsewhere than egress allows once it is read is refused before a connection is made."""
    async with http_server(taken) as server:
        monkeypatch.setenv("HOOK_URL", "https://elsewhere.example.com/")
        telling = Telling(world)
        more = to("", more="").replace('"/hook"', '"env:HOOK_URL"') + 'egress: ["elsewhere.example.com"]\n'
        await telling.begin(more)
        monkeypatch.setenv("HOOK_URL", f"{server.url}/hook")
        await telling.tell()
        assert not server.asked
    (message,) = await telling.messages()
    assert (message["state"], message["error_class"]) == ("failed", "forbidden")


def test_a_secret_that_is_none_signs_nothing() -> None:
    """A short or unreadable secret is refused instead of signing with something that can be guessed."""
    for secret in ("", "whsec_", "whsec_AAAA", "not base64!"):
        with pytest.raises(Exception, match="none of Standard Webhooks"):
            signed([secret], "id", 1, b"body")

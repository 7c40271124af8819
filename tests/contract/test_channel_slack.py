"""Messages in Slack: a real HTTP server that speaks its Web API, and buttons that come back signed as Slack signs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast
from urllib.parse import urlencode

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from bridgehead.channels import slack as slack_channel
from bridgehead.channels import slack_inbound
from bridgehead.clock import utc_now
from bridgehead.console import inbound
from bridgehead.reviews.model import Review
from tests.support.channels import SlackServer, Telling, text_of
from tests.support.console import visiting
from tests.support.http_server import Told, http_server
from tests.support.world import World

TO = """
channels:
  chat:
    slack: C0DESK
    api: "{url}/api/"
    token: env:SLACK_TOKEN
    signing_secret: env:SLACK_SIGNING
    team: T0HOME
    people: {{ann: U0ANN, eve: U0EVE}}
    include: [summary]
{more}
notify: {{desk: "https://desk.example.com", roles: {{desk: chat}}, give_up: 10m}}
"""
SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-right")
    monkeypatch.setenv("SLACK_SIGNING", SIGNING)


@asynccontextmanager
async def slack_server() -> AsyncIterator[SlackServer]:
    async with http_server(lambda _asked: Told()) as http:
        server = SlackServer(http)
        http.handler = server.answer
        yield server


async def asked_in(server: SlackServer, world: World, more: str = "", po: str = "P1") -> tuple[Telling, Review]:
    """Lets a call be held and told in Slack; ann is of the desk, eve is not."""
    for name, group in (("ann", "desk"), ("eve", "other")):
        await world.app.users.add(name, [group], None, by="root", roles=["reviewer"])
    telling = Telling(world)
    review = await telling.begin(TO.format(url=server.http.url, more=more), po=po)
    await telling.tell()
    return telling, review


async def press(
    world: World,
    server: SlackServer,
    action: str = slack_channel.APPROVE,
    *,
    member: str = "U0ANN",
    at_s: float = 0.0,
    secret: str = SIGNING,
    team: str = "T0HOME",
    channel: str = "C0DESK",
    value: str | None = None,
    tampered: bool = False,
) -> httpx.Response:
    """Presses a button as Slack sends it, ``at_s`` seconds from now."""
    payload = {
        "type": "block_actions",
        "user": {"id": member},
        "team": {"id": team},
        "channel": {"id": channel},
        "trigger_id": "trigger-1",
        "actions": [{"action_id": action, "value": value or server.buttons()[action]}],
    }
    return await sent(world, payload, at_s=at_s, secret=secret, tampered=tampered)


async def sent(
    world: World, payload: object, *, at_s: float = 0.0, secret: str = SIGNING, tampered: bool = False
) -> httpx.Response:
    """Posts a payload with Slack's signature, made by Slack's own library."""
    body = urlencode({"payload": json.dumps(payload)})
    at = str(int(utc_now().timestamp() + at_s))
    signature = SignatureVerifier(secret).generate_signature(timestamp=at, body=body)
    assert signature is not None
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": at,
        "x-slack-signature": signature,
    }
    async with visiting(world.app, None, pages=inbound.PAGES) as slack:
        return await slack.http.post("/hooks/slack", content=body + ("&a=b" if tampered else ""), headers=headers)


async def test_the_message_shows_the_call_and_offers_both_decisions(world: World) -> None:
    """A message names review, role and due, shows the arguments, and has buttons that are bound to their digest."""
    async with slack_server() as server:
        _, review = await asked_in(server, world)
    shown = text_of(server.message["blocks"])
    for word in (f"R-{review.id}", "desk", "P1", "500"):
        assert word in shown
    buttons = server.buttons()
    assert buttons[slack_channel.OPEN] == f"https://desk.example.com/reviews/R-{review.id}"
    assert review.args_digest is not None
    for action in (slack_channel.APPROVE, slack_channel.REJECT):
        assert json.loads(buttons[action]) == {"review": f"R-{review.id}", "digest": review.args_digest.hex()}


async def test_a_named_person_approves_and_the_message_is_locked(world: World) -> None:
    """A press of a member that the file names decides as that person; then the message has no decision left in it."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        assert (await press(world, server)).status_code == 200
        decided = await telling.review(review)
        assert (decided.state, decided.decided_by, decided.decided_via) == ("approved", "ann", "slack")
        await telling.tell()
        assert server.message["changed"] is True
        assert set(server.buttons()) == {slack_channel.OPEN}
        assert "approved by ann" in text_of(server.message)
    await world.settle()
    assert len(world.books()) == 1


async def test_the_message_is_locked_whichever_channel_decided(world: World) -> None:
    """A decision at the desk takes the buttons out of Slack, and a press that comes late changes nothing."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        late = server.buttons()[slack_channel.APPROVE]
        await world.decide("reject", by="pat", answer="no")
        await telling.tell()
        assert set(server.buttons()) == {slack_channel.OPEN}
        assert (await press(world, server, value=late)).status_code == 200
        (whisper,) = server.whispers
        assert "already rejected" in str(whisper["text"])
        assert whisper["user"] == "U0ANN"
    assert (await telling.review(review)).state == "rejected"


async def test_a_message_that_was_under_way_when_it_was_decided_is_locked_too(world: World) -> None:
    """A decision between the sending and the answer of Slack leaves no message that still asks."""
    async with slack_server() as server:
        for name, group in (("ann", "desk"), ("eve", "other")):
            await world.app.users.add(name, [group], None, by="root", roles=["reviewer"])
        telling = Telling(world)
        await telling.begin(TO.format(url=server.http.url, more=""))

        async def slow(asked: object) -> Told:
            if not server.messages:
                await world.decide("reject", by="pat", answer="no")
                assert world.loaded is not None
                await world.app.office([world.loaded.deployment]).step()  # the decision is spread before Slack answers
            return server.answer(asked)  # type: ignore[arg-type]

        server.http.handler = slow
        await telling.tell()
        await telling.tell()
        assert server.message["changed"] is True
        assert set(server.buttons()) == {slack_channel.OPEN}


async def test_a_rejection_asks_for_its_reason_first(world: World) -> None:
    """Reject opens a dialog; what is typed there is the reason on the record."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        assert (await press(world, server, slack_channel.REJECT)).status_code == 200
        assert (await telling.review(review)).state == "open"
        (opened,) = server.views
        view = cast("dict[str, object]", opened["view"])
        payload = {
            "type": "view_submission",
            "user": {"id": "U0ANN"},
            "team": {"id": "T0HOME"},
            "view": {**view, "state": {"values": {"reason": {"reason": {"value": "wrong price"}}}}},
        }
        assert (await sent(world, payload)).status_code == 200
    decided = await telling.review(review)
    assert (decided.state, decided.answer, decided.decided_by) == ("rejected", "wrong price", "ann")


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "another secret of the right len."},
        {"tampered": True},
        {"at_s": -301.0},
        {"at_s": 301.0},
    ],
    ids=["another secret", "another body", "too old", "from the future"],
)
async def test_what_slack_has_not_signed_lately_is_refused(world: World, forged: dict[str, object]) -> None:
    """A forged, changed or late request is answered 401 and decides nothing."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        answer = await press(world, server, **forged)  # type: ignore[arg-type]
        assert answer.status_code == 401
    assert (await telling.review(review)).state == "open"


async def test_signatures_of_an_odd_form_are_refused_and_break_nothing(world: World) -> None:
    """Missing, long and non-ASCII headers, and a body that is no text, are all answered 401."""
    async with slack_server() as server:
        await asked_in(server, world)
    at = str(int(utc_now().timestamp()))
    odd: list[tuple[dict[bytes, bytes], bytes]] = [
        ({}, b"payload=x"),
        ({b"x-slack-request-timestamp": b"x", b"x-slack-signature": b"v0=00"}, b"payload=x"),
        ({b"x-slack-request-timestamp": b"9" * 400, b"x-slack-signature": b"v0=00"}, b"payload=x"),
        ({b"x-slack-request-timestamp": at.encode(), b"x-slack-signature": b"v0=\xe9"}, b"payload=x"),
        ({b"x-slack-request-timestamp": at.encode(), b"x-slack-signature": b"v0=00"}, b"\xff\xfe"),
    ]
    async with visiting(world.app, None, pages=inbound.PAGES) as slack:
        for headers, body in odd:
            answer = await slack.http.post("/hooks/slack", content=body, headers=headers)
            assert answer.status_code == 401, headers


async def test_the_guards_of_a_signature_are_what_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken away one by one: without the window a late press counts, without the comparison a forged one does."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        monkeypatch.setattr(slack_inbound._OurClock, "now", lambda _self: utc_now().timestamp() - 900)
        assert (await press(world, server, at_s=-900)).status_code == 200, "the window alone refused it"
        assert (await telling.review(review)).state == "approved"
        second = await telling.another("P2")
        await telling.tell()
        monkeypatch.undo()
        _set(monkeypatch)
        value = json.dumps({"review": f"R-{second.id}", "digest": (second.args_digest or b"").hex()})
        forged = {"secret": "another secret of the right len.", "value": value}
        assert (await press(world, server, **forged)).status_code == 401  # type: ignore[arg-type]
        monkeypatch.setattr("slack_sdk.signature.hmac.compare_digest", lambda _one, _other: True)
        assert (await press(world, server, **forged)).status_code == 200  # type: ignore[arg-type]
        assert (await telling.review(second)).state == "approved"


def _set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-right")
    monkeypatch.setenv("SLACK_SIGNING", SIGNING)


async def test_a_press_twice_decides_once(world: World) -> None:
    """The same signed request again, within its five minutes, changes nothing."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        assert (await press(world, server)).status_code == 200
        first = await telling.review(review)
        assert (await press(world, server)).status_code == 200
        assert await telling.review(review) == first
        assert "already approved" in str(server.whispers[-1]["text"])


@pytest.mark.parametrize("member", ["U0EVE", "U0STRANGER"])
async def test_who_is_not_named_or_not_of_the_role_decides_nothing(world: World, member: str) -> None:
    """A member whom the file does not name, and one who is not in the role, are told so and nobody else is."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        assert (await press(world, server, member=member)).status_code == 200
        assert [whisper["user"] for whisper in server.whispers] == [member]
    assert (await telling.review(review)).state == "open"


async def test_who_was_disabled_meanwhile_decides_nothing(world: World) -> None:
    """A press of somebody who may not act any more is refused at that moment."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        await world.app.users.disable("ann", by="root", reason="left")
        assert (await press(world, server)).status_code == 200
        assert "may not act" in str(server.whispers[-1]["text"])
    assert (await telling.review(review)).state == "open"


@pytest.mark.parametrize("where", [{"channel": "C0OTHER"}, {"team": "T0OTHER"}], ids=["conversation", "workspace"])
async def test_a_press_from_another_place_decides_nothing(world: World, where: dict[str, str]) -> None:
    """A press counts in the conversation and the workspace that are asked, and nowhere else."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        assert (await press(world, server, **where)).status_code == 403  # type: ignore[arg-type]
    assert (await telling.review(review)).state == "open"


async def test_a_press_is_bound_to_the_arguments_it_was_shown_with(world: World) -> None:
    """A button of other arguments than those that wait now is refused."""
    async with slack_server() as server:
        telling, review = await asked_in(server, world)
        value = json.dumps({"review": f"R-{review.id}", "digest": "00" * 32})
        assert (await press(world, server, value=value)).status_code == 200
        assert "other arguments" in str(server.whispers[-1]["text"])
    assert (await telling.review(review)).state == "open"


async def test_without_the_whole_call_on_show_there_is_nothing_to_press(world: World) -> None:
    """Where the message does not carry every argument, the only button leads to the desk."""
    async with slack_server() as server:
        await asked_in(server, world, po="P" * 400)
        assert set(server.buttons()) == {slack_channel.OPEN}


async def test_texts_of_a_document_are_plain_in_slack(world: World) -> None:
    """A mention or a link in an argument is text: no block takes marks, and the fallback says nothing of the call."""
    async with slack_server() as server:
        await asked_in(server, world, po="<!channel> *now* <https://evil.example|pay>")
        blocks = text_of(server.message["blocks"])
        assert "<!channel>" in blocks
        assert '"mrkdwn"' not in blocks
        assert "evil" not in str(server.message["text"])


@pytest.mark.parametrize(
    "error, state, error_class",
    [
        ("ratelimited", "due", "throttled"),
        ("internal_error", "due", "transient"),
        ("invalid_auth", "due", "auth_expired"),
        ("channel_not_found", "failed", "not_found"),
        ("is_archived", "failed", "forbidden"),
        ("something_new", "failed", "invalid_input"),
    ],
)
async def test_an_error_of_slack_has_its_class(world: World, error: str, state: str, error_class: str) -> None:
    """What may succeed later is tried again, and what cannot gives the channel up for this message."""
    async with slack_server() as server:
        server.error = error
        telling, _ = await asked_in(server, world)
    (row,) = await telling.messages()
    assert (row["state"], row["error_class"]) == (state, error_class)


async def test_what_is_confidential_goes_to_no_channel_without_clearance(world: World) -> None:
    """A case that has read something confidential tells a channel its ids alone, until the file clears the channel."""
    code = """
    @read(labels={"*": "system_of_record confidential"})
    async def customer(po: str) -> str:
        return "Geheim AG"

    @reversible(key="po", verify=find)
    async def book(po: str, amount: int) -> Booking:
        enter(number=f"B-{po}", po=po, amount=amount)
        return Booking(f"B-{po}", po, amount)

    async def agent(case, ctx):
        await customer(case.input["po"])
        return await book(case.input["po"], case.input["amount"])
    """
    tools = "customer: allow\nbook: {hold: desk, clearance: confidential}"
    async with slack_server() as server:
        telling = Telling(world)
        await telling.begin(TO.format(url=server.http.url, more=""), code=code, tools=tools)
        await telling.tell()
        assert "P1" not in text_of(server.message)
        assert set(server.buttons()) == {slack_channel.OPEN}
        server.messages.clear()
        await telling.begin(
            TO.format(url=server.http.url, more="    clearance: confidential"), code=code, tools=tools, po="P2"
        )
        await telling.tell()
        assert "P2" in text_of(server.message)


async def test_a_redirect_of_the_api_takes_the_token_nowhere(world: World) -> None:
    """An API that answers with another address is a failure; the token is sent to nobody else."""
    async with slack_server() as server, http_server(lambda _asked: Told()) as elsewhere:
        server.told = Told(307, headers={"location": f"{elsewhere.url}/api/chat.postMessage"})
        telling, review = await asked_in(server, world)
        assert not elsewhere.asked
    assert (await telling.review(review)).no_channel_at is not None
    await world.pass_time(timedelta(minutes=16))

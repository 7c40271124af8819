"""Places that notifications go to, each over its real protocol on loopback, and a deployment that tells them."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from socket import socket
from typing import cast
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bridgehead.channels.office import Office
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON
from tests.support.http_server import Asked, HttpServer, Told
from tests.support.world import World

BOOK = """
    @reversible(key="po", verify=find)
    async def book(po: str, amount: int) -> Booking:
        enter(number=f"B-{po}", po=po, amount=amount)
        return Booking(f"B-{po}", po, amount)

    async def agent(case, ctx):
        return await book(case.input["po"], case.input["amount"])
"""
HELD = "book: {allow: amount <= 100, otherwise: {hold: desk, within: 2h}}"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WHSEC_BEFORE = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@contextmanager
def by_hand() -> Iterator[None]:
    """Lets no worker of this process tell anybody: the test does, step by step."""

    async def idle(_office: Office, stopped: asyncio.Event) -> None:
        await stopped.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Office, "watch", idle)
        yield


def taken(_asked: Asked) -> Told:
    """Answers that a message was taken."""
    return Told()


@dataclass
class Telling:
    """A world in which one review waits and somebody is to be told of it."""

    world: World

    async def begin(self, more: str, *, code: str = BOOK, tools: str = HELD, po: str = "P1") -> Review:
        """Deploys with these channels, lets a call be held, and returns its review."""
        await self.world.deploy(code, tools=tools, more=more)
        return await self.another(po)

    async def another(self, po: str) -> Review:
        """Lets one more call be held."""
        before = {one.id for one in await self.world.reviews(None)}
        await self.world.submit({"po": po, "amount": 500})
        with by_hand():
            await self.world.settle()
        found = [one for one in await self.world.reviews() if one.id not in before and "args" in one.shown]
        (review,) = [one for one in found if cast("dict[str, JSON]", one.shown["args"])["po"] == po]
        return review

    async def tell(self) -> None:
        """Takes every step that is due, and sends every message that is, until nothing is."""
        assert self.world.loaded is not None
        office = self.world.app.office([self.world.loaded.deployment])
        while True:
            done = await office.step()
            done += sum([await office.send(*lane) for lane in office.lanes])
            if not done:
                return

    async def review(self, review: Review) -> Review:
        """Returns a review as it is now."""
        found, _ = await self.world.app.reviews.find(review.id)
        return found

    async def messages(self) -> list[dict[str, object]]:
        """Returns every message as it stands, oldest first."""
        return await self.world.rows(
            "select m.*, n.event from notifications m join notices n on n.id = m.notice_id order by m.id"
        )


@dataclass
class Mailboxes:
    """An SMTP server: what it took, and how it answers."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answer: str = "250 taken"
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # its name
        if self.answer.startswith("250"):
            content = cast("bytes", envelope.content)
            mail = message_from_bytes(content, policy=default)
            self.mails.append((envelope.rcpt_tos[0], mail))
        return self.answer

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=True)

    def text(self, place: int = -1) -> str:
        """Returns the text of a mail."""
        return str(self.mails[place][1].get_content())

    def link(self, place: int = -1) -> str:
        """Returns the address that stands in a mail."""
        (found,) = [line for line in self.text(place).splitlines() if line.startswith("http")]
        return found


@asynccontextmanager
async def mail_server(ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[Mailboxes]:
    """Gives a server that speaks SMTP on a port of its own."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        boxes = Mailboxes(int(probe.getsockname()[1]))
    controller = Controller(boxes, hostname="127.0.0.1", port=boxes.port, ready_timeout=10, ssl_context=ssl_context)
    controller.start()
    try:
        yield boxes
    finally:
        controller.stop()


@dataclass
class SlackServer:
    """A server that speaks the part of Slack's Web API that is used: its methods, its errors, its messages."""

    http: HttpServer
    token: str = "xoxb-right"
    messages: dict[str, dict[str, object]] = field(default_factory=dict)
    views: list[dict[str, object]] = field(default_factory=list)
    whispers: list[dict[str, object]] = field(default_factory=list)
    error: str = ""
    told: Told | None = None

    def answer(self, asked: Asked) -> Told:
        """Answers one call as Slack does: 200 and ``ok``, or 200 and an error."""
        if self.told is not None:
            return self.told
        method = asked.path.rsplit("/", 1)[1]
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Told(body={"ok": False, "error": "invalid_auth"})
        if self.error:
            return Told(body={"ok": False, "error": self.error})
        assert asked.headers["content-type"] == "application/json; charset=utf-8"
        body = cast("dict[str, object]", asked.json)
        return Told(body=self._call(method, body))

    def _call(self, method: str, body: dict[str, object]) -> Mapping[str, JSON]:
        if method == "chat.postMessage":
            at = f"17{len(self.messages):08d}.000100"
            self.messages[at] = body
            return {"ok": True, "channel": str(body["channel"]), "ts": at}
        if method == "chat.update":
            if body["ts"] not in self.messages:
                return {"ok": False, "error": "message_not_found"}
            self.messages[str(body["ts"])] = {**body, "changed": True}
            return {"ok": True, "channel": str(body["channel"]), "ts": str(body["ts"])}
        if method == "views.open":
            self.views.append(body)
            return {"ok": True}
        if method == "chat.postEphemeral":
            self.whispers.append(body)
            return {"ok": True}
        return {"ok": False, "error": "unknown_method"}

    @property
    def message(self) -> dict[str, object]:
        """Returns the one message."""
        (found,) = self.messages.values()
        return found

    def buttons(self) -> dict[str, str]:
        """Returns the buttons of the one message by their action: the value, or the address that it opens."""
        blocks = cast("list[dict[str, object]]", self.message["blocks"])
        (actions,) = [block for block in blocks if block["type"] == "actions"]
        elements = cast("list[dict[str, str]]", actions["elements"])
        return {one["action_id"]: one.get("value") or one["url"] for one in elements}


def fields_of(body: bytes) -> dict[str, str]:
    """Returns the fields of a form."""
    return dict(parse_qsl(body.decode()))


def text_of(value: object) -> str:
    """Returns everything that stands in a message."""
    return json.dumps(value, ensure_ascii=False)

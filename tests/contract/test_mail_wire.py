"""Mails that are sent once: a real SMTP server, and a real IMAP server that holds their copies."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from asyncio import Transport
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from socket import socket
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bridgehead.connectors import mail_copies
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.mail_message import Message
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.toolset import bound_tools
from bridgehead.errors import Failed, UserError
from tests.support.dovecot import PASSWORD, USER, Absent, Dovecot, running_dovecot

# Its login crosses loopback alone.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

SPEC = """
connector: post
kind: mail
connection: {{url: "imap://127.0.0.1:{imap}", smtp: "{smtp}", timeout: 10s}}
auth: {{basic: {{user: "{user}", password: env:MAIL_PASSWORD}}}}
actions:
  confirm:
    effect: irreversible
    params: {{to: text, order: code, text: text}}
    key: order
    mail: {{to: "{{to}}", subject: "Auftragsbestätigung {{order}}", text: "{{text}}"{sent}}}
    result: {{fields: {{message_id: message_id, to: {{type: list}}}}}}
"""
ARGS = {"to": "Käufer <buyer@example.com>", "order": "B-7", "text": "Guten Tag,\n.\n.punkt\nGrüße"}


@dataclass
class Outbox:
    """An SMTP server that takes mails, or does what it is told instead."""

    port: int
    taken: list[Envelope] = field(default_factory=list)
    reply: str = "250 OK"
    rcpt: str = "250 OK"
    breaks: str = ""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if self.reply.startswith("250") and self.breaks != "before":
            self.taken.append(envelope)
        if self.breaks:
            cast("Transport", server.transport).abort()
        return self.reply

    def mail(self) -> EmailMessage:
        (one,) = self.taken
        return email.message_from_bytes(cast("bytes", one.content), policy=email.policy.default)


def allowed(server: object, session: object, envelope: object, mechanism: str, data: object) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    """Gives one server to all tests of this file; skips loudly when there is none."""
    try:
        with running_dovecot() as server:
            yield server
    except Absent as absent:
        pytest.skip(str(absent))


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    box = Outbox(port)
    controller = Controller(
        box, hostname="127.0.0.1", port=port, authenticator=allowed, auth_require_tls=False, auth_required=True
    )
    controller.start()
    yield box
    controller.stop()


def opened(tmp_path: Path, dovecot: Dovecot, smtp: str, sent: str = ', sent_folder: "Sent"') -> Connector:
    path = tmp_path / "post.yaml"
    path.write_text(SPEC.format(imap=dovecot.port, smtp=smtp, user=USER, sent=sent), encoding="utf-8")
    return open_connector(path)


@pytest.fixture
async def post(
    tmp_path: Path, dovecot: Dovecot, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Connector]:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with dovecot.client() as client:
        if client.folder_exists("Sent"):
            client.delete_folder("Sent")
        client.create_folder("Sent")
    made = opened(tmp_path, dovecot, f"smtp://127.0.0.1:{outbox.port}")
    yield made
    await made.aclose()


async def failing(work: Awaitable[object]) -> Failed:
    with pytest.raises(Failed) as caught:
        await work
    return caught.value


async def test_a_mail_is_sent_once_with_a_copy(post: Connector, outbox: Outbox, dovecot: Dovecot) -> None:
    """The mail arrives as it was written, its copy lies in the folder, and the same effect sends nothing more."""
    assert await post.verify("confirm", ARGS, key="k") is None
    done = await post.act("confirm", ARGS, key="k")
    mail = outbox.mail()
    assert mail["Subject"] == "Auftragsbestätigung B-7"
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == ARGS["text"]
    assert (outbox.taken[0].mail_from, outbox.taken[0].rcpt_tos) == (USER, ["buyer@example.com"])
    assert done.message_id == mail["Message-ID"]  # type: ignore[attr-defined]  # made from the specification
    (copy,) = dovecot.mails("Sent")
    assert email.message_from_bytes(copy)["Message-ID"] == mail["Message-ID"]
    assert dovecot.flags("Sent") == [{b"\\Seen"}]
    assert await post.verify("confirm", ARGS, key="k") == done
    await post.act("confirm", ARGS, key="k")
    assert len(outbox.taken) == 1
    await post.act("confirm", ARGS, key="another")
    assert len({one.content for one in outbox.taken}) == 2


@pytest.mark.parametrize("breaks", ["before", "after"])
async def test_a_lost_reply_is_left_to_a_person(post: Connector, outbox: Outbox, dovecot: Dovecot, breaks: str) -> None:
    """A connection that breaks after the content leaves it open, reading back says so, and nothing is sent again."""
    outbox.breaks = breaks
    failed = await failing(post.act("confirm", ARGS, key="k"))
    assert failed.applied is None
    outbox.breaks = ""
    assert (await failing(post.verify("confirm", ARGS, key="k"))).error_class == "unknown_effect"
    assert (await failing(post.act("confirm", ARGS, key="k"))).error_class == "unknown_effect"
    assert len(outbox.taken) == (breaks == "after")
    assert dovecot.flags("Sent") == [{b"\\Seen", b"\\Draft"}]


async def test_a_refused_mail_leaves_no_copy(post: Connector, outbox: Outbox, dovecot: Dovecot) -> None:
    """A mail that the server refuses was surely not sent: no copy stays, reading back finds none, a later try sends."""
    for reply, error_class in (("452 full", "throttled"), ("554 no", "invalid_input"), ("421 bye", "dependency_down")):
        outbox.reply = reply
        failed = await failing(post.act("confirm", ARGS, key="k"))
        assert (failed.error_class, failed.applied) == (error_class, False)
    outbox.reply, outbox.rcpt = "250 OK", "550 no such user"
    assert (await failing(post.act("confirm", ARGS, key="k"))).applied is False
    assert dovecot.mails("Sent") == []
    assert await post.verify("confirm", ARGS, key="k") is None
    outbox.rcpt = "250 OK"
    await post.act("confirm", ARGS, key="k")
    assert len(outbox.taken) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "buyer@example.com\r\nBcc: spy@example.com"},
        {"to": "buyer@example.com\nX: y"},
        {"order": "B-7\r\n\r\nbody"},
        {"order": "B\x007"},
        {"order": "B\u20287"},
        {"to": "nobody"},
        {"to": ""},
        {"to": "ü@example.com"},
        {"to": "a@b c@d"},
        {"to": "buyer@example.com, spy@example.com"},
        {"to": "all: buyer@example.com, spy@example.com;"},
        {"to": ", ".join(f"a{number}@example.com" for number in range(60))},
    ],
)
async def test_no_argument_becomes_a_header(post: Connector, outbox: Outbox, wrong: dict[str, str]) -> None:
    """A line break in an address or a subject, and what is no address, is refused before anything is sent."""
    failed = await failing(post.act("confirm", {**ARGS, **wrong}, key="k"))
    assert (failed.error_class, failed.applied) == ("invalid_input", False)
    assert outbox.taken == []


async def test_a_wrong_password_and_servers_that_are_away(
    post: Connector, outbox: Outbox, dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused login is auth_expired, a server that is away dependency_down; nothing was sent, nothing is shown."""
    away = opened(tmp_path, dovecot, "smtp://127.0.0.1:9")
    failed = await failing(away.act("confirm", ARGS, key="k"))
    assert (failed.error_class, failed.applied) == ("dependency_down", False)
    assert dovecot.mails("Sent") == []
    alone = opened(tmp_path, dovecot, f"smtp://127.0.0.1:{outbox.port}", sent="")
    monkeypatch.setenv("MAIL_PASSWORD", "another-password")
    for connector in (post, alone):
        failed = await failing(connector.act("confirm", ARGS, key="k"))
        assert (failed.error_class, failed.applied) == ("auth_expired", False)
        assert "another-password" not in str(failed)
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    dovecot.stop()
    failed = await failing(post.act("confirm", ARGS, key="k"))
    dovecot.start()
    assert (failed.error_class, failed.applied) == ("dependency_down", False)
    assert outbox.taken == []


async def test_without_a_copy_nothing_reads_it_back(
    post: Connector, outbox: Outbox, dovecot: Dovecot, tmp_path: Path
) -> None:
    """Without sent_folder the tool declares no verify, so an unknown effect goes to a person; with it, it does."""
    alone = opened(tmp_path, dovecot, f"smtp://127.0.0.1:{outbox.port}", sent="")
    await alone.act("confirm", ARGS, key="k")
    assert len(outbox.taken) == 1
    assert bound_tools(alone)["confirm"].verify is None
    assert bound_tools(post)["confirm"].verify is not None


async def test_a_stranger_is_not_given_the_password(tmp_path: Path, dovecot: Dovecot) -> None:
    """Beyond this machine smtp:// is STARTTLS or nothing; a server that offers none gets no login."""
    path = tmp_path / "post.yaml"
    for smtp in ("http://127.0.0.1", "smtp://user:secret@127.0.0.1", ""):
        with pytest.raises(UserError):
            opened(tmp_path, dovecot, smtp)
    path.write_text(
        SPEC.format(imap=dovecot.port, smtp="smtp://mail.example.com", user=USER, sent="").replace(
            "timeout: 10s", "timeout: 10s, hosts: [127.0.0.1]"
        ),
        encoding="utf-8",
    )
    with pytest.raises(UserError) as caught:
        open_connector(path)
    assert caught.value.code == "connector.host"


async def test_a_call_that_was_given_up_sends_nothing_later(
    post: Connector, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call whose time is over before the mail was handed in is surely not sent, whatever its thread does then."""
    waits, over = threading.Event(), threading.Event()
    put = mail_copies.Copies.send

    def held(self: mail_copies.Copies, message: Message, send: Callable[[], None]) -> None:
        waits.wait(20)
        try:
            put(self, message, send)
        finally:
            over.set()

    monkeypatch.setattr(mail_copies.Copies, "send", held)
    action = post.spec.actions["confirm"].model_copy(update={"timeout": 1.0})
    failed = await failing(post.wire.act(action, {**ARGS, "effect_key": "k"}))
    assert (failed.error_class, failed.applied) == ("timeout", False)
    waits.set()
    assert await asyncio.to_thread(over.wait, 20)
    assert outbox.taken == []
    assert await post.verify("confirm", ARGS, key="k") is None

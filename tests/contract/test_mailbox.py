from __future__ import annotations

import asyncio
import logging
import smtplib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from bridgehead.connectors.mailbox import HEAD, TRIES, MailboxIntake
from bridgehead.connectors.mailbox_session import After, Declined, Dropped, Mailbox, Session
from bridgehead.connectors.watching import Arrived
from bridgehead.errors import Unavailable, UserError
from tests.support.dovecot import PASSWORD, USER, Absent, Dovecot, dovecot, running_dovecot, smtp_sink
from tests.support.issuer import CLIENT, SECRET, running_issuer

__all__ = ["dovecot"]

T = TypeVar("T")
DONE = After(move_to="Done")
FLAG = After(flag="$Stored")


@dataclass
class Outside:
    """Arrivals as they are stored elsewhere: the same content from the same source is one arrival."""

    stored: list[bytes] = field(default_factory=list)
    known: dict[tuple[str, bytes], str] = field(default_factory=dict)
    unfit: dict[str, bytes] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    calls: int = 0
    fails: Exception | None = None

    async def keep(self, one: Arrived) -> str:
        self.calls += 1
        if self.fails is not None:
            raise self.fails
        if one.unfit:
            self.unfit[one.unfit] = one.document
            return "A-0"
        self.names.append(one.name)
        key = (one.source_id, one.document)
        if key not in self.known:
            self.stored.append(one.document)
        return self.known.setdefault(key, f"A-{len(self.stored)}")


@pytest.fixture
def outside() -> Outside:
    """Gives the store."""
    return Outside()


async def password() -> str:
    return PASSWORD


def at(server: Dovecot, **more: Any) -> Mailbox:  # noqa: ANN401  # fields of Mailbox
    """Returns the mailbox over TLS, whose certificate is trusted by its file."""
    given = {"port": server.tls_port, "tls": "tls", "ca": server.ca, "secret": password, "connect_s": 2.0, **more}
    return Mailbox("inbox", "localhost", user=USER, **given)


def intake(server: Dovecot, outside: Outside, after: After = DONE, **more: Any) -> MailboxIntake:  # noqa: ANN401  # its own
    """Returns a watcher of INBOX that is quick to try again."""
    given: dict[str, Any] = {"mailbox": at(server), "folder": "INBOX", "max_mb": 1, "pause_s": 0.05, **more}
    made = MailboxIntake(given.pop("mailbox"), given.pop("folder"), outside.keep, after=after, **given)
    made.prepare()
    return made


@asynccontextmanager
async def watching(*intakes: MailboxIntake) -> AsyncIterator[None]:
    """Lets intakes watch for the length of the block."""
    stopped = asyncio.Event()
    tasks = [asyncio.create_task(one.watch(stopped)) for one in intakes]
    try:
        yield
    finally:
        stopped.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 20)


async def until(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Waits for a condition."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it did not come"
        await asyncio.sleep(0.02)


async def in_thread(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)


def mail(number: int, *, trace: str = "", size: int = 0) -> bytes:
    """Returns a mail of its own."""
    head = f"From: a@example.com\r\nMessage-ID: <m{number}@example.com>\r\nSubject: order {number}\r\n\r\n"
    return (trace + head + f"order {number}\r\n" + "x" * 70 * (size // 70) + "\r\n").encode()


async def test_a_mail_comes_by_smtp_is_stored_and_moved(dovecot: Dovecot, outside: Outside) -> None:
    """P3: a mail that an SMTP client sends becomes an arrival by IDLE, and lies in its folder, still unseen."""
    watcher = intake(dovecot, outside, every_s=600.0)
    sent = EmailMessage()
    sent["From"], sent["To"], sent["Subject"] = "kaeufer@example.com", USER, "Bestellung 4711"
    sent.set_content("10 Stück ABC-1")
    with smtp_sink(dovecot) as sink:
        async with watching(watcher):
            await until(lambda: watcher.looks)

            def send() -> None:
                with smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as client:
                    client.send_message(sent)

            await in_thread(send)
            await until(lambda: watcher.taken == 1)
    (document,) = outside.stored
    assert b"Bestellung 4711" in document
    assert b"Received: from localhost" in document
    assert outside.names == ["INBOX-1.eml"]
    assert (dovecot.mails("INBOX"), dovecot.mails("Done")) == ([], [document])
    assert dovecot.flags("Done") == [set()]


@pytest.mark.parametrize("after", [DONE, FLAG, After(flag="\\Seen")])
@pytest.mark.parametrize("without", [(), ("IDLE",), ("IDLE", "MOVE"), ("IDLE", "MOVE", "UIDPLUS")])
async def test_every_kind_of_server_is_served(outside: Outside, after: After, without: tuple[str, ...]) -> None:
    """P3: with IDLE, MOVE and UIDPLUS or without them each mail is one arrival and is settled once."""
    with made(without=without) as server:
        server.drop([mail(number) for number in range(5)])
        watcher = intake(server, outside, after, every_s=0.1)
        async with watching(watcher):
            await until(lambda: watcher.taken == 5)
            await in_thread(lambda: server.drop([mail(6)]))
            await until(lambda: watcher.taken == 6)
            looks = watcher.looks
            await in_thread(lambda: server.append(mail(7)))
            await until(lambda: watcher.taken == 7 and watcher.looks > looks + 1)
        assert (outside.calls, len(outside.stored), watcher.pending) == (7, 7, 0)
        assert list(outside.names) == [f"INBOX-{number}.eml" for number in range(1, 8)]
        if after.move_to:
            left = server.flags("INBOX")
            assert left == ([{b"\\Deleted"}] * 7 if "UIDPLUS" in without else [])
            assert len(server.mails("Done")) == 7
        else:
            assert server.flags("INBOX") == [{(after.flag or "").encode()}] * 7


@contextmanager
def made(*, introspection_url: str | None = None, without: Sequence[str] = ()) -> Iterator[Dovecot]:
    """Gives a server of another kind; skips loudly where there is none."""
    try:
        with running_dovecot(introspection_url=introspection_url, without=without) as server:
            yield server
    except Absent as absent:
        pytest.skip(str(absent))


async def test_nothing_moves_while_the_database_is_away(dovecot: Dovecot, outside: Outside) -> None:
    """P3: a mail that could not be stored stays where it is, unmarked, and is taken when the database is back."""
    await in_thread(lambda: dovecot.drop([mail(1)]))
    outside.fails = Unavailable("the database is away")
    watcher = intake(dovecot, outside)
    async with watching(watcher):
        await until(lambda: outside.calls >= 2 or dovecot.mails("INBOX") == [])
        assert await in_thread(lambda: dovecot.flags("INBOX")) == [set()]
        outside.fails = None
        await until(lambda: watcher.taken == 1)
    assert (outside.stored, dovecot.mails("INBOX")) == ([mail(1)], [])


async def test_copies_and_namesakes(dovecot: Dovecot, outside: Outside) -> None:
    """P3: the same bytes are one arrival; one Message-ID over other bytes is another."""
    other = mail(1).replace(b"order 1\r\n\r\n", b"order 2\r\n\r\n")
    again = mail(1, trace="Received: from elsewhere\r\n")
    await in_thread(lambda: dovecot.append(mail(1), other, mail(1), again))
    watcher = intake(dovecot, outside)
    async with watching(watcher):
        await until(lambda: watcher.taken == 4)
    assert outside.stored == [mail(1), other, again]


async def test_the_server_restarts_with_other_uids(
    dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    """P3: a server that is killed and comes back with another UIDVALIDITY loses and doubles nothing."""
    await in_thread(lambda: dovecot.drop([mail(number) for number in range(3)]))
    watcher = intake(dovecot, outside, FLAG, every_s=0.5)
    async with watching(watcher):
        await until(lambda: watcher.taken == 3)
        await in_thread(dovecot.kill)
        await until(lambda: watcher._failures > 3)
        dovecot.forget_uids()
        # The keywords of a maildir lie beside the index: now all are waiting again, under other numbers.
        dovecot.drop([mail(number) for number in range(3, 6)])
        await in_thread(dovecot.start)
        await until(lambda: watcher.taken >= 9)
    assert len(outside.stored) == 6
    lost = [record for record in caplog.records if "not reached" in record.message]
    assert len(lost) == 1
    assert "Connection refused" in lost[0].message
    assert [record.message for record in caplog.records][-1].endswith("all is well again")


async def test_what_cannot_be_taken_is_moved_and_named(
    dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    """P3: a mail above the limit goes to a person and lies in the folder of refused ones, and holds up no other."""
    large = mail(1, size=1_200_000)
    await in_thread(lambda: dovecot.append(large, mail(2)))
    watcher = intake(dovecot, outside)
    async with watching(watcher):
        await until(lambda: watcher.taken == 1)
    assert outside.stored == [mail(2)]
    assert dovecot.mails("Refused") == [large]
    assert list(outside.unfit.values()) == [large[:HEAD]]
    assert "lies in the folder Refused" in next(iter(outside.unfit))
    assert [r.message for r in caplog.records] == [
        "mailbox inbox, folder INBOX: mail 1 is larger than 1 MiB (BRIDGEHEAD_MAX_DOCUMENT_MB); moved to Refused"
    ]


async def test_a_mail_that_the_server_does_not_give(
    dovecot: Dovecot, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: a mail that the server declines to give is asked for again, then moved away; the others come in meanwhile."""
    asked: list[int] = []
    fetch = Session.fetch

    def declines(session: Session, uid: int, limit: int) -> bytes | None:
        asked.append(uid)
        if uid == 1:
            raise Declined("mail 1 cannot be fetched", error_class="invalid_output")
        return fetch(session, uid, limit)

    monkeypatch.setattr(Session, "fetch", declines)
    await in_thread(lambda: dovecot.append(mail(1), mail(2)))
    watcher = intake(dovecot, outside, every_s=0.1)
    async with watching(watcher):
        await until(lambda: watcher.refused == 1)
    assert asked == [1, 2, *[1] * (TRIES - 1)]
    assert (outside.stored, dovecot.mails("Refused")) == ([mail(2)], [mail(1)])
    assert list(outside.unfit.values()) == [b""]


async def test_a_number_means_nothing_on_another_connection(
    dovecot: Dovecot, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: a mail that was stored and not settled is stored anew on the next connection: its number is not trusted."""
    settle = Session.settle
    lost: list[int] = []

    def drops(session: Session, uid: int) -> None:
        if not lost:
            lost.append(uid)
            raise Dropped("the connection is lost", error_class="dependency_down")
        settle(session, uid)

    monkeypatch.setattr(Session, "settle", drops)
    await in_thread(lambda: dovecot.drop([mail(1)]))
    watcher = intake(dovecot, outside)
    async with watching(watcher):
        await until(lambda: watcher.taken == 1)
    assert (lost, outside.calls, len(outside.stored)) == ([1], 2, 1)


async def test_a_mistake_in_here_ends_no_worker(
    dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    """P3: what nobody has foreseen is logged once with its place, and is tried again."""
    await in_thread(lambda: dovecot.drop([mail(1)]))
    outside.fails = RuntimeError("not foreseen")
    watcher = intake(dovecot, outside)
    async with watching(watcher):
        await until(lambda: watcher._failures > 2)
        outside.fails = None
        await until(lambda: watcher.taken == 1)
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_the_folder_for_done_mails_was_cleared_away(dovecot: Dovecot, outside: Outside) -> None:
    """P3: somebody who deletes the folder of stored mails does not stop the intake."""
    watcher = intake(dovecot, outside)
    async with watching(watcher):
        await until(lambda: watcher.looks)

        def clear() -> None:
            with dovecot.client() as client:
                client.delete_folder("Done")

        await in_thread(clear)
        await in_thread(lambda: dovecot.drop([mail(1)]))
        await until(lambda: watcher.taken == 1)
    assert dovecot.mails("Done") == [mail(1)]


class Turns:
    """One worker at a time looks at a folder; the others are told so at once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    @asynccontextmanager
    async def turn(self, folder: str) -> AsyncIterator[bool]:
        mine = folder not in self._taken
        self._taken.add(folder)
        try:
            yield mine
        finally:
            if mine:
                self._taken.discard(folder)


def fill(server: Dovecot) -> list[bytes]:
    """Puts 60 mails into two folders and returns them, sorted."""
    with server.client() as client:
        client.create_folder("Orders/Süd")
    mails = [mail(number) for number in range(60)]
    server.append(*mails[:40])
    server.append(*mails[40:], folder="Orders/Süd")
    return sorted(mails)


async def test_many_workers_and_folders(dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture) -> None:
    """P3: workers that take turns at the same folders store and move each mail once and quarrel over none."""
    mails = await in_thread(lambda: fill(dovecot))
    turns = Turns()
    watchers = [
        intake(dovecot, outside, folder=name, turn=partial(turns.turn, name))
        for name in ("INBOX", "Orders/Süd")
        for _ in range(3)
    ]
    async with watching(*watchers):
        await until(lambda: all(one.looks and not one.pending for one in watchers), seconds=40)
    assert (sorted(outside.stored), outside.calls) == (mails, 60)
    assert sorted(dovecot.mails("Done")) == mails
    assert caplog.records == []


async def test_many_workers_without_turns(dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture) -> None:
    """P3: workers that know nothing of each other store each mail once all the same, and say nothing of it."""
    mails = await in_thread(lambda: fill(dovecot))
    watchers = [intake(dovecot, outside, folder=name) for name in ("INBOX", "Orders/Süd") for _ in range(3)]
    async with watching(*watchers):
        await until(lambda: all(one.looks and not one.pending for one in watchers), seconds=40)
    assert sorted(outside.stored) == mails
    assert set(dovecot.mails("Done")) == set(mails)
    assert caplog.records == []


@pytest.mark.parametrize("auth", ["xoauth2", "oauthbearer"])
async def test_a_token_is_asked_for_at_each_login(
    outside: Outside, auth: str, caplog: pytest.LogCaptureFixture
) -> None:
    """P3: a mailbox behind OAuth2 gets a token at each login; one that is refused is told without its text."""
    caplog.set_level(logging.DEBUG)
    with running_issuer() as issuer, made(introspection_url=issuer.introspection_url) as server:
        tokens = ["no-such-token-0815"]

        async def token() -> str:
            if tokens:
                return tokens.pop()
            grant = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": "mail"}
            async with httpx.AsyncClient() as client:
                return str((await client.post(issuer.token_url, data=grant)).json()["access_token"])

        server.drop([mail(1)])
        watcher = intake(server, outside, mailbox=at(server, auth=auth, secret=token))
        async with watching(watcher):
            await until(lambda: watcher.taken == 1)
        assert issuer.asked["token"] == 1
    said = [record.getMessage() for record in caplog.records]
    assert any(f"{USER} cannot log in" in text for text in said)
    assert not any("no-such-token-0815" in text for text in said)


async def test_a_password_is_never_shown(dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong password is named as such in the log, and stands neither there nor in any text of the mailbox."""
    caplog.set_level(logging.DEBUG)

    async def wrong() -> str:
        return "falsch-4711"

    watcher = intake(dovecot, outside, mailbox=at(dovecot, secret=wrong))
    async with watching(watcher):
        await until(lambda: watcher._failures)
    said = "\n".join(record.getMessage() for record in caplog.records) + repr(watcher.mailbox)
    assert "cannot log in" in said
    assert "falsch-4711" not in said


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_a_certificate_that_is_not_trusted_is_refused(
    dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture, tls: str
) -> None:
    """Nobody is given the password who shows no trusted certificate, with TLS and with STARTTLS."""
    port = dovecot.tls_port if tls == "tls" else dovecot.port
    watcher = intake(dovecot, outside, mailbox=at(dovecot, ca=None, tls=tls, port=port))
    async with watching(watcher):
        await until(lambda: watcher._failures)
    assert "its certificate is not trusted" in caplog.records[0].message
    assert "no auth attempts" in dovecot.log()
    assert "method=" not in dovecot.log()


@pytest.mark.parametrize("tls", ["none", "starttls"])
async def test_loopback_and_starttls(dovecot: Dovecot, outside: Outside, tls: str) -> None:
    """P3: a server on loopback may be reached without TLS, and any by STARTTLS."""
    watcher = intake(dovecot, outside, mailbox=at(dovecot, port=dovecot.port, tls=tls))
    await in_thread(lambda: dovecot.drop([mail(1)]))
    async with watching(watcher):
        await until(lambda: watcher.taken == 1)
    assert outside.stored == [mail(1)]


async def test_a_folder_that_is_missing_is_waited_for(
    dovecot: Dovecot, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    """P3: a folder that is not there yet is named once, and is watched from the moment it is."""
    watcher = intake(dovecot, outside, folder="Orders")
    async with watching(watcher):
        await until(lambda: watcher._failures > 3)
        await in_thread(lambda: dovecot.drop([mail(1)], folder="Orders"))
        await until(lambda: watcher.taken == 1)
    assert [record.message.partition(": the folder")[2][:22] for record in caplog.records] == [
        " Orders cannot be open",
        "",
    ]


OF = Mailbox("inbox", "mail.example.com", 993, USER, password)


@pytest.mark.parametrize(
    "mailbox,after,said",
    [
        (replace(OF, tls="none"), DONE, "without TLS"),
        (OF, After(), "either moved or flagged"),
        (OF, After(move_to="Done", flag="$Stored"), "either moved or flagged"),
        (OF, After(flag="two words"), "no keyword"),
        (OF, After(move_to="inbox"), "would be moved to inbox"),
        (OF, After(move_to="Done", refused="INBOX"), "would be moved to INBOX"),
        (replace(OF, ca=Path("nowhere.pem")), DONE, "no file of certificates"),
    ],
)
def test_settings_that_cannot_work(outside: Outside, mailbox: Mailbox, after: After, said: str) -> None:
    """Settings that would leak a password, lose a mail or take it for ever are refused before anything is reached."""
    with pytest.raises(UserError, match=said) as found:
        MailboxIntake(mailbox, "INBOX", outside.keep, after=after, max_mb=1).prepare()
    assert found.value.code == "intake.mail"
    assert found.value.hint

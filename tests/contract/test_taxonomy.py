"""The signs of failure as real servers give them: each is met by the code that ships, and ends as the table says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Final, cast

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from psycopg.conninfo import make_conninfo
from pydantic import JsonValue

from bridgehead.connectors.mail_message import Message as Mail
from bridgehead.connectors.mail_smtp import Server, Smtp
from bridgehead.connectors.mailbox_session import After, Mailbox
from bridgehead.connectors.mailbox_session import Session as Imap
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_classify import SqlErrors
from bridgehead.connectors.sql_pool import Work
from bridgehead.connectors.store_local import LocalStore
from bridgehead.connectors.stores import Stat
from bridgehead.errors import Failed
from bridgehead.models import Fault, Message, OpenAICompatible, Reply, ScriptedServer, Timeouts, Turn, Usage
from bridgehead.resilience.taxonomy import TABLE, Kind, Origin, Row, find, first
from tests.contract.test_http_wire_hosts import Authority
from tests.support.http_server import Told, http_server
from tests.support.http_wires import Wired

JSON_TYPE: Final = {"Content-Type": "application/json"}
BODY: Final = {"items": [{"id": 1, "nr": "A"}]}


def row(origin: Origin, kind: Kind, sign: str) -> Row:
    found = find(origin, kind, sign)
    assert found is not None, (origin, kind, sign)
    return found


@asynccontextmanager
async def speaking(said: bytes, *, linger: bool = True) -> AsyncIterator[str]:
    """Gives a server that reads a little, says what it is told, byte for byte, and closes; or resets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(10)
            writer.write(said)
            await writer.drain()
            if not linger:
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def booked(url: str, **connection: object) -> Failed:
    """Returns how a write ends at an address."""
    async with Wired(url, connection=connection, retry={"tries": 1}) as wired:
        with pytest.raises(Failed) as failed:
            await wired.book()
    return failed.value


def refused_port() -> str:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


async def test_a_name_a_port_and_a_handshake_are_told_apart() -> None:
    """No such host, nobody listening, an untrusted certificate and a port without TLS each say what they are."""
    nowhere = await booked("http://nowhere.invalid:1")
    assert "name" in nowhere.message
    refused = await booked(f"http://{refused_port()}")
    assert row("connection", "errno", "ECONNREFUSED").why in refused.message
    async with speaking(b"220 not TLS\r\n") as place:
        plain = await booked(f"https://{place}")
    assert "no TLS connection" in plain.message
    unsigned = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    async with http_server(lambda _: Told(), tls=unsigned) as server:
        broken = await booked(server.url)
    assert "no TLS connection" in broken.message
    for failed in (nowhere, refused, plain, broken):
        assert (failed.error_class, failed.applied) == ("dependency_down", False)
        assert failed.hint


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n" + b'{"items": [',
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + b'{"ite\r\n',
    ],
)
@pytest.mark.parametrize("linger", [True, False])
async def test_a_connection_that_breaks_after_the_request(said: bytes, *, linger: bool) -> None:
    """Closed or reset, before the answer or inside of it: it passes by itself, and a write stays open."""
    async with speaking(said, linger=linger) as place:
        failed = await booked(f"http://{place}")
    assert (failed.error_class, failed.applied) == ("transient", None)


async def test_no_answer_in_time_leaves_a_write_open() -> None:
    """A server that takes the request and is silent is a timeout that says nothing of the write."""
    async with http_server(lambda _: Told(end="hang")) as server:
        failed = await booked(server.url, timeout="0.2s")
    assert (failed.error_class, failed.applied) == ("timeout", None)


@pytest.mark.parametrize(
    "sign, told",
    [
        ("not_json", Told(raw=b"<html>sign in</html>", headers={"Content-Type": "text/html"})),
        ("broken_json", Told(raw=b'{"items": [', headers=JSON_TYPE)),
        ("empty", Told(raw=b"")),
        ("off_schema", Told(body={"items": ["no record"]})),
        ("undecodable", Told(raw=b"abc", headers={**JSON_TYPE, "Content-Encoding": "gzip"})),
    ],
)
async def test_answers_that_are_none(sign: str, told: Told) -> None:
    """A success by its status that holds no answer is no success."""
    async with http_server(lambda _: told) as server, Wired(server.url) as wired:
        with pytest.raises(Failed) as failed:
            await wired.find()
    assert failed.value.error_class == row("http", "condition", sign).error_class
    assert len(server.asked) == 1  # asking again would bring the same


QUESTION: Final = Turn((Message("user", "How much is it?"),))
SCHEMA: Final[dict[str, JsonValue]] = {"type": "object", "required": ["total"]}
BAD_CALL: Final = {
    "choices": [
        {
            "finish_reason": "tool_calls",
            "message": {"tool_calls": [{"id": "1", "function": {"name": "book", "arguments": "[1"}}]},
        }
    ]
}


async def _streamed(client: OpenAICompatible, turn: Turn) -> object:
    return [chunk async for chunk in client.stream(turn)]


@pytest.mark.parametrize(
    "sign, fault, turn, stream",
    [
        ("refusal", Fault("refusal"), QUESTION, False),
        ("content_filter", Fault("content_filter"), QUESTION, False),
        ("length", Fault("length"), QUESTION, False),
        ("max_tokens", Fault("length"), Turn(QUESTION.messages, max_tokens=3), False),
        ("no_finish", Fault("end_early"), QUESTION, True),
        ("cut_stream", Fault("truncate"), QUESTION, True),
        ("error_event", Fault("error_event", body={"message": "what"}), QUESTION, True),
        ("not_json", Fault("html"), QUESTION, False),
        ("off_schema", Reply(text='{"sum": 1}'), Turn(QUESTION.messages, output_schema=SCHEMA), False),
        ("too_long", Fault("oversize"), QUESTION, False),
        ("stalled", Fault("stall_first"), QUESTION, True),
        ("broken_call", None, QUESTION, False),
    ],
)
async def test_what_a_model_ends_with(sign: str, fault: Fault | Reply | None, turn: Turn, *, stream: bool) -> None:
    """An end that is no answer has its class, whether the model, its server or a filter before it made it so."""
    times = Timeouts(1.0, 0.3, 0.3, 1.0) if sign == "stalled" else Timeouts()
    if isinstance(fault, Fault) and fault.kind == "length":
        fault = Fault("length", Reply(text="a few words", usage=Usage(5, 3)))
    async with contextlib.AsyncExitStack() as stack:
        if fault is None:
            url = (await stack.enter_async_context(http_server(lambda _: Told(body=BAD_CALL)))).url
        else:
            url = (await stack.enter_async_context(ScriptedServer([fault]))).url
        client = await stack.enter_async_context(OpenAICompatible(url, "m", timeouts=times, max_bytes=100_000))
        with pytest.raises(Failed) as failed:
            await (_streamed(client, turn) if stream else client.turn(turn))
    assert failed.value.error_class == row("model", "condition", sign).error_class


# --- PostgreSQL


def provoked(conn: psycopg.Connection, *statements: str) -> psycopg.Error:
    """Returns what the server answers to the last of some statements, in one transaction that is rolled back."""
    try:
        for statement in statements[:-1]:
            conn.execute(statement.encode())
        with pytest.raises(psycopg.Error) as raised:
            conn.execute(statements[-1].encode())
        return raised.value
    finally:
        if not conn.closed:
            conn.rollback()


STATES: Final = {
    "0A000": ["create temp table t (i int)", "select count(*) from t for update"],
    "21000": ["select (select 1 union select 2)"],
    "22012": ["select 1/0"],
    "22P02": ["select 'x'::int"],
    "23502": ["create temp table t (i int not null)", "insert into t values (null)"],
    "23503": ["create temp table a (i int primary key)", "create temp table b (i int references a)",
              "insert into b values (1)"],
    "23505": ["create temp table t (i int primary key)", "insert into t values (1), (1)"],
    "23514": ["create temp table t (i int check (i > 0))", "insert into t values (0)"],
    "25006": ["set transaction read only", "create table t (i int)"],
    "25001": ["select 1", "set transaction isolation level serializable"],
    "26000": ["execute nothing_prepared"],
    "34000": ["close no_cursor"],
    "3D000": ["grant connect on database no_such to public"],
    "3F000": ["create table no_schema.t (i int)"],
    "42501": ["set local role pg_read_all_stats", "select * from pg_authid"],
    "42601": ["selec 1"],
    "42P01": ["select * from no_table"],
    "44000": ["create temp table t (i int)", "create temp view v as select i from t where i > 0 with check option",
              "insert into v values (0)"],
    "54011": [f"create temp table t ({', '.join(f'c{i} int' for i in range(1601))})"],
    "55P03": ["set local lock_timeout = '1ms'", "lock table taken in access exclusive mode"],
    "57014": ["set local statement_timeout = '5ms'", "select pg_sleep(5)"],
    "P0001": ["do $$ begin raise exception 'no'; end $$"],
    "P0002": ["do $$ declare i int; begin select 1 into strict i from pg_class where false; end $$"],
    "57P01": ["select pg_terminate_backend(pg_backend_pid())"],
}  # fmt: skip
"""SQLSTATE and what provokes it."""


def of_sql(error: Exception) -> Failed:
    return SqlErrors("shop", (), Redactor()).of(error, None, Work(), {}, applied=None)


def test_what_postgresql_answers(database_url: str) -> None:
    """Errors that a real server is provoked to end in the class of their SQLSTATE, the whole one or its class."""
    with psycopg.connect(database_url, autocommit=True) as holder:
        holder.execute("create table taken (i int)")
        with holder.transaction():
            holder.execute("lock table taken in access exclusive mode")
            for state, statements in STATES.items():
                with psycopg.connect(database_url) as conn:
                    error = provoked(conn, *statements)
                assert error.sqlstate == state, (state, error)
                told = first("sql", "sqlstate", (state, state[:2]))
                assert told is not None, state
                assert of_sql(error).error_class == told.error_class, state


def test_postgresql_lets_one_of_two_win(database_url: str) -> None:
    """A deadlock and a serialisation failure are transient, and were surely rolled back."""
    with psycopg.connect(database_url) as one, psycopg.connect(database_url) as two:
        one.execute("create table t (i int primary key, n int)")
        one.execute("insert into t values (1, 0), (2, 0)")
        one.commit()
        for conn in (one, two):
            conn.execute("set session deadlock_timeout = '20ms'")
            conn.commit()
        one.execute("update t set n = 1 where i = 1")
        two.execute("update t set n = 1 where i = 2")
        said: list[psycopg.Error] = []

        def cross(conn: psycopg.Connection, place: int) -> None:
            try:
                conn.execute("update t set n = 2 where i = %s", (place,))
            except psycopg.Error as error:
                said.append(error)
            conn.rollback()

        beside = threading.Thread(target=cross, args=(two, 1))
        beside.start()
        cross(one, 2)
        beside.join()
        assert [error.sqlstate for error in said] == ["40P01"]
        for conn in (one, two):
            conn.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            conn.execute("select sum(n) from t")
        one.execute("update t set n = 3 where i = 1")
        two.execute("update t set n = 3 where i = 2")
        one.commit()
        with pytest.raises(psycopg.Error) as late:
            two.commit()
        assert late.value.sqlstate == "40001"
        for error in (said[0], late.value):
            assert of_sql(error).error_class == "transient"


def test_who_postgresql_does_not_let_in(database_url: str) -> None:
    """A role, a database and a connection too many that are refused at the door have no SQLSTATE, and a class."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        role = f"narrow_{os.getpid()}"
        conn.execute(f"create role {role} login connection limit 0".encode())
        try:
            for change, wanted in (
                ({"user": "nobody_of_this_name"}, "auth_expired"),
                ({"dbname": "no_such_database"}, "invalid_input"),
                ({"user": role}, "throttled"),
            ):
                with pytest.raises(psycopg.OperationalError) as refused:
                    psycopg.connect(make_conninfo(database_url, **change)).close()
                assert of_sql(refused.value).error_class == wanted, refused.value
        finally:
            conn.execute(f"drop role {role}".encode())


# --- Mail

CONTENT: Final = Mail("<1@example.com>", "order@example.com", ("buyer@example.com",), b"Subject: x\r\n\r\nHello\r\n")


class Post:
    """An SMTP server that answers a recipient, or the content, as it is told."""

    def __init__(self) -> None:
        self.rcpt = "250 OK"
        self.end = ""
        self.let_go = threading.Event()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if self.end == "break":
            cast("asyncio.Transport", server.transport).abort()
        if self.end == "silence":
            await asyncio.to_thread(self.let_go.wait, 10)
        return "250 OK"


@pytest.fixture(scope="module")
def post() -> Iterator[tuple[Post, int]]:
    """Gives a server, and its port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    box = Post()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


def handed_in(port: int, *, starttls: bool = False, timeout_s: float = 5.0) -> Failed:
    server = Server(
        host="127.0.0.1", port=port, tls=False, starttls=starttls, context=ssl.create_default_context(), connect_s=5.0,
        timeout_s=timeout_s,
    )  # fmt: skip
    with pytest.raises(Failed) as failed, Smtp.open(server, user="u", secret="s", xoauth2=False) as smtp:
        smtp.send(CONTENT)
    return failed.value


def test_every_reply_of_a_mail_server(post: tuple[Post, int]) -> None:
    """Each reply of the table, spoken by a real server to a real client, has its class: the mail was not taken."""
    box, port = post
    try:
        for one in TABLE:
            if one.origin != "smtp" or one.kind == "condition" or one.sign.endswith("xx"):
                continue
            box.rcpt = f"{one.sign} no" if one.kind == "status" else f"{one.sign[0]}50 {one.sign} no"
            failed = handed_in(port)
            assert (failed.error_class, failed.applied) == (one.error_class, False), box.rcpt
    finally:
        box.rcpt = "250 OK"


@pytest.mark.parametrize("sign, end", [("broken_off", "break"), ("unanswered", "silence"), ("no_starttls", "")])
def test_a_mail_that_nobody_acknowledges(post: tuple[Post, int], sign: str, end: str) -> None:
    """Once the content is on its way, no answer leaves it open; before, nothing was sent."""
    box, port = post
    box.end = end
    box.let_go.clear()
    failed = handed_in(port, starttls=sign == "no_starttls", timeout_s=0.3 if end == "silence" else 5.0)
    box.end = ""
    box.let_go.set()
    told = row("smtp", "condition", sign)
    assert (failed.error_class, failed.applied) == (told.error_class, told.applied)


@contextmanager
def imap_saying(answers: dict[str, str]) -> Iterator[int]:
    """Gives the port of a server that speaks as much IMAP as a login and one folder need."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listening.accept()
                with conn, conn.makefile("rwb") as stream:
                    stream.write(b"* OK ready\r\n")
                    stream.flush()
                    while line := stream.readline():
                        tag, verb, *_ = line.decode().split()
                        said = answers.get(verb.upper(), "OK done")
                        if said == "BYE":
                            stream.write(b"* BYE going\r\n")
                            stream.flush()
                            break
                        data = "* CAPABILITY IMAP4rev1\r\n" if verb.upper() == "CAPABILITY" else ""
                        stream.write(f"{data}{tag} {said}\r\n".encode())
                        stream.flush()
                        if verb.upper() == "LOGOUT":
                            break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


async def _secret() -> str:
    return "s"


def opened_folder(port: int) -> Failed:
    mailbox = Mailbox("post", "127.0.0.1", port, "u", _secret, tls="none", connect_s=5.0, timeout_s=5.0)
    with pytest.raises(Failed) as failed:
        Imap.open(mailbox, "s", "INBOX", After(move_to="Done")).close()
    return failed.value


def test_every_response_code_of_a_mailbox() -> None:
    """Each response code of the table (RFC 5530), in a real NO to a real client, has its class."""
    answers: dict[str, str] = {}
    with imap_saying(answers) as port:
        for one in TABLE:
            if one.origin == "imap" and one.kind == "code":
                answers["SELECT"] = f"NO [{one.sign}] not so"
                assert opened_folder(port).error_class == one.error_class, one.sign
        for sign, verb, said in (
            ("no", "SELECT", "NO not so"), ("bad", "SELECT", "BAD what"), ("bye", "SELECT", "BYE"),
            ("login", "LOGIN", "NO not so"),
        ):  # fmt: skip
            answers.clear()
            answers[verb] = said
            assert opened_folder(port).error_class == row("imap", "condition", sign).error_class, sign
        answers.update({"LOGIN": "NO [UNAVAILABLE] the user database is away"})
        assert opened_folder(port).error_class == "dependency_down"


# --- Files


def failing(work: Callable[[], object]) -> Failed:
    with pytest.raises(Failed) as failed:
        work()
    return failed.value


def test_what_a_folder_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operating system answers, and what changes under a reader or a writer, has its class."""
    store = LocalStore(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")
    assert failing(lambda: store.read("link", 10)).error_class == row("files", "errno", "ELOOP").error_class
    assert failing(lambda: store.read("a.txt/b", 10)).error_class == row("files", "errno", "ENOTDIR").error_class
    long = failing(lambda: store.create("x" * 300, b"x"))
    assert (long.error_class, long.applied) == (row("files", "errno", "ENAMETOOLONG").error_class, False)
    seen = store.stat("a.txt")
    assert seen is not None
    other = Stat(seen.path, seen.size, seen.changed, "another version")
    assert failing(lambda: store.remove(other)).error_class == row("files", "condition", "changed").error_class
    whole = os.fstat
    looks = iter(range(10))

    def growing(descriptor: int) -> os.stat_result:
        if next(looks) == 1:
            with (tmp_path / "a.txt").open("ab") as more:
                more.write(b"!")
        return whole(descriptor)

    monkeypatch.setattr("bridgehead.connectors.store_local.os.fstat", growing)
    changing = failing(lambda: store.read("a.txt", 10))
    assert changing.error_class == row("files", "condition", "changing").error_class


ONE: Final = """
connector: drop
kind: files
connection: {url: "."}
entities:
  price:
    key: item
    fields: {item: {type: code}, net: {type: decimal}}
    reads: {price: {params: {number: code}, one: true, file: {path: "{number}.csv", format: csv}}}
"""


async def test_one_record_is_neither_none_nor_several(tmp_path: Path) -> None:
    """A read of one record says apart that there is none and that there are several."""
    (tmp_path / "drop.yaml").write_text(ONE, "utf-8")
    (tmp_path / "two.csv").write_text("item,net\nA,1\nB,2\n", "utf-8")
    connector = open_connector(tmp_path / "drop.yaml")
    for item, sign in (("none", "no_record"), ("two", "several_records")):
        with pytest.raises(Failed) as failed:
            await connector.read("price", {"number": item})
        told = row("bridgehead", "condition", sign)
        assert (failed.value.error_class, failed.value.applied) == (told.error_class, told.applied)
    await connector.aclose()


async def test_a_server_that_wants_to_know_who_asks(tmp_path: Path) -> None:
    """A server that demands a certificate and gets none says so by an alert; its class is that of a login."""
    authority = Authority(tmp_path)
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # before it, the alert is a general one
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        conn, _ = listening.accept()
        with context.wrap_socket(conn, server_side=True, do_handshake_on_connect=False) as shown:
            with contextlib.suppress(ssl.SSLError):
                shown.do_handshake()
            with contextlib.suppress(OSError):
                while socket.socket.recv(shown, 1000):  # what is not read would have the alert thrown away with it
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = f"https://127.0.0.1:{listening.getsockname()[1]}"
    async with Wired(url, folder=tmp_path, connection={"tls": {"ca": "ca.pem"}}, retry={"tries": 1}) as wired:
        with pytest.raises(Failed) as failed:
            await wired.book()
    thread.join(5)
    listening.close()
    assert failed.value.error_class == "auth_expired", failed.value
    assert "connection.tls" in failed.value.hint


async def test_a_read_whose_answer_was_cut_short_is_made_again() -> None:
    """Half an answer is none: the read is asked again, and brings the whole one; a write is not sent again."""
    told = [Told(body=BODY, end="cut"), Told(body=BODY)]
    async with http_server(lambda _: told.pop(0)) as server, Wired(server.url) as wired:
        assert (await wired.find()).rows == BODY["items"]
        told.append(Told(body=BODY, end="cut"))
        with pytest.raises(Failed) as failed:
            await wired.book()
    assert (failed.value.error_class, failed.value.applied) == ("transient", None)
    assert [one.method for one in server.asked] == ["GET", "GET", "POST"]

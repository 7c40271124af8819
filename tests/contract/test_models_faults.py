"""The HTTP client against a server that misbehaves: every fault is classified, and nothing partial is returned."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import traceback

import pytest

from bridgehead.clock import perf_s
from bridgehead.errors import Failed, UserError
from bridgehead.models import (
    Asked,
    Chunk,
    Fault,
    Message,
    OpenAICompatible,
    Reply,
    ScriptedServer,
    SecretReference,
    Timeouts,
    Turn,
    Usage,
)
from bridgehead.models.scripted_server import FaultKind
from bridgehead.spec.deployment import ModelSpec

QUESTION = Turn((Message("user", "How much is it?"),))
SHORT = Timeouts(total_s=2.5, first_s=1.2, idle_s=1.2, connect_s=1.2)
"""For faults that stall: long enough that a busy machine's delay is not taken for one."""
PATIENT = Timeouts(total_s=30.0, first_s=30.0, idle_s=30.0, connect_s=30.0)
"""For every other fault: a failure is then the fault's own."""


def timeouts(fault: Fault) -> Timeouts:
    """Returns how long a client waits where this fault is played."""
    return SHORT if fault.kind.startswith("stall") else PATIENT


KEY = "not-a-real-key-0123456789"


async def ask(client: OpenAICompatible, *, stream: bool, turn: Turn = QUESTION) -> Reply:
    """Returns the reply to a turn, asked for either way."""
    if not stream:
        return await client.turn(turn)
    chunks = [chunk async for chunk in client.stream(turn)]
    assert chunks[-1].reply is not None
    return chunks[-1].reply


async def read(client: OpenAICompatible, into: list[Chunk]) -> None:
    """Reads a stream and keeps what came, also when it fails."""
    async for chunk in client.stream(QUESTION):
        into.append(chunk)  # noqa: PERF401 - a comprehension would lose what came before a failure


async def failed(fault: Fault, *, stream: bool, max_bytes: int = 100_000, turn: Turn = QUESTION) -> Failed:
    """Returns how the client fails on a fault, having shown that it works again right after."""
    async with (
        ScriptedServer([fault, Reply(text="well again")]) as server,
        OpenAICompatible(server.url, "m", timeouts=timeouts(fault), max_bytes=max_bytes) as client,
    ):
        with pytest.raises(Failed) as caught:
            await ask(client, stream=stream, turn=turn)
        assert (await ask(client, stream=stream)).text == "well again"
    return caught.value


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "kind,expected",
    [
        ("drop", "transient"),
        ("end_early", "invalid_output"),
        ("stall_first", "timeout"),
        ("stall_between", "timeout"),
        ("garbage", "invalid_output"),
        ("not_utf8", "invalid_output"),
        ("content_filter", "refused_by_model"),
        ("refusal", "refused_by_model"),
        ("length", "context_overflow"),
        ("oversize", "invalid_output"),
        ("html", "invalid_output"),
        ("redirect", "invalid_input"),
    ],
)
async def test_each_fault_has_its_class(kind: FaultKind, expected: str, stream: bool) -> None:
    """A server's fault ends in the class that says what happened, and the client can be used again."""
    assert (await failed(Fault(kind), stream=stream)).error_class == expected


@pytest.mark.parametrize("stream,expected", [(True, "invalid_output"), (False, "transient")])
async def test_a_broken_connection(stream: bool, expected: str) -> None:
    """Half a stream is invalid output; half of an answer that nobody has seen yet is asked for again."""
    assert (await failed(Fault("truncate"), stream=stream)).error_class == expected


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "code,body,expected",
    [
        (401, {"error": {"code": "invalid_api_key"}}, "auth_expired"),
        (403, {}, "forbidden"),
        (404, {"error": {"code": "model_not_found"}}, "not_found"),
        (409, {}, "conflict"),
        (400, {"error": {"code": "context_length_exceeded"}}, "context_overflow"),
        (413, {}, "context_overflow"),
        (429, {}, "throttled"),
        (500, {}, "transient"),
        (529, {}, "transient"),
        (504, {}, "timeout"),
        (400, {"error": {"code": "content_filter"}}, "refused_by_model"),
    ],
)
async def test_each_status_over_http(code: int, body: dict[str, dict[str, str]], expected: str, stream: bool) -> None:
    """A status that travelled over HTTP is classified as the table says."""
    said = await failed(Fault("status", code=code, body=body), stream=stream)
    assert said.error_class == expected
    assert said.attributes["status"] == code


@pytest.mark.parametrize("stream", [False, True])
async def test_a_throttled_call_says_when_to_come_back(stream: bool) -> None:
    """The wait that the server named is an attribute of the failure."""
    said = await failed(Fault("status", code=429, headers={"Retry-After": "3"}), stream=stream)
    assert said.attributes["retry_after"] == 3.0


@pytest.mark.parametrize("code,expected", [("server_error", "transient"), ("content_filter", "refused_by_model")])
async def test_an_error_inside_a_stream(code: str, expected: str) -> None:
    """An error that arrives as an event of a stream is classified by its code."""
    said = await failed(Fault("error_event", body={"code": code, "message": "sorry"}), stream=True)
    assert said.error_class == expected


async def test_a_partial_answer_is_never_complete() -> None:
    """Wherever a stream ends before its finish, no chunk carries a reply."""
    words = Reply(text="every good answer has an end of its own")
    for kind in ("truncate", "end_early", "stall_between"):
        async with (
            ScriptedServer([Fault(kind, words)]) as server,
            OpenAICompatible(server.url, "m", timeouts=timeouts(Fault(kind))) as client,
        ):
            got: list[Chunk] = []
            with pytest.raises(Failed):
                await read(client, got)
            assert got
            assert all(chunk.reply is None for chunk in got)


@pytest.mark.parametrize("stream", [False, True])
async def test_missing_usage_is_no_fault(stream: bool) -> None:
    """A server that counts nothing gives a reply whose usage is unknown."""
    sent = Reply(text="12", usage=Usage(5, 1))
    async with ScriptedServer([Fault("no_usage", sent)]) as server, OpenAICompatible(server.url, "m") as client:
        reply = await ask(client, stream=stream)
    assert (reply.text, reply.usage) == ("12", Usage())


async def test_our_own_limit_is_told_from_a_full_context() -> None:
    """An answer cut at max_tokens is invalid output, with a hint that names the limit."""
    fault = Fault("length", Reply(text="and then", usage=Usage(10, 2)))
    said = await failed(fault, stream=True, turn=Turn(QUESTION.messages, max_tokens=2))
    assert said.error_class == "invalid_output"
    assert "max_tokens" in said.message


@pytest.mark.parametrize("stream", [False, True])
async def test_nobody_listens(stream: bool) -> None:
    """A server that is not there is a dependency that is down, and the request was surely not carried out."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        async with OpenAICompatible(url, "m", timeouts=PATIENT) as client:
            with pytest.raises(Failed) as caught:
                await ask(client, stream=stream)
    assert caught.value.error_class == "dependency_down"
    assert caught.value.applied is False


@pytest.mark.parametrize("stream", [False, True])
async def test_cancelling_a_turn_stops_it(stream: bool) -> None:
    """A cancelled turn ends as cancelled, and not as a failure of the model."""
    arrived = asyncio.Event()

    def stall(_asked: Asked) -> Fault:
        arrived.set()
        return Fault("stall_first")

    async with ScriptedServer(stall) as server, OpenAICompatible(server.url, "m") as client:
        task = asyncio.create_task(ask(client, stream=stream))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("fault", [Fault("status", code=401), Fault("drop"), Fault("html"), Fault("stall_first")])
@pytest.mark.parametrize("stream", [False, True])
async def test_the_key_is_sent_and_never_shown(fault: Fault, stream: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The key reaches the server, and no repr, error, cause of an error or log line holds it."""
    caplog.set_level(logging.DEBUG)
    key = SecretReference("env:KEY", {"KEY": KEY})
    async with (
        ScriptedServer([fault]) as server,
        OpenAICompatible(server.url, "m", key=key, timeouts=timeouts(fault)) as client,
    ):
        with pytest.raises(Failed) as caught:
            await ask(client, stream=stream)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        shown = [repr(client), repr(caught.value), str(caught.value), str(caught.value.attributes), caplog.text]
        shown += ["".join(traceback.format_exception(caught.value))]
    assert KEY not in "\n".join(shown)
    assert "env:KEY" in repr(client)
    cause: BaseException | None = caught.value
    while cause is not None:
        assert getattr(cause, "_request", None) is None, "an error holds the request, and with it the key"
        cause = cause.__cause__ or cause.__context__


async def test_a_key_is_read_at_each_call() -> None:
    """A key that was changed while the worker runs is used from the next call on."""
    environment = {"KEY": "first-key"}
    async with (
        ScriptedServer([Reply(text="1"), Reply(text="2")]) as server,
        OpenAICompatible(server.url, "m", key=SecretReference("env:KEY", environment)) as client,
    ):
        await client.turn(QUESTION)
        environment["KEY"] = "second-key"
        await client.turn(QUESTION)
        sent = [asked.headers["authorization"] for asked in server.requests]
    assert sent == ["Bearer first-key", "Bearer second-key"]


async def test_an_unset_key_is_the_operators_error() -> None:
    """A key that is not set is named before anything is sent."""
    async with (
        ScriptedServer([]) as server,
        OpenAICompatible(server.url, "m", key=SecretReference("env:KEY", {})) as client,
    ):
        with pytest.raises(UserError, match="holds no KEY"):
            await client.turn(QUESTION)
        assert server.requests == []


@pytest.mark.parametrize(
    "url",
    ["models.example.com", "ftp://example.com", "http://", "", "http://h/v1?key=1", "http://[", "http://h/v1#x"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """A URL that cannot be asked is the operator's error when the client is made."""
    with pytest.raises(UserError) as caught:
        OpenAICompatible(url, "m")
    assert caught.value.code == "model.url"


def test_a_password_in_an_address_is_refused_unquoted() -> None:
    """A URL with a password in it is refused without repeating it."""
    with pytest.raises(UserError) as caught:
        OpenAICompatible("http://user:hunter2@example.com/v1", "m")
    assert "hunter2" not in str(caught.value)


async def test_a_deployment_describes_its_client() -> None:
    """The model that a deployment names is reached at the place that its references hold."""
    async with ScriptedServer([Reply(text="12")]) as server:
        environment = {"MODEL_URL": server.url + "/", "MODEL_NAME": "m-7", "MODEL_KEY": "abc"}
        spec = ModelSpec("env:MODEL_URL", "env:MODEL_NAME", "env:MODEL_KEY", timeout_s=4.0)
        async with OpenAICompatible.from_spec(spec, environment) as client:
            assert (await client.turn(QUESTION)).text == "12"
        assert server.requests[0].body["model"] == "m-7"
        assert server.requests[0].headers["authorization"] == "Bearer abc"


async def test_many_turns_at_once_do_not_mix() -> None:
    """Turns that run at the same time get their own answers."""

    def echo(asked: Asked) -> Reply:
        messages = asked.body["messages"]
        assert isinstance(messages, list)
        return Reply(text=messages[-1]["content"])

    async with ScriptedServer(echo) as server, OpenAICompatible(server.url, "m", connections=4) as client:
        turns = [Turn((Message("user", f"word {number} of many"),)) for number in range(40)]
        replies = await asyncio.gather(*(ask(client, stream=n % 2 == 0, turn=turn) for n, turn in enumerate(turns)))
    assert [reply.text for reply in replies] == [f"word {number} of many" for number in range(40)]


@pytest.mark.parametrize("kind", ["stall_first", "stall_between"])
async def test_silence_is_noticed_long_before_the_whole_time_is_over(kind: FaultKind) -> None:
    """A server that falls silent is given up after ``first_token`` or ``idle`` of its model in the deployment."""
    async with ScriptedServer([Fault(kind)]) as server:
        spec = ModelSpec(server.url, "m", timeout_s=60.0, first_s=0.3, idle_s=0.2)
        async with OpenAICompatible.from_spec(spec) as client:
            started = perf_s()
            with pytest.raises(Failed):
                await ask(client, stream=True)
            assert perf_s() - started < 10


async def test_the_whole_time_is_bounded() -> None:
    """A server that sends a word now and then cannot hold a turn beyond its total time."""
    release = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        event = b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n'
        writer.write(head)
        with contextlib.suppress(ConnectionError):
            while not release.is_set():
                writer.write(event)
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(release.wait(), 0.05)
        writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        limits = Timeouts(total_s=0.5, first_s=0.4, idle_s=0.4)
        async with OpenAICompatible(url, "m", timeouts=limits) as client:
            got: list[Chunk] = []
            with pytest.raises(Failed) as caught:
                async with asyncio.timeout(20):
                    await read(client, got)
        release.set()
    assert caught.value.error_class == "timeout"
    assert len(got) >= 3


async def test_an_answer_of_more_than_two_mebibytes_is_refused() -> None:
    """P2: what a declared model may make a worker hold is bounded, and a setting moves the bound."""
    large = Reply(text="x" * (2 * 2**20))
    async with ScriptedServer([large, large]) as server:
        spec = ModelSpec(server.url, "m")
        async with OpenAICompatible.from_spec(spec) as client:
            with pytest.raises(Failed, match="larger than 2097152 bytes") as refused:
                await client.turn(QUESTION)
        assert refused.value.error_class == "invalid_output"
        async with OpenAICompatible.from_spec(spec, max_bytes=4 * 2**20) as client:
            assert len((await client.turn(QUESTION)).text) == 2 * 2**20

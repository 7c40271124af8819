"""Every model client keeps the port's promises; a further one joins by its name in CLIENTS."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from bridgehead.errors import Failed, UserError
from bridgehead.models import (
    Asked,
    Chunk,
    Message,
    ModelClient,
    OpenAICompatible,
    Reply,
    ScriptedModel,
    ScriptedServer,
    ToolCall,
    Turn,
    Usage,
)
from bridgehead.spec.tool import JSON

Opened = Callable[[Sequence[Reply]], AbstractAsyncContextManager[ModelClient]]
QUESTION = Turn((Message("system", "Be brief."), Message("user", "How much is it?")))
SCHEMA: Mapping[str, JSON] = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}


@contextlib.asynccontextmanager
async def scripted(replies: Sequence[Reply]) -> AsyncIterator[ModelClient]:
    """Opens the model without a network."""
    yield ScriptedModel(replies)


@contextlib.asynccontextmanager
async def over_http(replies: Sequence[Reply]) -> AsyncIterator[ModelClient]:
    """Opens the HTTP client at a server that gives these replies."""
    async with ScriptedServer(replies) as server, OpenAICompatible(server.url, "m") as client:
        yield client


CLIENTS: dict[str, Opened] = {"scripted": scripted, "openai_compatible": over_http}


@pytest.fixture(params=sorted(CLIENTS))
def opened(request: pytest.FixtureRequest) -> Opened:
    """Returns how to open one client over given replies."""
    return CLIENTS[str(request.param)]


async def ask(client: ModelClient, turn: Turn, *, stream: bool) -> Reply:
    """Returns the reply to a turn, asked for either way."""
    if not stream:
        return await client.turn(turn)
    chunks = [chunk async for chunk in client.stream(turn)]
    reply = chunks[-1].reply
    assert reply is not None
    assert [chunk.reply for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert "".join(chunk.text for chunk in chunks) == reply.text
    return reply


@pytest.mark.parametrize("stream", [False, True])
class TestPort:
    async def test_text_usage_and_model_come_back(self, opened: Opened, stream: bool) -> None:
        """A reply carries the text, the tokens used and the model's own id, asked for either way."""
        sent = Reply(text="It is 12 € — for now.", usage=Usage(10, 7, 4), model="m-2026")
        async with opened([sent]) as client:
            assert await ask(client, QUESTION, stream=stream) == sent

    async def test_unknown_usage_is_unknown(self, opened: Opened, stream: bool) -> None:
        """Where nobody counted, the usage says so."""
        async with opened([Reply(text="12")]) as client:
            assert (await ask(client, QUESTION, stream=stream)).usage == Usage(None, None, None)

    async def test_tool_calls_come_back_whole(self, opened: Opened, stream: bool) -> None:
        """Parallel tool calls keep their ids, order and arguments."""
        calls = (ToolCall("c1", "price", {"item": "A-1", "n": [1, 2]}), ToolCall("c2", "stock", {}))
        async with opened([Reply(tool_calls=calls, finish_reason="tool_calls")]) as client:
            reply = await ask(client, QUESTION, stream=stream)
        assert reply.tool_calls == calls
        assert reply.finish_reason == "tool_calls"

    async def test_output_is_parsed_and_checked(self, opened: Opened, stream: bool) -> None:
        """With a schema, the output is the parsed value that meets it."""
        async with opened([Reply(output={"total": 12})]) as client:
            reply = await ask(client, Turn(QUESTION.messages, output_schema=SCHEMA), stream=stream)
        assert reply.output == {"total": 12}

    async def test_output_off_the_schema_fails(self, opened: Opened, stream: bool) -> None:
        """With a schema, an answer that misses it is never returned."""
        async with opened([Reply(output={"total": "twelve"})]) as client:
            with pytest.raises(Failed) as caught:
                await ask(client, Turn(QUESTION.messages, output_schema=SCHEMA), stream=stream)
        assert caught.value.error_class == "invalid_output"

    async def test_a_wrong_turn_is_refused(self, opened: Opened, stream: bool) -> None:
        """A turn that nobody could answer is the caller's error, and uses up no reply."""
        async with opened([Reply(text="still here")]) as client:
            with pytest.raises(UserError):
                await ask(client, Turn(()), stream=stream)
            assert (await ask(client, QUESTION, stream=stream)).text == "still here"

    async def test_turns_are_answered_in_order(self, opened: Opened, stream: bool) -> None:
        """One client answers turn after turn."""
        async with opened([Reply(text="one"), Reply(text="two")]) as client:
            texts = [(await ask(client, QUESTION, stream=stream)).text for _ in range(2)]
        assert texts == ["one", "two"]


async def test_a_reader_may_stop_early(opened: Opened) -> None:
    """A stream that is closed half-way leaves the client usable."""
    async with opened([Reply(text="a long answer of many words"), Reply(text="next")]) as client:
        async with contextlib.aclosing(client.stream(QUESTION)) as chunks:
            assert isinstance(await anext(chunks), Chunk)
        assert (await client.turn(QUESTION)).text == "next"


async def test_a_script_records_and_ends() -> None:
    """The scripted model keeps every turn, raises scripted failures, and says when its script has ended."""
    model = ScriptedModel([Failed("busy", error_class="throttled"), Reply(text="ok")])
    with pytest.raises(Failed) as busy:
        await model.turn(QUESTION)
    assert busy.value.error_class == "throttled"
    assert (await model.turn(QUESTION)).text == "ok"
    with pytest.raises(Failed) as ended:
        await model.turn(QUESTION)
    assert ended.value.error_class == "bug"
    assert model.requests == [QUESTION] * 3


async def test_a_script_may_be_a_function() -> None:
    """A function answers by what it is asked."""
    model = ScriptedModel(lambda turn: Reply(text=turn.messages[-1].text.upper()))
    assert (await model.turn(QUESTION)).text == "HOW MUCH IS IT?"


async def test_a_server_may_answer_by_function_and_records() -> None:
    """The server's script can look at the request, and every request is kept as it came."""

    def answer(asked: Asked) -> Reply:
        return Reply(text=f"{asked.path} seen")

    async with ScriptedServer(answer) as server, OpenAICompatible(server.url, "m") as client:
        assert (await client.turn(QUESTION)).text == "/v1/chat/completions seen"
        assert server.requests[0].body["messages"] == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "How much is it?"},
        ]
        assert not server.requests[0].stream

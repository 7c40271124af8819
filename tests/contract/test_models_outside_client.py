"""The scripted server against a client that is not ours: a framework's own model class finds nothing amiss."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from bridgehead.models import Reply, ScriptedServer, ToolCall, Usage


class Price(BaseModel):
    """What the agent answers with."""

    total: int


def model_at(server: ScriptedServer) -> OpenAIChatModel:
    """Returns the framework's model, pointed at the server."""
    return OpenAIChatModel("m", provider=OpenAIProvider(base_url=server.url, api_key="none"))


async def test_an_agent_of_another_framework_runs_on_the_server() -> None:
    """An agent calls a tool and answers with a typed output, through its framework's own client."""
    script = [
        Reply(tool_calls=(ToolCall("c1", "price", {"item": "A-1"}),), finish_reason="tool_calls", usage=Usage(9, 3)),
        Reply(
            tool_calls=(ToolCall("c2", "final_result", {"total": 12}),), finish_reason="tool_calls", usage=Usage(9, 3)
        ),
    ]
    asked_for = []
    async with ScriptedServer(script) as server:
        agent = Agent(model_at(server), output_type=Price)

        @agent.tool_plain
        def price(item: str) -> int:
            """Returns the price of an item."""
            asked_for.append(item)
            return 12

        result = await agent.run("How much is A-1?")
    assert result.output == Price(total=12)
    assert asked_for == ["A-1"]
    assert len(server.requests) == 2


async def test_an_agent_of_another_framework_streams_from_the_server() -> None:
    """The framework's own client reads the server's stream to its end."""
    async with ScriptedServer([Reply(text="It is twelve, as always.", usage=Usage(4, 6))]) as server:
        agent = Agent(model_at(server))
        async with agent.run_stream("How much is A-1?") as result:
            assert await result.get_output() == "It is twelve, as always."
        assert server.requests[0].stream

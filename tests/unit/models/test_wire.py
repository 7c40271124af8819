from __future__ import annotations

from bridgehead.models import wire
from bridgehead.models.checked import CalledRaw
from bridgehead.models.port import Message, OfferedTool, ToolCall, Turn, Usage

HELLO = Turn((Message("user", "hello"),))


def test_what_a_turn_leaves_open_is_left_out() -> None:
    """A plain turn asks for nothing that a small server might not know."""
    assert wire.request_body(HELLO, "m", stream=False) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
    }


def test_a_stream_asks_for_its_usage() -> None:
    """A streamed turn asks for the chunk that counts its tokens."""
    body = wire.request_body(HELLO, "m", stream=True)
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


def test_a_turn_may_name_its_model_and_limits() -> None:
    """A turn's own model, limit and temperature are sent, the limit under the name that the server knows."""
    turn = Turn((Message("user", "x"),), max_tokens=5, temperature=0.0, model="other")
    body = wire.request_body(turn, "m", stream=False, max_tokens_field="max_completion_tokens")
    assert (body["model"], body["max_completion_tokens"], body["temperature"]) == ("other", 5, 0.0)
    assert "max_tokens" not in body


def test_tool_calls_and_their_answers_go_back() -> None:
    """A conversation with tools is sent with each answer tied to its call."""
    turn = Turn(
        (
            Message("assistant", tool_calls=(ToolCall("c1", "look", {"n": 1}),)),
            Message("tool", "found", tool_call_id="c1"),
        ),
        tools=(OfferedTool("look", "Looks.", {"type": "object"}),),
    )
    body = wire.request_body(turn, "m", stream=False)
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"n":1}'}}
    assert body["messages"] == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "found", "tool_call_id": "c1"},
    ]
    function = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": function}]


def test_an_open_schema_is_not_asked_to_be_enforced() -> None:
    """A schema that strict servers would refuse is sent without strict, and is checked by us alone."""
    turn = Turn((Message("user", "x"),), output_schema={"type": "object", "properties": {"a": {}}})
    form = wire.request_body(turn, "m", stream=False)["response_format"]
    assert isinstance(form, dict)
    assert form["json_schema"] == {"name": "answer", "schema": turn.output_schema, "strict": False}


def test_calls_without_an_index_are_kept_apart() -> None:
    """Two whole calls from a server that numbers nothing stay two calls."""
    answer = wire.Answer()
    for name in ("a", "b"):
        piece = {"id": f"id-{name}", "function": {"name": name, "arguments": "{}"}}
        answer.add({"choices": [{"delta": {"tool_calls": [piece]}}]})
    assert answer.raw().tool_calls == (CalledRaw("id-a", "a", "{}"), CalledRaw("id-b", "b", "{}"))


def test_pieces_of_parallel_calls_find_their_own() -> None:
    """Arguments that arrive interleaved are joined by index."""
    answer = wire.Answer()
    for index, text in ((0, '{"n"'), (1, '{"m"'), (0, ":1}"), (1, ":2}")):
        piece = {"index": index, "id": f"c{index}", "function": {"name": "f", "arguments": text}}
        answer.add({"choices": [{"delta": {"tool_calls": [piece]}}]})
    assert [call.arguments for call in answer.raw().tool_calls] == ['{"n":1}', '{"m":2}']


def test_unknown_usage_stays_unknown() -> None:
    """A count that a server leaves out or gets wrong is unknown, and not zero."""
    answer = wire.Answer()
    answer.add({"usage": {"prompt_tokens": 3, "completion_tokens": "many", "prompt_tokens_details": None}})
    assert answer.raw().usage == Usage(3, None, None)


def test_anything_else_in_a_chunk_is_let_be() -> None:
    """Fields of wrong types are taken as absent, so that a strange server gives a partial answer and no crash."""
    answer = wire.Answer()
    for chunk in (
        {"choices": None},
        {"choices": "x"},
        {"choices": [None]},
        {"choices": [{"delta": 5}]},
        {"choices": [{"delta": {"content": 5, "tool_calls": [None, {"function": 3}, {"index": "x"}]}}], "model": 7},
    ):
        assert answer.add(chunk) == ""
    assert answer.raw().finish_reason is None

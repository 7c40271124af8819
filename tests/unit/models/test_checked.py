from __future__ import annotations

import socket
from collections.abc import Mapping

import pytest

from bridgehead.errors import Failed, UserError
from bridgehead.models.checked import CalledRaw, Raw, check_turn, closed, conclude
from bridgehead.models.port import Message, Turn, Usage
from bridgehead.spec.tool import JSON

SCHEMA: Mapping[str, JSON] = {
    "type": "object",
    "properties": {"total": {"type": "number"}, "lines": {"type": "array", "items": {"type": "string"}}},
    "required": ["total"],
}


def turn(*, schema: Mapping[str, JSON] | None = None, max_tokens: int | None = None) -> Turn:
    """Returns a turn with one question."""
    return Turn((Message("user", "How much?"),), output_schema=schema, max_tokens=max_tokens)


def raw(
    text: str = "",
    *,
    finish: str | None = "stop",
    refusal: str = "",
    calls: tuple[CalledRaw, ...] = (),
    used: int | None = None,
) -> Raw:
    """Returns an answer as from the wire."""
    return Raw(text, refusal, calls, finish, Usage(output_tokens=used), "m")


def failure(request: Turn, answer: Raw) -> Failed:
    """Returns how an answer fails."""
    with pytest.raises(Failed) as caught:
        conclude(request, answer)
    return caught.value


def test_output_that_meets_its_schema_is_parsed() -> None:
    """An answer that is JSON and meets the schema is the reply's output."""
    reply = conclude(turn(schema=SCHEMA), raw('{"total": 12.5, "lines": ["a"]}'))
    assert reply.output == {"total": 12.5, "lines": ["a"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "twelve",
        "[]",
        '{"total": "12"}',
        "{}",
        '{"total": NaN}',
        '{"total": 1} and more',
        "[" * 100_000,
        '{"total": 1',
    ],
)
def test_output_that_misses_its_schema_fails(text: str) -> None:
    """An answer that is no strict JSON, or not of the schema, is never returned."""
    assert failure(turn(schema=SCHEMA), raw(text)).error_class == "invalid_output"


def test_a_schema_error_quotes_no_value() -> None:
    """The message of a schema error names the place and the rule, and not what the model wrote."""
    said = failure(turn(schema=SCHEMA), raw('{"total": "the customer is broke"}'))
    assert "$.total" in said.message
    assert "broke" not in str(said)
    assert said.attributes["at"] == "$.total"


def test_without_a_schema_text_stays_text() -> None:
    """An answer that looks like JSON is not parsed unless a schema was given."""
    assert conclude(turn(), raw('{"total": 1}')).output is None


def test_tool_calls_come_before_the_output() -> None:
    """A model that calls tools first owes its output later."""
    reply = conclude(turn(schema=SCHEMA), raw("", finish="tool_calls", calls=(CalledRaw("c1", "look", '{"n": 1}'),)))
    assert reply.tool_calls[0].arguments == {"n": 1}
    assert reply.finish_reason == "tool_calls"


@pytest.mark.parametrize("arguments", ["{", "[1]", '"x"', '{"n": Infinity}'])
def test_arguments_that_are_no_object_fail(arguments: str) -> None:
    """A tool call whose arguments are no JSON object is not handed on."""
    answer = raw("", finish="tool_calls", calls=(CalledRaw("c1", "look", arguments),))
    assert failure(turn(), answer).error_class == "invalid_output"


def test_a_tool_without_arguments_gets_none() -> None:
    """A server that sends no arguments at all means an empty object."""
    assert conclude(turn(), raw("", calls=(CalledRaw("c1", "look", ""),))).tool_calls[0].arguments == {}


@pytest.mark.parametrize("call", [CalledRaw("", "look", "{}"), CalledRaw("c1", "", "{}")])
def test_a_call_needs_id_and_name(call: CalledRaw) -> None:
    """A tool call that cannot be answered or found is not handed on."""
    assert failure(turn(), raw("", calls=(call,))).error_class == "invalid_output"


def test_an_answer_that_does_not_end_fails() -> None:
    """Without a finish reason an answer is partial, however good it looks."""
    said = failure(turn(), raw("looks whole.", finish=None))
    assert said.error_class == "invalid_output"
    assert said.attributes["truncated"] is True


@pytest.mark.parametrize(
    "limit,used,expected",
    [
        (None, None, "context_overflow"),
        (None, 900, "context_overflow"),
        (100, 100, "invalid_output"),
        (100, None, "invalid_output"),
        (100, 40, "context_overflow"),
    ],
)
def test_a_cut_answer_names_whose_limit_it_met(limit: int | None, used: int | None, expected: str) -> None:
    """An answer that was cut by our own limit is told from one that filled the context."""
    assert failure(turn(max_tokens=limit), raw("and so", finish="length", used=used)).error_class == expected


def test_a_refusal_is_no_answer() -> None:
    """A refusal, in words or by a content filter, is a failure of its own class."""
    assert failure(turn(), raw(refusal="I cannot.")).error_class == "refused_by_model"
    assert failure(turn(), raw("half", finish="content_filter")).error_class == "refused_by_model"


def test_a_wrong_schema_is_the_callers_error() -> None:
    """A schema that is none is refused before anything is sent."""
    with pytest.raises(UserError) as caught:
        check_turn(turn(schema={"type": "objekt"}))
    assert caught.value.code == "model.schema"


def test_a_turn_needs_a_message() -> None:
    """A turn with nothing to say is refused before anything is sent."""
    with pytest.raises(UserError) as caught:
        check_turn(Turn(()))
    assert caught.value.code == "model.turn"


def test_nothing_is_fetched_for_a_schema() -> None:
    """A schema that points to another address is refused and no connection is made."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(1.0)  # so that a client that does connect is found out soon
        try:
            with pytest.raises(UserError) as caught:
                conclude(turn(schema={"$ref": address}), raw("{}"))
        finally:
            socket.setdefaulttimeout(before)
        assert caught.value.code == "model.schema"
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    "schema,expected",
    [
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            True,
        ),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, False),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, False),
        (
            {
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/b"}},
                "required": ["a"],
                "additionalProperties": False,
                "$defs": {"b": {"type": "object", "properties": {}}},
            },
            False,
        ),
        ({"type": "array", "items": {"type": "string"}}, True),
    ],
)
def test_only_closed_schemas_are_enforced(schema: Mapping[str, JSON], expected: bool) -> None:
    """A schema counts as closed when each of its objects lists and requires all it may hold."""
    assert closed(schema) is expected

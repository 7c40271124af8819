"""A reply is complete and meets what was asked, or it is a failure; every client ends here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Never, cast

import jsonschema
import jsonschema.exceptions
import referencing
import referencing.exceptions

from bridgehead.errors import Failed, UserError
from bridgehead.models.port import Reply, ToolCall, Turn, Usage
from bridgehead.spec.tool import JSON


@dataclass(frozen=True, slots=True)
class CalledRaw:
    """A tool call as it came: the arguments are still text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came from the wire, whole or not."""

    text: str
    refusal: str
    tool_calls: tuple[CalledRaw, ...]
    finish_reason: str | None
    usage: Usage
    model: str


def check_turn(request: Turn) -> None:
    """Raises UserError when a turn cannot be answered by anybody: no message, or a schema that is none."""
    if not request.messages:
        raise UserError("a turn needs at least one message", code="model.turn")
    if request.output_schema is not None:
        try:
            jsonschema.Draft202012Validator.check_schema(request.output_schema)
        except jsonschema.exceptions.SchemaError as error:
            raise UserError(
                f"the output schema is no JSON Schema: {error.message}",
                code="model.schema",
                hint="Write it in JSON Schema 2020-12, or take it from a pydantic model.",
            ) from None


def conclude(request: Turn, raw: Raw) -> Reply:
    """Returns the reply that an answer amounts to.

    Raises Failed: ``refused_by_model`` for a refusal or a content filter, ``context_overflow``
    for an answer that the context cut short, ``invalid_output`` for an answer that is cut
    short otherwise, that does not end, or that is not what the turn asked for.
    """
    if raw.refusal or raw.finish_reason == "content_filter":
        raise Failed(
            "the model refused to answer",
            error_class="refused_by_model",
            hint="A person decides; asking again rarely helps.",
            finish_reason=raw.finish_reason,
        )
    if raw.finish_reason is None:
        raise invalid("the answer broke off", truncated=True)
    if raw.finish_reason == "length":
        _cut_short(request, raw.usage)
    calls = tuple(ToolCall(call.id, call.name, _arguments(call)) for call in raw.tool_calls)
    output: JSON = None
    if request.output_schema is not None and not calls:
        output = parse_json(raw.text, "the answer")
        hold_to(request.output_schema, output)
    return Reply(raw.text, calls, output, raw.usage, "tool_calls" if calls else "stop", raw.model)


def hold_to(schema: Mapping[str, JSON], output: JSON) -> None:
    """Raises Failed(invalid_output) when a value does not meet a schema; the value itself is not quoted.

    A reference that leads out of the schema is a UserError: nothing is fetched.
    """
    validator = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())
    try:
        errors = list(validator.iter_errors(output))
    except referencing.exceptions.Unresolvable:
        raise UserError(
            "the output schema refers to something outside itself",
            code="model.schema",
            hint="Put the definitions under $defs in the same schema.",
        ) from None
    worst = jsonschema.exceptions.best_match(errors)
    if worst is not None:
        raise invalid(
            f"the answer does not meet its schema at {worst.json_path}: {worst.validator}", at=worst.json_path
        )


def parse_json(text: str, what: str) -> JSON:
    """Returns strict JSON (RFC 8259; no NaN, no Infinity); raises Failed(invalid_output) for anything else."""
    try:
        return cast(JSON, json.loads(text, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        raise invalid(f"{what} is no JSON") from None


def invalid(message: str, *, hint: str = "", truncated: bool = False, at: str = "") -> Failed:
    """Returns the failure of an answer that is not what was asked; ``truncated`` when its end is missing."""
    return Failed(message, error_class="invalid_output", hint=hint, truncated=truncated, at=at)


def closed(schema: JSON) -> bool:
    """Tells whether every object of a schema lists its properties and requires all of them.

    Servers that enforce a schema while they generate accept no other (``strict``).
    """
    return all(
        isinstance(properties := node.get("properties", {}), Mapping)
        and node.get("additionalProperties") is False
        and _names(node.get("required", ())) == set(properties)
        for node in _objects(schema)
    )


def _objects(schema: JSON) -> Iterator[Mapping[str, JSON]]:
    if isinstance(schema, Mapping):
        if schema.get("type") == "object" or "properties" in schema:
            yield schema
        for child in schema.values():
            yield from _objects(child)
    elif isinstance(schema, list | tuple):
        for child in schema:
            yield from _objects(child)


def _names(required: JSON) -> set[str]:
    return {str(name) for name in required} if isinstance(required, list | tuple) else set()


def _cut_short(request: Turn, usage: Usage) -> Never:
    """Tells our own limit from the model's: only the second says that the context is full."""
    limit = request.max_tokens
    if limit is not None and (usage.output_tokens is None or usage.output_tokens >= limit):
        raise invalid("the answer reached max_tokens before its end", hint="Allow more output tokens.", truncated=True)
    raise Failed(
        "the model's context was full before the answer ended",
        error_class="context_overflow",
        hint="Send less, or use a model with a larger context.",
        finish_reason="length",
    )


def _arguments(call: CalledRaw) -> Mapping[str, JSON]:
    if not call.id or not call.name:
        raise invalid("a tool call has no id or no name")
    found = parse_json(call.arguments or "{}", f"what the model passes to {call.name}")
    if not isinstance(found, Mapping):
        raise invalid(f"what the model passes to {call.name} is no JSON object")
    return found


def _no_constant(name: str) -> Never:
    raise ValueError(name)

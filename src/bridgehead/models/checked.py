"""A reply is complete and meets what was asked, or it is a failure; every client ends here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Never, cast

import jsonschema
import jsonschema.exceptions
import referencing
import referencing.exceptions

from bridgehead.errors import Failed, UserError
from bridgehead.models.port import Reply, ToolCall, Turn, Usage
from bridgehead.spec.tool import JSON

DEEPEST: Final = 100
"""Levels of JSON that are taken: what walks through an answer afterwards calls itself at each."""
_LOOKED_AT: Final = 100
"""So many faults of an answer are enough to name the worst of them."""


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


class Unmet(Failed):
    """An answer that is not what was asked. ``said`` is the answer, for its model alone: it is in no record or log."""

    def __init__(self, failed: Failed, said: str, usage: Usage) -> None:
        took = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        super().__init__(
            failed.message,
            error_class=failed.error_class,
            applied=failed.applied,
            hint=failed.hint,
            code=failed.code,
        )
        self.attributes = {**failed.attributes, **{name: count for name, count in took.items() if count is not None}}
        self.said = said


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
    try:
        return _concluded(request, raw)
    except Failed as failed:
        if failed.error_class != "invalid_output":
            raise
        wrong = failed
    raise Unmet(wrong, raw.text, raw.usage)


def _concluded(request: Turn, raw: Raw) -> Reply:
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
        errors = list(islice(validator.iter_errors(output), _LOOKED_AT))
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
    """Returns strict JSON (RFC 8259; no NaN, no Infinity, no number beyond a double, at most ``DEEPEST`` levels).

    Raises Failed(invalid_output) for anything else.
    """
    try:
        found = cast(JSON, json.loads(text, parse_constant=_no_constant, parse_float=_finite))
    except (ValueError, RecursionError):
        raise invalid(f"{what} is no JSON") from None
    if _deeper(found, DEEPEST):
        raise invalid(f"{what} is nested more than {DEEPEST} levels deep")
    return found


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


def _finite(text: str) -> float:
    """Returns a number; raises ValueError for one that a double takes for infinite."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _deeper(value: JSON, most: int) -> bool:
    """Returns whether a value is nested deeper than ``most`` levels."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True

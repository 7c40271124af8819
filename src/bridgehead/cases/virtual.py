"""Typed placeholders: what a virtual write returns when its tool declares no preview."""

from __future__ import annotations

from collections.abc import Mapping

from bridgehead.spec.tool import JSON

_DEPTH = 12


def placeholder(schema: Mapping[str, object], *, mark: str) -> JSON:
    """Returns a value that fits a JSON Schema (2020-12) and carries ``mark`` in every free string.

    A later read whose arguments hold the mark is recognised as reading what never happened.
    Enumerations take their first value, numbers zero or their minimum, lists stay empty.
    """
    definitions = schema.get("$defs")
    return _value(schema, definitions if isinstance(definitions, Mapping) else {}, mark, 0)


def _value(schema: Mapping[str, object], definitions: Mapping[str, object], mark: str, depth: int) -> JSON:
    if depth > _DEPTH:
        return None
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = definitions.get(reference.rsplit("/", 1)[-1])
        return _value(target, definitions, mark, depth + 1) if isinstance(target, Mapping) else None
    if "const" in schema:
        return schema["const"]  # type: ignore[return-value]  # JSON by the schema's own rules
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return options[0]  # type: ignore[no-any-return]  # JSON by the schema's own rules
    for word in ("anyOf", "oneOf", "allOf"):
        choices = schema.get(word)
        if isinstance(choices, list):
            typed = [choice for choice in choices if isinstance(choice, Mapping) and choice.get("type") != "null"]
            if typed:
                return _value(typed[0], definitions, mark, depth + 1)
    match schema.get("type"):
        case "object":
            properties = schema.get("properties")
            named = properties if isinstance(properties, Mapping) else {}
            return {
                str(name): _value(part, definitions, mark, depth + 1)
                for name, part in named.items()
                if isinstance(part, Mapping)
            }
        case "array":
            prefix = schema.get("prefixItems")
            items = prefix if isinstance(prefix, list) else []
            return [_value(part, definitions, mark, depth + 1) for part in items if isinstance(part, Mapping)]
        case "string":
            return _string(schema, mark)
        case "integer" | "number":
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            return least if isinstance(least, (int, float)) else 0
        case "boolean":
            return False
        case _:
            return None if "type" in schema else mark


def _string(schema: Mapping[str, object], mark: str) -> str:
    match schema.get("format"):
        case "date":
            return "1970-01-01"
        case "date-time":
            return "1970-01-01T00:00:00Z"
        case "uuid":
            return "00000000-0000-4000-8000-000000000000"
        case _:
            pattern = schema.get("pattern")
            return "0" if isinstance(pattern, str) and "\\d" in pattern else mark

"""Writes the pages of the API from its OpenAPI document, so that the two cannot say different things.

Run it after a change of the routes: ``python -m tests.docs.api_page``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from bridgehead.api.declared import Route
from bridgehead.api.openapi import document
from bridgehead.api.routes import ROUTES
from bridgehead.auth.actor import holders
from tests.docs import tree

PAGE: Final = tree.DOCS / "reference" / "api.md"
ANSWERS: Final = tree.DOCS / "reference" / "api-answers.md"
_Node = Mapping[str, object]
_TITLES: Final = {
    "people": "People and tokens",
    "controls": "Controls",
    "cases": "Cases",
    "arrivals": "Arrivals",
    "reviews": "Reviews",
    "effects": "Effects and undos",
    "ledger": "The ledger",
    "deployments": "Deployments",
    "failures": "Failures",
    "policies": "Policies",
}
_MADE: Final = re.compile(r"<!-- routes -->\n.*<!-- end of routes -->", re.DOTALL)


def text() -> str:
    """Returns the page as it has to be: its introduction as it is written, and what is made of the document."""
    return _filled(PAGE, _routes(cast("_Node", document(ROUTES))))


def answers() -> str:
    """Returns the page of what answers hold as it has to be."""
    return _filled(ANSWERS, _answers(cast("_Node", document(ROUTES))))


def _filled(page: Path, made: str) -> str:
    return _MADE.sub(lambda _: f"<!-- routes -->\n{made}\n<!-- end of routes -->", page.read_text("utf-8"))


def _routes(said: _Node) -> str:
    parts: list[str] = []
    for tag in dict.fromkeys(route.tag for route in ROUTES):
        parts.append(f"## {_TITLES[tag]}\n")
        parts += [_route(route, said) for route in ROUTES if route.tag == tag]
    return "\n".join(parts)


def _answers(said: _Node) -> str:
    parts: list[str] = []
    schemas = cast("Mapping[str, _Node]", cast("_Node", said["components"])["schemas"])
    bodies = {route.body.__name__ for route in ROUTES if route.body is not None}  # they stand beside their route
    for name, schema in sorted(schemas.items()):
        if name not in bodies and name != "JsonValue":
            parts.append(f"## {name}\n\n{schema.get('description', '')}\n")
            parts.append("; ".join(_listed(schema)) + ".\n")
    return "\n".join(parts)


def _route(route: Route, said: _Node) -> str:
    path = cast("Mapping[str, _Node]", cast("_Node", said["paths"])[route.path])
    operation = path[route.method.lower()]
    roles = ", ".join(sorted(holders(route.right)))
    lines = [
        f"### `{route.method} {route.path}`",
        "",
        f"{route.summary}. Takes the right `{route.right}` ({roles}).",
        "",
    ]
    parameters = cast("Sequence[_Node]", operation["parameters"])
    asked = [one for one in parameters if one["in"] == "query"]
    if asked:
        lines += ["| Parameter | Values | Meaning |", "|---|---|---|"]
        lines += [
            f"| `{one['name']}`{' (required)' if one['required'] else ''} | {_kind(cast('_Node', one['schema']))} |"
            f" {one['description'] or '-'} |"
            for one in asked
        ]
        lines.append("")
    if route.document:
        lines += ["The body is the document as it is.", ""]
    elif route.body is not None:
        schema = cast("Mapping[str, _Node]", cast("_Node", said["components"])["schemas"])[route.body.__name__]
        lines += ["The body:", "", *_fields(schema), ""]
    answer = "the document as it came"
    if route.answer is not None:
        name = route.answer.__name__
        answer = f"[`{name}`](api-answers.md#{name.lower()})"
    statuses = " or ".join(str(one) for one in sorted((route.status, *route.also)))
    lines.append(f"Answers {statuses} with {answer}; problems: {', '.join(map(str, route.statuses))}.\n")
    return "\n".join(lines)


def _fields(schema: _Node) -> Iterator[str]:
    yield "| Field | Values | Meaning |"
    yield "|---|---|---|"
    required = cast("Sequence[str]", schema.get("required", ()))
    for name, part in cast("Mapping[str, _Node]", schema.get("properties", {})).items():
        needed = "" if name in required or "Out" in str(schema.get("title")) else " (optional)"
        yield f"| `{name}`{needed} | {_kind(part)} | {part.get('description', '-')} |"


def _listed(schema: _Node) -> Iterator[str]:
    for name, part in cast("Mapping[str, _Node]", schema.get("properties", {})).items():
        said = str(part.get("description", "")).rstrip(".")
        yield f"`{name}` ({_kind(part)})" + (f": {said}" if said else "")


def _kind(schema: _Node) -> str:
    """Returns in a few words what a schema takes."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        if name == "JsonValue":
            return "any JSON value"
        page = "api-answers.md" if name.endswith("In") else ""  # a part of a body, told of among the answers
        return f"[`{name}`]({page}#{name.lower()})"
    if "anyOf" in schema:
        kinds = [_kind(one) for one in cast("Sequence[_Node]", schema["anyOf"])]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in cast("Sequence[str]", schema["enum"]))
    if schema.get("type") == "array":
        return f"a list: each {_kind(cast('_Node', schema.get('items', {})))}"
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "`true` or `false`",
             "object": "an object", "null": "`null`"}  # fmt: skip
    if schema.get("format") == "date-time":
        return "a time"
    return words.get(str(schema.get("type")), "any JSON value")


def main() -> None:
    """Writes the page."""
    PAGE.write_text(text(), "utf-8")
    ANSWERS.write_text(answers(), "utf-8")


if __name__ == "__main__":
    main()

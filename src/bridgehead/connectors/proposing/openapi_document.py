"""An OpenAPI document (3.0, 3.1) as far as a specification needs it: operations and resolved schemas.

https://spec.openapis.org/oas/v3.1.0. References lead inside the document alone; a circle of them ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import unquote

import yaml

from bridgehead.errors import UserError

MOST_BYTES: Final = 20_000_000
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_REFERENCES: Final = 30
_NONE: Final[Mapping[str, object]] = {}
Tree = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema without its references: what a value may be."""

    kind: str = ""
    format: str = ""
    nullable: bool = False
    choices: tuple[object, ...] = ()
    properties: Mapping[str, Tree] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Tree | None = None
    pattern: str = ""
    ref: str = ""
    read_only: bool = False
    several: bool = False
    raw: Tree = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    where: str
    required: bool
    schema: Schema
    explode: bool
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    id: str
    about: str
    parameters: tuple[Parameter, ...]
    body: Schema | None
    body_type: str
    body_required: bool
    answer: Schema | None
    answer_headers: Mapping[str, object]
    security: Sequence[Tree]

    @property
    def path_parameters(self) -> tuple[Parameter, ...]:
        """Those in the path."""
        return tuple(one for one in self.parameters if one.where == "path")

    def header(self, *words: str) -> Parameter | None:
        """Returns the header parameter whose name holds one of some words."""
        found = (one for one in self.parameters if one.where == "header")
        return next((one for one in found if any(word in one.name.lower() for word in words)), None)


def parse_document(data: bytes) -> Tree:
    """Returns the document that JSON or YAML holds.

    Raises UserError ``connector.openapi`` for one that is too large, no such document, or of another version.
    """
    if len(data) > MOST_BYTES:
        raise _wrong(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
        found: object = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, yaml.CSafeLoader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise _wrong(f"it is neither JSON nor YAML ({' '.join(str(error).split())[:80]})") from None
    version = str(found.get("openapi", "")) if isinstance(found, dict) else ""
    if not version.startswith("3."):
        swagger = isinstance(found, dict) and "swagger" in found
        raise _wrong("it is Swagger 2" if swagger else "it says no `openapi: 3.x`")
    return cast("Tree", found)


def _wrong(why: str) -> UserError:
    return UserError(
        f"this is no OpenAPI document that can be read: {why}",
        code="connector.openapi",
        hint="Give the address or the file of an OpenAPI 3.0 or 3.1 document.",
    )


def tree(value: object) -> Tree:
    """Returns a mapping, or an empty one for anything else."""
    return cast("Tree", value) if isinstance(value, Mapping) else _NONE


class Api:
    """The operations and schemas of a document."""

    def __init__(self, document: Tree) -> None:
        self.document = document
        self.info = tree(document.get("info"))

    @property
    def server(self) -> str:
        """The first server's URL with its variables' defaults; empty when there is none."""
        servers = self.document.get("servers")
        first = tree(servers[0]) if isinstance(servers, list) and servers else _NONE
        url = str(first.get("url", ""))
        for name, one in tree(first.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(tree(one).get("default", "")))
        return url

    @property
    def schemes(self) -> Mapping[str, Tree]:
        """The security schemes by name."""
        found = tree(tree(self.document.get("components")).get("securitySchemes"))
        return {name: self._followed(tree(one))[0] for name, one in found.items()}

    def operations(self) -> Iterator[Operation]:
        """Yields every operation in the document's order."""
        for path, raw in tree(self.document.get("paths")).items():
            item = self._followed(tree(raw))[0]
            for method in _METHODS:
                if isinstance(item.get(method), Mapping):
                    yield self._operation(method, str(path), item, tree(item[method]))

    def _operation(self, method: str, path: str, item: Tree, raw: Tree) -> Operation:
        named: dict[tuple[str, str], Parameter] = {}
        for source in (item.get("parameters"), raw.get("parameters")):
            for one in source if isinstance(source, list) else []:
                parameter = self._parameter(self._followed(tree(one))[0])
                named[parameter.where, parameter.name] = parameter
        body_part = self._followed(tree(raw.get("requestBody")))[0]
        body_type, body = self._content(body_part)
        answer, headers = self._answer(tree(raw.get("responses")))
        security = raw.get("security", self.document.get("security"))
        return Operation(
            method=method.upper(), path=path, id=str(raw.get("operationId", "")),
            about=str(raw.get("summary") or raw.get("description") or ""), parameters=tuple(named.values()),
            body=body, body_type=body_type, body_required=bool(body_part.get("required")), answer=answer,
            answer_headers=headers, security=[tree(one) for one in security] if isinstance(security, list) else [],
        )  # fmt: skip

    def _parameter(self, raw: Tree) -> Parameter:
        schema = self.schema(raw.get("schema"))
        if schema.raw is _NONE and raw.get("content"):
            schema = self._content(raw)[1] or schema
        return Parameter(
            name=str(raw.get("name", "")), where=str(raw.get("in", "query")),
            required=bool(raw.get("required")) or raw.get("in") == "path", schema=schema,
            explode=bool(raw.get("explode", True)), about=str(raw.get("description", "")),
        )  # fmt: skip

    def _answer(self, responses: Tree) -> tuple[Schema | None, Tree]:
        # YAML reads a bare 200 as a number.
        named = {str(status): tree(one) for status, one in responses.items()}
        for status in sorted(status for status in named if status.startswith("2")):
            raw = self._followed(named[status])[0]
            schema = self._content(raw)[1]
            if schema is not None:
                return schema, tree(raw.get("headers"))
        return None, _NONE

    def _content(self, raw: Tree) -> tuple[str, Schema | None]:
        content = tree(raw.get("content"))
        ranked = sorted(content, key=lambda kind: (kind != "application/json", "json" not in kind, "form" not in kind))
        for kind in ranked:
            if "json" in kind or "form-urlencoded" in kind or kind == "*/*":
                return kind, self.schema(tree(content[kind]).get("schema"))
        return "", None

    def schema(self, node: object) -> Schema:
        """Returns a schema with its references followed and ``allOf`` merged; circles end in an empty one."""
        raw, ref = self._followed(tree(node))
        nullable = bool(raw.get("nullable"))
        for word in ("anyOf", "oneOf"):
            listed = raw.get(word)
            options = [tree(one) for one in listed] if isinstance(listed, list) else []
            real = [one for one in options if one.get("type") != "null"]
            if len(real) == 1:
                inner = self.schema(real[0])
                return _also(inner, nullable=nullable or len(options) > 1 or inner.nullable, raw=raw)
            if len(real) > 1:
                return Schema(several=True, nullable=nullable or len(real) < len(options), ref=ref, raw=raw)
        merged = self._merged(raw, 0)
        kinds = merged.get("type")
        if isinstance(kinds, list):
            nullable = nullable or "null" in kinds
            kinds = next((kind for kind in kinds if kind != "null"), "")
        choices = merged.get("enum")
        if "const" in merged:
            choices = [merged["const"]]
        properties = tree(merged.get("properties"))
        kind = str(kinds or ("object" if properties else "array" if "items" in merged else ""))
        required = merged.get("required")
        return Schema(
            kind=kind,
            format=str(merged.get("format", "")),
            nullable=nullable or (isinstance(choices, list) and None in choices),
            choices=tuple(one for one in choices if one is not None) if isinstance(choices, list) else (),
            properties={str(name): tree(one) for name, one in properties.items()},
            required=frozenset(map(str, required)) if isinstance(required, list) else frozenset(),
            items=tree(merged["items"]) if "items" in merged else None,
            pattern=str(merged.get("pattern", "")),
            ref=ref,
            read_only=bool(merged.get("readOnly")),
            raw=merged,
        )

    def _merged(self, raw: Tree, depth: int) -> Tree:
        parts = raw.get("allOf")
        if not isinstance(parts, list) or depth > _REFERENCES:
            return raw
        merged: dict[str, object] = {name: value for name, value in raw.items() if name != "allOf"}
        properties = dict(tree(merged.get("properties")))
        required = list(cast("list[object]", merged.get("required") or []))
        for one in parts[:_REFERENCES]:
            part = self._merged(self._followed(tree(one))[0], depth + 1)
            properties = {**tree(part.get("properties")), **properties}
            required += cast("list[object]", part.get("required") or [])
            merged = {**part, **merged}
        return {**merged, "properties": properties, "required": required} if properties else merged

    def _followed(self, node: Tree) -> tuple[Tree, str]:
        ref = ""
        for _ in range(_REFERENCES):
            target = node.get("$ref")
            if not isinstance(target, str):
                return node, ref
            ref = target
            found: object = self.document
            for step in target.removeprefix("#/").split("/") if target.startswith("#/") else ["?"]:
                found = tree(found).get(unquote(step).replace("~1", "/").replace("~0", "~"))
            node = tree(found)
        return _NONE, ref


def _also(schema: Schema, *, nullable: bool, raw: Tree) -> Schema:
    return Schema(
        kind=schema.kind, format=schema.format, nullable=nullable, choices=schema.choices,
        properties=schema.properties, required=schema.required, items=schema.items, pattern=schema.pattern,
        ref=schema.ref, read_only=schema.read_only or bool(raw.get("readOnly")), several=schema.several, raw=schema.raw,
    )  # fmt: skip

"""An HTTP system made from an OpenAPI document of ours: schema-true answers, state, paging, sign-in and refusals.

What a document cannot say stands in extensions: ``x-system`` for the whole (the shape of errors, how it signs
in, what is there at the start), ``x-does`` for an operation (``list``, ``make``, ``put``, ``change``, and of
what). Every answer is held to the document's own schema before it is sent.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote

import jsonschema
import yaml

from bridgehead.clock import utc_now
from tests.support.http_server import Asked, Told

DOCUMENTS: Final = Path(__file__).parent / "openapi"
TOKEN: Final = "generated-token-1"
SECRET: Final = "generated-secret-7"
USER: Final = "agent@example.com/token"

_QUOTED: Final = re.compile(r"""([A-Za-z_]+)\s*=\s*(['"])((?:\\.|(?!\2).)*)\2""")
_ESCAPED: Final = re.compile(r"\\(.)")
_NESTED: Final = re.compile(r"^([a-z_]+)\[([a-z_]+)\]$")

__all__ = ["SECRET", "TOKEN", "USER", "GeneratedApi"]

Row = dict[str, Any]


class Refused(Exception):
    """A request that the system does not carry out; its status and its reason."""

    def __init__(self, status: int, reason: str, shape: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.shape: str | int = shape or status


@dataclass(slots=True)
class GeneratedApi:
    """One system and its state. ``throttled`` answers 429 that often, ``loses`` loses the reply of that many writes."""

    document: dict[str, Any]
    page: int = 2
    rows: dict[str, list[Row]] = field(default_factory=dict)
    writes: int = 0
    throttled: int = 0
    loses: int = 0
    keys: dict[str, tuple[bytes, Told]] = field(default_factory=dict)
    pages: dict[str, tuple[list[Row], int]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, *, page: int = 2) -> GeneratedApi:
        """Returns the system of a document."""
        document = yaml.safe_load((DOCUMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
        made = cls(document, page)
        made.rows = {of: [deepcopy(row) for row in rows] for of, rows in made.system["rows"].items()}
        return made

    @property
    def system(self) -> dict[str, Any]:
        """What the document says of the system beside its operations."""
        found: dict[str, Any] = self.document["x-system"]
        return found

    def __call__(self, asked: Asked) -> Told:
        """Answers one request."""
        try:
            if asked.path == self.system.get("token_path"):
                return self._token(asked)
            self._check_sign_in(asked)
            self._check_limit()
            return self._answered(asked)
        except Refused as refused:
            return self._refusal(refused)

    def _check_limit(self) -> None:
        if self.throttled:
            self.throttled -= 1
            raise Refused(self.system.get("throttled", 429), "too many requests")

    def _answered(self, asked: Asked) -> Told:
        operation, given = self._operation(asked)
        does = operation["x-does"]
        body = self._body(asked, operation)
        if does["verb"] == "list":
            return self._checked(self._list(asked, does), operation)
        key = asked.headers.get("idempotency-key")
        if key is not None and key in self.keys:
            before, told = self.keys[key]
            if before != asked.body:
                raise Refused(400, "the key was used with other parameters", "key")
            return told
        told = self._checked(self._written(does, given, body), operation)
        self.writes += 1
        if key is not None:
            self.keys[key] = asked.body, told
        if self.loses:
            self.loses -= 1
            return Told(end="reset")
        return told

    def _operation(self, asked: Asked) -> tuple[dict[str, Any], dict[str, str]]:
        for template, operations in self.document["paths"].items():
            form = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
            found = re.fullmatch(form, asked.path)
            if found is not None and asked.method.lower() in operations:
                return operations[asked.method.lower()], {k: unquote(v) for k, v in found.groupdict().items()}
        raise Refused(404, "there is no such resource")

    def _body(self, asked: Asked, operation: Mapping[str, Any]) -> Row:
        content = operation.get("requestBody", {}).get("content")
        if content is None:
            return {}
        (kind,) = content
        if asked.headers.get("content-type", "").partition(";")[0] != kind:
            raise Refused(415, f"the body is not {kind}")
        body = _form(asked.body) if kind.endswith("form-urlencoded") else json.loads(asked.body)
        try:
            jsonschema.validate(body, self._resolved(content[kind]["schema"]))
        except jsonschema.ValidationError as error:
            raise Refused(self.system.get("unfit", 400), error.message) from None
        found: Row = body
        return found

    # What is there

    def _list(self, asked: Asked, does: Mapping[str, Any]) -> Told:
        way = self.system["paging"]
        size = min(self.page, int(asked.query.get(str(way.get("size")), self.page)))
        if does.get("more") and (mark := asked.path.rpartition("/")[2]) in self.pages:
            rows, start = self.pages[mark]
        else:
            rows, start = self._wanted(asked, does), self._start(asked, way)
        if way["kind"] == "keyset" and (after := asked.query.get(way["param"])):
            start = [row["id"] for row in rows].index(after) + 1
        shown, end = rows[start : start + size], start + size
        more = end < len(rows)
        marks: dict[str, object] = {"rows": shown, "total": len(rows), "size": len(shown), "start": start, "more": more}
        marks["done"] = not more
        marks["next"] = self._next(asked, way, rows, end) if more else None
        headers = {"Date": f"{utc_now():%a, %d %b %Y %T} GMT", **self.system.get("headers", {})}
        if name := way.get("total_header"):
            headers[name] = str(len(rows))
        return Told(200, _filled(does["answer"], marks), headers)

    def _wanted(self, asked: Asked, does: Mapping[str, Any]) -> list[Row]:
        text = asked.query.get(str(does.get("query")), "")
        of = does["of"]
        if "FROM " in text:
            of = text.partition("FROM ")[2].split()[0]
        wanted = {name: _ESCAPED.sub(r"\1", value) for name, _, value in _QUOTED.findall(text)}
        wanted |= {name: value for name, value in asked.query.items() if name in does.get("filters", ())}
        paths = does.get("paths", {})
        return [
            row
            for row in self.rows[of]
            if all(str(_at(row, paths.get(name, name))) == value for name, value in wanted.items())
        ]

    @staticmethod
    def _start(asked: Asked, way: Mapping[str, Any]) -> int:
        given = asked.query.get(str(way.get("param")), "0")
        return int(given) if given.isdecimal() else int(base64.b64decode(given)) if way["kind"] == "cursor" else 0

    def _next(self, asked: Asked, way: Mapping[str, Any], rows: list[Row], end: int) -> str:
        if way["kind"] == "locator":
            mark = f"{way['mark']}-{end}"
            self.pages[mark] = rows, end
            return f"{asked.path}/{mark}"
        cursor = base64.b64encode(str(end).encode()).decode("ascii")
        if way["kind"] == "cursor" and way.get("address"):
            query = {**asked.query, way["param"]: cursor}
            return f"{asked.path}?" + "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items())
        return cursor

    # What is written

    def _written(self, does: Mapping[str, Any], given: Mapping[str, str], body: Row) -> Told:
        rows = self.rows[does["of"]]
        inner: Row = body[does["inside"]] if "inside" in does else body
        inner = {name: value for name, value in inner.items() if name not in does.get("drops", ())}
        inner |= does.get("sets", {})
        status = 200
        if does["verb"] == "make":
            row = {**deepcopy(does["fresh"]), **inner, does.get("id", "id"): self._id(does, len(rows))}
            rows.append(row)
            status = does.get("status", 200)
        else:
            key, value = next(iter(given.items()))
            found = [row for row in rows if str(row[does.get("key", key)]) == value]
            if not found and does["verb"] == "change":
                raise Refused(404, "there is no such record")
            row = found[0] if found else {**deepcopy(does["fresh"]), does["key"]: value}
            if not found:
                row[does.get("id", "id")] = self._id(does, len(rows))
                rows.append(row)
                status = 201
            row.update(inner)
        marks = {"row": row, "id": row[does.get("id", "id")], "made": status == 201}  # RFC 9110 15.3.2
        return Told(status, _filled(does["answer"], marks), {"Date": f"{utc_now():%a, %d %b %Y %T} GMT"})

    @staticmethod
    def _id(does: Mapping[str, Any], number: int) -> object:
        form = str(does["ids"]).format(number + 1)
        return int(form) if form.isdecimal() and does.get("numbers") else form

    # Around it

    def _token(self, asked: Asked) -> Told:
        form = dict(parse_qsl(asked.body.decode()))
        if form.get("grant_type") != "client_credentials" or form.get("client_secret") != SECRET:
            return Told(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
        return Told(200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})

    def _check_sign_in(self, asked: Asked) -> None:
        shown = asked.headers.get("authorization", "")
        user = self.system.get("user", USER)
        basic = base64.b64encode(f"{user}:{SECRET}".encode()).decode("ascii")
        expected = {"bearer": f"Bearer {SECRET}", "token": f"Bearer {TOKEN}", "basic": f"Basic {basic}"}
        if shown != expected[self.system["sign_in"]]:
            raise Refused(401, "not signed in")

    def _refusal(self, refused: Refused) -> Told:
        shapes = self.system["errors"]
        shape = shapes.get(refused.shape, shapes["other"])
        headers = {"Retry-After": "1"} if refused.status == 429 else {}  # RFC 6585 4
        return Told(refused.status, _filled(shape, {"reason": str(refused), "status": refused.status}), headers)

    def _checked(self, told: Told, operation: Mapping[str, Any]) -> Told:
        """Holds an answer to the document: a system that is not what its document says proves nothing."""
        declared = operation["responses"][str(told.status)]["content"]["application/json"]["schema"]
        jsonschema.validate(told.body, self._resolved(declared))
        return told

    def _resolved(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        return {**schema, "components": self.document.get("components", {})}


def _filled(shape: object, marks: Mapping[str, object]) -> object:
    """Returns a shape with its ``$names`` filled; an entry of a mapping that is None then falls away."""
    if isinstance(shape, str) and shape.startswith("$"):
        return marks[shape[1:]]
    if isinstance(shape, Mapping):
        filled = {name: _filled(value, marks) for name, value in shape.items()}
        return {name: value for name, value in filled.items() if value is not None or shape[name] is None}
    if isinstance(shape, list):
        return [_filled(value, marks) for value in shape]
    return shape


def _form(body: bytes) -> Row:
    found: Row = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        nested = _NESTED.match(name)
        typed: object = int(value) if value.isdecimal() else value
        if nested is not None:
            found.setdefault(nested[1], {})[nested[2]] = value
        else:
            found[name] = typed
    return found


def _at(row: Row, path: str) -> object:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value

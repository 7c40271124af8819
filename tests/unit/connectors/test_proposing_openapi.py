"""From an OpenAPI document to a specification that loads, whatever the document holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridgehead.connectors.document import Specification
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.proposing.draft import Draft
from bridgehead.connectors.proposing.openapi import propose_openapi
from bridgehead.connectors.proposing.openapi_document import parse_document
from bridgehead.errors import UserError

Json = dict[str, Any]
SOURCE = "https://shop.example.com/api/openapi.json"
ORDER: Json = {
    "type": "object",
    "required": ["id", "total", "currency"],
    "properties": {
        "id": {"type": "string"},
        "total": {"type": "string", "format": "decimal"},
        "currency": {"type": "string"},
        "placed": {"type": ["string", "null"], "format": "date-time"},
        "state": {"enum": ["open", "cancelled"]},
        "email": {"type": "string"},
        "paid": {"$ref": "#/components/schemas/Amount"},
        "parent": {"$ref": "#/components/schemas/Order"},
        "lines": {"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/Line"}]}},
    },
}
SCHEMAS: Json = {
    "Order": ORDER,
    "Line": {"type": "object", "properties": {"sku": {"type": "string"}, "price": {"type": "number"}}},
    "Amount": {"type": "object", "properties": {"value": {"type": "string"}, "currency": {"type": "string"}}},
}


def answer(schema: Json, **more: Json) -> Json:
    """Returns the responses of an operation."""
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}, **more}}}


def listed(row: Json, **more: Json) -> Json:
    """Returns the schema of a page."""
    return {"type": "object", "properties": {"results": {"type": "array", "items": row}, **more}}


def query(*names: str, required: bool = False) -> list[Json]:
    """Returns query parameters."""
    return [{"name": name, "in": "query", "required": required, "schema": {"type": "string"}} for name in names]


def document(paths: Json, **more: Any) -> Json:  # noqa: ANN401  # whatever a document may hold
    """Returns an OpenAPI document."""
    return {"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": paths, "components": {"schemas": SCHEMAS}, **more}


def oauth2(flow: str) -> Json:
    """Returns a security scheme."""
    return {"type": "oauth2", "flows": {flow: {"tokenUrl": "/token", "scopes": {}}}}


ROW: Json = {"$ref": "#/components/schemas/Order"}
PATHS: Json = {
    "/orders": {"get": {"operationId": "listOrders", **answer(listed(ROW))}},
    "/orders/{orderId}": {
        "parameters": [{"name": "orderId", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {"operationId": "getOrder", **answer(ROW, headers={"ETag": {}})},
    },
}


def proposed(tmp_path: Path, found: Json) -> tuple[Specification, Draft]:
    """Returns the specification that is proposed for a document, loaded as a user would."""
    draft = propose_openapi(parse_document(json.dumps(found).encode()), name="shop", source=SOURCE)
    file = tmp_path / "shop.yaml"
    file.write_text(draft.yaml(), encoding="utf-8")
    return load_specification(file), draft


def test_records_keys_and_fields(tmp_path: Path) -> None:
    """List and detail of one schema are one entity, whose key is the path's parameter and whose fields are typed."""
    spec, _ = proposed(tmp_path, document(PATHS))
    (entity,) = spec.entities.values()
    assert list(spec.entities) == ["order"]
    assert entity.key == ("id",)
    assert entity.version == "header etag"
    assert {name: part.type for name, part in entity.fields.items()} == {
        "id": "code", "total": "money", "currency": "code", "placed": "datetime", "state": "enum", "email": "text",
        "paid": "money", "parent": "object", "lines": "list",
    }  # fmt: skip
    assert entity.fields["paid"].from_ == "paid.value"
    assert entity.fields["paid"].currency == "paid.currency"
    assert entity.fields["email"].label == "personal"
    assert [name for name, part in entity.fields.items() if not part.optional] == ["id", "total", "currency"]
    assert entity.reads["list_orders"].rows == "results"
    assert entity.reads["get_order"].one
    assert spec.connection.url == "https://shop.example.com"


def test_a_schema_that_holds_itself_ends(tmp_path: Path) -> None:
    """Circles of references end as JSON, and say so."""
    spec, draft = proposed(tmp_path, document(PATHS))
    parent = spec.entities["order"].fields["parent"]
    assert parent.fields is not None
    assert parent.fields["parent"].type == "json"
    assert "it holds itself" in draft.yaml()


@pytest.mark.parametrize(
    "operation, expected",
    [
        ({"parameters": query("page", "per_page")}, {"page": {"param": "page", "size": 100, "size_param": "per_page"}}),
        ({"parameters": query("offset", "limit")}, {"offset": {"param": "offset", "size": 100, "size_param": "limit"}}),
        ({"parameters": query("cursor"), **answer(listed(ROW, next_cursor={"type": "string"}))},
         {"cursor": {"at": "next_cursor", "param": "cursor"}}),
        (answer(listed(ROW, next={"type": "string"})), {"cursor": {"at": "next"}}),
        (answer(listed(ROW), headers={"Link": {}}), {"link": True}),
    ],
)  # fmt: skip
def test_paging_is_seen(tmp_path: Path, operation: Json, expected: Json) -> None:
    """How a list goes on is known by its parameters, its answer or its headers; what pages is no argument."""
    get = {"operationId": "listOrders", **answer(listed(ROW)), **operation}
    spec, _ = proposed(tmp_path, document({**PATHS, "/orders": {"get": get}}))
    read = spec.entities["order"].reads["list_orders"]
    assert read.paging is not None
    assert read.paging.model_dump(exclude_none=True, exclude={"at_most"}) == expected
    assert not read.params


def test_paging_that_nothing_shows_is_asked(tmp_path: Path) -> None:
    """A list that may come in pages is marked, because a list that is cut off looks whole."""
    _, draft = proposed(tmp_path, document(PATHS))
    assert "ASK: does this list come in pages?" in draft.yaml()


@pytest.mark.parametrize(
    "scheme, part, variables",
    [
        ({"type": "http", "scheme": "basic"}, "basic", {"SHOP_USER", "SHOP_PASSWORD"}),
        ({"type": "http", "scheme": "bearer"}, "bearer", {"SHOP_TOKEN"}),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "api_key", {"SHOP_KEY"}),
        (oauth2("clientCredentials"), "oauth2", {"SHOP_SECRET"}),
        (oauth2("authorizationCode"), "oauth2", {"SHOP_SECRET", "SHOP_REFRESH_TOKEN"}),
    ],
)  # fmt: skip
def test_logins(tmp_path: Path, scheme: Json, part: str, variables: set[str]) -> None:
    """Each way to log in becomes the part of its kind, whose secrets are names of variables."""
    found = document(PATHS, security=[{"login": ["read"]}])
    found["components"] = {"schemas": SCHEMAS, "securitySchemes": {"login": scheme}}
    spec, draft = proposed(tmp_path, found)
    assert spec.auth is not None
    assert getattr(spec.auth, part) is not None
    assert set(draft.settings) == variables


def test_writes_are_made_once(tmp_path: Path) -> None:
    """A creation is looked up by a list that can be asked for it, taken back by its cancellation, and compared."""
    header = {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}}
    idem = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
    body = {"required": ["customer", "po_number", "total"], "properties": {
        "customer": {"type": "string"}, "po_number": {"type": "string"}, "total": {"type": "number"},
        "id": {"type": "string", "readOnly": True}, "item": {"type": "string"}}}  # fmt: skip
    paths: Json = {
        "/orders": {
            "get": {"operationId": "findOrders", "parameters": query("customer", "po_number"), **answer(listed(ROW))},
            "post": {"operationId": "bookOrder", "parameters": [idem], **answer(ROW),
                     "requestBody": {"content": {"application/json": {"schema": body}}}},
        },
        "/orders/{id}": PATHS["/orders/{orderId}"] | {"parameters": [{"name": "id", "in": "path", "schema": {}}]},
        "/orders/{id}/cancel": {
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}, header],
            "post": {"operationId": "cancelOrder", **answer(ROW)},
        },
    }  # fmt: skip
    spec, _ = proposed(tmp_path, document(paths))
    book, cancel = spec.actions["book_order"], spec.actions["cancel_order"]
    assert book.lookup is not None
    assert book.lookup.read == "find_orders"
    assert book.lookup.without == {"state": "cancelled"}
    assert book.lookup.same == {"total": "{total}"}
    assert book.key == ("customer", "po_number")
    assert book.idempotency_header == "Idempotency-Key"
    assert book.request is not None
    assert book.request.body == {
        "customer": "{customer}", "po_number": "{po_number}", "total": "{total|number}", "item": "{the_item}",
    }  # fmt: skip
    assert book.undo is not None
    assert (book.effect, book.undo.action) == ("reversible", "cancel_order")
    assert cancel.lookup is not None
    assert (cancel.effect, cancel.lookup.where) == ("irreversible", {"state": "cancelled"})
    assert cancel.if_match is not None
    assert cancel.if_match.read == "get_order"


def test_a_write_that_cannot_be_seen_says_so(tmp_path: Path) -> None:
    """A write that no read shows is proposed without a lookup and asks for one."""
    post = {"operationId": "addNote", "requestBody": {"content": {"application/json": {"schema": SCHEMAS["Line"]}}},
            "responses": {"204": {}}}  # fmt: skip
    spec, draft = proposed(tmp_path, document({**PATHS, "/notes": {"post": post}}))
    assert spec.actions["add_note"].lookup is None
    assert "ASK: how can it be seen afterwards whether this happened?" in draft.yaml()


def test_what_a_document_says_stays_what_it_says(tmp_path: Path) -> None:
    """Names and descriptions that try to leave their place are names and remarks all the same."""
    evil = "x\nactions: {}\n# \x1b[2J"
    names: Json = {"id": {"type": "string"}, evil: {"type": "string"}, "..": {}, "a.b": {}}
    names |= {"model_dump": {"type": "string"}, "class": {"enum": [evil, "{", True, 1]}}
    row = {"type": "object", "properties": names}
    get = {"operationId": evil, "summary": evil, **answer(listed(row)), "parameters": query(evil, "item", "result")}
    spec, draft = proposed(tmp_path, {**document({"/things": {"get": get}}), "info": {"title": evil}})
    assert not spec.actions
    assert "\x1b" not in draft.yaml()
    (entity,) = spec.entities.values()
    assert {part.from_ for part in entity.fields.values()} >= {evil, "a\\.b", "model_dump", "class"}


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"[1]", b'{"swagger": "2.0"}', b'{"openapi": "3.0.0"', b"a: [b", b'{"openapi": "4"}']
)
def test_other_documents_are_refused(data: bytes) -> None:
    """What is no OpenAPI 3 document is refused with a reason, never a traceback."""
    with pytest.raises(UserError) as caught:
        parse_document(data)
    assert caught.value.code == "connector.openapi"


def test_a_document_without_records_is_refused() -> None:
    """A document from which nothing can be read is said to be one."""
    with pytest.raises(UserError, match="nothing that can be read"):
        propose_openapi(document({"/x": {"get": {"responses": {"200": {}}}}}), name="x")

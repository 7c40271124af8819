"""The OpenAPI 3.1 document of the ERP, generated from the wire types, so that the two cannot differ.

``python -m bridgehead.templates.purchase_orders.erp --openapi`` prints it; the copy in the
documentation, ``docs/reference/erp-openapi.json``, is held equal by a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydantic import JsonValue, TypeAdapter

from bridgehead.templates.purchase_orders.erp import wire

Json = dict[str, JsonValue]

_TEXT: Final[Json] = {"type": "string"}
_DATE: Final[Json] = {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    where: str
    text: str
    required: bool = False
    schema: Mapping[str, JsonValue] | None = None

    def to_json(self) -> Json:
        """Returns the parameter object."""
        return {
            "name": self.name,
            "in": self.where,
            "required": self.required,
            "description": self.text,
            "schema": dict(self.schema or _TEXT),
        }


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint: what it takes, what it answers, and the problems it names."""

    method: str
    path: str
    name: str
    text: str
    answer: type | None
    body: type | None = None
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    status: int = 200
    etag: bool = False
    replay: bool = False


def _search(name: str, text: str) -> Parameter:
    return Parameter(name, "query", text)


_CUSTOMER: Final = Parameter("customer", "query", "Our number of the customer.", required=True)
_NUMBER: Final = Parameter("number", "path", "The number, exactly as it was given out.", required=True)
_ON: Final = Parameter("on", "query", "The day the price holds; the business date when left out.", schema=_DATE)
_KEY: Final = Parameter(
    "Idempotency-Key",
    "header",
    "1 to 200 characters. The same key with the same body gets the first answer again (status 200,"
    " header Idempotent-Replay: true) and books nothing; with another body it is refused with 409.",
)
_IF_MATCH: Final = Parameter("If-Match", "header", "The order's ETag, or *.", required=True)

_STATUS_TEXT: Final[Mapping[int, str]] = {
    400: "The request cannot be read, or a parameter is unknown, repeated or missing.",
    404: "There is none of that number.",
    409: "The state of what is there forbids it; nothing was changed.",
    412: "It was changed since it was read; nothing was changed.",
    413: "The body is larger than 1,000,000 bytes.",
    415: "The body is not application/json.",
    422: "A field is wrong; `field` names it. Nothing was booked.",
    428: "If-Match is missing.",
}
_BODY: Final = (400, 413, 415, 422)

OPERATIONS: Final = (
    Operation("get", "/health", "health", "Says that the service answers, and its business date.", wire.Health),
    Operation("get", "/openapi.json", "openapi", "Returns this document.", None),
    Operation(
        "get",
        "/customers",
        "findCustomers",
        "Returns every customer that at least one parameter names; `matched_by` says which did. "
        "An address whose domain alone is on file counts as `email_domain`.",
        wire.Customers,
        parameters=(
            _search("email", "An address of the sender."),
            _search("name", "The name; case, accents, spaces and punctuation do not count."),
            _search("duns", "The D-U-N-S number."),
            _search("gln", "The Global Location Number."),
            _search("vat", "The VAT identification number."),
            _search("number", "Our number of the customer."),
        ),
        problems=(400,),
    ),
    Operation(
        "get",
        "/customers/{number}",
        "getCustomer",
        "Returns one customer.",
        wire.Customer,
        parameters=(_NUMBER,),
        problems=(404,),
        etag=True,
    ),
    Operation(
        "post",
        "/items/resolve",
        "resolveItems",
        "Finds the items that the lines of a document mean. Only exact part numbers and GTINs decide; names that "
        "point to different items decide nothing. Changes nothing.",
        wire.Resolved,
        body=wire.ResolveRequest,
        problems=_BODY,
    ),
    Operation(
        "get",
        "/items/{number}",
        "getItem",
        "Returns one item.",
        wire.Item,
        parameters=(_NUMBER,),
        problems=(404,),
    ),
    Operation(
        "get",
        "/prices",
        "getPrice",
        "Returns the contract price of that day, else the list price, per base unit.",
        wire.Quote,
        parameters=(
            _CUSTOMER,
            Parameter("item", "query", "The item's number.", required=True),
            _ON,
            _search("currency", "ISO 4217; the customer's own when left out."),
        ),
        problems=(400, 404, 422),
    ),
    Operation(
        "post",
        "/prices/quote",
        "quotePrices",
        "Returns the prices of several items. Changes nothing.",
        wire.Quotes,
        body=wire.QuoteRequest,
        problems=_BODY,
    ),
    Operation(
        "post",
        "/orders",
        "bookOrder",
        "Books an order. A second order with the same PO number is not refused.",
        wire.BookedOrder,
        body=wire.Booking,
        parameters=(_KEY,),
        problems=(*_BODY, 409),
        status=201,
        etag=True,
        replay=True,
    ),
    Operation(
        "post",
        "/orders/import",
        "importOrder",
        "Books an order; takes no idempotency key: every call that succeeds books once more.",
        wire.BookedOrder,
        body=wire.Booking,
        problems=_BODY,
        status=201,
    ),
    Operation(
        "get",
        "/orders",
        "findOrders",
        "Looks orders up by the customer's reference, oldest first, cancelled ones included.",
        wire.Orders,
        parameters=(_CUSTOMER, Parameter("po_number", "query", "The customer's PO number, exactly.", required=True)),
        problems=(400,),
    ),
    Operation(
        "get",
        "/orders/{number}",
        "getOrder",
        "Returns one order.",
        wire.BookedOrder,
        parameters=(_NUMBER,),
        problems=(404,),
        etag=True,
    ),
    Operation(
        "post",
        "/orders/{number}/cancel",
        "cancelOrder",
        "Cancels an open order.",
        wire.BookedOrder,
        parameters=(_NUMBER, _IF_MATCH),
        problems=(404, 409, 412, 428),
        etag=True,
    ),
    Operation("get", "/books", "exportBooks", "Lists everything that was ever booked.", wire.BookPage),
)


@cache
def document() -> bytes:
    """Returns the document as UTF-8 JSON, two spaces of indent, ending in a newline."""
    schemas, references = _schemas()
    paths: dict[str, JsonValue] = {}
    for operation in OPERATIONS:
        at = paths.setdefault(operation.path, {})
        if isinstance(at, dict):
            at[operation.method] = _operation(operation, references)
    whole: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Order side of an ERP",
            "version": "1",
            "summary": "What the purchase_orders template needs of the system that holds customers, items and orders.",
        },
        "servers": [{"url": "http://127.0.0.1:8000"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode()


def _schemas() -> tuple[JsonValue, dict[type, str]]:
    types = {operation.answer for operation in OPERATIONS} | {operation.body for operation in OPERATIONS}
    named = sorted((kind for kind in types | {wire.Problem} if kind is not None), key=lambda kind: kind.__name__)
    keys, schema = TypeAdapter.json_schemas(
        [(kind, "serialization", TypeAdapter(kind)) for kind in named],
        ref_template="#/components/schemas/{model}",
    )
    references = {kind: str(keys[kind, "serialization"]["$ref"]) for kind in named}
    return schema["$defs"], references


def _operation(operation: Operation, references: Mapping[type, str]) -> Json:
    headers: Json = {}
    if operation.etag:
        headers["ETag"] = {"description": "The version of what is answered.", "schema": _TEXT}
    content: Json = {"application/json": {"schema": {"type": "object"}}}
    if operation.answer is not None:
        content = {"application/json": {"schema": {"$ref": references[operation.answer]}}}
    responses: Json = {
        str(operation.status): {
            "description": operation.text.split(". ")[0].rstrip(".") + ".",
            "content": content,
            "headers": headers,
        }
    }
    if operation.replay:
        replayed: Json = {
            "Idempotent-Replay": {"description": "true: nothing was booked by this call.", "schema": _TEXT}
        }
        responses["200"] = {
            "description": "The first answer to this key again.",
            "content": content,
            "headers": headers | replayed,
        }
    problem: Json = {"application/problem+json": {"schema": {"$ref": references[wire.Problem]}}}
    for status in sorted(operation.problems):
        responses[str(status)] = {"description": _STATUS_TEXT[status], "content": problem}
    whole: Json = {"operationId": operation.name, "summary": operation.text, "responses": responses}
    if operation.parameters:
        whole["parameters"] = [parameter.to_json() for parameter in operation.parameters]
    if operation.body is not None:
        schema: Json = {"$ref": references[operation.body]}
        whole["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return whole

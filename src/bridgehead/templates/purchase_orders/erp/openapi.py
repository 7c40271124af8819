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
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DecimalSchema

from bridgehead.templates.purchase_orders.erp import wire
from bridgehead.templates.purchase_orders.erp.examples import EXAMPLES
from bridgehead.templates.purchase_orders.erp.paging import DEFAULT_LIMIT, MOST_LIMIT

Json = dict[str, JsonValue]

_TEXT: Final[Json] = {"type": "string"}
_DATE: Final[Json] = {"type": "string", "format": "date"}
_WHOLE: Final[Json] = {"type": "integer", "minimum": 1}

SCOPES: Final[Mapping[str, str]] = {
    "master:read": "Read customers, items and prices.",
    "orders:read": "Read orders and the books.",
    "orders:write": "Book, change and cancel orders.",
}
_MASTER, _READ, _WRITE = SCOPES


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
    scope: str | None
    """What a token must allow; None is open to everybody."""
    body: type | None = None
    body_kind: str = "application/json"
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    status: int = 200
    etag: bool = False
    replay: bool = False
    paged: bool = False
    is_oauth: bool = False


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
_PAGE: Final = (
    Parameter(
        "limit",
        "query",
        f"Rows on a page; more than {MOST_LIMIT} counts as {MOST_LIMIT}.",
        schema=_WHOLE | {"default": DEFAULT_LIMIT},
    ),
    Parameter("cursor", "query", "`next` of the page before, with the same filters; left out for the first page."),
)

_STATUS_TEXT: Final[Mapping[int, str]] = {
    400: "The request cannot be read, or a parameter is unknown, repeated or missing.",
    401: "There is no token, or it is unknown, expired or revoked; nothing was done.",
    403: "The token lacks the scope; nothing was done.",
    404: "There is none of that number.",
    409: "The state of what is there forbids it; nothing was changed.",
    412: "It was changed since it was read; nothing was changed.",
    413: "The body is larger than 1,000,000 bytes.",
    415: "The body has another media type than the one that is asked for.",
    422: "A field is wrong; `field` names it. Nothing was booked.",
    428: "If-Match is missing.",
    429: "More requests than this client may send; nothing was done. Retry-After says when to come again.",
}
_BODY: Final = (400, 413, 415, 422)
_GUARD: Final[Mapping[int, tuple[str, str]]] = {
    401: ("WWW-Authenticate", "RFC 6750, section 3."),
    403: ("WWW-Authenticate", "RFC 6750, section 3; names the scope that is missing."),
    429: ("Retry-After", "Whole seconds to wait (RFC 9110, section 10.2.3)."),
}
"""What every endpoint behind a token may answer, with its header."""

OPERATIONS: Final = (
    Operation("get", "/health", "health", "Says that the service answers, and its business date.", wire.Health, None),
    Operation("get", "/openapi.json", "openapi", "Returns this document.", None, None),
    Operation(
        "post",
        "/oauth/token",
        "getToken",
        "Grants an access token (RFC 6749): by client_credentials, or by a refresh_token, which is used up by it. "
        "A refresh token comes only with the scope offline_access.",
        wire.Token,
        None,
        is_oauth=True,
    ),
    Operation(
        "post",
        "/oauth/revoke",
        "revokeToken",
        "Takes a token back (RFC 7009). Answers 200 for an unknown one too.",
        None,
        None,
        is_oauth=True,
    ),
    Operation(
        "get",
        "/customers",
        "findCustomers",
        "Returns every customer that at least one name names, or all customers where none is given; `matched_by` "
        "says which did. An address whose domain alone is on file counts as `email_domain`.",
        wire.CustomerPage,
        _MASTER,
        parameters=(
            _search("email", "An address of the sender."),
            _search("name", "The name; case, accents, spaces and punctuation do not count."),
            _search("duns", "The D-U-N-S number."),
            _search("gln", "The Global Location Number."),
            _search("vat", "The VAT identification number."),
            _search("number", "Our number of the customer."),
        ),
        problems=(400,),
        paged=True,
    ),
    Operation(
        "get",
        "/customers/{number}",
        "getCustomer",
        "Returns one customer.",
        wire.Customer,
        _MASTER,
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
        _MASTER,
        body=wire.ResolveRequest,
        problems=_BODY,
    ),
    Operation(
        "post",
        "/items/search",
        "searchItems",
        "Finds items by number, by GTIN or by their whole description (five at most by it); an item is found when any "
        "of them names it. Changes nothing.",
        wire.ItemPage,
        _MASTER,
        body=wire.ItemSearch,
        problems=_BODY,
    ),
    Operation(
        "post",
        "/parts/search",
        "searchParts",
        "Finds which items a customer means by its own part numbers; unknown ones are left out. Changes nothing.",
        wire.CustomerPartPage,
        _MASTER,
        body=wire.PartSearch,
        problems=_BODY,
    ),
    Operation("get", "/items", "listItems", "Lists all items.", wire.ItemPage, _MASTER, problems=(400,), paged=True),
    Operation(
        "get",
        "/items/{number}",
        "getItem",
        "Returns one item.",
        wire.Item,
        _MASTER,
        parameters=(_NUMBER,),
        problems=(404,),
    ),
    Operation(
        "get",
        "/prices",
        "getPrice",
        "Returns the contract price of that day, else the list price, per base unit.",
        wire.Quote,
        _MASTER,
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
        _MASTER,
        body=wire.QuoteRequest,
        problems=_BODY,
    ),
    Operation(
        "post",
        "/prices/search",
        "searchPrices",
        "Finds all prices of items for a customer on a day: every contract price that holds, youngest first, and the "
        "list price. Changes nothing.",
        wire.PricePage,
        _MASTER,
        body=wire.PriceSearch,
        problems=_BODY,
    ),
    Operation(
        "post",
        "/orders",
        "bookOrder",
        "Books an order. A second order with the same PO number is not refused.",
        wire.OrderRecord,
        _WRITE,
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
        wire.OrderRecord,
        _WRITE,
        body=wire.Booking,
        problems=_BODY,
        status=201,
    ),
    Operation(
        "get",
        "/orders",
        "findOrders",
        "Lists orders that meet every filter, oldest first, cancelled ones included. With changed_since they come in "
        "the order of their changes: one that changes while it is paged comes again, later.",
        wire.OrderPage,
        _READ,
        parameters=(
            _search("customer", "Our number of the customer."),
            _search("po_number", "The customer's PO number, exactly."),
            Parameter(
                "changed_since",
                "query",
                "A time with its zone: orders that were booked or changed then or later.",
                schema={"type": "string", "format": "date-time"},
            ),
        ),
        problems=(400,),
        paged=True,
    ),
    Operation(
        "get",
        "/orders/{number}",
        "getOrder",
        "Returns one order.",
        wire.OrderRecord,
        _READ,
        parameters=(_NUMBER,),
        problems=(404,),
        etag=True,
    ),
    Operation(
        "patch",
        "/orders/{number}",
        "changeOrder",
        "Changes the note or the requested date of an open order (merge patch, RFC 7396): what is left out stays, "
        "null takes it away.",
        wire.OrderRecord,
        _WRITE,
        body=wire.OrderChange,
        body_kind="application/merge-patch+json",
        parameters=(_NUMBER, _IF_MATCH),
        problems=(*_BODY, 404, 409, 412, 428),
        etag=True,
    ),
    Operation(
        "post",
        "/orders/{number}/cancel",
        "cancelOrder",
        "Cancels an open order.",
        wire.OrderRecord,
        _WRITE,
        parameters=(_NUMBER, _IF_MATCH),
        problems=(404, 409, 412, 428),
        etag=True,
    ),
    Operation(
        "get", "/books", "exportBooks", "Lists everything that was ever booked, in one piece.", wire.BookPage, _READ
    ),
)


_SCHEME: Final[Json] = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "refreshUrl": "/oauth/token", "scopes": dict(SCOPES)}},
}
_FORMS: Final[Mapping[str, Json]] = {
    "getToken": {
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": {"type": "string", "enum": ["client_credentials", "refresh_token"]},
            "scope": {"type": "string", "description": "Scopes with blanks between; all when left out."},
            "refresh_token": _TEXT,
            "client_id": {"type": "string", "description": "Here, or with the secret by HTTP Basic."},
            "client_secret": {"type": "string", "format": "password"},
        },
    },
    "revokeToken": {
        "type": "object",
        "required": ["token"],
        "properties": {
            "token": _TEXT,
            "token_type_hint": _TEXT,
            "client_id": _TEXT,
            "client_secret": {"type": "string", "format": "password"},
        },
    },
}


class _Decimals(GenerateJsonSchema):
    """Says of decimals that they are decimals: they travel as text."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:
        """Returns the schema of the text, with its format."""
        return {**super().decimal_schema(schema), "format": "decimal"}


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
        "servers": [{"url": "/"}],
        "security": [{"oauth2": list(SCOPES)}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"oauth2": _SCHEME}},
    }
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode()


def _schemas() -> tuple[JsonValue, dict[type, str]]:
    types = {operation.answer for operation in OPERATIONS} | {operation.body for operation in OPERATIONS}
    types |= {wire.Problem, wire.TokenRefusal}
    named = sorted((kind for kind in types if kind is not None), key=lambda kind: kind.__name__)
    keys, schema = TypeAdapter.json_schemas(
        [(kind, "serialization", TypeAdapter(kind)) for kind in named],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Decimals,
    )
    references = {kind: str(keys[kind, "serialization"]["$ref"]) for kind in named}
    defined = schema["$defs"]
    for kind, example in EXAMPLES.items():
        defined[references[kind].rpartition("/")[2]]["examples"] = [example]
    return defined, references


def _operation(operation: Operation, references: Mapping[type, str]) -> Json:
    headers: Json = {}
    if operation.etag:
        headers["ETag"] = _header("The version of what is answered.")
    if operation.paged:
        headers["Link"] = _header('The next page (RFC 8288): rel="next". Not there on the last page.')
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
        replayed: Json = {"Idempotent-Replay": _header("true: nothing was booked by this call.")}
        responses["200"] = {
            "description": "The first answer to this key again.",
            "content": content,
            "headers": headers | replayed,
        }
    responses |= _refusals(operation, references)
    whole: Json = {"operationId": operation.name, "summary": operation.text, "responses": responses}
    whole["security"] = [] if operation.scope is None else [{"oauth2": [operation.scope]}]
    parameters = (*operation.parameters, *(_PAGE if operation.paged else ()))
    if parameters:
        whole["parameters"] = [parameter.to_json() for parameter in parameters]
    if operation.body is not None:
        schema: Json = {"$ref": references[operation.body]}
        whole["requestBody"] = {"required": True, "content": {operation.body_kind: {"schema": schema}}}
    if operation.is_oauth:
        form: Json = {"application/x-www-form-urlencoded": {"schema": _FORMS[operation.name]}}
        whole["requestBody"] = {"required": True, "content": form}
    return whole


def _refusals(operation: Operation, references: Mapping[type, str]) -> Json:
    if operation.is_oauth:
        refused: Json = {"application/json": {"schema": {"$ref": references[wire.TokenRefusal]}}}
        return {
            "400": {"description": "The grant is refused (RFC 6749, section 5.2).", "content": refused},
            "401": {"description": "The client is unknown or its secret is wrong.", "content": refused},
        }
    problem: Json = {"application/problem+json": {"schema": {"$ref": references[wire.Problem]}}}
    responses: Json = {}
    for status in sorted({*operation.problems, *(_GUARD if operation.scope is not None else {})}):
        responses[str(status)] = {"description": _STATUS_TEXT[status], "content": problem}
        if status in _GUARD:
            responses[str(status)] = {
                "description": _STATUS_TEXT[status],
                "content": problem,
                "headers": {_GUARD[status][0]: _header(_GUARD[status][1])},
            }
    return responses


def _header(text: str) -> Json:
    return {"description": text, "schema": _TEXT}

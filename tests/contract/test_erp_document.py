from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from bridgehead.templates.purchase_orders.erp.examples import EXAMPLES
from bridgehead.templates.purchase_orders.erp.openapi import OPERATIONS, SCOPES, Operation, document
from tests.unit.erp import small_master

DOCUMENT: dict[str, Any] = json.loads(document())
NAMED = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def described(operation: Operation) -> dict[str, Any]:
    """Returns what the document says of one operation."""
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method]
    return found


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Returns a validator of one schema of the document, with the others at hand."""
    text = json.dumps({**schema, "components": DOCUMENT["components"]})
    return Draft202012Validator(json.loads(text))


def test_the_scheme_is_client_credentials() -> None:
    """The document names one scheme, its token endpoint and every scope that an operation asks for."""
    flow = DOCUMENT["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] in DOCUMENT["paths"]
    assert set(flow["scopes"]) == set(SCOPES) == {one.scope for one in OPERATIONS if one.scope is not None}


@NAMED
def test_each_operation_says_what_it_needs(operation: Operation) -> None:
    """An operation behind a token names its scope and the three refusals with their headers; an open one names none."""
    about = described(operation)
    refusals = {"401": "WWW-Authenticate", "403": "WWW-Authenticate", "429": "Retry-After"}
    if operation.scope is None:
        assert about["security"] == []
        assert "429" not in about["responses"]
        return
    assert about["security"] == [{"oauth2": [operation.scope]}]
    for status, header in refusals.items():
        assert header in about["responses"][status]["headers"]


@NAMED
def test_each_parameter_of_a_path_is_described(operation: Operation) -> None:
    """Each name in braces is a required path parameter, and no name is described twice."""
    parameters = [(one["in"], one["name"]) for one in described(operation).get("parameters", [])]
    assert {name for where, name in parameters if where == "path"} == set(re.findall(r"{(\w+)}", operation.path))
    assert len(parameters) == len(set(parameters))


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_each_example_is_one(kind: type) -> None:
    """Each example is accepted by its own schema in the document and by the type that the server reads and writes."""
    schema = DOCUMENT["components"]["schemas"][kind.__name__]
    assert schema["examples"] == [EXAMPLES[kind]]
    validator({"$ref": f"#/components/schemas/{kind.__name__}"}).validate(EXAMPLES[kind])
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    assert adapter.dump_python(adapter.validate_python(EXAMPLES[kind]), mode="json") == EXAMPLES[kind]


def test_numbers_and_days_have_their_formats() -> None:
    """Decimals are text of the format decimal, days are dates, moments are date-times: nothing needs guessing."""
    order = DOCUMENT["components"]["schemas"]["OrderRecord"]["properties"]
    line = DOCUMENT["components"]["schemas"]["OrderLine"]["properties"]
    formats = {
        name: about.get("format")
        for name, about in {**order, **line}.items()
        if name in {"total", "order_date", "booked_at", "changed_at", "quantity", "price", "date"}
    }
    assert formats == {
        "total": "decimal",
        "quantity": "decimal",
        "price": "decimal",
        "order_date": "date",
        "date": "date",
        "booked_at": "date-time",
        "changed_at": "date-time",
    }


def test_a_booking_of_the_tests_meets_the_document() -> None:
    """What the server accepts as a booking is what the document describes; one without a customer is neither."""
    check = validator({"$ref": "#/components/schemas/Booking"})
    check.validate(small_master.booking("PO-1"))
    assert not check.is_valid({**small_master.booking("PO-1"), "customer": ""})
    assert not check.is_valid({**small_master.booking("PO-1"), "note": "x"})

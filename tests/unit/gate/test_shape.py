"""A tool's JSON Schema decides what a rule can read, and values are held to it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bridgehead.gate.shape import DECIMAL_MAX, UnfitError, arguments_shape, decimal_text, to_cedar, unknown_path


class Line(BaseModel):
    item: str
    quantity: int
    price: Decimal
    discount: Decimal | None = None
    parts: list[Line] = []


class Order(BaseModel):
    lines: list[Line]
    rush: bool = False
    extra: dict[str, int] = {}


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_pydantic_schema_is_understood(mode: str) -> None:
    """References, optional fields, lists of models and models that hold themselves all get a shape."""
    schema = Order.model_json_schema(mode="validation" if mode == "validation" else "serialization")
    shape = arguments_shape(schema)
    lines = shape.at(("lines",))
    assert lines is not None
    assert lines.item is not None
    assert {name: field.kind for name, field in lines.item.fields.items()} == {
        "item": "string",
        "quantity": "long",
        "price": "decimal" if mode == "validation" else "string",
        "discount": "decimal" if mode == "validation" else "string",
        "parts": "opaque",
    }
    assert "discount" not in lines.item.required
    assert shape.fields["extra"].kind == "opaque"


def test_a_schema_that_refers_to_itself_ends() -> None:
    """References in a circle, to nowhere, and empty schemas give a shape in which nothing is known."""
    circle = {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}, "B": {"$ref": "#/$defs/A"}}}
    for schema in ({}, {"$ref": "#"}, {"$ref": "#/nowhere"}, {"$ref": "https://example.com"}, {"type": "object"}):
        assert unknown_path(arguments_shape(schema), {"x": 1}) == "x"
    nested = {**circle, "type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}
    assert arguments_shape(nested).fields["a"].kind == "opaque"


def test_money_is_an_object_or_a_text() -> None:
    """Amount and currency, as an object or as `12.50 EUR` with format money, are one kind."""
    shape = arguments_shape(
        {"type": "object", "properties": {"sum": {"type": "string", "format": "money"}}, "required": ["sum"]}
    )
    assert to_cedar(shape, {"sum": "12.5 EUR"}) == {"sum": {"amount": "12.5000", "currency": "EUR"}}
    for bad in ("12.5", "EUR 12.5", "12.5 eur", "12.5 EURO", "", 12.5):
        with pytest.raises(UnfitError):
            to_cedar(shape, {"sum": bad})


@given(st.decimals(-DECIMAL_MAX, DECIMAL_MAX, places=4))
def test_every_decimal_that_fits_is_exact(number: Decimal) -> None:
    """A number of at most four decimals keeps its exact value."""
    assert Decimal(decimal_text(f"{number:f}")) == number


@given(st.floats() | st.integers() | st.decimals() | st.text(alphabet="0123456789.eE+-_ ", max_size=60))
def test_a_number_is_exact_or_refused(value: float | Decimal | str) -> None:
    """No number is rounded: it keeps its value or does not fit."""
    try:
        text = decimal_text(value)
    except UnfitError:
        return
    assert Decimal(text) == Decimal(repr(value) if isinstance(value, float) else value)
    assert len(text.partition(".")[2]) == 4


def test_a_long_tail_of_decimals_is_not_rounded_away() -> None:
    """A digit far behind the point is seen, although common decimal arithmetic would round it off."""
    for text in ("1." + "0" * 39 + "1", "1.00005", "0.00001"):
        with pytest.raises(UnfitError):
            decimal_text(text)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 1.5, True, "1", [1]])
def test_a_whole_number_is_one(value: object) -> None:
    """What is no whole number of 64 bits is refused; 3.0 is one."""
    shape = arguments_shape({"type": "object", "properties": {"n": {"type": "integer"}}})
    with pytest.raises(UnfitError):
        to_cedar(shape, {"n": value})  # type: ignore[dict-item]  # the point of the test
    assert to_cedar(shape, {"n": 3.0}) == {"n": 3}

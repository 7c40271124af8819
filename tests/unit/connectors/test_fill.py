"""Templates say to a system exactly what the arguments are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bridgehead.connectors.fill import as_text, fill, fill_text, mistake_in, names_in, plain
from bridgehead.errors import Failed
from bridgehead.money import Money


class State(Enum):
    OPEN = "open"


class Line(BaseModel):
    item: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    city: str


VALUES: Final[Mapping[str, object]] = {
    "customer": "K-17",
    "total": Decimal("1250.5"),
    "day": date(2026, 3, 1),
    "at": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "yes": True,
    "no": False,
    "zero": 0,
    "empty": "",
    "none": None,
    "nothing": [],
    "state": State.OPEN,
    "price": Money(Decimal("12.50"), "EUR"),
    "place": Place("Hagen"),
    "codes": ["a", "b"],
    "lines": [Line(item="A", quantity=Decimal("2.0")), Line(item="B", quantity=Decimal(3))],
}


@pytest.mark.parametrize(
    "template, text",
    [
        ("/orders/{customer}", "/orders/K-17"),
        ("{total|comma}", "1250,5"),
        ("{total|0.00}", "1250.50"),
        ("{total|0.00|comma}", "1250,50"),
        ("{day|%d.%m.%Y}", "01.03.2026"),
        ("{at}", "2026-03-01T09:00:00+00:00"),
        ("{at|zone:Europe/Berlin|%H:%M}", "10:00"),
        ("{yes}{no}", "truefalse"),
        ("{zero|pad:5}", "00000"),
        ("{customer|width:6}|", "K-17  |"),
        ("{customer|lower}", "k-17"),
        ("{{{customer}}}", "{K-17}"),
        ("{state}", "open"),
        ("{price} {price.currency}", "12.50 EUR"),
        ("{place.city}", "Hagen"),
        ("{codes}", "a,b"),
        ("{codes.1}", "b"),
        ("{lines.0.item}", "A"),
        ("a{empty}b", "ab"),
        ("{none|or:-}", "-"),
        ("{missing|or:}", ""),
        ("{customer|or:x}", "K-17"),
        ("{customer|base64}", "Sy0xNw=="),
        ("{codes|json}", '["a", "b"]'),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_text_is_filled(template: str, text: str) -> None:
    """Arguments stand in a text by their value or by the format that is asked for."""
    assert fill_text(template, VALUES) == text


@pytest.mark.parametrize(
    "template", ["{missing}", "{none}", "a {missing} b", "{place.street}", "{lines.9.item}", "{missing|pad:5}"]
)
def test_a_text_with_an_absent_argument_is_left_out(template: str) -> None:
    """A text that asks for what was not given is no text, not one with a gap."""
    assert fill_text(template, VALUES) is None


@pytest.mark.parametrize(
    "template, found",
    [
        ("{total}", "1250.5"),
        ("{total|number}", 1250.5),
        ("{zero}", 0),
        ("{yes}", True),
        ("{none}", None),
        ("{missing}", None),
        ("{codes}", ["a", "b"]),
        ("{place}", {"city": "Hagen"}),
        ("{lines.0}", {"item": "A", "quantity": "2.0"}),
        ({"a": "{missing}", "b": "{zero}", "c": "{empty}", "d": None}, {"b": 0, "c": "", "d": None}),
        (["{missing}", "{zero}"], [None, 0]),
        (5, 5),
        (True, True),
        (
            {"each": "lines", "do": {"sku": "{item.item}", "no": "{number}", "by": "{customer}"}},
            [{"sku": "A", "no": 1, "by": "K-17"}, {"sku": "B", "no": 2, "by": "K-17"}],
        ),
        ({"each": "missing", "do": "{item}"}, []),
        ({"each": "nothing", "do": "{item}"}, []),
        ({"a": {"when": "zero", "do": "x"}}, {"a": "x"}),
        ({"a": {"when": "no", "do": "x"}}, {"a": "x"}),
        ({"a": {"when": "empty", "do": "x"}}, {"a": "x"}),
        ({"a": {"when": "nothing", "do": "x"}}, {"a": "x"}),
        ({"a": {"when": "none", "do": "x"}}, {}),
        ({"a": {"when": "missing", "do": "x"}}, {}),
        ({"each": "a", "other": "b"}, {"each": "a", "other": "b"}),
    ],
)
def test_json_is_filled(template: object, found: object) -> None:
    """A lone brace keeps its type; what is absent falls out; lists repeat; `when` asks whether it is given."""
    assert fill(template, VALUES) == found


@pytest.mark.parametrize(
    "template",
    [
        {"each": "customer", "do": "{item}"},
        {"each": "place", "do": "x"},
        "{customer|0.00}",
        "{customer|number}",
        "{day|pad:x}",
        "{customer|%d}",
        "{total|unknown}",
        "{at|zone:Nowhere/Land}",
        "{day|zone:Europe/Berlin}",
        "{customer|comma|0.0}",
    ],
)
def test_what_cannot_be_written_is_refused_before_it_is_sent(template: object) -> None:
    """A value that a format does not take is bad input, and the system surely did nothing."""
    with pytest.raises(Failed) as caught:
        fill(template, VALUES)
    assert (caught.value.error_class, caught.value.applied) == ("invalid_input", False)


@pytest.mark.parametrize(
    "text, says",
    [
        ("{customer", "without its other half"),
        ("customer}", "without its other half"),
        ("{}", "without its other half"),
        ("{ }", "no argument"),
        ("{a|nope}", "unknown format nope"),
        ("{a|pad:x}", "unknown format"),
        ("{a|pad:9999999}", "unknown format"),
        ("{a|zone:Nowhere/Land}", "unknown format"),
        ("{a|upper:2}", "unknown format"),
    ],
)
def test_mistakes_in_templates_are_found(text: str, says: str) -> None:
    """Braces without a half, braces without a name and unknown formats are told before anything is sent."""
    assert says in (mistake_in(text) or "")


@pytest.mark.parametrize(
    "text", ["{a}", "{{", "}}", "{a|pad:10|upper}", "{a|%d.%m.%Y %H:%M}", "{a|or:x:y}", "x", "{a.b.0|0.000}"]
)
def test_right_templates_have_no_mistake(text: str) -> None:
    """Every form that the page names is right."""
    assert mistake_in(text) is None


def test_the_names_of_a_template() -> None:
    """What a template asks for is known without filling it."""
    body = {
        "a": "{x.y|comma} {z}",
        "b": {"each": "lines", "do": ["{item.q}", "{{no}}"]},
        "c": {"when": "w", "do": "{v}"},
    }
    assert names_in(body) == {"x.y", "z", "lines", "item.q", "w", "v"}


def test_values_as_a_system_is_told_them() -> None:
    """Decimals are plain, dates ISO 8601, choices their value; nothing is in scientific form."""
    assert as_text(Decimal("1E+3")) == "1000"
    assert as_text(State.OPEN) == "open"
    assert plain({"a": State.OPEN, "b": (Decimal("1.10"), None), "c": VALUES["price"]}) == {
        "a": "open",
        "b": ["1.10", None],
        "c": "12.50",
    }


@given(st.text(max_size=40), st.text(max_size=5))
def test_no_text_breaks_a_template(template: str, value: str) -> None:
    """Whatever stands in a template, it is filled, left out or refused as bad input."""
    classes = set()
    for call in (fill_text, fill):
        try:
            call(template, {"a": value})
        except Failed as error:
            classes.add(error.error_class)
    assert classes <= {"invalid_input"}


@pytest.mark.parametrize(
    "text, written",
    [("O'Neil", r"O\'Neil"), ('say "x"', r"say \"x\""), ("a\\", r"a\\"), (r"\'", r"\\\'"), ("plain", "plain")],
)
def test_an_escaped_value_cannot_end_the_quotes_around_it(text: str, written: str) -> None:
    """Quotes and backslashes get a backslash before them, so that a value stays inside a query's text."""
    assert fill_text("Name = '{name|escaped}'", {"name": text}) == f"Name = '{written}'"


def test_a_line_break_stands_in_no_query_text() -> None:
    """A control character is refused where a value is put between quotes."""
    with pytest.raises(Failed):
        fill_text("'{name|escaped}'", {"name": "a\nb"})

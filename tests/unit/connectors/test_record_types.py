"""Records of connectors have types of their own and go through the journal's JSON unchanged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import EntityPart
from bridgehead.connectors.mapping import Mapper
from bridgehead.connectors.record_types import record_type, record_types
from bridgehead.connectors.shapes import parameters
from bridgehead.errors import Failed, UserError
from bridgehead.money import Money

FIELDS: Final[Mapping[str, object]] = {
    "number": {"type": "code", "lstrip": "0"},
    "note": {"optional": True, "label": "personal"},
    "count": {"type": "integer", "optional": True},
    "share": {"type": "decimal", "decimal": "comma", "optional": True},
    "total": {"type": "money", "currency": "cur"},
    "price": {"type": "price", "currency": "EUR", "per": "100", "optional": True},
    "weight": {"type": "measure", "unit": "g", "to": "kg", "optional": True},
    "ordered": {"type": "date", "format": ["%d%m%Y", "%d%m%y"], "pivot": 49, "none": "00000000"},
    "cut_off": {"type": "time", "optional": True},
    "changed": {"type": "datetime", "zone": "Europe/Berlin", "optional": True},
    "blocked": {"type": "boolean", "true": "J", "false": ["N", " "]},
    "state": {"type": "enum", "values": {"E": "entered", "S": "cancelled"}},
    "extra": {"type": "json", "optional": True},
    "tags": {"type": "list", "split": ";", "optional": True},
    "ship_to": {"type": "object", "optional": True, "fields": {"city": "town"}},
    "lines": {"type": "list", "fields": {"item": "sku", "amount": {"type": "money", "currency": "^.cur"}}},
}
ENTITY: Final = EntityPart.model_validate({"key": "number", "fields": FIELDS, "reads": {"get": {}}})
MAPPER: Final = Mapper("open_order", ENTITY, connector="erp")
RECORD: Final = record_type("open_order", ENTITY)
RAW: Final[Mapping[str, object]] = {
    "number": "00010042",
    "note": "n",
    "count": 2,
    "share": "1.250,5",
    "total": "12.50",
    "cur": "EUR",
    "price": 9,
    "weight": "1500",
    "ordered": "310326",
    "cut_off": "09:30",
    "changed": "2026-03-31T09:00:00",
    "blocked": "N",
    "state": "S",
    "extra": {"a": [1, None]},
    "tags": "a;b",
    "ship_to": {"town": "Hagen"},
    "lines": [{"sku": "A", "amount": 1}],
}


def test_a_record_has_typed_fields() -> None:
    """Every kind of field arrives as its own Python type, under the entity's name in CamelCase."""
    record = RECORD.model_validate(MAPPER.record(RAW, row=1))
    assert RECORD.__name__ == "OpenOrder"
    found = {name: getattr(record, name) for name in FIELDS if name not in {"ship_to", "lines"}}
    assert found == {
        "number": "10042",
        "note": "n",
        "count": 2,
        "share": Decimal("1250.5"),
        "total": Money.parse("12.50 EUR"),
        "price": Money.parse("0.09 EUR"),
        "weight": Decimal("1.5"),
        "ordered": date(2026, 3, 31),
        "cut_off": time(9, 30),
        "changed": datetime(2026, 3, 31, 7, tzinfo=UTC),
        "blocked": False,
        "state": "cancelled",
        "extra": {"a": [1, None]},
        "tags": ["a", "b"],
    }
    assert record.model_dump(mode="json")["lines"] == [{"item": "A", "amount": {"amount": "1", "currency": "EUR"}}]


TEXTS: Final = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
JSON_VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
AMOUNTS: Final = st.decimals(-(10**12), 10**12, places=4)
GOOD: Final = st.fixed_dictionaries(
    {
        "number": st.from_regex(r"[1-9A-Z]{1,8}", fullmatch=True),
        "total": AMOUNTS | st.integers(-(10**18), 10**18) | st.floats(-1e12, 1e12),
        "cur": st.sampled_from(["EUR", "usd"]),
        "ordered": st.dates(date(1950, 1, 1), date(2049, 12, 31)).map(lambda day: day.strftime("%d%m%y")),
        "blocked": st.sampled_from(["J", "N", " ", True]),
        "state": st.sampled_from(["E", "S"]),
        "lines": st.lists(st.fixed_dictionaries({"sku": st.just("A"), "amount": AMOUNTS}), max_size=3),
    },
    optional={
        "note": TEXTS,
        "count": st.integers(-(10**18), 10**18),
        "share": AMOUNTS,
        "price": AMOUNTS,
        "weight": AMOUNTS,
        "changed": st.datetimes(datetime(1970, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  bounds
        "cut_off": st.times(),
        "extra": JSON_VALUES,
        "tags": TEXTS,
        "ship_to": st.fixed_dictionaries({"town": st.just("Hagen")}) | st.none(),
    },
)


@given(GOOD)
def test_records_survive_the_journal(raw: Mapping[str, object]) -> None:
    """A record that was dumped to JSON text and read again is equal to the one that was read first."""
    record = RECORD.model_validate(MAPPER.record(raw, row=1))
    text = json.dumps(record.model_dump(mode="json"), allow_nan=False)
    assert RECORD.model_validate(json.loads(text)) == record


ANYTHING: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.binary(max_size=10)
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
    | st.sampled_from(
        ["0", "1,234", "-", "\0", "\ud800", "x" * 10_000, "31.03.2026", "2026-03-29T02:30:00", "E", "NaN"]
    )
    | st.sampled_from([Decimal("sNaN"), Decimal("1E+99999"), b"\xff", object()])
    | st.builds(lambda: 10**5_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


def mapped(raw: Mapping[str, object]) -> dict[str, object] | Failed:
    try:
        return MAPPER.record(raw, row=1)
    except Failed as error:
        return error


@given(st.sampled_from(sorted(FIELDS)), ANYTHING, ANYTHING)
def test_nothing_that_is_sent_breaks_the_mapper(field: str, value: object, currency: object) -> None:
    """Whatever a system sends, a record is typed values or one failure of the output."""
    found = mapped({**RAW, field: value, "cur": currency})
    if isinstance(found, Failed):
        assert (found.error_class, found.attributes["row"]) == ("invalid_output", 1)
    else:
        record = RECORD.model_validate(found)
        assert RECORD.model_validate(json.loads(json.dumps(record.model_dump(mode="json"), allow_nan=False))) == record


def test_a_record_is_closed_and_frozen() -> None:
    """A field that the entity does not have is refused, and no field can be changed."""
    record = RECORD.model_validate(MAPPER.record(RAW, row=1))
    with pytest.raises(ValidationError, match="Extra inputs"):
        RECORD.model_validate({**record.model_dump(), "other": 1})
    with pytest.raises(ValidationError, match="frozen"):
        record.number = "1"  # type: ignore[attr-defined]  # made at run time


def test_the_json_schema_is_readable() -> None:
    """The schema names the nested types after entity and field, and says units and labels."""
    schema = RECORD.model_json_schema(mode="serialization")
    assert set(schema["$defs"]) - {"JsonValue"} == {"Money", "OpenOrderLines", "OpenOrderShipTo"}
    assert schema["properties"]["weight"]["description"] == "in kg"
    assert schema["properties"]["note"]["description"] == "personal"
    assert schema["properties"]["state"]["enum"] == ["entered", "cancelled"]
    assert "null" not in json.dumps(schema["properties"]["total"])


def specification(**parts: object) -> Specification:
    return Specification.model_validate({"connector": "erp", "kind": "http", "connection": {"url": "env:URL"}, **parts})


def test_a_field_filled_by_another_read_has_its_type() -> None:
    """A field with `read:` holds the other entity's record, or a list of them; a result of its own has a type too."""
    spec = specification(
        entities={
            "order": {
                "key": "n",
                "fields": {"n": "n", "owner": {"read": "get_owner"}, "lines": {"read": "get_lines"}},
                "reads": {"get_order": {}},
            },
            "owner": {"key": "n", "fields": {"n": "n"}, "reads": {"get_owner": {"one": True}}},
            "line": {"key": "n", "fields": {"n": "n"}, "reads": {"get_lines": {}}},
        },
        actions={"close": {"effect": "irreversible", "params": {}, "result": {"fields": {"done_at": "at"}}}},
    )
    types = record_types(spec)
    assert set(types) == {"order", "owner", "line", "close result"}
    assert types["order"].model_fields["owner"].annotation is types["owner"]
    assert types["order"].model_fields["lines"].annotation.__args__ == (types["line"],)  # type: ignore[union-attr]  # a list
    assert types["close result"].__name__ == "CloseResult"


def test_entities_that_fill_each_other_are_refused() -> None:
    """Records that would hold each other without end are an error that names the way round."""
    entity = {"key": "n", "reads": {"get_a": {}}, "fields": {"n": "n", "b": {"read": "get_b"}}}
    other = {"key": "n", "reads": {"get_b": {}}, "fields": {"n": "n", "a": {"read": "get_a"}}}
    with pytest.raises(UserError, match="a → b → a"):
        record_types(specification(entities={"a": entity, "b": other}))


def test_parameters_are_typed_by_words() -> None:
    """Type words, objects, lists and what may be left out become a typed signature."""
    shape = {
        "customer": "code",
        "since": "datetime?",
        "total": "money",
        "lines": [{"item": "code", "quantity": "decimal"}],
    }
    found = {one.name: one for one in parameters(shape, owner="erp_book")}
    assert [one.kind for one in found.values()] == [one.KEYWORD_ONLY for one in found.values()]
    assert found["since"].default is None
    assert found["customer"].default is found["customer"].empty
    line = found["lines"].annotation.__args__[0]
    assert issubclass(line, BaseModel)
    assert line.__name__ == "ErpBookLines"
    assert line.model_validate({"item": " A ", "quantity": "2.50"}).model_dump() == {
        "item": "A",
        "quantity": Decimal("2.50"),
    }


@pytest.mark.parametrize("form", ["number", {}, [], ["code", "code"], 5, {"a": "codes"}, [[]]])
def test_what_is_no_form_of_an_argument_is_refused(form: object) -> None:
    """A word that is no type, an empty mapping and a list of several are errors."""
    with pytest.raises(UserError, match="no type of an argument"):
        parameters({"a": form}, owner="erp")

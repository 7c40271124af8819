"""What stands for a field: the part of a text that fits, another place, a constant, the entries that count."""

from __future__ import annotations

from typing import Any

import pytest

from bridgehead.connectors.document_entity import EntityPart
from bridgehead.connectors.mapping import Mapper
from bridgehead.errors import Failed


def read(field: dict[str, Any], sent: dict[str, Any]) -> object:
    """Returns what one field makes of what was sent."""
    part = EntityPart.model_validate({"key": "f", "fields": {"f": field}, "reads": {"some": {}}})
    return Mapper("thing", part).record(sent, row=1)["f"]


@pytest.mark.parametrize(
    "field,sent,value",
    [
        ({"from": "t", "match": "^Tier (.)$"}, "Tier A", "A"),
        ({"from": "t", "match": r"\d+"}, "box of 12, sealed", "12"),
        ({"from": "t", "match": r"^\d{9}$"}, ["IT65743964769", "689320867", "123456789"], "689320867"),
        ({"from": "t", "match": "^x$", "optional": True}, ["a", None, {"b": 1}], None),
        ({"from": "t", "type": "integer", "match": r"(\d+) days"}, "within 14 days", 14),
        ({"from": "t", "type": "list", "match": "@(.+)$"}, ["a@x.example", "phone", "b@x.example"], ["x.example"]),
        ({"from": "t", "match": "^x$", "else": {"value": "none of it"}}, "y", "none of it"),
    ],
)
def test_the_part_that_fits_counts(field: dict[str, Any], sent: object, value: object) -> None:
    """Of a text its part, of a list the first entry that fits; what does not fit is none, never something else."""
    assert read(field, {"t": sent}) == value


def test_what_does_not_fit_and_may_not_be_missing_is_an_error() -> None:
    """A needed field whose pattern fits nothing is named with what stands there."""
    with pytest.raises(Failed) as failed:
        read({"from": "t", "match": "^Tier (.)$"}, {"t": "Gold"})
    assert failed.value.attributes["field"] == "f"


@pytest.mark.parametrize(
    "sent,value",
    [
        ({"a": "2026-11-02"}, "2026-11-02"),
        ({"b": "2026-11-03"}, "2026-11-03"),
        ({"a": None}, "1970-01-01"),
        ({}, "1970-01-01"),
    ],
)
def test_another_place_stands_in(sent: dict[str, Any], value: str) -> None:
    """`else` is read with the field's own type, one after the other, only where nothing stands before."""
    field = {"from": "a", "type": "date", "else": {"from": "b", "else": {"value": "1970-01-01"}}}
    assert str(read(field, sent)) == value


def test_a_value_that_does_not_fit_is_no_reason_for_another_place() -> None:
    """`else` stands in for nothing, not for something wrong."""
    with pytest.raises(Failed):
        read({"from": "a", "type": "date", "else": {"value": "1970-01-01"}}, {"a": "soon"})


def test_only_the_entries_that_count_are_read() -> None:
    """Entries of a list that do not count are not even looked at."""
    field = {
        "from": "l",
        "type": "list",
        "only": {"kind": ["line", "extra"], "on": True},
        "fields": {"n": {"type": "integer"}},
    }
    entries = [
        {"kind": "line", "on": True, "n": 1}, {"kind": "line", "on": False, "n": "?"},
        {"kind": "comment", "on": True}, {"kind": "extra", "on": True, "n": 3},
    ]  # fmt: skip
    found: Any = read(field, {"l": entries})
    assert [one["n"] for one in found] == [1, 3]


def test_an_object_is_read_as_a_list() -> None:
    """The entries of an object whose names fit are records of `key` and `value`."""
    field = {"from": "o", "type": "list", "pairs": "^per_(.+)$", "fields": {"key": {}, "value": {"type": "decimal"}}}
    found: Any = read(field, {"o": {"per_BX": 12, "colour": "red", "per_CT": "120"}})
    assert [(one["key"], str(one["value"])) for one in found] == [("BX", "12"), ("CT", "120")]


def test_a_number_counts_in_other_units() -> None:
    """`per` makes whole days of seconds, and refuses what is no whole number of them."""
    assert read({"from": "s", "type": "integer", "per": "86400"}, {"s": 1209600.0}) == 14
    with pytest.raises(Failed):
        read({"from": "s", "type": "integer", "per": "86400"}, {"s": 1000})


@pytest.mark.parametrize("encoding", ["cp1252>utf-8", "cp1252>utf-8?"])
def test_each_of_several_texts_is_repaired_by_itself(encoding: str) -> None:
    """A damaged text that is joined to others is repaired before; `?` leaves one that was right already."""
    field = {"from": ["a", "b"], "encoding": encoding}
    right = "Grün" if encoding.endswith("?") else "plain"
    assert read(field, {"a": "GÃ¼te 8", "b": right}) == f"Güte 8 {right}"
    assert read({"from": ["a", "b"], "encoding": "cp850"}, {"a": b"G\x81te", "b": b"\x81"}) == "Güte ü"


@pytest.mark.parametrize(
    "field, sent, value",
    [
        ({"type": "decimal", "per": "PE"}, {"PE": 1000}, "0.5"),
        ({"type": "integer", "per": "PE", "values": {"": 1, "H": 100}}, {"PE": " H"}, "5"),
        ({"type": "integer", "per": "PE", "values": {"": 1, "H": 100}}, {"PE": ""}, "500"),
    ],
)
def test_a_number_may_count_what_another_field_says(field: dict[str, Any], sent: dict[str, Any], value: str) -> None:
    """`per` of a number is a number, or a path to one or to its code."""
    assert str(read({"from": "n", **field}, {"n": "500", **sent})) == value


@pytest.mark.parametrize("per", [None, "T", "0"])
def test_a_number_of_unknown_many_is_refused(per: str | None) -> None:
    """A code that is not listed, nothing at all and zero make no number."""
    with pytest.raises(Failed):
        read({"from": "n", "type": "decimal", "per": "PE", "values": {"H": 100}}, {"n": 1, "PE": per})


def test_truth_values_are_joined_as_words() -> None:
    """Two truth values make one word of an enumeration."""
    field = {"from": ["a", "b"], "type": "enum", "values": {"true": "on", "true false": "half"}}
    assert (read(field, {"a": True}), read(field, {"a": True, "b": False})) == ("on", "half")

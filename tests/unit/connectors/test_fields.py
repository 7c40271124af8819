"""What foreign systems send becomes what it surely means, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import pytest

from bridgehead.connectors.document_entity import EntityPart
from bridgehead.connectors.mapping import Mapper
from bridgehead.errors import Failed
from bridgehead.money import Money


def mapper(fields: Mapping[str, object]) -> Mapper:
    entity = EntityPart.model_validate({"key": next(iter(fields)), "fields": fields, "reads": {"read": {}}})
    return Mapper("order", entity, connector="erp")


def read(field: object, value: object, **beside: object) -> object:
    """Returns what one field makes of one value, which stands at ``x``; ``beside`` stands next to it."""
    part = {"from": "x", **field} if isinstance(field, Mapping) else field
    return mapper({"it": part}).record({"x": value, **beside}, row=1)["it"]


def refused(field: object, value: object, **beside: object) -> Failed:
    with pytest.raises(Failed) as caught:
        read(field, value, **beside)
    assert caught.value.error_class == "invalid_output"
    return caught.value


COMMA: Final = {"type": "decimal", "decimal": "comma"}
POINT: Final = {"type": "decimal", "decimal": "point"}
PLAIN: Final = {"type": "decimal"}
BEHIND: Final = {"type": "decimal", "decimal": "comma", "sign": "trailing"}


@pytest.mark.parametrize(
    "field, value, number",
    [
        (PLAIN, "12.50", "12.50"),
        (PLAIN, "-3", "-3"),
        (PLAIN, "+3", "3"),
        (PLAIN, " 7 ", "7"),
        (PLAIN, ".50", "0.50"),
        (PLAIN, 12, "12"),
        (PLAIN, 0.1, "0.1"),
        (PLAIN, 1e16, "1E+16"),
        (PLAIN, Decimal("1.10"), "1.10"),
        (PLAIN, "007", "7"),
        (PLAIN, "-0", "0"),
        (PLAIN, -0.0, "0.0"),
        (PLAIN, "\u221212", "-12"),
        (PLAIN, "1,234.50", "1234.50"),
        (PLAIN, "1,234,567", "1234567"),
        (POINT, "1,234", "1234"),
        (PLAIN, "1 234 567.5", "1234567.5"),
        (PLAIN, "1'234.5", "1234.5"),
        (PLAIN, "1\u202f234.5", "1234.5"),
        (COMMA, "1.250,50", "1250.50"),
        (COMMA, "1.234", "1234"),
        (COMMA, "12,5", "12.5"),
        (COMMA, ",5", "0.5"),
        (BEHIND, "1.250,50-", "-1250.50"),
        (BEHIND, "12+", "12"),
        (BEHIND, "12 ", "12"),
        (BEHIND, "-12", "-12"),
        ({**PLAIN, "scale": 2}, "12345", "123.45"),
        ({**PLAIN, "scale": 3}, 2500, "2.500"),
        ({**PLAIN, "scale": 2}, "-5", "-0.05"),
        ({**PLAIN, "scale": 2}, Decimal("12550.00"), "125.5000"),
    ],
)
def test_numbers_are_exact(field: Mapping[str, object], value: object, number: str) -> None:
    """A number means what its field says of its decimal sign, its sign and its implied decimals."""
    found = read(field, value)
    assert isinstance(found, Decimal)
    assert (found, str(found)[:1]) == (Decimal(number), number[:1])


@pytest.mark.parametrize(
    "field, value, expected",
    [
        (PLAIN, "1,234", "means one thing"),
        (PLAIN, "12,50", "a number"),
        (PLAIN, "1,23,456.0", "a number"),
        (PLAIN, "0,500.5", "a number"),
        (PLAIN, "12-", "a number"),
        (BEHIND, "-12-", "a number"),
        (PLAIN, "1e5", "a number"),
        (PLAIN, "NaN", "a number"),
        (PLAIN, "inf", "a number"),
        (PLAIN, float("nan"), "finite"),
        (PLAIN, float("inf"), "finite"),
        (PLAIN, Decimal("NaN"), "finite"),
        (PLAIN, True, "a number"),
        (PLAIN, [1], "a number"),
        (PLAIN, {"a": 1}, "a number"),
        (PLAIN, "1_000", "a number"),
        (PLAIN, "\u0661", "a number"),
        (PLAIN, "9" * 10_000, "a number"),
        (PLAIN, Decimal("1E+999999"), "40 digits"),
        (COMMA, "1.23", "a number"),
        (COMMA, "1,234.5", "a number"),
        (PLAIN, "0x10", "a number"),
        (PLAIN, "12 EUR", "a number"),
        (PLAIN, "", "a decimal"),
        (PLAIN, None, "a decimal"),
        ({**PLAIN, "scale": 2}, "1.5", "whole"),
        ({"type": "integer"}, "1.5", "whole"),
        ({"type": "integer"}, 1.5, "whole"),
        (PLAIN, "1 2345", "a number"),
    ],
)
def test_a_doubtful_number_is_refused(field: Mapping[str, object], value: object, expected: str) -> None:
    """What may mean two numbers, or none, is an error that says what was expected."""
    assert f"expected {expected}" in refused(field, value).message or expected in refused(field, value).message


def test_whole_numbers() -> None:
    """An integer is one however the system writes it."""
    assert [read({"type": "integer"}, one) for one in ("12", 12, 12.0, Decimal("12.00"), "1,000,000")] == [
        12,
        12,
        12,
        12,
        1_000_000,
    ]


@pytest.mark.parametrize(
    "field, value, beside, amount",
    [
        ({"type": "money", "currency": "EUR"}, "12.50", {}, "12.50 EUR"),
        ({"type": "money", "currency": "cur"}, 5, {"cur": " chf "}, "5 CHF"),
        ({"type": "money", "currency": "@.CUR"}, 5, {"CUR": "USD"}, "5 USD"),
        ({"type": "money", "currency": "a.b"}, 5, {"a": {"b": "USD"}}, "5 USD"),
        ({"type": "price", "currency": "EUR", "per": "100"}, "12.5", {}, "0.125 EUR"),
        ({"type": "price", "currency": "EUR", "per": "pe"}, "12.5", {"pe": 1000}, "0.0125 EUR"),
        ({"type": "price", "currency": "EUR", "per": "pe", "values": {"": "1", "H": "100"}}, "9", {"pe": " "}, "9 EUR"),
        (
            {"type": "price", "currency": "EUR", "per": "pe", "values": {"": "1", "H": "100"}},
            "9",
            {"pe": "H"},
            "0.09 EUR",
        ),
    ],
)
def test_money_carries_its_currency(
    field: Mapping[str, object], value: object, beside: Mapping[str, object], amount: str
) -> None:
    """An amount is exact and has the currency that stands in the file or beside it; a price is for one."""
    assert read(field, value, **beside) == Money.parse(amount)


def test_an_amount_names_the_currency_that_is_missing() -> None:
    """Of an amount without its currency the place of the currency is told, not the amount's."""
    error = refused({"type": "money", "currency": "cur"}, "5", cur="EURO")
    assert (error.attributes["path"], error.attributes["value"]) == ("cur", "'EURO'")
    assert refused({"type": "money", "currency": "cur"}, "5").attributes["path"] == "cur"


@pytest.mark.parametrize("per, value", [("3", "10"), ("0", "10"), ("pe", "10")])
def test_a_price_without_an_exact_price_for_one_is_refused(per: str, value: str) -> None:
    """Nothing is rounded on the way to the price of one."""
    assert "price" in refused({"type": "price", "currency": "EUR", "per": per}, value).message


@pytest.mark.parametrize(
    "field, value, found",
    [
        ("x", "  Hagen ", "Hagen"),
        ("x", 4711, "4711"),
        ("x", 4711.0, "4711"),
        ("x", 1.5, "1.5"),
        ("x", Decimal("1.50"), "1.50"),
        ("x", b"M\xc3\xbcller", "Müller"),
        ("x", date(2026, 3, 1), "2026-03-01"),
        ({"encoding": "cp850"}, b"M\x81ller", "Müller"),
        ({"encoding": "cp1252>utf-8"}, "MÃ¼ller", "Müller"),
        ({"encoding": "cp1252>utf-8?"}, "Müller", "Müller"),
        ({"encoding": "cp1252>utf-8"}, "Miller", "Miller"),
        ({"type": "code", "lstrip": "0"}, "00010042  ", "10042"),
        ({"type": "code", "lstrip": "0"}, "0000", "0"),
        ({"strip": "*"}, " **A** ", "A"),
        ({"strip": "\0"}, "A\0\0", "A"),
        ({"from": ["x", "y"], "join": "-"}, "26", "26-7"),
        ({"optional": "true"}, "   ", None),
        ({"optional": "true"}, None, None),
        ({"none": "-"}, " - ", None),
        ({"type": "integer", "none": "0"}, 0, None),
        ({"optional": True}, "x" * 10_000, "x" * 10_000),
    ],
)
def test_texts_are_trimmed_and_repaired(field: object, value: object, found: object) -> None:
    """A text is decoded, repaired, trimmed and absent where the system says so."""
    assert read(field, value, y="7") == found


@pytest.mark.parametrize(
    "field, value, expected",
    [
        ("x", ["a"], "a text"),
        ("x", {"a": 1}, "a text"),
        ("x", True, "a text"),
        ("x", "a\0b", "NUL"),
        ("x", "\ud800", "half characters"),
        ("x", b"\xff", "utf-8"),
        ({"encoding": "cp1252>utf-8"}, "Müller", "utf-8"),
        ({"type": "code"}, "x" * 501, "500 characters"),
        ("x", "", "a text"),
        ({"type": "code"}, None, "a code"),
        ("x", float("nan"), "a text"),
    ],
)
def test_what_is_no_text_is_refused(field: object, value: object, expected: str) -> None:
    """A value of another kind, half characters, NUL and nothing at all are errors."""
    assert expected in refused(field, value).message


DAY: Final = {"type": "date"}
GERMAN: Final = {"type": "date", "format": ["%d%m%Y", "%d%m%y"], "pivot": 49, "none": "00000000"}


@pytest.mark.parametrize(
    "field, value, found",
    [
        (DAY, "2026-03-31", date(2026, 3, 31)),
        (DAY, date(2026, 3, 31), date(2026, 3, 31)),
        (DAY, datetime(2026, 3, 31), date(2026, 3, 31)),  # noqa: DTZ001  as drivers give it
        (GERMAN, "31032026", date(2026, 3, 31)),
        (GERMAN, "310326  ", date(2026, 3, 31)),
        (GERMAN, "310398", date(1998, 3, 31)),
        (GERMAN, "00000000", None),
        (GERMAN, "310349", date(2049, 3, 31)),
        (GERMAN, "310350", date(1950, 3, 31)),
        (GERMAN, 1032026, date(2026, 3, 1)),
        ({**DAY, "format": "%d.%m.%Y"}, "1.3.2026", date(2026, 3, 1)),
        ({**DAY, "format": "%Y%m%d"}, 20260331, date(2026, 3, 31)),
        ({"type": "time"}, "09:30", time(9, 30)),
        ({"type": "time"}, timedelta(hours=9, minutes=30), time(9, 30)),
        ({"type": "time", "format": "%H%M%S"}, 93000, time(9, 30)),
        ({"type": "time"}, time(9), time(9)),
    ],
)
def test_dates_and_times_of_day(field: Mapping[str, object], value: object, found: object) -> None:
    """Dates come in several forms, with two-digit years by the pivot, as numbers, and as what stands for none."""
    assert read(field, value) == found


@pytest.mark.parametrize(
    "field, value",
    [
        (DAY, "31.03.2026"),
        (DAY, "20260331"),
        (DAY, "2026-02-30"),
        (DAY, "2026-W01-1"),
        (DAY, 20260331),
        (DAY, True),
        (DAY, datetime(2026, 3, 31, 9, 0)),  # noqa: DTZ001  as drivers give it
        (GERMAN, "3198"),
        (GERMAN, "3103"),
        (GERMAN, "99999999"),
        (GERMAN, "x" * 10_000),
        ({"type": "time"}, timedelta(days=2)),
        ({"type": "time"}, "25:00"),
        ({"type": "time", "format": "%H%M%S"}, "1230"),
        ({**DAY, "format": "%Y%m%d"}, 2026.5),
        ({**DAY, "format": "%Y%m%d"}, -1),
        ({**DAY, "format": "%Y%m%d"}, float("nan")),
        ({**DAY, "format": "%Y%m%d"}, Decimal("NaN")),
        ({"type": "datetime"}, "2026-03-31T09:00:00"),
        ({"type": "datetime"}, datetime(2026, 3, 31, 9, 0)),  # noqa: DTZ001
        ({"type": "datetime", "zone": "Europe/Berlin"}, "2026-03-29T02:30:00"),
        ({"type": "datetime"}, "0001-01-01T00:00:00+10:00"),
        ({"type": "datetime", "format": "epoch"}, 10**300),
        ({"type": "datetime", "zone": "Asia/Tokyo"}, "0001-01-01T00:00:00"),
    ],
)
def test_a_doubtful_date_is_refused(field: Mapping[str, object], value: object) -> None:
    """A date that fits no form, a time without a zone and a time that no clock has shown are errors."""
    assert "expected a" in refused(field, value).message


BERLIN: Final = {"type": "datetime", "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    "field, value, found",
    [
        ({"type": "datetime"}, "2026-03-31T09:00:00Z", (2026, 3, 31, 9)),
        ({"type": "datetime"}, "2026-03-31 09:00:00.123456789+02:00", (2026, 3, 31, 7, 0, 0, 123456)),
        (BERLIN, "2026-03-31T09:00", (2026, 3, 31, 7)),
        (BERLIN, "2026-01-31T09:00", (2026, 1, 31, 8)),
        (BERLIN, datetime(2026, 1, 31, 9, 0), (2026, 1, 31, 8)),  # noqa: DTZ001  as drivers give it
        (BERLIN, date(2026, 1, 31), (2026, 1, 30, 23)),
        (BERLIN, "2026-10-25T02:30:00", (2026, 10, 25, 0, 30)),
        ({"type": "datetime", "format": "epoch"}, 86_400, (1970, 1, 2)),
        ({"type": "datetime", "format": "epoch_ms"}, 1_500, (1970, 1, 1, 0, 0, 1, 500_000)),
        ({**BERLIN, "from": ["x", "y"], "format": "%Y%m%d %H%M%S"}, "20260331", (2026, 3, 31, 7, 15)),
        ({"type": "datetime", "format": "%Y%m%d%H%M%S%z"}, "20260331090000+0200", (2026, 3, 31, 7)),
    ],
)
def test_times_are_in_utc(field: Mapping[str, object], value: object, found: tuple[int, ...]) -> None:
    """A time is told in UTC, from its own zone or the field's; of an hour that comes twice it is the earlier one."""
    assert read(field, value, y="091500") == datetime(*found, tzinfo=UTC)  # type: ignore[misc,arg-type]  # a table's tuple


YES: Final = {"type": "boolean", "true": "J", "false": ["N", " "]}
STATE: Final = {"type": "enum", "values": {"E": "entered", "S": "cancelled", "1": True, "-": None}, "optional": True}


@pytest.mark.parametrize(
    "field, value, found",
    [
        (YES, "J", True),
        (YES, " ", False),
        (YES, "N ", False),
        (YES, False, False),
        ({"type": "boolean", "true": "1", "false": "0"}, 1, True),
        ({"type": "boolean"}, True, True),
        (STATE, "E ", "entered"),
        (STATE, 1, True),
        (STATE, "-", None),
        (STATE, "", None),
        ({**STATE, "other": "keep"}, "X", "X"),
        ({"type": "enum", "values": {"true": "on"}}, True, "on"),
        ({"type": "measure", "unit": "g", "to": "kg"}, "1500", Decimal("1.5")),
        ({"type": "measure", "unit": "uom", "values": {"KG": "kg", "G": "g"}, "to": "kg"}, "2000", Decimal(2)),
        ({"type": "measure", "unit": "degC", "to": "kelvin"}, "20", Decimal("293.15")),
        ({"type": "measure", "unit": "lb", "to": "kg"}, "1", Decimal("0.45359237")),
        ({"type": "list", "split": ";"}, "a; b;;c ", ["a", "b", "c"]),
        ({"type": "list", "from": "rows.*.sku"}, None, ["1", "2"]),
        ({"type": "list", "optional": True}, None, []),
        ({"type": "list"}, [], []),
        ({"type": "list"}, ["a", 1], ["a", "1"]),
        ({"type": "object", "fields": {"a": "b"}}, {"b": "1"}, {"a": "1"}),
        ({"type": "object", "from": "@", "fields": {"sku": "y"}}, None, {"sku": "7"}),
        ({"type": "json"}, {"a": [1, None, True, 1.5]}, {"a": [1, None, True, 1.5]}),
        ({"type": "json"}, Decimal("1.5"), "1.5"),
    ],
)
def test_choices_measures_and_lists(field: Mapping[str, object], value: object, found: object) -> None:
    """Booleans and codes go by their lists, measures into one unit, and lists and objects by their own fields."""
    assert read(field, value, y="7", uom="G", rows=[{"sku": 1}, {}, {"sku": "2"}]) == found


@pytest.mark.parametrize(
    "field, value, expected",
    [
        (YES, "X", "one of"),
        (YES, [], "a text"),
        ({"type": "boolean"}, "true", "true or false"),
        (STATE, "Q", "one of E, S"),
        (STATE, {}, "a text"),
        ({**STATE, "other": "keep"}, "x" * 501, "one of"),
        ({"type": "measure", "unit": "uom", "values": {"KG": "kg"}, "to": "kg"}, "1", "a unit out of KG"),
        ({"type": "list"}, "a", "a list"),
        ({"type": "list"}, {"a": 1}, "a list"),
        ({"type": "list"}, None, "a list"),
        ({"type": "object", "fields": {"a": "b"}}, [1], "an object"),
        ({"type": "json"}, float("nan"), "NaN"),
        ({"type": "json"}, {1: 2}, "keys"),
        ({"type": "json"}, ["\ud800"], "half"),
        ({"type": "json"}, b"x", "JSON"),
    ],
)
def test_what_is_no_such_value_is_refused(field: Mapping[str, object], value: object, expected: str) -> None:
    """A code that is not listed, a unit that is not, and JSON of another form are errors."""
    assert expected in refused(field, value, uom="ST").message


def test_a_failure_names_its_place() -> None:
    """What does not fit is named by connector, entity, field, path, row and a value that is cut."""
    lines = {"from": "pos", "type": "list", "fields": {"quantity": {"from": "qty.value", "type": "decimal"}}}
    with pytest.raises(Failed) as caught:
        mapper({"lines": lines}).record({"pos": [{"qty": {"value": "1"}}, {"qty": {"value": "x" * 10_000}}]}, row=7)
    told = caught.value.attributes
    assert {name: told[name] for name in ("connector", "entity", "field", "path", "row")} == {
        "connector": "erp",
        "entity": "order",
        "field": "lines.1.quantity",
        "path": "pos.1.qty.value",
        "row": 7,
    }
    assert len(str(told["value"])) <= 80
    assert (
        "erp: order, record 7: lines.1.quantity (at pos.1.qty.value): expected a number, found 'xxx"
        in caught.value.message
    )


@pytest.mark.parametrize("label", ["personal", "confidential"])
def test_a_labelled_value_is_never_shown(label: str) -> None:
    """A value under a label, also one inside a labelled list, stands in no message, attribute or cause."""
    inner = {"type": "list", "label": label, "fields": {"n": {"from": "n", "type": "decimal"}}}
    for field, value in (({"type": "date", "label": label}, "SECRET"), (inner, [{"n": "SECRET"}])):
        error = refused(field, value)
        assert error.attributes["value"] == "(hidden)"
        assert "SECRET" not in str(error)
        assert error.__cause__ is None
        assert error.__suppress_context__


def test_lines_reach_the_record_around_them() -> None:
    """A line's amount takes the currency of its order by ^., and of two levels by ^.^.."""
    line = {"from": "p", "type": "money", "currency": "^.^.cur"}
    deep = {"type": "list", "fields": {"parts": {"type": "list", "fields": {"price": line}}}}
    found = mapper({"lines": deep}).record({"cur": "EUR", "lines": [{"parts": [{"p": 1}]}]}, row=1)
    assert found == {"lines": [{"parts": [{"price": Money(Decimal(1), "EUR")}]}]}


@pytest.mark.parametrize("kind", ["text", "code", "integer", "decimal", "date", "boolean", "json"])
def test_a_number_too_long_to_be_written_is_refused(kind: str) -> None:
    """A whole number of thousands of digits is an error of its field, and is not shown."""
    field = {"type": kind, "none": "0"} if kind != "json" else {"type": kind}
    assert (
        "thousands of digits"
        in refused({**field, **({"format": "%Y%m%d"} if kind == "date" else {})}, 10**5_000).message
    )


@pytest.mark.parametrize("raw", [None, [], "x", 5])
def test_a_record_that_is_no_object_is_refused(raw: object) -> None:
    """A row that is a list, a text or nothing is an error of that row."""
    with pytest.raises(Failed, match="record 3: the record: expected an object with fields"):
        mapper({"a": "a"}).record(raw, row=3)  # type: ignore[arg-type]  # what a system may send

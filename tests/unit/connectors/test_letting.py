"""What a read or an action needs besides its arguments, and the templates that look it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest
from pydantic import BaseModel

from bridgehead.connectors.document_entity import LetPart
from bridgehead.connectors.fill import fill, mistake_in, names_in
from bridgehead.connectors.letting import let_values
from bridgehead.errors import Failed


class Product(BaseModel):
    id: int
    number: str


PRODUCTS = [Product(id=7, number="A.1"), Product(id=8, number="B")]


async def ask(_read: str, asked: Mapping[str, object]) -> Sequence[BaseModel]:
    wanted = asked.get("numbers", asked.get("number"))
    return [one for one in PRODUCTS if one.number == wanted or (isinstance(wanted, list) and one.number in wanted)]


async def let(values: Mapping[str, object], **parts: Mapping[str, object]) -> dict[str, object]:
    return await let_values(
        {name: LetPart.model_validate(part) for name, part in parts.items()}, values, ask, name="erp"
    )


async def test_a_table_is_read_at_once_and_looked_up_by_line() -> None:
    """One read brings the ids for all lines, and each line finds its own, also under a number with a dot."""
    lines = [{"item": "A.1"}, {"item": "B"}]
    found = await let(
        {"lines": lines}, products={"read": "products", "with": {"numbers": "{lines.*.item}"}, "by": "number"}
    )
    body = {"each": "lines", "do": {"product": "{products[item.item].id}"}}
    assert fill(body, {"lines": lines, **found}) == [{"product": 7}, {"product": 8}]


async def test_a_line_without_its_record_is_not_left_out() -> None:
    """A line whose record was not found fails the request; a request without it would be another order."""
    found = await let({"n": ["B"]}, products={"read": "products", "with": {"numbers": "{n}"}, "by": "number"})
    with pytest.raises(Failed) as failed:
        fill({"product": "{products[item.item].id}"}, {"item": {"item": "A.1"}, **found})
    assert (failed.value.error_class, failed.value.applied) == ("not_found", False)


async def test_exactly_one_record_is_meant() -> None:
    """None and several are told apart, and neither is taken for the one."""
    one = {"read": "products", "with": {"number": "{n}"}, "take": "id"}
    assert await let({"n": "B"}, product=one) == {"product": 8}
    with pytest.raises(Failed, match="found 0 records"):
        await let({"n": "C"}, product=one)
    with pytest.raises(Failed, match="found 2 records"):
        await let({"n": ["A.1", "B"]}, product=one)


def test_names_and_conditions_in_lists_are_filled() -> None:
    """A name may hold a template, and what is not given is no entry of a list."""
    template = ["OR", {"when": "a", "do": ["x", "=", "{a}"]}, {"when": "b", "do": ["y", "=", "{b}"]}]
    assert fill(template, {"b": 1}) == ["OR", ["y", "=", 1]]
    assert fill({"sale,{id}": "{version}"}, {"id": 5, "version": "v"}) == {"sale,5": "v"}
    with pytest.raises(Failed):
        fill({"sale,{id}": "v"}, {})
    assert names_in({"sale,{id}": "{products[item.item].id}"}) == {"id", "products", "item.item"}


def test_formats_of_days_and_addresses() -> None:
    """Days before and after are counted by the calendar; what follows the last sign is taken."""
    values = {"on": date(2026, 3, 1), "mail": "a@b@x.example"}
    assert fill("{on|days:-1|%d|number}", values) == 28
    assert fill("%@{mail|after:@}", values) == "%@x.example"
    assert mistake_in("{on|days:soon}") is not None
    assert mistake_in("{a[b}") is not None

from __future__ import annotations

import pytest

from bridgehead.errors import UserError
from bridgehead.reviews.seeding import altered, differences
from bridgehead.spec.tool import JSON

ORDER: dict[str, JSON] = {
    "po": "4711",
    "urgent": True,
    "total": "950.00 EUR",
    "lines": [{"item": "A-1", "quantity": 5, "price": "19.90"}, {"item": "B-2", "quantity": 0}],
}


def test_one_figure_is_ten_times_as_large() -> None:
    """A seeded proposal differs from the real one in exactly one figure, named by its path, in the same form."""
    seen = set()
    for number in range(12):
        wrong, path = altered(ORDER, number)
        ((where, was, is_now),) = differences(ORDER, wrong)
        assert where == path
        seen.add((path, was, is_now))
    assert seen == {
        ("lines[0].price", "19.90", "199.00"),
        ("lines[0].quantity", 5, 50),
        ("total", "950.00 EUR", "9500.00 EUR"),
    }


def test_the_same_number_makes_the_same_wrong_proposal() -> None:
    """What is wrong depends on nothing but the proposal and the number."""
    assert altered(ORDER, 7) == altered(ORDER, 7)


def test_arguments_without_a_figure_need_somebody_to_say_what_is_wrong() -> None:
    """Numbers of something, words and nothing are not made wrong by themselves."""
    with pytest.raises(UserError, match="no figure"):
        altered({"po": "4711", "to": "a@example.com", "note": "v1.2.x", "n": 0, "on": False}, 1)

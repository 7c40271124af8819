"""Problems have the status that a program expects of their code, and no status stands for a code that there is not."""

from __future__ import annotations

import pytest

from bridgehead.api.problems import CONFLICTS, STATUS, status_of, told
from bridgehead.errors import BridgeheadError, Refused, Unavailable, UserError
from tests.docs import tree


def test_each_code_with_a_status_is_documented() -> None:
    """Every code that the API gives a status of its own stands in the reference of errors."""
    page = tree.page("reference/errors.md")
    assert [code for code in sorted(CONFLICTS | STATUS.keys()) if f'id="{code}"' not in page] == []


@pytest.mark.parametrize(
    "error, status",
    [
        (UserError("x", code="input.choice"), 422),
        (UserError("x", code="case.unknown"), 404),
        (UserError("x", code="review.decided"), 409),
        (UserError("x", code="review.changed"), 412),
        (Refused("x", code="auth.right"), 403),
        (Refused("x", code="auth.unknown"), 401),
        (Refused("x", code="user.unknown"), 403),
        (Unavailable("x", code="db.unavailable"), 503),
        (BridgeheadError("x", code="undo.lost"), 409),
    ],
)
def test_a_status_follows_the_branch_unless_the_code_says_it(error: BridgeheadError, status: int) -> None:
    """What was wrong is 422, what is not there 404, what was refused 403, what is away 503, unless its code says it."""
    assert status_of(error) == status


def test_a_problem_holds_its_attributes_and_nothing_more() -> None:
    """Typed attributes of an error are members of its problem; an empty one is left out, none replaces a field."""
    body = told(Refused("no", code="policy.refused", decision_id="D-7", hint="ask")).response().body
    assert b'"decision_id":"D-7"' in bytes(body)
    odd = told(UserError("no", code="input.choice", status=1, extra=None, n=3)).problem
    assert (odd.status, odd.model_dump().get("n")) == (422, 3)
    assert "extra" not in odd.model_dump()
    away = told(Unavailable("no", code="db.unavailable"))
    assert away.headers["Retry-After"] == "5"

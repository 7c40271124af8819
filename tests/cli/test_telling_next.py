"""An account says who has a review once its time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bridgehead.cli.telling_short import goes_on
from bridgehead.storage.queries_case_view import CaseReview

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
OPEN = CaseReview(
    id="R-3",
    kind="exception",
    role="desk",
    state="open",
    error_class="out_of_scope",
    effect=None,
    shown={},
    digest=None,
    answer=None,
    opened_at=AT,
    decided_at=None,
    decided_by=None,
    minutes=None,
    used=False,
    unreadable=None,
    due_at=AT,
    then="lead",
)


def test_the_next_role_is_named_and_the_end_of_the_chain_is_said() -> None:
    """P4: whoever reads an account knows who comes next, or that nobody does."""
    assert list(goes_on(OPEN)) == ["If nobody decides R-3 by then, it goes to lead."]
    assert list(goes_on(replace(OPEN, then=None))) == [
        "If nobody decides R-3 by then, it is overdue, and stays with desk."
    ]
    assert list(goes_on(replace(OPEN, due_at=None))) == []

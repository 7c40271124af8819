"""An account says who has a review once its time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bridgehead.cli.telling_people import until
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


def test_the_time_a_role_has_is_told_in_its_own_hours() -> None:
    """P4: a due time says how much of the role's working time it is; a role without hours has the clock's."""
    timed = replace(OPEN, within_s=86_400.0, hours="Mon-Fri 07:00-17:00 Europe/Berlin")
    assert (
        until(timed) == " by 2026-11-02 08:00:00 (within 24 h of its working hours, Mon-Fri 07:00-17:00 Europe/Berlin)"
    )
    assert until(replace(timed, within_s=5_400.0, hours=None)) == " by 2026-11-02 08:00:00 (within 1h30m)"
    assert until(OPEN) == " by 2026-11-02 08:00:00"
    assert until(replace(OPEN, due_at=None)) == ""

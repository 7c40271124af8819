"""Who is told next, when an attempt is repeated, and what a message may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridgehead.errors import ERROR_CLASSES, ErrorClass, Failed
from bridgehead.ids import ReviewId
from bridgehead.resilience import retry
from bridgehead.resilience.dispositions import DISPOSITIONS
from bridgehead.reviews.model import Review
from bridgehead.reviews.ports import About
from bridgehead.reviews.telling import following, may_carry, pause_s, summary_of
from bridgehead.spec.deployment import CaseSpec, Deployment, Fallback, Role
from bridgehead.spec.notify import ChannelSpec, Notify
from bridgehead.spec.tool import JSON

CHANNEL = ChannelSpec("ops", "webhook", "https://ops.example.com", include=frozenset({"summary"}))
DEPLOYMENT = Deployment(
    "orders",
    "deploy:agent",
    "owner",
    CaseSpec(("po",), 60.0),
    Fallback("desk"),
    {
        "desk": Role("desk", ("d",), then="lead"),
        "lead": Role("lead", ("l",), then="boss"),
        "boss": Role("boss", ("b",)),
    },
    Path(),
    notify=Notify("https://desk.example.com", {"desk": ("ops",), "boss": ("ops",)}),
)


def review(args: JSON, why: JSON = None) -> Review:
    shown: dict[str, JSON] = {"tool": "book", "args": args, "why": why}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Review(ReviewId(3), "approval", "desk", "open", 7, None, None, b"d", shown, at)


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_a_message_is_tried_again_where_the_table_of_classes_says_so(error_class: ErrorClass) -> None:
    """A class that is retried, or whose credential is fetched anew, has a next attempt; no other one has."""
    again = pause_s(Failed("x", error_class=error_class), 0, 0.0, 600.0)
    assert (again is not None) == (DISPOSITIONS[error_class] in {"retry", "refresh"})


def test_pauses_grow_and_end_with_the_time_to_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses double up to five minutes, the last attempt is when the time is over, and there is none after it."""
    monkeypatch.setattr(retry, "jitter", lambda: 1.0)
    failed = Failed("x", error_class="transient")
    assert [pause_s(failed, attempt, 0.0, 1e6) for attempt in (0, 1, 2, 20)] == [2.0, 4.0, 8.0, 300.0]
    assert pause_s(failed, 20, 550.0, 600.0) == 50.0
    assert pause_s(failed, 3, 600.0, 600.0) is None
    asked = Failed("x", error_class="throttled", retry_after=40.0)
    assert pause_s(asked, 0, 0.0, 600.0) == 42.0


def test_the_next_role_is_the_nearest_that_can_be_told() -> None:
    """A role without channels is passed over, the end of the chain has none, and a loop ends."""
    assert following(DEPLOYMENT, "desk") == "boss"
    assert following(DEPLOYMENT, "boss") is None
    assert following(DEPLOYMENT, "nobody") is None
    loop = replace(
        DEPLOYMENT, roles={"desk": Role("desk", ("d",), then="lead"), "lead": Role("lead", ("l",), then="desk")}
    )
    assert following(loop, "desk") is None


@pytest.mark.parametrize(
    "clearance, region, confidentiality, regions, carried",
    [
        (None, "", 0, frozenset(), True),
        (None, "", 1, frozenset(), False),
        ("internal", "", 1, frozenset(), True),
        ("internal", "", 2, frozenset(), False),
        ("secret", "", None, frozenset(), False),
        ("secret", "", 0, frozenset({"eu"}), False),
        ("secret", "eu", 0, frozenset({"eu"}), True),
        ("secret", "eu", 0, frozenset({"eu", "us"}), False),
    ],
)
def test_a_summary_goes_where_everything_read_may_go(
    clearance: str | None, region: str, confidentiality: int | None, regions: frozenset[str], carried: bool
) -> None:
    """A channel carries a summary up to its clearance and in its region; what nobody knows the worth of, none does."""
    about = About(review({"po": "P1"}), confidentiality, regions)
    channel = replace(CHANNEL, clearance=clearance, region=region)
    assert may_carry(channel, DEPLOYMENT, about) is carried
    assert not may_carry(replace(channel, include=frozenset()), DEPLOYMENT, about)


def test_a_summary_says_whether_it_is_whole() -> None:
    """Every argument is a line with its path; what was cut or left out is not whole."""
    found = summary_of(
        review({"order": {"lines": [{"item": "A", "qty": 2}], "rush": True, "note": None}}, ["too much"])
    )
    assert found is not None
    assert found.lines == (
        ("order.lines[0].item", "A"),
        ("order.lines[0].qty", "2"),
        ("order.rush", "yes"),
        ("order.note", "–"),
    )
    assert (found.whole, found.why) == (True, ("too much",))
    long = summary_of(review({"note": "x" * 300}))
    many = summary_of(review({f"f{number}": number for number in range(30)}))
    assert long is not None
    assert many is not None
    assert (long.whole, many.whole, len(many.lines)) == (False, False, 25)
    assert summary_of(replace(review({}), shown={"question": "how many?"})) is None

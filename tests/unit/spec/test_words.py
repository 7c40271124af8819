"""Durations, hours and tool descriptors mean one thing each."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.errors import UserError
from bridgehead.money import Money
from bridgehead.spec.hours import Hours, parse_hours
from bridgehead.spec.problem import nearest, shown
from bridgehead.spec.tool import EFFECT_CLASSES, Tool, parse_duration


@pytest.mark.parametrize(
    "text, seconds",
    [("15m", 900), ("1h30m", 5400), ("2d", 172_800), ("0.5s", 0.5), ("1d2h3m4s", 93_784), (" 20s ", 20), ("0s", 0)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    """Days, hours, minutes and seconds add up."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "1m1h", "1h1h", "-5m", "1.5h", "5 m", "1w", "5M", "١m", "9999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Anything else is refused with how to write it."""
    with pytest.raises(UserError) as caught:
        parse_duration(text)
    assert caught.value.code == "input.duration"
    assert caught.value.hint


@given(st.tuples(*[st.integers(0, 500)] * 4))
def test_a_duration_reads_back(parts: tuple[int, int, int, int]) -> None:
    """Any combination of units gives the sum of its parts."""
    days, hours, minutes, seconds = parts
    text = f"{days}d{hours}h{minutes}m{seconds}s"
    assert parse_duration(text) == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@pytest.mark.parametrize(
    "text, days, opens, closes",
    [
        ("Mon-Fri 07:00-17:00 Europe/Berlin", {0, 1, 2, 3, 4}, 420, 1020),
        ("Sat,Sun 00:00-24:00 UTC", {5, 6}, 0, 1440),
        ("Fri-Mon,Wed 09:30-09:31 America/New_York", {4, 5, 6, 0, 2}, 570, 571),
    ],
)
def test_hours_are_read(text: str, days: set[int], opens: int, closes: int) -> None:
    """Ranges and lists of days, also past Sunday, with opening, closing and zone."""
    assert parse_hours(text) == Hours(frozenset(days), opens, closes, text.rsplit(maxsplit=1)[-1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri 7-17 UTC",
        "Mon-Fri 17:00-07:00 UTC",
        "Mon-Fri 07:00-07:00 UTC",
        "Mon-Fri 07:00-24:30 UTC",
        "Mon-Fri 07:61-17:00 UTC",
        "Mon-Wed-Fri 07:00-17:00 UTC",
        "Mon-Fri 07:00-17:00 Europe/Atlantis",
        "Mon-Fri 07:00-17:00 ../../etc/passwd",
        "Mon-Fri 07:00-17:00",
    ],
)
def test_hours_that_mean_nothing_are_refused(text: str) -> None:
    """Hours that never open, or in no known zone, are refused."""
    with pytest.raises(UserError):
        parse_hours(text)


def test_only_changing_the_world_is_an_effect() -> None:
    """Reads of both kinds are no effects; writes of both kinds are."""
    effects = {name for name in EFFECT_CLASSES if Tool("t", name).is_effect}
    assert effects == {"reversible", "irreversible"}


def test_a_descriptor_is_json_and_changes_with_every_field() -> None:
    """Each thing a tool declares is part of what the release digest covers."""
    plain = Tool("book", "reversible")
    others = [
        Tool("book2", "reversible"),
        Tool("book", "irreversible"),
        Tool("book", "reversible", key=()),
        Tool("book", "reversible", idempotent=True),
        Tool("book", "reversible", repeatable=True),
        Tool("book", "reversible", timeout_s=1),
        Tool("book", "reversible", visible_within_s=1),
        Tool("book", "reversible", max_age_s=1),
        Tool("book", "reversible", sensitive=("to",)),
        Tool("book", "reversible", labels={"to": "user"}),
        Tool("book", "reversible", cost=Money.parse("0.10 USD")),
        Tool("book", "reversible", parameters={"type": "object"}),
        Tool("book", "reversible", description="books"),
        Tool("book", "reversible", hedge=False),
        Tool("book", "reversible", has_verify=True),
        Tool("book", "reversible", has_undo=True),
        Tool("book", "reversible", has_preview=True),
        Tool("book", "reversible", source_time="updated_at"),
        Tool("book", "reversible", moves="total"),
        Tool("book", "reversible", reaches="to"),
        Tool("book", "reversible", touches="ids"),
    ]
    texts = {rfc8785.dumps(json.loads(json.dumps(tool.descriptor()))) for tool in (plain, *others)}
    told = [name for name, one in Tool.__dataclass_fields__.items() if one.compare]
    assert len(texts) == len(others) + 1 == len(told) + 1
    assert plain.descriptor() == Tool("book", "reversible", result={"type": "string"}).descriptor()


def test_messages_stay_short() -> None:
    """A found value is cut, and the nearest word or the list of known ones is offered."""
    assert len(shown("x" * 500)) == 60
    assert nearest("alow", ["allow", "deny"]) == "did you mean allow?"
    assert nearest("zzz", []) == ""
    assert nearest("zzz", map(str, range(20))).endswith("…")

"""What it takes to undo an effect: each answer of a read-back has one consequence, and none destroys anything."""

from __future__ import annotations

import pytest

from bridgehead.effects.settle import ReadBack
from bridgehead.effects.undoing import WHY, Left, after_silence, before_sending, hindrance
from bridgehead.spec.tool import JSON, Tool

NOW = Tool("book", "reversible", key=("po",), has_undo=True)
THEN: dict[str, JSON] = {"effect_class": "reversible", "key": ["po"], "has_undo": True}


@pytest.mark.parametrize(
    "state, then, now, why",
    [
        ("committed", {}, NOW, None),
        ("unknown", {}, NOW, "unsettled"),
        ("intended", {}, NOW, "unsettled"),
        ("committed", {"effect_class": "irreversible"}, NOW, "irreversible"),
        ("committed", {}, None, "other_release"),
        ("committed", {"key": ["customer", "po"]}, NOW, "other_release"),
        ("committed", {"key": None}, NOW, "other_release"),
        ("committed", {}, Tool("book", "reversible", key=("po",)), "other_release"),
        ("committed", {"has_undo": False}, Tool("book", "reversible", key=("po",)), "no_undo"),
        ("committed", {"has_undo": False}, NOW, None),
    ],
)
def test_declarations_say_what_can_be_undone(
    state: str, then: dict[str, JSON], now: Tool | None, why: Left | None
) -> None:
    """Only a settled effect of a tool that is served with the same key and declares an undo can be tried."""
    assert hindrance(state, {**THEN, **then}, now) == why  # type: ignore[arg-type]  # words of the closed list


@pytest.mark.parametrize(
    "said, same, unchecked, why",
    [
        ("found", True, False, None),
        ("found", False, False, "changed"),
        ("found", False, True, "changed"),
        ("mismatch", False, True, "changed"),
        ("absent", False, True, "gone"),
        ("failed", False, True, "no_read_back"),
        ("none", False, False, "no_read_back"),
        ("none", False, True, None),
    ],
)
def test_an_undo_is_sent_to_the_record_that_was_left(
    said: ReadBack, same: bool, unchecked: bool, why: Left | None
) -> None:
    """What is not as the effect left it is never undone, checked or not."""
    assert before_sending(said, same=same, unchecked=unchecked) == why


@pytest.mark.parametrize(
    "said, same, undone, left_s, becomes",
    [
        ("absent", False, None, 5.0, "undone"),
        ("mismatch", False, True, 5.0, "undone"),
        ("found", True, None, 5.0, "wait"),
        ("found", True, None, 0.0, "planned"),
        ("found", True, False, 0.0, "planned"),
        ("found", False, None, 0.0, "left"),
        ("mismatch", False, None, 0.0, "left"),
        ("mismatch", False, False, 5.0, "wait"),
        ("failed", False, None, 0.0, "wait"),
        ("none", False, None, 0.0, "left"),
    ],
)
def test_a_silent_undo_is_never_guessed(
    said: ReadBack, same: bool, undone: bool | None, left_s: float, becomes: str
) -> None:
    """Absence, or the tool's own word, tells that an undo happened; what is unclear goes to a person."""
    assert after_silence(said, same=same, undone=undone, seconds_left=left_s) == becomes


def test_every_reason_has_a_sentence() -> None:
    """Each word for why an effect was left is said in one sentence."""
    assert all(said.endswith(".") for said in WHY.values())

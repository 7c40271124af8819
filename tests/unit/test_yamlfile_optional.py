"""A question mark at the end of a word is part of it, in every style of YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead.errors import UserError
from bridgehead.spec.yamlfile import read_yaml


@pytest.mark.parametrize(
    "text, value",
    [
        ("p: {a: code?, b: text}", {"a": "code?", "b": "text"}),
        ("p: {a: [text?], b: 'x?,y'}", {"a": ["text?"], "b": "x?,y"}),
        ("p: {a: text? }", {"a": "text?"}),
        ('p: {"a?": 1}', {"a?": "1"}),
        ("p:\n  a: code?", {"a": "code?"}),
        ('p: ["\ue000"]', ["\ue000"]),
    ],
)
def test_a_word_may_end_in_a_question_mark(tmp_path: Path, text: str, value: object) -> None:
    """P1: ``{a: code?}`` means what it says, and nothing else in a file is changed by that."""
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_yaml(file).value == {"p": value}


def test_places_of_mistakes_stay(tmp_path: Path) -> None:
    """P4: a mistake after such a word is told at its own line and column."""
    file = tmp_path / "a.yaml"
    file.write_text("p: {a: code?, b: ]}", encoding="utf-8")
    with pytest.raises(UserError, match=r"a.yaml:1:18"):
        read_yaml(file)

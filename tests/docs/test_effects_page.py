"""The picture of an effect's states shows the moves that the code allows."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Final

from bridgehead.effects.states import MOVES
from tests.docs import tree

SVG: Final = "{http://www.w3.org/2000/svg}"


def picture(name: str) -> ET.Element:
    """Returns one of the documentation's pictures, parsed."""
    return ET.fromstring(tree.page(name))  # noqa: S314  # the project's own file


def test_the_picture_shows_every_move() -> None:
    """Each move between states is an arrow of the picture, and no arrow is invented."""
    arrows = {path.get("id") for path in picture("explanation/effect-states.svg").iter(f"{SVG}path") if path.get("id")}
    moves = {f"{before}-{after}" for before, afters in MOVES.items() for after in afters}
    assert arrows == {*moves, "first", "second"}


def test_the_picture_shows_every_state() -> None:
    """Each state is a word of the picture."""
    words = {text.text for text in picture("explanation/effect-states.svg").iter(f"{SVG}text")}
    assert set(MOVES) <= words


def test_every_picture_can_be_heard() -> None:
    """Each picture has a title and a description, and says that these are its names."""
    for path in tree.below(tree.DOCS, ".svg"):
        root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314  # the project's own file
        assert root.get("role") == "img", path.name
        named = (root.get("aria-labelledby") or "").split()
        texts = [found for name in named if (found := root.find(f".//*[@id='{name}']")) is not None]
        assert [text.tag for text in texts] == [f"{SVG}title", f"{SVG}desc"], path.name
        assert all(text.text for text in texts), path.name
        background = root.find(f"{SVG}rect")
        assert background is not None, f"{path.name} is unreadable on a dark page"
        assert background.get("fill") == "#ffffff", f"{path.name} is unreadable on a dark page"

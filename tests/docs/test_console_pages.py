"""The page of the console's pages shows all of them."""

from __future__ import annotations

import re
from typing import Final

from PIL import Image

from bridgehead.console.pages import all_pages
from tests.docs.tree import DOCS

PAGE: Final = DOCS / "reference" / "console-pages.md"
PARTS: Final = {
    "reviews": "R",
    "cases": "C",
    "explain": "C",
    "arrivals": "A",
    "effects": "E",
    "undo": "U",
    "sheets": "N",
    "policies": "D",
}
PAGE_PICTURE: Final = "/arrivals/{number}/sheets/{part:int}/{page:int}"
NO_PAGE: Final = {"/arrivals/{number}/original", PAGE_PICTURE, "/sign-in/issuer", "/sign-in/back"}
"""Answers that are a file or lead elsewhere."""


def _written(path: str) -> str:
    """Returns a page's address as the documentation writes it."""
    return re.sub(r"/(\w+)/\{\w+(?::\w+)?\}", lambda found: f"/{found[1]}/{PARTS.get(found[1], 'CODE')}", path)


def test_every_page_is_shown() -> None:
    """Each address that shows a page has its line, and each picture that is named is there, with all four looks."""
    text = PAGE.read_text(encoding="utf-8")
    for one in all_pages():
        if "GET" in one.methods and one.path not in NO_PAGE:
            assert f"`{_written(one.path)}`" in text, one.path
    named = re.findall(r"!\[[^]]+\]\(\.\./pictures/pages/([\w-]+\.png)\)", text)
    there = sorted(path.name for path in (DOCS / "pictures" / "pages").glob("*.png"))
    assert sorted(named) == there
    for name in named:
        with Image.open(DOCS / "pictures" / "pages" / name) as picture:
            assert picture.width > 1280 + 390

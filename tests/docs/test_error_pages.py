from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import pytest
import yaml

from bridgehead.connectors.document_connection import ErrorPart, LimitsPart
from bridgehead.errors import ERROR_CLASSES, ErrorClass
from bridgehead.resilience.taxonomy.meanings import MEANINGS
from bridgehead.spec.load import load
from tests.docs import tree
from tests.docs.error_pages import FOLDER, filled, page

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEAST: dict[str, object] = {
    "deployment": "orders",
    "agent": "deploy:orders",
    "owner": "owner@example.com",
    "case": {"key": ["po_number"], "deadline": "30m"},
    "roles": {"order-desk": {"members": "group:order-desk"}},
    "fallback": "order-desk",
}


def blocks(error_class: ErrorClass, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page(error_class).read_text("utf-8")) if kind == language]


def test_each_class_has_its_page() -> None:
    """There is one page for each error class, and no other, and the list of codes leads to each."""
    assert {path.stem for path in tree.below(FOLDER, ".md")} == set(ERROR_CLASSES)
    listed = tree.page("reference/errors.md")
    assert [name for name in ERROR_CLASSES if f"](errors/{name}.md)" not in listed] == []


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_a_page_says_what_the_table_says(error_class: ErrorClass) -> None:
    """A page's signs and the output of its commands are those of the code (python -m tests.docs.error_pages)."""
    text = page(error_class).read_text("utf-8")
    assert filled(text, error_class) == text
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["What happens", "What to declare", "Example", "Signs"]
    assert text.startswith(f"# `{error_class}`\n")


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_what_a_page_declares_can_be_declared(error_class: ErrorClass, tmp_path: Path) -> None:
    """The Python of a page runs, its deployments load, and its rules of connectors are such."""
    for text in blocks(error_class, "python"):
        exec(compile(text, f"{error_class}.md", "exec"), {"__name__": "page"})  # noqa: S102  # the page's own code is what is tried
    for text in blocks(error_class, "yaml"):
        part = cast("dict[str, object]", yaml.safe_load(text))
        if "errors" in part:
            rules = [ErrorPart.model_validate(one) for one in cast("list[object]", part["errors"])]
            assert rules
        elif "burst" in cast("dict[str, object]", part.get("limits", {})):
            LimitsPart.model_validate(part["limits"])
        else:
            (tmp_path / "bridgehead.yaml").write_text(yaml.safe_dump({**LEAST, **part}), "utf-8")
            assert load(tmp_path).fallback.role_for(error_class)


def test_pages_are_no_copies() -> None:
    """No two pages share a paragraph: each is written for its class."""
    seen: dict[str, str] = {}
    for name in ERROR_CLASSES:
        prose = tree.prose(page(name).read_text("utf-8")).partition("## Signs")[0]
        for paragraph in prose.split("\n\n"):
            if paragraph.startswith("#") or len(paragraph) < 60:  # a heading, or the head of a table
                continue
            assert paragraph not in seen, f"{name} and {seen[paragraph]}: {paragraph[:60]}"
            seen[paragraph] = name
    assert set(MEANINGS) == set(ERROR_CLASSES)

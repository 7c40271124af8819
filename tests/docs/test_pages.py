from __future__ import annotations

import re

from tests.docs import tree

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
PARTS = ("tutorial", "howto", "reference", "explanation", "adr")


def test_links_between_pages_resolve() -> None:
    """A link from one page to another, or to a heading in it, leads somewhere."""
    broken = []
    for path in tree.below(tree.ROOT, ".md"):
        for target in LINK.findall(tree.prose(path.read_text(encoding="utf-8"))):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            there = (path.parent / name).resolve() if name else path
            if not there.exists():
                broken.append(f"{tree.shown(path)}: {target}")
            elif anchor and there.suffix == ".md" and anchor not in tree.anchors(there.read_text(encoding="utf-8")):
                broken.append(f"{tree.shown(path)}: {target} (no such heading)")
    assert not broken, broken


def test_every_page_can_be_found() -> None:
    """A reader who starts at docs/index.md reaches every page by links."""
    start = tree.DOCS / "index.md"
    seen, todo = {start}, [start]
    while todo:
        path = todo.pop()
        for target in LINK.findall(tree.prose(path.read_text(encoding="utf-8"))):
            there = (path.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there.is_relative_to(tree.DOCS) and there.is_file() and there not in seen:
                seen.add(there)
                todo.append(there)
    assert {tree.shown(path) for path in set(tree.below(tree.DOCS, ".md")) - seen} == set()


def test_docs_have_their_parts() -> None:
    """Each part of the documentation opens with a page that says what it is for."""
    for part in PARTS:
        assert (tree.DOCS / part / "index.md").is_file(), part


def test_each_decision_record_has_its_sections() -> None:
    """A decision record states status, context, decision and consequences, in that order, on one page."""
    records = [path for path in tree.below(tree.DOCS / "adr", ".md") if path.name[:4].isdigit()]
    assert records
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Status", "Context", "Decision", "Consequences"], (
            path.name
        )
        assert len(text.split()) <= 700, f"{path.name} is more than a page"


def test_the_changelog_names_the_version() -> None:
    """The version that is packaged, or what is unreleased, has a section in the changelog."""
    assert re.search(
        r"^## \[(Unreleased|\d+\.\d+\.\d+)\]", (tree.ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )

"""The project's own files, as the tests of the house read them."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SOURCE: Final = ROOT / "src" / "bridgehead"
DOCS: Final = ROOT / "docs"

_ANCHOR = re.compile(r'<a id="([^"]+)">')
_HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)


@functools.cache
def files() -> tuple[Path, ...]:
    """Returns every file that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file())


def below(folder: Path, suffix: str) -> list[Path]:
    """Returns the project's files under a folder that end in a suffix."""
    return [path for path in files() if path.is_relative_to(folder) and path.suffix == suffix]


def shown(path: Path) -> str:
    """Returns a path as a message names it: from the project's root."""
    return path.relative_to(ROOT).as_posix()


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Returns a Python file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def page(name: str) -> str:
    """Returns the text of a page under docs, by its path there."""
    return (DOCS / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """Returns Markdown without its fenced code."""
    return _FENCE.sub("", text)


def ids(text: str) -> list[str]:
    """Returns the anchors that a page declares by hand, in order."""
    return _ANCHOR.findall(prose(text))


def anchors(text: str) -> set[str]:
    """Returns every anchor a link to a page may name: declared ones and headings, slugged as GitHub does."""
    return {*ids(text), *(_slug(heading) for heading in _HEADING.findall(prose(text)))}


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields line and text of every string in the code that is no docstring; a formatted one has ``?`` in its gaps."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            silent.update(id(part) for part in node.values)
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values),
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


def _slug(heading: str) -> str:
    plain = re.sub(r"<[^>]+>|[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")

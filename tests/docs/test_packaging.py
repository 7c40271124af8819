from __future__ import annotations

import importlib.metadata
import re
import tomllib

from tests.docs import tree

PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!]+(\s*;.*)?$")
COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)


def pinned() -> dict[str, str]:
    """Returns the pinned version of every distribution, by its normal name (PEP 503)."""
    lines = [line for line in (tree.ROOT / "constraints.txt").read_text("utf-8").splitlines() if line.strip()]
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines)}


def normal(name: str) -> str:
    """Returns a distribution's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed() -> set[str]:
    """Returns every distribution that the package and its tests are installed with, found from its metadata."""
    seen: set[str] = set()
    todo = [("bridgehead", frozenset({"dev", "langchain", "orders", "pydantic-ai", "sql"}))]
    while todo:
        name, extras = todo.pop()
        for line in importlib.metadata.requires(name) or ():
            text, _, marker = line.partition(";")
            found = re.match(r"\s*([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?", text)
            assert found is not None
            wanted = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
            if wanted and normal(wanted[1]) not in extras:
                continue
            child = normal(found[1])
            if child in seen or not _installed(child):
                continue
            seen.add(child)
            todo.append(
                (child, frozenset(normal(extra.strip()) for extra in (found[2] or "").split(",") if extra.strip()))
            )
    return seen - {"bridgehead"}


def _installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def test_constraints_pin_exact_versions() -> None:
    """Each line of the constraints is one exact version, and none is a URL."""
    for line in (tree.ROOT / "constraints.txt").read_text("utf-8").splitlines():
        assert PIN.match(line), line


def test_everything_installed_is_pinned() -> None:
    """What the package needs, directly or not, has a pinned version."""
    assert needed() - set(pinned()) == set()


def test_no_dependency_is_under_the_gpl() -> None:
    """No distribution that is pinned and installed states the GPL or AGPL as its licence."""
    found = {}
    for name in pinned():
        if not _installed(name):
            continue
        about = importlib.metadata.metadata(name)
        stated = list(about.get_all("License-Expression") or ())
        stated += [text[:60] for text in about.get_all("License") or ()]  # some give the whole text
        stated += [line for line in about.get_all("Classifier") or () if line.startswith("License")]
        if any(COPYLEFT.search(text) for text in stated):
            found[name] = stated
    assert not found, found


def test_every_silenced_lint_says_why() -> None:
    """Each rule that the linter ignores, and each dependency, carries its reason."""
    text = (tree.ROOT / "pyproject.toml").read_text("utf-8")
    for block in re.findall(r"^(?:ignore|dependencies) = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            assert "# " in line, line


def test_supported_versions_are_open_upwards() -> None:
    """Python 3.11 is the floor and nothing keeps a later one out."""
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"


def test_the_package_says_that_it_is_typed() -> None:
    """The marker that lets users' type checkers read the annotations is there."""
    assert (tree.SOURCE / "py.typed").is_file()

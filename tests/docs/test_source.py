from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.docs import tree

LONGEST = 600
NAMELESS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "shared", "base"}
SQL = re.compile(
    r"^\s*(?:--[^\n]*\n\s*)*(?:with\s+(?:recursive\s+)?\w+\s+as\s*\(|select\b.*\bfrom\b|select\s+\w+\(|insert\s+into\b"
    r"|update\s+[\w.?\"]+\s+set\b|delete\s+from\b|create\s+(?:table|index|function|schema|database)\b|alter\s+table\b"
    r"|drop\s+(?:table|database)\b|truncate\s|(?:un)?listen\s+\w+$|notify\s+\w+)",
    re.IGNORECASE | re.DOTALL,
)
SQL_ROOMS = (
    tree.SOURCE / "storage",
    tree.SOURCE / "templates" / "purchase_orders" / "erp",
    tree.SOURCE / "connectors" / "sql_servers.py",  # what foreign databases are asked about themselves
)
# The folder this clone lies in, people's homes, and registries; written in parts, so that this file does not match.
ELSEWHERE = re.compile(
    "|".join(
        (
            re.escape(f"{tree.ROOT.parent}/") if len(tree.ROOT.parent.parts) > 1 else "(?!)",
            "/ro" + "ot/",
            "/ho" + r"me/\w",
            "/Us" + r"ers/\w",
            "py" + r"pi\.org",
            "pythonho" + r"sted\.org",
            "npm" + r"js\.(?:org|com)",
            "deb" + r"ian\.org",
        )
    )
)
SENTENCE_END = re.compile(r"[.!?][)\"'”]?\s+[A-Z]")


def promises(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Returns the test functions and methods of a file."""
    return [
        node
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def test_no_file_is_too_long_to_read() -> None:
    """No module and no page has more than 600 lines."""
    watched = [
        path for path in tree.files() if path.suffix == ".py" or (path.suffix == ".md" and tree.DOCS in path.parents)
    ]
    long = {tree.shown(p): n for p in watched if (n := len(p.read_text(encoding="utf-8").splitlines())) > LONGEST}
    assert not long, long


def test_every_room_has_a_name() -> None:
    """No module or folder is named for being left over."""
    inside = [path.relative_to(tree.SOURCE).with_suffix("") for path in tree.below(tree.SOURCE, ".py")]
    named = {part for path in inside for part in path.parts}
    assert named & NAMELESS == set()


def test_every_module_opens_with_its_promise() -> None:
    """Each module of the package begins with a docstring whose first line is a sentence."""
    silent = [
        tree.shown(path)
        for path in tree.below(tree.SOURCE, ".py")
        if path.stat().st_size
        and not (ast.get_docstring(tree.parsed(path)) or "").split("\n\n")[0].rstrip().endswith((".", ":"))
    ]
    assert not silent, silent


def test_sql_is_written_in_storage_alone() -> None:
    """No string outside the storage room and the other places named above is a statement to a database."""
    found = [
        f"{tree.shown(path)}:{line}: {text.split()[0]}"
        for path in tree.below(tree.SOURCE, ".py")
        if not any(path.is_relative_to(room) for room in SQL_ROOMS)
        for line, text in tree.strings(tree.parsed(path))
        if SQL.match(text)
    ]
    assert not found, found


def test_the_sql_guard_sees_statements() -> None:
    """The guard recognises the statements this project writes and lets sentences be."""
    for statement in (
        "select id from cases",
        "\n    SELECT pg_advisory_lock(1)",
        "insert into ledger values",
        "update cases set epoch = epoch + 1",
        "with due as (select 1) select * from due",
        "delete from workers",
    ):
        assert SQL.match(statement), statement
    for sentence in (
        "Select one of them.",
        "update the file",
        "with whom it is",
        "create a deployment",
        "a listen address",
    ):
        assert not SQL.match(sentence), sentence


def test_no_file_names_a_machine() -> None:
    """No committed file holds a path of one machine or the host of a package registry."""
    found = []
    for path in tree.files():
        raw = path.read_bytes()
        if b"\0" in raw:
            continue
        for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
            if ELSEWHERE.search(line):
                found.append(f"{tree.shown(path)}:{number}")
    assert not found, found


def test_every_test_states_a_promise() -> None:
    """Each test has a docstring of one sentence."""
    odd = []
    for path in tree.below(tree.ROOT / "tests", ".py"):
        for test in promises(path):
            said = ast.get_docstring(test) or ""
            if not said.endswith(".") or "\n\n" in said or SENTENCE_END.search(said):
                odd.append(f"{tree.shown(path)}:{test.lineno} {test.name}")
    assert not odd, odd


def test_no_test_shadows_another() -> None:
    """No file defines two tests of one name in one place, of which only the last would run."""
    twice = []
    for path in tree.below(tree.ROOT / "tests", ".py"):
        for scope in ast.walk(tree.parsed(path)):
            if isinstance(scope, ast.Module | ast.ClassDef):
                names = [n.name for n in scope.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
                twice += [
                    f"{tree.shown(path)}: {name}" for name in set(names) if names.count(name) > 1 and "test" in name
                ]
    assert not twice, twice

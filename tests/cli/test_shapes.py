from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.cli.calls import Cli

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGE = "\n## ".join(page.read_text("utf-8") for page in sorted(REFERENCE.glob("cli*.md")))
TOKEN = re.compile(r'"[^"]*"|[{}\[\]:,]|[A-Z]+|\.\.\.')


def documented(command: str) -> dict[str, Any]:
    """Returns the JSON shape that the reference gives for a command: names to inner shapes, {} for a plain value."""
    section = re.search(rf"^##+ `bridgehead {command}[ `].*?(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None, command
    row = re.search(r"^\| `--json` \|.*?`(\{.*?\})`", section[0], re.MULTILINE)
    assert row is not None, command
    return shape(iter(TOKEN.findall(row[1])))


def shape(tokens: Iterator[str]) -> dict[str, Any]:
    """Reads one object of the form ``{"a", "b": {...}, "c": [{...}], NAME: TEXT}``."""
    found: dict[str, Any] = {}
    token = next(tokens)
    while token in "{[":
        token = next(tokens)
    name = ""
    while token != "}":
        if token == ":":
            inner = next(tokens)
            if inner in "{[":
                found[name] = shape(iter([inner, *tokens_of(inner, tokens)]))
        elif token not in "],":
            name = token.strip('"')
            found[name] = {}
        token = next(tokens)
    return found


def tokens_of(opening: str, tokens: Iterator[str]) -> list[str]:
    """Returns the tokens up to the bracket that closes the opening one."""
    depth, taken = 1, []
    while depth:
        token = next(tokens)
        depth += (token in "{[") - (token in "}]")
        taken.append(token)
    return taken


def agree(wanted: dict[str, Any], found: Any, where: str) -> None:  # noqa: ANN401  # any JSON
    """Holds a JSON value to a documented shape; an empty list or null has none to hold."""
    if isinstance(found, list):
        for entry in found:
            agree(wanted, entry, f"{where}[]")
        return
    if not wanted or found is None:
        return
    assert isinstance(found, dict), where
    if all(name.isupper() for name in wanted):
        (inner,) = wanted.values()
        for name, value in found.items():
            agree(inner, value, f"{where}.{name}")
        return
    assert set(found) == set(wanted), where
    for name, inner in wanted.items():
        agree(inner, found[name], f"{where}.{name}")


def test_json_has_the_documented_shape(cli: Cli, orders: Path) -> None:
    """What each command prints with --json has exactly the fields that the reference names."""
    (cli.folder / "a.json").write_text('{"po": "P-1", "amount": 5}')
    (cli.folder / "b.json").write_text('{"po": "P-2", "amount": 500}')
    (cli.folder / "people.json").write_text('[{"po": "P-1", "amount": 6, "minutes": 3}]')
    calls: dict[str, list[object]] = {
        "check": ["check", orders],
        "doctor": ["doctor"],
        "submit": ["submit", orders, "a.json", "none.json", "--wait", "--timeout", "0.1s"],
    }
    found = {name: cli(*arguments, "--json").json for name, arguments in calls.items()}
    cli.work(orders)
    later: dict[str, list[object]] = {
        "cases": ["cases"],
        "case": ["case", "C-1"],
        "arrivals": ["arrivals"],
        "arrival": ["arrival", "A-1"],
        "explain": ["explain", "C-1"],
        "report": ["report", orders, "--people", "people.json"],
        "promote": ["promote", orders, "--to", "approve", "--why", "a test"],
        "ledger verify": ["ledger", "verify"],
        "ledger export": ["ledger", "export", "heads"],
        "policy show": ["policy", "show", orders],
        "policy check": ["policy", "check", orders],
        "policy replay": ["policy", "replay", orders],
    }
    found |= {name: cli.ok(*arguments, "--json").json for name, arguments in later.items()}
    cli.ok("submit", orders, "b.json")
    cli.work(orders)
    last: dict[str, list[object]] = {
        "reviews": ["reviews"],
        "review R-3": ["review", "R-1"],
        "db status": ["db", "status"],
    }
    found |= {name: cli.ok(*arguments, "--json").json for name, arguments in last.items()}
    for name, value in found.items():
        agree(documented(name), value, name)
    assert found["report"]["comparison"]["differences"]
    assert found["reviews"]["reviews"]

"""Every command that a page shows exists, with its flags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.docs import tree
from tests.docs.test_reference import command_line, offered

INLINE = re.compile(r"`(?:… )?bridgehead ([^`]+)`")
TYPED = re.compile(r"^(?:\$ |ExecStart=\S*/)?bridgehead (.+)$", re.MULTILINE)
ROW = re.compile(r"\S {2,}\S+ {2,}\S")
"""A row of a table that an output shows; its first column may be the product's name."""
FENCE = re.compile(r"^```(?:\w+)?[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown(text: str) -> Iterator[str]:
    """Yields every command that a page shows: typed in its blocks, or named in its sentences."""
    for block in FENCE.findall(text):
        for line in TYPED.findall(block):
            if ROW.search(line):
                continue
            yield re.split(r" #|(?<!\\)[|<>;&]", line)[0].strip()
    for line in INLINE.findall(tree.prose(text)):
        yield line.strip()


def demanded(command: object, path: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Returns the flags that each command cannot do without, by its full name."""
    found = {
        " ".join(path): {
            parameter.opts[0]
            for parameter in getattr(command, "params", ())
            if parameter.required and parameter.opts[0].startswith("--")
        }
    }
    for name, child in getattr(command, "commands", {}).items():
        found |= demanded(child, (*path, name))
    return found


def wrong(line: str, commands: dict[str, set[str]], needs: dict[str, set[str]]) -> str | None:
    """Returns what is wrong with a shown command, or None; one that shows no flag is a name and no example."""
    words = line.split()
    if words[0].startswith("-") or words[0].isupper():  # a flag of the whole, or a placeholder
        return None
    known = [" ".join(words[:count]) for count in (2, 1) if " ".join(words[:count]) in commands]
    if not known:
        groups = {name.split()[0] for name in commands if " " in name}
        return None if words[0] in groups and len(words) == 1 else "there is no such command"
    flags = set(re.findall(r"(?<!\S)--[a-z-]+", re.sub(r"\"[^\"]*\"|'[^']*'", "", line)))
    unknown = flags - commands[known[0]] - {"--help"}
    if unknown:
        return f"it has no {', '.join(sorted(unknown))}"
    absent = needs.get(known[0], set()) - flags if flags else set()
    return f"it needs {', '.join(sorted(absent))}" if absent else None


def pages() -> list[tuple[str, str]]:
    """Returns every page, the README included, by its name."""
    found = [*tree.below(tree.DOCS, ".md"), tree.ROOT / "README.md", tree.ROOT / "CHANGELOG.md"]
    found += tree.below(tree.SOURCE, ".md")
    return [(tree.shown(path), path.read_text(encoding="utf-8")) for path in found]


def test_every_command_on_a_page_exists() -> None:
    """No page shows a command or a flag that the command line does not have."""
    commands, needs = offered(command_line()), demanded(command_line())
    lines = {(name, line) for name, text in pages() for line in shown(text)}
    assert len(lines) > 50
    odd = {
        f"{name}: bridgehead {line}": why for name, line in lines if (why := wrong(line, commands, needs)) is not None
    }
    assert not odd, odd


def test_the_guard_sees_wrong_commands() -> None:
    """The guard names a command and a flag that do not exist, and lets those be that do."""
    commands = {"review": {"--by"}, "db status": set[str](), "promote": {"--to", "--why"}}
    needs = {"promote": {"--to", "--why"}}
    assert list(shown("`bridgehead go`\n```sh\n$ bridgehead stop | x\nbridgehead  no\n```\n")) == ["stop", "no", "go"]
    assert wrong("revew R-1", commands, needs) == "there is no such command"
    assert wrong("review R-1 approve --bye max", commands, needs) == "it has no --bye"
    assert wrong("db stop", commands, needs) == "there is no such command"
    assert wrong('promote orders --to approve --why "up --now"', commands, needs) is None
    assert wrong("promote orders --to approve", commands, needs) == "it needs --why"
    assert wrong("promote", commands, needs) is None
    assert wrong("db", commands, needs) is None

"""The page about bridgehead.yaml says what the loader does: its fields, its messages and its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

import pytest
import yaml

from bridgehead.errors import UserError
from bridgehead.gate.cedar import to_policy
from bridgehead.gate.compile import compile_policies
from bridgehead.gate.expression import parse
from bridgehead.gate.rule import resolve
from bridgehead.gate.shape import arguments_shape
from bridgehead.spec.document import json_schema
from bridgehead.spec.load import load
from bridgehead.spec.tool import Tool
from tests.docs import tree

PAGE: Final = tree.page("reference/deployment.md")
CELL: Final = re.compile(r"^\| `(.+?)` \| `(.+)` \|$", re.MULTILINE)
RIGHT: Final = {
    "deployment": "orders",
    "agent": "deploy:orders",
    "owner": "order-desk@example.com",
    "case": {"key": ["po_number"], "deadline": "30m"},
    "roles": {"desk": {"members": "group:desk"}},
    "fallback": "desk",
}
BOOK: Final = {
    "type": "object",
    "properties": {
        "order": {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]},
        "qty": {"type": "integer"},
        "price": {"type": "string", "format": "money"},
        "tier": {"type": "string"},
        "rush": {"type": "boolean"},
    },
    "required": ["order", "qty"],
}


def section(name: str) -> str:
    """Returns the text of one section of the page."""
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


def table(name: str, heading: str) -> list[tuple[str, str]]:
    """Returns the two columns of one table of a section."""
    found = re.search(rf"^\| [^|]+ \| {heading} \|\n(?:\|.*\n)+", section(name), re.MULTILINE)
    assert found is not None, heading
    rows = CELL.findall(found[0])
    assert len(rows) == found[0].count("\n") - 2, "each line of the table is read"
    return [(left, right) for left, right in rows]


def fields(schema: Mapping[str, object], whole: Mapping[str, object], path: str = "") -> Iterator[str]:
    """Yields the dotted name of every field that a JSON Schema names; names users choose are left out."""
    if "$ref" in schema:
        definitions = cast("Mapping[str, Mapping[str, object]]", whole["$defs"])
        yield from fields(definitions[str(schema["$ref"]).rsplit("/", 1)[1]], whole, path)
    for word in ("anyOf", "oneOf", "allOf"):
        for part in cast("list[Mapping[str, object]]", schema.get(word, ())):
            yield from fields(part, whole, path)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            yield from fields(cast("Mapping[str, object]", schema[word]), whole, path)
    for part in cast("Mapping[str, Mapping[str, object]]", schema.get("patternProperties", {})).values():
        yield from fields(part, whole, path)
    if path == "fallback":  # its names are the error classes, which have a page of their own
        return
    for name, part in cast("Mapping[str, Mapping[str, object]]", schema.get("properties", {})).items():
        here = f"{path}.{name}" if path else name
        yield here
        yield from fields(part, whole, here)


def test_every_field_is_on_the_page() -> None:
    """Each field of the file's schema has an anchor on the page, and the page knows no other."""
    schema = json_schema()
    assert set(tree.ids(PAGE)) == set(fields(schema, schema))


def test_the_example_loads(tmp_path: Path) -> None:
    """The example at the head of the page is a deployment without a mistake."""
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    (tmp_path / "bridgehead.yaml").write_text(found[1])
    assert load(tmp_path).name == "orders"


@pytest.mark.parametrize("wrong, says", table("What a wrong value says", "Says"))
def test_a_wrong_value_says_what_the_page_says(tmp_path: Path, wrong: str, says: str) -> None:
    """A mistake that the page shows is refused in the words that the page shows."""
    changed = {**RIGHT, **yaml.safe_load(wrong)}
    (tmp_path / "bridgehead.yaml").write_text(yaml.safe_dump(changed))
    with pytest.raises(UserError) as refused:
        load(tmp_path)
    assert says in str(refused.value)


@pytest.mark.parametrize("rule, cedar", table("Expressions", "Compiles to"))
def test_a_rule_compiles_to_what_the_page_says(rule: str, cedar: str) -> None:
    """An expression that the page shows becomes the Cedar condition that the page shows."""
    shape = arguments_shape(BOOK)
    assert to_policy(resolve(parse(rule), shape, "book"), shape) == cedar


@pytest.mark.parametrize("rule, because", table("Expressions", "Refused, because"))
def test_a_rule_is_refused_as_the_page_says(rule: str, because: str) -> None:
    """An expression that the page calls refused is refused for the reason given there."""
    with pytest.raises(UserError) as refused:
        resolve(parse(rule), arguments_shape(BOOK), "book")
    assert because in str(refused.value)


def test_the_cedar_file_of_the_page_fits(tmp_path: Path) -> None:
    """The Cedar policy on the page parses and fits the tool that it is about."""
    found = re.search(r"```cedar\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "own.cedar").write_text(found[1])
    (tmp_path / "bridgehead.yaml").write_text(yaml.safe_dump({**RIGHT, "tools": {"book": "allow"}}))
    compiled = compile_policies(load(tmp_path), {"book": Tool("book", "reversible", parameters=BOOK)})
    assert compiled.notes["no-friday-rush"].remedy == "book it without rush"

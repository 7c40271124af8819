"""The page about connector specifications says what the loader does: its fields, its messages, its example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

import pytest
import yaml

from bridgehead.connectors.document import json_schema
from bridgehead.connectors.fill import fill, mistake_in
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.part_types import FieldType
from bridgehead.connectors.schema import schema_text
from bridgehead.connectors.shapes import WORDS
from bridgehead.errors import UserError
from tests.docs import tree

PAGE: Final = tree.page("reference/connector.md") + tree.page("reference/connector-actions.md")
Schema = Mapping[str, object]

SECTIONS: Final = {
    "ConnectionPart": "connection",
    "TlsPart": "tls",
    "ReplicaPart": "replica",
    "AuthPart": "auth",
    "BasicPart": "basic",
    "ApiKeyPart": "api_key",
    "BearerPart": "bearer",
    "OAuth2Part": "oauth2",
    "LoginPart": "login",
    "LimitsPart": "limits",
    "RetryPart": "retry",
    "ErrorPart": "error",
    "BodyTest": "body_test",
    "EntityPart": "entity",
    "FieldPart": "field",
    "ReadPart": "read",
    "LetPart": "let",
    "RequestPart": "request",
    "FilePart": "file",
    "PagingPart": "paging",
    "CursorPaging": "cursor",
    "NumberPaging": "number",
    "KeysetPaging": "keyset",
    "CompletePart": "complete",
    "ActionPart": "action",
    "LookupPart": "lookup",
    "IfMatchPart": "if_match",
    "StatementPart": "statement",
    "WriteFilePart": "write_file",
    "MessagePart": "message",
    "StepPart": "step",
    "ResultPart": "result",
    "UndoPart": "undo",
    "IntakePart": "intake",
    "MailIntake": "mail",
    "WebhookIntake": "webhook",
    "PollIntake": "poll",
    "QueueIntake": "queue",
    "FolderIntakePart": "folder",
    "HealthPart": "health",
}
"""How the anchors of each part begin."""


def own_fields(part: Schema) -> Iterator[str]:
    """Yields the names of a part's own fields."""
    yield from cast("Schema", part.get("properties", {}))
    for option in cast("list[Schema]", part.get("anyOf", ())):
        yield from own_fields(option)


def test_every_field_is_on_the_page() -> None:
    """Each field of each part has an anchor on the page, and the page knows no other."""
    schema = json_schema()
    parts = cast("Mapping[str, Schema]", schema["$defs"])
    assert set(parts) - set(SECTIONS) <= {"JsonValue"}, "each part of the file has a section on the page"
    fields = set(own_fields(schema))
    for name, section in SECTIONS.items():
        # A step is a request with something more: the page tells only that.
        known = set(own_fields(parts["RequestPart"])) if name == "StepPart" else set()
        fields |= {f"{section}.{field}" for field in set(own_fields(parts[name])) - known}
    assert set(tree.ids(PAGE)) == fields


def test_the_published_schema_is_the_generated_one() -> None:
    """The JSON Schema in the reference is exactly what `python -m bridgehead.connectors.schema` prints."""
    assert tree.page("reference/connector.schema.json") == schema_text()


def example() -> str:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_loads(tmp_path: Path) -> None:
    """The example at the head of the page is a specification without a mistake."""
    (tmp_path / "shop.yaml").write_text(example())
    assert load_specification(tmp_path / "shop.yaml").connector == "shop"


def rows(heading: str) -> list[tuple[str, str]]:
    """Returns the two columns of a table, without the code marks of the first."""
    found = re.search(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found is not None, heading
    cells = [re.split(r"(?<!\\)\|", line)[1:3] for line in found[1].splitlines()]
    return [(left.strip().replace("\\|", "|"), right.strip().strip("`")) for left, right in cells]


@pytest.mark.parametrize("wrong, says", rows("Written"))
def test_a_wrong_value_says_what_the_page_says(tmp_path: Path, wrong: str, says: str) -> None:
    """A mistake that the page shows is refused in the words that the page shows."""
    right = yaml.safe_load(example().replace("datetime?", '"datetime?"'))
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump({**right, **yaml.safe_load(wrong.strip("`"))}))
    with pytest.raises(UserError) as refused:
        load_specification(tmp_path / "shop.yaml")
    assert says in str(refused.value)


def test_every_type_is_on_the_page() -> None:
    """The tables of types and arguments name each type word, and no other."""
    assert [name.strip("`") for name, _ in rows("Type")] == list(FieldType.__args__)  # type: ignore[attr-defined]  # a Literal's words
    told = re.search(r"^`params` gives each argument a type word: (.*?)\.", PAGE, re.MULTILINE)
    assert told is not None
    assert re.findall(r"`(\w+)`", told[1]) == list(WORDS)


@pytest.mark.parametrize("template", [code for cell, _ in rows("Template") for code in re.findall(r"`([^`]+)`", cell)])
def test_every_template_on_the_page_is_right(template: str) -> None:
    """Each form of a template that the page shows is taken."""
    if template.startswith(("{each:", "{when:")):
        assert fill(yaml.safe_load(template), {"lines": [{}], "note": 0}) is not None
    else:
        assert mistake_in(template) is None


def test_the_specification_of_the_readme_loads(tmp_path: Path) -> None:
    """The first specification that anybody sees is one that loads."""
    found = re.search(r"```yaml\n(connector:.*?)```", (tree.ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    file = tmp_path / "erp.yaml"
    file.write_text(found[1], encoding="utf-8")
    assert load_specification(file).connector == "erp"

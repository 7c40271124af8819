"""What a person sees who tries a mapping: where each value stood, what the mapping does, and what nothing reads."""

from __future__ import annotations

from pydantic import TypeAdapter

from bridgehead.connectors.document_entity import FieldPart, Fields
from bridgehead.connectors.trying import NOTHING, lines, unmapped

FIELDS: dict[str, FieldPart] = TypeAdapter(Fields).validate_python(
    {
        "number": {"from": "code", "type": "code", "else": {"from": "id"}},
        "name": {"label": "public"},
        "tax": {"from": "tax_id", "optional": True, "label": "personal", "else": {"from": "other_tax"}},
        "kind": {"from": "kind", "none": ["-"], "else": {"value": "plain"}},
        "lines": {
            "from": "lines\\.",
            "type": "list",
            "only": {"type": ["line", "item"]},
            "fields": {"item": "sku", "price": {"type": "money", "currency": "^.cur"}, "in": "^.site.name"},
        },
        "addresses": {"read": "addresses_of", "with": {"party": "number"}},
    }
)
SENT = {
    "id": 7, "code": None, "name": "Ada", "kind": "-", "other_tax": "DE1", "cur": "EUR", "site": {"name": "N", "id": 1},
    "lines.": [{"type": "line", "sku": "A-1", "price": "2", "note": ""}], "addresses": [1, 2], "__timestamp": "x",
}  # fmt: skip


def test_what_else_found_is_shown_where_it_stood() -> None:
    """A value that ``else`` brought is shown with its own path; ``label: public`` hides nothing, another one both."""
    shown = {line.field: line for line in lines(FIELDS, SENT)}
    assert (shown["number"].path, shown["number"].raw, shown["number"].mapped) == ("id", 7, "7")
    assert (shown["name"].raw, shown["name"].mapped) == ("Ada", "Ada")
    assert (shown["tax"].path, shown["tax"].raw, shown["tax"].mapped) == ("other_tax", "(hidden)", "(hidden)")
    assert (shown["kind"].raw, shown["kind"].mapped) == ("plain", "plain")
    missing = {line.field: line for line in lines(FIELDS, SENT | {"id": None, "other_tax": None, "code": "9"})}
    assert (missing["number"].path, missing["number"].raw) == ("code", "9")
    del missing["tax"]
    empty = {line.field: line for line in lines(FIELDS, {"name": "Ada"})}
    assert (empty["number"].path, empty["number"].raw, bool(empty["number"].wrong)) == ("code", NOTHING, True)


def test_what_a_mapping_does_is_said_in_its_own_words() -> None:
    """No inside of the program stands in the column that says how a field is mapped."""
    said = {line.field: line.how for line in lines(FIELDS, SENT)}
    assert said["number"] == "code, else: from id"
    assert said["kind"] == "text, else: value plain, none '-'"
    assert said["lines"] == "list, only type: line or item"
    assert said["tax"] == "text, else: from other_tax, optional, personal"


def test_only_what_nothing_reads_is_named() -> None:
    """Names with a dot, of an ``else``, and those read from inside of a list are read; the rest is named."""
    assert unmapped(FIELDS, SENT) == ["addresses", "__timestamp"]

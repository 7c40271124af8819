"""A proposed file says what was meant, whatever foreign systems call their things."""

from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.connectors.load import SpecificationError
from bridgehead.connectors.proposing.draft import Block, Draft, Noted, Question, scalar
from bridgehead.connectors.proposing.naming import argument, singular, snake, unique
from bridgehead.spec.yamlfile import Spot, read_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def plain(spot: Spot) -> object:
    """Returns what a file holds, without places."""
    if isinstance(spot.value, dict):
        return {name: plain(child) for name, child in spot.children.items()}
    if isinstance(spot.value, list):
        return [plain(child) for child in spot.children.values()]
    return spot.value


@given(text=TEXTS)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    """A text in the file is read again as the same text, in a line of its own and inside braces."""
    assert yaml.safe_load(f"a: {scalar(text)}") == {"a": text}
    assert yaml.safe_load(f"[{scalar(text)}, {{{scalar(text)}: b}}]") == [text, {text: "b"}]


@given(note=TEXTS)
def test_a_remark_never_leaves_its_line(note: str) -> None:
    """Whatever a system says of itself stays a remark and changes nothing of the file."""
    draft = Draft("x", {"connector": Noted("x", (note,)), "list": [Noted({"a": 1, "b": {"c": 2, "d": 3}}, (note,))]})
    assert yaml.safe_load(draft.yaml()) == {"connector": "x", "list": [{"a": 1, "b": {"c": 2, "d": 3}}]}


def test_the_tree_is_the_file(tmp_path: Path) -> None:
    """Mappings, lists, blocks and remarks are read again as the tree that they were made of."""
    tree: dict[str, object] = {
        "connection": {"url": "https://erp.example.com", "timeout": "10s"},
        "limits": Noted({"rate": "10/s", "burst": 10}, ("ASK: how many?",)),
        "entities": {"a": {"sql": Block(("SELECT 1", "  FROM t")), "codes": ["01", "no", "-", " ", ""]}},
    }
    file = tmp_path / "x.yaml"
    file.write_text(Draft("x", tree, gaps=["a # b: c\nd: e"]).yaml(), encoding="utf-8")
    assert plain(read_yaml(file, raises=SpecificationError)) == {
        "connection": {"url": "https://erp.example.com", "timeout": "10s"},
        "limits": {"rate": "10/s", "burst": "10"},
        "entities": {"a": {"sql": "SELECT 1\n  FROM t\n", "codes": ["01", "no", "-", " ", ""]}},
    }


def test_a_question_is_asked_once() -> None:
    """One text is put to a person once, and its answer holds for the whole file."""
    asked: list[Question] = []

    def ask(question: Question) -> str:
        asked.append(question)
        return "1h"

    draft = Draft("x", {}, ask)
    assert [draft.question("How old?", (), "5m") for _ in range(3)] == [("1h", ())] * 3
    assert len(asked) == 1
    assert draft.open_questions == 0


def test_an_open_question_says_what_is_possible() -> None:
    """A question that nobody answers leaves a remark with the options and what was taken."""
    answer, notes = Draft("x", {}).question("In which currency?", ("EUR", "USD"), "EUR")
    assert (answer, notes) == ("EUR", ("ASK: In which currency? Options: EUR | USD. Taken: EUR.",))


@given(text=TEXTS)
def test_names_are_usable(text: str) -> None:
    """Every foreign name becomes a name that a specification may use, for fields and for arguments."""
    for name in (unique(snake(text), ()), argument(snake(text), ())):
        assert name.isidentifier()
        assert name[0].isalpha()
        assert len(name) <= 63
        assert name == name.lower()


def test_names_of_the_connector_are_left_alone() -> None:
    """An argument never takes a name that means something else in a template."""
    assert [argument(name, ()) for name in ("item", "result", "customer")] == ["the_item", "the_result", "customer"]
    assert [singular(word) for word in ("orders", "categories", "addresses", "status", "gas")] == [
        "order", "category", "address", "status", "gas",
    ]  # fmt: skip
    assert [snake(word) for word in ("orderNumber", "KDNR", "Straße Nr.", "2fa", "HTTPStatus")] == [
        "order_number", "kdnr", "strasse_nr", "f_2fa", "http_status",
    ]  # fmt: skip

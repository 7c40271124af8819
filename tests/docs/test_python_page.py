"""The page about the public names says what there is, and nothing else."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Final

import bridgehead
from bridgehead.cases.context import Context
from tests.docs import tree

PAGE: Final = tree.page("reference/python.md")
SAME: Final = {"outbound_read": "read", "irreversible": "reversible"}
"""Decorators whose parameters stand in the table of another one."""


def parameters(name: str) -> set[str]:
    """Returns the names of a public function's parameters that are given by name."""
    found = inspect.signature(getattr(bridgehead, name)).parameters.values()
    return {parameter.name for parameter in found if parameter.kind is parameter.KEYWORD_ONLY}


def members(name: str) -> set[str]:
    """Returns what a reader of the page may use of a public class: its fields, or the methods of the Context."""
    found = getattr(bridgehead, name)
    if dataclasses.is_dataclass(found):
        return {field.name for field in dataclasses.fields(found)}
    return {*(word for word in vars(found) if not word.startswith("_")), "case"}


def anchors() -> set[str]:
    """Returns the anchors that the public names ask for."""
    found = set(bridgehead.__all__)
    for name in ("read", "outbound_read", "reversible", "irreversible"):
        found |= {f"{SAME.get(name, name)}.{word}" for word in parameters(name)}
    for name in ("Case", "Context", "NewCase", "NoCase", "ToReview"):
        found |= {f"{name}.{word}" for word in members(name)}
    return found


def test_every_public_name_is_on_the_page() -> None:
    """Each public name, parameter, field and method has an anchor on the page, and the page knows no other."""
    assert set(tree.ids(PAGE)) == anchors()


def test_the_public_names_are_few() -> None:
    """The public surface is what the page lists: a new name is a decision, not an accident."""
    assert len(bridgehead.__all__) == 14
    assert sorted(bridgehead.__all__) == list(bridgehead.__all__)


def test_the_page_shows_the_signatures_of_the_context() -> None:
    """The methods of the Context stand on the page with the parameters that they have."""
    ask = list(inspect.signature(Context.ask).parameters)[1:]
    assert f"`await ask({', '.join(ask)})`" in PAGE
    hand_over = inspect.signature(Context.hand_over).parameters
    shown = 'await hand_over(role, reason, *, cause="", error_class="out_of_scope", within_s=None, details=None)'
    assert f"`{shown}`" in PAGE
    assert (hand_over["cause"].default, hand_over["error_class"].default) == ("", "out_of_scope")

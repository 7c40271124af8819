"""A long page as folds: what is told and what is listed of one matter stand in one, and a list of all leads to each.

A fold's body has the id that links name. A browser that goes to it opens the fold around it by itself (WHATWG HTML,
"ancestor details revealing algorithm"); for others a script does, and ``?open=all`` opens all without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bridgehead.desk.explaining import Section

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold: ``id`` of its body, its title, a few words on how much is in it, and what an account tells there."""

    id: str
    title: str
    note: str = ""
    told: Section | None = None


def folds(known: Mapping[str, str], sections: Sequence[Section], listed: Mapping[str, str]) -> tuple[Fold, ...]:
    """Returns the folds of a page in the order of ``known``, those without anything left out.

    ``known`` gives ids by title, ``listed`` a note for each id of which the page lists something. A section of
    another title gets a fold of its own at the end, so that nothing that is told is lost.
    """
    told = {one.title: one for one in sections}
    found = [Fold(place, title, listed.get(place, ""), told.get(title)) for title, place in known.items()]
    kept = [one for one in found if one.told is not None or one.id in listed]
    rest = [Fold(slug(title), title, "", one) for title, one in told.items() if title not in known]
    return tuple(replace(one, note=one.note or noted(one.told)) for one in (*kept, *rest))


def noted(told: Section | None) -> str:
    """Returns how much is told, where it is more than a few sentences: the rows of its tables."""
    rows = sum(len(one.rows) for one in told.tables) if told is not None else 0
    return counted(rows, "row") if rows else ""


def counted(number: int, noun: str) -> str:
    """Returns a number with its noun; empty for none."""
    return f"{number} {noun if number == 1 else noun + 's'}" if number else ""


def slug(title: str) -> str:
    """Returns the id of a title: its letters and digits, joined by dashes."""
    return "-".join(re.findall(r"[a-z0-9]+", title.casefold())) or "more"

"""Crosswalks: what a name of theirs means here. A person confirms it once; from then on it is a fact."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridgehead.errors import UserError


@dataclass(frozen=True, slots=True)
class Entry:
    """One confirmed meaning: ``value`` of ``scope`` (whose names they are) in table ``name`` means ``target``."""

    name: str
    scope: str
    value: str
    target: str
    confirmed_by: str
    confirmed_at: datetime
    review_id: int | None = None


class Crosswalks(Protocol):
    """The confirmed meanings of one deployment's names."""

    async def find(self, deployment: str, name: str, scope: str, value: str) -> Entry | None:
        """Returns the entry in force, or None."""
        ...

    async def confirm(
        self, deployment: str, name: str, scope: str, value: str, target: str, *, by: str, review_id: int | None = None
    ) -> Entry:
        """Keeps a meaning, by name and on the record, and returns the entry in force.

        One that stands already stays, whatever it says: retire it first.
        """
        ...


def spelled(value: str) -> str:
    """Returns what two spellings of one name share: no case, no outer or doubled spaces, one Unicode form (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something a name may mean. ``score`` is 0 to 100 (rapidfuzz's WRatio): an order for people, never a decision."""

    target: str
    description: str
    score: int


def ranked(value: str, candidates: Mapping[str, str], *, most: int = 5) -> list[Candidate]:
    """Returns the likeliest meanings of a name, best first, out of target → description.

    Raises UserError when the extra ``crosswalk`` is not installed.
    """
    try:
        from rapidfuzz import fuzz, process
    except ImportError:
        raise UserError(
            "candidates need rapidfuzz, which is not installed",
            code="crosswalk.extra",
            hint="pip install 'bridgehead[crosswalk]'",
        ) from None
    choices = {target: f"{target} {description}" for target, description in candidates.items()}
    found = process.extract(value, choices, scorer=fuzz.WRatio, processor=spelled, limit=most)
    return [Candidate(target, candidates[target], round(score)) for _, score, target in found]


def question(name: str, scope: str, value: str) -> str:
    """Returns the question that a person is asked once."""
    whose = f" of {scope}" if scope else ""
    return f"What does {value!r}{whose} mean in {name}? The answer is kept for every later case."


def listed(likely: Sequence[Candidate]) -> str:
    """Returns what is likely, one a line."""
    return "\n".join(f"{one.target}: {one.description} ({one.score} % alike)" for one in likely)

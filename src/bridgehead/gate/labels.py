"""Labels of what a case has read: how far it may be trusted, how secret it is, and where it may go."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest

Integrity = Literal["operator", "user", "system_of_record", "untrusted"]
"""Who vouches for a value: whoever runs the deployment, the user of the case, a system of record, or nobody."""

INTEGRITIES: Final[tuple[Integrity, ...]] = get_args(Integrity)
CONFIDENTIALITY: Final = ("public", "internal", "confidential", "secret")
"""The names of confidentiality, lowest first, where a deployment declares none."""

ITEM: Final = "*"
"""Stands in a path for the place in a list, and in a label's path for any field or place."""

_REGION: Final = re.compile("[a-z]{2,4}(?:-[a-z0-9]{1,12}){0,3}")
_ALIKE: Final = 0.8
_CONNECTOR_WORDS: Final = {"trusted": "system_of_record"}
"""What a connector's file calls a system that is vouched for, in the words of labels."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of one value. ``confidentiality`` is a rank, 0 the lowest; ``region`` is "" where none is set."""

    integrity: Integrity = "untrusted"
    confidentiality: int = 0
    region: str = ""

    @property
    def trusted(self) -> bool:
        """True when somebody vouches for the value."""
        return self.integrity != "untrusted"


UNLABELLED: Final = Label()
USER: Final = Label("user")
OPERATOR: Final = Label("operator")


class LabelError(UserError):
    """A label that says nothing known."""

    code = "deployment.label"


def label_of(words: str, ranks: Sequence[str] = CONFIDENTIALITY) -> Label:
    """Returns the label that words in any order make: an integrity, a confidentiality, a region, each at most once.

    A region is two to four letters, with more behind hyphens: ``eu``, ``us-east-1``. Raises LabelError.
    """
    integrity: Integrity | None = None
    rank: int | None = None
    region = ""
    for word in words.split():
        one = _CONNECTOR_WORDS.get(word, word)
        if one in INTEGRITIES:
            if integrity is not None:
                raise LabelError(f"{words!r} names two integrities", hint=f"Keep one of {', '.join(INTEGRITIES)}.")
            integrity = one
        elif one in ranks:
            if rank is not None:
                raise LabelError(f"{words!r} names two confidentialities", hint="Keep the higher one.")
            rank = ranks.index(one)
        elif region_fits(one, ranks):
            if region:
                raise LabelError(f"{words!r} names two regions", hint="Keep one.")
            region = one
        else:
            raise LabelError(f"{one!r} is no word of a label", hint=_hint(one, ranks))
    return Label(integrity or "untrusted", rank or 0, region)


def region_fits(word: str, ranks: Sequence[str] = CONFIDENTIALITY) -> bool:
    """Tells whether a word is a region; one that is nearly another word of a label is taken for a slip."""
    alike = difflib.get_close_matches(word, [*INTEGRITIES, *ranks], n=1, cutoff=_ALIKE)
    return _REGION.fullmatch(word) is not None and not alike


def _hint(word: str, ranks: Sequence[str]) -> str:
    close = nearest(word, [*INTEGRITIES, *ranks])
    return f"{close[:1].upper()}{close[1:]} A region is written as eu or us-east-1."


class Labels:
    """The labels of one source, by the path of a field in it; the longest path that fits wins.

    A label's path stands for all that lies below it. Places in lists need not be written: ``lines.note`` and
    ``lines.*.note`` are the notes of all lines. ``*`` (or an empty path) is everything. Raises LabelError.
    """

    __slots__ = ("_found", "_patterns", "marks", "single", "vouches")

    def __init__(self, written: Mapping[str, str], ranks: Sequence[str] = CONFIDENTIALITY) -> None:
        patterns: list[tuple[tuple[str, ...], Label]] = []
        for path, words in written.items():
            try:
                patterns.append((tuple(path.split(".")) if path else (ITEM,), label_of(words, ranks)))
            except LabelError as error:
                raise LabelError(f"{path}: {error.message}", hint=error.hint, path=path) from None
        # The longest first, of equally long ones that with fewer stars.
        patterns.sort(key=lambda one: (len(one[0]), -one[0].count(ITEM)), reverse=True)
        self._patterns = tuple(patterns)
        self._found: dict[tuple[str, ...], Label] = {}
        worth = {label for _, label in patterns}
        self.marks = any(label.confidentiality or label.region for label in worth)
        """Whether any of it is confidential, or bound to a region."""
        self.vouches = any(label.trusted for label in worth)
        """Whether somebody vouches for any of it."""
        if not any(parts == (ITEM,) for parts, _ in patterns):
            worth.add(UNLABELLED)
        self.single = next(iter(worth)) if len(worth) == 1 else None
        """The label of every field, where all have the same."""

    def names(self, path: tuple[str, ...]) -> bool:
        """Tells whether the label of a value is of a path that was written out, and not of everything."""
        return any(part != ITEM for part in next((parts for parts, _ in self._patterns if fits(parts, path)), ()))

    def of(self, path: tuple[str, ...]) -> Label:
        """Returns the label of the value at a path, in which places of lists are ``*``."""
        found = self._found.get(path)
        if found is None:
            # A bare result has the empty path: what labels everything labels it.
            wanted = path or (ITEM,)
            found = next((label for parts, label in self._patterns if fits(parts, wanted)), UNLABELLED)
            if len(self._found) < _KEPT:
                self._found[path] = found
        return found


_KEPT: Final = 4_096
"""So many paths are remembered: a system that makes up field names may not fill the memory."""


def fits(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Tells whether a label's path is that of a value, or of something that holds it."""
    if not pattern:
        return True
    if not path:
        return False
    if pattern[0] in (ITEM, path[0]) and fits(pattern[1:], path[1:]):
        return True
    return path[0] == ITEM and fits(pattern, path[1:])

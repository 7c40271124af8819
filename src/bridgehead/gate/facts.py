"""What a decision rests on: where the value of an argument was read, and everything that was read before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from bridgehead.gate.labels import Integrity, Label
from bridgehead.gate.naming import meant

MOST_SOURCES: Final = 8
"""So many sources a trace names."""
NOWHERE = "none"
"""Stands for the integrity of a value that was found nowhere: the model made it up."""


@dataclass(frozen=True, slots=True)
class Source:
    """One recorded value that an argument was found in. ``name`` is a tool, ``case.input`` or a review (``R-3``).

    ``within``: it stands in a longer text there. ``alike``: it only looks like that value, and is another.
    """

    name: str
    path: str
    integrity: Integrity
    age_s: float
    step: int | None = None
    within: bool = False
    alike: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The names on the path."""
        return tuple(self.path.split(".")) if self.path else ()

    def __str__(self) -> str:
        return f"{self.name} {self.path}" if self.path else self.name


@dataclass(frozen=True, slots=True)
class Trace:
    """Where one argument came from: the best source of each of its parts, the worst of its parts counts.

    ``integrity`` is "none" where a part was found nowhere: the model made it up. ``origins`` holds one word per
    part, the integrities of its sources joined by ``+`` ("user+untrusted"), and behind them which of the sources that
    the rule names are among them. ``confidentiality`` is the highest
    rank of what it may hold, ``regions`` are where that may not leave, ``age_s`` is of the oldest value relied on
    (None where a part was found nowhere), ``stale`` tells that one is older than its tool lets it become.
    """

    integrity: Integrity | Literal["none"]
    confidentiality: int = 0
    regions: frozenset[str] = frozenset()
    age_s: float | None = 0.0
    sources: tuple[Source, ...] = ()
    origins: frozenset[str] = frozenset()
    stale: bool = False

    @property
    def trusted(self) -> bool:
        """True when somebody vouches for every part."""
        return self.integrity not in ("untrusted", NOWHERE)

    def within(self, words: frozenset[str]) -> bool:
        """Tells whether every part has a source of one of these integrities, or one that the words name.

        ``origins`` hold the named sources that the rule of the time asked for; of another one only what was relied
        on is known, and it counts where nothing was left out.
        """
        if all(not words.isdisjoint(origin.split("+")) for origin in self.origins):
            return True
        if not self.trusted or not 0 < len(self.sources) < MOST_SOURCES:
            return False
        return all(
            not source.within and any(meant(word, source.name, source.parts) for word in words)
            for source in self.sources
        )


@dataclass(frozen=True, slots=True)
class Read:
    """The join of everything that the case has read so far; free text of a model inherits it."""

    confidentiality: int = 0
    regions: frozenset[str] = frozenset()
    untrusted: bool = False

    def with_labels(self, labels: Iterable[Label]) -> Read:
        """Returns the join with what was read besides."""
        rank, regions, untrusted = self.confidentiality, set(self.regions), self.untrusted
        for label in labels:
            rank = max(rank, label.confidentiality)
            untrusted = untrusted or not label.trusted
            if label.region:
                regions.add(label.region)
        if rank == self.confidentiality and untrusted == self.untrusted and len(regions) == len(self.regions):
            return self
        return Read(rank, frozenset(regions), untrusted)

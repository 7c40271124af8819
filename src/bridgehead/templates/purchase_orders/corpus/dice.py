"""Seeded draws: the same key always gives the same sequence, on every machine and Python version."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of draws named by its key, so that one part of a run never disturbs another.

    ``Dice(7, "customer", 12)`` gives the same draws whatever else is drawn. Not for secrets.
    """

    def __init__(self, *key: object) -> None:
        self._source = random.Random("/".join(str(part) for part in key))  # noqa: S311 - a corpus, not a secret

    def chance(self, share: float) -> bool:
        """Returns True with probability ``share``."""
        return self._source.random() < share

    def one(self, choices: Sequence[T]) -> T:
        """Returns one of ``choices``, each equally likely."""
        return choices[self._source.randrange(len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """Returns one choice, each with a probability in proportion to its weight."""
        point = self._source.random() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            point -= weight
            if point < 0:
                return choice
        return choices[-1][0]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """Returns ``count`` different choices (all of them when there are fewer), in drawn order."""
        return self._source.sample(list(choices), min(count, len(choices)))

    def between(self, low: int, high: int) -> int:
        """Returns a whole number from ``low`` to ``high``, both included."""
        return self._source.randint(low, high)

    def real(self, low: float, high: float) -> float:
        """Returns a number from ``low`` to ``high``."""
        return self._source.uniform(low, high)

    def digits(self, count: int) -> str:
        """Returns ``count`` digits, the first of them not 0."""
        return str(self._source.randrange(10 ** (count - 1), 10**count))

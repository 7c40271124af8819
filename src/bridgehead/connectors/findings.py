"""Mistakes in a connector specification, collected with the places they stand at."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.spec.problem import Problem, shown
from bridgehead.spec.yamlfile import Spot

Path = tuple[str | int, ...]


class Findings:
    """Collects mistakes of one file; a place that does not exist counts as the deepest one on its way."""

    def __init__(self, file: str, top: Spot) -> None:
        self.file = file
        self.top = top
        self.problems: list[Problem] = []

    def add(
        self, path: Sequence[str | int], expected: str, found: str | None = None, hint: str = "", *, key: bool = False
    ) -> None:
        """Notes a mistake; ``found`` None shows what stands there; ``key`` points at the name, not at the value."""
        spot = self.top.at(path)
        line, column = (spot.key_line, spot.key_column) if key else (spot.line, spot.column)
        what = shown(spot.value) if found is None else found
        self.problems.append(Problem(self.file, line, column, ".".join(map(str, path)), expected, what, hint))

    def has(self, *path: str | int) -> bool:
        """Tells whether something stands at a place of the file, right or wrong."""
        spot = self.top
        for part in path:
            if part not in spot.children:
                return False
            spot = spot.children[part]
        return spot.value is not None

    def names(self, *path: str | int) -> tuple[str, ...]:
        """Returns the names in a mapping of the file, those with mistakes in them too."""
        return tuple(str(name) for name in self.top.at(path).children) if self.has(*path) else ()

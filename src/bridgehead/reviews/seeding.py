"""A proposal made wrong on purpose, so that it can be counted who notices. Pure; such a call is never made."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON

_FACTOR: Final = 10


@dataclass(frozen=True, slots=True)
class Planted:
    """What is wrong in a seeded check: where, what stood there, what stands there instead, and who put it there."""

    path: str
    before: JSON
    after: JSON
    by: str

    def json(self) -> dict[str, JSON]:
        """Returns it as it is sealed."""
        return {"path": self.path, "before": self.before, "after": self.after, "by": self.by}


def altered(args: Mapping[str, JSON], number: int) -> tuple[dict[str, JSON], str]:
    """Returns arguments with one figure ten times as large, and its path; ``number`` chooses which, always the same.

    Raises UserError (``review.seed``) for arguments without a figure: somebody has to say what is wrong.
    """
    found = [(path, value) for path, value in _figures(args, ())]
    if not found:
        raise UserError(
            "there is no figure in these arguments to make wrong",
            code="review.seed",
            hint="Say what is wrong: --set PATH=VALUE.",
        )
    path, value = found[number % len(found)]
    changed: Any = copy.deepcopy(dict(args))
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = _larger(value)
    return cast("dict[str, JSON]", changed), spelled(path)


def differences(before: JSON, after: JSON, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, JSON, JSON]]:
    """Yields where two values differ, with what stands there in either."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before.keys() == after.keys():
        for name in before:
            yield from differences(before[name], after[name], (*path, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, (*path, at))
    elif before != after:
        yield spelled(path), before, after


def spelled(path: tuple[str | int, ...]) -> str:
    """Returns a path as people write it: ``lines[0].quantity``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".")


def _figures(value: JSON, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], JSON]]:
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield from _figures(value[name], (*path, name))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _figures(one, (*path, at))
    elif _is_figure(value) and path:
        yield path, value


def _is_figure(value: JSON) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return value != 0
    if not isinstance(value, str) or value.strip() != value or not ("." in value or " " in value):
        return False  # digits alone are a number of something more often than a figure
    amount, _, unit = value.partition(" ")
    try:
        figure = Decimal(amount)
    except InvalidOperation:
        return False
    return figure.is_finite() and figure != 0 and (not unit or unit.isalpha())


def _larger(value: JSON) -> JSON:
    if isinstance(value, str):
        amount, space, unit = value.partition(" ")
        return f"{Decimal(amount) * _FACTOR}{space}{unit}"
    return value * _FACTOR if isinstance(value, int | float) else value

"""Between which bounds a share lies that was counted. Pure.

The bounds are those of Clopper and Pearson ("The use of confidence or fiducial limits illustrated in the case of
the binomial", Biometrika 26, 1934): they hold with at least the confidence asked for, however few cases there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

CONFIDENCE: Final = 0.95
_STEPS: Final = 60
"""Halvings of the interval from 0 to 1: beyond the precision of a float."""
_NOTHING: Final = 1e-20
"""Terms that fall and are this small beside the first add nothing to a float."""


def interval(hits: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Returns the Clopper-Pearson interval of a share; (0, 1) where nothing was counted.

    Raises ValueError for more hits than cases, and for a confidence that is none.
    """
    if not 0 <= hits <= of or not 0 < confidence < 1:
        raise ValueError(f"no share: {hits} of {of} at {confidence}")
    if of == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    # P(X >= hits) grows with the share, P(X <= hits) falls: each bound is where its tail has the weight ``tail``.
    low = 0.0 if hits == 0 else _solve(lambda p: 1 - _at_most(hits - 1, of, p), tail, rising=True)
    high = 1.0 if hits == of else _solve(lambda p: _at_most(hits, of, p), tail, rising=False)
    return low, high


def _solve(function: Callable[[float], float], target: float, *, rising: bool) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if (function(middle) < target) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(hits: int, of: int, share: float) -> float:
    """Returns the binomial probability of at most ``hits`` of ``of``, summed in logarithms.

    It is summed on the side where the terms fall, and only as far as they count: of many thousand cases that are
    some hundred terms.
    """
    if share <= 0:
        return 1.0
    if share >= 1:
        return 1.0 if hits >= of else 0.0
    up, down = math.log(share), math.log1p(-share)
    whole = math.lgamma(of + 1)
    below = hits <= share * of
    terms: list[float] = []
    for k in range(hits, -1, -1) if below else range(hits + 1, of + 1):
        term = math.exp(whole - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * up + (of - k) * down)
        terms.append(term)
        if term <= terms[0] * _NOTHING:
            break
    total = math.fsum(terms)
    return min(1.0, total if below else 1.0 - total)

"""Fits and judges confidences: a logistic regression, cells of shares, reliability, the area under the ROC curve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

from bench.report import Cell

PENALTY: Final = 1.0
"""Weight of the squared weights: a feature seen a few times says little."""
BINS: Final = 10
LEAST: Final = 20
"""A cell with fewer fields than this is left to the reading as a whole."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one reading shows, and whether all of it is right."""

    features: Mapping[str, float]
    right: bool


def fit(orders: Sequence[Sample], cells: Sequence[tuple[str, bool]]) -> dict[str, dict[str, float]]:
    """Returns ``weights`` by maximum likelihood with an L2 penalty, and ``fields`` as (right + 1) / (all + 2)."""
    names = sorted({name for one in orders for name in one.features})
    column = {name: index for index, name in enumerate(names)}
    shown = np.zeros((len(orders), len(names)))
    for row, one in enumerate(orders):
        for name, value in one.features.items():
            shown[row, column[name]] = value
    right = np.array([one.right for one in orders], dtype=float)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logit = shown @ weights
        likely = np.logaddexp(0, logit) - right * logit
        slope = shown.T @ (1 / (1 + np.exp(-logit)) - right) + PENALTY * weights
        return float(likely.sum() + PENALTY * (weights @ weights) / 2), slope

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for key, is_right in cells:
        counts[key][0] += is_right
        counts[key][1] += 1
    return {
        "weights": {name: round(float(found.x[index]), 3) for name, index in column.items()},
        "fields": {key: round((good + 1) / (of + 2), 4) for key, (good, of) in counts.items() if of >= LEAST},
    }


def reliability(said: Sequence[tuple[float, bool]]) -> tuple[list[dict[str, Cell]], float]:
    """Returns the diagram as rows, and the expected calibration error: mean distance of said and found, by weight."""
    rows: list[dict[str, Cell]] = []
    error = 0.0
    for index in range(BINS):
        low, high = index / BINS, (index + 1) / BINS
        inside = [one for one in said if low <= one[0] < high or (index == BINS - 1 and one[0] >= high)]
        if not inside:
            continue
        mean = sum(one[0] for one in inside) / len(inside)
        share = sum(one[1] for one in inside) / len(inside)
        error += abs(mean - share) * len(inside) / len(said)
        bar = round(share * 20)
        rows.append(
            {
                "confidence": f"{low:.1f} to {high:.1f}",
                "readings": len(inside),
                "said": round(mean, 3),
                "right": round(share, 3),
                "": f"{'#' * bar}{'.' * (20 - bar)}",
            }
        )
    return rows, error


def auc(said: Sequence[tuple[float, bool]]) -> float:
    """The probability that a right one has the higher confidence (Mann and Whitney 1947); NaN without both kinds."""
    right = sum(one[1] for one in said)
    wrong = len(said) - right
    if not right or not wrong:
        return float("nan")
    ranks = rankdata([one[0] for one in said])
    total = sum(rank for rank, one in zip(ranks, said, strict=True) if one[1])
    return float((total - right * (right + 1) / 2) / (right * wrong))

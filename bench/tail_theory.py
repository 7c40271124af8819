"""What hedging at the p90 comes to by arithmetic: the bound that ``bench/tail.py`` holds its measurements against."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

from bench.tail_server import MODELS, sigma

_NORMAL: Final = NormalDist()


def theory_p99(second: str, rho: float) -> float:
    """Returns the p99 of hedging at the p90, in seconds; the logs of the two latencies correlate by ``rho``."""
    p90_s = MODELS["slow"][0] * math.exp(sigma("slow") * _NORMAL.inv_cdf(0.9))

    def beyond(at_s: float) -> float:
        """Returns how likely neither attempt has answered: Simpson's rule over the first one's z."""
        if at_s <= p90_s:
            return 1.0
        low = math.log(at_s / MODELS["slow"][0]) / sigma("slow")
        z2 = math.log((at_s - p90_s) / MODELS[second][0]) / sigma(second)
        parts, high = 400, max(low + 1, 9.0)
        step = (high - low) / parts
        total = 0.0
        for number in range(parts + 1):
            z = low + number * step
            weight = 1 if number in (0, parts) else 4 if number % 2 else 2
            total += weight * _NORMAL.pdf(z) * (1 - _NORMAL.cdf((z2 - rho * z) / math.sqrt(1 - rho * rho)))
        return total * step / 3

    low_s, high_s = p90_s, 10 * MODELS["slow"][1]
    for _ in range(60):
        middle_s = (low_s + high_s) / 2
        low_s, high_s = (middle_s, high_s) if beyond(middle_s) > 0.01 else (low_s, middle_s)
    return high_s

"""Runs of the corpus that several tests look at, made once a process."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from time import process_time
from typing import Any

from bridgehead.templates.purchase_orders.corpus.generate import Arrival, arrivals, start
from bridgehead.templates.purchase_orders.corpus.master import world_json
from bridgehead.templates.purchase_orders.corpus.model import Format

FORMATS: tuple[Format, ...] = ("email", "x12", "csv")
"""Formats whose documents these runs hold; the others have tests of their own."""
SEEDS = (7,)
ARRIVALS = 3200
"""Enough for 3,000 orders."""
DOCUMENTS = 800
"""How many documents of a run are parsed; parsing mails is slow."""
DEVIATIONS = 4.0
"""Half the width of the bounds; at 21 shares, one false alarm in about 700 choices of a seed."""


@cache
def made(seed: int, total: int = ARRIVALS) -> tuple[Arrival, ...]:
    """Returns all arrivals of a run."""
    return tuple(arrivals(start(seed, total, FORMATS)))


def seconds_per_arrival(seed: int, total: int = 300) -> float:
    """Returns the processor time of one arrival, the master data's share included."""
    began = process_time()
    for _ in arrivals(start(seed, total, FORMATS)):
        pass
    return (process_time() - began) / total


@cache
def master(seed: int) -> dict[str, Any]:
    """Returns the master data of a seed."""
    return dict(world_json(start(seed, 1, FORMATS).world))


def within(count: int, of: int, share: float) -> bool:
    """Returns True if ``count`` of ``of`` is what independent draws with probability ``share`` may well give."""
    return abs(count - of * share) <= DEVIATIONS * math.sqrt(of * share * (1 - share)) + 1


def orders(seed: int) -> Iterator[tuple[Arrival, dict[str, Any]]]:
    """Yields every order of a run with the arrival that holds it."""
    for arrival in made(seed):
        found: Any = arrival.truth["orders"]
        for order in found:
            yield arrival, order


def defects(arrival: Arrival) -> frozenset[str]:
    """Returns what is the matter with an arrival."""
    found: Any = arrival.truth["defects"]
    return frozenset(found)

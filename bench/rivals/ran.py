"""What one round of cases came to, whoever ran them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Ran:
    """Cases, seconds, and each step's latency in milliseconds."""

    cases: int
    wall_s: float
    cpu_s: float
    steps_ms: Sequence[float]
    by_kind: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """The same latencies by the kind of step."""
    starts_ms: Sequence[float] = ()
    """From the submit to the agent's first line."""
    at_once: float = 0.0
    """How many cases ran at the same time, on average."""
    shares_s: Mapping[str, float] = field(default_factory=dict)
    """``cpu_s`` by who used it."""

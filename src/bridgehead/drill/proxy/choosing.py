"""Which request meets which fault: by rules, counts and a seed, so that the same seed gives the same faults."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from statistics import NormalDist
from typing import Final

from bridgehead import clock
from bridgehead.drill.proxy.scenario import Latency, Rule, Scenario, When

_P99: Final = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True, slots=True)
class Injected:
    """One fault that was really done: by which rule, to what, and when (seconds since the proxy started)."""

    rule: str
    fault: str
    method: str
    path: str
    number: int
    """Which of the requests that the rule chooses from this was, from 1."""
    at_s: float
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rule that means a request, with its random numbers drawn."""

    rule: Rule
    number: int
    delay_s: float


@dataclass(slots=True)
class Choosing:
    """Chooses for each request, in the order they come.

    What is drawn for the nth request of a rule depends on the seed, the rule's place and n alone, not on
    what other rules or connections do meanwhile.
    """

    scenario: Scenario
    seed: int
    started_s: float = field(default_factory=clock.boot_s)
    injected: list[Injected] = field(default_factory=list)
    passed: int = 0
    """Requests that no rule meant."""
    missed: Counter[str] = field(default_factory=Counter)
    """Rules that meant a request to which their fault could not be done, by title."""
    _counted: Counter[int] = field(default_factory=Counter)

    def choose(self, method: str, path: str, body: bytes = b"") -> Chosen | None:
        """Returns the first rule that means this request; every rule counts what it chooses from."""
        found: Chosen | None = None
        for index, rule in enumerate(self.scenario.rules):
            when = rule.when
            if not _suits(when, method, path, body):
                continue
            self._counted[index] += 1
            number = self._counted[index]
            if found is None and self._meant(when, index, number):
                found = Chosen(rule, number, self._delay_s(rule, index, number))
        self.passed += found is None
        return found

    def done(self, chosen: Chosen, method: str, path: str) -> None:
        """Records that the fault was done."""
        at_s = clock.boot_s() - self.started_s
        rule = chosen.rule
        self.injected.append(
            Injected(rule.title, rule.do.fault, method, path, chosen.number, round(at_s, 6), chosen.delay_s)
        )

    def not_done(self, chosen: Chosen) -> None:
        """Records that the fault could not be done: this request was passed on as it was."""
        self.missed[chosen.rule.title] += 1

    def _meant(self, when: When, index: int, number: int) -> bool:
        if when.nth and number not in when.nth:
            return False
        if number < when.first or (when.last is not None and number > when.last):
            return False
        past_s = clock.boot_s() - self.started_s - when.after
        if past_s < 0:
            return False
        if when.every:
            past_s %= when.every
        if when.lasting is not None and past_s >= when.lasting:
            return False
        return when.share >= 1 or self._drawn(index, number, "share").random() < when.share

    def _delay_s(self, rule: Rule, index: int, number: int) -> float:
        if not isinstance(rule.do, Latency):
            return 0.0
        return lognormal_s(rule.do.p50, rule.do.p99, self._drawn(index, number, "latency").random())

    def _drawn(self, index: int, number: int, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{index}/{number}/{what}")  # noqa: S311  # it has to repeat; nothing here is a secret


def lognormal_s(p50: float, p99: float | None, uniform: float) -> float:
    """Returns the quantile ``uniform`` of the lognormal distribution with this median and 99th percentile.

    ln X is normal with mean ln p50 and standard deviation ln(p99 / p50) / z(0.99); without p99 it is p50 itself.
    """
    if p99 is None or p50 <= 0 or p99 <= p50:
        return p50
    deviation = math.log(p99 / p50) / _P99
    return p50 * math.exp(deviation * NormalDist().inv_cdf(min(max(uniform, 1e-12), 1 - 1e-12)))


def _suits(when: When, method: str, path: str, body: bytes) -> bool:
    return (
        (not when.method or when.method.upper() == method)
        and fnmatchcase(path, when.path)
        and (not when.body or when.body.encode() in body)
    )

"""The arithmetic of a rate with bursts, as pure functions of two times: the generic cell rate algorithm.

Source: ITU-T Recommendation I.371 (03/2004), Annex A, in its virtual scheduling form; the same as
ATM Forum Traffic Management 4.0, section 4.4.2. A system has one *theoretical arrival time* (TAT):
when its next request would come if all came evenly. With the spacing ``T = 1 / rate`` and the slack
``τ = (burst - 1) · T`` a request may be sent at ``t`` when ``t ≥ TAT - τ``, and then ``TAT`` becomes
``max(TAT, t) + T``. So no window of ``w`` seconds holds more than ``burst + w · rate`` requests.

All times are seconds on one clock.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, and so many at once after a pause.

    Raises ValueError for a rate that is not above zero, or a burst below one.
    """

    per_s: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.per_s < float("inf") or self.burst < 1:
            raise ValueError(f"no rate: {self.per_s} a second in bursts of {self.burst}")

    @property
    def spacing_s(self) -> float:
        """Seconds between two requests in the long run (I.371: the increment T)."""
        return 1.0 / self.per_s

    @property
    def slack_s(self) -> float:
        """Seconds by which a request may come before its theoretical time (I.371: the limit τ)."""
        return (self.burst - 1) / self.per_s


def draw(rate: Rate, tat_s: float, now_s: float, count: int) -> tuple[float, list[float]]:
    """Reserves the next ``count`` requests at once; returns the new TAT and when each may be sent, in order.

    The same as asking for each one alone at the first moment at which it conforms.
    """
    begin_s = max(tat_s, now_s)
    return begin_s + count * rate.spacing_s, starts(rate, begin_s, now_s, count)


def starts(rate: Rate, begin_s: float, now_s: float, count: int) -> list[float]:
    """Returns when each of ``count`` requests may be sent whose first has the theoretical time ``begin_s``."""
    return [start(rate, begin_s, now_s, place) for place in range(count)]


def start(rate: Rate, begin_s: float, now_s: float, place: int) -> float:
    """Returns when the request may be sent that has ``place`` others between it and the time ``begin_s``."""
    return max(now_s, begin_s + place * rate.spacing_s - rate.slack_s)


def give_back(rate: Rate, tat_s: float, end_s: float, count: int) -> float:
    """Returns the TAT after ``count`` unused requests at the end of a draw, which ended at ``end_s``, come back.

    They come back only while they are the last ones drawn: otherwise others already stand behind
    them, and who drew next would be sent at the same time as those.
    """
    return tat_s - count * rate.spacing_s if tat_s == end_s else tat_s


def push(rate: Rate | None, tat_s: float, now_s: float, pause_s: float) -> float:
    """Returns the TAT after the system asked for a pause: nothing is sent for so long, and then evenly, no burst."""
    return max(tat_s, now_s + pause_s + (rate.slack_s if rate else 0.0))

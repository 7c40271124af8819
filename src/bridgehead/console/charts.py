"""Charts that the server draws: bars whose places are worked out here, so that a page needs no script for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WIDTH: Final = 640
HEIGHT: Final = 120
_FOOT: Final = 16
_TOP: Final = 12
_DIGIT: Final = 13
"""The width of a digit where the chart is drawn smallest, in letters that can still be read there."""
_GAP: Final = 12
_LABELS: Final = 6


@dataclass(frozen=True, slots=True)
class Part:
    """One rectangle: its place, its tone (a class of the style sheet), and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars over time with the largest value and a few moments written down."""

    parts: tuple[Part, ...]
    labels: tuple[tuple[float, str], ...]
    most: int
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    base: float = HEIGHT - _FOOT
    top: float = _TOP
    left: float = 0.0


@dataclass(frozen=True, slots=True)
class Stack:
    """The values at one moment: (tone, what it is called, how many), from the bottom up."""

    at: datetime
    values: tuple[tuple[str, str, int], ...]


def bars(stacks: Sequence[Stack], *, bucket: str, until: datetime, since_s: float, zone: ZoneInfo) -> Chart:
    """Returns bars over a whole period: an hour or a day without values leaves its place empty."""
    step = timedelta(hours=1) if bucket == "hour" else timedelta(days=1)
    count = max(1, round(since_s / step.total_seconds())) + 1
    last = until.replace(minute=0, second=0, microsecond=0)
    last = last if bucket == "hour" else last.replace(hour=0)
    first = last - step * (count - 1)
    most = max((sum(value for _, _, value in one.values) for one in stacks), default=0)
    left = float(_DIGIT * len(f"{most:,}") + _GAP)
    room, pitch = HEIGHT - _FOOT - _TOP, (WIDTH - left) / count
    parts: list[Part] = []
    for one in stacks:
        place = round((one.at - first) / step)
        if not 0 <= place < count:
            continue
        y = float(HEIGHT - _FOOT)
        moment = one.at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if bucket == "hour" else f"{one.at:%Y-%m-%d}"
        for tone, called, value in one.values:
            if not value:
                continue
            tall = max(1.0, room * value / most)
            y -= tall
            x = left + place * pitch
            parts.append(
                Part(round(x, 1), round(y, 1), round(max(1.0, pitch * 0.8), 1), round(tall, 1), tone,
                     f"{moment}: {value} {called}")
            )  # fmt: skip
    marks = range(0, count - 1 if count > 2 * _LABELS else count, max(1, count // _LABELS))
    labels = tuple((round(left + mark * pitch, 1), _label(first + step * mark, bucket, zone)) for mark in marks)
    total = sum(value for one in stacks for _, _, value in one.values)
    return Chart(tuple(parts), labels, most, f"{total} in {count} {bucket}s, at most {most} in one", left=left)


def _label(at: datetime, bucket: str, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%H:%M") if bucket == "hour" else f"{at:%m-%d}"

"""What is said while a run goes on: a live display on a terminal, a plain line now and then on a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bridgehead.clock import boot_s

_PLAIN_S: Final = 3.0
_BAR: Final = 36


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a stage is. ``decided`` counts arrivals that are done or with a person, ``booked`` orders by the ERP."""

    stage: str
    arrivals: int
    stored: int
    decided: int
    booked: int
    with_people: int
    per_s: float
    workers: tuple[int, ...]
    killed: tuple[int, ...]
    note: str = ""


class Screen(Protocol):
    """Where progress goes."""

    def show(self, moment: Moment) -> None:
        """Shows how far it is."""
        ...

    def say(self, text: str) -> None:
        """Says one thing that stays."""
        ...


class Plain:
    """Lines on a pipe: one now and then, and whatever stays."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_s = 0.0
        self._shown: Moment | None = None

    def show(self, moment: Moment) -> None:
        """Prints the moment when the last one is three seconds old, a worker died, or the stage is over."""
        over = moment.decided >= moment.arrivals
        before = self._shown
        news = before is not None and (len(moment.killed) != len(before.killed) or moment.note != before.note)
        if not (over or news or boot_s() - self._last_s >= _PLAIN_S) or (before is not None and before == moment):
            return
        if over and before is not None and before.decided >= before.arrivals and not news:
            return
        self._last_s, self._shown = boot_s(), moment
        self._console.print(
            f"  {moment.stage}: {moment.stored}/{moment.arrivals} arrived, {moment.decided} decided,"
            f" {moment.booked} booked, {moment.with_people} cases with people, {moment.per_s:.0f}/s"
            + (f", {len(moment.killed)} killed" if moment.killed else "")
            + (f", {moment.note}" if moment.note else ""),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def say(self, text: str) -> None:
        """Prints a line."""
        self._console.print(text)


class Lively:
    """A display that is redrawn in place; what is said stays above it."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, moment: Moment) -> None:
        """Redraws."""
        over = moment.decided >= moment.arrivals and not moment.note
        self._live.update(Text("") if over else _drawn(moment), refresh=True)

    def say(self, text: str) -> None:
        """Prints a line above the display."""
        self._live.console.print(text)


@contextmanager
def screen(console: Console) -> Iterator[Screen]:
    """Gives the screen that fits the console."""
    if not console.is_terminal:
        yield Plain(console)
        return
    with Live(Text(""), console=console, auto_refresh=False, transient=True) as live:
        yield Lively(live)


def _drawn(moment: Moment) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=12)
    grid.add_column(width=_BAR)
    grid.add_column(justify="right", width=5)
    grid.add_column(style="dim")
    for name, count, style, told in (
        ("arrived", moment.stored, "cyan", "stored and acknowledged"),
        ("decided", moment.decided, "green", f"{moment.per_s:.1f} a second"),
        ("booked", moment.booked, "bold green", "by the ERP's books"),
        ("with people", moment.with_people, "yellow", "each with its reason"),
    ):
        bar = ProgressBar(total=max(moment.arrivals, 1), completed=count, width=_BAR, complete_style=style)
        bar.finished_style = style
        grid.add_row(Text(name), bar, Text(str(count)), Text(told))
    workers = Text("workers     ", style="dim")
    workers.append(" ".join(f"● {pid}" for pid in moment.workers), style="green")
    if moment.killed:
        workers.append("  " + " ".join(f"✗ {pid}" for pid in moment.killed[-6:]), style="red")
    lines: list[RenderableType] = [Text(moment.stage, style="bold"), grid, workers]
    if moment.note:
        lines.append(Text(moment.note, style="dim"))
    return Group(*lines)

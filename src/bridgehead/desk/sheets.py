"""The pages of a PDF as pictures with the values marked where they were read; drawn apart, kept nowhere.

A stranger's file is opened in a process of its own with limits of time, memory and size (``documents.apart``). What
cannot be drawn there is not shown: the original can be had all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from bridgehead.desk import cases
from bridgehead.desk.originals import drawn_mark, of_part, parts_of, sources_of
from bridgehead.documents.apart import Busy, shared
from bridgehead.documents.isolated import Box
from bridgehead.documents.signatures import is_pdf
from bridgehead.errors import UserError
from bridgehead.ids import show
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor

T = TypeVar("T")

THREADS: Final = 24
"""So many wait for a lane at once: a page's pictures are asked for together."""
# Threads of their own: whoever waits here keeps nobody from a thread who wants no picture.
_WAITING: Final = ThreadPoolExecutor(THREADS, "sheets")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where values were read on a page, in points from the left and the top; links name it by any of its ``ids``."""

    ids: tuple[str, ...]
    fields: tuple[str, ...]
    text: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: its number, from 1, its size in points, and the marks on it."""

    number: int
    width: float
    height: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Sheets:
    """The pages of one part of an arrival; ``count`` may be more than are shown. No pages: it cannot be drawn."""

    arrival: str
    part: str
    number: int
    count: int
    pages: tuple[Sheet, ...]
    marked: int = 0
    """So many values are marked; several may share a place."""
    busy: bool = False
    """It could not be drawn now, because others were being drawn."""


async def sheets(app: App, actor: Actor, arrival: int, number: int, case: int | None) -> Sheets:
    """Returns the pages of the part of that number; with a case of this arrival, with its values marked.

    It takes ``read.documents``. Raises UserError (``arrival.unknown``, ``arrival.unreadable``).
    """
    name, payload = await _part(app, actor, arrival, number)
    sources = await _sources(app, actor, arrival, case)
    wanted = {
        field: (line, text)
        for field, source in sources.items()
        if of_part(source, name)
        and isinstance(line := source.get("line"), int)
        and isinstance(text := source.get("text"), str)
    }
    try:
        drawn = await _aside(lambda: shared().drawn(payload, wanted))
    except Busy:
        return Sheets(show("A", arrival), name, number, 0, (), busy=True)
    if drawn is None:
        return Sheets(show("A", arrival), name, number, 0, ())
    ids = {field: drawn_mark(show("A", arrival), at) for at, field in enumerate(sources)}
    together: dict[tuple[int, Box], list[str]] = {}
    for field, place in drawn.places.items():  # of an address in one line each part was read there
        together.setdefault(place, []).append(field)
    marks: dict[int, list[Mark]] = {}
    for (page, (x0, y0, x1, y1)), fields in together.items():
        named = tuple(ids[field] for field in fields)
        mark = Mark(named, tuple(fields), wanted[fields[0]][1], x0, y0, round(x1 - x0, 2), round(y1 - y0, 2))
        marks.setdefault(page, []).append(mark)
    pages = tuple(
        Sheet(at, width, height, tuple(marks.get(at, ()))) for at, (width, height) in enumerate(drawn.sizes, 1)
    )
    return Sheets(show("A", arrival), name, number, drawn.count, pages, len(drawn.places))


async def picture(app: App, actor: Actor, arrival: int, number: int, page: int) -> bytes:
    """Returns one page as a PNG; empty where it cannot be drawn, or there is no such page.

    Raises as ``sheets``, and Busy while others are being drawn.
    """
    _, payload = await _part(app, actor, arrival, number)
    return await _aside(lambda: shared().picture(payload, page)) if page > 0 else b""


async def _aside(ask: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_WAITING, ask)


async def _part(app: App, actor: Actor, arrival: int, number: int) -> tuple[str, bytes]:
    original = await cases.original(app, actor, arrival)
    for at, (name, payload, _) in enumerate(parts_of(original.content)):
        if at == number and is_pdf(payload):
            return name, payload
    raise UserError(
        f"{show('A', arrival)} has no PDF of that number",
        code="arrival.unknown",
        hint="The page of the arrival shows its parts.",
    )


async def _sources(app: App, actor: Actor, arrival: int, case: int | None) -> Mapping[str, Mapping[str, JSON]]:
    """Returns where the values of a case were read; nothing for a case that this arrival has nothing to do with."""
    if case is None or show("C", case) not in (await cases.arrival(app, actor, arrival)).arrival.cases:
        return {}
    return sources_of((await cases.case(app, actor, case)).input)

"""``explain``: what happened and why, in sentences, from the record alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import clean, heading, note, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridgehead.app import App
    from bridgehead.cli.places import Place
    from bridgehead.cli.telling_words import Section
    from bridgehead.desk.explaining import Account
    from bridgehead.storage.queries_case_view import CaseView
    from bridgehead.storage.queries_explain import Surroundings

_KINDS: Final = ("C", "A", "D", "E", "R")
_MOST: Final = 400
_CASES: Final = 3
"""Of so many cases of an arrival it is told what became of them; the others are named."""
_DOCUMENTS: Final = 5
"""Of so many arrivals of a case the head is told; the others are resends and changes, told by name."""


_SIBLINGS: Final = 4
"""Of so many other cases of the same business it is told who has them, the last ones."""
_LOOKED: Final = 30
"""So many cases of the same order number, the last ones, are looked at for one that names its customer otherwise."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead explain C-17")(explain)


def explain(
    number: Annotated[
        str,
        typer.Argument(
            metavar="NUMBER",
            help="A case (C-17), one decision (D-12), effect (E-3) or review (R-7) of it, or an arrival (A-5).",
        ),
    ],
    as_json: AsJson = False,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page for a browser, to a new file.")
    ] = None,
) -> None:
    """Say what happened, and why, in sentences.

    What was asked for and where each field of it was read, what the agent read and how old that was,
    every decision with its policies and what would change it, what happened in the target system, who
    approved what they were shown, what it cost, how it is taken back, who has it, and whether the record
    is whole.
    """
    asked = number.strip().upper()
    about, sections, places = opening.run(_told(asked))
    if page is not None:
        from bridgehead.cli.cases import write_new
        from bridgehead.cli.output import when
        from bridgehead.cli.telling_page import page as page_of
        from bridgehead.clock import utc_now

        write_new(page, page_of(about, sections, when(utc_now())).encode())
        note(f"{about} is told in {page}")
    if as_json:
        told: dict[str, object] = {"about": about, "sections": sections}
        print_json(told | {"fields": [place._asdict() for place in places]} if places else told)
    elif page is None:
        show(about, sections)


async def _told(asked: str) -> tuple[str, list[Section], Sequence[Place]]:
    _number_of(asked)  # what is no number needs no database to be told
    async with opening.opened() as app:
        return await told(app, asked)


async def account(app: App, asked: str, view: CaseView | None = None, *, whole: bool = True) -> Account:
    """Returns the account as the API and the console take it; raises as ``told`` does."""
    from bridgehead.desk.explaining import Account

    about, sections, places = await told(app, asked, view, whole=whole)
    return Account(about, sections, [place._asdict() for place in places])


async def told(
    app: App, asked: str, view: CaseView | None = None, *, whole: bool = True
) -> tuple[str, list[Section], Sequence[Place]]:
    """Returns what a number is about, in sections; raises UserError for what is no number, or an unknown one.

    ``view`` is the case of that number as it was just looked up; without ``whole`` a case is told in short. The
    telling itself runs in a thread: it may wait for a process that reads a stranger's PDF.
    """
    from bridgehead.cli.places import places_of
    from bridgehead.cli.telling import in_short, of_arrival, of_case, of_part
    from bridgehead.ids import parse
    from bridgehead.ids import show as named
    from bridgehead.storage.queries_cases import CaseQueries
    from bridgehead.storage.queries_explain import ExplainQueries

    kind, number = _number_of(asked)
    queries, around = CaseQueries(app.database, app.vault), ExplainQueries(app.database)
    of, owner = (kind, number) if kind in ("C", "A") else await around.owner(kind, number)  # type: ignore[arg-type]  # D, E or R
    if of == "A":
        arrival = await queries.arrival(owner)
        own = arrival.arrival
        cases = [await queries.case(parse("C", one)) for one in own.cases[:_CASES]]
        beside = [(one, await _around(app, one)) for one in cases]
        wanted = {one.id for case in cases for one in case.arrivals[:_DOCUMENTS]} | {own.id}
        originals = {one: await _original(app, one) for one in sorted(wanted)}
        return own.id, await asyncio.to_thread(of_arrival, arrival, originals[own.id], beside, originals), ()
    case = view if view is not None and view.case.id == named("C", owner) else await queries.case(owner)
    known = await _around(app, case)
    originals = {one.id: await _original(app, one.id) for one in case.arrivals[:_DOCUMENTS]}
    if kind == "C" and not whole:
        return case.case.id, await asyncio.to_thread(in_short, case, known, originals), ()
    before = None if case.case.revises is None else await queries.input(parse("C", case.case.revises))
    if kind == "C":
        return case.case.id, await asyncio.to_thread(of_case, case, known, originals, before), places_of(case.input)
    name = named(kind, number)
    return name, await asyncio.to_thread(of_part, name, case, known, originals), ()


async def _around(app: App, case: CaseView) -> Surroundings:
    """Returns what an account says besides a case's own rows, with the last few other cases of its business.

    They are those of its business key, and those of the same order whose document names the customer otherwise.
    """
    from dataclasses import replace

    from bridgehead.ids import parse
    from bridgehead.storage.queries_cases import CaseQueries
    from bridgehead.storage.queries_explain import ExplainQueries

    known = await ExplainQueries(app.database).around(parse("C", case.case.id))
    numbers = sorted(parse("C", one) for one in case.revisions)[-_SIBLINGS:]
    queries = CaseQueries(app.database, app.vault)
    found = [await queries.case(one) for one in numbers] + await _tied(app, case)
    return replace(known, siblings=sorted(found, key=lambda one: parse("C", one.case.id)))


async def _tied(app: App, case: CaseView) -> list[CaseView]:
    """Returns the last few cases of the same order and customer whose business key is another one."""
    from bridgehead.cli.telling_tied import may_be_tied, order_number, tied
    from bridgehead.ids import parse
    from bridgehead.storage.queries_cases import CaseQueries
    from bridgehead.storage.queries_search import CaseFilters, SearchQueries

    number = order_number(case)
    if not number:
        return []
    wanted = CaseFilters(deployment=case.case.deployment, key=number)
    lines = await SearchQueries(app.database, app.vault).cases(wanted, after=None, limit=_LOOKED)
    queries = CaseQueries(app.database, app.vault)
    near = [parse("C", line.id) for line in lines if may_be_tied(case, line)][:_SIBLINGS]
    return [other for one in near if tied(case, other := await queries.case(one))]


def _number_of(asked: str) -> tuple[str, int]:
    from bridgehead.errors import UserError
    from bridgehead.ids import parse

    kind = asked[:1] if asked[:1] in _KINDS else "C"
    if asked[:1].isalpha() and asked[:1] not in _KINDS:
        raise UserError(
            f"explain tells a case (C-17), decision (D-12), effect (E-3), review (R-7) or arrival (A-5), not {asked}",
            code="input.id",
            hint="Write it like C-17; 'bridgehead cases' and 'bridgehead case' list the numbers.",
        )
    return kind, parse(kind, asked)


async def _original(app: App, arrival: str) -> bytes:
    """Returns a document as it came; nothing where its key was erased: the account then does without it."""
    from bridgehead.errors import UserError
    from bridgehead.ids import parse
    from bridgehead.storage.queries import Queries

    try:
        return (await Queries(app.database, app.vault).original(parse("A", arrival)))[1]
    except UserError:
        return b""


def show(about: str, sections: Sequence[Section]) -> None:
    """Prints an account: nothing in it acts on a terminal."""
    from bridgehead.cli.output import table

    print(f"{about} (times are in UTC)")
    for section in sections:
        heading(section.title)
        for sentence in section.sentences:
            print(f"- {clean(sentence)}")
        for one in section.tables:
            table(one.columns, one.rows[:_MOST], empty="")
            if len(one.rows) > _MOST:
                print(f"… and {len(one.rows) - _MOST} more: --json and --html have all of them")
        for part in section.blocks:
            print(f"  {clean(part.caption)}:")
            for line in part.lines:
                print(f"    {clean(line)}")

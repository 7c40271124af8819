"""``explain``: what happened and why, in sentences, from the record alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bridgehead.cli import opening
from bridgehead.cli.options import AsJson
from bridgehead.cli.output import clean, heading, print_json

if TYPE_CHECKING:
    from bridgehead.cli.places import Place
    from bridgehead.cli.telling import Section
    from bridgehead.storage.queries_case_view import ArrivalView, CaseView

_OTHERS: Final = {
    "R": "Use 'bridgehead review {}'; it names its case.",
    "E": "Use 'bridgehead explain' with the case that made it: {} stands there under \"What it did\".",
}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: bridgehead explain C-17")(explain)


def explain(
    number: Annotated[str, typer.Argument(metavar="CASE", help="A case (C-17) or an arrival (A-5).")],
    as_json: AsJson = False,
) -> None:
    """Say what happened, and why, in sentences.

    What came and where each field of it was read, what the agent read and when, every decision
    with its reasons and what would change it, every effect and how it was settled, who decided
    what, what it cost, how it ended, and whether the record is whole.
    """
    from bridgehead.cli.telling import of_arrival, of_case
    from bridgehead.ids import parse

    kind = number.strip().upper()[:1]
    if kind in _OTHERS:
        from bridgehead.errors import UserError

        raise UserError(
            f"explain tells a case (C-17) or an arrival (A-5), not {number.strip()}",
            code="input.id",
            hint=_OTHERS[kind].format(number.strip()),
        )
    if kind == "A":
        arrival = opening.run(_arrival(parse("A", number)))
        _tell(arrival.arrival.id, of_arrival(arrival), as_json=as_json)
    else:
        from bridgehead.cli.places import places_of

        case = opening.run(_case(parse("C", number)))
        _tell(case.case.id, of_case(case), places_of(case.input), as_json=as_json)


async def _case(number: int) -> CaseView:
    from bridgehead.storage.queries_cases import CaseQueries

    async with opening.opened() as app:
        return await CaseQueries(app.database, app.vault).case(number)


async def _arrival(number: int) -> ArrivalView:
    from bridgehead.storage.queries_cases import CaseQueries

    async with opening.opened() as app:
        return await CaseQueries(app.database, app.vault).arrival(number)


def _tell(number: str, sections: list[Section], places: Sequence[Place] = (), *, as_json: bool) -> None:
    if as_json:
        told: dict[str, object] = {"about": number, "sections": sections}
        print_json(told | {"fields": [place._asdict() for place in places]} if places else told)
        return
    from bridgehead.cli.places import show_places

    print(f"{number} (times are in UTC)")
    for at, section in enumerate(sections):
        heading(section.title)
        for sentence in section.sentences:
            print(f"- {clean(sentence)}")
        if at == 0:
            show_places(list(places))

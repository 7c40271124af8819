"""One case: what came of it, who has to do what and its effects on top; all that is recorded below, in folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.folds import counted, folds
from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.desk import cases as desk
from bridgehead.desk import marking
from bridgehead.desk.cases import Bar
from bridgehead.desk.explaining import Account, explain
from bridgehead.errors import UserError
from bridgehead.ids import parse
from bridgehead.storage.queries_case_view import CaseView, StepView

WIDE: Final = 1000.0
"""The time line's own units; the page scales it."""
LEAST: Final = 2.0
"""A step that took no time is seen all the same."""
MOST_BARS: Final = 300
FOLDS: Final[Mapping[str, str]] = {
    "What came": "came",
    "Where each field was read": "fields",
    "What the agent read": "read",
    "Steps on one line": "steps",
    "What was decided about its calls": "decided",
    "What it did": "did",
    "How near its own checks came": "checks",
    "Why it left the agent's hands": "left",
    "What people did": "people",
    "Conversation": "turns",
    "What it cost": "cost",
    "How it is taken back": "undo",
    "How it stands": "stands",
    "The record": "record",
}
"""The folds of a case by title, in their order. Titles are those of an account's sections, where it has such a one."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One step on the time line: where its bar begins and how wide it is, of ``WIDE``, and marks of failed tries."""

    bar: Bar
    x: float
    width: float
    tries: int


async def page(request: Request, here: Here) -> Response:
    """Shows a case; to a region that renews itself and has it as it is, it answers that nothing changed."""
    number = parse("C", request.path_params["number"])
    mark = await marking.mark(here.app, here.actor, number)
    if here.partial and mark and request.query_params.get("seen") == mark:
        return Response(status_code=204)  # htmx leaves the page as it is
    view = await desk.case(here.app, here.actor, number)
    account: Account | None = None
    if here.actor.may("read.documents") and here.teller is not None:
        account = await explain(here.app, here.actor, f"C-{number}", here.teller, view)
    sections = () if account is None else account.sections
    drawn, span_ms, rests = timeline(view)
    turns = tuple(step for step in view.steps if step.kind == "model")
    return here.render(
        "case.html",
        view=view,
        case=view.case,
        mark=mark,
        short=sections[0] if sections else None,
        open_reviews=tuple(one for one in view.reviews if one.state == "open"),
        folds=folds(FOLDS, sections[1:], _listed(view, turns)),
        drawn=drawn,
        span_ms=span_ms,
        rests=rests,
        turns=turns,
    )


def _listed(view: CaseView, turns: Sequence[StepView]) -> Mapping[str, str]:
    """Returns the folds in which the page lists something beside what is told, each with how much it is."""
    found = {
        "came": counted(len(view.arrivals), "arrival"),
        "steps": counted(len(view.steps), "step"),
        "decided": counted(len(view.decisions), "decision"),
        "people": counted(len(view.reviews), "review"),
        "turns": counted(len(turns), "turn"),
        "cost": counted(len(view.costs), "entry").replace("entrys", "entries"),
        "record": counted(view.chain.rows, "row"),
    }
    return {place: note for place, note in found.items() if note}


def timeline(view: CaseView) -> tuple[tuple[Drawn, ...], float, int]:
    """Returns the first ``MOST_BARS`` steps as drawn, how long all took in ms, and how many are not drawn.

    Waiting for people is cut out of the line: it would leave no room for the steps. Each bar says how long it waited.
    """
    bars = desk.waterfall(view)
    at, placed = 0.0, []
    for bar in bars[:MOST_BARS]:
        at += min(bar.waited_ms, max(50.0, bar.lasts_ms))
        placed.append((bar, at))
        at += bar.lasts_ms
    scale = WIDE / at if at else 0.0
    drawn = tuple(
        Drawn(
            bar,
            round(min(begins * scale, WIDE - LEAST), 2),
            round(max(LEAST, bar.lasts_ms * scale), 2),
            len(bar.tries),
        )
        for bar, begins in placed
    )
    return drawn, sum(bar.lasts_ms for bar in bars), max(0, len(bars) - MOST_BARS)


async def explained(request: Request, here: Here) -> Response:
    """Shows the account of any number: a decision, an effect, a review, an arrival or a case."""
    number = request.path_params["number"].upper()
    if here.teller is None:
        raise UserError("this server tells no accounts", code="explain.none", hint="Use 'bridgehead explain'.")
    account = await explain(here.app, here.actor, number, here.teller)
    return here.render("explain.html", number=number, account=account)


PAGES: Final = (
    Page("/cases/{number}", page, right="read", name="case"),
    Page("/explain/{number}", explained, right="read.documents", name="explain"),
)

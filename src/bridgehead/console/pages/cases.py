"""*Cases*: found by key, customer, state, error class, amount and time, newest first."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, get_args
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.console.viewing import zone_of
from bridgehead.desk import cases as desk
from bridgehead.desk.paging import Page as Listed
from bridgehead.errors import ERROR_CLASSES, UserError
from bridgehead.ids import parse
from bridgehead.storage.queries_case_view import CaseLine
from bridgehead.storage.queries_names import deployments
from bridgehead.storage.queries_search import CaseFilters

STATES: Final = [(one, one.replace("_", " ")) for one in get_args(desk.CaseState)]
OUTCOMES: Final = [(one, one.replace("_", " ")) for one in get_args(desk.Outcome)]
CLASSES: Final = [(one, one.replace("_", " ")) for one in ERROR_CLASSES]


async def page(request: Request, here: Here) -> Response:
    """Shows the cases that the address asks for; ``id`` goes straight to one."""
    given = request.query_params
    number = given.get("id", "").strip().upper()
    if number:
        return here.redirect(_one(here, number))
    problem: UserError | None = None
    found: Listed[CaseLine] = Listed(())
    try:
        wanted = filters_of(request)
        found = await desk.search(here.app, here.actor, wanted, cursor=given.get("after") or None)
    except UserError as error:
        problem = error
    return here.render(
        "cases.html",
        status=200 if problem is None else 400,
        found=found,
        problem=problem,
        given=given,
        states=STATES,
        outcomes=OUTCOMES,
        classes=CLASSES,
        deployments=await deployments(here.app.database, ""),
    )


def filters_of(request: Request) -> CaseFilters:
    """Returns the filters in an address; raises UserError (``input.amount``, ``input.time``) for what is none."""
    given, zone = request.query_params, zone_of(request)

    def word(name: str) -> str | None:
        return given.get(name, "").strip() or None

    state, outcome = word("state"), word("outcome")
    for value, known in ((state, STATES), (outcome, OUTCOMES)):
        if value is not None and value not in dict(known):
            raise UserError(f"there is no state {value!r}", code="input.choice", hint="Choose one on the page.")
    return CaseFilters(
        deployment=word("deployment"),
        key=word("key"),
        customer=word("customer"),
        state=state,
        outcome=outcome,
        error_class=word("error_class"),
        amount_from=_amount(word("from_amount")),
        amount_to=_amount(word("to_amount")),
        currency=(word("currency") or "").upper() or None,
        since=moment(word("since"), zone),
        until=moment(word("until"), zone, ends=True),
    )


def _one(here: Here, number: str) -> str:
    """Returns the page of an id as people write it: C-17, R-3, E-5, A-2."""
    pages = {"C": "case", "R": "review", "E": "effect", "A": "arrival"}
    name = pages.get(number[:1])
    if name is None:
        raise UserError(
            f"{number[:40]!r} is no number of a case, review, effect or arrival",
            code="input.id",
            hint="They read C-17, R-3, E-5 and A-2.",
        )
    parse(number[:1], number)
    return here.url(name, number=number)


_DIGITS: Final = 18
"""Before and after the point: an exponent is looked at before anything is counted with it."""


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        found = Decimal(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or abs(found.adjusted()) >= _DIGITS:
        raise UserError(f"{text[:40]!r} is no amount", code="input.amount", hint="Write it like 1250.00.")
    return found


def moment(text: str | None, zone: ZoneInfo, *, ends: bool = False) -> datetime | None:
    """Returns a moment in the viewer's zone; a day alone begins at midnight, and one that ends is in it whole."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if len(text) == len("2026-01-31"):
            found = datetime.combine(found.date() + timedelta(days=int(ends)), time())
    except (ValueError, OverflowError):
        raise UserError(
            f"{text[:40]!r} is no time", code="input.time", hint="Write it like 2026-01-31 or 2026-01-31T14:00."
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


PAGES: Final = (Page("/cases", page, right="read", name="cases"),)

"""*Desk*: what waits for people, first what is due first; the next piece of work is one key away."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, cast, get_args

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.desk import reviewing
from bridgehead.desk.reviewing import Filters
from bridgehead.errors import UserError
from bridgehead.reviews.model import ReviewKind
from bridgehead.storage.reviews_queue import ReviewQueue

KINDS: Final = get_args(ReviewKind)
STATES: Final = (
    ("open", "all that is undecided"),
    ("unclaimed", "nobody is at it"),
    ("claimed", "somebody is at it"),
    ("timed_out", "nobody decided in time"),
    ("no_channel", "nobody could be told"),
    ("approved", "approved"),
    ("edited", "edited"),
    ("rejected", "rejected"),
    ("answered", "answered"),
    ("taken", "taken over"),
    ("returned", "sent back"),
    ("all", "everything"),
)
_TRIES: Final = 8
"""So many pieces of work are tried before a page says that others were quicker each time."""


async def page(request: Request, here: Here) -> Response:
    """Shows a queue, as the address filters it."""
    asked = filters_of(request)
    found = await reviewing.queue(here.app, here.actor, asked, request.query_params.get("after") or None)
    counts = await ReviewQueue(here.app.database, here.app.vault).counts()
    return here.render(
        "desk.html",
        found=found,
        asked=asked,
        counts=counts,
        kinds=[(kind, kind.replace("_", " ")) for kind in KINDS],
        states=STATES,
        roles=sorted({role for _, role in counts} | ({asked.role} if asked.role else set())),
        deployments=sorted({name for name, _ in counts} | ({asked.deployment} if asked.deployment else set())),
    )


async def take_next(request: Request, here: Here) -> Response:
    """Puts the most urgent work that nobody is at before the person, and opens it."""
    form = await request.form()
    asked = replace(filters_of(request), state="unclaimed", mine=True, claimed=False)
    role, deployment = str(form.get("role") or ""), str(form.get("deployment") or "")
    asked = replace(asked, role=role or None, deployment=deployment or None)
    found = await reviewing.queue(here.app, here.actor, asked, limit=_TRIES)
    for row in found.items:
        try:
            claimed = await reviewing.claim(here.app, here.actor, row.id)
        except UserError as error:
            if error.code in ("review.claimed", "review.decided"):
                continue  # somebody was quicker; the next one may be free
            raise
        return here.redirect(here.url("review", number=claimed.name))
    here.flash(
        "Others were quicker with all of it: look again." if found.items else "Nothing waits for you.", "warning"
    )
    return here.redirect(here.url("desk"))


def filters_of(request: Request) -> Filters:
    """Returns the filters in an address; what it does not name is not filtered by. Raises UserError for odd ones."""
    given = request.query_params
    state, kind = given.get("state") or "open", given.get("kind") or None
    if state not in dict(STATES):
        raise UserError(f"there is no state {state!r}", code="input.choice", hint="Choose one on the page.")
    if kind is not None and kind not in KINDS:
        raise UserError(f"there is no kind {kind!r}", code="input.choice", hint="Choose one on the page.")
    return Filters(
        state=state,
        role=given.get("role") or None,
        kind=cast("ReviewKind | None", kind),
        deployment=given.get("deployment") or None,
        mine=given.get("mine") == "1",
        claimed=given.get("claimed") == "1",
        overdue=given.get("overdue") == "1",
        cause=given.get("cause") or None,
    )


PAGES: Final = (
    Page("/desk", page, right="read", name="desk"),
    Page("/desk/next", take_next, right="review", methods=("POST",), name="desk-next"),
)

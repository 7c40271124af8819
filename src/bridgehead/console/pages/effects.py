"""*Effects*: those that nobody knows the end of first; one with all about it; and how they are taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, cast, get_args

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.console.pages.cases import moment
from bridgehead.console.viewing import zone_of
from bridgehead.desk import effects as desk
from bridgehead.desk.effects import UndoScope
from bridgehead.effects.states import EffectState
from bridgehead.errors import Refused, UserError
from bridgehead.ids import parse
from bridgehead.storage.queries_names import deployments, tools
from bridgehead.storage.queries_search import EffectFilters

STATES: Final = [(one, one) for one in get_args(EffectState)]


async def page(request: Request, here: Here) -> Response:
    """Shows effects, unknown ones first."""
    given = request.query_params
    state = given.get("state") or None
    if state is not None and state not in dict(STATES):
        raise UserError(f"there is no state {state!r}", code="input.choice", hint="Choose one on the page.")
    wanted = EffectFilters(
        deployment=given.get("deployment") or None,
        tool=given.get("tool") or None,
        state=cast("EffectState | None", state),
    )
    found = await desk.listing(here.app, here.actor, wanted, cursor=given.get("after") or None)
    return here.render(
        "effects.html",
        found=found,
        given=given,
        states=STATES,
        tools=await tools(here.app.database),
        deployments=await deployments(here.app.database, ""),
    )


async def one(request: Request, here: Here) -> Response:
    """Shows one effect."""
    whole = await desk.effect(here.app, here.actor, parse("E", request.path_params["number"]))
    return here.render("effect.html", whole=whole, line=whole.line, effect=whole.effect)


async def preview(request: Request, here: Here) -> Response:
    """Shows what an undo would do; without a scope it asks for one. Nothing is written."""
    given = request.query_params
    if not any(given.get(name) for name in ("case", "effect", "tool", "release")):
        return here.render("undo.html", found=None, given=given, problem=None, reason="", scope={})
    return await _preview(request, here)


async def undo(request: Request, here: Here) -> Response:
    """Makes the plan that was shown; where something changed since, it shows the new one instead."""
    form = await request.form()
    wanted = _scope(request, form)
    try:
        expected = int(str(form.get("expected")))
    except ValueError:
        expected = -1
    try:
        made = await desk.undo(here.app, here.actor, wanted, reason=str(form.get("reason") or ""), expected=expected)
    except (UserError, Refused) as error:
        return await _preview(request, here, form=form, problem=error)
    here.flash(f"{made.id} is made; a worker carries it out.")
    return here.redirect(here.url("undo-plan", number=made.id))


async def plan(request: Request, here: Here) -> Response:
    """Shows how far a plan of undoing is."""
    found = await desk.plan(here.app, here.actor, parse("U", request.path_params["number"]))
    return here.render("undo-plan.html", plan=found)


async def _preview(
    request: Request, here: Here, *, form: FormData | None = None, problem: UserError | Refused | None = None
) -> Response:
    given = form if form is not None else request.query_params
    wanted = _scope(request, given)
    found = None
    try:
        found = await desk.preview(here.app, here.actor, wanted)
    except UserError as error:
        problem = problem or error
    scope = {name: str(given[name]) for name in _NAMES if given.get(name)}
    if found is not None:
        scope["until"] = found.until.isoformat()
    return here.render(
        "undo.html",
        status=200 if problem is None else 409,
        found=found,
        given=request.query_params,
        problem=problem,
        reason="" if form is None else str(form.get("reason") or ""),
        scope=scope,
    )


_NAMES: Final = ("case", "effect", "tool", "release", "deployment", "since")


def _scope(request: Request, given: QueryParams | FormData) -> UndoScope:
    def word(name: str) -> str | None:
        return str(given.get(name) or "").strip() or None

    zone = zone_of(request)
    case, effect = word("case"), word("effect")
    scope = UndoScope(
        case=None if case is None else parse("C", case.upper()),
        effect=None if effect is None else parse("E", effect.upper()),
        tool=word("tool"),
        release=word("release"),
        deployment=word("deployment"),
        since=moment(word("since"), zone),
    )
    return replace(scope, until=moment(word("until"), zone, ends=True))


PAGES: Final = (
    Page("/effects", page, right="read", name="effects"),
    Page("/effects/{number}", one, right="read", name="effect"),
    Page("/undo", preview, right="undo", name="undo"),
    Page("/undo", undo, right="undo", methods=("POST",), name="undo-make"),
    Page("/undo/{number}", plan, right="read", name="undo-plan"),
)

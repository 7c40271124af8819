"""One review: what is asked, what the server knows by itself, where the document says so, and the decision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.here import Here
from bridgehead.console.leaves import PREFIX, Leaf, leaves, path_of, with_fields
from bridgehead.console.page import Page
from bridgehead.desk import cases as desk_cases
from bridgehead.desk import originals, reviewing, similar
from bridgehead.desk.explaining import explain
from bridgehead.desk.reviewing import Decision, ReviewView
from bridgehead.desk.reviewing_together import beside, decide_with
from bridgehead.errors import Refused, UserError
from bridgehead.ids import parse
from bridgehead.reviews.model import Review, Verb
from bridgehead.spec.tool import JSON

VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
DONE: Final[Mapping[str, str]] = {
    "approve": "approved",
    "edit": "approved as you edited it; the gate looks at it once more",
    "reject": "rejected",
    "answer": "answered",
    "take": "taken over: the agent can no longer act, and the case is yours to end",
    "back": "sent back to the agent with your guidance",
}
REVERSIBILITY: Final[Mapping[str | None, str]] = {
    "read": "It only reads.",
    "outbound_read": "It only reads, but what it asks leaves the house.",
    "reversible": "It can be undone afterwards.",
    "irreversible": "It cannot be undone.",
}
_SECONDS: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_KEPT: Final = (("reject", "reason"), ("back", "guidance"), ("answer", "value"))


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a call: what another call has there, what this one has, and where the same value stands."""

    path: str
    before: str | None
    after: str | None
    found: tuple[tuple[str, str], ...] = ()
    """Where the value also stands: a name and a place on the page."""


async def page(request: Request, here: Here) -> Response:
    """Shows a review."""
    return await _shown(here, _number(request))


async def decide(request: Request, here: Here) -> Response:
    """Makes the decision that a form asks for; one that cannot be made is said above the form, which keeps its text."""
    number = _number(request)
    form = await request.form()
    try:
        decision = await _decision(here, number, form)
        decided, *rest = await decide_with(here.app, here.actor, number, decision, _with(form))
    except (UserError, Refused) as error:
        return await _shown(here, number, given=form, problem=error)
    verb = str(form.get("verb"))
    names = " and ".join(f"R-{one.id}" for one in (decided, *rest))
    here.flash(f"{names} {'are' if rest else 'is'} {DONE[verb]}.{_claimed_by_other(here, decided)}")
    if form.get("then") == "next":
        return here.redirect(here.url("desk", mine="1"))
    return here.redirect(here.url("review", number=f"R-{number}"))


async def claim(request: Request, here: Here) -> Response:
    """Puts a review before the person."""
    number = _number(request)
    try:
        await reviewing.claim(here.app, here.actor, number)
    except (UserError, Refused) as error:
        here.flash(f"{error.message}. {error.hint or ''}".strip(), "warning")
    return here.redirect(here.url("review", number=f"R-{number}"))


async def release(request: Request, here: Here) -> Response:
    """Gives a claim up."""
    number = _number(request)
    await reviewing.release(here.app, here.actor, number)
    return here.redirect(here.url("review", number=f"R-{number}"))


async def _shown(
    here: Here, number: int, *, given: FormData | None = None, problem: UserError | Refused | None = None
) -> Response:
    view = await reviewing.show(here.app, here.actor, number)
    case = None if view.row.case is None else await desk_cases.case(here.app, here.actor, view.row.case)
    documents = await originals.documents(here.app, here.actor, view.row.arrival, case)
    facts = () if case is None else originals.facts(case)
    fields = _fields(view.args)
    short = None
    if here.teller is not None:
        account = await explain(here.app, here.actor, view.row.about, here.teller, case, whole=False)
        short = next(iter(account.sections), None)
    status = 200 if problem is None else 403 if isinstance(problem, Refused) else 409
    return here.render(
        "review.html",
        status=status,
        view=view,
        row=view.row,
        case=case,
        documents=documents,
        facts=facts,
        short=short,
        changes=_changes(here, view, documents, facts),
        fields=fields,
        answer=_answered(view),
        reversibility=REVERSIBILITY.get(view.effect_class, ""),
        beside=await beside(here.app, here.actor, view),
        similar=await similar.decided(here.app, here.actor, view.row),
        form_of_answer=_form_of_answer(view),
        problem=problem,
        seen=(await here.app.reviews.now()).timestamp() if given is None else given.get("seen", ""),
        typed={} if given is None else {name: str(value) for name, value in given.items()},
        ticked=set() if given is None else {_ticked(value)[0] for value in given.getlist("with")},
        prefix=PREFIX,
    )


def _number(request: Request) -> int:
    return parse("R", request.path_params["number"])


def _fields(args: JSON) -> tuple[Leaf, ...] | None:
    """Returns the fields of an edit; None for arguments that are too many for a form."""
    try:
        return leaves(args)
    except UserError:
        return None


async def _decision(here: Here, number: int, form: FormData) -> Decision:
    """Returns what a form decides; raises UserError for one that is not of the page."""
    said = {name: str(value) for name, value in form.items()}
    verb = said.get("verb", "")
    if verb not in VERBS:
        raise UserError("the form does not say what is decided", code="review.verb", hint="Use a button of the page.")
    digest = said.get("digest") or None
    args: Mapping[str, JSON] | None = None
    view = await reviewing.show(here.app, here.actor, number)
    if digest != view.digest:  # a form without a digest would approve whatever the call is by now
        raise UserError(
            f"R-{number} is about other arguments than those of the form",
            code="review.changed",
            hint="Look at it again before you decide.",
        )
    if verb == "edit":
        edited = with_fields(view.args, said)
        args = edited if isinstance(edited, Mapping) else None
    happened = {"yes": True, "no": False}.get(said.get("happened", ""))
    field = dict(_KEPT).get(verb)
    text = said.get(field, "").strip() if field else ""
    return Decision(
        verb=verb,
        value=text or None,
        args=args,
        happened=happened,
        shown_digest=digest,
        minutes=await _minutes(here, view, said.get("seen", "")),
        again=said.get("again") == "1",
    )


async def _minutes(here: Here, view: ReviewView, seen: str) -> float | None:
    """Returns how long whoever decides had the page before them; None where a claim says it, or the form does not.

    ``seen`` is when the page was first shown, in seconds since the epoch. What lies before the review or in the future
    is not believed, and the time since the review was opened counts.
    """
    if view.row.claimed_by == here.actor.name or _SECONDS.fullmatch(seen) is None:
        return None
    now = await here.app.reviews.now()
    spent_s = now.timestamp() - float(seen)
    return spent_s / 60 if 0 <= spent_s <= (now - view.row.opened_at).total_seconds() else None


def _with(form: FormData) -> dict[int, str]:
    """Returns the calls that were ticked beside the first one, with the digest that was shown of each.

    Raises UserError (``input.id``) for one that names no review.
    """
    return {parse("R", name): digest for name, digest in map(_ticked, form.getlist("with"))}


def _ticked(value: object) -> tuple[str, str]:
    """Returns the name of a call that was ticked and the digest that was shown of it, as a form says them."""
    name, _, digest = str(value).partition(":")
    return name, digest


def _changes(
    here: Here, view: ReviewView, documents: tuple[originals.Document, ...], facts: tuple[originals.Fact, ...]
) -> tuple[Change, ...]:
    """Returns the call field by field, beside the one that it conflicts with, or that a person made of it."""
    ours = dict(originals.flat(view.args))
    answer = view.review.answer
    edited = answer.get("args") if view.row.standing == "edited" and isinstance(answer, Mapping) else None
    theirs = dict(originals.flat(view.rival.args)) if view.rival is not None else {}
    if edited is not None:
        ours, theirs = dict(originals.flat(edited)), ours
    case = None if view.row.case is None else view.row.about

    def sheets(arrival: str, part: int) -> str:
        return here.url("sheets", number=arrival, part=part, case=case)

    places = originals.index(documents, facts, sheets=sheets)
    return tuple(
        Change(
            path_of(steps),
            originals.said(theirs[steps]) if steps in theirs else None,
            originals.said(ours[steps]) if steps in ours else None,
            places.get(originals.normal(ours.get(steps)), ()),
        )
        for steps in dict.fromkeys((*ours, *theirs))
    )


def _answered(view: ReviewView) -> str:
    """Returns what a person wrote with a decision, as text; empty where they wrote nothing, or edited."""
    answer: JSON = view.review.answer
    if answer is None or view.row.standing == "edited":
        return ""
    return originals.said(answer)


def _form_of_answer(view: ReviewView) -> str:
    """Returns which form an answer is given by: happened, choice, text or none."""
    if "answer" not in view.row.takes:
        return "none"
    return "happened" if view.row.kind == "unknown_effect" else "text"


def _claimed_by_other(here: Here, decided: Review) -> str:
    other = decided.claimed_by
    return f" {other} had it before them." if other is not None and other != here.actor.name else ""


PAGES: Final = (
    Page("/reviews/{number}", page, right="read.documents", name="review"),
    Page("/reviews/{number}/decide", decide, right="review", methods=("POST",), name="review-decide"),
    Page("/reviews/{number}/claim", claim, right="review", methods=("POST",), name="review-claim"),
    Page("/reviews/{number}/release", release, right="review", methods=("POST",), name="review-release"),
)

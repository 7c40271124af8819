"""The page behind a link in a mail: it shows what is to be decided, and only its form decides.

Looking changes nothing, because mail scanners and previews look. The link is one person's: it stands for their rights
of this moment, for the arguments of the mail, and for one decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.console.named import actor_named
from bridgehead.console.page import Page
from bridgehead.desk import reviewing
from bridgehead.errors import BridgeheadError, Refused, Unavailable, UserError
from bridgehead.ids import show
from bridgehead.reviews.model import VERBS, Verb
from bridgehead.reviews.telling import lines_of
from bridgehead.storage.review_links import ReviewLink, ReviewLinks

if TYPE_CHECKING:
    from bridgehead.auth.actor import Actor
    from bridgehead.console.here import Here

_FORM_BYTES: Final = 16 * 1024
_LONGEST_CODE: Final = 64
_GONE: Final = 410
_NOT_THERE: Final = 404
Offered = Literal["approve", "reject"]


async def show_linked(request: Request, here: Here) -> Response:
    """Shows what a link is about; decides nothing."""
    code = str(request.path_params["code"])
    link = await _find(here, code)
    if link is None or link.standing != "good":
        return _dead(here, link)
    actor = await actor_named(here.app, link.person, "mail")
    return await _page(here, code, link, actor)


async def decide_linked(request: Request, here: Here) -> Response:
    """Decides by a link, once."""
    code = str(request.path_params["code"])
    form = await request.form()
    verb, reason = str(form.get("verb", "")), str(form.get("reason", "")).strip()
    link = await _find(here, code)
    if link is None or link.standing != "good":
        return _dead(here, link)
    actor = await actor_named(here.app, link.person, "mail")
    links = ReviewLinks(here.app.database)
    # Used up before anything is decided: of two at once one goes on, and nothing is decided twice by it.
    if not await links.use(code):
        return _dead(here, await _find(here, code))
    try:
        await reviewing.decide(here.app, actor, link.review_id, _decision(verb, reason, link))
    except (UserError, Refused, Unavailable) as error:
        await links.give_back(code)
        again = await _find(here, code)
        if again is None or again.standing != "good":
            return _dead(here, again)
        return await _page(here, code, link, actor, error=error, reason=reason)
    return here.render("linked-done.html", name=show("R", link.review_id), verb=verb)


def _decision(verb: str, reason: str, link: ReviewLink) -> reviewing.Decision:
    offered: dict[str, Verb] = {"approve": "approve", "reject": "reject"}
    if verb not in offered:
        raise UserError("a link approves or rejects", code="review.verb", hint="Open the desk for everything else.")
    if verb == "reject" and not reason:
        raise UserError("there is no reason", code="review.answer", hint="Say in a sentence why it is rejected.")
    return reviewing.Decision(
        offered[verb],
        value=reason if verb == "reject" else None,
        shown_digest=None if link.digest is None else link.digest.hex(),
    )


async def _find(here: Here, code: str) -> ReviewLink | None:
    if len(code) > _LONGEST_CODE or not code.isascii():
        return None
    return await ReviewLinks(here.app.database).find(code)


def _dead(here: Here, link: ReviewLink | None) -> Response:
    name = None if link is None else show("R", link.review_id)
    return here.render("linked-dead.html", status=_NOT_THERE if link is None else _GONE, link=link, name=name)


async def _page(
    here: Here,
    code: str,
    link: ReviewLink,
    actor: Actor,
    *,
    error: BridgeheadError | None = None,
    reason: str = "",
) -> Response:
    view = await reviewing.show(here.app, actor, link.review_id)
    changed = view.review.args_digest != link.digest
    verbs = [verb for verb in ("approve", "reject") if verb in VERBS[view.review.kind]]
    return here.render(
        "linked.html",
        status=200 if error is None else 400,
        code=code,
        person=link.person,
        view=view,
        lines=lines_of(view.args),
        verbs=[] if changed or not view.may_decide else verbs,
        changed=changed,
        error=error,
        reason=reason,
    )


PAGES: Final = (
    Page("/decide/{code}", show_linked, right=None, name="linked"),
    Page("/decide/{code}", decide_linked, right=None, methods=("POST",), name="linked.decide", body=_FORM_BYTES),
)

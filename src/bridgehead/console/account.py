"""One's own account: password, sessions and tokens. A token is shown once, on the page that made it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.auth.actor import ALL_RIGHTS, MEANINGS
from bridgehead.auth.local import change_password
from bridgehead.auth.sessions import end_own, own_sessions
from bridgehead.auth.tokens import MadeToken, make_own, own_tokens, revoke_own
from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.console.signing import address_of, same_twice
from bridgehead.errors import BridgeheadError, Refused, UserError

DAYS: Final = (7, 30, 90, 366)
_FORM_BYTES: Final = 16 * 1024


async def show(_request: Request, here: Here) -> Response:
    """Shows one's account."""
    return await _page(here)


async def password(request: Request, here: Here) -> Response:
    """Sets another password; every session ends, and one signs in anew."""
    form = await request.form()
    before, after, again = (str(form.get(name, "")) for name in ("before", "password", "again"))
    try:
        same_twice(after, again)
        tokens = form.get("tokens") == "end"
        await change_password(here.app, here.actor, before, after, address=address_of(request), tokens=tokens)
    except (Refused, UserError) as error:
        return await _page(here, error=error)
    rest = "All your tokens have ended." if tokens else "Your tokens work as before."
    here.flash(f"Your password is changed, and you are signed out everywhere. {rest} Sign in with the new password.")
    return here.redirect("/sign-in")


async def token(request: Request, here: Here) -> Response:
    """Makes a token and shows it, this once."""
    form = await request.form()
    label, days = str(form.get("label", "")), str(form.get("days", ""))
    scopes = [str(one) for one in form.getlist("scope")]
    lasts = timedelta(days=next((one for one in DAYS if str(one) == days), 0))
    try:
        made = await make_own(here.app, here.actor, label, scopes, lasts)
    except (Refused, UserError) as error:
        return await _page(here, error=error)
    return await _page(here, made=made)


async def revoke(request: Request, here: Here) -> Response:
    """Ends one of one's tokens."""
    number = int(request.path_params["number"])
    done = await revoke_own(here.app, here.actor, number)
    here.flash(f"Token {number} opens nothing any more." if done else f"Token {number} was ended before.")
    return here.redirect("/account")


async def end(request: Request, here: Here) -> Response:
    """Ends one of one's sessions."""
    await end_own(here.app, here.actor, int(request.path_params["number"]))
    here.flash("That session is over.")
    return here.redirect("/account")


async def end_others(_request: Request, here: Here) -> Response:
    """Ends all of one's sessions but this one."""
    count = await end_own(here.app, here.actor, None)
    here.flash(f"{count} other session{'' if count == 1 else 's'} ended.")
    return here.redirect("/account")


async def _page(here: Here, *, error: BridgeheadError | None = None, made: MadeToken | None = None) -> Response:
    actor = here.actor
    return here.render(
        "account.html",
        status=200 if error is None else 403 if isinstance(error, Refused) else 400,
        error=error,
        made=made,
        sessions=await own_sessions(here.app, actor),
        tokens=await own_tokens(here.app, actor),
        scopes=[(right, MEANINGS[right]) for right in ALL_RIGHTS if actor.may(right)],
        days=DAYS,
    )


PAGES: Final = (
    Page("/account", show, right="read", name="account"),
    Page("/account/password", password, right="read", methods=("POST",), name="account.password", body=_FORM_BYTES),
    Page("/account/tokens", token, right="read", methods=("POST",), name="account.token", body=_FORM_BYTES),
    Page(
        "/account/tokens/{number:int}/revoke", revoke, right="read", methods=("POST",), name="account.revoke",
        body=_FORM_BYTES,
    ),
    Page(
        "/account/sessions/{number:int}/end", end, right="read", methods=("POST",), name="account.end",
        body=_FORM_BYTES,
    ),
    Page("/account/sessions/end", end_others, right="read", methods=("POST",), name="account.end_others",
         body=_FORM_BYTES),
)  # fmt: skip

"""The pages of sign-in: the first owner's, a name and a password, the issuer's way and back, and signing out.

Every way in ends in the same place: a session that is made anew, whatever cookie the browser brought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.auth import links, local, oidc
from bridgehead.auth.actor import MEANINGS, RIGHTS, ROLES
from bridgehead.auth.sessions import end_session, open_session
from bridgehead.console.here import Here
from bridgehead.console.here import local as local_path
from bridgehead.console.middleware.sessions import cookie_of
from bridgehead.console.page import Page
from bridgehead.errors import BridgeheadError, Refused, Unavailable, UserError

if TYPE_CHECKING:
    from starlette.datastructures import FormData

BACK: Final = "/sign-in/back"
ELSEWHERE: Final = "bridgehead_elsewhere"
SECURE_ELSEWHERE: Final = "__Host-bridgehead_elsewhere"
_FORM_BYTES: Final = 16 * 1024


async def show_sign_in(request: Request, here: Here) -> Response:
    """Asks who somebody is; who is signed in goes on."""
    target = local_path(request.query_params.get("next", "/"))
    if here.visitor is not None:
        return here.redirect(target)
    return await _sign_in_page(here, target)


async def sign_in(request: Request, here: Here) -> Response:
    """Signs a local user in, or says in the same words of every failure that it did not."""
    form = await request.form()
    target = local_path(_text(form, "next") or "/")
    name = _text(form, "name").strip()
    try:
        user = await local.sign_in(here.app, name, _text(form, "password"), address=address_of(request))
    except (Refused, UserError, Unavailable) as error:
        return await _sign_in_page(here, target, error=error, name=name)
    answer = here.redirect(target)
    await _signed_in(request, here, answer, user.name)
    return answer


async def go_to_issuer(request: Request, here: Here) -> Response:
    """Sends the browser to the issuer. A plain link leads here: where it leads to is no form's target (CSP)."""
    target = local_path(request.query_params.get("next", "/"))
    try:
        begun = await oidc.begin(here.app, back=_back(request, here), target=target, address=address_of(request))
    except (Refused, UserError, Unavailable) as error:
        return await _sign_in_page(here, target, error=error)
    answer = Response(status_code=303, headers={"location": begun.url})
    answer.set_cookie(
        _elsewhere(request), begun.browser, max_age=int(oidc.LASTS.total_seconds()), path="/", httponly=True,
        samesite="lax", secure=_secure(request),
    )  # fmt: skip
    return answer


async def back_from_issuer(request: Request, here: Here) -> Response:
    """Takes the issuer's answer, once, from the browser that asked."""
    try:
        shown = await oidc.finish(
            here.app,
            dict(request.query_params),
            browser=request.cookies.get(_elsewhere(request), ""),
            back=_back(request, here),
            address=address_of(request),
        )
    except (Refused, UserError, Unavailable) as error:
        answer = await _sign_in_page(here, "/", error=error)
    else:
        answer = here.redirect(shown.target)
        await _signed_in(request, here, answer, shown.subject, issuer=shown.issuer, hint=shown.token)
    answer.delete_cookie(_elsewhere(request), path="/", httponly=True, samesite="lax", secure=_secure(request))
    return answer


async def sign_out(request: Request, here: Here) -> Response:
    """Ends the session for good, here and at the issuer that opened it."""
    elsewhere = None
    if here.visitor is not None:
        hint = await end_session(here.app, here.visitor)
        if hint:
            elsewhere = await oidc.sign_out_url(here.app, hint, back=_origin(request, here) + "/sign-in")
    here.visitor = None
    request.state.actor = request.state.session = None
    answer = here.render("sign-in-ended.html", elsewhere=elsewhere, issuer=oidc.offered(here.app))
    if elsewhere is not None:
        # A header and no form's answer: a form may lead to this place alone (CSP, form-action).
        answer.headers["refresh"] = f"0; url={elsewhere}"
    answer.delete_cookie(cookie_of(request), path="/", httponly=True, samesite="lax", secure=_secure(request))
    return answer


async def show_first_run(request: Request, here: Here) -> Response:
    """Shows the page of a one-time link; looking does not use it up."""
    return await _link_page(here, request.query_params.get("code", ""))


async def first_run(request: Request, here: Here) -> Response:
    """Uses a one-time link up: its user has a password from here on, and is signed in."""
    form = await request.form()
    code, password = _text(form, "code"), _text(form, "password")
    try:
        same_twice(password, _text(form, "again"))
        name = await links.use(
            here.app, code, name=_text(form, "name").strip(), password=password,
            roles=[str(one) for one in form.getlist("role")], tokens=_text(form, "tokens") == "end",
        )  # fmt: skip
    except (Refused, UserError) as error:
        return await _link_page(here, code, error=error, name=_text(form, "name"))
    user, _ = await here.app.users.find(name)
    if not user.roles:
        here.flash("Your password is set. An admin has to give you a role before you can sign in.", "warning")
        return here.redirect("/sign-in")
    here.flash(f"Welcome, {name}.")
    answer = here.redirect("/")
    await _signed_in(request, here, answer, name)
    return answer


def address_of(request: Request) -> str:
    """Returns the address that a request comes from, as trusted proxies tell it."""
    return request.client.host if request.client is not None else ""


def same_twice(password: str, again: str) -> None:
    """Raises UserError (``user.password``) where somebody mistyped one of two."""
    if password != again:
        raise UserError("the two passwords differ", code="user.password", hint="Type the same twice.")


async def _signed_in(
    request: Request, here: Here, answer: Response, subject: str, *, issuer: str = "", hint: str = ""
) -> None:
    """Opens a session and leaves its cookie; the one that the browser brought is over."""
    cookie = cookie_of(request)
    value = await open_session(
        here.app, subject, issuer=issuer, address=address_of(request),
        browser=request.headers.get("user-agent", ""), hint=hint, instead=request.cookies.get(cookie, ""),
    )  # fmt: skip
    answer.set_cookie(
        cookie, value, max_age=int(here.app.settings.session_h * 3600), path="/", httponly=True, samesite="lax",
        secure=_secure(request),
    )  # fmt: skip


async def _sign_in_page(here: Here, target: str, *, error: BridgeheadError | None = None, name: str = "") -> Response:
    nobody = oidc.offered(here.app) == "" and not await here.app.users.has_admin()
    return here.render(
        "sign-in.html", status=_status(error), target=target, error=error, name=name, nobody=nobody,
        issuer=oidc.offered(here.app),
    )  # fmt: skip


async def _link_page(here: Here, code: str, *, error: BridgeheadError | None = None, name: str = "") -> Response:
    try:
        found = await links.look(here.app, code)
    except Refused as gone:
        return here.render("first-run.html", status=403, link=None, error=gone)
    own = {role: RIGHTS[role] - {"read"} or RIGHTS[role] for role in ROLES}  # that each may look is not said six times
    roles = [(role, "; ".join(MEANINGS[right] for right in MEANINGS if right in own[role])) for role in ROLES]
    return here.render(
        "first-run.html", status=_status(error), link=found, code=code, error=error, name=name, roles=roles
    )


def _status(error: BridgeheadError | None) -> int:
    if error is None:
        return 200
    return 503 if isinstance(error, Unavailable) else 403 if isinstance(error, Refused) else 400


def _text(form: FormData, name: str) -> str:
    found = form.get(name)
    return found if isinstance(found, str) else ""


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _elsewhere(request: Request) -> str:
    return SECURE_ELSEWHERE if _secure(request) else ELSEWHERE


def _origin(request: Request, here: Here) -> str:
    """Returns where this console is for the world: as it is set, or as it was asked under one of its names."""
    if here.app.settings.public_url:
        return here.app.settings.public_url.rstrip("/")
    return f"{request.url.scheme}://{request.url.netloc}"


def _back(request: Request, here: Here) -> str:
    return _origin(request, here) + BACK


PAGES: Final = (
    Page("/sign-in", show_sign_in, right=None, name="sign-in"),
    Page("/sign-in", sign_in, right=None, methods=("POST",), name="sign-in.try", body=_FORM_BYTES),
    Page("/sign-in/issuer", go_to_issuer, right=None, name="sign-in.issuer"),
    Page(BACK, back_from_issuer, right=None, name="sign-in.back"),
    Page("/sign-out", sign_out, right=None, methods=("POST",), name="sign-out", body=_FORM_BYTES),
    Page(links.PATH, show_first_run, right=None, name="first-run"),
    Page(links.PATH, first_run, right=None, methods=("POST",), name="first-run.use", body=_FORM_BYTES),
)

"""The whole site: the pages, what others mount beside them, and the layers that each request passes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, compile_path

from bridgehead.console.assets import Assets
from bridgehead.console.here import Here
from bridgehead.console.live import Live
from bridgehead.console.middleware import csrf, texts
from bridgehead.console.middleware.errors import ErrorLayer, Problem, as_json, problem_of
from bridgehead.console.middleware.headers import HeaderLayer
from bridgehead.console.middleware.hosts import LOOPBACK, HostLayer, Network, ProxyLayer
from bridgehead.console.middleware.limits import BODY_S, LimitLayer
from bridgehead.console.middleware.sessions import SessionLayer, Sessions
from bridgehead.console.page import BODY_BYTES, Page
from bridgehead.console.pages import all_pages
from bridgehead.console.rendering import Rendering
from bridgehead.errors import Refused
from bridgehead.storage.queries_live import look

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor
    from bridgehead.desk.explaining import Teller

SIGN_IN: Final = "/sign-in"
API: Final = "/api/"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is served beside the pages, such as the API: its routes, and how much may be sent to a path of it."""

    routes: Sequence[BaseRoute]
    prefix: str
    body: int = BODY_BYTES


def site(
    app: App,
    sessions: Sessions,
    *,
    names: Collection[str] = LOOPBACK,
    trusted: Collection[Network] = (),
    beside: Sequence[Beside] = (),
    pages: Sequence[Page] | None = None,
    body_s: float = BODY_S,
    teller: Teller | None = None,
) -> Starlette:
    """Returns the ASGI application.

    ``names`` are those it answers under (without ports), ``trusted`` the networks of proxies in front of it.
    ``pages`` stands for all pages of ``console/pages``, ``body_s`` is how long a body may take to come in.
    ``teller`` explains cases in sentences; without one, pages go without.
    Its lifespan ends the streams of ``/live``.
    """
    found = all_pages() if pages is None else tuple(pages)
    assets = Assets()
    rendering = Rendering(assets, {page.path: page.right for page in found if "GET" in page.methods})
    live = Live(partial(look, app.database))
    guard = _Guard(app, rendering, sessions)
    every = (*found, Page("/live", live.stream, right="read", name="live"))

    @asynccontextmanager
    async def lifespan(_site: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await live.close()

    made = Starlette(
        routes=[
            *(Route(page.path, guard.of(page), methods=list(page.methods), name=page.name or None) for page in every),
            assets.route(),
            Route("/healthz", _healthz, methods=["GET"], name="healthz"),
            *(route for one in beside for route in one.routes),
        ],
        middleware=[
            Middleware(HeaderLayer),
            Middleware(LimitLayer, allowed=_allowed(every, beside), body_s=body_s),
            Middleware(ProxyLayer, trusted=trusted),
            Middleware(HostLayer, names=names),
            Middleware(ErrorLayer, page=guard.problem),
            Middleware(SessionLayer, sessions=sessions, without=("/assets/", "/healthz", API)),
        ],
        exception_handlers={HTTPException: guard.http_problem},
        lifespan=lifespan,
    )
    made.state.pages = every
    made.state.teller = teller
    made.state.live = live
    return made


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _allowed(pages: Sequence[Page], beside: Sequence[Beside]) -> Callable[[str], int]:
    """Returns what tells how many bytes may be sent to a path."""
    larger: list[tuple[re.Pattern[str], int]] = [
        (compile_path(page.path)[0], page.body) for page in pages if page.body != BODY_BYTES
    ]
    larger += [(re.compile(re.escape(one.prefix)), one.body) for one in beside if one.body != BODY_BYTES]

    def allowed(path: str) -> int:
        return next((size for pattern, size in larger if pattern.match(path)), BODY_BYTES)

    return allowed


class _Guard:
    """Lets a request through to its page: a session, the right that the page needs, and a form of this session."""

    def __init__(self, app: App, rendering: Rendering, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions
        self._rendering = rendering

    def of(self, page: Page) -> Callable[[Request], object]:
        """Returns the endpoint of a page as a route calls it."""

        async def endpoint(request: Request) -> Response:
            here = self._here(request)
            if page.right is not None:
                if here.visitor is None:
                    return _to_sign_in(request, here)
                here.visitor.need(page.right)
            texts.check_asked(request)
            if request.method not in csrf.SAFE and not page.outside:
                await csrf.check(self._app.vault, request)
                if page.right is not None:  # before sign-in, no word of an answer tells what was typed
                    await texts.check_sent(request)
                    (await self._again(request, here)).need(page.right)
            answer = await page.endpoint(request, here)
            csrf.keep_visit(request, answer)
            return answer

        return endpoint

    async def _again(self, request: Request, here: Here) -> Actor:
        """Returns who acts, looked up once more: a body takes its time, and rights that end meanwhile have ended."""
        token = request.state.session
        here.visitor = request.state.actor = await self._sessions.actor_of(token)
        if here.visitor is None:
            request.state.session = None
        return here.actor

    def problem(self, request: Request, problem: Problem) -> Response:
        """Returns the page of a problem."""
        here = self._here(request)
        answer = here.render("problem.html", status=problem.status, problem=problem)
        if request.headers.get("hx-request") == "true":
            answer.headers["HX-Reswap"] = "none"
        return answer

    async def http_problem(self, request: Request, error: Exception) -> Response:
        """Returns the answer to what the router itself refuses."""
        problem = problem_of(error)
        answer = as_json(problem) if request.url.path.startswith(API) else self.problem(request, problem)
        if isinstance(error, HTTPException) and error.headers:
            answer.headers.update(error.headers)
        return answer

    def _here(self, request: Request) -> Here:
        return Here(self._app, request, self._rendering, getattr(request.state, "actor", None))


def _to_sign_in(request: Request, here: Here) -> Response:
    """Answers somebody without a session: the way to the sign-in page, and from there back to what was asked for."""
    if request.method not in csrf.SAFE:
        raise Refused("your session is over", code="auth.session", hint="Sign in again, then send the form again.")
    if request.headers.get("hx-request") == "true":
        # A part of a page that is open: the whole page goes to sign in, not the part.
        return PlainTextResponse("", 401, {"HX-Redirect": SIGN_IN})
    if request.url.path == "/live":
        return PlainTextResponse("Sign in first.\n", 401)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return here.redirect(f"{SIGN_IN}?{_next(target)}")


def _next(target: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"next": target})

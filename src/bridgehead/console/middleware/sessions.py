"""Who is signed in: the session's cookie is looked up at each request, so that a right taken away is gone at once."""

from __future__ import annotations

from typing import Final, Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bridgehead.auth.actor import Actor

COOKIE: Final = "bridgehead_session"
SECURE_COOKIE: Final = "__Host-bridgehead_session"
"""Over TLS: browsers take a cookie of this name from this host alone, Secure and for all paths (RFC 6265bis)."""


def cookie_of(request: Request) -> str:
    """Returns the name of the session's cookie on this connection."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


class Sessions(Protocol):
    """What knows sessions."""

    async def actor_of(self, token: str) -> Actor | None:
        """Returns who a session's token stands for, None for one that is unknown, over or ended."""
        ...


class SessionLayer:
    """Puts ``request.state.actor`` and ``request.state.session`` in place for every page; others have none."""

    def __init__(self, app: ASGIApp, sessions: Sessions, without: tuple[str, ...] = ()) -> None:
        self._app = app
        self._sessions = sessions
        self._without = without

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Looks the session up and passes the request on."""
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["actor"] = state["session"] = None
            if not str(scope["path"]).startswith(self._without or ("\0",)):
                request = Request(scope)
                token = request.cookies.get(cookie_of(request))
                actor = None if not token else await self._sessions.actor_of(token)
                if actor is not None:
                    state["actor"], state["session"] = actor, token
        await self._app(scope, receive, send)

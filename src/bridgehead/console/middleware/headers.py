"""Every answer says what a browser may do with it: run nothing that is not ours, no frames, keep no page."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers then say "Origin: null" with our own forms (Fetch, "append a request Origin header").
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HSTS: Final = "max-age=31536000"
_UNFIT: Final = frozenset(map(chr, (*range(9), *range(10, 32), 127)))


class HeaderLayer:
    """Adds the headers to each answer; a page may narrow its own policy, never leave it out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and completes the answer's head."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(name, cleaned(value)) for name, value in message.get("headers", ())]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _HSTS)
            await send(message)

        await self._app(scope, receive, completed)


def cleaned(value: bytes) -> bytes:
    """Returns a header's value without what could begin a header of its own or forge a line of a log."""
    text = value.decode("latin-1")
    if _UNFIT.isdisjoint(text):
        return value
    return "".join(" " if letter in _UNFIT else letter for letter in text).encode("latin-1")

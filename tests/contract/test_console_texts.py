"""Whatever is written into an address or a form of the console is an answer of its own, and never a mistake of ours."""

from __future__ import annotations

import base64
import inspect
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bridgehead.app import App
from bridgehead.auth.actor import ROLES, Actor
from bridgehead.console.here import Here
from bridgehead.console.middleware.sessions import COOKIE
from bridgehead.console.page import Page
from bridgehead.console.pages import all_pages
from tests.support.console import ORIGIN, KnownSessions, Visitor, made, visiting

_NAMED: Final = re.compile(r'(?:get|word)\("([a-z_]{2,20})"|query\["([a-z_]{2,20})"')
_WROTE: Final = [
    "\0", "9" * 400, "-1e999999999", "[" * 4000, "0001-01-01T00:00", "9999-12-31", "\u0661", "\r\nX: 1",
    "'\"><script>alert(1)</script>",
]  # fmt: skip
_CURSORS: Final = [
    b"[" * 4000, b"[" + b"9" * 4000 + b"]", b"[9223372036854775808]", b'["x"]', b'["\\u0000"]', b'["u", "x"]',
    b'["9999-19-39 29:59:59+99", "1", 5]', b'["2026-12-12 25:10:10+00", "1", 7]',
]  # fmt: skip


def _asked(page: Page) -> list[str]:
    """Returns the names that the module of a page reads from an address."""
    return sorted(
        {one or other for one, other in _NAMED.findall(inspect.getsource(sys.modules[page.endpoint.__module__]))}
    )


@pytest.mark.parametrize(
    "path", sorted({one.path for one in all_pages() if "GET" in one.methods and "{" not in one.path})
)
async def test_no_address_breaks_a_page(app: App, path: str) -> None:
    """Any text in any parameter of any page is answered, without a mistake of ours and without its script."""
    page = next(one for one in all_pages() if one.path == path and "GET" in one.methods)
    made_up = [base64.urlsafe_b64encode(one).decode().rstrip("=") for one in _CURSORS]
    async with visiting(app, ROLES) as somebody:
        for name in _asked(page):
            for text in [*_WROTE, *(made_up if name == "after" else ())]:
                found = await somebody.http.get(path, params={name: text})
                assert found.status_code < 500, (name, text)
                assert "<script>alert" not in found.text, (name, text)


@pytest.mark.parametrize(
    "path", ["/cases/{}", "/reviews/{}", "/effects/{}", "/arrivals/{}", "/policies/{}", "/decide/{}"]
)
async def test_no_path_breaks_a_page(app: App, path: str) -> None:
    """Any text in the place of a number or a name is answered so too."""
    async with visiting(app, ROLES) as somebody:
        for text in ("%00", "9" * 4000, "C-99999999999999999999", "-1", "%2e%2e", "%D9%A1", "%3Cscript%3Ealert(1)"):
            found = await somebody.http.get(path.format(text))
            assert 400 <= found.status_code < 500, text
            assert "<script>alert" not in found.text


async def test_a_form_holds_texts_alone(app: App) -> None:
    """A form with a character that no text of the database holds is refused before its page sees it."""
    seen: list[str] = []

    async def keep(request: Request, _here: Here) -> Response:
        seen.extend(str(one) for one in (await request.form()).values())
        return PlainTextResponse("kept")

    pages = [Page("/", _page, right="read", name="overview"), Page("/keep", keep, right="read", methods=("POST",))]
    async with visiting(app, ("viewer",), pages=pages) as somebody:
        refused = await somebody.post("/keep", {"reason": "too\0late"})
        assert (refused.status_code, seen) == (400, [])
        assert (await somebody.post("/keep", {"reason": "too late"})).text == "kept"


async def test_a_form_in_an_odd_encoding_is_no_form_of_a_session(app: App) -> None:
    """Half of a surrogate pair in the place of the form's token, by an encoding of the sender's own, is refused."""
    part = 'Content-Disposition: form-data; name="csrf"'
    body = f"--x\r\n{part}\r\n\r\n\\ud800\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x; charset=unicode_escape"
    async with visiting(app, None) as stranger:
        found = await stranger.http.post("/sign-in", content=body, headers={"Origin": ORIGIN, "Content-Type": kind})
        assert (found.status_code, "console.csrf" in found.text or "not of your session" in found.text) == (403, True)


async def _page(_request: Request, here: Here) -> Response:
    return here.render("linked-done.html", name="R-1", verb="approve")


@asynccontextmanager
async def _acting(app: App, acted: list[str]) -> AsyncIterator[tuple[Visitor, KnownSessions]]:
    async def act(_request: Request, here: Here) -> Response:
        acted.append(here.actor.name)
        return PlainTextResponse("acted")

    pages = [Page("/", _page, right="read", name="overview"), Page("/act", act, right="review", methods=("POST",))]
    sessions = KnownSessions({"a token": Actor("kim", frozenset(), frozenset({"reviewer"}))})
    transport = httpx.ASGITransport(made(app, sessions, pages=pages))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies={COOKIE: "a token"}) as http:
        yield Visitor(http), sessions


@pytest.mark.parametrize("after", [None, Actor("kim", frozenset(), frozenset({"viewer"}))])
async def test_a_right_that_ends_while_a_form_comes_in_has_ended(app: App, after: Actor | None) -> None:
    """Who holds a form back until their session or their role is gone does nothing by it."""
    acted: list[str] = []
    async with _acting(app, acted) as (kim, sessions):
        token = await kim.token()

        async def slowly() -> AsyncIterator[bytes]:
            yield f"csrf={token}".encode()
            if after is None:
                del sessions.actors["a token"]
            else:
                sessions.actors["a token"] = after
            yield b"&x=1"

        head = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
        found = await kim.http.post("/act", content=slowly(), headers=head)
        assert (found.status_code, acted) == (403, [])

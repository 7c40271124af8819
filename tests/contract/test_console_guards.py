"""Every guard of the console refuses what it is there for, and what it refuses gets through where it is taken away."""

from __future__ import annotations

import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from bridgehead.app import App
from bridgehead.auth.actor import Actor
from bridgehead.console import here as here_module
from bridgehead.console import site as site_module
from bridgehead.console.here import Here
from bridgehead.console.middleware import csrf, headers, hosts
from bridgehead.console.middleware.sessions import COOKIE
from bridgehead.console.page import Page
from bridgehead.console.pages import all_pages
from bridgehead.errors import UserError
from tests.support.console import HOST, ORIGIN, KnownSessions, made

SECRET: Final = "hunter2-and-the-iban"
Attack = Callable[[httpx.AsyncClient], Awaitable[bool]]
"""Returns whether the attack got through."""


async def _act(_request: Request, _here: Here) -> Response:
    return PlainTextResponse("acted")


async def _take(request: Request, _here: Here) -> Response:
    return PlainTextResponse(f"took {len(await request.body())}")


async def _seen(_request: Request, here: Here) -> Response:
    return here.render("problem.html", problem={"title": "seen", "detail": "x", "hint": "", "code": ""})


async def _boom(_request: Request, _here: Here) -> Response:
    raise RuntimeError(SECRET)


async def _leave(request: Request, here: Here) -> Response:
    return here.redirect(request.query_params["next"])


async def _echo(request: Request, _here: Here) -> Response:
    return PlainTextResponse("x", headers={"X-Name": request.query_params["name"]})


async def _address(request: Request, _here: Here) -> Response:
    return PlainTextResponse(f"{request.url.scheme} {request.client.host if request.client else ''}")


PAGES: Final = (
    Page("/act", _act, right="operate", methods=("POST",)),
    Page("/seen", _seen, right="read"),
    Page("/boom", _boom, right="read"),
    Page("/leave", _leave, right="read"),
    Page("/echo", _echo, right="read"),
    Page("/address", _address, right="read"),
    Page("/large", _take, right=None, methods=("POST",), outside=True, body=3_000_000),
)


class Through:
    """A layer that is taken away."""

    def __init__(self, app: ASGIApp, *_args: object, **_options: object) -> None:
        self._app = app

    async def __call__(self, *args: Any) -> None:  # noqa: ANN401  # whatever ASGI hands on
        await self._app(*args)


class Client:
    """Makes clients of the whole site, with the guards that stand at this moment."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, role: str = "operator") -> httpx.AsyncClient:
        sessions = KnownSessions({"a token": Actor("ada", frozenset(), frozenset({role}))})  # type: ignore[arg-type]  # a role's name
        site = made(self.app, sessions, pages=PAGES)
        transport = httpx.ASGITransport(site, client=("203.0.113.7", 1))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies={COOKIE: "a token"})


@pytest.fixture
def clients(app: App) -> Client:
    """Gives what makes clients."""
    return Client(app)


async def _rebinding(client: httpx.AsyncClient) -> bool:
    return (await client.get("/seen", headers={"Host": "evil.example:8480"})).status_code == 200


async def _two_hosts(client: httpx.AsyncClient) -> bool:
    found = await client.request("GET", "/seen", headers=[("Host", HOST), ("Host", "evil.example")])
    return found.status_code == 200


async def _form_of_another_place(client: httpx.AsyncClient) -> bool:
    token = await _token(client)
    found = await client.post("/act", data={"csrf": token}, headers={"Origin": "http://evil.example"})
    return bool(found.text == "acted")


async def _cross_site(client: httpx.AsyncClient) -> bool:
    token = await _token(client)
    found = await client.post("/act", data={"csrf": token}, headers={"Sec-Fetch-Site": "cross-site"})
    return bool(found.text == "acted")


async def _other_port(client: httpx.AsyncClient) -> bool:
    token = await _token(client)
    found = await client.post("/act", data={"csrf": token}, headers={"Origin": "http://127.0.0.1:9999"})
    return bool(found.text == "acted")


async def _no_token(client: httpx.AsyncClient) -> bool:
    found = await client.post("/act", data={"x": "y"}, headers={"Origin": ORIGIN})
    return bool(found.text == "acted")


async def _frames(client: httpx.AsyncClient) -> bool:
    found = await client.get("/seen")
    policy = found.headers.get("content-security-policy", "")
    return "frame-ancestors 'none'" not in policy or "script-src 'self';" not in policy or "unsafe" in policy


async def _kept_page(client: httpx.AsyncClient) -> bool:
    return bool((await client.get("/seen")).headers.get("cache-control") != "no-store")


async def _sniffed(client: httpx.AsyncClient) -> bool:
    return bool((await client.get("/assets/nothing.js")).headers.get("x-content-type-options") != "nosniff")


async def _trace(client: httpx.AsyncClient) -> bool:
    try:
        found = await client.get("/boom")
    except RuntimeError:
        return True
    assert found.status_code == 500
    return SECRET in found.text or "RuntimeError" in found.text or "Traceback" in found.text


async def _large(client: httpx.AsyncClient) -> bool:
    found = await client.post("/act", content=b"x" * 1_100_000, headers={"x-csrf-token": "x", "Origin": ORIGIN})
    return found.status_code not in {413, 408}


async def _away(client: httpx.AsyncClient) -> bool:
    found = await client.get("/leave", params={"next": "https://evil.example/"})
    return "evil" in found.headers["location"]


async def _split(client: httpx.AsyncClient) -> bool:
    found = await client.get("/echo?name=a%0d%0aSet-Cookie:%20stolen=1")
    return "\r" in found.headers["x-name"] or "\n" in found.headers["x-name"] or "set-cookie" in found.headers


async def _forwarded(client: httpx.AsyncClient) -> bool:
    sent = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "Cookie": f"__Host-{COOKIE}=a token"}
    found = await client.get("/address", headers=sent)
    return found.text == "https 127.0.0.1"


async def _token(client: httpx.AsyncClient) -> str:
    return (await client.get("/seen")).text.partition('name="csrf" value="')[2].partition('"')[0]


def _no_layer(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(site_module, name, Through)


def _trusting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hosts.ProxyLayer, "_trusts", lambda _self, address: address != "127.0.0.1")


def _no_token_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hmac, "compare_digest", lambda *_: True)


ATTACKS: Final[dict[str, tuple[Attack, Callable[[pytest.MonkeyPatch], None]]]] = {
    "a name made up for loopback": (_rebinding, _no_layer("HostLayer")),
    "two hosts at once": (_two_hosts, _no_layer("HostLayer")),
    "a form of another place": (_form_of_another_place, lambda p: p.setattr(csrf, "_check_origin", lambda _: None)),
    "a form across sites": (_cross_site, lambda p: p.setattr(csrf, "_check_origin", lambda _: None)),
    "a form of another port": (_other_port, lambda p: p.setattr(csrf, "_check_origin", lambda _: None)),
    "a form without its token": (_no_token, _no_token_check),
    "a page in a frame, or a script of others": (_frames, _no_layer("HeaderLayer")),
    "a page out of a cache": (_kept_page, _no_layer("HeaderLayer")),
    "an answer taken for a script": (_sniffed, _no_layer("HeaderLayer")),
    "a trace with a secret": (_trace, _no_layer("ErrorLayer")),
    "a body without end": (_large, _no_layer("LimitLayer")),
    "a link out of here": (_away, lambda p: p.setattr(here_module, "local", lambda to: to)),
    "a header in a header": (_split, lambda p: p.setattr(headers, "cleaned", lambda value: value)),
    "an address that the client made up": (_forwarded, _trusting),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_attacks_are_refused_by_their_guard(
    clients: Client, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each attack on the console is refused, and gets through once its guard is taken away."""
    caplog.set_level(logging.CRITICAL)
    attack, take_away = ATTACKS[name]
    async with clients() as client:
        assert not await attack(client), f"{name} got through"
    take_away(monkeypatch)
    async with clients() as client:
        assert await attack(client), f"{name} is refused by something else: the guard is not proved"


async def test_what_is_too_large_is_refused_before_it_is_read(clients: Client) -> None:
    """An upload of 100 MB is answered with 413 by its length alone: not one byte of it is asked for."""
    asked = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield b"x" * 1_000_000

    async with clients() as client:
        found = await client.post("/act", content=body(), headers={"Content-Length": "100000000"})
        assert (found.status_code, asked) == (413, 0)
        asked = 0
        found = await client.post("/large", content=body())
        declared = await client.post("/large", content=b"x" * 2_000_000)
    assert (found.status_code, asked) == (413, 4)
    assert declared.text == "took 2000000"


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
     "javascript:x", "/%0d%0aX: y\r\nX: y", "", " //evil.example", "http:evil.example", "/\n/evil.example"],
)  # fmt: skip
def test_only_paths_of_here_are_redirected_to(to: str) -> None:
    """What a browser could take for another place becomes the start page."""
    assert here_module.local(to) == "/"


def test_paths_of_here_stay_as_they_are() -> None:
    """A path with its query is where a person wanted to go."""
    for path in ("/", "/cases/C-17", "/cases?q=PO-1&after=x", "/desk#r-3"):
        assert here_module.local(path) == path


@pytest.mark.parametrize(
    "path", ["../site.py", "..%2fsite.py", "%2e%2e/site.py", "style.css", "htmx.min.js/../../site.py", ".%00", ""]
)
async def test_assets_are_a_closed_list(clients: Client, path: str) -> None:
    """No path below /assets reaches a file that is not one of the console's own, under its hashed name."""
    async with clients() as client:
        found = await client.get(f"/assets/{path}", follow_redirects=False)
    assert found.status_code in {404, 307}
    assert "import" not in found.text


async def test_a_mistake_of_ours_is_logged_without_its_text(clients: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the kind of a mistake and a number that the page shows, and nothing that a document may say."""
    async with clients() as client:
        found = await client.get("/boom")
    number = found.text.partition("The log has it under ")[2][:8]
    assert number in caplog.text
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text


async def test_errors_of_ours_say_what_to_do(app: App) -> None:
    """What a person did wrong comes back as a page with the sentence and the hint, escaped."""

    async def wrong(_request: Request, _here: Here) -> Response:
        raise UserError("<b>no</b>", code="input.id", hint="Write it like C-17.")

    sessions = KnownSessions({"a token": Actor("ada", frozenset(), frozenset({"viewer"}))})
    site = made(app, sessions, pages=(Page("/wrong", wrong, right="read"),))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(site), base_url=ORIGIN, cookies={COOKIE: "a token"}
    ) as client:
        found = await client.get("/wrong")
    assert found.status_code == 400
    assert "&lt;b&gt;no&lt;/b&gt;" in found.text
    assert "Write it like C-17." in found.text


async def test_a_flash_is_only_what_the_server_wrote(clients: Client) -> None:
    """A sentence in the flash cookie that this server did not write is not shown."""
    async with clients() as client:
        client.cookies.set("bridgehead_flash", "eyJ" * 12)
        assert (await client.get("/seen")).status_code == 200


def test_every_page_that_acts_is_guarded() -> None:
    """Every page of the console that takes a POST needs a right, or is a sign-in page, or checks a signature."""
    for page in all_pages():
        before = page.path.startswith(("/sign-", "/first-run", "/set-password", "/decide/"))
        assert page.right is not None or page.outside or before, page.path
        assert set(page.methods) <= {"GET", "POST"}

"""A real browser over the real console: Debian's Chromium, driven by Playwright; its tests skip where there is none."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from bridgehead.app import App
from bridgehead.cli.explain import account
from bridgehead.connectors.listening import BesideWorker, InTime, listen
from bridgehead.console.middleware.sessions import COOKIE
from bridgehead.console.signed_in import SignedIn
from bridgehead.console.site import Beside, site
from tests.support.console import KnownSessions

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
SERIOUS = ("serious", "critical")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine; make services")


@dataclass
class Served:
    """A console at a real port; ``close`` leaves it, and ``url`` is where it is."""

    url: str
    sessions: KnownSessions | None


@asynccontextmanager
async def served(
    app: App, sessions: KnownSessions | None = None, *, beside: Sequence[Beside] = ()
) -> AsyncIterator[Served]:
    """Gives the whole console at a free port, with sessions of the test's own or (None) those of the database."""
    listening = listen("127.0.0.1", 0, backlog=128)
    made = site(app, SignedIn(app) if sessions is None else sessions, beside=beside, teller=account)
    config = uvicorn.Config(
        made, http=InTime, ws="none", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = BesideWorker(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", sessions)
    finally:
        await made.state.live.close()
        server.should_exit = True
        await serving
        listening.close()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Gives a browser of this test's own."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield launched
        finally:
            await launched.close()


@dataclass
class Seen:
    """A page of the browser, and what its console complained about: mistakes of scripts, and refusals by the policy."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Keeps what the browser complains about."""
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@asynccontextmanager
async def opened(context: BrowserContext, at: Served, token: str = "") -> AsyncIterator[Seen]:
    """Gives a page of a context; with a token, of somebody who is signed in."""
    if token:
        await context.add_cookies([{"name": COOKIE, "value": token, "url": at.url}])
    page = await context.new_page()
    seen = Seen(page)
    page.on("console", seen.hear)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    yield seen
    await page.close()


async def violations(page: Page) -> list[str]:
    """Returns what axe-core finds on a page that keeps people out: serious and critical violations alone.

    The script is handed to the browser past the page's own policy, as an extension would be.
    """
    if not await page.evaluate("'axe' in window"):
        script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        await page.evaluate(script)
    found = await page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        ".map(v => [v.impact, v.id, v.nodes.map(n => n.html.slice(0, 120)).slice(0, 3).join(' | ')])"
    )
    return [f"{rule} ({impact}): {where}" for impact, rule, where in found if impact in SERIOUS]


async def too_wide(page: Page) -> int:
    """Returns by how many pixels a page is wider than its window."""
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


async def shut_out(page: Page, url: str, *, status: int = 200) -> list[str]:
    """Opens a page and returns what keeps somebody out of it, at both widths, light and dark, or its odd status."""
    await page.set_viewport_size({"width": 1280, "height": 800})
    answer = await page.goto(url)
    if answer is None or answer.status != status:
        return [f"{url}: {answer and answer.status}"]
    found: list[str] = []
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            found += [f"{url} at {width}, {scheme}: {one}" for one in await violations(page)]
        wide = await too_wide(page)
        found += [f"{url} at {width}: {wide} pixels too wide"] if wide > 0 else []
    return found

"""The console on a telephone: the menu, amounts and due times are all seen without scrolling sideways."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from bridgehead.app import App
from bridgehead.auth.actor import ROLES, Actor
from tests.support.browser import browser, needs_chromium, opened, served
from tests.support.console import KnownSessions
from tests.support.held import deploy, held
from tests.support.world import World

pytestmark = [needs_chromium, pytest.mark.slow]

OUTSIDE = """wanted => [...document.querySelectorAll(wanted)].filter(one => one.getClientRects().length).filter(one => {
  const box = one.getBoundingClientRect();
  return box.left < 0 || box.right > document.documentElement.clientWidth || [...function* () {
    for (let at = one.parentElement; at; at = at.parentElement) yield at;
  }()].some(at => getComputedStyle(at).overflowX !== "visible" && box.right > at.getBoundingClientRect().right + 1);
}).map(one => one.outerHTML.slice(0, 80))"""
"""What of a page stands outside the window, or is cut by something that scrolls."""


async def _outside(page: Page, wanted: str) -> list[str]:
    found: list[str] = await page.evaluate(OUTSIDE, wanted)
    assert await page.locator(wanted).count(), f"nothing is {wanted}"
    return found


async def test_what_matters_is_seen_without_scrolling_sideways(app: App, world: World) -> None:
    """At 390 pixels every entry of the menu, every cell of a list and every label of a chart is inside the window."""
    await deploy(world)
    await held(world, 5, 700, 1_234_567)
    sessions = KnownSessions({"ada": Actor("ada", frozenset({"desk"}), frozenset(ROLES))})
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context(base_url=at.url, viewport={"width": 390, "height": 800})
        async with opened(context, at, "ada") as seen:
            for path in ("/desk", "/cases", "/effects", "/arrivals", "/admin", "/cases/C-2?open=all"):
                await seen.page.goto(path)
                assert not await _outside(seen.page, "header nav a"), path
                assert not await _outside(seen.page, "table.rows td"), path
            await seen.page.goto("/desk")
            row = seen.page.locator("table.rows tr", has=seen.page.get_by_role("link", name="R-1", exact=True))
            assert "700.00" in await row.inner_text()
            label = "getComputedStyle(document.querySelector('table.rows td.num'), '::before').content"
            assert await seen.page.evaluate(label) == '"At stake "'
            await seen.page.goto("/")
            await seen.page.locator("svg.chart text").first.wait_for()
            assert not await _outside(seen.page, "svg.chart text:not(.odd)")
            assert not seen.complaints

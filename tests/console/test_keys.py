"""The keyboard: its help lists the keys that work on the page before somebody, and what it lists works."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page

from bridgehead.app import App
from bridgehead.auth.actor import ROLES, Actor
from tests.support.browser import browser, needs_chromium, opened, served
from tests.support.console import KnownSessions
from tests.support.held import deploy, held, people
from tests.support.world import World

pytestmark = [needs_chromium, pytest.mark.slow]

EVERYWHERE = {"?", "Esc", "g o", "g d", "g c", "g e", "g f", "g n", "g p", "g a"}
LISTED = {"j k", "Enter"}
PAGES = {
    "/": set[str](),
    "/account": set[str](),
    "/desk": {*LISTED, "/", "n"},
    "/cases": {*LISTED, "/"},
    "/effects": {*LISTED, "/"},
    "/cases/C-1": {*LISTED, "o"},
    "/reviews/R-1": {"a", "e", "r", "b", "t", "c"},
}


async def _help(page: Page) -> dict[str, str]:
    """Opens the help and returns what it says of each key, then closes it."""
    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keys of this page").wait_for()
    lines = await page.eval_on_selector_all(
        "#keys dt", "all => all.map(one => [one.innerText.trim(), one.nextElementSibling.innerText.trim()])"
    )
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")
    return {re.sub(r"\s+", " ", keys): does for keys, does in lines}


async def test_the_help_lists_what_works_on_the_page(app: App, world: World) -> None:
    """Each page has its own list; a letter in it goes to what it names, and one that is not in it goes nowhere."""
    await deploy(world)
    await people(world, ada="desk")
    await held(world, 700)
    sessions = KnownSessions({"ada": Actor("ada", frozenset({"desk"}), frozenset(ROLES))})
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context(base_url=at.url)
        context.set_default_timeout(15_000)
        async with opened(context, at, "ada") as seen:
            page = seen.page
            for path, expected in PAGES.items():
                await page.goto(path)
                told = await _help(page)
                assert set(told) == EVERYWHERE | expected, path
                for letter in "abcdefhimnoprstuvwxyz":
                    await page.evaluate("document.activeElement.blur()")
                    await page.keyboard.press(letter)
                    focused = await page.evaluate("document.activeElement.tagName !== 'BODY'")
                    assert focused == (letter in told), f"{letter} on {path}"
            await page.goto("/reviews/R-1")
            assert (await _help(page))["r"] == "go to “Reject”"
            await page.keyboard.press("r")
            assert await page.evaluate("document.activeElement.name") == "reason"
            await page.goto("/cases")
            assert "key" in (await _help(page))["/"]
            await page.keyboard.press("g")
            await page.keyboard.press("n")
            await page.wait_for_url("**/connections")
            assert not seen.complaints


async def test_the_help_names_no_page_that_one_may_not_open(app: App, world: World) -> None:
    """A viewer has no way to policies and administration, and no key for them."""
    await deploy(world)
    sessions = KnownSessions({"vic": Actor("vic", frozenset(), frozenset({"viewer"}))})
    async with served(app, sessions) as at, browser() as chromium:  # noqa: SIM117  # the second needs the first
        async with opened(await chromium.new_context(base_url=at.url), at, "vic") as seen:
            await seen.page.goto("/cases")
            told = await _help(seen.page)
            shown = await seen.page.locator("header nav a").all_inner_texts()
    assert sorted(does for key, does in told.items() if key.startswith("g ")) == sorted(set(shown) - {"Roles"})
    assert "Admin" not in shown

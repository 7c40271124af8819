"""The console in a real browser: nothing needs a script, and what changes is seen at once."""

from __future__ import annotations

import pytest

from bridgehead.app import App
from bridgehead.auth.actor import ROLES, Actor
from tests.support.browser import browser, needs_chromium, opened, served
from tests.support.console import KnownSessions
from tests.support.world import World

pytestmark = [needs_chromium, pytest.mark.slow]

CODE = '''
@reversible(key="po", verify=find, undo=lambda **_: None)
async def book(po: str, amount: int) -> Booking:
    enter(number=f"B-{po}", po=po, amount=amount)
    return Booking(f"B-{po}", po, amount)

async def agent(case: Case, ctx: Context) -> Booking:
    """Books, or gives up on an order that is too odd."""
    if case.input["amount"] < 0:
        raise Failed("odd", error_class="out_of_scope")
    return await book(case.input["po"], case.input["amount"])
'''
TOOLS = "book: {allow: amount <= 100, otherwise: {hold: desk, within: 2h}}"


async def _filled(world: World) -> KnownSessions:
    await world.deploy(CODE, tools=TOOLS)
    for number, amount in enumerate((10, 500, -1)):
        await world.submit({"po": f"PO-{number}", "amount": amount})
    await world.settle()
    everything = Actor("ada", frozenset({"desk", "leads"}), frozenset(ROLES))
    return KnownSessions({"a token": everything})


async def test_what_changes_is_seen_without_reloading(app: App, world: World) -> None:
    """A review that is opened while the overview is open stands there soon after, and nobody reloads anything."""
    sessions = await _filled(world)
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context()
        async with opened(context, at, "a token") as seen:
            await seen.page.goto(at.url)
            await seen.page.get_by_text("2 reviews wait").wait_for(timeout=10_000)
            await world.submit({"po": "PO-9", "amount": 900})
            await world.settle()
            await seen.page.get_by_text("3 reviews wait").wait_for(timeout=20_000)
            await world.submit({"po": "PO-10", "amount": 20})
            await world.settle()
            await seen.page.get_by_text("2 of 3", exact=True).wait_for(timeout=30_000)  # figures that are kept a while
            assert not seen.complaints


async def test_without_scripts_everything_is_there(app: App, world: World) -> None:
    """Somebody whose browser runs no scripts reads the pages, filters them and changes the look."""
    sessions = await _filled(world)
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context(java_script_enabled=False)
        async with opened(context, at, "a token") as seen:
            await seen.page.goto(at.url + "/failures?period=24h")
            await seen.page.locator("select[name=error_class]").select_option("bug")
            await seen.page.get_by_role("button", name="Show").click()
            await seen.page.get_by_text("No case failed by this class").wait_for()
            await seen.page.locator("details.menu summary").click()
            await seen.page.locator("select[name=theme]").select_option("dark")
            await seen.page.get_by_role("button", name="Keep").click()
            await seen.page.locator('html[data-theme="dark"]').wait_for()


async def test_the_keyboard_goes_through_a_list(app: App, world: World) -> None:
    """The letter j goes to the next row, Enter opens it, a question mark shows the keys, and Escape closes them."""
    sessions = await _filled(world)
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context()
        async with opened(context, at, "a token") as seen:
            await seen.page.goto(at.url + "/cases")
            await seen.page.keyboard.press("?")
            await seen.page.get_by_role("dialog").wait_for()
            await seen.page.keyboard.press("Escape")
            await seen.page.get_by_role("dialog").wait_for(state="hidden")
            await seen.page.keyboard.press("j")
            await seen.page.keyboard.press("Enter")
            await seen.page.wait_for_url("**/cases/C-3")


async def test_pages_of_many_people_share_one_look(app: App, world: World) -> None:
    """However many pages are open, the database is looked at once for all of them."""
    sessions = await _filled(world)
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context()
        async with opened(context, at, "a token") as first, opened(context, at) as second:
            for seen in (first, second):
                await seen.page.goto(at.url)
            await world.submit({"po": "PO-9", "amount": 900})
            await world.settle()
            for seen in (first, second):
                await seen.page.get_by_text("3 reviews wait").wait_for(timeout=20_000)

"""Every page of the console in a real browser, at both widths, light and dark: it keeps nobody out."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import pytest

from bridgehead.app import App
from bridgehead.auth.actor import ROLES, Actor
from bridgehead.console.pages import all_pages
from tests.support.browser import browser, needs_chromium, opened, served, shut_out, violations
from tests.support.channels import Telling, mail_server
from tests.support.console import KnownSessions
from tests.support.ledger_story import tell_story
from tests.support.world import World

pytestmark = [needs_chromium, pytest.mark.slow]

OPEN: Final = {"/first-run?code=x": 403, "/decide/x": 404}
NAMED: Final = ("/policies/orders", "/policies/orders/replay", "/explain/C-2", "/explain/R-1", "/undo?case=C-4")
NOT_PAGES: Final = {
    "/arrivals/{number}/original",
    "/arrivals/{number}/sheets/{part:int}/{page:int}",
    "/sign-in/back",
    "/sign-in/issuer",
    "/hooks/slack",
}
KINDS: Final = {"approval", "question", "exception", "unknown_effect", "deadline", "conflict", "document"}
TO: Final = """
channels:
  post: {{mail: "smtp://127.0.0.1:{port}", sender: desk@example.com, people: {{ann: ann@example.com}}}}
notify: {{desk: "http://127.0.0.1:8480", roles: {{desk: post}}, give_up: 10m, link: 24h}}
"""


async def test_every_page_keeps_nobody_out(app: App, world: World) -> None:
    """After a story with every kind of review, effect and arrival no page has a serious violation by axe-core."""
    await tell_story(world)
    plain = {page.path for page in all_pages() if "GET" in page.methods and "{" not in page.path and page.right}
    single = []
    for kind, numbers in {
        "/cases/C-{}": "select min(id) as n from cases group by outcome",
        "/effects/E-{}": "select min(id) as n from effects group by state",
        "/arrivals/A-{}": "select min(id) as n from arrivals group by state",
        "/reviews/R-{}": "select min(id) as n from reviews group by kind",
    }.items():
        single += [kind.format(row["n"]) for row in await world.rows(numbers)]
    assert {str(row["kind"]) for row in await world.rows("select kind from reviews")} >= KINDS
    sessions = KnownSessions({"a token": Actor("ada", frozenset({"desk", "leads"}), frozenset(ROLES))})
    wrong: list[str] = []
    async with served(app, sessions) as at, browser() as chromium:
        async with opened(await chromium.new_context(), at, "a token") as seen:
            for path in (*sorted(plain), *single, *NAMED):
                wrong += await shut_out(seen.page, at.url + path)
            wrong += await shut_out(seen.page, at.url + "/nowhere", status=404)
            wrong += [one for one in seen.complaints if "404" not in one]
        async with opened(await chromium.new_context(), at) as stranger:
            wrong += await shut_out(stranger.page, f"{at.url}/sign-in")
            for path, status in OPEN.items():
                wrong += await shut_out(stranger.page, at.url + path, status=status)
    walked = {
        re.sub(r"/[A-Z]-\d+", "/{number}", urlsplit(path).path) for path in (*plain, *single, *NAMED, *OPEN, "/sign-in")
    }
    left = {page.path for page in all_pages() if "GET" in page.methods} - NOT_PAGES - walked
    assert left == {
        "/policies/{deployment}",
        "/policies/{deployment}/replay",
        "/decide/{code}",
        "/undo/{number}",
        "/arrivals/{number}/sheets/{part:int}",  # of a PDF: tests/console/test_sheets.py walks it
    }
    assert not wrong, "\n".join(wrong)


async def test_the_page_of_a_mail_keeps_nobody_out(app: App, world: World) -> None:
    """The page behind a link in a mail, and the one after its decision, have no serious violation; the call is made."""
    await world.app.users.add("ann", ["desk"], None, by="root", roles=["reviewer"])
    async with mail_server() as boxes:
        telling = Telling(world)
        review = await telling.begin(TO.format(port=boxes.port))
        await telling.tell()
    path = urlsplit(boxes.link()).path
    async with served(app, KnownSessions()) as at, browser() as chromium:  # noqa: SIM117  # the second needs the first
        async with opened(await chromium.new_context(), at) as seen:
            wrong = await shut_out(seen.page, at.url + path)
            await seen.page.get_by_role("button", name="Approve exactly this").click()
            await seen.page.get_by_text(f"R-{review.id}").first.wait_for()
            wrong += [f"after it: {one}" for one in await violations(seen.page)]
            wrong += await shut_out(seen.page, at.url + path, status=410)
    assert not wrong, "\n".join(wrong)
    assert (await telling.review(review)).state == "approved"
    await world.settle()
    assert [entry["amount"] for entry in world.books()] == [500]

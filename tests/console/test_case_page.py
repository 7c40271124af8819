"""The page of a case: first what a person wants to know, everything else folded and found by its link."""

from __future__ import annotations

import re

import pytest

from bridgehead.app import App
from bridgehead.cli.explain import account
from bridgehead.desk import effects, reviewing
from bridgehead.desk.effects import UndoScope
from bridgehead.desk.reviewing import Decision
from tests.support.browser import browser, needs_chromium, opened, served
from tests.support.console import KnownSessions, visiting
from tests.support.held import CODE, actor, deploy, held, people
from tests.support.world import World

SEEN = re.compile(r'hx-get="(/cases/C-\d+\?seen=[0-9a-f]+)"')
UNDOABLE = CODE.replace(
    '@reversible(key="po", verify=find)',
    "async def taken_back(*, key, args, result):\n    enter(undone=args['po'])\n\n"
    '@reversible(key="po", verify=find, undo=taken_back)',
)
HERE = ("The books of the case", "Rows of the chain", "What was decided of each call")


async def test_a_case_that_is_as_it_was_is_not_shown_anew(app: App, world: World) -> None:
    """An open page that asks after a change elsewhere is answered in a word; after one of its own case, in full."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    path = f"/cases/C-{review.case_id}"
    async with visiting(app, ("reviewer",), name="ann", groups=("desk",)) as ann:
        asks = SEEN.search((await ann.get(path)).text)
        assert asks is not None
        await held(world, 800)  # another case
        quiet = await ann.get(asks[1], **{"hx-request": "true"})
        assert (quiet.status_code, quiet.text) == (204, "")
        assert (await ann.get(asks[1])).status_code == 200, "whoever opens that address gets the page"
        await reviewing.decide(app, actor("ann", "desk"), review.id, Decision("approve"))
        await world.settle()
        renewed = await ann.get(asks[1], **{"hx-request": "true"})
        assert renewed.status_code == 200
        again = SEEN.search(renewed.text)
        assert again is not None
        assert again[1] != asks[1]
        assert "committed" in renewed.text


async def test_whose_rights_change_sees_the_case_by_the_new_ones(app: App, world: World) -> None:
    """P8: who loses the right to see documents has them no longer before them once the open page asks again."""
    await deploy(world)
    (review,) = await held(world, 734)
    path = f"/cases/C-{review.case_id}"
    async with visiting(app, ("reviewer",), name="ann") as ann:
        text = (await ann.get(path)).text
        assert "PO-734" in text
        asks = SEEN.search(text)
        assert asks is not None
        assert (await ann.get(asks[1], **{"hx-request": "true"})).status_code == 204
    async with visiting(app, ("viewer",), name="ann") as ann:
        renewed = await ann.get(asks[1], **{"hx-request": "true"})
        assert renewed.status_code == 200
        assert "PO-734" not in renewed.text


@pytest.mark.parametrize(
    "change",
    [
        "update data_keys set wrapped = null where id = (select key_id from cases where id = 1)",
        "update cases set level = 'shadow' where id = 1",
    ],
    ids=["the data key is erased", "its level changes"],
)
async def test_what_stands_beside_the_chain_of_a_case_renews_its_page(app: App, world: World, change: str) -> None:
    """D9: an open page does not go on showing what was erased, nor another level than the case has."""
    await deploy(world)
    await held(world, 734)
    async with visiting(app, ("reviewer",), name="ann") as ann:
        asks = SEEN.search((await ann.get("/cases/C-1")).text)
        assert asks is not None
        assert (await ann.get(asks[1], **{"hx-request": "true"})).status_code == 204
        world.tampered = True
        async with app.database.connection() as conn:
            await conn.execute(change.encode())
        assert (await ann.get(asks[1], **{"hx-request": "true"})).status_code != 204


async def test_an_undo_that_is_planned_renews_the_page_of_its_case(app: App, world: World) -> None:
    """P8: a plan shows before its first step is taken: the page no longer offers to undo what is being taken back."""
    await world.deploy(UNDOABLE, tools="book: allow")
    await world.submit({"po": "P-1", "amount": 5})
    await world.settle()
    async with visiting(app, ("operator",), name="ops") as ops:
        asks = SEEN.search((await ops.get("/cases/C-1")).text)
        assert asks is not None
        assert (await ops.get(asks[1], **{"hx-request": "true"})).status_code == 204
        await effects.undo(app, actor("ops", roles=("operator",)), UndoScope(case=1), reason="booked twice")
        renewed = await ops.get(asks[1], **{"hx-request": "true"})
        assert renewed.status_code == 200
        assert "being taken back" in renewed.text


async def test_whoever_may_not_see_documents_has_the_page_without_them(app: App, world: World) -> None:
    """P8: a viewer sees how a case goes and who has it, and no fold holds a value that came from a document."""
    await deploy(world)
    (review,) = await held(world, 734)
    async with visiting(app, ("viewer",), teller=account) as viewer:
        text = (await viewer.get(f"/cases/C-{review.case_id}?open=all")).text
    assert "Who has to do what" in text
    assert f"/reviews/R-{review.id}" in text
    assert "What was decided of each call" in text
    assert "PO-734" not in text
    assert "In short" not in text


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_what_a_person_wants_first_is_on_top_and_links_open_the_rest(
    app: App, world: World, *, scripts: bool
) -> None:
    """What was asked, who has it and the effects are seen at once; a link into a fold opens that fold and no other."""
    await deploy(world)
    (review,) = await held(world, 700)
    path = f"/cases/C-{review.case_id}"
    sessions = KnownSessions({"ann": actor("ann", "desk")})
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context(java_script_enabled=scripts, base_url=at.url)
        context.set_default_timeout(15_000)
        async with opened(context, at, "ann") as seen:
            page = seen.page
            await page.goto(path)
            for text in ("In short", "Who has to do what", "What it did, or wanted to do"):
                assert await page.get_by_text(text, exact=True).is_visible(), text
            await page.get_by_role("link", name=f"Open R-{review.id}").wait_for()
            for text in HERE:
                assert not await page.get_by_text(text, exact=True).first.is_visible(), text
            await page.get_by_role("navigation", name="On this page").get_by_role("link", name="The record").click()
            await page.get_by_text("Rows of the chain", exact=True).first.wait_for()
            assert not await page.get_by_text(HERE[2], exact=True).first.is_visible()
            await page.goto("/desk")
            await page.goto(f"{path}#decided")  # as a link from a mail leads there
            await page.get_by_text(HERE[2], exact=True).first.wait_for()
            assert not await page.get_by_text("Rows of the chain", exact=True).first.is_visible()
            await page.get_by_role("link", name="Unfold all").click()
            for text in HERE[1:]:
                await page.get_by_text(text, exact=True).first.wait_for()
            assert not seen.complaints


@needs_chromium
@pytest.mark.slow
async def test_what_is_open_stays_open_when_the_case_goes_on(app: App, world: World) -> None:
    """Somebody who reads the record of a case while it is decided goes on reading it, and sees the decision come."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    sessions = KnownSessions({"ann": actor("ann", "desk")})
    async with served(app, sessions) as at, browser() as chromium:
        context = await chromium.new_context(base_url=at.url)
        context.set_default_timeout(15_000)
        async with opened(context, at, "ann") as seen:
            await seen.page.goto(f"/cases/C-{review.case_id}#record")
            rows = seen.page.locator("#record tbody tr")
            await rows.first.wait_for()
            before = await rows.count()
            await reviewing.decide(app, actor("ann", "desk"), review.id, Decision("approve"))
            await world.settle()
            await seen.page.locator("h1 + .row .badge", has_text="completed").wait_for()
            assert await rows.first.is_visible()
            assert await rows.count() > before
            assert not await seen.page.locator("#decided table").is_visible()
            assert not seen.complaints

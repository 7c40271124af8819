"""The desk in a real browser: what a person decides there, in whichever way, is what the books say afterwards."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page

from bridgehead.app import App
from bridgehead.auth.actor import ConsoleRole
from tests.support.browser import Served, browser, needs_chromium, opened, served, shut_out, violations
from tests.support.console import KnownSessions
from tests.support.held import PARALLEL, actor, deploy, held, people
from tests.support.world import World

pytestmark = [needs_chromium, pytest.mark.slow]

LISTENS = """
async def cancel(*, key, args, result):
    enter(number="cancelled", po=args["po"], amount=-args["amount"])

@reversible(key="po", verify=find, undo=cancel)
async def book(po: str, amount: int) -> Booking:
    enter(number=po, po=po, amount=amount)
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    order = case.input
    try:
        return await book(order["po"], order["amount"])
    except Refused as refused:
        if refused.code != "review.returned":
            raise
        return await book(order["po"], 5 if "take five" in str(refused) else 15)
"""
TOOLS = "book: {allow: amount <= 10, otherwise: {hold: desk, valid_for: 8h}}"
PASSING = '{desk: {members: "group:desk", within: 2h, then: lead}, lead: {members: "group:leads"}}'
ROLES: tuple[ConsoleRole, ...] = ("reviewer", "operator")


@dataclass
class Room:
    """A console, a browser, and people who are signed in: each by the name that is also their token."""

    world: World
    at: Served
    chromium: Browser

    @asynccontextmanager
    async def person(self, name: str, *, scripts: bool = True) -> AsyncIterator[Page]:
        """Gives the page of somebody in a browser of their own; fails where the browser complained."""
        context = await self.chromium.new_context(java_script_enabled=scripts, base_url=self.at.url)
        context.set_default_timeout(15_000)
        async with opened(context, self.at, name) as seen:
            yield seen.page
            said = [one for one in seen.complaints if " of 40" not in one]  # too late: 403 or 409
            assert not said, said
        await context.close()

    async def booked(self) -> list[object]:
        """Lets the cases go on; returns the amounts in the books."""
        await self.world.settle()
        return [entry["amount"] for entry in self.world.books()]


@pytest.fixture
async def room(app: App, world: World) -> AsyncIterator[Room]:
    """Gives a console over a deployment whose bookings people approve, and three people."""
    await deploy(world, code=LISTENS, tools=TOOLS, deadline="48h")
    groups = {"ann": "desk", "ben": "desk", "lea": "leads"}
    await people(world, **groups)
    sessions = KnownSessions({name: actor(name, group, roles=ROLES) for name, group in groups.items()})
    async with served(app, sessions) as at, browser() as chromium:
        yield Room(world, at, chromium)


async def decide(page: Page, summary: str, button: str, **fields: str) -> None:
    """Opens the part of the page for a decision, fills it in and presses its button."""
    part = page.locator("aside details.card").filter(has=page.get_by_text(summary, exact=True))
    if await part.get_attribute("open") is None:
        await part.locator("summary").click()
    for label, text in fields.items():
        await part.get_by_label(re.compile(label)).fill(text)
    await part.get_by_role("button", name=re.compile(button)).click()


async def said(page: Page, text: str) -> None:
    """Waits until the page says something."""
    await page.get_by_text(text).first.wait_for()


async def test_a_claim_is_seen_by_the_other_and_an_approval_books_once(room: Room) -> None:
    """Who claims has it before them, the other's open page says so by itself, and an approval books exactly that."""
    (review,) = await held(room.world, 700)
    async with room.person("ann") as ann, room.person("ben") as ben:
        await ben.goto(f"/reviews/R-{review.id}")
        await ann.goto("/desk")
        await ann.get_by_role("link", name=f"R-{review.id}").click()
        await ann.get_by_role("button", name="Claim").click()
        await said(ann, "you have it before you")
        await said(ben, "ann has it before them")
        await decide(ann, "Approve", "^Approve")
        await said(ann, f"R-{review.id} is approved")
        await said(ben, "Approved by ann")
    assert await room.booked() == [700]
    assert [(one.state, one.decided_by) for one in await room.world.reviews("approved")] == [("approved", "ann")]


async def test_an_edit_is_gated_again(room: Room) -> None:
    """What does not fit is said and decides nothing; what does meets the gate once more and is booked as typed."""
    (review,) = await held(room.world, 700)
    async with room.person("ann") as ann:
        await ann.goto(f"/reviews/R-{review.id}")
        await decide(ann, "Edit, then approve", "Approve as edited", amount="lots")
        await said(ann, "Nothing was decided")
        await decide(ann, "Edit, then approve", "Approve as edited", amount="650")
        await said(ann, "as you edited it")
        assert await ann.locator("ins").all_inner_texts() == ["650"]
        assert len(await room.world.rows("select 1 from decisions")) == 1
    assert await room.booked() == [650]
    assert len(await room.world.rows("select 1 from decisions")) == 2


async def test_calls_of_a_case_are_decided_together(app: App, world: World) -> None:
    """What is ticked beside a call is shown, and decided with it in one step: approved both, or neither."""
    await deploy(world, code=PARALLEL, tools=TOOLS, deadline="48h")
    await people(world, ann="desk")
    await world.submit({"po": "all", "together": [{"po": f"P-{n}", "amount": 700 + n} for n in range(2)]})
    await world.settle()
    first, second = [f"R-{one.id}" for one in await world.reviews()]
    sessions = KnownSessions({"ann": actor("ann", "desk", roles=ROLES)})
    async with served(app, sessions) as at, browser() as chromium, Room(world, at, chromium).person("ann") as ann:
        await ann.goto(f"/reviews/{first}")
        part = ann.locator("aside details.card").filter(has=ann.get_by_text("Approve", exact=True))
        await part.get_by_text(f"What {second} would do").click()
        await part.get_by_text('"po": "P-1"').wait_for()
        assert not await violations(ann)
        await part.get_by_label(f"{second}: book").check()
        await part.get_by_role("button", name=re.compile("^Approve")).click()
        await said(ann, f"{first} and {second} are approved")
    await world.settle()
    assert sorted(str(entry["amount"]) for entry in world.books()) == ["700", "701"]


async def test_a_rejection_books_nothing_and_keeps_why(room: Room) -> None:
    """Somebody who rejects has to say why; nothing is booked, and the page of the review says who and why."""
    (review,) = await held(room.world, 700)
    async with room.person("ann") as ann:
        await ann.goto(f"/reviews/R-{review.id}")
        await decide(ann, "Reject", "^Reject")
        assert [one.id for one in await room.world.reviews()] == [review.id]  # the browser asks for the reason first
        await decide(ann, "Reject", "^Reject", Why="the price is last year's")
        await said(ann, "Rejected by ann")
        await said(ann, "the price is last year's")
    assert await room.booked() == []


async def test_a_case_that_is_taken_over_is_no_longer_the_agents(room: Room) -> None:
    """Somebody takes a case over and ends it: the agent books nothing, and the case says that a person has it."""
    (review,) = await held(room.world, 700)
    async with room.person("ann") as ann:
        await ann.goto(f"/reviews/R-{review.id}")
        await decide(ann, "Take the case over", "Take over")
        await said(ann, "the agent can no longer act")
        assert await room.booked() == []
        await ann.goto(f"/cases/C-{review.case_id}")
        await said(ann, "with person")
    assert [case["state"] for case in await room.world.cases()] == ["with_person"]


async def test_the_agent_goes_on_with_what_it_was_told(room: Room) -> None:
    """Sent back with guidance, the call is not made, and the agent does what the person wrote."""
    (review,) = await held(room.world, 700)
    async with room.person("ann") as ann:
        await ann.goto(f"/reviews/R-{review.id}")
        await decide(ann, "Send back with guidance", "Send back", instead="take five of them")
        await said(ann, "sent back to the agent")
    assert await room.booked() == [5]


async def test_four_eyes_are_two_people(room: Room) -> None:
    """Where a second person is asked for, the first one is told that they are not; the second one's approval books."""
    rule = "book: {allow: amount <= 10, otherwise: {hold: desk, second: {role: desk}}}"
    await deploy(room.world, tools=rule)
    (first,) = await held(room.world, 700)
    async with room.person("ann") as ann, room.person("ben") as ben:
        await ann.goto(f"/reviews/R-{first.id}")
        await decide(ann, "Approve", "^Approve")
        await said(ann, f"R-{first.id} is approved")
        assert await room.booked() == []
        (second,) = await room.world.reviews()
        await ann.goto(f"/reviews/R-{second.id}")
        await said(ann, "second person")
        assert await ann.get_by_role("button", name=re.compile("^Approve")).count() == 0
        await ben.goto(f"/reviews/R-{second.id}")
        await decide(ben, "Approve", "^Approve")
        await said(ben, f"R-{second.id} is approved")
    assert await room.booked() == [700]


async def test_a_time_that_is_over_while_the_page_is_open_decides_nothing(room: Room) -> None:
    """The time of a role ends while somebody looks: their button decides nothing, and they are told whose it is now."""
    await deploy(room.world, roles=PASSING, deadline="48h")
    (review,) = await held(room.world, 700)
    async with room.person("ann") as ann, room.person("lea") as lea:
        await ann.goto(f"/reviews/R-{review.id}")
        await room.world.pass_time(timedelta(hours=3))

        async def passed_on() -> bool:
            return [one.role for one in await room.world.reviews()] == ["lead"]

        async with room.world.working():
            await room.world.until(passed_on, what="the step to lead")
        await said(ann, "for lead")  # by itself
        await decide(ann, "Approve", "^Approve")
        await said(ann, "Nothing was decided")
        assert await room.booked() == []
        await lea.goto(f"/reviews/R-{review.id}")
        await decide(lea, "Approve", "^Approve")
        await said(lea, f"R-{review.id} is approved")
    assert await room.booked() == [700]


async def test_an_approval_that_was_not_used_in_time_is_asked_anew(room: Room) -> None:
    """An approval whose time is over before the agent goes on books nothing: the desk shows a new review, and why."""
    (review,) = await held(room.world, 700)
    async with room.person("ann") as ann:
        await ann.goto(f"/reviews/R-{review.id}")
        await decide(ann, "Approve", "^Approve")
        await said(ann, f"R-{review.id} is approved")
        await room.world.pass_time(timedelta(hours=9))
        assert await room.booked() == []
        (again,) = await room.world.reviews()
        await said(ann, f"R-{again.id}")  # by itself
        await ann.goto(f"/reviews/R-{again.id}")
        await said(ann, "no longer valid")


async def test_of_two_at_once_one_wins_and_the_other_is_told(room: Room) -> None:
    """Two people press in the same moment: one decision stands, and the other page says whose and what it was."""
    (review,) = await held(room.world, 700)
    async with room.person("ann", scripts=False) as ann, room.person("ben", scripts=False) as ben:
        for one in (ann, ben):
            await one.goto(f"/reviews/R-{review.id}")
        await asyncio.gather(
            decide(ann, "Approve", "^Approve"), decide(ben, "Reject", "^Reject", Why="the price is old")
        )
        rest = "it was approved" if (await room.world.reviews("approved")) else "it was rejected"
        loser = ben if rest == "it was approved" else ann
        await loser.get_by_text(re.compile("already (approved by ann|rejected by ben)", re.IGNORECASE)).wait_for()
        await said(loser, "Nothing was decided")
    assert await room.booked() == ([700] if loser is ben else [])


async def test_what_was_booked_is_taken_back_from_its_page(room: Room) -> None:
    """From the page of an effect somebody sees what an undo would do, says why, and it is taken back in the books."""
    await held(room.world, 7)
    async with room.person("ann") as ann:
        await ann.goto("/effects")
        await ann.get_by_role("link", name="E-1").first.click()
        await ann.get_by_role("link", name="Undo it").click()
        await said(ann, "1 of 1 effects of orders would be undone")
        assert [entry["amount"] for entry in room.world.books()] == [7]
        wrong = await shut_out(ann, ann.url)
        await ann.get_by_label("Why?").fill("it was ordered twice")
        await ann.get_by_role("button", name="Undo 1 effect").click()
        await ann.wait_for_url("**/undo/U-1")

        async def taken_back() -> bool:
            return len(room.world.books()) == 2

        async with room.world.working():
            await room.world.until(taken_back, what="the undo")
        wrong += await shut_out(ann, ann.url)
        assert not wrong, wrong
    assert [entry["amount"] for entry in room.world.books()] == [7, -7]


async def test_cases_are_found_by_what_people_know(room: Room) -> None:
    """The slash goes to the search; a business key finds its one case, another finds none, a number opens it."""
    await held(room.world, 7, 700)
    async with room.person("ann") as ann:
        await ann.goto("/cases")
        await ann.keyboard.press("/")
        await ann.keyboard.type("PO-700")
        await ann.keyboard.press("Enter")
        await ann.wait_for_url("**key=PO-700**")
        assert await ann.locator("table a.open").all_inner_texts() == ["C-2"]
        await ann.get_by_label("Order number or key").fill("PO-701")
        await ann.get_by_role("button", name="Search").click()
        await said(ann, "No case is like that")
        await ann.get_by_role("link", name="Look among the documents that became no case").click()
        await ann.wait_for_url("**/arrivals?find=PO-701")
        await said(ann, "Nothing came in that is like that")
        await ann.go_back()
        await ann.get_by_label("Number", exact=True).fill("c-1")
        await ann.get_by_role("button", name="Search").click()
        await ann.wait_for_url("**/cases/C-1")


async def test_the_queue_renews_itself(room: Room) -> None:
    """An open queue shows what comes in, and drops what somebody else decided, without being loaded again."""
    (first,) = await held(room.world, 700)
    async with room.person("ann") as ann, room.person("ben") as ben:
        await ann.goto("/desk")
        await ann.evaluate("window.same = true")
        second = next(one for one in await held(room.world, 800) if one.id != first.id)
        await ann.get_by_role("link", name=f"R-{second.id}", exact=True).wait_for()
        await ben.goto(f"/reviews/R-{first.id}")
        await decide(ben, "Approve", "^Approve")
        await ann.get_by_role("link", name=f"R-{first.id}", exact=True).wait_for(state="detached")
        assert await ann.evaluate("window.same")
    assert await room.booked() == [700]


async def test_everything_is_decided_without_scripts(room: Room) -> None:
    """Somebody whose browser runs no scripts takes the next piece of work, approves it and edits the one after."""
    await held(room.world, 700, 800)
    async with room.person("ann", scripts=False) as ann:
        await ann.goto("/desk")
        await ann.get_by_role("button", name=re.compile("next", re.IGNORECASE)).first.click()
        await ann.wait_for_url("**/reviews/R-*")
        await decide(ann, "Approve", "^Approve")
        await said(ann, "is approved")
        await ann.get_by_role("button", name=re.compile("next", re.IGNORECASE)).first.click()
        await ann.wait_for_url("**/reviews/R-*")
        await decide(ann, "Edit, then approve", "Approve as edited", amount="5")
        await said(ann, "as you edited it")
    assert sorted(map(str, await room.booked())) in (["5", "700"], ["5", "800"])


async def test_a_day_at_the_desk_by_the_keyboard_alone(room: Room) -> None:
    """J goes down the queue, k up, Enter opens, a goes to the approval, and Enter there approves."""
    await held(room.world, 700, 800)
    async with room.person("ann") as ann:
        await ann.goto("/desk")
        shown = await ann.locator("table a.open").all_inner_texts()
        for key in ("j", "j", "k", "j", "Enter"):
            await ann.keyboard.press(key)
        await ann.wait_for_url(f"**/reviews/{shown[1]}")
        await ann.keyboard.press("a")
        assert await room.world.reviews("approved") == []  # the key goes there; it does not decide
        for _ in range(3):
            if await ann.evaluate("document.activeElement.tagName") == "BUTTON":
                break
            await ann.keyboard.press("Tab")
        await ann.keyboard.press("Enter")
        await said(ann, f"{shown[1]} is approved")
    (approved,) = await room.world.reviews("approved")
    assert shown[1] == f"R-{approved.id}"
    assert await room.booked() == [700 if approved.case_id == 1 else 800]

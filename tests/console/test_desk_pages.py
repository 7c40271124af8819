"""The desk and the pages of cases, over the whole site, on a real database."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from bridgehead.app import App
from bridgehead.console.leaves import leaves
from tests.support.console import Visitor, visiting
from tests.support.held import deploy, held, people
from tests.support.world import World

DIGEST = re.compile(r'name="digest" value="([0-9a-f]+)"')
SEEN = re.compile(r'name="seen" value="([0-9.]+)"')
REVIEWER = ("reviewer",)


async def _digest(visitor: Visitor, number: str) -> str:
    found = DIGEST.search((await visitor.get(f"/reviews/{number}")).text)
    assert found is not None, f"{number} has no form of a decision"
    return found[1]


async def test_the_queue_names_the_work_and_its_money(world: World, app: App) -> None:
    """P4: what an agent may not decide alone is on the desk, and the page of it says what would happen."""
    await deploy(world)
    (review,) = await held(world, 700)
    async with visiting(app, REVIEWER, groups=("desk",)) as visitor:
        queue = (await visitor.get("/desk")).text
        assert f"/reviews/R-{review.id}" in queue
        shown = (await visitor.get(f"/reviews/R-{review.id}")).text
    assert "The call: book" in shown
    assert "PO-700" in shown
    assert "It can be undone afterwards." in shown


async def test_an_approval_lets_exactly_this_call_happen_once(world: World, app: App) -> None:
    """P1: approved in the browser, the call happens; the second click of the same button is told that it is decided."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    path = f"/reviews/R-{review.id}"
    async with visiting(app, REVIEWER, name="ann", groups=("desk",)) as ann:
        digest = await _digest(ann, f"R-{review.id}")
        first = await ann.post(f"{path}/decide", {"verb": "approve", "digest": digest}, page=path)
        assert (first.status_code, first.headers["location"]) == (303, path)
        second = await ann.post(f"{path}/decide", {"verb": "approve", "digest": digest}, page="/")
        assert second.status_code == 409
        assert "already approved by ann" in second.text
    await world.settle()
    assert [book["amount"] for book in world.books()] == [700]


async def test_an_edit_changes_what_was_typed_and_nothing_else(world: World, app: App) -> None:
    """P1: a form in which one field was changed makes a call with that field changed, which the gate sees again."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    path = f"/reviews/R-{review.id}"
    async with visiting(app, REVIEWER, name="ann", groups=("desk",)) as ann:
        fields = {leaf.name: leaf.value for leaf in leaves(review.shown["args"])}
        fields['arg:["amount"]'] = "650"
        values = {"verb": "edit", "digest": await _digest(ann, f"R-{review.id}"), **fields}
        assert (await ann.post(f"{path}/decide", values, page=path)).status_code == 303
        shown = (await ann.get(path)).text
    assert "<del>700</del>" in shown
    assert "<ins>650</ins>" in shown
    await world.settle()
    assert [book["amount"] for book in world.books()] == [650]


@pytest.mark.parametrize("seen, minutes", [("page", 5), ("1", 65), ("9999999999", 65), ("soon", 65), ("", 65)])
async def test_people_are_paid_for_the_time_that_a_page_was_before_them(
    world: World, app: App, seen: str, minutes: int
) -> None:
    """P7: without a claim a decision takes as long as its page was open; what cannot be is not believed."""
    await deploy(world, roles='desk: {members: "group:desk", rate: 60 EUR/h}')
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    await world.pass_time(timedelta(minutes=60))
    path = f"/reviews/R-{review.id}"
    async with visiting(app, REVIEWER, name="ann", groups=("desk",)) as ann:
        text = (await ann.get(path)).text
        shown, at = DIGEST.search(text), SEEN.search(text)
        assert shown is not None
        assert at is not None
        await world.pass_time(timedelta(minutes=5))
        values = {"verb": "approve", "digest": shown[1], "seen": at[1] if seen == "page" else seen}
        assert (await ann.post(f"{path}/decide", values, page=path)).status_code == 303
    (row,) = await world.rows("select minutes from reviews where id = %s", review.id)
    assert round(float(str(row["minutes"]))) == minutes


async def test_what_was_typed_is_kept_where_it_cannot_be_decided(world: World, app: App) -> None:
    """Bad input loses nothing: an amount that is none is said above the form, and the form keeps it."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    path = f"/reviews/R-{review.id}"
    async with visiting(app, REVIEWER, name="ann", groups=("desk",)) as ann:
        digest = await _digest(ann, f"R-{review.id}")
        values = {"verb": "edit", "digest": digest, 'arg:["amount"]': "six hundred"}
        wrong = await ann.post(f"{path}/decide", values, page=path)
        assert wrong.status_code == 409
        assert "six hundred" in wrong.text
        assert "Nothing was decided" in wrong.text
    assert [one.state for one in await world.reviews()] == ["open"]


@pytest.mark.parametrize("ticked", ["foo", "E-3:00", "R-99999999999999999999:00"])
async def test_a_tick_that_names_no_review_loses_nothing_that_was_typed(world: World, app: App, ticked: str) -> None:
    """Bad input loses nothing: a second call that cannot be one is said above the form, and the reason stays in it."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    path = f"/reviews/R-{review.id}"
    async with visiting(app, REVIEWER, name="ann", groups=("desk",)) as ann:
        digest = await _digest(ann, f"R-{review.id}")
        values = {"verb": "reject", "digest": digest, "reason": "the price is last year's", "with": ticked}
        wrong = await ann.post(f"{path}/decide", values, page=path)
        assert wrong.status_code == 409
        assert "the price is last year&#39;s" in wrong.text
        assert "Nothing was decided" in wrong.text
    assert [one.state for one in await world.reviews()] == ["open"]


async def test_other_arguments_than_the_ones_shown_are_not_approved(world: World, app: App) -> None:
    """P1: a form about other arguments decides nothing, as one that names none of its arguments does not."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    path = f"/reviews/R-{review.id}"
    async with visiting(app, REVIEWER, name="ann", groups=("desk",)) as ann:
        for digest in ("0" * 64, ""):
            values = {"verb": "approve", "digest": digest}
            assert (await ann.post(f"{path}/decide", values, page=path)).status_code == 409
    assert [one.state for one in await world.reviews()] == ["open"]


async def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told(world: World, app: App) -> None:
    """P1: two people press the button in the same moment; one decision counts and the other reads whose."""
    await deploy(world)
    await people(world, ann="desk", ben="desk")
    (review,) = await held(world, 700)
    path = f"/reviews/R-{review.id}"
    async with (
        visiting(app, REVIEWER, name="ann", groups=("desk",)) as ann,
        visiting(app, REVIEWER, name="ben", groups=("desk",)) as ben,
    ):
        digest = await _digest(ann, f"R-{review.id}")
        answers = await asyncio.gather(
            ann.post(f"{path}/decide", {"verb": "approve", "digest": digest}, page=path),
            ben.post(f"{path}/decide", {"verb": "reject", "digest": digest, "reason": "no"}, page=path),
        )
    codes = sorted(one.status_code for one in answers)
    assert codes == [303, 409]
    (loser,) = [one for one in answers if one.status_code == 409]
    assert re.search(r"already (approved by ann|rejected by ben)", loser.text)


async def test_next_takes_what_nobody_is_at(world: World, app: App) -> None:
    """Two people who take the next piece of work get two different ones, and a third is told that there is none."""
    await deploy(world)
    await people(world, ann="desk", ben="desk", cid="desk")
    await held(world, 700, 800)
    taken = []
    for name in ("ann", "ben", "cid"):
        async with visiting(app, REVIEWER, name=name, groups=("desk",)) as one:
            taken.append((await one.post("/desk/next", page="/desk")).headers["location"])
    assert len(set(taken[:2])) == 2
    assert all(one.startswith("/reviews/R-") for one in taken[:2])
    assert taken[2] == "/desk"


async def test_a_viewer_does_not_guess_whose_a_case_is(world: World, app: App) -> None:
    """P8: without the right to see documents no case is looked for by customer or number, and no field asks for it."""
    await deploy(world)
    await held(world, 700)
    async with visiting(app) as viewer, visiting(app, REVIEWER) as reviewer:
        for asked in ("customer=anybody", "key=PO-700"):
            assert (await viewer.get(f"/cases?{asked}")).status_code == 403
            assert (await reviewer.get(f"/cases?{asked}")).status_code == 200
        for one, shown in ((viewer, False), (reviewer, True)):
            text = (await one.get("/cases?customer=&key=&currency=EUR")).text
            assert ('name="customer"' in text, 'name="key"' in text) == (shown, shown)


async def test_a_viewer_reads_no_document_and_decides_nothing(world: World, app: App) -> None:
    """Default deny: without the right a review and an original are refused, and a case shows none of its content."""
    await deploy(world)
    (review,) = await held(world, 700)
    async with visiting(app) as viewer:
        assert (await viewer.get(f"/reviews/R-{review.id}")).status_code == 403
        assert (await viewer.get("/arrivals/A-1/original")).status_code == 403
        case = await viewer.get(f"/cases/C-{review.case_id}")
        assert case.status_code == 200
        assert "PO-700" not in case.text
        refused = await viewer.post(f"/reviews/R-{review.id}/decide", {"verb": "approve"}, page="/cases")
        assert refused.status_code == 403


async def test_an_original_is_never_opened_by_the_browser(world: World, app: App) -> None:
    """A document is handed out as a file: whatever it says that it is, it runs nowhere."""
    await deploy(world)
    text = b"<script>alert(1)</script>"
    await app.arrivals.store(
        "orders", source="file", source_id="x", document=text, name='a"\r\nX-Evil: 1.html', actor="test"
    )
    async with visiting(app, REVIEWER) as visitor:
        answer = await visitor.get("/arrivals/A-1/original")
        page = (await visitor.get("/arrivals/A-1")).text
    assert answer.content == text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "x-evil" not in answer.headers
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_cases_are_searched_and_odd_filters_are_said(world: World, app: App) -> None:
    """A filter that is none is told on the page, with what was typed still in the form."""
    await deploy(world)
    (review,) = await held(world, 700)
    async with visiting(app, REVIEWER) as visitor:
        found = (await visitor.get("/cases?state=waiting")).text
        assert f"/cases/C-{review.case_id}" in found
        assert f"/cases/C-{review.case_id}" not in (await visitor.get("/cases?state=done")).text
        straight = await visitor.get(f"/cases?id=c-{review.case_id}")
        assert straight.headers["location"] == f"/cases/C-{review.case_id}"
        for odd in ("from_amount=much", "since=yesterday", "state=asleep", "after=zzz", "id=Z-9", "error_class=x"):
            answer = await visitor.get(f"/cases?{odd}")
            assert answer.status_code in (400, 404, 409, 422), odd
            assert "A mistake of ours" not in answer.text


async def test_an_undo_does_what_was_shown_or_nothing(world: World, app: App) -> None:
    """P8: the plan is made of exactly as many effects as the person saw; another number is shown anew instead."""
    await deploy(world, code=UNDOABLE)
    await held(world, 7)
    async with visiting(app, ("operator",), name="ops") as ops:
        shown = (await ops.get("/undo?case=C-1")).text
        assert "1 of 1 effects of orders would be undone" in shown
        changed = await ops.post("/undo", {"case": "C-1", "expected": "2", "reason": "wrong"}, page="/undo?case=C-1")
        assert changed.status_code == 409
        made = await ops.post("/undo", {"case": "C-1", "expected": "1", "reason": "wrong"}, page="/undo?case=C-1")
        assert made.headers["location"] == "/undo/U-1"
        assert "under way" in (await ops.get("/undo/U-1")).text


UNDOABLE = """
async def cancel(*, key, args, result):
    return None

@reversible(key="po", verify=find, undo=cancel)
async def book(po: str, amount: int) -> Booking:
    enter(number=po, po=po, amount=amount)
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> list:
    return [await book(case.input["po"], case.input["amount"])]
"""

"""What the lists of the console say of each line, over the whole site, on a real database."""

from __future__ import annotations

import re

from bridgehead.app import App
from tests.support.console import visiting
from tests.support.held import deploy, held
from tests.support.world import World

UNDOABLE = """
async def cancel(*, key, args, result):
    enter(number=args["po"], po=args["po"], amount=-args["amount"])

async def found(*, key, args):
    left = sum(one["amount"] for one in entries() if one["po"] == args["po"])
    return await find(key=key, args=args) if left else None

@reversible(key="po", verify=found, undo=cancel)
async def book(po: str, amount: int) -> Booking:
    enter(number=po, po=po, amount=amount)
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> list:
    return [await book(one["po"], one["amount"]) for one in case.input.get("several", [case.input])]
"""
BACK = ">taken back<"
OFFERED = "Undo what it did"


async def test_what_was_taken_back_no_longer_looks_booked(world: World, app: App) -> None:
    """P8: after an undo the case says in its page and in the list that it was taken back, and offers no undo again."""
    await deploy(world, code=UNDOABLE)
    await held(world, 7, 8)
    async with visiting(app, ("operator",), name="ops") as ops:
        before = (await ops.get("/cases/C-1")).text
        assert OFFERED in before
        assert BACK not in before
        await ops.post("/undo", {"case": "C-1", "expected": "1", "reason": "wrong"}, page="/undo?case=C-1")
        planned = (await ops.get("/cases/C-1")).text
        assert "1 is being taken back." in planned
        assert OFFERED not in planned, "a plan has it"

        async def taken_back() -> bool:
            return len(world.books()) == 3 and BACK in (await ops.get("/cases")).text

        async with world.working():
            await world.until(taken_back, what="the undo")
        after = (await ops.get("/cases/C-1")).text
        assert BACK in after
        assert "1 of 1 effects was taken back; nothing of what it did stands." in after
        assert OFFERED not in after
        assert (await ops.get("/cases")).text.count(BACK) == 1
        assert BACK not in (await ops.get("/cases/C-2")).text


async def test_a_case_of_which_some_was_taken_back_says_so(world: World, app: App) -> None:
    """P8: where one of two effects was taken back, the case says so, and still offers to undo the other."""
    await deploy(world, code=UNDOABLE)
    await world.submit({"po": "A", "several": [{"po": "A", "amount": 3}, {"po": "B", "amount": 4}]})
    await world.settle()
    async with visiting(app, ("operator",), name="ops") as ops:
        await ops.post("/undo", {"effect": "E-2", "expected": "1", "reason": "wrong"}, page="/undo?effect=E-2")

        async def taken_back() -> bool:
            return ">partly taken back<" in (await ops.get("/cases")).text

        async with world.working():
            await world.until(taken_back, what="the undo")
        shown = (await ops.get("/cases/C-1")).text
    assert "1 of 2 effects was taken back." in shown
    assert OFFERED in shown


async def test_effects_say_what_they_are_about(world: World, app: App) -> None:
    """A list of effects and the preview of an undo name number and amount of each, not to who sees no documents."""
    await deploy(world, code=UNDOABLE)
    await held(world, 7)
    async with visiting(app, ("operator", "reviewer"), name="ops") as ops:
        listed = (await ops.get("/effects")).text
        preview = (await ops.get("/undo?case=C-1")).text
    for page in (listed, preview):
        assert "PO-7" in page
        assert "7.00" in page
    assert "not undone" in listed
    assert "cannot be undone" not in listed
    async with visiting(app, ("viewer",)) as viewer:
        unnamed = (await viewer.get("/effects")).text
    assert "E-1" in unnamed
    assert "PO-7" not in unnamed


async def test_what_cannot_be_undone_is_told_apart(world: World, app: App) -> None:
    """P8: an effect whose tool declares no undo says that it cannot be undone, and its page offers none."""
    await deploy(world)
    await held(world, 7)
    async with visiting(app, ("operator", "reviewer"), name="ops") as ops:
        listed = (await ops.get("/effects")).text
        page = (await ops.get("/effects/E-1")).text
    assert "cannot be undone" in listed
    assert "not undone" not in listed
    assert "Undo it" not in page


async def test_arrivals_show_sender_and_subject(world: World, app: App) -> None:
    """A list of arrivals shows who sent a mail and under which subject, to who may see documents alone."""
    await deploy(world)
    mail = b"From: Mara <mara@rheinwerk.example>\r\nSubject: =?utf-8?q?Eilauftrag_f=C3=BCr_M=C3=A4rz?=\r\n\r\n."
    for name, document in (("1.eml", mail), ("2.json", b'{"po": "PO-1", "amount": 1}')):
        await app.arrivals.store("orders", source="file", source_id=name, document=document, name=name, actor="test")
    async with visiting(app, ("reviewer",)) as visitor:
        listed = (await visitor.get("/arrivals")).text
        page = (await visitor.get("/arrivals/A-1")).text
    for shown in (listed, page):
        assert "Mara &lt;mara@rheinwerk.example&gt;" in shown
        assert "Eilauftrag für März" in shown
    async with visiting(app, ("viewer",)) as viewer:
        unnamed = (await viewer.get("/arrivals")).text
    assert "A-2" in unnamed
    assert "rheinwerk" not in unnamed
    assert "Eilauftrag" not in unnamed


LEAVING = """
async def agent(case: Case[dict], ctx: Context) -> None:
    way = case.input["way"]
    await ctx.hand_over("desk", "look at it", cause=way, error_class="out_of_scope")
"""


async def test_a_cause_leads_to_its_work_and_what_was_not_read_is_counted(world: World, app: App) -> None:
    """P4: from the causes of hand-overs one comes to the desk with that work alone; unread documents are counted."""
    await deploy(world, code=LEAVING, tools="{}")
    for number, way in enumerate(("price", "price", "unit", "")):
        await world.submit({"po": f"PO-{number}", "way": way})
    for name, document in (("torn", b"{"), ("torn too", b"[")):
        await app.arrivals.store("orders", source="file", source_id=name, document=document, name=name, actor="test")
    await world.settle()
    async with visiting(app, ("reviewer",), groups=("desk",)) as visitor:
        failed = (await visitor.get("/failures")).text
        assert "Could not be read</dt><dd>2<small>documents, 2 with people" in failed
        assert "/arrivals?state=review" in failed
        for cause, numbers in (("price", {0, 1}), ("unit", {2}), ("out_of_scope", {3})):
            assert f"/desk?cause={cause}" in failed
            listed = (await visitor.get(f"/desk?cause={cause}")).text
            assert {number for number in range(4) if f"PO-{number}" in listed} == numbers
        assert (await visitor.get("/desk?cause=price&state=approved")).status_code in (400, 409, 422)


async def test_times_name_their_zone_where_nobody_chose_one(world: World, app: App) -> None:
    """A time on a page says UTC until the viewer has chosen a zone; then it is in that one."""
    await deploy(world)
    await held(world, 7)
    clock = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d( UTC)?</time>")
    async with visiting(app) as visitor:
        shown = clock.findall((await visitor.get("/cases")).text)
        await visitor.post("/preferences", {"theme": "auto", "zone": "Europe/Berlin", "next": "/"})
        chosen = clock.findall((await visitor.get("/cases")).text)
    assert set(shown) == {" UTC"}
    assert set(chosen) == {""}


async def test_a_search_without_a_match_says_what_is_found(world: World, app: App) -> None:
    """Somebody who finds nothing is told that whole words and named numbers are found."""
    await deploy(world)
    async with visiting(app, ("reviewer",)) as visitor:
        shown = (await visitor.get("/cases?customer=rhein")).text
    assert "found by whole words of the name, not by parts of one" in shown
    assert "names its field in the key of a case or in case.search" in shown

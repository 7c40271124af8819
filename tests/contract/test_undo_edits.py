"""An undo sees any edit that a person made since, field by field; where it cannot, it says so before it is made."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import pytest

from bridgehead.cases.foreseeing import Foreseen, differences, foresee
from bridgehead.cases.undo_ports import Scope, UndoPlan
from bridgehead.cases.undoing import Undoing
from bridgehead.connectors.opening import forget
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_cases import CaseQueries
from bridgehead.storage.undo_scope import moment
from tests.support.world import World
from tests.unit.erp import small_master
from tests.unit.erp.asking import FILE
from tests.unit.erp.running import RunningErp

ALL = Scope("orders", words="all")
CODE = """
STORE = Path(__file__).parent / "store.json"

def records():
    return json.loads(STORE.read_text()) if STORE.exists() else {}

def keep(po, **fields):
    found = records()
    found[po] = {**found.get(po, {"note": None}), **fields}
    STORE.write_text(json.dumps(found))

@dataclass
class Made:
    number: str

async def whole(*, key, args):
    if (Path(__file__).parent / "deaf").exists():
        raise ConnectionError("no answer")
    return records().get(args["po"])

async def remove(*, key, args, result):
    found = records()
    del found[args["po"]]
    STORE.write_text(json.dumps(found))

@reversible(key="po", verify=whole, undo=remove)
async def book(po: str, amount: int) -> Made:
    keep(po, number=f"N-{po}", amount=amount)
    if amount == 13:
        raise ConnectionError("the reply was lost")
    return Made(f"N-{po}")

async def put_back(*, key, args, result):
    keep(args["po"], amount=args["was"])

async def raised(*, key, args):
    found = records().get(args["po"])
    return found if found is not None and found["amount"] == args["to"] else None

async def is_put_back(*, key, args, result):
    return records()[args["po"]]["amount"] == args["was"]

@reversible(key=("po", "to"), verify=raised, undo=put_back, undone=is_put_back)
async def change(po: str, was: int, to: int) -> Made:
    keep(po, amount=to)
    return Made(f"N-{po}")

async def is_there(*, key, args):
    return args["po"] in records() or None

@reversible(key="po", verify=is_there, undo=remove)
async def tick(po: str) -> bool:
    keep(po, number="T")
    return True

async def altered(*, key, args):
    return records().get(args["po"])

@reversible(key=("po", "to"), verify=altered, undo=put_back, undone=is_put_back)
async def alter(po: str, was: int, to: int) -> Made:
    keep(po, amount=to)
    return Made(f"N-{po}")

async def agent(case: Case[dict], ctx: Context) -> str:
    po = case.input["po"]
    for name, arguments in case.input["do"]:
        tool = {"book": book, "change": change, "tick": tick, "alter": alter}[name]
        await (tool(*arguments) if name == "alter" else tool(po, *arguments))
    return po
"""
TOOLS = "book: {allow: amount <= 1000}\nchange: allow\ntick: allow\nalter: allow"


async def booked(world: World, *orders: dict[str, JSON]) -> Undoing:
    """Lets the orders be booked and returns what undoes them."""
    loaded = await world.deploy(CODE, tools=TOOLS)
    for order in orders:
        await world.submit(order)
    await world.settle()
    return world.app.undoing(loaded)


def edit(world: World, po: str, **fields: JSON) -> None:
    """Changes a record as a person does."""
    file = world.place / "store.json"
    found = json.loads(file.read_text())
    found[po] |= fields
    file.write_text(json.dumps(found))


def store(world: World) -> dict[str, dict[str, JSON]]:
    """Returns the records of the outside system."""
    return cast("dict[str, dict[str, JSON]]", json.loads((world.place / "store.json").read_text()))


async def look(undoing: Undoing, scope: Scope = ALL) -> list[Foreseen]:
    """Looks as a dry run does."""
    return await foresee(await undoing.store.effects(scope), undoing, by="kim", unchecked=False)


async def undo(undoing: Undoing) -> UndoPlan:
    """Undoes everything and returns the plan as it ended."""
    chosen = [(done, undoing.hindrance(done)) for done in await undoing.store.effects(ALL) if done.state != "undone"]
    number = await undoing.store.make(ALL, chosen, by="kim", reason="a test", unchecked=False)
    assert number is not None
    assert await undoing.run(number)
    return await undoing.store.plan(number)


@pytest.mark.parametrize("amount", [5, 13], ids=["answered", "reply lost"])
async def test_an_edit_of_what_the_tool_did_not_answer_is_seen(world: World, amount: int) -> None:
    """P8: a person's edit of a field that is not in the tool's result is named, and the record is left."""
    undoing = await booked(world, {"po": "1", "do": [["book", [amount]]]})
    (one,) = await look(undoing)
    assert (one.going, one.blind) == (True, "")
    edit(world, "1", note="wait for the truck")
    (one,) = await look(undoing)
    assert (one.why, one.told) == ("changed", "It differs in note.")
    (item,) = (await undo(undoing)).items
    assert (item.state, item.why, item.detail) == ("left", "changed", {"message": "It differs in note."})
    assert store(world)["1"]["note"] == "wait for the truck"


async def test_digests_of_a_record_are_sealed_and_shown_to_nobody(world: World) -> None:
    """P8: the image of a record lies under its case's key, and neither reviews nor the view of a case hold it."""
    await booked(world, {"po": "1", "do": [["book", [5]]]})
    (row,) = await world.rows("select b.sealed from effects e join blobs b on b.commitment = e.result")
    assert b"image" not in cast("bytes", row["sealed"])
    view = await CaseQueries(world.app.database, world.app.vault).case(1)
    assert "image" not in str(view.effects)
    assert view.effects[0].result == {"result": {"number": "N-1"}}


async def test_what_cannot_be_seen_is_said_before(world: World) -> None:
    """P8: where verify returns no record, or could not be asked after the write, the dry run says it of each effect."""
    undoing = await booked(world, {"po": "1", "do": [["tick", []]]})
    (world.place / "deaf").touch()
    await world.submit({"po": "2", "do": [["book", [5]]]})
    await world.settle()
    (world.place / "deaf").unlink()
    told = {one.done.tool: one for one in await look(undoing)}
    assert all(one.going for one in told.values())
    assert told["tick"].blind == "Edits since cannot be seen: its verify returns no record."
    assert told["book"].blind.startswith("Edits since cannot be seen but in what the tool had answered")


def chain(po: str) -> dict[str, JSON]:
    """Returns an order that is booked and then changed."""
    return {"po": po, "do": [["book", [5]], ["change", [5, 6]]]}


async def test_a_chain_of_effects_on_one_record_is_foreseen_and_undone(world: World) -> None:
    """P8: what an effect's own successor changed is no edit: the dry run says what it depends on, the undo makes it."""
    undoing = await booked(world, *map(chain, "12"))
    edit(world, "2", note="theirs")
    found = {(one.done.args["po"], one.done.tool): one for one in await look(undoing)}
    assert {key: (one.why, one.after) for key, one in found.items()} == {
        ("1", "change"): (None, ()),
        ("1", "book"): (None, (found["1", "change"].done.effect_id,)),
        ("2", "change"): ("changed", ()),
        ("2", "book"): ("later", ()),
    }
    plan = await undo(undoing)
    assert differences(list(found.values()), plan) == []
    assert store(world) == {"2": {"note": "theirs", "number": "N-2", "amount": 6}}


async def test_what_hangs_on_an_effect_that_is_yet_to_be_seen_says_so(world: World) -> None:
    """P8: where it shows only later whether an effect is left, those before it in its case are not certain."""
    undoing = await booked(world, {"po": "1", "do": [["book", [5]]]})
    await world.submit({"po": "2", "do": [["book", [5]], ["alter", ["1", 5, 6]]]})
    await world.settle()
    edit(world, "1", note="theirs")
    await world.submit({"po": "3", "do": [["alter", ["1", 6, 7]]]})
    await world.settle()
    found = {(one.done.case_id, one.done.tool): one for one in await look(undoing)}
    last, seen, hanging = (found[place] for place in ((3, "alter"), (2, "alter"), (2, "book")))
    assert (last.going, last.depending) == (True, False)
    assert (seen.going, seen.after) == (True, (last.done.effect_id,))
    assert (hanging.going, hanging.depending, hanging.hangs) == (True, True, (seen.done.effect_id,))
    plan = await undo(undoing)
    assert {(item.done.case_id, item.done.tool): item.why or item.state for item in plan.items} == {
        (3, "alter"): "undone", (2, "alter"): "changed", (2, "book"): "later", (1, "book"): "changed",
    }  # fmt: skip


async def test_what_was_foreseen_is_what_happens_and_else_it_is_said(world: World) -> None:
    """P8: an undo is as the dry run showed it; of what the world changed in between each difference is named."""
    orders = [{"po": f"{number}", "do": [["book", [5]]]} for number in range(4)]
    undoing = await booked(world, *cast("list[dict[str, JSON]]", orders))
    edit(world, "0", note="a")
    found = await look(undoing)
    assert [one.why for one in found].count("changed") == 1
    edit(world, "1", note="b")
    edit(world, "0", note=None)
    plan = await undo(undoing)
    place = {str(one.done.args["po"]): one.done.effect_id for one in found}
    assert differences(found, plan) == sorted([
        (place["0"], "it was to be left (Somebody has changed the record since.) and is undone"),
        (place["1"], "it was to be undone and is left: Somebody has changed the record since. (It differs in note.)"),
    ])  # fmt: skip
    assert sorted(store(world)) == ["1"]


async def test_an_undo_of_what_was_killed_names_the_kill(world: World) -> None:
    """P8: where a tool was killed, the refusal and the record of its undo say by whom, why, and how it is lifted."""
    undoing = await booked(world, {"po": "1", "do": [["book", [5]]]})
    await world.app.controls.set("tool", "book", "kill", by="alex", reason="wrong price list")
    (one,) = await look(undoing)
    assert one.why == "denied"
    assert one.told.startswith("tool book was killed by alex at 2")
    assert one.told.endswith(": wrong price list; 'bridgehead resume --tool book' lifts it")
    (item,) = (await undo(undoing)).items
    assert (item.why, item.detail) == ("denied", {"message": one.told})


async def test_a_scope_begins_and_ends_at_its_moments(world: World) -> None:
    """P8: since and until are moments and both included, however long the looking takes."""
    undoing = await booked(world, {"po": "1", "do": [["book", [5]]]})
    (done,) = await undoing.store.effects(ALL)
    assert done.at is not None
    instant = timedelta(microseconds=1)
    for since, until, count in (
        (done.at, done.at, 1),
        (done.at + instant, None, 0),
        (None, done.at - instant, 0),
        (done.at - instant, done.at + instant, 1),
    ):
        assert len(await undoing.store.effects(Scope("orders", since=since, until=until))) == count
    before, after = await moment(world.app.database, 600.0), await moment(world.app.database, 0.0)
    assert timedelta(seconds=600) <= after - before < timedelta(seconds=630)


MADE_UP = ("customer", "sales_org", "ship_to", "lines.item", "lines.price")
ERP_CODE = """
from pydantic import TypeAdapter
from bridgehead.templates.purchase_orders.erp.wire import Booking
from bridgehead.templates.purchase_orders.tools import book_order, import_order

async def agent(case: Case[dict], ctx: Context) -> str:
    tool = import_order if case.input["old"] else book_order
    return (await tool(TypeAdapter(Booking).validate_python(case.input["order"]))).order_number
"""


@pytest.fixture
def erp(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningErp]:
    """Gives the order template's ERP as a process of its own."""
    running = RunningErp(tmp_path_factory.mktemp("erp"))
    running.start()
    monkeypatch.setenv("ERP_URL", running.url)
    monkeypatch.setenv("ERP_CLIENT_SECRET_FILE", str(running.folder / "erp.secret"))
    yield running
    running.stop()


@asynccontextmanager
async def in_erp(world: World, *, old: bool) -> AsyncIterator[Undoing]:
    """Books three orders by the template's tool and gives what undoes them."""
    made_up = " and ".join(f"order.{one} from anything" for one in MADE_UP)
    tools, more = f"book_order: {{allow: {made_up}}}\nimport_order: {{allow: {made_up}}}", "connect: [erp.yaml]"
    place = world.write(ERP_CODE, tools=tools, more=more)
    shutil.copyfile(FILE, place / "erp.yaml")
    forget(place / "erp.yaml")
    loaded = await world.deploy(ERP_CODE, tools=tools, more=more)
    try:
        for number in ("1", "2", "3"):
            order = small_master.booking(number)
            await world.submit(cast("dict[str, JSON]", {"po": number, "old": old, "order": order}))
        await world.settle()
        yield world.app.undoing(loaded)
    finally:
        for system in loaded.systems.values():
            await system.connector.aclose()


@pytest.mark.parametrize("old", [False, True], ids=["book_order", "import_order"])
async def test_a_persons_edit_in_the_erp_keeps_an_order(world: World, erp: RunningErp, *, old: bool) -> None:
    """P8: an order whose note or date a person has set in the ERP is not cancelled; the others are."""
    changes: dict[str, dict[str, str]] = {"1": {"note": "wait for the truck"}, "2": {"requested_date": "2026-12-24"}}
    async with in_erp(world, old=old) as undoing, erp.http() as client:
        for number, change in changes.items():
            found = (await client.get("/orders", params={"customer": "C100", "po_number": number})).json()["items"]
            path = f"/orders/{found[0]['order_number']}"
            tag = (await client.get(path)).headers["ETag"]
            (await client.patch(path, json=change, headers={"If-Match": tag})).raise_for_status()
        foreseen = {cast("dict[str, JSON]", one.done.args["order"])["po_number"]: one for one in await look(undoing)}
        assert [foreseen[number].why for number in "123"] == ["changed", "changed", None]
        assert foreseen["1"].told == "It differs in changed_at, note."
        assert foreseen["2"].told == "It differs in changed_at, requested_date."
        assert foreseen["3"].blind == ""
        await undo(undoing)
        kept = {}
        for number in "123":
            found = (await client.get("/orders", params={"customer": "C100", "po_number": number})).json()["items"]
            kept[number] = (found[0]["status"], found[0]["note"], found[0]["requested_date"])
    assert kept == {
        "1": ("open", "wait for the truck", None), "2": ("open", None, "2026-12-24"), "3": ("cancelled", None, None),
    }  # fmt: skip

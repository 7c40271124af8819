"""What an action of a specification did is taken back by the action that the specification names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bridgehead.app import load_deployment
from bridgehead.cases.undo_ports import Scope, UndoPlan
from bridgehead.connectors.opening import forget
from tests.support.desk import FILE, make_desk
from tests.support.world import World

SPEC = Path(__file__).resolve().parents[1] / "support" / "connectors" / "desk.yaml"
CODE = """
from decimal import Decimal
from bridgehead.connectors.opening import connect

desk = connect("desk.yaml")

async def agent(case: Case[dict], ctx: Context) -> str:
    line = {"item": "A-1", "quantity": "2", "price": "3.10"}
    made = await desk.tools["enter_order"](
        customer="10", po_number=case.input["po"], lines=[line], total=Decimal("6.20"))
    return made.number
"""
MORE = "connect: [desk.yaml]"


@pytest.fixture
async def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Gives a world over a desk in SQLite in which one order was booked."""
    monkeypatch.setenv("DESK_URL", f"sqlite:///{FILE}")
    place = world.write(CODE, tools="enter_order: allow", more=MORE)
    make_desk(place)
    # Under a name of its own: another test of this process may have loaded a template's tool of that name.
    (place / "desk.yaml").write_text(SPEC.read_text(encoding="utf-8").replace("book_order", "enter_order"), "utf-8")
    forget(place / "desk.yaml")
    await world.deploy(CODE, tools="enter_order: allow", more=MORE)
    await world.submit({"po": "PO-1"})
    await world.settle()
    return world


def orders(world: World, change: str = "") -> Iterator[tuple[float, str]]:
    """Yields what the desk holds of the order, after a person's change if there is one."""
    with closing(sqlite3.connect(world.place / FILE)) as books:
        if change:
            books.execute(change)
            books.commit()
        yield from books.execute("select summe, stand from auftraege where bestellnr = 'PO-1'").fetchall()


async def undo(world: World) -> UndoPlan:
    """Undoes everything, with the code as it lies in the folder."""
    forget(world.place / "desk.yaml")
    undoing = world.app.undoing(load_deployment(world.place))
    scope = Scope("orders", words="all")
    chosen = [(done, undoing.hindrance(done)) for done in await undoing.store.effects(scope)]
    number = await undoing.store.make(scope, chosen, by="kim", reason="a test", unchecked=False)
    assert number is not None
    assert await undoing.run(number)
    return await undoing.store.plan(number)


async def test_an_action_is_taken_back_by_the_action_it_names(desk: World) -> None:
    """P8: an order that the agent booked is cancelled, by code of a later release too."""
    assert list(orders(desk)) == [(6.2, "O")]
    file = desk.place / f"{desk.module}.py"
    file.write_text(file.read_text() + "\n# a later release\n")
    (item,) = (await undo(desk)).items
    assert (item.state, item.why) == ("undone", "")
    assert list(orders(desk)) == [(6.2, "S")]


@pytest.mark.parametrize(
    "change, why, after",
    [
        ("update auftraege set summe = 7 where bestellnr = 'PO-1'", "changed", [(7, "O")]),
        ("update auftraege set stand = 'S' where bestellnr = 'PO-1'", "gone", [(6.2, "S")]),
        ("delete from auftraege where bestellnr = 'PO-1'", "gone", []),
    ],
)
async def test_a_persons_change_is_never_taken_back(
    desk: World, change: str, why: str, after: list[tuple[object, ...]]
) -> None:
    """P8: an order that a person changed, cancelled or removed since is left as it is, and to a person."""
    list(orders(desk, change))
    (item,) = (await undo(desk)).items
    assert (item.state, item.why) == ("left", why)
    assert list(orders(desk)) == after
    assert [review.kind for review in await desk.reviews()] == ["exception"]

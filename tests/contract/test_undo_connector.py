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
    return await booked(world, monkeypatch, SPEC.read_text(encoding="utf-8"))


async def booked(world: World, monkeypatch: pytest.MonkeyPatch, spec: str) -> World:
    """Books one order over a desk of this specification."""
    monkeypatch.setenv("DESK_URL", f"sqlite:///{FILE}")
    place = world.write(CODE, tools="enter_order: allow", more=MORE)
    make_desk(place)
    # Under a name of its own: another test of this process may have loaded a template's tool of that name.
    (place / "desk.yaml").write_text(spec.replace("book_order", "enter_order"), "utf-8")
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


async def test_another_order_of_the_list_is_no_edit(desk: World) -> None:
    """P8: what SQL counts in every row is no field of the record: an order beside it keeps none from being undone."""
    change = "insert into auftraege (nr, kdnr, bestellnr, summe, stand) values ('X', '10', 'PO-1', 6.2, 'S')"
    assert len(list(orders(desk, change))) == 2
    (item,) = (await undo(desk)).items
    assert (item.state, item.why) == ("undone", "")


@pytest.mark.parametrize(
    "ignore, state, later",
    [("", "left", False), ("      ignore: [kredit]\n", "undone", False), ("      ignore: [kredit]\n", "undone", True)],
)
async def test_what_moves_by_itself_is_no_edit_where_it_is_declared(
    world: World, monkeypatch: pytest.MonkeyPatch, ignore: str, state: str, *, later: bool
) -> None:
    """P8: a column that is read and not mapped counts, whoever changes it, but where `ignore` names it."""
    spec = SPEC.read_text(encoding="utf-8")
    credit = "(SELECT limit_eur FROM kunden k WHERE k.kdnr = auftraege.kdnr) AS kredit"
    spec = spec.replace("summe, stand, COUNT", f"summe, stand, {credit}, COUNT")
    before = spec
    spec = spec.replace("    lookup:\n      read: find_orders\n", f"    lookup:\n{ignore}      read: find_orders\n")
    await booked(world, monkeypatch, before if later else spec)
    list(orders(world, "update kunden set limit_eur = 1"))
    if later:  # it is found out when an undo was refused
        (world.place / "desk.yaml").write_text(spec.replace("book_order", "enter_order"), encoding="utf-8")
    (item,) = (await undo(world)).items
    assert item.state == state
    assert item.detail is not None
    assert item.detail.get("message") == ("It differs in kredit." if state == "left" else None)


async def test_a_declared_version_is_known_to_move(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P8: the column behind an entity's `version` is marked, so that taking back a later effect is no edit of it."""
    spec = SPEC.read_text(encoding="utf-8")
    await booked(
        world,
        monkeypatch,
        spec.replace("  order:\n    key: number\n", "  order:\n    key: number\n    version: total\n"),
    )
    (done,) = await world.app.undos.effects(Scope("orders"))
    assert done.image is not None
    assert set(done.image) == {"nr", "kdnr", "bestellnr", "~summe", "stand", "total"}

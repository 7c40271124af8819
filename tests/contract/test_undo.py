"""An operator's undo takes back what the agent did and nothing else, once, and says exactly what it left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import pytest

from bridgehead.cases.undo_ports import Hold, Scope, UndoItem, UndoLost, UndoMove, UndoPlan
from bridgehead.cases.undoing import Undoing
from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON
from bridgehead.storage.undoing import Undos
from tests.support.world import World

CODE = """
STORE = Path(__file__).parent / "store.json"
CALLS = Path(__file__).parent / "calls.jsonl"

def records():
    return json.loads(STORE.read_text()) if STORE.exists() else {}

def keep(found):
    STORE.write_text(json.dumps(found))

def told(**call):
    with CALLS.open("a") as calls:
        calls.write(json.dumps(call) + "\\n")

@dataclass
class Stored:
    number: str
    amount: int

async def stored(*, key, args):
    if (Path(__file__).parent / "deaf").exists():
        raise ConnectionError("no answer")
    found = records().get(args["po"])
    if found is None:
        return None
    if found["amount"] != args["amount"]:
        raise Mismatch(f"amount is {found['amount']}")
    return Stored(found["number"], found["amount"])

async def remove(*, key, args, result):
    told(what="undo", po=args["po"], key=key, own=effect_key())
    mode = Path(__file__).parent / "undo"
    how = mode.read_text() if mode.exists() else ""
    if how == "refuse":
        raise Failed("it is closed", error_class="forbidden", applied=False)
    if how == "busy":
        raise Failed("come again", error_class="transient", applied=False)
    if how == "raced":
        raise Failed("the version is another one", error_class="conflict", applied=False)
    if how == "silent":
        raise ConnectionError("sent, and nothing came")
    found = records()
    found.pop(args["po"])
    keep(found)
    if how == "lost":
        raise ConnectionError("the reply was lost")
    return {"removed": args["po"]}

@reversible(key="po", verify=stored, undo=remove, cost="0.10 EUR", timeout="0.2s")
async def book(po: str, amount: int) -> Stored:
    keep({**records(), po: {"number": f"N-{po}", "amount": amount}})
    told(what="book", po=po)
    return Stored(f"N-{po}", amount)

async def unwrite(*, key, args, result):
    told(what="unwrite", po=args["po"])

@reversible(key="po", undo=unwrite)
async def label(po: str) -> str:
    return po

@irreversible(key="to")
async def mail(to: str) -> str:
    told(what="mail", to=to)
    return "sent"

async def agent(case: Case[dict], ctx: Context) -> str:
    po, amount = case.input["po"], case.input["amount"]
    await book(po, amount)
    if case.input.get("more"):
        await book(f"{po}-b", amount)
    if case.input.get("label"):
        await label(po)
    if case.input.get("mail"):
        await mail(f"{po}@example.com")
    if case.input.get("ask"):
        await ctx.ask("desk", "And now?", str)
    return po
"""
TOOLS = "book: {allow: amount <= 1000}\nlabel: allow\nmail: allow"


def store(world: World) -> dict[str, dict[str, JSON]]:
    """Returns the records of the outside system."""
    file = world.place / "store.json"
    return cast("dict[str, dict[str, JSON]]", json.loads(file.read_text())) if file.exists() else {}


def calls(world: World, what: str) -> list[dict[str, JSON]]:
    """Returns what the outside system was asked to do."""
    file = world.place / "calls.jsonl"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [one for one in found if one["what"] == what]


async def booked(world: World, *orders: Mapping[str, JSON], tools: str = TOOLS) -> Undoing:
    """Deploys, lets the orders be booked, and returns what undoes them."""
    loaded = await world.deploy(CODE, tools=tools)
    for order in orders:
        await world.submit(order)
    await world.settle()
    return world.app.undoing(loaded)


async def planned(undoing: Undoing, scope: Scope, *, by: str = "kim", unchecked: bool = False) -> int | None:
    """Makes a plan as the command does."""
    found = await undoing.store.effects(scope)
    chosen = [(done, undoing.hindrance(done)) for done in found if done.under is None and done.state != "undone"]
    return await undoing.store.make(scope, chosen, by=by, reason="a test", unchecked=unchecked)


async def undo(undoing: Undoing, scope: Scope | None = None, *, unchecked: bool = False) -> UndoPlan:
    """Plans and carries out; returns the plan as it ended."""
    number = await planned(undoing, scope or Scope("orders", words="all"), unchecked=unchecked)
    assert number is not None
    assert await undoing.run(number)
    return await undoing.store.plan(number)


def ends(plan: UndoPlan) -> list[tuple[str, str, str]]:
    """Returns what became of each effect, in the order of the plan."""
    return [(item.done.tool, item.state, item.why) for item in plan.items]


async def states(world: World) -> list[str]:
    """Returns the states of all effects, oldest first."""
    return [str(row["state"]) for row in await world.rows("select state from effects order by id")]


async def test_an_effect_is_taken_back_once_and_on_the_record(world: World) -> None:
    """P8: an undo takes the record away, is on the chain with who, why and decision, and done again does nothing."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    plan = await undo(undoing)
    assert ends(plan) == [("book", "undone", "")]
    assert store(world) == {}
    assert await states(world) == ["undone"]
    (row,) = await world.rows(
        "select convert_from(body, 'UTF8')::json->'refs' as refs from ledger"
        " where convert_from(body, 'UTF8')::json->>'kind' = 'effect.undone'"
    )
    refs = cast("Mapping[str, JSON]", row["refs"])
    assert (refs["by"], refs["why"], refs["undo"]) == ("kim", "a test", plan.id)
    (decision,) = await world.rows("select id, verdict, tool from decisions order by id desc limit 1")
    assert (decision["verdict"], decision["tool"], decision["id"]) == ("allow", "undo:book", refs["undo_decision"])
    assert await planned(undoing, Scope("orders", words="all")) is None
    assert not await undoing.run(plan.id)
    (call,) = calls(world, "undo")
    assert call["key"] != call["own"], "a target that drops a second request of one key would drop the undo"
    spent = await world.rows("select name, amount::text as amount from costs where kind = 'tool' order by seq")
    assert [(one["name"], one["amount"]) for one in spent] == [("book", "0.10"), ("undo:book", "0.10")]
    assert await world.reviews() == []


async def test_what_came_last_is_taken_back_first(world: World) -> None:
    """P8: effects are undone in the reverse order of their commits."""
    undoing = await booked(world, {"po": "1", "amount": 5, "more": True})
    await undo(undoing)
    assert [call["po"] for call in calls(world, "undo")] == ["1-b", "1"]


async def test_a_record_that_somebody_changed_is_left_to_a_person(world: World) -> None:
    """P8: where a person changed the record since, nothing is undone, the change stays, and a review says why."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    (world.place / "store.json").write_text(json.dumps({"1": {"number": "N-1", "amount": 7}}))
    plan = await undo(undoing)
    assert ends(plan) == [("book", "left", "changed")]
    assert store(world)["1"]["amount"] == 7
    assert calls(world, "undo") == []
    (review,) = await world.reviews()
    left = cast("Sequence[Mapping[str, JSON]]", review.shown["left"])
    assert (left[0]["effect"], left[0]["args"]) == ("E-1", {"po": "1", "amount": 5})
    assert "amount is 7" in str(left[0]["told"])
    assert await states(world) == ["committed"]


async def test_another_value_than_was_left_is_somebodys_change(world: World) -> None:
    """P8: a record that verify finds with another value than the effect returned is not undone."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    (world.place / "store.json").write_text(json.dumps({"1": {"number": "N-7", "amount": 5}}))
    assert ends(await undo(undoing)) == [("book", "left", "changed")]
    assert store(world)["1"]["number"] == "N-7"


async def test_what_is_gone_is_left_and_holds_nothing_up(world: World) -> None:
    """P8: a record that a person took away is named as gone, and what was done before it is undone."""
    undoing = await booked(world, {"po": "1", "amount": 5, "more": True})
    (world.place / "store.json").write_text(json.dumps({"1": {"number": "N-1", "amount": 5}}))
    assert ends(await undo(undoing)) == [("book", "left", "gone"), ("book", "undone", "")]


async def test_what_came_before_something_that_stands_is_not_tried(world: World) -> None:
    """P8: where a later effect of the case could not be undone, an earlier one is left with it."""
    undoing = await booked(world, {"po": "1", "amount": 5, "more": True})
    found = store(world)
    found["1-b"]["amount"] = 7
    (world.place / "store.json").write_text(json.dumps(found))
    assert ends(await undo(undoing)) == [("book", "left", "changed"), ("book", "left", "later")]
    assert set(store(world)) == {"1", "1-b"}


async def test_a_mail_is_named_as_what_cannot_be_undone(world: World) -> None:
    """P8: what was declared irreversible is left in a review, and what was done before it is undone."""
    undoing = await booked(world, {"po": "1", "amount": 5, "mail": True})
    assert ends(await undo(undoing)) == [("mail", "left", "irreversible"), ("book", "undone", "")]
    (review,) = await world.reviews()
    assert "1@example.com" in str(review.shown["left"])


async def test_what_nobody_can_read_back_is_undone_on_demand_alone(world: World) -> None:
    """P8: an effect without verify is left to a person, unless the operator lets it be undone unchecked."""
    undoing = await booked(world, {"po": "1", "amount": 5, "label": True})
    scope = Scope("orders", tool="label", words="label")
    assert ends(await undo(undoing, scope)) == [("label", "left", "no_read_back")]
    assert calls(world, "unwrite") == []
    assert ends(await undo(undoing, scope, unchecked=True)) == [("label", "undone", "")]
    assert len(calls(world, "unwrite")) == 1


@pytest.mark.parametrize(
    "how, becomes, asked",
    [
        ("refuse", ("left", "failed"), 1),
        ("busy", ("left", "failed"), 3),
        ("raced", ("left", "changed"), 1),
        ("lost", ("undone", ""), 1),
        ("silent", ("left", "failed"), 3),
    ],
)
async def test_a_failing_undo_ends_undone_or_with_a_person(
    world: World, how: str, becomes: tuple[str, str], asked: int
) -> None:
    """P2: a refused undo is left, a busy one tried again, a lost reply read back; nothing is guessed."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    (world.place / "undo").write_text(how)
    (end,) = ends(await undo(undoing))
    assert end[1:] == becomes
    assert len(calls(world, "undo")) == asked
    assert ("1" in store(world)) == (becomes[0] == "left")


async def test_a_system_that_does_not_answer_is_not_written_to(world: World) -> None:
    """P8: where the record cannot be read back now, nothing is undone."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    (world.place / "deaf").touch()
    assert ends(await undo(undoing)) == [("book", "left", "no_read_back")]
    assert calls(world, "undo") == []


async def test_rules_say_who_may_undo(world: World) -> None:
    """P1: a rule denies an undo, or allows it for arguments that meet it, and the decision is on the record."""
    tools = "book: {allow: amount <= 1000, undo: amount < 10}\nlabel: allow\nmail: {allow: true, undo: deny}"
    undoing = await booked(world, {"po": "1", "amount": 5}, {"po": "2", "amount": 50}, tools=tools)
    plan = await undo(undoing)
    assert {item.done.args["po"]: (item.state, item.why) for item in plan.items} == {
        "1": ("undone", ""),
        "2": ("left", "denied"),
    }
    rows = await world.rows("select verdict from decisions where tool = 'undo:book'")
    assert sorted(str(row["verdict"]) for row in rows) == ["allow", "deny"]


async def test_a_tool_that_was_killed_is_not_undone(world: World) -> None:
    """P1: the kill switch of a tool holds for its undo."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    await world.app.controls.set("tool", "book", "kill", by="lee", reason="stop")
    assert ends(await undo(undoing)) == [("book", "left", "denied")]
    assert calls(world, "undo") == []


async def test_two_operators_at_once_undo_once(world: World) -> None:
    """P2: of two plans for one effect one has it, and of two that carry out one plan one does."""
    undoing = await booked(world, {"po": "1", "amount": 5}, {"po": "2", "amount": 5})
    scope = Scope("orders", words="all")
    made = await asyncio.gather(planned(undoing, scope), planned(undoing, scope, by="lee"))
    numbers = [number for number in made if number is not None]
    await asyncio.gather(*(undoing.run(number) for number in numbers for _ in range(2)))
    assert sorted(str(call["po"]) for call in calls(world, "undo")) == ["1", "2"]
    assert await states(world) == ["undone", "undone"]


async def test_a_plan_whose_operator_died_is_finished_by_a_worker(world: World) -> None:
    """P3: a plan that nobody carries out any more is finished by a worker that serves the deployment."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    number = await planned(undoing, Scope("orders", words="all"))
    assert number is not None
    async with world.working():

        async def finished() -> bool:
            return (await undoing.store.plan(number)).finished_at is not None

        await world.until(finished, what="the undo")
    assert store(world) == {}


class Crash(BaseException):
    """The process died here."""


class Faulty(Undos):
    """A store of plans whose user dies just before, or just after, its n-th move."""

    def __init__(self, world: World, at: int, *, after: bool) -> None:
        super().__init__(world.app.database, world.app.vault)
        self._left = at
        self._after = after

    async def move(self, hold: Hold, item: UndoItem, move: UndoMove) -> UndoItem:
        """Moves, unless the process dies."""
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        moved = await super().move(hold, item, move)
        if self._left == 0:
            raise Crash
        return moved


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_death_at_any_commit_undoes_once(world: World, at: int, after: bool) -> None:
    """P2: whoever dies before or after any commit of an undo, the next one finishes it and nothing is undone twice."""
    undoing = await booked(world, {"po": "1", "amount": 5, "more": True})
    number = await planned(undoing, Scope("orders", words="all"))
    assert number is not None
    with pytest.raises(Crash):
        await replace(undoing, store=Faulty(world, at, after=after)).run(number)
    assert await undoing.run(number)
    assert ends(await undoing.store.plan(number)) == [("book", "undone", "")] * 2
    assert sorted(str(call["po"]) for call in calls(world, "undo")) == ["1", "1-b"]
    assert store(world) == {}


async def test_one_who_lost_the_plan_writes_nothing_more(world: World) -> None:
    """P2: whoever was taken for dead cannot move a plan that somebody else has taken over."""
    undoing = await booked(world, {"po": "1", "amount": 5})
    number = await planned(undoing, Scope("orders", words="all"))
    assert number is not None
    old = await undoing.store.take(number, actor="old")
    assert old is not None
    assert await undoing.store.take(number, actor="early") is None
    await undoing.store.let_go(old)
    further = await undoing.store.take(number, actor="new")
    assert further is not None
    (item,) = (await undoing.store.plan(number)).items
    with pytest.raises(UndoLost):
        await undoing.store.move(old, item, UndoMove("intended", settle_s=1.0))
    with pytest.raises(UndoLost):
        await undoing.store.finish(old, "desk")
    await undoing.store.let_go(further)
    assert await undoing.run(number)
    assert len(calls(world, "undo")) == 1


async def test_shadow_has_nothing_to_undo(world: World) -> None:
    """P7: what was virtual is in no plan."""
    loaded = await world.deploy(CODE, tools=TOOLS, level="shadow")
    await world.submit({"po": "1", "amount": 5})
    await world.settle()
    assert await world.app.undos.effects(Scope("orders", words="all")) == []
    assert await planned(world.app.undoing(loaded), Scope("orders", words="all")) is None


async def test_an_unknown_plan_is_named(world: World) -> None:
    """P8: a plan that does not exist is an error that says so."""
    with pytest.raises(UserError, match="no undo U-9"):
        await world.app.undos.plan(9)

"""Decisions at the desk: one counts, by who may make it at that moment, for what was shown, and only once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from bridgehead.auth.actor import Actor
from bridgehead.cases.writes import ReviewUse
from bridgehead.clock import utc_now
from bridgehead.desk import reviewing
from bridgehead.desk import reviewing_together as together
from bridgehead.desk.reviewing import Decision
from bridgehead.desk.reviewing_delegation import delegate, delegations, end_delegation
from bridgehead.errors import LeaseLost, Refused, UserError
from bridgehead.gate.grants import Principal
from bridgehead.reviews.model import Review
from tests.contract.test_guards import claimed
from tests.support.held import PARALLEL, actor, deploy, held, people
from tests.support.world import World

ISSUER: Final = "https://issuer.example"
APPROVE: Final = Decision("approve")
RIGHTS: Final = """
rights:
  group:desk: {tools: [book]}
"""
SECOND: Final = "book: {allow: amount <= 10, otherwise: {hold: desk, second: {role: desk}}}"


@pytest.fixture
async def desk(world: World) -> World:
    """Gives a world with held bookings and people who decide."""
    await deploy(world)
    await people(world, kim="desk", pat="desk", lee="leads")
    return world


async def booked(world: World) -> list[object]:
    """Lets the case go on; returns what was booked."""
    await world.settle()
    return [entry["amount"] for entry in world.books()]


async def test_of_two_decisions_at_once_one_wins_and_the_other_is_told(desk: World) -> None:
    """Ten people decide at the same moment, differently: one decision stands, nine are told whose it is."""
    (one,) = await held(desk, 20)
    deciders = [
        reviewing.decide(
            desk.app, actor("kim" if number % 2 else "pat"), one.id, APPROVE if number % 3 else Decision("reject", "no")
        )
        for number in range(10)
    ]
    done = await asyncio.gather(*deciders, return_exceptions=True)
    (won,) = [one for one in done if isinstance(one, Review)]
    told = [one for one in done if isinstance(one, UserError)]
    assert len(told) == 9
    assert {one.code for one in told} == {"review.decided"}
    assert all(f"already {won.state} by {won.decided_by}" in one.message for one in told)
    assert await booked(desk) == ([20] if won.state == "approved" else [])


async def test_an_approval_lets_one_call_through_once(desk: World) -> None:
    """A call that was approved is made once; the same call of another case asks again."""
    (one,) = await held(desk, 20)
    await reviewing.decide(desk.app, actor("kim"), one.id, APPROVE)
    assert await booked(desk) == [20]
    assert [row["used"] for row in await desk.rows("select used_at is not null as used from reviews")] == [True]
    await desk.settle()
    assert len(desk.books()) == 1


async def test_an_approval_is_used_in_one_commit_alone(desk: World) -> None:
    """Two commits that go by one approval at once, of a worker that is late and of the one after it: one stands."""
    (one,) = await held(desk, 20)
    await reviewing.decide(desk.app, actor("kim"), one.id, APPROVE)
    claim, lease = await claimed(desk)
    try:
        await desk.app.cases.commit(claim, [ReviewUse(one.id)], actor="first")
        with pytest.raises(LeaseLost):
            await desk.app.cases.commit(claim, [ReviewUse(one.id)], actor="second")
    finally:
        lease.close()


async def test_a_decision_is_bound_to_what_was_on_the_screen(desk: World) -> None:
    """A decision that hands back another digest than that of the arguments decides nothing."""
    (one,) = await held(desk, 20)
    for digest in ("00" * 32, "ab", ""):
        with pytest.raises(UserError, match="other arguments") as told:
            await reviewing.decide(desk.app, actor("kim"), one.id, replace(APPROVE, shown_digest=digest))
        assert told.value.code == "review.changed"
    assert one.args_digest is not None
    view = await reviewing.show(desk.app, actor("kim"), one.id)
    assert view.digest == one.args_digest.hex()
    await reviewing.decide(desk.app, actor("kim"), one.id, replace(APPROVE, shown_digest=view.digest[:8]))
    assert await booked(desk) == [20]


async def test_an_approval_is_no_use_after_its_time(world: World) -> None:
    """A call that was approved and not made in time is held again, and an approval in time lets it through."""
    await deploy(world, deadline="48h")
    await people(world, kim="desk")
    (one,) = await held(world, 20)
    await reviewing.decide(world.app, actor("kim"), one.id, APPROVE)
    await world.pass_time(timedelta(hours=9))
    assert await booked(world) == []
    (again,) = await world.reviews()
    assert (again.kind, again.effect_id) == ("approval", one.effect_id)
    assert "no longer valid" in str(again.shown["why"])
    await reviewing.decide(world.app, actor("kim"), again.id, APPROVE)
    assert await booked(world) == [20]


async def test_no_other_channel_decides_what_is_decided(desk: World) -> None:
    """What was decided at the desk cannot be decided by mail or in Slack, and which channel it was is on the record."""
    (one,) = await held(desk, 20)
    first = await reviewing.decide(desk.app, actor("kim", channel="console"), one.id, APPROVE)
    assert first.decided_via == "console"
    for channel in ("mail", "slack", "api", "cli"):
        with pytest.raises(UserError, match="already approved by kim"):
            await reviewing.decide(desk.app, actor("pat", channel=channel), one.id, Decision("reject", "late"))
    bodies = await desk.rows("select convert_from(body, 'utf8') as body from ledger where chain = 'C-1'")
    assert any('"review.decided"' in str(row["body"]) and '"console"' in str(row["body"]) for row in bodies)


@pytest.mark.parametrize("verb", ["approve", "edit"])
async def test_who_asked_does_not_approve(world: World, verb: str) -> None:
    """A user whose case it is can neither approve nor edit its call, though in the role; a colleague can."""
    await deploy(world, more=RIGHTS)
    await people(world, kim="desk", pat="desk")
    (one,) = await held(world, 20, by=Principal("kim", frozenset({"desk"})))
    wanted = APPROVE if verb == "approve" else Decision("edit", changes=("amount=30",))
    elsewhere = Actor(f"Kim of {ISSUER}", frozenset({"desk"}), frozenset({"reviewer"}), issuer=ISSUER)
    for kim in (actor("kim"), elsewhere):
        with pytest.raises(Refused, match="C-1 acts for") as told:
            await reviewing.decide(world.app, kim, one.id, wanted)
        assert told.value.code == "review.requester"
    assert "acts for kim" in (await reviewing.show(world.app, actor("kim"), one.id)).why_not
    await reviewing.decide(world.app, actor("pat"), one.id, wanted)
    assert await booked(world) == ([20] if verb == "approve" else [30])


async def test_who_asked_does_not_approve_by_who_stands_in(world: World) -> None:
    """A stand-in for the user whose case it is approves nothing of theirs: the right is the requester's own."""
    await deploy(world, more=RIGHTS)
    await people(world, kim="desk", lee="sales")
    (one,) = await held(world, 20, by=Principal("kim", frozenset({"desk"})))
    until = utc_now() + timedelta(days=2)
    await delegate(world.app, actor("kim"), "orders", "desk", "lee", until=until, reason="on holiday")
    with pytest.raises(Refused, match="by the role of kim: C-1 acts for kim") as told:
        await reviewing.decide(world.app, actor("lee"), one.id, APPROVE)
    assert told.value.code == "review.requester"
    assert not (await reviewing.show(world.app, actor("lee"), one.id)).may_decide
    assert await booked(world) == []


async def test_somebody_revoked_meanwhile_decides_nothing(desk: World) -> None:
    """A user who is disabled between looking and deciding decides nothing, and neither does one who left the group."""
    (one,) = await held(desk, 20)
    assert (await reviewing.show(desk.app, actor("kim"), one.id)).may_decide
    await desk.app.users.disable("kim", by="ops", reason="left")
    with pytest.raises(Refused, match="disabled by ops: left") as told:
        await reviewing.decide(desk.app, actor("kim"), one.id, APPROVE)
    assert told.value.code == "user.disabled"
    await desk.app.users.add("pat", ["sales"], None, by="ops")
    with pytest.raises(Refused, match="it is for desk"):
        await reviewing.decide(desk.app, actor("pat", "desk"), one.id, APPROVE)
    with pytest.raises(Refused, match="'eve' is none"):
        await reviewing.decide(desk.app, actor("eve", "desk"), one.id, APPROVE)
    assert await booked(desk) == []


async def test_a_revocation_comes_before_a_decision_or_after_it(desk: World) -> None:
    """While a decision is being written its author's right cannot be taken away; what is written first counts."""
    (one,) = await held(desk, 20)
    desk.tampered = True  # the store's own way would commit before anybody could wait for it
    async with desk.app.database.transaction() as conn:
        await conn.execute("update users set disabled_by = 'ops', disabled_why = 'left' where name = 'kim'")
        deciding = asyncio.create_task(reviewing.decide(desk.app, actor("kim"), one.id, APPROVE))

        async def waits() -> bool:
            return bool(
                await desk.rows(
                    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                )
            )

        await desk.until(waits, what="the decision at the lock")
    with pytest.raises(Refused, match="disabled by ops"):
        await deciding
    assert [review.id for review in await desk.reviews()] == [one.id]


async def test_a_subject_of_an_issuer_decides_by_its_groups_and_not_once_barred(desk: World) -> None:
    """Somebody who signs in elsewhere decides by the groups of their token, until they are barred."""
    issuer = "https://issuer.example"
    first, second = await held(desk, 20, 30)
    eve = Actor(f"eve of {issuer}", frozenset({"desk"}), frozenset({"reviewer"}), issuer=issuer)
    with pytest.raises(Refused, match="it is for desk"):
        await reviewing.decide(desk.app, replace(eve, groups=frozenset({"sales"})), first.id, APPROVE)
    await reviewing.decide(desk.app, eve, first.id, APPROVE)
    await desk.app.users.bar(issuer, "eve", by="ops", reason="left")
    with pytest.raises(Refused, match="barred by ops"):
        await reviewing.decide(desk.app, eve, second.id, APPROVE)


async def test_a_stand_in_decides_for_a_time_and_as_long_as_the_lender_may(desk: World) -> None:
    """Who was handed a role decides in it under their own name, until the time is over or the lender has lost it."""
    first, second, third = await held(desk, 20, 30, 40)
    lee, until = actor("lee"), utc_now() + timedelta(days=2)
    with pytest.raises(Refused, match="it is for desk"):
        await reviewing.decide(desk.app, lee, first.id, APPROVE)
    made = await delegate(desk.app, actor("kim"), "orders", "desk", "lee", until=until, reason="on holiday")
    assert [one.id for one in await delegations(desk.app, lee, mine=True)] == [made.id]
    mine = await reviewing.queue(desk.app, lee, reviewing.Filters(mine=True))
    assert [row.id for row in mine.items] == [third.id, second.id, first.id]
    decided = await reviewing.decide(desk.app, lee, first.id, APPROVE)
    assert (decided.decided_by, decided.decided_for) == ("lee", "kim")
    with pytest.raises(Refused, match="is for desk"):  # what was handed is not handed on
        await delegate(desk.app, lee, "orders", "desk", "pat", until=until, reason="more")
    await desk.app.users.add("kim", ["sales"], None, by="ops")
    with pytest.raises(Refused, match="it is for desk"):
        await reviewing.decide(desk.app, lee, second.id, APPROVE)
    await desk.app.users.add("kim", ["desk"], None, by="ops")
    await desk.pass_time(timedelta(days=3))
    with pytest.raises(Refused, match="it is for desk"):
        await reviewing.decide(desk.app, lee, second.id, APPROVE)
    again = await delegate(desk.app, actor("kim"), "orders", "desk", "lee", until=until + timedelta(days=9), reason="x")
    with pytest.raises(Refused, match="has not handed"):
        await end_delegation(desk.app, actor("pat"), again.id)
    assert await end_delegation(desk.app, actor("kim"), again.id)
    with pytest.raises(Refused, match="it is for desk"):
        await reviewing.decide(desk.app, lee, second.id, APPROVE)
    rows = await desk.rows("select convert_from(body, 'utf8') as body from ledger where chain = 'S-authority'")
    assert sum('"role.handed"' in str(row["body"]) for row in rows) == 2
    with pytest.raises(UserError, match="somebody else"):
        await delegate(desk.app, actor("kim"), "orders", "desk", "Kim", until=until, reason="x")
    with pytest.raises(UserError, match="has passed"):
        await delegate(desk.app, actor("kim"), "orders", "desk", "lee", until=utc_now(), reason="x")
    with pytest.raises(UserError, match="no role 'dsk'"):
        await delegate(desk.app, actor("kim"), "orders", "dsk", "lee", until=until, reason="x")


async def test_four_eyes_are_those_of_two_people_with_a_right_of_their_own(world: World) -> None:
    """The second approval is by somebody else, and not by one who acts with the first person's right."""
    await deploy(world, tools=SECOND)
    await people(world, kim="desk", pat="desk", lee="leads")
    until = utc_now() + timedelta(days=2)
    await delegate(world.app, actor("kim"), "orders", "desk", "lee", until=until, reason="on holiday")
    (one,) = await held(world, 20)
    await reviewing.decide(world.app, actor("kim"), one.id, APPROVE)
    assert await booked(world) == []
    (second,) = await world.reviews()
    assert (await reviewing.show(world.app, actor("pat"), second.id)).approved_first is not None
    elsewhere = Actor(f"Kim of {ISSUER}", frozenset({"desk"}), frozenset({"reviewer"}), issuer=ISSUER)
    for other in (actor("kim"), actor("lee"), elsewhere):
        with pytest.raises(UserError, match="asks for a second person") as told:
            await reviewing.decide(world.app, other, second.id, APPROVE)
        assert told.value.code == "review.same_person"
    await reviewing.decide(world.app, actor("pat"), second.id, APPROVE)
    assert await booked(world) == [20]


async def test_calls_of_one_case_are_decided_together_or_not_at_all(world: World) -> None:
    """Several held calls of a case are decided in one step; where one cannot be, none is."""
    await deploy(world, code=PARALLEL)
    await people(world, kim="desk", pat="desk")
    await world.submit({"po": "all", "together": [{"po": f"P-{n}", "amount": 20 + n} for n in range(3)]})
    reviews: list[Review] = []

    async def three() -> bool:
        reviews[:] = await world.reviews()
        return len(reviews) == 3

    async with world.working():
        await world.until(three)
    view = await reviewing.show(world.app, actor("kim"), reviews[0].id)
    assert sorted(row.id for row in view.others) == [one.id for one in reviews[1:]]
    kim = actor("kim")
    wrong = [(reviews[0].id, APPROVE), (reviews[1].id, replace(APPROVE, shown_digest="00000000"))]
    taken = [(reviews[0].id, APPROVE), (reviews[1].id, Decision("take"))]
    twice = [(reviews[0].id, APPROVE), (reviews[0].id, APPROVE)]
    for some in (wrong, taken, twice):
        with pytest.raises(UserError):
            await reviewing.decide_together(world.app, kim, some)
    # One that fails in the transaction itself takes the others with it.
    await reviewing.decide(world.app, actor("pat"), reviews[2].id, Decision("edit", changes=("amount=5",)))
    with pytest.raises(UserError, match="already edited by pat"):
        await reviewing.decide_together(world.app, kim, [(one.id, APPROVE) for one in reviews])
    assert {one.id for one in await world.reviews()} == {reviews[0].id, reviews[1].id}
    decided = await reviewing.decide_together(world.app, kim, [(one.id, APPROVE) for one in reviews[:2]])
    assert [one.state for one in decided] == ["approved", "approved"]
    await world.settle()
    assert sorted(str(entry["amount"]) for entry in world.books()) == ["20", "21", "5"]


async def test_one_decision_about_several_calls_counts_for_what_was_shown_of_each(world: World) -> None:
    """What waits beside a call is shown with its arguments, and decided with it for exactly those, its time once."""
    await deploy(world, code=PARALLEL)
    await people(world, kim="desk", pat="desk")
    await world.submit({"po": "all", "together": [{"po": f"P-{n}", "amount": 20 + n} for n in range(4)]})

    async def four() -> bool:
        return len(await world.reviews()) == 4

    async with world.working():
        await world.until(four)
    first, second, third, fourth = await world.reviews()
    kim = actor("kim")
    view = await reviewing.show(world.app, kim, first.id)
    beside = await together.beside(world.app, kim, view)
    assert [one.id for one in beside] == sorted((second.id, third.id, fourth.id), key=[o.id for o in view.others].index)
    shown = {one.id: one.digest for one in beside}
    assert {one.id: one.args for one in beside}[second.id] == second.shown["args"]
    stranger = await together.beside(world.app, actor("lee"), await reviewing.show(world.app, actor("lee"), first.id))
    assert stranger == (), "they could not decide it"
    yes = replace(APPROVE, shown_digest=view.digest, minutes=3.0)
    tries: list[tuple[Decision, dict[int, str]]] = [
        (Decision("take"), {second.id: shown[second.id]}),
        (yes, {first.id: str(view.digest)}),
        (yes, {second.id: shown[third.id]}),
        (yes, dict.fromkeys(range(90, 111), "0" * 64)),
    ]
    for wrong, others in tries:
        with pytest.raises(UserError):
            await together.decide_with(world.app, kim, first.id, wrong, others)
    assert len(await world.reviews()) == 4
    no = Decision("reject", value="twice the same", shown_digest=shown[third.id])
    ended = await together.decide_with(world.app, kim, third.id, no, {fourth.id: shown[fourth.id]})
    assert [(one.id, one.state, one.answer) for one in ended] == [
        (third.id, "rejected", "twice the same"),
        (fourth.id, "rejected", "twice the same"),
    ]
    decided = await together.decide_with(world.app, kim, first.id, yes, {second.id: shown[second.id]})
    assert [one.state for one in decided] == ["approved", "approved"]
    await world.settle()
    assert sorted(str(entry["amount"]) for entry in world.books()) == ["20", "21"]
    rows = await world.rows("select minutes from costs where minutes >= 1")
    assert [float(str(row["minutes"])) for row in rows] == [3.0]


async def test_reviews_of_several_cases_are_decided_apart(desk: World) -> None:
    """What is decided together is one case's, so that all or none has a meaning for it."""
    first, second = await held(desk, 20, 30)
    with pytest.raises(UserError, match="of one case") as told:
        await reviewing.decide_together(desk.app, actor("kim"), [(first.id, APPROVE), (second.id, APPROVE)])
    assert told.value.code == "review.together"


async def test_an_edit_is_gated_again(desk: World) -> None:
    """What a person writes instead is held to the rules like any call: within them it is made, beyond them denied."""
    (one,) = await held(desk, 20)
    for changes, said in (
        (("amount=lots",), "do not fit"),
        (("amount=20",), "nothing was changed"),
        (("amnt=3",), "no"),
    ):
        with pytest.raises(UserError, match=said):
            await reviewing.decide(desk.app, actor("kim"), one.id, Decision("edit", changes=changes))
    await reviewing.decide(desk.app, actor("kim"), one.id, Decision("edit", args={"po": "PO-20", "amount": 7}))
    assert await booked(desk) == [7]

"""Reviewers are measured: by wrong proposals that were planted, by blind second looks, and by the time they take."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridgehead.desk import reviewing
from bridgehead.desk.reviewing import Decision
from bridgehead.desk.reviewing_measures import Measures, measures, revealed, second_look, seed
from bridgehead.errors import Refused, UserError
from bridgehead.ids import parse
from bridgehead.rollout.binomial import interval
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.held import actor, deploy, held, people
from tests.support.world import World

AUDIT = actor("ann", roles=("auditor",))
ROLES = """
desk: {members: "group:desk", within: 1h}
"""


@pytest.fixture
async def desk(world: World) -> World:
    """Gives a world with held bookings, and two who decide."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk", pat="desk", ann="audit")
    return world


async def decide(world: World, who: str, review: int, verb: str = "approve") -> None:
    value = "no" if verb == "reject" else None
    await reviewing.decide(world.app, actor(who), review, Decision(verb, value))  # type: ignore[arg-type]  # a verb


async def of(world: World, who: str) -> Measures:
    (found,) = [one for one in await measures(world.app, AUDIT) if one.person == who]
    return found


async def test_a_seeded_check_looks_like_any_approval_and_sends_nothing(desk: World) -> None:
    """A call that is wrong on purpose stands in the queue as a held one; approved or not, it is never made."""
    (one,) = await held(desk, 20)
    number = parse("R", await seed(desk.app, AUDIT, one.id))
    kim = actor("kim")
    rows = {row.id: row for row in (await reviewing.queue(desk.app, kim)).items}
    real, wrong = rows[one.id], rows[number]
    for same in ("kind", "role", "deployment", "takes", "reason", "why", "case", "standing"):
        assert getattr(real, same) == getattr(wrong, same), same
    views = [await reviewing.show(desk.app, kim, review) for review in (one.id, number)]
    assert views[0].reasons == views[1].reasons
    assert (views[0].args, views[1].args) == ({"po": "PO-20", "amount": 20}, {"po": "PO-20", "amount": 200})
    assert views[1].digest not in (None, views[0].digest)
    assert {one.kind for one in (await CaseQueries(desk.app.database, desk.app.vault).case(1)).reviews} == {"approval"}
    assert await revealed(desk.app, kim, number) is None
    await decide(desk, "kim", number)
    told = await revealed(desk.app, kim, number)
    assert told is not None
    assert (told.path, told.before, told.after, told.by) == ("amount", 20, 200, "ann")
    await desk.settle()
    assert desk.books() == []
    assert [review.id for review in await desk.reviews()] == [one.id]  # the real one is still to be decided
    await decide(desk, "kim", one.id)
    await desk.settle()
    assert [entry["amount"] for entry in desk.books()] == [20]
    (case,) = await desk.cases()
    assert case["outcome"] == "completed"


@pytest.mark.parametrize("verb", ["reject", "back", "take", "edit"])
async def test_whoever_stops_a_wrong_proposal_has_caught_it(desk: World, verb: str) -> None:
    """Every decision but an approval counts as caught, and none of them moves the case."""
    (one,) = await held(desk, 20)
    number = parse("R", await seed(desk.app, AUDIT, one.id, ["amount=21"]))
    wanted = {
        "reject": Decision("reject", "wrong"),
        "back": Decision("back", "look again"),
        "take": Decision("take"),
        "edit": Decision("edit", changes=("amount=20",)),
    }[verb]
    before = await desk.rows("select state, epoch, wake, deadline_at from cases")
    await reviewing.decide(desk.app, actor("kim"), number, wanted)
    assert await desk.rows("select state, epoch, wake, deadline_at from cases") == before
    found = await of(desk, "kim")
    assert (found.caught.hits, found.caught.of, found.decided) == (1, 1, 0)


async def test_an_open_look_ends_with_no_case(desk: World) -> None:
    """A case that ends, or is taken by a person, leaves second looks open: they are about what was decided."""
    (one,) = await held(desk, 20)
    number = parse("R", await seed(desk.app, AUDIT, one.id))
    await decide(desk, "kim", one.id)
    await desk.settle()
    assert (await desk.cases())[0]["state"] == "done"
    assert [review.id for review in await desk.reviews()] == [number]
    await decide(desk, "pat", number, "reject")


async def test_measures_are_counted_with_their_exact_interval(desk: World) -> None:
    """Catch rate and agreement are told as hits of how many, with the interval that the true rate lies in."""
    reviews = await held(desk, 20, 30, 40, 50)
    seeded = [parse("R", await seed(desk.app, AUDIT, one.id)) for one in reviews[:3]]
    for number, verb in zip(seeded, ("reject", "reject", "approve"), strict=True):
        await decide(desk, "kim", number, verb)
    for one, verb in zip(reviews, ("approve", "approve", "reject", "approve"), strict=True):
        await decide(desk, "kim", one.id, verb)
    looks = [parse("R", await second_look(desk.app, AUDIT, one.id)) for one in reviews[:3]]
    for number, verb in zip(looks, ("approve", "reject", "reject"), strict=True):
        await decide(desk, "pat", number, verb)
    kim, pat = await of(desk, "kim"), await of(desk, "pat")
    assert (kim.decided, kim.approved, kim.refused) == (4, 3, 1)
    assert (kim.caught.hits, kim.caught.of) == (2, 3)
    assert (kim.caught.low, kim.caught.high) == interval(2, 3)
    assert (kim.agreed.hits, kim.agreed.of) == (pat.agreed.hits, pat.agreed.of) == (2, 3)
    assert (kim.in_time.hits, kim.in_time.of) == (7, 7)
    assert pat.decided == 0
    assert (pat.caught.share, pat.caught.low, pat.caught.high) == (None, 0.0, 1.0)
    assert kim.median_minutes is not None
    assert await measures(desk.app, AUDIT, deployment="others") == []


async def test_time_is_measured(desk: World) -> None:
    """The median of a reviewer's minutes and the share in time are of the work that they did."""
    first, second = await held(desk, 20, 30)
    await desk.pass_time(timedelta(minutes=30))
    await decide(desk, "kim", first.id)
    await desk.pass_time(timedelta(minutes=60))
    await decide(desk, "kim", second.id)
    kim = await of(desk, "kim")
    assert kim.median_minutes is not None
    assert 60 <= kim.median_minutes < 62
    assert (kim.in_time.hits, kim.in_time.of) == (1, 2)


async def test_a_second_look_is_blind_and_by_another_person(desk: World) -> None:
    """Who looks a second time sees the question and not the answer, and is never the first one."""
    (one,) = await held(desk, 20)
    with pytest.raises(UserError, match="R-1 is open"):
        await second_look(desk.app, AUDIT, one.id)
    await reviewing.decide(desk.app, actor("kim"), one.id, Decision("edit", changes=("amount=5",)))
    number = parse("R", await second_look(desk.app, AUDIT, one.id))
    view = await reviewing.show(desk.app, actor("pat"), number)
    assert view.row.takes == ("approve", "reject")
    assert view.args == {"po": "PO-20", "amount": 20}
    assert "kim" not in str(view.review.shown)
    with pytest.raises(UserError, match="to do with R-2 already"):
        await decide(desk, "kim", number)
    await decide(desk, "pat", number, "reject")
    assert ((await of(desk, "pat")).agreed.hits, (await of(desk, "pat")).agreed.of) == (1, 1)


async def test_only_auditors_plant_and_measure(desk: World) -> None:
    """Reviewers can neither see how they do against each other, nor plant a check; nobody decides their own check."""
    (one,) = await held(desk, 20)
    for act in (measures(desk.app, actor("kim")), seed(desk.app, actor("kim"), one.id)):
        with pytest.raises(Refused, match="may not read and verify the record"):
            await act
    both = actor("kim", roles=("reviewer", "auditor"))
    number = parse("R", await seed(desk.app, both, one.id))
    with pytest.raises(UserError, match="to do with"):
        await decide(desk, "kim", number)
    with pytest.raises(UserError, match="nothing was made wrong"):
        await seed(desk.app, AUDIT, one.id, ["amount=20"])

"""Service levels: reviews are due by working time, go from role to role, and at the end are late for all to see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridgehead.app import load_deployment
from bridgehead.desk import reviewing
from bridgehead.desk.reviewing import Decision, Filters
from bridgehead.errors import Refused, UserError
from bridgehead.spec.tool import JSON
from tests.support.held import ROLES as PLAIN
from tests.support.held import actor, deploy, held, people
from tests.support.world import World

ROLES = """
desk: {members: "group:desk", hours: "Mon-Fri 08:00-17:00 Europe/Berlin", within: 2h, then: lead}
lead:
  members: "group:leads"
  hours: "Mon-Sat 08:00-12:00 Europe/Berlin"
  holidays: [2026-03-30]
  within: 1h
  then: board
board: {members: "group:board"}
"""
OURS = "select role, due_at, escalate_at, timed_out_at, state from reviews order by id"


async def set_clock(world: World, moment: str) -> None:
    """Moves business time to a moment."""
    await world.pass_time(datetime.fromisoformat(moment) - await world.app.reviews.now())


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


async def swept(world: World, role: str) -> dict[str, object]:
    """Lets a worker sweep until the review is asked of a role; returns its row."""

    async def there() -> bool:
        (row,) = await world.rows(OURS)
        return row["role"] == role

    async with world.working():
        await world.until(there, what=f"the step to {role}")
    (row,) = await world.rows(OURS)
    return row


def near(moment: object, wanted: str) -> bool:
    """Tells whether a moment is the wanted one, but for the seconds that the test itself took."""
    assert isinstance(moment, datetime)
    return timedelta(0) <= moment - at(wanted) < timedelta(minutes=2)


@pytest.mark.parametrize(
    "opened, due",
    [
        ("2026-11-25T10:00+01:00", "2026-11-25T12:00+01:00"),
        ("2026-11-27T16:00+01:00", "2026-11-30T09:00+01:00"),  # over a weekend
        ("2026-03-27T16:00+01:00", "2026-03-30T09:00+02:00"),  # clocks go forward in it
        ("2026-10-23T16:00+02:00", "2026-10-26T09:00+01:00"),  # clocks go back in it
        ("2026-11-25T22:00+01:00", "2026-11-26T10:00+01:00"),
    ],
)
async def test_a_review_is_due_by_the_working_time_of_its_role(world: World, opened: str, due: str) -> None:
    """What is opened before a night, a weekend or a change of the clocks is due when the role has had its time."""
    await deploy(world, roles=ROLES)
    await set_clock(world, opened)
    (one,) = await held(world, 20)
    assert near(one.due_at, due), one.due_at
    assert one.escalate_at == one.due_at


async def test_nobody_decides_and_every_role_has_its_time(world: World) -> None:
    """A review goes along the whole chain, each step by its role's own calendar, and is then late for all to see."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk", lee="leads", ann="board")
    await set_clock(world, "2026-03-27T16:00+01:00")  # a Friday before a change of the clocks
    (one,) = await held(world, 20)
    await reviewing.claim(world.app, actor("kim"), one.id)
    await set_clock(world, "2026-03-28T12:00+01:00")
    assert not (await reviewing.queue(world.app, actor("kim"))).items[0].overdue  # nobody was at work since
    await set_clock(world, "2026-03-30T09:02+02:00")
    row = await swept(world, "lead")
    # Monday is a holiday of theirs: their hour is over on Tuesday.
    assert near(row["due_at"], "2026-03-31T09:00+02:00"), row
    assert (await reviewing.queue(world.app, actor("kim"))).items[0].claimed_by is None
    with pytest.raises(Refused, match="it is for lead"):
        await reviewing.decide(world.app, actor("kim"), one.id, Decision("approve"))
    await set_clock(world, "2026-03-31T09:02+02:00")
    row = await swept(world, "board")  # names no time of its own: it has as long as the first role had, at any hour
    assert near(row["due_at"], "2026-03-31T10:02+02:00") or near(row["due_at"], "2026-03-31T11:02+02:00"), row
    await set_clock(world, "2026-03-31T12:00+02:00")

    async def ended() -> bool:
        return bool(await world.rows("select 1 from reviews where timed_out_at is not null"))

    async with world.working():
        await world.until(ended, what="the end of the chain")
    (late,) = (
        await reviewing.queue(world.app, actor("ann"), Filters(overdue=True, state="timed_out", mine=True))
    ).items
    assert (late.standing, late.overdue, late.role, late.decided_by) == ("timed_out", True, "board", None)
    assert world.books() == []  # silence is no consent
    (case,) = await world.cases()
    assert (case["state"], case["outcome"]) == ("waiting", None)  # and no denial
    bodies = await world.rows("select convert_from(body, 'utf8') as body from ledger where chain = 'C-1' order by seq")
    steps = [str(row["body"]) for row in bodies if "review.escalated" in str(row["body"])]
    assert len(steps) == 3
    decided = await reviewing.decide(world.app, actor("ann"), one.id, Decision("approve"))
    assert decided.state == "approved"
    await world.settle()
    assert len(world.books()) == 1


async def test_no_review_is_lost_whatever_nobody_does(world: World) -> None:
    """Of many reviews at different stages each is decided, asked of the next role, or visibly overdue."""
    await deploy(world, roles=ROLES)
    await set_clock(world, "2026-11-25T09:00+01:00")
    reviews = await held(world, *range(20, 32))
    await people(world, kim="desk")
    for one in reviews[::3]:
        await reviewing.decide(world.app, actor("kim"), one.id, Decision("reject", "no"))
    await world.settle()
    for day in (25, 26, 27, 28, 30):
        await set_clock(world, f"2026-11-{day}T18:00+01:00")

        async def none_due() -> bool:
            return not await world.rows(
                "select 1 from reviews where state = 'open' and escalate_at <= bridgehead_now()"
            )

        async with world.working():
            await world.until(none_due, what="every step that is due")
        (count,) = await world.rows(
            "select count(*) as n from reviews where state <> 'open' or escalate_at > bridgehead_now()"
            " or (timed_out_at is not null and due_at <= bridgehead_now())"
        )
        assert count["n"] == len(reviews)
    seen = (await reviewing.queue(world.app, actor("kim"), Filters(overdue=True))).items
    assert len(seen) == len(reviews) - len(reviews[::3])


async def test_a_review_that_names_a_time_keeps_it(world: World) -> None:
    """The time in a tool's own rule stands above the role's, and is working time as well."""
    await deploy(world, roles=ROLES, tools="book: {allow: amount <= 10, otherwise: {hold: desk, within: 30m}}")
    await set_clock(world, "2026-11-25T16:50+01:00")
    (one,) = await held(world, 20)
    assert near(one.due_at, "2026-11-26T08:20+01:00"), one.due_at


async def test_without_a_time_nothing_is_late(world: World) -> None:
    """Where nobody promised a time, a review is not due, and comes last in the queue."""
    await deploy(world, roles=PLAIN)
    (one,) = await held(world, 20)
    assert (one.due_at, one.escalate_at) == (None, None)


@pytest.mark.parametrize(
    "roles, said",
    [
        ("desk: {members: 'group:a', then: lead}\nlead: {members: 'group:b', then: desk}", "the loop"),
        ("desk: {members: 'group:a', then: desk}", "the loop"),
        ("desk: {members: 'group:a', then: led}\nlead: {members: 'group:b'}", "did you mean lead"),
        ("desk: {members: 'group:a', holidays: [tomorrow]}", "a day such as"),
        ("desk: {members: 'group:a', within: soon}", "a duration such as"),
        ("desk: {members: 'group:a', claims: 0}", "greater than or equal to 1"),
    ],
)
async def test_a_chain_that_does_not_end_is_refused_at_load(world: World, roles: str, said: str) -> None:
    """A loop of roles, a role that is not there and a time that is none are found before anything runs."""
    with pytest.raises(UserError) as told:
        await deploy(world, roles=roles)
    assert said in f"{told.value.message} {told.value.hint}"


async def test_terms_follow_the_file_that_was_loaded_last(world: World) -> None:
    """A role that a file names no more is forgotten, and a changed one counts from the next loading on."""
    await deploy(world, roles=ROLES)
    assert [one.role for one in await world.app.roles.listing("orders")] == ["board", "desk", "lead"]
    file = world.place / "bridgehead.yaml"
    text = file.read_text().replace("within: 2h", "within: 3h")
    file.write_text("\n".join(line for line in text.splitlines() if "board" not in line))
    await world.app.register(load_deployment(world.place))
    terms = {one.role: one for one in await world.app.roles.listing("orders")}
    assert sorted(terms) == ["desk", "lead"]
    found: JSON = terms["desk"].within_s
    assert found == 3 * 3600
    assert terms["lead"].then is None

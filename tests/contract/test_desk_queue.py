"""Queues and claims: people find what is due first, see who is at it, and are never shut out by it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from bridgehead.desk import reviewing, reviewing_rows
from bridgehead.desk.reviewing import Decision, Filters
from bridgehead.errors import Refused, UserError
from tests.support.console import visiting
from tests.support.held import actor, deploy, held, people
from tests.support.world import World

ROLES = """
desk: {members: "group:desk", within: 2h, claim: 15m, claims: 2, then: lead}
lead: {members: "group:leads"}
"""


async def test_a_queue_is_ordered_by_deadline_then_money(world: World) -> None:
    """What is due first comes first, of what is due together the most money, and pages follow without a gap."""
    await deploy(world, roles=ROLES)
    reviews = await held(world, 20, 500, 70, 300, 90)
    async with world.app.database.connection() as conn:
        await conn.execute(
            "update reviews set due_at = date_trunc('hour', due_at) + case when id = %s then interval '-1 hour'"
            " else interval '1 hour' end where state = 'open'",
            (reviews[2].id,),
        )
        await conn.execute("update reviews set due_at = null, escalate_at = null where id = %s", (reviews[1].id,))
    me = actor("kim", "desk")
    whole = await reviewing.queue(world.app, me)
    assert [row.title for row in whole.items] == [f"PO-{n}: approval of book" for n in (70, 300, 90, 20, 500)]
    stranger = await reviewing.queue(world.app, actor("eve", roles=("viewer",)))
    assert {(row.number, row.title.partition(":")[0]) for row in stranger.items} == {
        ("", row.about) for row in whole.items
    }
    assert [row.stake for row in whole.items] == [70, 300, 90, 20, 500]
    assert whole.next is None
    seen, cursor = [], None
    for _ in range(5):
        page = await reviewing.queue(world.app, me, cursor=cursor, limit=2)
        seen += [row.id for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [row.id for row in whole.items]
    with pytest.raises(UserError, match="no place in this list"):
        await reviewing.queue(world.app, me, cursor="bm9uZQ")


WORTH = """
async def agent(case: Case[dict], ctx: Context) -> None:
    value = {"amount": "90.00", "currency": "GBP", "what": "at the ERP's prices", "why": "Line 1 has a contract."}
    await ctx.hand_over("desk", "the price is wrong", cause="price", details={"value": value})
"""


async def test_a_review_explains_its_sums(world: World) -> None:
    """The sum at stake is the same in the queue and in the review, which says what it is and why another differs."""
    await deploy(world, code=WORTH, tools="{}", roles=ROLES)
    (review,) = await held(world, 100)
    me = actor("kim", "desk")
    (row,) = (await reviewing.queue(world.app, me)).items
    assert (row.title, row.stake, row.stake_currency) == ("PO-100: price", Decimal(100), "GBP")
    at_stake, other = (await reviewing.show(world.app, me, review.id)).sums
    assert (at_stake.amount, at_stake.what) == (Decimal(100), "the total of what came in; no currency is named there")
    assert (other.amount, other.more, other.what) == (Decimal(90), Decimal(-10), "at the ERP's prices")
    async with visiting(world.app, ("reviewer",), groups=("desk",)) as visitor:
        shown = (await visitor.get(f"/reviews/R-{review.id}")).text
    assert "PO-100: price</h1>" in shown
    assert "Line 1 has a contract." in shown


NAMELESS = """
@reversible(key="po", verify=find)
async def cancel(po: str) -> Booking:
    enter(number=po, po=po, amount=0)
    return Booking(po, po, 0)

async def agent(case: Case[dict], ctx: Context) -> None:
    await cancel(case.input["po"])
"""


async def test_a_list_shows_the_sum_that_the_review_shows(world: World) -> None:
    """A call that names no money is listed and ordered by what its case was given, as its own page says it."""
    await deploy(world, code=NAMELESS, tools="cancel: {hold: desk}", roles=ROLES)
    await held(world, 20, 500)
    async with world.app.database.connection() as conn:
        await conn.execute("update reviews set due_at = null, escalate_at = null")
    me = actor("kim", "desk")
    rows = (await reviewing.queue(world.app, me)).items
    assert [row.stake for row in rows] == [500, 20]
    for row in rows:
        at_stake = (await reviewing.show(world.app, me, row.id)).sums[0]
        assert (at_stake.amount, at_stake.currency) == (row.stake, row.stake_currency)


async def test_filters_show_what_is_asked_for(world: World) -> None:
    """A queue can be narrowed to a role, to what is overdue, to what is mine to decide, and to what is decided."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk", lee="leads")
    first, second = await held(world, 20, 50)
    kim, lee = actor("kim"), actor("lee")

    async def ids(who: str, **wanted: object) -> list[int]:
        found = await reviewing.queue(world.app, actor(who), Filters(**wanted))  # type: ignore[arg-type]  # as named
        return [row.id for row in found.items]

    assert await ids("kim", mine=True) == [second.id, first.id]
    assert await ids("lee", mine=True) == []
    assert await ids("kim", role="lead") == []
    assert await ids("kim", overdue=True) == []
    assert await ids("kim", kind="approval", deployment="orders") == [second.id, first.id]
    assert await ids("kim", case=first.case_id) == [first.id]
    await reviewing.claim(world.app, kim, first.id)
    assert await ids("kim", state="claimed") == [first.id]
    assert await ids("lee", claimed=True) == []
    assert await ids("kim", state="unclaimed") == [second.id]
    await reviewing.decide(world.app, kim, first.id, Decision("reject", value="no"))
    assert await ids("kim", state="rejected") == [first.id]
    assert await ids("kim", state="all") == [second.id, first.id]
    async with world.app.database.connection() as conn:
        await conn.execute("update reviews set due_at = bridgehead_now() where id = %s", (second.id,))
    assert await ids("kim", overdue=True) == [second.id]
    with pytest.raises(Refused, match="may not decide reviews"):
        await reviewing.claim(world.app, actor("lee", roles=("viewer",)), second.id)
    assert lee.may("read")


async def test_a_claim_is_seen_and_over_by_itself(world: World) -> None:
    """Who has a review before them is told to others, until the claim's time is over; then it is anybody's."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk", pat="desk")
    (one,) = await held(world, 20)
    kim, pat = actor("kim"), actor("pat")
    claimed = await reviewing.claim(world.app, kim, one.id)
    assert (claimed.standing, claimed.claimed_by) == ("claimed", "kim")
    with pytest.raises(UserError, match="kim has R-1 before them") as told:
        await reviewing.claim(world.app, pat, one.id)
    assert told.value.code == "review.claimed"
    await world.pass_time(timedelta(minutes=16))
    (row,) = (await reviewing.queue(world.app, pat)).items
    assert (row.standing, row.claimed_by) == ("open", None)
    assert (await reviewing.claim(world.app, pat, one.id)).claimed_by == "pat"
    assert (await reviewing.release(world.app, kim, one.id)).claimed_by == "pat"
    assert (await reviewing.release(world.app, pat, one.id)).claimed_by is None


async def test_a_claim_shuts_nobody_out(world: World) -> None:
    """A review that another has before them can be decided all the same, and whose it was is told."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk", pat="desk")
    (one,) = await held(world, 20)
    await reviewing.claim(world.app, actor("kim"), one.id)
    decided = await reviewing.decide(world.app, actor("pat"), one.id, Decision("approve"))
    assert (decided.state, decided.decided_by, decided.claimed_by) == ("approved", "pat", "kim")


async def test_nobody_claims_more_than_the_role_lets_them(world: World) -> None:
    """However many claims one person makes at once, no more count than the role allows."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk", pat="desk")
    reviews = await held(world, 20, 30, 40, 50)
    kim = actor("kim")
    tried = await asyncio.gather(*(reviewing.claim(world.app, kim, one.id) for one in reviews), return_exceptions=True)
    refused = [one for one in tried if isinstance(one, UserError)]
    assert [one.code for one in refused] == ["review.claims", "review.claims"]
    assert len([one for one in tried if isinstance(one, reviewing_rows.ReviewRow)]) == 2
    assert "no more than 2 at once" in refused[0].message


async def test_a_claim_needs_the_role(world: World) -> None:
    """Who may not decide a review cannot put it before them either."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk", lee="leads")
    (one,) = await held(world, 20)
    with pytest.raises(Refused, match="it is for desk"):
        await reviewing.claim(
            world.app, actor("lee", "desk"), one.id
        )  # what a session says of groups counts for nothing
    view = await reviewing.show(world.app, actor("lee"), one.id)
    assert (view.may_decide, view.args) == (False, {"po": "PO-20", "amount": 20})
    assert "it is for desk" in view.why_not
    assert (await reviewing.show(world.app, actor("kim"), one.id)).may_decide


async def test_minutes_count_from_the_claim(world: World) -> None:
    """What a decision took is counted from when its author took it up, not from when it was opened."""
    await deploy(world, roles=ROLES)
    await people(world, kim="desk")
    first, second = await held(world, 20, 30)
    await world.pass_time(timedelta(minutes=60))
    await reviewing.claim(world.app, actor("kim"), first.id)
    await world.pass_time(timedelta(minutes=4))
    for one in (first, second):
        await reviewing.decide(world.app, actor("kim"), one.id, Decision("approve"))
    minutes = [float(str(row["minutes"])) for row in await world.rows("select minutes from reviews order by id")]
    assert 4.0 <= minutes[0] < 5.0
    assert minutes[1] > 60.0

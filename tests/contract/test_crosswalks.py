"""What a name of theirs means is asked once, confirmed by a person, and a fact from then on."""

from __future__ import annotations

import asyncio

import pytest

from bridgehead.cases.crosswalk import ranked, spelled
from bridgehead.errors import UserError
from tests.support.world import World

CODE = """
ITEMS = {"A-100": "Steel bracket 40 mm", "A-200": "Brass hinge 60 mm", "A-300": "Steel bracket 80 mm"}

async def agent(case: Case[dict], ctx: Context) -> str:
    return await ctx.translate(
        "parts", case.input["part"], scope=case.input["customer"], role="desk", candidates=ITEMS)
"""


async def submit(world: World, po: str, part: str, customer: str = "K-1") -> None:
    await world.submit({"po": po, "part": part, "customer": customer})
    await world.settle()


async def outcomes(world: World) -> list[object]:
    return [case["outcome"] for case in await world.cases()]


async def test_a_name_is_asked_once_and_serves_every_later_case(world: World) -> None:
    """P5: a person says what a customer's number means, and later cases act on that, however it is spelled."""
    await world.deploy(CODE, tools="{}")
    await submit(world, "1", "brkt steel 40mm")
    (review,) = await world.reviews()
    shown = str(review.shown["question"])
    assert shown.splitlines()[1].startswith("A-100: Steel bracket 40 mm (")
    await world.decide("answer", answer="A-100", by="pat")
    await world.settle()
    await submit(world, "2", "  BRKT   Steel 40mm ")
    assert await world.reviews() == []
    assert await outcomes(world) == ["completed", "completed"]
    (entry,) = await world.app.crosswalks.listed("orders")
    assert (entry.target, entry.confirmed_by, entry.review_id) == ("A-100", "pat", review.id)


async def test_one_customers_name_is_not_anothers(world: World) -> None:
    """P5: what a name of one customer means says nothing of another customer's."""
    await world.deploy(CODE, tools="{}")
    await world.app.crosswalks.confirm("orders", "parts", "K-1", "X", "A-100", by="pat")
    await submit(world, "1", "X", "K-1")
    await submit(world, "2", "X", "K-2")
    assert await outcomes(world) == ["completed", None]


async def test_an_answer_outside_the_candidates_is_not_kept(world: World) -> None:
    """P5: an answer that names nothing we have is handed to a person and serves nobody else."""
    await world.deploy(CODE, tools="{}")
    await submit(world, "1", "X")
    await world.decide("answer", answer="A-999")
    await world.settle()
    assert await world.app.crosswalks.listed("orders") == []
    assert [review.error_class for review in await world.reviews()] == ["invalid_input"]


async def test_a_retired_meaning_is_asked_again(world: World) -> None:
    """P8: a meaning is taken out of force by name and on the record, and the next case asks."""
    await world.deploy(CODE, tools="{}")
    await world.app.crosswalks.confirm("orders", "parts", "K-1", "X", "A-100", by="pat")
    assert await world.app.crosswalks.retire("orders", "parts", "K-1", "x", by="kim") is not None
    await submit(world, "1", "X")
    assert len(await world.reviews()) == 1
    rows = await world.rows(
        "select convert_from(body, 'UTF8') as body from ledger where chain = 'D-orders' order by seq"
    )
    told = [kind for row in rows for kind in ("confirmed", "retired") if f"crosswalk.{kind}" in str(row["body"])]
    assert told == ["confirmed", "retired"]


async def test_two_who_confirm_at_once_keep_one_meaning(world: World) -> None:
    """P2: of two confirmations at one time one stands, and both are told which."""
    await world.deploy(CODE, tools="{}")
    confirm = world.app.crosswalks.confirm
    both = await asyncio.gather(
        confirm("orders", "parts", "K-1", "X", "A-100", by="pat"),
        confirm("orders", "parts", "K-1", "x", "A-200", by="kim"),
    )
    assert both[0] == both[1]
    assert len(await world.app.crosswalks.listed("orders")) == 1


@pytest.mark.parametrize("text", ["", "   ", "a\0b", "x" * 501])
async def test_what_is_no_name_is_refused(world: World, text: str) -> None:
    """P5: an empty, overlong or unstorable name is refused with a code, and nothing is kept."""
    await world.deploy(CODE, tools="{}")
    with pytest.raises(UserError, match="1 to 500 characters"):
        await world.app.crosswalks.confirm("orders", "parts", "", text, "A-100", by="pat")


def test_candidates_are_ranked_for_people() -> None:
    """P4: a person sees the likeliest meanings first, whatever case and spaces the name came in."""
    found = ranked(" HINGE  brass ", {"A-100": "Steel bracket 40 mm", "A-200": "Brass hinge 60 mm"})
    assert found[0].target == "A-200"
    assert spelled(" HINGE  brass ") == "hinge brass"


WAITS = (
    CODE.replace("return await", "meant = await")
    + """
    return meant + await ctx.ask("desk", "Fine?", str)
"""
)


async def test_a_replay_does_not_bring_a_retired_meaning_back(world: World) -> None:
    """P8: what a person took out of force stays so, also while the case that asked for it goes on."""
    await world.deploy(WAITS, tools="{}")
    await submit(world, "1", "X")
    await world.decide("answer", answer="A-100")
    await world.settle()
    assert len(await world.app.crosswalks.listed("orders")) == 1
    assert await world.app.crosswalks.retire("orders", "parts", "K-1", "X", by="kim") is not None
    await world.decide("answer", answer="yes")
    await world.settle()
    assert await outcomes(world) == ["completed"]
    assert await world.app.crosswalks.listed("orders") == []


async def test_two_answers_that_differ_do_not_both_count(world: World) -> None:
    """P5: of two cases that asked at once, the one whose answer is another than was kept goes to a person."""
    await world.deploy(CODE, tools="{}")
    await world.submit({"po": "1", "part": "X", "customer": "K-1"})
    await world.submit({"po": "2", "part": "x", "customer": "K-1"})
    await world.settle()
    first, second = await world.reviews()
    for review, answer in ((first, "A-100"), (second, "A-200")):
        await world.app.reviews.decide(
            review.id, "answer", by="pat", answer=answer, shown_digest=review.args_digest, resume_s=300.0
        )
        await world.settle()
    assert sorted(map(str, await outcomes(world))) == ["None", "completed"]
    assert [review.error_class for review in await world.reviews()] == ["conflict"]
    assert [entry.target for entry in await world.app.crosswalks.listed("orders")] == ["A-100"]


@pytest.mark.parametrize("scope, value", [("K-1", "a\0b"), ("K\0", "a"), ("K" * 501, "a"), ("K-1", "\ufdfa" * 400)])
async def test_a_name_that_no_table_holds_is_a_clear_error(world: World, scope: str, value: str) -> None:
    """A name with NUL, or beyond every bound, is refused before the database is asked."""
    with pytest.raises(UserError, match="a crosswalk's"):
        await world.app.crosswalks.find("orders", "parts", scope, value)
    with pytest.raises(UserError, match="a crosswalk's"):
        await world.app.crosswalks.confirm("orders", "parts", scope, value, "A-100", by="pat")

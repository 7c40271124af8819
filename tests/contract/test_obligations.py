"""What never follows what, who consents second, and what a policy asks for, in the running system."""

from __future__ import annotations

import pytest

from bridgehead.errors import UserError
from tests.support.world import World

AGENT = """
from typing import Annotated
from pydantic import Field

Amount = Annotated[str, Field(json_schema_extra={"format": "money"})]
@read
async def read_customer(po: str) -> str:
    return "private"

@irreversible(key=["po", "number"], idempotent=True, moves="total")
async def send_mail(po: str, number: int, total: Amount = "1 EUR", note: str = "") -> str:
    enter(po=po, number=number, total=total, note=note)
    return "sent"

async def agent(case, ctx):
    said = []
    for number, call in enumerate(case.input["calls"]):
        try:
            if call == "read":
                said.append(await read_customer(case.input["po"]))
            elif call == "both":
                both = await asyncio.gather(
                    read_customer(case.input["po"]), send_mail(case.input["po"], number), return_exceptions=True
                )
                said.append([str(one) for one in both])
            else:
                said.append(await send_mail(case.input["po"], number, **call))
        except Refused as error:
            said.append(error.code)
    return said
"""
TOOLS = "read_customer: allow\nsend_mail: allow"
SEQUENCE = """
sequences:
  - {id: quiet, after: AFTER, never: NEVER, reason: Nothing leaves after a customer was read., remedy: Another case.}
"""
SECOND = "read_customer: allow\nsend_mail: {hold: desk, second: {role: lead, above: 20 EUR}}"


def numbers(world: World) -> list[object]:
    """Returns which calls of the cases were made."""
    return [entry["number"] for entry in world.books()]


@pytest.mark.parametrize("after", ["read_customer", "class:read"])
@pytest.mark.parametrize("never", ["send_mail", "class:irreversible", "class:effect"])
async def test_what_never_follows_is_refused(world: World, after: str, never: str) -> None:
    """After the first thing the second is forbidden in this case, by tool and by class, and in no other case."""
    await world.deploy(AGENT, tools=TOOLS, more=SEQUENCE.replace("AFTER", after).replace("NEVER", never))
    await world.submit({"po": "1", "calls": [{}, "read", {}]})
    await world.submit({"po": "2", "calls": [{}]})
    await world.settle()
    assert sorted((entry["po"], entry["number"]) for entry in world.books()) == [("1", 0), ("2", 0)]


async def test_calls_made_at_once_are_a_sequence_too(world: World) -> None:
    """A read that is under way counts: sending beside it, at the same moment, does not get around the rule."""
    more = SEQUENCE.replace("AFTER", "read_customer").replace("NEVER", "send_mail")
    await world.deploy(AGENT, tools=TOOLS, more=more)
    await world.submit({"po": "1", "calls": ["both"]})
    await world.settle()
    assert numbers(world) == []


async def test_above_an_amount_two_people_decide(world: World) -> None:
    """Above the amount an approval asks for a second one, of another person, after it; up to it one is enough."""
    await world.deploy(AGENT, tools=SECOND)
    await world.submit({"po": "1", "calls": [{"total": "20 EUR"}]})
    await world.settle()
    await world.decide("approve", by="ann")
    await world.settle()
    assert numbers(world) == [0]
    await world.submit({"po": "2", "calls": [{"total": "20.01 EUR"}]})
    await world.settle()
    (review,) = await world.reviews()
    assert review.role == "desk"
    assert review.shown["second"] == "somebody else of lead decides as well above 20 EUR"
    await world.decide("approve", by="ann")
    await world.settle()
    assert numbers(world) == [0]
    (review,) = await world.reviews()
    assert review.role == "lead"
    assert review.shown["approved_first"]["by"] == "ann"  # type: ignore[index,call-overload]  # it is a mapping
    for same in ("ann", " Ann ", "\u0430nn", "an\u200bn", " "):
        with pytest.raises(UserError, match="asks for a second person"):
            await world.decide("approve", by=same)
    await world.decide("approve", by="bob")
    await world.settle()
    assert numbers(world) == [0, 0]
    used = await world.rows("select id from reviews where used_at is not null")
    assert len(used) == 3


async def test_a_second_person_can_say_no(world: World) -> None:
    """What the second person rejects is not made."""
    await world.deploy(AGENT, tools=SECOND)
    await world.submit({"po": "1", "calls": [{"total": "30 EUR"}]})
    await world.settle()
    await world.decide("approve", by="ann")
    await world.settle()
    await world.decide("reject", by="bob", answer="no")
    await world.settle()
    assert numbers(world) == []


async def test_another_currency_is_above_every_amount(world: World) -> None:
    """An amount in another currency cannot be compared, so two people decide."""
    await world.deploy(AGENT, tools=SECOND)
    await world.submit({"po": "1", "calls": [{"total": "1 USD"}]})
    await world.settle()
    await world.decide("approve", by="ann")
    await world.settle()
    assert numbers(world) == []
    assert len(await world.reviews()) == 1


async def test_policies_hold_ask_a_second_time_and_redact(world: World) -> None:
    """@hold holds for its role, @second for another person besides, and @redact blacks out what is sent and shown."""
    place = world.write(AGENT, tools=TOOLS)
    (place / "policies").mkdir()
    (place / "policies" / "mail.cedar").write_text(
        """@id("noted") @reason("Notes are seen.") @remedy("Leave it out.") @hold("lead") @redact("note")
forbid (principal, action == Action::"send_mail", resource) when { context.args has note && context.args.note != "" };
@id("dear") @reason("Two look at it.") @remedy("Fewer calls.") @second("desk")
forbid (principal, action == Action::"send_mail", resource) when { context.history.calls_case > 0 };
"""
    )
    from bridgehead.app import load_deployment

    world.loaded = load_deployment(place)
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", "autonomous", by="tester", why="a test")
    await world.submit({"po": "1", "calls": [{"note": "secret"}, {}]})
    await world.settle()
    (review,) = await world.reviews()
    assert review.role == "lead"
    assert review.shown["args"]["note"] == "[redacted]"  # type: ignore[index,call-overload]  # it is a mapping
    await world.decide("approve", by="ann")
    await world.settle()
    assert [entry["note"] for entry in world.books()] == ["[redacted]"]
    (review,) = await world.reviews()
    assert review.role == "desk"
    await world.decide("approve", by="ann")
    await world.settle()
    assert numbers(world) == [0]
    await world.decide("approve", by="bob")
    await world.settle()
    assert numbers(world) == [0, 1]


async def test_what_must_be_blacked_out_once_approved_is_not_sent(world: World) -> None:
    """A permit that blacks out only what a person approved refuses it: what is sent is what they saw, or nothing."""
    place = world.write(AGENT, tools="read_customer: allow\nsend_mail: {hold: desk}")
    (place / "policies").mkdir()
    (place / "policies" / "mail.cedar").write_text(
        """@id("late") @reason("Without its note.") @remedy("None.") @redact("note")
permit (principal, action == Action::"send_mail", resource) when { context.approved };
"""
    )
    from bridgehead.app import load_deployment

    world.loaded = load_deployment(place)
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", "autonomous", by="tester", why="a test")
    for number, note in enumerate(["", "secret"]):
        await world.submit({"po": str(number), "calls": [{"note": note}]})
        await world.settle()
        await world.decide("approve", by="ann")
        await world.settle()
    assert [(entry["po"], entry["note"]) for entry in world.books()] == [("0", "")]
    effects = await world.rows("select state from effects order by id")
    assert [row["state"] for row in effects] == ["committed", "cancelled"]


async def test_an_approval_for_another_reason_lets_nothing_out_that_a_policy_blacks_out(world: World) -> None:
    """A forbid that holds and blacks out only since the approval keeps what was approved in full from leaving."""
    place = world.write(AGENT, tools="read_customer: allow\nsend_mail: {hold: desk}")
    (place / "policies").mkdir()
    (place / "policies" / "mail.cedar").write_text(
        """@id("later") @reason("Notes are seen.") @remedy("Leave it out.") @hold("lead") @redact("note")
forbid (principal, action == Action::"send_mail", resource) when { context.history.calls_day > 0 };
"""
    )
    from bridgehead.app import load_deployment

    world.loaded = load_deployment(place)
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", "autonomous", by="tester", why="a test")
    for po, note in (("1", "secret"), ("2", "plain")):
        await world.submit({"po": po, "calls": [{"note": note}]})
        await world.settle()
    first, second = await world.reviews()
    assert first.shown["args"]["note"] == "secret"  # type: ignore[index,call-overload]  # it is a mapping
    for review in (second, first):
        await world.app.reviews.decide(review.id, "approve", by="ann", shown_digest=review.args_digest)
        await world.settle()
    assert [(entry["po"], entry["note"]) for entry in world.books()] == [("2", "plain")]
    decided = await world.rows("select state from effects order by id")
    assert [row["state"] for row in decided] == ["cancelled", "committed"]
    await world.submit({"po": "3", "calls": [{"note": "hidden"}]})
    await world.settle()
    (review,) = await world.reviews()
    assert (review.role, review.shown["args"]["note"]) == ("lead", "[redacted]")  # type: ignore[index,call-overload]  # as above
    await world.decide("approve", by="ann")
    await world.settle()
    assert [entry["note"] for entry in world.books()] == ["plain", "[redacted]"]

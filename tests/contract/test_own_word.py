"""What a signed-in user wrote themselves is theirs; what only came through their hands is nobody's word."""

from __future__ import annotations

import json
from typing import Final

import pytest

from bridgehead.gate.grants import Principal
from bridgehead.ids import random_hex
from tests.support.world import World

AGENT: Final = """
@reversible(key="po", verify=find, sensitive=["to", "via"])
async def pay(po: str, to: str, via: str = "") -> Booking:
    enter(po=po, number=po, amount=0, to=to)
    return Booking(po, po)

async def agent(case: Case[dict], ctx: Context) -> str:
    try:
        return (await pay(case.input["po"], case.input["to"], case.input.get("via", ""))).number
    except Refused as refused:
        return refused.code
"""
RIGHTS: Final = "rights: {group:sales: {}}"
ORDER: Final = {"po": "1", "to": "DE89370400440532013000"}


async def paid(world: World, *, who: Principal | None, labels: str = "", more: dict[str, str] | None = None) -> bool:
    """Returns whether what somebody handed in was paid."""
    await world.deploy(AGENT, tools="pay: allow", more=RIGHTS)
    if labels:
        file = world.place / "bridgehead.yaml"
        file.write_text(file.read_text().replace("case: {", f"case: {{labels: {labels}, ", 1))
        from bridgehead.app import load_deployment

        world.loaded = load_deployment(world.place)
        await world.app.register(world.loaded)
    await world.app.users.add("anna", ["sales"], None, by="ops")
    await world.app.arrivals.store(
        "orders", source="file", source_id=random_hex(), name="order", actor="test", principal=who,
        document=json.dumps({**ORDER, **(more or {})}).encode(),
    )  # fmt: skip
    await world.settle()
    return bool(world.books())


TYPED, HANDED = (Principal("anna", frozenset({"sales"}), wrote=wrote) for wrote in (True, False))


@pytest.mark.parametrize("who, works", [(TYPED, True), (HANDED, False), (None, False)])
async def test_only_their_own_word_is_theirs(world: World, who: Principal | None, works: bool) -> None:
    """P5: an account that the user wrote is paid; one in a file that they handed in, or that just came, is not."""
    assert await paid(world, who=who) is works


@pytest.mark.parametrize(
    "labels, works",
    [('{"*": untrusted}', False), ("{to: untrusted}", False), ("{via: untrusted}", True), ("{to: user}", True)],
)
async def test_the_deployments_own_labels_come_first(world: World, labels: str, works: bool) -> None:
    """P5: what `case.labels` says of a field holds for what users write, too; the rest is theirs."""
    assert await paid(world, who=TYPED, labels=labels) is works


async def test_the_grant_holds_it_signed(world: World) -> None:
    """P5: that a user wrote the input stands in the signed grant, where no row beside it can add it."""
    assert await paid(world, who=TYPED)
    (found,) = await world.app.grants.listing()
    assert found.grant is not None
    assert found.grant.wrote
    assert found.grant.claims()["wrote"] is True

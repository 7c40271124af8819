"""A deployment whose bookings people approve, and people who do: for tests of the desk on a real database."""

from __future__ import annotations

import textwrap
from typing import Final

from bridgehead.app import load_deployment
from bridgehead.auth.actor import Actor, ConsoleRole
from bridgehead.gate.grants import Principal
from bridgehead.ids import random_hex
from bridgehead.ledger.vault import to_bytes
from bridgehead.reviews.model import Review
from bridgehead.spec.deployment import Level
from tests.support.world import World

CODE: Final = """
@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(number=po, po=po, amount=amount)
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> list:
    made = []
    for one in case.input.get("several", [case.input]):
        try:
            made.append(await book(one["po"], one["amount"]))
        except Refused as refused:
            made.append(Booking(refused.code, str(refused), 0))
    return made
"""
PARALLEL: Final = CODE.replace(
    "    made = []\n    for one in",
    "    if 'together' in case.input:\n"
    "        return list(await asyncio.gather(*(book(one['po'], one['amount']) for one in case.input['together'])))\n"
    "    made = []\n    for one in",
)
TOOLS: Final = "book: {allow: amount <= 10, otherwise: {hold: desk, valid_for: 8h}}"
ROLES: Final = """
desk: {members: "group:desk", rate: 38 EUR/h, then: lead}
lead: {members: "group:leads"}
"""


async def deploy(
    world: World,
    *,
    code: str = CODE,
    tools: str = TOOLS,
    roles: str = ROLES,
    more: str = "",
    level: Level = "autonomous",
    deadline: str = "30m",
) -> None:
    """Deploys it with these rules and roles."""
    place = world.write(code, tools=tools, more=more, deadline=deadline)
    file = place / "bridgehead.yaml"
    head, _, rest = file.read_text().partition("roles:\n")
    _, _, tail = rest.partition("fallback:")
    file.write_text(f"{head}roles:\n{textwrap.indent(textwrap.dedent(roles).strip(), '  ')}\nfallback:{tail}")
    world.loaded = load_deployment(place)
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", level, by="tester", why="a test")


async def people(world: World, **groups: str) -> None:
    """Declares users, each with the groups named."""
    for name, named in groups.items():
        await world.app.users.add(name, named.split(), None, by="ops")


def actor(name: str, *groups: str, roles: tuple[ConsoleRole, ...] = ("reviewer",), channel: str = "console") -> Actor:
    """Returns somebody who is signed in."""
    return Actor(name, frozenset(groups), frozenset(roles), channel=channel)


async def held(world: World, *amounts: int, by: Principal | None = None) -> list[Review]:
    """Lets one case for each amount come to its held booking; returns the open reviews, oldest first."""
    for amount in amounts:
        document = to_bytes({"po": f"PO-{amount}", "amount": amount})
        await world.app.arrivals.store(
            "orders", source="file", source_id=random_hex(), document=document, name="order", actor="test", principal=by
        )
        await world.settle()  # so that cases are numbered as their amounts are named
    return await world.reviews()

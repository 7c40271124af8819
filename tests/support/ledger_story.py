"""One story with everything that can happen to a case, an arrival or a deployment, told by the real code."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from bridgehead.reviews.model import Verb
from bridgehead.spec.tool import JSON
from bridgehead.storage.api_tokens import ApiTokens
from tests.support.world import World

CODE = """
from bridgehead.cases.context import Turn

@read(max_age="15m", cost="0.01 EUR")
async def customer(number: str) -> str:
    if number == "late":
        raise Failed("come again", error_class="throttled", applied=False)
    return f"customer {number}"

async def preview(*, args):
    return Booking("none yet", args["po"], args["amount"])

@reversible(key="po", verify=find, timeout="1s", cost="0.50 EUR", preview=preview)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    if amount == 7:
        raise ConnectionError("the reply was lost")
    return Booking(f"N-{po}", po, amount)

@irreversible(key="po", timeout="0.2s")
async def tell(po: str) -> str:
    raise ConnectionError("nobody knows")

async def think():
    return Turn({"text": "yes"}, "small", 120, 7)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    po, amount = case.input["po"], case.input["amount"]
    await customer(po)
    await ctx.turn("small", fed={"po": po}, request={"po": po}, run=think)
    if amount == 9:
        await ctx.ask("desk", "Shall it be booked?", bool)
    if amount == 8:
        await tell(po)
    if amount == 3:
        await ctx.hand_over("desk", "too odd")
    if amount == 53:
        await asyncio.gather(book(po, amount), book(po + " too", amount))
    return await book(po, amount)

def reader(document, name):
    order = json.loads(document)
    if order["po"] == "none":
        return NoCase("an advertisement")
    if order["po"] == "odd":
        return ToReview("nobody can read it")
    new = NewCase(input=order, key={"po": order["po"]})
    return [new, new] if order["po"] == "twice" else new
"""
TOOLS = """
customer: allow
book: {allow: amount <= 10, otherwise: {hold: desk, within: 2h, valid_for: 8h}}
tell: allow
"""


async def tell_story(world: World) -> None:
    """Runs cases into every outcome: each kind of review, decision, effect and arrival comes up."""
    await world.deploy(CODE, tools=TOOLS, level="shadow", deadline="12h")
    await order(world, "s-1", 5)
    await order(world, "s-2", 50)
    await order(world, "s-3", 3)
    await world.settle()
    await world.app.levels.set_level("orders", "autonomous", by="lee", why="the story goes on")
    await order(world, "plain", 5)
    await order(world, "plain", 5)
    await order(world, "plain", 6)
    await order(world, "twice", 4)
    await order(world, "none", 1)
    await order(world, "odd", 1)
    await order(world, "lost", 7)
    await order(world, "unknown", 8)
    await order(world, "asked", 9)
    await order(world, "odd case", 3)
    await order(world, "approved", 50)
    await order(world, "edited", 51)
    await order(world, "rejected", 52)
    await order(world, "taken", 53)
    await order(world, "escalated", 54)
    await order(world, "waiting", 55)
    await world.settle()
    await decide(world, "answer", {"note": "thrown away"}, kind="document")
    await decide(world, "answer", {"happened": True, "result": "told"}, kind="unknown_effect")
    await decide(world, "answer", answer=True, kind="question")
    await decide(world, "approve", po="approved", kind="approval")
    await decide(world, "edit", {"args": {"po": "edited", "amount": 10}}, po="edited", kind="approval")
    await decide(world, "reject", "too much", po="rejected", kind="approval")
    await decide(world, "take", po="taken", kind="approval")
    await world.settle()
    await decide(world, "answer", {"number": "by hand"}, po="taken", kind="exception")
    await world.pass_time(timedelta(hours=3))
    await world.settle()  # what nobody decided goes to the next role
    await decide(world, "approve", po="escalated", kind="approval")
    await world.settle()
    await order(world, "late", 5)

    users = world.app.users
    await users.add("anna", ["sales", "Käufer"], b"salt and hash", by="ops")
    await users.add("dirk", ["desk"], None, by="ops")
    await users.add("anna", ["desk"], None, by="lee")
    tokens = ApiTokens(world.app.database)
    lasts = timedelta(days=1)
    for label, subject in ((b"one", "anna"), (b"two", "dirk"), (b"three", "anna")):
        await tokens.make(sha256(label).digest(), label.decode(), "", subject, ["read"], lasts=lasts, by=subject)
    await tokens.revoke(1, by="lee", reason="lost")
    await users.set_roles("anna", ["reviewer", "viewer"], by="ops", keep_an_admin=False)
    await users.set_groups("anna", ["desk", "night"], by="ops")
    await users.set_password("dirk", b"salt and hash", by="dirk")
    await users.disable("dirk", by="lee", reason="has left")
    for subject in ("eve", "mallory"):
        await users.bar("https://issuer.example.com", subject, by="ops", reason="is not of us")
    await users.admit("https://issuer.example.com", "eve", by="lee")

    async def waits() -> bool:
        return bool(await world.rows("select 1 from steps where kind = 'timer'"))

    async with world.working():
        await world.until(waits, what="a call that is made again later")
        await world.pass_time(timedelta(hours=13))
        await world.until(world.at_rest, what="the hand-over at the deadline")


async def order(world: World, po: str, amount: int) -> None:
    """Lets an order arrive and be read, so that stories number their cases alike."""
    await world.submit({"po": po, "amount": amount})


async def decide(world: World, verb: Verb, answer: JSON = None, *, kind: str, po: str | None = None) -> None:
    """Decides the open review of a kind, and about an order if one is named."""
    for review in await world.reviews():
        if review.kind == kind and (po is None or po in str(review.shown)):
            await world.app.reviews.decide(
                review.id, verb, by="pat", answer=answer, shown_digest=review.args_digest, minutes=2.5
            )
            return
    raise AssertionError((kind, po, await world.reviews()))

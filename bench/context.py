"""Runs of a hundred steps in which early facts are superseded: on what an agent acts, and how large its prompts are.

A case reads the prices of ten things, then works on (long results that no window holds), reads the prices again, of
which half have changed, and orders each thing at the price it believes. The model is a script with the weakness that
long conversations have: where a prompt shows several values of one thing, it believes the first one at a known rate
(``RATE``, drawn from a seeded generator), else the last. Where a prompt shows none, it reads once more.

*Without*: the whole conversation is sent, as a plain loop does. *With*: the runtime's own assembly, in real cases over
PostgreSQL, with a model whose ``window`` is declared. Each case is interrupted half-way by an approval, so that its
turns are replayed; one that diverged would end with a person. Sizes are counted by the estimate that the product
counts with (three bytes a token).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Report, database_folder
from bridgehead.app import App
from bridgehead.rollout.binomial import interval
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.world import World

RATE: Final = 0.3
SEED: Final = 20261126
WINDOW: Final = 16_000
SURE: Final = 0.999
TOOLS: Final = "price: allow\nnote: allow\nhold_on: {hold: desk}\norder: allow"
MORE: Final = f"""
limits: {{steps: 500, repeats: 9}}
models:
  default: {{url: "http://127.0.0.1:9/v1", name: scripted, window: {WINDOW}, max_tokens: 500}}
"""
CODE: Final = '''
import random, re
from bridgehead.models import Message, OfferedTool, Reply, ScriptedModel, ToolCall, Turn, Usage
from bridgehead.models.governed import ask

THINGS = [f"thing-{n}" for n in range(10)]
RATE, SEED = @RATE, @SEED
GOAL = "Order each of the ten things at its price of today. Never exceed it."
HERE = Path(__file__).parent

def price_of(po, thing, again):
    """Returns a price; half of the things have another one when they are read again."""
    number = int(thing.partition("-")[2])
    return 100 + number + (50 if again and number % 2 == 0 else 0)

CHANGED = set()

@read
async def price(po: str, thing: str) -> str:
    return f"{thing} costs {price_of(po, thing, po in CHANGED)}"

@read
async def note(number: int) -> str:
    return f"note {number}: " + "what was said about it, at length. " * 60

@reversible(key="po", verify=find)
async def hold_on(po: str) -> str:
    return "go on"

@reversible(key=["po", "thing"], verify=find)
async def order(po: str, thing: str, at: int) -> str:
    enter(po=po, thing=thing, at=at, right=price_of(po, thing, True))
    return f"ordered {thing}"

def script(step):
    """Returns what step n is: ten prices, notes, an approval, the prices again, notes, ten orders."""
    if step < 10:
        return "price", {"thing": THINGS[step]}
    if step < 45:
        return "note", {"number": step}
    if step == 45:
        return "hold_on", {}
    if step < 56:
        return "price", {"thing": THINGS[step - 46]}
    if step < 90:
        return "note", {"number": step}
    return "order", {"thing": THINGS[step - 90]}

def believed(po, thing, messages):
    """Returns the price that the model believes: the first that is shown at RATE, else the last; None where none is."""
    shown = [int(m.text.split()[2]) for m in messages if m.speaker == "tool" and m.text.startswith(thing + " costs")]
    if not shown:
        return None
    first = random.Random(f"{SEED}/{po}/{thing}").random() < RATE
    return shown[0] if first else shown[-1]

TOOLS = {"price": price, "note": note, "hold_on": hold_on, "order": order}

async def play(po, send, act):
    """Plays a hundred steps; ``send`` gives the messages that a model sees to ``think``, ``act`` calls a tool."""
    messages, number = [Message("system", "You buy things."), Message("user", GOAL)], 0
    for step in range(100):
        while True:
            name, args = script(step)
            def think(seen):
                if name != "order":
                    return name, args
                at = believed(po, args["thing"], seen)
                return ("price", args) if at is None else ("order", {**args, "at": at})
            number += 1
            asked, given = await send(tuple(messages), think, f"c{number}")
            if asked != "note":
                given = {**given, "po": po}
            messages.append(Message("assistant", tool_calls=(ToolCall(f"c{number}", asked, given),)))
            messages.append(Message("tool", str(await act(asked, given)), tool_call_id=f"c{number}"))
            if asked == name:
                break

def seen(po, messages):
    from bridgehead.cases.conversing import MESSAGE_TOKENS, canonical, tokens
    size = sum(
        tokens(m.text) + MESSAGE_TOKENS
        + sum(tokens(c.name) + tokens(canonical(c.arguments)) + MESSAGE_TOKENS for c in m.tool_calls)
        for m in messages
    )
    with (HERE / "prompts.jsonl").open("a") as file:
        file.write(json.dumps([po, size, any(m.text == GOAL for m in messages)]) + "\\n")

async def agent(case: Case[dict], ctx: Context) -> str:
    po = case.input["po"]

    async def send(messages, think, call):
        def answer(turn):
            seen(po, turn.messages)
            asked, given = think(turn.messages)
            return Reply(tool_calls=(ToolCall(call, asked, given),), usage=Usage(100, 10), finish_reason="tool_calls")
        reply = await ask(ctx, Turn(messages), ScriptedModel(answer))
        return reply.tool_calls[0].name, dict(reply.tool_calls[0].arguments)

    async def act(name, args):
        found = await TOOLS[name](**args)
        if name == "hold_on":
            CHANGED.add(po)
        return found

    await play(po, send, act)
    return "ordered"
'''


def naive(module: object, cases: int) -> tuple[int, int, list[tuple[int, bool]]]:
    """Plays the same script without a runtime; returns orders, wrong ones, and each prompt's size and goal."""
    sizes: list[tuple[int, bool]] = []
    orders: list[bool] = []

    async def one(po: str) -> None:
        again = False

        async def send(messages: object, think: Callable[[object], object], _call: str) -> object:
            module.seen(f"naive-{po}", messages)  # type: ignore[attr-defined]  # the deployment's module
            return think(messages)

        async def act(name: str, args: dict[str, object]) -> str:
            nonlocal again
            if name == "price":
                return f"{args['thing']} costs {module.price_of(po, args['thing'], again)}"  # type: ignore[attr-defined]
            if name == "order":
                orders.append(args["at"] == module.price_of(po, args["thing"], again=True))  # type: ignore[attr-defined]
            if name == "note":
                return f"note {args['number']}: " + "what was said about it, at length. " * 60
            again = again or name == "hold_on"
            return "done"

        await module.play(po, send, act)  # type: ignore[attr-defined]

    for number in range(cases):
        asyncio.run(one(str(number)))
    lines = (module.HERE / "prompts.jsonl").read_text().splitlines()  # type: ignore[attr-defined]
    sizes += [(size, goal) for po, size, goal in map(json.loads, lines) if po.startswith("naive-")]
    return len(orders), orders.count(False), sizes


async def governed(world: World, cases: int) -> None:
    """Plays every case through the runtime, with an approval half-way."""
    await world.deploy(
        CODE.replace("@RATE", str(RATE)).replace("@SEED", str(SEED)), tools=TOOLS, more=MORE, deadline="12h"
    )
    for number in range(cases):
        await world.submit({"po": str(number)})

    async def asked() -> bool:
        return len(await world.reviews()) == cases

    async with world.working():
        await world.until(asked, timeout_s=300, what="an approval for each case")
    for review in await world.reviews():
        await world.app.reviews.decide(
            review.id, "approve", by="person", shown_digest=review.args_digest, resume_s=3600.0
        )
    await world.settle(timeout_s=300)


def measure(report: Report, folder: Path) -> None:
    """Runs both ways and judges."""
    cases = 6 if report.quick else 40
    settings = Settings.model_validate({"home": folder, "database_url": embedded.start(folder), "concurrency": 8})
    worlds: list[World] = []

    async def ours() -> tuple[int, int]:
        async with App.opened(settings) as app:
            world = World(app, folder)
            worlds.append(world)
            await governed(world, cases)
            ends = await world.rows("select state, outcome, error_class from cases")
            return sum(end["state"] == "done" and end["error_class"] is None for end in ends), len(ends)

    done, _ = asyncio.run(ours())
    world = worlds[0]
    module = sys.modules[world.module]
    prompts = [
        (size, goal) for _, size, goal in map(json.loads, (world.place / "prompts.jsonl").read_text().splitlines())
    ]
    books = world.books()
    wrong = sum(one["at"] != one["right"] for one in books)
    orders, stale, raw = naive(module, cases)
    changed = sum(int(thing.partition("-")[2]) % 2 == 0 for thing in module.THINGS) / len(module.THINGS)
    low, high = interval(stale, orders, SURE)
    room = WINDOW - 500
    report.condition("cases", cases)
    report.condition("window, tokens", WINDOW)
    report.condition("seed", SEED)
    report.table(
        "a hundred steps a case",
        [
            {
                "way": way,
                "orders": of,
                "on an old price": bad,
                "on an old price %": 100 * bad / of,
                "prompts": len(sizes),
                "largest prompt, tokens": max(size for size, _ in sizes),
                "prompts over the window": sum(size > room for size, _ in sizes),
                "prompts with the goal %": 100 * sum(goal for _, goal in sizes) / len(sizes),
            }
            for way, of, bad, sizes in (("without", orders, stale, raw), ("with", len(books), wrong, prompts))
        ],
    )
    report.figure("without: orders on an old price", 100 * stale / orders, unit="%")
    told = f"without: {100 * RATE * changed:.0f} % lies in its 99.9 % interval {100 * low:.1f}-{100 * high:.1f} %"
    report.figure(told, float(low <= RATE * changed <= high), exactly=1)
    report.figure("with: orders on an old price", wrong, exactly=0)
    report.figure("with: orders", len(books), exactly=cases * 10)
    report.figure("with: cases done", done, exactly=cases)
    report.figure(
        "with: prompts that hold the goal", 100 * sum(goal for _, goal in prompts) / len(prompts), exactly=100
    )
    report.figure("with: prompts over the window", sum(size > room for size, _ in prompts), exactly=0)


def main(argv: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    report = Report("context", __doc__ or "", argv, packages="psycopg procrastinate")
    with database_folder() as folder:
        measure(report, folder)
    sys.exit(report.close())


if __name__ == "__main__":
    main()

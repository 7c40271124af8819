"""Worker processes whose cases ask one model again and again, and a model that counts who comes when."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridgehead.clock import boot_s
from bridgehead.models import Asked, Reply, ScriptedServer, Usage
from tests.support.world import World, end_all

INPUT, OUTPUT = 60, 20
"""Tokens that each turn uses, as the model tells them."""
CODE = """
from bridgehead.models import Message, OpenAICompatible, Turn
from bridgehead.models.governed import ask

MODEL = OpenAICompatible({url!r}, "counted")

async def agent(case: Case[dict], ctx: Context) -> int:
    for number in range(case.input["turns"]):
        text = json.dumps([case.input["po"], number, os.getpid()])
        await ask(ctx, Turn((Message("user", text),)), MODEL, rests_on=number)
    return os.getpid()
"""


@dataclass
class Model:
    """When each turn came, by this machine's boot clock, and from which process."""

    url: str
    came_s: list[float] = field(default_factory=list)
    by: set[int] = field(default_factory=set)

    def between(self, start_s: float, end_s: float) -> int:
        """Returns how many turns came in a span."""
        return sum(start_s <= at_s < end_s for at_s in self.came_s)

    def busiest(self, width_s: float) -> int:
        """Returns the most turns in any span of a width."""
        return max((self.between(at_s, at_s + width_s) for at_s in self.came_s), default=0)


@asynccontextmanager
async def asking(world: World, limits: str, *, count: int, cases: int, turns: int) -> AsyncIterator[Model]:
    """Lets ``count`` workers serve cases of so many turns each, of a model with these limits.

    Each worker has places for its share of the cases and no more: none is left without one.
    """
    model = Model("")

    def answer(asked: Asked) -> Reply:
        model.came_s.append(boot_s())
        messages = asked.body["messages"]
        assert isinstance(messages, list)
        model.by.add(json.loads(messages[-1]["content"])[2])
        return Reply(text="yes", usage=Usage(INPUT, OUTPUT))

    async with ScriptedServer(answer) as server:
        model.url = server.url
        spec = f'models: {{default: {{url: "{server.url}", name: counted, max_tokens: {OUTPUT}, limits: {limits}}}}}'
        more = f"{spec}\nlimits: {{steps: {turns + 5}}}"
        await world.deploy(CODE.format(url=server.url), tools="{}", more=more, deadline="12h")
        for number in range(cases):
            await world.submit({"po": str(number), "turns": turns})
        workers = [world.start_worker(BRIDGEHEAD_CONCURRENCY=str(-(-cases // count))) for _ in range(count)]
        try:
            yield model
        finally:
            end_all(workers)

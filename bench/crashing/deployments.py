"""The deployments that the crash bench runs: orders of three kinds, and one deployment that an operator has killed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

CODE: Final = '''
"""Orders over HTTP: a read, and one entry in the books of another process."""
import asyncio, json, os
from dataclasses import dataclass

import httpx

from bridgehead import *

_CLIENTS = {}

@dataclass
class Booking:
    number: str
    po: str

def client():
    loop = asyncio.get_running_loop()
    if loop not in _CLIENTS:
        _CLIENTS[loop] = httpx.AsyncClient(base_url=os.environ["CRASH_BENCH_URL"], timeout=2.0, trust_env=False)
    return _CLIENTS[loop]

def fit(reply):
    """Returns an answer's JSON; a server's error says nothing of whether it was carried out."""
    if reply.status_code == 429:
        raise Failed("it has no room", error_class="rate_limited", applied=False)
    if reply.status_code >= 500:
        raise Failed(f"it answered {reply.status_code}", error_class="transient")
    return reply.json()

async def found(path, po):
    reply = await client().get(f"/{path}/{po}")
    return None if reply.status_code == 404 else Booking(**fit(reply))

async def find_booking(*, key, args):
    return await found("bookings", args["po"])

async def find_entry(*, key, args):
    return await found("entries", args["po"])

@read(max_age="15m")
async def customer(number: str) -> str:
    return str(fit(await client().get(f"/customers/{number}"))["number"])

@reversible(key="po", verify=find_booking, idempotent=True, timeout="2s")
async def book(po: str) -> Booking:
    return Booking(**fit(await client().post("/bookings", json={"po": po}, headers={"Idempotency-Key": effect_key()})))

@reversible(key="po", verify=find_booking, idempotent=True, timeout="2s")
async def book_large(po: str) -> Booking:
    return Booking(**fit(await client().post("/bookings", json={"po": po}, headers={"Idempotency-Key": effect_key()})))

@read(max_age="15m")
async def draw(po: str) -> str:
    """Draws another number each time: what two runs of the agent would do is never the same."""
    return str(fit(await client().get(f"/draws/{po}"))["number"])

async def find_drawn(*, key, args):
    return await found("bookings", f"{args['po']}:{args['draw']}")

@reversible(verify=find_drawn, idempotent=True, timeout="2s")
async def book_drawn(po: str, draw: str) -> Booking:
    sent = {"po": po, "draw": draw}
    return Booking(**fit(await client().post("/bookings", json=sent, headers={"Idempotency-Key": effect_key()})))

@reversible(key="po", verify=find_entry, timeout="2s")
async def enter(po: str) -> Booking:
    return Booking(**fit(await client().post("/entries", json={"po": po})))

async def agent(case: Case[dict], ctx: Context) -> Booking:
    order = case.input
    await customer(order["customer"])
    if order["kind"] == "held":
        return await book_large(order["po"])
    if order["kind"] == "unkeyed":
        return await enter(order["po"])
    if order["kind"] == "drawn":
        return await book_drawn(order["po"], await draw(order["po"]))
    return await book(order["po"])
'''
READER: Final = '''
"""Reads an order; in a module of its own, which a reader's process imports soon."""
import json

from bridgehead.cases.intake import NewCase

def reader(document, name):
    order = json.loads(document)
    return NewCase(input=order, key={"po": order["po"]})
'''
YAML: Final = """
deployment: {name}
agent: {module}:agent
reader: {module}_reader:reader
owner: order-desk@example.com
case: {{key: [po], deadline: 1h}}
tools:
  customer: allow
  book: allow
  enter: allow
  draw: allow
  book_drawn: allow
  book_large: {{hold: desk, within: 2h, valid_for: 8h}}
roles:
  desk: {{members: "group:desk"}}
fallback: desk
"""
ORDERS, STOPPED = "orders", "stopped"


def write(folder: Path) -> list[Path]:
    """Writes both deployments; returns their folders."""
    places = []
    for name in (ORDERS, STOPPED):
        place = folder / name
        place.mkdir()
        module = f"crash_{name}"
        (place / f"{module}.py").write_text(CODE)
        (place / f"{module}_reader.py").write_text(READER)
        (place / "bridgehead.yaml").write_text(YAML.format(name=name, module=module))
        places.append(place)
    return places


FULL: Final[Mapping[str, int]] = {"drawn": 10, "unkeyed": 25, "held": 15, "stopped": 40}
QUICK: Final[Mapping[str, int]] = {"drawn": 8, "unkeyed": 15, "held": 6, "stopped": 12}
"""Which orders are not plain: one in so many. Of two that meet, the later one counts."""


def order(number: int, mix: Mapping[str, int]) -> tuple[str, Mapping[str, str]]:
    """Returns the deployment and the content of the nth order; the same number gives the same order."""
    kind = "plain"
    for name, every in mix.items():
        if number % every == every // 2:
            kind = name
    name = STOPPED if kind == "stopped" else ORDERS
    return name, {"po": f"P-{number}", "customer": f"K-{number % 97}", "kind": kind}


def rules(*, quick: bool) -> dict[str, object]:
    """Returns what the proxy before the system of record does: a scenario in its plain form."""
    share = 0.02 if quick else 0.01
    post: Mapping[str, object] = {"method": "POST", "share": share}
    return {
        "rules": [
            {"name": "reply lost", "do": {"fault": "lost_reply"}, "when": post},
            {
                "name": "delivered twice",
                "do": {"fault": "duplicate"},
                "when": {**post, "path": "/bookings"},
            },
            {
                "name": "500 after the effect",
                "do": {"fault": "answer", "status": 500, "applied": True},
                "when": post,
            },
            {"name": "503 before it", "do": {"fault": "answer", "status": 503}, "when": post},
            {"name": "reset before it", "do": {"fault": "reset"}, "when": post},
            {"name": "read answered 503", "do": {"fault": "answer", "status": 503}, "when": {"share": share / 2}},
            {
                "name": "read is slow",
                "do": {"fault": "latency", "p50": 0.02, "p99": 0.5},
                "when": {"method": "GET", "share": 4 * share},
            },
        ]
    }

"""The order system of the outsiders' agents: a process of its own, whose books no part of Bridgehead writes.

It takes every order and every mail it is sent, doubles included, and keeps count: what it
shows under ``/books`` is the judge.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ORDERS: list[dict[str, object]] = []
MAILS: list[dict[str, object]] = []
SEEN: list[str] = []


async def customer(request: Request) -> Response:
    number = request.path_params["number"]
    SEEN.append(f"GET {request.url.path}")
    if not number.startswith("C-"):
        return JSONResponse({"detail": "no such customer"}, 404)
    return JSONResponse(
        {"number": number, "name": "Muster & Co", "email": f"{number.lower()}@example.com", "credit_limit": 5000.0}
    )


async def orders(request: Request) -> Response:
    SEEN.append(f"{request.method} {request.url.path}")
    if request.method == "POST":
        order = {**await request.json(), "number": f"S-{len(ORDERS) + 1}", "status": "open"}
        ORDERS.append(order)
        return JSONResponse(order, 201)
    wanted = dict(request.query_params)
    return JSONResponse([order for order in ORDERS if all(order.get(name) == wanted[name] for name in wanted)])


async def mails(request: Request) -> Response:
    SEEN.append(f"POST {request.url.path}")
    MAILS.append(await request.json())
    return JSONResponse({"sent": True}, 202)


async def books(_request: Request) -> Response:
    return JSONResponse({"orders": ORDERS, "mails": MAILS, "seen": SEEN})


async def reset(_request: Request) -> Response:
    for kept in (ORDERS, MAILS, SEEN):
        kept.clear()
    return JSONResponse({})


APP = Starlette(
    routes=[
        Route("/customers/{number}", customer),
        Route("/orders", orders, methods=["GET", "POST"]),
        Route("/mails", mails, methods=["POST"]),
        Route("/books", books),
        Route("/reset", reset, methods=["POST"]),
    ]
)


async def main() -> None:
    """Serves on a free port of loopback and says on standard output where."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    await uvicorn.Server(uvicorn.Config(APP, log_level="error")).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(main())

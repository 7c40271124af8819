"""Network conditions on demand: latency drawn from a seed, faults that tests ask for, and counts of what came.

A fault matches a method and a path (``*`` as in shell patterns) and is used up after ``count``
requests. The modes say where the request breaks, seen from the caller:

- ``500_before``: answered with 500, nothing happened
- ``500_after``: it happened, answered with 500
- ``lose_reply``: it happened, then the connection is cut without an answer
- ``stall``: nothing happens for ``seconds``, then the request is served
- ``refuse``: the connection is cut before anything happened
- ``throttle``: answered with 429 and a Retry-After of ``seconds``, nothing happened
- ``expire_tokens``: every access token ends just before the request, which is then served as it is
- ``forget_tokens``: as ``expire_tokens``, and every refresh token ends too
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from random import Random
from typing import Annotated, ClassVar, Final, Literal

from pydantic import ConfigDict, Field
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bridgehead.templates.purchase_orders.erp.problems import MAX_BODY_BYTES, problem_response
from bridgehead.templates.purchase_orders.erp.tokens import Issuer
from bridgehead.templates.purchase_orders.erp.traffic import Counts
from bridgehead.templates.purchase_orders.erp.wire import Problem

Mode = Literal["lose_reply", "500_after", "500_before", "stall", "refuse", "throttle", "expire_tokens", "forget_tokens"]

_SPREAD: Final = 0.5
_EXEMPT: Final = frozenset({"/faults", "/counts", "/health", "/openapi.json"})
_REFUSED: Final = frozenset({401, 403, 429})


@dataclass(frozen=True, slots=True)
class Fault:
    """One order to break the next ``count`` matching requests."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    path: str
    mode: Mode
    count: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    method: str = "*"


class Latency:
    """Delays around a median, log-normal as service times are: half below it, one in forty above 2.7 times it."""

    def __init__(self, median_ms: float, seed: int) -> None:
        self._median_s = median_ms / 1000
        self._random = Random(seed)  # noqa: S311 - repeats on purpose; nothing is protected by it

    def draw_s(self) -> float:
        """Returns the next delay in seconds."""
        return self._median_s * self._random.lognormvariate(0.0, _SPREAD) if self._median_s else 0.0


class FaultPlan:
    """The faults that wait for a request."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, method: str, path: str) -> Fault | None:
        """Returns the first fault that matches and counts it down."""
        for index, fault in enumerate(self.waiting):
            if fault.method in {"*", method} and fnmatchcase(path, fault.path):
                left = fault.count - 1
                self.waiting[index : index + 1] = [replace(fault, count=left)] if left else []
                return fault
        return None


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 whose requests can reach their connection, to cut it: ``scope["state"]["transport"]``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent has it
        """Puts the transport where the middleware finds it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Conditions:
    """ASGI middleware that counts, delays and breaks requests as planned.

    Faults, counts, health and the document are exempt from all three. Requests are counted under ``name_of``
    their method and path, broken ones too.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        latency: Latency,
        plan: FaultPlan,
        counts: Counts,
        issuer: Issuer,
        name_of: Callable[[str, str], str],
    ) -> None:
        self._app = app
        self._latency = latency
        self._plan = plan
        self._counts = counts
        self._issuer = issuer
        self._name_of = name_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request under the conditions that hold."""
        if scope["type"] != "http" or scope["path"] in _EXEMPT:
            await self._app(scope, receive, send)
            return
        send = self._counted(scope, send)
        receive = await _arrived(receive)
        if delay_s := self._latency.draw_s():
            await asyncio.sleep(delay_s)
        fault = self._plan.take(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._break(fault, scope, receive, send)

    def _counted(self, scope: Scope, send: Send) -> Send:
        """Counts a request as it comes; returns what counts its answer."""
        is_call = not scope["path"].startswith("/oauth/")
        self._counts.requests[self._name_of(scope["method"], scope["path"])] += 1
        if is_call:
            self._counts.asked.add()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counts.statuses[str(message["status"])] += 1
                if is_call and message["status"] not in _REFUSED:
                    self._counts.served.add()
            await send(message)

        return answer

    async def _break(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.mode == "refuse":
            await _cut(scope, receive)
        elif fault.mode == "throttle":
            await throttled(max(1, math.ceil(fault.seconds)))(scope, receive, send)
        elif fault.mode in {"expire_tokens", "forget_tokens"}:
            end = self._issuer.expire if fault.mode == "expire_tokens" else self._issuer.forget
            end()
            await self._app(scope, receive, send)
        elif fault.mode == "stall":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        else:
            if fault.mode != "500_before":
                await self._app(scope, receive, _swallow)
            if fault.mode == "lose_reply":
                await _cut(scope, receive)
            else:
                response = problem_response(Problem("Internal error", 500, f"asked for by a fault: {fault.mode}"))
                await response(scope, receive, send)


def throttled(wait_s: int) -> Response:
    """Returns a 429 (RFC 6585, section 4) that says in seconds when to come again (RFC 9110, section 10.2.3)."""
    detail = f"too many requests: come again in {wait_s} s"
    return problem_response(Problem("Too many requests", 429, detail), {"Retry-After": str(wait_s)})


async def _arrived(receive: Receive) -> Receive:
    """Returns when the request is here in full (or is too large anyway), with what gives it to the application.

    So a caller that goes away while its request is delayed has sent it all the same.
    """
    messages: list[Message] = []
    size = 0
    while not messages or (messages[-1].get("more_body") and size <= MAX_BODY_BYTES):
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again


async def _swallow(_message: Message) -> None:
    """Takes an answer that the caller shall not see."""


async def _cut(scope: Scope, receive: Receive) -> None:
    state: MutableMapping[str, object] = scope["state"]
    transport = state["transport"]
    if not isinstance(transport, asyncio.Transport):
        raise TypeError("faults that cut connections need CuttableProtocol")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass

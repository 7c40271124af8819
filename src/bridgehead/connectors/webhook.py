"""Webhooks: systems send signed messages to us, and hear 2xx only once the arrival is committed.

``POST /webhooks/DEPLOYMENT/CONNECTOR``. Everything else that is said is problem details (RFC 9457) and
tells a stranger nothing: what is not signed is not stored, not parsed and not logged with its content.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridgehead.clock import utc_now
from bridgehead.connectors.document_intake import WebhookIntake
from bridgehead.connectors.files import MIB, document_name
from bridgehead.connectors.listening import BesideWorker, InTime, PortTaken, is_loopback, listen
from bridgehead.connectors.references import Secret
from bridgehead.connectors.signatures import Rejected, plain, standard
from bridgehead.connectors.watching import Arrived, Keep
from bridgehead.errors import BridgeheadError, Unavailable, UserError

log = logging.getLogger("bridgehead.intake")

BODY_S: Final = 30.0
"""So long a message may take to come in."""
AT_ONCE: Final = 64
"""Messages under way at one time; more are told to come again."""
RETRY_S: Final = 5
_GRACE_S: Final = 5


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook of one deployment."""

    connector: str
    part: WebhookIntake
    secret: Secret
    keep: Keep


class Webhooks:
    """The server that takes the messages of all webhooks of a process.

    Several processes on one machine may listen at the same port: the system deals connections out
    to them. Without ``host`` being loopback, a proxy in front has to bring TLS.
    """

    def __init__(
        self,
        hooks: Mapping[tuple[str, str], Hook],
        *,
        host: str,
        port: int,
        max_mb: int,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._hooks = hooks
        self._host = host
        self._port = port
        self._max_mb = max_mb
        self._now = now
        self._said: set[str] = set()
        self._listening: socket.socket | None = None
        self.pending = 0
        self.taken = 0
        self.looks = 0

    @property
    def port(self) -> int:
        """Where it listens, once it is prepared; 0 before."""
        return 0 if self._listening is None else int(self._listening.getsockname()[1])

    def prepare(self) -> None:
        """Takes the port and reads every secret once; raises UserError ``intake.port``, ``intake.secret``."""
        for hook in self._hooks.values():
            secret = hook.secret.reveal()
            if hook.part.scheme == "standard_webhooks":
                with contextlib.suppress(Rejected):
                    standard(secret, {"webhook-id": "x", "webhook-timestamp": "1"}, b"", window_s=1, now=self._now())
        try:
            listening = listen(self._host, self._port, backlog=AT_ONCE, shared=True)
        except PortTaken as error:
            raise UserError(
                f"webhooks cannot be taken at {self._host}, port {self._port}: {error.why}",
                code="intake.port",
                hint="Another program has it: set BRIDGEHEAD_WEBHOOK_PORT." if error.taken
                else "Set BRIDGEHEAD_WEBHOOK_HOST and BRIDGEHEAD_WEBHOOK_PORT.",
            ) from error  # fmt: skip
        self._listening = listening
        if not is_loopback(self._host):
            log.warning("webhooks are taken at %s without TLS: let only a proxy that brings it reach them", self._host)

    def addresses(self) -> list[str]:
        """Returns where each webhook is reached on this machine, for people."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return [f"http://{host}:{self.port}/webhooks/{of}/{name}" for of, name in self._hooks]

    async def watch(self, stopped: asyncio.Event) -> None:
        """Serves until ``stopped``; messages under way come to their end."""
        listening = self._listening
        if listening is None:
            raise UserError("the webhooks' port was not taken", code="intake.port")
        config = uvicorn.Config(
            self.application(), http=InTime, log_config=None, log_level="error", access_log=False, lifespan="off",
            server_header=False, proxy_headers=False, limit_concurrency=AT_ONCE, backlog=AT_ONCE,
            timeout_keep_alive=5, timeout_graceful_shutdown=_GRACE_S,
        )  # fmt: skip
        server = BesideWorker(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        stopping = asyncio.create_task(stopped.wait())
        self.looks = 1
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            stopping.cancel()
            await serving
            listening.close()

    def application(self) -> Starlette:
        """Returns the ASGI application."""
        return Starlette(
            routes=[Route("/webhooks/{deployment}/{connector}", self._take, methods=["POST"])],
            exception_handlers={HTTPException: _http_problem, Exception: _problem_of_ours},
        )

    async def _take(self, request: Request) -> Response:
        path = request.path_params
        hook = self._hooks.get((str(path["deployment"]), str(path["connector"])))
        if hook is None:
            return _problem(404, "There is no such webhook.")
        try:
            async with asyncio.timeout(BODY_S):
                body = await self._body(request)
        except TimeoutError:
            return _problem(408, "The message did not come in in time.")
        except ClientDisconnect:
            return _problem(400, "The message was cut.")
        if body is None:
            return _problem(413, f"A message has at most {self._max_mb} MiB.")
        try:
            arrived = self._arrived(hook, request, body)
        except Rejected as rejected:
            self._say(f"webhook {hook.connector}: a message was refused: {rejected}")
            return _problem(401, f"The message was refused: {rejected}.")
        except UserError as error:
            self._say(f"webhook {hook.connector}: {error.message}")
            return _problem(503, "The webhook is not set up.", retry=True)
        if not body:
            return _problem(400, "The message is empty.")
        try:
            number = await hook.keep(arrived)
        except Unavailable as error:
            self._say(f"webhook {hook.connector}: a message was not taken: {error.message}")
            return _problem(503, "The message was not stored; send it again.", retry=True)
        self.taken += 1
        self._said.clear()
        return JSONResponse({"arrival": number})

    async def _body(self, request: Request) -> bytes | None:
        """Returns the whole body; None for one that is too large, of which no more is read."""
        limit = self._max_mb * MIB
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            return None
        parts: list[bytes] = []
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > limit:
                return None
            parts.append(part)
        return b"".join(parts)

    def _arrived(self, hook: Hook, request: Request, body: bytes) -> Arrived:
        secret = hook.secret.reveal()
        if hook.part.scheme == "hmac_sha256":
            plain(secret, request.headers.get(hook.part.header, ""), body)
            # No id is signed: the bytes alone tell one message from another.
            return Arrived("", document_name(f"{hook.connector}.json"), body)
        number = standard(secret, request.headers, body, window_s=hook.part.window, now=self._now())
        return Arrived(number, document_name(f"{hook.connector}-{number}.json"), body, by_id=True)

    def _say(self, trouble: str) -> None:
        """Logs what goes wrong once, until a message is taken again: strangers must not fill the log."""
        if trouble not in self._said:
            self._said.add(trouble)
            log.warning("%s", trouble)


def _problem(status: int, detail: str, *, retry: bool = False) -> Response:
    title = {400: "Bad request", 401: "Unauthorized", 404: "Not found", 405: "Method not allowed"}.get(status)
    # What is refused may not have been read to its end: nothing more of it is taken.
    more = {"Connection": "close"} | ({"Retry-After": str(RETRY_S)} if retry else {})
    return JSONResponse(
        {"title": title or "Not taken", "status": status, "detail": detail},
        status_code=status,
        headers=more,
        media_type="application/problem+json",
    )


async def _http_problem(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    found = _problem(status, "POST a signed message to /webhooks/DEPLOYMENT/CONNECTOR.")
    if isinstance(error, HTTPException) and error.headers:
        found.headers.update(error.headers)
    return found


async def _problem_of_ours(_request: Request, error: Exception) -> Response:
    if not isinstance(error, BridgeheadError):
        log.error("a webhook's message met a mistake of ours: %s", type(error).__name__)
    return _problem(503, "The message was not stored; send it again.", retry=True)

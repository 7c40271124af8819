"""An OAuth2 authorization server of its own on loopback, for tests of what signs in somewhere.

Grants, refreshes with rotation, revokes and introspects; Dovecot asks it about XOAUTH2 tokens with
``introspection_mode = post`` and the URL that ``introspection_url`` gives.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridgehead.templates.purchase_orders.erp.oauth import Endpoints, bearer
from bridgehead.templates.purchase_orders.erp.tokens import OFFLINE, Client, Issuer

CLIENT = "bridgehead"
SECRET = "issuer-s3cret+/&="  # its signs differ once they are encoded for a form or for Basic
CLIENTS = (
    Client(CLIENT, SECRET, frozenset({"read", "write", "mail", OFFLINE}), subject="orders@example.com"),
    Client("dovecot", "dovecot-s3cret", frozenset()),
)
START_S = 20.0


@dataclass(slots=True)
class RunningIssuer:
    """The server and its state; ``issuer`` revokes, ends and counts tokens from the test's side.

    ``answers`` are given by the token endpoint before it works again: a status and a JSON body (None: no JSON).
    """

    url: str
    issuer: Issuer
    answers: deque[tuple[int, dict[str, str] | None]] = field(default_factory=deque)
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def token_url(self) -> str:
        """Where tokens are granted."""
        return f"{self.url}/token"

    @property
    def introspection_url(self) -> str:
        """The URL for Dovecot, which signs in with what stands in it."""
        dovecot = CLIENTS[1]
        return f"{self.url}/introspect".replace("//", f"//{dovecot.id}:{quote(dovecot.secret, safe='')}@", 1)

    async def token(self, request: Request) -> Response:
        """Gives a planned answer, or a grant."""
        self.asked["token"] += 1
        if self.answers:
            status, body = self.answers.popleft()
            return JSONResponse(body, status) if body is not None else Response("<html>", status)
        return await Endpoints(self.issuer).token(request)

    async def introspect(self, request: Request) -> Response:
        """Says whose a token is."""
        self.asked["introspect"] += 1
        return await Endpoints(self.issuer).introspect(request)

    async def whoami(self, request: Request) -> Response:
        """A protected resource: names the token's account, or refuses with 401 (RFC 6750)."""
        self.asked["whoami"] += 1
        access = self.issuer.check(bearer(request) or "")
        if access is None:
            return JSONResponse({}, 401, {"WWW-Authenticate": 'Bearer realm="test", error="invalid_token"'})
        return JSONResponse({"username": access.client.subject, "scope": sorted(access.scopes)})


@contextmanager
def running_issuer(*, lifetime_s: int = 120, clients: Iterable[Client] = CLIENTS) -> Iterator[RunningIssuer]:
    """Gives an issuer that listens on a free port of loopback, in a thread of this process."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    running = RunningIssuer(f"http://127.0.0.1:{listener.getsockname()[1]}", Issuer(clients, lifetime_s=lifetime_s))
    app = Starlette(
        routes=[
            Route("/token", running.token, methods=["POST"]),
            Route("/revoke", Endpoints(running.issuer).revoke, methods=["POST"]),
            Route("/introspect", running.introspect, methods=["POST"]),
            Route("/whoami", running.whoami),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="issuer", daemon=True)
    thread.start()
    try:
        # The listener takes connections before the server runs: whoever asks early waits in its backlog.
        listener.listen()
        yield running
    finally:
        server.should_exit = True
        thread.join(START_S)
        listener.close()

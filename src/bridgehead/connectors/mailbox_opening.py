"""A mailbox as a connector of kind ``mail`` specifies it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bridgehead.connectors.document import Specification
from bridgehead.connectors.http_wire import HttpWire
from bridgehead.connectors.limits import NoLimits
from bridgehead.connectors.mailbox_session import Auth, Mailbox
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.errors import UserError

_PORTS: Final = {"imaps": 993, "imap": 143}
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def mailbox_of(spec: Specification, *, folder: Path) -> Mailbox:
    """Returns where the mailbox is and who we are there; nothing is asked and no secret is read.

    ``imaps://HOST`` is TLS from the start, ``imap://HOST`` STARTTLS; on loopback alone, ``imap://`` is
    plain. Raises UserError ``intake.mail``, and ``connector.setting`` for a setting that is not there.
    """
    url = setting(spec.connection.url, folder=folder)
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password or port == -1:
        raise UserError(
            f"connector {spec.connector}: connection.url is no mailbox's address",
            code="intake.mail",
            hint="Write it as imaps://HOST or imaps://HOST:PORT, and name the user under auth.",
        )
    auth = spec.auth
    way: Auth = "password"
    if auth is not None and auth.basic is not None:
        user = setting(auth.basic.user, folder=folder)
        secret: Callable[[], Awaitable[str]] = _password(Secret.of(auth.basic.password, folder))
    elif auth is not None and auth.oauth2 is not None and auth.oauth2.user is not None:
        user = setting(auth.oauth2.user, folder=folder)
        secret = _Tokens(spec, folder).get
        way = "xoauth2"
    else:
        raise UserError(
            f"connector {spec.connector}: nothing says who we are in the mailbox",
            code="intake.mail",
            hint="Write auth: {basic: {user: …, password: env:NAME}}, or auth.oauth2 with its user.",
        )
    plain = parts.scheme == "imap" and parts.hostname in _LOCAL
    tls = spec.connection.tls
    return Mailbox(
        name=spec.connector,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=user,
        secret=secret,
        auth=way,
        tls="none" if plain else "tls" if parts.scheme == "imaps" else "starttls",
        ca=None if tls is None or tls.ca is None else folder / tls.ca,
        connect_s=spec.connection.connect_timeout,
        timeout_s=max(spec.connection.timeout, spec.connection.connect_timeout),
    )


def _password(secret: Secret) -> Callable[[], Awaitable[str]]:
    async def get() -> str:
        return secret.reveal()

    return get


class _Tokens:
    """Access tokens of an authorization server; a new one for every login, for the one before may be why it failed."""

    def __init__(self, spec: Specification, folder: Path) -> None:
        self._spec = spec
        self._folder = folder
        self._used = ""
        self._wire: HttpWire | None = None

    async def get(self) -> str:
        """Returns a token that was not given before; raises Failed."""
        auth, connection = self._spec.auth, self._spec.connection
        oauth2 = None if auth is None else auth.oauth2
        if oauth2 is None:
            raise UserError(f"connector {self._spec.connector}: there is no auth.oauth2", code="intake.mail")
        if self._wire is None:
            asked = connection.model_copy(update={"url": oauth2.token_url, "hosts": ()})
            spec = self._spec.model_copy(update={"kind": "http", "connection": asked})
            limits = NoLimits(self._spec.connector)
            self._wire = HttpWire(spec, folder=self._folder, limits=limits, redactor=Redactor())
        self._used = await self._wire.credential(used=self._used)
        return self._used.removeprefix("Bearer ")

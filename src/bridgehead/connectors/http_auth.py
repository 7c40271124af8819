"""How an HTTP connector shows who it is: static credentials, tokens, sessions, and signatures by a hook.

A secret is read at the call that needs it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol, cast

import httpx

from bridgehead.connectors.classify import Classifier
from bridgehead.connectors.document_connection import ApiKeyPart, AuthPart, BasicPart
from bridgehead.connectors.http_request import Outgoing
from bridgehead.connectors.http_tokens import Granted, Login, OAuth2, Send, basic
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.errors import BridgeheadError, Failed, UserError


class Auth(Protocol):
    """Adds credentials to requests. ``credential`` is opaque to the caller: what was used, for ``renewed``."""

    async def ready(self) -> str:
        """Returns the credential to use; may ask the system for one first. Raises Failed (``applied=False``)."""
        ...

    async def apply(self, out: Outgoing, credential: str) -> None:
        """Puts the credential into a request."""
        ...

    async def renewed(self, used: str) -> bool:
        """After the system refused ``used``: True when there is another one, got now if need be."""
        ...


class Anonymous:
    """No credentials."""

    async def ready(self) -> str:
        """Returns nothing."""
        return ""

    async def apply(self, out: Outgoing, credential: str) -> None:
        """Leaves the request as it is."""

    async def renewed(self, used: str) -> bool:  # noqa: ARG002  # the port's signature
        """Returns False: there is none."""
        return False


class Static:
    """A credential that stands somewhere as it is sent: basic, API key, bearer. A rotated one is read anew."""

    def __init__(
        self, compose: Callable[[], str], *, header: str | None, query: str | None, redactor: Redactor
    ) -> None:
        self._compose = compose
        self._header = header
        self._query = query
        self._redactor = redactor

    async def ready(self) -> str:
        """Returns the header's or parameter's value."""
        value = self._compose()
        if not all(" " <= character <= "~" for character in value):
            raise UserError(
                "a credential holds characters that HTTP cannot carry", code="connector.secret",
                hint="Look for line breaks around the secret, where it is kept.",
            )  # fmt: skip
        self._redactor.add(value.partition(" ")[2] or value)
        return value

    async def apply(self, out: Outgoing, credential: str) -> None:
        """Sets the header or the query parameter."""
        if self._header is not None:
            out.headers[self._header] = credential
        if self._query is not None:
            out.url = out.url.copy_set_param(self._query, credential)

    async def renewed(self, used: str) -> bool:
        """Returns whether what stands there has changed since it was used."""
        return await self.ready() != used


Signer = Callable[..., Mapping[str, str] | Awaitable[Mapping[str, str]]]
"""A hook: called with ``method, url, headers, body, secrets`` by name, returns headers to add; may be async."""


class Signed:
    """Each request is signed by a hook of the user's."""

    def __init__(self, name: str, secrets: Mapping[str, Secret], *, redactor: Redactor) -> None:
        self._name = name
        self._hook = _loaded(name)
        self._secrets = dict(secrets)
        self._redactor = redactor

    async def ready(self) -> str:
        """Returns nothing: a signature belongs to one request."""
        return ""

    async def apply(self, out: Outgoing, credential: str) -> None:  # noqa: ARG002  # the port's signature
        """Adds the headers that the hook returns; raises Failed ``bug`` (``applied=False``) for what it raises."""
        secrets = {name: secret.reveal() for name, secret in self._secrets.items()}
        for value in secrets.values():
            self._redactor.add(value)
        try:
            found = self._hook(
                method=out.method, url=str(out.url), headers=dict(out.headers), body=out.content or b"", secrets=secrets
            )
            added = await found if inspect.isawaitable(found) else found
            for name, value in added.items():
                out.headers[str(name)] = str(value)
        except BridgeheadError:
            raise
        except Exception as error:  # noqa: BLE001  # the boundary to a hook's code: nothing was sent yet
            # Its text is not shown: it may hold what the hook was given.
            raise Failed(
                f"the hook {self._name} raised {type(error).__name__}", error_class="bug", applied=False,
                hint="It gets method, url, headers, body and secrets by name, and returns the headers to add.",
            ) from None  # fmt: skip

    async def renewed(self, used: str) -> bool:  # noqa: ARG002  # the port's signature
        """Returns False: a signature that was refused would be refused again."""
        return False


def open_auth(
    part: AuthPart | None,
    *,
    base: httpx.URL,
    connector: str,
    folder: Path,
    prepare: Callable[[Mapping[str, object]], Outgoing],
    send: Send,
    classifier: Classifier,
    redactor: Redactor,
) -> tuple[Auth, httpx.URL | None]:
    """Returns what signs requests, and the address of its token endpoint, if it has one."""
    if part is None:
        return Anonymous(), None
    if part.basic is not None:
        return _ofbasic(part.basic, folder, redactor), None
    if part.api_key is not None:
        return _of_key(part.api_key, folder, redactor), None
    if part.bearer is not None:
        token = Secret.of(part.bearer.token, folder)
        return Static(
            lambda: _told(token, redactor, "Bearer "), header="Authorization", query=None, redactor=redactor
        ), None
    if part.oauth2 is not None:
        issuer = OAuth2(
            part.oauth2,
            base=base,
            connector=connector,
            folder=folder,
            send=send,
            classifier=classifier,
            redactor=redactor,
        )
        return Granted(issuer.ask, header="Authorization"), issuer.url
    if part.login is not None:
        login = Login(part.login, folder=folder, prepare=prepare, send=send, classifier=classifier, redactor=redactor)
        return Granted(login.ask, header=part.login.header), None
    if part.hook is not None:
        secrets = {name: Secret.of(reference, folder) for name, reference in part.secrets.items()}
        return Signed(part.hook, secrets, redactor=redactor), None
    return Anonymous(), None


def _ofbasic(part: BasicPart, folder: Path, redactor: Redactor) -> Auth:
    user, password = setting(part.user, folder=folder), Secret.of(part.password, folder)
    return Static(lambda: basic(user, _told(password, redactor)), header="Authorization", query=None, redactor=redactor)


def _of_key(part: ApiKeyPart, folder: Path, redactor: Redactor) -> Auth:
    value = Secret.of(part.value, folder)
    header = part.header or (None if part.query else "X-API-Key")
    return Static(lambda: _told(value, redactor, part.prefix), header=header, query=part.query, redactor=redactor)


def _told(secret: Secret, redactor: Redactor, prefix: str = "") -> str:
    value = secret.reveal()
    redactor.add(value)
    return prefix + value


def _loaded(name: str) -> Signer:
    module, _, attribute = name.partition(":")
    try:
        found: object = importlib.import_module(module)
        for step in attribute.split("."):
            found = getattr(found, step)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"auth.hook: {name!r} cannot be loaded: {error}", code="connector.hook",
            hint="Write module:object; the module is looked for beside bridgehead.yaml and in the environment.",
        ) from error  # fmt: skip
    if not callable(found):
        raise UserError(f"auth.hook: {name!r} is no function", code="connector.hook", hint="Name a function.")
    return cast(Signer, found)

"""Credentials that a system gives in exchange for a secret: OAuth 2.0 tokens, and sessions from a login.

They are kept in memory alone, until shortly before they end; one is asked for at a time in a process.
"""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote_plus, urlencode

import httpx

from bridgehead.clock import boot_s
from bridgehead.connectors.classify import Classifier
from bridgehead.connectors.document_connection import LoginPart, OAuth2Part
from bridgehead.connectors.fill import fill_text
from bridgehead.connectors.hosts import base_url
from bridgehead.connectors.http_reply import Reply
from bridgehead.connectors.http_request import FORM, Outgoing
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.errors import Failed, UserError

_EARLY_S: Final = 30.0
_EARLY_SHARE: Final = 0.1

Send = Callable[[Outgoing], Awaitable[Reply]]
"""Sends a request of the authentication's own, without credentials, and returns the answer whatever its status."""


@dataclass(frozen=True, slots=True)
class _Granted:
    value: str
    until_s: float | None


class Granted:
    """A token or session that a system gives; at one time one request for it is under way in this process.

    Callers may be on several event loops. The request runs in a task of its own, so that a caller
    that gives up does not lose an answer which may hold a rotated refresh token.
    """

    def __init__(self, ask: Callable[[], Awaitable[tuple[str, float | None]]], *, header: str) -> None:
        self._ask = ask
        self._header = header
        self._lock = threading.Lock()
        self._have: _Granted | None = None
        self._asked: concurrent.futures.Future[_Granted] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def ready(self) -> str:
        """Returns the credential that is kept, or asks for one; all who wait share one answer, and one failure."""
        have = self._have
        if have is not None and (have.until_s is None or boot_s() < have.until_s):
            return have.value
        return (await self._shared(have)).value

    async def apply(self, out: Outgoing, credential: str) -> None:
        """Sets the header."""
        out.headers[self._header] = credential

    async def renewed(self, used: str) -> bool:
        """Returns True once there is another credential; several who were refused at once ask once."""
        with self._lock:
            have = self._have
            if have is not None and have.value == used:
                self._have = have = None
        if have is None:
            have = await self._shared(None)
        return have.value != used

    async def _shared(self, seen: _Granted | None) -> _Granted:
        with self._lock:
            if self._have is not seen and self._have is not None:
                return self._have
            if self._asked is None:
                self._asked = concurrent.futures.Future()
                task = asyncio.get_running_loop().create_task(self._fetch(self._asked))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            asked = self._asked
        return await asyncio.shield(asyncio.wrap_future(asked))

    async def _fetch(self, asked: concurrent.futures.Future[_Granted]) -> None:
        found: _Granted | BaseException
        try:
            value, lasts_s = await self._ask()
            early_s = 0.0 if lasts_s is None else min(_EARLY_S, lasts_s * _EARLY_SHARE)
            found = _Granted(value, None if lasts_s is None else boot_s() + lasts_s - early_s)
        except asyncio.CancelledError:
            found = Failed(
                "no credential: the loop that asked for it has ended", error_class="transient", applied=False
            )
        except BaseException as error:  # noqa: BLE001  # handed to whoever waits
            found = error
        with self._lock:
            self._have = found if isinstance(found, _Granted) else None
            self._asked = None
        if isinstance(found, _Granted):
            asked.set_result(found)
        else:
            asked.set_exception(found)
            asked.exception()


class OAuth2:
    """Asks a token endpoint for access tokens (RFC 6749 sections 4.4 and 6)."""

    def __init__(
        self,
        part: OAuth2Part,
        *,
        base: httpx.URL,
        connector: str,
        folder: Path,
        send: Send,
        classifier: Classifier,
        redactor: Redactor,
    ) -> None:
        place = setting(part.token_url, folder=folder)
        if place.startswith("/"):
            place = str(base.copy_with(query=None, fragment=None)).rstrip("/") + place
        self.url = base_url(place, connector=connector, what="auth.oauth2.token_url")
        self._part = part
        self._client_id = setting(part.client_id, folder=folder)
        self._secret = None if part.client_secret is None else Secret.of(part.client_secret, folder)
        self._refresh = None if part.refresh_token is None else Secret.of(part.refresh_token, folder)
        self._rotated: str | None = None
        self._given: str | None = None
        self._send = send
        self._classifier = classifier
        self._redactor = redactor

    async def ask(self) -> tuple[str, float | None]:
        """Returns an ``Authorization`` value and how long it lasts in seconds (None: not said).

        Raises Failed: ``auth_expired`` when the endpoint refuses us, all with ``applied=False``.
        """
        form: dict[str, str] = {"grant_type": self._part.grant}
        if self._part.grant == "refresh_token":
            form["refresh_token"] = self._refresh_token()
        if self._part.scopes:
            form["scope"] = " ".join(self._part.scopes)
        if self._part.audience is not None:
            form["audience"] = self._part.audience
        headers = {"Accept": "application/json", "Content-Type": FORM}
        secret = None if self._secret is None else self._reveal(self._secret)
        if secret is None or self._part.style == "post":
            form["client_id"] = self._client_id
            form |= {} if secret is None else {"client_secret": secret}
        else:
            # RFC 6749 2.3.1: both are form-encoded before they become user and password.
            headers["Authorization"] = basic(quote_plus(self._client_id), quote_plus(secret))
            self._redactor.add(headers["Authorization"].partition(" ")[2])
        reply = await self._send(Outgoing("POST", self.url, headers, urlencode(form).encode()))
        return self._token(reply)

    def _token(self, reply: Reply) -> tuple[str, float | None]:
        body = reply.parsed()
        token = find(body, "access_token")
        if httpx.codes.is_success(reply.status) and isinstance(token, str) and token.isascii() and token.isprintable():
            self._redactor.add(token)
            rotated = find(body, "refresh_token")
            if isinstance(rotated, str) and rotated:
                self._redactor.add(rotated)
                self._rotated = rotated
            return f"Bearer {token}", _seconds(find(body, "expires_in"))
        raise self._refused(reply, body)

    def _refused(self, reply: Reply, body: object) -> Failed:
        # Nothing of a token endpoint's answer is quoted but its error code (RFC 6749 5.2): it may hold a token.
        code = find(body, "error")
        said = f" ({code})" if isinstance(code, str) and code.replace("_", "").isalnum() and len(code) <= 40 else ""  # noqa: PLR2004 - longer than any code of RFC 6749 5.2
        if code == "invalid_grant":
            self._rotated = None
        if reply.status in {400, 401}:
            return self._classifier.failed(
                f"no token: the token endpoint refused{said}", "auth_expired", applied=False, status=reply.status,
                hint="Check auth.oauth2: the client, its secret, its scopes; a used refresh token must be replaced.",
            )  # fmt: skip
        failed = self._classifier.answer(reply, MISSING, writes=False)
        if failed is None:
            return self._classifier.unreadable("no token: the token endpoint's answer holds none", writes=False)
        return self._classifier.failed(
            f"no token: the token endpoint answered with status {reply.status}{said}", failed.error_class,
            applied=False, status=reply.status, retry_after=cast("float | None", failed.attributes.get("retry_after")),
        )  # fmt: skip

    def _refresh_token(self) -> str:
        if self._refresh is None:
            raise UserError(
                "auth.oauth2 names no refresh_token", code="connector.secret", hint="Write refresh_token: file:NAME."
            )
        given = self._reveal(self._refresh)
        if given != self._given:
            # Somebody put another one there, which is younger than what was rotated from the former.
            self._given, self._rotated = given, None
        return self._rotated or given

    def _reveal(self, secret: Secret) -> str:
        value = secret.reveal()
        self._redactor.add(value)
        return value


class Login:
    """Opens a session by a request of its own."""

    def __init__(
        self,
        part: LoginPart,
        *,
        folder: Path,
        prepare: Callable[[Mapping[str, object]], Outgoing],
        send: Send,
        classifier: Classifier,
        redactor: Redactor,
    ) -> None:
        self._part = part
        self._user = setting(part.user, folder=folder)
        self._password = Secret.of(part.password, folder)
        self._prepare = prepare
        self._send = send
        self._classifier = classifier
        self._redactor = redactor

    async def ask(self) -> tuple[str, float | None]:
        """Returns the header's value and how long it lasts; raises Failed with ``applied=False``."""
        password = self._password.reveal()
        self._redactor.add(password)
        values: dict[str, object] = {"user": self._user, "password": password}
        reply = await self._send(self._prepare(values))
        body = reply.parsed()
        failed = self._classifier.answer(reply, body, writes=False)
        if failed is not None:
            # The answer to a login is not quoted, because it may repeat what it was asked.
            error_class = "auth_expired" if failed.error_class in {"forbidden", "invalid_input"} else failed.error_class
            raise self._classifier.failed(
                f"no session: the login was answered with status {reply.status}", error_class, applied=False,
                status=reply.status, hint="Check auth.login: the user and its password.",
                retry_after=cast("float | None", failed.attributes.get("retry_after")),
            )  # fmt: skip
        for name, path in self._part.take.items():
            value = find(body, path)
            if value is MISSING or value is None or value is False:
                raise self._classifier.failed(
                    f"no session: the login's answer holds nothing at {path}", "auth_expired", applied=False,
                    hint="Check the user and its password, and auth.login.take.",
                )  # fmt: skip
            if isinstance(value, str):
                self._redactor.add(value)
            values[name] = value
        text = self._value(values)
        self._redactor.add(text.partition(" ")[2] or text)
        return text, self._part.lasts

    def _value(self, values: Mapping[str, object]) -> str:
        """Returns the header's value; ``|base64`` at its end encodes what follows the first word."""
        whole, bar, form = self._part.value.rpartition("|")
        if bar and form.strip() == "base64" and not form.endswith("}"):
            scheme, _, rest = whole.rpartition(" ") if " " in whole else ("", "", whole)
            text = fill_text(rest, values) or ""
            return f"{scheme} {base64.b64encode(text.encode()).decode('ascii')}".strip()
        return fill_text(self._part.value, values) or ""


def basic(user: str, password: str) -> str:
    """Returns the header's value for a user and a password (RFC 7617, in UTF-8)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _seconds(value: object) -> float | None:
    """Returns ``expires_in``; some endpoints send it as a text."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        return None
    return found if found is not None and 0 < found < 1e9 else None  # noqa: PLR2004 - 30 years: as good as not said

"""Hands one mail to an SMTP server (RFC 5321), and knows at each step whether it was taken."""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bridgehead.connectors.mail_message import Message
from bridgehead.errors import Failed
from bridgehead.resilience.taxonomy import UNKNOWN, find, of_status
from bridgehead.resilience.taxonomy.row import Row
from bridgehead.resilience.taxonomy.signs import broken, causes

_OK: Final = 250
_ENHANCED: Final = re.compile(r"^[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in. ``starttls`` False without ``tls`` is plain, for loopback alone."""

    host: str
    port: int
    tls: bool
    starttls: bool
    context: ssl.SSLContext
    connect_s: float
    timeout_s: float


class Smtp:
    """One connection, logged in."""

    def __init__(self, client: smtplib.SMTP, where: str) -> None:
        self._client = client
        self._where = where

    @classmethod
    @contextmanager
    def open(cls, server: Server, *, user: str, secret: str, xoauth2: bool) -> Iterator[Smtp]:
        """Gives a connection, logged in for a user that the server lets log in. Raises Failed, ``applied=False``."""
        where = f"{server.host}:{server.port}"
        client: smtplib.SMTP | None = None
        try:
            with _told(where):
                made: smtplib.SMTP = (
                    smtplib.SMTP_SSL(local_hostname="localhost", timeout=server.connect_s, context=server.context)
                    if server.tls
                    else smtplib.SMTP(local_hostname="localhost", timeout=server.connect_s)
                )
                client = made
                client._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001  # what TLS names; connect() does not set it
                code, text = client.connect(server.host, server.port)
                if code != 220:  # noqa: PLR2004  # RFC 5321 4.2.2: ready
                    raise _refused(where, code, text)
                if client.sock is not None:
                    client.sock.settimeout(server.timeout_s)
                client.ehlo_or_helo_if_needed()
                if server.starttls:
                    code, text = client.starttls(context=server.context)
                    if code != 220:  # noqa: PLR2004  # RFC 3207 4: ready
                        raise _refused(where, code, text)
                    client.ehlo()
                if user and client.has_extn("auth"):
                    _log_in(client, user, secret, xoauth2=xoauth2)
            yield cls(client, where)
        finally:
            if client is not None:
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    client.close()

    def send(self, message: Message) -> None:
        """Hands a mail in for all of its recipients or for none.

        Raises Failed: ``applied`` is False when the server refused, None when the connection was lost
        once the content was on its way.
        """
        client = self._client
        with _told(self._where):
            code, text = client.mail(message.sender)
            if code != _OK:
                raise _refused(self._where, code, text)
            for recipient in message.recipients:
                code, text = client.rcpt(recipient)
                if code not in {_OK, 251}:
                    client.rset()
                    raise _refused(self._where, code, text)
            code, text = client.docmd("DATA")
            if code != 354:  # noqa: PLR2004  # RFC 5321 4.2.2: start mail input
                raise _refused(self._where, code, text)
        try:
            # Lines that begin with a dot are doubled (RFC 5321 4.5.2).
            body = message.content.replace(b"\r\n.", b"\r\n..")
            client.send(body if body.endswith(b"\r\n") else body + b"\r\n")
            client.send(b".\r\n")
            code, text = client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            if _is_late(error):
                raise Failed(f"{self._where} did not say whether it took the mail", error_class="timeout") from error
            raise Failed(
                f"{self._where}: the connection broke before it said whether it took the mail", error_class="transient"
            ) from error
        if code != _OK:
            raise _refused(self._where, code, text)

    def noop(self) -> None:
        """Returns when the server answers; raises Failed."""
        with _told(self._where):
            self._client.noop()


def _log_in(client: smtplib.SMTP, user: str, secret: str, *, xoauth2: bool) -> None:
    if not xoauth2:
        # PLAIN takes any UTF-8 (RFC 4616), which the library's own way does not.
        first = base64.b64encode(f"\0{user}\0{secret}".encode()).decode("ascii")
        code, text = client.docmd("AUTH", f"PLAIN {first}")
    else:
        first = base64.b64encode(f"user={user}\1auth=Bearer {secret}\1\1".encode()).decode("ascii")
        code, text = client.docmd("AUTH", f"XOAUTH2 {first}")
        if code == 334:  # noqa: PLR2004  # it says why, and waits for an empty answer
            code, text = client.docmd("")
    if code != 235:  # noqa: PLR2004  # RFC 4954 4: authentication succeeded
        raise smtplib.SMTPAuthenticationError(code, text)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turns what happens before a mail's content is on its way into Failed: nothing was sent."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        said = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        row = _row(error.smtp_code, _line(said), hundreds=False)
        raise Failed(
            f"{where} does not let us in ({error.smtp_code})",
            error_class="auth_expired" if row is None else row.error_class, applied=False,
        ) from error  # fmt: skip
    except ssl.SSLError as error:
        found = broken(error)
        why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else found.why
        trusted = "Name the authority that signed its certificate under connection.tls.ca."
        raise Failed(
            f"{where}: no TLS connection: {why}", error_class=found.error_class, applied=False,
            hint=trusted if found.error_class == "dependency_down" else "",
        ) from error  # fmt: skip
    except TimeoutError as error:
        raise Failed(f"{where} did not answer in time", error_class="timeout", applied=False) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Failed(
            f"{where} offers no STARTTLS", error_class="forbidden", applied=False, hint="Use smtps://HOST if it has it."
        ) from error
    except smtplib.SMTPException as error:
        if _is_late(error):
            raise Failed(f"{where} did not answer in time", error_class="timeout", applied=False) from error
        raise Failed(
            f"{where} is not reached: {type(error).__name__}", error_class="dependency_down", applied=False
        ) from error
    except OSError as error:
        found = broken(error)
        raise Failed(
            f"{where} is not reached: {found.why} ({type(error).__name__})", error_class=found.error_class,
            applied=False,
        ) from error  # fmt: skip


def _is_late(error: BaseException) -> bool:
    """Tells a silence from a lost connection: the library says of both that the server disconnected."""
    return any(isinstance(cause, TimeoutError) for cause in causes(error))


def _refused(where: str, code: int, text: bytes) -> Failed:
    said = _line(text)
    row = _row(code, said)
    return Failed(
        f"{where} refused the mail: {code} {said}",
        error_class=UNKNOWN["smtp"] if row is None else row.error_class,
        applied=None if row is None else row.applied,
    )


def _line(text: bytes) -> str:
    return " ".join(text.decode("ascii", "replace").split())[:150]


def _row(code: int, said: str, *, hundreds: bool = True) -> Row | None:
    """Returns what a reply means: by its enhanced code where that is of the same hundred, else by its number."""
    exact = _ENHANCED.match(said)
    row = find("smtp", "code", exact[0]) if exact is not None and said[0] == str(code)[:1] else None
    return row or (of_status("smtp", code) if hundreds else find("smtp", "status", str(code)))

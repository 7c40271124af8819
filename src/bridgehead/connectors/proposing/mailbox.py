"""Asks an IMAP server what it can (RFC 3501 CAPABILITY) and proposes the specification of a mailbox. Nobody logs in."""

from __future__ import annotations

import imaplib
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from bridgehead.connectors.proposing.draft import Ask, Draft, Noted, nobody, one_line
from bridgehead.errors import UserError

_PORTS: Final = {"imaps": 993, "imap": 143}
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server's address, the user that was named, and what the server can, in capitals."""

    scheme: str
    host: str
    port: int
    user: str
    can: frozenset[str]


def ask_server(url: str) -> Server:
    """Returns what the server at ``imaps://HOST`` or ``imap://HOST:PORT`` says that it can.

    A password in the URL is not used. Raises UserError ``connector.url``, and ``connector.mailbox``
    when the server does not answer or its certificate is not trusted.
    """
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in _PORTS or not parts.hostname or port == -1:
        raise UserError(
            "this is no mailbox's address", code="connector.url", hint="Write it as imaps://HOST or imap://HOST:PORT."
        )
    host, number = parts.hostname, port or _PORTS[parts.scheme]
    try:
        context = ssl.create_default_context()
        client: imaplib.IMAP4 = (
            imaplib.IMAP4_SSL(host, number, ssl_context=context, timeout=_SECONDS)
            if parts.scheme == "imaps"
            else imaplib.IMAP4(host, number, timeout=_SECONDS)
        )
        try:
            if parts.scheme == "imap" and host not in _LOCAL:
                client.starttls(context)
            can = frozenset(str(one).upper() for one in client.capabilities)
        finally:
            client.shutdown()
    except (OSError, imaplib.IMAP4.error, socket.gaierror) as error:
        trusted = isinstance(error, ssl.SSLCertVerificationError)
        raise UserError(
            f"{host}:{number}: {'its certificate is not trusted' if trusted else one_line(error, 120)}",
            code="connector.mailbox",
            hint="For a certificate of your own set SSL_CERT_FILE." if trusted else "Check host and port.",
        ) from None
    return Server(parts.scheme, host, number, unquote(parts.username or ""), can)


def propose_mailbox(name: str, server: Server, *, ask: Ask = nobody) -> Draft:
    """Returns the draft of a mail connector whose mailbox is an intake."""
    draft = Draft(name, {}, ask)
    port = "" if server.port == _PORTS[server.scheme] else f":{server.port}"
    host = f"[{server.host}]" if ":" in server.host else server.host
    draft.tree |= {"connector": name, "kind": "mail"}
    connection: dict[str, object] = {"url": f"{server.scheme}://{host}{port}"}
    draft.open_questions += 1
    connection["timeout"] = Noted(
        "30s", ("ASK: where is mail sent, if any is? Then smtp: smtps://HOST or smtp://HOST:PORT here.",)
    )
    draft.tree["connection"] = connection
    draft.tree["auth"] = _auth(draft, server)
    draft.tree["intake"] = {"mail": _intake(draft, server)}
    return draft


def _auth(draft: Draft, server: Server) -> object:
    user: object = server.user or draft.variable("user", "the mailbox's user")
    tokens = "AUTH=XOAUTH2" in server.can or "AUTH=OAUTHBEARER" in server.can
    passwords = "LOGINDISABLED" not in server.can
    way, notes = "password", tuple[str, ...]()
    if tokens and passwords:
        way, notes = draft.question("How do we log in?", ("password", "token"), "password")
    elif tokens:
        way, notes = "token", (draft.guess("the server takes tokens alone"),)
    if way == "password":
        basic = {"user": user, "password": draft.variable("password", "the mailbox's password")}
        return Noted({"basic": basic}, notes)
    return Noted(
        {
            "oauth2": {
                "token_url": draft.variable("token_url", "where tokens are given"),
                "client_id": draft.variable("client_id", "by which name the issuer knows us"),
                "client_secret": draft.variable("secret", "the client's secret"),
                "user": user,
            }
        },
        notes,
    )


def _intake(draft: Draft, server: Server) -> dict[str, object]:
    ways = ("moved", "flagged")
    way, notes = draft.question("What becomes of a mail at the server once it is stored?", ways, "moved")
    after: dict[str, object] = {"move_to": "Stored"} if way == "moved" else {"flag": "$Stored"}
    name = next(iter(after))
    after[name] = Noted(after[name], notes)
    folder, refused = draft.question("Which folder takes mails that cannot be read?", (), "Refused")
    # Many servers say IDLE and MOVE only after the login: that one is not named here tells nothing.
    said = (draft.guess("the server says IDLE (RFC 2177); this is for when it is silent"),)
    return {**after, "refused": Noted(folder, refused), "every": Noted("60s", said if "IDLE" in server.can else ())}

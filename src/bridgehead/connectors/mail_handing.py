"""Hands in mails that no connector sends, over the same connection and with the same failures as one."""

from __future__ import annotations

import ssl
from typing import Final

from bridgehead.connectors.mail_message import Message
from bridgehead.connectors.mail_smtp import Server, Smtp

_CONNECT_S: Final = 5.0


def hand_in(
    host: str,
    port: int,
    *,
    tls: bool,
    starttls: bool,
    user: str,
    password: str,
    sender: str,
    recipient: str,
    content: bytes,
    timeout_s: float,
) -> None:
    """Hands one mail in, logged in where there is a user; blocks. Raises Failed.

    The server's certificate is held to the authorities of this machine (``SSL_CERT_FILE`` names others).
    """
    context = ssl.create_default_context()
    server = Server(host, port, tls, starttls, context, min(_CONNECT_S, timeout_s), timeout_s)
    with Smtp.open(server, user=user, secret=password, xoauth2=False) as client:
        client.send(Message("", sender, (recipient,), content))

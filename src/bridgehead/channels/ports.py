"""What the composition root gives to every channel: secrets by their references, and a way to hand in a mail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Reveal = Callable[[str], str]
"""Returns what a reference (``env:NAME``, ``file:PATH``, …) stands for, read anew each time; other texts as they are.

Raises UserError for a reference that leads nowhere.
"""


async def revealed(reveal: Reveal, text: str) -> str:
    """Returns what ``reveal`` does, without holding up others: a store of secrets may be a server that is slow."""
    return await asyncio.to_thread(reveal, text)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in: TLS from the start, STARTTLS, or plain, which is for this machine alone."""

    host: str
    port: int
    tls: bool
    starttls: bool
    user: str
    timeout_s: float


class MailPost(Protocol):
    """Hands mails in."""

    def __call__(self, server: MailServer, password: str, sender: str, recipient: str, content: bytes) -> None:
        """Hands one mail in, with CRLF line ends; blocks. Raises Failed."""
        ...

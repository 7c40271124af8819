"""A server beside a worker: it leaves signals alone, and a stranger who sends nothing holds no place for long."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from contextlib import nullcontext
from ipaddress import ip_address
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 10.0
"""So long a connection may wait for the head of its next message: a stranger holds no place for longer."""


STALL_S: Final = 30.0
"""So long a client may take nothing of what is sent to it."""


class InTime(H11Protocol):
    """HTTP/1.1 that waits for the head of a message no longer than ``HEAD_S``, and for a reader than ``STALL_S``."""

    _waiting: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        """Begins to wait."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Begins to wait for the next message."""
        self._wait()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        for timer in (self._waiting, self._stalled):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begins to wait for a client that does not read; what is piled up for it is then thrown away."""
        self._stalled = self.loop.call_later(STALL_S, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Waits no longer for a client that reads."""
        if self._stalled is not None:
            self._stalled.cancel()
        super().resume_writing()

    def _wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(HEAD_S, self._over)

    def _over(self) -> None:
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # None until the first head
            self.transport.close()


class BesideWorker(uvicorn.Server):
    """A server beside a worker, which sees to signals itself."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]  # a generator there
        """Leaves the signals alone."""
        return nullcontext()


class PortTaken(OSError):
    """Another program listens there, or the system refuses the address; ``taken`` tells which."""

    def __init__(self, why: str, *, taken: bool) -> None:
        super().__init__(why)
        self.why = why
        self.taken = taken


def listen(host: str, port: int, *, backlog: int, shared: bool = False) -> socket.socket:
    """Returns a socket that listens; 0 takes a free port. ``shared``: several processes may have the same one.

    Raises PortTaken.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared and hasattr(socket, "SO_REUSEPORT") and port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
        listening.listen(backlog)
    except (OSError, OverflowError) as error:
        listening.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise PortTaken(why, taken=taken) from error
    return listening


def is_loopback(host: str) -> bool:
    """Tells whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

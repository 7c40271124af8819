"""Reads signs off exceptions without knowing the libraries that raise them: by names, numbers and causes."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from bridgehead.errors import ErrorClass
from bridgehead.resilience.taxonomy import UNKNOWN, find, first
from bridgehead.resilience.taxonomy.row import Origin, Row

_LONGEST: Final = 20
"""Causes that are looked at; a chain of them may lead back to itself."""
_NAMES: Final = {
    number: name for name in ("EAI_AGAIN", "EAI_NONAME", "EAI_NODATA", "EAI_FAIL")
    if (number := getattr(socket, name, None)) is not None
}  # fmt: skip

_LOST: Final = Row("connection", "exception", "", UNKNOWN["connection"], None, "the connection broke", "")


@dataclass(frozen=True, slots=True)
class Broken:
    """What an error of a connection means, and why in words; ``tls`` is its cause where TLS is."""

    error_class: ErrorClass
    applied: Literal[False] | None
    why: str
    tls: ssl.SSLError | None = None


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an exception and what it was raised from, into groups as well; at most twenty."""
    todo, seen = [error], 0
    while todo and seen < _LONGEST:
        here = todo.pop()
        seen += 1
        yield here
        following = here.__cause__ or here.__context__  # a library that hides the context has one all the same
        if following is not None:
            todo.append(following)
        if isinstance(here, BaseExceptionGroup):
            todo.extend(reversed(here.exceptions))


def names(error: BaseException) -> list[str]:
    """Returns the names of an exception's classes, its own first."""
    return [kind.__name__ for kind in type(error).__mro__]


def os_name(error: OSError) -> str:
    """Returns the name of an error number, of a look-up of names too; empty where it has none."""
    if isinstance(error, socket.gaierror):
        return _NAMES.get(error.errno or 0, "EAI_NONAME")
    if isinstance(error, ssl.SSLError):
        return ""
    name = errno.errorcode.get(error.errno or 0, "")
    return "EDEADLK" if name == "EDEADLOCK" else name  # two names of one number


def broken(error: BaseException) -> Broken:
    """Returns what an error of a connection means.

    The class is told by the most exact sign among its causes (a TLS alert, an error number); whether a write may
    have happened by the outermost exception alone, which knows how far the request had come.
    """
    outer = first("connection", "exception", names(error))
    if outer is None and isinstance(error, OSError):
        outer = find("connection", "errno", os_name(error))
    if outer is None:
        outer = _LOST
    for cause in causes(error):
        found = _of_cause(cause)
        if found is None:
            continue
        tls = cause if isinstance(cause, ssl.SSLError) else None
        # A handshake that is broken off gave no connection: what was ended there is not worth another try at once.
        known = outer if tls is not None and outer.applied is False and found.error_class == "transient" else found
        why = outer.why if found.why == outer.why else f"{outer.why}: {found.why}"
        return Broken(known.error_class, outer.applied, why, tls)
    return Broken(outer.error_class, outer.applied, outer.why)


def _of_cause(cause: BaseException) -> Row | None:
    if isinstance(cause, ssl.SSLError):
        alert = find("connection", "code", getattr(cause, "reason", None) or "")
        return alert or first("connection", "exception", names(cause))
    if isinstance(cause, OSError):
        return find("connection", "errno", os_name(cause))
    return None


def by_name(origin: Origin, error: BaseException) -> Row | None:
    """Returns what an exception means to an origin by the names of its classes."""
    return first(origin, "exception", names(error))

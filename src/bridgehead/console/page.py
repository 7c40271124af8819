"""A page of the console: where it is, who may see it, and how much may be sent to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from bridgehead.auth.actor import Right

if TYPE_CHECKING:
    from bridgehead.console.here import Here

BODY_BYTES: Final = 2**20
"""So much may be sent to a page that declares no more."""

Endpoint = Callable[[Request, "Here"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page or one action of the console.

    ``right`` is what the signed-in person needs: without a session the router answers with the way to
    the sign-in page, without the right with a page that says who has it. None is for pages that come
    before a session (sign-in, a link from a mail). ``methods`` beyond GET are acts: they need the
    session's token in the form and come from this origin. ``outside`` is for what other systems post:
    it has no session and no form's token, and the endpoint checks a signature itself; only with ``right``
    None. ``body`` is the largest body in bytes, ``name`` what ``Here.url`` finds the page by.
    """

    path: str
    endpoint: Endpoint
    right: Right | None
    methods: tuple[str, ...] = ("GET",)
    name: str = ""
    body: int = BODY_BYTES
    outside: bool = False

    def __post_init__(self) -> None:
        if self.outside and self.right is not None:
            raise ValueError(f"{self.path}: what comes from outside has no session and so no right")
        if not self.path.startswith("/"):
            raise ValueError(f"{self.path}: a path begins with a slash")

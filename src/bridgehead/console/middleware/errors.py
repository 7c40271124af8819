"""Whatever goes wrong becomes a page that says what to do next: no trace, no secret, nothing of the machine.

What comes for ``/api`` gets the same as problem details (RFC 9457).
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridgehead.console.middleware.limits import TooLarge, TooSlow
from bridgehead.errors import BridgeheadError, Refused, Unavailable, UserError
from bridgehead.ids import random_hex

log = logging.getLogger("bridgehead.console")

API: Final = "/api/"
_NOT_THERE: Final = frozenset({"case.unknown", "review.unknown", "effect.unknown", "arrival.unknown", "page.unknown"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is told about a request that came to nothing. ``code`` is the error's, empty for HTTP's own."""

    status: int
    title: str
    detail: str
    hint: str = ""
    code: str = ""
    number: str = ""
    """What the log calls a mistake of ours by."""


def problem_of(error: Exception) -> Problem:
    """Returns what a person may read about an error."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, Refused):
        return Problem(403, "This is refused", error.message, error.hint, error.code)
    if isinstance(error, UserError):
        status = 404 if error.code in _NOT_THERE else 400
        return Problem(status, "There is no such thing" if status == 404 else "This does not work", error.message,  # noqa: PLR2004  # HTTP's number
                       error.hint, error.code)  # fmt: skip
    if isinstance(error, Unavailable):
        return Problem(
            503, "The database does not answer", "Nothing was changed.",
            "This page works again as soon as the database does; 'bridgehead doctor' says more.", error.code,
        )  # fmt: skip
    if isinstance(error, BridgeheadError):
        return Problem(409, "This could not be done", error.message, error.hint, error.code)
    number = random_hex(4)
    # The class alone: an error's text may hold what a document says.
    log.error(
        "console: a mistake of ours (%s): %s at %s",
        number,
        type(error).__name__,
        _where(error),
        exc_info=_traced(error),
    )
    return Problem(
        500, "A mistake of ours", "This page could not be made; nothing tells that anything was changed.",
        f"The log has it under {number}.", "", number,
    )  # fmt: skip


def _of_http(error: HTTPException) -> Problem:
    said = {
        404: ("There is no such page", "The address may have been cut, or what it names is not here."),
        503: ("This cannot be shown now", "Others are being served; look again in a few seconds."),
        405: ("This page takes no such request", "Open the page and use its buttons."),
    }
    title, detail = said.get(error.status_code, (HTTPStatus(error.status_code).phrase, "The request cannot be taken."))
    return Problem(error.status_code, title, detail)


def _where(error: Exception) -> str:
    """Returns the file, the line and the function in which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "no line"


def _traced(error: Exception) -> bool:
    return log.isEnabledFor(logging.DEBUG) and error.__traceback__ is not None


Maker = Callable[[Request, Problem], Response]


class ErrorLayer:
    """Turns what an endpoint raises into an answer; ``page`` makes the page of a problem."""

    def __init__(self, app: ASGIApp, page: Maker) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except (TooLarge, TooSlow):
            raise
        except (ClientDisconnect, OSError) as error:
            if not isinstance(error, ClientDisconnect) and not isinstance(error, ConnectionError):
                await self._answer(error, scope, receive, send, begun=begun)
        except Exception as error:  # noqa: BLE001  # the boundary to HTTP
            await self._answer(error, scope, receive, send, begun=begun)

    async def _answer(self, error: Exception, scope: Scope, receive: Receive, send: Send, *, begun: bool) -> None:
        problem = problem_of(error)
        if begun:
            return
        request = Request(scope, receive)
        try:
            answer = as_json(problem) if str(scope["path"]).startswith(API) else self._page(request, problem)
        except Exception as worse:  # noqa: BLE001  # the page of an error must not raise the next one
            log.error("console: the page of a problem could not be made: %s", type(worse).__name__)  # noqa: TRY400  # no text of it
            answer = PlainTextResponse(f"{problem.title}\n{problem.detail}\n", problem.status)
        if isinstance(error, HTTPException) and error.headers:
            answer.headers.update(error.headers)
        await answer(scope, receive, send)


def as_json(problem: Problem) -> Response:
    """Returns problem details."""
    said: dict[str, object] = {"title": problem.title, "status": problem.status, "detail": problem.detail}
    extra = {"code": problem.code, "hint": problem.hint}
    return JSONResponse(
        said | {name: value for name, value in extra.items() if value},
        status_code=problem.status,
        media_type="application/problem+json",
    )

"""How the ERP refuses: problem+json (RFC 9457) naming the field, and checked reading of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bridgehead.templates.purchase_orders.erp.wire import Problem

T = TypeVar("T")

MAX_BODY_BYTES: Final = 1_000_000
_JSON: Final = "application/json"

_TITLES: Final[Mapping[int, str]] = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Body too large",
    415: "Not JSON",
    422: "Invalid content",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available",
}
_PROBLEM: Final = TypeAdapter(Problem)


class RequestError(Exception):
    """Ends a request with a problem document; nothing was booked or changed."""

    def __init__(
        self, status: int, detail: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.headers = headers
        self.problem = Problem(title=_TITLES[status], status=status, detail=detail, field=field)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Returns the problem as an answer with its media type."""
    body = _PROBLEM.dump_json(problem, exclude_none=True)
    return Response(body, problem.status, headers=headers, media_type="application/problem+json")


def on_request_error(_request: Request, error: Exception) -> Response:
    """Answers a RequestError."""
    if not isinstance(error, RequestError):
        raise error
    return problem_response(error.problem, error.headers)


def on_http_error(_request: Request, error: Exception) -> Response:
    """Answers what the router itself refuses: unknown paths and methods."""
    if not isinstance(error, HTTPException):
        raise error
    title = _TITLES.get(error.status_code, "Error")
    return problem_response(Problem(title=title, status=error.status_code, detail=error.detail))


def path_of(location: tuple[int | str, ...]) -> str:
    """Returns ``lines[0].quantity`` for the location pydantic gives of an error."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


async def read_body(request: Request, adapter: TypeAdapter[T], *, kinds: tuple[str, ...] = (_JSON,)) -> T:
    """Returns the checked body; raises RequestError 400, 413, 415 or 422 naming the first wrong field."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise RequestError(415, f"the body must be {' or '.join(kinds)}, not {kind or 'without a type'}")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise RequestError(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    except ClientDisconnect as error:
        raise RequestError(400, "the body ended too early") from error
    try:
        return adapter.validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise RequestError(400, first["msg"]) from error
        field = path_of(first["loc"])
        raise RequestError(422, f"{field or 'the body'}: {first['msg']}", field=field or None) from error


def read_query(request: Request, allowed: tuple[str, ...]) -> dict[str, str]:
    """Returns the query parameters; raises RequestError 400 for one that is unknown, repeated or empty.

    An empty one is refused because a search for nothing would otherwise be a list of everything.
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            raise RequestError(400, f"unknown query parameter {name!r}; known: {', '.join(allowed)}", field=name)
        if name in found:
            raise RequestError(400, f"query parameter {name!r} is given twice", field=name)
        if not value.strip():
            raise RequestError(400, f"query parameter {name!r} is empty", field=name)
        found[name] = value.strip()
    return found

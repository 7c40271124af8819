"""The API over its declared routes: a token opens each, its right is asked for, and only what is declared passes."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as Path

from bridgehead.api import idempotency
from bridgehead.api.declared import JSON_BYTES, PREFIX, Answer, Call, Raw, Route, pattern_of
from bridgehead.api.openapi import document
from bridgehead.api.problems import Told, invalid, plain, told
from bridgehead.api.routes import ROUTES
from bridgehead.auth.actor import Actor
from bridgehead.auth.tokens import actor_of_token
from bridgehead.cases.hiding import SECRETS
from bridgehead.desk.explaining import Teller
from bridgehead.desk.typed_json import parsed
from bridgehead.errors import BridgeheadError, Refused, UserError
from bridgehead.ids import random_hex
from bridgehead.spec.tool import JSON
from bridgehead.storage.api_requests import ApiRequests

if TYPE_CHECKING:
    from bridgehead.app import App

log = logging.getLogger("bridgehead.api")

DOCUMENT_PATH: Final = f"{PREFIX}/openapi.json"
_BEARER: Final = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]{1,400})", re.IGNORECASE)
_TAG: Final = re.compile(r'"([0-9a-f]{0,128})"')
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
"""All that a path of the API answers itself, if only with what it takes."""
_SAFE_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def routes(app: App, declared: Sequence[Route] = ROUTES, *, teller: Teller | None = None) -> list[BaseRoute]:
    """Returns the routes of the API with their full paths, to be served beside others.

    ``teller`` explains cases in sentences; without one, that is not answered.
    """
    by_path: dict[str, dict[str, Route]] = {}
    for one in declared:
        by_path.setdefault(one.path, {})[one.method] = one
    found: list[BaseRoute] = [
        Path(PREFIX + path, _endpoint(app, methods, teller), methods=_METHODS, name=f"api:{path}")
        for path, methods in by_path.items()
    ]
    said = document(declared)

    async def openapi(_request: Request) -> Response:
        return JSONResponse(said, headers=dict(_SAFE_HEADERS))

    found.append(Path(DOCUMENT_PATH, openapi, methods=["GET"], name="api:openapi"))

    async def nothing(_request: Request) -> Response:
        return plain(HTTPStatus.NOT_FOUND, "The API has no such address; see /api/v1/openapi.json.").response()

    found.append(Path("/api/{rest:path}", nothing, methods=_METHODS, name="api:none"))
    return found


def largest(app: App) -> int:
    """Returns how many bytes the API reads at most of one request: a document that is handed in."""
    return max(JSON_BYTES, app.settings.max_document_mb * 2**20)


def _endpoint(app: App, methods: Mapping[str, Route], teller: Teller | None) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            allow = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, "This is asked for otherwise.", {"Allow": allow}).response()
        try:
            raw = await _read(request, app, route)
            answer = await _answered(app, request, route, raw, teller)
        except BridgeheadError as error:
            answer = told(error).response()
        except _Problem as problem:
            answer = problem.told.response()
        except HTTPException as error:
            answer = plain(error.status_code, str(error.detail), error.headers).response()
        answer.headers.update(_SAFE_HEADERS)
        return answer

    return endpoint


class _Problem(Exception):  # what happened
    """Carries a problem out of the request it was found in."""

    def __init__(self, found: Told) -> None:
        super().__init__(found.problem.title)
        self.told = found


async def _read(request: Request, app: App, route: Route) -> bytes:
    """Returns the body of a request, or raises; nothing is read of one that is too large."""
    if route.method == "GET":
        return b""
    limit = largest(app) if route.document else JSON_BYTES
    length = request.headers.get("content-length", "0")
    too_large = plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {limit} bytes are taken.", code="api.too_large")
    if not length.isascii() or not length.isdigit() or int(length) > limit:
        raise _Problem(too_large)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _Problem(too_large)
        parts.append(part)
    return b"".join(parts)


async def _answered(app: App, request: Request, route: Route, raw: bytes, teller: Teller | None) -> Response:
    actor = await _actor(app, request)
    actor.need(route.right)
    call = _call(app, actor, request, route, raw)
    call = call if teller is None else replace(call, teller=teller)

    async def run() -> Response:
        return await _run(route, call)

    key = request.headers.get(idempotency.HEADER)
    if key is None or route.method != "POST":
        return await run()
    sent = idempotency.Sent(
        actor.person,
        idempotency.checked(key),
        route.method,
        request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        raw,
        request.headers.get("content-type", ""),
        request.headers.get("if-match", ""),
    )
    return await idempotency.once(ApiRequests(app.database, app.vault), app.vault, sent, run, secret=route.secret)


async def _actor(app: App, request: Request) -> Actor:
    given = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if given is None:
        raise Refused(
            "the API takes a token", code="api.token", hint="Send Authorization: Bearer bh_…; the console makes one."
        )
    return await actor_of_token(app, given[1])


def _call(app: App, actor: Actor, request: Request, route: Route, raw: bytes) -> Call:
    """Returns the request as its route takes it; raises what is told where it does not fit."""
    path = {name: str(value) for name, value in request.path_params.items()}
    for name, value in path.items():
        if re.fullmatch(pattern_of(name)[1:-1], value) is None:
            raise _Problem(plain(HTTPStatus.NOT_FOUND, f"There is no {name} of that name.", code="input.id"))
    asked: BaseModel | None = None
    pairs = request.query_params.multi_items()
    if route.query is not None:
        values: dict[str, object] = {}
        for name, text in pairs:
            if name in values:
                raise UserError(f"{name} is said twice", code="input.twice", hint="Say it once.")
            values[name] = text
        asked = _fitting("query", route.query, values)
    elif pairs:
        raise UserError(f"{pairs[0][0][:100]!r} is no parameter of this", code="api.parameter", hint="It takes none.")
    return Call(app, actor, path, asked, _sent(request, route, raw), raw, match=_match(request, route))


def _sent(request: Request, route: Route, raw: bytes) -> BaseModel | None:
    if route.body is None:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _Problem(plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.", code="api.media"))
    try:
        # By json itself: it alone says what is no JSON and what is JSON of the wrong shape.
        value = parsed(raw.decode("utf-8"))
    except ValueError:
        raise UserError("the body is no JSON", code="api.body", hint="Send one JSON object in UTF-8.") from None
    return _fitting("body", route.body, value)


def _fitting(place: str, model: type[BaseModel], value: object) -> BaseModel:
    try:
        found = model.model_validate(value)
    except ValidationError as error:
        raise _Problem(invalid(place, error)) from None
    _no_nul(place, value)
    return found


def _no_nul(place: str, value: object) -> None:
    """Raises what is told of a NUL or a half of a character, which no text of PostgreSQL holds."""
    if isinstance(value, str) and any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value):
        raise UserError(f"{place} holds a character that no text holds", code="api.text", hint="Take it out.")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _no_nul(place, name)
            _no_nul(f"{place}.{name}", inner)
    elif isinstance(value, list):
        for inner in value:
            _no_nul(place, inner)


def _match(request: Request, route: Route) -> str | None:
    given = request.headers.get("if-match")
    if not route.guarded or given is None:
        return None
    found = _TAG.fullmatch(given.strip())
    if found is None:
        raise UserError(
            "If-Match names no ETag of ours", code="api.key", hint="Send the ETag as it came, with its quotes."
        )
    return found[1]


async def _run(route: Route, call: Call) -> Response:
    """Returns the endpoint's answer; what it raises on purpose is an answer too, and is kept as one."""
    try:
        found = await route.endpoint(call)
    except BridgeheadError as error:
        return told(error).response()
    except Exception as error:  # the boundary to HTTP
        number = random_hex(4)
        # The class alone: an error's text may hold what a document says.
        log.error(  # noqa: TRY400  # no text of it
            "api: a mistake of ours (%s): %s", number, type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG)
        )
        return plain(HTTPStatus.INTERNAL_SERVER_ERROR, f"A mistake of ours; the log has it under {number}.").response()
    if isinstance(found, Raw):
        return Response(
            found.content,
            headers={
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
            media_type="application/octet-stream",
        )
    answer = found if isinstance(found, Answer) else Answer(found)
    body = cast("JSON", answer.body.model_dump(mode="json"))
    value = body if route.secret else SECRETS.without(body)
    response = Response(
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode(),
        answer.status or route.status,
        media_type="application/json",
    )
    if answer.etag is not None:
        response.headers["ETag"] = f'"{answer.etag}"'
    return response

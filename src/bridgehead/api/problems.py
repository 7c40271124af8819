"""What goes wrong is told as problem details (RFC 9457), with the same stable codes as everywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from bridgehead.errors import BridgeheadError, Refused, Unavailable, UserError

MEDIA: Final = "application/problem+json"
URN: Final = "urn:bridgehead:error:"

CONFLICTS: Final = frozenset(
    {
        "api.running",
        "api.secret",
        "control.none",
        "review.again",
        "review.claimed",
        "review.claims",
        "review.decided",
        "undo.changed",
        "undo.nothing",
        "undo.open",
        "undo.taken",
        "user.taken",
    }
)
"""What another request, or another person, has made impossible by now."""
STATUS: Final[Mapping[str, int]] = {
    "api.body": 400,
    "api.changed": 412,
    "api.key": 400,
    "api.match": 428,
    "api.media": 415,
    "api.too_large": 413,
    "api.token": 401,
    "auth.unknown": 401,
    "document.too_large": 413,
    "ledger.wrong_key": 503,
    "review.changed": 412,
}
"""The status of codes whose branch of errors does not say it."""
_RETRY_S: Final = 5


class Wrong(BaseModel):
    """One part of a request that is not as the document says."""

    field: str = Field(description="Where it stands: body.reason, query.limit.")
    message: str


class Problem(BaseModel):
    """Why a request came to nothing (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="urn:bridgehead:error: and the code; about:blank where HTTP itself says it.")
    title: str
    status: int
    detail: str
    code: str | None = Field(default=None, description="Stable across versions; see the reference of errors.")
    hint: str | None = Field(default=None, description="What to do next.")
    errors: list[Wrong] | None = Field(default=None, description="The parts of the request that are wrong.")


@dataclass(frozen=True, slots=True)
class Told:
    """A problem on its way out."""

    problem: Problem
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Returns it as an answer."""
        text = self.problem.model_dump_json(exclude_none=True)
        return Response(text, self.problem.status, dict(self.headers), MEDIA)


def told(error: BridgeheadError) -> Told:
    """Returns what is told of an error of ours."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="bridgehead", error="invalid_token"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE or error.code == "api.running":
        headers["Retry-After"] = str(_RETRY_S if status == HTTPStatus.SERVICE_UNAVAILABLE else 1)
    attributes = {name: value for name, value in error.attributes.items() if value not in (None, "")}
    known = Problem.model_fields.keys()
    return Told(
        Problem(
            type=URN + error.code,
            title=HTTPStatus(status).phrase,
            status=status,
            detail=error.message,
            code=error.code,
            hint=error.hint or None,
            **{name: value for name, value in attributes.items() if name not in known},  # type: ignore[arg-type]  # members of its own
        ),
        headers,
    )


def plain(status: int, detail: str, headers: Mapping[str, str] | None = None, *, code: str | None = None) -> Told:
    """Returns a problem that HTTP's own words tell."""
    problem = Problem(
        type="about:blank" if code is None else URN + code,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
    )
    return Told(problem, dict(headers or {}))


def invalid(place: str, error: ValidationError) -> Told:
    """Returns what is told of a request that does not fit the document; values are not repeated."""
    wrong: Sequence[Wrong] = [
        Wrong(field=".".join((place, *map(str, one["loc"]))), message=one["msg"])
        for one in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    ]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Told(
        Problem(
            type=f"{URN}api.invalid",
            title=status.phrase,
            status=status,
            detail=f"{wrong[0].field}: {wrong[0].message}" if wrong else "The request is not as the document says.",
            code="api.invalid",
            errors=list(wrong),
        )
    )


def status_of(error: BridgeheadError) -> int:
    """Returns the status of an error: by its code where that says it, else by its branch."""
    code = error.code
    if code in STATUS:
        return STATUS[code]
    if code in CONFLICTS:
        return HTTPStatus.CONFLICT
    if isinstance(error, Unavailable):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, Refused):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, UserError):
        unknown = code.endswith(".unknown") or code == "input.deployment"
        return HTTPStatus.NOT_FOUND if unknown else HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.CONFLICT

"""What a route says of itself: the right it takes, what it is asked with and what it answers.

The router, the OpenAPI document and the tests read the same declarations, so that none of them can be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bridgehead.auth.actor import Actor, Right
from bridgehead.desk.explaining import Account, Teller
from bridgehead.errors import Unavailable

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.storage.queries_case_view import CaseView

M = TypeVar("M", bound=BaseModel)

PREFIX: Final = "/api/v1"
JSON_BYTES: Final = 2**20
"""The largest JSON body that is read."""

NUMBERED: Final[Mapping[str, str]] = {"case": "C", "review": "R", "effect": "E", "arrival": "A", "undo": "U"}
"""Parameters of paths that are numbers of ours, and their letters."""
PLAIN: Final = frozenset({"token", "delegation"})
"""Parameters of paths that are bare numbers."""
_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")
NAME_PATTERN: Final = r"^[^/\x00-\x1f]{1,200}$"


class In(BaseModel):
    """What a request holds: nothing but what is declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Out(BaseModel):
    """What an answer holds, taken from a value of the desk by its fields' names."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


Cursor: TypeAlias = Annotated[
    str | None,
    Field(default=None, max_length=400, description="`next` of the page before, as it is."),
]
Limit: TypeAlias = Annotated[int, Field(default=50, ge=1, le=200, description="Entries on a page.")]


class Paged(In):
    """Which page of a list."""

    cursor: Cursor = None
    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint returns where a body alone does not say it. ``etag`` is without its quotes."""

    body: BaseModel
    etag: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is no JSON: a document as it came, to be kept and never shown by a browser."""

    content: bytes
    name: str


async def _untold(app: App, asked: str, view: CaseView | None = None, *, whole: bool = True) -> Account:  # noqa: ARG001  # what a Teller takes
    raise Unavailable("this server explains nothing", code="api.untold", hint="'bridgehead explain C-17' does.")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let through: who asks, with what."""

    app: App
    actor: Actor
    path: Mapping[str, str]
    asked: BaseModel | None = None
    sent: BaseModel | None = None
    raw: bytes = b""
    teller: Teller = _untold
    """Tells what happened, in sentences."""
    match: str | None = None
    """What ``If-Match`` names, without its quotes."""

    def number(self, name: str) -> int:
        """Returns the number in the path (C-17 is 17)."""
        return int(self.path[name].rpartition("-")[2])

    def query(self, model: type[M]) -> M:
        """Returns what stands in the address behind the question mark."""
        return _held(self.asked, model)

    def body(self, model: type[M]) -> M:
        """Returns what was sent."""
        return _held(self.sent, model)


def _held(value: BaseModel | None, model: type[M]) -> M:
    if not isinstance(value, model):
        raise TypeError(f"the route declares no {model.__name__}")
    return value


Endpoint: TypeAlias = Callable[[Call], Awaitable[BaseModel | Answer | Raw]]


@dataclass(frozen=True, slots=True)
class Route:
    """One verb: its address, the right it takes, and the models of what goes in and out.

    ``document``: the body is a document as it is, not JSON. ``answer`` None: the answer is a document. ``guarded``:
    ``If-Match`` names what the person was shown. ``secret``: the answer holds something that is shown once, and is
    kept nowhere.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    right: Right
    tag: str
    summary: str
    endpoint: Endpoint
    answer: type[BaseModel] | None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    document: bool = False
    guarded: bool = False
    etag: bool = False
    secret: bool = False
    status: int = 200
    also: tuple[int, ...] = ()
    """Other statuses of the same answer."""
    problems: tuple[int, ...] = field(default=())
    """Statuses besides those that every such route may answer with."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Returns the names of the path's parameters."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def statuses(self) -> tuple[int, ...]:
        """Returns the statuses of problems that it may answer with."""
        found = {400, 401, 403, 422, 503, *self.problems}
        found |= {404} if self.parameters or self.query is not None or self.body is not None else set()
        if self.method == "POST":
            found |= {409, 413}
            found |= {415} if self.body is not None else set()
        if self.guarded:
            found |= {412, 428}
        return tuple(sorted(found))


def pattern_of(name: str) -> str:
    """Returns what a parameter of a path has to match."""
    if name in NUMBERED:
        return rf"^{NUMBERED[name]}-[0-9]{{1,18}}$"
    if name in PLAIN:
        return "^[0-9]{1,18}$"
    return NAME_PATTERN

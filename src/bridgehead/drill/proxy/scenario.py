"""What a fault proxy does to which traffic: rules that are data, in Python or in a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from bridgehead.errors import UserError
from bridgehead.spec.problem import Mistakes, Problem, shown, worded
from bridgehead.spec.tool import parse_duration
from bridgehead.spec.yamlfile import Spot, read_yaml


class ScenarioError(Mistakes):
    """A scenario that cannot be read."""

    code = "drill.scenario"
    what = "scenario"
    remedy = "The fields are in docs/reference/drill-proxy.md."


def _seconds(value: object) -> object:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except UserError as error:
            expected = "a duration such as 0.5s, 20s or 2m"
            raise PydanticCustomError("expected", "{expected}", {"expected": expected}) from error
    return value


Seconds: TypeAlias = Annotated[float, BeforeValidator(_seconds), Field(ge=0, allow_inf_nan=False)]
Share: TypeAlias = Annotated[float, Field(gt=0, le=1)]
FieldName: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Latency(_Part):
    """Passes on after a pause: always ``p50``, or lognormal with this median and 99th percentile."""

    fault: Literal["latency"] = "latency"
    p50: Seconds
    p99: Seconds | None = None


class Stall(_Part):
    """Sends ``after_bytes`` of the answer, then nothing for ``seconds`` (for ever), then the rest."""

    fault: Literal["stall"] = "stall"
    after_bytes: int = Field(default=0, ge=0)
    seconds: Seconds | None = None


class Drip(_Part):
    """Sends the answer ``bytes`` at a time, with a pause of ``every`` after each."""

    fault: Literal["drip"] = "drip"
    bytes: int = Field(default=1, ge=1)
    every: Seconds = 0.1


class Reset(_Part):
    """Resets the connection: ``before`` the request is passed on, or after ``after_bytes`` of the answer."""

    fault: Literal["reset"] = "reset"
    before: bool = True
    after_bytes: int = Field(default=0, ge=0)


class Truncate(_Part):
    """Closes the connection after ``after_bytes`` of the answer, whose head promises more."""

    fault: Literal["truncate"] = "truncate"
    after_bytes: int = Field(default=0, ge=0)


class Answer(_Part):
    """Answers in the system's place; ``applied``: the request was passed on and carried out all the same."""

    fault: Literal["answer"] = "answer"
    status: int = Field(ge=200, le=599)
    retry_after: Annotated[int, Field(ge=0)] | None = None
    body: str = ""
    content_type: str = Field(default="application/json", pattern=r"^[\x20-\x7e]+$")
    applied: bool = False


class LostReply(_Part):
    """Passes the request on, waits for its answer, and closes the connection without a word."""

    fault: Literal["lost_reply"] = "lost_reply"


class Duplicate(_Part):
    """Passes the request on ``times`` times, one after another, and gives back the first answer."""

    fault: Literal["duplicate"] = "duplicate"
    times: int = Field(default=2, ge=2, le=100)


class Stale(_Part):
    """Repeats the answer that the same GET had ``back`` answers ago (1: the last), without asking."""

    fault: Literal["stale"] = "stale"
    back: int = Field(default=1, ge=1, le=100)


class Edit(_Part):
    """Changes a JSON answer: renames fields, turns values into another type, puts values in their place.

    A field is a path of names with dots; every element of a list on the way is meant.
    """

    fault: Literal["edit"] = "edit"
    rename: Mapping[FieldName, FieldName] = {}
    retype: Mapping[FieldName, Literal["string", "number", "boolean", "null", "list"]] = {}
    put: Mapping[FieldName, Any] = {}


class Html(_Part):
    """Answers with a page for people and status 200, as a login wall or a gateway does; not passed on."""

    fault: Literal["html"] = "html"


class CutJson(_Part):
    """Cuts the body to ``share`` of its length, under a head that fits: a whole answer that is half a document."""

    fault: Literal["cut_json"] = "cut_json"
    share: Share = 0.5


Fault: TypeAlias = (
    Latency | Stall | Drip | Reset | Truncate | Answer | LostReply | Duplicate | Stale | Edit | Html | CutJson
)
FAULTS: Final[Mapping[str, type[_Part]]] = {
    str(one.model_fields["fault"].default): one
    for one in (Latency, Stall, Drip, Reset, Truncate, Answer, LostReply, Duplicate, Stale, Edit, Html, CutJson)
}
ON_TCP: Final = frozenset({"latency", "stall", "drip", "reset", "truncate", "lost_reply"})
"""Faults that need to know nothing of what a connection carries."""


class When(_Part):
    """Which requests a rule means: all that are given must hold.

    ``method`` and ``path`` (with ``*``) and ``body`` (a text in it) choose requests; those are counted from 1, and
    of them ``nth``, from ``first`` to ``last``, and a ``share`` drawn by the seed are meant. ``after`` and
    ``lasting`` bound the time since the proxy started, again and again ``every`` so often.
    """

    method: str = ""
    path: str = "*"
    body: str = ""
    nth: tuple[Annotated[int, Field(ge=1)], ...] = ()
    first: int = Field(default=1, ge=1)
    last: Annotated[int, Field(ge=1)] | None = None
    share: Share = 1.0
    after: Seconds = 0.0
    lasting: Seconds | None = None
    every: Seconds | None = None


class Rule(_Part):
    """One fault, and when it strikes. Of several rules that mean the same request the first one counts."""

    do: Annotated[
        Annotated[Latency, Tag("latency")]
        | Annotated[Stall, Tag("stall")]
        | Annotated[Drip, Tag("drip")]
        | Annotated[Reset, Tag("reset")]
        | Annotated[Truncate, Tag("truncate")]
        | Annotated[Answer, Tag("answer")]
        | Annotated[LostReply, Tag("lost_reply")]
        | Annotated[Duplicate, Tag("duplicate")]
        | Annotated[Stale, Tag("stale")]
        | Annotated[Edit, Tag("edit")]
        | Annotated[Html, Tag("html")]
        | Annotated[CutJson, Tag("cut_json")],
        Discriminator("fault"),
    ]
    when: When = When()
    name: str = Field(default="", max_length=100)

    @property
    def title(self) -> str:
        """The rule's name, else that of its fault."""
        return self.name or self.do.fault


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a proxy does, rule by rule; without rules it only passes on."""

    rules: tuple[Rule, ...] = ()


class _Document(_Part):
    rules: tuple[Rule, ...]


def parse_scenario(value: object) -> Scenario:
    """Returns the scenario in a plain value of mappings and lists; raises ScenarioError with every mistake."""
    return _checked(value, "scenario", None)


def load_scenario(file: Path) -> Scenario:
    """Returns the scenario of a YAML file; raises ScenarioError with the line and column of every mistake."""
    top = read_yaml(file, raises=ScenarioError)
    return _checked(top.value, file.name, top)


def _checked(value: object, name: str, top: Spot | None) -> Scenario:
    try:
        document = TypeAdapter(_Document).validate_python(value)
    except ValidationError as error:
        raise ScenarioError([_problem(name, top, one) for one in error.errors(include_url=False)]) from None
    return Scenario(document.rules)


def _problem(name: str, top: Spot | None, detail: ErrorDetails) -> Problem:
    kind = detail["type"]
    # The kind of a fault is a level of pydantic's path, after "do", that the file does not have.
    found = detail["loc"]
    path = tuple(
        part for before, part in zip(("", *found), found, strict=False) if before != "do" or part not in FAULTS
    )
    spot = None if top is None else top.at(path)
    line, column = (0, 0) if spot is None else (spot.line, spot.column)
    field = ".".join(map(str, path))
    if kind == "missing":
        return Problem(name, line, column, field, f"the field {path[-1]}")
    if kind == "extra_forbidden":
        return Problem(name, line, column, field, "no such field")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return Problem(name, line, column, f"{field}.fault", f"one of {', '.join(FAULTS)}")
    return Problem(name, line, column, field, worded(detail), shown(detail["input"]))

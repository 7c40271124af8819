"""What the tools of every framework have in common: a descriptor, one governed way into a body, and what it refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from bridgehead.cases.context import Context
from bridgehead.cases.tools import _KEY, CURRENT, BoundTool, Declaration
from bridgehead.errors import Failed, UserError
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON, Tool

ANYTHING: Final[Mapping[str, object]] = {"type": "object", "additionalProperties": True}
"""The arguments of a tool whose schema is known at run time only."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The call whose body may run: what was decided, and the framework's way into the body."""

    name: str
    args: Mapping[str, object]
    plain: Mapping[str, JSON]
    body: Callable[[dict[str, Any]], Awaitable[object]]


def age_s(context: Context, bound: BoundTool | None, args: Mapping[str, Any]) -> float | None:
    """Returns how long ago a read was made with a model's arguments; None for what is no read of the case."""
    if bound is None or bound.tool.is_effect:
        return None
    try:
        plain = bound.plain(args) if hasattr(bound, "plain") else args
    except (UserError, Failed):  # arguments that no call could be made with
        return None
    return context.read_age_s(bound.tool.name, plain)


UNDER_WAY: ContextVar[UnderWay | None] = ContextVar("bridgehead_adapter_call", default=None)
"""The call that the model asked for, set around each governed call."""


def under_way(name: str) -> UnderWay:
    """Returns the call that the model asked for; raises UserError where the tool was reached in another way."""
    call = UNDER_WAY.get()
    if call is None or call.name != name:
        raise UserError(f"{name} was called outside a run of its agent", code="adapter.outside")
    return call


@contextmanager
def body_runs(key: str | None) -> Iterator[None]:
    """Lets a body run with its effect's key in reach and no governed call inside it."""
    nested = CURRENT.set(_no_nested)
    keyed = None if key is None else _KEY.set(key)
    try:
        yield
    finally:
        if keyed is not None:
            _KEY.reset(keyed)
        CURRENT.reset(nested)


async def _no_nested(bound: BoundTool, _args: Mapping[str, JSON]) -> NoReturn:
    raise UserError(
        f"{bound.tool.name} is governed, and was called from inside another governed tool",
        code="adapter.nested",
        hint="Give the decorated function to the agent as its tool, or take the decorator off.",
    )


def no_body() -> NoReturn:
    """Stands where a function of Bridgehead's own would be: a framework's tool has no other way in than its own."""
    raise UserError("a framework's tool was called without its framework", code="adapter.outside")


def with_defaults(args: dict[str, JSON], parameters: Mapping[str, object]) -> dict[str, JSON]:
    """Returns arguments with the defaults of their JSON Schema filled in; they are changed in place."""
    properties = parameters.get("properties")
    if isinstance(properties, Mapping):
        for name, schema in properties.items():
            if isinstance(schema, Mapping) and "default" in schema:
                args.setdefault(str(name), cast("JSON", schema["default"]))
    return args


def descriptor(declaration: Declaration, name: str, description: str, parameters: Mapping[str, object]) -> Tool:
    """Returns the descriptor of a tool from its declaration and what the framework knows of it.

    Raises UserError when the declaration names an argument that the tool does not have.
    """
    _check_arguments(name, "key", declaration.key or (), parameters)
    _check_arguments(name, "sensitive", declaration.sensitive, parameters)
    return Tool(
        name=name,
        effect_class=declaration.effect_class,
        key=declaration.key,
        idempotent=declaration.idempotent,
        repeatable=declaration.repeatable,
        timeout_s=declaration.timeout_s,
        visible_within_s=declaration.visible_within_s,
        max_age_s=declaration.max_age_s,
        source_time=declaration.source_time,
        sensitive=declaration.sensitive,
        labels=dict(declaration.labels or {}),
        cost=declaration.cost,
        parameters=parameters,
        description=description,
        has_verify=declaration.verify is not None,
        has_undo=declaration.undo is not None,
        has_preview=declaration.preview is not None,
    )


def _check_arguments(tool: str, what: str, named: tuple[str, ...], parameters: Mapping[str, object]) -> None:
    properties = parameters.get("properties")
    if not isinstance(properties, Mapping) or parameters.get("additionalProperties"):
        return
    for path in named:
        head = path.partition(".")[0]
        if head not in properties:
            raise UserError(
                f"{tool} declares {what}={path!r}, and it has no argument {head!r}",
                code="adapter.argument",
                hint=nearest(head, [str(name) for name in properties]),
            )

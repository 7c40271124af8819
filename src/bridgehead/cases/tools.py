"""Tools as users declare them: the decorators, and the callable behind each descriptor."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ParamSpec, TypeVar, cast, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError, create_model

from bridgehead.cases.depth import CHARACTERS, LEVELS, cut, too_deep
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.threads import in_thread
from bridgehead.effects.keys import idempotency_key, undo_key
from bridgehead.errors import Failed, UserError
from bridgehead.money import Money
from bridgehead.spec.tool import JSON, EffectClass, Tool, parse_duration

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., object])

Verify = Callable[..., Awaitable[object]]
Undo = Callable[..., Awaitable[object]]
Preview = Callable[..., Awaitable[object]]
Check = Callable[..., object]
"""``check(*, args, result)``: None or True is right, False or a text is wrong; may be ``async def``."""

_KEY: ContextVar[str] = ContextVar("bridgehead_effect_key")


def effect_key() -> str:
    """Returns the idempotency key of the effect whose tool body is running: 32 hex digits.

    The same in every attempt. Pass it to a system that accepts one; no model ever sees it.
    Raises UserError outside the body of a ``reversible`` or ``irreversible`` tool.
    """
    try:
        return _KEY.get()
    except LookupError:
        raise UserError(
            "effect_key() was called outside the body of a writing tool",
            code="tool.no_effect",
            hint="Call it inside a function declared with @reversible or @irreversible.",
        ) from None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was read: the system's own name for the read, when it knew the value, how it answered.

    ``known_s`` is how old the value was when it was read, in seconds; ``copy`` tells that a replica
    answered, ``again`` that a first answer was too old.
    """

    name: str
    as_of: datetime
    known_s: float
    copy: bool = False
    again: bool = False

    def json(self) -> dict[str, JSON]:
        """Returns it as a step keeps it."""
        told: dict[str, JSON] = {"source": self.name, "as_of": self.as_of.isoformat()}
        return told | ({"copy": True} if self.copy else {}) | ({"again": True} if self.again else {})


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as its system sent it.

    ``stamps``: its fields that move with every write, such as a version; ``ignored``: those that say nothing of edits.
    """

    record: Mapping[str, object]
    stamps: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BoundTool:
    """A descriptor with its code: how to call it, read it back, undo and preview it, as JSON in and out."""

    tool: Tool
    function: Callable[..., object]
    signature: inspect.Signature
    arguments: TypeAdapter[Any]
    result: TypeAdapter[Any]
    result_schema: Mapping[str, object]
    verify: Verify | None = None
    undo: Undo | None = None
    undone: Undo | None = None
    preview: Preview | None = None
    preview_read: Preview | None = None
    check: Check | None = None
    system: str = ""
    """The connector it works over, if it is one's."""

    @property
    def dependency(self) -> str:
        """What is down when it fails: its connector, or whatever is behind this tool alone."""
        return self.system or self.tool.name

    @property
    def returns_nothing(self) -> bool:
        """Whether the function is declared to return None."""
        return self.result_schema == {"type": "null"}

    def bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, JSON]:
        """Returns the call's arguments by name, defaults filled in, as JSON; raises UserError if they do not fit."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise UserError(f"{self.tool.name}: {error}", code="tool.arguments") from error
        bound.apply_defaults()
        return self.dump(dict(bound.arguments))

    def dump(self, values: Mapping[str, object]) -> dict[str, JSON]:
        """Returns typed or plain argument values as JSON, checked against the signature."""
        try:
            typed = self.arguments.validate_python(dict(values), from_attributes=True)
        except ValidationError as error:
            raise UserError(
                f"{self.tool.name}: {_first(error)}", code="tool.arguments", hint="See the tool's signature."
            ) from error
        return cast("dict[str, JSON]", self.arguments.dump_python(typed, mode="json"))

    def load_args(self, args: Mapping[str, JSON]) -> dict[str, object]:
        """Returns recorded arguments as the typed values the function takes."""
        model = self.arguments.validate_python(dict(args))
        return {name: getattr(model, name) for name in type(model).model_fields}

    def load_result(self, value: JSON) -> object:
        """Returns a recorded result as the function's own type; raises ValidationError if it does not fit."""
        return self.result.validate_python(value)

    def dump_result(self, value: object) -> JSON:
        """Returns a result as JSON without secrets; raises ValidationError (not of the type) or Failed (not JSON)."""
        value = self.bounded(value)
        typed = self.result.validate_python(value)
        try:
            plain = cast("JSON", self.result.dump_python(typed, mode="json"))
            if type(plain) is str:  # which JSON can always say
                self._check_size(len(plain))
                return SECRETS.hide(plain)
            self._check_size(len(json.dumps(plain, allow_nan=False)))
        except (ValueError, TypeError, RecursionError) as error:
            text = f"the result of {self.tool.name} cannot be written as JSON: {error}"
            raise Failed(text, error_class="invalid_output") from error
        return SECRETS.without(plain)

    def _check_size(self, size: int) -> None:
        """Raises Failed (``invalid_output``) for more than ``CHARACTERS`` of a read; a write's is kept whole."""
        if size > CHARACTERS and not self.tool.is_effect:
            text = f"the result of {self.tool.name} is larger than {CHARACTERS >> 20} MB: {size >> 20} MB"
            hint = "let it return the part that is needed, or page by page"
            raise Failed(f"{text}; {hint}", error_class="invalid_output", applied=False)

    def bounded(self, value: object) -> object:
        """Returns a result no deeper than ``LEVELS``; raises Failed (``invalid_output``) for a read's that is.

        Of a write it is cut there, with a text in its place: that it was made is known, and stays so.
        """
        if not too_deep(value):
            return value
        if self.tool.is_effect:
            return cut(value)
        text = f"the result of {self.tool.name} is nested deeper than {LEVELS} levels"
        hint = "Return the part that is needed, or the rest of it as text."
        raise Failed(text, error_class="invalid_output", applied=False, hint=hint)

    async def invoke(self, args: Mapping[str, JSON], *, key: str | None = None) -> JSON:
        """Runs the function on recorded arguments and returns its result as JSON.

        A plain ``def`` runs in a thread, because it may block.
        """
        token = None if key is None else _KEY.set(key)
        try:
            values = self.load_args(args)
            if inspect.iscoroutinefunction(self.function):
                try:
                    found = await self.function(**values)
                except SystemExit as error:  # let through, it would end the worker's event loop
                    raise RuntimeError(f"{self.tool.name} called exit({error.code})") from error
            else:
                found = await in_thread(self.tool.name, functools.partial(self.function, **values))
                if inspect.isawaitable(found):
                    found = await found
        finally:
            if token is not None:
                _KEY.reset(token)
        return self.dump_result(found)

    async def take_back(self, args: Mapping[str, JSON], result: JSON, *, key: bytes, occurrence: int) -> JSON:
        """Runs ``undo`` on a recorded call and returns what it answers, as far as that is JSON.

        ``undo`` is given the effect's own key; ``effect_key()`` in its body is the undo's, the same in every attempt.
        """
        if self.undo is None:
            raise UserError(f"{self.tool.name} declares no undo", code="tool.undo")
        token = _KEY.set(undo_key(key, occurrence))
        try:
            found = await self.undo(key=idempotency_key(key, occurrence), args=dict(args), result=result)
        finally:
            _KEY.reset(token)
        return as_json(found)

    async def is_undone(self, args: Mapping[str, JSON], result: JSON, *, key: bytes, occurrence: int) -> bool | None:
        """Returns whether an undo without a reply has taken effect, by the tool's ``undone``; None: nobody can tell."""
        if self.undone is None:
            return None
        try:
            async with asyncio.timeout(self.tool.timeout_s):
                said = await self.undone(key=idempotency_key(key, occurrence), args=dict(args), result=result)
        except Exception:  # noqa: BLE001  # the boundary to a tool's code: what it cannot say is not known
            return None
        return said if isinstance(said, bool) else None


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a tool is, apart from its code: a decorator, or a value for ``govern(tools=…)``.

    Applied to a function it returns a function of the same type that can only be called
    inside a case, where every call is decided, recorded and, if it writes, made once.
    """

    effect_class: EffectClass
    key: tuple[str, ...] | None = None
    verify: Verify | None = None
    undo: Undo | None = None
    undone: Undo | None = None
    preview: Preview | None = None
    preview_read: Preview | None = None
    check: Check | None = None
    idempotent: bool = False
    repeatable: bool = False
    timeout_s: float = 20.0
    visible_within_s: float = 0.0
    max_age_s: float | None = None
    source_time: str | None = None
    sensitive: tuple[str, ...] = ()
    labels: Mapping[str, str] | None = None
    cost: Money | None = None
    hedge: bool = True
    moves: str | None = None
    reaches: str | None = None
    touches: str | None = None

    def bind(
        self,
        function: Callable[..., object],
        *,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> BoundTool:
        """Returns the tool behind a function, its types read from the annotations."""
        signature = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True)
        result = _adapter(hints.get("return", object))
        returned = result.json_schema(mode="serialization")
        arguments = _arguments(function.__name__, signature, hints)
        tool = Tool(
            name=name or function.__name__,
            effect_class=self.effect_class,
            key=self.key,
            idempotent=self.idempotent,
            repeatable=self.repeatable,
            timeout_s=self.timeout_s,
            visible_within_s=self.visible_within_s,
            max_age_s=self.max_age_s,
            source_time=self.source_time,
            sensitive=self.sensitive,
            labels=dict(self.labels or {}),
            cost=self.cost,
            hedge=self.hedge,
            parameters=parameters if parameters is not None else arguments.json_schema(),
            result=returned,
            description=description if description is not None else inspect.getdoc(function) or "",
            has_verify=self.verify is not None,
            has_undo=self.undo is not None,
            has_preview=self.preview is not None,
            moves=self.moves,
            reaches=self.reaches,
            touches=self.touches,
        )
        return BoundTool(
            tool=tool,
            function=function,
            signature=signature,
            arguments=arguments,
            result=result,
            result_schema=returned,
            verify=self.verify,
            undo=self.undo,
            undone=self.undone,
            preview=self.preview,
            preview_read=self.preview_read,
            check=self.check,
        )

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Declares ``function`` as this tool and returns the governed function of the same type."""
        return governed(self.bind(function), function)


Caller = Callable[[BoundTool, Mapping[str, JSON]], Awaitable[object]]
CURRENT: ContextVar[Caller] = ContextVar("bridgehead_case")
"""How a tool finds its case: set by the segment runner, copied into tasks and ``asyncio.to_thread``."""
LOOP: ContextVar[asyncio.AbstractEventLoop] = ContextVar("bridgehead_loop")

SOURCES: ContextVar[list[Source]] = ContextVar("bridgehead_sources")
"""Where what a read returns comes from: connectors add to it, the step that records the read keeps it."""
SEEN: ContextVar[list[Seen]] = ContextVar("bridgehead_seen")
"""The records that a ``verify`` has found, whole: connectors add to it, the effect's image is of the last one."""
SYSTEMS: ContextVar[Mapping[str, object]] = ContextVar("bridgehead_systems")
"""The connectors of the deployment whose case is running, or whose code is loaded, by name."""

DECLARED: dict[str, list[BoundTool]] = {}
"""Every tool declared by a decorator in this process, by name; a deployment picks by its YAML."""


def governed(bound: BoundTool, function: Callable[P, R], *, declare: bool = True) -> Callable[P, R]:
    """Returns a function of the same type whose every call goes through the case it runs in.

    ``declare`` False leaves it out of ``DECLARED``, for tools that a deployment finds in another way.
    """
    if declare:
        DECLARED.setdefault(bound.tool.name, []).append(bound)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def asynchronous(*args: object, **kwargs: object) -> object:
            return await _caller(bound)(bound, bound.bind(args, kwargs))

        wrapped: object = asynchronous
    else:

        @functools.wraps(function)
        def synchronous(*args: object, **kwargs: object) -> object:
            call = _caller(bound)
            arguments = bound.bind(args, kwargs)
            return from_thread(bound.tool.name, call(bound, arguments))

        wrapped = synchronous
    wrapped.__bridgehead_tool__ = bound  # type: ignore[attr-defined]  # how a deployment finds the descriptor
    return cast("Callable[P, R]", wrapped)


def from_thread(name: str, call: Awaitable[R]) -> R:
    """Runs a governed call for synchronous code that runs in a thread of its own."""
    loop = LOOP.get()
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is not None:
        if inspect.iscoroutine(call):
            call.close()
        raise UserError(
            f"{name} is a synchronous tool and was called on the event loop, which it would block",
            code="tool.sync_on_loop",
            hint="Declare the tool with 'async def', or make the agent a plain 'def'.",
        )

    async def awaited() -> R:
        return await call

    return asyncio.run_coroutine_threadsafe(awaited(), loop).result()


def as_json(value: object) -> JSON:
    """Returns a value as JSON by its own type, or None when it has no such form."""
    try:
        return cast("JSON", json.loads(TypeAdapter(object).dump_json(value)))
    except (ValueError, TypeError, RecursionError):
        return None


def _caller(bound: BoundTool) -> Caller:
    try:
        return CURRENT.get()
    except LookupError:
        raise UserError(
            f"{bound.tool.name} was called outside a case",
            code="tool.no_case",
            hint="Tools run inside an agent that Bridgehead runs. "
            "Code started with run_in_executor loses its case: use asyncio.to_thread.",
        ) from None


def _arguments(name: str, signature: inspect.Signature, hints: Mapping[str, object]) -> TypeAdapter[Any]:
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UserError(
                f"{name} takes *{parameter.name}, so its arguments cannot be named, digested or checked",
                code="tool.signature",
                hint="Give every argument of a tool a name and a type.",
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints.get(parameter.name, object), default)
    try:
        model = create_model(
            f"{name}_arguments", __config__={"arbitrary_types_allowed": False, "extra": "forbid"}, **fields
        )
        return TypeAdapter(model)
    except (PydanticSchemaGenerationError, TypeError, NameError) as error:
        raise UserError(
            f"{name}: an argument's type cannot be written as JSON: {str(error).splitlines()[0]}",
            code="tool.signature",
            hint="Use plain types, dataclasses or pydantic models.",
        ) from error


def _adapter(annotation: object) -> TypeAdapter[Any]:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(cast("Any", annotation))
    except PydanticSchemaGenerationError as error:
        raise UserError(
            f"a tool's result type {annotation!r} cannot be written as JSON",
            code="tool.signature",
            hint="Return plain types, dataclasses or pydantic models.",
        ) from error
    return adapter


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _names(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def _s(value: str | float | None, default: float) -> float:
    if value is None:
        return default
    return parse_duration(value) if isinstance(value, str) else float(value)


def read_declaration(
    effect_class: EffectClass,
    *,
    max_age: str | float | None,
    source_time: str | None,
    timeout: str | float | None,
    labels: Mapping[str, str] | None,
    sensitive: str | Sequence[str] | None,
    cost: str | None,
    preview_read: Preview | None,
    hedge: bool,
    check: Check | None,
    moves: str | None,
    reaches: str | None,
    touches: str | None,
) -> Declaration:
    """Returns the declaration of a tool that reads."""
    return Declaration(
        effect_class=effect_class,
        max_age_s=None if max_age is None else _s(max_age, 0.0),
        source_time=source_time,
        timeout_s=_s(timeout, 20.0),
        labels=labels,
        sensitive=_names(sensitive) or (),
        cost=None if cost is None else Money.parse(cost),
        preview_read=preview_read,
        hedge=hedge,
        check=check,
        moves=moves,
        reaches=reaches,
        touches=touches,
    )


def write_declaration(
    effect_class: EffectClass,
    *,
    key: str | Sequence[str] | None,
    verify: Verify | None,
    undo: Undo | None,
    undone: Undo | None,
    preview: Preview | None,
    idempotent: bool,
    repeatable: bool,
    timeout: str | float | None,
    visible_within: str | float | None,
    labels: Mapping[str, str] | None,
    sensitive: str | Sequence[str] | None,
    cost: str | None,
    moves: str | None,
    reaches: str | None,
    touches: str | None,
) -> Declaration:
    """Returns the declaration of a tool that writes."""
    return Declaration(
        effect_class=effect_class,
        key=_names(key),
        verify=verify,
        undo=undo,
        undone=undone,
        preview=preview,
        idempotent=idempotent,
        repeatable=repeatable,
        timeout_s=_s(timeout, 20.0),
        visible_within_s=_s(visible_within, 0.0),
        labels=labels,
        sensitive=_names(sensitive) or (),
        cost=None if cost is None else Money.parse(cost),
        moves=moves,
        reaches=reaches,
        touches=touches,
    )


def renamed(bound: BoundTool, name: str) -> BoundTool:
    """Returns the same tool under another name, for adapters that declare by the framework's name."""
    return replace(bound, tool=replace(bound.tool, name=name))

"""An agent's own tools as Bridgehead sees them: descriptor, arguments and results as JSON, one governed way in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from inspect import Signature
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_ai.exceptions import (
    ApprovalRequired,
    CallDeferred,
    ModelRetry,
    SkipToolExecution,
    ToolFailed,
    ToolFailedError,
    ToolRetryError,
    UnexpectedModelBehavior,
)
from pydantic_ai.messages import ToolReturn, ToolReturnContent
from pydantic_ai.tools import ToolDefinition
from pydantic_core import SchemaValidator, to_jsonable_python

from bridgehead.adapters.foreign import body_runs, descriptor, no_body, under_way, with_defaults
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.tools import BoundTool, Declaration
from bridgehead.errors import Failed, UserError
from bridgehead.spec.tool import JSON

_TAG: Final = "bridgehead.tool_return"
_CONTENT: Final[TypeAdapter[Any]] = TypeAdapter(ToolReturnContent)
_RETURN: Final[TypeAdapter[Any]] = TypeAdapter(ToolReturn)
_SIGNALS: Final = (ModelRetry, ToolRetryError, ToolFailed, ToolFailedError, UnexpectedModelBehavior)


SENT: ContextVar[Sent | None] = ContextVar("bridgehead_pydantic_ai_sent", default=None)
"""The call whose body Bridgehead runs; a body that is reached otherwise does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTool(BoundTool):
    """A tool of a framework's agent. Its results travel as the JSON that the model would be shown.

    ``single`` names the one argument whose fields the schema shows as the tool's own.
    ``checks_first``: its ModelRetry or ToolFailed, raised by a check of its own, says that
    nothing was sent. ``outcome``: its results are given back as this type.
    """

    single: str | None = None
    validator: SchemaValidator | None = None
    checks_first: bool = False
    outcome: TypeAdapter[Any] | None = None

    def plain(self, args: Mapping[str, object]) -> dict[str, JSON]:
        """Returns validated arguments as JSON of the shape that the tool's schema declares, defaults filled in."""
        values: object = dict(args) if self.single is None else args[self.single]
        found = cast("dict[str, JSON]", to_jsonable_python(values, bytes_mode="base64", by_alias=True))
        return with_defaults(found, self.tool.parameters)

    def dump(self, values: Mapping[str, object]) -> dict[str, JSON]:
        """Returns arguments that a person has edited as JSON; raises UserError if they do not fit the tool."""
        return self.plain(self.load_args(cast("Mapping[str, JSON]", values)))

    def load_args(self, args: Mapping[str, JSON]) -> dict[str, object]:
        """Returns recorded arguments as the framework's validator makes them."""
        if self.validator is None:
            return dict(args)
        try:
            return cast("dict[str, object]", self.validator.validate_python(dict(args)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{self.tool.name}: {where}: {first['msg']}", code="tool.arguments") from error

    def load_result(self, value: JSON) -> object:
        """Returns a recorded result as the framework takes it from a tool."""
        if self.outcome is not None:
            return self.outcome.validate_python(value)
        if isinstance(value, Mapping) and _TAG in value:
            return _RETURN.validate_python(value[_TAG])
        return _CONTENT.validate_python(value)

    def dump_result(self, value: object) -> JSON:
        """Returns a result as JSON. Any result of a tool has one: what has no JSON form fails the call."""
        value = self.bounded(value)
        if isinstance(value, ToolReturn):
            return {_TAG: SECRETS.without(cast("JSON", _RETURN.dump_python(value, mode="json")))}
        return SECRETS.without(cast("JSON", _CONTENT.dump_python(value, mode="json", by_alias=True)))

    async def invoke(self, args: Mapping[str, JSON], *, key: str | None = None) -> JSON:
        """Runs the body through the framework, with the model's own arguments or those a person put in their place."""
        call = under_way(self.tool.name)
        values = dict(call.args) if args == call.plain else self.load_args(args)
        with _sending(Sent(self, args), key):
            try:
                found = await call.body(values)
            except SkipToolExecution as skipped:
                found = skipped.result
            except _SIGNALS as signal:
                raise self._failed(signal) from signal
            except (ApprovalRequired, CallDeferred) as deferred:
                raise Failed(
                    f"{self.tool.name} asks for an approval of the framework's own, which would not survive a restart;"
                    " let bridgehead.yaml hold its calls for a role instead",
                    error_class="bug",
                ) from deferred
        return self.dump_result(found)

    def _failed(self, signal: Exception) -> Failed:
        """Returns what a body's message to the model is on the record: a failure that replay repeats."""
        cause: BaseException | None = signal.__cause__ if isinstance(signal, UnexpectedModelBehavior) else signal
        if isinstance(cause, ToolRetryError | ToolFailedError):
            cause = cause.__cause__
        if not isinstance(cause, ModelRetry | ToolFailed):
            return Failed(f"{type(signal).__name__}: {signal}", error_class="bug")
        # A check raises on its own; while another exception is handled, something may have been sent already.
        own_check = cause.__context__ is None and cause.__cause__ is None
        return Failed(
            cause.message,
            error_class="invalid_input",
            applied=False if self.checks_first and own_check else None,
            signal="retry" if isinstance(cause, ModelRetry) else "failed",
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that was decided: its tool, and the arguments that the gate, the record and the key rest on."""

    tool: AgentTool
    args: Mapping[str, JSON]

    def check(self, name: str, args: Mapping[str, object]) -> None:
        """Returns when a body is reached as decided; raises UserError or Failed (nothing was sent) otherwise."""
        if name != self.tool.tool.name:
            raise UserError(f"{name} was called past its case", code="adapter.outside")
        if self.tool.plain(args) != self.args:
            raise Failed(
                f"a capability of the agent changed the arguments of {name} after they were decided;"
                " change them while they are validated instead",
                error_class="bug",
                applied=False,
            )


@contextmanager
def _sending(call: Sent, key: str | None) -> Iterator[None]:
    """Lets the one body run that was decided on."""
    sent = SENT.set(call)
    try:
        with body_runs(key):
            yield
    finally:
        SENT.reset(sent)


def agent_tool(
    declaration: Declaration,
    definition: ToolDefinition,
    *,
    single: str | None = None,
    validator: SchemaValidator | None = None,
    checks_first: bool = False,
) -> AgentTool:
    """Returns a tool of the agent, bound: its body is reached through the framework's own call alone."""
    return AgentTool(
        tool=descriptor(declaration, definition.name, definition.description or "", definition.parameters_json_schema),
        function=no_body,
        signature=Signature(),
        arguments=_CONTENT,
        result=_CONTENT,
        result_schema=dict(definition.return_schema or {}),
        verify=declaration.verify,
        undo=declaration.undo,
        preview=declaration.preview,
        preview_read=declaration.preview_read,
        check=declaration.check,
        single=single,
        validator=validator,
        checks_first=checks_first,
    )

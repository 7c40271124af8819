"""An agent's own tools as Bridgehead sees them: descriptor, arguments and results as JSON, one governed way in."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import Signature
from typing import Any, Final, cast

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, ToolException
from langgraph.errors import GraphBubbleUp
from pydantic import BaseModel, TypeAdapter, ValidationError

from bridgehead.adapters.foreign import ANYTHING, body_runs, descriptor, no_body, under_way, with_defaults
from bridgehead.adapters.langchain import results
from bridgehead.adapters.langchain.turns import jsonable, schema_of
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.threads import in_thread
from bridgehead.cases.tools import BoundTool, Declaration
from bridgehead.errors import Failed, UserError
from bridgehead.spec.tool import JSON

_ANY: Final[TypeAdapter[Any]] = TypeAdapter(object)
Handling = bool | str | Callable[[ToolException], Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTool(BoundTool):
    """A tool of LangChain. Its results travel as JSON; ``results.shown`` makes the message of one.

    ``schema`` validates what a model gives, where it is a model of pydantic's. ``handling`` is
    the tool's ``handle_tool_error``. ``checks_first``: a ToolException, raised by a check of
    its own, says that nothing was sent.
    """

    schema: type[BaseModel] | None = None
    handling: Handling = None
    checks_first: bool = False

    def plain(self, args: Mapping[str, object]) -> dict[str, JSON]:
        """Returns arguments in the one form that all wordings share, defaults filled in.

        Raises UserError when they do not fit the tool.
        """
        if self.schema is None:
            return with_defaults(cast("dict[str, JSON]", jsonable(dict(args))), self.tool.parameters)
        try:
            return cast("dict[str, JSON]", jsonable(self.schema.model_validate(dict(args)).model_dump(mode="json")))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{self.tool.name}: {where}: {first['msg']}", code="tool.arguments") from error

    def dump(self, values: Mapping[str, object]) -> dict[str, JSON]:
        """Returns arguments that a person has edited as JSON; raises UserError if they do not fit the tool."""
        return self.plain(values)

    def load_args(self, args: Mapping[str, JSON]) -> dict[str, object]:
        """Returns recorded arguments; the framework makes the typed values of them itself."""
        return dict(args)

    def load_result(self, value: JSON) -> object:
        """Returns a recorded result as it is."""
        return value

    def dump_result(self, value: object) -> JSON:
        """Returns a result as JSON."""
        return SECRETS.without(results.plain(value))

    async def invoke(self, args: Mapping[str, JSON], *, key: str | None = None) -> JSON:
        """Runs the body through the framework, with the model's own arguments or those a person put in their place."""
        call = under_way(self.tool.name)
        with body_runs(key):
            try:
                found = await call.body(dict(call.args if args == call.plain else args))
            except ToolException as said:
                raise self._failed(said) from said
            except GraphBubbleUp as interrupt:
                raise Failed(
                    f"{self.tool.name} interrupts the graph, which would not survive a restart;"
                    " let bridgehead.yaml hold its calls for a role instead",
                    error_class="bug",
                ) from interrupt
        if isinstance(found, ToolMessage) and found.status == "error":
            # The arguments were valid before the body ran: whatever failed may have failed after something was sent.
            raise Failed(str(found.text), error_class="invalid_input", signal="failed")
        return self.dump_result(found)

    def _failed(self, said: ToolException) -> Failed:
        """Returns what a body's message to the model is on the record: a failure that replay repeats."""
        # A check raises on its own; while another exception is handled, something may have been sent already.
        own_check = said.__context__ is None and said.__cause__ is None
        return Failed(
            self._text(said),
            error_class="invalid_input",
            applied=False if self.checks_first and own_check else None,
            signal="failed",
        )

    def _text(self, said: ToolException) -> str:
        if isinstance(self.handling, str):
            return self.handling
        if callable(self.handling):
            return str(self.handling(said))
        return str(said)


def agent_tool(
    declaration: Declaration, tool: BaseTool | None, *, name: str = "", checks_first: bool = False
) -> AgentTool:
    """Returns a tool of the agent, bound: its body is reached through the framework's own call alone.

    Without ``tool`` it is one that only the run will bring, under ``name``.
    """
    schema = None if tool is None else tool.tool_call_schema
    return AgentTool(
        tool=descriptor(
            declaration,
            name if tool is None else tool.name,
            "" if tool is None else tool.description,
            ANYTHING if tool is None else schema_of(tool),
        ),
        function=no_body,
        signature=Signature(),
        arguments=_ANY,
        result=_ANY,
        result_schema={},
        verify=declaration.verify,
        undo=declaration.undo,
        preview=declaration.preview,
        preview_read=declaration.preview_read,
        check=declaration.check,
        schema=schema if isinstance(schema, type) and issubclass(schema, BaseModel) else None,
        handling=None if tool is None else cast("Handling", tool.handle_tool_error),
        checks_first=checks_first,
    )


def own_tool(tool: BaseTool) -> BoundTool | None:
    """Returns the descriptor of a tool whose function is declared with a decorator itself."""
    for name in ("coroutine", "func"):
        found = getattr(getattr(tool, name, None), "__bridgehead_tool__", None)
        if isinstance(found, BoundTool):
            return found
    return None


def raising(tool: BaseTool) -> BaseTool:
    """Returns the same tool with its exceptions let out: they say more than the message made of them.

    A plain ``def`` runs in a thread of its own: one that hangs takes none from the loop's pool.
    """
    changed: dict[str, object] = {"handle_tool_error": False, "handle_validation_error": False}
    function = getattr(tool, "func", None)
    if callable(function) and getattr(tool, "coroutine", None) is None:
        changed["coroutine"] = _threaded(tool.name, function)
    return tool.model_copy(update=changed)


def _threaded(name: str, function: Callable[..., object]) -> Callable[..., Awaitable[object]]:
    @functools.wraps(function)
    async def asynchronous(*args: object, **kwargs: object) -> object:
        return await in_thread(name, functools.partial(function, *args, **kwargs))

    return asynchronous

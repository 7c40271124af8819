"""The tools of a connector: every read and every action as a typed function, governed like any other.

``connect("erp.yaml").tools["find_orders"]`` is decided, recorded and made once; ``.read("find_orders",
customer="K-17")`` is for the body of a tool of your own, which is what gets recorded then.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

from pydantic import BaseModel

from bridgehead.cases.tools import BoundTool, Declaration, effect_key, governed
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.reading import Reading
from bridgehead.connectors.shapes import parameters
from bridgehead.errors import UserError
from bridgehead.money import Money
from bridgehead.spec.tool import JSON

Function = Callable[..., Awaitable[object]]

MODULE: Final = "bridgehead.connectors.toolset"


class Connected:
    """A connector as an agent uses it. ``tools`` are governed; ``read`` is for the body of a tool of your own."""

    def __init__(self, connector: Connector, *, path: Path) -> None:
        self.connector = connector
        self.path = path
        self.bound: Mapping[str, BoundTool] = bound_tools(connector)
        self.tools: Mapping[str, Function] = {
            name: governed(bound, _callable(bound), declare=False) for name, bound in self.bound.items()
        }

    async def read(self, name: str, /, **values: object) -> list[BaseModel]:
        """Returns the records of a read, without a step of its own: the tool around it is what is recorded."""
        return list((await self.connector.read(name, values)).records)

    async def reading(self, name: str, /, **values: object) -> Reading:
        """Returns the records of a read with their source, time and version."""
        return await self.connector.read(name, values)

    async def act(self, name: str, /, **values: object) -> object:
        """Does an action inside the body of a writing tool of your own, under that tool's effect key."""
        return await self.connector.act(name, values, key=effect_key())

    async def verify(self, name: str, /, **values: object) -> object | None:
        """Reads an action back; None when the system does not hold it. For a ``verify`` of your own."""
        return await self.connector.verify(name, values, key="")

    def __repr__(self) -> str:
        return f"<Connected {self.connector.name} by {self.path.name}>"


def bound_tools(connector: Connector) -> dict[str, BoundTool]:
    """Returns every read and action of a connector as a tool; raises UserError for arguments without a form."""
    tools = {name: _read_tool(connector, name, entity, read) for name, (_, entity, read) in connector.reads.items()}
    for name, action in connector.spec.actions.items():
        tools[name] = _action_tool(connector, name, action)
    return {name: replace(bound, system=connector.name) for name, bound in tools.items()}


def _read_tool(connector: Connector, name: str, entity: EntityPart, read: ReadPart) -> BoundTool:
    of = connector.entity_of(name)
    record = connector.types[of]

    async def function(**values: object) -> object:
        reading = await connector.read(name, values)
        return reading.one if read.one else list(reading.records)

    returns: object = record if read.one else list[record]  # type: ignore[valid-type]  # a type made at run time
    about = read.about or f"Reads {of} from {connector.name}."
    declared = Declaration(
        effect_class="outbound_read" if read.outbound else "read",
        timeout_s=_timeout(connector, read.timeout, calls=1 + len(read.let)),
        max_age_s=entity.max_age,
        labels=dict.fromkeys(entity.fields, entity.integrity),
        hedge=read.hedge,
    )
    return declared.bind(_shaped(connector, function, name, read.params, returns, about))


def _action_tool(connector: Connector, name: str, action: ActionPart) -> BoundTool:
    part = action.result
    if part.fields is not None:
        returns: object = connector.types[f"{name} result"]
    else:
        returns = connector.types[part.entity or connector.entity_of(part.read or "")]

    own: list[BoundTool] = []

    def typed(args: Mapping[str, object]) -> dict[str, object]:
        # What was recorded is JSON; templates write dates and decimals in the system's own form.
        return own[0].load_args(cast("Mapping[str, JSON]", args))

    async def function(**values: object) -> object:
        return await connector.act(name, values, key=effect_key())

    async def verify(*, key: str, args: Mapping[str, object]) -> object:
        return await connector.verify(name, typed(args), key=key)

    async def undo(*, key: str, args: Mapping[str, object], result: object) -> object:
        # A key of its own: a system that drops a second request of one key would drop the undo.
        return await connector.undo(name, typed(args), result, key=f"{key}-undo")

    async def undone(*, key: str, args: Mapping[str, object], result: object) -> bool | None:
        return await connector.undone(name, typed(args), result, key=f"{key}-undo")

    async def preview(*, args: Mapping[str, object]) -> object:
        return connector.preview(name, typed(args))

    declared = Declaration(
        effect_class=action.effect,
        key=action.key or None,
        verify=verify if action.verify or action.lookup or (action.mail and action.mail.sent_folder) else None,
        undo=undo if action.undo else None,
        undone=undone if action.undo else None,
        preview=preview if action.preview else None,
        idempotent=action.idempotency_header is not None or action.repeat == "if_absent",
        timeout_s=_timeout(connector, action.timeout, calls=2 + len(action.then) + len(action.let)),
        visible_within_s=action.visible_within or 0.0,
        sensitive=action.sensitive,
        cost=None if action.cost is None else Money.parse(action.cost),
    )
    about = action.about or f"Does {name.replace('_', ' ')} in {connector.name}."
    own.append(declared.bind(_shaped(connector, function, name, action.params, returns, about)))
    return own[0]


def _timeout(connector: Connector, own: float | None, *, calls: int = 1) -> float:
    """Returns how long a tool may take: its own time, or the connection's for each call it makes and one to spare."""
    return own if own is not None else connector.spec.connection.timeout * (calls + 1)


def _shaped(
    connector: Connector, function: Function, name: str, shape: Mapping[str, object], returns: object, about: str
) -> Function:
    """Gives a function the name, signature, types and docstring that the specification declares."""
    given = parameters(shape, owner=f"{connector.name}_{name}")
    function.__name__ = function.__qualname__ = name
    function.__module__ = MODULE
    function.__doc__ = about
    function.__annotations__ = {one.name: one.annotation for one in given} | {"return": returns}
    function.__signature__ = inspect.Signature(given, return_annotation=returns)  # type: ignore[attr-defined]  # read by inspect.signature
    return function


def _callable(bound: BoundTool) -> Function:
    if not inspect.iscoroutinefunction(bound.function):
        raise UserError(f"{bound.tool.name} is no coroutine function", code="tool.signature")
    return bound.function

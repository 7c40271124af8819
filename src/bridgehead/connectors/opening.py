"""Opens connectors: a specification's file becomes a ``Connector`` over the wire of its kind."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from bridgehead.cases.tools import SYSTEMS, effect_key
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.connectors.limits import LocalLimits
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.ports import Limits, Wire
from bridgehead.connectors.reading import Reading
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.shapes import declared
from bridgehead.connectors.sharing import LateLimits, bounds_of
from bridgehead.connectors.toolset import Connected
from bridgehead.connectors.unset import require_settings
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest

_CONNECTED: Final[dict[Path, Connected]] = {}


def connect(path: str | Path) -> Connected:
    """Returns the connector that a file specifies; the same object for the same file in one process.

    A relative path lies beside the module that calls this. Nothing is sent and no secret is read.
    Raises UserError when the file is missing or wrong.
    """
    caller = inspect.currentframe()
    beside = "" if caller is None or caller.f_back is None else str(caller.f_back.f_globals.get("__file__", ""))
    place = (Path(beside).parent / path).resolve()
    known = _CONNECTED.get(place)
    if known is None:
        known = _CONNECTED[place] = Connected(open_connector(place), path=place)
    return known


def forget(path: str | Path) -> None:
    """Lets the next ``connect`` read a file anew."""
    _CONNECTED.pop(Path(path).resolve(), None)


def open_connector(path: Path, *, limits: Limits | None = None) -> Connector:
    """Returns a connector over the wire of its kind; its limits count in this process until they are exchanged.

    Raises UserError when the file is wrong, or when settings that it names are not there; secrets are not read.
    """
    spec = load_specification(path)
    require_settings(spec, path)
    shared = LateLimits(limits or LocalLimits(spec.connector, bounds_of(spec.limits)))
    redactor = Redactor()
    wire = wire_of(spec, folder=path.parent, limits=shared, redactor=redactor)
    return Connector(spec, wire, limits=shared, clean=redactor.clean)


def wire_of(spec: Specification, *, folder: Path, limits: Limits, redactor: Redactor) -> Wire:
    """Returns the wire that carries the calls of a specification's kind.

    Raises UserError when the kind needs an extra that is not installed.
    """
    if not spec.entities and not spec.actions and spec.intake is not None and spec.intake.queue is None:
        from bridgehead.connectors.intake_alone import IntakeAlone

        return IntakeAlone(spec.connector)
    if spec.kind == "http":
        from bridgehead.connectors.http_wire import HttpWire

        return HttpWire(spec, folder=folder, limits=limits, redactor=redactor)
    if spec.kind == "sql":
        from bridgehead.connectors.sql_wire import SqlWire

        return SqlWire(spec, folder=folder, limits=limits, redactor=redactor)
    if spec.kind == "files":
        from bridgehead.connectors.files_wire import FilesWire

        return FilesWire(spec, folder=folder, limits=limits, redactor=redactor)
    from bridgehead.connectors.mail_wire import MailWire

    return MailWire(spec, folder=folder, limits=limits, redactor=redactor)


class System:
    """A connector by the name that a deployment's ``connect:`` gives it, found anew at every call.

    For tools of your own that several deployments share: which file stands behind the name is
    each deployment's choice.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def connected(self) -> Connected:
        """The connector of the deployment whose case is running; raises UserError when it lists none of the name."""
        systems = SYSTEMS.get({})
        found = systems.get(self.name)
        if isinstance(found, Connected):
            return found
        raise UserError(
            f"no connector {self.name!r} is connected here",
            code="connector.missing",
            hint=nearest(self.name, systems) or "List its file under `connect:` in bridgehead.yaml.",
        )

    async def read(self, name: str, /, **values: object) -> list[BaseModel]:
        """Returns the records of a read, for the body of a tool of your own."""
        return await self.connected.read(name, **values)

    async def reading(self, name: str, /, **values: object) -> Reading:
        """Returns the records of a read with their source, time and version."""
        return await self.connected.reading(name, **values)

    async def act(self, name: str, /, **values: object) -> object:
        """Does an action inside the body of a writing tool of your own, under that tool's effect key.

        An argument that the deployment's specification does not declare is left out: another one may.
        """
        found = self.connected.connector
        action = found.spec.actions.get(name)
        taken = values if action is None else declared(action.params, values)
        return await found.act(name, taken, key=effect_key())

    async def verify(self, name: str, /, **values: object) -> object | None:
        """Reads an action back, for the ``verify`` of a tool of your own."""
        return await self.connected.verify(name, **values)


def connector(name: str) -> System:
    """Returns the connector that the running deployment knows by ``name``."""
    return System(name)

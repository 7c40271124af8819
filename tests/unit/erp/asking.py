"""The template's ``erp.yaml`` over a running ERP, as the tools of a case find it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pytest

from bridgehead.cases.tools import SYSTEMS
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.connectors.limits import LocalLimits
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.opening import wire_of
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sharing import bounds_of
from bridgehead.connectors.toolset import Connected
from tests.unit.erp.running import RunningErp

FILE = Path(str(resources.files("bridgehead.templates.purchase_orders"))) / "files" / "erp.yaml"


@functools.cache
def own_file() -> Specification:
    """Returns the template's own file, loaded once."""
    return load_specification(FILE)


def opened(
    server: RunningErp, monkeypatch: pytest.MonkeyPatch, *, timeout_s: float = 10.0, spec: Specification | None = None
) -> Connected:
    """Opens the file, or another one read already, for a server; it belongs to the event loop that uses it first."""
    monkeypatch.setenv("ERP_URL", server.url)
    monkeypatch.setenv("ERP_CLIENT_SECRET_FILE", str(server.folder / "erp.secret"))
    spec = spec or own_file()
    spec = spec.model_copy(update={"connection": spec.connection.model_copy(update={"timeout": timeout_s})})
    limits = LocalLimits(spec.connector, bounds_of(spec.limits))
    wire = wire_of(spec, folder=FILE.parent, limits=limits, redactor=Redactor())
    return Connected(Connector(spec, wire), path=FILE)


@contextmanager
def asking(connected: Connected) -> Iterator[None]:
    """Lets tools find a connector by its name, as the runner of cases does."""
    token = SYSTEMS.set({connected.connector.name: connected})
    try:
        yield
    finally:
        SYSTEMS.reset(token)

"""What every test has: the fixtures of a whole system, and a run that may not skip in CI."""

from __future__ import annotations

import os

import hypothesis

from tests.no_skips import (
    pytest_collectreport,
    pytest_runtest_logreport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    shared_data,
)
from tests.support.fixtures import _counter, app, database_url, server, settings, world
from tests.support.mariadb import legacy, mariadb_copy, mariadb_server, mariadb_untouched, northwind, replica
from tests.support.small_model import small_model
from tests.support.tryton import tryton, tryton_cluster, tryton_shared

__all__ = [
    "_counter",
    "app",
    "database_url",
    "legacy",
    "mariadb_copy",
    "mariadb_server",
    "mariadb_untouched",
    "northwind",
    "pytest_collectreport",
    "pytest_runtest_logreport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "replica",
    "server",
    "settings",
    "shared_data",
    "small_model",
    "tryton",
    "tryton_cluster",
    "tryton_shared",
    "world",
]

# A shared machine's pauses are no failures of the code; the suite's own time limit bounds slowness.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# Tests run beside each other: a console that one of them starts takes a free port.
os.environ.setdefault("BRIDGEHEAD_HTTP_PORT", "0")

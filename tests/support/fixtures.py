"""Fixtures every suite shares: one real PostgreSQL per test process, one fresh database per test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from bridgehead.app import App
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.storage.queries_system import verify_whole
from tests.support.world import World

TEMPLATE = "bridgehead_template"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Gives the URL of a PostgreSQL server of this test process, stopped at its end.

    ``BRIDGEHEAD_TEST_SERVER`` names another one instead, as ``postgresql://…/postgres?…`` of a
    role that may create databases.
    """
    if given := os.environ.get("BRIDGEHEAD_TEST_SERVER"):
        yield given
        return
    # Not under pytest's own folder: a socket's path may have 107 characters.
    home = Path(tempfile.mkdtemp(prefix="bh-"))
    home.chmod(0o755)
    try:
        yield embedded.start(home)
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def _counter() -> list[int]:
    return [0]


@pytest.fixture
def database_url(server: str, _counter: list[int]) -> Iterator[str]:
    """Gives the URL of an empty database of this test's own, dropped at its end."""
    _counter[0] += 1
    name = f"t{os.getpid()}_{_counter[0]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"create database {name}".encode())
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"drop database if exists {name} with (force)".encode())


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Gives settings over this test's database, with short leases and quick sweeps."""
    return Settings.model_validate(
        {
            "home": tmp_path / "home",
            "database_url": database_url,
            "lease_s": 3.0,
            "send_s": 1.0,
            "sweep_s": 0.1,
            "concurrency": 8,
        }
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    """Gives the app over a fresh, migrated database."""
    async with App.opened(settings) as opened:
        yield opened


@pytest.fixture
async def world(app: App, tmp_path: Path) -> AsyncIterator[World]:
    """Gives a small world around the app: a deployment with outside books, workers, a test clock.

    Whatever a test lets happen there, in the end the tables must say what the ledger says.
    """
    made = World(app, tmp_path)
    yield made
    if not made.tampered:
        found = await verify_whole(app.database, None)
        assert found.whole, (found.breaks, found.differences)

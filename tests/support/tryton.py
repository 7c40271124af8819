"""Tryton as a foreign ERP: processes of its own beside the tests, on loopback, over a PostgreSQL of their own.

Making a Tryton takes minutes, so a made one is kept as a folder of PostgreSQL's in ``.venv-tryton``
and copied by each test process. A test gets a database of its own and a server for it, or shares one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

import httpx
import psycopg
import pytest

from bridgehead.clock import perf_s
from bridgehead.storage import embedded
from bridgehead.templates.purchase_orders.corpus.master import make_world, world_json
from bridgehead.templates.purchase_orders.corpus.model import Format
from tests.support import tryton_rpc, tryton_seed
from tests.support.tryton_rpc import TrytonRpc

ROOT: Final = Path(__file__).resolve().parent.parent.parent
VENV: Final = ROOT / ".venv-tryton"
PINS: Final = ROOT / "tests" / "support" / "tryton.txt"

ADMIN_PASSWORD: Final = "an-admin-of-tests"
CORPUS_SEED: Final = 7
FORMATS: Final[tuple[Format, ...]] = ("email", "x12", "csv")
"""What the customers of the recordings order in."""
"""The corpus whose customers, items, prices and earlier orders Tryton holds: the demo's."""

NOT_INSTALLED: Final = "Tryton is not installed in .venv-tryton: run `make services`"

_BARE: Final = "bare"
_FILLED: Final = "filled"
_START_S: Final = 60.0
# Nothing here outlives the machine's power, so no commit waits for the disk.
_SETTINGS: Final = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = '64MB'")


@dataclass(frozen=True, slots=True)
class Tryton:
    """One running Tryton with one database, and the data it was filled with (a master.json)."""

    url: str
    database: str
    tables: str
    master: Mapping[str, Any]
    pid: int
    user: str = tryton_seed.AGENT
    password: str = tryton_seed.AGENT_PASSWORD
    key: str = tryton_seed.AGENT_KEY
    """The user application key of the agent, for Tryton's REST API."""

    def rows(self, query: str, *args: object) -> list[tuple[Any, ...]]:
        """Returns what Tryton's own tables hold."""
        with psycopg.connect(self.tables) as conn:
            return conn.execute(query.encode(), args).fetchall()

    def rpc(self, *, admin: bool = False) -> TrytonRpc:
        """Returns a session as the agent, or as the administrator, in the context of the company."""
        user, password = ("admin", ADMIN_PASSWORD) if admin else (self.user, self.password)
        session = TrytonRpc(self.url, self.database, user=user, password=password)
        session.context["company"] = 1
        return session


@pytest.fixture(scope="session")
def tryton_cluster() -> Iterator[str]:
    """Gives the URL of a PostgreSQL server that holds a filled Tryton database as a template."""
    if not _installed():
        pytest.skip(NOT_INSTALLED)
    with _cluster(_kept(_master())) as url:
        yield url


@pytest.fixture(scope="session")
def tryton_shared(tryton_cluster: str) -> Iterator[Tryton]:
    """Gives the Tryton that the tests of this process share, each under references of its own."""
    with _opened(tryton_cluster, "shared") as made:
        yield made


@pytest.fixture
def tryton(tryton_cluster: str) -> Iterator[Tryton]:
    """Gives a Tryton of this test's own, filled with the corpus of ``CORPUS_SEED``."""
    with _opened(tryton_cluster, f"t{os.getpid()}") as made:
        yield made


@contextmanager
def running_tryton() -> Iterator[Tryton]:
    """Gives a Tryton of its own outside of tests; exits when none is installed."""
    if not _installed():
        sys.exit(NOT_INSTALLED)
    with _cluster(_kept(_master())) as cluster, _opened(cluster, "tryton") as made:
        yield made


def main() -> None:
    """Runs one Tryton for a person to try, until it is interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running_tryton() as made:
        shown = {name: getattr(made, name) for name in ("url", "database", "user", "password", "key", "tables")}
        lines = [f"{name:10}{value}\n" for name, value in (shown | {"admin": ADMIN_PASSWORD}).items()]
        sys.stdout.writelines(lines)
        sys.stdout.flush()
        signal.pause()


def _installed() -> bool:
    return (VENV / ".ready").exists()


def _master() -> Mapping[str, Any]:
    return world_json(make_world(CORPUS_SEED, FORMATS))


@contextmanager
def _opened(cluster: str, name: str) -> Iterator[Tryton]:
    with _database(cluster, name, template=_FILLED), _served(cluster, name) as (url, pid):
        yield Tryton(url, name, _url_of(cluster, name), _master(), pid)


@contextmanager
def _served(cluster: str, database: str) -> Iterator[tuple[str, int]]:
    """Runs trytond for one database; gives its URL and process id, and ends it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        environment = _environment(cluster) | {
            "TRYTOND_WEB__LISTEN": f"127.0.0.1:{port}",
            # Confirmed sales wait for a worker that never runs, so they stay as they were confirmed.
            "TRYTOND_QUEUE__WORKER": "True",
        }
        server = _SERVERS[url] = _Server(url, database, environment, log)
        try:
            server.start()
            yield url, server.running.pid
        except _NoStart:
            log.seek(0)
            raise AssertionError(f"trytond did not start:\n{log.read().decode(errors='replace')}") from None
        finally:
            del _SERVERS[url]
            server.kill()


@dataclass(slots=True)
class _Server:
    """One trytond, which may be killed and started again where it was."""

    url: str
    database: str
    environment: Mapping[str, str]
    log: IO[bytes]
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def start(self) -> None:
        self.process = subprocess.Popen(
            [VENV / "bin" / "trytond", "-d", self.database],
            env=self.environment, stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _await_answer(self.url, self.process)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


_SERVERS: Final[dict[str, _Server]] = {}


def revived(tryton: Tryton) -> Tryton:
    """Kills a Tryton as a crash does and starts it again on its port; returns it with its process id."""
    server = _SERVERS[tryton.url]
    server.kill()
    server.start()
    return replace(tryton, pid=server.running.pid)


class _NoStart(Exception):
    """A server that was started does not answer."""


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    until = perf_s() + _START_S
    while process.poll() is None and perf_s() < until:
        with suppress(httpx.TransportError):
            httpx.get(url, trust_env=False, timeout=1)
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise _NoStart


@contextmanager
def _cluster(kept: Path) -> Iterator[str]:
    """Runs a PostgreSQL server on a copy of ``kept``, or on a new folder when there is none yet."""
    # Not under the clone: a socket's path may have 107 characters.
    home = Path(tempfile.mkdtemp(prefix="bh-tryton-"))
    home.chmod(0o755)
    try:
        if kept.exists():
            # As it is: the folder's owner is the user that PostgreSQL runs as.
            subprocess.run(["cp", "-a", kept, home / "pg"], check=True)
        yield embedded.start(home)
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


def _kept(master: Mapping[str, Any]) -> Path:
    """Returns the folder of a stopped server with ``master`` filled in, made when it is missing.

    One process makes it while the others wait for the lock.
    """
    code = _digest(PINS.read_bytes(), *(Path(str(part.__file__)).read_bytes() for part in (tryton_rpc, tryton_seed)))
    bare = VENV / f"{_BARE}-{_digest(PINS.read_bytes(), ' '.join(tryton_seed.MODULES).encode())}"
    filled = VENV / f"{_FILLED}-{code}-{_digest(json.dumps(master, sort_keys=True).encode())}"
    with (VENV / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not filled.exists():
            for old in VENV.glob(f"{_FILLED}-*"):
                if not old.name.startswith(f"{_FILLED}-{code}-"):
                    shutil.rmtree(old)
            for old in VENV.glob(f"{_BARE}-*"):
                if old != bare:
                    shutil.rmtree(old)
            if not bare.exists():
                _make_bare(bare)
            _make_filled(bare, filled, master)
    return filled


def _make_bare(folder: Path) -> None:
    """Makes a server with a database in which Tryton's modules are active and nothing else is."""
    with _cluster(folder) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            for setting in _SETTINGS:
                conn.execute(f"alter system set {setting}".encode())
            conn.execute(b"select pg_reload_conf()")
        with _database(url, _BARE, template="template0", keep=True), tempfile.NamedTemporaryFile("w") as password:
            password.write(ADMIN_PASSWORD)
            password.flush()
            modules = ["-u", "ir", *tryton_seed.MODULES, "--activate-dependencies"]
            done = subprocess.run(
                [VENV / "bin" / "trytond-admin", "-d", _BARE, "--email", "admin@example.com", *modules],
                env=_environment(url) | {"TRYTONPASSFILE": password.name},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"trytond-admin failed:\n{done.stdout}\n{done.stderr}"
        _keep(url, folder)


def _make_filled(bare: Path, folder: Path, master: Mapping[str, Any]) -> None:
    with _cluster(bare) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(f"alter database {_BARE} rename to {_FILLED}".encode())
        with (
            _served(url, _FILLED) as (address, _),
            TrytonRpc(address, _FILLED, user="admin", password=ADMIN_PASSWORD) as rpc,
        ):
            tryton_seed.seed(rpc, master)
        _keep(url, folder)


def _keep(url: str, folder: Path) -> None:
    """Stops the server of ``url`` and keeps its folder as ``folder``: whole, or not at all."""
    home = Path(url.partition("?host=")[2]).parent
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(b"checkpoint")
    embedded.stop(home)
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    subprocess.run(["cp", "-a", home / "pg", half], check=True)
    half.rename(folder)


@contextmanager
def _database(cluster: str, name: str, *, template: str, keep: bool = False) -> Iterator[None]:
    with psycopg.connect(cluster, autocommit=True) as conn:
        conn.execute(f"drop database if exists {name} with (force)".encode())
        conn.execute(f"create database {name} template {template} encoding 'UTF8'".encode())
    yield
    if not keep:
        with psycopg.connect(cluster, autocommit=True) as conn:
            conn.execute(f"drop database {name} with (force)".encode())


def _environment(cluster: str) -> dict[str, str]:
    """Returns the environment of a Tryton process: its settings, and nothing of the test's own."""
    folder = cluster.partition("?host=")[2]
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TRYTOND_DATABASE__URI": f"postgresql://postgres@/?host={folder}",
    }


def _url_of(cluster: str, database: str) -> str:
    return cluster.replace("/postgres?", f"/{database}?")


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in (sys.version.encode(), *parts):
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:12]


if __name__ == "__main__":
    main()

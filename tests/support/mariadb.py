"""A real MariaDB holding the awkward order-desk database of ``legacy/schema.sql``, and a copy of it that lags.

``python -m tests.support.mariadb`` starts both for a person, prints how to reach them and runs until it
is interrupted.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

import pymysql
import pytest
from pymysql.cursors import Cursor

from bridgehead.clock import perf_s
from tests.support.legacy.seed import DAY, rows

MISSING: Final = "mariadbd is not on this machine: make services installs it (as root)"
SCHEMA: Final = Path(__file__).parent / "legacy" / "schema.sql"

Role = Literal["root", "lesen", "auftrag"]
PASSWORDS: Final[dict[str, str]] = {
    "root": "wurzel-7",
    "lesen": "nur;lesen@1",
    "auftrag": "auftrag#2",
    "kopie": "kopie-3",
}
"""``lesen`` may read, ``auftrag`` may also call the procedures and claim rows of EINGANG; ``kopie`` replicates."""

BEAT: Final = "UPDATE TAKT SET TDAT = DATE_FORMAT(NOW(), '%Y%m%d'), TZEIT = DATE_FORMAT(NOW(), '%H%i%s')"
START_S: Final = 60.0
ZONE: Final = "CET-1CEST,M3.5.0,M10.5.0/3"
"""Local time of the works, written so that it needs no zone files."""


class Absent(Exception):
    """There is no mariadbd to start; the message names what installs it."""


class DidNotStart(Exception):
    """mariadbd ended or did not answer; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class MariaDB:
    """One running server: a process, its folder, and its port on loopback."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    def connect(self, role: str = "root", database: str | None = None) -> pymysql.Connection[Cursor]:
        """Opens a connection over TCP that commits each statement; the caller closes it.

        Without TLS, which the server does not offer: the driver reads the machine's authorities for each
        connection first, and that takes ten times as long as all the rest.
        """
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=role, password=PASSWORDS[role], database=database,
            charset="utf8mb4", autocommit=True, ssl_disabled=True,
        )  # fmt: skip

    def run(self, *statements: str, database: str | None = None) -> tuple[tuple[Any, ...], ...]:
        """Runs statements as root and returns the rows of the last one."""
        found: tuple[tuple[Any, ...], ...] = ()
        with closing(self.connect("root", database)) as conn, conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                found = cursor.fetchall()
        return found

    def position(self) -> str:
        """Returns how far it has written: every change moves this, and nothing else does."""
        return str(self.run("SELECT @@gtid_binlog_pos")[0][0])

    def stop(self) -> None:
        """Ends the process and removes its folder."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(server_id: int) -> MariaDB:
    """Starts an empty server of its own on a free port, with the users of this module.

    Raises Absent when there is none on this machine, and DidNotStart when it does not answer within START_S.
    """
    binary = _found("mariadbd")
    # Not under pytest's own folder: a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="bh-my-"))
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    small = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M"]
    # A server that starts removes the temporary tables it finds; those of another one must not be among them.
    (folder / "tmp").mkdir()
    own = [*as_root, *small, f"--datadir={folder / 'data'}", f"--tmpdir={folder / 'tmp'}"]
    try:
        _install(*own)
        (folder / "init.sql").write_text(_users(), "utf-8")
        port = _free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binary, "--no-defaults", *own, f"--socket={folder / 's'}", f"--port={port}",
                 f"--pid-file={folder / 'pid'}", f"--init-file={folder / 'init.sql'}", "--bind-address=127.0.0.1",
                 "--skip-name-resolve", f"--server-id={server_id}", "--log-bin=bin", "--binlog-format=ROW",
                 "--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync",
                 "--character-set-server=latin1", "--sql-mode=NO_ENGINE_SUBSTITUTION", "--performance-schema=OFF",
                 "--max-connections=80", "--innodb-fast-shutdown=2", "--slave-net-timeout=10",
                 "--port-open-timeout=5"],
                stdout=log, stderr=log, env={**os.environ, "TZ": ZONE}, start_new_session=True,
            )  # fmt: skip
        server = MariaDB(folder, port, process)
        try:
            _wait(server)
        except BaseException:
            server.stop()
            raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return server


def _install(*options: str) -> None:
    fixed = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
    command = [_found("mariadb-install-db"), *fixed, *options]
    made = subprocess.run(command, capture_output=True, check=False, timeout=START_S)
    if made.returncode:
        raise DidNotStart((made.stdout + made.stderr).decode(errors="replace"))


def _found(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Absent(MISSING)
    return path


def _users() -> str:
    """Returns what the server runs before it listens; none of it is replicated, as each server does the same."""
    lines = ["SET sql_log_bin = 0", "DELETE FROM mysql.global_priv WHERE User IN ('root', '')", "FLUSH PRIVILEGES"]
    lines += [f"CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'" for name, password in PASSWORDS.items()]
    lines += [
        "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION",
        "GRANT REPLICATION SLAVE ON *.* TO 'kopie'@'%'",
        "GRANT SLAVE MONITOR ON *.* TO 'lesen'@'%'",
        "GRANT SELECT ON `wawi%`.* TO 'lesen'@'%'",
        "GRANT SELECT, EXECUTE ON `wawi%`.* TO 'auftrag'@'%'",
    ]
    return "".join(f"{line};\n" for line in lines)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: MariaDB) -> None:
    end = perf_s() + START_S
    while True:
        try:
            # By its own socket: on the port somebody else may have been faster.
            with closing(socket.socket(socket.AF_UNIX)) as probe:
                probe.connect(str(server.socket))
        except OSError as error:
            if server.process.poll() is not None or perf_s() > end:
                log = (server.folder / "log").read_text("utf-8", errors="replace")
                raise DidNotStart(f"{error}\n{log[-3000:]}") from error
            # Its end would be the only news sooner than the next try.
            _ends_within(server.process, 0.05)
        else:
            return


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


@dataclass(frozen=True, slots=True)
class Legacy:
    """One loaded database on the main server."""

    server: MariaDB
    database: str

    def connect(self, role: Role = "lesen") -> pymysql.Connection[Cursor]:
        """Opens a connection to it that commits each statement; the caller closes it."""
        return self.server.connect(role, self.database)

    def url(self, role: Role = "lesen") -> str:
        """Returns where it is, as SQLAlchemy and a person's specification write it."""
        return url(self.server, role, self.database)

    def rows(self, query: str, *values: object) -> tuple[tuple[Any, ...], ...]:
        """Reads as an auditor would: as root, from the main server."""
        with closing(self.connect("root")) as conn, conn.cursor() as cursor:
            cursor.execute(query, values or None)
            return tuple(cursor.fetchall())

    def change(self, statement: str, *values: object) -> int:
        """Changes it as somebody at a terminal of that firm would, and returns how many rows that touched."""
        with closing(self.connect("root")) as conn, conn.cursor() as cursor:
            return int(cursor.execute(statement, values or None))

    def beat(self) -> None:
        """What the firm's job does every minute: writes the local time into TAKT."""
        self.change(BEAT)

    def night_run(self) -> None:
        """What the firm's job does every night: writes what customers owe, but for those where it failed before."""
        today = "DATE_FORMAT(NOW(), '%%d%%m%%y'), SZEIT = DATE_FORMAT(NOW(), '%%H%%i')"
        self.change(f"UPDATE KDSALDO SET SDAT = {today} WHERE SDAT = %s", f"{DAY:%d%m%y}")


@dataclass(frozen=True, slots=True)
class Replica:
    """The copy for the reports: a real replica, which a test holds back and lets go."""

    server: MariaDB
    main: MariaDB
    database: str

    def connect(self) -> pymysql.Connection[Cursor]:
        """Opens a connection to the copy for a reader; the caller closes it."""
        return self.server.connect("lesen", self.database)

    def url(self) -> str:
        """Returns where the copy is."""
        return url(self.server, "lesen", self.database)

    def rows(self, query: str, *values: object) -> tuple[tuple[Any, ...], ...]:
        """Reads from the copy."""
        with closing(self.connect()) as conn, conn.cursor() as cursor:
            cursor.execute(query, values or None)
            return tuple(cursor.fetchall())

    def hold(self) -> None:
        """What the main server writes from now on is fetched by the copy and not applied."""
        self.server.run("STOP SLAVE SQL_THREAD")

    def release(self) -> None:
        """Applies what was held back, and returns when the copy has all that the main server has written."""
        self.server.run("START SLAVE")
        self.catch_up()

    def delay(self, seconds: int) -> None:
        """Makes the copy stay that far behind, with SHOW SLAVE STATUS telling so; 0 ends it."""
        self.server.run("STOP SLAVE", f"CHANGE MASTER TO MASTER_DELAY = {seconds:d}", "START SLAVE")

    def delay_bites(self, timeout_s: float = 30) -> int:
        """Waits until the copy holds back something for its delay, and returns for how many more seconds."""
        end = perf_s() + timeout_s
        while (left := self.status()["SQL_Remaining_Delay"]) is None:
            assert perf_s() < end, self.status()
        return int(left)

    def catch_up(self, timeout_s: float = 30) -> None:
        """Waits until the copy has applied all that the main server has written."""
        ((late,),) = self.server.run(f"SELECT MASTER_GTID_WAIT('{self.main.position()}', {timeout_s})")
        assert late == 0, self.status()

    def status(self) -> dict[str, Any]:
        """Returns SHOW SLAVE STATUS, as the reader may ask it."""
        with closing(self.server.connect("lesen")) as conn, conn.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            found = cursor.fetchone()
        assert found is not None
        return dict(found)


def url(server: MariaDB, role: Role, database: str) -> str:
    """Returns a SQLAlchemy URL; the password is quoted, because it has characters that need it."""
    return (
        f"mysql+pymysql://{role}:{quote(PASSWORDS[role], safe='')}@127.0.0.1:{server.port}/{database}?charset=utf8mb4"
    )


def load(server: MariaDB, database: str, seed: int = 1) -> Legacy:
    """Makes the database and fills it with the rows of a seed."""
    server.run(f"CREATE DATABASE `{database}` CHARACTER SET latin1 COLLATE latin1_german1_ci")
    with closing(server.connect("root", database)) as conn, conn.cursor() as cursor:
        for statement in statements(SCHEMA.read_text("utf-8")):
            cursor.execute(statement)
        conn.begin()
        for table, values in rows(seed).tables.items():
            cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(values[0]))})", values)
        conn.commit()
        cursor.execute(f"GRANT UPDATE ON `{database}`.EINGANG TO 'auftrag'@'%'")
    return Legacy(server, database)


def statements(script: str) -> Iterator[str]:
    """Yields the statements of a script for the mariadb client, which alone knows DELIMITER."""
    delimiter, held = ";", list[str]()
    for line in script.splitlines():
        if line.startswith("--") or not (held or line.strip()):
            continue
        if line.startswith("DELIMITER "):
            delimiter = line.split()[1]
            continue
        held.append(line)
        if line.endswith(delimiter):
            yield "\n".join(held).removesuffix(delimiter)
            held.clear()
    assert not held, held


@contextmanager
def replicating(main: MariaDB) -> Iterator[MariaDB]:
    """Runs a replica of a server, read only, from the first thing that server wrote."""
    copy = start(server_id=2)
    try:
        copy.run(
            "SET GLOBAL read_only = 1",
            f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {main.port}, MASTER_USER = 'kopie', "
            f"MASTER_PASSWORD = '{PASSWORDS['kopie']}', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1",
            "START SLAVE",
        )
        yield copy
    finally:
        copy.stop()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    """Gives a MariaDB of this test process; skips, and says what installs it, where there is none."""
    try:
        server = start(server_id=1)
    except Absent as absent:
        pytest.skip(str(absent))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mariadb_copy(mariadb_server: MariaDB) -> Iterator[MariaDB]:
    """Gives a replica of that server."""
    with replicating(mariadb_server) as copy:
        yield copy


@pytest.fixture(scope="session")
def mariadb_untouched(mariadb_server: MariaDB) -> list[tuple[Legacy, str]]:
    """Keeps the loaded database that no test has written to, with the server's position then."""
    return []


@pytest.fixture
def legacy(
    mariadb_server: MariaDB, mariadb_untouched: list[tuple[Legacy, str]], _counter: list[int]
) -> Iterator[Legacy]:
    """Gives the awkward database as it was loaded; one that a test wrote to is not given to the next."""
    if mariadb_untouched:
        loaded, position = mariadb_untouched.pop()
    else:
        _counter[0] += 1
        loaded = load(mariadb_server, f"wawi_{os.getpid()}_{_counter[0]}")
        position = mariadb_server.position()
    try:
        yield loaded
    finally:
        if mariadb_server.position() == position:
            mariadb_untouched.append((loaded, position))
        else:
            # A connection that a test left open in a transaction is an error, not a wait of a day.
            mariadb_server.run("SET lock_wait_timeout = 10", f"DROP DATABASE `{loaded.database}`")


@pytest.fixture
def replica(legacy: Legacy, mariadb_copy: MariaDB) -> Iterator[Replica]:
    """Gives the copy of the awkward database, level with it; a test that holds it need not let it go."""
    copy = Replica(mariadb_copy, legacy.server, legacy.database)
    copy.catch_up()
    try:
        yield copy
    finally:
        copy.delay(0)


def load_northwind(shared: Path, target: Path) -> str:
    """Loads the foreign order database of the shared data into a SQLite file and returns its SQLAlchemy URL.

    Its script is in SQLite's dialect (bracketed names, PRAGMA, AUTOINCREMENT), which MariaDB does not read.
    """
    with closing(sqlite3.connect(target)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        conn.executescript((shared / "legacy" / "northwind.sql").read_text("utf-8"))
    return f"sqlite:///{target}"


@pytest.fixture
def northwind(shared_data: Path, tmp_path: Path) -> str:
    """Gives the SQLAlchemy URL of the foreign order database; skips where the shared data is absent."""
    return load_northwind(shared_data, tmp_path / "northwind.sqlite")


def main() -> None:
    """Runs the database and its copy for a person until interrupted."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        server = start(server_id=1)
    except (Absent, DidNotStart) as error:
        sys.exit(str(error))
    try:
        loaded = load(server, "wawi")
        loaded.night_run()
        loaded.change(f"CREATE EVENT MINUTE ON SCHEDULE EVERY 1 MINUTE DO {BEAT}")
        server.run("SET GLOBAL event_scheduler = ON")
        with replicating(server) as copy:
            sys.stdout.write(
                f"read      {url(server, 'lesen', 'wawi')}\norder     {url(server, 'auftrag', 'wawi')}\n"
                f"copy      {url(copy, 'lesen', 'wawi')}\nmanual    {SCHEMA}\nruns until it is interrupted\n"
            )
            sys.stdout.flush()
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        server.stop()


if __name__ == "__main__":
    main()

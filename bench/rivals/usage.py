"""What processes and a PostgreSQL server use, from /proc and from the server itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> tuple[int, float, float]:
    """Returns a process's parent, its own processor seconds, and those of children it has waited for (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    own, waited = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    return int(fields[1]), own / _TICKS, waited / _TICKS


def tree(pid: int) -> list[int]:
    """Returns a process and all that descend from it and live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(_stat(int(entry.name))[0], []).append(int(entry.name))
            except (OSError, IndexError):
                continue  # it ended while being looked at
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting.extend(children.get(found[-1], ()))
    return found


def own_cpu_s(pid: int) -> float:
    """Returns the processor seconds of one process, its children left out."""
    return _stat(pid)[1]


def tree_cpu_s(pid: int) -> float:
    """Returns the processor seconds of a process and of all its descendants, ended ones included."""
    total = 0.0
    for one in tree(pid):
        try:
            _, own, waited = _stat(one)
        except (OSError, IndexError):
            continue  # its parent has it among those it waited for
        total += own + waited
    return total


def exact_cpu_s(pids: Iterable[int]) -> float:
    """Returns the processor seconds of these processes to the nanosecond, from each thread's schedstat.

    Only while no thread of theirs ends: what it used would be gone.
    """
    total_ns = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            total_ns += int((thread / "schedstat").read_text(encoding="utf-8").split()[0])
    return total_ns / 1e9


def memory_bytes(pid: int) -> int:
    """Returns the memory that is a process's own and its descendants': what ending them would give back (USS)."""
    total = 0
    for one in tree(pid):
        lines = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        total += sum(int(line.split()[1]) * 1_024 for line in lines if line.startswith("Private_"))
    return total


@dataclass(frozen=True, slots=True)
class Used:
    """What a server had used at one moment."""

    cpu_s: float
    wal_bytes: int
    stored_bytes: int

    def since(self, before: Used) -> Used:
        """Returns the difference."""
        return Used(
            self.cpu_s - before.cpu_s, self.wal_bytes - before.wal_bytes, self.stored_bytes - before.stored_bytes
        )


class Server:
    """A PostgreSQL server on this machine, watched over a connection of its own."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid
        self._conn = psycopg.connect(url, autocommit=True)

    def database(self, name: str) -> str:
        """Makes an empty database and returns its URL."""
        self._conn.execute(f"create database {name}".encode())
        return self.url.replace("/postgres?", f"/{name}?")

    def used(self, database: str) -> Used:
        """Returns what the whole server has used, and the size of one of its databases."""
        row = self._conn.execute(
            "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, pg_database_size(%s)", (database,)
        ).fetchone()
        assert row is not None
        return Used(tree_cpu_s(self.pid), int(row[0]), int(row[1]))

    def setting(self, name: str) -> str:
        """Returns a setting as the server shows it."""
        row = self._conn.execute("select current_setting(%s)", (name,)).fetchone()
        assert row is not None
        return str(row[0])

    def checkpoint(self) -> None:
        """Writes out what is dirty, so that no one's pages are written at another's cost."""
        self._conn.execute("checkpoint")

    def close(self) -> None:
        """Closes the connection."""
        self._conn.close()

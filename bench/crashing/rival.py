"""LangGraph's part of the crash bench: its process is killed at the same rate, and the same books are read."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from bench.crashing import books, roles
from bench.crashing.supervising import pause
from bench.report import Cell, Report
from bench.rivals.processes import PYTHON, ROOT
from bridgehead.clock import boot_s

PATIENCE_S: Final = 120.0
LATER_S: Final = 0.3


def killed_rival(
    report: Report, folder: Path, url: str, rules: object, cases: int, per_case: float
) -> list[dict[str, Cell]]:
    """Returns a row for the agent without a key that the system of record recognises, and one for it with one."""
    return [_run(report, folder, url, rules, cases, per_case, keyed) for keyed in ("no key", "keyed")]


def _run(
    report: Report, folder: Path, url: str, rules: object, cases: int, per_case: float, keyed: str
) -> dict[str, Cell]:
    place = folder / keyed.replace(" ", "-")
    place.mkdir()
    name = f"rival_{keyed.replace(' ', '_')}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"create database {name}".encode())
    file, log, servers = place / "books.jsonl", place / "log", []
    file.touch()
    try:
        servers.append(_served(partial(books.serve, file), log))
        servers.append(_served(partial(roles.proxy, servers[0][1], rules, 1, record=place / "proxy.json"), log))
        kills, resumed_s = _killed(
            url.replace("/postgres?", f"/{name}?"), servers[1][1], keyed, file, cases, round(per_case * cases), log
        )
    finally:
        for pid, _ in servers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    entered = Counter(json.loads(line)["po"] for line in file.read_text().splitlines())
    doubled = sum(count - 1 for count in entered.values())
    report.progress(f"LangGraph, {keyed}: {doubled} doubled over {cases} cases")
    return {
        "agent": f"LangGraph, {keyed}",
        "cases": cases,
        "kills": kills,
        "effects": entered.total(),
        "doubled": doubled,
        "lost": cases - len(entered),
        "doubled per 1,000": round(1_000 * doubled / cases, 1),
        "lost per 1,000": round(1_000 * (cases - len(entered)) / cases, 1),
        "s": round(resumed_s, 1),
    }


def _served(work: object, log: Path) -> tuple[int, str]:
    here, there = os.pipe()
    pid = roles.fork(lambda: work(ready=there), log)  # type: ignore[operator]  # a partial of the descriptor
    os.close(there)
    with os.fdopen(here) as lines:
        return pid, lines.readline().strip()


def _killed(url: str, system: str, keyed: str, file: Path, cases: int, kills: int, log: Path) -> tuple[int, float]:
    """Lets the agent run to its end and kills it on the way, a drawn moment after the books have a drawn size."""
    chance = random.Random(f"{keyed}/marks")
    marks = sorted(chance.sample(range(1, cases), min(kills, cases - 1)))
    started, done = boot_s(), 0
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            [PYTHON, "-m", "bench.rivals.run_crash", url, system, "keyed" if keyed == "keyed" else "plain", str(cases)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as parent,
    ):
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdout.readline()
        while True:
            if boot_s() - started > PATIENCE_S:
                parent.kill()
                raise RuntimeError(f"LangGraph did not end in {PATIENCE_S:g} s: see {log}")
            parent.stdin.write("go\n")
            parent.stdin.flush()
            pid = int(parent.stdout.readline())
            while marks and _size(file) < marks[0] and _alive(pid):
                pause(0.002)
            if marks:  # at any moment from there on, not where an entry was just made
                pause(chance.uniform(0, LATER_S))
            if marks and _alive(pid):
                os.kill(pid, signal.SIGKILL)
                marks.pop(0)
                done += 1
            status = int(parent.stdout.readline())
            if status == 0:
                parent.stdin.close()
                return done, boot_s() - started
            if not os.WIFSIGNALED(status):
                parent.kill()
                raise RuntimeError(f"LangGraph's process ended with status {status}: see {log}")


def _size(file: Path) -> int:
    return file.read_bytes().count(b"\n")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(") ")[-1][0] not in "ZX"
    except OSError:
        return False

"""Removes each guard between a case and a double from a copy of the source; a named test must fail each time.

A guard that can go without a test noticing is not proved. The copy lies in a temporary folder and comes first
on the path of the tests and of the workers they start; the source itself is not touched. Before anything is
removed every named test must pass on the unchanged copy. ``--quick`` runs the first named test of each guard.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report
from bridgehead.clock import perf_s
from bridgehead.storage import embedded

ROOT: Final = Path(__file__).resolve().parent.parent
GUARDS_TEST: Final = "tests/contract/test_guards.py"
GROUP_TEST: Final = "tests/contract/test_group_commit.py"
KILLS_TEST: Final = "tests/faults/test_real_kills.py"
MAILBOX_TEST: Final = "tests/contract/test_mailbox.py"
STORM_TEST: Final = "tests/faults/test_mailbox_storm.py::test_no_mail_is_lost_or_doubled"
NOTICED: Final = ""
FAILED: Final = 1
"""pytest's exit code for "tests ran and some failed"; 2 and more mean that they did not run."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: where it stands, the text without which it is gone, and the tests that must notice."""

    name: str
    file: str
    text: str
    without: str
    tests: Sequence[str]


GUARDS: Final = (
    Guard(
        "the row lock in the fence",
        "storage/looking.py",
        "order by c.id for update of c)",
        "order by c.id)",
        [f"{GUARDS_TEST}::test_a_stale_claim_writes_nothing_even_while_the_new_one_is_uncommitted"],
    ),
    Guard(
        "the epoch in the fence",
        "storage/looking.py",
        "where c.epoch = v.epoch and c.state = 'running'",
        "where c.state = 'running'",
        [f"{GROUP_TEST}::test_a_claim_that_is_over_drops_out_alone"],
    ),
    Guard(
        "the question what became of a commit",
        "storage/committing.py",
        "if await self._committed(lost.xid, ends):",
        "if False:",
        [
            f"{GROUP_TEST}::test_a_connection_lost_at_the_commit_is_cleared_up_before_anyone_is_told[after]",
        ],
    ),
    Guard(
        "the intent commit",
        "cases/effecting.py",
        """        try:
            tokens = await segment.commit(*writes)
        except KeyTaken as taken:
            return await self._hold(proposal, decision, conflict=taken.message, replaces=replaces)
        number = known if isinstance(known, int) else tokens[known]
        self._keep(proposal, number, "intended")
        self._replaced(replaces, number)
        points.reach("effects.intent.after")
        return await self._send(proposal, number, send_by_s, call)
""",
        """        early = idempotency_key(proposal.key, proposal.occurrence)
        result = await proposal.bound.invoke(proposal.args, key=early)
        tokens = await segment.commit(*writes)
        number = known if isinstance(known, int) else tokens[known]
        await segment.commit(EffectMove(number, "intended", "committed", {"result": result}))
        self._keep(proposal, number, "committed", {"result": result})
        return result
""",
        [
            f"{GUARDS_TEST}::test_the_intent_is_on_record_before_the_call_is_made",
            f"{KILLS_TEST}::test_kill_at_every_point_books_once[plain-reply]",
        ],
    ),
    Guard(
        "send_by",
        "cases/effecting.py",
        "if clock.boot_s() >= send_by_s or (",
        "if (",
        [
            f"{GUARDS_TEST}::test_a_call_whose_moment_has_passed_is_not_sent",
            f"{KILLS_TEST}::test_a_zombie_between_intent_and_send_never_doubles[plain]",
        ],
    ),
    Guard(
        "the key of an effect",
        "effects/keys.py",
        'return hmac("effect", canonical([deployment, tool.name, chosen]))',
        'from bridgehead.ids import random_hex\n\n    return hmac("effect", random_hex(16).encode())',
        [
            f"{GUARDS_TEST}::test_a_repeated_or_parallel_write_books_once",
            f"{GUARDS_TEST}::test_a_reworded_write_under_the_same_key_is_held",
        ],
    ),
    Guard(
        "the key that the target gets",
        "effects/keys.py",
        'return f"{key[:14].hex()}{occurrence & 0xFFFF:04x}"',
        "from bridgehead.ids import random_hex\n\n    return random_hex(16)",
        [
            f"{GUARDS_TEST}::test_every_attempt_carries_the_same_key",
            f"{KILLS_TEST}::test_a_zombie_inside_its_send_never_doubles[idempotent]",
        ],
    ),
    Guard(
        "divergence",
        "cases/segment.py",
        "while self.journal.unconsumed:",
        "while False:",
        [f"{GUARDS_TEST}::test_an_agent_that_takes_another_way_on_replay_goes_to_a_person"],
    ),
    Guard(
        "the idempotent open",
        "storage/arrivals.py",
        'if bytes(case["content"]) == opening.content:',
        "if False:",
        [
            f"{GUARDS_TEST}::test_many_copies_at_once_open_one_case",
            f"{KILLS_TEST}::test_copies_racing_into_two_workers_book_once",
        ],
    ),
    Guard(
        "the closed Context",
        "cases/segment.py",
        "if self.closed is None and not (calling and self.ended):",
        "if True:",
        [f"{GUARDS_TEST}::test_an_agent_that_swallows_exceptions_cannot_run_on_after_a_suspension"],
    ),
    Guard(
        "a link of the chain",
        "ledger/chain.py",
        "hashlib.sha256(_TAG + (previous or _NO_HASH) + body)",
        "hashlib.sha256(_TAG + body)",
        ["tests/unit/ledger/test_chain.py::test_each_row_binds_the_rows_before_it"],
    ),
    Guard(
        "default deny",
        "gate/decide.py",
        """        return self._decision("deny", (*self._why(call, arguments, forbidden), *stale))

    def _would""",
        """        return self._decision("allow", (*self._why(call, arguments, forbidden), *stale))

    def _would""",
        ["tests/unit/gate/test_decide.py::test_default_deny"],
    ),
    Guard(
        "a mail is stored before it is moved or flagged",
        "connectors/mailbox.py",
        """            await self._keep(Arrived("", mail_name(self.folder, uid), document))
            self._stored.add(key)
        await _in(threads, partial(session.settle, uid))
""",
        """            await _in(threads, partial(session.settle, uid))
            await self._keep(Arrived("", mail_name(self.folder, uid), document))
            self._stored.add(key)
""",
        [f"{MAILBOX_TEST}::test_nothing_moves_while_the_database_is_away", STORM_TEST],
    ),
    Guard(
        "a mail is known by its content",
        "connectors/mailbox.py",
        'Arrived("", mail_name(self.folder, uid), document)',
        'Arrived(f"{key}", mail_name(self.folder, uid), document)',
        [f"{MAILBOX_TEST}::test_the_server_restarts_with_other_uids", STORM_TEST],
    ),
    Guard(
        "a number of a mail counts for one connection",
        "connectors/mailbox.py",
        "        self._stored.clear()\n",
        "",
        [f"{MAILBOX_TEST}::test_a_number_means_nothing_on_another_connection"],
    ),
)


def removed(copy: Path, guard: Guard) -> None:
    """Takes the guard out of the copy; raises SystemExit when its text is not there exactly once."""
    file = copy / "bridgehead" / guard.file
    source = file.read_text(encoding="utf-8")
    if source.count(guard.text) != 1:
        raise SystemExit(f"{guard.name}: its text is in {guard.file} {source.count(guard.text)} times, not once")
    file.write_text(source.replace(guard.text, guard.without), encoding="utf-8")


def run(copy: Path, server: str, tests: Sequence[str]) -> tuple[int, str]:
    """Runs tests over the copy; returns pytest's exit code and the end of what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(copy), "BRIDGEHEAD_TEST_SERVER": server},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, (done.stdout + done.stderr)[-2000:]


def imported_from(copy: Path) -> bool:
    """Whether a process with the copy first on its path takes Bridgehead from there."""
    done = subprocess.run(
        [sys.executable, "-c", "import bridgehead; print(bridgehead.__file__)"],
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip()).is_relative_to(copy)


def fresh(folder: Path, name: str) -> Path:
    """Returns a copy of the source in a folder of its own."""
    copy = folder / name
    shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def removal(report: Report, folder: Path, server: str, guard: Guard, test: str) -> dict[str, Cell]:
    """Runs one test without one guard and returns what came of it, as a row."""
    copy = fresh(Path(tempfile.mkdtemp(dir=folder)), "src")
    removed(copy, guard)
    report.progress(f"without {guard.name}: {test}")
    started = perf_s()
    code, said = run(copy, server, [test])
    if code != FAILED:
        report.progress(said)
    shutil.rmtree(copy.parent)
    return {
        "guard removed": guard.name,
        "in": guard.file,
        "test": test.partition("::")[2],
        NOTICED: "fails" if code == FAILED else f"NOT NOTICED (exit {code})",
        "s": round(perf_s() - started, 1),
    }


def measure(report: Report, folder: Path, server: str) -> None:
    chosen = {guard.name: guard.tests[:1] if report.quick else guard.tests for guard in GUARDS}
    untouched = fresh(folder, "untouched")
    if not imported_from(untouched):
        raise SystemExit("the copy is not what would be tested")
    report.progress("every named test over the unchanged copy")
    code, said = run(untouched, server, [test for tests in chosen.values() for test in tests])
    if code != 0:
        report.progress(said)
    report.figure("tests pass with every guard in place", float(code == 0), exactly=1)
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        removals = [
            pool.submit(removal, report, folder, server, guard, test) for guard in GUARDS for test in chosen[guard.name]
        ]
        rows = [one.result() for one in removals]
    survived = sum(row[NOTICED] != "fails" for row in rows)
    report.table("one guard removed at a time", rows)
    report.figure("guards", len(GUARDS))
    report.figure("removals that no test noticed", survived, exactly=0)


def main() -> None:
    report = Report("guards", __doc__ or "", packages="pytest psycopg")
    folder = Path(tempfile.mkdtemp(prefix="bh-"))  # short: a socket's path may have 107 characters
    folder.chmod(0o755)
    try:
        measure(report, folder, embedded.start(folder))
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(report.close())


if __name__ == "__main__":
    main()

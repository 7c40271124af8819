"""Removes each guard between a case and a double from a copy of the source; a named test must fail each time.

A guard that can go without a test noticing is not proved. The copy lies in a temporary folder and comes first
on the path of the tests and of the workers they start; the source itself is not touched. Every named test must
pass on the unchanged copy. ``--quick`` removes a quarter of the guards, another quarter each day, and runs the first
named test of each; the report names the others as not run.
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
from bridgehead.clock import perf_s, utc_now
from bridgehead.storage import embedded

ROOT: Final = Path(__file__).resolve().parent.parent
GUARDS_TEST: Final = "tests/contract/test_guards.py"
GROUP_TEST: Final = "tests/contract/test_group_commit.py"
KILLS_TEST: Final = "tests/faults/test_real_kills.py"
FACTS_TEST: Final = "tests/contract/test_facts_trusted.py"
MAILBOX_TEST: Final = "tests/contract/test_mailbox.py"
STORM_TEST: Final = "tests/faults/test_mailbox_storm.py::test_no_mail_is_lost_or_doubled"
DECIDE_TEST: Final = "tests/unit/gate/test_decide.py"
DESK_TEST: Final = "tests/contract/test_desk_decisions.py"
SEQUENCES_TEST: Final = "tests/contract/test_obligations.py"
CANARY_TEST: Final = "tests/contract/test_canary.py"
CANARY_RUN_TEST: Final = "tests/contract/test_canary_run.py::test_a_full_run_with_failures_shows_no_secret"
QUARTERS: Final = 4
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
        "cases/sending.py",
        """        try:
            share.made = True
            tokens = await segment.commit(*writes, begins=lambda: begun_s.append(clock.boot_s()))
        except KeyTaken as other:
            share.made = False
            return await self._hold(proposal, decision, conflict=other.message, replaces=replaces)
        except LeaseLost:
            share.refused = True
            raise
        number = known if isinstance(known, int) else tokens[known]
        row = self._records.keep(proposal, number, "intended")
        self._records.replaced(replaces, number)
        points.reach("effects.intent.after")
        send_by_s = min(begun_s[0] + segment.bench.send_s, deadline.moment_s() or float("inf"))
        return await self._send(proposal, row, send_by_s, call)
""",
        """        early = idempotency_key(proposal.key, proposal.occurrence)
        result = await proposal.bound.invoke(proposal.args, key=early)
        tokens = await segment.commit(*writes)
        number = known if isinstance(known, int) else tokens[known]
        await segment.commit(EffectMove(number, "intended", "committed", {"result": result}))
        self._records.keep(proposal, number, "committed", {"result": result})
        return result
""",
        [
            f"{GUARDS_TEST}::test_the_intent_is_on_record_before_the_call_is_made",
            f"{KILLS_TEST}::test_kill_at_every_point_books_once[plain-reply]",
        ],
    ),
    Guard(
        "send_by",
        "cases/sending.py",
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
        'if bytes(case["content"]) == opening.content), None)',
        "if False), None)",
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
        """        return self._decision("deny", (*self._why(call, view, arguments, forbidden), *stale))

    def _owed""",
        """        return self._decision("allow", (*self._why(call, view, arguments, forbidden), *stale))

    def _owed""",
        [f"{DECIDE_TEST}::test_default_deny"],
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
    Guard(
        "the source of a sensitive argument",
        "gate/provenance.py",
        'return "context has unvouched && !context.approved"',
        'return "false"',
        [
            "tests/unit/gate/test_labels.py::test_a_decision_follows_the_facts",
            f"{FACTS_TEST}::test_a_value_that_nobody_vouches_for_is_denied",
        ],
    ),
    Guard(
        "the rules about sequences",
        "gate/sequence.py",
        'yield rule, " && ".join(tests)',
        'yield rule, "false"',
        [
            f"{SEQUENCES_TEST}::test_what_never_follows_is_refused[class:effect-class:read]",
            f"{SEQUENCES_TEST}::test_calls_made_at_once_are_a_sequence_too",
        ],
    ),
    Guard(
        "the arguments that an approval was given for",
        "gate/decide.py",
        "if approval.args_digest != call.args_digest:",
        "if False:",
        [f"{DECIDE_TEST}::test_an_approval_covers_one_call_once_and_for_its_time[bad0-other arguments]"],
    ),
    Guard(
        "the one use of an approval, to the gate",
        "gate/decide.py",
        "elif approval.used:",
        "elif False:",
        [f"{DECIDE_TEST}::test_an_approval_covers_one_call_once_and_for_its_time[bad1-used already]"],
    ),
    Guard(
        "the one use of an approval, in the commit",
        "storage/planning.py",
        "if write.review_id not in self.looked.unused:",
        "if False:",
        [f"{DESK_TEST}::test_an_approval_is_used_in_one_commit_alone"],
    ),
    Guard(
        "the time for which an approval is good",
        "gate/decide.py",
        "elif approval.valid_until_passed:",
        "elif False:",
        [
            f"{DESK_TEST}::test_an_approval_is_no_use_after_its_time",
            f"{DECIDE_TEST}::test_an_approval_covers_one_call_once_and_for_its_time[bad2-no longer valid]",
        ],
    ),
    Guard(
        "the one decision about a review",
        "storage/reviews.py",
        """" decided_via = %s, decided_for = %s where id = %s and state = 'open'\"""",
        """" decided_via = %s, decided_for = %s where id = %s\"""",
        [
            f"{DESK_TEST}::test_no_other_channel_decides_what_is_decided",
            f"{DESK_TEST}::test_of_two_decisions_at_once_one_wins_and_the_other_is_told",
        ],
    ),
    Guard(
        "the arguments that were on the screen",
        "desk/reviewing.py",
        "if len(digest) < 8 or not found.startswith(digest.lower()):",
        "if False:",
        [f"{DESK_TEST}::test_a_decision_is_bound_to_what_was_on_the_screen"],
    ),
    Guard(
        "who asked for a call does not approve it",
        "storage/reviews_people.py",
        'not two_people(row["subject"], decider.subject)',
        "False",
        [f"{DESK_TEST}::test_who_asked_does_not_approve[approve]"],
    ),
    Guard(
        "the role of who decides",
        "storage/reviews.py",
        "lender = await entitled(conn, decider, deployment, role, what)",
        "lender = None",
        [
            f"{DESK_TEST}::test_somebody_revoked_meanwhile_decides_nothing",
            f"{DESK_TEST}::test_a_stand_in_decides_for_a_time_and_as_long_as_the_lender_may",
        ],
    ),
    Guard(
        "the lock on the right to decide",
        "storage/reviews_people.py",
        "disabled_why from users where name = %s for share",
        "disabled_why from users where name = %s",
        [f"{DESK_TEST}::test_a_revocation_comes_before_a_decision_or_after_it"],
    ),
    Guard(
        "the second pair of eyes",
        "storage/reviews.py",
        "_second_person(found, wanted, lender)\n        await",
        "await",
        [f"{DESK_TEST}::test_four_eyes_are_those_of_two_people_with_a_right_of_their_own"],
    ),
    Guard(
        "the lender of a role in the second pair of eyes",
        "storage/reviews.py",
        "ours = [wanted.by, *([] if lender is None else [lender])]",
        "ours = [wanted.by]",
        [f"{DESK_TEST}::test_four_eyes_are_those_of_two_people_with_a_right_of_their_own"],
    ),
    Guard(
        "the tools that a grant reaches",
        "gate/rights.py",
        "if grant.tools is not None and tool.name not in grant.tools:",
        "if False:",
        ["tests/unit/gate/test_rights.py::test_a_grant_that_does_not_reach_a_call_denies_it"],
    ),
    Guard(
        "the rights over a call's arguments",
        "gate/builtin.py",
        """f"!({condition or 'false'})\"""",
        '"false"',
        [
            "tests/unit/gate/test_rights.py::test_a_right_holds_for_its_group",
            "tests/contract/test_grants.py::test_a_case_acts_with_the_rights_of_who_opened_it",
        ],
    ),
    Guard(
        "the look at the age of a fact",
        "gate/tracing.py",
        "return self.age_s(now_s) >= min(one for one in (self.max_age_s, bound_s) if one is not None)",
        "return False",
        ["tests/contract/test_facts_fresh.py::test_what_changed_while_the_agent_worked_is_not_acted_on"],
    ),
    Guard(
        "the clearance of a sink",
        "gate/provenance.py",
        "if confidentiality > self.clearance:",
        "if False:",
        [f"{FACTS_TEST}::test_what_is_confidential_does_not_leave"],
    ),
    Guard(
        "what only looks like a value",
        "gate/tracing.py",
        "true = [one for one in entries if not one.alike]",
        "true = list(entries)",
        ["tests/unit/gate/test_normal.py::test_what_only_looks_like_a_value_is_not_trusted"],
    ),
    Guard(
        "secrets in texts",
        "cases/hiding.py",
        "return text if self._pattern is None else self._pattern.sub(HIDDEN, text)",
        "return text",
        [
            f"{CANARY_TEST}::test_a_secret_is_hidden_however_it_is_spelt",
            f"{CANARY_TEST}::test_a_canary_is_found_nowhere",
            CANARY_RUN_TEST,
        ],
    ),
    Guard(
        "secrets in what a person is shown of an agent's failure",
        "cases/segment.py",
        "shown = {name: SECRETS.without(one) for name, one in told.items()}",
        "shown = dict(told)",
        [f"{CANARY_TEST}::test_what_an_agent_fails_with_is_shown_without_secrets", CANARY_RUN_TEST],
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


def fresh(source: Path, copy: Path) -> Path:
    """Returns a copy of the source in a folder of its own."""
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def removal(report: Report, untouched: Path, server: str, guard: Guard, test: str) -> dict[str, Cell]:
    """Runs one test without one guard and returns what came of it, as a row."""
    copy = fresh(untouched, Path(tempfile.mkdtemp(dir=untouched.parent)) / "src")
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
    quarter = utc_now().toordinal() % QUARTERS
    guards = GUARDS[quarter::QUARTERS] if report.quick else GUARDS
    chosen = {guard.name: guard.tests[:1] if report.quick else guard.tests for guard in guards}
    untouched = fresh(ROOT / "src", folder / "untouched")  # all are copies of this one: the source may be edited
    if not imported_from(untouched):
        raise SystemExit("the copy is not what would be tested")
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        report.progress("every named test over the unchanged copy")
        whole = pool.submit(run, untouched, server, [test for tests in chosen.values() for test in tests])
        removals = [
            pool.submit(removal, report, untouched, server, guard, test)
            for guard in guards
            for test in chosen[guard.name]
        ]
        code, said = whole.result()
        rows = [one.result() for one in removals]
    if code != 0:
        report.progress(said)
    report.figure("tests pass with every guard in place", float(code == 0), exactly=1)
    survived = sum(row[NOTICED] != "fails" for row in rows)
    report.table("one guard removed at a time", rows)
    if report.quick:
        report.condition("quarter of the guards", f"{quarter + 1} of {QUARTERS}, by the day (UTC)")
        report.table("not run today", [{"guard": guard.name} for guard in GUARDS if guard not in guards])
    report.figure("guards", len(GUARDS))
    report.figure("guards removed", len(guards))
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

"""What any Python code raises, and what Bridgehead itself says before anything is sent."""

from __future__ import annotations

from typing import Final

from bridgehead.resilience.taxonomy.row import Row, rows

ROWS: Final[tuple[Row, ...]] = (
    *rows(
        "python", "exception", "Python, built-in exceptions; nobody but the tool knows how far it had come",
        ("TimeoutError", "timeout", None, "the call took longer than its timeout"),
        ("gaierror", "dependency_down", None, "the host's name leads nowhere"),
        ("SSLCertVerificationError", "dependency_down", None, "the other side's certificate is not trusted"),
        ("SSLError", "dependency_down", None, "no TLS connection"),
        ("ConnectionRefusedError", "dependency_down", None, "nobody listens there"),
        ("ConnectionResetError BrokenPipeError ConnectionAbortedError", "transient", None, "the connection broke"),
        ("ConnectionError", "dependency_down", None, "the connection failed"),
        ("JSONDecodeError", "invalid_output", None, "the answer is no JSON"),
        ("IncompleteReadError", "transient", None, "the answer was cut short"),
    ),
    *rows(
        "python", "exception", "pydantic, and Bridgehead's own",
        ("ValidationError", "invalid_output", None, "the answer is not of the declared type"),
        ("Mismatch", "conflict", None, "something is there, and it is not what was sent"),
        ("Refused", "policy_denied", False, "the gate or a person said no"),
    ),
    *rows(
        "python", "condition", "Python; a tool's body or an agent raised it",
        ("anything_else", "bug", None, "an exception of no known meaning"),
    ),
    *rows(
        "bridgehead", "condition", "Bridgehead's own decisions, before anything is sent",
        ("limit", "budget_exhausted", False, "the case has used its steps or its money"),
        ("no_turn", "throttled", False, "the system's declared limits leave no turn in time"),
        ("breaker_open", "dependency_down", False, "the dependency is being left alone until it is well again"),
        ("limits_unasked", "dependency_down", False, "the shared limits cannot be asked, so nobody guesses at them"),
        ("missed_moment", "transient", False, "a write was held up until it could no longer be sent safely"),
        ("unset_secret", "auth_expired", False, "a secret is named and not set"),
        ("unlisted_host", "forbidden", False, "an address leads to a host that the specification does not list"),
        ("unfit_argument", "invalid_input", False, "an argument is missing, unknown or of another form"),
        ("no_record", "not_found", False, "a read of one record found none"),
        ("several_records", "conflict", False, "a read of one record found several"),
        ("taken_key", "conflict", False, "an effect's key was used before, by another case or with other arguments"),
        ("old_fact", "stale_fact", False, "a value that the call rests on is older than it may be"),
        ("wrong_case", "out_of_scope", False, "the agent said that the case is none of its kind"),
        ("other_replay", "diverged", False, "a replay did not reach what was recorded"),
        ("too_late", "deadline", False, "the case's time is over, or too little is left to begin a call"),
    ),
    *rows(
        "bridgehead", "condition", "Bridgehead, of a write that was sent",
        ("lost_reply", "unknown_effect", None, "there is no answer, and reading back does not tell"),
    ),
)  # fmt: skip

"""What any Python code raises: a tool's body that classifies nothing itself."""

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
        "python", "condition", "Bridgehead's own decisions, which no target takes part in",
        ("limit", "budget_exhausted", False, "the case has used its steps or its money"),
        ("old_fact", "stale_fact", False, "a value that the call rests on is older than its tool allows"),
        ("wrong_case", "out_of_scope", False, "the agent said that the case is none of its kind"),
        ("other_replay", "diverged", False, "a replay did not reach what was recorded"),
        ("lost_reply", "unknown_effect", None, "a write has no answer, and reading back does not tell"),
        ("too_late", "deadline", False, "the case's deadline passed"),
        ("anything_else", "bug", None, "an exception of no known meaning"),
    ),
)  # fmt: skip

"""How an effect whose reply is not known gets settled: by reading back, never by a blind retry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bridgehead.spec.tool import Tool

ReadBack = Literal["found", "absent", "mismatch", "failed", "none"]
"""What ``verify`` said; ``failed``: it could not answer, ``none``: the tool has no ``verify``."""

Step = Literal["commit", "wait", "resend", "ask"]
"""``commit``: it happened. ``wait``: look again later. ``resend``: a further attempt is safe. ``ask``: a person."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of an unsettled attempt: ``seconds_left`` until absence may be believed."""

    tool: Tool
    seconds_left: float


def next_step(attempt: Attempt, said: ReadBack) -> Step:
    """Returns what to do with an effect in ``intended`` or ``unknown``.

    *Absent* counts only after ``send_by`` + call timeout + ``visible_within``, because a
    stopped worker or a delayed request may still arrive. A further attempt needs a target
    that recognises the key; otherwise a person settles it.
    """
    if said == "found":
        return "commit"
    if said == "mismatch":
        return "ask"
    if attempt.seconds_left > 0:
        return "wait"
    if said == "failed":
        return "wait"
    if attempt.tool.idempotent:
        return "resend"
    return "ask"


def settle_after_s(tool: Tool, send_s: float) -> float:
    """Returns how long after its intent an attempt must be given before absence means anything, in seconds."""
    return send_s + tool.timeout_s + tool.visible_within_s

"""How a case left its agent's hands: because something failed, because it was to, or because somebody said no. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal

from bridgehead.errors import ErrorClass
from bridgehead.spec.tool import JSON

Leaving = Literal["failed", "handed_over", "refused"]
"""``handed_over``: the agent gave the case to a person, as it is meant to with cases of that kind. ``refused``: a rule,
a limit, a person or a model said no. ``failed``: everything else, and alone what a trend of failures counts."""

HANDED_OVER: Final[frozenset[ErrorClass]] = frozenset({"out_of_scope"})
REFUSED: Final[frozenset[ErrorClass]] = frozenset({"policy_denied", "budget_exhausted", "refused_by_model"})
_CAUSE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def leaving(error_class: str, cause: str | None) -> Leaving:
    """Returns how a case left; ``cause`` is None where its agent did not hand it over itself."""
    if cause is not None or error_class in HANDED_OVER:
        return "handed_over"
    return "refused" if error_class in REFUSED else "failed"


def cause_of(said: JSON) -> str:
    """Returns the word that a hand-over is counted by; empty for what is no short word, which its review alone keeps.

    It stands beside the case in plain, so nothing that could be out of a document is let through.
    """
    return said if isinstance(said, str) and _CAUSE.fullmatch(said) else ""

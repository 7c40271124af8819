"""What is done about a call that failed: one disposition for each error class, as data.

A write that may have happened is ``unknown_effect`` whatever its class, and is settled before anything
else (``Failed.applied`` is not False). What is said here of a write holds for one that surely did not happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from bridgehead.errors import ErrorClass

Disposition = Literal["retry", "refresh", "repair", "read_again", "fall_back", "hold", "fail"]
"""The closed list.

``retry``: the same call again, within its limits; then the case waits and asks again later. ``refresh``: the
credential is fetched anew and the call made once more. ``repair``: a model is asked once more, and told what was
wrong. ``read_again``: the facts are read anew and the gate decides again. ``fall_back``: another model answers.
``hold``: the case is with a person, and the agent does not go on. ``fail``: the agent is told. Whatever is left
after that reaches the role that ``fallback`` names.
"""

DISPOSITIONS: Final[Mapping[ErrorClass, Disposition]] = MappingProxyType(
    {
        "transient": "retry",
        "throttled": "retry",
        "timeout": "retry",
        "dependency_down": "retry",
        "auth_expired": "refresh",
        "forbidden": "fail",
        "not_found": "fail",
        "conflict": "read_again",
        "invalid_input": "fail",
        "invalid_output": "repair",
        "refused_by_model": "fall_back",
        "context_overflow": "fall_back",
        "policy_denied": "fail",
        "budget_exhausted": "fail",
        "stale_fact": "read_again",
        "out_of_scope": "hold",
        "diverged": "hold",
        "unknown_effect": "hold",
        "deadline": "hold",
        "bug": "fail",
    }
)

_OF_MODELS: Final[frozenset[Disposition]] = frozenset({"repair", "fall_back"})


def disposition(error_class: ErrorClass, *, is_effect: bool = False) -> Disposition:
    """Returns what is done about a call that ended in a class.

    ``is_effect``: it was a write, and it surely did not happen. Nobody rewords a write or gives it to another
    system, so what is repaired or falls back for a model fails for a write.
    """
    found = DISPOSITIONS[error_class]
    return "fail" if is_effect and found in _OF_MODELS else found


RETRIED: Final[frozenset[ErrorClass]] = frozenset(name for name, found in DISPOSITIONS.items() if found == "retry")
"""Classes in which the same call may succeed when it is made again."""

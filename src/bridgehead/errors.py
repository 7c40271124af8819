"""What can go wrong, as one tree with stable codes.

::

    BridgeheadError             code, message, hint, attributes
    ├── UserError               the input is wrong; fix it and try again
    ├── Refused                 the gate said no; carries the decision
    ├── Failed                  a call ended in one of the closed error classes
    ├── Mismatch                a read-back found something else than was sent
    └── Unavailable             the system (database, disk) cannot answer at the moment

    Suspended, LeaseLost        control flow; BaseException, never caught by agents

Every code has an anchor in ``docs/reference/errors.md``; a test holds the two together.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

ErrorClass = Literal[
    "transient",
    "throttled",
    "timeout",
    "dependency_down",
    "auth_expired",
    "forbidden",
    "not_found",
    "conflict",
    "invalid_input",
    "invalid_output",
    "refused_by_model",
    "context_overflow",
    "policy_denied",
    "budget_exhausted",
    "stale_fact",
    "out_of_scope",
    "diverged",
    "unknown_effect",
    "deadline",
    "bug",
]
"""The closed list of classes a call can end in; each has a disposition and a fallback role."""

ERROR_CLASSES: Final[tuple[ErrorClass, ...]] = get_args(ErrorClass)

Attribute = str | int | float | bool | None


class BridgeheadError(Exception):
    """The root of everything Bridgehead raises on purpose.

    ``code`` is stable across versions, ``hint`` says what to do next, ``attributes``
    are the typed facts a program may branch on. None of them ever holds a secret.
    """

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "", **attributes: Attribute) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.attributes: dict[str, Attribute] = attributes
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UserError(BridgeheadError):
    """The input (a file, a flag, a declaration) is wrong; nothing was changed."""

    code = "user"


class Unavailable(BridgeheadError):
    """The database or another part of the system cannot answer; nothing was acknowledged."""

    code = "unavailable"


class Refused(BridgeheadError):
    """The gate or a person refused a call; the effect did not happen.

    ``decision_id`` names the recorded decision; ``bridgehead explain`` shows it in sentences.
    """

    code = "policy.refused"

    def __init__(self, message: str, *, decision_id: str = "", hint: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, hint=hint, decision_id=decision_id)
        self.decision_id = decision_id


class Failed(BridgeheadError):
    """A call ended in one of the closed error classes.

    A tool body raises it to say what happened. ``applied=False`` promises that the target
    did *not* carry out the call (it answered with a refusal, or was never reached); anything
    else a write raises leaves its effect UNKNOWN until it has been read back.
    """

    code = "call.failed"

    def __init__(
        self,
        message: str,
        *,
        error_class: ErrorClass,
        applied: bool | None = None,
        hint: str = "",
        code: str | None = None,
        **attributes: Attribute,
    ) -> None:
        super().__init__(message, code=code or f"call.{error_class}", hint=hint, **attributes)
        self.error_class: ErrorClass = error_class
        self.applied = applied


class Mismatch(BridgeheadError):
    """Raised by a tool's ``verify``: something is there, and it is not what was sent."""

    code = "effect.mismatch"


class Suspended(BaseException):
    """The segment must end here: the case waits. The runner reads the Context, not this."""


class LeaseLost(BaseException):
    """Another worker or a person has the case; nothing this segment does counts any more."""

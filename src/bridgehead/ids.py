"""Identifiers and randomness: the only place where either is made."""

from __future__ import annotations

import re
import secrets
from typing import NewType

from bridgehead.errors import UserError

CaseId = NewType("CaseId", int)
ArrivalId = NewType("ArrivalId", int)
ReviewId = NewType("ReviewId", int)
EffectId = NewType("EffectId", int)
WorkerId = NewType("WorkerId", int)
KeyId = NewType("KeyId", int)

_DIGITS = 18
_SHOWN = re.compile(r"^([A-Z])-?(\d{1,18})$")


def show(prefix: str, number: int) -> str:
    """Returns the form people see and type: ``C-17`` for case 17, ``A``rrival, ``R``eview, ``E``ffect."""
    return f"{prefix}-{number}"


def parse(prefix: str, text: str) -> int:
    """Returns the number in ``C-17``, ``c17`` or ``17``; raises UserError for anything else."""
    bare = text.strip().upper()
    if bare.isdecimal() and len(bare) <= _DIGITS:
        return int(bare)
    found = _SHOWN.match(bare)
    if found is None or found[1] != prefix:
        raise UserError(f"{text!r} is no {prefix}-number", code="input.id", hint=f"Write it like {prefix}-17.")
    return int(found[2])


def random_bytes(count: int) -> bytes:
    """Returns ``count`` bytes from the operating system's generator."""
    return secrets.token_bytes(count)


def random_hex(count: int = 8) -> str:
    """Returns ``count`` random bytes as lower-case hex."""
    return secrets.token_hex(count)


def jitter() -> float:
    """Returns a random number in [0, 1), for spreading retries."""
    return secrets.randbelow(1 << 30) / (1 << 30)

"""What a case and its deployment have done so far, as far as a decision may count it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bridgehead.money import Money

KINDS: Final = ("calls", "recipients", "records", "money")
WINDOWS: Final[Mapping[str, float]] = {"day": 86_400.0, "minute": 60.0}
"""The windows in which policies may read what a tool has done, over all cases and workers: their seconds by name."""

IN_WINDOWS: Final = frozenset(f"{kind}_{window}" for kind in KINDS for window in WINDOWS)


@dataclass(frozen=True, slots=True)
class History:
    """Counts before the call that is decided; ``tools`` are the names of what the case has called.

    ``counts`` are by name (``calls_case``, ``money_day``, …) for the tool of the call, calls under way included:
    of the case, or of all cases in the last 24 hours or 60 seconds.
    ``left`` is what each cap of the tool, by its text, still lets this call take; a cap that is not in it lets it
    take nothing.
    """

    tools: frozenset[str] = frozenset()
    counts: Mapping[str, Decimal] = field(default_factory=dict)
    left: Mapping[str, Decimal] = field(default_factory=dict)
    moved: Money | None = None
    """What all calls of the case have moved, in the currency of the limit it runs under; None: it has none."""

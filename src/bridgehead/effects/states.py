"""The states of an effect and the moves between them; nothing else may move an effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from bridgehead.errors import BridgeheadError

EffectState = Literal[
    "proposed",
    "denied",
    "virtual",
    "held",
    "intended",
    "superseded",
    "cancelled",
    "committed",
    "failed",
    "unknown",
    "undone",
]

MOVES: Final[Mapping[EffectState, frozenset[EffectState]]] = {
    "proposed": frozenset({"denied", "virtual", "held", "intended"}),
    "held": frozenset({"intended", "superseded", "cancelled"}),
    "intended": frozenset({"committed", "failed", "unknown"}),
    "unknown": frozenset({"committed", "failed"}),
    "committed": frozenset({"undone"}),
    "denied": frozenset(),
    "virtual": frozenset(),
    "superseded": frozenset(),
    "cancelled": frozenset(),
    "failed": frozenset(),
    "undone": frozenset(),
}

UNSETTLED: Final[frozenset[EffectState]] = frozenset({"intended", "unknown"})
"""Between intent and settlement: nobody knows yet whether it happened."""

UNFINISHED: Final[frozenset[EffectState]] = UNSETTLED | {"held"}
"""Waiting to be settled or decided: what comes next has not been recorded yet."""

LIVE: Final[frozenset[EffectState]] = frozenset({"intended", "unknown", "committed"})
"""Holding its key: a second effect under it would be a double."""


def check_move(before: EffectState, after: EffectState) -> None:
    """Returns when the move is allowed; raises BridgeheadError (a bug of ours) when it is not."""
    if after not in MOVES[before]:
        raise BridgeheadError(f"an effect cannot go from {before} to {after}", code="effect.move")

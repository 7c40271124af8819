"""What it takes to undo an effect, and why one is left to a person: pure, so that each case can be tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from bridgehead.effects.settle import ReadBack
from bridgehead.effects.states import UNSETTLED, EffectState
from bridgehead.spec.tool import JSON, Tool

UndoState = Literal["planned", "intended", "unknown", "undone", "left"]
"""Of one effect in a plan: ``left`` is with a person, ``unknown`` is sent and unanswered."""

Left = Literal[
    "irreversible",
    "no_undo",
    "other_release",
    "unsettled",
    "unreadable",
    "no_read_back",
    "changed",
    "gone",
    "later",
    "denied",
    "failed",
    "unclear",
]
"""Why an effect was not undone; closed."""

WHY: Final[Mapping[Left, str]] = {
    "irreversible": "It was declared irreversible.",
    "no_undo": "Its tool declares no undo.",
    "other_release": "The code that is served does not undo what that release did: no such tool, or another key.",
    "unsettled": "Nobody knows yet whether it happened.",
    "unreadable": "What it was cannot be read: its data key is erased, or another one's.",
    "no_read_back": "It cannot be read back, so nobody can tell whether the record was changed since.",
    "changed": "Somebody has changed the record since.",
    "gone": "It is not there any more.",
    "later": "What was done after it, to the same thing or in the same case, could not be undone.",
    "denied": "The rules do not allow its undo.",
    "failed": "The target refused its undo, or did not answer in several attempts.",
    "unclear": "Its undo was sent and the reply was lost; what is there is neither what was left nor nothing.",
}
UNCHECKED: Final = "Edits since cannot be seen: it cannot be read back."
HARMLESS: Final[frozenset[str]] = frozenset({"irreversible", "no_undo", "gone"})
"""Reasons that do not keep what was done before it from being undone: nothing else will become of it."""

UNDO_TRIES: Final = 3


def hindrance(state: EffectState, then: Mapping[str, JSON], now: Tool | None) -> Left | None:
    """Returns why an effect cannot be undone, seen from what is declared; None when it can be tried.

    ``then`` is the tool's descriptor in the release that made the effect, ``now`` the one of the code
    that would undo it. A changed key would name another effect.
    """
    if state in UNSETTLED:
        return "unsettled"
    if then.get("effect_class") == "irreversible":
        return "irreversible"
    if now is None:
        return "other_release"
    if not now.has_undo:
        return "no_undo" if not then.get("has_undo") else "other_release"
    named = then.get("key")
    key = tuple(str(one) for one in named) if isinstance(named, list) else None
    return None if key == now.key else "other_release"


def lasting(then: Mapping[str, JSON] | None) -> Left | None:
    """Returns why an effect can never be undone, by the descriptor of its release; None where it may be tried."""
    if then is None:
        return None
    if then.get("effect_class") == "irreversible":
        return "irreversible"
    return None if then.get("has_undo") else "no_undo"


def before_sending(said: ReadBack, *, same: bool, unchecked: bool) -> Left | None:
    """Returns why an undo is not sent after what ``verify`` said; None when the record is as it was left.

    ``same``: what was found equals what the effect returned. ``unchecked``: the operator lets effects
    be undone that nobody can read back.
    """
    if said == "found":
        return None if same else "changed"
    if said == "none":
        return None if unchecked else "no_read_back"
    reasons: Mapping[ReadBack, Left] = {"mismatch": "changed", "absent": "gone", "failed": "no_read_back"}
    return reasons[said]


def unseen(image: Mapping[str, JSON] | None) -> str:
    """Returns why an edit since could not be seen, as a sentence; empty where each field can be compared."""
    if image is None:
        return "Edits since cannot be seen but in what the tool had answered: it was not read back when it was made."
    return "" if image else "Edits since cannot be seen: its verify returns no record."


def after_silence(
    said: ReadBack, *, same: bool, undone: bool | None, seconds_left: float
) -> UndoState | Literal["wait"]:
    """Returns what an undo without a reply comes to: ``planned`` means that it may be sent again.

    ``undone`` is what the tool's own hook says, None where it has none or cannot tell. Without it
    only absence tells that an undo happened: another value may be a person's. That the record still
    is as the effect left it counts once the request cannot arrive any more.
    """
    if undone or (undone is None and said == "absent"):
        return "undone"
    if said == "failed":
        return "wait"
    if undone is False or (said == "found" and same):
        return "wait" if seconds_left > 0 else "planned"
    return "left"

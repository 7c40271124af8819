"""Who is told next, when an attempt is repeated, and what a message may say. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bridgehead.errors import Failed
from bridgehead.gate.provenance import Sink
from bridgehead.resilience.dispositions import disposition
from bridgehead.resilience.retry import full_jitter_s, retry_after_s
from bridgehead.reviews.gist import reason_of
from bridgehead.reviews.model import Review
from bridgehead.reviews.ports import About, Summary
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.notify import ChannelSpec
from bridgehead.spec.tool import JSON

BASE_S: Final = 2.0
CAP_S: Final = 300.0
"""Pauses between attempts double from the first up to the second, with full jitter."""
_AGAIN: Final = frozenset({"retry", "refresh"})
"""A secret is read anew at each attempt, so one that was exchanged is found by the next."""
_MOST_LINES: Final = 25
_LONGEST: Final = 250
_MOST_WHY: Final = 5


def pause_s(failed: Failed, attempts: int, elapsed_s: float, give_up_s: float) -> float | None:
    """Returns in how many seconds a message is tried again; None: never, its channel is given up for it.

    ``attempts`` counts those before the one that failed. The class of the failure decides, by the table of
    dispositions. The last attempt is at the moment at which it is given up.
    """
    if disposition(failed.error_class, is_effect=True) not in _AGAIN or elapsed_s >= give_up_s:
        return None
    wanted_s = full_jitter_s(attempts, BASE_S, CAP_S, retry_after_s(failed))
    return min(wanted_s, give_up_s - elapsed_s)


def channels_of(deployment: Deployment, role: str) -> tuple[str, ...]:
    """Returns by which channels a role is told, in their order."""
    return () if deployment.notify is None else deployment.notify.roles.get(role, ())


def following(deployment: Deployment, role: str) -> str | None:
    """Returns the nearest role behind one that can be told by some channel; None where there is none."""
    seen = {role}
    here = deployment.roles[role].then if role in deployment.roles else None
    while here is not None and here not in seen:
        if channels_of(deployment, here):
            return here
        seen.add(here)
        here = deployment.roles[here].then if here in deployment.roles else None
    return None


def may_carry(channel: ChannelSpec, deployment: Deployment, about: About) -> bool:
    """Tells whether a channel is told the call: it is to carry it, and is cleared for all that the case had read.

    What nobody knows the labels of is told to no channel.
    """
    if "summary" not in channel.include or about.confidentiality is None:
        return False
    ranks = deployment.confidentiality
    sink = Sink(0 if channel.clearance is None else ranks.index(channel.clearance), channel.region)
    return not sink.refuses(about.confidentiality, about.regions)


def summary_of(review: Review) -> Summary | None:
    """Returns a call in a few lines; None for a review that is about none."""
    args = review.shown.get("args")
    if not isinstance(args, Mapping):
        return None
    lines: list[tuple[str, str]] = []
    whole = True
    for path, value in _leaves(args, ""):
        if len(lines) == _MOST_LINES:
            whole = False
            break
        text = _text(value)
        whole = whole and len(text) <= _LONGEST
        lines.append((path[:_LONGEST], text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"))
    said = review.shown.get("why")
    why = tuple(_text(one)[:_LONGEST] for one in said[:_MOST_WHY]) if isinstance(said, list) else ()
    return Summary(reason_of(review), tuple(lines), why, whole)


def lines_of(args: JSON) -> list[tuple[str, str]]:
    """Returns every argument of a call as path and value."""
    return [(path, _text(value)) for path, value in _leaves(args, "")] if isinstance(args, Mapping) else []


def _leaves(value: JSON, path: str) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{place}]")
    else:
        yield path, value


def _text(value: JSON) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())

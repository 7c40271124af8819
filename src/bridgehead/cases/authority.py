"""For whom a case acts, as it stands at each call: what was granted, less what its human may not do any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bridgehead import clock
from bridgehead.errors import Suspended
from bridgehead.gate.grants import Delegation, Grant, held, reached
from bridgehead.gate.model import Decision
from bridgehead.ids import show
from bridgehead.money import Money

if TYPE_CHECKING:
    from bridgehead.cases.segment import Segment

OVER: Final = frozenset({"gate.grant.revoked", "gate.grant.expired", "gate.grant.withdrawn"})
"""Refusals after which no call of the case can be allowed any more."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may act, as it was less than a second ago.

    ``groups`` are those of the local users that may act, ``withdrawn`` says why somebody may not, by issuer (empty:
    local) and subject; ``revoked`` are cases. ``version`` moves with every change.
    """

    version: int = 0
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    withdrawn: Mapping[tuple[str, str], str] = field(default_factory=dict)
    revoked: frozenset[int] = frozenset()
    narrowed: Mapping[int, int] = field(default_factory=dict)
    """How often the grants of open cases were narrowed."""


def standing(segment: Segment) -> Grant | None:
    """Returns the grant of a case as it stands, None for one that nobody opened and nobody revoked.

    It is never more than what was granted: groups and rights that came later do not count, those that went do.
    """
    loaded, case_id = segment.loaded, segment.claim.case_id
    authority = segment.stops.authority
    revoked = authority is not None and case_id in authority.revoked
    granted = loaded.grant
    if granted is None:
        limit = limit_of(segment)
        if limit is None and not revoked:
            return None
        return Grant(show("G", case_id), "", "deployment", limit=limit, used=_used(segment, limit), revoked=revoked)
    if isinstance(granted, str):
        return Grant(show("G", case_id), "", "human", tools=frozenset(), withdrawn=granted)
    groups = granted.groups
    if authority is None:  # as outside of a worker: nobody acts for somebody who may have lost the right to it
        why = "nobody can say whether they still may"
    else:
        why = authority.withdrawn.get((granted.issuer, granted.subject), "")
        if granted.issuer and granted.subject in authority.groups:
            why = why or "a local user has the same name, and rights cannot tell the two apart"
        if not granted.issuer and not why:
            mine = authority.groups.get(granted.subject)
            groups, why = (frozenset(), "no such user is left") if mine is None else (groups & mine, "")
    return Grant(
        id=granted.id,
        subject=granted.subject,
        kind="human",
        tools=reached(held(segment.bench.deployment.rights, granted.subject, groups), granted.tools),
        groups=groups,
        scopes=granted.scopes,
        limit=granted.limit,
        used=_used(segment, granted.limit),
        expired=_expired(segment, granted),
        revoked=revoked,
        withdrawn=why,
    )


def limit_of(segment: Segment) -> Money | None:
    """Returns the most that a case may spend and move: as it was granted, or as its deployment's own right says."""
    granted = segment.loaded.grant
    if isinstance(granted, Delegation):
        return granted.limit
    own = segment.bench.deployment.rights.get("deployment") if granted is None else None
    return None if own is None else own.limit


def taken_away(segment: Segment, tool: str, decision: Decision) -> str:
    """Returns why a case must go to a person, after a call of it was denied: authority that it had is gone.

    Empty where the call was never granted: the agent may go on without it.
    """
    if decision.verdict != "deny":
        return ""
    first = decision.reasons[0]
    granted = segment.loaded.grant
    lost = first.policy_id == "gate.grant.tools" and isinstance(granted, Delegation) and tool in granted.tools
    if first.policy_id not in OVER and not lost:
        return ""
    what = f"a right that the case was opened with is gone: {first.text}" if lost else first.text
    return f"{what[:1].upper()}{what[1:]}. What would allow it: {first.remedy}."


def ended(segment: Segment, tool: str, decision: Decision) -> Suspended | None:
    """Hands the case over where authority that it had is gone, and returns what ends the segment; else None."""
    gone = taken_away(segment, tool, decision)
    return segment.hand_over("policy_denied", gone, tool=tool) if gone else None


def _expired(segment: Segment, granted: Delegation) -> bool:
    since_s = clock.boot_s() - segment.started_s
    return segment.loaded.now + timedelta(seconds=since_s) >= granted.expires_at


def _used(segment: Segment, limit: Money | None) -> Money | None:
    if limit is None:
        return None
    spent = segment.spent.get(limit.currency)
    return None if spent is None else Money(spent, limit.currency)

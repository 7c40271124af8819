"""For whom a case acted and how far, and who narrowed or revoked that, when and why: from the case's own chain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bridgehead.cli.output import when
from bridgehead.cli.telling_words import items, mapping
from bridgehead.storage.queries_case_view import CaseView, DecisionView, Event

_OF_GRANTS: Final = "gate.grant."


def authority(view: CaseView) -> Iterator[str]:
    """Yields for whom a case acted and how far, and what was taken away of that; nothing for one without a grant."""
    for event in view.events:
        if event.kind == "grant.made":
            yield f"It acted for {_who(event)} under grant {event.refs.get('grant')}, for {_reach(event)}."
    yield from lessened(view)


def lessened(view: CaseView) -> Iterator[str]:
    """Yields who narrowed or revoked what a case may do for its user, when and why."""
    last: Event | None = None
    for event in view.events:
        by, why = event.refs.get("by"), str(event.refs.get("why") or "no reason was given").rstrip(".")
        at = when(datetime.fromisoformat(event.at))
        if event.kind == "grant.narrowed":
            before = f", where it had been {_reach(last)}" if last is not None and _reach(last) != _reach(event) else ""
            yield f"{by} narrowed grant {event.refs.get('grant')} at {at} to {_reach(event)}{before}: {why}."
        elif event.kind == "grant.revoked":
            yield f"{by} revoked grant {event.refs.get('grant')} at {at}: {why}."
        if event.kind in ("grant.made", "grant.narrowed"):
            last = event


def of_grants(one: DecisionView) -> bool:
    """Returns whether a call was denied because of what its case may do for its user."""
    return one.verdict == "deny" and any(
        str(mapping(reason).get("policy_id")).startswith(_OF_GRANTS) for reason in items(one.reasons)
    )


def _who(event: Event) -> str:
    issuer = event.refs.get("issuer")
    return f"{event.refs.get('subject')} of {issuer}" if issuer else str(event.refs.get("subject"))


def _reach(event: Event) -> str:
    tools = ", ".join(map(str, items(event.refs.get("tools")))) or "no tool"
    limit = f", at most {event.refs['limit']}" if event.refs.get("limit") else ""
    until = str(event.refs.get("expires_at") or "")
    ends = f", until {when(datetime.fromisoformat(until))}" if until else ""
    return f"{tools}{limit}{ends}"

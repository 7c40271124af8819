"""How a case ended in words: booked or not, handed back by a person, and what a change of an earlier case changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridgehead.cli.telling_people import differences
from bridgehead.cli.telling_words import counted, items, mapping
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseReview, CaseView

_WRITTEN: Final = ("intended", "unknown", "committed", "undone")
_STANDING: Final = ("intended", "unknown", "committed", "held")
_BESIDE: Final = frozenset(
    {"sources", "confidence", "controls", "format", "message", "warnings", "purpose", "document"}
)
"""What says how a document was read, and not what it asks for."""
_MOST: Final = 12


def rejected(view: CaseView) -> CaseReview | None:
    """Returns the review by which a person rejected what a case wanted to write, where nothing of it was written."""
    if any(one.state in _WRITTEN for one in view.effects):
        return None
    return next((one for one in reversed(view.reviews) if one.state == "rejected"), None)


def ended_as(view: CaseView) -> str:
    """Returns how a case that its agent completed ended, and what stands of it; empty for any other outcome."""
    if view.case.outcome != "completed":
        return ""
    no = rejected(view)
    if no is not None:
        what = mapping(no.shown).get("tool") or "what it asked for"
        return f"It was handed back undone: {no.decided_by} rejected {what} ({no.id}), and nothing was written"
    standing = [f"{one.tool} ({one.id})" for one in view.effects if one.state == "committed"]
    undone = [f"{one.tool} ({one.id})" for one in view.effects if one.state == "undone"]
    told = [f"{', '.join(standing)} stands"] if standing else []
    told += [f"{', '.join(undone)} was taken back"] if undone else []
    if not told:
        nothing = (
            "its writes were virtual" if any(one.state == "virtual" for one in view.effects) else "it wrote nothing"
        )
        told = [nothing]
    return f"The agent completed it: {', and '.join(told)}"


def not_again(view: CaseView) -> str:
    """Returns why a case is not given back to its agent (storage/reopening.py); empty where it may be."""
    standing = [one.id for one in view.effects if one.state in _STANDING]
    if standing:
        return f"{', '.join(standing)} happened, or may have"
    if later := later_revision(view):
        return f"{later} came after it, about the same business"
    if any(event.kind == "grant.revoked" for event in view.events):
        return "its authority was revoked"
    return ""


def later_revision(view: CaseView) -> str:
    """Returns the latest other case of the same business that came after this one; empty where none did."""
    own = int(view.case.id.removeprefix("C-"))
    later = [one for one in view.revisions if int(one.removeprefix("C-")) > own]
    return later[-1] if later else ""


def changed_from(before: JSON, after: JSON) -> list[str]:
    """Returns what a document asks for otherwise than the one that it changes, field by field; lines by place."""
    old, new = _asked(before), _asked(after)
    found = []
    if old and new:
        lines = [items(one.get("lines")) for one in (old, new)]
        if all(lines) and len(lines[0]) != len(lines[1]):
            found.append(f"{counted(len(lines[0]), 'line')} to {counted(len(lines[1]), 'line')}")
            old, new = ({name: value for name, value in one.items() if name != "lines"} for one in (old, new))
        found += differences(old, new)
    more = len(found) - _MOST
    return [*found[:_MOST], f"and {counted(more, 'more difference')}"] if more > 0 else found


def _asked(given: JSON) -> Mapping[str, JSON]:
    return {
        name: value for name, value in mapping(given).items() if name not in _BESIDE and value not in (None, "", [])
    }

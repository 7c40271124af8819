"""What a resend was compared by, what its file has otherwise, and what stands of what it says again."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from bridgehead.cli.output import brief, when
from bridgehead.cli.telling_calls import answer
from bridgehead.cli.telling_words import counted, mapping
from bridgehead.storage.queries_case_view import ArrivalOf, CaseView

_MOST_LINES: Final = 2_000
_SHOWN: Final = 3
_WIDE: Final = 100
_OF_AN_ORDER: Final = frozenset({"po_number", "lines", "sources", "controls"})


def compared(view: CaseView, one: ArrivalOf, originals: Mapping[str, bytes]) -> str:
    """Returns by what a resend was found to say the same, and in what its file differs from the first one."""
    first = next((other for other in view.arrivals if other.relation != "resend"), None)
    by = "Compared were its business key and what its reader takes for its content, by a digest of all of it"
    if set(mapping(view.input)) >= _OF_AN_ORDER:
        by += (
            "; as the order template has it, that is everything ordered and not the kind of file, the places in it,"
            " notes, the sender's address or control sums"
        )
    own, before = originals.get(one.id, b""), originals.get(first.id, b"") if first is not None else b""
    if not own or not before:
        return f"{by}."
    return f"{by}. {_files(before, own)}"


def stands(view: CaseView) -> str:
    """Returns what stands of a case: its booking with the number that the target gave, or that nothing is written."""
    told = [
        f"{one.tool} ({one.id}) at {when(one.settled_at)}, {answer(one)}"
        for one in view.effects
        if one.state == "committed"
    ]
    if told:
        return f"the booking is {'; '.join(told)}"
    if any(one.state == "virtual" for one in view.effects):
        return "nothing was written for the first one either, which ran in shadow, where people do the booking"
    return "nothing is booked so far" if view.case.state != "done" else "nothing was booked for the first one either"


def _files(before: bytes, own: bytes) -> str:
    if before == own:
        return "The two files are the same, byte for byte."
    old, new = (_lines(one) for one in (before, own))
    if not old or not new:
        return "The two files are not the same bytes."
    found = [line for line in difflib.unified_diff(old, new, n=0, lineterm="") if line[:3] not in ("---", "+++")]
    changed = [line for line in found if line[:1] in "+-"]
    shown = "; ".join(_told(changed)) or "only in how their lines end"
    more = len(changed) - 2 * _SHOWN
    return f"The two files differ in {counted(len(changed), 'line')}: {shown}" + (
        f"; and {counted(more, 'more line')}." if more > 0 else "."
    )


def _told(changed: list[str]) -> Iterator[str]:
    for line in changed[: 2 * _SHOWN]:
        words = {"-": "the first has", "+": "this one has"}[line[0]]
        yield f"{words} “{brief(line[1:].strip(), _WIDE)}”"


def _lines(data: bytes) -> list[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return []
    if text.count("\n") < 3:  # noqa: PLR2004  # segments of an interchange on one line
        text = text.replace("~", "~\n").replace("'", "'\n")
    lines = text.splitlines()
    return lines if len(lines) <= _MOST_LINES else []

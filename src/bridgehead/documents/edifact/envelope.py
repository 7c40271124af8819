"""Puts EDIFACT segments into messages and refuses interchanges that are cut, miscounted or wrongly nested.

ISO 9735-1: UNB/UNZ around the interchange, UNG/UNE around groups, UNH/UNT around messages; each trailer repeats the
reference of its header and counts what is between. Messages without UNB are read alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridgehead.documents.edifact.syntax import Segment, Separators, split_segments
from bridgehead.documents.outcome import Refusal


@dataclass(frozen=True, slots=True)
class Message:
    """One message from UNH up to and without UNT, with the interchange header it came in.

    ``flaws`` are the defects of its own trailer, for which an order is refused; ``doubts`` say what is wrong with
    the trailers around it while every segment is accounted for.
    """

    kind: str
    version: str
    segments: tuple[Segment, ...]
    interchange: Segment | None
    separators: Separators
    flaws: tuple[Refusal, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(slots=True)
class _Open:
    """What is open while the segments are walked."""

    interchange: Segment | None = None
    group: Segment | None = None
    header: Segment | None = None
    groups: int = 0
    messages: int = 0
    in_group: int = 0


def split_messages(text: str) -> list[Message]:
    """All messages of all interchanges in ``text``, in order.

    Raises Refusal with codes ``edifact.nesting``, ``edifact.count``, ``edifact.reference``, ``edifact.cut_off``,
    ``edifact.unb``, ``edifact.missing_element`` and those of ``split_segments``.
    """
    segments, separators = split_segments(text)
    found: list[Message] = []
    doubts: list[str] = []
    state, inside = _Open(), list[Segment]()
    for segment in segments:
        tag = segment.tag
        if state.header is not None and tag not in {"UNT", "UNH", "UNB", "UNZ", "UNG", "UNE"}:
            inside.append(segment)
        elif tag == "UNB" and state.interchange is None and state.header is None:
            _check_unb(segment)
            state = _Open(interchange=segment)
        elif tag == "UNG" and state.group is None and state.header is None:
            state.group, state.in_group = segment, 0
        elif tag == "UNH" and state.header is None:
            _check_unh(segment)
            state.header, inside = segment, [segment]
        elif tag == "UNT" and state.header is not None:
            flaws = _trailer_flaws(segment, state.header, len(inside) + 1)
            header = state.header
            found.append(
                Message(
                    header.get(2).upper(),
                    f"{header.get(2, 2)}.{header.get(2, 3)}",
                    tuple(inside),
                    state.interchange,
                    separators,
                    flaws,
                )
            )
            state.header = None
            state.messages += 1
            state.in_group += 1
        elif tag == "UNE" and state.group is not None and state.header is None:
            _counted(segment, state.in_group, "messages")
            doubts += _matched(segment, state.group, 5)
            state.group = None
            state.groups += 1
        elif tag == "UNZ" and state.interchange is not None and state.header is None and state.group is None:
            _counted(segment, state.groups or state.messages, "groups" if state.groups else "messages")
            doubts += _matched(segment, state.interchange, 5)
            state = _Open()
        else:
            raise _misplaced(segment, state)
    _refuse_open(state, segments)
    if len(doubts) > 1:
        raise Refusal("edifact.reference", f"{doubts[0]}; {doubts[1]}.", "UNZ")
    if doubts:
        found = [
            Message(one.kind, one.version, one.segments, one.interchange, one.separators, one.flaws, tuple(doubts))
            for one in found
        ]
    return found


def _misplaced(segment: Segment, state: _Open) -> Refusal:
    if state.header is not None:
        reason = f"{segment.tag} stands where UNT of {state.header.place} is missing."
    elif state.group is not None and segment.tag == "UNZ":
        reason = f"UNZ stands where UNE of {state.group.place} is missing."
    else:
        reason = f"{segment.tag} cannot stand here: no message is open (UNH is missing before it)."
    return Refusal("edifact.nesting", reason, segment.place)


def _refuse_open(state: _Open, segments: list[Segment]) -> None:
    last = f"after {segments[-1].place}" if segments else "interchange"
    for header, missing in ((state.header, "UNT"), (state.group, "UNE"), (state.interchange, "UNZ")):
        if header is not None:
            raise Refusal("edifact.cut_off", f"The text ends without {missing} of {header.place}.", last)


def _check_unb(segment: Segment) -> None:
    """UNB: syntax identifier, sender, recipient, time of preparation and control reference are mandatory."""
    names = (
        "S001 (syntax identifier)",
        "S002 (sender)",
        "S003 (recipient)",
        "S004 (date and time)",
        "0020 (reference)",
    )
    for element, name in enumerate(names, 1):
        if not segment.has(element):
            raise Refusal("edifact.unb", f"UNB states no {name}.", segment.place)


def _check_unh(segment: Segment) -> None:
    if not segment.get(1):
        raise Refusal("edifact.missing_element", "UNH states no 0062 (message reference).", segment.place)
    if not segment.get(2):
        raise Refusal("edifact.missing_element", "UNH states no S009/0065 (message type).", segment.place)


def _trailer_flaws(trailer: Segment, header: Segment, segments: int) -> tuple[Refusal, ...]:
    flaws: list[Refusal] = []
    try:
        _counted(trailer, segments, "segments")
    except Refusal as refusal:
        flaws.append(refusal)
    flaws.extend(Refusal("edifact.reference", f"{one}.", trailer.place) for one in _matched(trailer, header, 1))
    return tuple(flaws)


def _counted(trailer: Segment, actual: int, what: str) -> None:
    stated = trailer.get(1)
    if not (stated.isascii() and stated.isdigit() and len(stated) < 10) or int(stated) != actual:
        raise Refusal(
            "edifact.count", f"{trailer.tag} says {stated or 'nothing'} {what}, there are {actual}.", trailer.place
        )


def _matched(trailer: Segment, header: Segment, element: int) -> list[str]:
    """What is wrong when a trailer does not repeat the reference of its header; leading zeros aside."""
    opened, closed = header.get(element), trailer.get(2)
    if opened.lstrip("0") == closed.lstrip("0"):
        return []
    return [f"{trailer.tag} ends {closed[:35]!r}, {header.place} opened {opened[:35]!r}"]

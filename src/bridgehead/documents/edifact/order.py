"""Reads UN/EDIFACT ORDERS and ORDCHG into canonical orders; other messages are recognised and named.

Directories D.93A to D.23A and the EANCOM subsets. The order of segment groups is that of the message ORDERS; a
segment that the directories have and no field holds is passed over, words in it are watched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridgehead.documents.draft import Draft
from bridgehead.documents.edi import has_words, told_apart, watch_words, with_warnings
from bridgehead.documents.edifact import codes, header, lines, parties
from bridgehead.documents.edifact.envelope import Message, split_messages
from bridgehead.documents.edifact.syntax import Segment, decode_edifact
from bridgehead.documents.edifact.walk import Walk
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Hints, Kind, NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.vigilance import watch

_HANDLERS: Final[dict[str, Callable[[Walk, Segment], None]]] = {
    "BGM": header.on_bgm,
    "DTM": header.on_dtm,
    "RFF": header.on_rff,
    "CUX": header.on_cux,
    "PAT": header.on_pat,
    "PYT": header.on_pat,
    "PCD": header.on_pcd,
    "TOD": header.on_tod,
    "FTX": header.on_ftx,
    "TDT": header.on_tdt,
    "ALC": header.on_alc,
    "MOA": header.on_moa,
    "TAX": header.on_tax,
    "UNS": header.on_uns,
    "CNT": header.on_cnt,
    "NAD": parties.on_nad,
    "CTA": parties.on_cta,
    "COM": parties.on_com,
    "LIN": lines.on_lin,
    "PIA": lines.on_pia,
    "IMD": lines.on_imd,
    "QTY": lines.on_qty,
    "PRI": lines.on_pri,
    "LOC": lines.on_loc,
    "SCC": lines.on_scc,
}
_CHANGE: Final = "ORDCHG"
_OF_ALLOWANCE: Final = frozenset({"QTY", "RNG", "PCD", "MOA", "RTE", "TAX", "DTM"})
_OPENING: Final = frozenset({"NAD", "RFF", "PAT", "PYT", "DOC", "ALC", "LIN", "TDT", "TOD", "PRI", "UNS", "PAC", "CUX"})
"""Segments that open a group; what follows belongs to it until the next of them."""


def read_edifact(
    document: bytes,
    part: str = "document",
    hints: Hints | None = None,  # noqa: ARG001 - a coded order leaves nothing to its surroundings
) -> Reading:
    """Reads all orders of an interchange, or says what it holds instead.

    Raises Refusal for structural defects, naming the segment; a control value that does not add up is a warning on
    the order.
    """
    messages = split_messages(decode_edifact(document, part))
    if not messages:
        raise Refusal("edifact.empty", "The interchange holds no message.", part)
    orders: list[Order] = []
    others: list[tuple[Kind, str, str]] = []
    flawed: list[Refusal] = []
    for message in messages:
        named = _named(message)
        if named is not None:
            others.append(named)
            continue
        try:
            orders.append(_read(message, part))
        except Refusal as refusal:
            if message.kind != _CHANGE:
                raise
            flawed.append(refusal)
            others.append(("order_change", _CHANGE, "purchase order change"))
    if orders and flawed:
        raise flawed[0]
    if not orders:
        kind = others[0][0]
        shown = ", ".join(dict.fromkeys(f"{code} ({what})" if what else code for _, code, what in others))
        flaws = [flaw.outcome.reason for message in messages for flaw in message.flaws]
        broken = f" Its envelope is wrong: {flaws[0]}" if flaws else ""
        if flawed and not flaws:
            broken = f" It cannot be read: {flawed[0].outcome.reason} ({flawed[0].outcome.where})"
        return NotAnOrder(kind, f"EDIFACT {shown}.{broken}")
    warnings: list[str] = []
    if others:
        names = ", ".join(dict.fromkeys(f"{code} ({what})" if what else code for _, code, what in others))
        warnings.append(f"ignored: the interchange also holds {len(others)} other message(s): {names}")
    return Orders(tuple(with_warnings(order, *warnings) for order in told_apart(orders)))


def _named(message: Message) -> tuple[Kind, str, str] | None:
    """Kind, code and name of a message that is no order; None for an order."""
    if message.kind in codes.ORDER_MESSAGES:
        first = message.segments[1] if len(message.segments) > 1 else None
        by_name = codes.NOT_ORDERS.get(first.get(1)) if first is not None and first.tag == "BGM" else None
        return None if by_name is None else (by_name[0], f"{message.kind} {first.get(1)}" if first else "", by_name[1])
    kind, name = codes.OTHER_MESSAGES.get(message.kind, ("other", ""))
    return kind, message.kind[:10], name


def _read(message: Message, part: str) -> Order:
    """One order; raises Refusal when a segment or element it needs is missing or malformed."""
    walk = Walk(message, part, Draft("edifact", message=message.kind))
    first = message.segments[1] if len(message.segments) > 1 else None
    if first is None or first.tag != "BGM":
        found = "nothing" if first is None else first.place
        raise Refusal(
            "edifact.missing_segment",
            f"BGM must follow UNH of {message.kind}; found is {found}.",
            (first or message.segments[0]).place,
        )
    if message.flaws:
        raise message.flaws[0]
    for segment in message.segments:
        _step(walk, segment)
    return _finish(walk)


def _step(walk: Walk, segment: Segment) -> None:
    tag = segment.tag
    walk.counts[tag] = walk.counts.get(tag, 0) + 1
    if walk.allowance is not None and tag not in _OF_ALLOWANCE:
        header.close_allowance(walk)
    opening = tag in _OPENING
    if opening and walk.open is None and tag not in {"NAD", "RFF"}:
        walk.party = None
    handler = _HANDLERS.get(tag)
    if handler is not None:
        handler(walk, segment)
    elif tag not in codes.SEGMENTS:
        raise Refusal("edifact.unknown_segment", f"{tag} is no segment of EDIFACT.", segment.place)
    if opening:
        walk.after = tag
    if tag not in codes.UNWATCHED and has_words(segment.text, len(tag)):
        texts = [" ".join(one).strip() for one in segment.elements[1:]]
        watch_words(walk.draft, tag, segment.place, texts, names=tag in codes.NAMES)


def _finish(walk: Walk) -> Order:
    draft, message = walk.draft, walk.message
    header.close_allowance(walk)
    lines.close_line(walk)
    header.settle(walk)
    parties.assign_parties(walk)
    if "DTM" not in walk.counts:
        draft.warn("remark", "the message states no day at all (DTM is mandatory)")
    if not draft.lines and draft.purpose != "cancel":
        draft.warn("uncertain", f"the order names no line ({message.segments[-1].place})")
    unb = message.interchange
    if unb is not None and unb.get(11) == "1":
        draft.warn("uncertain", f"the interchange is marked as a test ({unb.place})")
    for doubt in message.doubts:
        draft.warn("uncertain", doubt)
    watch(draft)
    return draft.finish()

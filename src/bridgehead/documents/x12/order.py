"""Reads X12 850 and 875 orders and 860 changes into canonical orders; other transaction sets are recognised and named.

Releases 003010 to 008010. A segment that X12 has and no field holds is passed over, words in it are watched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridgehead.documents.draft import Draft
from bridgehead.documents.edi import has_words, told_apart, watch_words, with_warnings
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.vigilance import watch
from bridgehead.documents.x12 import codes, grocery, header, lines, parties
from bridgehead.documents.x12.envelope import Segment, Transaction, split_transactions
from bridgehead.documents.x12.segments import SEGMENTS
from bridgehead.documents.x12.walk import Walk

_HANDLERS: Final[dict[str, Callable[[Walk, Segment], None]]] = {
    "BEG": header.on_beg,
    "BCH": header.on_bch,
    "CUR": header.on_cur,
    "REF": header.on_ref,
    "N9": header.on_n9,
    "ITD": header.on_itd,
    "FOB": header.on_fob,
    "TD5": header.on_td5,
    "DTM": header.on_dtm,
    "SAC": header.on_sac,
    "TXI": header.on_txi,
    "MSG": header.on_msg,
    "MTX": header.on_mtx,
    "NTE": header.on_mtx,
    "CTT": header.on_ctt,
    "AMT": header.on_amt,
    "N1": parties.on_n1,
    "NM1": parties.on_nm1,
    "N2": parties.on_n2,
    "N3": parties.on_n3,
    "N4": parties.on_n4,
    "PER": parties.on_per,
    "PO1": lines.on_po1,
    "POC": lines.on_poc,
    "LIN": lines.on_lin,
    "CTP": lines.on_ctp,
    "QTY": lines.on_qty,
    "PID": lines.on_pid,
    "PAM": lines.on_pam,
    "SCH": lines.on_sch,
    "SDQ": lines.on_sdq,
    "SLN": lines.on_sln,
    "G50": grocery.on_g50,
    "G62": grocery.on_g62,
    "G68": grocery.on_g68,
    "G69": grocery.on_g69,
    "G72": grocery.on_g72,
    "G76": grocery.on_g76,
}
_HEADS: Final = {"850": "BEG", "860": "BCH", "875": "G50"}
_CHANGE: Final = "860"
_LINES: Final = {"850": "PO1", "860": "POC", "875": "G68"}


def read_x12(text: str, part: str = "document") -> Reading:
    """Reads all orders of an interchange, or says what it holds instead.

    Raises Refusal for structural defects, naming the segment; a control value that does not add up is a warning on
    the order.
    """
    transactions = split_transactions(text)
    if not transactions:
        raise Refusal("x12.empty", "The interchange holds no transaction set.", part)
    orders: list[Order] = []
    others: list[Transaction] = []
    flawed: list[Refusal] = []
    for transaction in transactions:
        if transaction.set_id not in codes.ORDER_SETS:
            others.append(transaction)
            continue
        try:
            orders.append(_read(transaction, part))
        except Refusal as refusal:
            if transaction.set_id != _CHANGE:
                raise
            others.append(transaction)
            flawed.append(refusal)
    if orders and flawed:
        raise flawed[0]
    if orders:
        warnings = [f"uncertain: {doubt}" for doubt in transactions[0].doubts]
        if others:
            names = _names(others)
            warnings.append(f"ignored: the interchange also holds {len(others)} other transaction set(s): {names}")
        return Orders(tuple(with_warnings(order, *warnings) for order in told_apart(orders)))
    flaws = [flaw.outcome.reason for one in others for flaw in one.flaws]
    broken = f" Its envelope is wrong: {flaws[0]}" if flaws else ""
    if flawed and not flaws:
        broken = f" It cannot be read: {flawed[0].outcome.reason} ({flawed[0].outcome.where})"
    kind = codes.OTHER_SETS.get(others[0].set_id, ("other", ""))[0]
    return NotAnOrder(kind, f"X12 {_names(others)}.{broken}")


def _names(others: list[Transaction]) -> str:
    return ", ".join(
        f"{one} ({codes.OTHER_SETS[one][1]})" if one in codes.OTHER_SETS else one[:10]
        for one in dict.fromkeys(other.set_id for other in others)
    )


def _read(transaction: Transaction, part: str) -> Order:
    """One order; raises Refusal when a segment or element it needs is missing or malformed."""
    head = _HEADS[transaction.set_id]
    first = transaction.segments[1] if len(transaction.segments) > 1 else None
    if first is None or first.tag != head:
        found = first.place if first else "nothing"
        raise Refusal(
            "x12.missing_segment",
            f"{head} must follow ST of an {transaction.set_id}; found is {found}.",
            (first or transaction.segments[0]).place,
        )
    walk = Walk(transaction, part, Draft("x12", message=transaction.set_id))
    if transaction.flaws:
        raise transaction.flaws[0]
    for segment in transaction.segments:
        _step(walk, segment)
    lines.close_line(walk)
    return _finish(walk)


def _step(walk: Walk, segment: Segment) -> None:
    tag = segment.tag
    walk.counts[tag] = walk.counts.get(tag, 0) + 1
    if tag not in SEGMENTS:
        raise Refusal("x12.unknown_segment", f"{tag} is no segment of X12.", segment.place)
    handler = _HANDLERS.get(tag)
    if handler is not None:
        handler(walk, segment)
    elif tag not in codes.USED:
        walk.draft.warn("uncertain", f"{tag} is no segment of an {walk.transaction.set_id} ({segment.place})")
    described = tag == "PID" and walk.line is not None
    if tag not in codes.UNWATCHED and not described and has_words(segment.text, len(tag)):
        watch_words(walk.draft, tag, segment.place, segment.elements[1:], names=tag in codes.NAMES)


def _finish(walk: Walk) -> Order:
    draft, usage = walk.draft, walk.transaction.interchange
    if usage.position and usage.get(15).upper() != "P":
        draft.warn(
            "uncertain", f"ISA15 is {usage.get(15)[:10]!r}: the interchange is no production one ({usage.place})"
        )
    header.settle(walk)
    if not draft.lines and draft.purpose in {"original", "confirmation"}:
        line = _LINES[walk.transaction.set_id]
        raise Refusal("x12.missing_segment", f"The order has no {line} line.", walk.transaction.segments[-1].place)
    parties.assign_parties(walk)
    watch(draft)
    return draft.finish()

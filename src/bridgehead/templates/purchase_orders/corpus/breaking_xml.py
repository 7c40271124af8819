"""Damages XML orders: cut, torn, badly nested, with an entity of their own, or with letters of another encoding."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder

_BLOCK: Final = 96
"""Bytes overwritten with NUL, as a torn write leaves them; longer than any one field."""
_WAYS: Final = ("cut", "cut", "nesting", "entity", "ampersand", "overwritten", "encoding")
_DECLARATION: Final = re.compile(rb"<\?xml.*?\?>\s*", re.DOTALL)
_DOCTYPE: Final = re.compile(rb"<!DOCTYPE.*?>\s*", re.DOTALL)
_ROOT: Final = re.compile(rb"<([A-Za-z][\w:.-]*)")
_CLOSING: Final = re.compile(rb"</([\w:.-]+)>")


def break_xml(sending: Envelope, dice: Dice, document: bytes, order: WrittenOrder) -> bytes:
    """Returns the document cut or overwritten within its lines, or no longer what a safe parser of XML takes.

    An entity that the document declares itself makes it unfit too: nobody who orders needs one, and what stands in its
    place is not said by the document alone.
    """
    del sending
    line = order.lines[-1]
    part = line.theirs or line.ours or line.gtin or line.description or line.unit
    spot = document.rfind(part.encode()) if document.rfind(part.encode()) > 0 else len(document) * 3 // 4
    way = dice.one(_WAYS)
    if way == "cut":
        return document[: dice.between(min(len(document) // 3, spot), spot + len(part) // 2)]
    if way == "overwritten":
        start = max(spot - 20, 0)
        return document[:start] + b"\0" * _BLOCK + document[start + _BLOCK :]
    if way == "nesting":
        found = pairwise(_CLOSING.finditer(document, spot // 2))
        one, other = next(pair for pair in found if pair[0][1] != pair[1][1])
        return b"".join((document[: one.start()], other[0], document[one.end() : other.start()], one[0],
                         document[other.end() :]))  # fmt: skip
    if way == "entity":
        return _with_entity(document, part if part.encode() in document else order.po_number)
    bad = b" & Co " if way == "ampersand" else b"\xc3\x28\xfc"
    if way == "encoding" and b"ISO-8859-1" in document[:80]:
        bad = b"\x02\x0b"
    return document[:spot] + bad + document[spot:]


def _with_entity(document: bytes, part: str) -> bytes:
    """Returns the document with a part number that only a file beside it tells."""
    head = _DECLARATION.match(document)
    start = head.end() if head else 0
    doctype = _DOCTYPE.match(document, start)
    after = doctype.end() if doctype else start
    root = _ROOT.search(document, after)
    name = root[1] if root else b"Order"
    declared = b"<!DOCTYPE " + name + b' [<!ENTITY part SYSTEM "file:///var/orders/part.txt">]>\n'
    return document[:start] + declared + document[after:].replace(part.encode(), b"&part;")

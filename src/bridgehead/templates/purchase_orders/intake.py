"""From a document to cases: every arrival becomes its orders, a reasoned nothing, or work for a named role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic import JsonValue, TypeAdapter

from bridgehead import NewCase, NoCase, ToReview
from bridgehead.cases.intake import ReadResult
from bridgehead.documents.assisted.assist import wants_model
from bridgehead.documents.assisted.seen import see, seen_to_json
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Kind, NotAnOrder, Orders, Unreadable
from bridgehead.documents.reading import read
from bridgehead.templates.purchase_orders.checks.verdict import DUE_S, LOGISTICS, ORDER_DESK, PLANNER
from bridgehead.templates.purchase_orders.doing import TO_DO, to_do_about
from bridgehead.templates.purchase_orders.glimpse import glimpse

_ORDER: Final = TypeAdapter(Order)
_NOBODY: Final = frozenset({"newsletter", "auto_reply", "acknowledgement"})
_ROLES: Final[Mapping[Kind, str]] = {"delivery_note": LOGISTICS, "goods_return": LOGISTICS, "forecast": PLANNER}
_PUBLIC_HOSTS: Final = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "yahoo.com",
        "icloud.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "orange.fr",
        "wanadoo.fr",
        "free.fr",
        "libero.it",
        "proton.me",
    }
)
_SEGMENT: Final = re.compile(r"(after )?(?:([A-Z0-9]{2,3}) )?\(segment (\d+), line (\d+)\)")
NEEDED: Final = "a document in which the reader finds lines that order an item in a quantity, or that names itself one"
"""What would have become a case."""
_NOT_CONTENT: Final = frozenset({"sources", "format", "notes", "warnings", "buyer", "controls", "confidence"})


def read_arrival(document: bytes, name: str, *, for_model: bool = False) -> ReadResult:
    """Returns one case per order; for what is no order, nobody's work or a role's; for a broken document a review.

    ``for_model`` gives the case of an order that a model may help with the text that the document shows, in place of
    the whole document's, for ``assist.read_again``.
    """
    reading = read(document, name)
    match reading:
        case Orders(orders):
            text = seen_to_json(see(document, name)).decode() if for_model and wants_model(reading) else None
            return [replace(new_case(order), text=text) for order in orders]
        case NotAnOrder(kind, reason):
            if kind in _NOBODY:
                return NoCase(f"{kind}: {reason}")
            return ToReview(
                f"This is no order ({kind.replace('_', ' ')}): {reason}",
                role=_ROLES.get(kind, ORDER_DESK),
                error_class="out_of_scope",
                details={
                    "cause": "not_an_order",
                    "kind": kind,
                    "to_do": to_do_about(kind),
                    "needed": NEEDED,
                    **glimpse(document, name),
                },
                within_s=DUE_S["not_an_order"],
            )
        case Unreadable(code, reason, where):
            found = glimpse(document, name)
            return ToReview(
                f"{name} cannot be read: {reason}{_placed(where, found)}",
                role=ORDER_DESK,
                error_class="invalid_input",
                details={
                    "cause": "unreadable",
                    "code": code,
                    "where": where,
                    "to_do": TO_DO["unreadable"],
                    **found,
                },
                within_s=DUE_S["unreadable"],
            )


def _placed(where: str, found: Mapping[str, JsonValue]) -> str:
    """Returns where a document broke: the line of the order with its item, so far as it was read, and the place."""
    segment = _SEGMENT.fullmatch(where)
    if segment is None:
        return _in_line(found) + (f" ({where})" if where else "")
    after, tag, number, line = segment.groups()
    named = f"{tag}, which is segment {number}" if tag else f"segment {number}"
    said = f"read from {after or ''}{named} of the file, on line {line} of its text"
    inside = _in_line(found)
    return f"{inside} ({said})." if inside else f" ({said})"


def _in_line(found: Mapping[str, JsonValue]) -> str:
    """Returns in which line of the order a document broke, with its item; empty where that is not known."""
    read = found.get("as_far_as_read")
    broke = read.get("broke_in") if isinstance(read, dict) else None
    if not isinstance(broke, dict) or not broke.get("number"):
        return ""
    item = next((broke[one] for one in ("supplier_part", "customer_part", "gtin", "description") if broke.get(one)), "")
    return f" It is in order line {str(broke['number']).lstrip('0')}{f', item {item}' if item else ''}"


def _mailed_by(address: str | None) -> str | None:
    """Returns the domain of an address, the address itself where anybody can have one."""
    domain = (address or "").rpartition("@")[2].casefold()
    return address if domain in _PUBLIC_HOSTS else domain or None


def new_case(order: Order) -> NewCase:
    """Returns the case of one order, found again by who ordered and the PO number.

    Two sendings are the same when what they order is equal, and they are in doubt for the same
    kinds of reasons; positions in the document, a cover note (``second sending``) and a day that
    only the envelope gives do not count. The sender counts by its steadiest name, because nobody
    has looked it up yet; colleagues who write from one domain are one sender.
    """
    buyer = order.buyer
    mailed = _mailed_by(buyer.email)
    who = next((name for name in (buyer.number, buyer.gln, buyer.duns, buyer.vat, mailed, buyer.name) if name), "")
    plain: dict[str, JsonValue] = _ORDER.dump_python(order, mode="json")
    content: dict[str, JsonValue] = {field: value for field, value in plain.items() if field not in _NOT_CONTENT}
    content["doubts"] = [*sorted({warning.partition(":")[0] for warning in order.warnings} - {"remark"})]
    dated = order.sources.get("order_date")
    if dated is not None and dated.part == "header":
        del content["order_date"]
    return NewCase(
        input=order,
        content=content,
        key={"customer": who.strip().casefold(), "po_number": order.po_number.strip()},
    )

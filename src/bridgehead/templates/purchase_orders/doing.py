"""What a person does about an order or a document left to them: in a sentence, with the system it is done in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bridgehead.documents.outcome import Kind
from bridgehead.templates.purchase_orders.checks.verdict import CANCEL, Cause, Hold

_AGAIN: Final = "and send the case back to the agent, or book the order in the ERP yourself"
TO_DO: Final[Mapping[Cause, str]] = {
    "not_an_order": "read the document and do in the ERP what it asks for",
    "unreadable": "ask the sender for a whole document and submit that, or book the order in the ERP from what is told",
    "change": "change or cancel the order in the ERP as the document asks, or tell the customer why not",
    "duplicate": "ask the customer which of the two holds, and change the order in the ERP where it is this one",
    "instruction": (
        "read the quoted text, ask the customer by a way that you know whether the order is theirs, and book it in the"
        " ERP yourself where it is"
    ),
    "contradiction": "ask the customer what is meant, and book that in the ERP",
    "reading": "read the document itself, and book the order in the ERP",
    "totals": "ask the customer which figures hold, and book those in the ERP",
    "customer": f"find out who ordered, add the address or number to the customer in the ERP {_AGAIN}",
    "ship_to": f"ask the customer where the goods go, add the address to the customer in the ERP {_AGAIN}",
    "credit": (
        f"decide what the customer may owe: lift the block or raise the limit in the ERP {_AGAIN};"
        " else refuse the order to the customer"
    ),
    "item": f"find out which item is meant, add the customer's part number in the ERP {_AGAIN}",
    "price": f"settle the price with the customer, correct it in the ERP where ours is wrong {_AGAIN}",
    "unit": f"ask the customer how many base units are meant, add the unit to the item in the ERP {_AGAIN}",
    "quantity": "ask the customer whether the larger quantity may be delivered, and book what they want in the ERP",
    "date": "find a day that the customer agrees to, and book the order in the ERP with it",
    "incoterms": f"settle the Incoterms with the customer, correct them in the ERP where ours are wrong {_AGAIN}",
    "payment_terms": f"settle the terms of payment with the customer, correct ours in the ERP where wrong {_AGAIN}",
    "order_limit": "decide whether the order is taken, and book it in the ERP where it is",
}
"""By the cause of a hold, in words that follow "To do: the role is to"."""

_OF_KINDS: Final[Mapping[Kind, str]] = {
    "question": "answer the sender; where an order comes of it, submit that",
    "complaint": "answer the sender, and open in the ERP what the complaint needs",
    "delivery_note": "match the goods that it announces to their order in the ERP or the warehouse",
    "goods_return": (
        "find the order in the ERP that the goods come back from, take the return into its books, and tell the sender"
        " whether it is accepted"
    ),
    "invoice": "hand it to accounting",
    "order_change": "change the order in the ERP as the document asks, or tell the customer why not",
    "order_cancel": CANCEL,
    "order_response": "compare it with the order in the ERP that it answers",
    "order_status": "look the order up in the ERP, and tell the sender how it stands",
    "quotation_request": "make the sender an offer, or decline; an order that comes of it is submitted then",
    "forecast": "plan with it in the ERP; it orders nothing",
    "stock_report": "compare it with what the ERP expects; it orders nothing",
    "master_data": "put on file what is new in it; it orders nothing",
    "payment": "hand it to accounting",
}


_OF_A_BOOKING: Final[frozenset[Cause]] = frozenset(
    {
        "totals", "ship_to", "credit", "item", "price", "unit", "quantity", "date", "incoterms", "payment_terms",
        "order_limit",
    }
)  # fmt: skip
"""What is in doubt about an order's figures, goods and terms, and is of no account to one that is cancelled."""


def to_do(holds: Sequence[Hold]) -> str:
    """Returns what is done about every reason of a hold, the owner's first, with the lines that each is about.

    Whoever cancels an order books none: what only a booking needs is left out then.
    """
    if any(hold.to_do == CANCEL for hold in holds):
        holds = [hold for hold in holds if hold.to_do == CANCEL or hold.cause not in _OF_A_BOOKING]
    found: dict[str, list[int]] = {}
    again = True
    for hold in holds:
        what = hold.to_do or TO_DO[hold.cause]
        again = again and what.endswith(_AGAIN)
        lines = found.setdefault(what.removesuffix(f" {_AGAIN}"), [])
        lines += [hold.line] if hold.line is not None and hold.line not in lines else []
    told = [f"{what}{_of(lines)}" if len(found) > 1 else what for what, lines in found.items()]
    return "; ".join(told) + (f" {_AGAIN}" if again and told else "")


def _of(lines: Sequence[int]) -> str:
    """Returns the lines that something is about, in words; empty for the whole document."""
    return f" ({'line' if len(lines) == 1 else 'lines'} {', '.join(map(str, lines))})" if lines else ""


def to_do_about(kind: Kind) -> str:
    """Returns what is done about a document that orders nothing."""
    return _OF_KINDS.get(kind, TO_DO["not_an_order"])

"""The right reading of a document: the canonical order of the domain contract, as plain JSON."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bridgehead.templates.purchase_orders.corpus.model import Address, Json, WrittenLine, WrittenOrder, plain


def _decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _party(name: str, place: Address | None) -> dict[str, Json]:
    numbered = place is not None and not place.street
    return {
        "name": name or None,
        "number": place.id if place and numbered else None,
        "email": None,
        "duns": None,
        "gln": place.gln if place and numbered else None,
        "vat": None,
        "street": (place.street or None) if place else None,
        "city": (place.city or None) if place else None,
        "postal_code": (place.postal_code or None) if place else None,
        "country": (place.country or None) if place else None,
    }


def _line(line: WrittenLine) -> dict[str, Json]:
    return {
        "number": line.number,
        "customer_part": line.theirs,
        "supplier_part": line.ours,
        "gtin": line.gtin,
        "description": line.description,
        "quantity": plain(line.quantity),
        "unit": line.unit.upper(),
        "price": _decimal(line.price),
        "price_basis": plain(line.basis),
        "requested_date": _date(line.requested_date),
        "amount": _decimal(line.amount),
    }


def reading_json(order: WrittenOrder, reader: str) -> dict[str, Json]:
    """Returns the reading; ``reader`` names the kind of document that holds the order.

    Identifiers of parties are left null: a document may name a party by any of several ways, and ``customer`` beside
    the reading says who it is. A place without an address is named by its number or by its GLN; both are given.
    ``order_date`` is null where only the mail's own date tells it.
    """
    return {
        "format": reader,
        "purpose": order.purpose,
        "po_number": order.po_number,
        "release": order.release,
        "order_date": _date(order.order_date),
        "requested_date": _date(order.requested_date),
        "currency": order.currency,
        "buyer": _party(order.customer.name, None),
        "ship_to": _party(order.ship_to.name, order.ship_to) if order.ship_to else None,
        "bill_to": _party(order.bill_to.name, order.bill_to) if order.bill_to else None,
        "incoterms": order.incoterms,
        "payment_terms": order.payment_terms,
        "lines": [_line(line) for line in order.lines],
        "stated_total": _decimal(order.stated_total),
        "stated_line_count": order.stated_line_count,
        "stated_quantity_total": _decimal(order.stated_quantity_total),
        "notes": [*order.notes, *([order.instruction] if order.instruction else [])],
        "warnings": [],
        "sources": {},
    }

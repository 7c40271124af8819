"""One example of each thing that the OpenAPI document names, of one small seller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from bridgehead.templates.purchase_orders.erp import wire

Json = dict[str, JsonValue]

_ADDRESS: Final[Json] = {
    "id": "C100-1",
    "name": "Warehouse Cologne",
    "street": "Hafenstr. 5",
    "city": "Köln",
    "postal_code": "50667",
    "country": "DE",
    "gln": None,
}
_CUSTOMER: Final[Json] = {
    "number": "C100",
    "name": "Rheinwerk Müller GmbH",
    "currency": "EUR",
    "sales_org": "1000",
    "credit": {"limit": "50000.00", "open": "1200.00", "overdue_days": 0, "blocked": False},
    "ship_tos": [_ADDRESS],
    "bill_to": None,
    "emails": ["buying@rheinwerk.example.com"],
    "email_domains": ["rheinwerk.example.com"],
    "duns": "401234567",
    "gln": None,
    "vat": None,
    "tier": "B",
    "payment_terms": "N30",
    "incoterms": "DAP",
    "matched_by": [],
}
_ITEM: Final[Json] = {
    "number": "A-1",
    "description": "Bracket A-1",
    "base_unit": "C62",
    "min_qty": "10",
    "multiple": "5",
    "list_price": {"EUR": "3.2000"},
    "status": "active",
    "stock": "500",
    "lead_time_days": 14,
    "gtin": "04012345000016",
    "units": {"BX": "12"},
    "superseded_by": None,
}
_PART: Final[Json] = {"customer": "C100", "part": "RW-77", "item": "A-1"}
_PRICE: Final[Json] = {
    "id": "C100/A-1/EUR/2026-10-01",
    "item": "A-1",
    "currency": "EUR",
    "price": "3.1000",
    "source": "contract",
    "valid_from": "2026-10-01",
    "valid_to": None,
}
_BOOKING: Final[Json] = {
    "customer": "C100",
    "po_number": "4500017",
    "order_date": "2026-10-30",
    "currency": "EUR",
    "ship_to": "C100-1",
    "sales_org": "1000",
    "header_code": "AD",
    "lines": [
        {
            "line": 1,
            "item": "A-1",
            "quantity": "20",
            "unit": "C62",
            "price": "3.1000",
            "date": "2026-11-10",
            "code": "IA",
        }
    ],
    "total": "62.00",
}
_ORDER: Final[Json] = {
    **_BOOKING,
    "order_number": "SO-0000001",
    "status": "open",
    "booked_by": "system",
    "booked_at": "2026-11-02T08:00:00Z",
    "booked_from": None,
    "changed_at": "2026-11-02T09:30:00Z",
    "note": "Call before delivery",
    "requested_date": "2026-11-12",
}

EXAMPLES: Final[Mapping[type, Json]] = {
    wire.Customer: _CUSTOMER,
    wire.CustomerPage: {"items": [_CUSTOMER], "total": 1, "limit": 50, "next": None},
    wire.Item: _ITEM,
    wire.ItemPage: {"items": [_ITEM], "total": 1, "limit": 50, "next": None},
    wire.ItemSearch: {"numbers": ["A-1"], "gtins": [], "description": None, "limit": 50, "cursor": None},
    wire.PartSearch: {"customer": "C100", "parts": ["RW-77"], "limit": 50, "cursor": None},
    wire.CustomerPartPage: {"items": [_PART], "total": 1, "limit": 50, "next": None},
    wire.PriceSearch: {
        "customer": "C100",
        "items": ["A-1"],
        "on": "2026-10-30",
        "currency": "EUR",
        "limit": 50,
        "cursor": None,
    },
    wire.PricePage: {"items": [_PRICE], "total": 1, "limit": 50, "next": None},
    wire.ResolveRequest: {
        "customer": "C100",
        "lines": [{"customer_part": "RW-77", "supplier_part": None, "gtin": None, "description": "Bracket"}],
    },
    wire.QuoteRequest: {"customer": "C100", "items": ["A-1"], "on": "2026-10-30", "currency": "EUR"},
    wire.Booking: _BOOKING,
    wire.OrderRecord: _ORDER,
    wire.OrderPage: {"items": [_ORDER], "total": 1, "limit": 50, "next": None, "as_of": "2026-11-02T10:00:00Z"},
    wire.OrderChange: {"note": "Call before delivery", "requested_date": "2026-11-12"},
    wire.Problem: {
        "title": "Invalid content",
        "status": 422,
        "detail": "there is no item A-77",
        "type": "about:blank",
        "field": "lines[0].item",
    },
    wire.TokenRefusal: {"error": "invalid_client", "error_description": "unknown client or wrong secret"},
}

"""A small seller: two customers, five items, enough prices and places for every rule to apply and not to."""

from __future__ import annotations

import json
from pathlib import Path


def place(number: str, street: str, city: str, postal_code: str, country: str = "DE") -> dict[str, object]:
    """Returns an address as the master file holds it."""
    return {
        "id": number,
        "name": f"Lager {city}",
        "street": street,
        "city": city,
        "postal_code": postal_code,
        "country": country,
        "gln": None,
    }


def item(number: str, **changes: object) -> dict[str, object]:
    """Returns an active item, sold by pieces and boxes of 12, in tens, plentiful."""
    plain: dict[str, object] = {
        "number": number,
        "description": f"Bracket {number}",
        "gtin": None,
        "base_unit": "C62",
        "units": {"BX": "12"},
        "min_qty": "10",
        "multiple": "5",
        "list_price": {"EUR": "3.2000"},
        "status": "active",
        "superseded_by": None,
        "stock": "500",
        "lead_time_days": 14,
    }
    return plain | changes


def customer(number: str, name: str, domain: str, **changes: object) -> dict[str, object]:
    """Returns a customer in good standing with one ship-to."""
    plain: dict[str, object] = {
        "number": number,
        "name": name,
        "emails": [f"buying@{domain}"],
        "email_domains": [domain],
        "duns": None,
        "gln": None,
        "vat": None,
        "tier": "B",
        "currency": "EUR",
        "payment_terms": "N30",
        "incoterms": "DAP",
        "credit": {"limit": "50000.00", "open": "1200.00", "overdue_days": 0, "blocked": False},
        "ship_tos": [place(f"{number}-1", "Hafenstraße 5", "Köln", "50667")],
        "bill_to": None,
    }
    return plain | changes


def master() -> dict[str, object]:
    """Returns the whole file as JSON data."""
    return {
        "as_of": "2026-11-02",
        "customers": [
            customer(
                "C100",
                "Rheinwerk Müller GmbH",
                "rheinwerk.example.com",
                duns="401234567",
                ship_tos=[
                    place("C100-1", "Hafenstraße 5", "Köln", "50667"),
                    place("C100-2", "Am Bahnhof 12", "Düren", "52349"),
                ],
            ),
            customer("C200", "Northfield Supply", "northfield.example.com", gln="4000001000005"),
        ],
        "items": [
            item("A-1", gtin="04012345000016"),
            item("A-2", stock="20"),
            item("A-3", status="superseded", superseded_by="A-1"),
            item("A-4", status="blocked"),
            item("A-5", list_price={"USD": "9.9900"}),
        ],
        "cross_references": [{"customer": "C100", "customer_part": "RW-77", "item": "A-1"}],
        "prices": [
            {
                "customer": "C100",
                "item": "A-1",
                "currency": "EUR",
                "price": "3.0000",
                "valid_from": "2026-01-01",
                "valid_to": "2026-09-30",
            },
            {
                "customer": "C100",
                "item": "A-1",
                "currency": "EUR",
                "price": "3.1000",
                "valid_from": "2026-10-01",
                "valid_to": None,
            },
        ],
        "price_tolerance": "0.02",
        "orders": [
            {
                "customer": "C100",
                "po_number": "PO-OLD",
                "order_number": "SO-OLD-1",
                "digest_fields": booking("PO-OLD"),
                "status": "in_production",
            }
        ],
    }


def booking(po_number: str, *, quantity: str = "20", customer_number: str = "C100") -> dict[str, object]:
    """Returns a booking that the ERP accepts."""
    total = f"{int(quantity) * 31 / 10:.2f}"
    return {
        "customer": customer_number,
        "po_number": po_number,
        "order_date": "2026-10-30",
        "currency": "EUR",
        "ship_to": f"{customer_number}-1",
        "header_code": "AD",
        "lines": [
            {
                "line": 1,
                "item": "A-1",
                "quantity": quantity,
                "unit": "C62",
                "price": "3.1000",
                "date": "2026-11-10",
                "code": "IA",
            }
        ],
        "total": total,
    }


def written(folder: Path, data: object, name: str = "master.json") -> Path:
    """Writes JSON data to a file and returns its path."""
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path

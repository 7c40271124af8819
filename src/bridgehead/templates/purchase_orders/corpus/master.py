"""The master data of a run: contract prices, cross references, earlier orders, and the file the ERP loads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from bridgehead.templates.purchase_orders.corpus.catalogue import make_items
from bridgehead.templates.purchase_orders.corpus.customers import make_customers
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.model import (
    Customer,
    Format,
    Item,
    Json,
    PastOrder,
    PriceRecord,
    Status,
    World,
    plain,
)
from bridgehead.templates.purchase_orders.corpus.numbering import po_number
from bridgehead.templates.purchase_orders.corpus.rates import DEFAULT_FORMATS

AS_OF = date(2026, 11, 2)
"""Today, a Monday: one day after the yearly price change, so that Friday's orders have another price than today's."""

PRICE_CHANGE = date(2026, 11, 1)


def make_world(seed: int, formats: Sequence[Format] = DEFAULT_FORMATS) -> World:
    """Returns the master data for ``seed`` with the customers of these formats."""
    items = make_items(seed)
    customers = make_customers(seed, formats)
    prices: dict[tuple[str, str], tuple[PriceRecord, ...]] = {}
    parts: dict[tuple[str, str], str] = {}
    assortments: dict[str, tuple[str, ...]] = {}
    past: list[PastOrder] = []
    for customer in customers:
        bought = _assortment(Dice(seed, "assortment", customer.number), items)
        assortments[customer.number] = bought
        for number in bought:
            dice = Dice(seed, "price", customer.number, number)
            prices[customer.number, number] = _contract(dice, customer, items[number])
        if customer.own_parts:
            # Articles that we no longer deliver stay in the customer's material master under the old number.
            retired = [item.number for item in items.values() if item.status != "active"]
            known = (*bought, *Dice(seed, "retired part", customer.number).some(retired, 3))
            for index, number in enumerate(known):
                parts[customer.number, _own_part(seed, customer, index)] = number
        past.extend(_past_orders(seed, customer, [items[number] for number in bought], len(past)))
    return World(
        as_of=AS_OF,
        customers=customers,
        items=items,
        cross_references=parts,
        prices={key: records for key, records in prices.items() if records},
        price_tolerance=Decimal("0.02"),
        past_orders=tuple(past),
        assortments=assortments,
        their_parts={(owner, number): part for (owner, part), number in parts.items()},
    )


def _assortment(dice: Dice, items: dict[str, Item]) -> tuple[str, ...]:
    active = [item for item in items.values() if item.status == "active"]
    bought = dice.some([item.number for item in active], dice.between(14, 24))
    for wanted in (
        [item.number for item in active if item.stock == 0],
        [item.number for item in active if item.units],
        [item.number for item in active if item.min_qty > 1],
    ):
        bought.extend(number for number in dice.some(wanted, 3) if number not in bought)
    return tuple(bought)


def _own_part(seed: int, customer: Customer, index: int) -> str:
    dice = Dice(seed, "own part", customer.number)
    style = dice.between(0, 7 if customer.channel == "edifact" else 5)
    start = dice.between(10, 79)
    salt = Dice(seed, "own part", customer.number, index).between(0, 9)
    return (
        f"{start}{index * 13 + 1000:05}{salt}",
        f"MAT-{start}{index * 7 + 100}",
        f"{start}.{index * 3 + 100}.{salt:02}",
        f"A{start}-{index * 11 + 2000}{chr(65 + salt)}",
        f"RM{index * 17 + start * 100:06}",
        f"{start}{salt} {index * 9 + 100} {start + index}",
        f"{start}+{index * 13 + 1000}:{salt}",
        f"{start}'{index * 7 + 100}?{salt}",
    )[style]


def _contract(dice: Dice, customer: Customer, item: Item) -> tuple[PriceRecord, ...]:
    base = item.list_price[customer.currency] * Decimal(str(round(dice.real(0.72, 0.97), 3)))
    step = Decimal("0.0001") if base < 1 else Decimal("0.01")

    def record(price: Decimal, start: date, end: date | None) -> PriceRecord:
        return PriceRecord(customer.number, item.number, customer.currency, price.quantize(step), start, end)

    kind = dice.weighted((("two", 0.45), ("running", 0.35), ("expired", 0.08), ("none", 0.12)))
    if kind == "two":
        raised = base * Decimal(str(round(dice.real(1.03, 1.09), 3)))
        last_old = PRICE_CHANGE - timedelta(days=1)
        return (record(base, date(2025, 11, 1), last_old), record(raised, PRICE_CHANGE, None))
    if kind == "running":
        return (record(base, date(2026, 1, 1), dice.one((None, date(2026, 12, 31), date(2027, 6, 30)))),)
    if kind == "expired":
        return (record(base, date(2025, 7, 1), date(2026, 6, 30)),)
    return ()


def price_on(world: World, customer: Customer, item: Item, day: date) -> Decimal:
    """Returns the price per base unit on an order date: the contract's when one is valid, else the list price."""
    for record in world.prices.get((customer.number, item.number), ()):
        if record.valid_from <= day and (record.valid_to is None or day <= record.valid_to):
            return record.price
    return item.list_price[customer.currency]


def _past_orders(seed: int, customer: Customer, bought: list[Item], so_far: int) -> list[PastOrder]:
    orders: list[PastOrder] = []
    statuses: tuple[Status, ...] = ("shipped", "in_production", "open", "in_production")
    for index, status in enumerate(statuses):
        dice = Dice(seed, "past", customer.number, index)
        day = AS_OF - timedelta(days=(60, 25, 12, 18)[index] + dice.between(0, 6))
        lines = tuple(
            (
                item.number,
                max(item.min_qty, item.multiple) * dice.between(1, 4),
                item.list_price[customer.currency],
                day + timedelta(days=dice.between(20, 45)),
            )
            for item in dice.some(bought, dice.between(1, 4))
        )
        number = f"SO-26-{40000 + so_far + index}"
        place = dice.one(customer.ship_tos).id
        orders.append(PastOrder(customer.number, po_number(seed, customer, index), number, day, place, lines, status))
    return orders


def _past_json(world: World, order: PastOrder) -> dict[str, Json]:
    lines: list[Json] = [
        {
            "line": index + 1,
            "item": number,
            "quantity": plain(quantity),
            "unit": world.items[number].base_unit,
            "price": format(price, ".4f"),
            "date": due.isoformat(),
            "code": "IA",
        }
        for index, (number, quantity, price, due) in enumerate(order.lines)
    ]
    total = sum((round(quantity * price, 2) for _, quantity, price, _ in order.lines), Decimal("0.00"))
    return {
        "customer": order.customer,
        "po_number": order.po_number,
        "order_number": order.order_number,
        "status": order.status,
        "digest_fields": {
            "order_date": order.order_date.isoformat(),
            "currency": world.customer(order.customer).currency,
            "ship_to": order.ship_to,
            "header_code": "AD",
            "lines": lines,
            "total": format(total, ".2f"),
        },
    }


def _customer_json(customer: Customer) -> dict[str, Json]:
    return {
        "number": customer.number,
        "name": customer.name,
        "emails": list(customer.emails),
        "email_domains": list(customer.email_domains),
        "duns": customer.duns,
        "gln": customer.gln,
        "vat": customer.vat,
        "tier": customer.tier,
        "currency": customer.currency,
        "payment_terms": customer.payment_terms,
        "incoterms": customer.incoterms,
        "credit": {
            "limit": format(customer.credit.limit, ".2f"),
            "open": format(customer.credit.open, ".2f"),
            "overdue_days": customer.credit.overdue_days,
            "blocked": customer.credit.blocked,
        },
        "ship_tos": [place.as_json() for place in customer.ship_tos],
        "bill_to": customer.bill_to.as_json(),
    }


def _item_json(item: Item) -> dict[str, Json]:
    return {
        "number": item.number,
        "description": item.description,
        "gtin": item.gtin,
        "base_unit": item.base_unit,
        "units": {unit: plain(size) for unit, size in item.units.items()},
        "min_qty": plain(item.min_qty),
        "multiple": plain(item.multiple),
        "list_price": {code: format(price, ".4f") for code, price in item.list_price.items()},
        "status": item.status,
        "superseded_by": item.superseded_by,
        "stock": plain(item.stock),
        "lead_time_days": item.lead_time_days,
    }


def world_json(world: World) -> dict[str, Json]:
    """Returns master.json as the domain contract has it."""
    return {
        "as_of": world.as_of.isoformat(),
        "customers": [_customer_json(customer) for customer in world.customers],
        "items": [_item_json(item) for item in world.items.values()],
        "cross_references": [
            {"customer": customer, "customer_part": part, "item": item}
            for (customer, part), item in world.cross_references.items()
        ],
        "prices": [
            {
                "customer": record.customer,
                "item": record.item,
                "currency": record.currency,
                "price": format(record.price, ".4f"),
                "valid_from": record.valid_from.isoformat(),
                "valid_to": record.valid_to.isoformat() if record.valid_to else None,
            }
            for records in world.prices.values()
            for record in records
        ],
        "price_tolerance": plain(world.price_tolerance),
        "orders": [_past_json(world, order) for order in world.past_orders],
    }

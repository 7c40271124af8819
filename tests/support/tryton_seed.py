"""Fills an empty Tryton with a company and the master data of an order corpus, over JSON-RPC as any client would.

What Tryton has no place for goes where a user of it would put it: D-U-N-S numbers and GLNs are
identifiers without a type, a ship-to's number is an identifier of its address, the size of a pack
is an attribute of the product (``per_BX``), the tier and the Incoterms of a customer are categories. Prices in other
currencies are exact, since every currency has the rate 1 and a price list of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from tests.support.tryton_rpc import TrytonRpc

Json: TypeAlias = Mapping[str, Any]

AGENT: Final = "order-agent"
AGENT_PASSWORD: Final = "an-agent-books-orders"
AGENT_KEY: Final = "0123456789abcdef" * 8

MODULES: Final = (
    "sale",
    "sale_price_list",
    "sale_product_customer",
    "sale_product_quantity",
    "product_attribute",
    "product_price_list_dates",
    "product_price_list_parent",
    "account_credit_limit",
)

_UNITS: Final = {"C62": "u", "MTR": "m", "KGM": "kg", "SET": "set", "PA": "pk"}
"""Symbols of Tryton's units for codes of UN/ECE Recommendation 20; the last two are made here."""

_STATES: Final = {"open": "confirmed", "in_production": "processing", "shipped": "done"}


def seed(rpc: TrytonRpc, master: Json) -> None:
    """Makes the company, its books, the agent's user, and what ``master`` (a master.json) holds."""
    currencies = _currencies(rpc, master)
    countries = _countries(rpc, master["customers"])
    company = _company(rpc, currencies["EUR"], countries["DE"])
    receivable, revenue = _books(rpc, company)
    _user(rpc, company)
    terms = _payment_terms(rpc, master)
    products = _products(rpc, master["items"])
    lists = _price_lists(rpc, master, products)
    parties, places = _parties(rpc, master["customers"], currencies, countries, terms, lists)
    _part_numbers(rpc, master, products, parties)
    _stock(rpc, master, products)
    _open_items(rpc, master, parties, receivable, revenue)
    _orders(rpc, master, products, parties, places, currencies)


def _currencies(rpc: TrytonRpc, master: Json) -> dict[str, int]:
    codes = sorted({"EUR", *(customer["currency"] for customer in master["customers"])})
    values = [
        {
            "name": code,
            "code": code,
            "symbol": code,
            "rounding": Decimal("0.01"),
            "digits": 2,
            "rates": [("create", [{"date": date(2020, 1, 1), "rate": Decimal(1)}])],
        }
        for code in codes
    ]
    return dict(zip(codes, rpc.create("currency.currency", values), strict=True))


def _countries(rpc: TrytonRpc, customers: Iterable[Json]) -> dict[str, int]:
    codes = sorted({"DE", *(place["country"] for customer in customers for place in _places(customer))})
    values = [{"name": code, "code": code} for code in codes]
    return dict(zip(codes, rpc.create("country.country", values), strict=True))


def _company(rpc: TrytonRpc, currency: int, country: int) -> int:
    address = {
        "street_unstructured": "Hafenstrasse 1",
        "postal_code": "20457",
        "city": "Hamburg",
        "country": country,
    }
    (party,) = rpc.create("party.party", [{"name": "Nordhafen Technik GmbH", "addresses": [("create", [address])]}])
    (company,) = rpc.create("company.company", [{"party": party, "currency": currency}])
    me = rpc.find("res.user", ("login", "=", "admin"))
    rpc.model("res.user.write", [me], {"companies": [("add", [company])], "company": company})
    rpc.context["company"] = company
    return company


def _books(rpc: TrytonRpc, company: int) -> tuple[int, int]:
    """Makes a chart of accounts and a fiscal year; returns the accounts of receivables and of revenue."""
    wizard, *_ = rpc.call("wizard.account.create_chart.create", rpc.context)
    template = rpc.find("account.account.template", ("parent", "=", None))
    chart = {"account": {"company": company, "account_template": template}}
    rpc.call("wizard.account.create_chart.execute", wizard, chart, "create_account", rpc.context)
    receivable = rpc.find("account.account", ("code", "=", "1.2.1"))
    payable = rpc.find("account.account", ("code", "=", "2.1.1"))
    chosen = {"company": company, "account_receivable": receivable, "account_payable": payable}
    answers = chart | {"properties": chosen}
    rpc.call("wizard.account.create_chart.execute", wizard, answers, "create_properties", rpc.context)
    revenue = rpc.find("account.account", ("code", "=", "4.1.1"))
    expense = rpc.find("account.account", ("code", "=", "5.1.1"))
    rpc.model(
        "account.configuration.write",
        [1],
        {"default_category_account_revenue": revenue, "default_category_account_expense": expense},
    )
    return receivable, revenue


def _user(rpc: TrytonRpc, company: int) -> None:
    """Makes the agent's user: it sells, and administers nothing."""
    sales = rpc.find("res.group", ("name", "=", "Sales"))
    values = {
        "name": "Order agent",
        "login": AGENT,
        "password": AGENT_PASSWORD,
        "groups": [("add", [sales])],
        "companies": [("add", [company])],
        "company": company,
    }
    (user,) = rpc.create("res.user", [values])
    rpc.create("res.user.application", [{"user": user, "application": "rest", "key": AGENT_KEY, "state": "validated"}])


def _payment_terms(rpc: TrytonRpc, master: Json) -> dict[str, int]:
    names = sorted({customer["payment_terms"] for customer in master["customers"] if customer["payment_terms"]})
    values = [
        {
            "name": name,
            "lines": [("create", [{"type": "remainder", "relativedeltas": [("create", [{"days": int(name[1:])}])]}])],
        }
        for name in names
    ]
    return dict(zip(names, rpc.create("account.invoice.payment_term", values), strict=True))


def _products(rpc: TrytonRpc, items: list[Json]) -> dict[str, int]:
    """Makes the products; returns their ids by number."""
    for name, symbol in (("Set", "set"), ("Pack", "pk")):
        # Their factor to a single piece differs by product, so each is a measure of its own.
        (category,) = rpc.create("product.uom.category", [{"name": name}])
        unit = {"name": name, "symbol": symbol, "category": category, "factor": 1.0, "rate": 1.0, "rounding": 1.0}
        rpc.create("product.uom", [unit | {"digits": 0}])
    units = {code: rpc.find("product.uom", ("symbol", "=", symbol)) for code, symbol in _UNITS.items()}
    packs = sorted({unit for item in items for unit in item["units"]})
    sizes = [
        {"name": f"per_{unit}", "string": f"Base units per {unit}", "type_": "numeric", "digits": 0} for unit in packs
    ]
    attributes = rpc.create("product.attribute", sizes)
    (packing,) = rpc.create("product.attribute.set", [{"name": "Packing", "attributes": [("add", attributes)]}])
    (category,) = rpc.create("product.category", [{"name": "Goods", "accounting": True}])
    templates = rpc.create("product.template", [_template(item, units, packing, category) for item in items])
    read = rpc.model("product.template.read", templates, ["products"])
    first = {row["id"]: row["products"][0] for row in read}
    products = {item["number"]: first[template] for item, template in zip(items, templates, strict=True)}
    for item in items:
        if item["superseded_by"]:
            successor = products[item["superseded_by"]]
            rpc.model("product.product.write", [products[item["number"]]], {"replaced_by": successor})
    return products


def _template(item: Json, units: Mapping[str, int], packing: int, category: int) -> Json:
    product: dict[str, object] = {
        "suffix_code": item["number"],
        "attributes": {f"per_{unit}": Decimal(size) for unit, size in item["units"].items()},
    }
    if item["gtin"]:
        product["identifiers"] = [("create", [{"type": "ean", "code": item["gtin"]}])]
    unit = units[item["base_unit"]]
    return {
        "name": item["description"],
        "type": "goods",
        "default_uom": unit,
        "salable": item["status"] != "blocked",
        "sale_uom": unit,
        "list_price": Decimal(item["list_price"]["EUR"]),
        "lead_time": timedelta(days=item["lead_time_days"]),
        "sale_quantity_minimal": float(item["min_qty"]) or None,
        "sale_quantity_rounding": float(item["multiple"]),
        "account_category": category,
        "attribute_set": packing,
        "products": [("create", [product])],
    }


def _price_lists(rpc: TrytonRpc, master: Json, products: Mapping[str, int]) -> dict[str, int]:
    """Makes a price list for each foreign currency, and for each customer one of its own; returns the latter."""
    codes = sorted({customer["currency"] for customer in master["customers"]} - {"EUR"})
    general = [
        {
            "name": f"List prices {code}",
            "lines": [
                (
                    "create",
                    [
                        {"product": products[item["number"]], "formula": item["list_price"][code]}
                        for item in master["items"]
                    ],
                )
            ],
        }
        for code in codes
    ]
    parents = dict(zip(codes, rpc.create("product.price_list", general), strict=True))
    contracts: dict[str, list[Json]] = defaultdict(list)
    for price in master["prices"]:
        line: dict[str, object] = {"product": products[price["item"]], "formula": price["price"]}
        for name, given in (("start_date", "valid_from"), ("end_date", "valid_to")):
            if price[given]:
                line[name] = date.fromisoformat(price[given])
        contracts[price["customer"]].append(line)
    own = [
        {
            "name": f"{customer['number']} {customer['name']}",
            "parent": parents.get(customer["currency"]),
            "lines": [
                (
                    "create",
                    [
                        *contracts[customer["number"]],
                        {"formula": "parent_unit_price" if customer["currency"] in parents else "list_price"},
                    ],
                )
            ],
        }
        for customer in master["customers"]
    ]
    numbers = [customer["number"] for customer in master["customers"]]
    return dict(zip(numbers, rpc.create("product.price_list", own), strict=True))


def _parties(
    rpc: TrytonRpc,
    customers: list[Json],
    currencies: Mapping[str, int],
    countries: Mapping[str, int],
    terms: Mapping[str, int],
    lists: Mapping[str, int],
) -> tuple[dict[str, int], dict[str, int]]:
    """Makes the customers; returns their ids by number, and those of their addresses by the address's number."""
    terms_of = {
        customer["number"]: f"Incoterms {customer['incoterms']}" for customer in customers if customer["incoterms"]
    }
    labels = sorted({f"Tier {customer['tier']}" for customer in customers} | {"Credit blocked", *terms_of.values()})
    categories = dict(zip(labels, rpc.create("party.category", [{"name": label} for label in labels]), strict=True))
    values = []
    for customer in customers:
        labelled = [categories[f"Tier {customer['tier']}"]]
        if customer["credit"]["blocked"]:
            labelled.append(categories["Credit blocked"])
        if customer["number"] in terms_of:
            labelled.append(categories[terms_of[customer["number"]]])
        codes = [customer[name] for name in ("duns", "gln", "vat") if customer[name]]
        values.append(
            {
                "name": customer["name"],
                "code": customer["number"],
                "identifiers": [("create", [{"code": code} for code in codes])],
                "contact_mechanisms": [("create", [{"type": "email", "value": mail} for mail in customer["emails"]])],
                "addresses": [("create", [_address(place, countries) for place in _places(customer)])],
                "categories": [("add", labelled)],
                "customer_currency": currencies[customer["currency"]],
                "customer_payment_term": terms.get(customer["payment_terms"]),
                "sale_price_list": lists[customer["number"]],
                "credit_limit_amount": Decimal(customer["credit"]["limit"]),
            }
        )
    made = rpc.create("party.party", values)
    parties = dict(zip((customer["number"] for customer in customers), made, strict=True))
    places = _identify_places(rpc, customers, made)
    return parties, places


def _places(customer: Json) -> list[Json]:
    """Returns a customer's addresses, the one for invoices first."""
    return [customer["bill_to"] | {"invoice": True}, *(place | {"delivery": True} for place in customer["ship_tos"])]


def _address(place: Json, countries: Mapping[str, int]) -> Json:
    return {
        "party_name": place["name"],
        "street_unstructured": place["street"],
        "postal_code": place["postal_code"],
        "city": place["city"],
        "country": countries[place["country"]],
        "invoice": bool(place.get("invoice")),
        "delivery": bool(place.get("delivery")),
    }


def _identify_places(rpc: TrytonRpc, customers: list[Json], made: list[int]) -> dict[str, int]:
    addresses = {row["id"]: row["addresses"] for row in rpc.model("party.party.read", made, ["addresses"])}
    places: dict[str, int] = {}
    codes: list[Json] = []
    for party, customer in zip(made, customers, strict=True):
        for place, address in zip(_places(customer), sorted(addresses[party]), strict=True):
            places[place["id"]] = address
            codes.extend(
                {"party": party, "address": address, "code": code} for code in (place["id"], place["gln"]) if code
            )
    rpc.create("party.identifier", codes)
    return places


def _part_numbers(rpc: TrytonRpc, master: Json, products: Mapping[str, int], parties: Mapping[str, int]) -> None:
    read = rpc.model("product.product.read", list(products.values()), ["template"])
    templates = {row["id"]: row["template"] for row in read}
    rpc.create(
        "sale.product_customer",
        [
            {
                "template": templates[products[part["item"]]],
                "product": products[part["item"]],
                "party": parties[part["customer"]],
                "code": part["customer_part"],
            }
            for part in master["cross_references"]
        ],
    )


def _stock(rpc: TrytonRpc, master: Json, products: Mapping[str, int]) -> None:
    """Counts the stock of each product into the warehouse."""
    storage = rpc.find("stock.location", ("code", "=", "STO"))
    counted = [
        {"product": products[item["number"]], "quantity": float(item["stock"])}
        for item in master["items"]
        if Decimal(item["stock"])
    ]
    day = date.fromisoformat(master["as_of"])
    (inventory,) = rpc.create("stock.inventory", [{"location": storage, "date": day, "lines": [("create", counted)]}])
    rpc.model("stock.inventory.confirm", [inventory])


def _open_items(rpc: TrytonRpc, master: Json, parties: Mapping[str, int], receivable: int, revenue: int) -> None:
    """Books what each customer owes as one opening entry, due on the day that makes it as overdue as it is."""
    today = date.fromisoformat(master["as_of"])
    values = {"name": str(today.year), "start_date": date(today.year, 1, 1), "end_date": date(today.year, 12, 31)}
    counted = {name: rpc.find("ir.sequence.type", ("name", "=", name)) for name in ("Account Move", "Invoice")}
    moves, invoices = rpc.create(
        "ir.sequence.strict", [{"name": name, "sequence_type": kind} for name, kind in counted.items()]
    )
    kinds = ("in_invoice", "in_credit_note", "out_invoice", "out_credit_note")
    numbering = [("create", [{f"{kind}_sequence": invoices for kind in kinds}])]
    (year,) = rpc.create("account.fiscalyear", [values | {"move_sequence": moves, "invoice_sequences": numbering}])
    rpc.model("account.fiscalyear.create_period", [year])
    period = rpc.find("account.period", ("start_date", "<=", today), ("end_date", ">=", today))
    journal = rpc.find("account.journal", ("code", "=", "REV"))
    lines: list[Json] = []
    for customer in master["customers"]:
        amount = Decimal(customer["credit"]["open"])
        if not amount:
            continue
        due = today - timedelta(days=customer["credit"]["overdue_days"]) if customer["credit"]["overdue_days"] else None
        party = parties[customer["number"]]
        lines += [
            {"account": receivable, "party": party, "debit": amount, "maturity_date": due or today + timedelta(30)},
            {"account": revenue, "credit": amount},
        ]
    rpc.create("account.move", [{"journal": journal, "period": period, "date": today, "lines": [("create", lines)]}])


def _orders(
    rpc: TrytonRpc,
    master: Json,
    products: Mapping[str, int],
    parties: Mapping[str, int],
    places: Mapping[str, int],
    currencies: Mapping[str, int],
) -> None:
    """Enters the earlier orders as sales under their old numbers."""
    units = {
        row["id"]: row["sale_uom"] for row in rpc.model("product.product.read", list(products.values()), ["sale_uom"])
    }
    sales = []
    for order in master["orders"]:
        fields = order["digest_fields"]
        lines = list(_lines(fields["lines"], products, units))
        sales.append(
            {
                "party": parties[order["customer"]],
                "reference": order["po_number"],
                "number": order["order_number"],
                "sale_date": date.fromisoformat(fields["order_date"]),
                "currency": currencies[fields["currency"]],
                "invoice_address": places[f"{order['customer']}-00"],
                "shipment_address": places[fields["ship_to"]],
                "lines": [("create", lines)],
            }
        )
    made = rpc.create("sale.sale", sales, batch=200)
    for status, state in _STATES.items():
        chosen = [sale for sale, order in zip(made, master["orders"], strict=True) if order["status"] == status]
        rpc.model("sale.sale.write", chosen, {"state": state})


def _lines(lines: Iterable[Json], products: Mapping[str, int], units: Mapping[int, int]) -> Iterable[Json]:
    for line in lines:
        product = products[line["item"]]
        yield {
            "product": product,
            "quantity": float(line["quantity"]),
            "unit": units[product],
            "unit_price": Decimal(line["price"]),
        }

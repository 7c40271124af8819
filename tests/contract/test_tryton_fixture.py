"""The Tryton that connector tests talk to is a real one: what is booked by JSON-RPC is in its tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import httpx

from tests.support.tryton import Tryton
from tests.support.tryton_rpc import TrytonRpc

_SALES = "select id, state, number from sale_sale where reference = %s"


def _order(rpc: TrytonRpc, customer: str, part: str, reference: str) -> dict[str, object]:
    """Returns a sale of 10 times the smallest quantity of a customer's part, as a client must fill it in."""
    party = rpc.find("party.party", ("code", "=", customer))
    fields = ["product", "product.code", "product.sale_uom", "product.template.sale_quantity_minimal"]
    domain = [["party", "=", party], ["code", "=", part]]
    (found,) = rpc.model("sale.product_customer.search_read", domain, 0, 2, None, fields)
    header = rpc.model("sale.sale.on_change_party", {"party": party, "company": 1})
    wanted = ("invoice_address", "shipment_address", "payment_term", "price_list", "currency")
    line = {
        "product": found["product"],
        "quantity": 10 * found["product."]["template."]["sale_quantity_minimal"],
        "unit": found["product."]["sale_uom"],
        "unit_price": Decimal("1.25"),
    }
    return {"party": party, "reference": reference, "lines": [["create", [line]]]} | {
        name: header[name] for name in wanted
    }


def test_a_sale_made_by_json_rpc_is_in_the_tables_once(tryton: Tryton) -> None:
    """A sale that is created, quoted and confirmed over JSON-RPC stands once in Tryton's own tables."""
    part = tryton.master["cross_references"][0]
    with tryton.rpc() as rpc:
        sales = rpc.create("sale.sale", [_order(rpc, part["customer"], part["customer_part"], "fixture 1")])
        rpc.model("sale.sale.quote", sales)
        rpc.model("sale.sale.confirm", sales)
    ((number, state, name),) = tryton.rows(_SALES, "fixture 1")
    assert [number] == sales
    assert (state, bool(name)) == ("confirmed", True)
    assert tryton.rows("select unit_price from sale_line where sale = %s", number) == [(Decimal("1.25"),)]


def test_four_clients_book_at_once(tryton_shared: Tryton) -> None:
    """Sales that several clients book at the same time are all booked, under numbers of their own."""
    part = tryton_shared.master["cross_references"][0]

    def book(client: int) -> None:
        with tryton_shared.rpc() as rpc:
            for order in range(3):
                values = _order(rpc, part["customer"], part["customer_part"], f"client {client} {order}")
                rpc.model("sale.sale.quote", rpc.create("sale.sale", [values]))

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(book, range(4)))
    booked = tryton_shared.rows(
        "select reference, number from sale_sale where reference like 'client %%' and state = 'quotation'"
    )
    assert len({reference for reference, _ in booked}) == len({number for _, number in booked}) == len(booked) == 12


def test_tryton_itself_books_a_reference_twice(tryton_shared: Tryton) -> None:
    """Nothing in Tryton refuses a second sale of one reference: whoever writes must look first."""
    part = tryton_shared.master["cross_references"][0]
    with tryton_shared.rpc() as rpc:
        values = _order(rpc, part["customer"], part["customer_part"], "fixture 2")
        rpc.create("sale.sale", [values])
        rpc.create("sale.sale", [values])
    assert len(tryton_shared.rows(_SALES, "fixture 2")) == 2


def test_prices_are_those_of_the_master_data(tryton_shared: Tryton) -> None:
    """A customer's price on a day is the contract's of the master data, in the customer's currency."""
    day = date.fromisoformat(tryton_shared.master["as_of"])
    dollar = next(customer for customer in tryton_shared.master["customers"] if customer["currency"] == "USD")
    price = next(
        price
        for price in tryton_shared.master["prices"]
        if price["customer"] == dollar["number"] and price["valid_to"] is None and price["valid_from"] <= str(day)
    )
    with tryton_shared.rpc() as rpc:
        party = rpc.find("party.party", ("code", "=", dollar["number"]))
        (row,) = rpc.model("party.party.read", [party], ["sale_price_list", "customer_currency"])
        rpc.context |= {"price_list": row["sale_price_list"], "currency": row["customer_currency"]}
        rpc.context |= {"customer": party, "sale_date": day, "date": day}
        product = rpc.find("product.product", ("code", "=", price["item"]))
        (found,) = rpc.model("product.product.read", [product], ["sale_price_uom"])
    assert found["sale_price_uom"] == Decimal(price["price"])


def test_the_agents_user_may_sell_and_administer_nothing(tryton_shared: Tryton) -> None:
    """The REST key of the agent reads what it sells, and its user is refused to make users."""
    headers = {"Authorization": f"Bearer {tryton_shared.key}"}
    reply = httpx.get(
        f"{tryton_shared.url}/{tryton_shared.database}/rest/model/sale.sale/1", headers=headers, trust_env=False
    )
    assert reply.status_code == 200, reply.text
    with tryton_shared.rpc() as rpc:
        refused = httpx.post(
            f"{tryton_shared.url}/{tryton_shared.database}/rpc/",
            json={"method": "model.res.user.create", "params": [[{"name": "x", "login": "x"}], {}]},
            headers=rpc.headers,
            trust_env=False,
        )
    assert refused.status_code == 400
    assert tryton_shared.rows("select count(*) from res_user where login = 'x'") == [(0,)]

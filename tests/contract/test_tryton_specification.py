"""examples/tryton/erp.yaml by itself, on a real Tryton: what it reads is right, and what it books stands once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from bridgehead import ids
from bridgehead.cases.tools import SYSTEMS
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.load import SpecificationError
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.toolset import Connected
from bridgehead.errors import Failed, Mismatch
from bridgehead.templates.purchase_orders import system
from bridgehead.templates.purchase_orders.erp.wire import Booking
from bridgehead.templates.purchase_orders.port import NAME, gaps
from tests.support.rough_proxy import Fate, RoughProxy, rough_proxy
from tests.support.tryton import Tryton, tryton_cluster, tryton_shared
from tests.support.tryton_orders import SPECIFICATION, environment, method_of, on_the_day

__all__ = ["tryton_cluster", "tryton_shared"]

CUSTOMER = "10216"


@dataclass
class Till:
    """The specification over a proxy that a test makes rough, and one order of its own."""

    connector: Connector
    proxy: RoughProxy
    tryton: Tryton
    order: dict[str, Any]

    async def book(self) -> Any:  # noqa: ANN401  # a record whose type the specification makes
        return await self.connector.act("create_order", self.order, key="effect-1")

    async def found(self) -> Any:  # noqa: ANN401  # as above
        return await self.connector.verify("create_order", self.order, key="effect-1")

    def template(self) -> Connected:
        """Returns the connector as the template's own code asks it."""
        return Connected(self.connector, path=Path("erp.yaml"))

    def states(self) -> list[str]:
        """Returns the states of the order's sales, cancelled ones included, oldest first."""
        query = "select state from sale_sale where reference = %s order by id"
        return [state for (state,) in self.tryton.rows(query, self.order["po_number"])]


@asynccontextmanager
async def till(tryton: Tryton, folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = "") -> AsyncIterator[Till]:
    async with rough_proxy(tryton.url, shares={"*": {}}, seed=1, name=method_of) as proxy:
        for name, value in environment(proxy.url, tryton).items():
            monkeypatch.setenv(name, value)
        file = folder / f"{ids.random_hex(4)}.yaml"
        file.write_text(text or specification(tryton), "utf-8")
        connector = open_connector(file)
        lines = [
            {"line": 1, "item": "HB-12080-88", "quantity": Decimal(200), "price": Decimal("0.9821")},
            {"line": 2, "item": "HN-12-8", "quantity": Decimal(400), "price": Decimal("0.1")},
        ]
        order = {
            "customer": CUSTOMER,
            "po_number": f"till {ids.random_hex(6)}",
            "order_date": date(2026, 11, 2),
            "currency": "EUR",
            "ship_to": f"{CUSTOMER}-01",
            "header_code": "AD",
            "total": Decimal("236.42"),
            "lines": [{**line, "unit": "C62", "date": date(2026, 11, 3), "code": "IA"} for line in lines],
        }
        try:
            yield Till(connector, proxy, tryton, order)
        finally:
            await connector.aclose()


def specification(tryton: Tryton) -> str:
    return on_the_day(SPECIFICATION.read_text("utf-8"), tryton.master["as_of"])


def without(text: str, part: str) -> str:
    """Returns the specification without one part of create_order: its line, and the lines that are further in."""
    head, mark, action = text.partition("  create_order:\n")
    lines = action.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.lstrip().startswith(f"{part}:"))
    depth = len(lines[first]) - len(lines[first].lstrip())
    last = next(number for number in range(first + 1, len(lines)) if not lines[number].startswith(" " * (depth + 1)))
    return head + mark + "".join(lines[:first] + lines[last:])


async def test_the_file_gives_what_the_template_needs(
    tryton_shared: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customers, items, prices and part numbers of the whole corpus come out of Tryton as they went in."""
    master = tryton_shared.master
    async with till(tryton_shared, tmp_path, monkeypatch) as made:
        assert gaps(made.connector.spec) == []
        for customer in master["customers"][::9]:
            (found,) = (await made.connector.read("customers", {"number": customer["number"]})).records
            got: Any = found
            assert (got.name, got.currency, got.tier, got.incoterms, got.payment_terms) == (
                customer["name"], customer["currency"], customer["tier"], customer["incoterms"],
                customer["payment_terms"],
            )  # fmt: skip
            assert (got.duns, got.vat, bool(got.blocked)) == (
                customer["duns"], customer["vat"], customer["credit"]["blocked"]
            )  # fmt: skip
            assert (got.credit_limit, got.credit_open) == tuple(
                Decimal(customer["credit"][name]) for name in ("limit", "open")
            )
            assert (got.overdue_days > 30) == (customer["credit"]["overdue_days"] > 30)
            assert sorted(got.emails) == sorted(customer["emails"])
            fields = ("id", "name", "street", "city", "postal_code", "country", "gln")
            assert sorted(tuple(getattr(place, name) for name in fields) for place in got.ship_tos) == sorted(
                tuple(place[name] for name in fields) for place in customer["ship_tos"]
            )
        items = {item["number"]: item for item in master["items"]}
        read = (await made.connector.read("items", {"numbers": list(items)})).records
        assert len(read) == len(items)
        for one in read:
            it: Any = one
            item = items[it.number]
            assert (it.description, it.base_unit, it.status, it.gtin, it.superseded_by) == (
                item["description"], item["base_unit"], item["status"], item["gtin"], item["superseded_by"]
            )  # fmt: skip
            assert (it.stock, it.multiple, it.min_qty or 0, it.lead_time_days) == (
                Decimal(item["stock"]), Decimal(item["multiple"]), Decimal(item["min_qty"]), item["lead_time_days"]
            )  # fmt: skip
            assert {unit.unit: unit.factor for unit in it.units} == {
                unit: Decimal(factor) for unit, factor in item["units"].items()
            }
        part = master["cross_references"][0]
        asked = {"customer": part["customer"], "parts": [part["customer_part"], "no such part"]}
        parts: Any = (await made.connector.read("customer_parts", asked)).records
        assert [(one.part, one.item) for one in parts] == [(part["customer_part"], part["item"])]


async def test_prices_are_the_customers_of_the_day(
    tryton_shared: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dated contract price holds on its days alone, in the customer's currency."""
    dated = [price for price in tryton_shared.master["prices"] if price["valid_from"] and price["valid_to"]]
    currencies = {one["number"]: one["currency"] for one in tryton_shared.master["customers"]}
    async with till(tryton_shared, tmp_path, monkeypatch) as made:
        for price in dated[:: max(1, len(dated) // 12)]:
            asked = {
                "customer": price["customer"],
                "items": [price["item"]],
                "on": date.fromisoformat(price["valid_from"]),
                "currency": currencies[price["customer"]],
            }
            (found,) = (await made.connector.read("prices", asked)).records
            got: Any = found
            same_day = [
                Decimal(one["price"])
                for one in tryton_shared.master["prices"]
                if (one["customer"], one["item"]) == (price["customer"], price["item"])
                and (one["valid_from"] or "") <= price["valid_from"] <= (one["valid_to"] or "9999")
            ]
            assert got.price in same_day


@pytest.mark.parametrize("method", ["create", "quote", "confirm"])
@pytest.mark.parametrize("fate", ["lost", "unsent"])
async def test_a_lost_reply_is_one_sale(
    tryton_shared: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, fate: Fate
) -> None:
    """P2: whichever request or reply is lost, the sale is there once and confirmed when it has been read back."""
    async with till(tryton_shared, tmp_path, monkeypatch) as made:
        made.proxy.shares = {method: {fate: 1.0}, "*": {}}
        if fate == "lost" and method != "create":
            # What was carried out is read from the sale.
            assert (await made.book()).state == "confirmed"
        else:
            with pytest.raises(Failed) as failed:
                await made.book()
            assert failed.value.applied is None
        assert made.proxy.counted[method, fate] >= 1
        made.proxy.shares = {"*": {}}
        found = await made.found()
        if (method, fate) == ("create", "unsent"):
            assert found is None
            assert made.states() == []
        else:
            assert found.state == "confirmed"
            assert made.states() == ["confirmed"]
        assert (await made.book()).state == "confirmed"
        assert made.states() == ["confirmed"]


async def test_other_content_under_the_reference_is_no_booking_of_ours(
    tryton_shared: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: a sale of another price under the same reference is neither taken for ours nor added to."""
    async with till(tryton_shared, tmp_path, monkeypatch) as made:
        await made.book()
        made.order["lines"][0]["price"] = Decimal("0.9")
        with pytest.raises(Failed) as failed:
            await made.book()
        assert (failed.value.error_class, failed.value.applied) == ("conflict", False)
        with pytest.raises(Mismatch, match="lines"):
            await made.found()
        assert made.states() == ["confirmed"]


async def test_half_a_cent_is_no_other_sale(
    tryton_shared: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sale whose total Tryton rounds otherwise (154.785 to 154.78) is booked, and found as the booking it is."""
    async with till(tryton_shared, tmp_path, monkeypatch) as made:
        made.order["lines"] = [
            {**made.order["lines"][0], "item": "HB-12080-88", "quantity": Decimal(850), "price": Decimal("0.1821")}
        ]
        made.order["total"] = Decimal("154.79")
        booked = await made.book()
        assert (booked.state, booked.total) == ("confirmed", Decimal("154.78"))
        asked = TypeAdapter(Booking).validate_python(made.order)
        SYSTEMS.set({NAME: made.template()})
        found = await system.booked(asked, "create_order")
        assert found is not None
        assert (found.content(), found.order_number) == (asked, booked.order_number)
        other = replace(asked, total=Decimal("154.81"))
        with pytest.raises(Mismatch):
            await system.booked(other, "create_order")


async def test_a_sale_is_taken_back_unless_it_was_changed(
    tryton_shared: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: an undone sale is cancelled, also a second time, and counts as not there; a processed one stays."""
    async with till(tryton_shared, tmp_path, monkeypatch) as made:
        booked = await made.book()
        for _ in range(2):
            await made.connector.undo("create_order", made.order, booked, key="effect-1")
        assert made.states() == ["cancelled"]
        assert await made.found() is None
        again = await made.book()
        with tryton_shared.rpc(admin=True) as rpc:
            rpc.model("sale.sale.process", [again.sale])
        with pytest.raises(Failed) as failed:
            await made.connector.undo("create_order", made.order, again, key="effect-1")
        assert (failed.value.error_class, failed.value.applied) == ("conflict", False)
        assert made.states() == ["cancelled", "processing"]


@pytest.mark.parametrize("part", ["lookup", "then", "products"])
def test_a_guard_that_is_taken_away_is_missed(tryton_shared: Tryton, tmp_path: Path, part: str) -> None:
    """Without its lookup, its steps, or what its lines are made of, the file is not loaded."""
    file = tmp_path / "erp.yaml"
    file.write_text(without(specification(tryton_shared), part), "utf-8")
    with pytest.raises(SpecificationError):
        open_connector(file)


async def test_what_same_and_done_are_for(
    tryton_shared: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `done` a draft passes for a booking, and without `same` any sale does: both are needed."""
    text = specification(tryton_shared)
    async with till(tryton_shared, tmp_path, monkeypatch, without(text, "done")) as made:
        assert (await made.book()).state == "draft"
    async with till(tryton_shared, tmp_path, monkeypatch, without(text, "same")) as made:
        await made.book()
        made.order["lines"][0]["price"] = Decimal("0.9")
        assert (await made.found()).state == "confirmed"

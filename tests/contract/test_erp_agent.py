from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import NoReturn, cast

import pytest

from bridgehead import Case, Context, Refused
from bridgehead.cases.tools import CURRENT, BoundTool
from bridgehead.connectors.toolset import Connected
from bridgehead.documents.order import Line, Order, Party
from bridgehead.spec.tool import JSON
from bridgehead.templates.purchase_orders import system
from bridgehead.templates.purchase_orders.agent import Booked, Handled, orders
from bridgehead.templates.purchase_orders.erp.wire import BookedOrder
from tests.unit.erp import small_master
from tests.unit.erp.asking import asking, opened
from tests.unit.erp.running import RunningErp

PLAIN = Order(
    format="email",
    purpose="original",
    po_number="PO-1",
    buyer=Party(name="Rheinwerk Müller GmbH", email="buying@rheinwerk.example.com"),
    ship_to=Party(street="Hafenstr. 5", city="Köln", postal_code="50667"),
    lines=(
        Line(number=1, quantity=Decimal(10), unit="BX", customer_part="RW-77", price=Decimal("37.20")),
        Line(number=2, quantity=Decimal(20), unit="EA", supplier_part="A-2", price=Decimal("3.20")),
    ),
)


class HandedOver(Exception):
    """What the double's hand_over raises, as the real one never returns."""


@dataclass(slots=True)
class Desk:
    """Stands in for the core: makes every call at once, and notes calls and hand-overs."""

    calls: list[str] = field(default_factory=list)
    given: tuple[str, str, str] | None = None
    refusal: Refused | None = None
    to_do: str = ""

    async def call(self, bound: BoundTool, args: Mapping[str, JSON]) -> object:
        self.calls.append(bound.tool.name)
        if self.refusal is not None and bound.tool.is_effect:
            raise self.refusal
        return bound.load_result(await bound.invoke(args, key=f"key-{len(self.calls)}"))

    async def hand_over(
        self, role: str, reason: str, *, cause: str, within_s: float, details: Mapping[str, JSON]
    ) -> NoReturn:
        assert within_s > 0
        self.to_do = str(details["to_do"])
        assert self.to_do
        self.given = (role, cause, reason)
        raise HandedOver


async def run(desk: Desk, order: Order, *, level: str = "autonomous", revises: str | None = None) -> object:
    case = Case("C-1", order, text="", revision=1, revises=revises, level=level, deadline_at=None)
    token = CURRENT.set(desk.call)
    try:
        return await orders(case, cast(Context, desk))
    finally:
        CURRENT.reset(token)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    folder = tmp_path_factory.mktemp("erp")
    people = [small_master.booking("PO-PEOPLE") | {"arrival": "00001.eml"}]
    running = RunningErp(folder, ("--people", str(small_master.written(folder, people, "people.json"))))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def erp(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connected]:
    connected = opened(server, monkeypatch)
    yield connected
    await connected.connector.aclose()


@pytest.fixture
def desk(erp: Connected) -> Iterator[Desk]:
    with asking(erp):
        yield Desk()


async def test_an_order_takes_four_reads_and_one_booking(desk: Desk) -> None:
    """Lines are asked about in batches, so that any order costs at most five calls, and the books hold it."""
    booked = await run(desk, PLAIN)
    assert desk.calls == ["find_customer", "find_orders", "resolve_items", "quote_prices", "book_order"]
    assert isinstance(booked, Booked)
    (kept,) = await system.orders("C100", "PO-1")
    assert kept == BookedOrder(**{field.name: getattr(booked, field.name) for field in fields(BookedOrder)})
    assert any(sentence.startswith("Price: ") for sentence in booked.checks)
    assert [(line.item, line.quantity, line.code) for line in kept.lines] == [
        ("A-1", Decimal(120), "IA"),
        ("A-2", Decimal(20), "IA"),
    ]
    assert kept.total == Decimal("436.00")


async def test_the_same_order_again_is_recognised(desk: Desk) -> None:
    """A second case of the same content books nothing and names the order that is there."""
    booked = await run(desk, PLAIN)
    again = await run(desk, PLAIN)
    assert isinstance(booked, BookedOrder)
    assert isinstance(again, Handled)
    assert (again.kind, again.order_number) == ("resend", booked.order_number)
    assert len(await system.orders("C100", "PO-1")) == 1


async def test_a_stranger_costs_one_read(desk: Desk) -> None:
    """A sender nobody knows goes to the order desk after one read, and nothing is booked."""
    with pytest.raises(HandedOver):
        await run(desk, replace(PLAIN, buyer=Party(name="Nobody Ltd", email="x@nobody.example.com")))
    assert desk.calls == ["find_customer"]
    assert desk.given is not None
    assert desk.given[:2] == ("order-desk", "customer")


async def test_a_nameless_sender_is_a_stranger(desk: Desk) -> None:
    """An order without any name of its sender is held, not refused with an error."""
    with pytest.raises(HandedOver):
        await run(desk, replace(PLAIN, buyer=Party()))
    assert desk.given is not None
    assert desk.given[:2] == ("order-desk", "customer")


async def test_a_hold_reaches_its_owner_with_the_reason(desk: Desk) -> None:
    """A price beyond tolerance goes to pricing with a sentence that names both prices."""
    dear = replace(PLAIN, lines=(replace(PLAIN.lines[1], price=Decimal("4.00")),))
    with pytest.raises(HandedOver):
        await run(desk, dear)
    assert desk.given is not None
    role, cause, reason = desk.given
    assert (role, cause) == ("pricing", "price")
    assert "4.0000" in reason
    assert "3.2000" in reason
    assert "book_order" not in desk.calls


async def test_an_order_without_lines_is_held(desk: Desk) -> None:
    """An order that lists nothing is the order desk's, without asking for prices of nothing."""
    with pytest.raises(HandedOver):
        await run(desk, replace(PLAIN, lines=()))
    assert desk.calls == ["find_customer", "find_orders"]


async def test_a_revision_is_never_booked(desk: Desk) -> None:
    """A case that changes an earlier one is held even before the ERP knows the earlier order."""
    with pytest.raises(HandedOver):
        await run(desk, PLAIN, revises="C-0")
    assert "book_order" not in desk.calls


@pytest.mark.parametrize("level, calls", [("shadow", 5), ("autonomous", 4)])
async def test_peoples_bookings_count_except_in_shadow(desk: Desk, level: str, calls: int) -> None:
    """In shadow the order that people booked is what we are compared with; elsewhere it is a known order."""
    same = replace(PLAIN, po_number="PO-PEOPLE")
    if level == "shadow":
        await run(desk, same, level=level)
    else:
        with pytest.raises(HandedOver):
            await run(desk, same, level=level)
    assert len(desk.calls) == calls


async def test_a_rejection_by_a_person_ends_the_case(desk: Desk) -> None:
    """When a person rejects the booking, the case is handled; when the policy denies it, that is not swallowed."""
    desk.refusal = Refused("too large for this customer", code="review.rejected")
    handled = await run(desk, PLAIN)
    assert handled == Handled("rejected", "too large for this customer")
    desk.refusal = Refused("denied", code="policy.refused")
    with pytest.raises(Refused):
        await run(desk, PLAIN)


async def test_who_is_near_is_read_and_not_taken(desk: Desk) -> None:
    """A name in another spelling and a ship-to on file are told with whose they are, from a read, and book nothing."""
    buyer, place = Party(name="Rheinwerk Mueller GmbH"), Party(number="S1-01")
    with pytest.raises(HandedOver):
        await run(desk, replace(PLAIN, format="edifact", buyer=buyer, ship_to=place))
    assert desk.calls == ["find_customer", "find_customer"]
    assert desk.given is not None
    assert desk.given[:2] == ("order-desk", "customer")
    assert "Nearest on file is C100 Rheinwerk Müller GmbH: its name is the same in another spelling" in desk.given[2]
    assert "Mueller there, Müller here" in desk.given[2]
    assert desk.to_do.startswith("ask C100 Rheinwerk Müller GmbH, by an address on file for it")


async def test_a_superseded_item_is_told_with_its_successor_and_its_price(desk: Desk) -> None:
    """What took an item's place is read too, so that a person can ask the customer for it by name and price."""
    with pytest.raises(HandedOver):
        await run(desk, replace(PLAIN, lines=(replace(PLAIN.lines[1], supplier_part="A-3"),)))
    assert desk.calls == ["find_customer", "find_orders", "resolve_items", "resolve_items", "quote_prices"]
    assert desk.given is not None
    assert desk.given[:2] == ("inside-sales", "item")
    assert desk.given[2].startswith(
        "Line 2: A-3 is superseded by A-1, Bracket A-1, which is another one: A-1 instead of A-3; it costs this"
        " customer 3.10 EUR per C62 (contract price), where 3.20 is asked; only an active item is booked."
    )
    assert desk.to_do.startswith("ask the customer whether A-1 (Bracket A-1) at 3.10 EUR per C62 (contract price) will")

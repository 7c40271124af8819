from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import httpx
import pytest
from pydantic import TypeAdapter

from bridgehead.cases.tools import BoundTool
from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.toolset import Connected
from bridgehead.errors import ErrorClass, Failed, Mismatch
from bridgehead.templates.purchase_orders import system, tools
from bridgehead.templates.purchase_orders.erp.wire import BookedOrder, Booking, PartNames
from tests.unit.erp import small_master
from tests.unit.erp.asking import asking, opened, own_file
from tests.unit.erp.running import RunningErp

BOOKING = TypeAdapter(Booking)
BOOKED = TypeAdapter(BookedOrder)
MANY = 105
MANY_ITEMS = 120


def order(po_number: str, **changes: object) -> Booking:
    return BOOKING.validate_python(small_master.booking(po_number) | changes)


def as_args(booking: Booking) -> dict[str, object]:
    """Returns the arguments as they are recorded: plain JSON."""
    return {"order": json.loads(BOOKING.dump_json(booking))}


async def book(booking: Booking, *, key: str, tool: object = tools.book_order) -> BookedOrder:
    """Books as the runner of cases calls the tool, under an effect's key."""
    bound = tool.__bridgehead_tool__  # type: ignore[attr-defined]  # where a tool keeps its descriptor
    assert isinstance(bound, BoundTool)
    return BOOKED.validate_python(bound.load_result(await bound.invoke(bound.dump({"order": booking}), key=key)))


def master() -> dict[str, object]:
    """Returns the small seller with many customers of one name, many items, and overlapping contract prices."""
    whole = small_master.master()
    items = [small_master.item(f"B-{number:03d}", description="Many") for number in range(MANY_ITEMS)]
    twins = [
        small_master.customer(f"D{number:03d}", "Many Twins Ltd", f"twin{number}.example.com") for number in range(MANY)
    ]
    price = {"customer": "C100", "item": "A-2", "currency": "EUR", "valid_from": "2026-01-01", "valid_to": None}
    younger = price | {"price": "2.5000", "valid_from": "2026-06-01", "valid_to": "2026-12-31"}
    prices = [price | {"price": "2.0000"}, younger]
    return whole | {
        "items": [*items, *whole["items"]],  # type: ignore[misc]  # JSON
        "customers": [*twins, *whole["customers"]],  # type: ignore[misc]  # JSON
        "prices": [*prices, *whole["prices"]],  # type: ignore[misc]  # JSON
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    folder = tmp_path_factory.mktemp("erp")
    small_master.written(folder, master())
    running = RunningErp(folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def closed(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connected]:
    """Gives the connector, and closes its connections and forgets planned faults afterwards."""
    connected = opened(server, monkeypatch)
    yield connected
    await connected.connector.aclose()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        await http.delete("/faults")


@pytest.fixture
def asked(closed: Connected) -> Iterator[Connected]:
    with asking(closed):
        yield closed


async def broken(server: RunningErp, mode: str, path: str = "/orders", *, method: str = "POST", **more: float) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        rule = {"path": path, "method": method, "mode": mode, **more}
        (await http.post("/faults", json=rule)).raise_for_status()


async def counted(server: RunningErp) -> dict[str, dict[str, int]]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        found: dict[str, dict[str, int]] = (await http.get("/counts")).json()
        return found


async def test_customers_are_found_by_any_name(asked: Connected) -> None:
    """Every customer that one name names comes with its credit, its places and the names that found it."""
    (found,) = (await system.find_customers({"duns": "40-123 4567", "email": "x@rheinwerk.example.com"})).items
    assert (found.number, found.matched_by) == ("C100", ("duns", "email_domain"))
    assert (found.credit.limit, found.credit.blocked) == (Decimal("50000.00"), False)
    assert [place.id for place in found.ship_tos] == ["C100-1", "C100-2"]
    assert (await system.find_customers({"name": "nobody"})).items == ()


async def test_every_page_is_read(asked: Connected) -> None:
    """Customers, items and orders of more than one page are answered whole."""
    assert len((await system.find_customers({"name": "Many Twins Ltd"})).items) == MANY
    names = tuple(PartNames(supplier_part=f"b-{number:03d}") for number in range(MANY_ITEMS))
    resolved = await system.resolve("C100", names)
    assert [line.item.number if line.item else None for line in resolved.lines] == [
        f"B-{number:03d}" for number in range(MANY_ITEMS)
    ]
    for number in range(51):
        await book(order("PO-OFTEN", order_date=f"2026-09-{number % 30 + 1:02d}"), key=f"often-{number}")
    assert len(await system.orders("C100", "PO-OFTEN")) == 51


@pytest.mark.parametrize(
    "names, item, how",
    [
        (PartNames(customer_part=" rw-77 "), "A-1", "xref"),
        (PartNames(customer_part="A-2"), "A-2", "number"),
        (PartNames(supplier_part="RW-77"), "A-1", "xref"),
        (PartNames(gtin="04012345000016"), "A-1", "gtin"),
        (PartNames(customer_part="RW-77", gtin="04012345000016"), "A-1", "xref"),
        (PartNames(customer_part="RW-77", supplier_part="A-2"), None, None),
        (PartNames(customer_part="RW-77", supplier_part="A-99"), None, None),
        (PartNames(customer_part="nope, nope"), None, None),
        (PartNames(description="Bracket A-1"), None, None),
        (PartNames(customer_part="  "), None, None),
    ],
)
async def test_only_exact_names_decide(asked: Connected, names: PartNames, item: str | None, how: str | None) -> None:
    """Part numbers and GTINs decide where they agree; a contradiction or a description decides nothing."""
    (line,) = (await system.resolve("C100", (names,))).lines
    assert (line.item.number if line.item else None, line.how) == (item, how)


async def test_a_description_suggests(asked: Connected) -> None:
    """What names no item comes with five candidates at most for a person, and with the ERP's business day."""
    resolved = await system.resolve("C100", (PartNames(customer_part="x", description="BRACKET a1"), PartNames("A-1")))
    assert resolved.lines[0].candidates == ("A-1",)
    assert resolved.lines[1].candidates == ()
    assert resolved.as_of == date(2026, 11, 2)
    (many,) = (await system.resolve("C100", (PartNames(description="many"),))).lines
    assert many.candidates == tuple(f"B-{number:03d}" for number in range(5))


@pytest.mark.parametrize(
    "item, on, price, source",
    [
        ("A-1", date(2026, 9, 30), "3.0000", "contract"),
        ("A-1", date(2026, 10, 1), "3.1000", "contract"),
        ("A-1", date(2025, 12, 31), "3.2000", "list"),
        ("A-2", date(2026, 5, 31), "2.0000", "contract"),
        ("A-2", date(2026, 7, 1), "2.5000", "contract"),
        ("A-2", date(2027, 1, 1), "2.0000", "contract"),
        ("A-5", date(2026, 11, 2), None, None),
    ],
)
async def test_the_youngest_contract_price_counts(
    asked: Connected, item: str, on: date, price: str | None, source: str | None
) -> None:
    """The contract price that holds on the day counts, the youngest of several; without one, the list price."""
    quotes = await system.quote("C100", (item,), on=on, currency=None)
    assert (quotes.currency, quotes.on, quotes.tolerance) == ("EUR", on, Decimal("0.02"))
    assert quotes.items[0].price == (None if price is None else Decimal(price))
    assert quotes.items[0].source == source


async def test_booking_reading_and_cancelling_go_round(asked: Connected) -> None:
    """What was booked is read back with its content; cancelled once, and left alone the second time."""
    wanted = order("PO-ROUND", header_code="AC")
    made = await book(wanted, key="round")
    assert made.content() == wanted
    assert await system.orders("C100", "PO-ROUND") == (made,)
    for _ in range(2):
        await tools.cancelled(key="undo", args={}, result=made)
    (after,) = await system.orders("C100", "PO-ROUND")
    assert after.status == "cancelled"


async def test_fields_that_nobody_asked_for_do_no_harm(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that maps more fields than the agent needs, in orders, their lines, customers and items, books as ever."""
    spec = own_file().model_copy(deep=True)
    orders, customers = spec.entities["order"].fields, spec.entities["customer"].fields
    inner = [part.fields for part in (orders["lines"], customers["ship_tos"])]
    for fields in (orders, customers, spec.entities["item"].fields, *inner):
        assert isinstance(fields, dict)
        fields |= {name: FieldPart(value="more") for name in ("per", "matched_by")}
    connected = opened(server, monkeypatch, spec=spec)
    wanted = order("PO-MORE")
    with asking(connected):
        made = await book(wanted, key="more")
        assert made.content() == wanted
        assert (await system.find_customers({"number": "C100"})).items[0].matched_by == ("number",)
        assert (await system.resolve("C100", (PartNames(supplier_part="A-1"),))).lines[0].how == "number"
        assert await system.booked(wanted, "create_order") == made
    await connected.connector.aclose()


async def test_an_erp_may_number_lines_itself(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order whose lines the ERP numbers 10, 20 is read back as the one that was booked, other lines are not."""
    spec = own_file().model_copy(deep=True)
    lines = spec.entities["order"].fields["lines"].fields
    compared = spec.actions["create_order"].verify
    assert isinstance(lines, dict)
    assert compared is not None
    assert isinstance(compared.same, dict)
    lines["line"] = FieldPart.model_validate({"type": "integer", "per": "0.1"})
    del compared.same["lines"]
    connected = opened(server, monkeypatch, spec=spec)
    first = order("PO-TENS").lines[0]
    wanted = order(
        "PO-TENS", lines=[first, replace(first, line=2, date=date(2026, 12, 24))], total=order("X").total * 2
    )
    with asking(connected):
        made = await book(wanted, key="tens")
        assert made.content() == wanted
        assert [line.line for line in (await system.orders("C100", "PO-TENS"))[0].lines] == [10, 20]
        assert await system.booked(wanted, "create_order") == made
        turned = replace(wanted, lines=tuple(replace(line, line=3 - line.line) for line in wanted.lines))
        with pytest.raises(Mismatch):
            await system.booked(turned, "create_order")
    await connected.connector.aclose()


async def test_a_booking_that_cannot_be_is_refused_by_its_field(asked: Connected) -> None:
    """A booking that the ERP cannot hold is a bad argument, told by line and field; six decimals it can hold."""
    args = as_args(order("PO-FINE"))
    line = args["order"]["lines"][0]  # type: ignore[index]  # JSON
    line["price"] = "0.0111333"
    with pytest.raises(Failed, match=r"order\.lines\.0\.price: .*6 decimal places") as caught:
        await tools.as_if_booked(args=args)
    assert caught.value.error_class == "invalid_input"
    fine = line | {"price": "0.011135", "quantity": "1000"}
    wanted = order("PO-FINE", lines=[fine], total="11.14")
    assert (await book(wanted, key="fine")).content() == wanted
    assert await system.booked(wanted, "create_order") is not None


@pytest.mark.parametrize("tool", ["book_order", "import_order"])
@pytest.mark.parametrize(
    "mode, error_class, applied, held",
    [
        ("lose_reply", "transient", None, 1),
        ("refuse", "transient", None, 0),
        ("500_after", "transient", None, 1),
        ("500_before", "transient", None, 0),
    ],
)
async def test_what_cannot_be_known_is_left_open(
    asked: Connected,
    server: RunningErp,
    tool: str,
    mode: str,
    error_class: ErrorClass,
    held: int,
    *,
    applied: bool | None,
) -> None:
    """After a cut connection or a 500 nobody says whether the order was booked; reading back tells, and it is one."""
    wanted = order(f"PO-{tool}-{mode}")
    await broken(server, mode, "/orders*")
    with pytest.raises(Failed) as failed:
        await book(wanted, key=mode + tool, tool=getattr(tools, tool))
    assert (failed.value.error_class, failed.value.applied) == (error_class, applied)
    read_back = tools.booked if tool == "book_order" else tools.imported
    found = await read_back(key="", args=as_args(wanted))
    assert (found is not None) == (held == 1)
    again = await book(wanted, key=mode + tool, tool=getattr(tools, tool))
    assert await system.orders("C100", wanted.po_number) == (again,)


@pytest.mark.parametrize("mode", ["throttle", "expire_tokens", "forget_tokens"])
@pytest.mark.parametrize("tool", ["book_order", "import_order"])
async def test_what_surely_did_nothing_is_sent_again(
    asked: Connected, server: RunningErp, tool: str, mode: str
) -> None:
    """A 429 and a token that ended are no failure: the request comes again, after its time, and books once."""
    await broken(server, mode, "/orders*", seconds=1)
    wanted = order(f"PO-{tool}-{mode}")
    made = await book(wanted, key=mode + tool, tool=getattr(tools, tool))
    assert await system.orders("C100", wanted.po_number) == (made,)


async def test_a_late_answer_is_left_open(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout after sending is a timeout whose effect is unknown; it is found once it has happened."""
    connected = opened(server, monkeypatch, timeout_s=1.5)
    with asking(connected):
        await system.orders("C100", "PO-LATE")  # connected, and with a token: what is slow below is the answer alone
        await broken(server, "stall", seconds=3)
        with pytest.raises(Failed) as failed:
            await book(order("PO-LATE"), key="late")
        assert (failed.value.error_class, failed.value.applied) == ("timeout", None)
        async with asyncio.timeout(30):
            while not await system.orders("C100", "PO-LATE"):  # noqa: ASYNC110  # the other process's doing
                await asyncio.sleep(0.01)
    await connected.connector.aclose()


async def test_a_refused_connection_surely_did_nothing(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens nothing was done: dependency_down with applied False."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gone = RunningErp(server.folder, url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        connected = opened(gone, monkeypatch)
        with asking(connected), pytest.raises(Failed) as failed:
            await book(order("PO-NOBODY"), key="nobody")
    assert (failed.value.error_class, failed.value.applied) == ("dependency_down", False)
    await connected.connector.aclose()


async def test_a_wrong_secret_sends_nothing(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that the ERP does not know fails the call, surely not applied, and is not shown."""
    monkeypatch.setenv("ERP_CLIENT_SECRET", "wrong-secret")
    connected = opened(server, monkeypatch)
    with asking(connected), pytest.raises(Failed) as failed:
        await book(order("PO-STRANGER"), key="stranger")
    assert (failed.value.error_class, failed.value.applied) == ("auth_expired", False)
    assert "wrong-secret" not in str(failed.value)
    await connected.connector.aclose()


async def test_one_token_serves_many(asked: Connected, server: RunningErp) -> None:
    """Fifty questions at once share one token."""
    before = (await counted(server))["grants"].get("client_credentials", 0)
    await asyncio.gather(*(system.orders("C100", f"PO-{number}") for number in range(50)))
    assert (await counted(server))["grants"]["client_credentials"] == before + 1


async def test_a_refused_field_is_named(asked: Connected) -> None:
    """A booking that the ERP finds wrong is invalid input, surely not applied, with the field in the attributes."""
    with pytest.raises(Failed, match="no ship-to of C100") as failed:
        await book(order("PO-X", ship_to="C200-1"), key="x")
    assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)
    assert (failed.value.attributes["status"], failed.value.attributes["field"]) == (422, "ship_to")


async def test_reading_back_finds_the_booking_or_nothing(asked: Connected) -> None:
    """``verify`` returns the order of the same content, None when there is none, and ignores cancelled ones."""
    wanted = order("PO-VERIFY", header_code="AC")
    assert await tools.booked(key="v", args=as_args(wanted)) is None
    made = await book(wanted, key="v")
    assert await tools.booked(key="v", args=as_args(wanted)) == made
    await tools.cancelled(key="v", args=as_args(wanted), result=json.loads(BOOKED.dump_json(made)))
    assert await tools.booked(key="v", args=as_args(wanted)) is None


@pytest.mark.parametrize(
    "place, other",
    [
        (1, {"ship_to": "C100-2"}),
        (2, {"lines": [small_master.booking("x")["lines"][0] | {"date": "2026-11-11"}]}),  # type: ignore[index]  # JSON
        (3, {"lines": [small_master.booking("x")["lines"][0] | {"price": "3.1001"}]}),  # type: ignore[index]  # JSON
    ],
)
async def test_reading_back_another_content_is_a_mismatch(
    asked: Connected, place: int, other: dict[str, object]
) -> None:
    """An order of the same reference with another content is no proof that ours was booked, and the old way refuses."""
    wanted = order(f"PO-OTHER-{place}")
    await book(BOOKING.validate_python(BOOKING.dump_python(wanted) | other), key=f"other-{wanted.po_number}")
    with pytest.raises(Mismatch, match=r"sent .*, there: "):
        await tools.booked(key="o", args=as_args(wanted))
    with pytest.raises(Failed) as failed:
        await book(wanted, key="mine", tool=tools.import_order)
    assert (failed.value.error_class, failed.value.applied) == ("conflict", False)


async def test_undo_of_an_order_in_production_fails(asked: Connected) -> None:
    """What production has begun cannot be taken back, and the failure says that nothing was done."""
    (old,) = await system.orders("C100", "PO-OLD")
    assert old.status == "in_production"
    with pytest.raises(Failed) as failed:
        await tools.cancelled(key="k", args={}, result=old)
    assert (failed.value.error_class, failed.value.applied) == ("conflict", False)


async def test_a_preview_books_nothing(asked: Connected, server: RunningErp) -> None:
    """The preview shows the booking's content and asks the ERP nothing."""
    wanted, before = order("PO-PREVIEW"), (await counted(server))["requests"]
    assert (await tools.as_if_booked(args=as_args(wanted))).content() == wanted
    assert (await counted(server))["requests"] == before


@pytest.mark.parametrize("name, idempotent", [("book_order", True), ("import_order", False)])
async def test_booking_tools_declare_what_they_can_do(asked: Connected, name: str, *, idempotent: bool) -> None:
    """Both ways to book read back, undo and book once; only the one with a key claims to be idempotent."""
    bound = getattr(tools, name).__bridgehead_tool__
    assert isinstance(bound, BoundTool)
    assert bound.tool.key == ("order.customer", "order.po_number")
    assert (bound.tool.idempotent, bound.tool.has_verify, bound.tool.has_undo) == (idempotent, True, True)
    first = await book(order(f"PO-{name}"), key=f"same-{name}", tool=getattr(tools, name))
    second = await book(order(f"PO-{name}"), key=f"same-{name}", tool=getattr(tools, name))
    assert first == second
    assert await system.orders("C100", f"PO-{name}") == (first,)

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal

import httpx
import pytest
from pydantic import SecretStr, TypeAdapter

from bridgehead.cases.tools import BoundTool
from bridgehead.errors import ErrorClass, Failed, Mismatch, UserError
from bridgehead.templates.purchase_orders import tools
from bridgehead.templates.purchase_orders.client import ErpClient, close_erp, erp, erp_url
from bridgehead.templates.purchase_orders.erp.wire import BookedOrder, Booking, PartNames
from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

BOOKING = TypeAdapter(Booking)
BOOKED = TypeAdapter(BookedOrder)


def order(po_number: str, *, quantity: str = "20") -> Booking:
    return BOOKING.validate_python(small_master.booking(po_number, quantity=quantity))


def as_args(booking: Booking) -> dict[str, object]:
    """Returns the arguments as they are recorded: plain JSON."""
    return {"order": json.loads(BOOKING.dump_json(booking))}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    running = RunningErp(tmp_path_factory.mktemp("erp"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def client(server: RunningErp, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ErpClient]:
    monkeypatch.setenv("ERP_URL", server.url)
    monkeypatch.setenv("ERP_CLIENT_SECRET_FILE", str(server.folder / "erp.secret"))
    yield erp()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        await http.delete("/faults")
    await close_erp()


async def broken(server: RunningErp, mode: str, *, seconds: float = 0.0) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        await http.post("/faults", json={"path": "/orders", "method": "POST", "mode": mode, "seconds": seconds})


async def test_every_question_is_answered_in_types(client: ErpClient) -> None:
    """Customers, items, prices and orders come back as the wire types, decimals as decimals."""
    (found,) = (await client.find_customers({"duns": "401234567"})).items
    assert (found.number, found.matched_by, found.credit.limit) == ("C100", ("duns",), Decimal("50000.00"))
    assert (await client.customer("C100")).name == found.name
    resolved = await client.resolve("C100", (PartNames(customer_part="RW-77"), PartNames(supplier_part="nope")))
    assert [line.how for line in resolved.lines] == ["xref", None]
    assert resolved.as_of == date(2026, 11, 2)
    quotes = await client.quote("C100", ("A-1",), on=date(2026, 9, 30))
    assert (quotes.items[0].price, quotes.tolerance) == (Decimal("3.0000"), Decimal("0.02"))
    (old,) = await client.orders("C100", "PO-OLD")
    assert old.status == "in_production"


async def test_booking_reading_and_cancelling_go_round(client: ErpClient) -> None:
    """What was booked is read back with its content and can be cancelled by its version, once."""
    wanted = order("PO-ROUND")
    booked = await client.book(wanted, key="round")
    assert booked.content() == wanted
    same, etag = await client.order(booked.order_number)
    assert same == booked
    assert (await client.cancel(booked.order_number, etag=etag)).status == "cancelled"
    with pytest.raises(Failed) as failed:
        await client.cancel(booked.order_number, etag=etag)
    assert (failed.value.error_class, failed.value.applied) == ("conflict", False)


@pytest.mark.parametrize(
    "mode, error_class, applied, booked",
    [
        ("lose_reply", "transient", None, 1),
        ("refuse", "transient", None, 0),
        ("500_after", "transient", None, 1),
        ("500_before", "transient", None, 0),
    ],
)
async def test_what_cannot_be_known_is_left_open(
    client: ErpClient, server: RunningErp, mode: str, error_class: ErrorClass, booked: int, *, applied: bool | None
) -> None:
    """After a cut connection or a 500 the client never says whether the order was booked, because both happen."""
    await broken(server, mode)
    with pytest.raises(Failed) as failed:
        await client.book(order(f"PO-{mode}"), key=mode)
    assert (failed.value.error_class, failed.value.applied) == (error_class, applied)
    assert len(await client.orders("C100", f"PO-{mode}")) == booked


async def test_a_late_answer_is_left_open(server: RunningErp) -> None:
    """A timeout after sending is a timeout whose effect is unknown; it is found once it has happened."""
    impatient = ErpClient(server.url, secret=SecretStr(server.secret), timeout=httpx.Timeout(0.3))
    await broken(server, "stall", seconds=0.8)
    with pytest.raises(Failed) as failed:
        await impatient.book(order("PO-LATE"), key="late")
    assert (failed.value.error_class, failed.value.applied) == ("timeout", None)
    for _ in range(300):
        if await impatient.orders("C100", "PO-LATE"):
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("the request that was sent was never carried out")
    await impatient.aclose()


async def test_a_refused_connection_surely_did_nothing() -> None:
    """Where nobody listens nothing was done: dependency_down with applied False."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = ErpClient(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Failed) as failed:
            await client.book(order("PO-NOBODY"), key="nobody")
    assert (failed.value.error_class, failed.value.applied) == ("dependency_down", False)
    await client.aclose()


async def test_a_refused_field_is_named(client: ErpClient) -> None:
    """A booking that the ERP finds wrong is invalid input, surely not applied, with the field in the attributes."""
    wrong = BOOKING.validate_python(small_master.booking("PO-X") | {"ship_to": "C200-1"})
    with pytest.raises(Failed) as failed:
        await client.book(wrong, key="x")
    assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)
    assert failed.value.attributes == {"status": 422, "field": "ship_to"}


@pytest.mark.parametrize(
    "status, error_class, applied",
    [
        (400, "invalid_input", False),
        (401, "auth_expired", False),
        (403, "forbidden", False),
        (404, "not_found", False),
        (408, "timeout", False),
        (409, "conflict", False),
        (412, "conflict", False),
        (422, "invalid_input", False),
        (429, "throttled", False),
        (302, "invalid_output", None),
        (500, "transient", None),
        (502, "dependency_down", None),
        (503, "dependency_down", None),
        (504, "timeout", None),
    ],
)
async def test_every_status_has_a_class(status: int, error_class: ErrorClass, *, applied: bool | None) -> None:
    """Each status ends in its error class, and only those of the 400s promise that nothing happened."""
    client = ErpClient("http://erp.example.com")
    await client._http.aclose()
    answer = httpx.MockTransport(lambda _: httpx.Response(status, text="no problem document"))
    client._http = httpx.AsyncClient(base_url="http://erp.example.com", transport=answer)
    with pytest.raises(Failed) as failed:
        await client.book(order("PO-S"), key="s")
    assert (failed.value.error_class, failed.value.applied) == (error_class, applied)
    await client.aclose()


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"order_number": 1}'])
async def test_an_unreadable_answer_is_left_open(content: bytes) -> None:
    """A success whose body is not what the document promises leaves the effect unknown."""
    client = ErpClient("http://erp.example.com")
    await client._http.aclose()
    answer = httpx.MockTransport(lambda _: httpx.Response(201, content=content))
    client._http = httpx.AsyncClient(base_url="http://erp.example.com", transport=answer)
    with pytest.raises(Failed) as failed:
        await client.book(order("PO-U"), key="u")
    assert (failed.value.error_class, failed.value.applied) == ("invalid_output", None)
    await client.aclose()


async def test_a_number_cannot_name_another_resource() -> None:
    """Slashes and dots in a number stay inside its path segment."""
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(404)

    client = ErpClient("http://erp.example.com")
    await client._http.aclose()
    client._http = httpx.AsyncClient(base_url="http://erp.example.com", transport=httpx.MockTransport(answer))
    for number in ("../books", "a/b?c=d", ".."):
        with pytest.raises(Failed):
            await client.order(number)
    assert asked == [b"/orders/%2E%2E%2Fbooks", b"/orders/a%2Fb%3Fc%3Dd", b"/orders/%2E%2E"]
    await client.aclose()


@pytest.mark.parametrize("url", [None, "", "erp.example.com", "http://", "ftp://erp", "http://erp:x", "http://[::1"])
async def test_without_a_url_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    """An ERP_URL that names no server is refused when a deployment is loaded; a call says that nothing was sent."""
    if url is None:
        monkeypatch.delenv("ERP_URL", raising=False)
    else:
        monkeypatch.setenv("ERP_URL", url)
    with pytest.raises(UserError, match="ERP_URL"):
        erp_url()
    with pytest.raises(Failed, match="ERP_URL") as failed:
        erp()
    assert (failed.value.error_class, failed.value.applied) == ("dependency_down", False)


async def test_one_client_serves_a_loop(client: ErpClient) -> None:
    """All calls of a loop share one pool of connections."""
    assert erp() is client


async def test_reading_back_finds_the_booking_or_nothing(client: ErpClient) -> None:
    """``verify`` returns the order of the same content, None when there is none, and ignores cancelled ones."""
    wanted = order("PO-VERIFY")
    assert await tools.booked(key="v", args=as_args(wanted)) is None
    made = await client.book(wanted, key="v")
    assert await tools.booked(key="v", args=as_args(wanted)) == made
    await tools.cancelled(key="v", args=as_args(wanted), result=json.loads(BOOKED.dump_json(made)))
    assert await tools.booked(key="v", args=as_args(wanted)) is None


async def test_reading_back_another_content_is_a_mismatch(client: ErpClient) -> None:
    """An order of the same reference with another content is no proof that ours was booked."""
    await client.book(order("PO-OTHER", quantity="30"), key="o")
    with pytest.raises(Mismatch, match="SO-"):
        await tools.booked(key="o", args=as_args(order("PO-OTHER")))


async def test_undo_twice_is_undo_once(client: ErpClient) -> None:
    """Taking a booking back a second time leaves it cancelled and raises nothing."""
    made = await client.book(order("PO-UNDO"), key="undo")
    for _ in range(2):
        await tools.cancelled(key="undo", args={}, result=made)
    assert (await client.order(made.order_number))[0].status == "cancelled"


async def test_undo_of_an_order_in_production_fails(client: ErpClient) -> None:
    """What production has begun cannot be taken back, and the failure says that nothing was done."""
    (old,) = await client.orders("C100", "PO-OLD")
    with pytest.raises(Failed) as failed:
        await tools.cancelled(key="k", args={}, result=old)
    assert (failed.value.error_class, failed.value.applied) == ("conflict", False)


async def test_a_preview_books_nothing(client: ErpClient) -> None:
    """The preview shows the booking's content and leaves the books as they are."""
    wanted = order("PO-PREVIEW")
    before = (await client.health()).orders
    assert (await tools.as_if_booked(args=as_args(wanted))).content() == wanted
    assert (await client.health()).orders == before


@pytest.mark.parametrize("name, idempotent", [("book_order", True), ("import_order", False)])
async def test_booking_tools_declare_what_they_can_do(client: ErpClient, name: str, *, idempotent: bool) -> None:
    """Both ways to book read back and undo; only the one with a key claims to be idempotent."""
    bound = getattr(tools, name).__bridgehead_tool__
    assert isinstance(bound, BoundTool)
    assert bound.tool.key == ("order.customer", "order.po_number")
    assert (bound.tool.idempotent, bound.tool.has_verify, bound.tool.has_undo) == (idempotent, True, True)
    args = bound.dump({"order": order(f"PO-{name}")})
    first = await bound.invoke(args, key="same")
    second = await bound.invoke(args, key="same")
    assert (first == second) is idempotent
    assert len(await client.orders("C100", f"PO-{name}")) == (1 if idempotent else 2)

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bridgehead.templates.purchase_orders.erp.openapi import OPERATIONS, document
from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "erp-openapi.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    running = RunningErp(tmp_path_factory.mktemp("erp"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def http(server: RunningErp) -> AsyncIterator[httpx.AsyncClient]:
    async with server.http() as client:
        yield client
        await client.delete("/faults")


async def test_openapi_is_the_documented_one(http: httpx.AsyncClient) -> None:
    """The document the server publishes, the generated one and the one in the documentation are equal bytes."""
    published = (await http.get("/openapi.json")).content
    assert published == document() == DOCUMENT.read_bytes()


async def test_openapi_references_resolve(http: httpx.AsyncClient) -> None:
    """Every $ref of the published document leads to a schema in it, and the version is 3.1."""
    published = (await http.get("/openapi.json")).json()

    def references(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "$ref":
                    yield str(inner)
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    known = {f"#/components/schemas/{name}" for name in published["components"]["schemas"]}
    found = set(references(published))
    assert published["openapi"].startswith("3.1")
    assert found
    assert found <= known


async def test_every_documented_operation_is_served(http: httpx.AsyncClient) -> None:
    """No documented path answers "unknown path" or "wrong method", and other methods on it are refused."""
    for operation in OPERATIONS:
        reply = await http.request(operation.method.upper(), operation.path.replace("{number}", "none"))
        assert reply.status_code != 405, operation
        if reply.status_code == 404:
            assert "there is no" in reply.json()["detail"], operation
    assert (await http.put("/orders")).status_code == 405
    assert (await http.get("/nothing")).headers["content-type"] == "application/problem+json"


async def test_health_gives_the_business_date(http: httpx.AsyncClient) -> None:
    """The service says what day its rules take for today."""
    assert (await http.get("/health")).json()["as_of"] == "2026-11-02"


@pytest.mark.parametrize(
    "query, matched",
    [
        ({"number": "C100"}, ["number"]),
        ({"email": "Buying@Rheinwerk.example.com"}, ["email", "email_domain"]),
        ({"email": "someone@rheinwerk.example.com"}, ["email_domain"]),
        ({"name": "rheinwerk MULLER gmbh"}, ["name"]),
        ({"duns": "40-123-4567"}, ["duns"]),
    ],
)
async def test_customers_are_found_by_each_name(
    http: httpx.AsyncClient, query: dict[str, str], matched: list[str]
) -> None:
    """A customer is found by each of its names, and the answer says by which."""
    (found,) = (await http.get("/customers", params=query)).json()["items"]
    assert (found["number"], found["matched_by"]) == ("C100", matched)


async def test_a_search_returns_every_customer_named(http: httpx.AsyncClient) -> None:
    """Parameters that name different customers return all of them; one that names nobody returns none."""
    both = (await http.get("/customers", params={"number": "C100", "gln": "4000001000005"})).json()["items"]
    assert [customer["number"] for customer in both] == ["C100", "C200"]
    assert (await http.get("/customers", params={"name": "Rheinwerk"})).json()["items"] == []


async def test_searches_for_nothing_or_with_unknown_parameters_are_refused(http: httpx.AsyncClient) -> None:
    """A search for an empty name and a misspelt parameter are refused instead of matching everybody."""
    empty = await http.get("/customers", params={"email": " "})
    assert (empty.status_code, empty.json()["field"]) == (400, "email")
    reply = await http.get("/customers", params={"mail": "x@example.com"})
    assert (reply.status_code, reply.json()["field"]) == (400, "mail")


async def test_items_are_resolved_by_exact_names_only(http: httpx.AsyncClient) -> None:
    """Cross-reference, number and GTIN decide; a description, a near miss or a contradiction never does."""
    lines: list[dict[str, str]] = [
        {"customer_part": "RW-77"},
        {"supplier_part": "a-1"},
        {"gtin": "04012345000016"},
        {"description": "Bracket A-1"},
        {"supplier_part": "A-11"},
        {"customer_part": "RW-77", "supplier_part": "A-2"},
        {"customer_part": "RW-77", "supplier_part": "A-99"},
    ]
    reply = await http.post("/items/resolve", json={"customer": "C100", "lines": lines})
    found = reply.json()["lines"]
    assert [line["how"] for line in found] == ["xref", "number", "gtin", None, None, None, None]
    assert found[3]["candidates"] == ["A-1", "A-2", "A-3"][:1]
    assert found[5]["candidates"] == ["A-1", "A-2"]
    assert found[6]["candidates"] == ["A-1"]


async def test_cross_references_belong_to_one_customer(http: httpx.AsyncClient) -> None:
    """A customer's own part number means nothing for another customer."""
    reply = await http.post("/items/resolve", json={"customer": "C200", "lines": [{"customer_part": "RW-77"}]})
    assert reply.json()["lines"][0]["item"] is None


@pytest.mark.parametrize(
    "day, price, source",
    [("2026-09-30", "3.0000", "contract"), ("2026-10-01", "3.1000", "contract"), ("2025-12-31", "3.2000", "list")],
)
async def test_prices_are_those_of_the_day(http: httpx.AsyncClient, day: str, price: str, source: str) -> None:
    """The contract price of the day applies, both end days included, and the list price outside of it."""
    reply = await http.get("/prices", params={"customer": "C100", "item": "A-1", "on": day})
    assert reply.json() == {"item": "A-1", "price": price, "source": source, "valid_to": None}
    batch = await http.post("/prices/quote", json={"customer": "C100", "items": ["A-1", "A-5"], "on": day})
    assert batch.json()["items"] == [reply.json(), {"item": "A-5", "price": None, "source": None, "valid_to": None}]


async def test_an_item_without_a_price_is_not_found(http: httpx.AsyncClient) -> None:
    """Asking for a price that does not exist answers 404, and a date that is none 400."""
    query = {"customer": "C100", "item": "A-5"}
    assert (await http.get("/prices", params=query)).status_code == 404
    assert (await http.get("/prices", params=query | {"on": "soon"})).json()["field"] == "on"


async def test_the_same_key_books_once(http: httpx.AsyncClient) -> None:
    """A repeated request with its key gets the first answer, marked, and the books hold one order."""
    body, key = small_master.booking("PO-KEY"), {"Idempotency-Key": "k-1"}
    first = await http.post("/orders", json=body, headers=key)
    again = await http.post("/orders", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replay"] == "true"
    assert first.json() == again.json()
    assert len((await http.get("/orders", params={"customer": "C100", "po_number": "PO-KEY"})).json()["items"]) == 1


async def test_a_replay_after_a_cancellation_is_the_first_answer(http: httpx.AsyncClient) -> None:
    """The answer to a known key does not change with what happened to the order since."""
    body, key = small_master.booking("PO-REPLAY"), {"Idempotency-Key": "k-replay"}
    first = await http.post("/orders", json=body, headers=key)
    number = first.json()["order_number"]
    await http.post(f"/orders/{number}/cancel", headers={"If-Match": first.headers["etag"]})
    assert (await http.post("/orders", json=body, headers=key)).json() == first.json()


async def test_a_key_with_another_body_is_refused(http: httpx.AsyncClient) -> None:
    """A key that was used for another booking is a conflict, and nothing is booked."""
    key = {"Idempotency-Key": "k-2"}
    await http.post("/orders", json=small_master.booking("PO-A"), headers=key)
    reply = await http.post("/orders", json=small_master.booking("PO-B"), headers=key)
    assert (reply.status_code, reply.json()["field"]) == (409, "Idempotency-Key")
    assert (await http.get("/orders", params={"customer": "C100", "po_number": "PO-B"})).json()["items"] == []


async def test_many_requests_with_one_key_at_once_book_once(http: httpx.AsyncClient) -> None:
    """Forty concurrent requests with one key make one order."""
    body, key = small_master.booking("PO-RACE"), {"Idempotency-Key": "k-race"}
    replies = await asyncio.gather(*(http.post("/orders", json=body, headers=key) for _ in range(40)))
    assert sorted(reply.status_code for reply in replies) == [200] * 39 + [201]
    assert len({reply.json()["order_number"] for reply in replies}) == 1


async def test_concurrent_bookings_all_stand_and_are_numbered(http: httpx.AsyncClient) -> None:
    """A hundred different bookings at once get a hundred numbers, and all are in the books."""
    replies = await asyncio.gather(
        *(http.post("/orders", json=small_master.booking(f"PO-MANY-{n}")) for n in range(100))
    )
    numbers = {reply.json()["order_number"] for reply in replies}
    kept = {entry["order"]["order_number"] for entry in (await http.get("/books")).json()["items"]}
    assert len(numbers) == 100
    assert numbers <= kept


@pytest.mark.parametrize("path", ["/orders", "/orders/import"])
async def test_doubling_is_visible_in_the_books(http: httpx.AsyncClient, path: str) -> None:
    """Without a key a second order of the same reference is booked, and an auditor sees both."""
    body = small_master.booking(f"PO-TWICE{path.replace('/', '-')}")
    for _ in range(2):
        assert (await http.post(path, json=body)).status_code == 201
    entries = [
        entry
        for entry in (await http.get("/books")).json()["items"]
        if entry["order"]["po_number"] == body["po_number"]
    ]
    assert [entry["endpoint"] for entry in entries] == [path, path]
    assert entries[0]["sequence"] < entries[1]["sequence"]


async def test_import_takes_no_key(http: httpx.AsyncClient) -> None:
    """The old interface books again even when a key is sent along."""
    body, key = small_master.booking("PO-IMPORT"), {"Idempotency-Key": "k-import"}
    for _ in range(2):
        await http.post("/orders/import", json=body, headers=key)
    assert len((await http.get("/orders", params={"customer": "C100", "po_number": "PO-IMPORT"})).json()["items"]) == 2


async def test_cancel_needs_the_version(http: httpx.AsyncClient) -> None:
    """A cancellation without If-Match, of another version, and a second one are refused; the right one works."""
    reply = await http.post("/orders", json=small_master.booking("PO-CANCEL"))
    path = f"/orders/{reply.json()['order_number']}"
    etag = (await http.get(path)).headers["etag"]
    assert etag == reply.headers["etag"]
    assert (await http.post(f"{path}/cancel")).status_code == 428
    assert (await http.post(f"{path}/cancel", headers={"If-Match": '"other"'})).status_code == 412
    done = await http.post(f"{path}/cancel", headers={"If-Match": etag})
    assert (done.status_code, done.json()["status"]) == (200, "cancelled")
    assert (await http.post(f"{path}/cancel", headers={"If-Match": etag})).status_code == 412
    assert (await http.post(f"{path}/cancel", headers={"If-Match": "*"})).status_code == 409


async def test_an_order_in_production_is_not_cancelled(http: httpx.AsyncClient) -> None:
    """An order from before that is in production stays as it is."""
    reply = await http.post("/orders/SO-OLD-1/cancel", headers={"If-Match": "*"})
    assert reply.status_code == 409
    assert (await http.get("/orders/SO-OLD-1")).json()["status"] == "in_production"


@pytest.mark.parametrize(
    "change, field",
    [
        ({"customer": "C999"}, "customer"),
        ({"ship_to": "C200-1"}, "ship_to"),
        ({"total": "62.01"}, "total"),
        ({"currency": "euro"}, "currency"),
        ({"lines": []}, "lines"),
        ({"lines.0.quantity": "0"}, "lines[0].quantity"),
        ({"lines.0.item": "A-77"}, "lines[0].item"),
        ({"lines.0.unit": "BX"}, "lines[0].unit"),
        ({"lines.0.code": "IR"}, "lines[0].code"),
        ({"lines.0.date": "tomorrow"}, "lines[0].date"),
        ({"note": "please"}, "note"),
    ],
)
@pytest.mark.parametrize("path", ["/orders", "/orders/import"])
async def test_a_wrong_field_is_named_and_nothing_is_booked(
    http: httpx.AsyncClient, path: str, change: dict[str, object], field: str
) -> None:
    """Every wrong field of a booking is refused by its path, and the books do not change."""
    body = json.loads(json.dumps(small_master.booking("PO-WRONG")))
    for name, value in change.items():
        if name.startswith("lines."):
            body["lines"][0][name.rpartition(".")[2]] = value
        else:
            body[name] = value
    before = (await http.get("/health")).json()["orders"]
    reply = await http.post(path, json=body)
    assert (reply.status_code, reply.json()["field"]) == (422, field)
    assert reply.headers["content-type"] == "application/problem+json"
    assert (await http.get("/health")).json()["orders"] == before


async def test_bodies_that_are_no_json_are_refused(http: httpx.AsyncClient) -> None:
    """Broken JSON, another media type and a body of more than a million bytes are each refused by name."""
    kind = {"Content-Type": "application/json"}
    assert (await http.post("/orders", content=b'{"customer": ', headers=kind)).status_code == 400
    assert (await http.post("/orders", content=b"customer=C100")).status_code == 415
    assert (await http.post("/orders", content=b" " * 1_000_001, headers=kind)).status_code == 413


async def test_the_books_name_who_booked_and_with_which_key(http: httpx.AsyncClient) -> None:
    """An auditor sees the key, the endpoint, the time and who booked, orders from before included."""
    await http.post("/orders", json=small_master.booking("PO-AUDIT"), headers={"Idempotency-Key": "k-audit"})
    page = (await http.get("/books")).json()
    entries = {entry["order"]["po_number"]: entry for entry in page["items"]}
    audited = entries["PO-AUDIT"]
    assert (audited["idempotency_key"], audited["endpoint"]) == ("k-audit", "/orders")
    assert audited["order"]["booked_by"] == "system"
    assert audited["order"]["booked_at"]
    assert entries["PO-OLD"]["order"]["booked_by"] == "history"
    assert [entry["sequence"] for entry in page["items"]] == sorted(entry["sequence"] for entry in page["items"])


@pytest.mark.parametrize(
    "mode, booked",
    [("lose_reply", 1), ("500_after", 1), ("500_before", 0), ("refuse", 0)],
)
async def test_faults_break_where_they_say(http: httpx.AsyncClient, mode: str, booked: int) -> None:
    """Each fault leaves the booking made or not made as its mode says, and is used up after its count."""
    body = small_master.booking(f"PO-FAULT-{mode}")
    await http.post("/faults", json={"path": "/orders", "method": "POST", "mode": mode, "count": 1})
    if mode.startswith("500"):
        assert (await http.post("/orders", json=body)).status_code == 500
    else:
        with pytest.raises(httpx.TransportError):
            await http.post("/orders", json=body)
    query = {"customer": "C100", "po_number": str(body["po_number"])}
    assert len((await http.get("/orders", params=query)).json()["items"]) == booked
    assert (await http.post("/orders", json=body)).status_code == 201


async def test_a_stalled_request_is_served_late(http: httpx.AsyncClient) -> None:
    """A caller that gives up on a stalled request finds later that it was carried out all the same."""
    body = small_master.booking("PO-STALL")
    await http.post("/faults", json={"path": "/orders", "method": "POST", "mode": "stall", "seconds": 0.5})
    with pytest.raises(httpx.ReadTimeout):
        await http.post("/orders", json=body, timeout=0.1)
    query = {"customer": "C100", "po_number": "PO-STALL"}
    for _ in range(200):
        if (await http.get("/orders", params=query)).json()["items"]:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the stalled request was never served")

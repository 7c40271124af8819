from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

ITEMS = 123
MANY = 105


def master() -> dict[str, object]:
    """Returns the small seller with more items than two pages hold, and with many customers of one name."""
    whole = small_master.master()
    items = [small_master.item(f"B-{number:03d}") for number in range(ITEMS - 5)]
    twins = [
        small_master.customer(f"D{number:03d}", "Many Twins Ltd", f"twin{number}.example.com") for number in range(MANY)
    ]
    assert isinstance(whole["items"], list)
    assert isinstance(whole["customers"], list)
    return whole | {"items": [*items, *whole["items"]], "customers": [*twins, *whole["customers"]]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    folder = tmp_path_factory.mktemp("erp")
    small_master.written(folder, master())
    running = RunningErp(folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def http(server: RunningErp) -> AsyncIterator[httpx.AsyncClient]:
    async with server.http() as client:
        yield client


async def walk(http: httpx.AsyncClient, path: str, **query: str) -> list[dict[str, object]]:
    """Returns all pages of a list, by their ``next``, and holds each Link header to it."""
    pages: list[dict[str, object]] = []
    while True:
        reply = await http.get(path, params=query)
        assert reply.status_code == 200, reply.text
        pages.append(reply.json())
        cursor = pages[-1]["next"]
        link = reply.links.get("next")
        if not isinstance(cursor, str):
            assert link is None
            return pages
        assert link is not None
        assert (await http.get(link["url"])).json()["items"]
        query["cursor"] = cursor


def rows(pages: list[dict[str, object]], name: str) -> list[object]:
    """Returns one field of every row of all pages."""
    return [row[name] for page in pages for row in page["items"]]  # type: ignore[attr-defined]  # JSON


@pytest.mark.parametrize("limit, pages, size", [("", 3, 50), ("7", 18, 7), ("100", 2, 100), ("5000", 2, 100)])
async def test_all_pages_are_the_whole_list(http: httpx.AsyncClient, limit: str, pages: int, size: int) -> None:
    """The pages of a list hold every row once, in order, as many as total says; no page is beyond the server's cap."""
    found = await walk(http, "/items", **({"limit": limit} if limit else {}))
    numbers = rows(found, "number")
    assert len(found) == pages
    assert numbers == sorted({str(number) for number in numbers})
    assert {page["total"] for page in found} == {ITEMS} == {len(numbers)}
    assert {page["limit"] for page in found} == {size}


async def test_link_headers_alone_lead_through_a_list(http: httpx.AsyncClient) -> None:
    """A client that knows nothing but rel=next (RFC 8288) reads the whole list."""
    url, found, total = "/customers?name=many%20twins%20ltd&limit=10", 0, 0
    while url:
        reply = await http.get(url)
        found, total = found + len(reply.json()["items"]), reply.json()["total"]
        url = reply.links.get("next", {}).get("url", "")
    assert found == total == MANY


@pytest.mark.parametrize(
    "path, question, found",
    [
        ("/items/search", {"numbers": ["a-1", "A-2", "nope"], "gtins": ["04012345000016"]}, ["A-1", "A-2"]),
        ("/items/search", {"description": "bracket A 3"}, ["A-3"]),
        ("/parts/search", {"customer": "C100", "parts": ["nope", "rw-77", "RW-77"]}, ["A-1", "A-1"]),
        ("/prices/search", {"customer": "C100", "items": ["A-1", "A-2"]}, ["A-1", "A-1", "A-2"]),
        ("/prices/search", {"customer": "C100", "items": ["A-1"], "on": "2025-01-01"}, ["A-1"]),
        ("/prices/search", {"customer": "C100", "items": ["A-5"], "currency": "USD"}, ["A-5"]),
    ],
)
async def test_a_search_by_post_comes_in_pages(
    http: httpx.AsyncClient, path: str, question: dict[str, object], found: list[str]
) -> None:
    """A question by POST is answered in pages by its cursor, each row once, as many as total says."""
    got: list[str] = []
    asked: dict[str, object] = {**question, "limit": 1}
    while True:
        page = (await http.post(path, json=asked)).json()
        assert (page["total"], page["limit"], len(page["items"])) == (len(found), 1, 1), page
        got += [str(row.get("number") or row["item"]) for row in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert got == found


@pytest.mark.parametrize(
    "path, question, status, field",
    [
        ("/items/search", {}, 422, None),
        ("/items/search", {"numbers": [""]}, 422, "numbers[0]"),
        ("/items/search", {"numbers": ["A-1"], "limit": 0}, 422, "limit"),
        ("/items/search", {"numbers": ["A-1"], "cursor": "x"}, 400, "cursor"),
        ("/items/search", {"number": ["A-1"]}, 422, "number"),
        ("/parts/search", {"customer": "C999", "parts": ["RW-77"]}, 422, "customer"),
        ("/parts/search", {"customer": "C100", "parts": []}, 422, "parts"),
        ("/prices/search", {"customer": "C100", "items": ["A-1"], "on": "soon"}, 422, "on"),
    ],
)
async def test_a_wrong_search_is_refused(
    http: httpx.AsyncClient, path: str, question: dict[str, object], status: int, field: str | None
) -> None:
    """A search for nothing, a strange cursor and a wrong field are refused with the field's name."""
    reply = await http.post(path, json=question)
    assert (reply.status_code, reply.json().get("field")) == (status, field)


async def test_a_cursor_is_good_for_its_own_question(http: httpx.AsyncClient) -> None:
    """A cursor that comes with another question is refused, for the rows after it would be others."""
    asked = {"numbers": ["A-1", "A-2"], "limit": 1}
    cursor = (await http.post("/items/search", json=asked)).json()["next"]
    reply = await http.post("/items/search", json={"numbers": ["A-1", "A-3"], "limit": 1, "cursor": cursor})
    assert (reply.status_code, reply.json()["field"]) == (400, "cursor")


async def test_a_list_without_filters_is_all_customers(http: httpx.AsyncClient) -> None:
    """Without a name the list is all customers, none matched by anything."""
    found = await walk(http, "/customers")
    assert len(rows(found, "number")) == MANY + 2
    assert {tuple(matched) for matched in rows(found, "matched_by")} == {()}  # type: ignore[arg-type]  # lists of JSON


async def test_rows_that_come_meanwhile_shift_nothing(http: httpx.AsyncClient) -> None:
    """Orders booked between two pages are on later pages, and nothing is given twice or left out."""
    for number in range(4):
        await http.post("/orders", json=small_master.booking(f"PO-A{number}", customer_number="C200"))
    first = (await http.get("/orders", params={"customer": "C200", "limit": "2"})).json()
    for number in range(3):
        await http.post("/orders", json=small_master.booking(f"PO-B{number}", customer_number="C200"))
    rest = await walk(http, "/orders", customer="C200", limit="2", cursor=first["next"])
    found = [row["po_number"] for row in first["items"]] + rows(rest, "po_number")
    assert found == ["PO-A0", "PO-A1", "PO-A2", "PO-A3", "PO-B0", "PO-B1", "PO-B2"]
    assert (first["total"], rest[-1]["total"]) == (4, 7)


async def test_changes_come_in_their_order(http: httpx.AsyncClient) -> None:
    """Asked from a moment on, the list holds each order that was booked, changed or cancelled since, and no other."""
    made = [(await http.post("/orders", json=small_master.booking(f"PO-C{n}"))).json() for n in range(3)]
    seen = made[-1]["changed_at"]
    path = f"/orders/{made[0]['order_number']}"
    await http.patch(path, json={"note": "later"}, headers={"If-Match": "*"})
    await http.post(f"/orders/{made[1]['order_number']}/cancel", headers={"If-Match": "*"})
    found = await walk(http, "/orders", changed_since=seen, limit="1")
    assert rows(found, "order_number") == [made[number]["order_number"] for number in (2, 0, 1)]
    assert rows(found, "status") == ["open", "open", "cancelled"]
    changed = [str(moment) for moment in rows(found, "changed_at")]
    assert changed == sorted(changed)
    assert changed[0] == seen
    assert rows(await walk(http, "/orders", changed_since=changed[-1]), "order_number") == [made[1]["order_number"]]


async def test_a_change_while_paging_is_not_missed(http: httpx.AsyncClient) -> None:
    """An order that changes after its page was read comes again on a later page, with what changed."""
    made = [(await http.post("/orders", json=small_master.booking(f"PO-D{n}"))).json() for n in range(3)]
    query = {"changed_since": made[0]["changed_at"], "limit": "2"}
    first = (await http.get("/orders", params=query)).json()
    await http.patch(f"/orders/{made[0]['order_number']}", json={"note": "again"}, headers={"If-Match": "*"})
    rest = await walk(http, "/orders", **query, cursor=first["next"])
    assert rows(rest, "po_number") == ["PO-D2", "PO-D0"]
    assert rows(rest, "note") == [None, "again"]


async def test_changes_are_asked_for_in_any_zone(http: httpx.AsyncClient) -> None:
    """The same moment written in another zone finds the same orders."""
    made = (await http.post("/orders", json=small_master.booking("PO-ZONE"))).json()
    moment = datetime.fromisoformat(made["changed_at"])
    assert moment.tzinfo is not None
    for text in (moment.astimezone(UTC).isoformat(), f"{moment.replace(tzinfo=None).isoformat()}-00:00"):
        (found,) = (await http.get("/orders", params={"changed_since": text})).json()["items"]
        assert found["po_number"] == "PO-ZONE"
    (east,) = (await http.get("/orders", params={"changed_since": made["changed_at"].replace("Z", "+00:00")})).json()[
        "items"
    ]
    assert east["po_number"] == "PO-ZONE"


@pytest.mark.parametrize(
    "query, field",
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"cursor": "!"}, "cursor"),
        ({"cursor": "bm9uZQ"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"changed_since": "2026-11-02"}, "changed_since"),
        ({"changed_since": "2026-11-02T08:00:00"}, "changed_since"),
        ({"changed_since": "yesterday"}, "changed_since"),
        ({"changed_since": "0001-01-01T00:00:00+14:00"}, "changed_since"),
        ({"offset": "3"}, "offset"),
    ],
)
async def test_wrong_paging_is_refused_by_field(http: httpx.AsyncClient, query: dict[str, str], field: str) -> None:
    """A limit, cursor or time that is none is refused by name, never read as something else."""
    reply = await http.get("/orders", params=query)
    assert (reply.status_code, reply.json()["field"]) == (400, field)


async def test_a_cursor_belongs_to_its_list_and_filters(http: httpx.AsyncClient) -> None:
    """A cursor with other filters, or of another list, is refused instead of giving a part of something else."""
    await asyncio.gather(*(http.post("/orders", json=small_master.booking(f"PO-E{n}")) for n in range(3)))
    cursor = (await http.get("/orders", params={"customer": "C100", "limit": "1"})).json()["next"]
    for path, query in (("/orders", {"customer": "C200"}), ("/orders", {}), ("/items", {})):
        reply = await http.get(path, params={**query, "cursor": cursor})
        assert (reply.status_code, reply.json()["field"]) == (400, "cursor")
    assert (await http.get("/orders", params={"customer": "C100", "cursor": cursor})).status_code == 200

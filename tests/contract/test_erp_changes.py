from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

PATCH = {"Content-Type": "application/merge-patch+json"}


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


async def booked(http: httpx.AsyncClient, po_number: str) -> tuple[str, str]:
    """Books an order and returns its path and its ETag."""
    reply = await http.post("/orders", json=small_master.booking(po_number), headers={"Idempotency-Key": po_number})
    return f"/orders/{reply.json()['order_number']}", reply.headers["etag"]


async def test_a_change_needs_the_version_it_was_made_from(http: httpx.AsyncClient) -> None:
    """A change without If-Match or of another version changes nothing; the right one gives the next version."""
    path, etag = await booked(http, "PO-CHANGE")
    wanted = {"note": "Tor 3", "requested_date": "2026-11-12"}
    assert (await http.patch(path, json=wanted)).status_code == 428
    stale = await http.patch(path, json=wanted, headers={"If-Match": '"other"'})
    assert (stale.status_code, stale.json()["field"]) == (412, "If-Match")
    assert (await http.get(path)).json()["note"] is None
    done = await http.patch(path, json=wanted, headers={"If-Match": etag})
    assert (done.status_code, done.json()["note"], done.json()["requested_date"]) == (200, "Tor 3", "2026-11-12")
    read = await http.get(path)
    assert read.headers["etag"] == done.headers["etag"] != etag
    assert read.json() == done.json()
    assert (await http.patch(path, json=wanted, headers={"If-Match": etag})).status_code == 412


async def test_of_many_writers_of_one_version_one_wins(http: httpx.AsyncClient) -> None:
    """Twenty changes from the same version end in one success and nineteen 412, and the order holds the winner's."""
    path, etag = await booked(http, "PO-RACE")
    replies = await asyncio.gather(
        *(http.patch(path, json={"note": f"writer {n}"}, headers={"If-Match": etag}) for n in range(20))
    )
    assert sorted(reply.status_code for reply in replies) == [200] + [412] * 19
    (won,) = (reply.json()["note"] for reply in replies if reply.status_code == 200)
    assert (await http.get(path)).json()["note"] == won


async def test_what_is_left_out_stays_and_null_takes_away(http: httpx.AsyncClient) -> None:
    """A merge patch changes the fields that it names and no other."""
    path, _ = await booked(http, "PO-MERGE")
    any_version = {"If-Match": "*", **PATCH}
    await http.patch(path, content=b'{"note": "n", "requested_date": "2026-11-12"}', headers=any_version)
    await http.patch(path, content=b'{"note": null}', headers=any_version)
    found = (await http.get(path)).json()
    assert (found["note"], found["requested_date"]) == (None, "2026-11-12")


@pytest.mark.parametrize(
    "body, status, field",
    [
        ({}, 422, None),
        ({"note": ""}, 422, "note"),
        ({"note": "x" * 501}, 422, "note"),
        ({"requested_date": "soon"}, 422, "requested_date"),
        ({"total": "0.00"}, 422, "total"),
        ({"status": "cancelled"}, 422, "status"),
    ],
)
async def test_what_may_not_be_changed_is_refused_by_field(
    http: httpx.AsyncClient, body: dict[str, object], status: int, field: str | None
) -> None:
    """An empty change, a wrong value and a field that is not for changing are refused, and the version stays."""
    path, etag = await booked(http, "PO-NOT")
    reply = await http.patch(path, content=json.dumps(body), headers={"If-Match": etag, **PATCH})
    assert (reply.status_code, reply.json().get("field")) == (status, field)
    assert (await http.get(path)).headers["etag"] == etag


async def test_only_open_orders_are_changed(http: httpx.AsyncClient) -> None:
    """An order in production and a cancelled one stay as they are; a number nobody has is a 404."""
    path, etag = await booked(http, "PO-CLOSED")
    await http.post(f"{path}/cancel", headers={"If-Match": etag})
    for closed in (path, "/orders/SO-OLD-1"):
        reply = await http.patch(closed, json={"note": "x"}, headers={"If-Match": "*"})
        assert reply.status_code == 409
        assert (await http.get(closed)).json()["note"] is None
    assert (await http.patch("/orders/none", json={"note": "x"}, headers={"If-Match": "*"})).status_code == 404


async def test_a_lost_change_is_found_by_reading(http: httpx.AsyncClient) -> None:
    """When the reply is lost the change stands with another ETag, and a blind second try of it is refused."""
    path, etag = await booked(http, "PO-LOST")
    await http.post("/faults", json={"path": path, "method": "PATCH", "mode": "lose_reply"})
    with pytest.raises(httpx.TransportError):
        await http.patch(path, json={"note": "kept"}, headers={"If-Match": etag})
    read = await http.get(path)
    assert (read.json()["note"], read.headers["etag"] == etag) == ("kept", False)
    assert (await http.patch(path, json={"note": "kept"}, headers={"If-Match": etag})).status_code == 412


async def test_a_key_gets_its_first_answer_after_a_change(http: httpx.AsyncClient) -> None:
    """The same Idempotency-Key again is answered as the first time, whatever changed on the order since."""
    body, key = small_master.booking("PO-FIRST"), {"Idempotency-Key": "first"}
    first = await http.post("/orders", json=body, headers=key)
    path = f"/orders/{first.json()['order_number']}"
    await http.patch(path, json={"note": "later"}, headers={"If-Match": first.headers["etag"]})
    again = await http.post("/orders", json=body, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())

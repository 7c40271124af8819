from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from bridgehead.clock import boot_s
from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

RATE, BURST = 20.0, 5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    running = RunningErp(
        tmp_path_factory.mktemp("erp"), ("--faults", "--rate", str(RATE), "--burst", str(BURST), "--latency-ms", "1")
    )
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    """Gives a server without hooks that serves three requests at once and then one in a thousand seconds."""
    running = RunningErp(tmp_path_factory.mktemp("erp"), ("--rate", "0.001", "--burst", "3"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def http(server: RunningErp) -> AsyncIterator[httpx.AsyncClient]:
    async with server.http() as client:
        await client.delete("/counts")
        yield client
        await client.delete("/faults")


async def counts(http: httpx.AsyncClient) -> dict[str, Any]:
    """Returns what the server counted."""
    found: dict[str, Any] = (await http.get("/counts")).json()
    return found


async def test_a_rate_is_held_by_429(http: httpx.AsyncClient) -> None:
    """Beyond burst and rate the answer is a 429 with whole seconds to wait, and the server's counts agree with ours."""
    began_s = boot_s()
    replies = await asyncio.gather(*(http.get("/items/A-1") for _ in range(60)))
    spent_s = boot_s() - began_s
    refused = [reply for reply in replies if reply.status_code == 429]
    served = [reply for reply in replies if reply.status_code == 200]
    assert len(refused) + len(served) == 60
    assert 1 <= len(served) <= BURST + RATE * spent_s + 1
    assert {reply.headers["retry-after"] for reply in refused} == {"1"}
    assert {reply.headers["content-type"] for reply in refused} == {"application/problem+json"}
    found = await counts(http)
    assert found["requests"] == {"GET /items/{number}": 60}
    assert found["statuses"] == {"200": len(served), "429": len(refused)}
    assert len(served) <= found["asked"]["most_in_one_second"] <= 60


async def test_a_refused_booking_booked_nothing(http: httpx.AsyncClient) -> None:
    """Of bookings sent too fast exactly those are in the books that were not refused."""
    replies = await asyncio.gather(
        *(http.post("/orders", json=small_master.booking(f"PO-FAST-{n}")) for n in range(40))
    )
    booked = {reply.json()["po_number"] for reply in replies if reply.status_code == 201}
    assert {reply.status_code for reply in replies} <= {201, 429}
    books: httpx.Response | None = None
    while books is None or books.status_code == 429:
        books = await http.get("/books")
    kept = {entry["order"]["po_number"] for entry in books.json()["items"]}
    assert {number for number in kept if number.startswith("PO-FAST-")} == booked


async def test_a_rate_costs_the_unknown_nothing(slow: RunningErp) -> None:
    """Requests without a good token, and those for a token, take nothing of the client's burst."""
    async with slow.http() as http, httpx.AsyncClient(base_url=slow.url, trust_env=False) as bare:
        for _ in range(5):
            assert (await bare.get("/items/A-1")).status_code == 401
            slow.token()
        served = [(await http.get("/items/A-1")).status_code for _ in range(4)]
    assert served == [200, 200, 200, 429]


@pytest.mark.parametrize("seconds, told", [(0, "1"), (2.5, "3"), (30, "30")])
async def test_a_throttle_is_planned(http: httpx.AsyncClient, seconds: float, told: str) -> None:
    """A planned 429 tells the planned seconds, rounded up, and nothing is booked."""
    await http.post("/faults", json={"path": "/orders", "method": "POST", "mode": "throttle", "seconds": seconds})
    before = (await http.get("/health")).json()["orders"]
    reply = await http.post("/orders", json=small_master.booking("PO-T"))
    assert (reply.status_code, reply.headers["retry-after"]) == (429, told)
    assert (await http.get("/health")).json()["orders"] == before


async def test_broken_requests_are_counted_too(http: httpx.AsyncClient) -> None:
    """A request whose connection is cut is counted as it came, with no answer; health and hooks are not counted."""
    await http.post("/faults", json={"path": "/customers/*", "mode": "refuse"})
    with pytest.raises(httpx.TransportError):
        await http.get("/customers/C100")
    await http.get("/health")
    found = await counts(http)
    assert found["requests"] == {"GET /customers/{number}": 1}
    assert found["statuses"] == {}


async def test_counts_are_a_hook_of_tests(slow: RunningErp) -> None:
    """Without --faults nobody reads or clears what the server counts."""
    async with httpx.AsyncClient(base_url=slow.url, trust_env=False) as http:
        assert (await http.get("/counts")).status_code == 404
        assert (await http.delete("/counts")).status_code == 404

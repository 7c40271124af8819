from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bridgehead.clock import perf_s
from tests.unit.erp import small_master
from tests.unit.erp.running import RunningErp

MODULE = "bridgehead.templates.purchase_orders.erp"


@pytest.fixture
def server(tmp_path: Path) -> RunningErp:
    return RunningErp(tmp_path)


async def test_what_was_answered_survives_a_kill(server: RunningErp) -> None:
    """After kill -9 between and during requests every acknowledged order is in the books, once."""
    acknowledged: set[str] = set()
    enough, wanted = asyncio.Event(), 0

    async def book(http: httpx.AsyncClient, number: int) -> None:
        body = small_master.booking(f"PO-{number}")
        try:
            reply = await http.post("/orders", json=body, headers={"Idempotency-Key": f"k-{number}"})
        except httpx.TransportError:
            return
        if reply.is_success:
            acknowledged.add(str(body["po_number"]))
            if len(acknowledged) >= wanted:
                enough.set()

    try:
        for round_ in range(3):
            server.start()
            enough.clear()
            wanted = round_ * 20 + 20
            async with server.http() as http:
                work = [asyncio.create_task(book(http, round_ * 100 + number)) for number in range(100)]
                await asyncio.wait_for(enough.wait(), 30)
                server.kill()
                await asyncio.gather(*work)
        server.start()
        async with server.http() as http:
            entries = (await http.get("/books")).json()["items"]
    finally:
        server.stop()
    kept = [entry["order"]["po_number"] for entry in entries]
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))
    assert kept.count("PO-OLD") == 1


async def test_a_key_is_remembered_over_a_kill(server: RunningErp) -> None:
    """A retry after a crash of the server gets the first answer and books nothing."""
    body, key = small_master.booking("PO-1"), {"Idempotency-Key": "k"}
    try:
        server.start()
        async with server.http() as http:
            first = await http.post("/orders", json=body, headers=key)
        server.kill()
        server.start()
        async with server.http() as http:
            again = await http.post("/orders", json=body, headers=key)
    finally:
        server.stop()
    assert (again.status_code, again.json()) == (200, first.json())


async def test_bookings_of_people_are_loaded_once(server: RunningErp, tmp_path: Path) -> None:
    """People's bookings are in the books with the document they came from, also after a restart only once."""
    people = [small_master.booking("PO-P") | {"arrival": "00001.eml"}]
    path = small_master.written(tmp_path, people, "people.json")
    server.flags = ("--people", str(path))
    try:
        for _ in range(2):
            server.start()
            server.kill()
        server.start()
        async with server.http() as http:
            entries = (await http.get("/books")).json()["items"]
            faults = await http.post("/faults", json={"path": "/orders", "mode": "refuse"})
    finally:
        server.stop()
    booked = [entry["order"] for entry in entries if entry["order"]["po_number"] == "PO-P"]
    assert [(order["booked_by"], order["booked_from"]) for order in booked] == [("person", "00001.eml")]
    assert faults.status_code == 404


async def test_the_books_are_shown_beside_the_server(server: RunningErp, tmp_path: Path) -> None:
    """The command prints the same entries as GET /books while the server runs."""
    command = [sys.executable, "-m", MODULE, "--books", "--db"]
    try:
        server.start()
        async with server.http() as http:
            await http.post("/orders", json=small_master.booking("PO-SHOWN"))
            entries = (await http.get("/books")).json()["items"]
            shown = await asyncio.to_thread(subprocess.check_output, [*command, str(tmp_path / "erp.sqlite")])
    finally:
        server.stop()
    assert json.loads(shown) == entries
    assert [entry["order"]["po_number"] for entry in entries] == ["PO-OLD", "PO-SHOWN"]


def test_books_that_are_not_there_are_not_made(tmp_path: Path) -> None:
    """To show books that are missing ends with status 2, and leaves no file behind."""
    command = [sys.executable, "-m", MODULE, "--books", "--db", str(tmp_path / "missing.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no file" in done.stderr
    assert not list(tmp_path.iterdir())


async def test_latency_is_drawn_and_repeats_by_seed(server: RunningErp) -> None:
    """With a median of 30 ms twenty answers one after the other take at least a quarter of a second."""
    server.flags = ("--latency-ms", "30", "--latency-seed", "7")
    try:
        server.start()
        async with server.http() as http:
            started = perf_s()
            for _ in range(20):
                await http.get("/items/A-1")
            spent = perf_s() - started
    finally:
        server.stop()
    assert 0.25 < spent < 10


@pytest.mark.parametrize(
    "content, named",
    [
        ("{", "the file"),
        ('{"as_of": "2026-11-02", "customers": [], "items": [{"number": "X"}]}', "items[0]"),
        ('{"as_of": "yesterday", "customers": [], "items": []}', "as_of"),
    ],
)
def test_a_wrong_master_file_is_refused_by_field(tmp_path: Path, content: str, named: str) -> None:
    """A master file that is not well formed ends the start with status 2 and names the field."""
    path = tmp_path / "master.json"
    path.write_text(content)
    command = [sys.executable, "-m", MODULE, "--master", str(path), "--db", str(tmp_path / "db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr

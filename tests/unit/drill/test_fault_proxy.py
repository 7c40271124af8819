"""The fault proxy before a real server on real sockets: each fault is done, once where it is meant, and recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from bridgehead import clock
from bridgehead.drill.proxy import FaultProxy, Scenario, load_scenario, parse_scenario
from bridgehead.drill.proxy.choosing import Choosing, lognormal_s
from bridgehead.drill.proxy.scenario import FAULTS, ScenarioError
from bridgehead.errors import UserError
from tests.support.http_server import Asked, HttpServer, Told, http_server


def scenario(*rules: Mapping[str, object]) -> Scenario:
    """Returns a scenario of rules in their plain form."""
    return parse_scenario({"rules": list(rules)})


def counting(asked: Asked) -> Told:
    """Answers with what was asked and how many requests that makes."""
    counting.asked += 1  # type: ignore[attr-defined]  # a function's own counter
    return Told(body={"n": counting.asked, "order": {"total": "12.50", "state": "open"}, "path": asked.path})  # type: ignore[attr-defined]  # as above


@asynccontextmanager
async def standing(
    *rules: Mapping[str, object], seed: int = 1
) -> AsyncIterator[tuple[HttpServer, FaultProxy, httpx.AsyncClient]]:
    """Gives a server, the proxy before it, and a client of the proxy."""
    counting.asked = 0  # type: ignore[attr-defined]  # as above
    async with (
        http_server(counting) as server,
        FaultProxy(server.url, scenario(*rules), seed=seed) as proxy,
        httpx.AsyncClient(base_url=proxy.url, timeout=5) as client,
    ):
        yield server, proxy, client


def methods(server: HttpServer) -> Sequence[str]:
    """Returns what reached the server."""
    return [one.method for one in server.asked]


async def test_without_rules_everything_passes_as_it_is() -> None:
    """A proxy without rules passes requests and answers on unchanged, many over one connection."""
    async with standing() as (server, proxy, client):
        found = [await client.post(f"/a/{n}?q=1", content=b"x" * 100_000, headers={"X-One": "1"}) for n in range(5)]
    assert [one.json()["n"] for one in found] == [1, 2, 3, 4, 5]
    assert [len(one.body) for one in server.asked] == [100_000] * 5
    assert {one.headers["x-one"] for one in server.asked} == {"1"}
    assert server.asked[0].query == {"q": "1"}
    assert (proxy.passed, proxy.injected) == (5, [])


async def test_chunked_bodies_pass_both_ways() -> None:
    """A request sent in chunks arrives whole, and an answer in chunks is handed on as it comes."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    raw = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"onetwo")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with FaultProxy(url, Scenario()) as proxy, httpx.AsyncClient(base_url=proxy.url) as client:
        assert (await client.post("/", content=chunks())).content == b"abcde"
    server.close()


async def test_a_lost_reply_was_carried_out() -> None:
    """Reply lost after the effect: the system has the request, the client has nothing."""
    async with standing({"do": {"fault": "lost_reply"}, "when": {"method": "POST", "nth": [2]}}) as (
        server,
        proxy,
        client,
    ):
        assert (await client.post("/book")).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/book")
        assert (await client.post("/book")).status_code == 200
    assert len(server.asked) == 3
    assert [(one.fault, one.method, one.path, one.number) for one in proxy.injected] == [
        ("lost_reply", "POST", "/book", 2)
    ]


async def test_a_duplicate_is_delivered_twice_and_answered_once() -> None:
    """Duplicate delivery: the system gets the same request twice, the client its first answer."""
    async with standing({"do": {"fault": "duplicate"}, "when": {"nth": [1]}}) as (server, proxy, client):
        assert (await client.post("/book", content=b"{}")).json()["n"] == 1
    assert [one.body for one in server.asked] == [b"{}", b"{}"]
    assert proxy.counted() == {"duplicate": 1}


async def test_a_burst_answers_in_the_systems_place() -> None:
    """A burst of 429 with Retry-After, then of 529 without: none reaches the system, and what follows does."""
    rules = (
        {"name": "limit", "do": {"fault": "answer", "status": 429, "retry_after": 3}, "when": {"last": 2}},
        {
            "name": "overloaded",
            "do": {"fault": "answer", "status": 529, "body": "busy"},
            "when": {"first": 3, "last": 4},
        },
    )
    async with standing(*rules) as (server, proxy, client):
        found = [await client.get("/") for _ in range(5)]
    assert [one.status_code for one in found] == [429, 429, 529, 529, 200]
    assert [one.headers.get("retry-after") for one in found] == ["3", "3", None, None, None]
    assert len(server.asked) == 1
    assert proxy.counted() == {"limit": 2, "overloaded": 2}


async def test_an_error_after_the_effect_was_carried_out() -> None:
    """A 500 that is applied has reached the system: the worst of answers to a writing call."""
    async with standing({"do": {"fault": "answer", "status": 500, "applied": True}}) as (server, _, client):
        assert (await client.post("/book")).status_code == 500
    assert methods(server) == ["POST"]


async def test_a_stale_read_repeats_an_earlier_answer_to_the_same_get() -> None:
    """A stale read says what the same GET said before; where nothing was said before, nothing is done."""
    async with standing({"do": {"fault": "stale"}, "when": {"method": "GET", "nth": [1, 3]}}) as (
        _,
        proxy,
        client,
    ):
        found = [(await client.get("/a")).json()["n"] for _ in range(3)]
        other = (await client.get("/b")).json()["n"]
    assert found == [1, 2, 2]
    assert other == 3
    assert [one.number for one in proxy.injected] == [3]


async def test_an_edited_answer_is_json_of_another_schema() -> None:
    """Schema edits rename a field, turn its type, and put a value that nobody knows, with a length that fits."""
    edit = {
        "fault": "edit",
        "rename": {"n": "number"},
        "retype": {"order.total": "number"},
        "put": {"order.state": "ARCHIVED"},
    }
    async with standing({"do": edit, "when": {"path": "/a"}}) as (_, proxy, client):
        found = (await client.get("/a")).json()
        untouched = (await client.get("/b")).json()
    assert found == {"number": 1, "order": {"total": 12.5, "state": "ARCHIVED"}, "path": "/a"}
    assert untouched["order"] == {"total": "12.50", "state": "open"}
    assert proxy.counted() == {"edit": 1}


async def test_an_edit_that_finds_nothing_does_not_count_as_done() -> None:
    """An injection that did not happen is not recorded: what was not injected was not tested."""
    async with standing({"do": {"fault": "edit", "rename": {"absent": "x"}}}) as (_, proxy, client):
        assert (await client.get("/a")).json()["n"] == 1
    assert (proxy.counted(), proxy.passed) == ({"edit": 0}, 1)


async def test_a_page_for_people_and_half_a_document_come_with_200() -> None:
    """An HTML page and a cut JSON document look like success until they are read."""
    rules = ({"do": {"fault": "html"}, "when": {"nth": [1]}}, {"do": {"fault": "cut_json", "share": 0.5}})
    async with standing(*rules) as (server, _, client):
        page, cut = await client.get("/"), await client.get("/")
    assert (page.status_code, cut.status_code) == (200, 200)
    assert "text/html" in page.headers["content-type"]
    with pytest.raises(json.JSONDecodeError):
        cut.json()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "fault,error,reached",
    [
        ({"fault": "reset"}, httpx.ReadError, 0),
        ({"fault": "reset", "before": False}, httpx.ReadError, 1),
        ({"fault": "truncate", "after_bytes": 5}, httpx.RemoteProtocolError, 1),
        ({"fault": "truncate"}, httpx.RemoteProtocolError, 1),
        ({"fault": "stall"}, httpx.ReadTimeout, 1),
        ({"fault": "stall", "after_bytes": 5}, httpx.ReadTimeout, 1),
        ({"fault": "drip", "every": "0.2s"}, httpx.ReadTimeout, 1),
    ],
)
async def test_broken_connections_break_as_they_do_in_the_world(
    fault: Mapping[str, object], error: type[Exception], reached: int
) -> None:
    """Resets, cut answers, stalls and drips reach the client as the network's own errors."""
    async with standing({"do": fault}) as (server, proxy, client):
        # A drip never lets a read time out: only a bound on the whole does.
        bound = asyncio.timeout(0.5) if fault["fault"] == "drip" else asyncio.timeout(5)
        try:
            async with bound:
                await client.post("/", timeout=0.3)
        except TimeoutError:
            assert fault["fault"] == "drip"
        except error:
            pass
        else:
            pytest.fail("the answer came whole")
    assert len(server.asked) == reached
    assert len(proxy.injected) == 1


async def test_a_stall_with_an_end_and_a_fast_drip_lose_nothing() -> None:
    """What is only late comes whole in the end."""
    rules = (
        {"do": {"fault": "stall", "after_bytes": 3, "seconds": "0.1s"}, "when": {"nth": [1]}},
        {"do": {"fault": "drip", "bytes": 20, "every": "0.01s"}, "when": {"nth": [2]}},
    )
    async with standing(*rules) as (_, proxy, client):
        started = clock.boot_s()
        assert [(await client.get("/")).json()["n"] for _ in range(2)] == [1, 2]
        assert clock.boot_s() - started >= 0.1
    assert len(proxy.injected) == 2


def test_latency_is_lognormal_with_the_median_and_the_percentile_that_were_given() -> None:
    """Delays have the median and the 99th percentile of the scenario; a constant has one value."""
    drawn = sorted(lognormal_s(5, 120, (n + 0.5) / 10_000) for n in range(10_000))
    assert drawn[5_000] == pytest.approx(5, rel=0.01)
    assert drawn[9_900] == pytest.approx(120, rel=0.02)
    assert {lognormal_s(5, None, n / 10) for n in range(10)} == {5}


async def test_a_pause_lasts_as_long_as_was_drawn_and_recorded() -> None:
    """Each recorded delay was really waited for."""
    async with standing({"do": {"fault": "latency", "p50": "0.02s", "p99": "0.1s"}}) as (_, proxy, client):
        started = clock.boot_s()
        for _ in range(10):
            await client.get("/")
        took_s = clock.boot_s() - started
    assert len({one.delay_s for one in proxy.injected}) == 10
    assert took_s >= sum(one.delay_s for one in proxy.injected)


def test_the_same_seed_gives_the_same_faults() -> None:
    """Which requests are meant, and for how long, depends on the seed and the count alone."""
    rules = scenario(
        {"do": {"fault": "lost_reply"}, "when": {"method": "POST", "share": 0.1}},
        {"do": {"fault": "latency", "p50": "1s", "p99": "9s"}, "when": {"share": 0.2}},
    )

    def drawn(seed: int, gets: int) -> list[tuple[str, int, float]]:
        choosing = Choosing(rules, seed)
        for _ in range(gets):
            choosing.choose("GET", "/other")
        found = [choosing.choose("POST", "/book") for _ in range(500)]
        return [(one.rule.title, one.number, one.delay_s) for one in found if one is not None]

    assert drawn(1, 0) == drawn(1, 0)
    assert drawn(1, 0) != drawn(2, 0)
    lost = [one for one in drawn(1, 0) if one[0] == "lost_reply"]
    assert lost == [one for one in drawn(1, 77) if one[0] == "lost_reply"]
    assert 25 <= len(lost) <= 80


def test_a_window_opens_closes_and_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """``after``, ``lasting`` and ``every`` bound a burst in time."""
    moment = [100.0]
    monkeypatch.setattr(clock, "boot_s", lambda: moment[0])
    choosing = Choosing(
        scenario({"do": {"fault": "html"}, "when": {"after": "10s", "lasting": "5s", "every": "60s"}}),
        1,
        started_s=100.0,
    )
    struck = []
    for second in (0, 9, 10, 14, 15, 69, 70, 74, 76):
        moment[0] = 100.0 + second
        if choosing.choose("GET", "/") is not None:
            struck.append(second)
    assert struck == [10, 14, 70, 74]


async def test_a_system_that_is_away_is_a_bad_gateway() -> None:
    """Nothing behind the proxy is told as 502, never as a fault that was injected."""
    async with FaultProxy("http://127.0.0.1:9", Scenario()) as proxy, httpx.AsyncClient(base_url=proxy.url) as client:
        found = await client.get("/")
    assert found.status_code == 502
    assert proxy.injected == []


async def test_a_connection_that_is_not_understood_passes_and_breaks_too() -> None:
    """Over TCP bytes pass both ways, and the nth connection is reset, cut or loses its reply."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while block := await reader.read(1_000):
                writer.write(block)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    rules = scenario(
        {"do": {"fault": "reset"}, "when": {"nth": [2]}},
        {"do": {"fault": "truncate", "after_bytes": 3}, "when": {"nth": [3]}},
        {"do": {"fault": "lost_reply"}, "when": {"nth": [4]}},
    )
    said: list[bytes | str] = []
    async with FaultProxy(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", rules) as proxy:
        port = int(proxy.url.rpartition(":")[2])
        for _ in range(4):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"hello")
                writer.write_eof()
                said.append(await reader.read(-1))
                writer.close()
            except OSError as error:
                said.append(type(error).__name__)
    server.close()
    assert said == [b"hello", "ConnectionResetError", b"hel", b""]
    assert [one.fault for one in proxy.injected] == ["reset", "truncate", "lost_reply"]


@pytest.mark.parametrize(
    "text,said",
    [
        ("rules:\n  - do: {fault: latncy}\n", "one of latency"),
        ("rules:\n  - do: {fault: latency, p50: soon}\n", "a duration"),
        ("rules:\n  - do: {fault: answer}\n", "the field status"),
        ("rules:\n  - do: {fault: html}\n    whn: {}\n", "no such field"),
        ("rules:\n  - do: {fault: html}\n    when: {share: 2}\n", "share"),
        ("rules:\n  - do: {}\n", "one of latency"),
        ("- a\n", "a mapping"),
    ],
)
def test_a_mistake_in_a_script_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """A scenario with a mistake is refused with file, line, field and what was expected."""
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=said) as error:
        load_scenario(file)
    assert "faults.yaml:" in error.value.message


def test_every_fault_reads_from_a_script(tmp_path: Path) -> None:
    """Each kind of fault can be written in YAML, and gets its place in the scenario."""
    needed = {"latency": ", p50: 0.1s", "answer": ", status: 503"}
    file = tmp_path / "faults.yaml"
    file.write_text("rules:\n" + "".join(f"  - do: {{fault: {name}{needed.get(name, '')}}}\n" for name in FAULTS))
    assert [rule.do.fault for rule in load_scenario(file).rules] == list(FAULTS)


@pytest.mark.parametrize("upstream", ["ftp://x", "http://", "tcp://host", "http://host:99999", "unix://", "x"])
def test_an_upstream_that_cannot_be_served_is_refused(upstream: str) -> None:
    """A wrong upstream is refused when the proxy is made, with how to write one."""
    with pytest.raises(UserError, match=r"upstream|port"):
        FaultProxy(upstream, Scenario())


def test_faults_that_need_http_are_refused_over_tcp() -> None:
    """A fault that would never be done is refused: it would look as if it had been survived."""
    with pytest.raises(UserError, match="edit cannot be done to tcp"):
        FaultProxy("tcp://127.0.0.1:1", scenario({"do": {"fault": "edit"}}))

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import httpx
import psycopg
import pytest

from bridgehead.cli.intakes import Sources
from bridgehead.clock import utc_now
from bridgehead.connectors import listening, webhook
from bridgehead.connectors.webhook import Webhooks
from bridgehead.errors import Unavailable, UserError
from tests.support.intake import Served, kill, serving
from tests.support.world import WorkerProcess, World

RAW = b"the shop's signing key"
SECRET = "whsec_" + base64.b64encode(RAW).decode()
OTHER = "whsec_" + base64.b64encode(b"the key before").decode()
SPEC = """
connector: shop
kind: http
connection: {url: "https://shop.example.com"}
intake: {webhook: {secret: "env:SHOP_SECRET", window: 5m}}
"""
PLAIN = """
connector: forge
kind: http
connection: {url: "https://forge.example.com"}
intake: {webhook: {secret: "env:SHOP_SECRET", scheme: hmac_sha256, header: X-Hub-Signature-256}}
"""
BODY = b'{"order": "4711"}'


def signed(
    body: bytes = BODY, *, number: str = "msg_1", ago_s: float = 0.0, secret: str = SECRET, claimed: str | None = None
) -> dict[str, str]:
    """Returns the headers of a message that its sender signed so long ago; ``claimed`` is an id it did not sign."""
    at = str(int((utc_now() - timedelta(seconds=ago_s)).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{number}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": claimed or number,
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


@dataclass
class Hooked:
    """A server that takes the webhooks of one deployment in this process."""

    served: Served
    server: Webhooks
    client: httpx.AsyncClient
    urls: Mapping[str, str]

    async def post(self, headers: Mapping[str, str], body: bytes = BODY, *, to: str = "shop") -> httpx.Response:
        return await self.client.post(self.urls[to], content=body, headers=headers)


def addresses(sources: Sources) -> dict[str, str]:
    return {address.rpartition("/")[2]: address for address in sources.addresses}


@pytest.fixture
async def hooked(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hooked]:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    monkeypatch.setattr(world.app, "settings", world.app.settings.model_copy(update={"webhook_port": 0}))
    with serving(
        world, intake="[{webhook: shop}, {webhook: forge}]", connectors={"shop": SPEC, "forge": PLAIN}
    ) as served:
        sources = await served.sources()
        (server,) = sources.all
        stopped = asyncio.Event()
        watching = asyncio.create_task(server.watch(stopped))
        async with httpx.AsyncClient(trust_env=False) as client:
            yield Hooked(served, cast(Webhooks, server), client, addresses(sources))
        stopped.set()
        await watching


async def test_a_signed_message_is_one_arrival(hooked: Hooked) -> None:
    """A signed message is answered 2xx with its arrival, whatever it says it holds; sent again it is the same one."""
    reply = await hooked.post({**signed(), "Content-Type": "image/png"})
    assert (reply.status_code, reply.json()) == (200, {"arrival": "A-1"})
    again = await hooked.post(signed(ago_s=3))
    assert (again.status_code, again.json()) == (200, {"arrival": "A-1"})
    more = await hooked.post(signed(number="msg_2"))
    assert more.json() == {"arrival": "A-2"}
    assert await hooked.served.documents() == [BODY, BODY]
    assert await hooked.served.world.rows("select source, name from arrivals where id = 1") == [
        {"source": "webhook", "name": "shop-msg_1.json"}
    ]


FORGED: dict[str, dict[str, str]] = {
    "nothing is signed": {},
    "another secret": signed(secret=OTHER),
    "another body": signed(b'{"order": "4712"}'),
    "another id": signed(claimed="msg_9"),
    "another time": {**signed(), "webhook-timestamp": "1"},
    "no number for a time": {**signed(), "webhook-timestamp": "now"},
    "a huge time": {**signed(), "webhook-timestamp": "9" * 400},
    "an empty signature": {**signed(), "webhook-signature": "v1,"},
    "an asymmetric signature": {**signed(), "webhook-signature": signed()["webhook-signature"].replace("v1,", "v1a,")},
    "no base64": {**signed(), "webhook-signature": "v1,***"},
    "the signature without its version": {**signed(), "webhook-signature": signed()["webhook-signature"][3:]},
    "a huge id": signed(number="m" * 300),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_message_that_is_not_the_senders_is_refused(hooked: Hooked, name: str) -> None:
    """Whatever is not signed by the secret is 401 in problem details, and nothing of it is stored."""
    reply = await hooked.post(FORGED[name])
    assert reply.status_code == 401
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == 401
    assert await hooked.served.count() == 0


@pytest.mark.parametrize("ago_s", [310.0, -310.0])
async def test_an_old_message_is_refused(hooked: Hooked, ago_s: float) -> None:
    """A message that was signed outside the window, before or after, is refused although its signature fits."""
    assert (await hooked.post(signed(ago_s=ago_s))).status_code == 401
    assert (await hooked.post(signed(ago_s=ago_s * 0.9))).status_code == 200
    assert await hooked.served.count() == 1


async def test_secrets_are_exchanged_without_a_gap(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several signatures one has to fit; of several secrets of ours too, read anew for each message."""
    both = signed()
    both["webhook-signature"] = f"{signed(secret=OTHER)['webhook-signature']} {both['webhook-signature']}"
    assert (await hooked.post(both)).status_code == 200
    monkeypatch.setenv("SHOP_SECRET", f"{OTHER} {SECRET}")
    assert (await hooked.post(signed(number="msg_2", secret=OTHER))).status_code == 200
    monkeypatch.setenv("SHOP_SECRET", OTHER)
    assert (await hooked.post(signed(number="msg_3"))).status_code == 401
    many = signed(number="msg_4", secret=OTHER)
    many["webhook-signature"] = "v1,AAAA " * 200 + many["webhook-signature"]
    assert (await hooked.post(many)).status_code == 401
    assert await hooked.served.count() == 2


async def test_a_plain_hmac_is_checked(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """`scheme: hmac_sha256` takes the HMAC of the body in hex or base64; the same body again is the same arrival."""
    monkeypatch.setenv("SHOP_SECRET", "s3cret of the forge")
    digest = hmac.new(b"s3cret of the forge", BODY, hashlib.sha256)
    for value in (f"sha256={digest.hexdigest()}", digest.hexdigest(), base64.b64encode(digest.digest()).decode()):
        assert (await hooked.post({"X-Hub-Signature-256": value}, to="forge")).json() == {"arrival": "A-1"}
    for value in ("", "sha256=", f"sha256={digest.hexdigest()[:-1]}0g", digest.hexdigest()[:32], "sha256=" + "0" * 64):
        assert (await hooked.post({"X-Hub-Signature-256": value}, to="forge")).status_code == 401
    assert await hooked.served.count() == 1


async def test_what_is_too_large_is_refused_early(hooked: Hooked) -> None:
    """A body beyond the limit is 413 before it is read, also when it does not say how long it is."""
    host, port = httpx.URL(hooked.urls["shop"]).host, httpx.URL(hooked.urls["shop"]).port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"POST /webhooks/orders/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()

    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1024 * 1024

    for url in (hooked.urls["shop"], hooked.urls["shop"] + "p"):
        with contextlib.suppress(httpx.TransportError):
            async with asyncio.timeout(20):
                reply = await hooked.client.post(url, content=endless())
            assert reply.status_code in {413, 404}
    assert sent < 160
    assert await hooked.served.count() == 0


async def test_connections_that_say_nothing_hold_no_place(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connections send no whole head, or nothing after their first message, the next sender is heard."""
    monkeypatch.setattr(listening, "HEAD_S", 0.5)
    opened = [await asyncio.open_connection("127.0.0.1", hooked.server.port) for _ in range(webhook.AT_ONCE + 6)]
    for _, writer in opened[:20]:
        writer.write(b"POST /webhooks/orders/shop HTTP/1.1\r\nHost: x\r\nX-En")
    for reader, _ in opened:
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 10)
    assert (await hooked.post(signed())).status_code == 200
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=1)) as client:
        for number in ("msg_2", "msg_3"):
            kept = await client.post(hooked.urls["shop"], content=BODY, headers=signed(number=number))
            assert kept.status_code == 200
    for _, writer in opened:
        writer.close()


async def test_other_requests_are_told_apart(hooked: Hooked) -> None:
    """An unknown webhook is 404, another method 405, an empty message 400, all in problem details."""
    url = hooked.urls["shop"]
    replies = [
        await hooked.client.post(url.replace("shop", "shopp"), headers=signed(), content=BODY),
        await hooked.client.get(url),
        await hooked.post(signed(b""), b""),
        await hooked.client.get(url.partition("/webhooks")[0] + "/docs"),
    ]
    assert [reply.status_code for reply in replies] == [404, 405, 400, 404]
    assert {reply.headers["content-type"] for reply in replies} == {"application/problem+json"}
    assert await hooked.served.count() == 0


async def test_2xx_only_after_the_commit(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database does not take arrivals the sender hears 503, tries again, and then it is one arrival."""
    store = hooked.served.world.app.arrivals.store

    async def away(*_: object, **__: object) -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(hooked.served.world.app.arrivals, "store", away)
    reply = await hooked.post(signed())
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "database" not in reply.text
    monkeypatch.setattr(hooked.served.world.app.arrivals, "store", store)
    assert (await hooked.post(signed())).status_code == 200
    assert await hooked.served.count() == 1


async def test_a_secret_that_is_none_is_told_before_anything_is_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker does not start with a webhook whose secret is missing or not of its scheme, nor on a port in use."""
    with serving(world, intake="[{webhook: shop}]", connectors={"shop": SPEC}) as served:
        monkeypatch.delenv("SHOP_SECRET", raising=False)
        with pytest.raises(UserError, match="SHOP_SECRET"):
            await served.sources()
        monkeypatch.setenv("SHOP_SECRET", "not base64!")
        with pytest.raises(UserError, match="none of Standard Webhooks"):
            await served.sources()
        monkeypatch.setenv("SHOP_SECRET", SECRET)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            monkeypatch.setattr(world.app, "settings", world.app.settings.model_copy(update={"webhook_port": port}))
            with pytest.raises(UserError, match=f"port {port}") as caught:
                await served.sources()
        assert caught.value.code == "intake.port"


async def started(world: World, worker: WorkerProcess) -> str:
    """Returns the address that a worker prints once it takes webhooks."""

    async def told() -> bool:
        assert worker.process.poll() is None, worker.log.read_text()
        return "taking webhooks at" in worker.log.read_text()

    await world.until(told)
    found = re.search(r"taking webhooks at (\S+)", worker.log.read_text())
    assert found is not None
    return found[1]


async def test_a_kill_before_the_answer_is_one_arrival(world: World) -> None:
    """A worker that is killed while it stores a message has answered nothing; sent again it is one arrival."""
    url = world.app.settings.database_url
    assert url is not None
    with serving(world, intake="[{webhook: shop}]", connectors={"shop": SPEC}) as served:
        worker = served.start("--webhook-port", "0", SHOP_SECRET=SECRET)
        address = await started(world, worker)
        owner = await psycopg.AsyncConnection.connect(url.get_secret_value())
        async with httpx.AsyncClient(trust_env=False) as client:
            await owner.execute("lock table arrivals in exclusive mode")
            posting = asyncio.create_task(client.post(address, content=BODY, headers=signed()))

            async def waits() -> bool:
                return bool(await world.rows("select 1 from pg_locks where not granted"))

            await world.until(waits)
            await asyncio.to_thread(kill, worker)
            with pytest.raises(httpx.TransportError):
                await posting
            await owner.close()
            assert await served.count() == 0
            second = served.start("--webhook-port", "0", SHOP_SECRET=SECRET)
            address = await started(world, second)
            replies = [await client.post(address, content=BODY, headers=signed()) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [200, 200]
        assert replies[0].json() == replies[1].json()
        assert await served.count() == 1
        await world.until(world.at_rest)
        assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_two_workers_share_a_port(world: World) -> None:
    """Two workers on one machine take the messages of one port together, and each message is one arrival."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with serving(world, intake="[{webhook: shop}]", connectors={"shop": SPEC}) as served:
        workers = [served.start("--webhook-port", port, SHOP_SECRET=SECRET) for _ in range(2)]
        address, _ = [await started(world, worker) for worker in workers]

        async def send(number: int) -> int:
            # A connection each, as from many senders: the system deals them out.
            async with httpx.AsyncClient(trust_env=False) as client:
                reply = await client.post(address, content=BODY, headers=signed(number=f"msg_{number // 2}"))
            return reply.status_code

        assert set(await asyncio.gather(*(send(number) for number in range(40)))) == {200}
        assert await served.count() == 20
        kill(workers[0])
        assert await send(100) == 200
        assert await served.count() == 21

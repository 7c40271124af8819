"""The server of the console: on loopback, or with TLS or behind a trusted proxy, and it ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bridgehead.app import App
from bridgehead.clock import utc_now
from bridgehead.console.middleware.hosts import host_name
from bridgehead.console.serving import ConsoleServer, check_open, names_of, proxies_of
from bridgehead.errors import UserError
from bridgehead.settings import Settings
from tests.support.world import World

CODE = "async def agent(case, ctx):\n    return case.input['po']\n"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Writes a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=9))
        .sign(key, SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


@asynccontextmanager
async def running(app: App, **changed: object) -> AsyncIterator[str]:
    """Gives the address of a console with these settings, which ends with the block."""
    app.settings = app.settings.model_copy(update={"http_port": 0, **changed})
    server, stopped = ConsoleServer(app), asyncio.Event()
    server.prepare()
    serving = asyncio.create_task(server.watch(stopped))
    try:
        yield server.address
    finally:
        stopped.set()
        await asyncio.wait_for(serving, 20)


@pytest.mark.parametrize(
    "given",
    [
        {"http_host": "0.0.0.0"},
        {"http_host": "192.0.2.7", "public_url": "https://desk.example.com"},
        {"http_host": "0.0.0.0", "trusted_proxy": "10.0.0.1"},
        {"tls_cert": Path("/nowhere.pem"), "tls_key": Path("/nowhere.pem")},
        {"tls_cert": Path("/nowhere.pem")},
    ],
)
def test_beyond_loopback_it_takes_tls_or_a_proxy(settings: Settings, given: dict[str, object]) -> None:
    """The console does not start where others could read along, or under a name that nobody gave."""
    with pytest.raises(UserError) as refused:
        check_open(settings.model_copy(update=given))
    assert refused.value.code in {"console.open", "console.tls"}
    fitting = {"http_host": "0.0.0.0", "trusted_proxy": "10.0.0.0/24", "public_url": "https://desk.example.com"}
    check_open(settings.model_copy(update=fitting))


def test_it_answers_under_its_own_names(settings: Settings) -> None:
    """On loopback it goes by the names of this machine, and by the public one where that is set."""
    public = settings.model_copy(update={"public_url": "https://desk.example.com"})
    assert names_of(settings) == {"127.0.0.1", "localhost", "::1"}
    assert names_of(public) == names_of(settings) | {"desk.example.com"}
    assert [host_name(one) for one in ("LOCALHOST:1", "[::1]:80", "a@b", "a/b", "", "x:y:z")] == [
        "localhost", "::1", "", "", "", ""]  # fmt: skip
    with pytest.raises(UserError, match="TRUSTED_PROXY"):
        proxies_of(settings.model_copy(update={"trusted_proxy": "everybody"}))


async def test_tls_is_served_and_said(app: App, tmp_path: Path) -> None:
    """With a certificate it speaks TLS alone, and tells browsers to come by TLS from then on."""
    cert, key = certificate(tmp_path)
    async with running(app, tls_cert=cert, tls_key=key) as address:
        assert address.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(cert))
        trusting.check_hostname = False
        async with httpx.AsyncClient(verify=trusting) as client:
            found = await client.get(address + "sign-in")
        assert "max-age" in found.headers["strict-transport-security"]
        async with httpx.AsyncClient() as plain:
            with pytest.raises(httpx.HTTPError):
                await plain.get(address.replace("https", "http") + "sign-in")


async def test_a_trusted_proxy_names_the_client(app: App) -> None:
    """Behind a trusted proxy the scheme is the one that people use, so that cookies are theirs over TLS alone."""
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "Host": "desk.example.com"}
    changed = {"http_port": 0, "trusted_proxy": "127.0.0.1", "public_url": "https://desk.example.com"}
    app.settings = app.settings.model_copy(update=changed)
    server, stopped = ConsoleServer(app), asyncio.Event()
    assert server.address == "https://desk.example.com/"
    server.prepare()
    port = server._listening.getsockname()[1] if server._listening else 0
    serving = asyncio.create_task(server.watch(stopped))
    async with httpx.AsyncClient() as client:
        found = await client.get(f"http://127.0.0.1:{port}/sign-in", headers=sent)
    stopped.set()
    await serving
    assert found.status_code == 200
    assert "strict-transport-security" in found.headers
    assert "Secure" in found.headers["set-cookie"]


async def test_streams_end_with_the_server(app: App) -> None:
    """A page that listens does not keep the server from ending: its stream ends at once."""
    async with running(app) as address, httpx.AsyncClient() as client:
        assert (await client.get(address + "healthz")).text == "ok\n"
        assert (await client.get(address + "live?topics=reviews")).status_code == 401


class Serving:
    """``bridgehead serve`` in a process of its own."""

    def __init__(self, world: World, *arguments: str, **environment: str) -> None:
        told = {**os.environ, **world.environment(), "BRIDGEHEAD_HTTP_PORT": "0", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridgehead", "serve", str(world.place), *arguments],
            env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said = ""

    def until(self, pattern: str) -> str:
        """Reads what it says until a line fits; returns its first group."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if found := re.match(pattern, line):
                return found[1]
        raise AssertionError(self.said)

    def end(self) -> int:
        """Asks it to stop and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=30)
        self.said += rest
        return self.process.returncode


@pytest.mark.slow
async def test_serve_shows_the_console_beside_the_worker(world: World) -> None:
    """`serve` prints where the console is, answers there while it works, and ends with 0 when it is told to."""
    await world.deploy(CODE, tools="{}")
    await world.submit({"po": "PO-1"})
    serving = Serving(world)
    address = await asyncio.to_thread(serving.until, r"console at (\S+)")
    first = await asyncio.to_thread(serving.until, r"\s+(\S+first-run\?code=\S+)")
    assert first.startswith(address)
    async with httpx.AsyncClient() as client:
        assert (await client.get(address + "healthz")).status_code == 200
        assert (await client.get(address + "api/v1/cases")).status_code == 401
        assert (await client.get(first)).status_code == 200
    await world.until(world.at_rest, what="rest")
    assert await asyncio.to_thread(serving.end) == 0
    assert serving.said.endswith("stopped\n"), serving.said


@pytest.mark.slow
async def test_parts_of_serve_can_be_left_out(world: World) -> None:
    """`--no-worker` runs no case and `--no-console` opens no port; with both nothing would be left."""
    await world.deploy(CODE, tools="{}")
    await world.submit({"po": "PO-1"})
    web = Serving(world, "--no-worker")
    address = await asyncio.to_thread(web.until, r"console at (\S+)")
    async with httpx.AsyncClient() as client:
        assert (await client.get(address + "healthz")).status_code == 200
    worker = Serving(world, "--no-console", "--until-idle")
    said, _ = await asyncio.to_thread(worker.process.communicate, None, 60)
    assert worker.process.returncode == 0, said
    assert "console at" not in said
    assert [case["state"] for case in await world.cases()] == ["done"]
    assert await asyncio.to_thread(web.end) == 0
    nothing = Serving(world, "--no-worker", "--no-console")
    said, _ = await asyncio.to_thread(nothing.process.communicate, None, 60)
    assert nothing.process.returncode == 2, said

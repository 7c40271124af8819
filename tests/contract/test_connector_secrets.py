"""Secrets of connectors are nowhere but in the requests that need them: no recording, log, error, table or process."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridgehead.connectors.opening import open_connector
from bridgehead.errors import Failed
from tests.contract.test_connector_in_a_case import deploy, fault
from tests.support.http_server import Asked, Told, http_server
from tests.support.world import World
from tests.unit.erp.running import RunningErp

HERE = Path("tests/support/connectors")
WRONG = "marked-secret-that-is-wrong-4711"

TOKEN = "marked-token-0815"
STATIC = """\
connector: desk
kind: http
connection: {{url: "env:DESK_URL", timeout: 30s}}
retry: {{tries: 2, base: 0.01s}}
auth: {{{auth}}}
entities:
  ticket:
    key: id
    fields: {{id: {{from: id, type: code}}, age: {{from: age, type: integer}}}}
    reads: {{find: {{request: {{path: /tickets}}}}}}
"""
WAYS = {
    "basic": "basic: {user: desk, password: 'env:DESK_SECRET'}",
    "header": "api_key: {value: 'env:DESK_SECRET', header: X-Key}",
    "query": "api_key: {value: 'env:DESK_SECRET', query: key}",
    "bearer": "bearer: {token: 'file:secret.txt'}",
}
SECRET = "marked-secret-1234"
FORMS = (SECRET, "bWFya2VkLXNlY3JldC0xMjM0", "ZGVzazptYXJrZWQtc2VjcmV0LTEyMzQ")
"""The secret as it is, and in base64: alone, and as basic makes it of ``desk:SECRET``."""


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    running = RunningErp(tmp_path_factory.mktemp("erp"))
    running.start()
    yield running
    running.stop()


def watched(command: list[str], environment: dict[str, str]) -> tuple[int, bytes, bytes]:
    """Runs a command; returns its code, what it printed, and every command line of it and its children."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen: set[bytes] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            for place in Path("/proc").glob("[0-9]*"):
                try:
                    parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
                    if place.name == str(process.pid) or parent == str(process.pid):
                        seen.add((place / "cmdline").read_bytes())
                except OSError:
                    continue
            ended.wait(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        out, _ = process.communicate(timeout=60)
    finally:
        ended.set()
        watcher.join()
    return process.returncode, out, b"\n".join(seen)


def test_recording_and_testing_show_no_secret_anywhere(erp: RunningErp, tmp_path: Path) -> None:
    """With every log at DEBUG, neither the client's secret nor a token is in a file, an output or a process line."""
    spec = Path(shutil.copy(HERE / "erp.yaml", tmp_path / "erp.yaml"))
    loud = tmp_path / "loud.py"
    loud.write_text(
        "import logging, sys\n"
        "logging.basicConfig(level=logging.DEBUG, filename=sys.argv[1])\n"
        "from bridgehead.cli.application import main\n"
        "main(sys.argv[2:])\n",
        encoding="utf-8",
    )
    base = [sys.executable, str(loud), str(tmp_path / "all.log"), "connector"]
    issued = f"{erp.url}/oauth/token"
    environment = {**os.environ, "ERP_URL": erp.url, "ERP_TOKEN_URL": issued, "ERP_SECRET": erp.secret}
    told = b""
    for arguments in (
        ["record", str(spec), "find_customers", "number=C100"],
        ["record", str(spec), "find_orders", "customer=C100"],
        ["record", str(spec), "get_order", "order_number=none"],
        ["test", str(spec), "--json"],
    ):
        _, out, lines = watched([*base, *arguments], environment)
        told += out + lines
    code, out, _ = watched(
        [*base, "record", str(spec), "find_customers", "number=C200"], environment | {"ERP_SECRET": WRONG}
    )
    assert code == 1
    assert b"auth_expired" in out
    told += out
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "erp.recorded.yaml" in files
    assert b"httpcore" in files["all.log"]
    tokens = [
        line for name in files for line in files[name].splitlines() if b"Bearer " in line and b"stand-in" not in line
    ]
    assert not [line for line in tokens if b'realm="erp"' not in line]
    for secret in (erp.secret, WRONG):
        for name, content in {**files, "output": told}.items():
            assert secret.encode() not in content, name


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trouble", ["none", "echo", "html", "wrong_type", "wrong_text", "refused", "lost"])
async def test_no_error_and_no_log_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, way: str, trouble: str
) -> None:
    """However a call ends, even answered with the secret itself, neither its error nor any log shows it."""
    caplog.set_level(logging.DEBUG)
    seen: list[Asked] = []

    def answer(asked: Asked) -> Told:
        seen.append(asked)
        return {
            "none": Told(body=[{"id": "1", "age": 3}]),
            "echo": Told(400, body={"detail": f"the key {SECRET} is of another tenant"}),
            "html": Told(200, raw=f"<html>{SECRET}</html>".encode(), headers={"Content-Type": "text/html"}),
            "wrong_type": Told(body=[{"id": "1", "age": {"was": SECRET}}]),
            "wrong_text": Told(body=[{"id": "1", "age": SECRET}]),
            "refused": Told(401, body={"error": SECRET}),
            "lost": Told(end="reset"),
        }[trouble]

    (tmp_path / "secret.txt").write_text(SECRET + "\n", encoding="utf-8")
    (tmp_path / "secret.txt").chmod(0o600)
    (tmp_path / "desk.yaml").write_text(STATIC.format(auth=WAYS[way]), encoding="utf-8")
    async with http_server(answer) as server:
        monkeypatch.setenv("DESK_URL", server.url)
        monkeypatch.setenv("DESK_SECRET", SECRET)
        connector = open_connector(tmp_path / "desk.yaml")
        told = repr(connector) + repr(connector.wire)
        try:
            told += repr(await connector.read("find", {}))
        except Failed as failed:
            chain: BaseException | None = failed
            while chain is not None:
                told += f"{chain!r} {chain} {getattr(chain, 'hint', '')} {getattr(chain, 'attributes', '')}"
                chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
        await connector.aclose()
    sent = str([(asked.headers, asked.query) for asked in seen])
    assert any(form in sent for form in FORMS), "the secret never went out, so nothing is shown here"
    told += caplog.text
    assert not [form for form in FORMS if form in told]


async def test_no_journal_holds_a_secret(
    world: World, erp: RunningErp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A case that books over an expired token and a lost reply leaves no secret in its steps, tables or logs."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_ERP_URL", erp.url)
    monkeypatch.setenv("TEST_ERP_TOKEN_URL", f"{erp.url}/oauth/token")
    monkeypatch.setenv("TEST_ERP_SECRET", erp.secret)
    for mode in ("expire_tokens", "lose_reply"):
        fault(erp, mode, "/orders/import", "POST")
    await deploy(world)
    await world.submit({"po": "4711"})
    await world.settle(timeout_s=40)
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
    tables = await world.rows("select tablename from pg_tables where schemaname = 'public'")
    assert "steps" in [table["tablename"] for table in tables]
    told = caplog.text
    for table in tables:
        told += str(await world.rows(f'select t::text from "{table["tablename"]}" t'))
    for command in (["case", "C-1", "--json"], ["explain", "C-1"]):
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "bridgehead", *command],
            env=world.environment(), capture_output=True, check=True,
        )  # fmt: skip
        told += done.stdout.decode()
    assert "SO-" in told
    assert "orders_of" in told
    assert erp.secret not in told
    assert not re.findall(r"Bearer (?!realm=)", told)

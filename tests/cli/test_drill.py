"""``bridgehead drill proxy`` as a command: it tells its URL, does what its script says, and reports it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import httpx
import pytest

from bridgehead.cli.application import run
from tests.support.http_server import Told, http_server

SCRIPT = """
rules:
  - name: overloaded
    do: {fault: answer, status: 503, retry_after: 2}
    when: {nth: [1]}
  - name: never
    do: {fault: html}
    when: {path: /nowhere}
"""


async def test_it_stands_before_a_system_and_says_what_it_did(tmp_path: Path) -> None:
    """The command prints its URL, strikes as its script says, and at the end names the rule that never struck."""
    script, record = tmp_path / "faults.yaml", tmp_path / "done.jsonl"
    script.write_text(SCRIPT)
    async with http_server(lambda _: Told(body={"ok": True})) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bridgehead", "drill", "proxy", "--upstream", server.url),
            *("--script", str(script), "--record", str(record)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            url = (await process.stdout.readline()).decode().strip()
            async with httpx.AsyncClient(base_url=url) as client:
                codes = [(await client.get("/")).status_code for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            said = (await asyncio.wait_for(process.communicate(), 20))[1].decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert url.startswith("http://127.0.0.1:")
    assert codes == [503, 200, 200]
    assert process.returncode == 0
    assert "overloaded: 1" in said
    assert "never: 0  (never struck" in said
    assert [json.loads(line)["rule"] for line in record.read_text().splitlines()] == ["overloaded"]


@pytest.mark.parametrize(
    "arguments,said",
    [
        (["--listen", "0.0.0.0:0"], "--anywhere"),
        (["--listen", "127.0.0.1"], "Write it like"),
        (["--script", "absent.yaml"], "cannot be read"),
        (["--record", "absent/done.jsonl"], "folder that exists"),
    ],
)
def test_wrong_use_is_refused_before_anything_listens(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other addresses than loopback, and files that are not there, are refused with what to do."""
    assert run(["drill", "proxy", "--upstream", "http://127.0.0.1:1", *arguments]) == 2
    assert said in capsys.readouterr().err

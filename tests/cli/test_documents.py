from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest

from bridgehead.cli.application import run
from bridgehead.documents.__main__ import main
from bridgehead.models import Asked, Fault, Reply, ScriptedServer, Usage
from tests.cli.calls import Done, shell
from tests.unit.documents.pointing import Pointed, answer, mail

PROSE = mail(
    "our order 4711-23: of the gaskets we had last time (your AB-1200) 12 would do,",
    "and the flange AB-77, of these send 4.",
)
CERTAIN = mail("Purchase order 4711-25", "", "10 pcs AB-1200 at 3.20 EUR", "", "Total 32.00 EUR")


def filled(asked: Asked) -> Reply:
    """Answers about the prose."""
    document = cast("list[dict[str, str]]", asked.body["messages"])[1]["content"]
    items: list[dict[str, Pointed]] = [
        {"supplier_part": "AB-1200", "quantity": "12"},
        {"supplier_part": "AB-77", "quantity": (3, "4")},
    ]
    return Reply(output=answer(document, {"po_number": "4711-23"}, items), usage=Usage(700, 90))


def rows(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """Returns a folder with a mail that the rules read, one that they do not, and an empty file."""
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "certain.eml").write_bytes(CERTAIN)
    (folder / "prose.eml").write_bytes(PROSE)
    (folder / "z.txt").write_bytes(b"")
    return folder


def test_without_a_model_both_commands_print_the_same(mails: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """P3: the same objects in the same order, with the same exit code."""
    assert main(["read", str(mails)]) == 1
    first = capsys.readouterr()
    assert run(["documents", "read", str(mails)]) == 1
    second = capsys.readouterr()
    assert second.out == first.out != ""
    assert second.err == ""
    assert run(["documents", "read", "--brief", str(mails / "certain.eml")]) == 0
    assert capsys.readouterr().out.count("\n") == 1


async def test_a_model_fills_in_what_the_rules_refused(mails: Path) -> None:
    """One document of three needs a model; what was asked and spent is told beside the output, not in it."""
    async with ScriptedServer(filled) as server:
        done = await asyncio.to_thread(
            shell, mails, {"MODEL_KEY": "k-secret-1"},
            "documents", "read", mails, "--model", server.url, "--model-name", "small", "--model-key", "env:MODEL_KEY",
        )  # fmt: skip
    assert done.code == 1, done
    found = {Path(row["file"]).name: row for row in rows(done)}
    assert [row["status"] for row in found.values()] == ["order", "order", "refused"]
    assert [line["quantity"] for line in found["prose.eml"]["order"]["lines"]] == ["12", "4"]
    assert "a model alone read this order" in found["prose.eml"]["reason"]
    assert found["certain.eml"]["reason"] == ""
    assert "asked about 1 of 3 documents: it changed 1 readings" in done.err
    assert "700 tokens in, 90 out" in done.err
    assert len(server.requests) == 1
    assert "k-secret-1" not in done.out + done.err


async def test_a_model_that_fails_is_told_and_changes_nothing(mails: Path) -> None:
    """The output is that of the rules, and standard error says what the model did."""
    alone = await asyncio.to_thread(shell, mails, {}, "documents", "read", mails)
    async with ScriptedServer(lambda _: Fault("status", code=500)) as server:
        done = await asyncio.to_thread(
            shell, mails, {}, "documents", "read", mails, "--model", server.url, "--model-name", "small"
        )
    assert (done.code, done.out) == (alone.code, alone.out)
    assert "prose.eml: read by rules alone: transient: " in done.err


@pytest.mark.parametrize(
    "flags,code",
    [
        (["none.eml"], "input.path"),
        (["--model-name", "small", "."], "input.use"),
        (["--model", "http://127.0.0.1:9/v1", "."], "input.use"),
        (["--model", "127.0.0.1:9", "--model-name", "small", "."], "model.url"),
        (["--model", "http://127.0.0.1:9/v1", "--model-name", "small", "--model-key", "sk-123", "."], "model.key"),
        (["--model", "http://127.0.0.1:9/v1", "--model-name", "s", "--model-key", "env:NO_SUCH", "."], "model.key"),
    ],
)
def test_wrong_use_is_told_before_anything_is_read(
    flags: list[str], code: str, mails: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path or a model that cannot be meant exits with 2, prints nothing, and repeats no key."""
    monkeypatch.chdir(mails)
    assert run(["documents", "read", *flags]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"({code})" in printed.err
    assert "sk-123" not in printed.err

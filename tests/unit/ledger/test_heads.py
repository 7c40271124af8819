from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from bridgehead.errors import UserError
from bridgehead.ledger.chain import EMPTY, Head
from bridgehead.ledger.heads import export_heads, read_heads
from tests.unit.ledger.chains import START

HEADS = {"C-2": Head(7, b"\x02" * 32), "C-10": Head(1, b"\x0a" * 32), "D-orders": Head(3, b"\xff" * 32)}
HEADER = '{"at":"2026-03-01T09:30:00+00:00","chains":%d,"format":"bridgehead-heads","v":1}\n'
LINE = '{"chain":"C-1","hash":"' + "ab" * 32 + '","seq":4}\n'


def test_exported_heads_read_back(tmp_path: Path) -> None:
    """What is exported reads back equal; chains without a row are left out."""
    path = tmp_path / "heads.jsonl"
    digest = export_heads(path, {**HEADS, "C-3": EMPTY}, at=START)
    assert read_heads(path) == HEADS
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.read_text().startswith(HEADER % 3)
    assert [each.name for each in tmp_path.iterdir()] == ["heads.jsonl"]


def test_no_heads_are_an_export_too(tmp_path: Path) -> None:
    """An empty ledger exports and reads back as empty."""
    export_heads(tmp_path / "heads", {}, at=START)
    assert read_heads(tmp_path / "heads") == {}


def test_an_older_export_is_never_overwritten(tmp_path: Path) -> None:
    """A path that is taken is refused and its content stays."""
    path = tmp_path / "heads"
    path.write_text("evidence")
    with pytest.raises(UserError, match="exists already"):
        export_heads(path, HEADS, at=START)
    assert path.read_text() == "evidence"
    assert [each.name for each in tmp_path.iterdir()] == ["heads"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """An export that cannot be written says so and leaves nothing behind."""
    with pytest.raises(UserError) as caught:
        export_heads(tmp_path / "none" / "heads", HEADS, at=START)
    assert caught.value.code == "export.path"


def test_an_export_needs_a_time_with_its_zone(tmp_path: Path) -> None:
    """An export never states a time that could mean several moments."""
    with pytest.raises(ValueError, match="zone"):
        export_heads(tmp_path / "heads", {}, at=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    "text, line, code",
    [
        ("", 1, "export.malformed"),
        ("\n", 1, "export.malformed"),
        ("[]\n", 1, "export.malformed"),
        (LINE, 1, "export.malformed"),
        (HEADER.replace('"v":1', '"v":2') % 0, 0, "export.version"),
        (HEADER.replace("%d", '"1"') + LINE, 1, "export.malformed"),
        (HEADER.replace("%d", "-1"), 1, "export.malformed"),
        (HEADER % 2 + LINE, 2, "export.malformed"),
        (HEADER % 0 + LINE, 2, "export.malformed"),
        (HEADER % 1 + LINE[:-9], 2, "export.malformed"),
        (HEADER % 2 + LINE + LINE, 3, "export.malformed"),
        (HEADER % 1 + LINE + "\n", 3, "export.malformed"),
        (HEADER % 1 + LINE.replace("ab", "AB"), 2, "export.malformed"),
        (HEADER % 1 + LINE.replace("ab" * 32, "ab" * 31), 2, "export.malformed"),
        (HEADER % 1 + LINE.replace("4", "0"), 2, "export.malformed"),
        (HEADER % 1 + LINE.replace("4", "true"), 2, "export.malformed"),
        (HEADER % 1 + LINE.replace('"C-1"', "1"), 2, "export.malformed"),
        (HEADER % 1 + "[" * 100_000, 2, "export.malformed"),
        (HEADER % 1 + "\x00", 2, "export.malformed"),
    ],
)
def test_a_malformed_export_is_refused_by_line(tmp_path: Path, text: str, line: int, code: str) -> None:
    """Nothing in an export is guessed or passed over: the error names the line and what was expected."""
    path = tmp_path / "heads"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_heads(path)
    assert caught.value.code == code
    assert caught.value.hint
    if line:
        assert caught.value.attributes["line"] == line
        assert f"line {line}: expected" in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"\x89PNG\r\n"])
def test_a_missing_or_binary_export_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A path without a file and a file without text are refused by name."""
    path = tmp_path / "heads"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match="heads"):
        read_heads(path)

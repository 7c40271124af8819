from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from bridgehead.documents.__main__ import main
from bridgehead.documents.isolated import Isolated

KEYS = {"file", "format", "status", "kind", "reason", "order"}
ORDER = b"PO number,Part,Quantity,Unit,Price\nPO-1,AB-100,5,EA,2.50\nPO-1,AB-200,3,EA,1.10\n"


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(set(row) == KEYS for row in found)
    return found


def test_every_file_of_a_folder_has_its_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """P3: each file gives one object per order or one that says why not, in the order of their names."""
    (tmp_path / "a.csv").write_bytes(ORDER)
    (tmp_path / "b.txt").write_bytes(b"")
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "two.csv").write_bytes(ORDER + b"PO-2,AB-100,7,EA,2.50\n")
    os.mkfifo(tmp_path / "pipe")
    assert main(["read", str(tmp_path), str(tmp_path / "pipe")]) == 1
    found = rows(capsys)
    assert [(Path(str(row["file"])).name, row["status"], row["kind"]) for row in found] == [
        ("a.csv", "order", "order"),
        ("b.txt", "refused", "empty"),
        ("c.png", "refused", "image"),
        ("two.csv", "order", "order"),
        ("two.csv", "order", "order"),
        ("pipe", "refused", "file"),
    ]
    order = found[0]["order"]
    assert isinstance(order, dict)
    assert order["po_number"] == "PO-1"
    assert [line["quantity"] for line in order["lines"]] == ["5", "3"]


def test_what_names_nothing_is_an_error_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that is not there exits with 2 and says so, before anything is read."""
    assert main(["read", str(tmp_path / "no.csv")]) == 2
    printed = capsys.readouterr()
    assert (printed.out, "no such file" in printed.err) == ("", True)


def test_a_name_cannot_forge_a_line_of_the_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of names and reasons do not reach the terminal."""
    (tmp_path / "x\n\x1b[31m.csv").write_bytes(ORDER)
    assert main(["read", "--brief", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_document_that_takes_too_long_is_refused() -> None:
    """No document holds up the next one: past its time it is refused, and another process reads on."""
    with Isolated(time_s=0.001) as reader:
        (row,) = reader.read(ORDER, "a.csv")
        assert (row["status"], row["kind"], row["format"]) == ("refused", "reader.lost", "csv")
        reader._time_s = 20.0
        assert reader.read(ORDER, "a.csv")[0]["status"] == "order"


def test_a_process_that_dies_costs_the_next_document_nothing() -> None:
    """A reading process killed from outside is replaced, and the document that met its end is read."""
    with Isolated() as reader:
        assert reader.read(ORDER, "a.csv")[0]["status"] == "order"
        assert reader._child is not None
        reader._child.send_signal(signal.SIGKILL)
        reader._child.wait()
        assert reader.read(ORDER, "a.csv")[0]["status"] == "order"


def test_a_document_that_kills_its_process_is_refused() -> None:
    """A process that cannot live within its memory refuses the document instead of raising."""
    with Isolated(memory=30_000_000) as reader:
        (row,) = reader.read(b"x" * 20_000_000, "a.csv")
    assert (row["status"], row["kind"]) == ("refused", "reader.lost")

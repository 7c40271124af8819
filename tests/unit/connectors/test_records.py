from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead.connectors.records import read_records
from bridgehead.errors import UserError

WANTED = [{"po": "P-1", "total": "5"}, {"po": "P-2", "total": "7"}]


@pytest.mark.parametrize(
    "text",
    [
        '[{"po": "P-1", "total": "5"}, {"po": "P-2", "total": "7"}]',
        '\ufeff{"as_of": 1, "items": [{"po": "P-1", "total": "5"}, {"po": "P-2", "total": "7"}]}',
        '{"po": "P-1", "total": "5"}\n\n{"po": "P-2", "total": "7"}\n',
        "po;total\nP-1;5\nP-2;7\n",
        "po\ttotal\r\nP-1\t5\r\nP-2\t7\r\n",
        'po,total,note\n"P-1",5,\nP-2,7,\n',
    ],
    ids=["list", "only list", "lines", "semicolons", "tabs", "quotes"],
)
def test_each_form_gives_the_same_records(tmp_path: Path, text: str) -> None:
    """JSON, JSON lines and CSV of the same bookings are the same bookings; an empty cell is an absent field."""
    file = tmp_path / "bookings"
    file.write_text(text)
    assert read_records(file) == WANTED


def test_records_lie_where_they_are_said_to_lie(tmp_path: Path) -> None:
    """Paths name the list in a document and the record in each entry."""
    file = tmp_path / "books.json"
    file.write_text('{"a": {"b": [{"order": {"po": "P-1"}}]}, "c": []}')
    assert read_records(file, rows="a.b", record="order") == [{"po": "P-1"}]


@pytest.mark.parametrize(
    "text, said",
    [
        ("[1, 2]", "entry 1 is no object"),
        ('{"po": 1}\n{"po"', "line 2 is no JSON"),
        ("po,po\n1,2\n", "is no header"),
        ("po,total\n1,2,3\n", "line 2 has 3 cells"),
        ('po,total\n"1,2\n', "line"),
        ("[" * 100_000, "is no JSON"),
        ("[", "is no JSON"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """A file that is no list of objects is refused whole, naming the line or entry."""
    file = tmp_path / "bookings"
    file.write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        read_records(file)
    assert caught.value.code == "records.malformed"


def test_other_bytes_and_paths_are_refused(tmp_path: Path) -> None:
    """Text in another encoding, and a path that holds no list, are refused."""
    file = tmp_path / "bookings"
    file.write_bytes(b"po\n\xff\n")
    with pytest.raises(UserError, match="byte 3 is not UTF-8"):
        read_records(file)
    file.write_text('{"a": 1}')
    with pytest.raises(UserError, match="no list at 'a'"):
        read_records(file, rows="a")

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridgehead.connectors import folder as watched
from bridgehead.connectors.folder import FolderIntake
from bridgehead.errors import Unavailable, UserError


@dataclass
class Outside:
    """Arrivals as they are stored elsewhere: the same name and content is one arrival."""

    stored: dict[tuple[str, bytes], str] = field(default_factory=dict)
    calls: int = 0
    fails: Exception | None = None
    meanwhile: Path | None = None

    async def store(self, name: str, document: bytes) -> str:
        self.calls += 1
        if self.fails is not None:
            raise self.fails
        number = self.stored.setdefault((name, document), f"A-{len(self.stored) + 1}")
        if self.meanwhile is not None:
            self.meanwhile.write_bytes(b"another document")
        return number


class Clock:
    """A boot clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Gives the watcher's clock."""
    clock = Clock()
    monkeypatch.setattr(watched, "boot_s", clock)
    return clock


@pytest.fixture
def outside() -> Outside:
    """Gives the store."""
    return Outside()


@pytest.fixture
def intake(tmp_path: Path, clock: Clock, outside: Outside) -> FolderIntake:
    """Gives a watched folder."""
    intake = FolderIntake(tmp_path / "in", outside.store, max_mb=1)
    intake.prepare()
    return intake


async def later(intake: FolderIntake, clock: Clock) -> None:
    """Looks, lets the settling time pass, and looks again."""
    await intake.look()
    clock.now += 2.0
    await intake.look()


def left(intake: FolderIntake) -> list[str]:
    """Returns what lies in the folder itself."""
    return sorted(entry.name for entry in intake.folder.iterdir() if not entry.is_dir())


async def test_a_file_is_stored_and_moved_away(intake: FolderIntake, clock: Clock, outside: Outside) -> None:
    """A file that stands still becomes an arrival, and lies in done under its number."""
    (intake.folder / "order.eml").write_bytes(b"one")
    await intake.look()
    assert (outside.calls, intake.pending) == (0, 1)
    clock.now += 2.0
    await intake.look()
    assert outside.stored == {("order.eml", b"one"): "A-1"}
    assert (intake.folder / "done" / "A-1_order.eml").read_bytes() == b"one"
    assert (left(intake), intake.pending, intake.taken) == ([], 0, 1)


async def test_a_file_that_grows_is_left_alone(intake: FolderIntake, clock: Clock, outside: Outside) -> None:
    """A file that changed between two looks has to stand still anew."""
    file = intake.folder / "order.eml"
    file.write_bytes(b"half")
    await intake.look()
    clock.now += 1.9
    file.write_bytes(b"half and half")
    await intake.look()
    clock.now += 1.9
    await intake.look()
    assert outside.calls == 0
    clock.now += 0.1
    await intake.look()
    assert list(outside.stored) == [("order.eml", b"half and half")]


@pytest.mark.parametrize("name", [".order.eml", "order.eml.part", "order.tmp", "order.partial", "order~"])
async def test_unfinished_names_are_never_taken(
    intake: FolderIntake, clock: Clock, outside: Outside, name: str
) -> None:
    """A name that says the file is unfinished is left alone, however long it stands still."""
    (intake.folder / name).write_bytes(b"half")
    await later(intake, clock)
    assert (outside.calls, left(intake), intake.pending) == (0, [name], 0)


async def test_a_crash_between_storing_and_moving_doubles_nothing(
    intake: FolderIntake, clock: Clock, outside: Outside, tmp_path: Path
) -> None:
    """A file that was stored and not moved is stored again as the same arrival, and moved then."""
    (intake.folder / "order.eml").write_bytes(b"one")
    await outside.store("order.eml", b"one")
    another = FolderIntake(intake.folder, outside.store, max_mb=1)
    await later(another, clock)
    assert list(outside.stored.values()) == ["A-1"]
    assert (intake.folder / "done" / "A-1_order.eml").exists()


async def test_nothing_moves_while_the_database_is_away(intake: FolderIntake, clock: Clock, outside: Outside) -> None:
    """A file that could not be stored stays where it is and is taken when the database is back."""
    (intake.folder / "order.eml").write_bytes(b"one")
    outside.fails = Unavailable("away")
    with pytest.raises(Unavailable):
        await later(intake, clock)
    assert left(intake) == ["order.eml"]
    outside.fails = None
    await intake.look()
    assert (left(intake), len(outside.stored)) == ([], 1)


async def test_a_file_replaced_while_it_is_stored_is_not_lost(
    intake: FolderIntake, clock: Clock, outside: Outside
) -> None:
    """What replaces a file after it was read is another document, which stays and is taken in its turn."""
    file = intake.folder / "order.eml"
    file.write_bytes(b"one")
    outside.meanwhile = file
    await later(intake, clock)
    assert (left(intake), intake.taken) == (["order.eml"], 0)
    outside.meanwhile = None
    await later(intake, clock)
    assert {document for _, document in outside.stored} == {b"one", b"another document"}
    assert left(intake) == []


async def test_what_is_no_document_is_moved_with_the_reason(
    intake: FolderIntake, clock: Clock, outside: Outside
) -> None:
    """Empty and oversized files end in refused, each with its reason, and none replaces another."""
    for content in (b"", b"x" * (1024 * 1024 + 1)):
        (intake.folder / "order.eml").write_bytes(content)
        await later(intake, clock)
    refused = intake.folder / "refused"
    assert sorted(entry.name for entry in refused.iterdir()) == [
        "2_order.eml",
        "2_order.eml.reason.txt",
        "order.eml",
        "order.eml.reason.txt",
    ]
    assert "is empty" in (refused / "order.eml.reason.txt").read_text()
    assert "larger than 1 MiB" in (refused / "2_order.eml.reason.txt").read_text()
    assert (outside.calls, left(intake)) == (0, [])


async def test_no_link_is_followed(intake: FolderIntake, clock: Clock, outside: Outside, tmp_path: Path) -> None:
    """Links, folders and pipes are no arrivals: whoever may write here must not make others' files readable."""
    (tmp_path / "secret").write_bytes(b"secret")
    (intake.folder / "link").symlink_to(tmp_path / "secret")
    (intake.folder / "folder").mkdir()
    await later(intake, clock)
    assert (outside.calls, intake.pending) == (0, 0)


async def test_two_workers_share_a_folder(intake: FolderIntake, clock: Clock, outside: Outside) -> None:
    """A file that another worker took between two looks is no error and is stored once."""
    other = FolderIntake(intake.folder, outside.store, max_mb=1)
    (intake.folder / "order.eml").write_bytes(b"one")
    await intake.look()
    await other.look()
    clock.now += 2.0
    await other.look()
    await intake.look()
    assert (len(outside.stored), other.taken, intake.taken) == (1, 1, 0)


async def test_a_long_name_fits(intake: FolderIntake, clock: Clock, outside: Outside) -> None:
    """A name as long as a name can be is moved all the same."""
    (intake.folder / ("n" * 255)).write_bytes(b"one")
    await later(intake, clock)
    assert (left(intake), intake.taken) == ([], 1)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path, outside: Outside) -> None:
    """An intake folder whose place is taken by a file is refused when the worker starts."""
    (tmp_path / "in").touch()
    with pytest.raises(UserError, match="cannot be used"):
        FolderIntake(tmp_path / "in", outside.store, max_mb=1).prepare()


async def test_files_with_long_names_never_take_each_others_place(
    intake: FolderIntake, clock: Clock, outside: Outside
) -> None:
    """P3: two documents that came under one long name are both kept: the arrival's number stays in the name."""
    for content in (b"one", b"two"):
        (intake.folder / ("n" * 250 + ".pdf")).write_bytes(content)
        await later(intake, clock)
    kept = sorted((intake.folder / "done").iterdir())
    assert [file.name.partition("_")[0] for file in kept] == ["A-1", "A-2"]
    assert [file.read_bytes() for file in kept] == [b"one", b"two"]
    assert all(file.name.endswith(".pdf") for file in kept)
    assert len(outside.stored) == 2


async def test_a_folder_that_was_cleared_away_is_made_again(intake: FolderIntake, clock: Clock) -> None:
    """P3: somebody who clears away `done` does not stop the intake."""
    (intake.folder / "done").rmdir()
    (intake.folder / "order").write_bytes(b"one")
    await later(intake, clock)
    assert [file.name for file in (intake.folder / "done").iterdir()] == ["A-1_order"]


async def test_what_is_no_file_is_named_once(
    intake: FolderIntake, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """P3: a link, a pipe or a folder that will never be read is named in the log, once."""
    (intake.folder / "archive").mkdir()
    (intake.folder / "link").symlink_to("nowhere")
    os.mkfifo(intake.folder / "pipe")
    await later(intake, clock)
    await later(intake, clock)
    assert sorted(Path(record.message.partition(":")[0]).name for record in caplog.records) == [
        "archive",
        "link",
        "pipe",
    ]

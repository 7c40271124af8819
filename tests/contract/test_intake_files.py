from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from bridgehead.connectors.files_watch import FilesWatch
from bridgehead.errors import Unavailable
from tests.support.intake import Served, serving
from tests.support.world import World

SPEC = """
connector: drop
kind: files
connection: {{url: "{folder}"}}
intake: {{folder: {{path: orders, pattern: "*.txt", every: 1s}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "drop" / "orders"
    place.mkdir(parents=True)
    return place


@pytest.fixture
def served(world: World, folder: Path) -> Iterator[Served]:
    spec = SPEC.format(folder=folder.parent)
    with serving(world, intake="[{files: drop}]", connectors={"drop": spec}) as made:
        yield made


async def watch(served: Served) -> FilesWatch:
    (source,) = (await served.sources()).all
    return cast(FilesWatch, source)


async def look(source: FilesWatch, times: int = 2) -> None:
    for _ in range(times):
        await source.look(asyncio.Event())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.exists() else []


async def test_files_become_arrivals(served: Served, folder: Path) -> None:
    """Files of the pattern are taken once they stand still and moved to `done`; all others stay where they are."""
    for name in ("one.txt", "two.txt.part", "three.csv", ".four.txt"):
        (folder / name).write_text(name)
    (folder / "link.txt").symlink_to(folder / "one.txt")
    await asyncio.to_thread(served.until_idle)
    assert await served.documents() == [b"one.txt"]
    assert names(folder / "done") == ["A-1_one.txt"]
    assert names(folder) == [".four.txt", "three.csv", "two.txt.part"]
    assert (folder / "link.txt").is_symlink()
    (row,) = await served.world.rows("select source, name from arrivals")
    assert row == {"source": "files", "name": "one.txt"}


async def test_a_file_that_is_written_is_left_alone(served: Served, folder: Path) -> None:
    """A file that grew since the last look is not taken before it stands still."""
    source = await watch(served)
    for text in ("o", "or", "ord"):
        (folder / "one.txt").write_text(text)
        await look(source, 1)
        assert await served.count() == 0
    assert source.pending == 1
    await look(source, 1)
    assert (await served.documents(), source.pending) == ([b"ord"], 0)


async def test_no_file_is_moved_before_its_arrival_is_committed(
    served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database takes no arrivals files stay; a file whose move was lost is the same arrival again."""
    (folder / "one.txt").write_text("one")
    source = await watch(served)
    store = served.world.app.arrivals.store

    async def away(*_: object, **__: object) -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(served.world.app.arrivals, "store", away)
    with pytest.raises(Unavailable):
        await look(source)
    assert names(folder) == ["one.txt"]
    monkeypatch.setattr(served.world.app.arrivals, "store", store)
    await look(source)
    (folder / "done" / "A-1_one.txt").rename(folder / "one.txt")
    await look(source)
    assert (await served.documents(), names(folder / "done")) == ([b"one"], ["A-1_one.txt"])


async def test_a_file_that_is_no_document_goes_to_a_person(
    served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty or too large file is moved to `refused`, and a person is told where it lies."""
    (folder / "empty.txt").write_text("")
    (folder / "large.txt").write_bytes(b"x" * (1024 * 1024 + 1))
    await asyncio.to_thread(served.until_idle, BRIDGEHEAD_MAX_DOCUMENT_MB="1")
    assert names(folder / "refused") == ["A-1_empty.txt", "A-2_large.txt"]
    shown = " ".join(str(review.shown) for review in await served.world.reviews())
    assert "The file is empty" in shown
    assert "larger than 1 MiB" in shown
    assert (await served.documents())[1] == b"large.txt (1048577 bytes) lies in refused of drop."
    assert await served.world.cases() == []

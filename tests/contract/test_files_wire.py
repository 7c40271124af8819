"""Files as a system of record, each promise on a local folder, on a real SFTP server and on object storage."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from bridgehead.clock import utc_now
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.files_wire import FilesWire
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.stores import StoreFolder, Threads
from bridgehead.errors import Failed, Mismatch, UserError
from tests.support.http_server import Told, http_server
from tests.support.object_storage import REGION, ObjectStorage, storage
from tests.support.sftp_server import SftpServer, sftp

__all__ = ["sftp", "storage"]

SPEC = """
connector: drop
kind: files
connection: {{url: "{url}", timeout: 20s{tls}}}
{auth}
entities:
  price:
    key: [item, file]
    fields:
      item: {{from: Artikel, type: code}}
      net: {{from: Preis, type: money, currency: EUR, decimal: comma}}
      file: "@file"
    reads:
      prices:
        params: {{article: code?}}
        file: {{path: prices.csv, format: csv, encoding: cp1252, delimiter: ";"}}
        where: {{item: "{{article}}"}}
      listed_prices:
        params: {{country: code}}
        file: {{path: "lists/{{country}}-*.csv", format: csv, delimiter: ";"}}
  confirmation:
    key: number
    fields:
      number: {{type: code}}
      total: {{type: decimal}}
      lines: {{type: list, fields: {{item: {{type: code}}}}}}
    reads:
      confirmation:
        params: {{number: code}}
        file: {{path: "out/{{number}}.json", format: json}}
actions:
  confirm:
    effect: reversible
    params: {{number: code, total: decimal, lines: [{{item: code}}]}}
    key: number
    lookup: {{read: confirmation, with: {{number: "{{number}}"}}, same: {{total: "{{total}}", lines: "{{lines}}"}}}}
    file:
      path: "out/{{number}}.json"
      format: json
      content: {{number: "{{number}}", total: "{{total}}", lines: {{each: lines, do: {{item: "{{item.item}}"}}}}}}
    result: {{read: confirmation, with: {{number: "{{number}}"}}}}
    undo: {{action: withdraw, with: {{number: "{{number}}", total: "{{total}}", lines: "{{lines}}"}}}}
  withdraw:
    effect: irreversible
    params: {{number: code, total: decimal, lines: [{{item: code}}]}}
    key: number
    file:
      path: "out/{{number}}.json"
      format: json
      content: {{number: "{{number}}", total: "{{total}}", lines: {{each: lines, do: {{item: "{{item.item}}"}}}}}}
      remove: true
    result: {{fields: {{path: path}}}}
"""
ORDER = {"number": "B-7", "total": "12.50", "lines": [{"item": "0815"}]}
PRICES = "Artikel;Preis\r\n0815;1.234,50\r\nGrün;0,99\r\n".encode("cp1252")


@dataclass(frozen=True, slots=True)
class Place:
    """Files somewhere: the connector over them, and a way around it."""

    connector: Connector
    put: Callable[[str, bytes], None]
    get: Callable[[str], bytes | None]


def in_folder(root: Path) -> tuple[Callable[[str, bytes], None], Callable[[str], bytes | None]]:
    def put(path: str, content: bytes) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)

    def get(path: str) -> bytes | None:
        return (root / path).read_bytes() if (root / path).exists() else None

    return put, get


def opened(tmp_path: Path, url: str, *, tls: str = "", auth: str = "") -> Connector:
    path = tmp_path / "drop.yaml"
    path.write_text(SPEC.format(url=url, tls=tls, auth=auth), encoding="utf-8")
    return open_connector(path)


def over_sftp(tmp_path: Path, server: SftpServer, known: Path | None = None) -> Connector:
    tls = f', tls: {{ca: "{known or server.known_hosts}", key: "file:{server.key}"}}'
    return opened(tmp_path, server.place, tls=tls)


def over_s3(tmp_path: Path, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch, secret: str = "") -> Connector:
    monkeypatch.setenv("S3_KEY", storage.credentials.access_key)
    monkeypatch.setenv("S3_SECRET", secret or storage.credentials.secret_key)
    auth = "auth: {basic: {user: env:S3_KEY, password: env:S3_SECRET}}"
    return opened(tmp_path, f"{storage.place}/{tmp_path.name}?region={REGION}", auth=auth)


@pytest.fixture(params=["folder", "sftp", "s3"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    """Gives an empty place of each kind."""
    root = tmp_path / "root"
    root.mkdir()
    if request.param == "folder":
        made = Place(opened(tmp_path, root.as_uri()), *in_folder(root))
    elif request.param == "sftp":
        server: SftpServer = request.getfixturevalue("sftp")
        for left in server.root.iterdir():
            left.rename(tmp_path / left.name)
        made = Place(over_sftp(tmp_path, server), *in_folder(server.root))
    else:
        held: ObjectStorage = request.getfixturevalue("storage")
        made = Place(
            over_s3(tmp_path, held, monkeypatch),
            lambda path, content: held.put(f"{tmp_path.name}/{path}", content),
            lambda path: held.get(f"{tmp_path.name}/{path}"),
        )
    yield made
    await made.connector.aclose()


async def failing(work: object) -> Failed:
    with pytest.raises(Failed) as caught:
        await work  # type: ignore[misc]  # a coroutine
    return caught.value


async def test_a_file_is_read_filtered_and_dated(place: Place) -> None:
    """Records come with their file's encoding, dialect, name and own time, and only those that are asked for."""
    place.put("prices.csv", PRICES)
    found = await place.connector.read("prices", {})
    assert [str(one.net) for one in found.records] == ["1234.50 EUR", "0.99 EUR"]  # type: ignore[attr-defined]  # made from the specification
    assert {one.file for one in found.records} == {"prices.csv"}  # type: ignore[attr-defined]  # made from the specification
    assert abs(found.as_of - utc_now()) < timedelta(minutes=1)
    assert found.version
    (one,) = (await place.connector.read("prices", {"article": "Grün"})).records
    assert one.item == "Grün"  # type: ignore[attr-defined]  # made from the specification


async def test_a_pattern_takes_every_file_that_fits_and_no_unfinished_one(place: Place) -> None:
    """Files of a pattern are one list; unfinished and hidden ones are left, and an argument is no pattern."""
    for name in ("lists/DE-1.csv", "lists/DE-2.csv", "lists/AT-1.csv", "lists/DE-3.csv.part", "lists/.DE-4.csv"):
        place.put(name, b"Artikel;Preis\n1;2,00\n")
    found = await place.connector.read("listed_prices", {"country": "DE"})
    assert [one.file for one in found.records] == ["lists/DE-1.csv", "lists/DE-2.csv"]  # type: ignore[attr-defined]  # made from the specification
    assert not (await place.connector.read("listed_prices", {"country": "*"})).records
    assert not (await place.connector.read("listed_prices", {"country": "CH"})).records


async def test_a_file_that_must_be_there_is_missed(place: Place) -> None:
    """A table that is gone is not_found, never an empty list; a record named by an argument may be absent."""
    assert (await failing(place.connector.read("prices", {}))).error_class == "not_found"
    assert not (await place.connector.read("confirmation", {"number": "B-1"})).records


async def test_a_file_is_written_once_read_back_and_taken_back(place: Place) -> None:
    """A write that is repeated finds its file; other content is a conflict; undo takes away what was written."""
    connector = place.connector
    assert await connector.verify("confirm", ORDER, key="k") is None
    done = await connector.act("confirm", ORDER, key="k")
    assert place.get("out/B-7.json") is not None
    assert await connector.verify("confirm", ORDER, key="k") is not None
    await connector.act("confirm", ORDER, key="k")
    other = {**ORDER, "total": "13.00"}
    with pytest.raises(Mismatch):
        await connector.verify("confirm", other, key="k")
    failed = await failing(connector.act("confirm", other, key="k"))
    assert (failed.error_class, failed.applied) == ("conflict", False)
    await connector.undo("confirm", ORDER, done, key="k")
    assert place.get("out/B-7.json") is None
    await connector.undo("confirm", ORDER, done, key="k")


async def test_of_two_writers_one_wins(place: Place) -> None:
    """Two workers that write one name at once with different content: one file, whole, and one conflict."""
    wire, action = place.connector.wire, place.connector.spec.actions["confirm"]
    contents = [{**ORDER, "total": str(total), "effect_key": "k"} for total in range(8)]
    done = await asyncio.gather(*(wire.act(action, one) for one in contents), return_exceptions=True)
    lost = [one for one in done if isinstance(one, Failed)]
    assert len(lost) == 7
    assert {(one.error_class, one.applied) for one in lost} == {("conflict", False)}
    (record,) = (await place.connector.read("confirmation", {"number": "B-7"})).records
    assert not isinstance(done[int(record.total)], Failed)  # type: ignore[attr-defined]  # made from the specification


async def test_undo_leaves_what_somebody_changed(place: Place) -> None:
    """A file that no longer holds what was written is not taken away."""
    done = await place.connector.act("confirm", ORDER, key="k")
    place.put("out/B-7.json", b'{"number": "B-7", "total": 1, "lines": []}')
    failed = await failing(place.connector.undo("confirm", ORDER, done, key="k"))
    assert (failed.error_class, failed.applied) == ("conflict", False)
    assert place.get("out/B-7.json") is not None


@pytest.mark.parametrize("number", ["../B-1", "a/b", "..", ".hidden", "x\x00y", "a\\b", "n" * 2_000])
async def test_no_argument_leads_out_of_the_place(place: Place, number: str) -> None:
    """An argument that could name another folder, or a hidden file, is refused before anything is asked."""
    for call in ("read", "act"):
        work = (
            place.connector.read("confirmation", {"number": number})
            if call == "read"
            else place.connector.act("confirm", {**ORDER, "number": number}, key="k")
        )
        failed = await failing(work)
        assert (failed.error_class, failed.applied) == ("invalid_input", False)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"Artikel;Preis\n1;2,00;3\n", "prices.csv, line 2: 3 values where 2 columns are named"),
        (b'Artikel;Preis\n1;"2,00\n', "prices.csv, line 2: unexpected end of data"),
        (b"Artikel;Artikel\n1;2\n", "two columns are named 'Artikel'"),
        (b"", "prices.csv is empty"),
        (b"Artikel;Preis\n\x81;2,00\n", "byte 15 is not cp1252"),
        (b"Artikel;Preis\n1;abc\n", "abc"),
    ],
)
async def test_a_file_that_does_not_fit_says_where(tmp_path: Path, content: bytes, said: str) -> None:
    """A cut, damaged or foreign file is invalid_output and names file and place; it is never read in part."""
    (tmp_path / "prices.csv").write_bytes(content)
    failed = await failing(opened(tmp_path, tmp_path.as_uri()).read("prices", {}))
    assert failed.error_class == "invalid_output"
    assert said in failed.message


async def test_links_are_not_followed(tmp_path: Path, sftp: SftpServer) -> None:
    """A link below the place, to a file or a folder, is refused wherever it leads; it is not read and not written."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "B-1.json").write_text("{}")
    root = tmp_path / "root"
    for where in (root, sftp.root):
        where.mkdir(exist_ok=True)
        for left in where.iterdir():
            left.rename(tmp_path / left.name)
        (where / "out").symlink_to(outside)
        (where / "prices.csv").symlink_to(outside / "B-1.json")
    for connector in (opened(tmp_path, root.as_uri()), over_sftp(tmp_path, sftp)):
        for work in (
            connector.read("prices", {}),
            connector.read("confirmation", {"number": "B-1"}),
            connector.wire.act(connector.spec.actions["confirm"], ORDER),
        ):
            assert (await failing(work)).error_class in {"forbidden", "not_found"}
        await connector.aclose()
    assert [path.name for path in outside.iterdir()] == ["B-1.json"]


async def test_a_file_that_is_too_old_is_stale(tmp_path: Path) -> None:
    """The file's own time is when the system knew it, so max_age refuses an old file."""
    (tmp_path / "prices.csv").write_bytes(PRICES)
    os.utime(tmp_path / "prices.csv", (0, 0))
    path = tmp_path / "drop.yaml"
    spec = SPEC.format(url=tmp_path.as_uri(), tls="", auth="")
    path.write_text(spec.replace("key: [item, file]", "key: [item, file]\n    max_age: 1h"), encoding="utf-8")
    assert (await failing(open_connector(path).read("prices", {}))).error_class == "stale_fact"


async def test_an_unknown_host_key_is_refused(tmp_path: Path, sftp: SftpServer) -> None:
    """A server whose key is not known beforehand gets no login, and the failure says what to do."""
    empty = tmp_path / "known_hosts"
    empty.write_text("")
    failed = await failing(over_sftp(tmp_path, sftp, known=empty).read("prices", {}))
    assert (failed.error_class, failed.applied, failed.code) == ("forbidden", False, "connector.host")
    other = sftp.known_hosts.read_text().split()[0]
    empty.write_text(f"{other} ssh-ed25519 {'A' * 68}\n")
    assert (await failing(over_sftp(tmp_path, sftp, known=empty).read("prices", {}))).error_class == "forbidden"


async def test_a_wrong_secret_is_refused_and_not_shown(
    tmp_path: Path, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Object storage that refuses the signature is auth_expired, and the failure shows no key."""
    failed = await failing(over_s3(tmp_path, storage, monkeypatch, secret="wrong-secret-key").read("prices", {}))
    assert (failed.error_class, failed.applied) == ("auth_expired", False)
    assert "wrong-secret-key" not in str(failed)


def listing(*parts: str, more: str = "") -> bytes:
    end = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    return f"<ListBucketResult>{''.join(parts)}{end}</ListBucketResult>".encode()


def entry(key: str, *, at: str = "2026-11-01T00:00:00Z", size: str = "1") -> str:
    return f"<Contents><Key>{key}</Key><LastModified>{at}</LastModified><Size>{size}</Size></Contents>"


@pytest.mark.parametrize(
    "content, says",
    [
        (listing(more="again"), "comes to no end"),
        (listing(entry("x/lists/DE-1.csv", at="soon")), "strange size or time"),
        (listing(entry("x/lists/DE-1.csv", size="many")), "strange size or time"),
        (b"<!--" + b"x" * 2000 + b"--><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"), "document type"),
        (b"<ListBucketResult>", "cannot be read"),
    ],
)
async def test_a_list_of_files_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, says: str
) -> None:
    """A list without end, with strange values, or that defines entities is refused, and holds no thread."""
    monkeypatch.setenv("S3_KEY", "key")
    monkeypatch.setenv("S3_SECRET", "secret")
    told = Told(raw=content, headers={"Content-Type": "application/xml"})
    async with http_server(lambda _: told) as server:
        auth = "auth: {basic: {user: env:S3_KEY, password: env:S3_SECRET}}\nretry: {tries: 1}"
        store = opened(tmp_path, f"s3+{server.url}/orders/x?region={REGION}", auth=auth)
        failed = await failing(store.read("listed_prices", {"country": "DE"}))
        await store.aclose()
    assert says in failed.message
    assert (failed.error_class, failed.applied) == ("invalid_output", False)


async def test_a_list_leads_to_no_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names beside the folder that was asked for, and names with a step in them, are not read."""
    monkeypatch.setenv("S3_KEY", "key")
    monkeypatch.setenv("S3_SECRET", "secret")
    names = ("x/lists/../../y/DE-1.csv", "y/DE-2.csv", "x/lists/DE-/../DE-3.csv")
    told = Told(raw=listing(*map(entry, names)), headers={"Content-Type": "application/xml"})
    async with http_server(lambda _: told) as server:
        auth = "auth: {basic: {user: env:S3_KEY, password: env:S3_SECRET}}\nretry: {tries: 1}"
        store = opened(tmp_path, f"s3+{server.url}/orders/x?region={REGION}", auth=auth)
        with contextlib.suppress(Failed):
            await store.read("listed_prices", {"country": "DE"})
        await store.aclose()
        assert [asked.path for asked in server.asked] == ["/orders"]


async def test_a_server_that_is_away_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that is not reached is dependency_down and surely changed nothing."""
    monkeypatch.setenv("S3_KEY", "key")
    monkeypatch.setenv("S3_SECRET", "secret")
    auth = "auth: {basic: {user: env:S3_KEY, password: env:S3_SECRET}}\nretry: {tries: 1}"
    for url in ("s3+http://127.0.0.1:9/orders?region=x", "sftp://127.0.0.1:9/orders"):
        connector = opened(tmp_path, url, auth=auth)
        for work in (connector.read("prices", {}), connector.wire.act(connector.spec.actions["confirm"], ORDER)):
            failed = await failing(work)
            assert (failed.error_class, failed.applied) == ("dependency_down", False)


@pytest.mark.parametrize(
    "url, code",
    [
        ("s3+http://files.example.com/orders?region=x", "connector.tls"),
        ("s3://orders", "connector.url"),
        ("ftp://files.example.com/orders", "connector.url"),
        ("sftp://u:password@files.example.com/orders", "connector.invalid"),
        ("/there/is/no/such/folder", "connector.url"),
    ],
)
def test_a_url_that_cannot_be_is_refused(tmp_path: Path, url: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain HTTP beyond this machine, a missing region, an unknown scheme and a password are refused at once."""
    monkeypatch.setenv("S3_KEY", "key")
    monkeypatch.setenv("S3_SECRET", "secret")
    with pytest.raises(UserError) as caught:
        opened(tmp_path, url, auth="auth: {basic: {user: env:S3_KEY, password: env:S3_SECRET}}")
    assert caught.value.code == code


async def test_an_intake_lists_reads_and_moves(place: Place) -> None:
    """A folder of any place serves an intake: entries whose mark changes, bounded bytes, a move into a subfolder."""
    wire = cast("FilesWire", place.connector.wire)
    folder = StoreFolder(wire.store, "in", threads=Threads(2, "intake"), timeout_s=20.0)
    assert list(await folder.entries()) == []
    place.put("in/one.txt", b"one")
    (first,) = await folder.entries()
    assert (first.name, first.size) == ("one.txt", 3)
    assert await folder.entry("one.txt") == first
    assert await folder.read("one.txt", 1) == b"on"
    assert await folder.move("one.txt", "done", "A-1_one.txt")
    assert place.get("in/done/A-1_one.txt") == b"one"
    assert not await folder.move("one.txt", "done", "A-1_one.txt")
    assert list(await folder.entries()) == []
    assert await folder.entry("one.txt") is None

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest

from bridgehead.ledger.chain import EMPTY, Break, Checker, Head, Row, check, link, make_body, row_hash
from tests.unit.ledger.chains import START, flipped, forged, found, grown, head_of, rehashed, renumbered


def test_a_body_is_canonical_json_with_utc_time_and_hex() -> None:
    """A body has one form: sorted keys, version 1, UTC to the microsecond, commitments in hex."""
    at = datetime(2026, 3, 1, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    body = make_body(
        chain="C-1", seq=1, at=at, kind="read", actor="x", refs={"step": 1}, commitments={"input": b"\x00\xff"}
    )
    assert body == (
        b'{"actor":"x","at":"2026-03-01T09:30:00.000000Z","chain":"C-1","commitments":{"input":"00ff"},'
        b'"kind":"read","refs":{"step":1},"seq":1,"v":1}'
    )


def test_a_time_without_zone_is_refused() -> None:
    """A row never holds a time that could mean several moments."""
    with pytest.raises(ValueError, match="zone"):
        make_body(chain="C-1", seq=1, at=datetime(2026, 1, 1), kind="k", actor="a", refs={}, commitments={})  # noqa: DTZ001


def test_hashes_can_be_recomputed_by_an_outsider() -> None:
    """The hash of a row is SHA-256 over the tag, the hash before it and the body, and nothing else."""
    previous = bytes(32)
    for row in grown("C-1", 3):
        previous = hashlib.sha256(b"bridgehead/1/ledger-row\x00" + previous + row.body).digest()
        assert row.hash == previous


def test_each_row_binds_the_rows_before_it() -> None:
    """The same entry after another history has another hash."""
    _, one = link(Head(4, b"\x01" * 32), "C-1", at=START, kind="k", actor="a", refs={}, commitments={})
    _, other = link(Head(4, b"\x02" * 32), "C-1", at=START, kind="k", actor="a", refs={}, commitments={})
    assert one.seq == other.seq == 5
    assert one.hash != other.hash


ROWS = grown("C-1", 6)
STRANGER = grown("C-2", 6)
LINKED = Row("C-1", 3, b'{"chain":"C-1","seq":3,"v":1}', row_hash(ROWS[1].hash, b'{"chain":"C-1","seq":3,"v":1}'))


def shifted(rows: list[Row]) -> list[Row]:
    return [Row(row.chain, row.seq + 1, row.body, row.hash) for row in rows]


def placed(row: Row, seq: int, chain: str = "C-1") -> Row:
    return Row(chain, seq, row.body, row.hash)


def renamed(row: Row, seq: int) -> Row:
    body = row.body.replace(f'"seq":{row.seq}'.encode(), f'"seq":{seq}'.encode())
    return Row(row.chain, row.seq, body, row.hash)


CARELESS: list[tuple[str, list[Row], int, str]] = [
    ("a bit of a body", [*ROWS[:2], flipped(ROWS[2], 77), *ROWS[3:]], 3, "altered"),
    ("a bit of the first body", [flipped(ROWS[0], 5), *ROWS[1:]], 1, "altered"),
    ("a bit of the last body", [*ROWS[:5], flipped(ROWS[5], 5)], 6, "altered"),
    ("a bit of a hash", [*ROWS[:2], flipped(ROWS[2], 9, "hash"), *ROWS[3:]], 3, "altered"),
    ("the seq in a body, up", [*ROWS[:2], renamed(ROWS[2], 5), *ROWS[3:]], 3, "altered"),
    ("the seq in a body, down", [*ROWS[:2], renamed(ROWS[2], 2), *ROWS[3:]], 3, "altered"),
    ("the seq in the last body", [*ROWS[:5], renamed(ROWS[5], 9)], 6, "altered"),
    ("a body emptied", [*ROWS[:2], Row("C-1", 3, b"", ROWS[2].hash), *ROWS[3:]], 3, "altered"),
    ("a row dropped", [*ROWS[:2], *ROWS[3:]], 3, "missing"),
    ("the first row dropped", ROWS[1:], 1, "missing"),
    ("a row dropped, the rest renumbered", renumbered([*ROWS[:2], *ROWS[3:]]), 3, "missing"),
    ("the row before the last dropped, the last renumbered", renumbered([*ROWS[:4], ROWS[5]]), 5, "missing"),
    ("neighbours swapped", renumbered([*ROWS[:2], ROWS[3], ROWS[2], *ROWS[4:]]), 3, "swapped"),
    ("the last two swapped", renumbered([*ROWS[:4], ROWS[5], ROWS[4]]), 5, "swapped"),
    ("the first two swapped", renumbered([ROWS[1], ROWS[0], *ROWS[2:]]), 1, "swapped"),
    ("distant rows swapped", renumbered([ROWS[0], ROWS[4], *ROWS[2:4], ROWS[1], ROWS[5]]), 2, "swapped"),
    (
        "two bodies swapped",
        [*ROWS[:2], Row("C-1", 3, ROWS[3].body, ROWS[2].hash), Row("C-1", 4, ROWS[2].body, ROWS[3].hash), *ROWS[4:]],
        3,
        "swapped",
    ),
    ("a linked row inserted", [*ROWS[:2], LINKED, *shifted(ROWS[2:])], 3, "inserted"),
    ("another chain's row inserted", [*ROWS[:2], placed(STRANGER[2], 3), *shifted(ROWS[2:])], 3, "inserted"),
    ("a row inserted first", [placed(STRANGER[0], 1), *shifted(ROWS)], 1, "inserted"),
    ("a row put in twice", [*ROWS[:3], ROWS[2], *ROWS[3:]], 3, "inserted"),
    ("a row before the first", [placed(ROWS[0], 0), *ROWS], 0, "inserted"),
    ("a linked row at the end", [*ROWS, *grown("C-1", 1, head_of(ROWS))], 7, "inserted"),
    ("a loose row at the end", [*ROWS, placed(STRANGER[5], 7)], 7, "inserted"),
    ("the last row cut", ROWS[:5], 6, "cut"),
    ("most rows cut", ROWS[:1], 2, "cut"),
    ("all rows cut", [], 1, "cut"),
]


@pytest.mark.parametrize("export", ["none", "part", "full"])
@pytest.mark.parametrize("rows, seq, kind", [case[1:] for case in CARELESS], ids=[case[0] for case in CARELESS])
def test_a_careless_change_is_named_by_place_and_kind(rows: list[Row], seq: int, kind: str, export: str) -> None:
    """Rows that are edited without rehashing are named exactly, with and without an export."""
    expected = {"none": None, "part": {"C-1": head_of(ROWS[:4])}, "full": {"C-1": head_of(ROWS)}}[export]
    breaks = found([rows, STRANGER], {"C-1": head_of(ROWS), "C-2": head_of(STRANGER)}, expected)
    assert [(each.chain, each.seq, each.kind) for each in breaks] == [("C-1", seq, kind)]


CLEVER: list[tuple[str, list[Row], str]] = [
    ("a body forged", rehashed([*ROWS[:2], forged(ROWS[2]), *ROWS[3:]]), "rewritten"),
    ("a row dropped", rehashed([*ROWS[:2], *ROWS[3:]]), "cut"),
    ("rows swapped", rehashed([*ROWS[:2], ROWS[3], ROWS[2], *ROWS[4:]]), "rewritten"),
    ("a row inserted", rehashed([*ROWS[:2], forged(ROWS[2]), *ROWS[2:]]), "rewritten"),
    ("the tail cut", ROWS[:4], "cut"),
    ("the tail replaced", rehashed([*ROWS[:4], forged(ROWS[4]), forged(ROWS[5])]), "rewritten"),
    ("everything cut", [], "cut"),
]


@pytest.mark.parametrize("rows, kind", [case[1:] for case in CLEVER], ids=[case[0] for case in CLEVER])
def test_a_rehashed_chain_is_named_by_the_exported_head(rows: list[Row], kind: str) -> None:
    """Who rehashes a chain and sets its stored head is caught by the head that was exported, and by nothing else."""
    heads = {"C-1": head_of(rows), "C-2": head_of(STRANGER)}
    breaks = found([rows, STRANGER], heads, {"C-1": head_of(ROWS), "C-2": head_of(STRANGER[:3])})
    assert [(each.chain, each.kind) for each in breaks] == [("C-1", kind)]
    assert found([rows, STRANGER], heads) == []


def relinked(rows: list[Row]) -> list[Row]:
    """Returns the rows linked anew with their bodies as they are: what a hasty forger leaves behind."""
    previous, linked = b"", []
    for seq, row in enumerate(rows, start=1):
        previous = row_hash(previous, row.body)
        linked.append(Row("C-1", seq, row.body, previous))
    return linked


@pytest.mark.parametrize(
    "rows, seq, kind",
    [
        (relinked([*ROWS[:2], *ROWS[3:]]), 3, "missing"),
        (relinked([*ROWS[:2], ROWS[3], ROWS[2], *ROWS[4:]]), 3, "swapped"),
        (relinked([*ROWS[:2], STRANGER[2], *ROWS[3:]]), 3, "altered"),
        (relinked([*ROWS[:5], STRANGER[5]]), 6, "altered"),
        (relinked([*ROWS, ROWS[1]]), 7, "altered"),
    ],
)
def test_a_body_written_for_another_place_is_named_though_it_links(rows: list[Row], seq: int, kind: str) -> None:
    """A chain whose hashes and stored head all fit is still broken where a body says it belongs elsewhere."""
    assert [(each.seq, each.kind) for each in found([rows], {"C-1": head_of(rows)})] == [(seq, kind)]


@pytest.mark.parametrize(
    "stored, kind",
    [
        (Head(6, b"\x00" * 32), "head"),
        (Head(4, b"\x00" * 32), "head"),
        (Head(0, b"\x01"), "head"),
        (Head(-1, b""), "head"),
        (Head(4, ROWS[3].hash), "inserted"),
        (EMPTY, "inserted"),
        (Head(9, ROWS[5].hash), "cut"),
        (None, "unknown_chain"),
    ],
)
def test_a_stored_head_that_does_not_fit_is_named(stored: Head | None, kind: str) -> None:
    """The stored head has to be the hash of the last row, no other and no earlier one."""
    heads = {} if stored is None else {"C-1": stored}
    assert [(each.chain, each.kind) for each in found([ROWS], heads)] == [("C-1", kind)]


def test_an_exported_chain_that_is_gone_is_named() -> None:
    """Deleting a chain with its stored head does not hide that it was there."""
    breaks = found([STRANGER], {"C-2": head_of(STRANGER)}, {"C-1": head_of(ROWS), "C-2": head_of(STRANGER)})
    assert [(each.chain, each.kind) for each in breaks] == [("C-1", "missing_chain")]


def test_a_row_moved_to_another_chain_names_both() -> None:
    """A row that changes its chain leaves a gap there and is too many here."""
    moved = placed(ROWS[2], 3, "C-2")
    heads = {"C-1": head_of(ROWS), "C-2": head_of(STRANGER)}
    breaks = found([[*ROWS[:2], *ROWS[3:]], [*STRANGER[:2], moved, *STRANGER[2:]]], heads)
    assert [(each.chain, each.seq, each.kind) for each in breaks] == [("C-1", 3, "missing"), ("C-2", 3, "inserted")]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'{"v":2,"chain":"C-1","seq":1}', b'{"v":1,"chain":"C-1","seq":true}', b"[" * 200_000]
)
def test_a_linked_body_that_is_no_row_is_unparsable(body: bytes) -> None:
    """A hash that fits does not make a ledger row of bytes that are none."""
    row = Row("C-1", 1, body, row_hash(b"", body))
    assert [each.kind for each in found([[row]], {"C-1": head_of([row])})] == ["unparsable"]


def test_growth_and_chains_opened_after_the_export_are_no_break() -> None:
    """A system that works on after an export raises no alarm."""
    expected = {"C-1": head_of(ROWS[:3]), "C-3": EMPTY}
    heads = {"C-1": head_of(ROWS), "C-2": head_of(STRANGER), "C-4": EMPTY}
    assert found([ROWS, STRANGER], heads, expected) == []


def test_every_broken_chain_is_named_in_one_pass_over_a_stream() -> None:
    """Rows are read once and in order, and one break never hides another chain's."""
    spoil: list[Callable[[list[Row]], list[Row]]] = [
        lambda rows: [flipped(rows[0], 3), *rows[1:]],
        lambda rows: [rows[0], *rows[2:]],
        lambda rows: rows[:-1],
        lambda rows: rows,
    ]
    chains = {f"C-{number}": grown(f"C-{number}", 4) for number in range(40)}
    heads = {name: head_of(rows) for name, rows in chains.items()}

    def once() -> Iterator[Row]:
        for number, name in enumerate(chains):
            yield from spoil[number % 4](chains[name])

    named = [each.chain for each in check(once(), None, heads)]
    assert named == [name for number, name in enumerate(chains) if number % 4 != 3]


def test_rows_that_are_not_grouped_are_refused() -> None:
    """A check that cannot be right says so instead of guessing."""
    checker = Checker(None, {})

    def feed(row: Row) -> list[Break]:
        return list(checker.feed(row))

    feed(ROWS[0])
    feed(STRANGER[0])
    with pytest.raises(ValueError, match="grouped"):
        feed(ROWS[1])


def test_bodies_tell_nothing_but_references_and_digests() -> None:
    """A body holds the declared fields only, so that erasing a key leaves nothing readable in the chain."""
    assert set(json.loads(ROWS[0].body)) == {"v", "chain", "seq", "at", "kind", "actor", "refs", "commitments"}

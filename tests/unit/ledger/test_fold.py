from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.cases.writes import StepKind
from bridgehead.effects.states import EffectState
from bridgehead.ledger import fold as folding
from bridgehead.ledger import verify as verifying
from bridgehead.ledger.canonical import JSON
from bridgehead.ledger.chain import EMPTY, Row, link
from bridgehead.ledger.fold import Difference, Facts, Field, compare, decimal, fold
from bridgehead.ledger.verify import Payload, StoredKey, verify
from tests.unit.ledger.chains import START, flipped, head_of

KINDS = (
    *("arrival.stored", "arrival.case", "arrival.read", "case.opened", "case.with_person", "case.done", "decision"),
    *(
        "step.read",
        "effect.held",
        "effect.committed",
        "effect.edited",
        "review.opened",
        "review.decided",
        "review.used",
    ),
    *("review.superseded", "review.escalated", "cost", "release.registered", "level.set", "key.erased", "drift"),
)
NAMES = (
    *(
        "case",
        "step",
        "effect",
        "review",
        "decision",
        "cost",
        "data_key",
        "valid_for_s",
        "money",
        "minutes",
        "supersedes",
    ),
    *("by", "to", "state", "ok", "level"),
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["\ud800", "1e999"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
fields = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
facts = st.dictionaries(
    st.tuples(st.sampled_from(["cases", "effects"]), st.sampled_from("123")),
    st.dictionaries(st.sampled_from("abc"), fields, min_size=1),
    max_size=4,
)


@given(
    st.lists(
        st.binary(max_size=30)
        | st.fixed_dictionaries(
            {
                "kind": st.sampled_from(KINDS) | values,
                "refs": st.dictionaries(st.sampled_from(NAMES), values) | values,
                "commitments": st.dictionaries(st.sampled_from(["payload", "args", "key"]), values) | values,
            }
        ).map(lambda body: json.dumps(body).encode()),
        max_size=6,
    )
)
def test_no_forged_row_stops_a_fold(bodies: list[bytes]) -> None:
    """Whatever a row says, a fold returns, and what it proved can be compared, looked up and printed."""
    proved = fold("C-1", bodies)
    for each in compare("C-1", proved.facts, {}):
        assert str(each).encode()
    assert all(len(bytes.fromhex(one)) == 32 for one in proved.blobs)


@given(facts)
def test_equal_facts_have_no_difference(stored: Facts) -> None:
    """What the tables say exactly as the chain does raises no alarm."""
    assert list(compare("C-1", stored, {key: dict(row) for key, row in stored.items()})) == []


@given(facts.filter(bool), st.data())
def test_each_single_change_is_one_difference(proved: Facts, data: st.DataObject) -> None:
    """A row that is gone, added or changed in one field is named, and nothing else is."""
    key = data.draw(st.sampled_from(sorted(proved)))
    without = {other: row for other, row in proved.items() if other != key}
    assert [(each.table, each.id, each.kind) for each in compare("C-1", proved, without)] == [(*key, "missing")]
    assert [(each.table, each.id, each.kind) for each in compare("C-1", without, proved)] == [(*key, "additional")]
    name = data.draw(st.sampled_from(sorted(proved[key])))
    before = proved[key][name]
    after: Field = data.draw(fields.filter(lambda value: value != before or type(value) is not type(before)))
    changed = {**proved, key: {**proved[key], name: after}}
    found = list(compare("C-1", proved, changed))
    assert [(each.table, each.id, each.field, each.kind) for each in found] == [(*key, name, "different")]


def test_one_amount_has_one_form() -> None:
    """Numbers that are equal are equal in whatever scale a database keeps them, and odd ones stay text."""
    assert {decimal(value) for value in (Decimal("1.50"), "1.5", "1.500", Decimal("15E-1"))} == {"1.5"}
    assert (decimal(Decimal("0.00")), decimal("-0"), decimal(Decimal(1000))) == ("0", "0", "1000")
    assert (decimal(None), decimal("NaN"), decimal("1e999999999"), decimal("x")) == (None, "NaN", "1e999999999", "x")


def test_the_fold_knows_every_state_and_kind() -> None:
    """No state of an effect and no kind of step is passed over by the fold."""
    assert set(get_args(EffectState)) == folding.EFFECT_STATES
    assert {f"step.{kind}" for kind in get_args(StepKind)} == folding.STEPS


@dataclass
class Held:
    """Tables that hold what a test puts there."""

    stored: dict[str, Facts] = field(default_factory=dict)
    there: dict[str, Payload] = field(default_factory=dict)
    wrapped: dict[int, StoredKey] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)
    orphans: tuple[Difference, ...] = ()

    async def facts(self, chains: Collection[str]) -> Mapping[str, Facts]:
        self.asked.append(set(chains))
        return self.stored

    async def keys(self, ids: Collection[int]) -> Mapping[int, StoredKey]:
        return {number: self.wrapped[number] for number in ids if number in self.wrapped}

    async def payloads(self, commitments: Collection[str]) -> Mapping[str, Payload]:
        return {one: self.there[one] for one in commitments if one in self.there}

    async def unchained(self) -> AsyncIterator[Difference]:
        for each in self.orphans:
            yield each


Event: TypeAlias = tuple[str, Mapping[str, JSON], Mapping[str, bytes]]


def told(chain: str, *events: Event) -> list[Row]:
    """Returns a chain of these events."""
    rows, head = [], EMPTY
    for kind, refs, commitments in events:
        row, head = link(head, chain, at=START, kind=kind, actor="x", refs=refs, commitments=commitments)
        rows.append(row)
    return rows


def deployment(number: int, *levels: str) -> list[Row]:
    """Returns the chain of a deployment whose level was set."""
    return told(f"D-{number}", *(("level.set", {"level": level, "by": "pat"}, {}) for level in levels))


async def stream(*chains: list[Row]) -> AsyncIterator[Row]:
    for chain in chains:
        for row in chain:
            yield row


@pytest.mark.parametrize("batch", [1, 2, 3, 4000])
async def test_every_chain_is_compared_once_whatever_the_batch(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each whole chain is compared once, in batches of a bounded number of rows; a broken one is not."""
    monkeypatch.setattr(verifying, "BATCH", batch)
    chains = [deployment(number, *["shadow"] * number, "approve") for number in range(1, 8)]
    heads = {rows[0].chain: head_of(rows) for rows in chains}
    right: dict[str, Facts] = {
        rows[0].chain: {("levels", rows[0].chain[2:]): {"level": "approve", "set_by": "pat"}} for rows in chains
    }
    tables = Held(right)
    assert (await verify(stream(*chains), heads, None, tables)).whole
    assert sorted(name for names in tables.asked for name in names) == sorted(heads)
    if batch == 1:
        assert len(tables.asked) > 5

    right["D-3"]["levels", "3"]["set_by"] = right["D-5"]["levels", "5"]["set_by"] = "the boss"
    chains[4] = [flipped(chains[4][0], 3), *chains[4][1:]]
    spoilt = await verify(stream(*chains), heads, None, Held(right))
    assert [each.chain for each in spoilt.breaks] == ["D-5"]
    assert [(each.chain, each.field, each.detail) for each in spoilt.differences] == [
        ("D-3", "set_by", "the chain says pat, the table says the boss")
    ]


async def test_rows_without_a_chain_are_named_unless_the_chain_is_known_to_be_broken() -> None:
    """A row whose chain has no ledger rows is named, but a broken chain is named once, as broken."""
    one = deployment(1, "shadow")
    orphans = (
        Difference("D-9", "levels", "9", None, "additional", "no row of the ledger speaks of it"),
        Difference("D-1", "levels", "1", None, "additional", "no row of the ledger speaks of it"),
    )
    found = await verify(stream(), {"D-1": head_of(one)}, None, Held(orphans=orphans))
    assert [(each.chain, each.kind) for each in found.breaks] == [("D-1", "cut")]
    assert found.differences == orphans[:1]


async def test_a_key_erased_on_the_record_is_no_alarm() -> None:
    """Where the ledger says that a data key was erased, neither the key nor its payloads are missed."""
    document = bytes(range(32))
    came: Event = ("arrival.stored", {"arrival": 1, "data_key": 7}, {"document": document})
    gone: Event = ("key.erased", {"data_key": 7}, {})
    kept, erased = told("A-1", came), told("A-1", came, gone)
    row: dict[str, Field] = {"data_key": 7, "document": document.hex(), "state": "stored"}
    stored: dict[str, Facts] = {"A-1": {("arrivals", "1"): row}}
    there, key = {document.hex(): Payload(7)}, {7: StoredKey(erased=False)}
    no_key = {7: StoredKey(erased=True)}

    async def seen(rows: list[Row], tables: Held) -> list[tuple[str, str | None, str]]:
        found = await verify(stream(rows), {"A-1": head_of(rows)}, None, tables)
        return [(each.table, each.field, each.kind) for each in found.differences]

    assert await seen(kept, Held(stored, there, key)) == []
    assert await seen(erased, Held(stored, there, no_key)) == []
    assert await seen(erased, Held(stored, {}, no_key)) == []
    assert await seen(erased, Held(stored, there, key)) == [("data_keys", "erased", "different")]
    assert await seen(kept, Held(stored, there, no_key)) == [("data_keys", "erased", "different")]
    assert await seen(kept, Held(stored, there, {})) == [("data_keys", None, "missing")]
    assert await seen(kept, Held(stored, {}, key)) == [("blobs", None, "missing")]
    assert await seen(kept, Held(stored, {document.hex(): Payload(8)}, key)) == [("blobs", "data_key", "different")]
    altered = {document.hex(): Payload(7, "does not open")}
    assert await seen(kept, Held(stored, altered, key)) == [("blobs", "sealed", "different")]


def test_a_fold_follows_an_effect_to_its_end() -> None:
    """An effect's row is what its first and its later rows say together, and a note about it changes nothing."""
    key, result = bytes(32), bytes([171] * 32)
    events: tuple[Event, ...] = (
        ("case.opened", {"deployment": "orders", "level": "approve"}, {}),
        ("effect.held", {"effect": 4, "tool": "book", "attempt": 0, "decision": 1}, {"key": key}),
        ("effect.edited", {"effect": 4, "by": "pat"}, {}),
        ("effect.superseded", {"effect": 4, "tool": "book", "attempt": 0, "decision": None}, {}),
        ("effect.intended", {"effect": 5, "tool": "book", "attempt": 1, "decision": 2, "supersedes": 4}, {}),
        ("effect.committed", {"effect": 5, "tool": "book", "attempt": 1}, {"result": result}),
    )
    found = fold("C-1", [row.body for row in told("C-1", *events)]).facts
    first, second = found["effects", "4"], found["effects", "5"]
    assert (first["state"], first["superseded_by"], first["decision"], first["key"]) == ("superseded", 5, 1, key.hex())
    assert (second["state"], second["level"], second["deployment"], second["result"], second["decision"]) == (
        "committed",
        "approve",
        "orders",
        result.hex(),
        2,
    )

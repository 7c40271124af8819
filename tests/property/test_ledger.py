from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bridgehead.ledger.canonical import JSON, MAX_INT, canonical
from bridgehead.ledger.chain import EMPTY, Head, Row, link
from bridgehead.ledger.vault import Vault
from tests.unit.ledger.chains import START, flipped, forged, found, head_of, rehashed

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INT, MAX_INT)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
entries = st.tuples(
    st.sampled_from(["read", "effect", "decision"]), st.dictionaries(st.text(max_size=4), json_values, max_size=2)
)


@dataclass(frozen=True)
class Ledger:
    chains: dict[str, list[Row]]
    exported: dict[str, Head]

    @property
    def heads(self) -> dict[str, Head]:
        return {name: head_of(rows) for name, rows in self.chains.items()}

    def broken(
        self, changed: Mapping[str, list[Row]], heads: Mapping[str, Head], expected: Mapping[str, Head] | None
    ) -> list[str]:
        breaks = found([rows for _, rows in sorted({**self.chains, **changed}.items())], heads, expected)
        return [each.chain for each in breaks]


@st.composite
def ledgers(draw: st.DrawFn, *, covered: int = 0) -> Ledger:
    """Draws chains C-0, C-1, … and heads exported at some earlier moment; C-0 had ``covered`` rows by then."""
    chains: dict[str, list[Row]] = {}
    exported: dict[str, Head] = {}
    for number in range(draw(st.integers(1, 3))):
        name = f"C-{number}"
        rows, head = [], EMPTY
        least = covered if number == 0 else 0
        for kind, refs in draw(st.lists(entries, min_size=least, max_size=6)):
            digest = hashlib.sha256(f"{name}{head.seq}".encode()).digest()
            row, head = link(head, name, at=START, kind=kind, actor="clerk", refs=refs, commitments={"x": digest})
            rows.append(row)
        chains[name] = rows
        exported[name] = head_of(rows[: draw(st.integers(least, len(rows)))])
    return Ledger(chains, exported)


def placed(row: Row, seq: int) -> Row:
    return Row(row.chain, seq, row.body, row.hash)


@given(ledgers())
def test_an_untampered_ledger_is_never_accused(ledger: Ledger) -> None:
    """Chains as they were linked have no break, with no export, an older one or a full one."""
    for expected in (None, ledger.exported, ledger.heads):
        assert ledger.broken({}, ledger.heads, expected) == []


@given(ledgers(covered=1), st.data())
def test_any_single_change_of_stored_rows_names_its_chain_alone(ledger: Ledger, data: st.DataObject) -> None:
    """Whatever is done to one row, its chain is named by the stored heads alone, and no other chain is."""
    rows = ledger.chains["C-0"]
    at = data.draw(st.integers(0, len(rows) - 1), label="place")
    row, before, after = rows[at], rows[:at], rows[at + 1 :]
    other = data.draw(st.integers(0, len(rows)).filter(lambda seq: seq != at), label="other place")
    bit = data.draw(st.integers(0, 10_000), label="bit")
    stranger = Row("C-0", row.seq, canonical({"v": 1, "chain": "C-0", "seq": row.seq}), bytes(32))
    linked, _ = link(head_of(before), "C-0", at=START, kind="forged", actor="nobody", refs={}, commitments={})
    moved_up = [placed(each, each.seq + 1) for each in rows[at:]]
    changes = {
        "bit of the body": [*before, flipped(row, bit), *after],
        "bit of the hash": [*before, flipped(row, bit, "hash"), *after],
        "forged body": [*before, forged(row), *after],
        "replaced and linked": [*before, linked, *after],
        "dropped": [*before, *after],
        "dropped and closed up": [*before, *(placed(each, each.seq - 1) for each in after)],
        "cut": before,
        "put elsewhere": [*before, placed(row, other + 1 if other < len(rows) else len(rows) + 5), *after],
        "loose row inserted": [*before, stranger, *moved_up],
        "linked row inserted": [*before, linked, *moved_up],
        "twice": [*before, row, row, *after],
    }
    if other < len(rows):
        one, two = sorted((at, other))
        swapped = list(rows)
        swapped[one], swapped[two] = placed(rows[two], one + 1), placed(rows[one], two + 1)
        changes["swapped"] = swapped
    what = data.draw(st.sampled_from(sorted(changes)), label="change")
    for expected in (None, ledger.exported, ledger.heads):
        assert ledger.broken({"C-0": changes[what]}, ledger.heads, expected) == ["C-0"]


@given(ledgers(covered=2), st.data())
def test_any_rehashed_history_that_was_exported_names_its_chain_alone(ledger: Ledger, data: st.DataObject) -> None:
    """Rehashing a chain and setting its stored head hides nothing that was there when the heads were exported."""
    rows = ledger.chains["C-0"]
    at = data.draw(st.integers(0, ledger.exported["C-0"].seq - 2), label="place")
    changes = {
        "forged": rehashed([*rows[:at], forged(rows[at]), *rows[at + 1 :]]),
        "dropped": rehashed([*rows[:at], *rows[at + 1 :]]),
        "inserted": rehashed([*rows[:at], forged(rows[at]), *rows[at:]]),
        "cut": rows[: at + 1],
        "cut and filled up": rehashed([*rows[:at], *(forged(row) for row in rows[at:])]),
    }
    changed = changes[data.draw(st.sampled_from(sorted(changes)), label="change")]
    heads = {**ledger.heads, "C-0": head_of(changed)}
    assert ledger.broken({"C-0": changed}, heads, ledger.exported) == ["C-0"]


@given(ledgers(covered=1), st.binary(max_size=33), st.integers(-2, 9))
def test_any_change_of_a_stored_head_names_its_chain_alone(ledger: Ledger, digest: bytes, seq: int) -> None:
    """A stored head that is not the end of its chain is named."""
    false_head = Head(seq, digest)
    if false_head != ledger.heads["C-0"]:
        assert ledger.broken({}, {**ledger.heads, "C-0": false_head}, None) == ["C-0"]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.binary(max_size=300))
def test_sealing_round_trips_and_binds(master: bytes, payload: bytes, other: bytes) -> None:
    """Every payload comes back as it was, and only for its own commitment."""
    vault = Vault(master)
    wrapped, key = vault.new_data_key()
    one, two = key.seal(payload), key.seal(other)
    again = Vault(master).unwrap(wrapped)
    assert again.open(one.data, one.commitment) == payload
    assert again.open(two.data, two.commitment) == other
    assert one.commitment != two.commitment


@given(json_values)
def test_canonical_bytes_read_back_as_the_same_canonical_bytes(value: JSON) -> None:
    """Reading canonical JSON and writing it again changes no byte."""
    once = canonical(value)
    assert canonical(json.loads(once)) == once
